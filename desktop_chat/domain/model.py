"""A model as an endpoint lists it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = (
    re.compile(r"\b(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)"),
    re.compile(r"\b(?P<month>[a-z]{3})[a-z]*\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>20\d\d)\b"),
    re.compile(r"\b(?P<day>\d{1,2}) (?P<month>[a-z]{3})[a-z]*\.?,? (?P<year>20\d\d)\b"),
)


class Ability(StrEnum):
    """What a model can do beside reading and writing text."""

    IMAGES = "images"
    FILES = "files"
    REASONING = "reasoning"
    TOOLS = "tools"
    JSON_SCHEMA = "json_schema"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Model:
    """``chats`` is False for those that do not hold conversations (embeddings, speech, images, …).

    ``created`` is Unix time in seconds, 0 where the server does not say. ``shuts_down`` is the day from which
    on the server says that the model is gone. ``context`` and ``max_output`` are tokens. ``abilities`` is
    None where nothing is known.
    """

    id: str
    chats: bool = True
    created: float = 0.0
    owned_by: str = ""
    shuts_down: date | None = None
    context: int | None = None
    max_output: int | None = None
    abilities: frozenset[Ability] | None = None


def day_of(value: object) -> date | None:
    """The day that a server or a list names, None where it names none.

    ``value`` may be an ISO date or time, Unix time in seconds, or an English sentence with a date in it.
    """
    if isinstance(value, int | float) and 1e9 < value < 1e11:
        return datetime.fromtimestamp(value, UTC).date()
    if isinstance(value, str):
        for pattern in _DAYS:
            for found in pattern.finditer(value.lower()):
                month = found["month"]
                try:
                    number = int(month) if month.isdecimal() else _MONTHS.index(month) + 1
                    return date(int(found["year"]), number, int(found["day"]))
                except ValueError:
                    continue
    return None
