"""A chat in a window of its own, without the list of chats."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QSplitter

from desktop_chat.chats import Chats
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.status import StatusLine
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.window import Window

SIZE = (860, 760)
SMALLEST = (360, 320)


class ChatWindow(Window):
    """Closing it lets go of its chat, with nothing unsaved; it can be shown again with another.

    What is for the main window to do is ``new_chat_requested``, ``delete_requested`` with the id of a chat,
    and ``quit_requested``.
    """

    new_chat_requested = Signal()
    delete_requested = Signal(str)
    quit_requested = Signal()

    def __init__(self, chats: Chats, settings: Settings, theme: Theme, tasks: Tasks) -> None:
        super().__init__(chats, settings, theme, tasks)
        self.setObjectName("chatWindow")
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        for stretch, widget in ((1, self.chat), (0, self.chat.details)):
            splitter.addWidget(widget)
            splitter.setStretchFactor(splitter.count() - 1, stretch)
        self.setCentralWidget(splitter)
        self.chat.details.hide()
        status = StatusLine(theme)
        self.chat.composer.insert_status(status)
        self.chat.status_changed.connect(status.show_status)
        self.chat.header.details_requested.connect(self.toggle_details)
        theme.changed.connect(self._restyle)
        self.resize(*map(theme.px, SIZE))
        self._restyle()

    @property
    def conversation_id(self) -> str:
        """The chat that is shown, or that is being read to be; empty for none."""
        return self._wanted

    def new_chat(self) -> None:
        self.new_chat_requested.emit()

    def delete_chat(self) -> None:
        self.delete_requested.emit(self._wanted)

    def toggle_details(self) -> None:
        self.chat.details.setVisible(self.chat.details.isHidden())
        self.chat.header.details_button.setChecked(self.chat.details.isVisible())
        self.actions_["details"].setChecked(self.chat.details.isVisible())

    def close_window(self) -> None:
        self.close()

    def quit(self) -> None:
        self.quit_requested.emit()

    def save_state(self) -> None:
        """Hand on drafts and the place of the reader."""
        self.chat.flush()
        self.chat.keep_place()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._wanted = ""
        self.chat.leave()
        event.accept()

    def _restyle(self) -> None:
        self.setMinimumSize(*(min(self._theme.px(side), side * 2) for side in SMALLEST))
