"""The text of a file, read in the helper: which reader a file is for, and how much of it is read.

A reader is given the bytes and yields the text piece by piece; it adds to ``notes`` what
the user should know.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from desktop_chat.attachments import decoding, files, notebook, opendocument, pdf, rtf, web, workbook, writer
from desktop_chat.attachments.packages import Package
from desktop_chat.attachments.refusal import PROTECTED, Refused

MAX_TEXT = 2_000_000
"""Characters. More than the longest windows of models hold, of a million tokens, in most scripts."""
_ENOUGH = 25.0
"""Seconds of processor time after which no further piece is begun."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""What holds the document in a protected one ([MS-OFFCRYPTO] 1.3.2)."""
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")

Reader = Callable[[bytes, list[str]], Iterable[str]]

_READERS: dict[str, Reader] = {
    files.PDF: pdf.pages,
    files.RTF: rtf.pieces,
    files.HTML: web.pieces,
    files.NOTEBOOK: notebook.cells,
}
_PACKAGES: dict[str, Callable[[Package, list[str]], Iterator[str]]] = {
    files.DOCX: writer.document,
    files.PPTX: writer.slides,
    files.XLSX: workbook.sheets,
    files.ODT: opendocument.pieces,
    files.ODS: opendocument.pieces,
    files.ODP: opendocument.pieces,
}
_OLD_OFFICE = "It has the format of an old version of Office. Save it in the present one."
_ARCHIVE = "It is an archive. Unpack it, and attach what is in it."
_NOT_READ = (
    ("image/svg", ""),
    ("image/", "It is an image, not a text."),
    ("audio/", "It is a recording, not a text."),
    ("video/", "It is a video, not a text."),
    ("application/vnd.ms-", _OLD_OFFICE),
    ("application/msword", _OLD_OFFICE),
    (files.OLE, _OLD_OFFICE),
    (files.EPUB, "Books in this format are not read."),
    (files.ZIP, _ARCHIVE),
    ("application/gzip", _ARCHIVE),
    ("application/zstd", _ARCHIVE),
    ("application/x-bzip2", _ARCHIVE),
    ("application/x-xz", _ARCHIVE),
    ("application/x-7z", _ARCHIVE),
    ("application/vnd.rar", _ARCHIVE),
    ("application/vnd.sqlite3", "It is a database, not a text."),
)


class Found(TypedDict):
    """What the job returns; all but ``unreadable`` is empty where that is not."""

    text: str
    media_type: str
    notes: list[str]
    unreadable: str


def read(path: str, name: str) -> Found:
    """The text of the file at ``path``, whose name was ``name``."""
    notes: list[str] = []
    try:
        text, media_type = _read(Path(path).read_bytes(), name, notes)
    except Refused as reason:
        return Found(text="", media_type="", notes=[], unreadable=str(reason))
    return Found(text=text, media_type=media_type, notes=notes, unreadable="")


def _read(data: bytes, name: str, notes: list[str]) -> tuple[str, str]:
    """The text and the media type. Raises :class:`Refused`."""
    if not data:
        raise Refused("It is empty.")
    media_type = files.media_type_of(data, name)
    if data.startswith(b"PK"):
        with Package(data) as package:
            media_type = package.media_type or files.ZIP
            if reader := _PACKAGES.get(media_type):
                return _gathered(reader(package, notes), notes), media_type
    if data.startswith(files.OLE_MAGIC) and _ENCRYPTED in data:
        raise Refused(PROTECTED)
    for start, sentence in _NOT_READ:
        if media_type.startswith(start):
            if sentence:
                raise Refused(sentence)
            break
    read_ = _READERS.get(media_type, decoding.pieces)
    return _gathered(read_(data, notes), notes), media_type


def _gathered(pieces: Iterable[str], notes: list[str]) -> str:
    """The pieces as one text, as far as there is room and time for them. Raises :class:`Refused`."""
    began, size, kept = time.process_time(), 0, []
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size > MAX_TEXT:
            notes.append(f"Only the first {MAX_TEXT:,} characters were read.")
            break
        if time.process_time() - began > _ENOUGH:
            notes.append("Only its beginning was read: all of it would take too long.")
            break
    text = "".join(kept)[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = _CONTROL.sub("", text).strip("\n")
    if _SURROGATE.search(text):
        # Two that are a pair are one character; one alone is none.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not text.strip():
        raise Refused("There is no text in it.")
    return text
