"""The ledger: one entry for each attempt that reached a server, and what reports make of it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from desktop_chat.domain.usage import Timing, Usage


class Purpose(StrEnum):
    """What a request was for."""

    CHAT = "chat"
    TITLE = "title"
    SUMMARY = "summary"
    TOOL = "tool"
    IMAGE = "image"


class Outcome(StrEnum):
    """How an attempt ended."""

    OK = "ok"
    STOPPED = "stopped"
    """By the user."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One attempt that reached a server. Holds no word of the chat, which it outlives.

    ``started_at`` is Unix time. ``attempt`` counts from 1 within a turn. ``usage`` is what the server counted
    where ``is_exact``, else our own estimate; None where nothing was used. ``expected_input`` is what we
    thought before sending, to learn from. ``cost`` is in US dollars, None where the price is unknown.
    ``status`` is that of HTTP, and ``error_kind`` the name of a ``ChatError``. ``chat`` is the title of the
    chat as it is now, when read: empty where it is gone.
    """

    conversation_id: str
    message_id: str
    endpoint_id: str
    endpoint_name: str
    dialect: str
    purpose: Purpose
    attempt: int
    started_at: float
    timing: Timing
    outcome: Outcome
    model: str | None = None
    request_id: str | None = None
    status: int | None = None
    service_tier: str | None = None
    usage: Usage | None = None
    is_exact: bool = True
    expected_input: int | None = None
    cost: Decimal | None = None
    error_kind: str | None = None
    chat: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over entries of the ledger.

    ``requests`` counts attempts, ``failed`` those that ended in an error, ``retried`` those after a turn's
    first. ``cost`` is in US dollars, and ``estimated`` the part of it that rests on our own count of tokens.
    ``unpriced`` counts the requests that used tokens whose price is unknown: they are not in ``cost``.
    """

    requests: int = 0
    failed: int = 0
    retried: int = 0
    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    cache_write: int = 0
    cost: Decimal = Decimal(0)
    estimated: Decimal = Decimal(0)
    unpriced: int = 0


class Grouping(StrEnum):
    """By what a report tells entries apart."""

    MODEL = "model"
    ENDPOINT = "endpoint"
    PURPOSE = "purpose"
    CHAT = "chat"


SERIES = 50
"""How many groups of a report have their periods told: more than a chart can tell apart. The sums of 2,000
chats in each of 36 periods would take longer to make than to read."""


@dataclass(frozen=True, slots=True)
class Group:
    """The entries with one ``key`` (a model, an id, …). ``label`` is what to call it, empty for a chat that
    is gone or a model that is not known. ``periods`` has the sums of each period of the report; it is empty
    for the groups beyond the first ``SERIES`` of a report."""

    key: str
    label: str
    totals: Totals
    periods: tuple[Totals, ...]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was used between two times. ``groups`` are by cost, then by tokens, highest first.

    ``boundaries`` are the Unix times at which periods begin, and the end of the last one. ``periods`` are the
    sums of each over all groups. Of the seconds until the first token, those of the entries that have one,
    half are at most ``first_token_median`` and 95 % at most ``first_token_p95``; both are at most 2 % off,
    None without any.
    """

    boundaries: tuple[float, ...]
    totals: Totals
    groups: tuple[Group, ...]
    periods: tuple[Totals, ...] = ()
    first_token_median: float | None = None
    first_token_p95: float | None = None
