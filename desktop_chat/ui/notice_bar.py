"""A slim bar on top of the chat for what goes on for a while, such as a full disk."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop_chat.ui.announcing import announce
from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.card_parts import Badge, words
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme


class NoticeBar(QWidget):
    """Hidden until :meth:`show_notice`. ``pressed`` is emitted by its button, where it has one.

    Without an ``icon`` it is no warning: it tells what is being done. The user can close one that is
    ``dismissable``; ``dismissed`` tells of it.
    """

    pressed = Signal()
    dismissed = Signal()

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        icon: str = "triangle-alert",
        dismissable: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self.setAccessibleName("Notice")
        self._theme = theme
        self._text = words(theme, size=13)
        self._button = QPushButton()
        self._button.setProperty("pill", True)
        self._button.clicked.connect(self.pressed)
        self._layout = QHBoxLayout(self)
        self._warns = bool(icon)
        if icon:
            self._layout.addWidget(Badge(theme, icon))
        self._layout.addWidget(self._text, 1)
        self._layout.addWidget(self._button)
        if dismissable:
            close = IconButton(theme, "x", "Dismiss")
            close.clicked.connect(self._dismiss)
            self._layout.addWidget(close)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def show_notice(self, text: str, button: str = "") -> None:
        """Show ``text``, with a button where ``button`` is its text. A screen reader says it in its turn."""
        if self.isVisible() and text == self._text.text() and button == self._button.text():
            return
        self._text.setText(text)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self.setAccessibleDescription(text)
        self.show()
        announce(self, text)

    def show_progress(self, text: str, button: str = "") -> None:
        """Show ``text``, which changes often: a screen reader says only that it began."""
        if not self.isVisible():
            self.show_notice(text, button)
            return
        self._text.setText(text)
        self._button.setText(button)
        self._button.setVisible(bool(button))

    def clear(self) -> None:
        self.hide()
        self._text.clear()

    def _dismiss(self) -> None:
        self.clear()
        self.dismissed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        px = self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colors.line)
        painter.setBrush(self._theme.colors.warn_soft if self._warns else self._theme.colors.side)
        box = QRectF(self.rect()).adjusted(px(16) + 0.5, px(8) + 0.5, -px(16) - 0.5, -px(4) - 0.5)
        painter.drawRoundedRect(box, px(RADIUS_CONTROL), px(RADIUS_CONTROL))

    def _restyle(self) -> None:
        px = self._theme.px
        self._layout.setContentsMargins(px(28), px(14), px(24), px(10))
        self._layout.setSpacing(px(10))
        self.update()
