"""The scroll bar of the transcript, with a tick where something was found."""

from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCursor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QScrollBar, QStyle, QStyleOptionSlider

from desktop_chat.ui.style import handle_color

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

REST = 150
"""Milliseconds between two looks at where the hits are."""


class HitBar(QScrollBar):
    """A vertical scroll bar; ticks stand about where hits are, at most one a pixel."""

    def __init__(self, view: "Transcript") -> None:
        super().__init__(view)
        self._view = view
        self._ticks: list[int] = []
        self._rest = QTimer(self, interval=REST, singleShot=True)
        self._rest.timeout.connect(self._find_ticks)
        view.finder.changed.connect(self._later)
        self.rangeChanged.connect(self._later)

    @property
    def ticks(self) -> list[int]:
        """The y of each tick."""
        return self._ticks

    def _later(self) -> None:
        if (self._ticks or self._view.finder.total) and not self._rest.isActive():
            self._rest.start()

    def _find_ticks(self) -> None:
        before, self._ticks = self._ticks, self._ticks_now()
        if self._ticks != before:
            self.update()

    def _ticks_now(self) -> list[int]:
        finder, heights, room = self._view.finder, self._view.rows.heights, self.height()
        if not finder.total or len(finder.counts) != len(heights) or not heights.total:
            return []
        found: list[int] = []
        counts, total = finder.counts, heights.total
        shares: dict[int, list[float]] = {}
        last = heights.find(0)
        for y in range(room):
            top, bottom = y * total / room, (y + 1) * total / room
            first, last = last, heights.find(int(bottom))
            hit = last > first + 1 and counts.before(last) > counts.before(first + 1)
            for row in (first, last):
                if hit or not counts[row]:
                    continue
                if row not in shares:
                    shares = {row: finder.shares(row)}
                row_top, height = heights.before(row), max(1, heights[row])
                at = bisect_left(shares[row], (top - row_top) / height)
                hit = at < len(shares[row]) and shares[row][at] < (bottom - row_top) / height
            if hit:
                found.append(y)
        return found

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._later()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar as the style sheet says, ten times as fast: it changes with each line that comes."""
        theme, painter = self._view.theme, QPainter(self)
        if self.maximum() > self.minimum():
            option = QStyleOptionSlider()
            self.initStyleOption(option)
            slider = self.style().subControlRect(
                QStyle.ComplexControl.CC_ScrollBar, option, QStyle.SubControl.SC_ScrollBarSlider, self
            )
            margin, radius = theme.px(2), theme.px(3)
            hot = self.isSliderDown() or (
                self.underMouse() and slider.contains(self.mapFromGlobal(QCursor.pos()))
            )
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colors.dim if hot else handle_color(theme))
            painter.drawRoundedRect(slider.adjusted(margin, margin, -margin, -margin), radius, radius)
        color, left = theme.colors.warn, theme.px(3)
        for y in self._ticks:
            painter.fillRect(left, y, self.width() - left, 1, color)
