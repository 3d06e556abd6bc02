"""A message and its parts."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.usage import Timing, Usage


class Role(StrEnum):
    """Who a message is from, in the words of the API."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class State(StrEnum):
    """How far an answer came. A user's message is always ``COMPLETE``."""

    STREAMING = "streaming"
    """The answer is being written (or was, when the program died; start-up turns it to INTERRUPTED)."""
    COMPLETE = "complete"
    """The server said that it is finished."""
    STOPPED = "stopped"
    """The user stopped it; what came is kept."""
    TRUNCATED = "truncated"
    """The token limit or a content filter cut it; ``finish_reason`` says which."""
    INTERRUPTED = "interrupted"
    """A broken stream or a crash cut it."""
    FAILED = "failed"
    """Nothing came; ``error`` says why."""


class PartKind(StrEnum):
    """What a part of a message holds."""

    TEXT = "text"
    REASONING = "reasoning"
    """``data`` is a :class:`ReasoningItem` where the server gave one to be sent back."""
    REFUSAL = "refusal"
    CITATION = "citation"
    """A source of what is said; ``data`` is a :class:`Citation`, ``name`` its title."""
    TOOL_CALL = "tool_call"
    """Work of a tool; ``data`` is a :class:`ToolCall`, ``name`` the tool's, ``seconds`` how long it took."""
    IMAGE = "image"
    FILE = "file"
    """As ``IMAGE`` an attachment: ``data`` is an :class:`Attachment`, ``name`` the file's. ``text`` is what
    was read of a file, which is sent where the file itself is not."""
    UNKNOWN = "unknown"
    """Something that a newer version stored; ``data`` is an :class:`Unknown`, which keeps it as it was."""


# Tuples: the hash of an enumeration's member is Python code, and ten thousand messages are opened at once.
SAID = (PartKind.TEXT, PartKind.REFUSAL)
"""The kinds whose texts, joined, are what a message says."""
STREAMED = (*SAID, PartKind.REASONING)
"""The kinds that grow by their text."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where something is from: a web page, or without a ``url`` a file.

    ``start`` and ``end`` are characters of ``Message.text``, None where the place is not known. They come
    from a server, so they may lie outside of the text.
    """

    url: str = ""
    start: int | None = None
    end: int | None = None


class CallStatus(StrEnum):
    """How far a tool came."""

    RUNNING = "running"
    """At work (or it was, when the answer broke off)."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One use of a tool. ``id`` is unique within a message; parts with the same one replace each other.

    ``kind`` is the word of the API: ``web_search``, ``code_interpreter``, ``file_search``,
    ``image_generation``, ``mcp``, ``function`` or any other. ``arguments`` and ``result`` are for the user to
    read: code, JSON or plain text.
    """

    id: str
    kind: str
    status: CallStatus = CallStatus.RUNNING
    arguments: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is kept beside the database under its ``hash``. ``size`` is in bytes.

    ``width`` and ``height`` are an image's, in pixels, 0 where they are not known; ``detail`` is how closely
    the model looks at it, one of ``DETAILS``. An image that only the server fetches has a ``url`` and no
    hash. ``as_text`` sends what was read of a file instead of the file.
    """

    hash: str
    media_type: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    detail: str = "auto"
    url: str = ""
    as_text: bool = False


DETAILS = ("auto", "low", "high", "original")
"""How closely a model looks at an image, in the words of the API."""


@dataclass(frozen=True, slots=True)
class ReasoningItem:
    """The reasoning of a model in a form that only its server reads: sent back with the next request, a
    model goes on thinking where it was, although the server keeps nothing.

    ``origin`` and ``model`` are of the one that wrote it: nobody else can read it.
    """

    id: str
    encrypted: str = field(repr=False)
    origin: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What this version cannot show: ``kind``, ``attachment`` and ``data`` are as they were stored."""

    kind: str
    attachment: str | None = None
    data: str | None = None


PartData = Citation | ToolCall | Attachment | ReasoningItem | Unknown


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message, in the order in which it came.

    ``seconds`` is how long a reasoning part or a tool took, where that is known. ``data`` is what the kind
    needs beside its text, as :class:`PartKind` tells.
    """

    kind: PartKind
    text: str = ""
    seconds: float | None = None
    name: str = ""
    data: PartData | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written and not sent: a text, and the files and images that are to go with it."""

    text: str = ""
    parts: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.text or self.parts)


@dataclass(slots=True)
class Message:
    """One message of a conversation; messages with the same ``parent_id`` are versions of each other.

    ``model``, ``finish_reason``, ``request_id``, ``usage``, ``timing`` and ``error`` are set on answers.
    ``created_at`` is Unix time in seconds. ``cost`` is what all attempts at the answer cost, in US dollars,
    None where that is not known; ``is_estimated`` says that a part of it rests on our own count of tokens.
    ``is_cached`` says that the answer was given before, to the same request, and cost nothing.
    """

    id: str
    parent_id: str | None
    role: Role
    parts: list[Part] = field(default_factory=list)
    state: State = State.COMPLETE
    created_at: float = 0.0
    model: str | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    error: ChatError | None = None
    cost: Decimal | None = None
    is_estimated: bool = False
    is_cached: bool = False

    @property
    def text(self) -> str:
        """What is said: the text and refusal parts, one behind the other."""
        return "".join(part.text for part in self.parts if part.kind in SAID)

    @property
    def sent_text(self) -> str:
        """What a request says of this message: its text, then the files that are sent as text."""
        files = [
            file_text(part) for part in self.parts if part.kind is PartKind.FILE and is_sent_as_text(part)
        ]
        return "\n\n".join([text for text in (self.text, *files) if text]) if files else self.text

    @property
    def attachments(self) -> list[Part]:
        """The parts that are files or images, in their order."""
        return [part for part in self.parts if isinstance(part.data, Attachment)]

    @property
    def reasoning(self) -> str:
        """What the model showed of its reasoning."""
        return "\n\n".join(part.text for part in self.parts if part.kind is PartKind.REASONING and part.text)

    def append(self, kind: PartKind, text: str) -> None:
        """Add streamed text: to the last part where it is of that kind, else as a new part."""
        if self.parts and self.parts[-1].kind is kind:
            last = self.parts[-1]
            self.parts[-1] = Part(kind, last.text + text, last.seconds, last.name, last.data)
        else:
            self.parts.append(Part(kind, text))

    def put(self, part: Part) -> None:
        """Add a part that is no streamed text; a tool call takes the place of the one with its id."""
        if isinstance(part.data, ToolCall):
            for index, known in enumerate(self.parts):
                if isinstance(known.data, ToolCall) and known.data.id == part.data.id:
                    self.parts[index] = part
                    return
        self.parts.append(part)


def is_sent_as_text(part: Part) -> bool:
    """Whether what was read of a file goes along instead of the file."""
    return isinstance(part.data, Attachment) and part.data.as_text


def file_text(part: Part) -> str:
    """What is sent of a file as text: fenced, and named as what it is, since it is no word of the user's.

    The fence is longer than any in the text (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
    """
    fence = "`" * max(3, _longest_run(part.text, "`") + 1)
    name = re.sub(r"[\s`\"<>]+", " ", part.name).strip() or "file"
    text = part.text.removesuffix("\n")
    return f"Content of the attached file `{name}`:\n\n{fence}\n{text}\n{fence}"


def _longest_run(text: str, char: str) -> int:
    """How often ``char`` stands in a row at most: searched for, which takes millions of characters a
    hundredth of the time of looking at each."""
    low, high = 0, 1
    while char * high in text:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if char * middle in text else (low, middle)
    return low
