"""What is selected: a range of text across blocks and messages."""

import unicodedata
from collections.abc import Callable
from itertools import takewhile

from PySide6.QtCore import QObject, Signal

from desktop_chat.ui.transcript.arrangement import Arrangement
from desktop_chat.ui.transcript.excerpt import END, Excerpt, Place, excerpt
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.leaves import Kind, cut, units
from desktop_chat.ui.transcript.link_places import inlines

Grain = Callable[[Flow, int, int], tuple[tuple[int, int], tuple[int, int]]]
"""What is selected around a position of a block: from one (block, position) to another."""


class Selection(QObject):
    """Two places in the text: ``anchor``, where selecting began, and ``head``, where it is now: the caret.

    Each change of one of them emits ``changed``.
    """

    changed = Signal()

    def __init__(self, rows: Arrangement, parent: QObject) -> None:
        super().__init__(parent)
        self._rows = rows
        self.anchor: Place | None = None
        self.head: Place | None = None
        self.is_dragging = False
        self._grain: Grain | None = None
        self._first: tuple[Place, Place] | None = None

    @property
    def is_empty(self) -> bool:
        return self.anchor is None or self.anchor == self.head

    def set(self, anchor: Place | None, head: Place | None) -> None:
        """Select from ``anchor`` to ``head``; where they are the same, that is where the caret is."""
        if (anchor, head) != (self.anchor, self.head):
            self.anchor, self.head = anchor, head
            self.changed.emit()

    def clear(self) -> None:
        """Nothing is selected, and there is no caret."""
        self.release()
        self.set(None, None)

    def collapse(self) -> None:
        """Nothing is selected; the caret stays."""
        self.set(self.head, self.head)

    # By the pointer

    def press(self, place: Place, *, extend: bool = False, grain: Grain | None = None) -> None:
        """Begin at a place, with all that ``grain`` takes around it, or ``extend`` what is selected."""
        self.is_dragging, self._grain = True, grain
        if extend and self.anchor is not None:
            self._first = (self.anchor, self.anchor)
        else:
            self._first = self._around(place)
        self.drag(place)

    def drag(self, place: Place) -> None:
        """Select to a place, from where it began."""
        if self._first is None:
            return
        (start, end), (first, last) = self._first, self._around(place)
        self.set(*((end, first) if first < start else (start, max(end, last))))

    def release(self) -> None:
        self.is_dragging = False

    def _around(self, place: Place) -> tuple[Place, Place]:
        row, part, block, position = place
        flow = self._rows.row(row).flow(part)
        if self._grain is None or flow is None or block >= len(flow.blocks):
            return place, place
        first, last = self._grain(flow, block, position)
        return (row, part, *first), (row, part, *last)

    # As a whole

    def select_all(self) -> None:
        if self._rows.messages:
            self.set((0, 0, 0, 0), (len(self._rows.messages) - 1, 1, END, END))

    def select_message(self, row: int) -> None:
        self.set((row, 0, 0, 0), (row, 1, END, END))

    def folded(self, row: int) -> None:
        """The reasoning of a message may not be shown any more: nothing begins or ends in it then."""
        ends = [place[:2] for place in (self.anchor, self.head) if place is not None]
        if (row, 0) in ends and not self._rows.is_unfolded(row):
            self.clear()

    # What is selected

    def touches(self, row: int) -> bool:
        """Whether anything of a message is selected, or the caret is in it."""
        if self.anchor is None or self.head is None:
            return False
        return min(self.anchor, self.head)[0] <= row <= max(self.anchor, self.head)[0]

    def covers(self, place: Place) -> bool:
        """Whether a place is within what is selected."""
        ends = self.ends()
        return ends is not None and ends[0] <= place <= ends[1]

    def ends(self) -> tuple[Place, Place] | None:
        """The selected range in reading order; None where nothing is selected."""
        if self.anchor is None or self.head is None or self.is_empty:
            return None
        return min(self.anchor, self.head), max(self.anchor, self.head)

    def range(self, row: int, part: int, block: int) -> tuple[int, int] | None:
        """The selected positions of a block, or None."""
        ends = self.ends()
        if ends is None:
            return None
        start, end = ends
        here = (row, part, block)
        if not start[:3] <= here <= end[:3]:
            return None
        return start[3] if start[:3] == here else 0, end[3] if end[:3] == here else END

    def excerpt(self) -> Excerpt | None:
        """What is selected, as it is now; None where that is nothing."""
        ends = self.ends()
        return None if ends is None else excerpt(self._rows, *ends)

    def words(self) -> str:
        """What is selected where that is within one block, else ``""``: never more than a moment's work."""
        found = self.excerpt() if not self.is_empty and self._is_one_block() else None
        return "" if found is None else found.text()

    def _is_one_block(self) -> bool:
        return self.anchor is not None and self.head is not None and self.anchor[:3] == self.head[:3]

    def text(self) -> str:
        """What is selected, as plain text; messages are separated by an empty line."""
        found = self.excerpt()
        return "" if found is None else found.text()


