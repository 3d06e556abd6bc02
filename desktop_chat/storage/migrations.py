"""Every change of the schema, in order, and how they are applied.

A released migration is never edited: what it should have done is the next one. The schema version is the
number of migrations applied; it stands in ``PRAGMA user_version``, and ``migration`` tells when each came.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.titles import title_key
from desktop_chat.storage import backups
from desktop_chat.storage.backups import APPLICATION_ID
from desktop_chat.storage.errors import DatabaseCorrupt, DatabaseTooNew, reading
from desktop_chat.storage.search_schema import SCHEMA as SEARCH


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema. ``reason`` says why it was needed; ``sql`` may hold several statements."""

    name: str
    reason: str
    sql: str


SUMS = (
    "requests",
    "failed",
    "retried",
    "input",
    "output",
    "cached",
    "reasoning",
    "cache_write",
    "cost",
    "estimated",
    "unpriced",
)
"""The sums of the second schema, in the order of the fields of ``Totals``."""

_NAMES = ", ".join(SUMS)
_ADDED = ", ".join(f"sum({name})" for name in SUMS)
_SUM_COLUMNS = ", ".join(f"{name} INTEGER NOT NULL" for name in SUMS)

# Sums stop growing where 64 bits end, which only the costs of a server that tells nonsense come near to.
_ADD = ", ".join(f"{name} = min({name} + excluded.{name}, {9 * 10**18})" for name in SUMS)

FILL_SLOTS = f"""
        INSERT INTO ledger_endpoint
        SELECT endpoint_id, endpoint_name
        FROM (SELECT endpoint_id, endpoint_name, max(seq) FROM ledger GROUP BY 1);
        INSERT INTO slot
        SELECT day, min(started_at), max(started_at), {_ADDED} FROM ledger_sum GROUP BY 1;
        INSERT INTO slot SELECT slot / 100, min(first), max(last), {_ADDED} FROM slot GROUP BY 1;
        INSERT INTO slot
        SELECT 0, min(first), max(last), {_ADDED} FROM slot WHERE slot < 1000000 HAVING count(*) > 0;
        INSERT INTO slot_sum
        SELECT day, endpoint_id, model, purpose, {_ADDED} FROM ledger_sum GROUP BY 1, 2, 3, 4;
        INSERT INTO slot_sum
        SELECT slot / 100, endpoint_id, model, purpose, {_ADDED} FROM slot_sum GROUP BY 1, 2, 3, 4;
        INSERT INTO slot_sum
        SELECT 0, endpoint_id, model, purpose, {_ADDED}
        FROM slot_sum WHERE slot < 1000000 GROUP BY 1, 2, 3, 4;
        INSERT INTO slot_chat SELECT day, conversation_id, {_ADDED} FROM ledger_sum GROUP BY 1, 2;
        INSERT INTO slot_chat SELECT slot / 100, conversation_id, {_ADDED} FROM slot_chat GROUP BY 1, 2;
        INSERT INTO slot_chat
        SELECT 0, conversation_id, {_ADDED} FROM slot_chat WHERE slot < 1000000 GROUP BY 1, 2;
        INSERT INTO slot_first_token
        SELECT day, bucket, count(*) FROM ledger_sum WHERE bucket IS NOT NULL GROUP BY 1, 2;
        INSERT INTO slot_first_token
        SELECT slot / 100, bucket, sum(requests) FROM slot_first_token GROUP BY 1, 2;
        INSERT INTO slot_first_token
        SELECT 0, bucket, sum(requests) FROM slot_first_token WHERE slot < 1000000 GROUP BY 1, 2;
"""
"""Fills the empty slots of the second schema from its ledger, many times faster than the trigger does."""

_LEVELS = "(SELECT NEW.day AS slot UNION ALL SELECT NEW.day / 100 UNION ALL SELECT 0)"

