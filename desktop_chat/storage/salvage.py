"""What can still be read of a damaged database, written into a new one."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import apsw

from desktop_chat.domain.ids import new_id
from desktop_chat.domain.titles import title_key
from desktop_chat.storage.backups import never
from desktop_chat.storage.errors import DatabaseCorrupt, translated
from desktop_chat.storage.migrations import MIGRATIONS, migrate
from desktop_chat.storage.pages import TABLE_LEAF, Pages, Row, Value, open_log

_DERIVED = {"migration", "slot", "slot_sum", "slot_chat", "slot_first_token", "token_count"}
"""What is worked out from the rest, by triggers or when it is asked for."""

_TYPES: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "REAL": (float, int),
    "TEXT": (str,),
    "BLOB": (bytes,),
}
_EMPTY: dict[str, Value] = {"INTEGER": 0, "REAL": 0.0, "TEXT": "", "BLOB": b""}
_SAVED = "Saved from a damaged file"
_STAND_INS: dict[str, dict[str, Value]] = {
    "conversation": {
        "title": _SAVED,
        "title_key": title_key(_SAVED),
        "title_source": "user",
        "parameters": "{}",
        "context": "{}",
    },
    "message": {"role": "assistant", "state": "complete"},
    "attachment": {"media_type": "application/octet-stream"},
    "folder": {"name": _SAVED},
}
"""What takes the place of a row that others refer to and that could not be read."""

_AT_ONCE = 1000
"""Rows between two questions whether it goes on."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """How much was read, and how many rows were seen that could not be."""

    chats: int
    messages: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str
    may_be_empty: bool
    has_default: bool
    key: int
    """Its place in the primary key, 0 where it is not in it."""


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[_Column, ...]
    has_rowid: bool

    @property
    def alias(self) -> int | None:
        """The column that is the rowid, by its place."""
        keys = [place for place, column in enumerate(self.columns) if column.key]
        is_alias = self.has_rowid and len(keys) == 1 and self.columns[keys[0]].kind == "INTEGER"
        return keys[0] if is_alias else None

    @property
    def order(self) -> list[int]:
        """The columns in the order in which their values are stored, by place."""
        places = list(range(len(self.columns)))
        if self.has_rowid:
            return places
        return sorted(places, key=lambda place: (self.columns[place].key or len(places) + 1, place))

    def take(self, row: Row) -> dict[str, Value] | None:
        """The values of ``row`` by column; None where it cannot be one of this table."""
        if len(row.values) > len(self.columns) or (row.rowid is None) is self.has_rowid:
            return None
        taken: dict[str, Value] = {}
        for index, place in enumerate(self.order):
            column = self.columns[place]
            if index >= len(row.values):
                # Added by ALTER TABLE after the row was written.
                if not column.has_default and not column.may_be_empty:
                    return None
                continue
            value = row.values[index]
            if place == self.alias and value is None:
                value = row.rowid
            if value is None:
                if not column.may_be_empty:
                    return None
            elif not isinstance(value, _TYPES[column.kind]):
                return None
            taken[column.name] = value
        return taken


def salvage(path: Path, target: Path, is_over: Callable[[], bool] = never) -> Salvaged:
    """Write what can be read of the damaged database ``path`` into the new file ``target``.

    Reads ``path`` and its log, and changes neither. Rows whose page is sound are found also where the way to
    them is damaged; what they refer to and is lost gets a stand-in, so that no text is without a chat. The
    new database is of the schema that the old one had. Some 7 minutes a gigabyte. Blocks.

    Raises DatabaseCorrupt where not one message can be read; ``target`` is then no database.
    """
    # Where only the log is left, what it holds is all that there is.
    with translated(path), (path if path.exists() else Path(os.devnull)).open("rb") as file:
        log = open_log(path)
        try:
            return _salvage(path, target, file, log, is_over)
        finally:
            if log is not None:
                log.close()


def _salvage(
    path: Path, target: Path, file: BinaryIO, log: BinaryIO | None, is_over: Callable[[], bool]
) -> Salvaged:
    pages = Pages(file, log)
    leaves = [number for number in range(1, pages.count + 1) if pages.kind(number) == TABLE_LEAF]
    roots, of_schema = _roots(pages, leaves)
    migrations = MIGRATIONS[: _version(pages, roots, leaves)]
    unreadable = 0
    with closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.pragma("synchronous", "off")
        connection.pragma("foreign_keys", False)
        migrate(connection, target, target.parent, migrations)
        tables = _tables(connection)
        claimed = set(of_schema)
        connection.execute("BEGIN IMMEDIATE")
        for table in tables:
            reached = list(pages.tree(roots.get(table.name, 0)))
            claimed.update(reached)
            unreadable += _copy(connection, table, _rows(pages, reached), is_over)
        for number in leaves:
            if number not in claimed:
                unreadable += _adopt(connection, tables, list(pages.rows(number)))
        _mend(connection)
        connection.execute("COMMIT")
        chats = connection.execute("SELECT count(*) FROM conversation").get
        messages = connection.execute("SELECT count(*) FROM message").get
    with target.open("rb+") as written:
        os.fsync(written.fileno())
    if not messages:
        raise DatabaseCorrupt(f"nothing in {path.name} can be read any more", path)
    return Salvaged(chats, messages, unreadable)


def _rows(pages: Pages, numbers: Iterable[int]) -> Iterator[Row | None]:
    for number in numbers:
        yield from pages.rows(number)


def _roots(pages: Pages, leaves: Sequence[int]) -> tuple[dict[str, int], set[int]]:
    """Where each table begins, and the pages that tell it: also those that page 1 does not lead to."""
    roots: dict[str, int] = {}
    told = set(pages.tree(1))
    for number in (*told, *leaves):
        for row in pages.rows(number):
            match row:
                case Row(int(), ("table", str(name), str(), int(root), str())) if root > 0:
                    roots.setdefault(name, root)
                    told.add(number)
    return roots, told


def _version(pages: Pages, roots: dict[str, int], leaves: Sequence[int]) -> int:
    """Which schema the database has: of its header, else of what it tells of its migrations."""
    if 0 < pages.user_version <= len(MIGRATIONS):
        return pages.user_version
    names = [migration.name for migration in MIGRATIONS]
    numbers = list(pages.tree(roots["migration"])) if "migration" in roots else leaves
    versions = [
        row.rowid
        for row in _rows(pages, numbers)
        if row is not None
        and row.rowid is not None
        and 0 < row.rowid <= len(names)
        and len(row.values) == 3
        and row.values[1] == names[row.rowid - 1]
    ]
    return max(versions, default=len(MIGRATIONS))


def _tables(connection: apsw.Connection) -> list[_Table]:
    """The tables to fill."""
    found = []
    for _schema, name, kind, _count, without_rowid, _strict in connection.execute("PRAGMA table_list"):
        if kind != "table" or name.startswith("sqlite_") or name in _DERIVED:
            continue
        columns = tuple(
            _Column(name, kind, not not_null and not key, default is not None, key)
            for _, name, kind, not_null, default, key in connection.execute(f"PRAGMA table_info({name})")
        )
        if all(column.kind in _TYPES for column in columns):
            found.append(_Table(name, columns, not without_rowid))
    return found


def _copy(
    connection: apsw.Connection, table: _Table, rows: Iterable[Row | None], is_over: Callable[[], bool]
) -> int:
    """Add the rows; returns how many could not be read."""
    lost = 0
    for number, row in enumerate(rows):
        if number % _AT_ONCE == 0 and is_over():
            raise apsw.InterruptError("what can be read is not wanted any more")
        taken = table.take(row) if row is not None else None
        if taken is None:
            lost += 1
            continue
        names, marks = ", ".join(taken), ", ".join("?" * len(taken))
        with suppress(apsw.ConstraintError):
            sql = f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({marks})"
            connection.execute(sql, tuple(taken.values()))
    return lost


def _adopt(connection: apsw.Connection, tables: Sequence[_Table], rows: Sequence[Row | None]) -> int:
    """Add the rows of a page that no table leads to any more to the one that they must be of."""
    read = [row for row in rows if row is not None]
    fits = Counter(
        {table.name: sum(table.take(row) is not None for row in read) for table in tables if table.has_rowid}
    )
    likely = [
        (count, sum(len(row.values) == len(table.columns) for row in read), table)
        for table in tables
        if (count := fits[table.name])
    ]
    if not likely:
        return 0
    best = max(likely, key=lambda found: found[:2])
    # Where it may be two tables it is nobody's: a word in the wrong place is worse than none.
    if sum(found[:2] == best[:2] for found in likely) > 1:
        return len(rows)
    return _copy(connection, best[2], rows, never)


def _mend(connection: apsw.Connection) -> None:
    """Give what is lost and referred to a stand-in; what refers to something else goes."""
    connection.execute(
        """
        UPDATE message SET parent_id = (
            SELECT id FROM message AS earlier
            WHERE earlier.conversation_id = message.conversation_id AND earlier.seq < message.seq
            ORDER BY earlier.seq DESC LIMIT 1
        )
        WHERE parent_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM message AS parent WHERE parent.id = message.parent_id)
        """
    )
    while broken := connection.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid, parent, number in broken:
            keys = connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
            source, wanted = next((row[3], row[4]) for row in keys if row[0] == number)
            if rowid is None or parent not in _STAND_INS:
                lost = f'"{source}" NOT IN (SELECT "{wanted}" FROM {parent})'
                connection.execute(f"DELETE FROM {table} WHERE {lost}")
                continue
            value = connection.execute(f'SELECT "{source}" FROM {table} WHERE rowid = ?', (rowid,)).get
            _stand_in(connection, parent, str(wanted), value)
    connection.execute(
        """
        UPDATE conversation SET (created_at, used_at) = (
            SELECT min(created_at), max(created_at) FROM message
            WHERE conversation_id = conversation.id
        )
        WHERE used_at = 0 AND EXISTS (SELECT 1 FROM message WHERE conversation_id = conversation.id)
        """
    )


def _stand_in(connection: apsw.Connection, table: str, column: str, value: Value) -> None:
    """Make the row of ``table`` whose ``column`` is ``value``, unless it is there by now."""
    if connection.execute(f'SELECT 1 FROM {table} WHERE "{column}" = ?', (value,)).get:
        return
    row: dict[str, Value] = {}
    for _, name, kind, not_null, default, _ in connection.execute(f"PRAGMA table_info({table})").fetchall():
        if not_null and default is None:
            row[str(name)] = new_id() if name == "id" else _EMPTY[str(kind)]
    row |= {name: given for name, given in _STAND_INS[table].items() if name in row}
    row[column] = value
    if table == "message":
        row |= _last_place(connection)
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


def _last_place(connection: apsw.Connection) -> dict[str, Value]:
    """The chat of the pieces whose own is lost, and the end of it."""
    last = connection.execute(
        "SELECT conversation_id, message.id FROM message JOIN conversation "
        "ON conversation.id = conversation_id WHERE title = ? ORDER BY message.seq DESC LIMIT 1",
        (_SAVED,),
    ).fetchone()
    if last is None:
        chat = new_id()
        _stand_in(connection, "conversation", "id", chat)
        return {"conversation_id": chat, "parent_id": None}
    return {"conversation_id": last[0], "parent_id": last[1]}
