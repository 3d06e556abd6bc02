"""JSON that a model answered with, and what was asked of it."""

import re
from typing import Any

from desktop_chat.domain.parameters import FormatKind, ResponseFormat

_BEGIN = re.compile(
    r"\s*(?:```[a-z0-9]*[ \t]*\n\s*)?"
    r'(?:\{\s*(?:["}]|\Z)|\[\s*(?:[{\["\]\d-]|true\b|false\b|null\b|\Z))',
    re.IGNORECASE,
)
_FENCED = re.compile(r"\s*```[a-z0-9]*[ \t]*\n(.*?)\n?[ \t]*```\s*", re.IGNORECASE | re.DOTALL)


def looks_like_json(text: str) -> bool:
    """Whether ``text`` begins as an object or an array does, within a code block or without one."""
    return _BEGIN.match(text) is not None


def json_text(text: str) -> str:
    """``text`` without the code block that some models put around all of it."""
    fenced = _FENCED.fullmatch(text)
    return fenced[1] if fenced else text


def asked_format(body: Any) -> ResponseFormat | None:
    """What the body of a request, in either dialect, demands of the answer; None where that is a text."""
    text = body.get("text") if isinstance(body, dict) else None
    wanted = text.get("format") if isinstance(text, dict) else None
    if wanted is None and isinstance(body, dict):
        wanted = body.get("response_format")
    if not isinstance(wanted, dict):
        return None
    if wanted.get("type") == FormatKind.JSON:
        return ResponseFormat(FormatKind.JSON)
    inner = wanted.get("json_schema", wanted)
    if wanted.get("type") != FormatKind.JSON_SCHEMA or not isinstance(inner, dict):
        return None
    schema = inner.get("schema")
    name = str(inner.get("name") or "answer")
    return ResponseFormat(FormatKind.JSON_SCHEMA, name, schema if isinstance(schema, dict) else None)
