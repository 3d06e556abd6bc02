"""A button that forgets something that was kept, and what became of it."""

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import button, words
from desktop_chat.ui.notices import explain_storage
from desktop_chat.ui.theme import Theme

Clear = Callable[[], Awaitable[None]]
"""Forgets what is kept; raises ``StorageError``."""


class Clearing(QWidget):
    """``name`` says to a screen reader what is cleared."""

    def __init__(self, theme: Theme, tasks: Tasks, name: str, clear: Clear) -> None:
        super().__init__()
        self._tasks, self._clear = tasks, clear
        self.button = button("Clear")
        self.button.setAccessibleName(name)
        self.result = words(theme, size=12.5, color="dim")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.px(8))
        line.addWidget(self.button)
        line.addWidget(self.result, 1)
        self.button.clicked.connect(self._pressed)
        self.setFocusProxy(self.button)

    def _pressed(self) -> None:
        self.button.setEnabled(False)
        self._tasks.start(self._clear_now(), "clear what was kept")

    async def _clear_now(self) -> None:
        try:
            await self._clear()
        except StorageError as error:
            self.result.setText(explain_storage(error).body)
        else:
            self.result.setText("They are cleared.")
        self.button.setEnabled(True)
