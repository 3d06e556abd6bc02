"""What was read of other programs, as our own values: ids, texts, times, and messages in their order."""

import base64
import binascii
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from desktop_chat.domain.archive import File, History
from desktop_chat.domain.attaching import MAX_FILE
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.listing import Tag
from desktop_chat.domain.message import (
    Attachment,
    CallStatus,
    Message,
    Part,
    PartKind,
    Role,
    State,
    ToolCall,
)
from desktop_chat.domain.parameters import Parameters
from desktop_chat.domain.titles import clean_title, title_from_words

_NAMESPACE = bytes.fromhex("5b2d1c6e0f2c4c1b9d6a7b0c6f1e52a4")
"""Under which the ids of other programs become ours. It must never change, or nothing is known again."""
_LATEST = 4102444800.0
"""2100-01-01: what says to be later is a mistake, or in other units."""
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_LONGEST_NAME = 120


class Odd(ValueError):
    """A record that is not what its program writes; says how, as a part of a sentence."""


def made_id(*names: object) -> str:
    """A UUIDv5 (RFC 9562, section 5.5) of names: the same whenever the same thing is imported."""
    name = ":".join(map(str, names)).encode("utf-8", "replace")
    text = hashlib.sha1(_NAMESPACE + name, usedforsecurity=False).hexdigest()
    return (
        f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:32]}"
    )


def plain(value: object) -> str:
    """A text that can be stored: NUL and halves of characters (lone surrogates) are replaced. Of a number or
    an object its JSON; of nothing nothing."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else dumped(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _NO_TEXT.sub("\ufffd", text)
    return text.replace("\0", "\ufffd") if "\0" in text else text


def dumped(value: object) -> str:
    """JSON to be read by people. Raises :class:`Odd` for what is nested too deeply."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError as error:
        raise Odd("it is nested too deeply") from error


def name_of(value: object) -> str:
    """The last part of a path, in one line that shows as it is written, at most 120 characters."""
    last = re.split(r"[/\\]", plain(value))[-1]
    kept = "".join(char for char in last if char.isprintable()).strip()
    return kept if len(kept) <= _LONGEST_NAME else kept[: _LONGEST_NAME - 1] + "…"


def seconds(value: object) -> float:
    """Unix time in seconds of seconds, milliseconds or an ISO 8601 text; 0 where it is none."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, OSError):
            return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    # Whole numbers of JSON may be larger than any float.
    found = float(max(0, min(value, 10**18)))
    # Milliseconds from 1973 on are more than that.
    if found > 1e11:
        found /= 1000
    return found if 0 < found < _LATEST else 0.0


def objects(value: object) -> Iterator[dict[str, Any]]:
    """The objects in a list; none where it is no list."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def member(value: object, *path: str) -> Any:
    """What is at a path of names within objects; None where it is not there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def number(value: object) -> int:
    """A size in pixels or bytes; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else 0


def data_file(url: str) -> File | None:
    """The file in a ``data:`` URL (RFC 2397) with base64; None where there is none."""
    head, comma, body = url.partition(",")
    if (
        not (head.startswith("data:") and head.endswith(";base64") and comma)
        or len(body) > MAX_FILE * 4 // 3 + 4
    ):
        return None

    def read() -> bytes:
        try:
            return base64.b64decode(body, validate=False)
        except binascii.Error as error:
            raise ValueError("It is damaged.") from error

    digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()
    return File(f"data:{digest}", head[5:].split(";")[0][:100], read)


def text_file(text: str) -> File:
    """A text as a file."""
    data = text.encode()
    return File(f"text:{hashlib.sha256(data).hexdigest()}", "text/plain", lambda: data)


def missing(name: object, kind: str = "file") -> Part:
    """What stands for a file that is not in the export."""
    shown = name_of(name)
    return Part(PartKind.TEXT, f"[{kind}{f' {shown}' if shown else ''}: not in the export]\n\n")


def tool(
    call_id: object, name: object, arguments: object = "", result: object = "", *, failed: bool = False
) -> Part:
    """The work of a tool, done."""
    title = name_of(name) or "tool"
    status = CallStatus.FAILED if failed else CallStatus.DONE
    call = ToolCall(plain(call_id), title, status, plain(arguments), plain(result))
    return Part(PartKind.TOOL_CALL, name=title, data=call)


def is_answered(call: Part, result: Part) -> bool:
    """Whether one part is the call of a tool, and the other what it gave."""
    return (
        isinstance(call.data, ToolCall)
        and isinstance(result.data, ToolCall)
        and not call.data.result
        and not result.data.arguments
    )


def answered(call: Part, result: Part) -> Part:
    assert isinstance(call.data, ToolCall)
    assert isinstance(result.data, ToolCall)
    return replace(call, data=replace(call.data, status=result.data.status, result=result.data.result))


def length(value: object) -> float | None:
    """A length of time in seconds; None where it is none."""
    is_time = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e7
    return float(value) if is_time else None  # type: ignore[arg-type]


