"""A JSON object that a user writes by hand: read, and refused in plain words where it could not be sent."""

import json
from typing import Any

LONGEST = 100_000
"""Characters: what is longer is nothing that is written by hand, and would hold up whoever types."""


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object of a text, None of an empty one. Raises ``ValueError`` with a plain sentence."""
    if not text.strip():
        return None
    if len(text) > LONGEST:
        raise ValueError(f"That is too long: at most {LONGEST:,} characters.")
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ValueError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise ValueError("That is nested too deep.") from error
    if not isinstance(value, dict):
        raise ValueError("It has to be an object: { … }.")
    _finite(value)
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON.")


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"“{twice[:40]}” is there twice.")
    return found


def _finite(value: Any) -> None:
    """A number beyond every float, which Python reads as infinity, has no JSON to be sent as."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, float) and abs(part) == float("inf"):
            raise ValueError("A number is too large.")
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
