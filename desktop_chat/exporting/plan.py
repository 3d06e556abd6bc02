"""What is exported, how, and how that ended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from desktop_chat.domain.archive import History
from desktop_chat.domain.message import Message


class Format(StrEnum):
    """What files are written in."""

    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"
    TEXT = "text"
    JSON = "json"
    """Our own format, which loses nothing and can be imported: see :mod:`desktop_chat.domain.interchange`."""
    MESSAGES = "messages"
    """JSON Lines for fine-tuning: a chat a line, ``{"messages": […]}``, as Chat Completions takes them
    (https://platform.openai.com/docs/guides/supervised-fine-tuning#formatting-your-data)."""


ENDINGS = {
    Format.MARKDOWN: "md",
    Format.HTML: "html",
    Format.PDF: "pdf",
    Format.TEXT: "txt",
    Format.JSON: "json",
    Format.MESSAGES: "jsonl",
}
IN_ONE = frozenset({Format.JSON, Format.MESSAGES})
"""The formats that have all chats in one file; the others have a file a chat."""
WITH_VERSIONS = frozenset({Format.MARKDOWN, Format.HTML, Format.TEXT})
WITH_REASONING = frozenset({Format.MARKDOWN, Format.HTML, Format.TEXT})
WITH_ATTACHMENTS = frozenset({Format.MARKDOWN, Format.HTML, Format.TEXT, Format.JSON, Format.MESSAGES})
"""The formats that leave the choice. Our own has all versions and all reasoning, that for fine-tuning has
none, a PDF is what is printed."""


class Packing(StrEnum):
    """What is written: one file, a folder of files, or such a folder as a zip."""

    FILE = "file"
    FOLDER = "folder"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which chats: those with ``ids``, or those in ``folder`` and in what lies in it, or all of them where
    both are None."""

    ids: tuple[str, ...] | None = None
    folder: str | None = None

    @property
    def is_all(self) -> bool:
        return self.ids is None and self.folder is None


@dataclass(frozen=True, slots=True)
class Plan:
    """``path`` is what is made; what was there before is replaced once all is written, but a folder never
    is: another name is taken. ``versions``: all of them, not the active path alone."""

    format: Format
    path: Path
    packing: Packing = Packing.FILE
    versions: bool = False
    reasoning: bool = False
    attachments: bool = True

    def at(self, path: Path) -> "Plan":
        """The same at another path."""
        return replace(self, path=path)


def packing_of(format: Format, chats: int, *, attachments: bool) -> tuple[Packing, ...]:
    """The ways in which so many chats can be written, the best first."""
    # A page has its images in it; what else a chat has attached can only lie beside its file.
    beside = attachments and format in WITH_ATTACHMENTS and format not in (Format.MESSAGES, Format.HTML)
    if (chats == 1 or format in IN_ONE) and not beside:
        return (Packing.FILE,)
    return Packing.ZIP, Packing.FOLDER


@dataclass(frozen=True, slots=True)
class Report:
    """``path`` is what was written, ``chats`` how many are in it; ``notes`` say plainly what is not."""

    path: Path
    chats: int
    notes: tuple[str, ...] = ()


class ExportFailed(Exception):
    """Nothing was written; says why in a sentence."""


class Cancelled(Exception):
    """The user wanted no more of it; nothing was written."""


class View(Protocol):
    """How a message looks: what only the windows know. Called in the thread of the export."""

    def html(self, message: Message) -> Iterator[str]:
        """What a message says as HTML in which nothing is live but links to the web."""

    def html_of(self, text: str) -> Iterator[str]:
        """A text in Markdown as such HTML."""

    def plain(self, message: Message) -> Iterator[str]:
        """What a message says without markup."""

    def draw(self, history: History, path: Path) -> None:
        """The active path of a chat as a PDF. Raises ``OSError`` and :class:`Cancelled`."""

    def stop(self) -> None:
        """End what is being drawn: nobody wants it any more. Called in any thread."""


Read = Callable[[str], bytes]
"""The content of an attachment by its hash. Raises ``AttachmentMissing``."""
