"""What can go wrong with the database, by what the user can do about it.

StorageError
├── DatabaseCorrupt       not a database, or a damaged one: nothing was overwritten; a backup can replace it
│   └── DatabaseMissing       gone or empty, although backups tell that there was one
├── DatabaseTooNew        written by a newer version of the program: update it, or put a backup back
├── DatabaseLocked        another program holds it: close that one
├── DatabaseReadOnly      the file, its folder or its file system cannot be written
├── DiskFull              make room; what failed can then be saved again
├── DatabaseUnavailable   it cannot be opened, read or written for another reason of the system's
└── StoreClosed           the store was closed before

Everything else that SQLite reports is a bug of the program and is passed on as it is.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from desktop_chat.storage.backups import Backup


class StorageError(Exception):
    """The base. ``message`` says what SQLite or the system said, in plain words; ``path`` is the database."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class DatabaseCorrupt(StorageError): ...


class DatabaseMissing(DatabaseCorrupt): ...


class DatabaseTooNew(StorageError):
    """``backup`` is the newest copy that this version can read, and ``needs`` the version of the program that
    made the file what it is; None and "" where there is none, or where it is not known."""

    def __init__(self, message: str, path: Path, *, backup: "Backup | None" = None, needs: str = "") -> None:
        super().__init__(message, path)
        self.backup = backup
        self.needs = needs


class DatabaseLocked(StorageError): ...


class DatabaseReadOnly(StorageError): ...


class DiskFull(StorageError): ...


class DatabaseUnavailable(StorageError): ...


class StoreClosed(StorageError): ...


_KINDS: dict[type[apsw.Error], type[StorageError]] = {
    apsw.BusyError: DatabaseLocked,
    apsw.LockedError: DatabaseLocked,
    apsw.ProtocolError: DatabaseLocked,
    apsw.ReadOnlyError: DatabaseReadOnly,
    apsw.PermissionsError: DatabaseReadOnly,
    apsw.FullError: DiskFull,
    apsw.CorruptError: DatabaseCorrupt,
    apsw.NotADBError: DatabaseCorrupt,
    apsw.CantOpenError: DatabaseUnavailable,
    apsw.IOError: DatabaseUnavailable,
    apsw.InterruptError: StoreClosed,
}

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn known failures of SQLite and the system into the classes above; bugs pass unchanged."""
    try:
        with system_translated(path):
            yield
    except apsw.Error as error:
        kind = _KINDS.get(type(error))
        if kind is None:
            raise
        # The index of the log (-shm) is grown by ftruncate and written through a mapping, so SQLite reports
        # a full disk there as an I/O error of its own.
        if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
            kind = DiskFull
        elif kind is DatabaseUnavailable and not writable(path.parent):
            kind = DatabaseReadOnly
        raise kind(str(error), path) from error


@contextmanager
def system_translated(path: Path) -> Iterator[None]:
    """The same for failures of the system alone, at any file."""
    try:
        yield
    except OSError as error:
        kind: type[StorageError] = DatabaseUnavailable
        if error.errno in _NO_SPACE:
            kind = DiskFull
        elif error.errno in _NOT_ALLOWED:
            kind = DatabaseReadOnly
        raise kind(f"{error.strerror or error}: {error.filename or path}", path) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Around building values from rows: what no version of the program wrote is damage, not a bug.

    SQLite does not see every flipped bit: one in a text comes out as bytes that are no UTF-8, one in a
    state or a number as a value that does not exist.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError) as error:
        raise DatabaseCorrupt(f"the database holds a damaged value: {error}", path) from error


def writable(path: Path) -> bool:
    """Whether the system lets this process write the file, or make files in the folder."""
    needed = os.W_OK | os.X_OK if path.is_dir() else os.R_OK | os.W_OK
    return os.access(path, needed, effective_ids=os.access in os.supports_effective_ids)
