"""Lists of conversations: which there are in what order, and what a page of them shows."""

import json
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Listing, Shelf, Sort, View
from desktop_chat.domain.titles import title_key
from desktop_chat.storage.database import Database, storable
from desktop_chat.storage.errors import reading
from desktop_chat.storage.rows import CONVERSATION_COLUMNS, conversation_from

_SHELVES = {
    Shelf.CHATS: "deleted_at IS NULL AND archived = 0",
    Shelf.ARCHIVE: "deleted_at IS NULL AND archived = 1",
    Shelf.TRASH: "deleted_at IS NOT NULL",
}
_ORDERS = {
    Sort.USED: "sequence DESC",
    Sort.MADE: "created_at DESC, seq",
    Sort.TITLE: "title_key, sequence DESC",
    # Slot 0 holds the sums over all of the ledger.
    Sort.COST: "ifnull((SELECT cost FROM slot_chat WHERE slot = 0 AND conversation_id = id), 0) DESC, "
    "sequence DESC",
}


def listing(connection: apsw.Connection, path: Path, view: View) -> Listing:
    """The rows of a view of the database ``path``.

    SQLite joins the numbers of all rows to one text of hexadecimal digits, while the interpreter's lock is
    free: row by row, or as JSON, 100,000 of them hold up the window for 20 ms.
    """
    rows, bindings = statement(view)
    with reading(path):
        found = connection.execute(
            "SELECT group_concat(printf('%016x', seq), ''), group_concat(printf('%016x', time), ''), "
            f"ifnull(sum(pinned), 0) FROM ({rows})",
            bindings,
        )
        ((seqs, times, pins),) = found
        return Listing(_numbers(seqs), array("d", _numbers(times)), pins)


def _numbers(digits: str | None) -> "array[int]":
    numbers = array("q", bytes.fromhex(digits or ""))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def statement(view: View) -> tuple[str, list[Any]]:
    """The SQL that gives ``seq``, ``time`` and ``pinned`` of the rows of a view in their order, and what is
    bound in it."""
    where, bindings = [_SHELVES[view.shelf]], list[Any]()
    order, time, pinned = _ORDERS[view.sort], "used_at", "pinned"
    if view.sort is Sort.MADE:
        time = "created_at"
    if view.shelf is Shelf.TRASH:
        pinned = "0"
        if view.sort is Sort.USED:
            order, time = "deleted_at DESC, sequence DESC", "deleted_at"
    else:
        order = f"pinned DESC, {order}"
    if view.folder is not None:
        where.append("folder_id = ?" if view.folder else "folder_id IS NULL")
        bindings += [view.folder] if view.folder else []
    if view.tag is not None:
        where.append(
            "seq IN (SELECT conversation_seq FROM conversation_tag "
            "WHERE tag_seq = (SELECT seq FROM tag WHERE id = ?))"
        )
        bindings.append(view.tag)
    words = title_key(storable(view.words)).split()
    where += ["instr(title_key, ?) > 0"] * len(words)
    bindings += words
    # The order decides on the index otherwise, and each title is looked up.
    index = "INDEXED BY conversation_title" if words and view.shelf is not Shelf.TRASH else ""
    return (
        f"SELECT seq, CAST({time} AS INTEGER) AS time, {pinned} AS pinned FROM conversation {index} "
        f"WHERE {' AND '.join(where)} ORDER BY {order}",
        bindings,
    )


def conversations(db: Database, seqs: Sequence[int]) -> list[Conversation]:
    """Those of ``seqs`` that are stored, in this order."""
    with reading(db.path):
        return [
            conversation_from(row)
            for row in db.execute(
                f"SELECT {CONVERSATION_COLUMNS} FROM (SELECT key AS place, value FROM json_each(?)) "
                "JOIN conversation ON seq = value ORDER BY place",
                (json.dumps(list(seqs)),),
            )
        ]


def conversation(db: Database, conversation_id: str) -> Conversation | None:
    with reading(db.path):
        for row in db.execute(
            f"SELECT {CONVERSATION_COLUMNS} FROM conversation WHERE id = ?", (conversation_id,)
        ):
            return conversation_from(row)
    return None


def counts(connection: apsw.Connection) -> dict[Shelf, int]:
    """How many conversations stand on each shelf."""
    return {
        shelf: next(connection.execute(f"SELECT count(*) FROM conversation WHERE {where}"))[0]
        for shelf, where in _SHELVES.items()
    }
