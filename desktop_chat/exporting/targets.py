"""Where an export goes: one file, a folder or a zip, of which nothing is there before all of it is.

Files have mode 0600 and folders 0700. All of it blocks, and raises ``OSError``.
"""

import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from desktop_chat.exporting.plan import Packing
from desktop_chat.paths import replacing

_STORED = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".zip", ".docx", ".xlsx", ".pptx")
"""Endings of what is compressed already."""


class Target(Protocol):
    """``path`` is what there is at the end."""

    path: Path

    def file(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A new file; ``name`` may have folders in it, separated by ``/``. One at a time."""


@contextmanager
def target(path: Path, packing: Packing) -> Iterator[Target]:
    """What ``path`` becomes where the block ends well; else all is as it was."""
    match packing:
        case Packing.FILE:
            with replacing(path) as file:
                yield _One(path, file)
        case Packing.ZIP:
            with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                yield _Zip(path, archive)
        case Packing.FOLDER:
            # In the same folder, so that it only has to be renamed; a name that a crash leaves behind hides.
            made = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
            try:
                found = _Folder(path, made)
                yield found
                found.path = _put(made, path)
            finally:
                shutil.rmtree(made, ignore_errors=True)


def _put(made: Path, path: Path) -> Path:
    """Rename to ``path``, or to a name beside it where that is taken."""
    number = 1
    while True:
        wanted = path if number == 1 else path.with_name(f"{path.name} ({number})")
        number += 1
        if wanted.exists() or wanted.is_symlink():
            continue
        made.rename(wanted)
        return wanted


class _One:
    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self._file = path, file

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        yield self._file


class _Folder:
    def __init__(self, path: Path, made: Path) -> None:
        self.path, self._made = path, made

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        place = self._made
        *folders, last = name.split("/")
        for folder in folders:
            place = place / folder
            place.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(place / last, flags, 0o600), "wb") as file:
            yield file


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path, self._archive = path, archive

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        entry = zipfile.ZipInfo(name, time.localtime()[:6])
        entry.external_attr = 0o100600 << 16
        is_small = name.lower().endswith(_STORED)
        entry.compress_type = zipfile.ZIP_STORED if is_small else zipfile.ZIP_DEFLATED
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield file
