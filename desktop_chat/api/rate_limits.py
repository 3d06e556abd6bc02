"""The headers in which servers tell what they still allow -> domain.evidence.RateLimits.

OpenAI and most that are compatible: ``x-ratelimit-limit-requests``, ``-remaining-`` and ``-reset-``, the same
for ``tokens``, with times such as ``6m0s`` or ``12ms`` (https://platform.openai.com/docs/guides/rate-limits).
Azure sends the same, at times without ``limit`` or with whole seconds. Anthropic:
``anthropic-ratelimit-requests-limit``, ``-remaining`` and ``-reset`` with an ISO time
(https://docs.anthropic.com/en/api/rate-limits). Others (OpenRouter, the draft of the IETF) tell of requests
only: ``x-ratelimit-limit`` or ``ratelimit-limit``, with seconds or Unix time.
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from desktop_chat.domain.evidence import Allowance, RateLimits

_REQUESTS = (
    "x-ratelimit-{}-requests",
    "anthropic-ratelimit-requests-{}",
    "x-ratelimit-{}-requests-minute",
    "x-ratelimit-{}",
    "ratelimit-{}",
)
_TOKENS = (
    "x-ratelimit-{}-tokens",
    "anthropic-ratelimit-tokens-{}",
    "anthropic-ratelimit-input-tokens-{}",
    "x-ratelimit-{}-tokens-minute",
    "x-ratelimitbysize-{}-minute",
)
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)")
_SECONDS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_UNIX, _UNIX_MS = 1e9, 1e12
"""From here on a number is no time to wait but a time of day, in seconds or in milliseconds."""
_LONGEST = 31 * 86_400.0
"""Seconds: what takes longer is no time to wait."""
_LARGEST = 10**15


def read(headers: Mapping[str, str], now: float | None = None) -> RateLimits | None:
    """What ``headers`` (looked up in lower case) tell, None where it is nothing. ``now`` is Unix time."""
    now = time.time() if now is None else now
    requests, tokens = _allowance(headers, _REQUESTS, now), _allowance(headers, _TOKENS, now)
    if requests == tokens == Allowance():
        return None
    return RateLimits(requests, tokens, now)


def _allowance(headers: Mapping[str, str], names: tuple[str, ...], now: float) -> Allowance:
    """The first of the families of headers that says anything."""
    for name in names:
        limit, remaining = (_count(headers.get(name.format(of))) for of in ("limit", "remaining"))
        if limit is not None or remaining is not None:
            return Allowance(limit, remaining, seconds(headers.get(name.format("reset")), now))
    return Allowance()


def _count(value: str | None) -> int | None:
    """A number; of a list such as ``100, 100;w=60`` its first."""
    found = re.match(r"\s*(\d{1,16})(?:\.0*)?\s*(?:[,;]|$)", value or "")
    return int(found[1]) if found and int(found[1]) <= _LARGEST else None


def seconds(value: str | None, now: float) -> float | None:
    """Seconds from ``now`` that a server means: ``6m0s``, ``12ms``, ``59``, Unix or ISO time; else None."""
    text = (value or "").strip().lower()
    pieces = _PIECE.findall(text)
    if pieces and "".join(number + unit for number, unit in pieces) == text:
        waits = sum(float(number) * _SECONDS[unit] for number, unit in pieces)
    elif re.fullmatch(r"\d+(\.\d+)?", text):
        waits = float(text)
        if waits >= _UNIX:
            waits = (waits / 1000 if waits >= _UNIX_MS else waits) - now
    else:
        try:
            at = datetime.fromisoformat(text.upper())
        except ValueError:
            return None
        waits = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now
    return max(waits, 0.0) if waits <= _LONGEST else None
