"""Where the link under the pointer or the caret leads: a line over the corner of the transcript."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop_chat.ui.addresses import elided
from desktop_chat.ui.theme import Theme

MOMENT = 4000
"""Milliseconds that words are shown."""


class LinkLine(QWidget):
    """Lies over the lower left corner of ``over`` while it shows an address; lets the pointer through."""

    def __init__(self, theme: Theme, over: QWidget) -> None:
        super().__init__(over)
        self._theme = theme
        self._over = over
        self._address = ""
        self.text = ""
        """What is shown of the address."""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        over.installEventFilter(self)
        theme.changed.connect(self._place)
        self.hide()

    def show_address(self, address: str) -> None:
        """Show an address, with its host whole where there is room; ``""`` hides the line."""
        self._address = address
        self._place()

    def tell(self, words: str) -> None:
        """Show some words for a moment."""
        self.show_address(words)
        QTimer.singleShot(MOMENT, self, lambda: self.show_address("") if self._address == words else None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        self.setFont(self._theme.font(12))
        metrics, padding = QFontMetrics(self.font()), self._theme.px(9)
        room = min(self._theme.px(520), self._over.width() - 2 * padding)
        characters = min(len(self._address), max(1, room))
        self.text = elided(self._address, characters)
        while characters > 1 and metrics.horizontalAdvance(self.text) > room:
            characters = characters * 9 // 10
            self.text = elided(self._address, characters)
        size = QSize(metrics.horizontalAdvance(self.text) + 2 * padding, metrics.height() + padding)
        self.resize(size)
        self.move(0, self._over.height() - size.height())
        self.setVisible(bool(self._address))
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, radius = self._theme.colors, self._theme.px(6)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(colors.line)
        painter.setBrush(colors.raised)
        # Only its upper right corner is round: the others lie in the edges of the view.
        painter.drawRoundedRect(self.rect().adjusted(-radius, 0, -1, radius), radius, radius)
        painter.setPen(colors.dim)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, self.text)