ADD_TO_SLOTS = f"""
        CREATE TRIGGER ledger_added AFTER INSERT ON ledger BEGIN
            INSERT INTO ledger_endpoint VALUES (NEW.endpoint_id, NEW.endpoint_name)
            ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name;
            INSERT INTO slot
            SELECT slot, started_at, started_at, {_NAMES} FROM {_LEVELS}, ledger_sum WHERE seq = NEW.seq
            ON CONFLICT DO UPDATE SET
                first = min(first, excluded.first), last = max(last, excluded.last), {_ADD};
            INSERT INTO slot_sum
            SELECT slot, endpoint_id, model, purpose, {_NAMES} FROM {_LEVELS}, ledger_sum WHERE seq = NEW.seq
            ON CONFLICT DO UPDATE SET {_ADD};
            INSERT INTO slot_chat
            SELECT slot, conversation_id, {_NAMES} FROM {_LEVELS}, ledger_sum WHERE seq = NEW.seq
            ON CONFLICT DO UPDATE SET {_ADD};
            INSERT INTO slot_first_token
            SELECT slot, bucket, 1 FROM {_LEVELS}, ledger_sum WHERE seq = NEW.seq AND bucket IS NOT NULL
            ON CONFLICT DO UPDATE SET requests = requests + 1;
        END;
"""
"""Keeps the slots of the second schema right, whoever adds to the ledger."""

