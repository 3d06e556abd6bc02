"""Says, over a part of the window, that what is dragged can be dropped there."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop_chat.ui.theme import RADIUS_BUBBLE, Theme

WORDS = "Drop to attach"


class DropArea(QWidget):
    """Covers ``host`` while something is dragged over it; it takes no events, which stay with ``host``."""

    def __init__(self, theme: Theme, host: QWidget, words: str = WORDS) -> None:
        super().__init__(host)
        self._words = words
        self.setObjectName("dropArea")
        self._theme, self._host = theme, host
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        host.installEventFilter(self)

    def cover(self) -> None:
        """Be seen."""
        if not self.isVisible():
            self.setGeometry(self._host.rect())
            self.show()
            self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._host.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, px = self._theme.colors, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(colors.window)
        veil.setAlphaF(0.85)
        painter.fillRect(self.rect(), veil)
        pen = QPen(colors.accent, px(2), Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(colors.accent_soft)
        edge = px(16)
        box = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.setOpacity(0.6)
        painter.drawRoundedRect(box, px(RADIUS_BUBBLE), px(RADIUS_BUBBLE))
        painter.setOpacity(1)
        painter.setPen(colors.text)
        painter.setFont(self._theme.font(16))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._words)
