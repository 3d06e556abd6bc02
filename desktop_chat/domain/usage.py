"""What one request used: tokens and time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request. ``cached`` (read from the server's cache) and ``cache_write`` (written to it) are
    parts of ``input``, ``reasoning`` is one of ``output``."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the request leaving to its first data event (None where none came), and to its end."""

    first_token: float | None
    duration: float
