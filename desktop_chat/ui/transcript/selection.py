"""What is selected: a range of text across blocks and messages."""

import re

from desktop_chat.ui.transcript.arrangement import Arrangement
from desktop_chat.ui.transcript.leaves import units
from desktop_chat.ui.transcript.row import Spot

MAX_PARSED = 256 * 1024
"""Characters of messages not yet parsed that are parsed to copy them; past that their source is copied."""
_END = 1 << 40
_WORD = re.compile(r"\w+|[^\w\s]+|\s+")

Place = tuple[int, int, int, int]
"""Row, part, block and position; places compare in reading order."""


class Selection:
    """Two places in the text: ``anchor``, where selecting began, and ``head``, where it is now: the caret."""

    def __init__(self, rows: Arrangement) -> None:
        self._rows = rows
        self.anchor: Place | None = None
        self.head: Place | None = None
        self.is_dragging = False

    @property
    def is_empty(self) -> bool:
        return self.anchor is None or self.anchor == self.head

    def clear(self) -> None:
        self.anchor = self.head = None
        self.is_dragging = False

    def press(self, row: int, spot: Spot, *, extend: bool) -> None:
        """Begin at a place, or with ``extend`` move the end of what is selected there."""
        self.head = (row, spot.part, spot.block, spot.position)
        if not extend or self.anchor is None:
            self.anchor = self.head
        self.is_dragging = True

    def drag(self, row: int, spot: Spot) -> None:
        self.head = (row, spot.part, spot.block, spot.position)

    def release(self) -> None:
        self.is_dragging = False

    def select_word(self, row: int, spot: Spot) -> None:
        flow = self._rows.row(row).flow(spot.part)
        if flow is None or spot.block >= len(flow.blocks):
            return
        plain = flow.blocks[spot.block].plain
        position = 0
        for match in _WORD.finditer(plain):
            end = position + units(match[0])
            if spot.position < end or end == units(plain):
                self.anchor = (row, spot.part, spot.block, position)
                self.head = (row, spot.part, spot.block, end)
                return
            position = end

    def select_all(self) -> None:
        if self._rows.messages:
            self.anchor, self.head = (0, 0, 0, 0), (len(self._rows.messages) - 1, 1, _END, _END)

    def touches(self, row: int) -> bool:
        ends = self._ends()
        return ends is not None and ends[0][0] <= row <= ends[1][0]

    def _ends(self) -> tuple[Place, Place] | None:
        if self.anchor is None or self.head is None or self.is_empty:
            return None
        return min(self.anchor, self.head), max(self.anchor, self.head)

    def range(self, row: int, part: int, block: int) -> tuple[int, int] | None:
        """The selected positions of a block, or None."""
        ends = self._ends()
        if ends is None:
            return None
        start, end = ends
        here = (row, part, block)
        if not start[:3] <= here <= end[:3]:
            return None
        return start[3] if start[:3] == here else 0, end[3] if end[:3] == here else _END

    def text(self) -> str:
        """What is selected, as plain text; messages are separated by an empty line."""
        ends = self._ends()
        if ends is None:
            return ""
        (first, *start), (last, *end) = ends
        found: list[str] = []
        parsed = 0
        for index in range(first, min(last, len(self._rows.messages) - 1) + 1):
            built, message = self._rows.built(index), self._rows.messages[index]
            if built is None and first < index < last:
                source = message.text
                parsed += len(source)
                if parsed > MAX_PARSED:
                    found.append(source)
                    continue
            row = self._rows.row(index)
            row.plain_text()
            found.append(
                row.text_between(
                    Spot(*start) if index == first else None,
                    Spot(*end) if index == last and end[1] < _END else None,
                )
            )
        return "\n\n".join(text for text in found if text)
