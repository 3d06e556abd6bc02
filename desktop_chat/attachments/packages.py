"""Documents that are ZIP archives of XML (ECMA-376, OpenDocument), unpacked and parsed within limits.

By Python's own ``zipfile`` and expat: what unpacks to more than it may, and what declares entities, which can
stand for each other a billion times over, ends the reading.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from posixpath import dirname, join, normpath
from types import TracebackType
from typing import NamedTuple
from xml.parsers import expat

from desktop_chat.attachments import files
from desktop_chat.attachments.refusal import DAMAGED, PROTECTED, Refused

MAX_UNPACKED = 300_000_000
"""Bytes of all parts that are read of one file."""
_MAX_PARTS = 10_000
_CHUNK = 1 << 16
_BOMB = "It unpacks to far more than a file of its size should."
_MAIN = re.compile(
    r"(wordprocessingml|ms-word)|(spreadsheetml|ms-excel)|(presentationml|ms-powerpoint)", re.IGNORECASE
)
_OFFICE = (files.DOCX, files.XLSX, files.PPTX)


class Element(NamedTuple):
    """What the parser came to: the start of an element, its end, or text.

    ``name`` is without its namespace, of which there are two for the same: ECMA-376's own, and that of its
    strict form. It is empty for a text.
    """

    name: str
    is_end: bool = False
    attributes: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it
    text: str = ""


class Package:
    """The parts of one such file. Everything raises :class:`Refused` for what it should not be."""

    def __init__(self, data: bytes) -> None:
        self._left = MAX_UNPACKED
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Refused(DAMAGED) from error
        self._parts = {info.filename.lstrip("/").lower(): info for info in self._zip.infolist()}
        if len(self._parts) > _MAX_PARTS:
            raise Refused(_BOMB)
        self.media_type = ""
        """The kind of document, empty for any other archive."""
        self.main = ""
        """The part that a document begins with."""
        self._find_main()

    def __enter__(self) -> "Package":
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._parts

    def _find_main(self) -> None:
        if "mimetype" in self:
            kind = next(self._unpacked("mimetype"), b"")[:100].decode("ascii", "replace").strip()
            if kind.removesuffix("-template") in (files.ODT, files.ODS, files.ODP):
                self.media_type, self.main = kind.removesuffix("-template"), "content.xml"
                if any(element.name == "encryption-data" for element in self.parsed("META-INF/manifest.xml")):
                    raise Refused(PROTECTED)
            elif kind == files.EPUB:
                self.media_type = kind
        elif "[Content_Types].xml" in self:
            for element in self.parsed("[Content_Types].xml"):
                kind = element.attributes.get("ContentType", "")
                if kind.endswith("main+xml") and (found := _MAIN.search(kind)) is not None:
                    self.media_type = _OFFICE[(found.lastindex or 1) - 1]
                    self.main = element.attributes.get("PartName", "").lstrip("/")

    def parsed(self, part: str) -> Iterator[Element]:
        """The elements and texts of a part, in their order; none where there is no such part."""
        if part not in self:
            return
        found: list[Element] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = lambda name, attributes: found.append(
            Element(_local(name), attributes=_locals(attributes))
        )
        parser.EndElementHandler = lambda name: found.append(Element(_local(name), is_end=True))
        parser.CharacterDataHandler = lambda text: found.append(Element("", text=text))
        parser.StartDoctypeDeclHandler = _refuse
        try:
            for chunk in self._unpacked(part):
                parser.Parse(chunk, False)
                yield from found
                found.clear()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Refused(DAMAGED) from error
        yield from found

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """What ``part`` refers to, by id: the kind of it, and which part it is (ECMA-376-2, 6.5)."""
        folder = dirname(part)
        listed = join(folder, "_rels", part.removeprefix(folder).lstrip("/") + ".rels")
        found = {}
        for element in self.parsed(listed):
            target = element.attributes.get("Target", "")
            if target and element.attributes.get("TargetMode") != "External":
                kind = element.attributes.get("Type", "").rpartition("/")[2]
                path = normpath(join("/", folder, target)).lstrip("/")
                found[element.attributes.get("Id", "")] = (kind, path)
        return found

    def _unpacked(self, part: str) -> Iterator[bytes]:
        info = self._parts[part.lower()]
        if info.flag_bits & 1:
            raise Refused(PROTECTED)
        if info.file_size > self._left:
            raise Refused(_BOMB)
        try:
            with self._zip.open(info) as file:
                while chunk := file.read(_CHUNK):
                    # No more than the part says that it has: zipfile reads no further.
                    self._left -= len(chunk)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise Refused(DAMAGED) from error


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _locals(attributes: dict[str, str]) -> dict[str, str]:
    """Of two with one name that in a namespace: ``r:id``, not ``id``."""
    if not any(" " in key for key in attributes):
        return attributes
    return {_local(key): attributes[key] for key in sorted(attributes, key=lambda key: " " in key)}


def _refuse(*_declaration: object) -> None:
    raise Refused("It declares entities, which no document of its kind does.")
