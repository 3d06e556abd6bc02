"""What goes: into the trash, back from it, and for good. Everything here runs in the storage thread.

In the trash nothing is moved or overwritten: conversations and messages only have the time of their deletion.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path

from desktop_chat.domain.listing import TRASH_DAYS, DeletedMessage
from desktop_chat.domain.message import SAID
from desktop_chat.storage import evidence
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import reading

KEEP = TRASH_DAYS * 24 * 3600
"""Seconds for which what is in the trash can be restored. Answers that are kept to be given again go after as
long, so that none outlives the conversation it was given in."""

_EARLIEST = 1_767_225_600
"""Unix time of 2026-01-01, before the first release: where something was deleted earlier, the clock was
wrong, as that of a computer whose battery is empty."""

SLICE = 0.05
"""Seconds that a transaction takes which removes for good: other calls wait until it is over."""

EXCERPT = 200
"""Characters."""

_AT_ONCE = 100
"""Messages that are removed between two looks at the clock, which takes some 10 ms, and what is looked for
at once to be removed."""

_IDS = "id IN (SELECT value FROM json_each(?))"
_SAID = ", ".join(f"'{kind.value}'" for kind in SAID)


def delete(db: Database, table: str, ids: Sequence[str]) -> None:
    """``table`` is ``conversation`` or ``message``. What is in the trash already keeps its time."""
    with db.transaction():
        db.execute(
            f"UPDATE {table} SET deleted_at = ? WHERE {_IDS} AND deleted_at IS NULL",
            (time.time(), json.dumps(list(ids))),
        )


def restore(db: Database, table: str, ids: Sequence[str]) -> None:
    with db.transaction():
        db.execute(f"UPDATE {table} SET deleted_at = NULL WHERE {_IDS}", (json.dumps(list(ids)),))


def deleted_messages(db: Database) -> list[DeletedMessage]:
    with reading(db.path):
        return [
            DeletedMessage(id, chat, title, role, " ".join(said.split())[:EXCERPT], deleted_at)
            for id, chat, title, role, said, deleted_at in db.execute(
                "SELECT message.id, conversation.id, title, role, ifnull((SELECT substr(text, 1, ?1) "
                f"FROM part WHERE message_seq = message.seq AND kind IN ({_SAID}) "
                "ORDER BY position LIMIT 1), ''), message.deleted_at "
                "FROM message JOIN conversation ON conversation.id = conversation_id "
                "WHERE message.deleted_at IS NOT NULL AND conversation.deleted_at IS NULL "
                "ORDER BY message.deleted_at DESC, message.seq DESC",
                (2 * EXCERPT,),
            )
        ]


def date_anew(db: Database) -> None:
    """What was deleted by a clock that was wrong is in the trash from now on."""
    for table in ("conversation", "message"):
        # Asked first, since nearly never there is anything to write.
        if db.execute(f"SELECT 1 FROM {table} WHERE deleted_at < ? LIMIT 1", (_EARLIEST,)):
            with db.transaction():
                db.execute(
                    f"UPDATE {table} SET deleted_at = ? WHERE deleted_at < ?", (time.time(), _EARLIEST)
                )


def purge(db: Database, before: float, ids: Sequence[str] | None) -> bool:
    """Remove for good what went to the trash before a time, and has one of ``ids`` where they are given: as
    much of it as a slice of time allows. Whether there may be more; where not, it is gone from the files."""
    where, bindings = "deleted_at < ?", [before, *([] if ids is None else [json.dumps(list(ids))])]
    if ids is not None:
        where += f" AND {_IDS}"
    until = time.monotonic() + SLICE
    with db.transaction():
        doomed = db.execute(f"SELECT id, seq FROM conversation WHERE {where} LIMIT {_AT_ONCE}", bindings)
        for id, seq in doomed:
            if not _remove_conversation(db, id, seq, until):
                return True
        single = db.execute(
            f"SELECT seq, id, conversation_id, parent_id FROM message WHERE {where} "
            f"ORDER BY seq DESC LIMIT {_AT_ONCE}",
            bindings,
        )
        for seq, id, chat, parent in single:
            if time.monotonic() > until:
                return True
            _remove_message(db, seq, id, chat, parent)
    from desktop_chat.storage.indexing import forget_slice

    if _AT_ONCE in (len(doomed), len(single)) or forget_slice(db):
        return True
    # The log still holds pages with the text.
    db.forget_deleted()
    return False


def _remove_conversation(db: Database, id: str, seq: int, until: float) -> bool:
    """Whether there was time for all of it."""
    db.execute(
        "DELETE FROM draft WHERE key = ?1 OR key IN (SELECT id FROM message WHERE conversation_id = ?1)",
        (id,),
    )
    while time.monotonic() < until:
        # Answers stand behind what they answer, so the last ones have none.
        last = db.execute(
            "DELETE FROM message WHERE seq IN "
            "(SELECT seq FROM message WHERE conversation_id = ? ORDER BY seq DESC LIMIT ?) RETURNING seq",
            (id, _AT_ONCE),
        )
        if len(last) < _AT_ONCE:
            db.execute("DELETE FROM conversation WHERE seq = ?", (seq,))
            return True
    return False


def _remove_message(db: Database, seq: int, id: str, chat: str, parent: str | None) -> None:
    """What hangs below it hangs below its parent from then on."""
    db.execute("UPDATE message SET parent_id = ? WHERE parent_id = ?", (parent, id))
    db.execute("UPDATE conversation SET active_leaf = ? WHERE id = ? AND active_leaf = ?", (parent, chat, id))
    db.execute("DELETE FROM draft WHERE key = ?", (id,))
    db.execute("DELETE FROM message WHERE seq = ?", (seq,))
    evidence.sweep(db, chat)


def forget_answers(db: Database, before: float) -> None:
    """Answers that are kept to be given again, and were given before a time."""
    if db.execute("SELECT 1 FROM cached_answer WHERE created_at < ? LIMIT 1", (before,)):
        with db.transaction():
            db.execute("DELETE FROM cached_answer WHERE created_at < ?", (before,))
        db.forget_deleted()


_LEDGER = ("ledger", "ledger_endpoint", "slot", "slot_sum", "slot_chat", "slot_first_token")
"""The tables that outlive conversations."""


def wipe(db: Database, ledger: bool) -> None:
    """Make this a new database, with the ledger of this one unless ``ledger`` goes, too.

    The new one takes its place in one transaction: to delete a million messages row by row takes minutes.
    """
    fresh = db.path.with_name(f"{db.path.name}-new")
    files = [fresh, *(fresh.with_name(f"{fresh.name}{end}") for end in ("-wal", "-shm"))]
    try:
        for file in files:
            file.unlink(missing_ok=True)
        # Where there are backups, a database that is missing is not made.
        Database(fresh, fresh.with_name(f"{fresh.name}-backups")).close()
        if not ledger:
            _copy_ledger(db, fresh)
        db.become(fresh)
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _copy_ledger(db: Database, target: Path) -> None:
    db.execute("ATTACH ? AS target", (str(target),))
    try:
        with db.transaction(), db.without_triggers():
            for table in _LEDGER:
                db.execute(f"INSERT INTO target.{table} SELECT * FROM main.{table}")
    finally:
        db.execute("DETACH target")
