"""How the chats of a profile are listed and put in order; what the user changes can be undone."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import fields, replace
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from PySide6.QtCore import QObject, Signal

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import DeletedMessage, Folder, Listing, Place, Shelf, Tag, View
from desktop_chat.domain.titles import clean_title, title_key
from desktop_chat.outbox import Outbox
from desktop_chat.session import ChatSession
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.undo import Undo

log = logging.getLogger(__name__)

KNOWN = 2_000
"""How many conversations of recent pages are kept in memory: some 2 MB."""

MOST_TOLD = 100
"""Of how many conversations that are changed at once each is told: more take longer than a frame."""

_Change = Callable[[Conversation], None]


class Organising(QObject):
    """Conversations as lists show them. Nothing of them is in memory but recent pages and what is open.

    What changes an order is done soon, however long the disk refuses it. All methods are called on the GUI
    thread; ``ids`` are those of conversations.
    """

    listed = Signal()
    """What is in lists, or its order, changed: a :class:`Listing` is to be read anew. Pages are not."""
    changed = Signal(str)
    """What a row shows of the conversation with this id changed, or its phase: see :meth:`known`. Of many at
    once only ``listed`` tells."""
    organised = Signal()
    """:attr:`folders` or :attr:`tags` changed."""
    undoable = Signal(object)
    """The user did something that an :class:`Undo` takes back."""
    gone = Signal(str)
    """The conversation with this id is deleted: nothing shows it any more."""

    def __init__(self, opening: Awaitable[Store], tasks: Tasks) -> None:
        """``opening`` gives the store; until it does, nothing is listed and writes wait."""
        super().__init__()
        self._opening = asyncio.ensure_future(opening)
        self._tasks = tasks
        self.outbox = Outbox(tasks)
        self.folders: list[Folder] = []
        """All folders, in the order of their positions."""
        self.tags: list[Tag] = []
        """All tags, by name."""
        self._sessions: WeakValueDictionary[str, ChatSession] = WeakValueDictionary()
        self._recent: list[ChatSession] = []
        """The sessions that are kept although nobody else may hold them, the latest last."""
        self._pages: OrderedDict[str, Conversation] = OrderedDict()
        self._edits = 0
        self._edited: dict[str, int] = {}
        """Conversations that were changed, with the number of the edit."""
        self._unsaved: list[Collection[str]] = []
        """Those whose edits are on their way to the disk."""
        self._shown: WeakKeyDictionary[QObject, str] = WeakKeyDictionary()
        self._gone: set[str] = set()
        """Those that are about to be deleted: of all others the database tells."""
        self._doing: set[asyncio.Task[Any]] = set()

    # What there is

    async def listing(self, view: View) -> Listing:
        """The rows of a view. Raises ``StorageError``."""
        return await (await self._store()).listing(view)

    async def page(self, seqs: Sequence[int]) -> list[Conversation]:
        """The conversations of some rows of a listing, in this order; those that are gone are left out.

        They are those of :meth:`known`: their values change, which ``changed`` tells. Raises
        ``StorageError``."""
        store = await self._store()
        while True:
            edits = self._edits
            found = await store.conversations(seqs)
            # What was changed meanwhile is known as it is now, or has to be read once more.
            if all(self._edited.get(c.id, 0) <= edits or self._in_memory(c.id) for c in found):
                return [self._remember(conversation, edits) for conversation in found]

    async def conversation(self, id: str) -> Conversation | None:
        """A stored conversation that is not in the trash, read where it is not known. Raises
        ``StorageError``."""
        if (known := self.known(id)) is not None:
            return known
        store = await self._store()
        while True:
            edits = self._edits
            found = await store.conversation(id)
            if found is None or found.deleted_at is not None or id in self._gone:
                return None
            # As in :meth:`page`.
            if self._edited.get(id, 0) <= edits or self._in_memory(id):
                return self._remember(found, edits)

    def known(self, id: str) -> Conversation | None:
        """A stored conversation that is in memory: open, or on a page read recently. None for what was
        deleted."""
        found = self._in_memory(id)
        return found if found is not None and found.deleted_at is None and id not in self._gone else None

    async def counts(self) -> dict[Shelf, int]:
        """How many conversations stand on each shelf. Raises ``StorageError``."""
        return await (await self._store()).counts()

    def show(self, owner: QObject, id: str | None) -> None:
        """``owner`` shows this chat from now on, or none: an answer to one that nobody shows is unread."""
        self._shown.pop(owner, None)
        if id is not None:
            self._shown[owner] = id
            if (known := self.known(id)) is not None and known.unread:
                self._organise([id], lambda c: setattr(c, "unread", False), unread=False)

    # What can be undone

    def delete(self, ids: Sequence[str]) -> None:
        """Put conversations into the trash, where they stay for 30 days."""
        words = f"Deleted {self._named(ids)}"
        deleting = self._put_away(tuple(ids))
        self._offer(words, lambda: self._restore(tuple(ids), deleting))

    def archive(self, ids: Sequence[str], archived: bool = True) -> None:
        words = f"{'Archived' if archived else 'Took from the archive'} {self._named(ids)}"
        self._change(words, ids, lambda c: setattr(c, "archived", archived), archived=archived)

    def set_pinned(self, ids: Sequence[str], pinned: bool = True) -> None:
        words = f"{'Pinned' if pinned else 'Unpinned'} {self._named(ids)}"
        self._change(words, ids, lambda c: setattr(c, "pinned", pinned), pinned=pinned)

    def move(self, ids: Sequence[str], folder_id: str | None) -> None:
        """Put conversations into a folder; None takes them out of theirs. Nothing where it is gone."""
        if folder_id is not None and all(folder.id != folder_id for folder in self.folders):
            return
        name = next((f"to “{folder.name}”" for folder in self.folders if folder.id == folder_id), "")
        words = f"Moved {self._named(ids)} {name or 'out of the folder'}"
        self._change(words, ids, lambda c: setattr(c, "folder", folder_id), folder=folder_id or "")

    def tag(self, ids: Sequence[str], tag_id: str, tagged: bool = True) -> None:
        name = next((tag.name for tag in self.tags if tag.id == tag_id), "")

        def change(conversation: Conversation) -> None:
            others = tuple(tag for tag in conversation.tags if tag != tag_id)
            conversation.tags = (*others, tag_id) if tagged else others

        words = f"{'Tagged' if tagged else 'Untagged'} {self._named(ids)} “{name}”"
        tags = {"add_tags" if tagged else "remove_tags": (tag_id,)}
        self._change(words, ids, change, **tags)

    def mark_unread(self, ids: Sequence[str], unread: bool = True) -> None:
        words = f"Marked {self._named(ids)} as {'unread' if unread else 'read'}"
        self._change(words, ids, lambda c: setattr(c, "unread", unread), unread=unread)

    def rename(self, id: str, title: str) -> None:
        """Give a known conversation a title; nothing without a word in it."""
        if (known := self.known(id)) is None or not (title := clean_title(title)) or title == known.title:
            return
        before = known.title, known.title_source
        self._set_title(id, title, "user")
        self._offer(f"Renamed to “{title}”", lambda: self._set_title(id, *before))

    def delete_messages(self, conversation_id: str, message_ids: Sequence[str]) -> None:
        """Put messages into the trash; what follows them stays. An answer that is being written is stopped
        first."""
        ids = tuple(message_ids)
        leaves: list[str | None] = []
        doing = self._do(self._delete_messages(conversation_id, ids, leaves))
        words = "Deleted a message" if len(ids) == 1 else f"Deleted {len(ids):,} messages"
        self._offer(words, lambda: self._do(self._restore_messages(ids, doing, leaves)))

    # Folders and tags

    def save_folder(self, folder: Folder) -> None:
        """Add a folder, or change the one with its id. Nothing where it would lie in itself."""
        parents = {known.id: known.parent for known in self.folders}
        above = folder.parent
        while above is not None and above != folder.id:
            above = parents.get(above)
        if above is None:
            # At once, since chats may be moved into it before it is saved.
            self.folders = [*(known for known in self.folders if known.id != folder.id), folder]
            self._do(self._set_up(lambda store: store.save_folder(folder)))

    def remove_folder(self, folder_id: str) -> None:
        """Remove a folder; what is in it moves to the one around it."""
        folder = next((known for known in self.folders if known.id == folder_id), None)
        if folder is None:
            return
        inner = [known for known in self.folders if known.parent == folder_id]
        held: list[str] = []

        async def remove(store: Store) -> None:
            held[:] = await store.remove_folder(folder_id) or held
            self._set_in_memory(held, "folder", folder.parent)

        async def put_back(store: Store) -> None:
            for known in (folder, *inner):
                await store.save_folder(known)
            await store.organise(held, folder=folder_id)
            self._set_in_memory(held, "folder", folder_id)

        doing = self._do(self._set_up(remove))
        self._offer(f"Removed the folder “{folder.name}”", lambda: self._do(self._set_up(put_back, doing)))

    def save_tag(self, tag: Tag) -> None:
        """Add a tag, or change the one with its id. Nothing where another has its name."""
        key = title_key(tag.name)
        if all(known.id == tag.id or title_key(known.name) != key for known in self.tags):
            self.tags = [*(known for known in self.tags if known.id != tag.id), tag]
            self._do(self._set_up(lambda store: store.save_tag(tag)))

    def remove_tag(self, tag_id: str) -> None:
        """Remove a tag from all chats that have it."""
        tag = next((known for known in self.tags if known.id == tag_id), None)
        if tag is None:
            return
        held: list[str] = []

        async def remove(store: Store) -> None:
            held[:] = await store.remove_tag(tag_id) or held
            for known in self._known_among(held):
                known.tags = tuple(other for other in known.tags if other != tag_id)

        async def put_back(store: Store) -> None:
            await store.save_tag(tag)
            await store.organise(held, add_tags=(tag_id,))
            for known in self._known_among(held):
                known.tags = (*known.tags, tag_id)

        doing = self._do(self._set_up(remove))
        self._offer(f"Removed the tag “{tag.name}”", lambda: self._do(self._set_up(put_back, doing)))

    # The trash

    def restore(self, ids: Sequence[str]) -> None:
        """Take conversations out of the trash, to their old places."""
        self._restore(tuple(ids), None)

    async def deleted_messages(self) -> list[DeletedMessage]:
        """The messages in the trash, the last deleted first. Raises ``StorageError``."""
        return await (await self._store()).deleted_messages()

    def restore_messages(self, message_ids: Sequence[str]) -> None:
        """Take messages out of the trash, to their old places."""
        self._do(self._restore_messages(tuple(message_ids)))

    async def purge(self, ids: Sequence[str] | None = None) -> None:
        """Delete conversations and messages in the trash for good, all of them where none is named. Raises
        ``StorageError``."""
        store = await self._store()
        await (store.empty_trash() if ids is None else store.purge(ids))
        self.listed.emit()

    async def wipe(self, *, ledger: bool = False) -> None:
        """Delete every conversation, draft, folder and tag for good; with ``ledger`` also what they cost.
        Raises ``StorageError``."""
        store = await self._store()
        await self.begin_again(lambda: store.wipe(ledger=ledger))

    async def begin_again(self, change: Callable[[], Awaitable[object]]) -> None:
        """Close every conversation, await ``change``, which puts something else into the database, and read
        it anew. Raises what ``change`` does."""
        gone = {session.conversation.id for session in self._sessions.values()}
        for session in list(self._sessions.values()):
            await session.close()
        self._gone |= gone
        try:
            await self._settle()
            await self.outbox.settle()
            await change()
            for id in {*self._pages, *self._sessions}:
                self.gone.emit(id)
            self._pages.clear()
            self._sessions.clear()
            self._recent = []
        finally:
            # They may be there again.
            self._gone -= gone
        await self.reread()

    async def reread(self) -> None:
        """Something else changed the database: lists, folders and tags are read anew. Raises
        ``StorageError``."""
        await self._read_order()
        self.listed.emit()

    # How it is done

    def _do(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start something that the end of the program waits for."""
        task = self._tasks.start(work, "organise")
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return task

    async def _settle(self) -> None:
        """Wait for what was done, also for what only the disk holds up now."""
        while self._doing:
            await asyncio.wait(self._doing)

    def _offer(self, words: str, undo: Callable[[], object]) -> None:
        used: list[None] = []

        def once() -> None:
            if not used:
                used.append(None)
                undo()

        self.undoable.emit(Undo(words, once))

    def _change(self, words: str, ids: Sequence[str], change: _Change, **values: Any) -> None:
        """As :meth:`_organise`, and offer to take it back."""
        places: list[Place] = []
        doing = self._organise(ids, change, places, **values)
        self._offer(words, lambda: self._do(self._put_back(tuple(ids), places, doing)))

    def _organise(
        self, ids: Sequence[str], change: _Change, places: list[Place] | None = None, **values: Any
    ) -> "asyncio.Task[None]":
        """Do ``change`` with the conversations in memory, and store ``values``, of :meth:`Store.organise`.
        ``places`` become what they were."""

        async def write(store: Store) -> None:
            before = await store.organise(ids, **values)
            if places is not None:
                places[:] = before

        for known in self._known_among(ids):
            change(known)
        return self._do(self._save(tuple(ids), write))

    async def _put_back(self, ids: Sequence[str], places: list[Place], doing: "asyncio.Task[None]") -> None:
        async def write(store: Store) -> None:
            await store.place(places)
            where = {place.id: place for place in places}
            for known in self._known_among(where):
                place = where[known.id]
                known.folder, known.tags = place.folder, place.tags
                known.archived, known.pinned, known.unread = place.archived, place.pinned, place.unread

        await asyncio.wait([doing])
        await self._save(ids, write)

    async def _save(self, ids: Sequence[str], write: Callable[[Store], Awaitable[None]]) -> None:
        """Have ``write`` done, which changes these conversations, and tell of it."""
        unsaved = frozenset(ids)
        self._unsaved.append(unsaved)
        self._tell_changed(unsaved)

        async def save() -> None:
            try:
                await write(await self._store())
            except LookupError:
                # It is to go into a folder, or to get a tag, that is gone by now: it stays as it was.
                log.info("what was to be changed with chats is gone")
            self._unsaved.remove(unsaved)
            self._edits += 1
            self._edited.update(dict.fromkeys(unsaved, self._edits))
            self._tell_changed(unsaved)
            self.listed.emit()

        await self.outbox.write(save)

    def _tell_changed(self, ids: Collection[str]) -> None:
        if len(ids) <= MOST_TOLD:
            for known in self._known_among(ids):
                self.changed.emit(known.id)

    def _is_unsaved(self, id: str) -> bool:
        return any(id in ids for ids in self._unsaved)

    def _known_among(self, ids: Collection[str]) -> list[Conversation]:
        """Those of ``ids`` that are in memory, found by looking at the fewer of both."""
        if len(ids) > KNOWN:
            ids = {*self._pages, *self._sessions}.intersection(ids)
        return [known for id in ids if (known := self.known(id)) is not None]

    def _in_memory(self, id: str) -> Conversation | None:
        session = self._sessions.get(id)
        if session is not None and session.is_stored:
            return session.conversation
        return self._pages.get(id)

    def _remember(self, found: Conversation, edits: int) -> Conversation:
        """Keep a conversation that was read when there had been so many edits: what is in memory stays the
        same object, and what was changed meanwhile stays as it is."""
        known = self._in_memory(found.id)
        if known is None:
            known = found
        elif (
            found.id in self._sessions or self._is_unsaved(found.id) or self._edited.get(found.id, 0) > edits
        ):
            known.seq = found.seq
        else:
            for field in fields(Conversation):
                setattr(known, field.name, getattr(found, field.name))
        self._pages[found.id] = known
        self._pages.move_to_end(found.id)
        if len(self._pages) > KNOWN:
            self._pages.popitem(last=False)
        return known

    def _named(self, ids: Sequence[str]) -> str:
        if len(ids) != 1:
            return f"{len(ids):,} chats"
        known = self.known(ids[0])
        return f"“{known.title}”" if known is not None and known.title else "a chat"

    def _set_title(self, id: str, title: str, source: str) -> None:
        if (session := self._sessions.get(id)) is not None:
            session.set_title(title, source)
        elif (known := self.known(id)) is not None:
            known.title, known.title_source = title, source
            written = replace(known)
            self._do(self._save([id], lambda store: store.update_conversation(written)))

    def _put_away(self, ids: Sequence[str]) -> "asyncio.Task[None]":
        # What is not in memory nobody shows.
        known = [conversation.id for conversation in self._known_among(ids)]
        self._gone.update(ids)
        for id in known:
            self._pages.pop(id, None)
            self.gone.emit(id)
        return self._do(self._delete(ids))

    async def _delete(self, ids: Sequence[str]) -> None:
        for id in {*self._sessions}.intersection(ids):
            if (session := self._sessions.get(id)) is not None:
                await session.close()
                self._sessions.pop(id, None)
                self._recent = [other for other in self._recent if other is not session]

        async def write(store: Store) -> None:
            await store.delete_conversations(ids)
            for id in {*self._pages}.intersection(ids):
                del self._pages[id]
            self._gone.difference_update(ids)

        await self._save(ids, write)

    def _restore(self, ids: Sequence[str], deleting: "asyncio.Task[None] | None") -> None:
        async def write(store: Store) -> None:
            await store.restore_conversations(ids)
            for id in {*self._pages}.intersection(ids):
                self._pages[id].deleted_at = None

        async def restore() -> None:
            if deleting is not None:
                await asyncio.wait([deleting])
            await self._save(ids, write)

        self._do(restore())

    async def _delete_messages(
        self, conversation_id: str, ids: Sequence[str], leaves: list[str | None]
    ) -> None:
        """``leaves`` become the active leaf before and after."""
        if (session := self._sessions.get(conversation_id)) is not None:
            await session.let_go(ids)

        async def write(store: Store) -> None:
            await store.delete_messages(ids)
            if session is not None:
                before = session.tree.active_leaf
                await session.reread()
                leaves[:] = before, session.tree.active_leaf

        await self._save((), write)

    async def _restore_messages(
        self,
        ids: Sequence[str],
        deleting: "asyncio.Task[None] | None" = None,
        leaves: Sequence[str | None] = (),
    ) -> None:
        """With the ``leaves`` of the deletion what was shown is shown again, unless the chat went on."""

        async def write(store: Store) -> None:
            await store.restore_messages(ids)
            for session in list(self._sessions.values()):
                was_left = bool(leaves) and session.tree.active_leaf == leaves[1]
                await session.reread(leaves[0] if was_left else None)

        if deleting is not None:
            await asyncio.wait([deleting])
        await self._save((), write)

    async def _read_order(self) -> None:
        store = await self._store()
        self.folders, self.tags = await store.folders(), await store.tags()
        self.organised.emit()

    def _set_in_memory(self, ids: Collection[str], name: str, value: object) -> None:
        for known in self._known_among(ids):
            setattr(known, name, value)

    async def _set_up(
        self, write: Callable[[Store], Awaitable[object]], after: "asyncio.Task[None] | None" = None
    ) -> None:
        """Change folders or tags, once ``after`` is done."""

        async def save(store: Store) -> None:
            await write(store)
            await self._read_order()

        if after is not None:
            await asyncio.wait([after])
        await self._save((), save)

    async def _store(self) -> Store:
        return await asyncio.shield(self._opening)
