"""A model as an endpoint lists it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """``chats`` is False for those that do not hold conversations (embeddings, speech, images, …).

    ``created`` is Unix time in seconds, 0 where the server does not say.
    """

    id: str
    chats: bool = True
    created: float = 0.0
    owned_by: str = ""
