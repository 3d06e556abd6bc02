"""What the bodies of both dialects have in common: who says what, and the parameters at their places."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from desktop_chat.api.quirks import Quirks
from desktop_chat.api.wire import object_of, overlaid
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.evidence import Content
from desktop_chat.domain.message import (
    Attachment,
    Message,
    Part,
    PartKind,
    Role,
    State,
    file_text,
    is_sent_as_text,
)
from desktop_chat.domain.parameters import PARAMETERS, FormatKind, ResponseFormat, is_empty
from desktop_chat.domain.request import Request

_WRITTEN_APART = ("stream", "reasoning_summary")


@dataclass(slots=True)
class Said:
    """One message as it goes: ``attachments`` are the images and files that go as they are."""

    role: str
    text: str
    attachments: list[tuple[Part, Attachment]] = field(default_factory=list)
    message: Message | None = None


def said(request: Request, quirks: Quirks, prompt: str = "") -> list[Said]:
    """Who says what: failed and empty messages are left out. ``prompt`` is said before all else.

    Where no role is for instructions, they stand before what the user says next.
    """
    told: list[Said] = []
    waiting = [prompt] if prompt and quirks.system_role is None else []
    if prompt and quirks.system_role is not None:
        told.append(Said(quirks.system_role, prompt))
    for message in request.messages:
        if message.state is State.FAILED:
            continue
        one = _said(message, quirks, takes_images=message is request.messages[-1] or quirks.takes("images"))
        if not one.attachments and not one.text.strip():
            continue
        if not one.role:
            waiting.append(one.text)
            continue
        if waiting and message.role is Role.USER:
            one.text = "\n\n".join([*waiting, one.text] if one.text else waiting)
            waiting.clear()
        told.append(one)
    if waiting:
        told.append(Said(Role.USER.value, "\n\n".join(waiting)))
    return told


def _said(message: Message, quirks: Quirks, *, takes_images: bool) -> Said:
    """``takes_images``: nothing can stand for an image that is asked about, so it goes in any case."""
    role = (quirks.system_role or "") if message.role is Role.SYSTEM else message.role.value
    one = Said(role, message.sent_text, message=message)
    if message.role is not Role.USER:
        return one
    texts = [one.text] if one.text else []
    for part in message.parts:
        attachment = part.data
        if not isinstance(attachment, Attachment) or is_sent_as_text(part):
            continue
        if part.kind is PartKind.IMAGE and not takes_images:
            texts.append(f"[An image was here that this model cannot see: {part.name or 'without a name'}]")
        elif part.kind is PartKind.FILE and part.text and not quirks.takes("files"):
            texts.append(file_text(part))
        elif attachment.hash or attachment.url:
            one.attachments.append((part, attachment))
    one.text = "\n\n".join(texts) if len(texts) > 1 else "".join(texts)
    return one


def data_url(attachment: Attachment) -> Content:
    """The attachment within a ``data:`` URL."""
    return Content(attachment.hash, f"data:{attachment.media_type or 'application/octet-stream'};base64,")


def streams(request: Request, quirks: Quirks) -> bool:
    """Whether the answer is wanted piece by piece."""
    return request.parameters.stream is not False and quirks.takes("stream")


def set_parameters(body: dict[str, Any], request: Request, dialect: Dialect, quirks: Quirks) -> None:
    """Put what the conversation sets, and the model takes, at its places in ``body``."""
    for parameter in PARAMETERS:
        value = getattr(request.parameters, parameter.name)
        path = parameter.path(dialect)
        if parameter.name == "max_output_tokens" and dialect is Dialect.CHAT_COMPLETIONS:
            path = (quirks.max_tokens_field,) if quirks.max_tokens_field else None
        if not path or parameter.name in _WRITTEN_APART or not quirks.takes(parameter.name):
            continue
        if is_empty(value):
            continue
        if isinstance(value, ResponseFormat):
            value = _format(value, dialect)
        put(body, path, list(value) if isinstance(value, tuple) else value)


def put(body: dict[str, Any], path: Iterable[str], value: Any) -> None:
    """Put ``value`` below the names of ``path``."""
    *above, last = path
    for name in above:
        body = body.setdefault(name, {})
    body[last] = value


def _format(wanted: ResponseFormat, dialect: Dialect) -> dict[str, Any]:
    found: dict[str, Any] = {"type": wanted.kind.value}
    if wanted.kind is FormatKind.JSON_SCHEMA:
        schema = {"name": wanted.name, "schema": wanted.schema or {}, "strict": wanted.strict}
        found |= schema if dialect is Dialect.RESPONSES else {"json_schema": schema}
    return found


def with_extras(body: dict[str, Any], request: Request, quirks: Quirks) -> dict[str, Any]:
    """``body`` below what the endpoint, then the conversation lays over it. Raises ``Failed``."""
    body = overlaid(body, object_of(quirks.endpoint.extra_body))
    return overlaid(body, request.parameters.extra_body or {})
