"""Keeps the parameters in step with the model that gets them."""

from PySide6.QtCore import QObject

from desktop_chat.session import ChatSession
from desktop_chat.settings import Settings
from desktop_chat.ui.details import DetailsPanel


class ParametersFollower(QObject):
    """Tells ``details`` who gets the parameters of the session that is shown."""

    def __init__(self, details: DetailsPanel, settings: Settings) -> None:
        super().__init__(details)
        self._details = details
        self._settings = settings
        self._session: ChatSession | None = None
        details.parameter_retried.connect(self._retry)
        settings.changed.connect(self._setting_changed)

    def set_session(self, session: ChatSession | None) -> None:
        if self._session is not None:
            self._session.conversation_changed.disconnect(self._show)
        self._session = session
        if session is not None:
            session.conversation_changed.connect(self._show)
            self._show()

    def _show(self) -> None:
        if (session := self._session) is not None and (endpoint := session.endpoint) is not None:
            # The session's endpoint speaks the dialect of the chat, where that has one of its own.
            own = self._settings.endpoint(endpoint.id) or endpoint
            rejected = self._settings.rejected_by(endpoint.id, session.model)
            self._details.set_target(session.model, own.dialect, rejected)

    def _retry(self, name: str) -> None:
        if (session := self._session) is not None and (endpoint := session.endpoint) is not None:
            self._settings.forget_rejected(endpoint.id, session.model, name)

    def _setting_changed(self, name: str) -> None:
        if name in ("rejected", "endpoints", "default_endpoint"):
            self._show()
