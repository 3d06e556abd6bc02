"""A piece of a code block: its lines, and the frame and header around them."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QTextLayout

from desktop_chat.ui.theme import RADIUS_CODE
from desktop_chat.ui.transcript.blocks import Block
from desktop_chat.ui.transcript.formats import Formats, format_range
from desktop_chat.ui.transcript.highlight import Spans
from desktop_chat.ui.transcript.leaves import LINE_BREAK, Leaf
from desktop_chat.ui.transcript.text import Text, lay_out


class CodeBlock(Block):
    """A piece of code of bounded size; the first piece has the header, the last one the lower edge."""

    def __init__(self, leaf: Leaf, formats: Formats, width: int) -> None:
        self.text: Text | None = None
        super().__init__(leaf, formats, width)

    def release(self) -> None:
        super().release()
        self.text = None

    def lay_out(self, width: int, colours: Spans | None = None) -> None:
        super().lay_out(width, colours)
        formats = self.formats
        layout = QTextLayout(self.leaf.inline.text, formats.code_font)
        layout.setCacheEnabled(True)
        layout.setTextOption(formats.code_option)
        if colours:
            layout.setFormats(
                [format_range(start, end, formats.colour(name)) for start, end, name in colours]
            )
        self.text = Text(self.leaf.inline, layout)
        room = max(40, width - self.left) - 2 * self._inset()
        self.text.height = lay_out(layout, room, formats.code_pitch)
        self.height = self._top() + self.text.height

    def texts(self) -> list[tuple[Text, float, float]]:
        return [] if self.text is None else [(self.text, self.left + self._inset(), self._top())]

    def _inset(self) -> int:
        return self.formats.px(14)

    def _top(self) -> int:
        """The height of the header and the space below it."""
        return 0 if self.leaf.part else self.formats.code_header + self.formats.code_padding + 1

    def _pitch(self) -> float:
        return self.formats.code_pitch

    def _estimate(self, width: int) -> int:
        room = max(40, width - self.left) - 2 * self._inset()
        per_line = max(1, int(room / self.formats.code_width))
        lines = sum(1 + len(line) // (per_line + 1) for line in self.leaf.inline.text.split(LINE_BREAK))
        return self._top() + round(lines * self.formats.code_pitch)

    def paint_box(self, painter: QPainter, x: int, y: int, *, last: bool) -> None:
        """The frame and header, drawn before :meth:`paint`; ``last`` where no piece follows."""
        formats = self.formats
        radius = formats.px(RADIUS_CODE)
        first = self.leaf.part == 0
        height = self.height + (formats.code_padding + 1 if last else 0)
        box = QRectF(x + self.left + 0.5, y + 0.5, self.width - self.left - 1, height - 1)
        painter.save()
        if not (first and last):
            painter.setClipRect(
                QRectF(x + self.left, y, self.width - self.left, height), Qt.ClipOperation.IntersectClip
            )
            box.adjust(0, 0 if first else -2 * radius, 0, 0 if last else 2 * radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(formats.colors.line, 1))
        painter.setBrush(formats.colors.code)
        painter.drawRoundedRect(box, radius, radius)
        painter.restore()
        if not first:
            return
        painter.fillRect(
            x + self.left, y + formats.code_header, self.width - self.left, 1, formats.colors.line
        )
        painter.setFont(formats.meta_font)
        painter.setPen(formats.colors.dim)
        width = self.width - self.left - formats.px(90)
        header = QRectF(x + self.left + formats.px(13), y, width, formats.code_header)
        name = painter.fontMetrics().elidedText(self.leaf.language, Qt.TextElideMode.ElideRight, width)
        painter.drawText(header, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def copy_button(self) -> QRectF | None:
        """The place of the Copy button; None for a piece without a header."""
        if self.leaf.part:
            return None
        width = self.formats.px(60)
        return QRectF(self.width - width, 0, width, self.formats.code_header)
