"""Histories with something of everything in them, and what an export asks of the windows."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from desktop_chat.domain.archive import History, Library
from desktop_chat.domain.context import ContextSettings, Strategy, Summary
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import AttachmentMissing, RateLimited
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.listing import Folder, Tag
from desktop_chat.domain.message import (
    Attachment,
    CallStatus,
    Citation,
    Draft,
    Message,
    Part,
    PartKind,
    ReasoningItem,
    Role,
    State,
    ToolCall,
    Unknown,
)
from desktop_chat.domain.parameters import FormatKind, Parameters, ResponseFormat
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.exporting import Plan, Report, export

# The smallest image: one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0f01f00050001ff5c8ad40000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n%%EOF\n"
HASHES = {sha256(data).hexdigest(): data for data in (PNG, PDF)}
PNG_HASH, PDF_HASH = HASHES


def text(words: str) -> Part:
    return Part(PartKind.TEXT, words)


def said(id: str, parent: str | None, role: Role, words: str, **more: Any) -> Message:
    return Message(id, parent, role, [text(words)], created_at=1_790_000_000.0 + len(id), **more)


def tides() -> History:
    """A chat with versions, files, tools, an error, and words that are markup somewhere."""
    question = said("s1", None, Role.USER, "Why are there <b>tides</b>?\nSee # 1")
    question.parts += [
        Part(
            PartKind.IMAGE,
            name="sea: view.png",
            data=Attachment(PNG_HASH, "image/png", len(PNG), 1, 1, "low"),
        ),
        Part(
            PartKind.FILE, "Read of it", name="a/tables.pdf", data=Attachment(PDF_HASH, "application/pdf", 15)
        ),
        Part(PartKind.IMAGE, data=Attachment("", url="https://example.org/sea.png")),
    ]
    answer = Message(
        "s2",
        "s1",
        Role.ASSISTANT,
        [
            Part(PartKind.REASONING, "Think of the *Moon*.", 1.5),
            Part(PartKind.REASONING, data=ReasoningItem("r", "secret", "https://api.example", "m-1")),
            Part(
                PartKind.TOOL_CALL,
                seconds=0.5,
                name="search",
                data=ToolCall("t1", "web_search", CallStatus.DONE, '{"q": 1}', "found <i>it</i>"),
            ),
            text(
                "The **Moon**.\n\n<script>alert(1)</script>\n\n"
                "| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx < 1\n```\n"
            ),
            Part(PartKind.CITATION, name="Tides", data=Citation("https://example.org/tides", 0, 9)),
            Part(PartKind.CITATION, name="Bad", data=Citation("javascript:alert(1)")),
            Part(PartKind.UNKNOWN, "later", data=Unknown("hologram", None, '{"x":1}')),
        ],
        State.COMPLETE,
        1_790_000_010.25,
        "m-1",
        "stop",
        "req_1",
        Usage(10, 20, 3, 4, 5),
        Timing(0.5, 2.5),
        cost=Decimal("0.000123456789"),
        is_estimated=True,
    )
    failed = Message(
        "s3",
        "s1",
        Role.ASSISTANT,
        [],
        State.FAILED,
        3.0,
        error=RateLimited("slow <down>", 429, "rate", "r2", 3.0, "h"),
    )
    more = said("s4", "s2", Role.USER, "And in Bristol?")
    last = said("s5", "s4", Role.ASSISTANT, "Twice a day.", model="m-2", is_cached=True)
    gone = said("s6", "s2", Role.USER, "Forget this")
    conversation = Conversation(
        "sea",
        'Tides: "why"? \U0001f30a',
        "user",
        "e1",
        "m-2",
        Parameters("Be brief & kind.", 0.5, stop=("END",), response_format=ResponseFormat(FormatKind.JSON)),
        "s5",
        1_790_000_000.5,
        1_790_000_100.75,
        7,
        True,
        ContextSettings(
            Strategy.SUMMARY,
            turns=3,
            pinned=frozenset({"s1"}),
            left_out=frozenset({"s4"}),
            summary=Summary("Short", "s2", "m-1"),
        ),
        folder="f2",
        archived=True,
        unread=True,
        origin="import:chatgpt",
        tags=("t1",),
    )
    return History(
        conversation,
        [question, answer, failed, more, last, gone],
        ("Science", "Sea"),
        (Tag("t1", "blue: water", "blue"),),
        trashed={"s6": 1_790_000_200.0},
        drafts={
            "sea": Draft(
                "Half a", (Part(PartKind.IMAGE, name="x", data=Attachment(PNG_HASH, "image/png", 70)),)
            )
        },
    )


def plain(number: int, title: str = "New chat") -> History:
    """A short chat without anything special."""
    question = said(f"q{number}", None, Role.USER, f"Question {number}")
    answer = said(f"a{number}", question.id, Role.ASSISTANT, f"Answer {number}", model="m-1")
    return History(Conversation(f"p{number}", title, active_leaf=answer.id, order=number), [question, answer])


_PDF_FILE = Attachment(PDF_HASH, "application/pdf", len(PDF))
LIBRARY = Library(
    (Folder("f1", "Science"), Folder("f2", "Sea", "f1", 1)),
    (Tag("t1", "blue: water", "blue"), Tag("t2", "unused")),
    {"new": Draft("Where was I?", (Part(PartKind.FILE, "Read", None, "t.pdf", _PDF_FILE),))},
)

ENTRY = LedgerEntry(
    "sea",
    "s2",
    "e1",
    "Example",
    "responses",
    Purpose.CHAT,
    1,
    1_790_000_009.0,
    Timing(None, 2.5),
    Outcome.OK,
    "m-1",
    "req_1",
    200,
    "default",
    Usage(10, 20, 3, 4, 5),
    False,
    9,
    Decimal("12.5"),
)
LEDGER = (
    ENTRY,
    replace(ENTRY, attempt=2, outcome=Outcome.FAILED, cost=None, usage=None, error_kind="CutOff"),
)


def read(hash: str) -> bytes:
    if hash not in HASHES:
        raise AttachmentMissing(hash)
    return HASHES[hash]


class Bare:
    """Messages as they look without a window: enough for what is not about their look."""

    def html(self, message: Message) -> Iterator[str]:
        yield "<p>said</p>"

    def html_of(self, text: str) -> Iterator[str]:
        yield "<p>thought</p>"

    def plain(self, message: Message) -> Iterator[str]:
        yield message.text

    def draw(self, history: History, path: Path) -> None:
        path.write_bytes(b"%PDF " + history.conversation.id.encode())

    def stop(self) -> None:
        pass


def written(histories: Iterable[History], plan: Plan, **more: Any) -> Report:
    return export(histories, plan, **{"read": read, "view": Bare(), **more})


def loaded(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
