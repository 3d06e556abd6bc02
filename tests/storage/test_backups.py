"""Going back from the database of a newer version: nothing is lost on the way, and nothing done by halves."""

import asyncio
import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from desktop_chat import __version__
from desktop_chat.storage import DatabaseCorrupt, DatabaseTooNew, backups, put_back
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import translated
from desktop_chat.storage.migrations import MIGRATIONS, Migration
from tests.helpers.stored import conversations_of
from tests.storage.samples import begun, opened, raw

NOTES = Migration("notes", "A test needs one.", "CREATE TABLE note (text TEXT NOT NULL) STRICT")
MORE = Migration("more", "A test needs two.", "ALTER TABLE note ADD COLUMN more TEXT")
NEWER = (*MIGRATIONS, NOTES)
NEWEST = (*NEWER, MORE)
SCHEMA = len(MIGRATIONS)


def update(folder: Path, migrations: tuple[Migration, ...], version: str) -> None:
    """A newer version of the program opens the database, writes a note, and is killed: all is in the log."""
    own, backups.__version__ = backups.__version__, version
    try:
        database = Database(folder / "chats.db", folder / "backups", migrations)
        database.execute("INSERT INTO note (text) VALUES ('new')")
        database.close(checkpoint=False)
    finally:
        backups.__version__ = own


def refused(folder: Path) -> DatabaseTooNew:
    """What this version of the program says of the database."""
    with pytest.raises(DatabaseTooNew) as caught, translated(folder / "chats.db"):
        Database(folder / "chats.db", folder / "backups")
    return caught.value


def notes(path: Path) -> list[str]:
    with raw(path) as connection:
        return [str(row[0]) for row in connection.execute("SELECT text FROM note")]


def chats(folder: Path, *, begin: bool = False) -> list[str]:
    """The chats that this version reads; ``begin``: after it began one more."""

    async def read() -> list[str]:
        async with opened(folder) as store:
            if begin:
                await begun(store)
            assert await store.quick_check() == []
            return [conversation.id for conversation in await conversations_of(store)]

    return asyncio.run(read())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "backups").iterdir())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A profile of this version with a chat in it."""
    chats(tmp_path, begin=True)
    return tmp_path


def test_back_from_a_newer_version_with_all_chats(old: Path) -> None:
    before = chats(old)
    update(old, NEWER, "0.2.0")
    error = refused(old)
    (name,) = names(old)
    assert name.endswith(f"-before-0.2.0-schema{SCHEMA}.db")
    assert error.backup is not None
    assert (error.backup.path.name, error.needs) == (name, "0.2.0")

    kept = put_back(old / "chats.db", old / "backups", error.backup)
    assert notes(kept) == ["new"]
    assert kept.name.endswith(f"-before-{__version__}-schema{SCHEMA + 1}.db")
    assert names(old) == sorted([name, kept.name])
    assert chats(old) == before
    before = chats(old, begin=True)

    # The newer version again, on what was done since, and once more back.
    update(old, NEWER, "0.2.1")
    error = refused(old)
    assert error.needs == "0.2.1"
    assert error.backup is not None
    put_back(old / "chats.db", old / "backups", error.backup)
    assert chats(old) == before
    assert len(before) == 2
    assert len(names(old)) == 4


def test_back_over_two_changes_of_the_schema(old: Path) -> None:
    update(old, NEWER, "0.2.0")
    update(old, NEWEST, "0.3.0")
    error = refused(old)
    assert error.needs == "0.3.0"
    assert error.backup is not None
    assert error.backup.path.name.endswith(f"-before-0.2.0-schema{SCHEMA}.db")


def test_the_newest_copy_that_can_be_read_is_named(old: Path) -> None:
    folder = old / "backups"
    folder.mkdir()
    database = (old / "chats.db").read_bytes()
    good = folder / f"chats-20260102T000000Z-before-0.2.0-schema{SCHEMA}.db"
    for name in (
        good.name,
        f"chats-20260101T000000Z-schema{SCHEMA}.db",
        f"chats-20251231T000000Z-before-9.9-schema{SCHEMA}.db",
    ):
        (folder / name).write_bytes(database)
    (folder / f"chats-20260103T000000Z-before-0.2.0-schema{SCHEMA}.db").write_bytes(b"damaged" * 1000)
    (folder / f"chats-20269999T000000Z-before-0.2.0-schema{SCHEMA}.db").write_bytes(database)
    (folder / "mine.db").write_bytes(database)
    with closing(apsw.Connection(str(folder / f"chats-20260104T000000Z-schema{SCHEMA}.db"))) as other:
        other.pragma("user_version", SCHEMA)
    (folder / "chats-20260105T000000Z.damaged-wal").write_bytes(b"x")
    cut_short = folder / f"chats-20260106T000000Z-before-0.2.0-schema{SCHEMA}.db"
    cut_short.write_bytes(database[:4096].ljust(len(database), b"\0"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / f"chats-20260107T000000Z-before-0.2.0-schema{SCHEMA}.db")
    before = names(old)
    with raw(old / "chats.db") as connection:
        connection.pragma("user_version", SCHEMA + 1)
    error = refused(old)
    assert error.backup is not None
    assert error.backup.path == good
    assert names(old) == before


def test_without_a_copy_none_is_named(old: Path) -> None:
    with raw(old / "chats.db") as connection:
        connection.pragma("user_version", SCHEMA + 1)
    assert (refused(old).backup, refused(old).needs) == (None, "")


def test_a_copy_that_is_damaged_is_not_put_back(old: Path) -> None:
    update(old, NEWER, "0.2.0")
    backup = refused(old).backup
    assert backup is not None
    with raw(backup.path) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'message'").get
    damaged = bytearray(backup.path.read_bytes())
    damaged[4096 * (page - 1) : 4096 * page] = random.Random(1).randbytes(4096)
    backup.path.write_bytes(damaged)
    with pytest.raises(DatabaseCorrupt, match=backup.path.name):
        put_back(old / "chats.db", old / "backups", backup)
    assert notes(old / "chats.db") == ["new"]


KILLED_AT = """
import os, sys
from pathlib import Path
import apsw
from desktop_chat.storage import DatabaseTooNew, put_back
from desktop_chat.storage.database import Database
folder, left = Path(sys.argv[1]), int(sys.argv[2])
try:
    Database(folder / "chats.db", folder / "backups")
