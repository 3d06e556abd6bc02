"""How the chats of a profile are listed and put in order; what the user changes can be undone."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from PySide6.QtCore import QObject, Signal

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import DeletedMessage, Folder, Listing, Shelf, Tag, View
from desktop_chat.domain.titles import clean_title
from desktop_chat.outbox import Outbox
from desktop_chat.session import ChatSession
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.undo import Undo

KNOWN = 2_000
"""How many conversations of recent pages are kept in memory: some 2 MB."""


class Organising(QObject):
    """Conversations as lists show them. Nothing of them is in memory but recent pages and what is open.

    What changes an order is done soon, however long the disk refuses it. All methods are called on the GUI
    thread; ``ids`` are those of conversations.
    """

    listed = Signal()
    """What is in lists, or its order, changed: a :class:`Listing` is to be read anew. Pages are not."""
    changed = Signal(str)
    """What a row shows of the conversation with this id changed, or its phase: see :meth:`known`."""
    organised = Signal()
    """:attr:`folders` or :attr:`tags` changed."""
    undoable = Signal(object)
    """The user did something that an :class:`Undo` takes back."""
    gone = Signal(str)
    """The conversation with this id is deleted: nothing shows it any more."""

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks
        self.outbox = Outbox(tasks)
        self.folders: list[Folder] = []
        """All folders, in the order of their positions."""
        self.tags: list[Tag] = []
        """All tags, by name."""
        self._sessions: WeakValueDictionary[str, ChatSession] = WeakValueDictionary()
        self._pages: OrderedDict[str, Conversation] = OrderedDict()
        self._shown: WeakKeyDictionary[QObject, str] = WeakKeyDictionary()
        self._gone: set[str] = set()

    async def listing(self, view: View) -> Listing:
        """The rows of a view. Raises ``StorageError``."""
        raise NotImplementedError

    async def page(self, seqs: Sequence[int]) -> list[Conversation]:
        """The conversations of some rows of a listing, in this order; those that are gone are left out.

        They are those of :meth:`known`: their values change, which ``changed`` tells. Raises
        ``StorageError``."""
        raise NotImplementedError

    async def conversation(self, id: str) -> Conversation | None:
        """A conversation that is not in the trash, read where it is not known. Raises ``StorageError``."""
        raise NotImplementedError

    def known(self, id: str) -> Conversation | None:
        """A stored conversation that is in memory: open, or on a page read recently. None for what was
        deleted."""
        raise NotImplementedError

    async def counts(self) -> dict[Shelf, int]:
        """How many conversations stand on each shelf. Raises ``StorageError``."""
        raise NotImplementedError

    def show(self, owner: QObject, id: str | None) -> None:
        """``owner`` shows this chat from now on, or none: an answer to one that nobody shows is unread."""
        raise NotImplementedError

    # What can be undone

    def delete(self, ids: Sequence[str]) -> None:
        """Put conversations into the trash, where they stay for 30 days."""

    def archive(self, ids: Sequence[str], archived: bool = True) -> None: ...

    def set_pinned(self, ids: Sequence[str], pinned: bool = True) -> None: ...

    def move(self, ids: Sequence[str], folder_id: str | None) -> None:
        """Put conversations into a folder; None takes them out of theirs."""

    def tag(self, ids: Sequence[str], tag_id: str, tagged: bool = True) -> None: ...

    def mark_unread(self, ids: Sequence[str], unread: bool = True) -> None: ...

    def rename(self, id: str, title: str) -> None: ...

    async def fork(self, conversation_id: str, message_id: str) -> ChatSession:
        """A new conversation that has the messages up to this one, stored. Raises ``KeyError`` or a
        ``StorageError``."""
        raise NotImplementedError

    def delete_messages(self, conversation_id: str, message_ids: Sequence[str]) -> None:
        """Put messages into the trash; what follows them stays. An answer that is being written is stopped
        first."""

    # Folders and tags

    def save_folder(self, folder: Folder) -> None:
        """Add a folder, or change the one with its id."""

    def remove_folder(self, folder_id: str) -> None:
        """Remove a folder; what is in it moves to the one around it. Can be undone."""

    def save_tag(self, tag: Tag) -> None:
        """Add a tag, or change the one with its id. Nothing where another has its name."""

    def remove_tag(self, tag_id: str) -> None:
        """Remove a tag from all chats that have it. Can be undone."""

    # The trash

    def restore(self, ids: Sequence[str]) -> None:
        """Take conversations out of the trash, to their old places."""

    async def deleted_messages(self) -> list[DeletedMessage]:
        """The messages in the trash, the last deleted first. Raises ``StorageError``."""
        raise NotImplementedError

    def restore_messages(self, message_ids: Sequence[str]) -> None: ...

    async def purge(self, ids: Sequence[str] | None = None, message_ids: Sequence[str] | None = None) -> None:
        """Delete what is in the trash for good, all of it where nothing is named. Raises ``StorageError``."""

    async def wipe(self, *, ledger: bool = False) -> None:
        """Delete every conversation and draft for good; with ``ledger`` also what they cost. Raises
        ``StorageError``."""
