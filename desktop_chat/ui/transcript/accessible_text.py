"""The text of a message for screen readers: read, walked with a caret, selected."""

import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QAccessibleTextInterface

from desktop_chat.ui.transcript.arrangement import Position
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.leaves import Kind, Mark, cut, units
from desktop_chat.ui.transcript.link_places import inlines
from desktop_chat.ui.transcript.readings import Readings

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

_MAY_TELL = sys.platform == "linux" and sys.maxsize > 2**32 and os.uname().machine == "x86_64"
"""Whether readers may be told what is selected and how text looks; elsewhere they hear that nothing is."""
_ATTRIBUTES = {
    Mark.BOLD: "font-weight:bold;",
    Mark.ITALIC: "font-style:italic;",
    Mark.STRIKE: "text-line-through-style:solid;",
    Mark.CODE: "font-family:monospace;",
    Mark.LINK: "text-underline-type:single;",
    Mark.RAISED: "text-position:super;",
}
"""How IAccessible2, whose words Qt speaks here, calls what marks mean."""


class MessageText(QAccessibleTextInterface):
    """The text of a part of a message, as it is shown; offsets are those of ``Flow.text()``.

    Qt itself finds the characters, words, sentences and lines in it.
    """

    def __init__(self, view: "Transcript", readings: Readings, message_id: str, part: int = 1) -> None:
        super().__init__()
        self._view, self._readings, self._id, self._part = view, readings, message_id, part
        self._tells = False
        if _MAY_TELL:
            # Brings ctypes, which nobody else needs.
            from desktop_chat.ui.transcript.accessible_slots import connect

            self._tells = connect(self)

    def whole(self) -> str:
        """The text, or what could be parsed of it by now."""
        flow = self._flow()
        return "" if flow is None else self._readings.text(flow)

    def characterCount(self) -> int:
        return units(self.whole())

    def text(self, start: int, end: int) -> str:
        whole = self.whole()
        return cut(whole, max(0, start), units(whole) if end < 0 else end)

    def cursorPosition(self) -> int:
        return self.offset(self._view.selection.head) or 0

    def setCursorPosition(self, position: int) -> None:
        self._select(position, position)

    # Selections. There is one, which may go over several messages.

    def selected(self) -> tuple[int, int] | None:
        """What is selected of this text, None where that is nothing."""
        anchor, head = self._view.selection.anchor, self._view.selection.head
        flow, index = self._flow(), self._view.rows.index.get(self._id)
        if anchor is None or head is None or flow is None or index is None:
            return None
        here = index, self._part
        first, last = min(anchor, head), max(anchor, head)
        if last[:2] < here or first[:2] > here:
            return None
        start = self.offset(first) if first[:2] == here else 0
        end = self.offset(last) if last[:2] == here else self.characterCount()
        return (start or 0, end or 0) if start != end else None

    def selectionCount(self) -> int:
        return 1 if self._tells and self.selected() is not None else 0

    def addSelection(self, start: int, end: int) -> None:
        self._select(start, end)

    def setSelection(self, index: int, start: int, end: int) -> None:
        self._select(start, end)

    def removeSelection(self, index: int) -> None:
        end = self.cursorPosition()
        self._select(end, end)

    def offset(self, place: tuple[int, int, int, int] | None) -> int | None:
        """Where a place of the view is in this text, None where it is in another."""
        flow, index = self._flow(), self._view.rows.index.get(self._id)
        if place is None or flow is None or place[:2] != (index, self._part):
            return None
        if place[2] >= len(flow.blocks):
            return self.characterCount()
        return flow.offset_of(place[2], place[3])

    def _select(self, start: int, end: int) -> None:
        flow, index = self._flow(), self._view.rows.index.get(self._id)
        if flow is None or index is None:
            return
        self._view.current = index
        here = index, self._part
        self._view.selection.set((*here, *flow.place_of(start)), (*here, *flow.place_of(end)))
        self._view.viewport().update()

    # Places on the screen

    def characterRect(self, offset: int) -> QRect:
        """Nothing of what is not in view."""
        return self.rect(offset, offset + 1)

    def rect(self, start: int, end: int) -> QRect:
        """The place on the screen of the first line of some characters."""
        view, index = self._view, self._view.rows.index.get(self._id)
        y = dict(view.rows.visible).get(-1 if index is None else index)
        row = view.rows.built(-1 if index is None else index)
        if y is None or row is None:
            return QRect()
        for part, flow, left, top in row.flows():
            if part != self._part or not flow.blocks:
                continue
            number, position = flow.place_of(start)
            for text, x, text_y in reversed(flow.blocks[number].texts()):
                if text.offset <= position:
                    first = position - text.offset
                    boxes = text.rectangles(first, first + max(1, end - start), 0)
                    if boxes:
                        corner = QPointF(view.column_left + left + x, y + top + flow.top(number) + text_y)
                        box = boxes[0].translated(corner).toAlignedRect()
                        return box.translated(view.viewport().mapToGlobal(QPoint(0, 0)))
                    break
        return QRect()

    def offsetAtPoint(self, point: QPoint) -> int:
        at = self._view.spot_at(QPointF(self._view.viewport().mapFromGlobal(point)))
        found = None if at is None else self.offset((at[0], at[1].part, at[1].block, at[1].position))
        return -1 if found is None else found

    def scrollToSubstring(self, start: int, end: int) -> None:
        view = self._view
        seen = view.viewport().rect().translated(view.viewport().mapToGlobal(QPoint(0, 0)))
        box = self.rect(start, end)
        if not box.isValid() or not seen.contains(box):
            view.restore(Position(self._id, self._part, start, view.viewport().height() // 3))

    # Looks

    def looks(self, offset: int) -> tuple[str, int, int]:
        """The attributes at an offset, and where they begin and end."""
        flow = self._flow()
        if flow is None or not flow.blocks:
            return "", 0, 0
        number, position = flow.place_of(offset)
        base = flow.offset_of(number, 0)
        leaf = flow.blocks[number].leaf
        at, inline = [item for item in inlines(leaf) if item[0] <= position][-1]
        edges, bits = {0, units(inline.text)}, 0
        for start, end, mark in inline.marks:
            edges |= {start, end}
            if start <= position - at < end:
                bits |= mark
        if leaf.kind is Kind.CODE:
            bits |= Mark.CODE
        found = "".join(words for mark, words in _ATTRIBUTES.items() if bits & mark)
        if leaf.heading and not bits & Mark.BOLD:
            found += _ATTRIBUTES[Mark.BOLD]
        first = max((edge for edge in edges if edge <= position - at), default=0)
        last = min((edge for edge in edges if edge > position - at), default=units(inline.text))
        return found, base + at + first, base + at + last

    def _flow(self) -> Flow | None:
        row = self._readings.row(self._id)
        return None if row is None else row.flow(self._part)
