"""How long to wait and how often to try: set by the user, obeyed by ``api``."""

from dataclasses import dataclass, replace

from desktop_chat.domain.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Limits:
    """Attempts per turn, and watchdogs in seconds.

    ``connect``: until a connection stands. ``first_event``: from the request leaving until the first *data*
    event. ``idle``: between two data events. Comment keep-alives do not count. ``total``: for a whole
    attempt, None for no limit.
    """

    attempts: int = 5
    connect: float = 10.0
    first_event: float = 120.0
    idle: float = 60.0
    total: float | None = None


def limits_of(endpoint: Endpoint, limits: Limits) -> Limits:
    """``limits`` with the endpoint's own in their place."""
    own = {
        "attempts": endpoint.attempts,
        "connect": endpoint.connect_timeout,
        "first_event": endpoint.first_event_timeout,
        "idle": endpoint.idle_timeout,
        "total": endpoint.total_timeout,
    }
    return replace(limits, **{name: value for name, value in own.items() if value is not None})  # type: ignore[arg-type]
