"""Sources of an answer: numbered, and placed in the text where they are cited.

A server says where in the source of the text a citation ends. The rendered text has no markup and no
addresses, so the place is found by the letters and digits before it, which both have in common.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from desktop_chat.domain.message import Citation, Message, Part, PartKind, Role
from desktop_chat.ui.transcript.leaves import Inline, Kind, Leaf, Mark, units

CONTEXT, LEAST_CONTEXT = 40, 4
"""Letters and digits before a citation that are looked for: first this many, and no fewer than that."""
LATEST = 8
"""Leaves that are searched while text streams in: citations come right after what they are for."""

_TARGET = re.compile(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*[^()]*\)")
_NO_WORD = re.compile(r"[\W_]+")
_LAST = re.compile(r"[\W_]*\Z")
_CLOSING = ")]}\"'”’»*"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an answer, however often it is cited. ``url`` is empty for a file."""

    number: int
    title: str
    url: str


class Note(NamedTuple):
    """A label to show at a position of a leaf, such as ``[1]``, and where it leads."""

    position: int
    label: str
    url: str


class Citations:
    """The sources of one message, and where they are cited. ``notes`` are those of each leaf by its index."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.notes: dict[int, tuple[Note, ...]] = {}
        self.is_settled = False
        """Whether all places were looked for in the whole text."""
        self._numbers: dict[str, int] = {}
        self._all: list[tuple[int, Source]] = []
        self._pending: list[tuple[int, Source]] = []

    @property
    def is_pending(self) -> bool:
        """Whether the place of a citation is still to be found."""
        return bool(self._pending)

    def add(self, parts: Iterable[Part]) -> None:
        """Take in the citations among ``parts``."""
        for part in parts:
            if part.kind is not PartKind.CITATION or not isinstance(part.data, Citation):
                continue
            self.is_settled = False
            key = part.data.url or part.name
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            if number > len(self.sources):
                self.sources.append(Source(number, part.name or part.data.url, part.data.url))
            end = part.data.end if part.data.end is not None else part.data.start
            if end is not None:
                self._all.append((end, self.sources[number - 1]))
                self._pending.append(self._all[-1])

    def place(self, leaves: Sequence[Leaf], text: str, *, final: bool) -> bool:
        """Find the places of what is pending in the rendered ``leaves`` of ``text``.

        ``final``: the text is complete, so that all are looked for anew, everywhere. Returns whether a note
        changed.
        """
        before = self.notes
        self.is_settled = final
        if final:
            self._pending, self.notes = list(self._all), {}
        if not self._pending:
            return self.notes != before
        found: dict[int, set[Note]] = {index: set(notes) for index, notes in self.notes.items()}
        first = 0 if final else max(0, len(leaves) - LATEST)
        search = _Search(leaves, first)
        counted = expected = 0
        source = _TARGET.sub(lambda match: " " * len(match[0]), text) if final else ""
        missing = []
        for end, cited in sorted(self._pending, key=lambda item: item[0]):
            if final:
                expected += len(_words(source[counted:end]))
                counted = max(counted, min(end, len(source)))
            begin = max(0, end - 600)
            context = _words(_TARGET.sub("]", text[begin:end]))
            after = _LAST.search(text, begin, end)
            place = None
            if final or end <= len(text):
                place = search.find(context, expected if final else None, after[0] if after else "")
            if place is None:
                missing.append((end, cited))
            else:
                found.setdefault(place[0], set()).add(Note(place[1], f"[{cited.number}]", cited.url))
        self._pending = [] if final else missing
        self.notes = {index: tuple(sorted(notes, key=_order)) for index, notes in found.items()}
        return self.notes != before


def noted_leaves(message: Message, leaves: list[Leaf]) -> list[Leaf]:
    """The leaves of what a message says as a row shows them, with the labels of its sources."""
    if message.role is Role.USER or not any(part.kind is PartKind.CITATION for part in message.parts):
        return leaves
    citations = Citations()
    citations.add(message.parts)
    citations.place(leaves, message.text, final=True)
    notes = citations.notes
    return [noted(leaf, notes[index]) if index in notes else leaf for index, leaf in enumerate(leaves)]


def _order(note: Note) -> tuple[int, int]:
    return note.position, int(note.label[1:-1])


def _words(text: str) -> str:
    return _NO_WORD.sub("", text)


class _Search:
    """The letters and digits of leaves, one after the other, and the way back to a position."""

    def __init__(self, leaves: Sequence[Leaf], first: int) -> None:
        self._leaves, self._first = leaves, first
        self._starts: list[int] = []
        parts: list[str] = []
        length = 0
        for leaf in leaves[first:]:
            self._starts.append(length)
            cells = [cell.text for row in leaf.rows for cell in row]
            parts.append(_words(leaf.inline.text + "".join(cells)))
            length += len(parts[-1])
        self._words = "".join(parts)

    def find(self, context: str, expected: int | None, after: str) -> tuple[int, int] | None:
        """The leaf and the position behind the occurrence of ``context`` that ends nearest to ``expected``
        of all letters and digits, else behind the last one, and behind what of ``after`` follows there.
        None where there is none in prose."""
        for length in (CONTEXT, CONTEXT // 3):
            wanted = context[-length:]
            if len(wanted) < LEAST_CONTEXT:
                return None
            at = self._nearest(wanted, expected)
            if at is not None:
                return self._place(at, after)
        return None

    def _nearest(self, wanted: str, expected: int | None) -> int | None:
        size = len(wanted)
        if expected is None:
            before = self._words.rfind(wanted)
            return before + size if before >= 0 else None
        before = self._words.rfind(wanted, 0, expected + size)
        after = self._words.find(wanted, max(0, expected - size))
        ends = [at + size for at in (before, after) if at >= 0]
        return min(ends, key=lambda end: abs(end - expected), default=None)

    def _place(self, end: int, after: str) -> tuple[int, int] | None:
        number = bisect_right(self._starts, end - 1) - 1
        leaf = self._leaves[self._first + number]
        if leaf.kind is not Kind.TEXT:
            return None
        text, left = leaf.inline.text, end - self._starts[number]
        at = 0
        while left and at < len(text):
            left -= text[at].isalnum()
            at += 1
        # To the end of a word, in scripts that set words apart.
        while at < len(text) and text[at].isalnum() and text[at] < "\u2e80":
            at += 1
        while at < len(text) and (text[at] in _CLOSING or text[at] in after.strip()):
            at += 1
        return self._first + number, _outside(leaf.inline, units(text[:at]))


def _outside(inline: Inline, position: int) -> int:
    """``position``, or the end of the formula, the code or the link that it is within."""
    spans = [(start, end) for start, end, _ in (*inline.formulas, *inline.links)]
    spans += [(start, end) for start, end, bits in inline.marks if bits & Mark.CODE]
    return max((end for start, end in spans if start < position < end), default=position)


def noted(leaf: Leaf, notes: Sequence[Note]) -> Leaf:
    """``leaf`` with the labels of ``notes`` in its text."""
    inline = leaf.inline
    for note in reversed(notes):
        inline = _insert(inline, note)
    return replace(leaf, inline=inline)


def _insert(inline: Inline, note: Note) -> Inline:
    at, label = min(note.position, units(inline.text)), note.label
    size = len(label)
    encoded = inline.text.encode("utf-16-le", "surrogatepass")
    text = (encoded[: 2 * at] + label.encode("utf-16-le") + encoded[2 * at :]).decode("utf-16-le", "replace")

    def moved(start: int, end: int) -> tuple[int, int]:
        return (start + size if start >= at else start), (end + size if end > at else end)

    marks = [(*moved(start, end), bits) for start, end, bits in inline.marks]
    links = [(*moved(start, end), url) for start, end, url in inline.links]
    formulas = [(*moved(start, end), source) for start, end, source in inline.formulas]
    marks.append((at, at + size, Mark.CHIP))
    if note.url:
        links.append((at, at + size, note.url))
    return inline._replace(
        text=text, marks=tuple(sorted(marks)), links=tuple(sorted(links)), formulas=tuple(formulas)
    )
