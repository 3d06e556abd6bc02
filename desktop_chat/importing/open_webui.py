"""Open WebUI's export of chats as JSON.

Its writers are github.com/open-webui/open-webui, src/lib/components/chat/Settings/DataControls.svelte and
backend/open_webui/models/chats.py (``ChatResponse``). Each chat has a tree: ``chat.history.messages`` by id
with ``parentId``, and ``currentId``, the leaf that was shown; older ones have a flat ``chat.messages``.
Reasoning and tools stand in the text, in HTML's ``<details>`` (src/lib/utils/marked/extension.ts).
"""

import html
import re
from collections.abc import Iterator
from typing import Any

from desktop_chat.domain.archive import History
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.listing import Tag
from desktop_chat.domain.message import Citation, Part, PartKind, Role, State
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record
from desktop_chat.importing.shaping import (
    Chat,
    data_file,
    made_id,
    member,
    missing,
    name_of,
    objects,
    plain,
    tool,
)
from desktop_chat.importing.source import Source

_DETAILS = re.compile(
    r"<details\s+type=\"(reasoning|tool_calls|code_interpreter)\"([^>]*)>\s*"
    r"(?:<summary>[^<]*</summary>)?(.*?)</details>\s*",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(\w+)=\"([^\"]*)\"")
_QUOTE = re.compile(r"^> ?", re.MULTILINE)


def _takes(record: Record) -> bool:
    value = record.value
    if not isinstance(value, dict):
        return False
    chat = value.get("chat", value)
    return isinstance(member(chat, "history", "messages"), dict) or (
        isinstance(value.get("chat"), dict) and isinstance(member(chat, "messages"), list)
    )


def _read(record: Record, source: Source) -> Iterator[History]:
    value = record.value
    content = value.get("chat") if isinstance(value.get("chat"), dict) else value
    chat = Chat(
        "open-webui", value.get("id") or content.get("id"), value.get("title") or content.get("title")
    )
    chat.conversation.archived = value.get("archived") is True
    chat.conversation.pinned = value.get("pinned") is True
    names = member(value, "meta", "tags") or content.get("tags")
    chat.tags = tuple(
        Tag(made_id("open-webui", "tag", name.casefold()), name)
        for tag in (names if isinstance(names, list) else ())
        if (name := name_of(member(tag, "name") if isinstance(tag, dict) else tag))
    )
    folder = member(value, "folder", "name")
    if isinstance(folder, str) and name_of(folder):
        chat.folder = (name_of(folder),)
    chat.instruct(plain(content.get("system") or member(content, "params", "system")))
    messages = member(content, "history", "messages")
    if isinstance(messages, dict):
        for node, message in messages.items():
            if isinstance(message, dict):
                _add(chat, node, message.get("parentId"), message)
            else:
                chat.note("a message that is none, left out")
    else:
        last: object = None
        for number, message in enumerate(objects(content.get("messages"))):
            node = message.get("id") or number
            _add(chat, node, message.get("parentId", last), message)
            last = node
    yield chat.history(
        created=value.get("created_at") or content.get("timestamp"),
        used=value.get("updated_at"),
        leaf=member(content, "history", "currentId"),
    )


FORMAT = Format("Open WebUI", _takes, _read)


def _add(chat: Chat, node: object, parent: object, message: dict[str, Any]) -> None:
    role = Role.USER if message.get("role") == "user" else Role.ASSISTANT
    if message.get("role") == "system":
        chat.instruct(plain(message.get("content")))
    error = message.get("error")
    told = plain(member(error, "content") if isinstance(error, dict) else error) if error else ""
    chat.add(
        node,
        parent,
        role,
        _parts(chat, message),
        created=message.get("timestamp"),
        model=message.get("model") or message.get("modelName"),
        state=State.INTERRUPTED if error or message.get("done") is False else State.COMPLETE,
        error=ChatError(told[:2000]) if told else None,
    )


def _parts(chat: Chat, message: dict[str, Any]) -> list[Part]:
    parts = [_file(chat, item) for item in objects(message.get("files"))]
    text = message.get("content")
    if isinstance(text, list):
        text = "\n\n".join(plain(block.get("text")) for block in objects(text) if block.get("text"))
    text = plain(text)
    if message.get("role") == "user":
        return [*parts, Part(PartKind.TEXT, text)] if text else parts
    if reasoning := plain(message.get("reasoning") or message.get("reasoning_content")):
        parts.append(Part(PartKind.REASONING, reasoning))
    at = 0
    for found in _DETAILS.finditer(text):
        if before := text[at : found.start()].strip("\n"):
            parts.append(Part(PartKind.TEXT, before + "\n\n"))
        at = found.end()
        parts += _detail(found[1], dict(_ATTRIBUTE.findall(found[2])), found[3])
    if rest := text[at:]:
        parts.append(Part(PartKind.TEXT, rest))
    for item in objects(message.get("sources") or message.get("citations")):
        urls = [entry.get("source") for entry in objects(item.get("metadata"))]
        url = member(item, "source", "url") or next((url for url in urls if isinstance(url, str)), "")
        name = plain(member(item, "source", "name"))
        url = plain(url) if str(url).startswith(("http://", "https://")) else ""
        if url or name:
            parts.append(Part(PartKind.CITATION, name=name[:300] or url[:300], data=Citation(url)))
    return parts


def _detail(kind: str, attributes: dict[str, str], body: str) -> Iterator[Part]:
    if kind == "reasoning":
        took = attributes.get("duration", "")
        seconds = float(took) if re.fullmatch(r"\d{1,6}(\.\d+)?", took) else None
        if text := _QUOTE.sub("", html.unescape(body)).strip():
            yield Part(PartKind.REASONING, text, seconds)
    else:
        values = {name: html.unescape(value) for name, value in attributes.items()}
        name = values.get("name") or "code_interpreter"
        arguments = values.get("arguments") or body.strip()
        yield tool(values.get("id"), name, arguments, values.get("result") or values.get("output") or "")


def _file(chat: Chat, item: dict[str, Any]) -> Part:
    is_image = item.get("type") == "image" or str(item.get("content_type")).startswith("image/")
    name = item.get("name") or member(item, "file", "filename") or ""
    url = item.get("url")
    file = data_file(url) if isinstance(url, str) else None
    if file is not None:
        return chat.attached(file, name or ("image" if is_image else "file"))
    return missing(name, "image" if is_image else "file")
