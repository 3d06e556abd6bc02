"""What can be wider than the column: scrolled sideways as one, however many leaves it is cut into."""

from collections.abc import Hashable
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from desktop_chat.ui.transcript.formats import Formats

BAR, HOT_BAR = 4, 8
"""Thickness of the bar, and of one below the pointer, in the design's pixels."""
MIN_THUMB = 28
LONG_LINE = 1000
"""Characters; a block with a longer line wraps unless the reader wants otherwise: sideways it would take
many screens, and each line of the view that much time."""


class _Piece(NamedTuple):
    width: float = 0.0
    lines: int = 0
    longest: int = 0
    is_cut: bool = False


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
        self.longest = 0
        """Characters of the longest line."""
        self.is_cut = False
        """Whether a line is so long that it is cut into several leaves: it always wraps."""
        self.seen_wrapped = False
        """Whether the heights that leaves have now are of wrapped lines."""
        self._pieces: list[_Piece] = []
        self._unit = 0.0

    @property
    def is_wrapped(self) -> bool:
        if self.is_cut or self.wraps is None:
            return self.is_cut or self.wraps_by_default or self.longest > LONG_LINE
        return self.wraps

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

    def measure(
        self, part: int, width: float, lines: int = 0, longest: int = 0, *, is_cut: bool = False
    ) -> None:
        """What a leaf takes: its width, the lines that begin in it, the characters of the longest one, and
        whether it begins within a line."""
        piece = _Piece(width, lines, longest, is_cut)
        self._pieces += [_Piece()] * (part + 1 - len(self._pieces))
        before, self._pieces[part] = self._pieces[part], piece
        self.lines += lines - before.lines
        if before.width < self.content and before.longest < self.longest and not before.is_cut:
            self.content = max(self.content, width)
            self.longest = max(self.longest, longest)
            self.is_cut |= is_cut
        else:
            self._sum_up()

    def keep(self, parts: int) -> None:
        """There are only so many leaves now."""
        if len(self._pieces) > parts:
            del self._pieces[parts:]
            self._sum_up()

    def _sum_up(self) -> None:
        pieces = self._pieces
        self.lines = sum(piece.lines for piece in pieces)
        self.content = max((piece.width for piece in pieces), default=0.0)
        self.longest = max((piece.longest for piece in pieces), default=0)
        self.is_cut = any(piece.is_cut for piece in pieces)

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
