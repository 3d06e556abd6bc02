"""Copies of the database: made, found again, put back.

A copy is called ``chats-20261121T144500Z-before-0.2.0-schema1.db``: when it was made, by which version of the
program, before it changed the file, and which schema it has; or ``chats-20261121T144500Z-regular-schema1.db``
with the reason.
"""

import itertools
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import apsw

from desktop_chat import __version__
from desktop_chat.storage import generations
from desktop_chat.storage.errors import DatabaseCorrupt, translated

APPLICATION_ID = 0x44436874
"""``DCht``: tells our files from any other SQLite database (``file`` prints it too)."""

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(
    r"-(?P<stamp>\d{8}T\d{6}Z)(-before-(?P<program>.+)|-(?P<reason>[a-z]+))?"
    r"-schema(?P<schema>\d+)(-(?P<number>\d+))?\.db"
)
_PAGES = 512
"""How many pages are copied at once: 2 MB, some 2 ms."""
_HEADER = 100
_PAUSE = 0.002
"""Seconds between them, in which others have the disk."""


class Reason(StrEnum):
    """Why a copy was made. The value stands in its name, "" in the names of those that earlier versions made;
    of a copy before a change of the schema the version of the program does."""

    SCHEMA = ""
    REGULAR = "regular"
    ASKED = "asked"
    IMPORT = "import"
    RESTORE = "restore"


class Backup(NamedTuple):
    """One copy. ``program`` is the version that made it before it changed the schema, "" for the others."""

    made_at: datetime
    number: int
    """Tells the copies of one second apart."""
    path: Path
    program: str
    schema: int
    reason: Reason = Reason.SCHEMA


def never() -> bool:
    """Says that work is never over."""
    return False


def make(
    source: apsw.Connection,
    path: Path,
    folder: Path,
    reason: Reason = Reason.SCHEMA,
    is_over: Callable[[], bool] = never,
) -> Path:
    """Copy the database ``path``, which ``source`` is connected to, and what its log holds, to ``folder``.

    The copy has been verified, and survives a power cut. It is as the database was in one moment, and is made
    in steps, so that others get to the disk meanwhile. Raises DatabaseCorrupt where the database is not
    sound, and ``apsw.InterruptError`` soon after ``is_over`` says so: then there is no copy.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    schema = source.pragma("user_version")
    why = f"before-{__version__}" if reason is Reason.SCHEMA else reason.value
    name = f"{path.stem}-{datetime.now(UTC):{_STAMP}}-{why}-schema{schema}"
    target = folder / f"{name}.db"
    for number in itertools.count(2):
        if not target.exists():
            break
        target = folder / f"{name}-{number}.db"
    partial = target.with_suffix(".partial")
    try:
        copy_to(source, partial, is_over)
        with closing(apsw.Connection(str(partial), flags=apsw.SQLITE_OPEN_READWRITE)) as copy:
            copy.set_progress_handler(is_over, 10_000)
            faults = _faults(copy)
        if faults != "ok":
            raise DatabaseCorrupt(f"{path.name} is damaged, so nothing was changed: {faults}", path)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(folder)
    return target


def copy_to(source: apsw.Connection, target: Path, is_over: Callable[[], bool] = never) -> None:
    """Make the file ``target`` what the database of ``source`` is, its log included; only its owner may read
    it. Raises ``apsw.InterruptError`` soon after ``is_over`` says so."""
    os.close(os.open(target, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
    # Without a transaction of our own SQLite would begin anew whenever somebody writes in between.
    begins = not source.in_transaction
    with closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as copy:
        copy.pragma("synchronous", "full")
        if begins:
            source.execute("BEGIN; SELECT count(*) FROM sqlite_schema").fetchall()
        try:
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    if is_over():
                        raise apsw.InterruptError("the copy is not wanted any more")
                    backup.step(_PAGES)
                    time.sleep(_PAUSE)
        finally:
            if begins:
                source.execute("ROLLBACK")
        # A copy in WAL mode would be three files as soon as somebody looks into it.
        copy.pragma("journal_mode", "delete")


def sync_folder(folder: Path) -> None:
    """Without this a power cut may take back a new name in ``folder``, while what comes next stays."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def keep_up(
    source: apsw.Connection, path: Path, folder: Path, reason: Reason, is_over: Callable[[], bool] = never
) -> tuple[Path, bool]:
    """As :func:`make`, where something changed since the last copy; then those go that are not needed any
    more. Returns the newest copy, and whether it was made now."""
    before = [backup for backup in every(path, folder) if backup.path.is_file()]
    with translated(folder):
        for unfinished in folder.glob(f"{path.stem}-*.partial"):
            unfinished.unlink(missing_ok=True)
        made = make(source, path, folder, reason, is_over)
        if before and _is_same(before[-1].path, made):
            made.unlink()
            return before[-1].path, False
    copies = []
    for backup in every(path, folder):
        with suppress(OSError):
            # What an older version can read is there to go back to it.
            is_safe = backup.reason is Reason.SCHEMA
            copies.append(
                generations.Copy(backup.path.name, backup.made_at, backup.path.stat().st_size, is_safe)
            )
    limit = generations.limit_for(made.stat().st_size)
    for name in generations.obsolete(copies, datetime.now(UTC), limit, made.name):
        with suppress(OSError):
            (folder / name).unlink()
    return made, True


