"""What every chat of a profile works with, in one hand."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from desktop_chat.api import Api
from desktop_chat.attachments import Attachments
from desktop_chat.connectivity import Connectivity
from desktop_chat.credentials import Credentials
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.model import Model
from desktop_chat.outbox import Outbox
from desktop_chat.settings import Settings
from desktop_chat.spending import Spending
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.waiting import Waiting


@dataclass(slots=True)
class Services:
    """``store`` waits until the database is open. ``models`` is what endpoints offer, by their ids, as far as
    they were asked in this run. ``is_closing`` is True once the program ends: nothing is waited for then that
    can do without."""

    store: Callable[[], Coroutine[Any, Any, Store]]
    outbox: Outbox
    api: Api
    credentials: Credentials
    settings: Settings
    tasks: Tasks
    tokens: Tokens
    spending: Spending
    attachments: Attachments
    connectivity: Connectivity
    waiting: Waiting
    models: dict[str, list[Model]] = field(default_factory=dict)
    is_closing: bool = False

    def endpoint(self, conversation: Conversation) -> Endpoint | None:
        """Where requests of a conversation go, in its own dialect where it has one. None where there is none,
        or where the conversation's own is gone: what was said to one server is never sent to another without
        the user choosing it."""
        wanted = conversation.endpoint_id
        endpoint = self.settings.endpoint(wanted)
        if endpoint is None or wanted not in (None, endpoint.id):
            return None
        dialect = conversation.parameters.dialect
        return endpoint if dialect in (None, endpoint.dialect) else replace(endpoint, dialect=dialect)

    def known_model(self, endpoint: Endpoint, model: str) -> Model | None:
        """What the endpoint said of a model in this run."""
        return next((known for known in self.models.get(endpoint.id, ()) if known.id == model), None)

    def model(self, conversation: Conversation) -> str:
        """The model of a conversation's next request; empty where none is chosen."""
        endpoint = self.endpoint(conversation)
        return (conversation.model or endpoint.default_model) if endpoint is not None else ""
