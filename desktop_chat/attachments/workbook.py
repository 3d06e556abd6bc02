"""Workbooks of Excel (ECMA-376-1, part 18): their sheets, with tabs between cells."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from desktop_chat.attachments.packages import Package

_DAY_1 = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel knows no zones of time
"""From March 1900 on; before, Excel counts a 29 February that never was."""
_DAY_1_OLD_MAC = datetime(1904, 1, 1)  # noqa: DTZ001
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Formats without a code of their own that show a time (18.8.30)."""
_LITERAL = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_TIME = re.compile("[ymdhs]", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]{1,3})\d")
_LAST_COLUMN = 16_384
_GAPS = re.compile(r"[\t\r\n]+")


class _Look(NamedTuple):
    """What cells refer to: texts by number, which formats show a time, and from when days are counted."""

    texts: list[str]
    dates: list[bool]
    first: datetime


def sheets(package: Package, _notes: list[str]) -> Iterator[str]:
    """Sheet by sheet, each under its name; of formulas what they came to when the file was saved."""
    related = package.related(package.main)
    parts = dict(related.values())
    first, listed = _DAY_1, []
    for element in package.parsed(package.main):
        if element.name == "workbookPr" and element.attributes.get("date1904") in ("1", "true"):
            first = _DAY_1_OLD_MAC
        elif element.name == "sheet" and not element.is_end:
            listed.append(element.attributes)
    look = _Look(_texts(package, parts), _dates(package, parts), first)
    for sheet in listed:
        kind, part = related.get(sheet.get("id", ""), ("", ""))
        if kind == "worksheet":
            hidden = " (hidden)" if sheet.get("state", "visible") != "visible" else ""
            yield f"[Sheet {sheet.get('name', '')}{hidden}]\n"
            yield from _rows(package, part, look)
            yield "\n"


def _texts(package: Package, parts: dict[str, str]) -> list[str]:
    found: list[str] = []
    said: list[str] = []
    in_text = is_reading_aid = False
    for name, is_end, _, text in package.parsed(parts.get("sharedStrings", "")):
        if not name and in_text and not is_reading_aid:
            said.append(text)
        elif name == "t":
            in_text = not is_end
        elif name == "rPh":
            # How a Japanese text is pronounced.
            is_reading_aid = not is_end
        elif name == "si" and is_end:
            found.append("".join(said))
            said.clear()
    return found


def _dates(package: Package, parts: dict[str, str]) -> list[bool]:
    """Which of the formats of cells show a time."""
    codes: dict[str, str] = {}
    found: list[bool] = []
    in_formats = False
    for name, is_end, attributes, _ in package.parsed(parts.get("styles", "")):
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            in_formats = not is_end
        elif name == "xf" and in_formats and not is_end:
            number = attributes.get("numFmtId", "")
            code = codes.get(number)
            is_built_in = number.isdecimal() and int(number) in _DATE_FORMATS
            found.append(_TIME.search(_LITERAL.sub("", code)) is not None if code else is_built_in)
    return found


def _rows(package: Package, part: str, look: _Look) -> Iterator[str]:
    row: list[str] = []
    said: list[str] = []
    kind, style, in_value = "", "", False
    for name, is_end, attributes, text in package.parsed(part):
        if not name:
            if in_value:
                said.append(text)
        elif name in ("v", "t"):
            in_value = not is_end
        elif name == "c" and not is_end:
            said.clear()
            kind, style = attributes.get("t", "n"), attributes.get("s", "")
            place = _column(attributes.get("r", ""))
            row += [""] * (place - len(row))
        elif name == "c":
            row.append(_GAPS.sub(" ", _shown("".join(said), kind, style, look)))
        elif name == "row" and is_end:
            line = "\t".join(row).rstrip()
            row.clear()
            if line:
                yield line + "\n"


def _column(reference: str) -> int:
    """The number of the column that a reference such as ``AB12`` names, from 0 on; 0 where it names none."""
    found = _REFERENCE.match(reference)
    number = 0
    for letter in found[1] if found else "A":
        number = number * 26 + ord(letter) - 64
    return min(number, _LAST_COLUMN) - 1


def _shown(value: str, kind: str, style: str, look: _Look) -> str:
    """A value as a reader would write it down. What makes no sense stays as it stands in the file."""
    try:
        if kind == "s":
            return look.texts[int(value)]
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind == "n" and value:
            number = float(value)
            if style and look.dates[int(style)]:
                return _date(number, look.first)
            # Excel has fifteen digits; the file may have one more, of the binary number.
            return value if number.is_integer() else f"{number:.15g}"
    except (ArithmeticError, LookupError, ValueError):
        pass
    return value


def _date(number: float, first: datetime) -> str:
    """A day, a time, or both. Raises ``ArithmeticError`` and ``ValueError``."""
    moment = first + timedelta(seconds=round(number * 86_400))
    if 0 <= number < 1:
        return moment.time().isoformat()
    return moment.date().isoformat() if number == int(number) else moment.isoformat(" ")
