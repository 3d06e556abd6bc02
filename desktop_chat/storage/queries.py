"""What the store does, statement by statement. Everything here runs in the storage thread."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import apsw

from desktop_chat.domain.conversation import Tree
from desktop_chat.domain.message import Attachment, Draft, Message, Part, State
from desktop_chat.storage import evidence
from desktop_chat.storage.database import Database, Row
from desktop_chat.storage.errors import reading
from desktop_chat.storage.ledger import enter_lost_attempts
from desktop_chat.storage.rows import (
    ANSWER_COLUMNS,
    PART_COLUMNS,
    CachedAnswer,
    fold,
    message_from,
    part_from,
    part_rows,
    parts_from_json,
)

KEEP_ANSWERS = 500
"""How many answers are kept to be given again: some 2 MB at 700 tokens each, and for a month more than 20 a
working day."""

_ANSWER = ", ".join(ANSWER_COLUMNS)
MESSAGE_COLUMNS = f"conversation_id, id, parent_id, role, created_at, {_ANSWER}"
_INSERT_MESSAGE = (
    f"INSERT INTO message ({MESSAGE_COLUMNS}) "
    f"VALUES ({', '.join('?' * (5 + len(ANSWER_COLUMNS)))}) ON CONFLICT (id) DO NOTHING RETURNING seq"
)
_UPDATE_ANSWER = (
    f"UPDATE message SET {', '.join(f'{name} = ?' for name in ANSWER_COLUMNS)} WHERE id = ? RETURNING seq"
)
_SELECT_MESSAGES = (
    f"SELECT deleted_at, id, parent_id, role, created_at, {_ANSWER}, seq FROM message "
    "WHERE conversation_id = ? ORDER BY seq"
)
_UPDATE_CONVERSATION = (
    "UPDATE conversation SET title = ?, title_key = ?, title_source = ?, endpoint_id = ?, model = ?, "
    "parameters = ?, active_leaf = ?, context = ? WHERE id = ?"
)
_PARTS = "part LEFT JOIN attachment ON hash = attachment_hash"
_DRAFT_PARTS = "draft_part AS part LEFT JOIN attachment ON hash = attachment_hash"
_SELECT_DRAFT_PARTS = (
    "SELECT position, kind, text, seconds, name, data, attachment_hash, media_type, size "
    f"FROM {_DRAFT_PARTS} WHERE draft_key = ? ORDER BY position"
)
_OWNERS = {"part": "message_seq", "draft_part": "draft_key"}
_OF_CONVERSATION = "JOIN message ON message.seq = message_seq WHERE conversation_id = ?"

Select = Callable[[str, Sequence[Any]], apsw.Cursor]
"""What runs a statement: that of :class:`Database`, or of a connection that only reads."""


def prepare(db: Database) -> None:
    """What start-up owes the last run: broken answers are closed and entered into the ledger."""
    with reading(db.path):
        _close_broken_answers(db)
        enter_lost_attempts(db)


def _close_broken_answers(db: Database) -> None:
    streaming = db.execute("SELECT seq FROM message WHERE state = ?", (State.STREAMING.value,))
    if not streaming:
        return
    with db.transaction():
        for (seq,) in streaming:
            parts = [
                part_from(*row)
                for row in db.execute(
                    f"SELECT {PART_COLUMNS} FROM {_PARTS} WHERE message_seq = ? ORDER BY position", (seq,)
                )
            ]
            deltas = db.execute("SELECT kind, text FROM delta WHERE message_seq = ? ORDER BY seq", (seq,))
            _replace_parts(db, seq, list(part_rows(fold(parts, deltas))))
            db.execute("UPDATE message SET state = ? WHERE seq = ?", (State.INTERRUPTED.value, seq))


def tree(db: Database, conversation_id: str) -> Tree:
    with reading(db.path):
        leaf = db.execute("SELECT active_leaf FROM conversation WHERE id = ?", (conversation_id,))
        messages = stored_messages(db.select, conversation_id)
        return _shown(messages, leaf[0][0] if leaf else None)


def stored_messages(select: Select, conversation_id: str) -> list[tuple[Message, float | None]]:
    """All messages of a conversation in the order of their making, each with when it went to the trash."""
    key = (conversation_id,)
    parts: dict[int, list[Part]] = {}
    deltas: dict[int, list[tuple[str, str]]] = {}
    for seq, *row in select(
        f"SELECT message.seq, {PART_COLUMNS} FROM {_PARTS} {_OF_CONVERSATION} ORDER BY message.seq, position",
        key,
    ):
        parts.setdefault(seq, []).append(part_from(*row))
    for seq, kind, text in select(
        f"SELECT message_seq, kind, text FROM delta {_OF_CONVERSATION} ORDER BY delta.seq", key
    ):
        deltas.setdefault(seq, []).append((kind, text))
    for seq, streamed in deltas.items():
        parts[seq] = fold(parts.get(seq, ()), streamed)
    return [(message_from(row, parts), deleted_at) for deleted_at, *row in select(_SELECT_MESSAGES, key)]


def _shown(messages: list[tuple[Message, float | None]], leaf: str | None) -> Tree:
    """The tree without what is in the trash: what answers that hangs below the nearest that is left."""
    above: dict[str, str | None] = {}
    shown: list[Message] = []
    for message, deleted_at in messages:
        while message.parent_id in above:
            message.parent_id = above[message.parent_id]
        if deleted_at is None:
            shown.append(message)
        else:
            above[message.id] = message.parent_id
    while leaf in above:
        leaf = above[leaf]
    return Tree(shown, leaf)


def begin_turn(
    db: Database,
    values: Row,
    made: Row,
    messages: Sequence[tuple[Row, list[Row]]],
    draft: str | None,
) -> int:
    """``values`` as in ``change_conversation``; ``made`` is ``pinned``, ``created_at``, ``folder_id`` and
    ``origin`` of a conversation that is new; messages with their parts."""
    conversation_id = values[-1]
    now = time.time()
    with db.transaction():
        ((highest,),) = db.execute("SELECT ifnull(max(sequence), 0) FROM conversation")
        stored = db.execute("SELECT sequence FROM conversation WHERE id = ?", (conversation_id,))
        if not stored:
            db.execute(
                "INSERT INTO conversation (title, title_key, title_source, endpoint_id, model, parameters, "
                "active_leaf, context, id, pinned, created_at, folder_id, origin, used_at, sequence, "
                "archived, unread) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                "(SELECT id FROM folder WHERE id = ?), ?, 0, 0, 0, 0)",
                (*values, *made),
            )
        else:
            db.execute(_UPDATE_CONVERSATION, values)
        added = False
        for message, parts in messages:
            inserted = db.execute(_INSERT_MESSAGE, (conversation_id, *message))
            if inserted:
                added = True
                insert_parts(db, inserted[0][0], parts)
        order: int = max(highest + 1, int(1e6 * now)) if added or not stored else stored[0][0]
        db.execute(
            "UPDATE conversation SET sequence = ?, used_at = ? WHERE id = ?", (order, now, conversation_id)
        )
        if draft is not None:
            db.execute("DELETE FROM draft WHERE key = ?", (draft,))
    return order


def change_conversation(db: Database, values: Row) -> None:
    with db.transaction():
        db.execute(_UPDATE_CONVERSATION, values)


def append(db: Database, message_id: str, deltas: Sequence[tuple[str, str]], durable: bool) -> None:
    if durable and not deltas:
        db.flush()
        return
    with db.transaction(durable=durable):
        for kind, text in deltas:
            written = db.execute(
                "INSERT INTO delta (message_seq, kind, text) "
                "SELECT seq, ?, ? FROM message WHERE id = ? AND state = 'streaming' RETURNING seq",
                (kind, text, message_id),
            )
            if not written:
                raise LookupError(f"no answer {message_id} is being written")


def reopen(db: Database, message_id: str) -> None:
    with db.transaction():
        for (seq,) in db.execute(
            "UPDATE message SET state = ? WHERE id = ? RETURNING seq", (State.STREAMING.value, message_id)
        ):
            db.execute("DELETE FROM token_count WHERE message_seq = ?", (seq,))


def finish(db: Database, message_id: str, values: Row, parts: list[Row]) -> None:
    with db.transaction():
        updated = db.execute(_UPDATE_ANSWER, (*values, message_id))
        if not updated:
            raise LookupError(f"no message {message_id}")
        _replace_parts(db, updated[0][0], parts)


def _replace_parts(db: Database, seq: int, parts: list[Row]) -> None:
    db.execute("DELETE FROM token_count WHERE message_seq = ?", (seq,))
    db.execute("DELETE FROM part WHERE message_seq = ?", (seq,))
    db.execute("DELETE FROM delta WHERE message_seq = ?", (seq,))
    insert_parts(db, seq, parts)


def insert_parts(db: Database, owner: int | str, parts: list[Row], table: str = "part") -> None:
    """``owner`` is what the first column of the table refers to: a message or a draft."""
    for *part, attachment, media_type, size in parts:
        if media_type is not None:
            db.execute(
                "INSERT INTO attachment VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
                (attachment, media_type, size, time.time()),
            )
        db.execute(
            f"INSERT INTO {table} ({_OWNERS[table]}, position, kind, text, seconds, name, data, "
            "attachment_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (owner, *part, attachment),
        )


def remove_message(db: Database, message_id: str) -> None:
    with db.transaction():
        for conversation_id, parent_id in db.execute(
            "DELETE FROM message WHERE id = ? RETURNING conversation_id, parent_id", (message_id,)
        ):
            evidence.sweep(db, conversation_id)
            db.execute(
                "UPDATE conversation SET active_leaf = ? WHERE id = ? AND active_leaf = ?",
                (parent_id, conversation_id, message_id),
            )


def save_draft(db: Database, key: str, text: str, parts: list[Row]) -> None:
    with db.transaction():
        if not (text or parts):
            db.execute("DELETE FROM draft WHERE key = ?", (key,))
            return
        db.execute(
            "INSERT INTO draft VALUES (?, ?) ON CONFLICT DO UPDATE SET text = excluded.text", (key, text)
        )
        # Typing leaves the parts alone, and what was read of a file may be long.
        if db.execute(_SELECT_DRAFT_PARTS, (key,)) != parts:
            db.execute("DELETE FROM draft_part WHERE draft_key = ?", (key,))
            insert_parts(db, key, parts, "draft_part")


def drafts(db: Database) -> dict[str, Draft]:
    with reading(db.path):
        return stored_drafts(db.select)


def stored_drafts(select: Select, where: str = "", bindings: Sequence[Any] = ()) -> dict[str, Draft]:
    """``where`` is a condition on the table ``draft``."""
    parts: dict[str, list[Part]] = {}
    texts: list[Row] = select(f"SELECT key, text FROM draft {where}", bindings).fetchall()
    for key, *row in select(
        f"SELECT draft_key, {PART_COLUMNS} FROM {_DRAFT_PARTS} "
        f"WHERE draft_key IN (SELECT key FROM draft {where}) ORDER BY draft_key, position",
        bindings,
    ):
        parts.setdefault(key, []).append(part_from(*row))
    return {key: Draft(text, tuple(parts.get(key, ()))) for key, text in texts}


def unreferenced(db: Database, hashes: set[str]) -> set[str]:
    with db.transaction(), reading(db.path):
        db.execute(
            "DELETE FROM attachment WHERE hash NOT IN "
            "(SELECT attachment_hash FROM part WHERE attachment_hash IS NOT NULL "
            "UNION ALL SELECT attachment_hash FROM draft_part WHERE attachment_hash IS NOT NULL)"
        )
        needed = {hash for (hash,) in db.execute("SELECT hash FROM attachment")}
        for (parts,) in db.execute("SELECT parts FROM cached_answer"):
            data = (part.data for part in parts_from_json(parts))
            needed.update(each.hash for each in data if isinstance(each, Attachment))
    return hashes - needed


def token_counts(db: Database, conversation_id: str, encoding: str) -> dict[str, int]:
    with reading(db.path):
        return dict(
            db.execute(
                "SELECT id, tokens FROM message JOIN token_count ON message_seq = seq AND encoding = ? "
                "WHERE conversation_id = ?",
                (encoding, conversation_id),
            )
        )


def save_token_counts(db: Database, encoding: str, counts: Row) -> None:
    """``counts`` are pairs of a message's id and its tokens."""
    with db.transaction(durable=False):
        for message_id, tokens in counts:
            db.execute(
                "INSERT OR REPLACE INTO token_count (message_seq, encoding, tokens) "
                "SELECT seq, ?, ? FROM message WHERE id = ? AND state <> 'streaming'",
                (encoding, tokens, message_id),
            )


def cached_answer(db: Database, key: str) -> CachedAnswer | None:
    with reading(db.path):
        for parts, model, finish_reason in db.execute(
            "SELECT parts, model, finish_reason FROM cached_answer WHERE key = ?", (key,)
        ):
            return CachedAnswer(parts_from_json(parts), model, finish_reason)
    return None


def save_cached_answer(db: Database, values: Row) -> None:
    """``values`` are key, parts, model and finish reason."""
    with db.transaction(durable=False):
        ((seq,),) = db.execute(
            "INSERT OR REPLACE INTO cached_answer (key, parts, model, finish_reason, created_at) "
            "VALUES (?, ?, ?, ?, ?) RETURNING seq",
            (*values, time.time()),
        )
        db.execute("DELETE FROM cached_answer WHERE seq <= ?", (seq - KEEP_ANSWERS,))


def clear_cached_answers(db: Database) -> None:
    with db.transaction():
        db.execute("DELETE FROM cached_answer")
    # The log still holds pages with the text.
    db.forget_deleted()
