"""Every change of the schema, in order, and how they are applied.

A released migration is never edited: what it should have done is the next one. The schema version is the
number of migrations applied; it stands in ``PRAGMA user_version``, and ``migration`` tells when each came.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from desktop_chat.storage import backups
from desktop_chat.storage.backups import APPLICATION_ID
from desktop_chat.storage.errors import DatabaseCorrupt, DatabaseTooNew


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema. ``reason`` says why it was needed; ``sql`` may hold several statements."""

    name: str
    reason: str
    sql: str


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
    if 0 < version < len(migrations):
        backups.make(connection, path, folder)
    for number, migration in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
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