def word(flow: Flow, block: int, position: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The word, the space or the signs at a position."""
    plain = flow.blocks[block].plain
    at = len(cut(plain, 0, position))
    if not plain:
        return (block, 0), (block, 0)
    # A point on the second half of a letter is nearest to the position behind it.
    if at == len(plain) or (at and _kind(plain, at) != "word" and _kind(plain, at - 1) != "\n"):
        at -= at == len(plain) or _kind(plain, at) in "\n\t" or _kind(plain, at - 1) == "word"
    kind = _kind(plain, at)
    if kind in ("\n", "\t"):
        first, last = at, at + 1
    else:
        first = at - sum(1 for _ in takewhile(lambda i: _kind(plain, i) == kind, range(at - 1, -1, -1)))
        last = at + sum(1 for _ in takewhile(lambda i: _kind(plain, i) == kind, range(at, len(plain))))
    start = units(plain[:first])
    return (block, start), (block, start + units(plain[first:last]))


def _kind(text: str, at: int) -> str:
    """What words are told apart by; accents, joiners and an apostrophe within a word belong to it."""
    character = text[at]
    if character in "\n\t":
        return character
    if character in "'’":
        inside = text[at - 1 : at].isalpha() and text[at + 1 : at + 2].isalpha()
        return "word" if inside else "sign"
    if character.isalnum() or character == "_" or unicodedata.category(character) in ("Mn", "Mc", "Cf"):
        return "word"
    return "space" if character.isspace() else "sign"


def line(flow: Flow, block: int, position: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The paragraph, the line of code or the cell of a table at a position."""
    leaf, plain = flow.blocks[block].leaf, flow.blocks[block].plain
    if leaf.kind is Kind.TABLE:
        start, cell = [item for item in inlines(leaf) if item[0] <= position][-1]
        return (block, start), (block, start + units(cell.text))
    at = len(cut(plain, 0, position))
    first, last = plain.rfind("\n", 0, at) + 1, plain.find("\n", at)
    begin, end = (block, units(plain[:first])), (block, units(plain if last < 0 else plain[:last]))
    # A paragraph or a line that is too long for one block goes on in the next one.
    while begin[1] == 0 and _goes_on(flow, begin[0]):
        before = flow.blocks[begin[0] - 1].plain
        begin = begin[0] - 1, units(before[: before.rfind("\n") + 1])
    while last < 0 and _goes_on(flow, end[0] + 1):
        after = flow.blocks[end[0] + 1].plain
        last = after.find("\n")
        end = end[0] + 1, units(after if last < 0 else after[:last])
    return begin, end


def _goes_on(flow: Flow, block: int) -> bool:
    """Whether a block begins within the line that the one before ends with."""
    if block >= len(flow.blocks):
        return False
    leaf = flow.blocks[block].leaf
    return leaf.part > 0 and leaf.glue != "\n"
