"""What is typed but not sent: kept as it is typed, and the same in all windows that show a chat."""

from collections.abc import Sequence

from PySide6.QtCore import QObject

from desktop_chat.chats import Chats
from desktop_chat.domain.message import Draft, Part
from desktop_chat.session import ChatSession
from desktop_chat.ui.attachments.attaching import Attaching
from desktop_chat.ui.composer import Composer


class Drafts(QObject):
    """Follows the chat that ``composer`` is for, and keeps its draft and its edit."""

    def __init__(self, chats: Chats, composer: Composer, attaching: Attaching) -> None:
        super().__init__(composer)
        self._chats, self._composer, self._attaching = chats, composer, attaching
        self._session: ChatSession | None = None
        self._is_saving = False
        composer.draft_changed.connect(self._draft_changed)
        composer.edit_changed.connect(lambda id, text: self.save(id, text, composer.attachments))
        composer.edit_ended.connect(self._edit_ended)
        attaching.elsewhere.connect(self._attached_elsewhere)
        chats.drafts_loaded.connect(self._loaded)
        chats.draft_changed.connect(self._changed)

    def set_session(self, session: ChatSession | None) -> None:
        """Show what is unsent of a chat; with None nothing is kept any more."""
        self._session = session
        if session is None:
            return
        draft = self._chats.draft(session.draft_key)
        self._composer.set_draft(draft.text, draft.parts)
        if (edited := next((m.id for m in session.tree if m.id in self._chats.drafts), None)) is not None:
            begun = self._chats.draft(edited)
            self._composer.start_edit(edited, begun.text, begun.parts)
        self._attaching.look_anew()

    def save(self, key: str, text: str, parts: Sequence[Part] = ()) -> None:
        """As :meth:`Chats.save_draft`; the composer itself is left as it is."""
        self._is_saving = True
        self._chats.save_draft(key, text, parts)
        self._is_saving = False

    def _draft_changed(self, text: str) -> None:
        if self._session is not None:
            self.save(self._session.draft_key, text, self._composer.attachments)

    def _edit_ended(self, message_id: str) -> None:
        # First, or what is being read for it would be a draft of the edit anew.
        self._attaching.intake.cancel_for(message_id)
        self.save(message_id, "")

    def _attached_elsewhere(self, key: str, part: Part) -> None:
        """What was read while the user went on to another chat belongs to the draft of the first."""
        draft = self._chats.draft(key)
        self.save(key, draft.text, (*draft.parts, part))

    def _loaded(self, stored: dict[str, Draft]) -> None:
        if self._session is not None and self._composer.editing is None:
            draft = stored.get(self._session.draft_key, Draft())
            self._composer.restore_draft(draft.text, draft.parts)

    def _changed(self, key: str) -> None:
        """Another window changed a draft, or let go of it."""
        if self._session is None or self._is_saving:
            return
        draft = self._chats.draft(key)
        if key == self._session.draft_key:
            self._composer.follow(draft)
        elif key == self._composer.editing:
            self._composer.follow(draft, key)
