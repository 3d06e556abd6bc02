"""What one request used: tokens and time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; ``cached`` is part of ``input``, ``reasoning`` of ``output``."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the request leaving to its first data event (None where none came), and to its end."""

    first_token: float | None
    duration: float
