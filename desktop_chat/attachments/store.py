"""The folder of attachments: one file each, named by the SHA-256 of what is in it. All of it blocks."""

import binascii
import hashlib
import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.paths import replacing

_HASH = re.compile(r"[0-9a-f]{64}")
_STALE = 3600.0
"""Seconds after which a file that was never finished is nobody's."""
_PIECE = 3 << 16
"""Bytes that are encoded at once: base64 holds Python's lock, and the window waits for it. Three bytes are
four characters, so that pieces can be put one behind the other."""


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(folder: Path, name: str, data: bytes) -> None:
    """Keep ``data`` under its hash, unless it is there already. Raises ``OSError``."""
    path = _path(folder, name)
    with suppress(OSError):
        if hash_of(path.read_bytes()) == name:
            return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with replacing(path) as file:
        file.write(data)


def lend(path: Path, data: bytes, is_over: threading.Event) -> None:
    """A new file that only its owner reads. Raises ``OSError``.

    Whoever needs it no more sets ``is_over`` and deletes it, also while it is being written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
    if is_over.is_set():
        path.unlink(missing_ok=True)


def read(folder: Path, name: str) -> bytes:
    """Raises :class:`AttachmentMissing` where it is gone, or is not what it was."""
    if _HASH.fullmatch(name):
        with suppress(OSError):
            data = _path(folder, name).read_bytes()
            if hash_of(data) == name:
                return data
    raise AttachmentMissing(name[:64])


def base64_of(folder: Path, name: str) -> str:
    """Raises :class:`AttachmentMissing`."""
    data = memoryview(read(folder, name))
    return "".join(
        binascii.b2a_base64(data[start : start + _PIECE], newline=False).decode("ascii")
        for start in range(0, len(data), _PIECE)
    )


def hashes(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("??/*") if _HASH.fullmatch(path.name)}


def remove(folder: Path, name: str) -> None:
    """Delete it; what cannot be deleted stays."""
    if _HASH.fullmatch(name):
        with suppress(OSError):
            _path(folder, name).unlink(missing_ok=True)


def clear_up(folder: Path) -> None:
    """Delete what was left unfinished; what cannot be deleted stays."""
    old = time.time() - _STALE
    for path in (*folder.glob(".*"), *folder.glob("??/.*")):
        with suppress(OSError):
            if path.is_file() and path.stat().st_mtime < old:
                path.unlink()


def _path(folder: Path, name: str) -> Path:
    return folder / name[:2] / name
