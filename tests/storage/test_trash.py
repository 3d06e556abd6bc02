"""What goes into the trash, comes back from it, or goes for good."""

import time
from pathlib import Path

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ledger import Grouping
from desktop_chat.domain.listing import DeletedMessage, Shelf, View
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.storage import Store
from desktop_chat.storage.trash import KEEP
from tests.helpers.stored import conversations_of
from tests.storage.samples import count, entry, fill, opened, raw

TRASH = View(Shelf.TRASH)
pytestmark = pytest.mark.anyio

CANARY = "canary"


async def grown(store: Store, shape: str, id: str = "c") -> Conversation:
    """A conversation of messages like ``1 2<1 3<2``: 2 answers 1, 3 answers 2."""
    conversation = Conversation(id, f"Chat {id}")
    messages = []
    for name in shape.split():
        name, _, parent = name.partition("<")
        said = [Part(PartKind.TEXT, f"{CANARY} {name}")]
        messages.append(Message(name, parent or None, Role.USER, said))
    await store.begin_turn(conversation, messages)
    return conversation


async def shown(store: Store, id: str = "c") -> str:
    tree = await store.tree(id)
    return " ".join(f"{each.id}<{each.parent_id}" if each.parent_id else each.id for each in tree)


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def in_files(folder: Path) -> bytes:
    """All that the database and its log hold."""
    return b"".join(file.read_bytes() for file in folder.glob("chats.db*"))


@pytest.mark.parametrize(
    ("deleted", "left", "leaf"),
    [
        ("5", "1 2<1 3<2 4<2", "3"),
        ("2", "1 3<1 4<1 5<3", "5"),
        ("2 3", "1 4<1 5<1", "5"),
        ("1", "2 3<2 4<2 5<3", "5"),
        ("1 2 3", "4 5", "5"),
        ("5 3 2 1", "4", "4"),
        ("1 2 3 4 5", "", None),
        ("unknown", "1 2<1 3<2 4<2 5<3", "5"),
    ],
)
async def test_what_answers_a_deleted_message_hangs_below_what_is_left(
    tmp_path: Path, deleted: str, left: str, leaf: str | None
) -> None:
    whole = "1 2<1 3<2 4<2 5<3"
    async with opened(tmp_path) as store:
        await grown(store, whole)
        await store.delete_messages(deleted.split())
        assert (await shown(store), (await store.tree("c")).active_leaf) == (left, leaf)
        await store.restore_messages(deleted.split())
        assert await shown(store) == whole
        await store.delete_messages(deleted.split())
        await store.empty_trash()
        await store.restore_messages(deleted.split())
        assert (await shown(store), (await store.tree("c")).active_leaf) == (left, leaf)
        assert await store.quick_check() == []
    assert all(count(tmp_path, f"{CANARY} {name}") == 0 for name in deleted.split())


