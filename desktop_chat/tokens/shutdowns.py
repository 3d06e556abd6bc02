"""When models end, and which can take their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from desktop_chat.domain.model import Model


@dataclass(frozen=True, slots=True)
class Shutdown:
    """``on`` is the first day without the model, None where only a ``sentence`` is known."""

    on: date | None
    sentence: str = ""


def shutdown_of(model: Model | str) -> Shutdown | None:
    """When ``model`` ends, as its endpoint says or as OpenAI announced it; None where nothing is known."""
    raise NotImplementedError


def successor(model: str, offered: Sequence[Model], today: date) -> str | None:
    """The newest of ``offered`` of the same family and size as ``model`` that will last; None for none."""
    raise NotImplementedError
