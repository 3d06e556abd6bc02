"""How conversations are ordered: folders, tags, shelves, and what a list of them shows."""

from array import array
from dataclasses import dataclass, field
from enum import StrEnum

TRASH_DAYS = 30
"""For so long what is in the trash can be restored."""


class Shelf(StrEnum):
    """Where a conversation stands. What is in the trash goes for good after ``TRASH_DAYS``."""

    CHATS = "chats"
    ARCHIVE = "archive"
    TRASH = "trash"


class Sort(StrEnum):
    """What a list is sorted by: the last turn, the first message, the title, or the cost, dearest first.
    Pinned conversations stand first with each of them."""

    USED = "used"
    MADE = "made"
    TITLE = "title"
    COST = "cost"


COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "gray")
"""The names of the colours that a tag may have; what they look like the theme says."""


@dataclass(frozen=True, slots=True)
class Folder:
    """``parent`` is the id of the folder that it lies in, None at the top. Names need not be unique."""

    id: str
    name: str
    parent: str | None = None
    position: int = 0
    """Its place among the folders of its parent."""


@dataclass(frozen=True, slots=True)
class Tag:
    """``name`` is unique in any case; ``color`` is one of ``COLORS``."""

    id: str
    name: str
    color: str = "gray"


@dataclass(frozen=True, slots=True)
class View:
    """Which conversations are listed, and how.

    ``folder`` is the id of one, "" those that are in none, None wherever they are; a folder does not list
    what is in those below it. ``tag`` is the id of one that they all have. ``words`` are all in the title, in
    any case and with any accents. In the trash ``Sort.USED`` is by when they went there, and none is pinned.
    """

    shelf: Shelf = Shelf.CHATS
    folder: str | None = None
    tag: str | None = None
    sort: Sort = Sort.USED
    words: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a view, so small that 100,000 fit into 1.6 MB; what a row shows is read page by page.

    ``seqs`` are the ``Conversation.seq`` in their order, the first ``pinned`` of them pinned. ``times`` are
    Unix times, in whole seconds, of what is sorted by: the last turn, also where the order is by title or
    cost, the first message, or the deletion.
    """

    seqs: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    pinned: int = 0

    def __len__(self) -> int:
        return len(self.seqs)


@dataclass(frozen=True, slots=True)
class DeletedMessage:
    """A message in the trash, of the conversation with this ``title``. ``excerpt`` is its first line, short;
    ``deleted_at`` is Unix time in seconds."""

    id: str
    conversation_id: str
    title: str
    role: str
    excerpt: str
    deleted_at: float


@dataclass(frozen=True, slots=True)
class Place:
    """How a conversation is organised: what is put back when that is undone. ``id`` is the conversation's,
    ``folder`` and ``tags`` are as in ``Conversation``."""

    id: str
    folder: str | None = None
    archived: bool = False
    pinned: bool = False
    unread: bool = False
    tags: tuple[str, ...] = ()
