"""The texts of the pages of a PDF; the only home of ``pypdf``, which only the helper imports."""

import io
import struct
import zlib
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

from desktop_chat.attachments.refusal import DAMAGED, PROTECTED, Refused

_DAMAGE = (
    *(PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError),
    *(ValueError, OSError, struct.error, zlib.error),
)
"""What pypdf raises for what is no proper PDF."""


def pages(data: bytes, notes: list[str]) -> Iterator[str]:
    """Page by page, each under its number. Raises :class:`Refused`."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused(PROTECTED)
        count = len(reader.pages)
    except (DependencyError, NotImplementedError) as error:
        raise Refused("It is protected in a way that cannot be opened here.") from error
    except _DAMAGE as error:
        raise Refused(DAMAGED) from error
    empty, broken = [], []
    for number in range(1, count + 1):
        try:
            text = reader.pages[number - 1].extract_text().strip()
        except _DAMAGE:
            broken.append(number)
            continue
        if text:
            yield f"[Page {number}]\n{text}\n\n"
        else:
            empty.append(number)
    if len(empty) == count:
        raise Refused("There is no text in it: its pages are pictures.")
    if empty:
        notes.append(f"Without text, perhaps pictures: {_listed(empty)}.")
    if broken:
        notes.append(f"Damaged, and left out: {_listed(broken)}.")


def _listed(numbers: list[int]) -> str:
    """``page 3`` or ``pages 3, 4, 9 and 12 more``."""
    told, more = ", ".join(map(str, numbers[:10])), len(numbers) - 10
    return f"page{'s' if len(numbers) > 1 else ''} {told}" + (f" and {more} more" if more > 0 else "")
