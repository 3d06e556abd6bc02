"""What becomes of the branches of the chat that is shown: seen, compared, forked, deleted."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop_chat.chats import Chats
from desktop_chat.domain.message import Role
from desktop_chat.session import ChatSession
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.theme import Theme

if TYPE_CHECKING:
    from desktop_chat.ui.transcript import Transcript
    from desktop_chat.ui.transcript.row_actions import Action
    from desktop_chat.ui.versions.compare import CompareWindow
    from desktop_chat.ui.versions.map import BranchMap


class Branching(QObject):
    """Follows the session that is shown. Its windows are made when they are first asked for."""

    chat_requested = Signal(str)
    """A conversation is to be shown."""
    failed = Signal(object)
    """The ``StorageError`` that kept a chat from being forked."""

    def __init__(self, theme: Theme, chats: Chats, tasks: Tasks, host: QWidget) -> None:
        super().__init__(host)
        self._theme, self._chats, self._tasks = theme, chats, tasks
        self._host = host
        self._session: ChatSession | None = None
        self._map: BranchMap | None = None
        self._comparison: CompareWindow | None = None

    def attach(self, transcript: "Transcript") -> None:
        """Do what the menus of ``transcript`` ask for."""
        transcript.branch_requested.connect(self._act)

    def set_session(self, session: ChatSession | None) -> None:
        self._session = session
        if self._map is not None and self._map.isVisible():
            self._map.set_session(session)

    def show_map(self) -> None:
        """Show every branch of the chat."""
        if self._map is None:
            from desktop_chat.ui.versions.map import BranchMap

            self._map = BranchMap(self._theme, self._host.window())
            self._map.compared.connect(self.compare)
        self._map.set_session(self._session)
        self._map.show()
        self._map.activateWindow()

    def compare(self, old: str, new: str) -> None:
        """Show what differs between two messages of the chat."""
        if self._session is None:
            return
        if self._comparison is None:
            from desktop_chat.ui.versions.compare import CompareWindow

            self._comparison = CompareWindow(self._theme, self._tasks, self._host.window())
        self._comparison.compare(self._session.tree, old, new)
        self._comparison.show()
        self._comparison.activateWindow()

    def close(self) -> None:
        for window in (self._map, self._comparison):
            if window is not None:
                window.close()

    def _act(self, message_id: str, action: "Action") -> None:
        # Here, since who shows no messages yet needs none of the transcript.
        from desktop_chat.ui.transcript.row_actions import Action

        session = self._session
        if session is None or message_id not in session.tree:
            return
        match action:
            case Action.COMPARE:
                self._compare_with_neighbour(session, message_id)
            case Action.BRANCHES:
                self.show_map()
            case Action.FORK:
                self._tasks.start(self._fork(session.conversation.id, message_id), "fork")
            case Action.DELETE:
                self._chats.delete_messages(session.conversation.id, [message_id])

    async def _fork(self, conversation_id: str, message_id: str) -> None:
        try:
            forked = await self._chats.fork(conversation_id, message_id)
        except KeyError:
            return  # it was deleted meanwhile
        except StorageError as error:
            self.failed.emit(error)
        else:
            self.chat_requested.emit(forked.conversation.id)

    def _compare_with_neighbour(self, session: ChatSession, message_id: str) -> None:
        """Compare a version with the one before it, the first with the one behind it.

        A question that was asked once may have been answered by two models: then it is their answers.
        """
        tree = session.tree
        versions = tree.versions(message_id)
        if len(versions) < 2 and tree[message_id].role is Role.USER:
            versions = tree.children(message_id)
            message_id = versions[-1] if versions else message_id
        here = versions.index(message_id) if message_id in versions else -1
        if len(versions) > 1 and here >= 0:
            old, new = (versions[here - 1], message_id) if here else (message_id, versions[1])
            self.compare(old, new)
