"""Buttons with an icon of the theme. They take the focus by Tab alone: a click leaves it with the text."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QPaintEvent
from PySide6.QtWidgets import (
    QMenu,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from desktop_chat.domain.request import REASONING_EFFORTS
from desktop_chat.ui.icons import icon, pixmap
from desktop_chat.ui.safe import one_line, tool_tip
from desktop_chat.ui.theme import Theme

UNSET = "default"
"""What stands for a parameter that is not sent."""


class IconButton(QToolButton):
    """A button that shows an icon only; ``name`` is its accessible name and its tool tip."""

    def __init__(
        self, theme: Theme, image: str, name: str, *, color: str = "dim", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image = image
        self._color = color
        self.setAccessibleName(name)
        self.setToolTip(tool_tip(name))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_image(self, image: str) -> None:
        self._image = image
        self._restyle()

    def _restyle(self) -> None:
        size = self._theme.px(16)
        self.setIcon(icon(self._image, getattr(self._theme.colors, self._color), size))
        self.setIconSize(QSize(size, size))


class LabelButton(QPushButton):
    """A button with a text and an icon. ``color`` names the icon's colour; ``trailing`` puts it last.

    An empty ``image`` is none. Where the button is narrower than its text, the middle of it is left out.

    It paints its icon itself: Qt can put it last only by laying out the text from right to left.
    """

    def __init__(
        self,
        theme: Theme,
        image: str,
        text: str,
        *,
        color: str = "text",
        size: int = 14,
        trailing: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image = image
        self._color = color
        self._size = size
        self._trailing = trailing
        self.set_text(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self.updateGeometry)

    def set_text(self, text: str) -> None:
        """Show ``text`` literally: an ampersand is no mnemonic."""
        self.setText(text.replace("&", "&&"))

    def set_image(self, image: str, color: str) -> None:
        self._image, self._color = image, color
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(self._icon_room, 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.features &= ~QStyleOptionButton.ButtonFeature.HasMenu
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        size, room = self._theme.px(self._size), self._icon_room
        text = self.text().replace("&&", "&")
        padding = self.sizeHint().width() - room - option.fontMetrics.horizontalAdvance(text)
        if self.width() < self.sizeHint().width():
            fits = max(0, self.width() - padding - room)
            text = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideMiddle, fits)
            option.text = text.replace("&", "&&")
        content = option.fontMetrics.horizontalAdvance(text) + room
        left = (self.width() - content) // 2
        color = QColor(getattr(self._theme.colors, self._color))
        if not self.isEnabled():
            color.setAlphaF(0.45)
        if self._image:
            image = pixmap(self._image, color, size, self.devicePixelRatioF())
            place = left + content - size if self._trailing else left
            painter.drawPixmap(place, (self.height() - size) // 2, image)
        option.rect.setLeft(left + (0 if self._trailing else room))
        option.rect.setWidth(content - room)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonLabel, option)

    @property
    def _icon_room(self) -> int:
        return self._theme.px(self._size) + self._theme.px(6) if self._image else 0


class EffortButton(LabelButton):
    """Shows a reasoning effort, and offers the others in a menu. ``prefix`` stands before it."""

    chosen = Signal(object)

    def __init__(
        self,
        theme: Theme,
        image: str,
        prefix: str = "",
        *,
        trailing: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, image, "", color="dim", trailing=trailing, parent=parent)
        self.setProperty("flat", True)
        self._prefix = prefix
        menu = QMenu(self)
        group = QActionGroup(self)
        self._efforts: dict[str | None, QAction] = {}
        for effort in (None, *REASONING_EFFORTS):
            action = menu.addAction(effort or UNSET)
            action.setCheckable(True)
            group.addAction(action)
            action.triggered.connect(lambda _=False, effort=effort: self.chosen.emit(effort))
            self._efforts[effort] = action
        self.setMenu(menu)
        self.set_effort(None)

    def set_effort(self, effort: str | None) -> None:
        """Show ``effort``; None is the model's default."""
        text = one_line(effort or UNSET)
        self.set_text(f"{self._prefix}{text}")
        self.setAccessibleDescription(text)
        if effort in self._efforts:
            self._efforts[effort].setChecked(True)
