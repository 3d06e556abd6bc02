"""The only home of SQLite: conversations, what streams in, drafts and the usage ledger, on one thread."""

from desktop_chat.storage.backups import Backup, put_back
from desktop_chat.storage.errors import (
    DatabaseCorrupt,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseReadOnly,
    DatabaseTooNew,
    DatabaseUnavailable,
    DiskFull,
    StorageError,
    StoreClosed,
)
from desktop_chat.storage.rows import CachedAnswer
from desktop_chat.storage.store import Store

__all__ = [
    "Backup",
    "CachedAnswer",
    "DatabaseCorrupt",
    "DatabaseLocked",
    "DatabaseMissing",
    "DatabaseReadOnly",
    "DatabaseTooNew",
    "DatabaseUnavailable",
    "DiskFull",
    "StorageError",
    "Store",
    "StoreClosed",
    "put_back",
]
