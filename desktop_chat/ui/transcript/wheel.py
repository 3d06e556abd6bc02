"""What the wheel and the touch-pad say, in pixels."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QScrollBar

NOTCH = 120
"""What Qt reports for one step of a wheel."""


class Wheel:
    """Turns wheel events into pixels. What is less than a pixel is kept for the next event."""

    def __init__(self) -> None:
        self.zoom_y: int | None = None
        """The y of the pointer while the wheel zooms, until that was done."""
        self._rest = 0.0

    def turned(self, event: QWheelEvent, bar: QScrollBar) -> int:
        """The pixels to move on; 0 with Ctrl, which zooms: the event is then ignored, for the window."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_y = round(event.position().y())
            QTimer.singleShot(0, self._zoomed)
            event.ignore()
            return 0
        event.accept()
        pixels = float(event.pixelDelta().y())
        if not pixels:
            lines = QApplication.wheelScrollLines() * event.angleDelta().y() / NOTCH
            page = bar.pageStep()
            pixels = max(-page, min(page, lines * bar.singleStep()))
        if pixels * self._rest < 0:
            self._rest = 0.0
        self._rest += pixels
        whole = int(self._rest)
        self._rest -= whole
        return -whole

    def _zoomed(self) -> None:
        self.zoom_y = None