except DatabaseTooNew as error:
    backup = error.backup
SYSTEM = apsw.vfs_names()[0]
class Files(apsw.VFS):
    def __init__(self):
        super().__init__("dying", SYSTEM)
    def xOpen(self, name, flags):
        return File(name, flags)
class File(apsw.VFSFile):
    def __init__(self, name, flags):
        super().__init__(SYSTEM, name, flags)
    def xWrite(self, data, offset):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        super().xWrite(data, offset)
files = Files()
apsw.set_default_vfs("dying")
put_back(folder / "chats.db", folder / "backups", backup)
os._exit(0)
"""


def test_killed_at_any_write_it_is_the_newer_or_the_backup(old: Path, tmp_path: Path) -> None:
    update(old, NEWER, "0.2.0")
    files = {path: path.read_bytes() for path in sorted(old.rglob("*")) if path.is_file()}
    root = Path(__file__).parents[2]
    seen = set()
    number = 0
    ended = 9
    while ended == 9:
        folder = tmp_path / f"copy {number}"
        for path, data in files.items():
            copy = folder / path.relative_to(old)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
        command = [sys.executable, "-c", KILLED_AT, str(folder), str(number)]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        ended = subprocess.run(command, env=environment, cwd=root, check=False).returncode
        assert ended in (0, 9)
        with raw(folder / "chats.db") as connection:
            version = connection.pragma("user_version")
            assert connection.execute("PRAGMA integrity_check").get == "ok"
            has_notes = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'note'").get
            assert has_notes == version - SCHEMA
        seen.add(version)
        kept = list((folder / "backups").glob(f"*schema{SCHEMA + 1}.db"))
        assert version == SCHEMA + 1 or [notes(path) for path in kept] == [["new"]]
        number += 1 + number // 3
    assert seen == {SCHEMA, SCHEMA + 1}
