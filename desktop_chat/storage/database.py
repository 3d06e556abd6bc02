"""The connection to SQLite, and the one thread that uses it."""

import asyncio
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

import apsw

from desktop_chat.storage.backups import copy_to, set_aside, sync_folder
from desktop_chat.storage.errors import (
    DatabaseMissing,
    DatabaseReadOnly,
    DatabaseUnavailable,
    StorageError,
    StoreClosed,
    translated,
    writable,
)
from desktop_chat.storage.migrations import MIGRATIONS, Migration, check_origin, migrate
from desktop_chat.storage.reader import heard

OLDEST_SQLITE = (3, 51, 3)
"""Older ones can corrupt a database in WAL mode (the WAL-reset bug, https://sqlite.org/wal.html)."""

BUSY_TIMEOUT = 2_000
"""Milliseconds to wait for a lock of another process: as long as quitting may take."""

LOG_TIMEOUT = 200
"""Milliseconds to wait for those who still read from the log, before it is emptied later."""

_WAL_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_LARGEST_INTEGER = 2**63 - 1

Row = tuple[Any, ...]

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """An open, migrated database. Belongs to the thread that made it.

    Raises the errors of :mod:`desktop_chat.storage.errors`; where it does, the files are as they were.
    """

    keeps_deleted = False
    """Whether the log still holds what was deleted, since it could not be emptied."""

    def __init__(self, path: Path, backups: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self.path = path
        self._backups = backups
        self._migrations = migrations
        require_sqlite(apsw.sqlite_lib_version(), path)
        _find_or_create(path, backups)
        self._open()

    def _open(self) -> None:
        self._connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        self._synchronous = ""
        opened = False
        try:
            self._configure(self._backups, self._migrations)
            self._file, self._log_file = _identity(self.path), _identity(_log(self.path))
            opened = True
        finally:
            if not opened:
                self.close(checkpoint=False)

    @property
    def is_in_place(self) -> bool:
        """Whether the files under our path are still those that were opened. Takes some 4 microseconds."""
        try:
            return _identity(self.path) == self._file and _identity(_log(self.path)) == self._log_file
        except PermissionError:
            # Not to be seen at the moment is not gone.
            return True

    def put_in_place(self) -> Path | None:
        """A file was deleted or replaced under us: write all that was saved, which the open one still has, to
        where it was. Returns where the file went that was there instead.

        Where that fails all is as before, and it can be tried again.
        """
        other = None
        if _identity(self.path) == self._file:
            # Only the log is gone, from its folder: all that it holds goes into the database.
            self.checkpoint()
        else:
            other = self._write_anew()
        self._connection.close()
        self._open()
        return other

    def _write_anew(self) -> Path | None:
        path = self.path
        partial = path.with_suffix(".partial")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            copy_to(self._connection, partial)
            # What is in our log is in the copy. Beside the file of another it would damage that.
            if _identity(_log(path)) == self._log_file:
                _log(path).unlink(missing_ok=True)
            other = set_aside(path, self._backups, "replaced")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)
        return other

    def write_to(self, path: Path) -> None:
        """Copy every page to the file ``path`` as it is, sound or not."""
        copy_to(self._connection, path)

    def reader(self) -> apsw.Connection:
        """A connection that only reads, for the thread that asks for it."""
        connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_TIMEOUT)
        return connection

    def _configure(self, backups: Path, migrations: Sequence[Migration]) -> None:
        connection = self._connection
        connection.set_busy_timeout(BUSY_TIMEOUT)
        # A database that turns out damaged or too new must not change, not even by what its log holds.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        check_origin(connection, self.path, backups, migrations)
        if connection.readonly("main"):
            raise DatabaseReadOnly(f"{self.path} cannot be written", self.path)
        _make_private(self.path)
        _keep_unreadable_log(self.path, backups)
        if (mode := connection.pragma("journal_mode", "wal")) != "wal":
            raise DatabaseUnavailable(f"this file system allows no write-ahead log, only {mode!r}", self.path)
        if sys.platform == "darwin":
            # There fsync leaves the data in the drive's own cache.
            connection.pragma("fullfsync", True)
            connection.pragma("checkpoint_fullfsync", True)
        connection.pragma("secure_delete", True)
        connection.pragma("trusted_schema", False)
        connection.pragma("cell_size_check", True)
        connection.pragma("foreign_keys", False)
        self._synchronize("full")
        migrate(connection, self.path, backups, migrations)
        # Not before: what a migration sorts, a ledger of a million rows say, need not fit into memory.
        connection.pragma("temp_store", "memory")
        connection.pragma("foreign_keys", True)

    def execute(self, sql: str, bindings: Sequence[Any] = ()) -> list[Row]:
        """Run one statement to its end and return its rows."""
        return self.select(sql, bindings).fetchall()

    def select(self, sql: str, bindings: Sequence[Any] = ()) -> apsw.Cursor:
        """Run one statement; the rows come as they are asked for.

        What SQLite cannot hold is replaced in the bindings, here and nowhere else: a lone surrogate becomes
        U+FFFD, a number beyond 64 bits the nearest that fits.
        """
        try:
            return self._connection.execute(sql, bindings)
        except (UnicodeEncodeError, OverflowError):
            return self._connection.execute(sql, [_storable(value) for value in bindings])

    def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run one statement with each of the rows, which takes half the time of as many calls. Needs a
        transaction."""
        try:
            # A savepoint: some of the rows may be in when one cannot be held.
            with self._connection:
                self._connection.executemany(sql, rows)
        except (UnicodeEncodeError, OverflowError):
            self._connection.executemany(sql, ([_storable(value) for value in row] for row in rows))

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """All statements of the block or none. ``durable``: it survives a power cut, not just a crash."""
        self._synchronize("full" if durable else "normal")
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        finally:
            # SQLite rolls back by itself on some errors (a full disk, say), and not on others.
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _synchronize(self, level: str) -> None:
        if level != self._synchronous:
            self._connection.pragma("synchronous", level)
            self._synchronous = level

    def flush(self) -> None:
        """Make everything that was committed before survive a power cut."""
        with self.transaction():
            # SQLite syncs its log when a commit writes. This writes one page, and the same into it: an UPDATE
            # that changes nothing would write none.
            self._connection.pragma("user_version", self._connection.pragma("user_version"))

    def checkpoint(self) -> None:
        """Move everything from the log into the database and empty the log, deleted text included."""
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def forget_deleted(self, timeout: int = LOG_TIMEOUT) -> None:
        """Empty the log of what was deleted. Where others read from it for longer than ``timeout``
        milliseconds, or the disk refuses, ``keeps_deleted`` says so: the deletion itself is stored."""
        self._connection.set_busy_timeout(timeout)
        try:
            self.checkpoint()
            self.keeps_deleted = False
        except (apsw.BusyError, apsw.FullError, apsw.IOError):
            self.keeps_deleted = True
        finally:
            self._connection.set_busy_timeout(BUSY_TIMEOUT)

    @contextmanager
    def without_triggers(self) -> Iterator[None]:
        """For rows that are copied together with what triggers made of them."""
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        try:
            yield
        finally:
            self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 1)

    def become(self, path: Path) -> None:
        """Make this what the database ``path`` is, in one transaction; nothing of what it was stays in the
        files."""
        self._synchronize("full")
        with (
            closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as source,
            self._connection.backup("main", source, "main") as copying,
        ):
            copying.step()
        self.forget_deleted()

    def close(self, *, checkpoint: bool = True) -> None:
        """Close the connection. What cannot be checkpointed stays in the log for the next start."""
        try:
            if checkpoint:
                with suppress(StorageError), translated(self.path):
                    self.checkpoint()
                    self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        finally:
            self._connection.close()


class ReadOnlyDatabase(Database):
    """A database whose file or folder cannot be written: it is read, and nothing is written there.

    Where its log holds something, its schema is old or answers in it are unfinished, that is set right in a
    copy among the temporary files, which is read instead. ``prepare`` is what start-up does with a database.
    """

    def __init__(
        self, path: Path, prepare: Callable[[Database], None], migrations: Sequence[Migration] = MIGRATIONS
    ) -> None:
        self.path = path
        self._folder: Path | None = None
        self._read_from = path
        self._connection = self.reader()
        opened = False
        try:
            check_origin(self._connection, path, path.parent, migrations)
            if self._is_unfinished(len(migrations)):
                self._connection.close()
                import tempfile

                self._folder = Path(tempfile.mkdtemp(prefix="desktop-chat-"))
                self._read_from = _finished(path, self._folder, prepare, migrations)
                self._connection = self.reader()
            opened = True
        finally:
            if not opened:
                self.close()

    def _is_unfinished(self, schema: int) -> bool:
        log = _log(self.path)
        return (
            (log.exists() and log.stat().st_size > 0)
            or self._connection.pragma("user_version") != schema
            or self._connection.execute("SELECT 1 FROM message WHERE state = 'streaming'").get is not None
        )

    @property
    def is_in_place(self) -> bool:
        return True

    def transaction(self, *, durable: bool = True) -> NoReturn:
        raise DatabaseReadOnly(f"{self.path} or its folder cannot be written", self.path)

    def reader(self) -> apsw.Connection:
        # Else SQLite would make an index of the log beside it.
        uri = f"{self._read_from.absolute().as_uri()}?immutable=1"
        return apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)

    def close(self, *, checkpoint: bool = True) -> None:
        self._connection.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class StorageThread:
    """Runs functions of a :class:`Database` one after the other, off the event loop.

    What was called runs to its end, also where its caller is cancelled: cancelling only ends the waiting.
    """

    def __init__(self, path: Path, put_in_place: Callable[[Path | None], object] | None = None) -> None:
        """``put_in_place`` is called in the loop after the file was deleted or replaced, and written again:
        with where the file went that was there instead."""
        self.path = path
        self._put_in_place = put_in_place
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="storage")
        self._database: Database | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = threading.Event()
        self._check: asyncio.Future[list[str]] | None = None
        self._readings: set[asyncio.Future[Any]] = set()

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    async def open(
        self, backups: Path, prepare: Callable[[Database], None], *, read_only: bool = False
    ) -> None:
        """Open the database and run ``prepare`` on it. Where either fails, the thread has ended."""
        opened = False
        self._loop = asyncio.get_running_loop()
        try:
            open_it = self._open_for_reading if read_only else self._open
            await self._submit(open_it, backups, prepare)
            opened = True
        finally:
            if not opened:
                self._closing.set()
                self._executor.submit(self._close)
                self._executor.shutdown(wait=False)

    def _open(self, backups: Path, prepare: Callable[[Database], None]) -> None:
        database = Database(self.path, backups)
        try:
            prepare(database)
            self._database = database
        finally:
            if self._database is None:
                database.close(checkpoint=False)

    def _open_for_reading(self, backups: Path, prepare: Callable[[Database], None]) -> None:
        self._database = ReadOnlyDatabase(self.path, prepare)

    async def call(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """``function(database, …)``, run in the thread. Raises StoreClosed after :meth:`close`."""
        if self._closing.is_set():
            raise StoreClosed("the database was closed", self.path)
        return await self._submit(partial(self._call, function, *args, **kwargs))

    def reader(self) -> apsw.Connection:
        """A connection that only reads. Raises StoreClosed before :meth:`open` and after :meth:`close`."""
        if self._database is None:
            raise StoreClosed("the database was closed", self.path)
        return self._database.reader()

    async def settle(self) -> None:
        """Wait for what was called before."""
        await self.call(_do_nothing)

    def _call(self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._database is None:
            raise StoreClosed("the database was closed", self.path)
        self._keep_in_place(self._database)
        if self._database.keeps_deleted:
            self._database.forget_deleted(timeout=0)
        return function(self._database, *args, **kwargs)

    def _keep_in_place(self, database: Database) -> None:
        """Before anything is said to be saved: it would be so in a file that nobody finds again."""
        if not database.is_in_place:
            other = database.put_in_place()
            if self._loop is not None and self._put_in_place is not None:
                self._loop.call_soon_threadsafe(self._put_in_place, other)

    async def _submit(self, function: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._executor, self._translate, function, *args))

    def _translate(self, function: Callable[..., T], *args: object) -> T:
        with translated(self.path):
            return function(*args)

    async def quick_check(self) -> list[str]:
        """What SQLite's ``quick_check`` finds, at most 100 lines; [] where all is sound.

        Reads the whole file, some 3 s a gigabyte. Who asks while it runs gets what it finds.
        """
        if self._closing.is_set():
            raise StoreClosed("the database was closed", self.path)
        if self._check is None or self._check.done():
            self._check = asyncio.ensure_future(self.read(_quick_check))
            self._check.add_done_callback(heard)
        return await asyncio.shield(self._check)

    async def read(
        self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """``function(connection, …)`` in a thread and with a read-only connection of its own.

        For what takes long: the answers that stream in meanwhile must be saved. It sees what was called
        before. Where its caller is cancelled or the database closed, SQLite interrupts it.
        """
        await self.settle()
        if self._closing.is_set():
            raise StoreClosed("the database was closed", self.path)
        stop = threading.Event()
        run = partial(self._read, stop, function, *args, **kwargs)
        reading = asyncio.ensure_future(asyncio.to_thread(run))
        self._readings.add(reading)
        reading.add_done_callback(self._readings.discard)
        reading.add_done_callback(heard)
        try:
            return await asyncio.shield(reading)
        finally:
            stop.set()

    def _read(
        self,
        stop: threading.Event,
        function: Callable[Concatenate[apsw.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        with translated(self.path), closing(self.reader()) as connection:
            connection.set_progress_handler(lambda: stop.is_set() or self._closing.is_set(), 10_000)
            connection.pragma("temp_store", "memory")
            return function(connection, *args, **kwargs)

    async def close(self) -> None:
        """Finish what was called, empty the log and close. Calling it again does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._readings:
            await asyncio.wait(self._readings)
        try:
            await self._submit(self._close)
        finally:
            self._executor.shutdown(wait=False)

    def _close(self) -> None:
        if self._database is not None:
            with suppress(StorageError), translated(self.path):
                self._keep_in_place(self._database)
            self._database.close()
            self._database = None


