"""Copies of the database: made before its schema changes, found again, put back.

A copy is called ``chats-20261121T144500Z-before-0.2.0-schema1.db``: when it was made, by which version of the
program, before it changed the file, and which schema it has.
"""

import itertools
import os
import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import apsw

from desktop_chat import __version__
from desktop_chat.storage.errors import DatabaseCorrupt, translated

APPLICATION_ID = 0x44436874
"""``DCht``: tells our files from any other SQLite database (``file`` prints it too)."""

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(
    r"-(?P<stamp>\d{8}T\d{6}Z)(-before-(?P<program>.+))?-schema(?P<schema>\d+)(-(?P<number>\d+))?\.db"
)


class Backup(NamedTuple):
    """One copy. ``program`` is the version that made it, "" where its name does not say."""

    made_at: datetime
    number: int
    """Tells the copies of one second apart."""
    path: Path
    program: str
    schema: int


def make(source: apsw.Connection, path: Path, folder: Path) -> Path:
    """Copy the database ``path``, which ``source`` is connected to, and what its log holds, to ``folder``.

    The copy has been verified, and survives a power cut. Raises DatabaseCorrupt where the database is not
    sound.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    schema = source.pragma("user_version")
    name = f"{path.stem}-{datetime.now(UTC):{_STAMP}}-before-{__version__}-schema{schema}"
    target = folder / f"{name}.db"
    for number in itertools.count(2):
        if not target.exists():
            break
        target = folder / f"{name}-{number}.db"
    partial = target.with_suffix(".partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
        with closing(apsw.Connection(str(partial), flags=apsw.SQLITE_OPEN_READWRITE)) as copy:
            with copy.backup("main", source, "main") as backup:
                backup.step()
            # A copy in WAL mode would be three files as soon as somebody looks into it.
            copy.pragma("journal_mode", "delete")
            faults = _faults(copy)
        if faults != "ok":
            raise DatabaseCorrupt(f"{path.name} is damaged, so nothing was changed: {faults}", path)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    if sys.platform != "win32":
        # Without this a power cut may take back the new name, while what comes next stays.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return target


def newest_readable(path: Path, folder: Path, newest_schema: int) -> Backup | None:
    """The newest copy of ``path`` in ``folder`` that is sound, and that a program can read which knows
    ``newest_schema``. The files themselves are asked, since names can be changed; nothing is written."""
    for backup in reversed(_all(path, folder)):
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
    programs = [backup.program for backup in _all(path, folder) if backup.schema < schema]
    return programs[-1] if programs else ""


def put_back(path: Path, folder: Path, backup: Backup) -> Path:
    """Make the database ``path`` what ``backup`` is, after a copy of what it is now went to ``folder``, which
    is returned. All of it or nothing, also in a power cut. Blocks.

    The database must not be open. Raises the errors of :mod:`desktop_chat.storage.errors`.
    """
    with translated(path), _reading(backup.path) as source:
        if (faults := _faults(source)) != "ok":
            raise DatabaseCorrupt(f"{backup.path.name} is damaged: {faults}", backup.path)
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as target:
            target.pragma("synchronous", "full")
            kept = make(target, path, folder)
            # One transaction, which takes the log of the newer database into account.
            with target.backup("main", source, "main") as copying:
                copying.step()
    return kept


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


def _all(path: Path, folder: Path) -> list[Backup]:
    """The copies of ``path``, the oldest first."""
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
    return Backup(made_at, int(match["number"] or 1), file, match["program"] or "", int(match["schema"]))
