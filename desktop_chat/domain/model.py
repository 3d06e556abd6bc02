"""A model as an endpoint lists it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Model:
    """``chats`` is False for those that do not hold conversations (embeddings, speech, images, …).

    ``created`` is Unix time in seconds, 0 where the server does not say. ``shuts_down`` is the day from which
    on the server says that the model is gone.
    """

    id: str
    chats: bool = True
    created: float = 0.0
    owned_by: str = ""
    shuts_down: date | None = None
