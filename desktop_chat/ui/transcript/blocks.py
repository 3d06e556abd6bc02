"""Leaves laid out: measured, painted and hit-tested one by one.

A block holds its layout only while it is in or near the view.
"""

from collections.abc import Hashable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.highlight import Spans
from desktop_chat.ui.transcript.leaves import (
    LINE_BREAK,
    TASK,
    TASK_DONE,
    Leaf,
    is_right_to_left,
    plain,
    units,
)
from desktop_chat.ui.transcript.paragraph import lay_out_bands
from desktop_chat.ui.transcript.strip import Strip
from desktop_chat.ui.transcript.text import Text, Wash

PAINTED = 1 << 30
"""A y that no block reaches."""


class Block:
    """One leaf at its place in a flow. ``height`` is estimated until :meth:`lay_out` ran at this width.

    ``width`` is that of the last layout, 0 where there is none.
    Places are relative to the block's top left corner; x counts from the left edge of the flow.
    """

    strip: Strip | None = None
    """What can be scrolled sideways, for code and tables."""

    def __init__(self, leaf: Leaf, formats: Formats, width: int) -> None:
        self.leaf = leaf
        self.formats = formats
        self.width = 0
        self.fresh = 0
        """The y from which on the block looks different from what was painted, as far as it knows."""
        self.height = self._estimate(width)

    @property
    def left(self) -> int:
        """Where the content begins, right of markers and quote bars."""
        return self.formats.indent * len(self.leaf.containers)

    @property
    def look(self) -> Hashable:
        """Another one where the whole block looks different."""
        return None

    @property
    def head(self) -> tuple[int, Hashable]:
        """The height of a header, and its own look."""
        return 0, None

    @property
    def edge(self) -> int:
        """The space below the last piece that shows."""
        return 0

    @property
    def is_last_shown(self) -> bool:
        """Whether the pieces after this one are folded away."""
        return False

    def join(self, strip: Strip, width: int) -> None:
        """Share ``strip`` with the other pieces of the same code block or table."""

    def rearrange(self, width: int) -> None:
        """Begin again: the strip folds or wraps otherwise."""

    def window(self) -> QRectF | None:
        """Where of the block text shows; None where it shows wherever it is."""
        return None

    def bar(self) -> QRectF:
        """The place of the bar that scrolls sideways, below the last piece."""
        return QRectF()

    @property
    def is_mirrored(self) -> bool:
        """Whether markers and quote bars are at the right, and columns begin there."""
        return False

    @property
    def plain(self) -> str:
        """The text that is shown, with line feeds; positions in it are those of selections."""
        return plain(self.leaf)

    @property
    def is_pending(self) -> bool:
        """Whether formulas are still to come; their places are kept free."""
        return any(text.is_pending for text, _left, _top in self.texts())

    def replace(self, leaf: Leaf) -> None:
        """Show another leaf of the same kind; its height is that of the one before until it is laid out."""
        self.leaf = leaf
        self.width = 0

    def release(self) -> None:
        """Drop the layout; the height stays as what it was."""
        self.width = 0

    def lay_out(self, width: int, colours: Spans | None = None) -> None:
        """Measure the leaf at ``width``; ``colours`` are those of a piece of code."""
        self.width = width
        self.fresh = 0

    def texts(self) -> list[tuple[Text, float, float]]:
        """Each text that is laid out, with its place in the block, in reading order."""
        return []

    def paint(
        self, painter: QPainter, x: int, y: int, washes: Sequence[Wash], clip: QRectF, dim: bool = False
    ) -> None:
        """Draw the block with its top left corner at (x, y)."""
        if self.leaf.marker:
            self._paint_marker(painter, x, y)
        window = self.window()
        if window is not None:
            painter.save()
            clip = clip.intersected(window.translated(x, y))
            painter.setClipRect(clip, Qt.ClipOperation.IntersectClip)
        for text, left, top in self.texts():
            text.paint(painter, QPointF(x + left, y + top), clip, washes, self._pitch(), self.formats, dim)
        if window is not None:
            painter.restore()

    def _estimate(self, width: int) -> int:
        return 0

    def _pitch(self) -> float:
        return self.formats.text_pitch

    # Positions

    def text_at(self, x: float, y: float) -> tuple[Text, float, float] | None:
        """The text nearest to a point, with its place."""
        found = None
        for item in self.texts():
            _text, left, top = item
            if found is None or top > found[2]:
                nearer = found is None or top < y + self.formats.px(5)
            else:
                # In a table that begins at the right, the cells of a row come from right to left.
                nearer = left <= x and (left > found[1] or found[1] > x)
            if nearer:
                found = item
        return found

    def text_of(self, position: int) -> tuple[Text, float, float] | None:
        """The text that a position is in, with its place."""
        return next((item for item in reversed(self.texts()) if item[0].offset <= position), None)

    def position_at(self, x: float, y: float) -> int:
        """The text position nearest to a point of the block."""
        found = self.text_at(x, y)
        if found is None:
            return 0
        text, left, top = found
        if y < top - self.formats.px(5):
            return 0
        if y > top + text.height:
            return text.offset + units(text.inline.text)
        return text.offset + text.position_at(x - left, y - top)

    def link_at(self, x: float, y: float) -> str:
        """The address of the link at a point of the block, or ``""``."""
        found = self.text_at(x, y)
        if found is None:
            return ""
        text, left, top = found
        return text.link_at(x - left, y - top) if top <= y <= top + text.height else ""

    def formula_at(self, x: float, y: float) -> str:
        """The TeX of the formula at a point of the block, or ``""``."""
        found = self.text_at(x, y)
        if found is None:
            return ""
        text, left, top = found
        return text.formula_at(x - left, y - top)

    def line_top(self, y: float) -> tuple[int, int]:
        """The text position that begins the line at ``y``, and the y of that line."""
        found = self.text_at(self.left, y)
        line = found[0].line_at(y - found[2]) if found is not None else None
        if found is None or line is None:
            return 0, 0
        text, _left, top = found
        return text.offset + text.to_text(line.textStart()), round(line.y() + top)

    def y_of(self, position: int) -> int:
        """The y of the line that holds a position of :meth:`line_top`."""
        found = self.text_of(position)
        if found is None:
            return 0
        text, _left, top = found
        line = text.layout.lineForTextPosition(text.to_layout(position - text.offset))
        return round(line.y() + top) if line.isValid() else 0

    def end_of_text(self) -> QRectF:
        """The place of the cursor behind the last character."""
        texts = self.texts()
        if not texts:
            return QRectF(self.left, 0, 0, self.height)
        text, left, top = texts[-1]
        point, height = text.end_of_text()
        return QRectF(left + point.x(), top + point.y(), 0, height)

    # Painting

    def _paint_marker(self, painter: QPainter, x: int, y: int) -> None:
        formats = self.formats
        if not is_drawn(painter, QRectF(x, y, self.width, formats.text_pitch)):
            return
        above = y
        y += round(next((text.drop for text, _left, _top in self.texts()), 0))
        # Where the marker ends, or where it begins right of a text that runs from right to left.
        end = x + self.left - formats.px(6)
        start = x + self.width - self.left + formats.px(6)
        center = y + formats.text_pitch / 2
        if self.leaf.marker == "•":
            size = formats.px(5)
            painter.setBrush(formats.colors.dim)
            painter.setPen(Qt.PenStyle.NoPen)
            middle = start + formats.px(5) if self.is_mirrored else end - formats.px(5)
            painter.drawEllipse(QRectF(middle - size / 2, center - size / 2, size, size))
        elif self.leaf.marker in (TASK, TASK_DONE):
            end = start + formats.px(13) if self.is_mirrored else end
            self._paint_task(painter, end, center, done=self.leaf.marker == TASK_DONE)
        else:
            label, font, room = self.leaf.marker, formats.text_font, 200
            if self.leaf.containers[-1] == "f":
                # A footnote's label can be any word; the numbers of lists are short.
                font, room = formats.meta_font, self.left + formats.px(8)
                label = QFontMetricsF(font).elidedText(label, Qt.TextElideMode.ElideRight, room)
            metrics = QFontMetricsF(font)
            lines = [(top, text.layout.lineAt(0)) for text, _left, top in self.texts()[:1]]
            baseline = next((top + line.y() + line.ascent() for top, line in lines if line.isValid()), None)
            if baseline is None:
                baseline = (formats.text_pitch - metrics.height()) / 2 + metrics.ascent()
            painter.setFont(font)
            painter.setPen(formats.colors.dim)
            left = start if self.is_mirrored else end - metrics.horizontalAdvance(label)
            before = painter.layoutDirection()
            if self.is_mirrored:
                # The dot of a number stands at its left then, as readers of such a script expect.
                painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            painter.drawText(QPointF(left, above + baseline), label)
            painter.setLayoutDirection(before)

    def _paint_task(self, painter: QPainter, end: float, center: float, *, done: bool) -> None:
        """The box of an item of a task list."""
        px, colors = self.formats.px, self.formats.colors
        size = px(13)
        box = QRectF(end - size - 0.5, round(center - size / 2) + 0.5, size, size)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.accent if done else colors.dim, 1.0))
        painter.setBrush(colors.accent if done else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, size * 0.23, size * 0.23)
        if done:
            tick = [(0.24, 0.52), (0.43, 0.71), (0.77, 0.31)]
            corners = [QPointF(box.x() + size * across, box.y() + size * down) for across, down in tick]
            pen = QPen(colors.on_accent, size * 0.13)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPolyline(corners)
        painter.restore()


