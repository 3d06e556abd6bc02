"""What may be spent: prices, budgets, and what requests under way may still cost."""

from PySide6.QtCore import QObject, Signal

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.holds import Budget
from desktop_chat.domain.prices import PriceSheet
from desktop_chat.settings import Settings


class Spending(QObject):
    """The money of a profile: one for all chats."""

    changed = Signal()
    """A row was entered into the ledger, or a budget or a price changed."""
    warned = Signal(object)
    """A :class:`Budget` of which 80 % are spent, once in its period."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    async def budgets(self, conversation_id: str, endpoint_id: str) -> list[Budget]:
        """The budgets that are set and concern a request of this chat to this endpoint."""
        return []

    def sheet(self, endpoint: Endpoint, model: str) -> PriceSheet | None:
        """What a model costs, the user's own prices first; None where that is not known (yet)."""
        return None
