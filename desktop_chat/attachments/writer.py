"""Documents and presentations of Office (ECMA-376): their paragraphs and tables."""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, join

from desktop_chat.attachments.packages import Element, Package

_SKIPPED = {
    # The same once more, for programs that know less.
    "Fallback",
    # What was deleted, codes of fields, and what is said of a paragraph rather than in it.
    *("del", "moveFrom", "delText", "instrText", "sdtPr", "tblPr", "trPr", "tcPr", "rPr", "sectPr"),
}
_HEADING = re.compile(r"heading (\d)|(title)", re.IGNORECASE)


def document(package: Package, _notes: list[str]) -> Iterator[str]:
    """Headings with ``#``, entries of lists with ``-``, cells with tabs between them, then the notes."""
    folder = dirname(package.main)
    levels = _levels(package.parsed(join(folder, "styles.xml")))
    yield from paragraphs(package.parsed(package.main), levels)
    for part in ("footnotes.xml", "endnotes.xml"):
        yield from paragraphs(package.parsed(join(folder, part)), levels)


def slides(package: Package, _notes: list[str]) -> Iterator[str]:
    """Slide by slide, each under its number, with what its speaker noted."""
    related = package.related(package.main)
    listed = package.parsed(package.main)
    shown = [element.attributes for element in listed if element.name == "sldId" and not element.is_end]
    for number, attributes in enumerate(shown, 1):
        _, part = related.get(attributes.get("id", ""), ("", ""))
        yield f"[Slide {number}]\n"
        yield from paragraphs(package.parsed(part), {})
        for kind, other in package.related(part).values():
            if kind == "notesSlide":
                said = "".join(paragraphs(package.parsed(other), {})).strip()
                # A number alone is that of the slide.
                if said and not said.isdecimal():
                    yield f"\nNotes:\n{said}\n"
        yield "\n"


def _levels(styles: Iterable[Element]) -> Mapping[str, int]:
    """The levels of headings by the ids of their styles, which differ between languages; names do not."""
    found, style = {}, ""
    for element in styles:
        if element.name == "style":
            style = element.attributes.get("styleId", "")
        elif element.name == "name" and (match := _HEADING.fullmatch(element.attributes.get("val", ""))):
            found[style] = int(match[1] or 1)
    return found


def paragraphs(elements: Iterable[Element], levels: Mapping[str, int]) -> Iterator[str]:
    """The text line by line: a paragraph is one, and a row of a table."""
    line: list[str] = []
    prefix, skipped, in_text, in_cell, in_properties = "", "", False, 0, False
    depth = 0
    for name, is_end, attributes, text in elements:
        if skipped:
            # The same element may stand within itself.
            depth += (name == skipped) * (-1 if is_end else 1)
            skipped = skipped if depth else ""
        elif not name:
            if in_text:
                line.append(text)
        elif name == "t":
            in_text = not is_end
        elif name == "pPr":
            in_properties = not is_end
        elif name == "tc":
            in_cell += -1 if is_end else 1
            if is_end:
                if line and line[-1] == " ":
                    line.pop()
                line.append("\t")
        elif is_end:
            if name == "tr" and not in_cell:
                yield "".join(line).rstrip().replace("\n", " ") + "\n"
                line.clear()
            elif name == "p":
                if in_cell:
                    line.append(" ")
                else:
                    said = "".join(line).strip("\n")
                    yield f"{prefix}{said}\n" if said.strip() else "\n"
                    line.clear()
                prefix = ""
        elif name in _SKIPPED:
            skipped, depth = name, 1
        elif in_properties:
            if name == "pStyle" and (level := levels.get(attributes.get("val", ""))):
                prefix = "#" * level + " "
            elif name == "numPr" and not prefix:
                prefix = "- "
        elif name in ("footnoteReference", "endnoteReference"):
            line.append(_mark(name, attributes))
        elif name in ("footnote", "endnote") and "type" not in attributes:
            line.append(_mark(name, attributes) + " ")
        elif name in ("tab", "ptab"):
            line.append("\t")
        elif name in ("br", "cr"):
            line.append("\n")
        elif name == "noBreakHyphen":
            line.append("\N{NON-BREAKING HYPHEN}")


def _mark(name: str, attributes: Mapping[str, str]) -> str:
    """What stands for a note in the text, and before it at the end."""
    return f"[^{'e' if name.startswith('end') else ''}{attributes.get('id', '')}]"