def is_drawn(painter: QPainter, box: QRectF) -> bool:
    """Whether the clip lets anything of ``box`` through: what is cut off is still text of a PDF."""
    return not painter.hasClipping() or painter.clipBoundingRect().intersects(box)


class TextBlock(Block):
    """A paragraph, a heading or literal text."""

    def __init__(self, leaf: Leaf, formats: Formats, width: int) -> None:
        self.bands: list[Text] = []
        self._laid_out: tuple[int, int] = 0, 0
        """The room and the heading that the bands were laid out for."""
        super().__init__(leaf, formats, width)

    def release(self) -> None:
        super().release()
        self.bands = []

    def lay_out(self, width: int, colours: Spans | None = None) -> None:
        fresh = self.fresh
        super().lay_out(width, colours)
        font, pitch = self._font()
        key = max(40, width - self.left), self.leaf.heading
        known = self.bands if key == self._laid_out else []
        self._laid_out = key
        self.bands = lay_out_bands(self.leaf.inline, font, key[0], pitch, self.formats, known)
        self.height = sum(band.height for band in self.bands)
        kept = (band.height for band, before in zip(self.bands, known, strict=False) if band is before)
        self.fresh = min(fresh, sum(kept))

    def texts(self) -> list[tuple[Text, float, float]]:
        found: list[tuple[Text, float, float]] = []
        left, top = 0 if self.is_mirrored else self.left, 0
        for band in self.bands:
            found.append((band, left, top))
            top += band.height
        return found

    @property
    def is_mirrored(self) -> bool:
        text = self.leaf.inline.text
        return bool(self.leaf.containers) and not text.isascii() and is_right_to_left(text)

    def _font(self) -> tuple[QFont, float]:
        if self.leaf.heading:
            return self.formats.heading(self.leaf.heading)
        return self.formats.text_font, self.formats.text_pitch

    def _estimate(self, width: int) -> int:
        text, room = self.leaf.inline.text, max(40, width - self.left)
        lines = int(1 + len(text) * self.formats.character_width / room + text.count(LINE_BREAK))
        return round(lines * self._font()[1])


class RuleBlock(Block):
    """A thematic break."""

    def _estimate(self, width: int) -> int:
        return self.formats.px(2)

    def paint(
        self, painter: QPainter, x: int, y: int, washes: Sequence[Wash], clip: QRectF, dim: bool = False
    ) -> None:
        super().paint(painter, x, y, washes, clip, dim)
        painter.fillRect(x + self.left, y, self.width - self.left, 1, self.formats.colors.line)
