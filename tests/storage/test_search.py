"""What is found in all chats, in a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.listing import Folder, Tag
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, State
from desktop_chat.domain.search import Found
from desktop_chat.domain.search_query import parse
from desktop_chat.domain.words import fold
from desktop_chat.storage import Store, StoreClosed, indexing
from desktop_chat.storage.search import BLOCK, HITS_A_CHAT, TITLES_FIRST
from tests.domain.test_search_query import EVERYDAY
from tests.storage.samples import opened, turn

pytestmark = pytest.mark.anyio

NOW = time.time()
YEAR = 365 * 86_400.0


def said(words: str, role: Role = Role.USER, *, at: float = NOW, model: str | None = None) -> Message:
    return Message(new_id(), None, role, [Part(PartKind.TEXT, words)], created_at=at, model=model)


async def chat(store: Store, title: str, *messages: Message) -> Conversation:
    conversation = Conversation(new_id(), title, created_at=NOW)
    await store.begin_turn(conversation, messages)
    return conversation


async def indexed(store: Store) -> None:
    while await store.index_pending(1):
        pass


async def found(store: Store, text: str, limit: int = 50, offset: int = 0) -> Found:
    await indexed(store)
    return await store.search(parse(text, NOW), limit, offset)


async def excerpts(store: Store, text: str) -> list[str]:
    return [hit.excerpt for hit in (await found(store, text)).hits]


def marked(text: str, marks: Sequence[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in marks]


@asynccontextmanager
async def holding(folder: Path, *texts: str) -> AsyncIterator[Store]:
    """A store with a chat for each of the texts."""
    async with opened(folder) as store:
        for text in texts:
            await chat(store, "", said(text))
        yield store


async def test_all_words_have_to_be_there_in_any_order(tmp_path: Path) -> None:
    async with holding(tmp_path, "Honour the Retry-After header", "a header alone", "retry") as store:
        assert await excerpts(store, "header retry ") == ["Honour the Retry-After header"]
        assert await excerpts(store, "headers ") == []
        assert sorted(await excerpts(store, "head")) == ["Honour the Retry-After header", "a header alone"]


async def test_quoted_words_stand_in_a_row(tmp_path: Path) -> None:
    async with holding(tmp_path, "retry after a while", "after the retry", "re: Retry-After") as store:
        assert sorted(await excerpts(store, '"retry after"')) == ["re: Retry-After", "retry after a while"]
    texts = "learn 🎉 python東京", "python, learn", "learn C++, python"
    async with holding(tmp_path / "more", *texts) as store:
        assert await excerpts(store, '"learn python"') == [texts[0]]
        assert await excerpts(store, '"learn c"') == await excerpts(store, '"c python"') == [texts[2]]
        assert await excerpts(store, '"learn pyth') == [texts[0]]


async def test_words_that_are_data_are_told_apart_by_their_ends(tmp_path: Path) -> None:
    async with holding(tmp_path, "x" * 64, "x" * 65, "x" * 64 + "yz") as store:
        assert await excerpts(store, "x" * 64 + " ") == ["x" * 64]
        assert await excerpts(store, "x" * 64 + "yz ") == ["x" * 64 + "yz"]
        assert len(await excerpts(store, "x" * 64)) == 3


async def test_a_phrase_is_not_looked_for_in_every_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def watched(text: str) -> str:
        read.append(text)
        return fold(text)

    async with holding(tmp_path, *(f"after {number} retry" for number in range(50)), "retry after") as store:
        await indexed(store)
        monkeypatch.setattr("desktop_chat.storage.search.fold", watched)
        assert await excerpts(store, '"retry after"') == ["retry after"]
    assert sum(text.endswith(" retry") for text in read) < 10


async def test_a_page_that_takes_long_is_shown_as_far_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_chat.storage.search.ENOUGH", 0)
    monkeypatch.setattr("desktop_chat.storage.search.BLOCK", 4)
    async with holding(tmp_path, *(f"word {number}" for number in range(11))) as store:
        pages = [await found(store, '"word"', 50, offset) for offset in (0, 4, 8)]
    assert [(len(page.hits), page.is_more) for page in pages] == [(4, True), (4, True), (3, False)]
    assert len({hit.message_id for page in pages for hit in page.hits}) == 11


@pytest.mark.parametrize(
    ("text", "query", "marks"),
    [
        ("Ein schönes CAFÉ", "schones cafe", ["schönes", "CAFÉ"]),
        ("Straße", "STRASSE ", ["Straße"]),
        ("我在东京塔看日出", "东京", ["东京"]),
        ("我在东京塔看日出", "出", ["出"]),
        ("我在东京塔看日出", "东京塔看", ["东京塔看"]),
        ("東京タワーは高い", "タワー", ["タワー"]),
        ("สวัสดีกรุงเทพมหานคร", "กรุงเทพ", ["กรุงเทพ"]),
        ("한국어 공부", "한국", ["한국"]),
        ("Python と 東京", "東京 python", ["Python", "東京"]),
        ("Learn C++ today", "C++ ", ["C++"]),
        ("Learn C++ today", "c ", ["C"]),
        ("Since C++17 it is", "c++", ["C++"]),
        ("东京Python入門", "python ", ["Python"]),
        ("东京Python入門", '"京python" ', ["京Python"]),
        ("か\u3099한국", "한국 ", ["한국"]),
        ("Well done🎉", "done🎉", ["done🎉"]),
        ("👍🏽 a 𝔘nicode e\u0301 ﬁne…", "unicode e fine ", ["𝔘nicode", "e\u0301", "ﬁne"]),
        ("a\u200db", "ab ", ["a\u200db"]),
        ("mail user@example.com now", "user@example.com", ["user@example.com"]),
        ("What a party 🎉", "🎉", ["🎉"]),
    ],
)
async def test_words_of_any_script(tmp_path: Path, text: str, query: str, marks: list[str]) -> None:
    async with holding(tmp_path, text, "nothing of that") as store:
        (hit,) = (await found(store, query)).hits
        assert marked(hit.excerpt, hit.marks) == marks


async def test_a_script_without_spaces_is_not_found_by_the_same_characters_elsewhere(tmp_path: Path) -> None:
    async with holding(tmp_path, "东京塔 和 京塔看 都", "东京塔看") as store:
        assert await excerpts(store, "东京塔看") == ["东京塔看"]


async def test_no_text_is_an_error(tmp_path: Path) -> None:
    hostile = ("word " * 20_000, "a\0" * 1_000, 'model:"a\0\ud800" x', 'tag:"\ud800"', "in:\ud800")
    async with holding(tmp_path, "some text") as store:
        for query in (*EVERYDAY, *hostile):
            await found(store, query)


async def test_titles_come_first_and_are_marked(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await chat(store, "Other", said("about lisbon and Lisbon, lisbon"))
        trip = await chat(store, "Trip to Lisbon", said("four days"), said("an answer"))
        page = await found(store, "lisb")
        assert [hit.title for hit in page.hits] == ["Trip to Lisbon", "Other"]
        first = page.hits[0]
        assert (first.conversation_id, first.message_id, first.excerpt) == (trip.id, None, "an answer")
        assert marked(first.title, first.title_marks) == ["Lisb"]
        assert (page.total, page.is_more, page.chats, page.waiting) == (2, False, 2, 0)


async def test_filters(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.save_folder(Folder("f1", "My Work"))
        await store.save_folder(Folder("f2", "Inner", "f1"))
        await store.save_tag(Tag("t1", "Rot"))
        image = Part(PartKind.IMAGE, name="Diagram.png", data=Attachment("h", "image/png", 3))
        old = await chat(store, "Old", said("word from long ago", at=NOW - 2 * YEAR))
        code = said("word\n```python\nx\n```", Role.ASSISTANT, model="openai/gpt-5.2-mini")
        new = await chat(store, "New", said("word now"), code)
        await chat(store, "Shown", replace(said("word seen"), parts=[Part(PartKind.TEXT, "word"), image]))
        await store.organise([old.id], folder="f2", add_tags=["t1"], archived=True)
        await store.organise([new.id], pinned=True)

        async def chats(text: str) -> set[str]:
            return {hit.title for hit in (await found(store, text)).hits}

        assert await chats("word") == {"Old", "New", "Shown"}
        assert await chats('in:"my work" word') == await chats("in:inner word") == {"Old"}
        assert await chats("in:elsewhere word") == set()
        assert await chats("tag:rot word") == await chats("tag:ro word") == await chats("tag:rot") == {"Old"}
        assert await chats("is:archived word") == await chats("is:archived") == {"Old"}
        assert await chats("is:pinned word") == {"New"}
        assert await chats("before:1y word") == await chats("before:1y") == {"Old"}
        assert await chats("after:yesterday word") == {"New", "Shown"}
        assert await chats("role:assistant") == {"New"}
        for model in ("gpt-5.2-mini", "GPT-5.2", "gpt", "openai", "openai/gpt-5.2-mini"):
            assert await chats(f"model:{model} word") == {"New"}, model
        assert await chats("model:mini word") == set()
        assert await chats("has:code") == {"New"}
        assert await chats("has:image word") == await chats("diagram") == {"Shown"}
        assert await chats("has:image has:code") == set()
        (hit,) = (await found(store, "tag:rot word")).hits
        assert hit.is_archived


@pytest.mark.parametrize("most", ["MOST_CHATS", "MOST_LISTED"])
async def test_a_filter_holds_for_many_chats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    monkeypatch.setattr("desktop_chat.storage.search.MOST_CHATS", 2)
    monkeypatch.setattr(f"desktop_chat.storage.search.{most}", 2)
    async with opened(tmp_path) as store:
        within = [await chat(store, "", said(f"word {number}")) for number in range(6)]
        await chat(store, "", said("word elsewhere"))
        await store.organise([each.id for each in within], archived=True)
        for query in ("word is:archived", "is:archived role:user after:yesterday", '"word 3" is:archived'):
            hits = (await found(store, query)).hits
            assert {hit.conversation_id for hit in hits} <= {each.id for each in within}
            assert len(hits) == (1 if "3" in query else 6)


async def test_what_is_in_the_trash_is_not_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        question, answer = said("first word"), said("second word")
        one = await chat(store, "One word", question, answer)
        await store.delete_messages([answer.id])
        assert await excerpts(store, "word ") == ["first word", "first word"]
        await store.delete_messages([question.id])
        assert await excerpts(store, "word ") == [""]
        await store.restore_messages([question.id])
        await store.delete_conversations([one.id])
        assert await excerpts(store, "word ") == []
        await store.restore_conversations([one.id])
        await store.restore_messages([answer.id])
        assert len(await excerpts(store, "word ")) == 3


async def test_the_index_follows_what_is_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        question, answer = turn("why")
        conversation = await chat(store, "Before", question, answer)
        await indexed(store)
        answer.parts, answer.state = [Part(PartKind.TEXT, "because")], State.COMPLETE
        await store.finish(answer)
        assert await excerpts(store, "because ") == ["because"]
        answer.parts = [Part(PartKind.TEXT, "other"), Part(PartKind.TEXT, "wise")]
        await store.reopen(answer.id)
        await store.finish(answer)
        assert await excerpts(store, "because ") == []
        assert len(await excerpts(store, "wise ")) == 1
        conversation.title = "Behind"
        await store.update_conversation(conversation)
        assert [hit.title for hit in (await found(store, "behind ")).hits] == ["Behind"]
        assert (await found(store, "before ")).hits == ()
        await store._thread.call(indexing.rebuild)
        assert await store.index_pending(0) >= 0
        assert len(await excerpts(store, "wise ")) == 1
    _sound(tmp_path)


async def test_the_better_and_the_newer_hit_comes_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        filler = "and much else that has nothing to do with it " * 20
        await chat(store, "Short", said("jitter, jitter", at=NOW - 30 * 86_400))
        await chat(store, "Long", said(f"jitter {filler}", at=NOW - 30 * 86_400))
        await chat(store, "Ancient", said("jitter, jitter", at=NOW - 5 * YEAR))
        assert [hit.title for hit in (await found(store, "jitter ")).hits] == ["Short", "Ancient", "Long"]


async def test_pages_hold_every_hit_once_and_few_of_a_chat(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await chat(store, "Talkative", *(said(f"word {number}") for number in range(20)))
        for number in range(BLOCK + 30):
            await chat(store, "", said(f"word {number}", at=NOW - number))
        pages = [await found(store, "word ", limit=40)]
        while pages[-1].hits:
            offset = sum(len(page.hits) for page in pages)
            pages.append(await found(store, "word ", limit=40, offset=offset))
        hits = [hit.message_id for page in pages for hit in page.hits]
        assert len(hits) == len(set(hits)) == BLOCK + 30 + HITS_A_CHAT
        assert (pages[0].total, pages[0].is_more) == (BLOCK, True)
        assert (pages[-1].total, pages[-1].is_more) == (BLOCK + 31, False)


async def test_titles_do_not_crowd_out_messages(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for number in range(TITLES_FIRST + 3):
            await chat(store, f"Word {number}", said("a word"))
        page = await found(store, "word ")
        is_title = [hit.message_id is None for hit in page.hits]
        assert is_title == [True] * TITLES_FIRST + [False] * (TITLES_FIRST + 3) + [True] * 3
        assert (page.total, page.is_more) == (TITLES_FIRST + 3, False)


async def test_an_excerpt_is_one_line_around_what_was_found(tmp_path: Path) -> None:
    text = f"# Head\n\n{'before ' * 60}the\n**needle**\tis `here` {'behind ' * 60}"
    async with holding(tmp_path, text) as store:
        (hit,) = (await found(store, "needle ")).hits
        assert "the needle is here behind" in hit.excerpt
        assert hit.excerpt.startswith("…")
        assert hit.excerpt.endswith("…")
        assert len(hit.excerpt) <= 162
        assert marked(hit.excerpt, hit.marks) == ["needle"]


async def test_whoever_is_cancelled_holds_up_nobody(tmp_path: Path) -> None:
    async with holding(tmp_path, "a word") as store:
        await indexed(store)
        for _ in range(20):
            older = asyncio.ensure_future(store.search(parse("word", NOW)))
            await asyncio.sleep(0)
            older.cancel()
            assert len((await store.search(parse("word", NOW))).hits) == 1
            assert older.cancelled() or older.done()
    with pytest.raises(StoreClosed):
        await store.search(parse("word", NOW))


async def test_a_search_does_not_wait_for_what_is_written(tmp_path: Path) -> None:
    async with holding(tmp_path, "a word") as store:
        await indexed(store)
        blocker = apsw.Connection(str(tmp_path / "chats.db"))
        blocker.execute("BEGIN IMMEDIATE")
        assert len((await store.search(parse("word", NOW))).hits) == 1
        blocker.execute("ROLLBACK")
        blocker.close()


SECRETS = [f"{letters * 3}{number:05d}" for letters in ("qzx", "vwk", "jxq") for number in range(20)]


async def test_what_is_removed_for_good_is_in_no_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        kept = await chat(store, "Kept", *(said(f"ordinary words {number}") for number in range(50)))
        doomed = [
            await chat(
                store,
                f"{secret}title",
                said(f"hello {secret} ordinary words"),
                said(f"东京{number}塔 {secret}b"),
            )
            for number, secret in enumerate(SECRETS)
        ]
        await indexed(store)
        assert len((await found(store, SECRETS[0])).hits) == 3
        assert _leftovers(tmp_path) == len(SECRETS)
        await store.delete_conversations([each.id for each in doomed])
        await store.empty_trash()
        assert _leftovers(tmp_path) == 0
        assert (await found(store, SECRETS[0])).hits == ()
        assert {hit.conversation_id for hit in (await found(store, "ordinary ")).hits} == {kept.id}
    _sound(tmp_path)
    assert _leftovers(tmp_path) == 0


def _leftovers(folder: Path) -> int:
    """How many of the secrets are in any file, or the ends of them, since an index leaves out beginnings."""
    data = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return sum(secret[-7:].encode() in data for secret in SECRETS)


def _sound(folder: Path) -> None:
    connection = apsw.Connection(str(folder / "chats.db"))
    connection.execute("INSERT INTO search_word (search_word) VALUES ('integrity-check')")
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    connection.close()
