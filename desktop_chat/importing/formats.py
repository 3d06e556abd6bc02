"""What the readers of the formats have in common."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from desktop_chat.domain.archive import Entries, History, Library, Skipped
from desktop_chat.importing.records import Record
from desktop_chat.importing.source import Source


@dataclass(frozen=True, slots=True)
class Format:
    """``program`` is what its makers call it. ``takes`` tells by its shape alone whether a record is of this
    format; ``read`` makes of it what it holds, and raises ``shaping.Odd``."""

    program: str
    takes: Callable[[Record], bool]
    read: Callable[[Record, Source], Iterator[History | Library | Entries | Skipped]]
