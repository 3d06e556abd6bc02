"""The windows beside the main one: a chat each."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from desktop_chat.chats import Chats
from desktop_chat.domain.search import Term
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.chat_window import ChatWindow
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.window import Window

STEP = 28
"""The design's pixels that a window stands beside and below the one before."""


class Windows(QObject):
    """Opens chats in windows of their own. They show the same sessions as the ``main`` one.

    One that was closed is used again for the next: much of what it is made of listens to what lives as long
    as the program.
    """

    made = Signal(object)
    """A ``ChatWindow`` that there was not before."""

    def __init__(self, main: Window, chats: Chats, settings: Settings, theme: Theme, tasks: Tasks) -> None:
        super().__init__(main)
        self._main = main
        self._chats = chats
        self._settings = settings
        self._theme = theme
        self._tasks = tasks
        self._made: list[ChatWindow] = []

    @property
    def shown(self) -> list[ChatWindow]:
        return [window for window in self._made if window.conversation_id]

    def showing(self, conversation_id: str) -> ChatWindow | None:
        """The window of a chat; None where it has none."""
        return next((w for w in self._made if w.conversation_id == conversation_id), None)

    def open(self, conversation_id: str, message_id: str = "", terms: Sequence[Term] = ()) -> None:
        """Show a chat in its window, as ``Window.open_chat`` does."""
        window = self.showing(conversation_id)
        if window is None:
            window = next((made for made in self._made if not made.conversation_id), None) or self._make()
            before = self.shown[-1] if self.shown else self._main
            step = self._theme.px(STEP)
            window.move(before.x() + step, before.y() + step)
        window.open_chat(conversation_id, message_id, terms)
        window.show()
        window.come_forward()

    def close_chat(self, conversation_id: str) -> None:
        """The chat is gone: close its window."""
        if (window := self.showing(conversation_id)) is not None:
            window.close()

    def save_state(self) -> None:
        for window in self.shown:
            window.save_state()

    def close(self) -> None:
        for window in self.shown:
            window.close()

    def _make(self) -> ChatWindow:
        window = ChatWindow(self._chats, self._settings, self._theme, self._tasks)
        # No child of the main window: window managers would keep it above that.
        self.destroyed.connect(window.deleteLater)
        self._made.append(window)
        self.made.emit(window)
        return window
