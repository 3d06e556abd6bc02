"""What is kept so that it need not be worked out again: counts of tokens, answers; and how a chat is sent."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_chat.domain.context import ContextSettings, Strategy, Summary
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import (
    Attachment,
    CallStatus,
    Citation,
    Message,
    Part,
    PartKind,
    Role,
    State,
    ToolCall,
)
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import CachedAnswer, Store
from desktop_chat.storage.queries import KEEP_ANSWERS
from desktop_chat.storage.trash import KEEP
from tests.helpers.stored import conversations_of
from tests.storage.samples import begun, count, opened, raw, text, turn

pytestmark = pytest.mark.anyio

O200K, CL100K = "o200k_base", "cl100k_base"


async def finished(store: Store) -> tuple[str, str, Message]:
    """A conversation, its question and its closed answer."""
    conversation, question, answer = await begun(store)
    answer.state, answer.parts = State.COMPLETE, [Part(PartKind.TEXT, "Because.")]
    await store.finish(answer)
    return conversation.id, question.id, answer


async def test_counts_are_kept_by_encoding(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat, question, answer = await finished(store)
        other, *_ = await begun(store)
        await store.save_token_counts(O200K, {question: 2, answer.id: 3, "unknown": 4})
        await store.save_token_counts(CL100K, {question: 5})
        await store.save_token_counts(O200K, {question: 6})
        await store.save_token_counts(O200K, {})
        assert await store.token_counts(other.id, O200K) == {}
    async with opened(tmp_path) as store:
        assert await store.token_counts(chat, O200K) == {question: 6, answer.id: 3}
        assert await store.token_counts(chat, CL100K) == {question: 5}
        assert await store.token_counts(chat, "unknown") == {}
        assert await store.token_counts("unknown", O200K) == {}


async def test_a_count_is_forgotten_when_the_message_changes(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        chat, question, answer = await finished(store)

        async def counted() -> dict[str, int]:
            await store.save_token_counts(O200K, {question: 2, answer.id: 3})
            return await store.token_counts(chat, O200K)

        assert await counted() == {question: 2, answer.id: 3}
        answer.parts = [Part(PartKind.TEXT, "Because of the Moon.")]
        await store.finish(answer)
        assert await store.token_counts(chat, O200K) == {question: 2}
        assert await counted() == {question: 2, answer.id: 3}
        await store.reopen(answer.id)
        assert await store.token_counts(chat, O200K) == {question: 2}
        # What is being written has no count yet.
        assert await counted() == {question: 2}
        await store.append(answer.id, [text(" And the Sun.")], durable=False)
    async with opened(tmp_path) as store:
        assert (await store.tree(chat))[answer.id].state is State.INTERRUPTED
        await store.save_token_counts(O200K, {answer.id: 9})
        await store.remove_message(answer.id)
        assert await store.token_counts(chat, O200K) == {question: 2}
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM token_count").get == 1
        connection.execute("UPDATE conversation SET deleted_at = unixepoch() - 31 * 86400")
    async with opened(tmp_path) as store:
        await store.purge_expired()
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM token_count").get == 0


PARTS = [
    Part(PartKind.REASONING, "Hm", 1.5),
    Part(PartKind.TEXT, "Because\ud800."),
    Part(PartKind.CITATION, data=Citation("https://example.org", 0, 3), name="A page"),
    Part(PartKind.TOOL_CALL, data=ToolCall("t1", "web_search", CallStatus.DONE, "a", "b"), name="search"),
    Part(PartKind.IMAGE, data=Attachment("0" * 64, "image/png", 5, 2, 3), name="moon.png"),
]


async def test_an_answer_is_given_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert await store.cached_answer("k") is None
        first = Message("m1", None, Role.ASSISTANT, PARTS, model="m-1", finish_reason="stop")
        await store.save_cached_answer("k", first)
        await store.save_cached_answer("other", Message("m2", None, Role.ASSISTANT))
    async with opened(tmp_path) as store:
        right = [PARTS[0], replace(PARTS[1], text="Because\ufffd."), *PARTS[2:]]
        assert await store.cached_answer("k") == CachedAnswer(right, "m-1", "stop")
        assert await store.cached_answer("other") == CachedAnswer([], None, None)
        await store.save_cached_answer("k", replace(first, parts=PARTS[:1], model="m-2"))
        assert await store.cached_answer("k") == CachedAnswer(PARTS[:1], "m-2", "stop")


async def test_only_the_newest_answers_are_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        answer = Message("m", None, Role.ASSISTANT)
        for number in range(KEEP_ANSWERS + 2):
            await store.save_cached_answer(f"k{number}", answer)
            # Given anew all the time, so it is never old.
            await store.save_cached_answer("again", answer)
        assert await store.cached_answer("again") is not None
        assert await store.cached_answer("k0") is None
        assert await store.cached_answer(f"k{KEEP_ANSWERS + 1}") is not None
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM cached_answer").get <= KEEP_ANSWERS


async def test_nothing_of_an_answer_is_left_when_all_are_cleared(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        secret = Message("m", None, Role.ASSISTANT, [Part(PartKind.TEXT, "a secret" * 1000)])
        await store.save_cached_answer("k", secret)
        assert count(tmp_path, "a secret")
        await store.clear_cached_answers()
        assert await store.cached_answer("k") is None
        assert count(tmp_path, "a secret") == 0


async def test_no_answer_is_kept_longer_than_a_chat_that_was_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for key in ("old", "new"):
            await store.save_cached_answer(
                key, Message("m", None, Role.ASSISTANT, [Part(PartKind.TEXT, key * 900)])
            )
    with raw(tmp_path / "chats.db") as connection:
        connection.execute(
            "UPDATE cached_answer SET created_at = created_at - ? WHERE key = 'old'", (KEEP + 5,)
        )
    async with opened(tmp_path) as store:
        await store.purge_expired()
        assert await store.cached_answer("old") is None
        assert await store.cached_answer("new") is not None
    assert count(tmp_path, "oldold") == 0


@pytest.mark.parametrize(
    ("context", "stored"),
    [
        (ContextSettings(), "{}"),
        (ContextSettings(Strategy.BUDGET, 5), '{"strategy":"budget","budget":5}'),
        (
            ContextSettings(Strategy.SUMMARY, summary=Summary("All of it.", "m1", "m-1")),
            '{"strategy":"summary","summary":{"text":"All of it.","until":"m1","model":"m-1"}}',
        ),
        (
            ContextSettings(turns=3, pinned=frozenset({"b", "a"}), left_out=frozenset({"c"})),
            '{"turns":3,"pinned":["a","b"],"left_out":["c"]}',
        ),
    ],
)
async def test_how_a_chat_is_sent_is_kept(tmp_path: Path, context: ContextSettings, stored: str) -> None:
    async with opened(tmp_path) as store:
        conversation = Conversation(new_id(), context=context)
        await store.begin_turn(conversation, turn())
        assert [each.context for each in await conversations_of(store)] == [context]
        await store.update_conversation(replace(conversation, context=ContextSettings()))
        assert [each.context for each in await conversations_of(store)] == [ContextSettings()]
        await store.update_conversation(conversation)
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("SELECT context FROM conversation").get == stored


@pytest.mark.parametrize(
    "stored",
    [
        '{"turns":3,"of a later version":[1]}',
        '{"turns":3,"strategy":"of a later version","budget":"5","pinned":1,"summary":"x"}',
        '{"turns":3,"summary":{"text":"x"}}',
    ],
)
async def test_what_this_version_does_not_know_of_it_has_its_default(tmp_path: Path, stored: str) -> None:
    async with opened(tmp_path) as store:
        await begun(store)
    with raw(tmp_path / "chats.db") as connection:
        connection.execute("UPDATE conversation SET context = ?", (stored,))
    async with opened(tmp_path) as store:
        assert [each.context for each in await conversations_of(store)] == [ContextSettings(turns=3)]


@pytest.mark.parametrize(
    ("cost", "is_estimated", "is_cached"),
    [
        (None, False, False),
        (Decimal(0), False, True),
        (Decimal("0.000000000001"), True, False),
        (Decimal("123.456789"), True, True),
    ],
)
async def test_what_an_answer_cost_is_kept(
    tmp_path: Path, cost: Decimal | None, is_estimated: bool, is_cached: bool
) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        answer.state, answer.usage, answer.timing = State.COMPLETE, Usage(1, 2, 3, 4, 5), Timing(None, 1.0)
        answer.cost, answer.is_estimated, answer.is_cached = cost, is_estimated, is_cached
        await store.finish(answer)
    async with opened(tmp_path) as store:
        tree = await store.tree(conversation.id)
        assert tree[answer.id] == answer
        assert tree[question.id].cost is None
