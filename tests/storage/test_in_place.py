"""A file that is deleted or replaced while it is open, or that cannot be written: nothing that was saved is
lost, and nothing is written where it must not be.
"""

import random
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import apsw
import pytest

from desktop_chat.domain.archive import History
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.storage import DatabaseReadOnly, DiskFull, Store
from desktop_chat.storage.database import Database
from tests.helpers.stored import conversations_of
from tests.storage.samples import begun, fill, limit_pages, opened, raw, text

pytestmark = pytest.mark.anyio

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody delete an open file")


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Store, list[Path | None]]]:
    """The store, and what it tells of its file."""
    told: list[Path | None] = []
    store = await Store.open(folder / "chats.db", folder / "backups", put_in_place=told.append)
    try:
        yield store, told
    finally:
        await store.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Nothing can be written into the folder."""
    folder.chmod(0o500)
    try:
        yield
    finally:
        folder.chmod(0o700)


@posix
@pytest.mark.parametrize(
    "gone", [("",), ("", "-wal"), ("", "-wal", "-shm"), ("-wal",), ("-wal", "-shm")], ids=" ".join
)
async def test_deleted(tmp_path: Path, gone: tuple[str, ...]) -> None:
    async with watched(tmp_path) as (store, told):
        conversation, _, answer = await begun(store)
        await store.append(answer.id, [text("one ")], durable=True)
        for end in gone:
            (tmp_path / f"chats.db{end}").unlink()
        await store.append(answer.id, [text("two")], durable=True)
        with raw(tmp_path / "chats.db") as connection:
            assert connection.execute("SELECT group_concat(text, '') FROM delta").get == "one two"
        assert told == [None]
        assert await store.quick_check() == []
    assert list(contents(tmp_path)) == ["chats.db"]
    async with opened(tmp_path) as store:
        answer = (await store.tree(conversation.id))[answer.id]
        assert (answer.text, answer.state) == ("one two", State.INTERRUPTED)


@posix
async def test_deleted_and_nothing_more_is_done(tmp_path: Path) -> None:
    async with watched(tmp_path) as (store, told):
        await begun(store)
        (tmp_path / "chats.db").unlink()
        await store.keep_in_place()
        assert told == [None]
        (tmp_path / "chats.db").unlink()
    async with opened(tmp_path) as store:
        assert len(await conversations_of(store)) == 1


@posix
async def test_the_folder_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    async with watched(folder) as (store, _):
        await begun(store)
        shutil.rmtree(folder)
        await begun(store)
    async with opened(folder) as store:
        assert len(await conversations_of(store)) == 2


@posix
@pytest.mark.parametrize("with_log", [True, False])
async def test_replaced_by_another(tmp_path: Path, with_log: bool) -> None:
    async with opened(tmp_path / "other") as other:
        await fill(other)
        shutil.copytree(tmp_path / "other", tmp_path / "copy")
    source = tmp_path / ("copy" if with_log else "other")
    async with watched(tmp_path) as (store, told):
        await begun(store)
        for file in source.iterdir():
            if file.is_file() and not file.name.endswith("-shm"):
                shutil.copyfile(file, tmp_path / f"{file.name}.new")
                (tmp_path / f"{file.name}.new").replace(tmp_path / file.name)
        before = (tmp_path / "chats.db").read_bytes()
        conversation, *_ = await begun(store)
        assert len(await conversations_of(store)) == 2
        await store.keep_in_place()
        (kept,) = told
    assert kept is not None
    assert kept.parent == tmp_path / "backups"
    assert kept.read_bytes() == before
    async with opened(tmp_path) as store:
        assert conversation.id in [each.id for each in await conversations_of(store)]
        assert await store.quick_check() == []
    (tmp_path / "again").mkdir()
    for end in ("", "-wal"):
        if (log := kept.with_name(f"{kept.name}{end}")).exists():
            shutil.copyfile(log, tmp_path / "again" / f"chats.db{end}")
    async with opened(tmp_path / "again") as store:
        assert [each.title for each in await conversations_of(store)] == ["Tides"]


@posix
async def test_without_room_to_write_it_again_nothing_is_said_to_be_saved(tmp_path: Path) -> None:
    async with watched(tmp_path) as (store, told):
        conversation, _, answer = await begun(store)
        (tmp_path / "chats.db").unlink()
        # Where the new file should be there is a folder with something in it.
        (tmp_path / "chats.partial" / "x").mkdir(parents=True)
        for _ in range(2):
            with pytest.raises(Exception, match=r"chats\.partial"):
                await store.append(answer.id, [text("one")], durable=True)
        shutil.rmtree(tmp_path / "chats.partial")
        await store.append(answer.id, [text("two")], durable=True)
        assert (await store.tree(conversation.id))[answer.id].text == "two"
        assert told == [None]


class TestReadOnly:
    async def read(self, folder: Path) -> list[str]:
        """What is read where nothing can be written; and nothing was."""
        before = contents(folder)
        store = await Store.open(folder / "chats.db", folder / "backups", read_only=True)
        try:
            assert store.is_read_only
            texts: list[str] = []
            for conversation in await conversations_of(store):
                for message in await store.tree(conversation.id):
                    assert message.state is not State.STREAMING
                    texts.append(message.text)
            assert await store.quick_check() == []
            for write in (
                begun(store),
                store.save_draft("new", "words"),
                store.append("m4", [text("x")], durable=True),
            ):
                with pytest.raises(DatabaseReadOnly):
                    await write
        finally:
            await store.close()
        assert contents(folder) == before
        return texts

    async def test_all_can_be_read(self, ordinary_user: Path) -> None:
        async with opened(ordinary_user) as store:
            await fill(store)
        async with opened(ordinary_user):
            pass
        with closed(ordinary_user):
            assert "The Moon." in await self.read(ordinary_user)

    async def test_with_a_log_and_unfinished_answers(self, ordinary_user: Path) -> None:
        async with opened(ordinary_user / "profile") as store:
            await fill(store)
            shutil.copytree(ordinary_user / "profile", ordinary_user / "crashed")
        for name in ("chats.db", "chats.db-wal"):
            (ordinary_user / "crashed" / name).chmod(0o400)
        (ordinary_user / "crashed" / "chats.db-shm").unlink()
        with closed(ordinary_user / "crashed"):
            assert {"The Moon.", "Half an answer"} <= set(await self.read(ordinary_user / "crashed"))

    async def test_of_an_older_version(self, ordinary_user: Path) -> None:
        released = Path(__file__).with_name("released")
        with raw_new(ordinary_user / "chats.db") as connection:
            connection.execute((released / "1.sql").read_text("utf-8"))
        with closed(ordinary_user):
            assert await self.read(ordinary_user)


def raw_new(path: Path) -> closing[apsw.Connection]:
    path.touch()
    return raw(path)


async def test_a_full_disk_at_random_writes_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    """At 50 random moments there is no room for a while."""
    noise = random.Random(7)
    saved: dict[str, str] = {}
    full = 0
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        saved[answer.id] = ""
        while full < 50:
            size = await store._thread.call(Database.execute, "PRAGMA page_count")
            await limit_pages(store, size[0][0] + noise.randrange(4))
            words = "word " * noise.randrange(1, 4000)
            try:
                match noise.randrange(7):
                    case 0:
                        _, _, answer = await begun(store)
                        saved[answer.id] = ""
                    case 1:
                        await store.save_draft(f"draft {full}", words)
                        saved[f"draft {full}"] = words
                    case 2:
                        brought = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, words)])
                        await store.add_history([History(Conversation(new_id()), [brought])])
                        saved[brought.id] = words
                    case 3:
                        ids = [chat.id for chat in await conversations_of(store)]
                        await store.organise(ids, pinned=noise.random() < 0.5)
                        await store.index_pending(0.01)
                    case 4:
                        lost, _, _ = await begun(store)
                        await store.delete_conversations([lost.id])
                        await store.purge([lost.id])
                    case _:
                        await store.append(answer.id, [text(words)], durable=noise.random() < 0.5)
                        saved[answer.id] += words
            except DiskFull:
                full += 1
                await limit_pages(store, 2**30)
        await limit_pages(store, 2**30)
        assert await store.quick_check() == []
    async with opened(tmp_path) as store:
        drafts = await store.drafts()
        found = {key: draft.text for key, draft in drafts.items()}
        for each in await conversations_of(store):
            found |= {message.id: message.text for message in await store.tree(each.id)}
        assert {key: found[key] for key in saved} == saved
