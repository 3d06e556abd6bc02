"""What takes the place of a database that cannot be opened: a copy, what can still be read, or an empty one.

The damaged file is never changed. It is moved into the folder of the copies, under a name that says when,
after what takes its place is ready: a crash in between leaves one or the other. All of it blocks, and raises
the errors of :mod:`desktop_chat.storage.errors`.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import apsw

from desktop_chat.storage.backups import (
    Backup,
    copy_of,
    copy_to,
    every,
    never,
    newest_readable,
    set_aside,
    sync_folder,
)
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import translated
from desktop_chat.storage.migrations import MIGRATIONS, migrate
from desktop_chat.storage.salvage import Salvaged, salvage

T = TypeVar("T")

_ENDS = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a copy holds. ``size`` is in bytes."""

    backup: Backup
    chats: int
    messages: int
    size: int


def newest_backup(path: Path, folders: Iterable[Path]) -> Backup | None:
    """The newest copy of the database ``path`` in ``folders`` that is sound and can be read; nothing is
    written."""
    found = (newest_readable(path, folder, len(MIGRATIONS)) for folder in folders)
    return max((backup for backup in found if backup is not None), default=None)


def all_backups(path: Path, folders: Iterable[Path]) -> list[Holdings]:
    """Every copy that can be read, the newest first, with what it holds; whether it is sound is not looked
    at."""
    found = []
    for backup in {backup.path: backup for folder in folders for backup in every(path, folder)}.values():
        with suppress(apsw.Error, OSError):
            if backup.path.is_file():
                found.append(_holdings(backup))
    return sorted(found, key=lambda holdings: holdings.backup, reverse=True)


def _holdings(backup: Backup) -> Holdings:
    with copy_of(backup) as connection:
        chats = connection.execute("SELECT count(*) FROM conversation WHERE deleted_at IS NULL").get
        messages = connection.execute("SELECT count(*) FROM message").get
    return Holdings(backup, chats, messages, backup.path.stat().st_size)


def attachments_of(path: Path, folders: Iterable[Path]) -> set[str]:
    """The hashes of the attachments that any copy refers to: a chat that is brought back needs its files."""
    found: set[str] = set()
    for backup in {backup.path: backup for folder in folders for backup in every(path, folder)}.values():
        with suppress(apsw.Error, OSError):
            if backup.path.is_file():
                with copy_of(backup) as connection:
                    found.update(hash for (hash,) in connection.execute("SELECT hash FROM attachment"))
    return found


def use_backup(path: Path, folder: Path, backup: Backup) -> Path | None:
    """Make the database ``path`` what ``backup`` is. Returns where the file went that was there."""
    return _replace(path, folder, lambda target: _fetch(backup, target))[1]


def save_readable(
    path: Path, folder: Path, is_over: Callable[[], bool] = never
) -> tuple[Salvaged, Path | None]:
    """Make the database ``path`` what can still be read of it. Returns how much that is, and where the file
    went that was there."""
    return _replace(path, folder, lambda target: salvage(path, target, is_over))


def save_readable_now(db: Database, folder: Path) -> tuple[Salvaged, Path]:
    """As :func:`save_readable`, for a database that is open and turned out to be damaged."""
    kept = folder / f"{db.path.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-damaged.db"
    fresh = db.path.with_suffix(".partial")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        db.write_to(kept)
        os.close(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
        salvaged = salvage(kept, fresh)
        Database(fresh, folder).close()
        db.become(fresh)
    finally:
        for end in _ENDS:
            fresh.with_name(f"{fresh.name}{end}").unlink(missing_ok=True)
    return salvaged, kept


def prepared_copy(backup: Backup, folder: Path, name: str) -> Path:
    """Copy ``backup`` to ``folder`` as the database ``name``, to be opened and changed there. Raises
    DatabaseCorrupt where it is not sound."""
    target = folder / name
    with translated(target):
        _fetch(backup, target)
    return target


def begin_anew(path: Path, folder: Path) -> Path | None:
    """Make ``path`` an empty database. Returns where the file went that was there."""
    return _replace(path, folder, _make_empty)[1]


def _replace(path: Path, folder: Path, build: Callable[[Path], T]) -> tuple[T, Path | None]:
    partial = path.with_suffix(".partial")
    with translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
            built = build(partial)
            kept = set_aside(path, folder)
            partial.replace(path)
        finally:
            for end in _ENDS:
                partial.with_name(f"{partial.name}{end}").unlink(missing_ok=True)
        sync_folder(path.parent)
    return built, kept


def _fetch(backup: Backup, target: Path) -> None:
    with copy_of(backup, check=True) as source:
        copy_to(source, target)


def _make_empty(target: Path) -> None:
    with closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.pragma("synchronous", "full")
        migrate(connection, target, target.parent)