MIGRATIONS = (
    Migration(
        name="conversations",
        reason="The whole tree of a conversation at once, attachments and requests included, so that the "
        "screens for them can come later without moving anybody's history.",
        sql="""
        CREATE TABLE migration (
            version INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            applied_at REAL NOT NULL
        ) STRICT;

        -- No foreign key on active_leaf: it would need an index of its own to keep deletions fast, and an
        -- unknown leaf does no harm (the newest message is shown).
        CREATE TABLE conversation (
            id TEXT NOT NULL PRIMARY KEY,
            sequence INTEGER NOT NULL,
            title TEXT NOT NULL,
            title_source TEXT NOT NULL,
            endpoint_id TEXT,
            model TEXT,
            parameters TEXT NOT NULL,
            active_leaf TEXT,
            pinned INTEGER NOT NULL,
            created_at REAL NOT NULL,
            used_at REAL NOT NULL,
            deleted_at REAL
        ) STRICT;
        CREATE INDEX conversation_sequence ON conversation (sequence);
        CREATE INDEX conversation_deleted ON conversation (deleted_at) WHERE deleted_at IS NOT NULL;

        -- parent_id does not cascade: SQLite follows cascades to a depth of 1,000 only.
        CREATE TABLE message (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
            parent_id TEXT REFERENCES message (id),
            role TEXT NOT NULL,
            state TEXT NOT NULL,
            created_at REAL NOT NULL,
            model TEXT,
            finish_reason TEXT,
            request_id TEXT,
            input_tokens INTEGER,
            output_tokens INTEGER,
            cached_tokens INTEGER,
            reasoning_tokens INTEGER,
            first_token REAL,
            duration REAL,
            error TEXT
        ) STRICT;
        CREATE INDEX message_conversation ON message (conversation_id);
        CREATE INDEX message_parent ON message (parent_id) WHERE parent_id IS NOT NULL;
        CREATE INDEX message_streaming ON message (state) WHERE state = 'streaming';

        CREATE TABLE attachment (
            hash TEXT NOT NULL PRIMARY KEY,
            media_type TEXT NOT NULL,
            size INTEGER NOT NULL,
            created_at REAL NOT NULL
        ) STRICT;

        -- name is the file's for the user; data is JSON, for kinds that are more than a text.
        CREATE TABLE part (
            seq INTEGER PRIMARY KEY,
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            seconds REAL,
            attachment_hash TEXT REFERENCES attachment (hash),
            name TEXT,
            data TEXT,
            UNIQUE (message_seq, position)
        ) STRICT;
        CREATE INDEX part_attachment ON part (attachment_hash) WHERE attachment_hash IS NOT NULL;

        -- No index on message_seq: the table holds only what streams at the moment, and each row would cost a
        -- second page to write.
        CREATE TABLE delta (
            seq INTEGER PRIMARY KEY,
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            text TEXT NOT NULL
        ) STRICT;

        CREATE TABLE draft (
            key TEXT NOT NULL PRIMARY KEY,
            text TEXT NOT NULL
        ) STRICT;

        -- Outlives its chat, so it refers to nothing and holds no word of it. cost_usd is a decimal number
        -- as text; exact is 1 where the server counted the tokens.
        CREATE TABLE ledger (
            seq INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL,
            message_id TEXT NOT NULL,
            endpoint_id TEXT NOT NULL,
            endpoint_name TEXT NOT NULL,
            dialect TEXT NOT NULL,
            purpose TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            model TEXT,
            started_at REAL NOT NULL,
            first_token REAL,
            duration REAL NOT NULL,
            input_tokens INTEGER,
            output_tokens INTEGER,
            cached_tokens INTEGER,
            reasoning_tokens INTEGER,
            exact INTEGER NOT NULL,
            cost_usd TEXT,
            error_kind TEXT
        ) STRICT;
        CREATE INDEX ledger_started ON ledger (started_at);

        -- What went over the wire; request and response are compressed bodies, and go with the message.
        CREATE TABLE attempt (
            seq INTEGER PRIMARY KEY,
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            ledger_seq INTEGER NOT NULL REFERENCES ledger (seq),
            request_id TEXT,
            error TEXT,
            request BLOB,
            response BLOB
        ) STRICT;
        CREATE INDEX attempt_message ON attempt (message_seq);
        CREATE INDEX attempt_ledger ON attempt (ledger_seq);
        """,
    ),
    Migration(
        name="money",
        reason="What each attempt cost as a number that can be added up, how it ended, and what is needed to "
        "know the cost before: settings of the context, counts of tokens, answers that were given before.",
        sql=f"""
        ALTER TABLE conversation ADD COLUMN context TEXT NOT NULL DEFAULT '{{}}';

        -- cost is in picodollars, here and below.
        ALTER TABLE message ADD COLUMN cache_write_tokens INTEGER;
        ALTER TABLE message ADD COLUMN cost INTEGER;
        ALTER TABLE message ADD COLUMN is_estimated INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN is_cached INTEGER NOT NULL DEFAULT 0;

        -- The tokens of a message's text. A row goes when the parts of its message change.
        CREATE TABLE token_count (
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            encoding TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            PRIMARY KEY (message_seq, encoding)
        ) STRICT, WITHOUT ROWID;

        -- parts is JSON; seq grows with every answer, so that it tells the oldest.
        CREATE TABLE cached_answer (
            seq INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            parts TEXT NOT NULL,
            model TEXT,
            finish_reason TEXT,
            created_at REAL NOT NULL
        ) STRICT;

        -- Rows are only ever added. The limits keep the sums of tokens of nine thousand million attempts
        -- within 64 bits: SQLite fails where a sum does not fit, which would be the end of all reports.
        -- day is the date of started_at in the zone where the row was written, as 20261121.
        CREATE TABLE new_ledger (
            seq INTEGER PRIMARY KEY,
            day INTEGER NOT NULL CHECK (day BETWEEN 19000101 AND 99991231),
            conversation_id TEXT NOT NULL,
            message_id TEXT NOT NULL,
            endpoint_id TEXT NOT NULL,
            endpoint_name TEXT NOT NULL,
            dialect TEXT NOT NULL,
            purpose TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            model TEXT,
            request_id TEXT,
            started_at REAL NOT NULL,
            first_token REAL,
            duration REAL NOT NULL,
            outcome TEXT NOT NULL,
            status INTEGER,
            service_tier TEXT,
            input_tokens INTEGER CHECK (input_tokens BETWEEN 0 AND 1000000000),
            output_tokens INTEGER CHECK (output_tokens BETWEEN 0 AND 1000000000),
            cached_tokens INTEGER CHECK (cached_tokens BETWEEN 0 AND 1000000000),
            reasoning_tokens INTEGER CHECK (reasoning_tokens BETWEEN 0 AND 1000000000),
            cache_write_tokens INTEGER CHECK (cache_write_tokens BETWEEN 0 AND 1000000000),
            exact INTEGER NOT NULL,
            expected_input INTEGER CHECK (expected_input BETWEEN 0 AND 1000000000),
            cost INTEGER CHECK (cost BETWEEN 0 AND 1000000000000000000),
            error_kind TEXT
        ) STRICT;
        INSERT INTO new_ledger
        SELECT
            seq, ifnull(CAST(strftime('%Y%m%d', started_at, 'unixepoch', 'localtime') AS INTEGER), 19700101),
            conversation_id, message_id, endpoint_id, endpoint_name, dialect, purpose, attempt, model,
            (SELECT request_id FROM attempt WHERE ledger_seq = ledger.seq),
            started_at, first_token, duration, iif(error_kind IS NULL, 'ok', 'failed'), NULL, NULL,
            max(0, min(input_tokens, 1000000000)), max(0, min(output_tokens, 1000000000)),
            max(0, min(cached_tokens, 1000000000)), max(0, min(reasoning_tokens, 1000000000)),
            iif(input_tokens IS NULL, NULL, 0), exact, NULL, NULL, error_kind
        FROM ledger ORDER BY seq;
        DROP TABLE ledger;
        ALTER TABLE new_ledger RENAME TO ledger;
        CREATE INDEX ledger_started ON ledger (started_at);
        CREATE INDEX ledger_exact ON ledger (endpoint_id, model) WHERE exact = 1;

        -- An attempt that leaves, until it is entered: what is entered of it where the program dies before
        -- that. entry is JSON, a row of the ledger with the input that was expected and no output;
        -- output_cost is that of one more token of output, known the length of what the message said before.
        CREATE TABLE attempt_under_way (
            message_id TEXT NOT NULL,
            purpose TEXT NOT NULL,
            entry TEXT NOT NULL,
            output_cost INTEGER NOT NULL,
            known INTEGER NOT NULL,
            PRIMARY KEY (message_id, purpose)
        ) STRICT, WITHOUT ROWID;

        -- The name that an endpoint had last.
        CREATE TABLE ledger_endpoint (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL
        ) STRICT;

        -- What a row of the ledger adds to the sums.
        CREATE VIEW ledger_sum AS
        SELECT
            seq, day, started_at, conversation_id, endpoint_id, ifnull(model, '') AS model, purpose,
            1 AS requests,
            outcome = 'failed' AS failed,
            attempt > 1 AS retried,
            ifnull(input_tokens, 0) AS input,
            ifnull(output_tokens, 0) AS output,
            ifnull(cached_tokens, 0) AS cached,
            ifnull(reasoning_tokens, 0) AS reasoning,
            ifnull(cache_write_tokens, 0) AS cache_write,
            ifnull(cost, 0) AS cost,
            iif(exact, 0, ifnull(cost, 0)) AS estimated,
            cost IS NULL AND ifnull(input_tokens, 0) + ifnull(output_tokens, 0) > 0 AS unpriced,
            CAST(round(ln(max(first_token, 1e-6)) / ln(1.02)) AS INTEGER) AS bucket
        FROM ledger;

        -- Sums for each day, month (202611) and all of the ledger (0), since to add up a million rows takes a
        -- second. A slot is the set of rows that were written in it, and knows when the first and the last of
        -- them began: a report takes a slot whole where both are within its time, and reads the rows of the
        -- day where they are not. So every report is exact, also after the clock moved to another zone, and
        -- those whose periods are days or months read few rows. Slots that are the same in every zone, which
        -- are quarters of an hour of UTC, would hold about one row each in the sums by chat.
        CREATE TABLE slot (
            slot INTEGER PRIMARY KEY,
            first REAL NOT NULL,
            last REAL NOT NULL,
            {_SUM_COLUMNS}
        ) STRICT;
        CREATE TABLE slot_sum (
            slot INTEGER NOT NULL,
            endpoint_id TEXT NOT NULL,
            model TEXT NOT NULL,
            purpose TEXT NOT NULL,
            {_SUM_COLUMNS},
            PRIMARY KEY (slot, endpoint_id, model, purpose)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE slot_chat (
            slot INTEGER NOT NULL,
            conversation_id TEXT NOT NULL,
            {_SUM_COLUMNS},
            PRIMARY KEY (slot, conversation_id)
        ) STRICT, WITHOUT ROWID;

        -- How many first tokens came after 1.02 to the power of the bucket seconds, within 1 %.
        CREATE TABLE slot_first_token (
            slot INTEGER NOT NULL,
            bucket INTEGER NOT NULL,
            requests INTEGER NOT NULL,
            PRIMARY KEY (slot, bucket)
        ) STRICT, WITHOUT ROWID;

        {FILL_SLOTS}
        {ADD_TO_SLOTS}
        """,
    ),
    Migration(
        name="evidence",
        reason="What was sent and received, to be looked at, without keeping a chat anew with each request "
        "in it; and attachments of what is not sent yet.",
        sql="""
        -- The chats of which something is kept that was sent: a number takes less room than an id.
        CREATE TABLE sent_chat (
            seq INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL UNIQUE REFERENCES conversation (id) ON DELETE CASCADE
        ) STRICT;

        -- What the requests of a chat consist of, each once: their messages, and what stands around those.
        -- data is compressed JSON, hash the first 16 bytes of its BLAKE2b before that. Numbers count from 1
        -- in a chat.
        CREATE TABLE sent_piece (
            seq INTEGER PRIMARY KEY,
            chat_seq INTEGER NOT NULL REFERENCES sent_chat (seq) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (chat_seq, number)
        ) STRICT;
        CREATE INDEX sent_piece_hash ON sent_piece (chat_seq, hash, number);

        -- request and response are compressed: JSON, and behind the JSON of a response a line feed and what
        -- was received. pieces is JSON: the runs of numbers of sent_piece that the body consists of, each as
        -- its first and last.
        ALTER TABLE attempt ADD COLUMN pieces TEXT;
        CREATE INDEX attempt_evidence ON attempt (ledger_seq) WHERE request IS NOT NULL;

        CREATE TABLE draft_part (
            draft_key TEXT NOT NULL REFERENCES draft (key) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            seconds REAL,
            attachment_hash TEXT REFERENCES attachment (hash),
            name TEXT,
            data TEXT,
            PRIMARY KEY (draft_key, position)
        ) STRICT;
        CREATE INDEX draft_part_attachment ON draft_part (attachment_hash)
        WHERE attachment_hash IS NOT NULL;
        """,
    ),
    Migration(
        name="history",
        reason="Folders, tags, the archive and the trash of messages; lists that are read from an index, "
        "however many conversations there are; and the search.",
        sql=f"""
        CREATE TABLE folder (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            parent_id TEXT REFERENCES folder (id),
            position INTEGER NOT NULL
        ) STRICT;

        -- key is the name without case and accents.
        CREATE TABLE tag (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            key TEXT NOT NULL UNIQUE,
            color TEXT NOT NULL
        ) STRICT;

        -- Rebuilt for a number of its own, which lists have in place of the id.
        --
        -- sequence grows with every turn. It is the time in microseconds where that is more than the last
        -- sequence, and the last one plus 1 where the clock stands behind it: what comes from elsewhere has
        -- its place between the others by its time alone, and a clock that jumps changes no order here.
        -- title_key is the title without case and accents.
        CREATE TABLE new_conversation (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            sequence INTEGER NOT NULL,
            title TEXT NOT NULL,
            title_key TEXT NOT NULL,
            title_source TEXT NOT NULL,
            endpoint_id TEXT,
            model TEXT,
            parameters TEXT NOT NULL,
            context TEXT NOT NULL DEFAULT '{{}}',
            active_leaf TEXT,
            folder_id TEXT REFERENCES folder (id),
            pinned INTEGER NOT NULL,
            archived INTEGER NOT NULL DEFAULT 0,
            unread INTEGER NOT NULL DEFAULT 0,
            created_at REAL NOT NULL,
            used_at REAL NOT NULL,
            deleted_at REAL,
            origin TEXT NOT NULL DEFAULT ''
        ) STRICT;
        INSERT INTO new_conversation
        SELECT
            NULL, id,
            CAST(1e6 * max(max(0, min(used_at, 4e9))) OVER earlier AS INTEGER) + row_number() OVER earlier,
            title, title_key(title), title_source, endpoint_id, model, parameters, context, active_leaf,
            NULL, pinned, 0, 0, created_at, used_at, deleted_at, ''
        FROM conversation
        WINDOW earlier AS (ORDER BY sequence, rowid)
        ORDER BY rowid;
        DROP TABLE conversation;
        ALTER TABLE new_conversation RENAME TO conversation;
        CREATE INDEX conversation_sequence ON conversation (sequence);
        CREATE INDEX conversation_deleted ON conversation (deleted_at) WHERE deleted_at IS NOT NULL;

        -- One for each order that lists have, with all that they ask for: deleted_at, too, since SQLite would
        -- look it up although it is the same in all of a partial index.
        CREATE INDEX conversation_used
        ON conversation (archived, pinned DESC, sequence DESC, used_at, folder_id, deleted_at)
        WHERE deleted_at IS NULL;
        CREATE INDEX conversation_made
        ON conversation (archived, pinned DESC, created_at DESC, seq, folder_id, deleted_at)
        WHERE deleted_at IS NULL;
        CREATE INDEX conversation_title
        ON conversation (archived, pinned DESC, title_key, sequence DESC, used_at, folder_id, deleted_at)
        WHERE deleted_at IS NULL;
        CREATE INDEX conversation_folder
        ON conversation (folder_id, deleted_at, archived, pinned DESC, sequence DESC, used_at)
        WHERE folder_id IS NOT NULL;

        CREATE TABLE conversation_tag (
            conversation_seq INTEGER NOT NULL REFERENCES conversation (seq) ON DELETE CASCADE,
            tag_seq INTEGER NOT NULL REFERENCES tag (seq) ON DELETE CASCADE,
            PRIMARY KEY (conversation_seq, tag_seq)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX conversation_tag_tag ON conversation_tag (tag_seq, conversation_seq);

        -- A deleted message keeps its place, so that it can be restored.
        ALTER TABLE message ADD COLUMN deleted_at REAL;
        CREATE INDEX message_deleted ON message (deleted_at) WHERE deleted_at IS NOT NULL;

        {SEARCH}
        """,
    ),
)


