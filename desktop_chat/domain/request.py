"""What one turn asks for."""

from dataclasses import dataclass, field

from desktop_chat.domain.ledger import Purpose
from desktop_chat.domain.message import Message

REASONING_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
"""The efforts of the OpenAI API, least first; a model may know only some of them."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a conversation sets for its requests. None is not sent, so that the server's default holds.

    ``temperature`` is 0 to 2. An empty ``system_prompt`` is not sent.
    """

    system_prompt: str = ""
    temperature: float | None = None
    max_output_tokens: int | None = None
    reasoning_effort: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request for an answer to ``messages``, in order, without the system prompt.

    ``truncates`` lets the server leave out the oldest messages where they do not fit.
    """

    model: str
    messages: tuple[Message, ...]
    parameters: Parameters = field(default_factory=Parameters)
    purpose: Purpose = Purpose.CHAT
    truncates: bool = False
