"""What is told of an answer and of one attempt at it, as names and values."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from desktop_chat.domain.endpoint import DIALECTS, Dialect
from desktop_chat.domain.evidence import Attempt, Evidence
from desktop_chat.domain.message import Message, State
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.ui.details import tokens_per_second
from desktop_chat.ui.money import in_dollars
from desktop_chat.ui.notices import explain
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.times import NOTHING, seconds, whole_moment
from desktop_chat.ui.usage.periods import local_time
from desktop_chat.ui.usage.wording import failure

LIMIT_HEADERS = ("x-ratelimit-", "ratelimit", "anthropic-ratelimit-", "retry-after")
"""How the names of headers begin that tell of limits: OpenAI's, those of the IETF's draft, Anthropic's, and
that of RFC 9110."""

SERVER_TIME = "openai-processing-ms"

STATES = {
    State.STREAMING: "Being written",
    State.COMPLETE: "Complete",
    State.STOPPED: "Stopped",
    State.TRUNCATED: "Cut off",
    State.INTERRUPTED: "Broken off",
    State.FAILED: "Failed",
}
FROM_HERE = "This answer was given before, to the same request, and is kept here. Nothing was sent."
NEVER_SENT = "Nothing of this request reached a server."
TYPED = "This answer was written here, not by a model."
NOT_KEPT = "What was sent and received was not kept, or is dropped by now."


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and what stands below it."""

    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is to be told. ``place`` is that of the chosen one among ``attempts``, of which there may be none;
    ``answered_by`` the model that its response names, and ``events`` how many it came in, where it was a
    stream. ``is_read`` where there is no more to come."""

    message: Message
    attempts: tuple[Attempt, ...] = ()
    place: int = 0
    evidence: Evidence | None = None
    answered_by: str = ""
    events: int = 0
    is_read: bool = True

    @property
    def attempt(self) -> Attempt | None:
        return self.attempts[self.place] if self.attempts else None

    @property
    def is_last(self) -> bool:
        """Whether what the message says of its request is of the chosen attempt."""
        return self.place == len(self.attempts) - 1


def attempt_name(attempts: tuple[Attempt, ...], place: int) -> str:
    """``Attempt 1 of 3: The server is busy (503)``."""
    ended = failure(attempts[place].entry) or "answered"
    return f"Attempt {place + 1} of {len(attempts)}: {ended[:1].lower()}{ended[1:]}"


def heading(known: Known, zone: tzinfo | None) -> tuple[str, str]:
    """Who wrote the answer; from where, and when."""
    message, attempt = known.message, known.attempt
    when = whole_moment(local_time(attempt.entry.started_at if attempt else message.created_at, zone))
    endpoint = [one_line(attempt.entry.endpoint_name)] if attempt else []
    return one_line(message.model or "") or "Answer", " · ".join((*endpoint, when))


def note(known: Known) -> str:
    """What has to be said of what is not there; empty where nothing is missing."""
    if known.attempt is not None:
        return "" if known.evidence is not None or not known.is_read else NOT_KEPT
    if known.message.is_cached:
        return FROM_HERE
    return NEVER_SENT if known.message.state is State.FAILED else NOT_KEPT if known.message.model else TYPED


def sections(known: Known) -> list[Section]:
    """All that is known, in the order in which it is shown; sections without anything are left out."""
    message, attempt = known.message, known.attempt
    if attempt is None:
        usage, timing = message.usage, message.timing
    else:
        usage, timing = attempt.entry.usage, attempt.entry.timing
    found = (
        Section("Request", tuple(_request(known))),
        Section("Time", tuple(_time(known, usage, timing))),
        Section("Tokens and cost", tuple(_tokens(known, usage))),
        Section("Rate limits", tuple(_limits(known.evidence))),
    )
    return [section for section in found if section.facts]


def _request(known: Known) -> Iterator[tuple[str, str]]:
    message, attempt = known.message, known.attempt
    yield "Result", _result(known)
    if known.is_last or attempt is None:
        yield "Finish reason", one_line(message.finish_reason or "") or NOTHING
    if attempt is not None and attempt.entry.model:
        yield "Model asked", one_line(attempt.entry.model)
    answered = known.answered_by or (message.model if known.is_last or attempt is None else None)
    yield "Model answered", one_line(answered or "") or NOTHING
    request_id = attempt.entry.request_id if attempt else message.request_id
    yield "Request id", one_line(request_id or "") or NOTHING
    if attempt is None:
        return
    entry = attempt.entry
    yield "Attempt", f"{known.place + 1} of {len(known.attempts)}"
    yield "Status", str(entry.status) if entry.status is not None else NOTHING
    yield "Endpoint", one_line(entry.endpoint_name)
    if known.evidence is not None:
        yield "Address", one_line(known.evidence.url)
    yield "Dialect", _dialect(entry.dialect)
    if entry.service_tier:
        yield "Service tier", one_line(entry.service_tier)


def _dialect(stored: str) -> str:
    """One that another version stored is told as it is."""
    return DIALECTS[Dialect(stored)] if stored in set(Dialect) else one_line(stored)


def _result(known: Known) -> str:
    message, attempt = known.message, known.attempt
    if attempt is not None and (ended := failure(attempt.entry)):
        return ended
    if attempt is None and message.error is not None:
        return explain(message.error, "").title
    return STATES[message.state]


def _time(known: Known, usage: Usage | None, timing: Timing | None) -> Iterator[tuple[str, str]]:
    if timing is None:
        return
    yield "First token", seconds(timing.first_token)
    yield "Duration", seconds(timing.duration)
    speed = tokens_per_second(usage, timing)
    yield "Speed", NOTHING if speed is None else f"{speed:,.0f} tokens/s"
    for name, value in known.evidence.response_headers if known.evidence is not None else ():
        if name.lower() == SERVER_TIME:
            yield "Time at the server", f"{one_line(value)} ms"
    if known.events:
        yield "Events", f"{known.events:,}"


def _tokens(known: Known, usage: Usage | None) -> Iterator[tuple[str, str]]:
    message, attempt = known.message, known.attempt
    is_exact = attempt is None or attempt.entry.is_exact
    about = "" if is_exact else "≈ "
    if usage is not None:
        yield "Input", f"{about}{usage.input:,}"
        yield "Input from the cache", f"{usage.cached:,}"
        if usage.cache_write:
            yield "Input written to the cache", f"{usage.cache_write:,}"
        yield "Output", f"{about}{usage.output:,}"
        yield "Output for reasoning", f"{usage.reasoning:,}"
    if attempt is not None:
        yield "Cost", in_dollars(attempt.entry.cost, is_approximate=not is_exact)
    if attempt is None or len(known.attempts) > 1:
        name = "Cost of all attempts" if attempt is not None else "Cost"
        yield name, in_dollars(message.cost, is_approximate=message.is_estimated)


def _limits(evidence: Evidence | None) -> Iterator[tuple[str, str]]:
    for name, value in evidence.response_headers if evidence is not None else ():
        if name.lower().startswith(LIMIT_HEADERS):
            yield one_line(name), one_line(value)
