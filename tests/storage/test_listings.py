"""Lists of conversations: what is in which, in what order, and how they are found."""

import random
import time
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.archive import History
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Folder, Listing, Shelf, Sort, Tag, View
from desktop_chat.domain.titles import title_key
from desktop_chat.storage import Store
from desktop_chat.storage.listings import statement
from tests.helpers.stored import conversations_of
from tests.storage.samples import entry, opened, raw, turn

pytestmark = pytest.mark.anyio


async def titles(store: Store, view: View | None = None) -> list[str]:
    return [conversation.title for conversation in await conversations_of(store, view)]


def chat(id: str, used_at: float, **changes: Any) -> History:
    return History(replace(Conversation(id, id, used_at=used_at, created_at=used_at), **changes))


async def test_an_empty_list(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert await store.listing(View()) == Listing()
        assert await store.conversations([1, 2]) == []
        assert await store.conversation("unknown") is None
        assert await store.counts() == {Shelf.CHATS: 0, Shelf.ARCHIVE: 0, Shelf.TRASH: 0}


async def test_every_order_has_the_pinned_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_history(
            [
                chat("b", 30.0, title="Élan", created_at=3.0),
                chat("a", 20.0, title="zebra", created_at=9.0),
                chat("d", 40.0, title="apple", created_at=1.0),
                chat("c", 10.0, title="Émile", created_at=5.0, pinned=True),
            ]
        )
        for id, cost in (("a", "0.5"), ("d", "2"), ("a", "1")):
            await store.record_attempt(entry(conversation_id=id, message_id="m", cost=Decimal(cost)))
        orders = {
            Sort.USED: ["Émile", "apple", "Élan", "zebra"],
            Sort.MADE: ["Émile", "zebra", "Élan", "apple"],
            Sort.TITLE: ["Émile", "apple", "Élan", "zebra"],
            Sort.COST: ["Émile", "apple", "zebra", "Élan"],
        }
        assert {sort: await titles(store, View(sort=sort)) for sort in Sort} == orders
        used, made = await store.listing(View()), await store.listing(View(sort=Sort.MADE))
        assert (used.pinned, list(used.times)) == (1, [10, 40, 30, 20])
        assert list(made.times) == [5, 9, 3, 1]
        assert list((await store.listing(View(sort=Sort.TITLE))).times) == [10, 40, 30, 20]


async def test_what_is_where(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for folder in (Folder("f", "F"), Folder("g", "G", "f")):
            await store.save_folder(folder)
        await store.save_tag(Tag("t", "T"))
        names = ("none", "f", "g", "archived", "gone", "tagged")
        await store.add_history([chat(name, float(at)) for at, name in enumerate(names, start=1)])
        await store.organise(["f"], folder="f")
        await store.organise(["g"], folder="g")
        await store.organise(["archived"], archived=True)
        await store.organise(["tagged", "archived", "gone"], add_tags=["t"])
        await store.delete_conversations(["none", "gone"])
        assert await titles(store) == ["tagged", "g", "f"]
        assert await titles(store, View(folder="")) == ["tagged"]
        assert await titles(store, View(folder="f")) == ["f"]
        assert await titles(store, View(folder="unknown")) == []
        assert await titles(store, View(tag="t")) == ["tagged"]
        assert await titles(store, View(Shelf.ARCHIVE)) == ["archived"]
        assert await titles(store, View(Shelf.ARCHIVE, tag="t")) == ["archived"]
        assert await titles(store, View(Shelf.TRASH, tag="t")) == ["gone"]
        assert await store.counts() == {Shelf.CHATS: 3, Shelf.ARCHIVE: 1, Shelf.TRASH: 2}


async def test_the_trash_has_the_newest_first_and_no_pins(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_history([chat(name, float(at), pinned=at == 1) for at, name in enumerate("abc")])
        for name in "cba":
            await store.delete_conversations([name])
        trash = await store.listing(View(Shelf.TRASH))
        assert [each.id for each in await store.conversations(trash.seqs)] == ["a", "b", "c"]
        assert trash.pinned == 0
        assert all(abs(at - time.time()) < 60 for at in trash.times)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["Straße nach Łódź", "CAFÉ crème", "100 % von C++", "東京が好き"]),
        ("strasse", ["Straße nach Łódź"]),
        ("  creme cafe ", ["CAFÉ crème"]),
        ("afé", ["CAFÉ crème"]),
        ("東京", ["東京が好き"]),
        ("c++", ["100 % von C++"]),
        ("%", ["100 % von C++"]),
        ("_", []),
        ("creme tokyo", []),
        ("\ud800", []),
    ],
)
async def test_words_of_titles(tmp_path: Path, words: str, found: list[str]) -> None:
    names = ["Straße nach Łódź", "CAFÉ crème", "100 % von C++", "東京が好き"]
    async with opened(tmp_path) as store:
        await store.add_history([chat(name, 9.0 - at) for at, name in enumerate(names)])
        assert await titles(store, View(words=words)) == found


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ångström", "angstrom"),
        ("İstanbul", "istanbul"),
        ("ﬁn", "fin"),
        ("ดู", "ดู"),
        ("Ça", "ca"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_names_are_compared_without_case_and_accents(text: str, key: str) -> None:
    assert title_key(text) == key == title_key(title_key(text))


async def test_a_new_title_is_sorted_and_found_by_what_it_is_now(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        first, second = Conversation("1", "B"), Conversation("2", "C")
        for each in (first, second):
            await store.begin_turn(each, turn())
        second.title = "A"
        await store.update_conversation(second)
        assert await titles(store, View(sort=Sort.TITLE)) == ["A", "B"]
        assert await titles(store, View(words="a")) == ["A"]


async def test_pages_come_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_history([chat(str(number), float(number)) for number in range(50)])
        seqs = list((await store.listing(View())).seqs)
        random.Random(1).shuffle(seqs)
        assert [each.seq for each in await store.conversations([*seqs[:20], 9999])] == seqs[:20]


async def test_a_turn_here_stands_above_all_that_came_from_elsewhere(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.add_history(
            [chat("future", time.time() + 1e7), chat("long ago", 1.0), chat("never", -5.0)]
        )
        here = Conversation("here", "here")
        here.order = await store.begin_turn(here, turn())
        await store.add_history([chat("between", time.time() - 1e6)])
        assert await titles(store) == ["here", "future", "between", "long ago", "never"]
        (first, *_) = await conversations_of(store)
        assert first.order == here.order


async def test_lists_are_read_from_an_index(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    with raw(tmp_path / "chats.db") as connection:
        for sort, shelf, folder in product(
            (Sort.USED, Sort.MADE, Sort.TITLE), (Shelf.CHATS, Shelf.ARCHIVE), (None, "", "f")
        ):
            sql, bindings = statement(View(shelf, folder, sort=sort))
            plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)]
            # Those of a folder are few, so that they may be sorted.
            if folder != "f" or sort is Sort.USED:
                assert len(plan) == 1
                assert "COVERING INDEX conversation_" in plan[0]
