"""Text laid out: measured, hit-tested and painted.

A QTextLayout knows characters and formats, no rich text, no images and no resources, so nothing in a message
can make Qt open anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QTextLayout, QTextLine

from desktop_chat.ui.transcript.formats import Formats, format_range
from desktop_chat.ui.transcript.leaves import Inline, Mark, is_right_to_left, units


class Wash(NamedTuple):
    """A colour behind the text positions ``start`` to ``end``: what is selected, or what was found."""

    start: int
    end: int
    color: QColor
    outline: QColor | None = None


@dataclass(slots=True)
class Text:
    """A run of text laid out at a width: a paragraph, a table cell or a piece of code."""

    inline: Inline
    layout: QTextLayout
    height: int = 0
    boxes: list[QRectF] = field(default_factory=list)
    offset: int = 0

    def line_at(self, y: float) -> QTextLine | None:
        found = None
        for i in range(self.layout.lineCount()):
            line = self.layout.lineAt(i)
            if found is not None and line.y() > y:
                break
            found = line
        return found

    def position_at(self, x: float, y: float) -> int:
        line = self.line_at(y)
        return 0 if line is None else line.xToCursor(x)

    def link_at(self, x: float, y: float) -> str:
        line = self.line_at(y) if self.inline.links else None
        if line is None or y > line.y() + 1.6 * line.height():
            return ""
        shown = line.naturalTextRect()
        if not shown.left() <= x <= shown.right():
            return ""
        position = line.xToCursor(x, QTextLine.CursorPosition.CursorOnCharacter)
        return next((url for start, end, url in self.inline.links if start <= position < end), "")

    def rectangles(self, start: int, end: int, pitch: float) -> list[QRectF]:
        """What a selection of ``start`` to ``end`` covers, line by line."""
        found = []
        for i in range(self.layout.lineCount()):
            line = self.layout.lineAt(i)
            first, last = max(start, line.textStart()), min(end, line.textStart() + line.textLength())
            if first > last or (first == last and line.textLength()):
                continue
            height = max(pitch, line.height())
            x1, x2 = _cursor_x(line, first), _cursor_x(line, last)
            top = line.y() + (line.height() - height) / 2
            found.append(QRectF(min(x1, x2), top, max(abs(x2 - x1), 4), height))
        return found

    def paint(
        self,
        painter: QPainter,
        origin: QPointF,
        clip: QRectF,
        washes: Sequence[Wash],
        pitch: float,
        formats: Formats,
        dim: bool,
    ) -> None:
        """Draw the text with its top left corner at ``origin``; ``washes`` have positions of the block."""
        if origin.y() > clip.bottom() or origin.y() + self.height < clip.top():
            return
        for box in self.boxes:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(formats.colors.hover)
            painter.drawRoundedRect(box.translated(origin), 4, 4)
        length = units(self.inline.text)
        for start, end, color, outline in washes:
            first, last = max(0, start - self.offset), min(length, end - self.offset)
            for box in self.rectangles(first, last, pitch):
                painter.fillRect(box.translated(origin), color)
                if outline is not None:
                    painter.setPen(outline)
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.drawRect(box.translated(origin).toAlignedRect().adjusted(0, 0, -1, -1))
        painter.setPen(formats.colors.dim if dim else formats.colors.text)
        self.layout.draw(painter, origin, [], clip)

    def end_of_text(self) -> tuple[QPointF, float]:
        """Where the last character ends, and the height of its line."""
        line = self.layout.lineAt(self.layout.lineCount() - 1)
        return QPointF(_cursor_x(line, units(self.inline.text)), line.y()), line.height()


def _cursor_x(line: QTextLine, position: int) -> float:
    x = line.cursorToX(position)
    return float(x[0]) if isinstance(x, tuple) else float(x)  # type: ignore[arg-type]


def lay_out(layout: QTextLayout, width: float, pitch: float) -> int:
    """Break ``layout`` into lines of ``width`` that are ``pitch`` apart; returns the height."""
    layout.beginLayout()
    y = 0.0
    width = max(width, 8)
    while True:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        own = line.height()
        height = max(pitch, own)
        line.setPosition(QPointF(0, round(y + (height - own) / 2)))
        y += height
    layout.endLayout()
    return round(y)


def make_text(
    inline: Inline, font: QFont, width: float, pitch: float, formats: Formats, *, alignment: str = ""
) -> Text:
    layout = QTextLayout(inline.text, font)
    layout.setCacheEnabled(True)
    option = formats.text_option
    if not alignment and not inline.text.isascii() and is_right_to_left(inline.text):
        alignment = "right"
    if alignment in ("center", "right"):
        option = type(option)(option)
        option.setAlignment(
            Qt.AlignmentFlag.AlignHCenter if alignment == "center" else Qt.AlignmentFlag.AlignRight
        )
    layout.setTextOption(option)
    text = Text(inline, layout)
    size = font.pixelSize()
    if inline.marks:
        layout.setFormats(
            [format_range(start, end, formats.mark(bits, size)) for start, end, bits in inline.marks]
        )
    text.height = lay_out(layout, width, pitch)
    for start, end, bits in inline.marks:
        if bits & Mark.CODE:
            for box in text.rectangles(start, end, 0):
                text.boxes.append(box.adjusted(-2, 0, 2, 0))
    return text
