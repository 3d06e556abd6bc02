"""What the formats for people have in common: the branches of a chat, its times, files and sources."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from desktop_chat.domain.archive import History
from desktop_chat.domain.conversation import Tree
from desktop_chat.domain.message import Attachment, Citation, Message, Part, PartKind, Role, State
from desktop_chat.domain.titles import UNTITLED
from desktop_chat.exporting.plan import Plan

ENDED = {
    State.STREAMING: "still being written",
    State.STOPPED: "stopped",
    State.TRUNCATED: "cut at a limit",
    State.INTERRUPTED: "interrupted",
    State.FAILED: "failed",
}
"""How an answer ended that is not complete."""
WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Branch:
    """Messages that follow each other. ``title`` says what they are another version of; it is empty for the
    active path, which comes first."""

    title: str
    messages: list[Message]
    number: int
    """Of its first message, counted from the begin of the chat."""


@dataclass(slots=True)
class Chat:
    """One chat on its way into a file. ``links`` are the paths of its attachments by hash, from that file."""

    history: History
    plan: Plan
    links: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return " ".join(self.history.conversation.title.split()) or UNTITLED

    def branches(self) -> Iterator[Branch]:
        """The active path; with all versions then each other one, in the order of their making."""
        tree = self.history.tree()
        path = tree.path
        yield Branch("", path, 1)
        if not self.plan.versions:
            return
        told = {message.id for message in path}
        depths: dict[str | None, int] = {None: 0}
        for message in tree:
            depths[message.id] = depths.get(message.parent_id, 0) + 1
        for message in tree:
            if message.id in told:
                continue
            below = _newest_below(tree, message)
            told.update(each.id for each in below)
            versions = tree.versions(message.id)
            number = depths[message.id]
            which = f"version {versions.index(message.id) + 1} of {len(versions)}"
            yield Branch(f"Message {number}, {which}", below, number)

    def name_of(self, message: Message) -> str:
        """Who a message is from."""
        match message.role:
            case Role.USER:
                return "You"
            case Role.SYSTEM:
                return "System"
        return " ".join((message.model or self.history.conversation.model or "Assistant").split())

    def system_prompt(self) -> str:
        return self.history.conversation.parameters.system_prompt

    def link(self, part: Part) -> str | None:
        """Where an attachment is, as an address: that of an image that only has one; None where it is not."""
        data = part.data
        if not isinstance(data, Attachment):
            return None
        if data.hash in self.links:
            return quote(self.links[data.hash])
        return data.url if data.url.startswith(WEB) else None

    def models(self) -> list[str]:
        """The models that answered, in their order."""
        found = [message.model for message in self.history.messages if message.model]
        return list(dict.fromkeys(found)) or [self.history.conversation.model or ""][:1]


def _newest_below(tree: Tree, message: Message) -> list[Message]:
    found = [message]
    while children := tree.children(found[-1].id):
        found.append(tree[children[-1]])
    return found


def attachment_name(part: Part) -> str:
    """What a file is called, without a folder."""
    name = PurePosixPath(part.name.replace("\\", "/")).name
    return name or ("Image" if part.kind is PartKind.IMAGE else "File")


def sources(message: Message) -> list[tuple[int, str, str]]:
    """The sources of an answer: number, title, and address, empty where that is none of the web. They are
    numbered as the transcript does it: each once, as it is first cited."""
    found: dict[str, tuple[int, str, str]] = {}
    for part in message.parts:
        if part.kind is PartKind.CITATION and isinstance(part.data, Citation):
            url = part.data.url if part.data.url.startswith(WEB) else ""
            title = " ".join((part.name or part.data.url).split())
            found.setdefault(part.data.url or part.name, (len(found) + 1, title, url))
    return list(found.values())


def local(seconds: float) -> datetime | None:
    """A Unix time by the user's clock; None where it is none."""
    if seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, ValueError, OSError):
        return None


def when(seconds: float) -> str:
    """A Unix time as ``2026-11-22 00:30``; empty where it is none."""
    found = local(seconds)
    return found.strftime("%Y-%m-%d %H:%M") if found is not None else ""
