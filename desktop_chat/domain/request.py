"""What one turn asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from desktop_chat.domain.ledger import Purpose
from desktop_chat.domain.message import Message
from desktop_chat.domain.parameters import REASONING_EFFORTS, Parameters

__all__ = ["REASONING_EFFORTS", "Parameters", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request for an answer to ``messages``, in order, without the system prompt.

    ``truncates`` lets the server leave out the oldest messages where they do not fit. ``rejected`` are names
    of what the model said that it does not take: parameters, which are not sent, and ways to write a request,
    which are written in another way (:class:`~desktop_chat.domain.events.Adjusted`). ``contents`` are the
    attachments of ``messages`` in base64, by hash.
    """

    model: str
    messages: tuple[Message, ...]
    parameters: Parameters = field(default_factory=Parameters)
    purpose: Purpose = Purpose.CHAT
    truncates: bool = False
    rejected: frozenset[str] = frozenset()
    contents: Mapping[str, str] = field(default_factory=dict, repr=False)
