"""Histories of other programs, and our own, read from their exports in little memory.

What is read is data from anywhere: nothing of it is fetched, run or written, settings in it are not looked
at, and what is odd is left out and told, never a reason to stop.
"""

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from desktop_chat.domain.archive import Entries, History, Library, Skipped
from desktop_chat.importing import chatbox, chatgpt, claude, librechat, open_webui, own, pygpt
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record, records_of
from desktop_chat.importing.shaping import Odd
from desktop_chat.importing.source import Source, Unreadable

__all__ = ["Item", "Preview", "Rows", "Told", "Unreadable", "preview", "read"]

Item = History | Library | Entries | Skipped
Rows = pygpt.Rows
Told = Callable[[int, int], None]
"""Gets the bytes that were read, and all there are."""

FORMATS: tuple[Format, ...] = (
    own.FORMAT,
    chatgpt.FORMAT,
    claude.FORMAT,
    open_webui.FORMAT,
    librechat.FORMAT,
    chatbox.FORMAT,
    pygpt.FORMAT,
)
"""Asked in this order whether a record is theirs."""
_OF_CHATS = re.compile(r"conversations(-\d+)?\.json", re.IGNORECASE)
_NOTHING = "No chats of a program that is known are in it."
_ENOUGH = 1.0
"""Seconds that a preview may take, and the titles that it shows."""
_TITLES = 5
_PATIENCE = 10
"""How many times longer a preview may take where no chat was found yet."""


class _Enough(Exception):
    """There is no time for more."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an export seems to be: of which programs, with how many chats so far, the titles of the first of
    them, whether that are all, and its bytes."""

    programs: tuple[str, ...] = ()
    chats: int = 0
    titles: tuple[str, ...] = ()
    is_all: bool = False
    size: int = 0


def read(
    path: Path,
    rows: Rows,
    told: Told = lambda done, total: None,
    knew: Callable[[str], None] = lambda program: None,
) -> Generator[Item, None, None]:
    """What is in a file, an archive or a folder, in its order. Blocks; close it to stop. The files of a
    history can be read until the next item is asked for.

    ``rows`` reads a table of a database; ``knew`` gets the program of each chat. What cannot be read
    comes as :class:`Skipped`, be it all. Raises nothing but what ``told`` and ``knew`` do.
    """
    try:
        source = Source(path)
    except (OSError, ValueError) as error:
        yield Skipped(path.name, _why(error))
        return
    try:
        yield from _read(source, rows, told, knew)
    finally:
        source.close()


def preview(path: Path, rows: Rows, most: float = _ENOUGH) -> Preview:
    """Look into an export for ``most`` seconds, some more where there is no chat yet. Blocks. Raises
    :class:`Unreadable` where nothing is in it."""
    programs: dict[str, None] = {}
    titles: list[str] = []
    chats, total, is_all, why = 0, 0, True, _NOTHING

    def told(done: int, all_: int) -> None:
        nonlocal total
        total = all_
        if time.monotonic() > (end if chats else end + _PATIENCE * most):
            raise _Enough

    end = time.monotonic() + most
    items = read(path, rows, told, lambda program: programs.setdefault(program))
    try:
        for item in items:
            if isinstance(item, History):
                chats += 1
                if len(titles) < _TITLES:
                    titles.append(item.conversation.title)
            elif isinstance(item, Skipped) and not chats:
                why = item.why
            if time.monotonic() > end and chats:
                raise _Enough
    except _Enough:
        is_all = False
        items.close()
    if not chats and is_all:
        raise Unreadable(why)
    return Preview(tuple(programs), chats, tuple(titles), is_all, total)


def _read(source: Source, rows: Rows, told: Told, knew: Callable[[str], None]) -> Iterator[Item]:
    if source.is_database:
        knew(pygpt.FORMAT.program)
        yield from pygpt.database(source, rows, told)
        return
    done, any_known = 0, False
    names = source.names
    total = 0
    for name in names:
        try:
            total += source.size(name)
        except OSError:
            continue

    def took(size: int) -> None:
        nonlocal done
        done += size
        told(done, total)

    told(0, total)
    for name in names:
        unknown: list[Skipped] = []
        known = False
        try:
            with source.open(name, took) as stream:
                for item in _items(source, name, records_of(stream, name), knew):
                    if isinstance(item, Skipped) and not known:
                        # Archives have other files too, in which nothing is broken that matters.
                        unknown.append(item)
                        if len(unknown) > 1 and len(names) > 1:
                            break
                        continue
                    if not known:
                        known = any_known = True
                        yield from (skip for skip in unknown if skip.why != _NOTHING)
                    yield item
        except (OSError, ValueError) as error:
            unknown.append(Skipped(name, _why(error)))
            if known:
                yield unknown[-1]
        if not known and (len(names) == 1 or _is_of_chats(name)):
            any_known = True
            yield from unknown or [Skipped(name, _NOTHING)]
    if not any_known:
        yield Skipped(source.path.name, _NOTHING)


def _items(
    source: Source, name: str, found: Iterator[Record | Skipped], knew: Callable[[str], None]
) -> Iterator[Item]:
    """What the records of one file are."""
    turns: list[Record] = []
    for record in found:
        if isinstance(record, Skipped):
            yield record
            continue
        if pygpt.is_turn(record.value):
            turns.append(record)
            continue
        format_ = next((format_ for format_ in FORMATS if format_.takes(record)), None)
        where = f"{name}, record {record.number}"
        if format_ is None:
            yield Skipped(where, _NOTHING if not record.key else "It is no chat.")
            continue
        knew(format_.program)
        try:
            yield from format_.read(record, source)
        except Odd as error:
            yield Skipped(where, f"It was left out: {error}.")
        except (ValueError, OSError) as error:
            yield Skipped(where, _why(error))
        except RecursionError:
            yield Skipped(where, "It is nested too deeply.")
    if turns:
        knew(pygpt.FORMAT.program)
        try:
            yield pygpt.of_turns(name, [turn.value for turn in turns], source)
        except Odd as error:
            yield Skipped(name, f"It was left out: {error}.")


def _is_of_chats(name: str) -> bool:
    """Whether a file of an archive has the name of those with chats: it is told of where it has none."""
    return _OF_CHATS.fullmatch(name.rpartition("/")[2]) is not None


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return f"It cannot be read: {error.strerror or type(error).__name__}."
    text = str(error)
    return text if text.endswith(".") else f"It cannot be read: {text}."
