"""When models end, and which can take their place."""

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from desktop_chat.domain.model import Model, day_of
from desktop_chat.paths import resources

LASTS = timedelta(days=365)
"""How long a successor must be sure to last: to change again within the year helps nobody."""

_NAME = re.compile(r"(?P<family>[a-z][a-z_-]*?)-?(?P<version>\d+(?:\.\d+)*)(?P<omni>o)?(?:-(?P<rest>.*))?$")
_PASSING = re.compile(r"latest|preview|turbo|\d{1,4}|\d+k|20\d{6}")
"""Words of a name that tell a state or a day, not what kind of model it is."""
_O_SERIES = (4, 9)
"""OpenAI's o series came after GPT-4.5 and went into GPT-5."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """``on`` is the first day without the model, None where only a ``sentence`` is known."""

    on: date | None
    sentence: str = ""


def shutdown_of(model: Model | str) -> Shutdown | None:
    """When ``model`` ends, as its endpoint says or else as OpenAI announced it for its own API.

    None where nothing is known. Each dated version of a model has an end of its own.
    """
    if isinstance(model, Model):
        if model.shuts_down is not None:
            return Shutdown(model.shuts_down)
        model = model.id
    announced = _announced().get(model.lower())
    if announced is None:
        return None
    is_sentence = " " in announced
    return Shutdown(day_of(announced), announced if is_sentence else "")


@functools.cache
def _announced() -> dict[str, str]:
    """What OpenAI announced, by model: a day or a sentence."""
    models: dict[str, str] = json.loads((resources() / "shutdowns.json").read_text("utf-8"))["models"]
    return models


def successor(model: str, offered: Sequence[Model], today: date) -> str | None:
    """The newest of ``offered`` of the same family and size as ``model`` that will last; None for none.

    It holds conversations, is newer than ``model``, and is not known to end within a year.
    """
    own = _Name.of(model)
    if own is None:
        return None
    best: tuple[tuple[int, ...], str] | None = None
    for other in offered:
        name = _Name.of(other.id)
        if name is None or other.id == model or not other.chats or name.kind != own.kind:
            continue
        end = shutdown_of(other)
        if name.age <= own.age or (end is not None and (end.on is None or end.on <= today + LASTS)):
            continue
        if best is None or (name.age, other.id) > best:
            best = name.age, other.id
    return None if best is None else best[1]


class _Name(NamedTuple):
    """What a model's name tells of it.

    ``kind`` is its family and size, such as gpt and mini. ``age`` is its version; the name of a version
    without a day stands for the newest of it.
    """

    kind: tuple[str, ...]
    age: tuple[int, ...]

    @classmethod
    def of(cls, model: str) -> "_Name | None":
        vendor, slash, name = model.lower().rpartition("/")
        found = _NAME.match(name)
        if found is None:
            return None
        numbers = [int(number) for number in found["version"].split(".")]
        family = found["family"]
        if family == "o":
            family, numbers = "gpt", [*_O_SERIES, *numbers]
        elif family == "chatgpt":
            family = "gpt"
        words = (found["rest"] or "").split("-") if found["rest"] else []
        size = tuple(word for word in words if not _PASSING.fullmatch(word))
        is_newest = int(not any(word.isdecimal() for word in words))
        age = (*numbers, *[0] * (3 - len(numbers)), int(found["omni"] is not None), is_newest)
        return cls((vendor + slash + family, *size), age)
