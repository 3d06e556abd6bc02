"""Whole histories: added in large numbers, and read to be written elsewhere."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import apsw

from desktop_chat.domain.archive import Added, History, Library
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.listing import Tag
from desktop_chat.domain.message import Draft, State
from desktop_chat.domain.titles import title_key
from desktop_chat.storage import ledger
from desktop_chat.storage.database import Database, Row, storable
from desktop_chat.storage.errors import reading
from desktop_chat.storage.queries import (
    MESSAGE_COLUMNS,
    insert_parts,
    stored_drafts,
    stored_messages,
)
from desktop_chat.storage.rows import (
    ANSWER_COLUMNS,
    CONVERSATION_COLUMNS,
    conversation_from,
    conversation_values,
    message_values,
    part_rows,
)

_COLUMNS = (
    "title, title_key, title_source, endpoint_id, model, parameters, active_leaf, context, id, pinned, "
    "sequence, folder_id, archived, unread, created_at, used_at, deleted_at, origin"
)
_INSERT = f"INSERT INTO conversation ({_COLUMNS}) VALUES ({', '.join('?' * 18)}) RETURNING seq"

_INSERT_MESSAGE = (
    f"INSERT INTO message ({MESSAGE_COLUMNS}, seq, deleted_at) "
    f"VALUES ({', '.join('?' * (7 + len(ANSWER_COLUMNS)))})"
)
_INSERT_PART = (
    "INSERT INTO part (message_seq, position, kind, text, seconds, name, data, attachment_hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

_STREAMING, _INTERRUPTED = State.STREAMING.value, State.INTERRUPTED.value
_UNKNOWN_FILE = "application/octet-stream"

_FOLDER_NAMES = (
    "WITH RECURSIVE above AS (SELECT name, parent_id, 0 AS depth FROM folder WHERE id = ?1 "
    "UNION ALL SELECT folder.name, folder.parent_id, depth + 1 "
    "FROM folder JOIN above ON id = above.parent_id) "
    "SELECT name FROM above ORDER BY depth DESC"
)
_TAGS = (
    "SELECT tag.id, name, color FROM conversation_tag JOIN tag ON tag.seq = tag_seq "
    "WHERE conversation_seq = ? ORDER BY tag_seq"
)


def add(db: Database, histories: Sequence[History]) -> Added:
    """Store what is not known of histories, in one transaction."""
    with db.transaction():
        adding = _Adding(db, histories)
        for history in histories:
            adding.add(history)
        adding.write()
    return Added(adding.chats, len(adding.messages), adding.known)


class _Adding:
    """The histories of one transaction, which adds their messages all at once."""

    def __init__(self, db: Database, histories: Sequence[History]) -> None:
        self.chats = self.known = 0
        self.messages: list[Row] = []
        self._parts: list[Row] = []
        self._files: list[Row] = []
        self._drafts: dict[str, Mapping[str, Draft]] = {}
        self._db = db
        self._now = time.time()
        self._folders = {id for (id,) in db.execute("SELECT id FROM folder")}
        for each in histories:
            # What is compared must be what is stored.
            each.conversation.id = storable(each.conversation.id)
            for message in each.messages:
                message.id = storable(message.id)
                message.parent_id = None if message.parent_id is None else storable(message.parent_id)
        ((self._last,),) = db.execute("SELECT ifnull(max(seq), 0) FROM message")
        ids = {
            id for each in histories for message in each.messages for id in (message.id, message.parent_id)
        }
        found = db.execute(
            "SELECT id, conversation_id FROM message WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        self._owners: dict[str, str] = dict(found)
        """The conversations of the messages that are stored, or are about to be."""

    def add(self, history: History) -> None:
        conversation = history.conversation
        stored = self._db.execute(
            "SELECT seq, active_leaf FROM conversation WHERE id = ?", (conversation.id,)
        )
        if stored:
            self._go_on(history, *stored[0])
            return
        seq = self._insert(history)
        self.chats += 1
        self._add_messages(history)
        for tag in history.tags:
            self._db.execute(
                "INSERT OR IGNORE INTO conversation_tag VALUES (?, ?)", (seq, _tag(self._db, tag))
            )
        self._drafts[conversation.id] = history.drafts

    def write(self) -> None:
        db = self._db
        db.execute_many("INSERT INTO attachment VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", self._files)
        db.execute_many(_INSERT_MESSAGE, self.messages)
        db.execute_many(_INSERT_PART, self._parts)
        for id, drafts in self._drafts.items():
            _add_drafts(db, drafts, id)

    def _insert(self, history: History) -> int:
        conversation = history.conversation
        used_at = self._time(conversation.used_at) or self._time(conversation.created_at)
        folder = conversation.folder if conversation.folder in self._folders else self._folder(history.folder)
        ((seq,),) = self._db.execute(
            _INSERT,
            (
                *conversation_values(conversation),
                conversation.pinned,
                self._sequence(conversation.order, used_at),
                folder,
                conversation.archived,
                conversation.unread,
                self._time(conversation.created_at),
                used_at,
                None if conversation.deleted_at is None else self._time(conversation.deleted_at),
                conversation.origin,
            ),
        )
        return int(seq)

    def _go_on(self, history: History, seq: int, leaf: str | None) -> None:
        """Add to a conversation that is stored what it did not have. What the user was reading stays in
        sight, unless this goes on from it."""
        conversation = history.conversation
        before = len(self.messages)
        self._add_messages(history)
        if len(self.messages) == before:
            return
        used_at = self._time(conversation.used_at)
        self._db.execute(
            "UPDATE conversation SET sequence = max(sequence, ?), used_at = max(used_at, ?), active_leaf = ? "
            "WHERE seq = ?",
            (
                self._sequence(conversation.order, used_at),
                used_at,
                conversation.active_leaf if any(message.id == leaf for message in history.messages) else leaf,
                seq,
            ),
        )

    def _add_messages(self, history: History) -> None:
        chat, owners, trashed = history.conversation.id, self._owners, history.trashed
        elsewhere: dict[str, str | None] = {}
        for message in history.messages:
            parent = message.parent_id
            while parent in elsewhere:
                parent = elsewhere[parent]
            if (owner := owners.get(message.id)) is not None:
                self.known += 1
                if owner != chat:
                    # What hangs below it does so below its parent.
                    elsewhere[message.id] = parent
                continue
            owners[message.id] = chat
            self._last += 1
            id, _, role, created_at, state, *answer = message_values(message)
            # Nobody goes on writing an answer that comes from elsewhere.
            state = _INTERRUPTED if state == _STREAMING else state
            parent = parent if parent is not None and owners.get(parent) == chat else None
            deleted_at = self._time(trashed[id]) if id in trashed else None
            self.messages.append(
                (chat, id, parent, role, self._time(created_at), state, *answer, self._last, deleted_at)
            )
            for *part, attachment, media_type, size in part_rows(message.parts):
                self._parts.append((self._last, *part, attachment))
                if attachment is not None:
                    self._files.append((attachment, media_type or _UNKNOWN_FILE, size or 0, self._now))

    def _sequence(self, order: int, used_at: float) -> int:
        """A conversation stands between the others by the time of its last turn, and never ahead of the
        clock, where the next turn here belongs."""
        now = int(1e6 * self._now)
        return order if 0 < order <= now else min(now, int(1e6 * used_at))

    def _time(self, at: float) -> float:
        """Some time that a date has."""
        return at if 0 <= at <= ledger.LATEST else 0.0

    def _folder(self, names: Iterable[str]) -> str | None:
        """The folder of a path of names, which is made where it is not there."""
        parent: str | None = None
        for name in names:
            found = self._db.execute(
                "SELECT id FROM folder WHERE parent_id IS ? AND name = ? ORDER BY seq", (parent, name)
            )
            parent = found[0][0] if found else self._make_folder(new_id(), name, parent)
        return parent

    def _make_folder(self, id: str, name: str, parent: str | None) -> str:
        self._db.execute(
            "INSERT INTO folder (id, name, parent_id, position) VALUES (?1, ?2, ?3, "
            "(SELECT count(*) FROM folder WHERE parent_id IS ?3))",
            (id, name, parent),
        )
        self._folders.add(id)
        return id


def _tag(db: Database, tag: Tag) -> int:
    """The number of the tag with this name, or else this id, which is made where there is none."""
    key = title_key(tag.name)
    found = db.execute("SELECT seq FROM tag WHERE key = ? OR id = ? ORDER BY key = ?1 DESC", (key, tag.id))
    if not found:
        found = db.execute(
            "INSERT INTO tag (id, name, key, color) VALUES (?, ?, ?, ?) RETURNING seq",
            (tag.id or new_id(), tag.name, key, tag.color),
        )
    return int(found[0][0])


_ADD_DRAFT = (
    "INSERT INTO draft SELECT ?1, ?2 "
    "WHERE NOT EXISTS (SELECT 1 FROM conversation WHERE id = ?1 AND id IS NOT ?3) "
    "AND NOT EXISTS (SELECT 1 FROM message WHERE id = ?1 AND conversation_id IS NOT ?3) "
    "ON CONFLICT DO NOTHING RETURNING key"
)


def _add_drafts(db: Database, drafts: Mapping[str, Draft], conversation_id: str | None) -> None:
    """Keep what was being written in a conversation, or in none, but nothing in any other."""
    for key, draft in drafts.items():
        if db.execute(_ADD_DRAFT, (key, draft.text, conversation_id)):
            insert_parts(db, key, list(part_rows(draft.parts)), "draft_part")


def add_library(db: Database, library: Library) -> None:
    with db.transaction():
        for folder in library.folders:
            db.execute(
                "INSERT INTO folder (id, name, parent_id, position) "
                "VALUES (?, ?, (SELECT id FROM folder WHERE id = ?), ?) ON CONFLICT (id) DO NOTHING",
                (folder.id, folder.name, folder.parent, folder.position),
            )
        for tag in library.tags:
            _tag(db, tag)
        _add_drafts(db, library.drafts, None)


def add_ledger(db: Database, entries: Sequence[LedgerEntry]) -> int:
    """How many of the entries were not in the ledger."""
    added = 0
    with db.transaction():
        for entry in entries:
            added += ledger.enter_once(db, ledger.values(entry))
    return added


def numbers(connection: apsw.Connection) -> list[int]:
    """Of all conversations, also in the trash."""
    return [seq for (seq,) in connection.execute("SELECT seq FROM conversation ORDER BY seq")]


def read(connection: apsw.Connection, path: Path, seqs: Sequence[int]) -> list[History]:
    """The histories of some conversations, as they are stored, in their order."""
    with reading(path):
        return list(_read(connection, seqs))


def _read(connection: apsw.Connection, seqs: Sequence[int]) -> Iterator[History]:
    # All of a conversation is of the same moment.
    for seq in seqs:
        with connection:
            for row in connection.execute(
                f"SELECT {CONVERSATION_COLUMNS} FROM conversation WHERE seq = ?", (seq,)
            ).fetchall():
                yield _history(connection, conversation_from(row))


def _history(connection: apsw.Connection, conversation: Conversation) -> History:
    found = stored_messages(connection.execute, conversation.id)
    folder = connection.execute(_FOLDER_NAMES, (conversation.folder,))
    return History(
        conversation,
        [message for message, _ in found],
        folder=tuple(name for (name,) in folder),
        tags=tuple(Tag(*row) for row in connection.execute(_TAGS, (conversation.seq,))),
        trashed={message.id: deleted_at for message, deleted_at in found if deleted_at is not None},
        drafts=stored_drafts(
            connection.execute,
            "WHERE key = ?1 OR key IN (SELECT id FROM message WHERE conversation_id = ?1)",
            (conversation.id,),
        ),
    )


__all__ = ["add", "add_ledger", "add_library", "numbers", "read"]
