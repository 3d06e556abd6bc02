"""What is imported: a file, a ZIP archive or a folder, read where it is and within limits.

Nothing is unpacked to the disk, so the names in an archive lead nowhere: they are only compared. Archives in
archives are not opened. What unpacks to far more than an export does (a "zip bomb") ends the reading.
"""

import mimetypes
import os
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from desktop_chat.domain.archive import File
from desktop_chat.domain.attaching import MAX_FILE
from desktop_chat.importing.records import Stream

SQLITE = b"SQLite format 3\0"
MAX_RATIO = 100
"""How many times its size an archive may unpack to. Chats are JSON, which shrinks to a tenth or so."""
LEAST = 100_000_000
"""Bytes that every archive may unpack to."""
MAX_NAMES = 500_000
"""Files of an archive or a folder."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How exports are packed. Of the others :mod:`zipfile` unpacks all at once, however little is asked for."""
_MAX_DIRECTORY = 100_000_000
"""Bytes of the list of what is in an archive: it is read as a whole."""
_ASSET = re.compile(r"file[-_][A-Za-z0-9]{8,}")
"""How ChatGPT names files: the id, then the user's own name or a suffix."""

Told = Callable[[int], None]


class Unreadable(ValueError):
    """Nothing can be read of it; says why in a sentence."""


class Source:
    """The files of an export, by their names within it. Blocks; all methods raise ``OSError`` and
    ``ValueError``. ``total`` are the bytes of the files that records are read from."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`Unreadable` for what is none of the three, and ``OSError``."""
        if sys.platform == "win32" and str(path).startswith(("\\\\", "//")):
            # Windows would tell that computer who the user is.
            raise Unreadable("It is on another computer.")
        self.path = path
        self.is_database = False
        self._zip: zipfile.ZipFile | None = None
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self._paths: dict[str, Path] = {}
        self._left = 0
        if path.is_dir():
            self._paths = dict(_walked(path))
        else:
            with open(path, "rb", opener=_open) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise Unreadable("It is a device or a pipe, not a file.")
                head = file.read(16)
            if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                self._open_archive()
            else:
                self.is_database = head == SQLITE
                self._paths = {path.name: path}
        self._assets = self._found_assets()

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    @property
    def names(self) -> list[str]:
        """The files that records may be in, in the order of their names: shards follow each other."""
        names = self._infos if self._zip is not None else self._paths
        if self._zip is None and len(names) == 1:
            return list(names)
        return sorted(name for name in names if name.lower().endswith((".json", ".jsonl")))

    def size(self, name: str) -> int:
        info = self._infos.get(name)
        return info.file_size if info is not None else self._paths[name].stat().st_size

    def place(self, name: str) -> Path | None:
        """Where a file is on the disk; None in an archive."""
        return self._paths.get(name)

    @contextmanager
    def open(self, name: str, told: Told = lambda size: None) -> Iterator[Stream]:
        """A file to read from; ``told`` gets the size of each piece that was read."""
        with self._opened(name) as file:
            yield _Counted(file, told)

    def file(self, name: str, media_type: str = "") -> File | None:
        """A file that goes with a history, by its name in the export; None where it is not there."""
        if name not in self._infos and name not in self._paths:
            return None
        if self.size(name) > MAX_FILE:
            return None
        kind = media_type or mimetypes.types_map.get(Path(name).suffix.lower(), "application/octet-stream")
        return File(f"{self.path}:{name}", kind, lambda: self._read(name))

    def asset(self, pointer: str, media_type: str = "") -> File | None:
        """The file with ChatGPT's id in ``pointer``, whatever its folder and its name go on with."""
        found = _ASSET.search(pointer)
        name = self._assets.get(found[0]) if found is not None else None
        return self.file(name, media_type) if name is not None else None

    def _read(self, name: str) -> bytes:
        with self._opened(name) as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise ValueError(f"It is larger than {MAX_FILE // 1_000_000} MB.")
        return data

    @contextmanager
    def _opened(self, name: str) -> Iterator[Stream]:
        if self._zip is None:
            path = self._paths[name]
            with open(path, "rb", opener=_open) as plain:
                yield plain
            return
        info = self._infos[name]
        if info.flag_bits & 1:
            raise Unreadable("It is protected by a password.")
        if info.compress_type not in _METHODS:
            raise Unreadable("It is packed in a way that exports are not.")
        try:
            with self._zip.open(info) as packed:
                yield _Limited(packed, self)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
            raise Unreadable("The archive is damaged there.") from error

    def take(self, size: int) -> None:
        """Count what was unpacked. Raises :class:`Unreadable` where it is too much."""
        self._left -= size
        if self._left < 0:
            raise Unreadable("It unpacks to far more than an export of its size does.")

    def _open_archive(self) -> None:
        if _directory_size(self.path) > _MAX_DIRECTORY:
            raise Unreadable("The archive has too many files.")
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise Unreadable("It is a damaged archive, or not all of one.") from error
        infos = self._zip.infolist()
        if len(infos) > MAX_NAMES:
            self._zip.close()
            raise Unreadable("The archive has too many files.")
        self._left = max(LEAST, MAX_RATIO * self.path.stat().st_size)
        # Of two with one name the last counts, as it does for all who unpack.
        self._infos = {
            info.filename: info
            for info in infos
            if not info.is_dir()
            and not stat.S_ISLNK(info.external_attr >> 16)
            and not info.filename.startswith("__MACOSX/")
        }

    def _found_assets(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in (*self._infos, *self._paths):
            for asset in _ASSET.findall(name):
                found.setdefault(asset, name)
        return found


class _Counted:
    def __init__(self, stream: Stream, told: Told) -> None:
        self._stream, self._told = stream, told

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._told(len(data))
        return data


class _Limited:
    """A file of an archive, all of which together may not unpack to too much."""

    def __init__(self, stream: Stream, source: Source) -> None:
        self._stream, self._source = stream, source

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._source.take(len(data))
        return data


def _walked(folder: Path) -> Iterator[tuple[str, Path]]:
    """The regular files in a folder; links are not followed."""
    count = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                is_file = stat.S_ISREG(path.lstat().st_mode)
            except OSError:
                continue
            count += 1
            if count > MAX_NAMES:
                raise Unreadable("The folder has too many files.")
            if is_file:
                yield path.relative_to(folder).as_posix(), path


def _open(path: str, flags: int) -> int:
    """Whoever opened a pipe for reading would wait for one that writes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _directory_size(path: Path) -> int:
    """The bytes of an archive's list of files, as its end says (APPNOTE.TXT, 4.3.14 and 4.3.16)."""
    with path.open("rb") as file:
        _seek_end(file, 22 + 65_535 + 76)
        tail = file.read()
    for mark, layout, place in ((b"PK\x06\x06", "<Q", 40), (b"PK\x05\x06", "<I", 12)):
        at = tail.rfind(mark)
        if at >= 0 and at + place + struct.calcsize(layout) <= len(tail):
            return int(struct.unpack_from(layout, tail, at + place)[0])
    return 0


def _seek_end(file: BinaryIO, back: int) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - back))
