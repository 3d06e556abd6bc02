"""What heals by itself, and when to try again: the policy of the openai SDK 3.52 (``_base_client.py``).

One thing differs: an exhausted quota is never retried, since waiting does not fill it.
"""

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from desktop_chat.domain.errors import ChatError, QuotaExhausted, Unreachable

LONGEST_RETRY_AFTER = 120.0
"""Seconds (the SDK's MAX_RETRY_AFTER_DELAY). A server that asks for more is not asked again by itself."""


class Failed(Exception):
    """An attempt that ended before its answer began.

    ``heals`` tells whether another attempt may be made. ``said`` is what the server said, as JSON or text, to
    learn what it does not know; unlike ``error`` it is not meant to be shown.
    """

    def __init__(self, error: ChatError, *, heals: bool = False, said: object = "") -> None:
        super().__init__(error.message)
        self.error = error
        self.heals = heals
        self.said = said


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait: ``initial`` seconds, doubled each time up to ``longest``, less up to ``jitter``."""

    initial: float = 0.5
    longest: float = 8.0
    jitter: float = 0.25
    random: Callable[[], float] = random.random

    def delay(self, retries_taken: int, retry_after: float | None) -> float:
        """Seconds to wait after ``retries_taken`` retries; what the server asked for goes first."""
        if retry_after is not None and 0 < retry_after <= LONGEST_RETRY_AFTER:
            return retry_after
        return min(self.initial * 2.0 ** min(retries_taken, 1000), self.longest) * (
            1 - self.jitter * self.random()
        )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``retry-after-ms`` or ``retry-after`` ask for; None where they do not or cannot be read.

    A date is taken relative to the server's own ``Date`` where it sends one, since its clock may differ.
    """
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            delay = float(value)
        except ValueError:
            continue
        if delay == math.inf and "inf" not in value.lower():
            return LONGEST_RETRY_AFTER + 1  # so many digits that a float overflows: surely too long
        return delay / divisor if math.isfinite(delay) and delay > 0 else None
    asked = _timestamp(headers.get("retry-after"))
    if asked is None:
        return None
    now = _timestamp(headers.get("date"))
    delay = asked - (time.time() if now is None else now)
    return delay if delay > 0 else None


def heals(error: ChatError, should_retry: str | None = None) -> bool:
    """Whether the same request may do better later. ``should_retry`` is the ``x-should-retry`` header."""
    if isinstance(error, QuotaExhausted):
        return False
    if error.retry_after is not None and error.retry_after > LONGEST_RETRY_AFTER:
        return False
    if should_retry in ("true", "false"):
        return should_retry == "true"
    if error.status is None:
        return isinstance(error, Unreachable)
    return error.status in (408, 409, 429) or error.status >= 500


def _timestamp(value: str | None) -> float | None:
    import email.utils  # rarely needed, and as slow to import as the rest of this package

    try:
        parsed = email.utils.parsedate_tz(value)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    except (TypeError, ValueError, OverflowError, OSError):
        return None
