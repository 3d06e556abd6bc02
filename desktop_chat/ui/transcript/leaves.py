"""What a message is made of once it is parsed: a flat list of leaves, ready to be laid out one by one.

Lists and quotes are no boxes around leaves; each leaf says which containers it stands in. What is long (code,
a table, literal text) is cut into several leaves of bounded size, at places that depend on the text alone, so
that each can be laid out by itself, and text that streams in never changes the ones before the last.

Positions are UTF-16 code units, as Qt counts them.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntFlag
from itertools import islice
from operator import itemgetter
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

TASK, TASK_DONE = "☐", "☑"
"""The markers of items of a task list; painted as boxes, copied as ``[ ]`` and ``[x]``."""
LINE_BREAK = "\u2028"
"""A line break within a leaf."""
SEGMENT_LINES, SEGMENT_CHARACTERS = 24, 3000
"""The most that one leaf of code or literal text holds."""
TABLE_ROWS, TABLE_CELLS = 20, 400
"""The most rows and about the most cells of one leaf of a table."""
PROSE_CHARACTERS, PROSE_WEIGHT, MAX_MARKERS = 4000, 6000, 400
"""The most that one leaf of a paragraph holds: bounds what parsing and laying out one leaf can cost."""
LINE = 80
"""Characters that a line counts as besides its own: it costs a parser more than they do."""


def table_rows(columns: int) -> int:
    """Rows of one leaf of a table of so many columns; the first of them decide the widths of its columns."""
    return max(1, min(TABLE_ROWS, TABLE_CELLS // max(1, columns)))


class Kind(Enum):
    TEXT = "text"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"
    MATH = "math"
    """A formula of its own: ``inline`` is its source as written, the one of ``inline.formulas``."""


class Mark(IntFlag):
    """How a run of characters looks."""

    BOLD = 1
    ITALIC = 2
    STRIKE = 4
    CODE = 8
    LINK = 16
    RAISED = 32
    """Superscript: the label of a footnote."""
    CHIP = 64
    """A small raised label: the number of a source."""


class Inline(NamedTuple):
    """A run of text; ``marks`` are (start, end, :class:`Mark`), ``links`` are (start, end, URL).

    ``formulas`` are (start, end, TeX): what stands there in ``text`` is the source with its delimiters, which
    is what is selected, copied, searched and read aloud; the formula is painted in its place.
    """

    text: str = ""
    marks: tuple[tuple[int, int, int], ...] = ()
    links: tuple[tuple[int, int, str], ...] = ()
    formulas: tuple[tuple[int, int, str], ...] = ()


EMPTY = Inline()


@dataclass(frozen=True, slots=True)
class Columns:
    """What the leaves of one table share. ``aligns`` holds ``""``, ``"left"``, ``"center"`` or ``"right"``;
    ``basis`` are the rows whose content decides the widths, the header first."""

    aligns: tuple[str, ...]
    basis: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One piece of a message.

    ``containers`` has a letter for each container from the outside in: ``q`` a quote, ``i`` a list item,
    ``f`` a footnote. ``marker`` is set on the first leaf of a list item (``•``, ``3.``, or :data:`TASK` and
    :data:`TASK_DONE`) and of a footnote (its label). ``heading`` is 1 to 6, or 0. ``part`` counts the
    leaves of a block too long for one; ``glue`` then joins it to the leaf before in copied text. The
    first row of part 0 of a table is its header. ``info`` is the info string of code, as written.
    """

    kind: Kind
    inline: Inline = EMPTY
    containers: str = ""
    marker: str = ""
    heading: int = 0
    language: str = ""
    part: int = 0
    glue: str = ""
    rows: tuple[tuple[Inline, ...], ...] = ()
    columns: Columns | None = None
    info: str = ""


def separator(before: Leaf, after: Leaf) -> str:
    """What stands between two neighbouring leaves in copied text."""
    if after.part:
        return after.glue
    return "\n" if "i" in before.containers and "i" in after.containers else "\n\n"


def prefix(leaf: Leaf) -> str:
    """What stands before a leaf in copied text: its list marker, indented by depth."""
    depth = leaf.containers.count("i") + leaf.containers.count("f")
    if leaf.marker:
        marker = {TASK: "[ ]", TASK_DONE: "[x]"}.get(leaf.marker, leaf.marker)
        return "  " * (depth - 1) + marker + " "
    return "  " * depth


def plain(leaf: Leaf) -> str:
    """The text of a leaf as it is shown, with line feeds; the cells of a table are separated by tabs."""
    if leaf.kind is Kind.TABLE:
        return "\n".join("\t".join(cell.text for cell in row) for row in leaf.rows)
    return leaf.inline.text.replace(LINE_BREAK, "\n")


def units(text: str) -> int:
    """The length of ``text`` in UTF-16 code units."""
    if text.isascii() or max(text) <= "\uffff":
        return len(text)
    return len(text) + sum(c > "\uffff" for c in text)


def cut(text: str, start: int, end: int) -> str:
    """``text[start:end]`` with positions in UTF-16 code units."""
    if text.isascii() or max(text) <= "\uffff":
        return text[start:end]
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "replace")


def common_length(a: str, b: str) -> int:
    """How many characters two texts begin with alike."""
    if b.startswith(a):
        return len(a)
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle - 1)
    return low


