"""A request as the bytes that are sent, and what went over the wire for it, to be shown."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from desktop_chat.api.retry import Failed
from desktop_chat.api.server_errors import Redactor
from desktop_chat.domain.errors import AttachmentMissing, BadRequest
from desktop_chat.domain.evidence import LARGEST_RESPONSE, Content, Evidence, Headers
from desktop_chat.domain.redaction import REDACTED, SECRET_HEADERS

RECORD: ContextVar["Record | None"] = ContextVar("record", default=None)
"""What the request of the current task is written down in: the SDK hands nothing else to a transport."""
WATCHER: ContextVar[Callable[[str, Mapping[str, Any]], None] | None] = ContextVar("watcher", default=None)
"""Told what happens on the connection of the current task: events of httpcore2's ``trace`` extension."""
WORK_BUDGET = 0.008
"""Seconds of work after which the loop gets its turn, so that a fast server does not starve the window."""

_SLICE = 1 << 18
"""Bytes."""


class Record:
    """One request and its answer as the transport saw them. ``has_left`` is set when the request went out."""

    def __init__(self) -> None:
        self.has_left = False
        self.method = ""
        self.url = ""
        self.request_headers: list[tuple[bytes, bytes]] = []
        self.status: int | None = None
        self.response_headers: list[tuple[bytes, bytes]] = []
        self._kept = bytearray()

    @property
    def size(self) -> int:
        """Bytes of the answer that were kept."""
        return len(self._kept)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, by their names in lower case."""
        return {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.response_headers
        }

    def keep(self, chunk: bytes) -> None:
        """Take in a piece of the answer's body."""
        if self.size <= LARGEST_RESPONSE:
            self._kept += chunk

    def evidence(self, body: Any, redact: Redactor, secret_headers: Iterable[str] = ()) -> Evidence | None:
        """What is shown of it, None where nothing was asked of the transport.

        ``body`` is what was sent, with a :class:`Content` for each attachment; ``secret_headers`` are names
        of more headers that are secret. Takes some milliseconds for the largest answers.
        """
        if not self.url:
            return None
        hidden = SECRET_HEADERS | {name.lower() for name in secret_headers}
        response = bytes(self._kept)
        if redact.finds(response):
            text = redact.hide(response.decode("utf-8", "surrogateescape"))
            response = text.encode("utf-8", "surrogateescape")
        return Evidence(
            self.method,
            redact.hide(self.url),
            _shown(self.request_headers, hidden, redact),
            _without(body, redact),
            self.status,
            _shown(self.response_headers, hidden, redact),
            response[:LARGEST_RESPONSE],
            self.size > LARGEST_RESPONSE,
        )


def _shown(headers: list[tuple[bytes, bytes]], hidden: frozenset[str], redact: Redactor) -> Headers:
    """The headers as texts, without what is secret; a scheme such as ``Bearer`` stays."""
    shown = []
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name.lower() in hidden:
            scheme, blank, _ = value.partition(" ")
            keeps = blank and name.lower().endswith("authorization") and scheme.isalpha()
            value = f"{scheme} {REDACTED}" if keeps else REDACTED
        shown.append((redact.hide(name), redact.hide(value)))
    return tuple(shown)


def _without(value: Any, redact: Redactor) -> Any:
    """``value`` with no secret of the endpoint in any text: the very same where there is none."""
    if isinstance(value, str):
        return redact.hide(value) if redact.finds(value.encode("utf-8", "replace")) else value
    if isinstance(value, dict):
        return {name: _without(member, redact) for name, member in value.items()}
    return [_without(member, redact) for member in value] if isinstance(value, list) else value


def overlaid(body: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` with ``more`` laid over it: objects member by member, all else in place of what was there."""
    laid = dict(body)
    for name, value in more.items():
        below = laid.get(name)
        laid[name] = (
            overlaid(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
        )
    return laid


def object_of(text: str) -> Mapping[str, Any]:
    """The JSON object that ``text`` is, an empty one for no text. Raises :class:`Failed` for another."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Failed(BadRequest("What the endpoint lays over each request is not a JSON object."))
    return found


class Pieces:
    """A body with attachments in it, given slice by slice: joined, and copied once more on its way into a
    socket, tens of megabytes would hold up the program for a tenth of a second."""

    def __init__(self, pieces: list[bytes | str]) -> None:
        """Texts are ASCII."""
        self._pieces = pieces

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            for at in range(0, len(piece), _SLICE):
                part = piece[at : at + _SLICE]
                yield part.encode("ascii") if isinstance(part, str) else part
                # A socket that takes all at once leaves no turn to the window.
                await asyncio.sleep(0)


def encode(body: Mapping[str, Any], contents: Mapping[str, str]) -> bytes | Pieces:
    """The JSON of ``body``, in which each :class:`Content` becomes its prefix and the text of ``contents``.

    Those go as they are, since base64 has nothing to escape. Raises :class:`Failed` where a content is
    missing, and ``ValueError`` for what JSON does not have, such as NaN.
    """
    mark = secrets.token_hex(16)
    found: list[Content] = []

    def placed(value: object) -> str:
        if not isinstance(value, Content):
            raise TypeError(f"JSON has no {type(value).__name__}")
        found.append(value)
        return value.prefix + mark

    encoder = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=placed
    ).encode
    members = []
    for name, value in body.items():
        # The encoder lets no other thread go on while it is at work: a long chat goes message by message.
        listed = isinstance(value, list)
        text = f"[{','.join(map(encoder, value))}]" if listed else encoder(value)
        members.append(f"{encoder(name)}:{text}")
    pieces = f"{{{','.join(members)}}}".encode("utf-8", "replace").split(mark.encode())
    if not found:
        return pieces[0]
    whole: list[bytes | str] = [pieces[0]]
    for content, piece in zip(found, pieces[1:], strict=True):
        if (given := contents.get(content.hash)) is None:
            raise Failed(AttachmentMissing("A file of this chat is not there any more."))
        whole += (given, piece)
    return Pieces(whole)
