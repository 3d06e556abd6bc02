"""What a reply in progress says: the one stream-event type between ``api`` and everything above it."""

from dataclasses import dataclass

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.evidence import Evidence, RateLimits
from desktop_chat.domain.message import Part, PartKind, State
from desktop_chat.domain.usage import Timing, Usage


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """Attempt ``attempt`` (1 is the first) of at most ``attempts`` is about to leave."""

    attempt: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Throttled:
    """Our own limit of the endpoint keeps the next attempt back: for ``delay`` seconds, or with None until
    another request has ended."""

    delay: float | None


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The server rejected a request for one thing in it, and the request is sent again without it.

    ``name`` is for ``Request.rejected``, so that it is not tried again: the name of a parameter
    (``domain.parameters``), ``images`` (of earlier messages) or ``files`` (which go as text), or a way to
    write a request: the roles ``developer`` and ``system``, the fields ``max_tokens`` and
    ``max_completion_tokens``, ``stream_options``, ``truncation``, ``include``. ``message`` is what the server
    said.
    """

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """``error`` ended an attempt; attempt ``attempt`` of ``attempts`` follows in ``delay`` seconds."""

    error: ChatError
    attempt: int
    attempts: int
    delay: float


@dataclass(frozen=True, slots=True)
class Started:
    """The server accepted the request and its answer begins."""

    request_id: str | None


@dataclass(frozen=True, slots=True)
class Delta:
    """Text to append to the answer; ``kind`` is one of ``STREAMED``. Never empty, no lone surrogates."""

    kind: PartKind
    text: str


@dataclass(frozen=True, slots=True)
class PartCame:
    """A citation, a tool call as it is now, or reasoning that only its server reads: for ``Message.put``.

    The place of a citation counts from where the answer to this request begins.
    """

    part: Part


@dataclass(frozen=True, slots=True)
class Choice:
    """Another answer to the same request (Chat Completions with ``n``). Without a ``finish_reason`` it did
    not come to its end."""

    parts: tuple[Part, ...]
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """One attempt is over: a row for the ledger, if it reached a server.

    ``error`` is None where it ended well. ``usage`` is None where the server reported none. ``status`` is
    that of HTTP, None where no answer began. ``service_tier`` is the server's word for how it served us.
    ``has_left`` is False where the request cannot have reached a server: no connection stood, say.
    ``evidence`` is what went over the wire, ``rate_limits`` what its headers told, ``others`` what came of
    the other answers.
    """

    attempt: int
    request_id: str | None
    model: str | None
    usage: Usage | None
    timing: Timing
    error: ChatError | None
    status: int | None = None
    service_tier: str | None = None
    has_left: bool = True
    evidence: Evidence | None = None
    rate_limits: RateLimits | None = None
    others: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event. ``state`` is COMPLETE, TRUNCATED, INTERRUPTED or FAILED.

    COMPLETE only where the server's own end mark was seen. ``error`` says why for INTERRUPTED and FAILED.
    ``finish_reason`` is the server's word: ``stop``, ``length``, ``content_filter``, … for both dialects.
    ``others`` are the other answers that were asked for, as far as they came.
    """

    state: State
    finish_reason: str | None = None
    request_id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    error: ChatError | None = None
    others: tuple[Choice, ...] = ()


ReplyEvent = (
    AttemptStarted
    | Throttled
    | Adjusted
    | RetryScheduled
    | Started
    | Delta
    | PartCame
    | AttemptEnded
    | Finished
)
