"""Which rows a list of conversations has: names of groups, folders, and conversations, as runs of rows."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from PySide6.QtCore import QLocale

from desktop_chat.domain.listing import Folder, Listing, Sort

ROOT = ""
"""The key of the listing of what is in no folder; a folder's is its id."""
NAMES = {Sort.TITLE: "By title", Sort.COST: "By cost"}


class Kind(Enum):
    GROUP = auto()
    FOLDER = auto()
    CHATS = auto()


@dataclass(frozen=True, slots=True)
class Run:
    """``length`` rows in a row from ``start`` on: the name of a group, a folder, or conversations.

    Conversations are those of the listing ``key`` from ``offset`` on; ``level`` is how many folders they,
    or the folder, lie in.
    """

    kind: Kind
    start: int
    length: int = 1
    name: str = ""
    folder: Folder | None = None
    is_open: bool = False
    level: int = 0
    key: str = ROOT
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A name, and the part of a listing below it: from ``start`` up to, not including, ``end``."""

    name: str
    start: int
    end: int


_LATEST = 250_000_000_000
"""Unix time of the year 9892."""


def groups(listing: Listing, sort: Sort, today: date) -> list[Group]:
    """The groups of ``listing``: the pinned ones, then by day, newest first, or all by what is sorted by.

    Looks at few of the times. Where they do not fall (a clock was set back), a group may hold a neighbour's.
    """
    times, count = listing.times, len(listing)
    made: list[Group] = []
    start = listing.pinned
    if start:
        made.append(Group("Pinned", 0, start))
    if sort in NAMES:
        return [*made, Group(NAMES[sort], start, count)] if start < count else made
    recent = {
        "Today": today,
        "Yesterday": today - timedelta(days=1),
        "Previous 7 days": today - timedelta(days=7),
        "Previous 30 days": today - timedelta(days=30),
    }
    for name, first_day in recent.items():
        end = _end_of(times, start, first_day)
        if end > start:
            made.append(Group(name, start, end))
        start = end
    while start < count:
        # What a damaged file or a wrong clock left may be no date.
        time = min(max(times[start], 0), _LATEST)
        first_day = date.fromtimestamp(time).replace(day=1)  # noqa: DTZ012
        month = QLocale().standaloneMonthName(first_day.month)
        name = month if first_day.year == today.year else f"{month} {first_day.year}"
        end = max(start + 1, _end_of(times, start, first_day))
        made.append(Group(name, start, end))
        start = end
    return made


def _end_of(times: Sequence[float], start: int, first_day: date) -> int:
    """Where, from ``start`` on, the first conversation lies whose time is before ``first_day``."""
    since = datetime(first_day.year, first_day.month, first_day.day).timestamp()  # noqa: DTZ001
    return bisect_left(times, True, lo=start, key=lambda time: time < since)


def children(folders: Sequence[Folder]) -> dict[str | None, list[Folder]]:
    """The folders in each folder, in their order; those whose parent is not known stand at the top."""
    known = {folder.id for folder in folders}
    made: dict[str | None, list[Folder]] = {}
    for folder in sorted(folders, key=lambda folder: folder.position):
        made.setdefault(folder.parent if folder.parent in known else None, []).append(folder)
    return made


def arrange(
    listings: Mapping[str, Listing],
    folders: Sequence[Folder],
    opened: Collection[str],
    sort: Sort,
    today: date,
) -> list[Run]:
    """The rows of a list: what is pinned, the folders with what is in those that are ``opened``, the rest."""
    root = listings.get(ROOT, Listing())
    runs: list[Run] = []
    row = 0

    def add(kind: Kind, length: int = 1, **what: object) -> None:
        nonlocal row
        runs.append(Run(kind, row, length, **what))  # type: ignore[arg-type]
        row += length

    def add_folders(parent: str | None, level: int) -> None:
        for folder in below.get(parent, ()):
            is_open = folder.id in opened and folder.id in listings
            add(Kind.FOLDER, name=folder.name, folder=folder, is_open=is_open, level=level)
            if is_open:
                add_folders(folder.id, level + 1)
                if length := len(listings[folder.id]):
                    add(Kind.CHATS, length, folder=folder, level=level + 1, key=folder.id)

    below = children(folders)
    made = groups(root, sort, today)
    pinned = made[:1] if root.pinned else []
    for group in (*pinned, None, *made[len(pinned) :]):
        if group is not None:
            add(Kind.GROUP, name=group.name)
            add(Kind.CHATS, group.end - group.start, offset=group.start)
        elif folders:
            add(Kind.GROUP, name="Folders")
            add_folders(None, 0)
    return runs