class Chat:
    """A conversation as it is read: put messages in, take a :class:`History` out."""

    def __init__(self, program: str, chat_id: object, title: object = "") -> None:
        self._names = (program, plain(chat_id))
        self._files: dict[str, File] = {}
        self._messages: dict[str, Message] = {}
        self._ids: dict[object, str] = {}
        self._noted: Counter[str] = Counter()
        self.title = clean_title(plain(title)[:400])
        self.conversation = Conversation(made_id(*self._names), origin=f"import:{program}")
        self.folder: tuple[str, ...] = ()
        self.tags: tuple[Tag, ...] = ()

    def id_of(self, node: object) -> str:
        """Ours for a message of the other program; ``node`` is a text or a number."""
        try:
            return self._ids[node]
        except (KeyError, TypeError):
            made = made_id(*self._names, node)
        if isinstance(node, str | int):
            self._ids[node] = made
        return made

    def __contains__(self, node: object) -> bool:
        return self.id_of(node) in self._messages

    def add(
        self,
        node: object,
        parent: object | None,
        role: Role,
        parts: list[Part],
        *,
        created: object = None,
        model: object = None,
        state: State = State.COMPLETE,
        error: ChatError | None = None,
    ) -> Message | None:
        """A message of the other program's id ``node``, below that of ``parent``; None where the id is there
        already, which is noted."""
        message_id = self.id_of(node)
        if message_id in self._messages:
            self.note("a message with the id of another, left out")
            return None
        message = Message(
            message_id,
            self.id_of(parent) if parent is not None else None,
            role,
            parts,
            state if role is Role.ASSISTANT else State.COMPLETE,
            seconds(created),
            (plain(model)[:200] or None) if role is Role.ASSISTANT else None,
            error=error,
        )
        self._messages[message_id] = message
        return message

    def attached(
        self, file: File, name: object, *, width: object = 0, height: object = 0, text: str = ""
    ) -> Part:
        """A file as a part of a message: an image where its type says so. With ``text``, which is what was
        read of it, that is sent instead of it."""
        self._files[file.key] = file
        kind = PartKind.IMAGE if file.media_type.startswith("image/") and not text else PartKind.FILE
        data = Attachment(
            file.key, file.media_type, width=number(width), height=number(height), as_text=bool(text)
        )
        return Part(kind, text, name=name_of(name), data=data)

    def instruct(self, text: str) -> None:
        """What the program told the model before the chat; the first of several counts."""
        if text.strip() and not self.conversation.parameters.system_prompt:
            self.conversation.parameters = replace(Parameters(), system_prompt=text)

    def note(self, what: str) -> None:
        """Note that ``what`` was left out: a thing of which there may be several."""
        self._noted[what] += 1

    def history(self, *, created: object = None, used: object = None, leaf: object | None = None) -> History:
        """All of it. Raises :class:`Odd` where there is no message."""
        if not self._messages:
            raise Odd("there is no message in it")
        messages = self._ordered()
        self._date(messages, seconds(created))
        conversation = self.conversation
        times = [message.created_at for message in messages]
        conversation.created_at = seconds(created) or min(times)
        conversation.used_at = seconds(used) or max(times)
        leaf_id = self.id_of(leaf) if leaf is not None else None
        conversation.active_leaf = leaf_id if leaf_id in self._messages else messages[-1].id
        conversation.title, conversation.title_source = self.title, "user"
        if not self.title:
            said = next((message.text for message in messages if message.role is Role.USER), "")
            conversation.title, conversation.title_source = title_from_words(said), "first_words"
        notes = tuple(f"{count} × {what}" for what, count in self._noted.items())
        return History(conversation, messages, self.folder, self.tags, tuple(self._files.values()), notes)

    def _ordered(self) -> list[Message]:
        """Parents before what follows them, else as they came. What hangs on nothing begins a chat of its
        own; a circle is cut."""
        children: dict[str | None, list[str]] = {}
        placed: set[str] = set()
        ordered: list[Message] = []
        for message in self._messages.values():
            if message.parent_id not in self._messages:
                message.parent_id = None
            if message.parent_id is None or message.parent_id in placed:
                self._place(message, children, placed, ordered)
            else:
                children.setdefault(message.parent_id, []).append(message.id)
        for message in self._messages.values():
            if message.id not in placed:
                message.parent_id = None
                self.note("a message that followed itself, cut off")
                self._place(message, children, placed, ordered)
        return ordered

    def _place(
        self,
        message: Message,
        children: dict[str | None, list[str]],
        placed: set[str],
        ordered: list[Message],
    ) -> None:
        waiting = [message.id]
        while waiting:
            message_id = waiting.pop()
            if message_id not in placed:
                placed.add(message_id)
                ordered.append(self._messages[message_id])
                waiting.extend(reversed(children.pop(message_id, [])))

    def _date(self, messages: list[Message], first: float) -> None:
        """Messages without a time get that of the one before them."""
        known = next((message.created_at for message in messages if message.created_at), 0.0)
        latest = first or known or time.time()
        for message in messages:
            parent = self._messages.get(message.parent_id or "")
            if not message.created_at:
                message.created_at = parent.created_at if parent is not None else latest
