"""What may be found where the database should be: what is refused is left exactly as it was."""

import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.storage import (
    DatabaseCorrupt,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseReadOnly,
    DatabaseTooNew,
    DatabaseUnavailable,
    StorageError,
    Store,
)
from desktop_chat.storage.database import require_sqlite
from tests.helpers.stored import conversations_of
from tests.storage.samples import begun, opened, raw, text, turn

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 64


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the database that says something; -shm can be made again from the others."""
    names = ("chats.db", "chats.db-wal")
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


async def read_all(store: Store, conversation_id: str) -> None:
    await conversations_of(store)
    await store.tree(conversation_id)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make_readable(path: Path) -> None:
    path.chmod(0o644)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    before = mode(path)
    path.chmod(before & ~0o222)
    try:
        yield
    finally:
        path.chmod(before)


async def refused(folder: Path, error: type[StorageError]) -> StorageError:
    """Open, check that exactly ``error`` is raised and that no byte changed."""
    before = contents(folder)
    with pytest.raises(StorageError) as caught:
        await Store.open(folder / "chats.db", folder / "backups")
    assert type(caught.value) is error
    assert caught.value.path == folder / "chats.db"
    assert caught.value.message
    after = contents(folder)
    assert after.pop("chats.db-wal", b"") == before.pop("chats.db-wal", b"")
    assert after == before
    return caught.value


@pytest.fixture
async def sound(tmp_path: Path) -> bytes:
    """The bytes of a sound database of some sixty pages; it is in place as well."""
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id())
        parent = None
        for number in range(100):
            message = Message(new_id(), parent, Role.USER, [Part(PartKind.TEXT, f"{number} " * 300)])
            await store.begin_turn(conversation, [message])
            parent = message.id
    return contents(tmp_path)["chats.db"]


@pytest.mark.parametrize("kept", [10, 90, 1000, 4096, 4096 * 7, 4096 * 20 + 100])
async def test_truncated(tmp_path: Path, sound: bytes, kept: int) -> None:
    (tmp_path / "chats.db").write_bytes(sound[:kept])
    await refused(tmp_path, DatabaseCorrupt)


@pytest.mark.parametrize(
    "start",
    [bytes(100), bytes(4096), random.Random(1).randbytes(4096), PNG, b"plain text\n" * 50],
    ids=["zero header", "zero page", "noise", "picture", "text"],
)
@pytest.mark.parametrize("whole", [True, False])
async def test_overwritten_at_the_start(tmp_path: Path, sound: bytes, start: bytes, whole: bool) -> None:
    (tmp_path / "chats.db").write_bytes(start if whole else start + sound[len(start) :])
    await refused(tmp_path, DatabaseCorrupt)


async def test_another_programs_database(tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / "chats.db"))) as connection:
        connection.execute("CREATE TABLE bookmark (url)")
    error = await refused(tmp_path, DatabaseCorrupt)
    assert "another program" in error.message


async def test_noise_anywhere_is_told_or_harmless(tmp_path: Path, sound: bytes) -> None:
    refusals = 0
    for seed in range(60):
        noise = random.Random(seed)
        damaged = bytearray(sound)
        sector = noise.randrange(len(sound) // 512) * 512
        damaged[sector : sector + 512] = noise.randbytes(512)
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        (folder / "chats.db").write_bytes(damaged)
        try:
            store = await Store.open(folder / "chats.db", folder / "backups")
        except StorageError:
            refusals += 1
            assert contents(folder)["chats.db"] == damaged
            continue
        try:
            for conversation in await conversations_of(store):
                await store.tree(conversation.id)
            assert isinstance(await store.quick_check(), list)
        except DatabaseCorrupt:
            refusals += 1
        finally:
            await store.close()
    assert refusals > 0


async def test_damaged_page_is_found_by_the_check(tmp_path: Path, sound: bytes) -> None:
    damaged = bytearray(sound)
    damaged[4096 * 3 : 4096 * 4] = random.Random(3).randbytes(4096)
    (tmp_path / "chats.db").write_bytes(damaged)
    async with opened(tmp_path) as store:
        assert await store.quick_check() != []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE message SET state = 'strexming'",
        "UPDATE part SET text = CAST(x'ff80' AS TEXT)",
        "UPDATE message SET error = '{'",
        "UPDATE conversation SET title = CAST(x'ff80' AS TEXT)",
    ],
)
async def test_values_that_cannot_be(tmp_path: Path, change: str) -> None:
    async with opened(tmp_path) as store:
        conversation, *_ = await begun(store)
    with raw(tmp_path / "chats.db") as connection:
        connection.execute(change)
    async with opened(tmp_path) as store:
        with pytest.raises(DatabaseCorrupt, match="damaged"):
            await read_all(store, conversation.id)


@pytest.mark.parametrize("zero_bytes", [True, False])
async def test_missing_or_empty_while_there_are_backups(tmp_path: Path, zero_bytes: bool) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "chats-1.db").write_bytes(b"copy")
    if zero_bytes:
        (tmp_path / "chats.db").touch()
    error = await refused(tmp_path, DatabaseMissing)
    assert isinstance(error, DatabaseCorrupt)


@pytest.mark.parametrize("zero_bytes", [True, False])
async def test_missing_or_empty_while_its_log_is_there(tmp_path: Path, zero_bytes: bool) -> None:
    (tmp_path / "chats.db-wal").write_bytes(b"all that is left")
    if zero_bytes:
        (tmp_path / "chats.db").touch()
    await refused(tmp_path, DatabaseMissing)


@pytest.mark.parametrize("zero_bytes", [True, False])
async def test_missing_or_empty_without_backups_is_made(tmp_path: Path, zero_bytes: bool) -> None:
    (tmp_path / "backups").mkdir()
    if zero_bytes:
        (tmp_path / "chats.db").touch()
    async with opened(tmp_path) as store:
        await begun(store)
        assert len(await conversations_of(store)) == 1


async def test_garbage_in_the_log_costs_nothing_else_and_is_kept(tmp_path: Path, sound: bytes) -> None:
    garbage = random.Random(2).randbytes(50_000)
    (tmp_path / "chats.db-wal").write_bytes(garbage)
    async with opened(tmp_path) as store:
        (conversation,) = await conversations_of(store)
        assert len(await store.tree(conversation.id)) == 100
        await begun(store)
        assert await store.quick_check() == []
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.read_bytes() == garbage
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


async def crashed(folder: Path, last_words: str) -> Path:
    """A copy of a database as a crash leaves it: ``last_words``, the last statement, is in the log alone."""
    async with opened(folder) as store:
        _, _, answer = await begun(store)
        await store.append(answer.id, [text("x")], durable=True)
        with raw(folder / "chats.db") as other:
            other.execute(last_words)
            return as_it_is(folder)


def as_it_is(folder: Path) -> Path:
    copy = folder / "crashed"
    copy.mkdir()
    for name, data in contents(folder).items():
        (copy / name).write_bytes(data)
    return copy


async def test_a_kind_in_the_log_that_this_version_does_not_know_is_kept(tmp_path: Path) -> None:
    folder = await crashed(tmp_path, "UPDATE delta SET kind = 'tex'")
    store = await Store.open(folder / "chats.db", folder / "backups")
    (conversation,) = await conversations_of(store)
    *_, answer = (await store.tree(conversation.id)).path
    await store.close()
    assert {part.kind for part in answer.parts} == {PartKind.UNKNOWN}


async def test_too_new_with_a_log_beside_it(tmp_path: Path) -> None:
    error = await refused(await crashed(tmp_path, "PRAGMA user_version = 7"), DatabaseTooNew)
    assert "newer version" in error.message
    assert "7" in error.message


async def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "chats.db").mkdir()
    with pytest.raises(DatabaseUnavailable):
        await Store.open(tmp_path / "chats.db", tmp_path / "backups")


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.17"])
def test_sqlite_that_damages_databases(version: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=version):
        require_sqlite(version, Path("chats.db"))


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "4.0.0", apsw.sqlite_lib_version()])
def test_sqlite_that_is_safe(version: str) -> None:
    require_sqlite(version, Path("chats.db"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
class TestPermissions:
    async def test_only_the_user_can_read_what_is_made(self, tmp_path: Path) -> None:
        folder = tmp_path / "profile"
        before = os.umask(0)
        try:
            async with opened(folder) as store:
                await begun(store)
                assert [mode(folder / f"chats.db{end}") for end in ("", "-wal", "-shm")] == [0o600] * 3
        finally:
            os.umask(before)
        assert mode(folder) == 0o700

    @pytest.mark.usefixtures("sound")
    async def test_what_others_could_read_is_closed_to_them(self, tmp_path: Path) -> None:
        make_readable(tmp_path / "chats.db")
        async with opened(tmp_path):
            assert mode(tmp_path / "chats.db") == 0o600

    @pytest.mark.parametrize("name", ["chats.db", "."])
    async def test_read_only(self, ordinary_user: Path, name: str) -> None:
        async with opened(ordinary_user) as store:
            await begun(store)
        with read_only(ordinary_user / name):
            await refused(ordinary_user, DatabaseReadOnly)
        async with opened(ordinary_user) as store:
            assert len(await conversations_of(store)) == 1

    async def test_read_only_folder_without_a_database(self, ordinary_user: Path) -> None:
        with read_only(ordinary_user):
            for path in (ordinary_user / "chats.db", ordinary_user / "new" / "chats.db"):
                with pytest.raises(DatabaseReadOnly):
                    await Store.open(path, path.parent / "backups")


@contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    """Another process runs ``statements`` on the database and stays there."""
    script = (
        "import apsw, sys\n"
        "connection = apsw.Connection(sys.argv[1])\n"
        "for statement in sys.argv[2:]: connection.execute(statement).fetchall()\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path), *statements], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            yield
        finally:
            process.kill()


async def test_locked_by_another_process(tmp_path: Path, sound: bytes) -> None:
    with held(
        tmp_path / "chats.db", "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "DELETE FROM draft"
    ):
        await refused(tmp_path, DatabaseLocked)
    async with opened(tmp_path) as store:
        assert len(await conversations_of(store)) == 1


async def test_locked_while_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        with held(tmp_path / "chats.db", "BEGIN IMMEDIATE"):
            with pytest.raises(DatabaseLocked):
                await store.append(answer.id, [text("x")], durable=False)
            assert len(await store.tree(conversation.id)) == 2
        await store.append(answer.id, [text("y")], durable=False)
        assert (await store.tree(conversation.id))[answer.id].text == "y"


async def test_answers_that_were_being_written_become_interrupted(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        nothing = turn(parent_id=question.id)
        await store.begin_turn(conversation, nothing)
        answer.parts = [Part(PartKind.REASONING, "hm", 1.5), Part(PartKind.TEXT, "one")]
        await store.finish(answer)
        await store.reopen(answer.id)
        await store.append(answer.id, [text(" two"), text(" three")], durable=False)
    async with opened(tmp_path) as store:
        tree = await store.tree(conversation.id)
        assert tree[answer.id].state is State.INTERRUPTED
        assert tree[answer.id].parts == [
            Part(PartKind.REASONING, "hm", 1.5),
            Part(PartKind.TEXT, "one two three"),
        ]
        assert (tree[nothing[1].id].state, tree[nothing[1].id].parts) == (State.INTERRUPTED, [])
        assert tree[question.id].state is State.COMPLETE
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM delta").get == 0
