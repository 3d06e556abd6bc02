"""The ledger as a file, for spreadsheets and programs, on a connection that only reads."""

import csv
import io
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import apsw

from desktop_chat.domain.money import from_picodollars
from desktop_chat.paths import replacing
from desktop_chat.storage.database import Row
from desktop_chat.storage.errors import DatabaseUnavailable, reading, system_translated

_COLUMNS = {
    "started_at": "started_at",
    "endpoint": "endpoint_name",
    "endpoint_id": "ledger.endpoint_id",
    "dialect": "dialect",
    "model": "ledger.model",
    "purpose": "purpose",
    "chat": "ifnull(title, '')",
    "conversation_id": "conversation_id",
    "message_id": "message_id",
    "attempt": "attempt",
    "request_id": "request_id",
    "status": "status",
    "outcome": "outcome",
    "error": "error_kind",
    "service_tier": "service_tier",
    "first_token_seconds": "first_token",
    "duration_seconds": "duration",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_tokens": "cached_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "expected_input_tokens": "expected_input",
    "counted_by": "iif(exact, 'server', 'estimate')",
    "cost_usd": "cost",
}
"""What a file tells of an attempt, and where it is from."""

_SELECT = (
    f"SELECT {', '.join(_COLUMNS.values())} FROM ledger "
    "LEFT JOIN conversation ON conversation.id = conversation_id AND conversation.deleted_at IS NULL "
    "WHERE started_at >= ? AND started_at < ? ORDER BY started_at, ledger.seq"
)

_ENDS = ("-wal", "-shm")
"""How the files end that SQLite keeps beside its own."""

_BATCH = 1_000
"""Rows that are written at once: some 300 KB."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How texts begin that spreadsheets take for a formula, which may send what the sheet holds to somebody
(https://owasp.org/www-community/attacks/CSV_Injection)."""

ExportKind = Literal["csv", "json"]


def export(
    connection: apsw.Connection, path: Path, target: Path, kind: ExportKind, since: float, until: float
) -> int:
    """Write ``target`` as :meth:`Store.export_ledger` tells, from the database ``path``."""
    own = (path, *(path.with_name(path.name + end) for end in _ENDS))
    if any(file.exists() and target.exists() and file.samefile(target) for file in own):
        raise DatabaseUnavailable("This is the file of your chats.", target)
    count = 0
    batches = _batches(connection, path, since, until)
    with system_translated(target), replacing(target) as file:
        # Without its mark Excel does not take a file for UTF-8.
        file.write(_csv([tuple(_COLUMNS)]).encode("utf-8-sig") if kind == "csv" else b"[")
        for rows in batches:
            text = _csv(map(_harmless, rows)) if kind == "csv" else _json(rows, count == 0)
            file.write(text.encode())
            count += len(rows)
        if kind == "json":
            file.write(b"\n]\n")
    return count


def _batches(connection: apsw.Connection, path: Path, since: float, until: float) -> Iterator[list[Row]]:
    found = connection.execute(_SELECT, (since, until))
    while rows := list(itertools.islice(found, _BATCH)):
        with reading(path):
            batch = [_told(*row) for row in rows]
        yield batch


def _told(started_at: float, *row: object) -> Row:
    """A row with its time and its amount as texts."""
    *others, cost = row
    told = datetime.fromtimestamp(started_at, UTC).isoformat(timespec="milliseconds")
    amount = format(from_picodollars(cost).normalize(), "f") if isinstance(cost, int) else None
    return told.replace("+00:00", "Z"), *others, amount


def _csv(rows: Iterator[Row] | list[Row]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _harmless(row: Row) -> Row:
    return tuple(
        f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value for value in row
    )


def _json(rows: list[Row], first: bool) -> str:
    objects = (json.dumps(dict(zip(_COLUMNS, row, strict=True)), ensure_ascii=False) for row in rows)
    return ("\n" if first else ",\n") + ",\n".join(objects)
