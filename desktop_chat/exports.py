"""Exports: chats read from the database and written to files, in a thread, while the program goes on."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from desktop_chat.attachments import Attachments
from desktop_chat.domain.archive import History, Library
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.listing import Folder, Shelf, View
from desktop_chat.domain.message import Attachment
from desktop_chat.exporting import Format, Plan, Report, Scope, export
from desktop_chat.exporting import View as Look
from desktop_chat.session import NEW_CHAT_DRAFT
from desktop_chat.storage import Store

SLICE = 0.02
"""Seconds of reading before the thread gets what was read."""
TOLD = 0.1
"""Seconds between two words on how far it is."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a scope holds: how many chats, and the title of the only one. ``has_attachments`` is only sure for
    one chat; for more it is True."""

    chats: int
    title: str = ""
    has_attachments: bool = True


class Exports:
    """Writes the chats of one profile. ``store`` gives its database, once it is open."""

    def __init__(self, store: Callable[[], Awaitable[Store]], attachments: Attachments) -> None:
        self._store, self._attachments = store, attachments

    async def look(self, scope: Scope) -> Contents:
        """What there is to export. Raises ``StorageError``."""
        store = await self._store()
        seqs = await _seqs(store, scope)
        if len(seqs) != 1:
            return Contents(len(seqs), has_attachments=bool(seqs))
        async with aclosing(store.histories(seqs)) as found:
            async for history in found:
                return Contents(1, history.conversation.title, _has_attachments(history))
        return Contents(0, has_attachments=False)

    async def write(self, scope: Scope, plan: Plan, look: Look, progress: Callable[[int], None]) -> Report:
        """Write what ``scope`` holds; ``progress`` is called with the chats written so far.

        Cancelling it leaves nothing half written, and returns when that is so. Raises ``StorageError``, and
        :class:`~desktop_chat.exporting.ExportFailed` with what the user can do about it.
        """
        store = await self._store()
        is_own = plan.format is Format.JSON
        library: Library | None = None
        if is_own and scope.is_all:
            drafts = await store.drafts()
            new = {NEW_CHAT_DRAFT: drafts[NEW_CHAT_DRAFT]} if NEW_CHAT_DRAFT in drafts else {}
            library = Library(tuple(await store.folders()), tuple(await store.tags()), new)
        # Of everything our own format has what is in the trash, too.
        seqs = None if is_own and scope.is_all else await _seqs(store, scope)
        loop = asyncio.get_running_loop()
        stop = threading.Event()
        told = 0.0

        def tell(chats: int) -> None:
            nonlocal told
            if (now := time.monotonic()) - told >= TOLD:
                told = now
                loop.call_soon_threadsafe(progress, chats)

        async with (
            aclosing(store.histories(seqs)) as histories,
            aclosing(_entries(store) if library is not None else _nothing()) as entries,
        ):

            def run() -> Report:
                return export(
                    _blocking(histories, loop),
                    plan,
                    read=self._attachments.read_now,
                    view=look,
                    library=library,
                    ledger=_blocking(entries, loop),
                    progress=tell,
                    is_cancelled=stop.is_set,
                )

            running = asyncio.ensure_future(asyncio.to_thread(run))
            try:
                return await asyncio.shield(running)
            finally:
                # The thread asks this loop for what it writes, so it can only end while this waits for it.
                stop.set()
                look.stop()
                await _ended(running)


async def _ended(running: "asyncio.Future[Report]") -> None:
    """Wait until the thread has cleaned up, also where this is cancelled once more."""
    cancelled = False
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            cancelled = True
    if not running.cancelled():
        running.exception()
    if cancelled:
        raise asyncio.CancelledError


async def _seqs(store: Store, scope: Scope) -> list[int]:
    """The conversations of a scope that are not in the trash, as they are listed."""
    if scope.ids is not None:
        found = [await store.conversation(id) for id in scope.ids]
        return [each.seq for each in found if each is not None and each.deleted_at is None]
    folders: list[str | None] = [None]
    if scope.folder is not None:
        folders = list(_below(scope.folder, await store.folders()))
    seqs: list[int] = []
    for shelf in (Shelf.CHATS, Shelf.ARCHIVE):
        for folder in folders:
            seqs += (await store.listing(View(shelf=shelf, folder=folder))).seqs
    return seqs


def _below(folder: str, folders: list[Folder]) -> Iterator[str]:
    """A folder, and those in it at any depth."""
    waiting = [folder]
    while waiting:
        yield (above := waiting.pop())
        waiting += [each.id for each in folders if each.parent == above]


def _has_attachments(history: History) -> bool:
    return any(
        isinstance(part.data, Attachment) and part.data.hash
        for message in history.messages
        for part in message.parts
    )


async def _nothing() -> AsyncGenerator[LedgerEntry, None]:
    return
    yield


async def _entries(store: Store) -> AsyncGenerator[LedgerEntry, None]:
    """The whole ledger, in the order in which it was entered."""
    after = 0
    while found := await store.entries(after):
        for _seq, entry in found:
            yield entry
        after = found[-1][0]


def _blocking(found: AsyncGenerator[_T, None], loop: asyncio.AbstractEventLoop) -> Iterator[_T]:
    """What an asynchronous generator of ``loop`` yields, for another thread, in its order."""

    async def some() -> list[_T]:
        until = time.monotonic() + SLICE
        values = []
        async for value in found:
            values.append(value)
            if time.monotonic() > until:
                break
        return values

    while values := asyncio.run_coroutine_threadsafe(some(), loop).result():
        yield from values
