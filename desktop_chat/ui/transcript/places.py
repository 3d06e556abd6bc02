"""Places of the text on the screen: where they are, which is at a point, and scrolling to them."""

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QTextLine

from desktop_chat.domain.message import State
from desktop_chat.ui.transcript.arrangement import Position
from desktop_chat.ui.transcript.blocks import Block
from desktop_chat.ui.transcript.excerpt import Place
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.leaves import units
from desktop_chat.ui.transcript.row import deadline_in
from desktop_chat.ui.transcript.text import Text, x_of

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

PARSE_SLICE = 0.03
"""Seconds that parsing a message may take to find a place in it."""
WIDTH = 2
"""Pixels of a caret."""
MARGIN = 12
"""The design's pixels that stay free above and below a place that is scrolled to."""


class Line(NamedTuple):
    """A line of text in a block that is laid out, with the place of its text."""

    text: Text
    line: QTextLine
    left: float
    top: float

    @property
    def y(self) -> float:
        return self.top + self.line.y()

    def distance(self, x: float) -> float:
        """How far an x of the flow is from where the line may reach."""
        return max(0.0, self.left - x, x - self.left - self.line.width())

    def position(self, x: float) -> int:
        """The position of the block at an x of the flow."""
        return self.text.offset + self.text.to_text(self.line.xToCursor(x - self.left))

    @property
    def start(self) -> int:
        return self.text.offset + self.text.to_text(self.line.textStart())

    @property
    def end(self) -> int:
        at = self.line.textStart() + self.line.textLength()
        layout = self.text.layout
        if self.line.lineNumber() + 1 < layout.lineCount():
            # The position behind the last character is that before the first one of the next line.
            at = max(self.line.textStart(), layout.previousCursorPosition(at))
        return self.text.offset + self.text.to_text(at)


class Places:
    """The places of a view. Points are those of the viewport."""

    def __init__(self, view: "Transcript") -> None:
        self._view, self._rows = view, view.rows

    def known(self, place: Place | None) -> Place | None:
        """A place as one that is there: not behind the end of its text. None where its message is gone."""
        if place is None or place[0] >= len(self._rows.messages):
            return None
        row, part, block, position = place
        flow = self.flow(row, part)
        if flow is None or not flow.blocks:
            return place
        if block >= len(flow.blocks):
            return row, part, len(flow.blocks) - 1, units(flow.blocks[-1].plain)
        return row, part, block, min(position, units(flow.blocks[block].plain))

    def rect(self, place: Place) -> QRect:
        """Where a caret at a place is in the viewport; null where that is not laid out."""
        row, part, number, position = place
        found = self._block(row, part, number)
        if found is None or row not in dict(self._rows.visible):
            return QRect()
        block, left, top = found
        at = block.text_of(position)
        if at is None:
            return QRect()
        text, text_left, text_top = at
        inside = text.to_layout(min(position - text.offset, units(text.inline.text)))
        line = text.layout.lineForTextPosition(inside)
        if not line.isValid():
            return QRect()
        corner = QPointF(left + text_left + x_of(line, inside), top + text_top + line.y())
        return QRectF(corner.x() - WIDTH / 2, corner.y(), WIDTH, line.height()).toAlignedRect()

    def at(self, point: QPointF) -> Place | None:
        """The place nearest to a point of the viewport; None in an empty chat."""
        at = self._view.row_at(point.y())
        if at is None:
            return None
        index, top = at
        spot = self._rows.row(index).spot_at(point.x() - self._view.column_left, point.y() - top)
        return index, spot.part, spot.block, spot.position

    def first_in_view(self) -> Place | None:
        """The begin of the first line that is in view; None in an empty chat."""
        return self.at(QPointF(self._view.column_left, self._view.theme.px(MARGIN)))

    def reveal(self, place: Place) -> None:
        """Scroll as little as brings a place into view."""
        view, rows = self._view, self._rows
        flow = self.flow(*place[:2])
        if flow is None or place[2] >= len(flow.blocks):
            return
        rows.arrange()
        rect = self.rect(place)
        height, margin = rows.view_height, view.theme.px(MARGIN)
        if rect.isNull() or rect.bottom() < -height or rect.top() > 2 * height:
            offset = flow.offset_of(*place[2:])
            view.restore(Position(rows.messages[place[0]].id, place[1], offset, height // 3))
            rect = self.rect(place)
        if rect.top() < margin:
            view.scroll_by(rect.top() - margin)
        elif rect.bottom() > height - margin:
            view.scroll_by(rect.bottom() - height + margin)

    def hold_selected(self) -> None:
        """Who selects text at the end of a chat is not moved by what is written there meanwhile."""
        rows, selection = self._rows, self._view.selection
        if selection.is_empty or selection.head is None or not rows.sticks:
            return
        rect = self.rect(selection.head)
        if rows.messages[-1].state is State.STREAMING and rect.isValid():
            rows.hold(max(0, rect.top()), for_good=True)

    def flow(self, row: int, part: int) -> Flow | None:
        """A text that is shown, parsed as far as there is time; None where it is folded."""
        found = self._rows.row(row)
        if found.advance(deadline_in(PARSE_SLICE)):
            self._rows.place_row(row)
        return next((flow for each, flow, _x, _y in found.flows() if each == part), None)

    def _block(self, row: int, part: int, number: int) -> tuple[Block, float, float] | None:
        """A block, laid out, and where it is in the viewport."""
        view = self._view
        found = self._rows.row(row)
        for each, flow, left, top in found.flows():
            if each == part and number < len(flow.blocks):
                block = flow.blocks[number]
                y = self._rows.heights.before(row) - self._rows.top
                return block, view.column_left + left, y + top + flow.top(number)
        return None

    def lines(self, row: int, part: int, number: int) -> list[Line]:
        """The lines of a block, which is laid out for it."""
        flow = self.flow(row, part)
        if flow is None or number >= len(flow.blocks):
            return []
        block = flow.blocks[number]
        if block.width != flow.width:
            top = flow.top(number)
            flow.lay_out(top, top + 1)
            self._rows.place_row(row)
        return [
            Line(text, text.layout.lineAt(index), left, top)
            for text, left, top in block.texts()
            for index in range(text.layout.lineCount())
        ]
