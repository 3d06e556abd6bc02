"""A chart of stacked bars, painted: a library for it would weigh more than a fifth of the program."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_chat.ui.announcing import announce
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme
from desktop_chat.ui.usage.bars import Bars

HEIGHT = 188
"""Of the bars, in the design's pixels, as all that follow."""
GAP, WIDEST_BAR, ROUNDING = 8, 64, 4
LINE = 22
"""Of names below the bars."""
LONGEST_NAME = 140
SWATCH = 9
SEAM = 1
"""Between the parts of a bar: those who tell few colours apart see where one ends."""

LIGHT = tuple(map(QColor, ("#2461e0", "#4c1d95", "#c2701c", "#892426", "#1196f4", "#b07bb5", "#6f6f7a")))
DARK = tuple(map(QColor, ("#6ea1ff", "#8b5cf6", "#e6b450", "#2a8a3c", "#8df0e4", "#c04a8a", "#9495a0")))
"""By the number of the colour; the last is of what is left. Each is 3:1 against the ground, and any two are
told apart with any of the three kinds of colour blindness (Machado, Oliveira and Fernandes, 2009)."""


class Chart(QFrame):
    """Shows bars, or ``message`` where there are none. The pointer and the arrow keys tell the values of one.

    A screen reader says the bar that the arrow keys are at. It is a frame because screen readers pass over a
    mere widget as filling.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._bars: Bars | None = None
        self._message = ""
        self._at: int | None = None
        self.setObjectName("usageChart")
        self.setAccessibleName("Chart")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_bars(self, bars: Bars | None, message: str = "") -> None:
        """Show ``bars``; with None, or where all are empty, the message."""
        before = self._bars
        if before is None or bars is None or before.periods != bars.periods:
            self._at = None
        self._bars = bars if bars is not None and bars.series else None
        self._message = message
        shown = f"{bars.measure.value} by {bars.unit}" if self._bars and bars else message
        self.setAccessibleName(f"Chart: {shown}" if shown else "Chart")
        self._describe()
        self._fit()
        self.update()

    @property
    def at(self) -> int | None:
        """The place of the bar whose values are told."""
        return self._at

    def picture(self, title: str) -> QImage:
        """The chart below ``title``, twice as large as on the screen, without what is pointed at."""
        px, colors = self._theme.px, self._theme.colors
        edge, line = px(16), px(LINE)
        size = QSize(self.width() + 2 * edge, self._height() + line + 3 * edge)
        image = QImage(size * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2)
        image.fill(colors.raised)
        pointed, self._at = self._at, None
        painter = QPainter(image)
        painter.setFont(self._theme.font(13, QFont.Weight.DemiBold))
        painter.setPen(colors.text)
        painter.drawText(QRectF(edge, edge, self.width(), line), Qt.AlignmentFlag.AlignVCenter, title)
        painter.translate(edge, line + 2 * edge)
        self._draw(painter)
        painter.end()
        self._at = pointed
        return image

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._draw(painter)
        if self.hasFocus():
            radius = self._theme.px(RADIUS_CONTROL)
            ring = QRectF(1, 1, self.width() - 2, self._theme.px(HEIGHT) + 3)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            # A ring in the colour of a bar would not be seen on it.
            for color, width in ((self._theme.colors.raised, 6), (self._theme.colors.accent, 2)):
                painter.setPen(QPen(color, width))
                painter.drawRoundedRect(ring, radius, radius)
        if self._at is not None:
            self._draw_values(painter, self._at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._place_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point(self._place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._point(None)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrows walk the bars, Home and End go to the first and the last."""
        last = len(self._bars.periods) - 1 if self._bars is not None else -1
        moves = {
            Qt.Key.Key_Left: last if self._at is None else self._at - 1,
            Qt.Key.Key_Right: 0 if self._at is None else self._at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        to = moves.get(Qt.Key(event.key()))
        if to is None or self._bars is None:
            super().keyPressEvent(event)
            return
        self._point(min(max(to, 0), last))
        announce(self, self.accessibleDescription(), at_once=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(480), self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), self._height())

    def _point(self, place: int | None) -> None:
        if place != self._at:
            self._at = place
            self._describe()
            self.update()

    def _describe(self) -> None:
        """Say the bar that is pointed at, else all in one sentence."""
        text = ""
        if self._bars is not None:
            highest = self._bars.highest
            text = self._bars.sentence(self._at) if self._at is not None else ""
            if not text and highest is not None:
                text = f"Highest: {self._bars.sentence(highest)}"
        self.setAccessibleDescription(text)

    def _place_at(self, point: QPointF) -> int | None:
        if self._bars is None or point.y() > self._theme.px(HEIGHT):
            return None
        count = len(self._bars.periods)
        return min(max(int(point.x() * count / max(1, self.width())), 0), count - 1)

    def _color(self, number: int) -> QColor:
        assert self._bars is not None
        return (DARK if self._theme.dark else LIGHT)[self._bars.series[number].color]

    def _draw(self, painter: QPainter) -> None:
        px, colors = self._theme.px, self._theme.colors
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(12.5))
        painter.setPen(colors.dim)
        base = px(HEIGHT)
        if self._bars is None:
            wraps = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(px(16), 0, self.width() - px(32), base), wraps, self._message)
            return
        highest = self._bars.highest
        if highest is not None:
            top = float(self._bars.totals[highest].value)
            for place in range(len(self._bars.periods)):
                self._draw_bar(painter, place, top)
        painter.fillRect(QRectF(0, base, self.width(), 1), colors.line)
        self._draw_names(painter)

    def _bar(self, place: int) -> QRectF:
        """Where a bar may be, in its whole height."""
        assert self._bars is not None
        px = self._theme.px
        count = len(self._bars.periods)
        gap = min(px(GAP), self.width() / count / 4)
        # So that the first and the last stand at the very edges.
        step = (self.width() + gap) / count
        width = min(step - gap, px(WIDEST_BAR))
        left = place * step + (step - gap - width) / 2
        return QRectF(left, px(4), width, px(HEIGHT) - px(4))

    def _draw_bar(self, painter: QPainter, place: int, top: float) -> None:
        assert self._bars is not None
        bar, total = self._bar(place), float(self._bars.totals[place].value)
        if not total:
            return
        bar.setTop(bar.bottom() - max(self._theme.px(2), bar.height() * total / top))
        path = QPainterPath()
        radius = min(self._theme.px(ROUNDING), bar.width() / 2)
        path.addRoundedRect(bar.adjusted(0, 0, 0, radius), radius, radius)
        painter.save()
        painter.setClipRect(bar)
        painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
        if self._at is not None and place != self._at:
            painter.setOpacity(0.72)
        bottom = bar.bottom()
        for number in reversed(range(len(self._bars.series))):
            share = float(self._bars.series[number].periods[place].value) / total
            if share <= 0:
                continue
            height = bar.height() * share
            seam = SEAM if bottom < bar.bottom() and height > 3 * SEAM else 0
            painter.fillRect(
                QRectF(bar.left(), bottom - height, bar.width(), height - seam), self._color(number)
            )
            bottom -= height
        painter.restore()

    def _draw_names(self, painter: QPainter) -> None:
        assert self._bars is not None
        px, labels = self._theme.px, self._bars.labels
        line = QRectF(0, px(HEIGHT) + px(4), self.width(), px(LINE))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self._theme.colors.dim)
        if len(labels) == 1:
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignHCenter, labels[0])
        else:
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignLeft, labels[0])
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, labels[-1])
        rows = self._legend()
        if not self._legend_is_beside(rows):
            line.translate(0, px(LINE))
        for row in rows:
            left = (self.width() - sum(width for _, _, width in row)) / 2
            for number, name, width in row:
                size = px(SWATCH)
                top = line.center().y() - size / 2
                painter.fillRect(QRectF(left, top, size, size), self._color(number))
                text = QRectF(left + size + px(5), line.top(), width, line.height())
                painter.setPen(self._theme.colors.dim)
                painter.drawText(text, middle | Qt.AlignmentFlag.AlignLeft, name)
                left += width
            line.translate(0, px(LINE))

    def _legend(self) -> list[list[tuple[int, str, float]]]:
        """The series in rows: number, name and width of each."""
        rows: list[list[tuple[int, str, float]]] = [[]]
        if self._bars is None:
            return rows
        px = self._theme.px
        metrics = QFontMetricsF(self._theme.font(12.5))
        longest = min(px(LONGEST_NAME), max(1, self.width() - px(SWATCH + 5 + 12)))
        used = 0.0
        for number, series in enumerate(self._bars.series):
            name = metrics.elidedText(series.name, Qt.TextElideMode.ElideRight, longest)
            width = px(SWATCH) + px(5) + metrics.horizontalAdvance(name) + px(12)
            if rows[-1] and used + width > self.width():
                rows.append([])
                used = 0.0
            rows[-1].append((number, name, width))
            used += width
        return rows

    def _legend_is_beside(self, rows: list[list[tuple[int, str, float]]]) -> bool:
        """Whether it stands between the names of the first and the last period."""
        if self._bars is None:
            return True
        metrics = QFontMetricsF(self._theme.font(12.5))
        labels = self._bars.labels
        if len(labels) == 1:
            return False
        side = max(metrics.horizontalAdvance(labels[0]), metrics.horizontalAdvance(labels[-1]))
        room = self.width() - 2 * (side + self._theme.px(12))
        return len(rows) == 1 and sum(width for _, _, width in rows[0]) <= room

    def _height(self) -> int:
        rows = self._legend()
        lines = 1 if self._legend_is_beside(rows) else 1 + len(rows)
        return self._theme.px(HEIGHT) + self._theme.px(4) + lines * self._theme.px(LINE)

    def _draw_values(self, painter: QPainter, place: int) -> None:
        """A box beside the bar, with what it is made of."""
        bars = self._bars
        if bars is None:
            return
        px, colors = self._theme.px, self._theme.colors
        bold = self._theme.font(12.5, QFont.Weight.DemiBold)
        plain = self._theme.font(12.5)
        lines = [(-1, bars.periods[place], bars.shown(bars.totals[place])), *bars.parts(place)]
        metrics = QFontMetricsF(bold)
        widest = max(metrics.horizontalAdvance(name + value) for _, name, value in lines) + px(34)
        width = min(widest + px(20), self.width())
        height = len(lines) * px(20) + px(12)
        bar = self._bar(place)
        left = bar.right() + px(6)
        if left + width > self.width():
            left = bar.left() - px(6) - width
        box = QRectF(min(max(0, left), self.width() - width), px(4), width, height)
        painter.setPen(QPen(colors.line, 1))
        painter.setBrush(colors.window)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), px(8), px(8))
        line = QRectF(box.left() + px(10), box.top() + px(6), width - px(20), px(20))
        for number, name, value in lines:
            painter.setFont(plain if number >= 0 else bold)
            painter.setPen(colors.text)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, value)
            text = QRectF(line)
            if number >= 0:
                top = line.center().y() - px(SWATCH) / 2
                painter.fillRect(QRectF(line.left(), top, px(SWATCH), px(SWATCH)), self._color(number))
                text.setLeft(line.left() + px(SWATCH) + px(6))
                painter.setPen(colors.dim)
            room = text.width() - metrics.horizontalAdvance(value) - px(10)
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
            line.translate(0, px(20))

    def _restyle(self) -> None:
        self._fit()
        self.update()

    def _fit(self) -> None:
        if self.minimumHeight() != self._height():
            self.setMinimumHeight(self._height())
            self.updateGeometry()
