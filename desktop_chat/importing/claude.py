"""Claude's data export: ``conversations.json`` in a ZIP archive, or one chat as its web page gets it.

Anthropic publishes no schema; it is described from exports at github.com/Sinity/polylogue
(docs/providers/claude-ai.md). A chat is a flat list, ``chat_messages``; newer ones say in
``parent_message_uuid`` what a message follows. Files are not in the export, but what was read of them is, as
``extracted_content``.
"""

from collections.abc import Iterator
from typing import Any

from desktop_chat.domain.archive import History
from desktop_chat.domain.message import Citation, Part, PartKind, Role
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record
from desktop_chat.importing.shaping import (
    Chat,
    answered,
    is_answered,
    member,
    missing,
    name_of,
    objects,
    plain,
    seconds,
    text_file,
    tool,
)
from desktop_chat.importing.source import Source

_ROOT = "00000000-0000-4000-8000-000000000000"
"""What the first messages name as their parent."""
_SILENT = ("token_budget", "flag")
_GOES_ON = (PartKind.TEXT, PartKind.CITATION)
"""After which a text is a piece of the same paragraph: sources cut it up."""
_NO_BLOCKS = "This block is not supported on your current device yet."


def _takes(record: Record) -> bool:
    return isinstance(record.value, dict) and isinstance(record.value.get("chat_messages"), list)


def _read(record: Record, source: Source) -> Iterator[History]:
    value = record.value
    chat = Chat("claude", value.get("uuid") or value.get("created_at"), value.get("name"))
    chat.conversation.pinned = value.get("is_starred") is True
    if isinstance(project := member(value, "project", "name"), str) and name_of(project):
        chat.folder = (name_of(project),)
    last: object = None
    for number, message in enumerate(objects(value["chat_messages"])):
        node = message.get("uuid") or number
        parent = message.get("parent_message_uuid", last)
        role = Role.USER if message.get("sender") in ("human", "user") else Role.ASSISTANT
        if message.get("sender") not in ("human", "user", "assistant"):
            chat.note(f"a message by “{name_of(message.get('sender'))[:40]}”, taken for an answer")
        chat.add(
            node,
            None if parent == _ROOT else parent,
            role,
            [*_attached(chat, message), *_said(chat, message)],
            created=message.get("created_at"),
            model=message.get("model") or value.get("model"),
        )
        last = node
    yield chat.history(
        created=value.get("created_at"),
        used=value.get("updated_at"),
        leaf=value.get("current_leaf_message_uuid"),
    )


FORMAT = Format("Claude", _takes, _read)


def _attached(chat: Chat, message: dict[str, Any]) -> list[Part]:
    parts, names = [], set()
    for item in objects(message.get("attachments")):
        text, name = plain(item.get("extracted_content")), name_of(item.get("file_name"))
        names.add(name)
        if text:
            parts.append(chat.attached(text_file(text), name or "pasted.txt", text=text))
        else:
            parts.append(missing(name))
    for item in objects(message.get("files")):
        if (name := name_of(item.get("file_name"))) not in names:
            parts.append(missing(name, "image" if item.get("file_kind") == "image" else "file"))
    return parts


def _said(chat: Chat, message: dict[str, Any]) -> list[Part]:
    parts: list[Part] = []
    said = 0
    for block in objects(message.get("content")):
        match block.get("type"):
            case "text":
                text = plain(block.get("text"))
                if not text:
                    continue
                gap = "\n\n" if said and parts[-1].kind not in _GOES_ON else ""
                parts.append(Part(PartKind.TEXT, gap + text))
                said += len(gap)
                parts += _sources(block, said)
                said += len(text)
            case "thinking":
                text = plain(block.get("thinking"))
                took = seconds(block.get("stop_timestamp")) - seconds(block.get("start_timestamp"))
                if text:
                    parts.append(Part(PartKind.REASONING, text, took if 0 < took < 86_400 else None))
            case "tool_use":
                parts.append(tool(block.get("id"), block.get("name"), block.get("input") or ""))
            case "tool_result":
                result = tool(
                    block.get("tool_use_id"),
                    block.get("name"),
                    "",
                    _result(block.get("content")),
                    failed=block.get("is_error") is True,
                )
                if parts and is_answered(parts[-1], result):
                    parts[-1] = answered(parts[-1], result)
                else:
                    parts.append(result)
            case kind if kind not in _SILENT:
                chat.note(f"content of the kind “{name_of(kind)[:40]}”, left out")
    text = plain(message.get("text"))
    if not said and text.strip() and _NO_BLOCKS not in text:
        parts.append(Part(PartKind.TEXT, text))
    return parts


def _sources(block: dict[str, Any], before: int) -> Iterator[Part]:
    for item in objects(block.get("citations")):
        url = item.get("url") or member(item, "details", "url")
        end = item.get("end_index")
        if isinstance(url, str):
            place = before + end if isinstance(end, int) and 0 <= end < 1 << 31 else None
            title = plain(item.get("title") or item.get("metadata") or "")
            yield Part(PartKind.CITATION, name=title[:300], data=Citation(plain(url), place, place))


def _result(content: object) -> object:
    """The texts of a tool's result; all of it where it has others."""
    blocks = list(objects(content))
    texts = [plain(block.get("text")) for block in blocks if block.get("type") == "text"]
    return "\n\n".join(texts) if texts and len(texts) == len(blocks) else content