def _is_same(one: Path, other: Path) -> bool:
    """Whether two copies hold the same: all but what in their headers counts changes."""
    with one.open("rb") as first, other.open("rb") as second:
        if os.fstat(first.fileno()).st_size != os.fstat(second.fileno()).st_size:
            return False
        if _lasting(first.read(_HEADER)) != _lasting(second.read(_HEADER)):
            return False
        while piece := first.read(1 << 20):
            if piece != second.read(1 << 20):
                return False
    return True


def _lasting(header: bytes) -> bytes:
    """The header without the file change counter, and without the version-valid-for number and the version
    of SQLite, which follow it (https://sqlite.org/fileformat2.html#the_database_header)."""
    return header[:24] + header[28:92]


def newest_readable(path: Path, folder: Path, newest_schema: int) -> Backup | None:
    """The newest copy of ``path`` in ``folder`` that is sound, and that a program can read which knows
    ``newest_schema``. The files themselves are asked, since names can be changed; nothing is written."""
    for backup in reversed(every(path, folder)):
        # Whoever opened a pipe for reading would wait for one that writes.
        if not backup.path.is_file():
            continue
        try:
            with _reading(backup.path) as connection:
                known = 0 < connection.pragma("user_version") <= newest_schema
                if known and _is_ours(connection) and _faults(connection, "quick_check") == "ok":
                    return backup
        except apsw.Error:
            continue
    return None


def program_of(path: Path, folder: Path, schema: int) -> str:
    """Which version of the program gave the database ``path`` its ``schema``, as the names of the copies in
    ``folder`` tell; "" where they do not."""
    programs = [backup.program for backup in every(path, folder) if backup.program and backup.schema < schema]
    return programs[-1] if programs else ""


def put_back(path: Path, folder: Path, backup: Backup) -> Path:
    """Make the database ``path`` what ``backup`` is, after a copy of what it is now went to ``folder``, which
    is returned. All of it or nothing, also in a power cut. Blocks.

    The database must not be open. Raises the errors of :mod:`desktop_chat.storage.errors`.
    """
    with (
        translated(path),
        copy_of(backup, check=True) as source,
        closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as target,
    ):
        target.pragma("synchronous", "full")
        kept = make(target, path, folder)
        # One transaction, which takes the log of the newer database into account.
        with target.backup("main", source, "main") as copying:
            copying.step()
    return kept


def set_aside(path: Path, folder: Path, why: str = "damaged") -> Path | None:
    """Move the database ``path`` and its log to ``folder``, as they are; ``why`` stands in the new name. None
    where there is neither."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{path.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{why}.db"
    # Its index is made anew from the log by whoever opens it.
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    moved = False
    # The log first: a database without its log looks whole, and is not.
    for end in ("-wal", ""):
        file = path.with_name(f"{path.name}{end}")
        if file.exists() and file.stat().st_size:
            file.replace(target.with_name(f"{target.name}{end}"))
            moved = True
        else:
            file.unlink(missing_ok=True)
    sync_folder(folder)
    return target if moved else None


@contextmanager
def copy_of(backup: Backup, *, check: bool = False) -> Iterator[apsw.Connection]:
    """Read a copy. ``check``: raises DatabaseCorrupt where it is not sound."""
    with _reading(backup.path) as connection:
        if check and (faults := _faults(connection)) != "ok":
            raise DatabaseCorrupt(f"{backup.path.name} is damaged: {faults}", backup.path)
        yield connection


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    """A connection that leaves no file beside the database, as reading in WAL mode would."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with closing(apsw.Connection(f"{path.absolute().as_uri()}?immutable=1", flags=flags)) as connection:
        yield connection


def _is_ours(connection: apsw.Connection) -> bool:
    return bool(connection.pragma("application_id") == APPLICATION_ID)


def _faults(connection: apsw.Connection, check: str = "integrity_check") -> str:
    """``ok``, or the first thing that is wrong; ``quick_check`` leaves out what indices hold."""
    return str(next(connection.execute(f"PRAGMA {check}"))[0])


def every(path: Path, folder: Path) -> list[Backup]:
    """Every copy of ``path`` in ``folder``, the oldest first, as their names tell."""
    try:
        files = list(folder.iterdir())
    except OSError:
        return []
    return sorted(backup for file in files if (backup := _named(file, path)) is not None)


def _named(file: Path, path: Path) -> Backup | None:
    """What the name of ``file`` says; None where it is not that of a copy of ``path``."""
    match = _NAME.fullmatch(file.name.removeprefix(path.stem))
    if match is None:
        return None
    try:
        made_at = datetime.strptime(match["stamp"], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    try:
        reason = Reason(match["reason"] or "")
    except ValueError:
        # Of a version to come.
        reason = Reason.REGULAR
    number = int(match["number"] or 1)
    return Backup(made_at, number, file, match["program"] or "", int(match["schema"]), reason)
