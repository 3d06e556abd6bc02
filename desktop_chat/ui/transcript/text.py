"""Text laid out: measured, hit-tested and painted.

A QTextLayout knows characters and formats, no rich text, no images and no resources, so nothing in a message
can make Qt open anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QTextCharFormat, QTextLayout, QTextLine

from desktop_chat.ui.transcript.formats import Formats, format_range
from desktop_chat.ui.transcript.formulas import Shown, shown
from desktop_chat.ui.transcript.leaves import Inline, Mark, clip, is_right_to_left, units

TIGHT = 2
"""Pixels between a tall formula and the lines above and below it."""
MAX_INKS = 12
"""Pieces of a text that are drawn in another colour: each costs as much as the text. Where there are more
only the last is, which is the one that the reader is at."""
BLEED = 8
"""Pixels that a mark or a slanted letter may stand out at the sides."""


class Wash(NamedTuple):
    """A colour behind the text positions ``start`` to ``end``: what is selected, or what was found."""

    start: int
    end: int
    color: QColor
    outline: QColor | None = None
    ink: QTextCharFormat | None = None
    """How the letters look on it, where their own colours could be hard to read."""


@dataclass(slots=True)
class Text:
    """A run of text laid out at a width: a paragraph, a table cell or a piece of code.

    Its positions are those of ``inline.text``. Those of ``layout`` differ where formulas are drawn:
    :meth:`to_layout` and :meth:`to_text` tell one from the other.
    """

    inline: Inline
    layout: QTextLayout
    height: int = 0
    boxes: list[QRectF] = field(default_factory=list)
    offset: int = 0
    shown: Shown | None = None
    tall: dict[int, tuple[float, float]] = field(default_factory=dict)
    """The y and height of the lines that formulas make higher than the others, by number."""
    width: float = 0
    first: float = 0
    """The y of the first line where no formula is."""
    is_full: bool = False
    """Whether it has as many lines as it may have."""

    @property
    def is_pending(self) -> bool:
        """Whether formulas are still to come; their places are kept free."""
        return self.shown is not None and self.shown.is_pending

    def to_layout(self, position: int, *, up: bool = False) -> int:
        """Where a position is in the layout; within a formula its begin, or ``up`` its end."""
        return position if self.shown is None else self.shown.to_layout(position, up=up)

    def to_text(self, position: int) -> int:
        """What position is at one of the layout."""
        return position if self.shown is None else self.shown.to_text(position)

    @property
    def drop(self) -> float:
        """How far a tall formula moves the first line down."""
        return self.layout.lineAt(0).y() - self.first if 0 in self.tall else 0.0

    def line_box(self, number: int) -> tuple[float, float]:
        """The y and height of what a line takes, with the formulas in it."""
        line = self.layout.lineAt(number)
        return self.tall.get(number, (line.y(), line.height()))

    def line_at(self, y: float) -> QTextLine | None:
        found = None
        for i in range(self.layout.lineCount()):
            line = self.layout.lineAt(i)
            if found is not None and self.line_box(i)[0] > y:
                break
            found = line
        return found

    def position_at(self, x: float, y: float) -> int:
        line = self.line_at(y)
        return 0 if line is None else self.to_text(line.xToCursor(x))

    def link_at(self, x: float, y: float) -> str:
        line = self.line_at(y) if self.inline.links else None
        if line is None or y > line.y() + 1.6 * line.height():
            return ""
        shown = line.naturalTextRect()
        if not shown.left() <= x <= shown.right():
            return ""
        position = self.to_text(line.xToCursor(x, QTextLine.CursorPosition.CursorOnCharacter))
        return next((url for start, end, url in self.inline.links if start <= position < end), "")

    def formula_at(self, x: float, y: float) -> str:
        """The TeX of the formula at a point, or ``""``."""
        for start, end, tex in self.inline.formulas:
            if any(box.contains(x, y) for box in self.rectangles(start, end, 1)):
                return tex
        return ""

    def rectangles(self, start: int, end: int, pitch: float) -> list[QRectF]:
        """What a selection of ``start`` to ``end`` covers, line by line; ``pitch`` 0 the letters alone."""
        found = []
        start, end = self.to_layout(start), self.to_layout(end, up=True)
        begin = self.layout.lineForTextPosition(start)
        for i in range(begin.lineNumber() if begin.isValid() else 0, self.layout.lineCount()):
            line = self.layout.lineAt(i)
            if line.textStart() > end:
                break
            first, last = max(start, line.textStart()), min(end, line.textStart() + line.textLength())
            if first > last or (first == last and line.textLength()):
                continue
            height = max(pitch, line.height())
            x1, x2 = x_of(line, first), x_of(line, last)
            top = line.y() + (line.height() - height) / 2
            if i in self.tall and pitch:
                top, height = self.tall[i]
            found.append(QRectF(min(x1, x2), top, max(abs(x2 - x1), 4), height))
        return found

    def _draw_lines(self, painter: QPainter, origin: QPointF, clip: QRectF) -> None:
        """Draw the lines that ``clip`` touches, no other: in a PDF what is cut off is text all the same."""
        for i in range(self.layout.lineCount()):
            line = self.layout.lineAt(i)
            top = origin.y() + line.y()
            if top < clip.bottom() and top + line.height() > clip.top():
                line.draw(painter, origin)

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
        if origin.x() > clip.right() + BLEED or origin.x() + self.width < clip.left() - BLEED:
            return
        for box in self.boxes:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(formats.colors.hover)
            painter.drawRoundedRect(box.translated(origin), 4, 4)
        length = units(self.inline.text)
        inks: list[tuple[int, int, QTextCharFormat]] = []
        for start, end, color, outline, ink in washes:
            first, last = max(0, start - self.offset), min(length, end - self.offset)
            if first > last:
                continue
            if ink is not None:
                inks.append((self.to_layout(first), self.to_layout(last, up=True), ink))
            above = 0
            for box in self.rectangles(first, last, pitch):
                # In whole pixels that touch those of the line above, else there are seams between lines.
                start_corner, end_corner = (origin + corner for corner in (box.topLeft(), box.bottomRight()))
                place = QRect(start_corner.toPoint(), end_corner.toPoint() - QPoint(1, 1))
                if abs(place.top() - above) <= 1:
                    place.setTop(above)
                above = place.top() + place.height()
                painter.fillRect(place, color)
                if outline is not None:
                    painter.setPen(outline)
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.drawRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5))
        if len(inks) > MAX_INKS:
            inks = inks[-1:]
        painter.setPen(formats.colors.dim if dim else formats.colors.text)
        if formats.on_paper:
            self._draw_lines(painter, origin, clip)
        else:
            self.layout.draw(painter, origin, [format_range(*ink) for ink in inks], clip)
        if self.shown is not None:
            self._paint_formulas(painter, origin, clip, self.shown)

    def _paint_formulas(self, painter: QPainter, origin: QPointF, clip: QRectF, shown: Shown) -> None:
        color = painter.pen().color()
        for place in shown.places:
            line = self.layout.lineForTextPosition(place.at)
            if not line.isValid() or place.is_pending:
                continue
            size = shown.size * place.scale
            left = min(x_of(line, place.at), x_of(line, place.at + 1))
            baseline = origin + QPointF(max(0.0, left), line.y() + line.ascent())
            formula = place.formula
            top, bottom = baseline.y() - formula.ascent * size, baseline.y() + formula.depth * size
            if bottom < clip.top() or top > clip.bottom():
                continue
            fits = left + formula.width * size <= self.width + 1
            if not fits:
                painter.save()
                painter.setClipRect(
                    QRectF(origin.x(), top - 2, self.width, bottom - top + 4), Qt.ClipOperation.IntersectClip
                )
            formula.paint(painter, baseline, size, color)
            if not fits:
                painter.restore()

    def end_of_text(self) -> tuple[QPointF, float]:
        """Where the last character ends, and the height of its line."""
        line = self.layout.lineAt(self.layout.lineCount() - 1)
        return QPointF(x_of(line, self.to_layout(units(self.inline.text))), line.y()), line.height()


def x_of(line: QTextLine, position: int) -> float:
    """The x of a position of a line."""
    x = line.cursorToX(position)
    return float(x[0]) if isinstance(x, tuple) else float(x)  # type: ignore[arg-type]


def lay_out(layout: QTextLayout, width: float, pitch: float) -> int:
    """Break ``layout`` into lines of ``width`` that are ``pitch`` apart; returns the height."""
    return round(_lay_out(layout, width, pitch, None, {})[-1])


def _lay_out(
    layout: QTextLayout,
    width: float,
    pitch: float,
    shown: Shown | None,
    tall: dict[int, tuple[float, float]],
    most: int = 0,
) -> list[float]:
    """Lay out ``most`` lines (0 is all); gives the y where each ends."""
    layout.beginLayout()
    y, ends = 0.0, [0.0]
    width = max(width, 8)
    while not most or layout.lineCount() < most:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        own = line.height()
        height = max(pitch, own)
        above, below = 0.0, 0.0
        if shown is not None:
            above, below = _overhang(line, (height - own) / 2, shown)
            if above or below:
                tall[line.lineNumber()] = y, above + height + below
        line.setPosition(QPointF(0, round(y + above + (height - own) / 2)))
        y += above + height + below
        ends.append(y)
    layout.endLayout()
    return ends


def _overhang(line: QTextLine, space: float, shown: Shown) -> tuple[float, float]:
    """How far formulas stand out above and below a line that has ``space`` above and below its text."""
    places = [place for place in shown.places if 0 <= place.at - line.textStart() < line.textLength()]
    ascent = max((place.formula.ascent * shown.size * place.scale for place in places), default=0.0)
    depth = max((place.formula.depth * shown.size * place.scale for place in places), default=0.0)
    above, below = ascent - line.ascent() - space, depth - line.descent() - space
    return math.ceil(max(0.0, above + TIGHT)), math.ceil(max(0.0, below + TIGHT))


def make_text(
    inline: Inline,
    font: QFont,
    width: float,
    pitch: float,
    formats: Formats,
    *,
    alignment: str = "",
    display: bool = False,
    mirrored: bool | None = None,
    lines: int = 0,
    more: bool = False,
) -> Text:
    """Lay out ``inline`` at ``width``; ``display`` is the style of a formula that stands alone.

    ``mirrored`` says that the text runs from right to left, where its begin does not show it. With ``lines``
    the text that is given back is what fits into so many; with ``more`` its last line is left out too where
    the text ends in it, since what comes after ``inline`` may belong there.
    """
    drawn = shown(inline, font, width, display=display) if inline.formulas else None
    source, marks = (inline.text, inline.marks) if drawn is None else (drawn.text, drawn.marks)
    layout = QTextLayout(source, font)
    layout.setCacheEnabled(True)
    option = formats.text_option
    if mirrored is not None:
        option = type(option)(option)
        option.setTextDirection(
            Qt.LayoutDirection.RightToLeft if mirrored else Qt.LayoutDirection.LeftToRight
        )
    elif not inline.text.isascii():
        mirrored = is_right_to_left(inline.text)
    if not alignment and mirrored:
        alignment = "right"
    if alignment in ("center", "right"):
        option = type(option)(option)
        option.setAlignment(
            Qt.AlignmentFlag.AlignHCenter if alignment == "center" else Qt.AlignmentFlag.AlignRight
        )
    layout.setTextOption(option)
    text = Text(inline, layout, shown=drawn, width=width)
    size = font.pixelSize()
    ranges = [format_range(start, end, formats.mark(bits, size)) for start, end, bits in marks]
    if drawn is not None:
        ranges += [format_range(*spacer) for spacer in drawn.spacers]
    if ranges:
        layout.setFormats(ranges)
    ends = _lay_out(layout, width, pitch, drawn, text.tall, lines)
    if lines:
        last = layout.lineAt(len(ends) - 2)
        end = text.to_text(last.textStart() + last.textLength())
        text.is_full = len(ends) > lines
        if more and end >= units(inline.text) and len(ends) > 2:
            end = text.to_text(last.textStart())
            text.tall.clear()
            ends = _lay_out(layout, width, pitch, drawn, text.tall, len(ends) - 2)
        text.inline = inline = clip(inline, 0, end)
    text.height = round(ends[-1])
    if text.tall:
        text.first = max(0.0, (pitch - layout.lineAt(0).height()) / 2)
    shown_length = text.to_layout(units(inline.text), up=True)
    for start, end, bits in marks:
        if bits & Mark.CODE and start < shown_length:
            for box in text.rectangles(text.to_text(start), text.to_text(min(end, shown_length)), 0):
                text.boxes.append(box.adjusted(-2, 0, 2, 0))
        elif bits & Mark.CHIP:
            for box in text.rectangles(text.to_text(start), text.to_text(end), 0):
                text.boxes.append(box.adjusted(0.5, -2, -0.5, -0.38 * box.height()))
    return text