def _finished(
    path: Path, folder: Path, prepare: Callable[[Database], None], migrations: Sequence[Migration]
) -> Path:
    """A copy of the database in ``folder``, set right."""
    copy = folder / path.name
    for source, target in ((path, copy), (_log(path), _log(copy))):
        if source.exists():
            shutil.copyfile(source, target)
    database = Database(copy, folder / "backups", migrations)
    try:
        prepare(database)
    finally:
        database.close()
    return copy


def require_sqlite(version: str, path: Path) -> None:
    """Raise DatabaseUnavailable for an SQLite that is not safe to use."""
    if tuple(int(number) for number in version.split(".")[:3]) < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise DatabaseUnavailable(f"SQLite {version} can damage databases; {needed} or newer is needed", path)


def _find_or_create(path: Path, backups: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        status = None
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise DatabaseUnavailable(f"{path.name} is not a file", path)
    if status is not None and not (writable(path) and writable(path.parent)):
        # Asked before SQLite is: it would open the database for reading only, and leave a log and an index
        # that cannot be written either, also after the user has set the permissions right.
        raise DatabaseReadOnly(f"{path} or its folder cannot be written", path)
    if status is not None and status.st_size > 0:
        return
    log = _log(path)
    found = "is missing" if status is None else "is empty"
    if backups.is_dir() and any(backups.iterdir()):
        raise DatabaseMissing(f"{path.name} {found}, but there are backups of it", path)
    # SQLite deletes the log of an empty database, and with it what may be all that is left.
    if log.exists() and log.stat().st_size > 0:
        raise DatabaseMissing(f"{path.name} {found}, but its log {log.name} is there", path)
    if status is None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite would create it as the umask says; -wal and -shm get the mode of the database.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from any other, whatever its name; None where there is none."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _keep_unreadable_log(path: Path, backups: Path) -> None:
    """Copy a log that SQLite will ignore, and overwrite, because its beginning is damaged."""
    log = _log(path)
    if not log.exists():
        return
    with log.open("rb") as file:
        magic = file.read(4)
    if magic and magic not in _WAL_MAGIC:
        backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy = backups / f"{path.stem}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.damaged-wal"
        shutil.copyfile(log, copy)
        copy.chmod(0o600)


def _make_private(path: Path) -> None:
    for file in (path, _log(path), path.with_name(path.name + "-shm")):
        # A file of another owner stays as it is; whether we may write it, SQLite knows.
        with suppress(FileNotFoundError, PermissionError):
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                file.chmod(0o600)


def _quick_check(connection: apsw.Connection) -> list[str]:
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check")]
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def _do_nothing(db: Database) -> None:
    """For who only waits."""


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int):
        return max(-_LARGEST_INTEGER, min(value, _LARGEST_INTEGER))
    return value


def storable(text: str) -> str:
    """``text`` as it is stored: without lone surrogates, which SQLite cannot hold."""
    # By way of UTF-16, so that two surrogates that form a pair become their character.
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
