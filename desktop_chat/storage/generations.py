"""Which copies of the database are kept as they grow old: many of late, few of long ago.

A check of the database finds only some of what a disk can damage (SQLite knows no checksums), so that damage
may be in many copies before anybody notices: old generations are worth their room.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

RECENT = timedelta(days=2)
"""All copies that are younger are kept."""

DAILY, WEEKLY, MONTHLY = 12, 10, 9
"""How many older ones are: the last of a day each, then of a week, then of a month, as Anki keeps them."""

SMALLEST_LIMIT = 5 * 2**30
"""Bytes that all copies together may always take."""

LIMIT_IN_DATABASES = 5
"""How many times the size of the database they may take where that is more."""


class Copy(NamedTuple):
    """A copy as far as its age and size go. ``is_safe``: it goes only where there is too little room."""

    key: str
    made_at: datetime
    size: int
    is_safe: bool = False


_PERIODS: tuple[tuple[int, Callable[[datetime], object]], ...] = (
    (DAILY, lambda at: at.date()),
    (WEEKLY, lambda at: at.isocalendar()[:2]),
    (MONTHLY, lambda at: (at.year, at.month)),
)


def limit_for(database_size: int) -> int:
    """Bytes that the copies of a database of that many bytes may take."""
    return max(SMALLEST_LIMIT, LIMIT_IN_DATABASES * database_size)


def obsolete(copies: Iterable[Copy], now: datetime, limit: int, good: str) -> list[str]:
    """The keys of the copies that are not needed any more, the oldest first.

    ``limit`` is how many bytes the others may take; ``good`` is the key of the newest copy that is sound,
    which stays whatever its age and size. Copies of a time to come are recent ones: the clock was wrong.
    """
    newest_first = sorted(copies, key=lambda copy: (copy.made_at, copy.key), reverse=True)
    left = [number for number, _ in _PERIODS]
    seen: list[object] = [None] * len(_PERIODS)
    kept: list[Copy] = []
    gone: list[str] = []
    for copy in newest_first:
        if copy.is_safe or copy.key == good or now - copy.made_at < RECENT:
            kept.append(copy)
            continue
        at = copy.made_at.astimezone()
        periods = [period(at) for _, period in _PERIODS]
        stage = next((stage for stage, number in enumerate(left) if number), None)
        if stage is None or periods[stage] == seen[stage]:
            gone.append(copy.key)
            continue
        left[stage] -= 1
        # A copy stands for its week and its month, too.
        seen = periods
        kept.append(copy)
    room = limit - sum(copy.size for copy in kept if copy.key == good)
    for copy in kept:
        if copy.key != good:
            room -= copy.size
            if room < 0:
                gone.append(copy.key)
    order = {copy.key: place for place, copy in enumerate(newest_first)}
    return sorted(gone, key=lambda key: -order[key])
