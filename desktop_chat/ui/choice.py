"""A choice among a few, as a button that shows what is chosen."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from desktop_chat.ui.buttons import LabelButton
from desktop_chat.ui.theme import Theme


class Choice(LabelButton):
    """A button that shows what is chosen, and offers the rest in a menu. ``chosen`` has the value."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, name: str, options: Iterable[tuple[str, Any]], prefix: str = "") -> None:
        super().__init__(theme, "chevron-down", "", color="dim", trailing=True)
        self.setProperty("pill", True)
        self.setAccessibleName(name)
        self._prefix = prefix
        self.value: Any = None
        self._actions: dict[Any, QAction] = {}
        menu, group = QMenu(self), QActionGroup(self)
        for text, value in options:
            action = menu.addAction(text)
            action.setCheckable(True)
            group.addAction(action)
            action.triggered.connect(lambda _=False, value=value: self.choose(value))
            self._actions[value] = action
        self.setMenu(menu)

    def choose(self, value: Any) -> None:
        """As if the user did."""
        self.show_value(value)
        self.chosen.emit(value)

    def show_value(self, value: Any) -> None:
        self.value = value
        self._actions[value].setChecked(True)
        text = self._actions[value].text()
        self.set_text(f"{self._prefix}{text[:1].lower()}{text[1:]}" if self._prefix else text)
        self.setAccessibleDescription(text)
