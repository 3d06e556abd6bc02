"""Reports of what was used, made of the sums that the database keeps, on a connection that only reads."""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path

import apsw

from desktop_chat.domain.ledger import SERIES, Group, Grouping, Totals, UsageReport
from desktop_chat.storage.database import Row
from desktop_chat.storage.errors import reading
from desktop_chat.storage.ledger import MONEY, cover, totals_from
from desktop_chat.storage.migrations import SUMS

_KEYS = {
    Grouping.MODEL: ("slot_sum", "model"),
    Grouping.ENDPOINT: ("slot_sum", "endpoint_id"),
    Grouping.PURPOSE: ("slot_sum", "purpose"),
    Grouping.CHAT: ("slot_chat", "conversation_id"),
}
"""Which sums tell the groups apart, and by which column."""

_LABELS = {
    Grouping.ENDPOINT: "SELECT id, name FROM ledger_endpoint",
    Grouping.CHAT: "SELECT id, title FROM conversation WHERE deleted_at IS NULL",
}
"""What groups are called that are not called by their key."""

_NAMES = ", ".join(SUMS)
_SPLIT = 10**9

# A sum of picodollars may need more than 64 bits, and SQLite fails where it does: so in two parts.
_ADDED = ", ".join(
    f"sum({name} / {_SPLIT}), sum({name} % {_SPLIT})" if name in MONEY else f"sum({name})" for name in SUMS
)

_TABLES = """
    CREATE TEMP TABLE whole (slot INTEGER PRIMARY KEY, period INTEGER NOT NULL);
    CREATE TEMP TABLE cut (day INTEGER, begin REAL, until REAL, period INTEGER);
    CREATE TEMP TABLE best (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# By the index of started_at: without the plus SQLite makes one of all days first, for every report.
_CUT_ROWS = (
    "cut CROSS JOIN ledger_sum AS row ON started_at >= begin AND started_at < until AND +row.day = cut.day"
)


def usage(connection: apsw.Connection, path: Path, boundaries: Sequence[float], by: Grouping) -> UsageReport:
    """The report that :meth:`Store.usage` tells of, from the database ``path``."""
    table, column = _KEYS[by]
    connection.execute(_TABLES)
    # All statements see the same rows.
    with connection, reading(path):
        slots = connection.execute(
            "SELECT slot, first, last FROM slot WHERE last >= ? AND first < ? ORDER BY slot",
            (boundaries[0], boundaries[-1]),
        )
        whole, cut = cover(slots, boundaries)
        connection.executemany("INSERT INTO whole VALUES (?, ?)", whole)
        connection.executemany("INSERT INTO cut VALUES (?, ?, ?, ?)", cut)
        connection.execute(
            f"CREATE TEMP TABLE part AS SELECT period, {column} AS key, {_NAMES} FROM {_CUT_ROWS}"
        )
        sums = {
            key: _counts(row)
            for key, *row in connection.execute(
                f"SELECT key, {_ADDED} FROM (SELECT {column} AS key, {_NAMES} FROM whole CROSS JOIN {table} "
                f"USING (slot) UNION ALL SELECT key, {_NAMES} FROM part) GROUP BY key"
            )
        }
        order = sorted(sums, key=lambda key: _rank(key, sums[key]))
        best = order[:SERIES]
        connection.executemany("INSERT INTO best VALUES (?)", ((key,) for key in best))
        series: dict[str, dict[int, Totals]] = {key: {} for key in best}
        for key, period, *row in connection.execute(
            f"SELECT key, period, {_ADDED} FROM ("
            f"SELECT key, period, {_NAMES} FROM whole CROSS JOIN {table} USING (slot) "
            f"JOIN best ON key = {column} UNION ALL "
            f"SELECT key, period, {_NAMES} FROM part JOIN best USING (key)) GROUP BY key, period"
        ):
            series[key][period] = totals_from(_counts(row))
        periods = {
            period: totals_from(_counts(row))
            for period, *row in connection.execute(
                # By any key the sums are the same, and there are fewer rows by this one.
                f"SELECT period, {_ADDED} FROM (SELECT period, {_NAMES} FROM whole CROSS JOIN slot_sum "
                f"USING (slot) UNION ALL SELECT period, {_NAMES} FROM part) GROUP BY period"
            )
        }
        labels = dict(connection.execute(_LABELS[by])) if by in _LABELS else {key: key for key in order}
        median, p95 = _first_tokens(connection)
    count = len(boundaries) - 1
    return UsageReport(
        tuple(boundaries),
        totals_from([sum(column) for column in zip(*sums.values(), strict=True)]) if sums else Totals(),
        tuple(
            Group(
                key,
                labels.get(key, ""),
                totals_from(sums[key]),
                _filled(series[key], count) if key in series else (),
            )
            for key in order
        ),
        _filled(periods, count),
        median,
        p95,
    )


def _rank(key: str, counts: Sequence[int]) -> tuple[int, int, str]:
    return -counts[_COST], -counts[_INPUT] - counts[_OUTPUT], key


_COST, _INPUT, _OUTPUT = (SUMS.index(name) for name in ("cost", "input", "output"))


def _counts(row: Iterable[int]) -> list[int]:
    """The sums of a row of ``_ADDED``, in the order of ``SUMS``."""
    values = iter(row)
    return [next(values) * _SPLIT + next(values) if name in MONEY else next(values) for name in SUMS]


def _filled(periods: dict[int, Totals], count: int) -> tuple[Totals, ...]:
    nothing = Totals()
    return tuple(periods.get(period, nothing) for period in range(count))


def _first_tokens(connection: apsw.Connection) -> tuple[float | None, float | None]:
    """The median and the 95th percentile, of what ``whole`` and ``cut`` name."""
    rows: list[Row] = connection.execute(
        "SELECT bucket, sum(requests) FROM ("
        "SELECT bucket, requests FROM whole CROSS JOIN slot_first_token USING (slot) "
        f"UNION ALL SELECT bucket, 1 FROM {_CUT_ROWS} WHERE bucket IS NOT NULL) "
        "GROUP BY bucket ORDER BY bucket"
    ).fetchall()
    if not rows:
        return None, None
    up_to = list(accumulate(count for _, count in rows))
    median, p95 = (
        rows[next(index for index, reached in enumerate(up_to) if reached >= math.ceil(share * up_to[-1]))][0]
        for share in (0.5, 0.95)
    )
    return 1.02**median, 1.02**p95