async def test_what_came_after_a_deletion_stays_where_it_is_when_it_is_undone(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation = await grown(store, "1 2<1 3<2")
        await store.delete_messages(["2"])
        new = Message("4", (await store.tree("c")).path[0].id, Role.USER)
        await store.begin_turn(conversation, [new])
        assert await shown(store) == "1 3<1 4<1"
        await store.restore_messages(["2"])
        assert await shown(store) == "1 2<1 3<2 4<1"


async def test_deleted_messages_are_told_with_what_they_begin_with(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await grown(store, "1 2<1")
        await grown(store, "a b<a", "other")
        long = Message(
            "long", "2", Role.ASSISTANT, [Part(PartKind.REASONING, "Hm"), Part(PartKind.TEXT, " a\n" * 999)]
        )
        await store.begin_turn(Conversation("c"), [long])
        for id in ("1", "b", "long"):
            await store.delete_messages([id])
        first, second, _ = await store.deleted_messages()
        assert (first.id, first.role, first.excerpt) == ("long", "assistant", "a a a" + first.excerpt[5:])
        assert 50 < len(first.excerpt) <= 200
        assert second == DeletedMessage("b", "other", "Chat other", "user", "canary b", second.deleted_at)
        assert abs(second.deleted_at - time.time()) < 60
        await store.delete_conversations(["other"])
        assert [each.id for each in await store.deleted_messages()] == ["long", "1"]


async def test_only_what_is_in_the_trash_is_purged(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for id in "abc":
            await grown(store, f"{id}1 {id}2<{id}1", id)
        await store.delete_conversations(["a", "b"])
        await store.delete_messages(["c1"])
        await store.purge(["a", "c", "c2", "unknown"])
        assert await store.counts() == {Shelf.CHATS: 1, Shelf.ARCHIVE: 0, Shelf.TRASH: 1}
        assert await shown(store, "a") == ""
        assert (await shown(store, "b"), await shown(store, "c")) == ("b1 b2<b1", "c2")
        await store.purge(["c1"])
        await store.restore_messages(["c1"])
        assert await shown(store, "c") == "c2"
        await store.empty_trash()
        await store.restore_conversations(["b"])
        assert [each.id for each in await conversations_of(store)] == ["c"]
    assert count(tmp_path, f"{CANARY} a") + count(tmp_path, f"{CANARY} b") == 0
    assert count(tmp_path, f"{CANARY} c2") > 0


async def test_what_somebody_still_reads_is_gone_from_the_files_after_that(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await grown(store, "1 2<1")
        await store.delete_conversations(["c"])
        with raw(tmp_path / "chats.db") as reading:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM message").fetchall()
            await store.empty_trash()
            assert await store.conversation("c") is None
        assert CANARY.encode() in in_files(tmp_path)
        await store.drafts()
        assert CANARY.encode() not in in_files(tmp_path)


async def test_what_is_deleted_twice_keeps_its_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await grown(store, "1")
        await store.delete_conversations(["c"])
        (before,) = await conversations_of(store, TRASH)
        await store.delete_conversations(["c"])
        assert await conversations_of(store, TRASH) == [before]


async def test_after_thirty_days_it_is_gone_for_good(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for id in ("old", "new"):
            await grown(store, f"{id}1 {id}2<{id}1 {id}3<{id}2", id)
            await store.save_draft(id, f"{CANARY} draft of {id}")
        await store.delete_conversations(["old"])
        await store.delete_messages(["new1", "new2"])
        await store.save_draft("new2", f"{CANARY} edited")
        await store.purge_expired()
        assert await store.counts() == {Shelf.CHATS: 1, Shelf.ARCHIVE: 0, Shelf.TRASH: 1}
    with raw(tmp_path / "chats.db") as connection:
        long_ago = time.time() - KEEP - 60
        connection.execute("UPDATE conversation SET deleted_at = ? WHERE id = 'old'", (long_ago,))
        connection.execute("UPDATE message SET deleted_at = ? WHERE id = 'new2'", (long_ago,))
    async with opened(tmp_path) as store:
        await store.purge_expired()
        assert (await store.counts())[Shelf.TRASH] == 0
        assert [each.id for each in await store.deleted_messages()] == ["new1"]
        await store.restore_messages(["new1"])
        assert await shown(store, "new") == "new1 new3<new1"
        assert set(await store.drafts()) == {"new"}
        assert count(tmp_path, f"{CANARY} old") + count(tmp_path, f"{CANARY} edited") == 0


async def test_what_was_deleted_by_a_clock_without_a_battery_stays_for_thirty_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as store:
        await grown(store, "1 2<1")
        await grown(store, "a", "other")
        monkeypatch.setattr(time, "time", lambda: 5.0)
        await store.delete_messages(["2"])
        await store.delete_conversations(["other"])
        monkeypatch.undo()
        await store.purge_expired()
        ((deleted,), (chat,)) = (await store.deleted_messages(), await conversations_of(store, TRASH))
        assert (deleted.id, chat.id) == ("2", "other")
        assert min(deleted.deleted_at, chat.deleted_at or 0.0) > time.time() - 3600


async def test_a_large_trash_is_emptied_in_slices(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        shape = " ".join(["0", *(f"{number}<{number - 1}" for number in range(1, 3000))])
        await grown(store, shape)
        for number in range(250):
            await grown(store, f"x{number}", f"chat{number}")
        await store.delete_conversations(["c", *(f"chat{number}" for number in range(250))])
        await grown(store, "kept", "kept")
        await store.empty_trash()
        assert await store.counts() == {Shelf.CHATS: 1, Shelf.ARCHIVE: 0, Shelf.TRASH: 0}
        assert await store.quick_check() == []
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM message").get == 1


@pytest.mark.parametrize("ledger", [False, True])
async def test_all_is_wiped(tmp_path: Path, ledger: bool) -> None:
    async with opened(tmp_path) as store:
        await fill(store)
        await store.index_pending(5)
        before = await store.ledger(0, 1e10)
        report = await store.usage((0, 1e10), Grouping.MODEL)
        assert count(tmp_path, "tides")
        await store.wipe(ledger=ledger)
        assert await store.counts() == dict.fromkeys(Shelf, 0)
        assert (await store.drafts(), await store.folders(), await store.tags()) == ({}, [], [])
        assert await store.cached_answer("k1") is None
        assert [each.started_at for each in await store.ledger(0, 1e10)] == (
            [] if ledger else [each.started_at for each in before]
        )
        again = await store.usage((0, 1e10), Grouping.MODEL)
        assert again.totals.requests == (0 if ledger else report.totals.requests)
        for words in ("tides", "Tides", "Moon", "Where was I", "Très", "Énez", "slow down"):
            assert count(tmp_path, words) == 0
        await grown(store, "1 2<1")
        await store.record_attempt(entry(conversation_id="c", message_id="1"))
        assert await store.quick_check() == []
    assert files(tmp_path) == ["chats.db"]
    async with opened(tmp_path) as store:
        assert await shown(store) == "1 2<1"
