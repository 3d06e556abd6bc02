"""LibreChat's export of one chat as JSON.

Its writer is github.com/danny-avila/LibreChat, client/src/hooks/Conversations/useExportConversation.ts, the
messages are described in packages/data-provider/src/schemas.ts and types/assistants.ts (``TMessage``,
``TMessageContentParts``). ``messages`` are flat with ``parentMessageId``; a recursive export has a
``messagesTree`` with ``children``.
"""

from collections.abc import Iterator
from typing import Any

from desktop_chat.domain.archive import History
from desktop_chat.domain.message import Part, PartKind, Role, State
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record
from desktop_chat.importing.shaping import (
    Chat,
    length,
    member,
    missing,
    name_of,
    objects,
    plain,
    seconds,
    tool,
)
from desktop_chat.importing.source import Source

_ROOT = "00000000-0000-0000-0000-000000000000"


def _takes(record: Record) -> bool:
    value = record.value
    return (
        isinstance(value, dict)
        and "conversationId" in value
        and (isinstance(value.get("messages"), list) or isinstance(value.get("messagesTree"), list))
    )


def _read(record: Record, source: Source) -> Iterator[History]:
    value = record.value
    chat = Chat("librechat", value["conversationId"], value.get("title"))
    chat.instruct(plain(member(value, "options", "promptPrefix") or member(value, "options", "system")))
    newest: object = None
    newest_at = 0.0
    for number, (message, above) in enumerate(_flat(value.get("messagesTree") or value.get("messages"))):
        node = message.get("messageId") or number
        parent = message.get("parentMessageId", above)
        is_user = message.get("isCreatedByUser")
        if is_user is None:
            is_user = str(message.get("sender")).lower() == "user"
        failed = message.get("error") is True
        chat.add(
            node,
            None if parent == _ROOT else parent,
            Role.USER if is_user else Role.ASSISTANT,
            _said(chat, message),
            created=message.get("createdAt"),
            model=message.get("model") or member(value, "options", "model"),
            state=State.INTERRUPTED if failed or message.get("unfinished") is True else State.COMPLETE,
        )
        if seconds(message.get("createdAt")) >= newest_at:
            newest, newest_at = node, seconds(message.get("createdAt"))
    yield chat.history(created=value.get("createdAt"), leaf=newest)


FORMAT = Format("LibreChat", _takes, _read)


def _flat(messages: object) -> Iterator[tuple[dict[str, Any], object]]:
    """All messages with the id of the one they stand below, those above first."""
    waiting: list[tuple[dict[str, Any], object]] = []
    waiting += [(message, None) for message in objects(messages)][::-1]
    while waiting:
        message, above = waiting.pop()
        yield message, above
        below = [(child, message.get("messageId")) for child in objects(message.get("children"))]
        waiting += below[::-1]


def _said(chat: Chat, message: dict[str, Any]) -> list[Part]:
    parts = [_file(item) for item in (*objects(message.get("files")), *objects(message.get("attachments")))]
    if not isinstance(message.get("content"), list):
        text = plain(message.get("text"))
        return [*parts, Part(PartKind.TEXT, text)] if text else parts
    for block in objects(message["content"]):
        kind = block.get("type")
        match kind:
            case "text" | "error":
                value = block.get("text") if kind == "text" else block.get("error") or block.get("text")
                if text := plain(member(value, "value") if isinstance(value, dict) else value):
                    parts.append(Part(PartKind.TEXT, text))
            case "think":
                text = plain(block.get("think"))
                if text:
                    parts.append(Part(PartKind.REASONING, text, length(block.get("duration"))))
            case "tool_call":
                call = block.get("tool_call")
                name = member(call, "name") or member(call, "function", "name") or member(call, "type")
                arguments = member(call, "args") or member(call, "function", "arguments") or ""
                output = member(call, "output") or member(call, "function", "output") or ""
                parts.append(tool(member(call, "id"), name, arguments, output))
            case "image_file" | "image_url":
                image = block.get(str(kind))
                parts.append(missing(member(image, "filename") or "", "image"))
            case "agent_update":
                continue
            case _:
                chat.note(f"content of the kind “{name_of(kind)[:40]}”, left out")
    return parts


def _file(item: dict[str, Any]) -> Part:
    return missing(item.get("filename"), "image" if str(item.get("type")).startswith("image/") else "file")
