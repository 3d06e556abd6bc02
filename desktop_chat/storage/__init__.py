"""The only home of SQLite: conversations, what streams in, drafts and the usage ledger; one thread writes."""

from desktop_chat.storage.backups import Backup, Reason, put_back
from desktop_chat.storage.backups import every as every_backup
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
from desktop_chat.storage.export import ExportKind
from desktop_chat.storage.recovery import (
    Holdings,
    all_backups,
    attachments_of,
    begin_anew,
    newest_backup,
    prepared_copy,
    save_readable,
    use_backup,
)
from desktop_chat.storage.rows import CachedAnswer
from desktop_chat.storage.salvage import Salvaged
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
    "ExportKind",
    "Holdings",
    "Reason",
    "Salvaged",
    "StorageError",
    "Store",
    "StoreClosed",
    "all_backups",
    "attachments_of",
    "begin_anew",
    "every_backup",
    "newest_backup",
    "prepared_copy",
    "put_back",
    "save_readable",
    "use_backup",
]
