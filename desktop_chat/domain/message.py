"""A message and its parts."""

from dataclasses import dataclass, field
from enum import StrEnum

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.usage import Timing, Usage


class Role(StrEnum):
    """Who a message is from, in the words of the API."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class State(StrEnum):
    """How far an answer came. A user's message is always ``COMPLETE``."""

    STREAMING = "streaming"
    """The answer is being written (or was, when the program died; start-up turns it to INTERRUPTED)."""
    COMPLETE = "complete"
    """The server said that it is finished."""
    STOPPED = "stopped"
    """The user stopped it; what came is kept."""
    TRUNCATED = "truncated"
    """The token limit or a content filter cut it; ``finish_reason`` says which."""
    INTERRUPTED = "interrupted"
    """A broken stream or a crash cut it."""
    FAILED = "failed"
    """Nothing came; ``error`` says why."""


class PartKind(StrEnum):
    """What a part of a message holds."""

    TEXT = "text"
    REASONING = "reasoning"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message, in the order in which it came.

    ``seconds`` is how long a reasoning part took to come, where that is known.
    """

    kind: PartKind
    text: str
    seconds: float | None = None


@dataclass(slots=True)
class Message:
    """One message of a conversation; messages with the same ``parent_id`` are versions of each other.

    ``model``, ``finish_reason``, ``request_id``, ``usage``, ``timing`` and ``error`` are set on answers.
    ``created_at`` is Unix time in seconds.
    """

    id: str
    parent_id: str | None
    role: Role
    parts: list[Part] = field(default_factory=list)
    state: State = State.COMPLETE
    created_at: float = 0.0
    model: str | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    error: ChatError | None = None

    @property
    def text(self) -> str:
        """What is said: the text and refusal parts, without reasoning."""
        return "".join(part.text for part in self.parts if part.kind is not PartKind.REASONING)

    @property
    def reasoning(self) -> str:
        """What the model showed of its reasoning."""
        return "\n\n".join(part.text for part in self.parts if part.kind is PartKind.REASONING)

    def append(self, kind: PartKind, text: str) -> None:
        """Add streamed text: to the last part where it is of that kind, else as a new part."""
        if self.parts and self.parts[-1].kind is kind:
            last = self.parts[-1]
            self.parts[-1] = Part(kind, last.text + text, last.seconds)
        else:
            self.parts.append(Part(kind, text))