def check_origin(
    connection: apsw.Connection, path: Path, folder: Path, migrations: Sequence[Migration]
) -> None:
    """Raise DatabaseTooNew or DatabaseCorrupt where the file is not ours to write. Writes nothing.

    ``folder`` is where its backups are.
    """
    version = connection.pragma("user_version")
    application = connection.pragma("application_id")
    if application == APPLICATION_ID and version > len(migrations):
        raise DatabaseTooNew(
            f"{path.name} was written by a newer version of the program (its schema is version {version}, "
            f"this program knows {len(migrations)})",
            path,
            backup=backups.newest_readable(path, folder, len(migrations)),
            needs=backups.program_of(path, folder, version),
        )
    # Reads the schema, and so finds a header or a first page that is damaged.
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if application != APPLICATION_ID and (application or version or tables):
        raise DatabaseCorrupt(f"{path.name} is a database of another program", path)


def migrate(
    connection: apsw.Connection, path: Path, folder: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring the schema up to date, each step in a transaction of its own together with its bookkeeping row.

    A database that exists is copied to ``folder`` first, and the copy is verified; where that fails, nothing
    is changed. Needs foreign keys off, since with them a migration that rebuilds a table would empty those
    that refer to it.
    """
    version = connection.pragma("user_version")
    connection.create_scalar_function("title_key", _title_key, 1)
    if 0 < version < len(migrations):
        backups.make(connection, path, folder)
    for number, migration in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # What it calls of ours gets texts of the rows.
            with reading(path):
                connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO migration VALUES (?, ?, ?)", (number, migration.name, time.time())
            )
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", number)
            if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
                raise DatabaseCorrupt(f"after “{migration.name}” a row refers to nothing: {broken}", path)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _title_key(*title: Any) -> str:
    return title_key(*title)