def segments(text: str) -> Iterator[tuple[str, str]]:
    """Cut code or literal text into (glue, segment) pairs; glue + segment, all joined, is the text again.

    All but the last are final when text is appended.
    """
    start, glue = 0, ""
    while True:
        end, lines = start, 0
        while lines < SEGMENT_LINES:
            newline = text.find("\n", end)
            stop = len(text) if newline < 0 else newline
            if stop - start > SEGMENT_CHARACTERS:
                if lines == 0:
                    end = start + SEGMENT_CHARACTERS
                    yield glue, text[start:end]
                    start, glue = end, ""
                else:
                    yield glue, text[start : end - 1]
                    start, glue = end, "\n"
                break
            if newline < 0:
                yield glue, text[start:]
                return
            lines, end = lines + 1, newline + 1
        else:
            yield glue, text[start : end - 1]
            start, glue = end, "\n"


def weight(text: str) -> int:
    """What it takes to parse ``text``, in characters."""
    return len(text) + LINE * text.count("\n")


def reach(text: str, most: int) -> int:
    """Where the least begin of ``text`` ends whose :func:`weight` is ``most``, or its end."""
    start = 0
    while start < len(text):
        newline = text.find("\n", start, start + most)
        if newline < 0:
            return min(len(text), start + max(1, most))
        most -= newline + 1 - start + LINE
        start = newline + 1
        if most <= 0:
            break
    return start


def markers(text: str) -> int:
    """How much may begin inline markup in ``text``: ``*`` and ``[`` count twice, they cost a parser most."""
    return sum(map(text.count, "*_[]`<~&!\\$*["))


_MARKER = re.compile(r"[*_]+|[\[\]`<~&!\\$]")
DENSE = 320
"""Characters of text that a person could read that are enough for so much markup."""
_SENTENCE = re.compile(r"[.!?…]\s+(?=\w)")
_SPACE = re.compile(r"\s+(?=[^\W\d_])")


def prose_end(text: str, start: int) -> int:
    """Where the leaf of a paragraph that begins at ``start`` ends: at a sentence or a word, if it can."""
    end = start + PROSE_CHARACTERS
    end = min(end, start + reach(text[start:end], PROSE_WEIGHT))
    if end - start > MAX_MARKERS // 2 and markers(text[start:end]) > MAX_MARKERS:
        # Such text is shown literally, but for that which has words between its markup: it is cut earlier.
        last = next(islice(_MARKER.finditer(text, start, end), MAX_MARKERS // 4, None), None)
        if last and last.start() - start >= DENSE and (place := _good_end(text, start, last.start())):
            return place
    if len(text) <= end:
        return len(text)
    return _good_end(text, start, end) or end


def _good_end(text: str, start: int, end: int) -> int:
    for pattern in (_SENTENCE, _SPACE):
        places = [match.end() for match in pattern.finditer(text, max(start, end - 1000), end)]
        places = [place for place in places if place < end and text[place].isalpha()]
        if places:
            return places[-1]
    return 0


def clip(inline: Inline, start: int, end: int) -> Inline:
    """What ``inline`` says from ``start`` to ``end``, with what is marked in it."""
    start, end = max(0, start), max(0, min(end, units(inline.text)))
    if start == 0 and end == units(inline.text):
        return inline
    return Inline(
        cut(inline.text, start, end),
        _within(inline.marks, start, end),
        _within(inline.links, start, end),
        _within(inline.formulas, start, end),
    )


def _within(ranges: tuple[tuple[int, int, _T], ...], start: int, end: int) -> tuple[tuple[int, int, _T], ...]:
    found = []
    # Ranges stand in order and do not overlap.
    for at in range(max(0, bisect_right(ranges, start, key=itemgetter(0)) - 1), len(ranges)):
        first, last, value = ranges[at]
        if first >= end:
            break
        if last > start:
            found.append((max(start, first) - start, min(end, last) - start, value))
    return tuple(found)


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_MISLEADING = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e007a]{3,6}\U000e007f)|[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
"""What turns the text around it, or hides a text of its own; but the tags in the flag of a country's part."""


def clean(text: str) -> str:
    """``text`` as it can be shown in prose: without control characters, with markers as of :func:`visible`
    for those that turn text around or hide some. What scripts and emoji are made with stays."""
    if text.isascii() and text.isprintable():
        return text
    text = _CONTROL.sub("", text)
    return _MISLEADING.sub(lambda match: match[1] or _marker(match), text)


def visible(text: str) -> str:
    """``text`` with a marker like ``⟨U+202E⟩`` for each character that could hide what code really says."""
    return _INVISIBLE.sub(_marker, text)


def _marker(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def is_right_to_left(text: str) -> bool:
    """Whether the first character with a direction runs from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def code_leaf(segment: str, glue: str, part: int, info: str, containers: str = "", marker: str = "") -> Leaf:
    language = info.split(maxsplit=1)[0] if info.strip() else ""
    text = visible(segment).replace("\n", LINE_BREAK)
    return Leaf(
        Kind.CODE, Inline(text), containers, marker, language=language, part=part, glue=glue, info=info
    )


def literal_leaf(segment: str, glue: str, part: int, containers: str = "", marker: str = "") -> Leaf:
    text = clean(segment).replace("\n", LINE_BREAK)
    return Leaf(Kind.TEXT, Inline(text), containers, marker, part=part, glue=glue)
