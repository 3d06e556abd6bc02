"""JSON as lines of text and as single values, of any size and depth: without recursion, piece by piece."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

INDENT = 2
DEEPEST_INDENT = 40
"""Levels that are indented: what is deeper stands below each other, or a deep value would be all spaces."""

_HIDDEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What could turn around the text beside it, break its line, or has no encoding: written as an escape."""

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


def is_array(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def scalar(value: object) -> str:
    """A text, number, truth value or null as JSON in one line; anything else as a text."""
    given = value if value is None or isinstance(value, bool | int | float | str) else str(value)
    made = _ENCODE(given)
    if made.isascii() and "\x7f" not in made:
        return made
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", made)


def to_copy(value: object) -> Iterator[str]:
    """What is copied of a value, in pieces: a text as it is, all else as JSON."""
    if isinstance(value, str):
        yield value.encode("utf-8", "replace").decode()
    else:
        for number, line in enumerate(lines(value)):
            yield f"\n{line}" if number else line


def lines(value: object) -> Iterator[str]:
    """A value as JSON, line by line, its members indented."""
    opened = _opening(value)
    if opened is None:
        yield closed(value)
        return
    yield opened[0]
    stack = [opened]
    while stack:
        _, members, end = stack[-1]
        space = " " * (INDENT * min(len(stack), DEEPEST_INDENT))
        name, member, is_last = next(members, (None, None, None))
        if is_last is None:
            stack.pop()
            space = " " * (INDENT * min(len(stack), DEEPEST_INDENT))
            yield f"{space}{end}"
            continue
        start = space if name is None else f"{space}{scalar(name)}: "
        inner = _opening(member)
        if inner is None:
            yield f"{start}{closed(member)}{'' if is_last else ','}"
        else:
            yield f"{start}{inner[0]}"
            stack.append((inner[0], inner[1], inner[2] + ("" if is_last else ",")))


_Members = Iterator[tuple[str | None, Any, bool | None]]


def _opening(value: object) -> tuple[str, _Members, str] | None:
    """The bracket, the members and the other bracket of what has members."""
    if isinstance(value, Mapping) and value:
        return "{", _named(value), "}"
    if is_array(value) and value:
        return "[", _numbered(value), "]"
    return None


def closed(value: object) -> str:
    """What has no members, as JSON in one line."""
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if is_array(value) else scalar(value)


def _named(value: Mapping[Any, Any]) -> _Members:
    last = len(value) - 1
    for number, (name, member) in enumerate(value.items()):
        yield str(name), member, number == last


def _numbered(value: Sequence[Any]) -> _Members:
    last = len(value) - 1
    for number, member in enumerate(value):
        yield None, member, number == last


_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def path_of(names: Sequence[str | int]) -> str:
    """The place of a value as JSONPath (RFC 9535): ``$.choices[0]["odd name"]``."""
    parts = []
    for name in names:
        if isinstance(name, str) and _PLAIN_NAME.fullmatch(name):
            parts.append(f".{name}")
        else:
            parts.append(f"[{scalar(name)}]")
    return f"${''.join(parts)}"
