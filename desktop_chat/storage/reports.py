"""Reports of what was used, made of the sums that the database keeps, on a connection that only reads."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import apsw

from desktop_chat.domain.ledger import SERIES, Group, Grouping, Totals, UsageReport
from desktop_chat.storage.database import Row
from desktop_chat.storage.errors import reading
from desktop_chat.storage.ledger import MONEY, cover, totals_from
from desktop_chat.storage.migrations import SUMS

Counts = list[int]
"""Sums in the order of ``SUMS``."""

Series = dict[int, Counts]
"""The sums of periods, by their number."""

Grouped = tuple[dict[str, Counts], dict[str, Series], Series]
"""The sums of each group, those of its periods, and those of the periods of all groups."""

_KEYS = {
    Grouping.MODEL: "model",
    Grouping.ENDPOINT: "endpoint_id",
    Grouping.PURPOSE: "purpose",
    Grouping.CHAT: "conversation_id",
}
"""The column that tells the groups apart."""

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
    connection.execute(_TABLES)
    # All statements see the same rows.
    with connection, reading(path):
        slots: list[Row] = connection.execute(
            "SELECT slot, first, last FROM slot WHERE last >= ? AND first < ? ORDER BY slot",
            (boundaries[0], boundaries[-1]),
        ).fetchall()
        groups = _by_chat if by is Grouping.CHAT else _by_others
        sums, series, periods = groups(connection, slots, boundaries, _KEYS[by])
        labels = dict(connection.execute(_LABELS[by])) if by in _LABELS else {key: key for key in sums}
        median, p95 = _first_tokens(connection)
    return UsageReport(
        tuple(boundaries),
        totals_from(_total(periods.values())),
        tuple(
            Group(
                key,
                labels.get(key, ""),
                totals_from(sums[key]),
                _filled(series[key], boundaries) if number < SERIES else (),
            )
            for number, key in enumerate(_best_first(sums))
        ),
        _filled(periods, boundaries),
        median,
        p95,
    )


def _by_others(
    connection: apsw.Connection, slots: Sequence[Row], boundaries: Sequence[float], column: str
) -> Grouped:
    _take(connection, slots, boundaries, column)
    series: dict[str, Series] = {}
    periods: dict[int, list[Counts]] = {}
    source = "whole CROSS JOIN slot_sum USING (slot)"
    for (key, period), counts in _sums(connection, "key, period", f"{column} AS key, period", source, "rest"):
        series.setdefault(key, {})[period] = counts
        periods.setdefault(period, []).append(counts)
    sums = {key: _total(parts.values()) for key, parts in series.items()}
    return sums, series, {period: _total(parts) for period, parts in periods.items()}


def _by_chat(
    connection: apsw.Connection, slots: Sequence[Row], boundaries: Sequence[float], column: str
) -> Grouped:
    """Only the best have their periods told, and all are added up in the longest slots that there are: there
    may be as many sums of thousands of chats in each day as there are attempts."""
    _take(connection, slots, (boundaries[0], boundaries[-1]), column)
    source = "whole CROSS JOIN slot_chat USING (slot)"
    sums = {key: counts for (key,), counts in _sums(connection, "key", f"{column} AS key", source, "rest")}
    series: dict[str, Series] = {key: {} for key in _best_first(sums)[:SERIES]}
    connection.executemany("INSERT INTO best VALUES (?)", ((key,) for key in series))
    _take(connection, slots, boundaries, column)
    source = f"whole CROSS JOIN best CROSS JOIN slot_chat ON slot_chat.slot = whole.slot AND {column} = key"
    rows = "rest JOIN best USING (key)"
    for (key, period), counts in _sums(connection, "key, period", "key, period", source, rows):
        series[key][period] = counts
    source = "whole CROSS JOIN slot USING (slot)"
    periods = {period: counts for (period,), counts in _sums(connection, "period", "period", source, "rest")}
    return sums, series, periods


def _take(
    connection: apsw.Connection, slots: Sequence[Row], boundaries: Sequence[float], column: str
) -> None:
    """Note in ``whole`` which slots are added up for which period, and in ``rest`` the rows beside them."""
    whole, cut = cover(slots, boundaries)
    connection.execute("DELETE FROM whole; DELETE FROM cut; DROP TABLE IF EXISTS temp.rest")
    connection.executemany("INSERT INTO whole VALUES (?, ?)", whole)
    connection.executemany("INSERT INTO cut VALUES (?, ?, ?, ?)", cut)
    connection.execute(
        f"CREATE TEMP TABLE rest AS SELECT period, {column} AS key, bucket, {_NAMES} FROM {_CUT_ROWS}"
    )


def _sums(
    connection: apsw.Connection, keys: str, columns: str, slots: str, rows: str
) -> Iterator[tuple[Row, Counts]]:
    """What the slots and the rows add up to, for each of ``keys``, which are ``columns`` of the slots."""
    width = keys.count(",") + 1
    for row in connection.execute(
        f"SELECT {keys}, {_ADDED} FROM (SELECT {columns}, {_NAMES} FROM {slots} "
        f"UNION ALL SELECT {keys}, {_NAMES} FROM {rows}) GROUP BY {keys}"
    ):
        values = iter(row[width:])
        counts = [next(values) * _SPLIT + next(values) if name in MONEY else next(values) for name in SUMS]
        yield row[:width], counts


def _total(counts: Iterable[Counts]) -> Counts:
    return [sum(column) for column in zip([0] * len(SUMS), *counts, strict=True)]


def _best_first(sums: dict[str, Counts]) -> list[str]:
    """The keys by cost, then by tokens."""
    cost, read, written = (SUMS.index(name) for name in ("cost", "input", "output"))

    def rank(key: str) -> tuple[int, int, str]:
        counts = sums[key]
        return -counts[cost], -counts[read] - counts[written], key

    return sorted(sums, key=rank)


def _filled(series: Series, boundaries: Sequence[float]) -> tuple[Totals, ...]:
    nothing = Totals()
    return tuple(
        totals_from(series[period]) if period in series else nothing for period in range(len(boundaries) - 1)
    )


def _first_tokens(connection: apsw.Connection) -> tuple[float | None, float | None]:
    """The median and the 95th percentile of what is in ``whole`` and ``rest``."""
    rows: list[Row] = connection.execute(
        "SELECT bucket, sum(requests) FROM ("
        "SELECT bucket, requests FROM whole CROSS JOIN slot_first_token USING (slot) "
        "UNION ALL SELECT bucket, 1 FROM rest WHERE bucket IS NOT NULL) "
        "GROUP BY bucket ORDER BY bucket"
    ).fetchall()
    if not rows:
        return None, None
    up_to = list(accumulate(count for _, count in rows))
    median, p95 = (
        rows[next(index for index, reached in enumerate(up_to) if 100 * reached >= percent * up_to[-1])][0]
        for percent in (50, 95)
    )
    return 1.02**median, 1.02**p95
