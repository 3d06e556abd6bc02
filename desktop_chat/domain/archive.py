"""A history on its way: what is read from another program's export, and what is written to ours."""

from collections.abc import Callable
from dataclasses import dataclass, field

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Tag
from desktop_chat.domain.message import Message


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a history. ``key`` is what parts call it until it is kept: they have it in place
    of the hash of their :class:`~desktop_chat.domain.message.Attachment`. ``read`` gives its bytes, at most
    ``domain.attaching.MAX_FILE``; it blocks, and raises ``OSError`` or ``ValueError``."""

    key: str
    media_type: str
    read: Callable[[], bytes] = field(compare=False, repr=False)


@dataclass(slots=True)
class History:
    """One conversation with all of its versions, whole.

    ``messages`` stand after their parents, in the order in which they were made. ``folder`` are the names of
    the folders that it lies in, the outermost first. ``notes`` say in plain words what of it was left out or
    changed on the way.
    """

    conversation: Conversation
    messages: list[Message] = field(default_factory=list)
    folder: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    files: tuple[File, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was not taken: ``where`` it is in the file, and ``why`` in plain words."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: bytes of the file, and what was added, was there already, or was skipped."""

    done: int = 0
    total: int = 0
    chats: int = 0
    messages: int = 0
    known: int = 0
    skipped: int = 0
