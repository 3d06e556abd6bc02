"""What went over the wire: stored once, given back as it was, dropped with its time, message and chat."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import RateLimited
from desktop_chat.domain.evidence import Attempt, Content, Evidence
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.storage import DatabaseCorrupt, DiskFull, Store
from desktop_chat.storage.evidence import THINNED_AT_ONCE
from desktop_chat.storage.trash import KEEP
from tests.storage.samples import begun, count, entry, limit_pages, opened, raw, turn

pytestmark = pytest.mark.anyio

SENT = (("Authorization", "Bearer [redacted]"), ("content-type", "application/json"))
RECEIVED = (("X-Request-Id", "r1"), ("set-cookie", "a"), ("set-cookie", "b"))


def evidence(body: Any, response: bytes = b'data: {"a": 1}\n\n') -> Evidence:
    return Evidence("POST", "https://example.org/v1/responses", SENT, body, 200, RECEIVED, response)


def said(words: Sequence[str], **rest: Any) -> dict[str, Any]:
    return {"model": "m-1", "input": [{"role": "user", "content": each} for each in words], **rest}


async def record(store: Store, answer: Message, body: Any, **changes: Any) -> None:
    told = entry(conversation_id="", message_id=answer.id, **changes)
    await store.record_attempt(told, None, evidence(body))


async def read(store: Store, answer: Message) -> list[Evidence | None]:
    return [await store.evidence(attempt) for attempt in await store.attempts(answer.id)]


def pieces(folder: Path) -> int:
    with raw(folder / "chats.db") as connection:
        return int(connection.execute("SELECT count(*) FROM sent_piece").get)


def written(folder: Path) -> bytes:
    """What is in the files of the database."""
    return b"".join(file.read_bytes() for file in folder.glob("chats.db*"))


@pytest.mark.parametrize(
    "body",
    [
        said(["Why?", "Because.", "Why?"], temperature=0.5, stream=True),
        {"messages": [], "model": "m-1"},
        {"model": "m-1", "messages": [{"role": "system", "content": "Be brief."}], "input": ["other"]},
        {"messages": "no list", "list": "messages"},
        {"input": [1, 2.5, None, True, [], {}, "\ud800", "\0", "é😀", 10**30]},
        {
            "input": [{"content": [{"image_url": Content("a" * 64, "data:image/png;base64,")}]}],
            "b": Content("c"),
        },
        {"input": [{"\0content": "of the user's own"}, {"\0content": [1, 2]}]},
        ["a list"],
        "a text",
        None,
    ],
)
async def test_evidence_comes_back_as_it_was(tmp_path: Path, body: Any) -> None:
    kept = evidence(body, bytes(range(256)) * 50)
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        await store.record_attempt(entry(message_id=answer.id), None, kept)
    async with opened(tmp_path) as store:
        (told,) = await read(store, answer)
    assert told == kept
    if isinstance(body, dict) and isinstance(told, Evidence):
        assert list(told.body) == list(body)


async def test_attempts_come_in_their_order_with_what_ended_them(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        mine = {"conversation_id": conversation.id, "message_id": answer.id}
        failed = entry(**mine, attempt=1, error_kind="RateLimited", status=429, usage=None)
        refused = Evidence("POST", "https://example.org", body={"input": []}, status=None, is_cut=True)
        await store.record_attempt(failed, RateLimited("slow down", 429), refused)
        await store.record_attempt(entry(**mine, attempt=2))
        await store.record_attempt(entry(**{**mine, "message_id": question.id}))
        first, second = await store.attempts(answer.id)
        assert (first.entry, first.has_evidence) == (replace(failed, chat="Why"), True)
        assert isinstance(first.error, RateLimited)
        assert first.error.message == "slow down"
        assert second == Attempt(entry(**mine, attempt=2, chat="Why"), None, second.seq)
        assert await read(store, answer) == [refused, None]
        assert await store.attempts("unknown") == []


async def test_a_request_for_no_stored_message_leaves_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await begun(store)
        await store.record_attempt(entry(message_id="unknown"), None, evidence(said(["secret"])))
        assert len(await store.ledger(0, 10)) == 1
    assert pieces(tmp_path) == 0


async def test_each_piece_is_stored_once_a_chat(tmp_path: Path) -> None:
    """Also where the beginning is left out, and where two chats go on by turns."""
    words = [f"{number}: {'words ' * 20}" for number in range(60)]
    async with opened(tmp_path) as store:
        _, _, one = await begun(store)
        _, _, two = await begun(store)
        for length in range(1, 61):
            await record(store, one, said(words[:length]))
            await record(store, two, said(words[max(0, length - 10) : length], temperature=1))
        assert [told and told.body for told in await read(store, one)] == [
            said(words[:length]) for length in range(1, 61)
        ]
        assert [told and told.body for told in await read(store, two)] == [
            said(words[max(0, length - 10) : length], temperature=1) for length in range(1, 61)
        ]
    assert pieces(tmp_path) == 2 * (60 + 1)
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT max(length(pieces)) FROM attempt").get < 40


async def test_what_is_kept_long_enough_is_dropped_also_in_the_files(tmp_path: Path) -> None:
    kept = "word of today"
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        for number in range(THINNED_AT_ONCE + 5):
            await record(store, answer, said([f"word of long ago {number}", kept]), started_at=100.0)
        await record(store, answer, said([kept]), started_at=200.0)
        before = [attempt.entry for attempt in await store.attempts(answer.id)]
        with raw(tmp_path / "chats.db") as connection:
            old = connection.execute("SELECT data FROM sent_piece WHERE number = 2").get
        assert old in written(tmp_path)
        await store.drop_evidence(200.0)
        assert old not in written(tmp_path)
        told = await store.attempts(answer.id)
        assert [attempt.entry for attempt in told] == before
        assert [attempt.has_evidence for attempt in told] == [False] * (len(told) - 1) + [True]
        assert await store.evidence(told[0]) is None
        assert await store.evidence(told[-1]) == evidence(said([kept]))
        assert pieces(tmp_path) == 2


async def test_pieces_that_only_a_removed_message_needed_go_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        other = Message(new_id(), question.id, Role.ASSISTANT, state=State.STREAMING)
        await store.begin_turn(conversation, [other])
        await record(store, answer, said(["shared", "kept"]))
        await record(store, other, said(["shared", "gone", "gone too"]))
        assert pieces(tmp_path) == 5
        await store.remove_message(other.id)
        assert pieces(tmp_path) == 3
        assert await read(store, answer) == [evidence(said(["shared", "kept"]))]
        await record(store, answer, said(["shared", "new"]))
        assert [told and told.body["input"][1]["content"] for told in await read(store, answer)] == [
            "kept",
            "new",
        ]


async def test_what_was_removed_in_between_makes_room_for_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        other = Message(new_id(), question.id, Role.ASSISTANT, state=State.STREAMING)
        await store.begin_turn(conversation, [other])
        await record(store, answer, said(["gone"]))
        await record(store, other, said(["first"]))
        await store.remove_message(answer.id)
        await record(store, other, said(["second"]))
        assert await read(store, other) == [evidence(said(["first"])), evidence(said(["second"]))]


async def test_evidence_goes_with_its_chat(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        _, _, kept = await begun(store)
        for each in (answer, kept):
            await record(store, each, said(["the same"]))
        await store.delete_conversations([conversation.id])
        assert pieces(tmp_path) == 4
    with raw(tmp_path / "chats.db") as connection:
        long_ago = time.time() - KEEP - 60
        connection.execute("UPDATE conversation SET deleted_at = ? WHERE deleted_at > 0", (long_ago,))
    async with opened(tmp_path) as store:
        await store.purge_expired()
        assert await store.attempts(answer.id) == []
        assert await read(store, kept) == [evidence(said(["the same"]))]
        assert await store.quick_check() == []
    assert pieces(tmp_path) == 2
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM sent_chat").get == 1


async def test_a_full_disk_takes_neither_the_attempt_nor_its_evidence(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        await limit_pages(store, 80)
        noise = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(200_000))
        with pytest.raises(DiskFull):
            await record(store, answer, said(["first", noise]))
        assert await store.ledger(0, 10) == []
        assert await store.attempts(answer.id) == []
    assert pieces(tmp_path) == 0


@pytest.mark.parametrize(
    "damage", ["request = x'00ff'", "response = x'78'", "pieces = '[[1'", "pieces = '[]'"]
)
async def test_damage_is_told_as_damage(tmp_path: Path, damage: str) -> None:
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        await record(store, answer, said(["Why?"]))
        (attempt,) = await store.attempts(answer.id)
        with raw(tmp_path / "chats.db") as connection:
            connection.execute(f"UPDATE attempt SET {damage}")
        with pytest.raises(DatabaseCorrupt):
            await store.evidence(attempt)


async def test_a_question_needs_no_evidence_to_be_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id())
        await store.begin_turn(conversation, [Message("a", None, Role.USER, [Part(PartKind.TEXT, "Why?")])])
        await store.remove_message("a")
        assert len(await store.tree(conversation.id)) == 0


async def test_many_messages_in_one_request(tmp_path: Path) -> None:
    words = [f"message {number}" for number in range(10_000)]
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id())
        question, answer = turn()
        await store.begin_turn(conversation, [question, answer])
        await record(store, answer, said(words))
        await record(store, answer, said([*words, "one more"]))
        assert [len(told.body["input"]) for told in await read(store, answer) if told] == [10_000, 10_001]
    assert pieces(tmp_path) == 10_002
    assert count(tmp_path, "message 77") == 0
