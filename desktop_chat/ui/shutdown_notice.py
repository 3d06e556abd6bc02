"""A slim notice in a chat whose model ends soon, or has ended, with what can take its place."""

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QObject

from desktop_chat.chats import Chats
from desktop_chat.domain.model import Model
from desktop_chat.session import ChatSession
from desktop_chat.tokens.shutdowns import Shutdown, successor
from desktop_chat.ui.hold_words import shutdown_notice
from desktop_chat.ui.model_facts import end_of
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.window import Window


class ShutdownNotice(QObject):
    """Follows the chat that ``window`` shows. What the user dismissed stays away from it in this run."""

    def __init__(
        self, window: Window, chats: Chats, theme: Theme, today: Callable[[], date] = date.today
    ) -> None:
        """``today`` gives the local date."""
        super().__init__(window)
        self._window = window
        self._chats = chats
        self._today = today
        self._dismissed: set[tuple[str, str]] = set()
        self._successor: str | None = None
        self.bar = NoticeBar(theme, dismissable=True)
        self.bar.setObjectName("shutdownNotice")
        self.bar.pressed.connect(self._pressed)
        self.bar.dismissed.connect(self._keep_away)
        window.chat.insert_notice(self.bar)
        # Emitted whenever another chat is shown, or the one that is shown changes.
        window.chat.title_changed.connect(lambda _title: self.refresh())
        chats.offered.connect(lambda _endpoint_id: self.refresh())

    def refresh(self) -> None:
        """Say of the model of the chat that is shown what there is to say today."""
        session = self._window.session
        words = ""
        if session is not None and self._place(session) not in self._dismissed:
            words = shutdown_notice(session.model, self._shutdown(session), self._today())
        if session is None or not words:
            self.bar.clear()
            return
        self._successor = successor(session.model, self._offered(session), self._today())
        button = f"Use {one_line(self._successor)}" if self._successor else "Choose a model"
        self.bar.show_notice(words, button)

    def _shutdown(self, session: ChatSession) -> Shutdown | None:
        model, endpoint = session.model, session.endpoint
        listed = next((each for each in self._offered(session) if each.id == model), None)
        return end_of(endpoint, listed or model) if endpoint is not None and model else None

    def _offered(self, session: ChatSession) -> list[Model]:
        return self._chats.known_models(session.endpoint) if session.endpoint is not None else []

    def _pressed(self) -> None:
        session = self._window.session
        if session is not None and session.endpoint is not None and self._successor:
            session.set_model(session.endpoint.id, self._successor)
        else:
            self._window.choose_model()

    def _keep_away(self) -> None:
        if (session := self._window.session) is not None:
            self._dismissed.add(self._place(session))

    def _place(self, session: ChatSession) -> tuple[str, str]:
        return session.conversation.id, session.model
