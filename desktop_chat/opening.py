"""Opening the chats at start-up: what stands in the way is asked about until they are open."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from desktop_chat.domain.listing import View
from desktop_chat.keeping import Keeping
from desktop_chat.paths import Profile
from desktop_chat.storage import (
    Backup,
    DatabaseCorrupt,
    DatabaseMissing,
    DatabaseReadOnly,
    DatabaseTooNew,
    StorageError,
    Store,
    begin_anew,
    every_backup,
    newest_backup,
    put_back,
    save_readable,
    use_backup,
)
from desktop_chat.ui.notice_words import Action
from desktop_chat.ui.recovery import SAVING, Recovery

log = logging.getLogger(__name__)


class Opening:
    """Opens the store of ``profile``. ``put_in_place`` is as :meth:`Store.open` has it."""

    def __init__(
        self, profile: Profile, keeping: Keeping, put_in_place: Callable[[Path | None], object]
    ) -> None:
        self._profile = profile
        self._keeping = keeping
        self._put_in_place = put_in_place

    async def open(self) -> Store:
        """Open the database; for reading, where it cannot be written. Raises ``StorageError``."""
        database, backups = self._profile.database, self._profile.backups
        await asyncio.to_thread(self._look_for_backups)
        try:
            return await _readable(await Store.open(database, backups, put_in_place=self._put_in_place))
        except DatabaseReadOnly as error:
            if not database.is_file():
                raise
            log.warning("the database can only be read: %s", error)
            return await _readable(await Store.open(database, backups, read_only=True))

    async def ask(self, error: StorageError, recovery: Recovery) -> None:
        """Tell of what stands in the way, and do what the user wants about it. Raises ``error`` where that is
        to give up."""
        backup = await self._backup_for(error)
        answer = await recovery.ask(error, backup)
        if answer is None:
            raise error
        if answer is Action.CHOOSE_BACKUP:
            backup = await recovery.choose(self._keeping)
            answer = Action.USE_BACKUP
        try:
            await self._do(answer, error, backup, recovery)
        except StorageError as failure:
            log.error("that was not possible: %s", failure)
            await recovery.failed(failure)

    def _look_for_backups(self) -> None:
        """Raise DatabaseMissing where there is no database, and copies of it in the chosen folder."""
        database, chosen = self._profile.database, self._keeping.folder
        is_there = database.is_file() and database.stat().st_size > 0
        if not is_there and chosen != self._profile.backups and every_backup(database, chosen):
            raise DatabaseMissing(f"{database.name} is missing, but there are backups in {chosen}", database)

    async def _backup_for(self, error: StorageError) -> Backup | None:
        if isinstance(error, DatabaseTooNew):
            return error.backup
        if isinstance(error, DatabaseCorrupt):
            return await asyncio.to_thread(newest_backup, self._profile.database, self._keeping.folders)
        return None

    async def _do(
        self, answer: Action, error: StorageError, backup: Backup | None, recovery: Recovery
    ) -> None:
        database, folder = self._profile.database, self._profile.backups
        match answer:
            case Action.USE_BACKUP if backup is not None and isinstance(error, DatabaseTooNew):
                newer = await asyncio.to_thread(put_back, database, folder, backup)
                log.warning("went back to %s; what was there is now %s", backup.path, newer)
                recovery.backup_used(backup, newer)
            case Action.USE_BACKUP if backup is not None:
                kept = await asyncio.to_thread(use_backup, database, folder, backup)
                log.warning("used %s; what was there is now %s", backup.path, kept)
                recovery.put_back(backup.made_at, kept)
            case Action.SAVE_READABLE:
                with recovery.working(SAVING):
                    salvaged, kept = await asyncio.to_thread(save_readable, database, folder)
                log.warning("saved %s; what was there is now %s", salvaged, kept)
                recovery.salvaged(salvaged, kept)
            case Action.BEGIN_ANEW:
                kept = await asyncio.to_thread(begin_anew, database, folder)
                log.warning("began anew; what was there is now %s", kept)
                recovery.begun_anew(kept)
            case _:
                # Try again.
                pass


async def _readable(store: Store) -> Store:
    """``store``, after what the start needs was read; closed where that is damaged."""
    try:
        await store.drafts()
        await store.folders()
        await store.tags()
        await store.listing(View())
    except StorageError:
        await store.close()
        raise
    return store
