"""Whole histories: added in large numbers, and read to be written elsewhere."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.archive import Added, History, Library
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.listing import Tag
from desktop_chat.domain.message import Draft, Message, State
from desktop_chat.domain.titles import title_key
from desktop_chat.storage import ledger
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import reading
from desktop_chat.storage.queries import (
    INSERT_MESSAGE,
    insert_parts,
    stored_drafts,
    stored_messages,
)
from desktop_chat.storage.rows import (
    CONVERSATION_COLUMNS,
    conversation_from,
    conversation_values,
    message_values,
    part_rows,
)

_COLUMNS = (
    "title, title_key, title_source, endpoint_id, model, parameters, active_leaf, pinned, context, id, "
    "sequence, folder_id, archived, unread, created_at, used_at, deleted_at, origin"
)
_INSERT = f"INSERT INTO conversation ({_COLUMNS}) VALUES ({', '.join('?' * 18)}) RETURNING seq"

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
    adding = _Adding(db)
    with db.transaction():
        for history in histories:
            adding.add(history)
    return Added(adding.chats, adding.messages, adding.known)


class _Adding:
    """Adds the histories of one transaction, and counts."""

    def __init__(self, db: Database) -> None:
        self.chats = self.messages = self.known = 0
        self._db = db
        self._now = time.time()
        self._folders = {id for (id,) in db.execute("SELECT id FROM folder")}

    def add(self, history: History) -> None:
        db, conversation = self._db, history.conversation
        stored = db.execute("SELECT seq, active_leaf FROM conversation WHERE id = ?", (conversation.id,))
        if stored:
            self._go_on(history, *stored[0])
            return
        seq = self._insert(history)
        self.chats += 1
        self._add_messages(history, set())
        for tag in history.tags:
            db.execute("INSERT OR IGNORE INTO conversation_tag VALUES (?, ?)", (seq, _tag(db, tag)))
        _add_drafts(db, history.drafts)

    def _insert(self, history: History) -> int:
        conversation = history.conversation
        used_at = self._time(conversation.used_at) or self._time(conversation.created_at)
        folder = conversation.folder if conversation.folder in self._folders else self._folder(history.folder)
        ((seq,),) = self._db.execute(
            _INSERT,
            (
                *conversation_values(conversation),
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
        ids = self._db.execute("SELECT id FROM message WHERE conversation_id = ?", (conversation.id,))
        before = self.messages
        self._add_messages(history, {id for (id,) in ids})
        if self.messages == before:
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

    def _add_messages(self, history: History, present: set[str]) -> None:
        """``present`` are the ids of the messages that the conversation has."""
        db, chat = self._db, history.conversation.id
        elsewhere: dict[str, str | None] = {}
        for message in history.messages:
            if message.id in present:
                self.known += 1
                continue
            parent = message.parent_id
            while parent in elsewhere:
                parent = elsewhere[parent]
            id, _, *values = message_values(message)
            inserted = db.execute(
                INSERT_MESSAGE,
                (chat, id, parent if parent in present else None, *self._values(message, values)),
            )
            if not inserted:
                # It belongs to another conversation: what hangs below it does so below its parent.
                self.known += 1
                elsewhere[id] = parent
                continue
            present.add(id)
            self.messages += 1
            seq = inserted[0][0]
            if message.parts:
                parts = list(part_rows(message.parts))
                for *_, attachment, media_type, size in parts:
                    if attachment is not None and media_type is None:
                        db.execute(
                            "INSERT OR IGNORE INTO attachment VALUES (?, ?, ?, ?)",
                            (attachment, _UNKNOWN_FILE, size or 0, self._now),
                        )
                insert_parts(db, seq, parts)
            if (deleted_at := history.trashed.get(id)) is not None:
                db.execute("UPDATE message SET deleted_at = ? WHERE seq = ?", (self._time(deleted_at), seq))

    def _values(self, message: Message, values: list[Any]) -> list[Any]:
        """From the role on. Nobody goes on writing an answer that comes from elsewhere."""
        values[1] = self._time(message.created_at)
        if message.state is State.STREAMING:
            values[2] = State.INTERRUPTED.value
        return values

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


def _add_drafts(db: Database, drafts: Mapping[str, Draft]) -> None:
    for key, draft in drafts.items():
        if db.execute(
            "INSERT INTO draft VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING key", (key, draft.text)
        ):
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
        _add_drafts(db, library.drafts)


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
