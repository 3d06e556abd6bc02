"""ChatGPT's data export: ``conversations.json``, or in shards ``conversations-000.json`` and on, in a ZIP
archive with the images.

OpenAI publishes no schema; it is described from exports at github.com/mitkury/chatgpt-export-parser
(docs/chatgpt-data-export-format.md), and for its newer kinds of content by
github.com/pionxzh/chatgpt-exporter (src/api.ts). A chat is a tree, ``mapping``, of nodes with a message each
or none; ``current_node`` is the leaf that was shown. What
one answer consists of (reasoning, calls of tools and what they gave, texts between) are nodes in a row: here
they are one message.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from desktop_chat.domain.archive import History
from desktop_chat.domain.message import Citation, Message, Part, PartKind, Role, State
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record
from desktop_chat.importing.shaping import (
    Chat,
    answered,
    dumped,
    is_answered,
    length,
    member,
    missing,
    name_of,
    objects,
    plain,
    tool,
)
from desktop_chat.importing.source import Source

_MARKER = re.compile("\ue200[^\ue200\ue201]{0,2000}\ue201?|[\ue202-\ue206]|【\\d+(?::\\d+)?†[^】]{0,200}】")
"""How a source is marked in a text: between characters for private use, formerly in lenticular brackets."""
_OWN_NAME = re.compile(r"^.*(?:file[-_][A-Za-z0-9]+-?|[/:])", re.DOTALL)
"""What stands before the user's own name of a file."""
_SPOKEN = ("audio_transcription",)
_UNSEEN = ("user_editable_context", "model_editable_context", "app_pairing_content", "super_widget")
_INTERRUPTED = ("in_progress", "finished_partial_completion")


def _takes(record: Record) -> bool:
    return isinstance(record.value, dict) and isinstance(record.value.get("mapping"), dict)


def _read(record: Record, source: Source) -> Iterator[History]:
    yield _Reader(record.value, source).history()


FORMAT = Format("ChatGPT", _takes, _read)


