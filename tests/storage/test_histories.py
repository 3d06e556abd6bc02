"""Whole histories: what is added, what is left alone, and that what is read is what was stored."""

import copy
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.archive import Added, History, Library
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ledger import Grouping
from desktop_chat.domain.listing import Folder, Shelf, Tag, View
from desktop_chat.domain.message import Attachment, Draft, Message, Part, PartKind, Role, State, Unknown
from desktop_chat.storage import DiskFull, Store
from tests.helpers.stored import conversations_of
from tests.storage.samples import DRAFT, TAG, begun, fill, limit_pages, opened, turn

pytestmark = pytest.mark.anyio


def said(id: str, parent: str | None = None, **changes: Any) -> Message:
    message = Message(id, parent, Role.USER, [Part(PartKind.TEXT, f"This is {id}.")], created_at=1.0)
    return replace(message, **changes)


def history(id: str = "c", *messages: Message, **changes: Any) -> History:
    conversation = Conversation(id, f"Chat {id}", used_at=5.0, created_at=4.0)
    return History(replace(conversation, **changes), list(messages))


async def all_of(store: Store) -> list[History]:
    """All histories, with errors as what they are stored as: two errors are never equal."""
    found = [each async for each in store.histories()]
    for message in (message for each in found for message in each.messages if message.error is not None):
        assert message.error is not None
        message.finish_reason, message.error = str(message.error.to_json()), None
    return found


async def ids(store: Store, id: str = "c") -> list[tuple[str, str | None]]:
    return [(message.id, message.parent_id) for message in await store.tree(id)]


async def test_what_is_read_and_added_elsewhere_is_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path / "a") as store:
        await fill(store)
        await store.finish(replace(said("m4"), state=State.COMPLETE))
        await store.save_draft("m1", "edited", DRAFT.parts)
        await store.delete_messages(["m3"])
        exported = [each async for each in store.histories()]
        before = await all_of(store)
        library = Library(
            tuple(await store.folders()),
            tuple(await store.tags()),
            {"new": (await store.drafts())["new"]},
        )
        drafts, ledger = await store.drafts(), await store.ledger(0, 1e10)
        usage = await store.usage((0, 1e10), Grouping.CHAT)
    assert [each.conversation.id for each in before] == ["c1", "c2", "c3"]
    first = before[0]
    assert (first.folder, first.tags, set(first.trashed)) == (("Sea", "Coast"), (TAG,), {"m3"})
    assert first.drafts == {"m1": Draft("edited", DRAFT.parts)}
    assert [(message.id, message.parent_id) for message in before[2].messages] == [
        *[("m6", None), ("m7", "m6"), ("m8", "m7")]
    ]
    async with opened(tmp_path / "b") as store:
        await store.add_library(library)
        assert await store.add_history(copy.deepcopy(exported)) == Added(3, 8, 0)
        assert await store.add_ledger(list(reversed(ledger))) == 2
        assert await all_of(store) == before
        assert (await store.drafts(), await store.folders()) == (drafts, list(library.folders))
        assert (await store.ledger(0, 1e10), await store.usage((0, 1e10), Grouping.CHAT)) == (ledger, usage)
        await store.add_library(library)
        assert await store.add_history(copy.deepcopy(exported)) == Added(0, 0, 8)
        assert await store.add_ledger(ledger) == 0
        assert await all_of(store) == before
        assert await store.quick_check() == []


async def test_some_are_read_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_history([history(str(number), said(f"m{number}")) for number in range(9)])
        found = [each async for each in store.histories([9, 2, 77, 5], batch=2)]
        assert [each.conversation.id for each in found] == ["8", "1", "4"]
        assert [each.messages[0].id for each in found] == ["m8", "m1", "m4"]


