"""The copies of the chats: made while the program is used, looked into, put back."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_chat.domain.archive import Added
from desktop_chat.settings import Settings
from desktop_chat.storage import (
    Backup,
    Holdings,
    Reason,
    Salvaged,
    StorageError,
    Store,
    all_backups,
    attachments_of,
    every_backup,
    prepared_copy,
)

EVERY = 3600.0
"""Seconds between two copies while something changes."""

FIRST = 120.0
"""Seconds after the start before the first copy: the start has enough to do."""

LOOK = 300.0
"""Seconds between two looks at whether a copy is due."""

_LOOKS = ".look-"

log = logging.getLogger(__name__)


class Keeping(QObject):
    """The copies of one profile's database. They hold chats, drafts and the ledger, never a key.

    ``failed`` carries the :class:`StorageError` when a copy could not be made, ``made`` comes with each that
    was. ``store`` gives the store once it is open.
    """

    failed = Signal(object)
    made = Signal()

    def __init__(
        self, store: Callable[[], Awaitable[Store]], settings: Settings, database: Path, folder: Path
    ) -> None:
        super().__init__()
        self._store = store
        self._settings = settings
        self._database = database
        self._own = folder
        self._seen: object = None

    @property
    def folder(self) -> Path:
        """Where copies go."""
        chosen = self._settings.backup_folder
        return Path(chosen) if chosen else self._own

    @property
    def folders(self) -> list[Path]:
        """Where copies may be, each once."""
        return list(dict.fromkeys((self.folder, self._own)))

    async def keep(self) -> None:
        """Make a copy each hour in which something changed, for as long as the program runs."""
        await asyncio.to_thread(self._clear_up)
        await asyncio.sleep(FIRST)
        while True:
            await self.make_due()
            await asyncio.sleep(LOOK)

    async def make_due(self) -> None:
        """Make a copy where the user wants it, something changed, and the last one is an hour old."""
        if self._settings.backups and await asyncio.to_thread(self._is_due):
            try:
                await self.back_up(Reason.REGULAR)
            except StorageError as error:
                log.warning("no backup was made: %s", error)
                self.failed.emit(error)

    async def back_up(self, reason: Reason) -> tuple[Path, bool]:
        """Make a copy now, where something changed since the last: it, and whether it is new. Raises
        ``StorageError``."""
        store = await self._store()
        seen = self._look()
        made = await store.back_up(reason, self.folder)
        self._seen = seen
        self.made.emit()
        return made

    async def list(self) -> list[Holdings]:
        """Every copy that can be read, the newest first."""
        return await asyncio.to_thread(all_backups, self._database, self.folders)

    @asynccontextmanager
    async def opened(self, backup: Backup) -> AsyncIterator[Store]:
        """A store to look into a copy, which is not changed: an older one is brought up to date elsewhere."""
        async with self._prepared(backup) as path:
            store = await Store.open(path, path.parent / "backups")
            try:
                yield store
            finally:
                await store.close()

    @asynccontextmanager
    async def _prepared(self, backup: Backup) -> AsyncIterator[Path]:
        """A database of this version with what the copy has. Beside the chats, where there is room for it and
        nobody else may look."""
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix=_LOOKS, dir=self._database.parent))
        try:
            path = await asyncio.to_thread(prepared_copy, backup, folder, self._database.name)
            await (await Store.open(path, folder / "backups")).close()
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def take(self, source: Store, ids: Sequence[int]) -> Added:
        """Add conversations of a copy, by their numbers there, to those that are there now. What is in the
        trash comes out of it; what else is there already stays as it is. Raises ``StorageError``."""
        store = await self._store()
        await store.back_up(Reason.RESTORE)
        chats = messages = known = 0
        async for history in source.histories(ids):
            added = await store.add_history([history])
            await store.restore_conversations([history.conversation.id])
            await store.restore_messages(
                [message.id for message in history.messages if message.id not in history.trashed]
            )
            chats, messages, known = chats + added.chats, messages + added.messages, known + added.known
        return Added(chats, messages, known)

    async def restore(self, backup: Backup) -> Path:
        """Make the chats what ``backup`` has, after a copy of what they are, which is returned. The database
        is what it was, or what the copy is. Raises ``StorageError``."""
        store = await self._store()
        async with self._prepared(backup) as path:
            kept, _ = await store.back_up(Reason.RESTORE)
            await store.become(path)
        return kept

    async def attachments(self) -> set[str] | None:
        """The hashes of the files that copies refer to, which stay for as long; None where that cannot be
        known now: the chosen folder has none, as the empty place of a disk that is not plugged in."""
        return await asyncio.to_thread(self._attachments)

    def _attachments(self) -> set[str] | None:
        if self.folder != self._own and not every_backup(self._database, self.folder):
            return None
        return attachments_of(self._database, self.folders)

    async def save_readable(self) -> tuple[Salvaged, Path]:
        """As :meth:`Store.save_readable`."""
        return await (await self._store()).save_readable()

    def _clear_up(self) -> None:
        """Delete what a crash left of looks into copies."""
        for folder in self._database.parent.glob(f"{_LOOKS}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _is_due(self) -> bool:
        seen = self._look()
        newest = max(
            (one.made_at for folder in self.folders for one in every_backup(self._database, folder)),
            default=None,
        )
        age = (datetime.now(UTC) - newest).total_seconds() if newest else EVERY
        # A copy of a time to come was made by a clock that was wrong.
        return seen != self._seen and not 0 <= age < EVERY

    def _look(self) -> object:
        """What is other after the files were written."""
        found = []
        for name in (self._database.name, f"{self._database.name}-wal"):
            try:
                status = self._database.with_name(name).stat()
            except OSError:
                continue
            if status.st_size:
                found.append((name, status.st_size, status.st_mtime_ns))
        return found
