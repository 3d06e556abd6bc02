"""How much of something is used: a slim bar, and the button of the chat's header that has one."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter, QWidget

from desktop_chat.ui.counts import short_count
from desktop_chat.ui.safe import tool_tip
from desktop_chat.ui.theme import Theme

THICKNESS, LENGTH = 6, 84
"""Of a bar, in the design's pixels."""
WARNS_FROM = 0.8
"""The share from which on a bar is in the colour of a warning; at 1.0 it is in that of an error."""


def paint_bar(painter: QPainter, box: QRectF, share: float, theme: Theme) -> None:
    """Draw a bar that is filled to ``share``, of which 1.0 is all."""
    colors, radius = theme.colors, box.height() / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.line)
    painter.drawRoundedRect(box, radius, radius)
    if share > 0:
        painter.setBrush(
            colors.error if share >= 1 else colors.warn if share >= WARNS_FROM else colors.accent
        )
        box.setWidth(max(box.height(), box.width() * min(share, 1.0)))
        painter.drawRoundedRect(box, radius, radius)


class Bar(QWidget):
    """A bar as wide as there is room; the words beside it say the same."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def set_share(self, share: float) -> None:
        self.share = share
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(LENGTH), self._theme.px(THICKNESS))

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_bar(QPainter(self), QRectF(self.rect()), self.share, self._theme)


class ContextButton(QPushButton):
    """What the next request takes of the model's window: ``12.4k / 400k``, and a bar where there is room."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.share: float | None = None
        """How much of the window is taken; None where its size is not known."""
        self._has_room = True
        self.setObjectName("contextUsed")
        self.setAccessibleName("Context")
        self.setProperty("flat", True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self.updateGeometry)

    def set_context(self, tokens: int, limit: int | None, *, is_approximate: bool) -> None:
        """``limit`` is how many tokens the model's window holds, None where that is not known."""
        about = "≈ " if is_approximate else ""
        self.share = tokens / limit if limit else None
        of = f" / {short_count(limit)}" if limit else ""
        self.setText(f"{about}{short_count(tokens)}{of}")
        words = f"The next request takes {about}{tokens:,}"
        if limit:
            words = f"{words} of {limit:,} tokens ({tokens / limit:.0%})"
        else:
            words = f"{words} tokens; how many the model reads is not known"
        self.setAccessibleDescription(words)
        self.setToolTip(tool_tip(f"{words}. Click to see what is sent."))
        self.updateGeometry()
        self.update()

    def set_bar_shown(self, shown: bool) -> None:
        """Whether there is room for the bar."""
        if shown != self._has_room:
            self._has_room = shown
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(self._bar_room, 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        room = self._bar_room
        option.rect.setWidth(self.width() - room)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonLabel, option)
        if room and self.share is not None:
            height = self._theme.px(THICKNESS)
            padding = (self.width() - room - option.fontMetrics.horizontalAdvance(self.text())) / 2
            left = self.width() - self._theme.px(LENGTH) - padding
            top = (self.height() - height) / 2
            paint_bar(painter, QRectF(left, top, self._theme.px(LENGTH), height), self.share, self._theme)

    @property
    def _bar_room(self) -> int:
        """What the bar takes beside the words."""
        return self._theme.px(LENGTH + 10) if self._has_room and self.share is not None else 0
