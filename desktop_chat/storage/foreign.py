"""A table of another program's database, read where it is, without a change to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

LONGEST = 50_000_000
"""Bytes of one value."""


def foreign_rows(path: Path, table: str, order: str) -> Iterator[dict[str, Any]]:
    """The rows of ``table``, sorted by the column ``order``, one after the other. Blocks.

    Only what is really a table is read: what a database computes by itself (a view) may never end. Raises
    ``ValueError`` where there is none, the file is damaged, or its program has not yet written all to it, and
    ``OSError``.
    """
    journal = path.with_name(path.name + "-wal")
    if journal.is_file() and journal.stat().st_size:
        raise ValueError("its program is still running: close that first")
    # Immutable: no journal and no lock is made beside the file.
    address = path.absolute().as_uri() + "?mode=ro&immutable=1"
    try:
        connection = apsw.Connection(address, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    except apsw.Error as error:
        raise ValueError("it cannot be opened") from error
    try:
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, LONGEST)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        known = connection.execute(
            "SELECT count(*) FROM sqlite_schema "
            "WHERE type = 'table' AND name = ? AND sql NOT LIKE '%VIRTUAL%'",
            (table,),
        ).get
        if not known:
            raise ValueError(f"it has no table {table}")
        cursor = connection.execute(f'SELECT * FROM "{table}" ORDER BY "{order}"')
        names: list[str] = []
        for row in cursor:
            names = names or [column[0] for column in cursor.get_description()]
            yield dict(zip(names, row, strict=True))
    except (apsw.Error, UnicodeDecodeError) as error:
        raise ValueError("it is damaged") from error
    finally:
        connection.close(True)
