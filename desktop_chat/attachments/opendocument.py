"""Texts, sheets and slides of LibreOffice and others (OpenDocument 1.3, part 3)."""

import re
from collections.abc import Iterator

from desktop_chat.attachments.packages import Package

_SKIPPED = {
    "annotation",
    "tracked-changes",
    "forms",
    "scripts",
    "font-face-decls",
    "automatic-styles",
    "ruby-text",
}
_MOST_ALIKE = 1000
"""How often the same cell or row is repeated at most: empty ones fill a sheet to its end."""
_GAPS = re.compile(r"[\t\n]+")


def pieces(package: Package, _notes: list[str]) -> Iterator[str]:
    """Headings with ``#``, entries of lists with ``-``, cells with tabs between them."""
    line: list[str] = []
    row: list[str] = []
    prefix, skipped, depth, in_list, in_cell, in_paragraph, slide = "", "", 0, 0, 0, 0, 0
    alike = rows_alike = 1
    for name, is_end, attributes, text in package.parsed(package.main):
        if skipped:
            depth += (name == skipped) * (-1 if is_end else 1)
            skipped = skipped if depth else ""
        elif not name:
            if in_paragraph:
                # A break of a line in the file is none in the text (6.1.2).
                line.append(text.replace("\n", " "))
        elif name in ("p", "h"):
            in_paragraph += -1 if is_end else 1
            if not is_end:
                if name == "h":
                    prefix = "#" * min(_number(attributes.get("outline-level", "1")), 6) + " "
                elif in_list:
                    prefix = "- "
            elif in_cell:
                line.append(" ")
            else:
                said = "".join(line)
                yield f"{prefix}{said}\n" if said.strip() else "\n"
                line.clear()
                prefix = ""
        elif name in ("table-cell", "covered-table-cell"):
            in_cell += -1 if is_end else 1
            if not is_end:
                alike = _number(attributes.get("number-columns-repeated", "1"))
            elif not in_cell:
                row += [_GAPS.sub(" ", "".join(line)).strip()] * alike
                line.clear()
        elif name == "table-row" and not in_cell:
            if not is_end:
                rows_alike = _number(attributes.get("number-rows-repeated", "1"))
                row.clear()
            elif said := "\t".join(row).rstrip():
                for _ in range(rows_alike):
                    yield said + "\n"
        elif is_end:
            in_list -= name == "list"
        elif name in _SKIPPED:
            skipped, depth = name, 1
        elif name == "list":
            in_list += 1
        elif name == "table" and attributes.get("name"):
            yield f"\n[Sheet {attributes['name']}]\n" if package.media_type.endswith("sheet") else "\n"
        elif name == "page":
            slide += 1
            yield f"\n[Slide {slide}]\n"
        elif name == "notes":
            yield "\nNotes:\n"
        elif name == "s":
            line.append(" " * _number(attributes.get("c", "1")))
        elif name == "tab":
            line.append("\t")
        elif name == "line-break":
            line.append("\n")


def _number(text: str) -> int:
    return min(int(text), _MOST_ALIKE) if text.isdecimal() and len(text) < 10 else 1
