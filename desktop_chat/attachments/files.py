"""A file that the user names: its bytes, a name that is safe to show and to send, and what kind it is."""

import os
import re
import stat
import sys
from pathlib import Path, PurePath

from desktop_chat.domain.attaching import MAX_FILE

_LONGEST_NAME = 120
_HEAD = 1024
"""Bytes in which a PDF says that it is one (ISO 32000-1, annex H.3.4.1)."""

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
RTF = "application/rtf"
HTML = "text/html"
NOTEBOOK = "application/x-ipynb+json"
PLAIN = "text/plain"
BINARY = "application/octet-stream"

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How compound files begin: those of old versions of Office, and protected ones ([MS-CFB] 2.2)."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", RTF),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (OLE_MAGIC, OLE),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
)
"""How files begin, and what they are then."""
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {b"avif": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif"}
_PACKED = {
    ".docx": DOCX,
    ".docm": DOCX,
    ".dotx": DOCX,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".xltx": XLSX,
    ".pptx": PPTX,
    ".pptm": PPTX,
    ".ppsx": PPTX,
    ".odt": ODT,
    ".ods": ODS,
    ".odp": ODP,
    ".epub": EPUB,
}
_OLD = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
}
_TEXTS = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".htm": HTML,
    ".html": HTML,
    ".xhtml": HTML,
    ".ipynb": NOTEBOOK,
    ".js": "text/javascript",
    ".json": "application/json",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".tsv": "text/tab-separated-values",
    ".xml": "text/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class FileNotTaken(Exception):
    """A file cannot be attached; says why in a sentence."""


def read_file(path: Path, largest: int = MAX_FILE) -> bytes:
    """The content of a regular file, at most ``largest`` bytes. Blocks while it reads, but waits for nobody.

    A link is followed. Raises :class:`FileNotTaken` for all else, and for what cannot be read.
    """
    if sys.platform == "win32" and str(path).startswith(("\\\\", "//")):
        # Windows would tell that computer who the user is.
        raise FileNotTaken("It is on another computer.")
    try:
        with open(path, "rb", opener=_open) as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise FileNotTaken("It is a device or a pipe, not a file.")
            # One that says that it is empty may be none (/proc), and one may grow while it is read.
            data = file.read(largest + 1) if state.st_size <= largest else None
    except IsADirectoryError as error:
        raise FileNotTaken("It is a folder, not a file.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise FileNotTaken(f"It cannot be opened: {reason or 'there is no such file'}.") from error
    if data is None or len(data) > largest:
        raise FileNotTaken(f"It is larger than {largest / 1_000_000:g} MB.")
    return data


def _open(path: str, flags: int) -> int:
    """Whoever opened a pipe for reading would wait for one that writes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def plain_name(name: str) -> str:
    """The last part of a path in one line of at most 120 characters that show as they are written.

    Left out are control characters, those that turn the direction of what follows, and bytes that were no
    text.
    """
    last = re.split(r"[/\\]", name)[-1]
    kept = " ".join("".join(char if char.isprintable() or char.isspace() else "" for char in last).split())
    if len(kept) > _LONGEST_NAME:
        path = PurePath(kept)
        suffix = path.suffix[:16]
        kept = kept[: _LONGEST_NAME - len(suffix) - 1] + "…" + suffix
    return kept or "file"


def media_type_of(data: bytes, name: str) -> str:
    """The media type of a file (IANA), by how it begins; of what begins as others do too, by its name."""
    suffix = PurePath(name.lower()).suffix
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return {ZIP: _PACKED, OLE: _OLD}.get(kind, {}).get(suffix, kind)
    if b"%PDF-" in data[:_HEAD]:
        return PDF
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], BINARY)
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video/mp4")
    if b"\0" in data[:_HEAD] and not data.startswith(_UTF_16):
        # UTF-16 and UTF-32 without a mark of their order have zeros too: readers look closer.
        return _TEXTS.get(suffix, BINARY)
    return _TEXTS.get(suffix, PLAIN)
