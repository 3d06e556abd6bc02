"""The file of a database read page by page, around what is damaged: https://sqlite.org/fileformat2.html.

SQLite itself gives up a table where a page on the way to its rows is damaged. Each leaf of a b-tree tells its
own rows, though, so that all of them can be read whose own page is sound.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

TABLE_LEAF, TABLE_INTERIOR = 0x0D, 0x05
INDEX_LEAF, INDEX_INTERIOR = 0x0A, 0x02

Value = None | int | float | str | bytes

_HEADER = 100
_MAGIC = b"SQLite format 3\0"
_PAGE_SIZE = 4096
"""SQLite's own, which this program leaves as it is."""
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LOG_MAGICS = (0x377F0682, 0x377F0683)
_MOST_COLUMNS = 100
_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class Unreadable(Exception):
    """What is here is no row."""


@dataclass(frozen=True, slots=True)
class Row:
    """``rowid`` is None in the b-tree of a table without rowids, whose key are its first values."""

    rowid: int | None
    values: tuple[Value, ...]


class Pages:
    """The pages of the database ``file`` as they were last committed, counted from 1. Reads only."""

    def __init__(self, file: BinaryIO, log: BinaryIO | None = None) -> None:
        self._file = file
        self._log = log
        head = file.read(_HEADER)
        self.has_header = head.startswith(_MAGIC)
        size = _size_of(int.from_bytes(head[16:18])) if self.has_header else None
        frames = _frames_of(log)
        self.size = size or (frames.size if frames else 0) or _PAGE_SIZE
        self.usable = self.size - (head[20] if self.has_header else 0)
        self._logged = frames.pages if frames and frames.size == self.size else {}
        self.count = max([os.fstat(file.fileno()).st_size // self.size, *self._logged])
        first = self.page(1) or b""
        self.user_version = int.from_bytes(first[60:64]) if first.startswith(_MAGIC) else 0

    def page(self, number: int) -> bytes | None:
        """None where there is no whole page."""
        if not 0 < number <= self.count:
            return None
        if self._log is not None and number in self._logged:
            self._log.seek(self._logged[number])
            data = self._log.read(self.size)
        else:
            self._file.seek((number - 1) * self.size)
            data = self._file.read(self.size)
        return data if len(data) == self.size else None

    def kind(self, number: int) -> int:
        """Which kind of b-tree the page says that it is of; 0 where it says none."""
        page = self.page(number)
        return page[_start(number)] if page else 0

    def tree(self, root: int) -> Iterator[int]:
        """The pages of a b-tree that can be reached, ``root`` first; one that is damaged leads no further."""
        seen = set()
        waiting = [root]
        while waiting:
            number = waiting.pop()
            page = self.page(number)
            if page is None or number in seen:
                continue
            seen.add(number)
            yield number
            start = _start(number)
            if page[start] in (TABLE_INTERIOR, INDEX_INTERIOR):
                below = [int.from_bytes(page[start + 8 : start + 12])]
                below += [int.from_bytes(page[cell : cell + 4]) for cell in self._cells(page, number)]
                waiting += below

    def rows(self, number: int) -> Iterator[Row | None]:
        """The rows that the page itself holds; None in place of each that cannot be read."""
        page = self.page(number)
        if page is None:
            return
        kind = page[_start(number)]
        if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
            return
        for cell in self._cells(page, number):
            try:
                yield self._row(page, cell, kind)
            except (Unreadable, IndexError, struct.error):
                yield None

    def _cells(self, page: bytes, number: int) -> list[int]:
        """Where the cells begin, as far as that can be."""
        start = _start(number)
        first = start + (12 if page[start] in (TABLE_INTERIOR, INDEX_INTERIOR) else 8)
        count = min(int.from_bytes(page[start + 3 : start + 5]), (self.size - first) // 2)
        places = struct.unpack_from(f">{count}H", page, first)
        return [place for place in places if first + 2 * count <= place < self.usable]

    def _row(self, page: bytes, place: int, kind: int) -> Row:
        if kind == INDEX_INTERIOR:
            place += 4
        length, place = _varint(page, place)
        rowid = None
        if kind == TABLE_LEAF:
            number, place = _varint(page, place)
            rowid = number - 2**64 if number >= 2**63 else number
        return Row(rowid, _values(self._payload(page, place, length, kind)))

    def _payload(self, page: bytes, place: int, length: int, kind: int) -> bytes:
        """The bytes of a row, what of them lies on pages of their own included."""
        if length > self.count * self.size:
            raise Unreadable
        usable = self.usable
        least = (usable - 12) * 32 // 255 - 23
        most = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        here = length
        if length > most:
            here = least + (length - least) % (usable - 4)
            here = here if here <= most else least
        if place + here > usable:
            raise Unreadable
        data = bytearray(page[place : place + here])
        following = int.from_bytes(page[place + here : place + here + 4]) if here < length else 0
        while len(data) < length:
            overflow = self.page(following)
            if overflow is None:
                raise Unreadable
            data += overflow[4 : 4 + min(usable - 4, length - len(data))]
            following = int.from_bytes(overflow[:4])
        return bytes(data)


@dataclass(frozen=True, slots=True)
class _Frames:
    """``pages`` are the places in the log of what was committed last."""

    size: int
    pages: dict[int, int]


def _frames_of(log: BinaryIO | None) -> _Frames | None:
    head = log.read(_LOG_HEADER) if log is not None else b""
    if log is None or len(head) < _LOG_HEADER or int.from_bytes(head[:4]) not in _LOG_MAGICS:
        return None
    size = _size_of(int.from_bytes(head[8:12]))
    if size is None:
        return None
    committed: dict[int, int] = {}
    waiting: dict[int, int] = {}
    place = _LOG_HEADER
    end = os.fstat(log.fileno()).st_size
    while place + _FRAME_HEADER + size <= end:
        log.seek(place)
        frame = log.read(_FRAME_HEADER)
        # The salts change whenever the log begins anew: what follows is from before.
        if frame[8:16] != head[16:24]:
            break
        waiting[int.from_bytes(frame[:4])] = place + _FRAME_HEADER
        if int.from_bytes(frame[4:8]):
            committed.update(waiting)
            waiting.clear()
        place += _FRAME_HEADER + size
    return _Frames(size, committed)


def open_log(path: Path) -> BinaryIO | None:
    """The log of the database ``path``; None where there is none."""
    try:
        return path.with_name(f"{path.name}-wal").open("rb")
    except FileNotFoundError:
        return None


def _size_of(number: int) -> int | None:
    size = 65536 if number == 1 else number
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else None


def _start(number: int) -> int:
    """Where the b-tree begins on a page."""
    return _HEADER if number == 1 else 0


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    return value << 8 | data[place], place + 1


def _values(data: bytes) -> tuple[Value, ...]:
    head, place = _varint(data, 0)
    kinds = []
    while place < head:
        kind, place = _varint(data, place)
        kinds.append(kind)
    if place != head or not 0 < len(kinds) <= _MOST_COLUMNS:
        raise Unreadable
    found: list[Value] = []
    for kind in kinds:
        size = _INTEGER_SIZES.get(kind, 8 if kind == 7 else (kind - 12) // 2 if kind >= 12 else 0)
        piece = data[place : place + size]
        if len(piece) != size or kind in (10, 11):
            raise Unreadable
        place += size
        if kind >= 12:
            found.append(piece.decode("utf-8", "replace") if kind % 2 else piece)
        elif kind in _INTEGER_SIZES:
            found.append(int.from_bytes(piece, signed=True))
        else:
            found.append(struct.unpack(">d", piece)[0] if kind == 7 else {8: 0, 9: 1}.get(kind))
    return tuple(found)
