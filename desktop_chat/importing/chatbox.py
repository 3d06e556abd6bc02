"""Chatbox's backup as JSON, and ``session.json`` of its newer backups.

The values are described at github.com/chatboxai/chatbox, src/shared/types/session.ts (``Session``,
``Message``, ``MessageContentParts``). A backup is one object: ``chat-sessions-list`` with the order, each
chat under ``session:<id>``, and settings, which are not looked at. Within a chat ``threads`` are older
histories, each a chat here; ``messageForksHash`` has for a message what else once followed it.
"""

from collections.abc import Iterator
from typing import Any

from desktop_chat.domain.archive import History
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.message import Part, PartKind, Role, State
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record
from desktop_chat.importing.shaping import (
    Chat,
    Odd,
    data_file,
    length,
    member,
    missing,
    name_of,
    objects,
    plain,
    tool,
)
from desktop_chat.importing.source import Source


def _takes(record: Record) -> bool:
    value = record.value
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list) or "id" not in value:
        return False
    return (
        record.key.startswith("session:")
        or "messageForksHash" in value
        or any("contentParts" in message for message in objects(value["messages"][:20]))
    )


def _read(record: Record, source: Source) -> Iterator[History]:
    session = record.value
    is_empty = True
    for thread in (*objects(session.get("threads")), session):
        if thread is not session and thread.get("id") == session["id"]:
            continue
        if any(message.get("role") != "system" for message in objects(thread.get("messages"))):
            is_empty = False
            yield _history(thread, session, record.head)
    if is_empty:
        raise Odd("there is no message in it")


FORMAT = Format("Chatbox", _takes, _read)


def _history(thread: dict[str, Any], session: dict[str, Any], head: dict[str, Any]) -> History:
    name = session.get("threadName") if thread is session else thread.get("name")
    chat = Chat("chatbox", thread.get("id"), name or session.get("name"))
    chat.conversation.pinned = session.get("starred") is True
    forks = session.get("messageForksHash")
    waiting: list[tuple[object, object]] = [(None, thread.get("messages"))]
    leaf: object = None
    while waiting:
        parent, messages = waiting.pop()
        for message in objects(messages):
            node = message.get("id") or f"{parent}/next"
            if node in chat:
                chat.note("a message with the id of another, left out")
                continue
            if message.get("role") == "system":
                chat.instruct(_text(message))
            else:
                _add(chat, node, parent, message, head)
                parent = node
                if messages is thread.get("messages"):
                    leaf = node
            for other in objects(member(forks, str(node), "lists")):
                waiting.append((parent, other.get("messages")))
    return chat.history(created=thread.get("createdAt"), leaf=leaf)


def _add(chat: Chat, node: object, parent: object, message: dict[str, Any], head: dict[str, Any]) -> None:
    role = Role.USER if message.get("role") == "user" else Role.ASSISTANT
    error = message.get("error")
    chat.add(
        node,
        parent,
        role,
        _parts(chat, message, head),
        created=message.get("timestamp"),
        model=message.get("model"),
        state=State.INTERRUPTED if error or message.get("generating") is True else State.COMPLETE,
        error=ChatError(plain(error)[:2000]) if error else None,
    )


def _parts(chat: Chat, message: dict[str, Any], head: dict[str, Any]) -> list[Part]:
    parts: list[Part] = [
        missing(item.get("name") or item.get("title"))
        for item in (*objects(message.get("files")), *objects(message.get("links")))
    ]
    if reasoning := plain(message.get("reasoningContent")):
        parts.append(Part(PartKind.REASONING, reasoning))
    for item in objects(message.get("pictures")):
        parts.append(_image(chat, item, head))
    blocks = list(objects(message.get("contentParts")))
    for block in blocks:
        match block.get("type"):
            case "text" | "info":
                if text := plain(block.get("text")):
                    parts.append(Part(PartKind.TEXT, text))
            case "reasoning":
                took = length(block.get("duration"))
                if text := plain(block.get("text")):
                    parts.append(Part(PartKind.REASONING, text, took / 1000 if took else None))
            case "image":
                parts.append(_image(chat, block, head))
            case "tool-call":
                parts.append(
                    tool(
                        block.get("toolCallId"),
                        block.get("toolName"),
                        block.get("args") or "",
                        block.get("result") or "",
                        failed=block.get("state") == "error",
                    )
                )
            case kind:
                chat.note(f"content of the kind “{name_of(kind)[:40]}”, left out")
    if not blocks and (text := plain(message.get("content"))):
        parts.append(Part(PartKind.TEXT, text))
    return parts


def _image(chat: Chat, item: dict[str, Any], head: dict[str, Any]) -> Part:
    url = item.get("url") or head.get(str(item.get("storageKey")))
    file = data_file(url) if isinstance(url, str) else None
    return missing("", "image") if file is None else chat.attached(file, "image")


def _text(message: dict[str, Any]) -> str:
    texts = [plain(block.get("text")) for block in objects(message.get("contentParts"))]
    return "\n\n".join(filter(None, texts)) or plain(message.get("content"))
