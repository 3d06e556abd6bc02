"""A history on its way: what is read from another program's export, and what is written to ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.listing import Folder, Tag
from desktop_chat.domain.message import Draft, Message


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

    ``messages`` stand after their parents, in the order in which they were made; ``trashed`` has those of
    them that are in the trash, by id, with the Unix time at which they went there. ``folder`` are the names
    of the folders that it lies in, the outermost first: what counts where ``conversation.folder`` is no
    folder that is known. ``drafts`` are what is written and not sent, by the id of the conversation or of the
    message that is edited. ``notes`` say in plain words what of it was left out or changed on the way.
    """

    conversation: Conversation
    messages: list[Message] = field(default_factory=list)
    folder: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    files: tuple[File, ...] = ()
    notes: tuple[str, ...] = ()
    trashed: Mapping[str, float] = field(default_factory=dict)
    drafts: Mapping[str, Draft] = field(default_factory=dict)

    def tree(self) -> Tree:
        """As the program shows it: without what is in the trash, whose answers hang below what is left. The
        messages in it may be copies."""
        parents: dict[str, str | None] = {}
        shown: list[Message] = []
        for message in self.messages:
            parent = message.parent_id
            while parent in parents:
                parent = parents[parent]
            if message.id in self.trashed:
                parents[message.id] = parent
            else:
                shown.append(message if message.parent_id == parent else replace(message, parent_id=parent))
        return Tree(shown, self.conversation.active_leaf)


@dataclass(frozen=True, slots=True)
class Library:
    """What goes with all conversations of a profile: its folders, parents before what lies in them, its tags,
    and the drafts of no conversation, by their key. ``files`` are those of the drafts, whose ``key`` is their
    hash."""

    folders: tuple[Folder, ...] = ()
    tags: tuple[Tag, ...] = ()
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Entries:
    """A piece of the ledger, in the order in which it was entered."""

    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """What became of histories: how many conversations and messages were added, and how many of the messages
    were there already or belong to another conversation."""

    chats: int = 0
    messages: int = 0
    known: int = 0


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