async def test_a_newer_export_adds_what_is_new(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        older = history("c", said("1"), said("2", "1"), active_leaf="2")
        newer = history(
            "c", said("1"), said("2", "1"), said("3", "2"), active_leaf="3", title="New", used_at=9.0
        )
        assert await store.add_history([older]) == Added(1, 2, 0)
        assert await store.add_history([newer]) == Added(0, 1, 2)
        assert await ids(store) == [("1", None), ("2", "1"), ("3", "2")]
        (found,) = await conversations_of(store)
        assert (found.title, found.active_leaf, found.used_at) == ("Chat c", "3", 9.0)


async def test_what_the_user_went_on_with_stays_in_sight(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation = Conversation("c")
        await store.add_history([history("c", said("1"), active_leaf="1")])
        await store.begin_turn(conversation, turn("mine", "1"))
        (before,) = await conversations_of(store)
        await store.add_history([history("c", said("1"), said("2", "1"), active_leaf="2")])
        (after,) = await conversations_of(store)
        assert (after.active_leaf, after.order) == (before.active_leaf, before.order)
        assert len(await store.tree("c")) == 4


async def test_nobody_else_loses_a_message_to_an_import(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        taken = said(question.id, "1", parts=[Part(PartKind.TEXT, "not yours")])
        assert await store.add_history(
            [history("c", said("1"), taken, said("2", question.id), said("3", "unknown"), said("1"))]
        ) == Added(1, 3, 2)
        assert await ids(store) == [("1", None), ("2", "1"), ("3", None)]
        assert (await store.tree(conversation.id))[question.id].text == "Why?"
        # The other one may have it before in the same import, too.
        await store.add_history([history("x", said("9")), history("y", said("9"), said("8", "9"))])
        assert (await ids(store, "x"), await ids(store, "y")) == ([("9", None)], [("8", None)])
        assert answer.id in await store.tree(conversation.id)


async def test_folders_and_tags_are_found_by_their_names(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_folder(Folder("sea", "Sea"))
        await store.save_tag(Tag("t", "Été", "red"))
        one = replace(
            history("1", folder="unknown"), folder=("Sea", "North", "Coast"), tags=(Tag("u", "ete"),)
        )
        two = replace(
            history("2"), folder=("Sea", "North"), tags=(Tag("t", "Winter"), Tag("w", "Snow", "blue"))
        )
        three = replace(history("3", folder="sea"), folder=("Land",))
        await store.add_history([one, two, three])
        names = {folder.id: folder.name for folder in await store.folders()}
        assert sorted(names.values()) == ["Coast", "North", "Sea"]
        placed = {each.id: each for each in await conversations_of(store)}
        assert [names[str(placed[id].folder)] for id in "123"] == ["Coast", "North", "Sea"]
        assert [placed[id].tags for id in "123"] == [("t",), ("t", "w"), ()]
        assert await store.tags() == [Tag("t", "Été", "red"), Tag("w", "Snow", "blue")]


async def test_marks_of_a_history_are_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        marked = history(
            "c", said("1"), said("2", "1"), archived=True, unread=True, pinned=True, origin="import:x"
        )
        marked.trashed = {"2": 7.0}
        gone = history("gone", deleted_at=8.0)
        await store.add_history([marked, gone])
        (found,) = await conversations_of(store, View(Shelf.ARCHIVE))
        assert (found.unread, found.pinned, found.origin, found.title) == (True, True, "import:x", "Chat c")
        assert [(each.id, each.deleted_at) for each in await store.deleted_messages()] == [("2", 7.0)]
        assert [each.deleted_at for each in await conversations_of(store, View(Shelf.TRASH))] == [8.0]


async def test_odd_values_never_fail_the_others(tmp_path: Path) -> None:
    lone = "x\ud800"
    parts = [
        Part(PartKind.TEXT, lone, math.inf),
        Part(PartKind.FILE, lone, data=Attachment("a" * 64, "text/plain", 10**30)),
        Part(PartKind.UNKNOWN, "", data=Unknown("later", "b" * 64, "{")),
    ]
    odd = said(
        lone, parts=parts, created_at=math.nan, state=State.STREAMING, model=lone, cost=Decimal(10**30)
    )
    chat = history(lone, odd, said("2", lone), used_at=math.inf, created_at=-1e300, title=lone, order=2**62)
    async with opened(tmp_path) as store:
        for expected in (Added(2, 3, 0), Added(0, 0, 3)):
            assert await store.add_history(copy.deepcopy([chat, history("c", said("1"))])) == expected
        found = await store.tree("x\ufffd")
        assert [(each.id, each.parent_id) for each in found] == [("x\ufffd", None), ("2", "x\ufffd")]
        assert (found["x\ufffd"].state, found["x\ufffd"].created_at) == (State.INTERRUPTED, 0.0)
        later = found["x\ufffd"].parts[2].data
        assert later == Unknown("later", "b" * 64, "{")
        here, _, _ = await begun(store)
        assert next(iter(await conversations_of(store))).id == here.id
        assert await store.quick_check() == []


async def test_all_of_a_batch_or_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await begun(store)
        await limit_pages(store, 90)
        large = [
            history(str(number), said(f"m{number}", parts=[Part(PartKind.TEXT, "x" * 9000)]))
            for number in range(99)
        ]
        with pytest.raises(DiskFull):
            await store.add_history(large)
        assert len(await all_of(store)) == 1
        await limit_pages(store, 2**30)
        assert await store.add_history(large) == Added(99, 99, 0)


async def test_what_is_in_the_trash_is_not_brought_back_by_an_import(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_history([history("c", said("1"), said("2", "1"))])
        await store.delete_messages(["2"])
        await store.delete_conversations(["c"])
        assert await store.add_history([history("c", said("1"), said("2", "1"))]) == Added(0, 0, 2)
        assert await conversations_of(store) == []
        assert await ids(store) == [("1", None)]
        await store.empty_trash()
        assert await store.add_history([history("c", said("1"), said("2", "1"))]) == Added(1, 2, 0)


async def test_an_import_is_to_be_searched(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_history([history("c", said("1"), said("2", "1"))])
        assert await store.index_pending(0) <= 3
        assert await store.index_pending(60) == 0


async def test_what_is_being_written_in_other_chats_is_theirs(tmp_path: Path) -> None:
    planted = Draft("planted")
    async with opened(tmp_path) as store:
        await store.add_history([history("mine", said("m1"))])
        drafts = {"mine": planted, "m1": planted, "m2": Draft("own"), "other": Draft("own")}
        other = history("other", said("m2"))
        other.drafts = drafts
        await store.add_history([other])
        await store.add_library(Library(drafts={"mine": planted, "m1": planted}))
        assert set(await store.drafts()) == {"m2", "other"}
