"""What can be wider than the column: scrolled sideways as one, however many leaves it is cut into."""

from collections.abc import Hashable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from desktop_chat.ui.transcript.formats import Formats

BAR, HOT_BAR = 4, 8
"""Thickness of the bar, and of one below the pointer, in the design's pixels."""
MIN_THUMB = 28


class Strip:
    """What the leaves of one code block or table have in common, kept while the chat is shown.

    ``room`` is the width that is seen, ``content`` that of the widest leaf, ``offset`` how far the reader
    wants it scrolled to the left, all in pixels. ``wraps`` is what the reader chose for this block, or None.
    ``folded`` shows only the first lines of code. ``copied`` says so on its button for a moment.
    """

    def __init__(self) -> None:
        self.offset = 0.0
        self.room = 0
        self.content = 0.0
        self.lines = 0
        """Lines of the whole code block."""
        self.wraps: bool | None = None
        self.wraps_by_default = False
        self.folded = False
        self.copied = False
        self.is_hot = False
        """Whether the pointer is at the bar."""
        self._pieces: list[tuple[float, int]] = []
        self._unit = 0.0

    @property
    def is_wrapped(self) -> bool:
        return self.wraps_by_default if self.wraps is None else self.wraps

    @property
    def is_too_wide(self) -> bool:
        """Whether the content needs scrolling, or wrapping."""
        return self.content > self.room > 0

    @property
    def scrolls(self) -> bool:
        return self.is_too_wide and not self.is_wrapped

    @property
    def max_offset(self) -> int:
        return int(self.content - self.room + 0.999) if self.scrolls else 0

    @property
    def shift(self) -> int:
        """How far the content stands left of its place now."""
        return max(0, min(round(self.offset), self.max_offset))

    @property
    def look(self) -> Hashable:
        """Changes with what is seen of it."""
        return self.shift, self.max_offset, self.is_hot, self.is_wrapped, self.is_too_wide

    def scroll_to(self, offset: float) -> bool:
        """Scroll as far as there is content; returns whether that changed anything."""
        before = self.shift
        self.offset = max(0.0, min(offset, float(self.max_offset)))
        return self.shift != before

    def measure(self, part: int, width: float, lines: int) -> None:
        """A leaf has this width, and this many lines that begin in it."""
        self._pieces += [(0.0, 0)] * (part + 1 - len(self._pieces))
        old_width, old_lines = self._pieces[part]
        self._pieces[part] = width, lines
        self.lines += lines - old_lines
        if width >= self.content:
            self.content = width
        elif old_width == self.content:
            self.content = max(piece[0] for piece in self._pieces)

    def keep(self, parts: int) -> None:
        """There are only so many leaves now."""
        if len(self._pieces) > parts:
            del self._pieces[parts:]
            self.lines = sum(lines for _width, lines in self._pieces)
            self.content = max((width for width, _lines in self._pieces), default=0.0)

    def set_unit(self, unit: float) -> None:
        """A character is ``unit`` wide now: what stands at the left edge stays there."""
        if self._unit and unit != self._unit:
            self.offset *= unit / self._unit
        self._unit = unit

    # The bar

    def thumb(self, track: QRectF, least: float) -> QRectF:
        """The part of ``track`` that stands for what is seen, at least ``least`` wide."""
        width = min(track.width(), max(least, track.width() * self.room / max(1.0, self.content)))
        left = track.left() + (track.width() - width) * self.shift / max(1, self.max_offset)
        return QRectF(left, track.top(), width, track.height())

    def offset_at(self, left: float, track: QRectF, least: float) -> float:
        """The offset with which the thumb begins at x ``left``."""
        free = track.width() - self.thumb(track, least).width()
        return (left - track.left()) * self.max_offset / free if free > 0 else 0.0

    def paint_bar(self, painter: QPainter, track: QRectF, formats: Formats) -> None:
        """Draw the bar in the middle of ``track``; nothing where all is in sight."""
        if not self.scrolls:
            return
        colors, px = formats.colors, formats.px
        size = max(3, px(HOT_BAR if self.is_hot else BAR))
        bar = QRectF(track.left(), track.center().y() - size / 2, track.width(), size)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.is_hot:
            painter.setBrush(colors.line)
            painter.drawRoundedRect(bar, size / 2, size / 2)
        thumb = QColor(colors.dim if self.is_hot else colors.faint)
        thumb.setAlphaF(1.0 if self.is_hot else 0.8)
        painter.setBrush(thumb)
        painter.drawRoundedRect(self.thumb(bar, px(MIN_THUMB)), size / 2, size / 2)
        painter.restore()
