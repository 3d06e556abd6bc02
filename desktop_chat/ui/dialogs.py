"""What the main window needs of those who speak to the user in dialogs."""

from typing import Protocol

from desktop_chat.domain.errors import ChatError
from desktop_chat.session import ChatSession
from desktop_chat.storage import StorageError


class Dialogs(Protocol):
    """Words and dialogs for what goes wrong in the chat that is shown."""

    def explain(self, error: ChatError, endpoint_name: str) -> tuple[str, str]:
        """``error`` as a title and a sentence, plain text."""
        ...

    def problem(self, session: ChatSession, error: ChatError, message_id: str) -> None:
        """A turn ended by ``error``; its answer is ``message_id``."""
        ...

    def retry(self, session: ChatSession) -> None:
        """The session waits for a scheduled retry. The dialog closes itself when the phase changes."""
        ...

    def refused(self, session: ChatSession, error: StorageError) -> None:
        """A message could not be saved, and so was not sent; its text is still in the composer."""
        ...
