"""What went over the wire for one attempt, as the user may see it: without a key in it."""

from dataclasses import dataclass, field
from typing import Any

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.ledger import LedgerEntry

Headers = tuple[tuple[str, str], ...]
"""Names as they were sent or received, and values, in order."""


@dataclass(frozen=True, slots=True)
class Content:
    """In place of a text of a body: ``prefix``, then the attachment of that hash in base64.

    So a body with a photo in it is not kept a second time beside the photo.
    """

    hash: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exchange over HTTP. Values of headers that are secret are replaced, as is any key in the rest.

    ``body`` is the JSON of the request, in which a text may be a :class:`Content`. ``status`` is None where
    no answer began. ``response`` is what was received, byte for byte (of a stream its events), at most
    ``LARGEST_RESPONSE`` bytes: ``is_cut`` says that there was more.
    """

    method: str
    url: str
    request_headers: Headers = ()
    body: Any = None
    status: int | None = None
    response_headers: Headers = ()
    response: bytes = field(default=b"", repr=False)
    is_cut: bool = False


LARGEST_RESPONSE = 4 << 20
"""Bytes of a response that are kept: three times those of the longest answers."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an answer as the store has it. ``seq`` asks the store for its evidence, which is read by
    itself since it may be large; ``has_evidence`` is False where none was kept."""

    entry: LedgerEntry
    error: ChatError | None = None
    seq: int = 0
    has_evidence: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a server still allows of one thing: ``limit`` in all, ``remaining`` now, ``resets_in`` seconds
    until it is all there again. None where the server does not say."""

    limit: int | None = None
    remaining: int | None = None
    resets_in: float | None = None


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What the headers of a response say of its endpoint's limits. ``seen_at`` is Unix time."""

    requests: Allowance = Allowance()
    tokens: Allowance = Allowance()
    seen_at: float = 0.0
