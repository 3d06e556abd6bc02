"""Citations and tool calls as servers tell them -> parts of a message. Nothing odd in them raises.

Everything here is bounded: a server can send as much of it as it likes.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from desktop_chat.domain.message import CallStatus, Citation, Part, PartKind, ToolCall

MAX_CITATIONS = 200
"""Citations of one answer; what comes after them is left out."""
MAX_CALLS = 100
"""Tool calls of one answer; what comes after them is left out."""
MAX_TOOL_TEXT = 64 * 1024
"""Characters that are kept of the arguments and of the result of a tool."""
MAX_URL, MAX_NAME = 8192, 500
_MAX_PLACE = 2**31
_MAX_ITEMS = 50
"""Queries, results, outputs or such of one tool call that are told."""

_DONE = frozenset(("completed", "succeeded", "success"))
_FAILED = frozenset(("failed", "incomplete", "error", "cancelled"))
IMAGE_MADE = "An image was made."


def text(value: object, limit: int) -> str:
    """``value`` where it is a string, at most ``limit`` characters, without lone surrogates; else ``""``."""
    if not isinstance(value, str):
        return ""
    value = value[:limit]
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def citation(annotation: object, start: int) -> Part | None:
    """The source that an annotation names, None where it names none; ``start`` is added to its places."""
    if not isinstance(annotation, dict):
        return None
    nested = annotation.get(annotation["type"]) if isinstance(annotation.get("type"), str) else None
    values = nested if isinstance(nested, dict) else annotation
    url = values.get("url")
    url = text(url, MAX_URL + 1)
    if len(url) > MAX_URL:
        return None
    file = text(values.get("filename"), MAX_NAME) or text(values.get("file_id"), MAX_NAME)
    if not url and not file:
        return None
    places = [_place(values.get(name), start) for name in ("start_index", "end_index")]
    if places[1] is None:
        places = [None, _place(values.get("index"), start)]
    name = text(values.get("title"), MAX_NAME) or file or _host(url)
    return Part(PartKind.CITATION, name=name, data=Citation(url, *places))


def _place(value: object, start: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_PLACE:
        return None
    return start + value


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url[:MAX_NAME]
    except ValueError:
        return url[:MAX_NAME]


def tool_call(item: Mapping[str, Any], call_id: str) -> Part | None:
    """The use of a tool that an output item of the Responses API tells; None for another kind of item."""
    kind = text(item.get("type"), MAX_NAME)
    if kind == "mcp_list_tools":
        kind = "mcp_list_tools_call"
    if not kind.endswith("_call") or kind == "_call":
        return None
    kind = kind.removesuffix("_call")
    name = text(item.get("name"), MAX_NAME)
    if kind.startswith("mcp") and (server := text(item.get("server_label"), MAX_NAME)):
        name = f"{server}: {name}" if name else server
    call = ToolCall(
        call_id, kind, status(item.get("status"), item.get("error")), _arguments(item), _result(item)
    )
    return Part(PartKind.TOOL_CALL, name=name, data=call)


def status(word: object, error: object = None) -> CallStatus:
    """What the API's word for the state of a tool call means."""
    if error or (isinstance(word, str) and word in _FAILED):
        return CallStatus.FAILED
    return CallStatus.DONE if isinstance(word, str) and word in _DONE else CallStatus.RUNNING


def _arguments(item: Mapping[str, Any]) -> str:
    """What a tool was asked, in the words that it was asked in."""
    for name in ("arguments", "code", "input"):
        if given := text(item.get(name), MAX_TOOL_TEXT):
            return given
    if queries := _strings(item.get("queries")):
        return "\n".join(queries)[:MAX_TOOL_TEXT]
    action = item.get("action")
    if not isinstance(action, dict):
        return ""
    found = _strings(action.get("queries")) or _strings(action.get("commands") or action.get("command"))
    for name in ("query", "pattern", "url"):
        if not found and (value := text(action.get(name), MAX_TOOL_TEXT)):
            found.append(value)
    return "\n".join(found)[:MAX_TOOL_TEXT] or _json(action)


def _result(item: Mapping[str, Any]) -> str:
    """What a tool answered."""
    if error := item.get("error"):
        said = error.get("message") if isinstance(error, dict) else error
        return text(said, MAX_TOOL_TEXT) or _json(error)
    if item.get("type") == "image_generation_call":
        return IMAGE_MADE if item.get("result") else ""
    found = output(item.get("output")) or output(item.get("outputs"))
    if found:
        return found
    results = item.get("results")
    action = item.get("action")
    if results is None and isinstance(action, dict):
        results = action.get("sources")
    lines = []
    for result in results[:_MAX_ITEMS] if isinstance(results, list) else ():
        if isinstance(result, dict):
            names = (text(result.get(name), MAX_URL) for name in ("filename", "title", "url"))
            lines.append(" · ".join(name for name in names if name))
    return "\n".join(line for line in lines if line)[:MAX_TOOL_TEXT]


def output(value: object) -> str:
    """The output of a tool as text: a string, or a list of logs, texts and images."""
    if isinstance(value, str):
        return text(value, MAX_TOOL_TEXT)
    found = []
    for piece in value[:_MAX_ITEMS] if isinstance(value, list) else ():
        if isinstance(piece, dict):
            shown = (text(piece.get(name), MAX_TOOL_TEXT) for name in ("logs", "text", "stdout", "stderr"))
            found += [shown_text for shown_text in shown if shown_text] or (
                [IMAGE_MADE] if piece.get("type") == "image" else []
            )
    return "\n".join(found)[:MAX_TOOL_TEXT]


def _strings(value: object) -> list[str]:
    values = value[:_MAX_ITEMS] if isinstance(value, list) else [value]
    return [found for one in values if (found := text(one, MAX_TOOL_TEXT))]


def _json(value: object) -> str:
    try:
        return text(json.dumps(value, ensure_ascii=False, indent=1), MAX_TOOL_TEXT) if value else ""
    except RecursionError:
        return ""
