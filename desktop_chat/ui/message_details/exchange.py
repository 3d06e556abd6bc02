"""What was sent and received, as values to look at and to copy. Nothing here is quick: it is for a thread."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from desktop_chat.api.sse import SseDecoder
from desktop_chat.domain.evidence import Content, Evidence, Headers
from desktop_chat.domain.snippets import filled

END = "[DONE]"
"""The last event of Chat Completions, which is no JSON."""


@dataclass(frozen=True, slots=True)
class Received:
    """The body of a response: ``value`` is its JSON, of a stream a list of what its events hold, or a text
    where it is neither. ``model`` is the one that it names, "" where it names none."""

    value: Any
    is_stream: bool = False
    model: str = ""


def received(evidence: Evidence) -> Received:
    """Take the response apart."""
    text = evidence.response.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        decoder = SseDecoder()
        events = [
            _parsed(event.data)
            for event in (*decoder.feed(evidence.response), *decoder.feed(b"", final=True))
        ]
        return Received(events, True, _model_of(events)) if events else Received(text)
    return Received(value, model=_model_of([value]))


def request_value(evidence: Evidence, contents: Mapping[str, str]) -> dict[str, Any]:
    """The request; ``contents`` are its attachments in base64, by hash."""
    return {
        "method": evidence.method,
        "url": evidence.url,
        "headers": headers_value(evidence.request_headers),
        "body": filled(evidence.body, contents),
    }


def response_value(evidence: Evidence, body: Received) -> dict[str, Any]:
    """The response; ``events`` stands for ``body`` where it was a stream."""
    return {
        "status": evidence.status,
        "headers": headers_value(evidence.response_headers),
        "events" if body.is_stream else "body": body.value,
    }


def headers_value(headers: Headers) -> dict[str, str | list[str]]:
    """Values by name; those of a name that stands there more than once in a list."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def attachments_of(body: Any) -> set[str]:
    """The hashes of the attachments in a body."""
    return set(_hashes(body))


def _hashes(value: Any) -> Iterator[str]:
    if isinstance(value, Content):
        yield value.hash
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _hashes(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _hashes(member)


def _parsed(data: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data


def _model_of(values: list[Any]) -> str:
    for value in values:
        within = value.get("response", value) if isinstance(value, dict) else None
        if isinstance(within, dict) and isinstance(within.get("model"), str):
            return str(within["model"])
    return ""