class _Reader:
    def __init__(self, value: dict[str, Any], source: Source) -> None:
        self._value, self._source = value, source
        self._nodes: dict[str, Any] = value["mapping"]
        chat_id = value.get("conversation_id") or value.get("id") or f"{value.get('create_time')}"
        self._chat = Chat("chatgpt", chat_id, value.get("title"))
        self._chat.conversation.archived = value.get("is_archived") is True
        self._chat.conversation.pinned = value.get("is_starred") is True or bool(value.get("pinned_time"))
        self._owners: dict[str, tuple[str, Message] | None] = {}
        """The message that a node is a part of, or comes below, with the node that it begins at."""
        self._heirs: dict[str | None, int] = {}
        """How many nodes name another as their parent."""

    def history(self) -> History:
        for node in self._nodes.values():
            parent = member(node, "parent")
            if isinstance(parent, str):
                self._heirs[parent] = self._heirs.get(parent, 0) + 1
        for node_id in self._nodes:
            self._reach(node_id)
        current = self._value.get("current_node")
        owner = self._owners.get(current) if isinstance(current, str) else None
        return self._chat.history(
            created=self._value.get("create_time"),
            used=self._value.get("update_time"),
            leaf=owner[0] if owner is not None else None,
        )

    def _reach(self, node_id: str) -> None:
        """Read a node, those above it first."""
        path: dict[str, None] = {}
        at: object = node_id
        while isinstance(at, str) and at in self._nodes and at not in self._owners and at not in path:
            path[at] = None
            at = member(self._nodes[at], "parent")
        for step in reversed(path):
            parent = member(self._nodes[step], "parent")
            above = self._owners.get(parent) if isinstance(parent, str) else None
            self._owners[step] = self._take(step, parent, above)

    def _take(
        self, node_id: str, parent: object, above: tuple[str, Message] | None
    ) -> tuple[str, Message] | None:
        node = self._nodes[node_id]
        message = node.get("message") if isinstance(node, dict) else None
        if not isinstance(message, dict):
            if message is not None:
                self._chat.note("a message that is none, left out")
            return above
        role = member(message, "author", "role")
        metadata = message.get("metadata")
        if not isinstance(metadata, dict):
            metadata = {}
        parts = self._parts(message, role, metadata)
        if not parts:
            return above
        ours = Role.USER if role == "user" else Role.ASSISTANT
        state = State.INTERRUPTED if message.get("status") in _INTERRUPTED else State.COMPLETE
        if member(metadata.get("finish_details"), "type") == "max_tokens":
            state = State.TRUNCATED
        goes_on = above is not None and above[1].role is Role.ASSISTANT and ours is Role.ASSISTANT
        if goes_on and above is not None and self._heirs.get(str(parent), 0) <= 1:
            self._join(above[1], parts)
            above[1].state = state
            above[1].model = above[1].model or plain(metadata.get("model_slug")) or None
            return above
        made = self._chat.add(
            node_id,
            above[0] if above is not None else None,
            ours,
            [],
            created=message.get("create_time"),
            model=metadata.get("model_slug"),
            state=state,
        )
        if made is None:
            return above
        self._join(made, parts)
        return node_id, made

    def _join(self, message: Message, parts: list[Part]) -> None:
        """Add parts; texts of two nodes are paragraphs apart, and what a tool gave goes to its call."""
        before = 0
        for part in parts:
            last = message.parts[-1] if message.parts else None
            if part.kind is PartKind.TEXT:
                said = message.text
                if said and not said.endswith("\n"):
                    message.append(PartKind.TEXT, "\n\n")
                    said += "\n\n"
                before = len(said)
                message.append(PartKind.TEXT, part.text)
            elif isinstance(part.data, Citation) and part.data.start is not None:
                start = part.data.start + before
                message.parts.append(replace(part, data=Citation(part.data.url, start, start)))
            elif last is not None and is_answered(last, part):
                message.parts[-1] = answered(last, part)
            else:
                message.parts.append(part)

    def _parts(self, message: dict[str, Any], role: object, metadata: dict[str, Any]) -> list[Part]:
        """What is to be seen of a node; nothing of what ChatGPT hides."""
        content = message.get("content")
        if not isinstance(content, dict):
            self._chat.note("a message without content, left out")
            return []
        kind = content.get("content_type")
        if metadata.get("is_visually_hidden_from_conversation") is True or kind in _UNSEEN:
            return []
        if role == "system":
            if self._text(content).strip():
                self._chat.note("a hidden instruction, left out")
            return []
        if role == "tool":
            return self._given(message, content, str(kind))
        if role not in ("user", "assistant"):
            self._chat.note(f"a message by “{name_of(role)[:40]}”, taken for an answer")
        if role != "user" and message.get("recipient") not in (None, "all", ""):
            code = self._text(content)
            return [tool(message.get("id"), message["recipient"], code)] if code.strip() else []
        return [*self._attached(metadata, content), *self._said(content, str(kind), metadata)]

    def _said(self, content: dict[str, Any], kind: str, metadata: object) -> list[Part]:
        match kind:
            case "text" | "multimodal_text":
                return self._texts(content, metadata)
            case "code":
                code = self._text(content)
                language = name_of(content.get("language"))
                language = "" if language == "unknown" else language
                return [Part(PartKind.TEXT, f"```{language}\n{code}\n```")] if code.strip() else []
            case "thoughts":
                texts = [
                    "\n\n".join(filter(None, (plain(thought.get("summary")), plain(thought.get("content")))))
                    for thought in objects(content.get("thoughts"))
                ]
                text = "\n\n".join(filter(None, texts))
                took = length(member(metadata, "finished_duration_sec"))
                return [Part(PartKind.REASONING, text, took)] if text else []
            case "reasoning_recap":
                return []
            case "tether_quote" | "sonic_webpage":
                title = name_of(content.get("title") or content.get("domain"))
                return [Part(PartKind.CITATION, name=title, data=Citation(plain(content.get("url"))))]
            case "system_error":
                return [Part(PartKind.TEXT, f"{plain(content.get('name'))}: {plain(content.get('text'))}")]
        text = self._text(content)
        if not text.strip():
            self._chat.note(f"content of the kind “{name_of(kind)[:40]}”, left out")
            return []
        return [Part(PartKind.TEXT, text)]

    def _given(self, message: dict[str, Any], content: dict[str, Any], kind: str) -> list[Part]:
        """What a tool gave: pictures to be seen, the rest as its result."""
        images = [part for item in objects(content.get("parts")) if (part := self._asset(item)) is not None]
        for result in objects(member(message, "metadata", "aggregate_result", "messages")):
            if result.get("message_type") == "image":
                images.append(self._image(plain(result.get("image_url")), result))
        text = self._text(content)
        name = member(message, "author", "name") or kind
        failed = kind == "system_error"
        found = [tool(message.get("id"), name, "", text, failed=failed)] if text.strip() else []
        if kind in ("tether_quote", "sonic_webpage"):
            found = self._said(content, kind, None)
        return [*found, *images]

    def _texts(self, content: dict[str, Any], metadata: object) -> list[Part]:
        parts: list[Part] = []
        items = content.get("parts")
        for item in items if isinstance(items, list) else [content.get("text")]:
            if isinstance(item, str):
                if item:
                    parts += self._cited(plain(item), metadata)
            elif isinstance(item, dict):
                if item.get("content_type") in _SPOKEN:
                    parts.append(Part(PartKind.TEXT, plain(item.get("text"))))
                elif (part := self._asset(item)) is not None:
                    parts.append(part)
                elif isinstance(item.get("text"), str):
                    parts.append(Part(PartKind.TEXT, plain(item["text"])))
                else:
                    self._chat.note(
                        f"content of the kind “{name_of(item.get('content_type'))[:40]}”, left out"
                    )
        return parts

    def _cited(self, text: str, metadata: object) -> list[Part]:
        """A text without the marks of its sources, and the sources where the marks stood."""
        if "\ue200" not in text and "†" not in text:
            return [Part(PartKind.TEXT, text)]
        sources: dict[str, list[tuple[str, str]]] = {}
        words: dict[str, str] = {}
        placed: list[tuple[int, int, str, str]] = []
        for reference in objects(member(metadata, "content_references")):
            mark = reference.get("matched_text")
            if not isinstance(mark, str) or not mark.strip():
                continue
            found = [
                (plain(item.get("title") or item.get("attribution")), plain(item.get("url")))
                for item in (reference, *objects(reference.get("items")), *objects(reference.get("sources")))
                if isinstance(item.get("url"), str)
            ]
            sources.setdefault(mark, found)
            if not found and isinstance(reference.get("alt"), str):
                words[mark] = plain(reference["alt"])
        for citation in objects(member(metadata, "citations")):
            url, start = member(citation, "metadata", "url"), citation.get("start_ix")
            if isinstance(url, str) and isinstance(start, int) and 0 <= start <= len(text):
                end = citation.get("end_ix")
                placed.append(
                    (
                        start,
                        end if isinstance(end, int) else start,
                        plain(member(citation, "metadata", "title")),
                        plain(url),
                    )
                )
        kept: list[str] = []
        parts: list[Part] = []
        place = at = 0
        for found_mark in _MARKER.finditer(text):
            kept.append(text[at : found_mark.start()])
            place += len(kept[-1])
            at = found_mark.end()
            mark = found_mark[0]
            if mark in words:
                kept.append(words[mark])
                place += len(words[mark])
            cited = sources.get(mark) or [
                (title, url)
                for start, end, title, url in placed
                if start <= found_mark.start() <= max(start, end)
            ]
            parts += [
                Part(PartKind.CITATION, name=title, data=Citation(url, place, place)) for title, url in cited
            ]
        kept.append(text[at:])
        said = "".join(kept)
        return [Part(PartKind.TEXT, said), *parts] if said else parts

    def _attached(self, metadata: object, content: dict[str, Any]) -> list[Part]:
        """Files that the user attached; images stand in the content, too."""
        found: list[Part] = []
        attachments = list(objects(member(metadata, "attachments")))
        if not attachments:
            return found
        shown = " ".join(plain(item.get("asset_pointer")) for item in objects(content.get("parts")))
        for item in attachments:
            pointer = plain(item.get("id"))
            if pointer and pointer in shown:
                continue
            kind = plain(item.get("mimeType") or item.get("mime_type"))[:100]
            file = self._source.asset(pointer, kind)
            name = item.get("name")
            found.append(missing(name) if file is None else self._chat.attached(file, name))
        return found

    def _asset(self, item: dict[str, Any]) -> Part | None:
        """An image or a recording that is kept beside the chats; None for any other thing."""
        pointer = item.get("asset_pointer") or member(item, "audio_asset_pointer", "asset_pointer")
        if not isinstance(pointer, str):
            return None
        return self._image(pointer, item)

    def _image(self, pointer: str, item: dict[str, Any]) -> Part:
        is_image = "audio" not in plain(item.get("content_type"))
        file = self._source.asset(pointer, "image/png" if is_image else "audio/wav")
        if file is None:
            self._chat.note("an image or recording that is not in the export")
            return missing("", "image" if is_image else "recording")
        return self._chat.attached(
            file, _OWN_NAME.sub("", file.key), width=item.get("width"), height=item.get("height")
        )

    def _text(self, content: dict[str, Any]) -> str:
        for key in ("text", "result", "content", "summary"):
            if isinstance(content.get(key), str):
                return plain(content[key])
        parts = content.get("parts")
        if isinstance(parts, list):
            return "\n".join(plain(part) for part in parts if isinstance(part, str))
        rest = {key: value for key, value in content.items() if key != "content_type" and value}
        return plain(dumped(rest)) if rest else ""
