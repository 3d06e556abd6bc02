"""A part of the screen as an image: taken with our windows out of the way, and chosen by the user.

On Wayland no program can look at the screen by itself: the desktop does, and asks what may be seen.
"""

import asyncio
from contextlib import ExitStack

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QScreen,
)
from PySide6.QtWidgets import QApplication, QWidget

from desktop_chat.tasks import Tasks
from desktop_chat.ui.theme import Theme

GONE = 0.3
"""Seconds until the screen is drawn without windows that were hidden."""
SMALLEST = 8
"""Pixels of a side; less is a click."""
STEP = 10
_HELP = "Drag over what you want to attach. Enter takes the whole screen, Escape none of it."
_VEIL = QColor(0, 0, 0, 110)


class Screenshot(QObject):
    """One screenshot. ``taken`` has the image, ``failed`` a sentence; ``ended`` comes after either, or where
    the user wants none after all."""

    taken = Signal(QImage)
    failed = Signal(str)
    ended = Signal()

    def __init__(self, theme: Theme, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._tasks = theme, tasks
        self.choosers: list[RegionChooser] = []
        """A window on each screen, while the user chooses."""
        self._hidden = ExitStack()

    def begin(self) -> None:
        """Hide our windows, and have the user choose."""
        self._tasks.start(self._run(), "screenshot")

    async def _run(self) -> None:
        self._hide_windows()
        try:
            await asyncio.sleep(GONE)
            if QGuiApplication.platformName().startswith("wayland"):
                await self._ask_desktop()
            else:
                self._ask_user()
        finally:
            if not self.choosers:
                self._end()

    def _hide_windows(self) -> None:
        """Out of sight, not closed: they come back where they were, in the same order."""
        for window in QApplication.topLevelWidgets():
            if window.isVisible() and window.isWindow():
                place = window.geometry()
                window.hide()
                self._hidden.callback(_bring_back, window, place)

    def _ask_user(self) -> None:
        for screen in QGuiApplication.screens():
            image = screen.grabWindow(0).toImage()
            if not image.isNull():
                self.choosers.append(RegionChooser(self._theme, screen, image))
        if not self.choosers:
            self.failed.emit("This system does not let programs look at the screen.")
        for chooser in self.choosers:
            chooser.chosen.connect(self._chosen)
            chooser.cancelled.connect(self._close)
            chooser.showFullScreen()
            chooser.activateWindow()

    async def _ask_desktop(self) -> None:
        from desktop_chat.ui.attachments.portal import NoPortal, ask_for_screenshot

        try:
            image = await ask_for_screenshot()
        except NoPortal as error:
            self.failed.emit(f"No screenshot was taken. {error}")
        else:
            if image is not None:
                self.taken.emit(image)

    def _chosen(self, image: QImage) -> None:
        self._close()
        self.taken.emit(image)

    def _close(self) -> None:
        # First, or the last window that is to be seen would be gone, and the program with it.
        self._hidden.close()
        for chooser in self.choosers:
            chooser.hide()
            chooser.deleteLater()
        self.choosers = []
        self._end()

    def _end(self) -> None:
        self._hidden.close()
        self.ended.emit()


def _bring_back(window: QWidget, place: QRect) -> None:
    window.setGeometry(place)
    window.show()


class RegionChooser(QWidget):
    """A screen as it was, on which the user chooses a part: by the pointer, or by arrows, which move it and
    with Shift resize it. ``chosen`` has the part of ``image``."""

    chosen = Signal(QImage)
    cancelled = Signal()

    def __init__(self, theme: Theme, screen: QScreen, image: QImage) -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setObjectName("regionChooser")
        self.setAccessibleName("Choose what to attach")
        self.setAccessibleDescription(f"{_HELP} Arrows move a part, with Shift they resize it.")
        self.setWindowTitle("Screenshot")
        self.setGeometry(screen.geometry())
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)
        self._theme, self._image = theme, image
        self._start: QPoint | None = None
        self.part = QRect()
        """What is chosen, in logical pixels of the screen; empty for all of it."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: QPoint(-STEP, 0),
            Qt.Key.Key_Right: QPoint(STEP, 0),
            Qt.Key.Key_Up: QPoint(0, -STEP),
            Qt.Key.Key_Down: QPoint(0, STEP),
        }
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._take()
        elif key in moves:
            self._move(moves[key], resizes=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._start = event.position().toPoint()
            self.part = QRect()
            self.update()
        else:
            self.cancelled.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start is not None:
            ends = QRegion(QRect(self._start, QSize(1, 1))) | QRect(event.position().toPoint(), QSize(1, 1))
            self.part = ends.boundingRect() & self.rect()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._start is not None and event.button() == Qt.MouseButton.LeftButton:
            self._start = None
            if min(self.part.width(), self.part.height()) >= SMALLEST:
                self._take()
            else:
                self.part = QRect()
                self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        px = self._theme.px
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._image)
        painter.setClipRegion(QRegion(self.rect()) - QRegion(self.part))
        painter.fillRect(self.rect(), _VEIL)
        painter.setClipping(False)
        if not self.part.isEmpty():
            painter.setPen(QPen(Qt.GlobalColor.white, 1))
            painter.drawRect(self.part.adjusted(0, 0, -1, -1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(14))
        width = min(self.width() - px(32), painter.fontMetrics().horizontalAdvance(_HELP) + px(40))
        help_box = QRectF((self.width() - width) / 2, px(24), width, px(44))
        if self._start is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(20, 20, 24, 220))
            painter.drawRoundedRect(help_box, px(10), px(10))
            painter.setPen(Qt.GlobalColor.white)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(help_box, flags, _HELP)

    def _move(self, by: QPoint, *, resizes: bool) -> None:
        if self.part.isEmpty():
            size = self.size() / 2
            self.part = QRect(QPoint(size.width() // 2, size.height() // 2), size)
        moved = self.part.adjusted(0, 0, by.x(), by.y()) if resizes else self.part.translated(by)
        if self.rect().contains(moved) and min(moved.width(), moved.height()) >= SMALLEST:
            self.part = moved
        self.update()

    def _take(self) -> None:
        across, down = self._image.width() / self.width(), self._image.height() / self.height()
        part = self.rect() if self.part.isEmpty() else self.part
        left, top = round(part.left() * across), round(part.top() * down)
        self.chosen.emit(
            self._image.copy(left, top, round(part.width() * across), round(part.height() * down))
        )
