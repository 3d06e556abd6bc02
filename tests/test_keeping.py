"""Backups that are made by themselves: when something changed, where the user wants them, not for ever."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role
from desktop_chat.keeping import Keeping
from desktop_chat.settings import Settings
from desktop_chat.storage import Reason, StorageError, Store
from tests.helpers.stored import conversations_of
from tests.storage.samples import begun, load_file

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("qapp")]


class Kept:
    def __init__(self, folder: Path, store: Store) -> None:
        async def opened() -> Store:
            return store

        self.folder, self.store = folder, store
        self.settings = Settings(folder / "settings.json")
        self.keeping = Keeping(opened, self.settings, folder / "chats.db", folder / "backups")

    def names(self, folder: str = "backups") -> list[str]:
        return sorted(path.name for path in (self.folder / folder).glob("*.db"))

    def age(self, hours: float) -> None:
        """Make all copies older."""
        for path in (self.folder / "backups").glob("chats-*.db"):
            then = datetime.now(UTC) - timedelta(hours=hours)
            path.rename(path.with_name(f"chats-{then:%Y%m%dT%H%M%SZ}-regular-schema4.db"))


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    store = await Store.open(tmp_path / "chats.db", tmp_path / "backups")
    made = Kept(tmp_path, store)
    yield made
    await store.close()
    made.settings.close()


async def test_made_when_due_and_only_then(kept: Kept) -> None:
    await begun(kept.store)
    await kept.keeping.make_due()
    assert len(kept.names()) == 1
    await begun(kept.store)
    await kept.keeping.make_due()
    assert len(kept.names()) == 1
    kept.age(2)
    await kept.keeping.make_due()
    assert len(kept.names()) == 2
    kept.age(2)
    await kept.keeping.make_due()
    assert len(kept.names()) == 1


async def test_not_made_where_it_is_switched_off(kept: Kept) -> None:
    kept.settings.change(backups=False)
    await begun(kept.store)
    await kept.keeping.make_due()
    assert kept.names() == []


async def test_made_in_the_chosen_folder_and_found_there_and_beside_the_chats(kept: Kept) -> None:
    await begun(kept.store)
    await kept.keeping.back_up(Reason.ASKED)
    kept.settings.change(backup_folder=str(kept.folder / "other"))
    await begun(kept.store)
    path, is_new = await kept.keeping.back_up(Reason.ASKED)
    assert (path.parent.name, is_new) == ("other", True)
    assert [holdings.chats for holdings in await kept.keeping.list()] == [2, 1]
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


async def test_a_folder_that_cannot_be_written_is_told_and_harms_nothing(kept: Kept) -> None:
    (kept.folder / "file").write_bytes(b"")
    kept.settings.change(backup_folder=str(kept.folder / "file" / "below"))
    told: list[StorageError] = []
    kept.keeping.failed.connect(told.append)
    conversation, *_ = await begun(kept.store)
    await kept.keeping.make_due()
    assert [error.path for error in told] == [kept.folder / "file" / "below"]
    assert await kept.store.conversation(conversation.id) is not None


async def test_files_that_a_backup_needs_are_named(kept: Kept) -> None:
    picture = Part(PartKind.IMAGE, data=Attachment("a" * 64, "image/png", 3))
    await kept.store.begin_turn(Conversation("c"), [Message("m", None, Role.USER, [picture])])
    assert await kept.keeping.attachments() == set()
    await kept.keeping.back_up(Reason.ASKED)
    await kept.store.wipe(ledger=True)
    assert await kept.keeping.attachments() == {"a" * 64}


async def test_files_stay_while_the_chosen_folder_is_not_there(kept: Kept) -> None:
    """A disk that is not plugged in may have backups that need them."""
    chosen = kept.folder / "disk"
    kept.settings.change(backup_folder=str(chosen))
    assert await kept.keeping.attachments() is None
    chosen.mkdir()
    assert await kept.keeping.attachments() is None
    await kept.keeping.back_up(Reason.ASKED)
    assert await kept.keeping.attachments() == set()


async def test_a_copy_whose_beginning_is_damaged_is_not_the_same(kept: Kept) -> None:
    await begun(kept.store)
    damaged, _ = await kept.keeping.back_up(Reason.ASKED)
    with damaged.open("rb+") as file:
        file.write(bytes(64))
    path, is_new = await kept.keeping.back_up(Reason.ASKED)
    assert is_new
    assert [one.backup.path for one in await kept.keeping.list()] == [path]


async def test_what_is_brought_back_comes_out_of_the_trash(kept: Kept) -> None:
    chat, question, answer = await begun(kept.store)
    await kept.keeping.back_up(Reason.ASKED)
    (copy,) = await kept.keeping.list()
    for delete, ids in (
        (kept.store.delete_conversations, [chat.id]),
        (kept.store.delete_messages, [question.id]),
    ):
        for is_purged in (False, True):
            await delete(ids)
            if is_purged:
                await kept.store.purge(ids)
            async with kept.keeping.opened(copy.backup) as source:
                await kept.keeping.take(source, [one.seq for one in await conversations_of(source)])
            assert [one.id for one in await conversations_of(kept.store)] == [chat.id]
            assert {each.id for each in await kept.store.tree(chat.id)} == {question.id, answer.id}
            assert await kept.store.deleted_messages() == []


async def test_a_chat_of_an_older_version_is_brought_back(kept: Kept) -> None:
    folder = kept.folder / "backups"
    folder.mkdir()
    released = Path(__file__).parent / "storage" / "released" / "2.sql"
    load_file(released, folder / "chats-20260101T000000Z-before-0.3.0-schema2.db")
    (old,) = await kept.keeping.list()
    async with kept.keeping.opened(old.backup) as store:
        chats = await conversations_of(store)
        added = await kept.keeping.take(store, [chat.seq for chat in chats])
    assert added.chats == len(chats) > 0
    assert {chat.id for chat in await conversations_of(kept.store)} == {chat.id for chat in chats}
    assert any(one.backup.reason is Reason.RESTORE for one in await kept.keeping.list())
