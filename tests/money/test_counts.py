"""What a chat says of the tokens of its next request."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from desktop_chat.domain.context import ContextSettings, Strategy, Summary
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import EndpointGone
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.request import Parameters
from desktop_chat.session import ChatSession
from desktop_chat.tokens import Tokens, TokensUnavailable
from tests.helpers.bench import Bench, ask, count
from tests.server import Server, faults, wire

pytestmark = pytest.mark.anyio

KNOWN = "gpt-4o"
FRAME, BEGIN = 4, 3
HELLO = "Hello, world! "  # 5 tokens


@pytest.fixture(autouse=True)
def known_model(bench: Bench) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, default_model=KNOWN),))
    bench.price(KNOWN, input="2", output="8", context="1000")


async def stored(bench: Bench, texts: Sequence[str]) -> str:
    """The id of a chat with these messages."""
    conversation, messages, parent = Conversation(new_id(), "Chat"), [], None
    for number, text in enumerate(texts):
        role = Role.ASSISTANT if number % 2 else Role.USER
        messages.append(Message(new_id(), parent, role, [Part(PartKind.TEXT, text)]))
        parent = messages[-1].id
    await (await bench.opening).begin_turn(conversation, messages)
    await bench.chats.load()
    return conversation.id


async def test_an_estimate_is_exact_where_all_is_counted(bench: Bench) -> None:
    session = bench.chats.new()
    session.set_parameters(Parameters(system_prompt=HELLO))
    assert session.estimate(0).is_approximate
    await count(session, HELLO)
    draft = await session.count_draft(HELLO)
    assert draft == 5 + FRAME
    estimate = session.estimate(draft)
    assert (estimate.tokens, estimate.limit) == (BEGIN + 2 * (5 + FRAME), 1000)
    assert estimate.cost == Decimal(estimate.tokens * 2) / 1_000_000
    assert not estimate.is_approximate
    assert await session.count_draft("") == 0


async def test_a_prompt_stays_counted_however_long_one_types(bench: Bench) -> None:
    session = bench.chats.new()
    session.set_parameters(Parameters(system_prompt=HELLO))
    await count(session, HELLO)
    for number in range(120):
        draft = await session.count_draft("a" * (number + 1))
    assert not session.estimate(draft).is_approximate
    assert session.estimate(0).tokens == BEGIN + 5 + FRAME
    assert len(session._counts._texts) < 60


async def test_writing_into_a_book_that_was_pasted_keeps_one_of_it(bench: Bench) -> None:
    session = bench.chats.new()
    book = "word " * 200_000
    for number in range(1, 6):
        await session.count_draft(book + "a" * number)
    assert sum(map(len, session._counts._texts)) < 2 * len(book)


async def test_a_model_that_is_not_known_is_approximate(bench: Bench) -> None:
    session = bench.chats.new()
    session.set_model("e1", "someones-model")
    await count(session, HELLO)
    estimate = session.estimate(9)
    assert (estimate.is_approximate, estimate.cost, estimate.limit) == (True, None, None)


async def test_messages_are_counted_and_kept(bench: Bench) -> None:
    chat = await stored(bench, [HELLO, "x" * 400, "Go on."])
    session = await bench.chats.open(chat)
    rough = session.plan().tokens
    assert rough == BEGIN + 3 * FRAME + (len(HELLO) + 3) // 4 + 100 + 2
    await count(session)
    exact = session.plan()
    assert exact.tokens < rough
    assert exact.tokens == BEGIN + sum(entry.tokens for entry in exact.entries)
    assert [entry.tokens for entry in exact.entries][::2] == [5 + FRAME, 3 + FRAME]
    assert not session.estimate(0).is_approximate
    assert await bench.chats.outbox.settle()
    store = await bench.opening
    kept = await store.token_counts(chat, "o200k_base")
    assert sorted(kept) == sorted(entry.id for entry in exact.entries)


async def test_an_answer_is_counted_when_it_is_whole(bench: Bench, server: Server) -> None:
    server.script(wire.answer(HELLO))
    session = bench.chats.new()
    await ask(session, HELLO)
    await count(session)
    assert session.plan().tokens == BEGIN + 2 * (5 + FRAME)


async def test_without_a_helper_all_is_approximate_and_sent(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count_nothing(self: Tokens, encoding: str, texts: Sequence[str]) -> list[int]:
        raise TokensUnavailable("no helper")

    monkeypatch.setattr(Tokens, "count", count_nothing)
    session = bench.chats.new()
    assert await session.count_draft("12345678") == 2 + FRAME
    assert session.estimate(6).is_approximate
    answer = await ask(session)
    assert answer.text
    server.script(faults.partial())
    await ask(session)
    *_, estimated = await bench.ledger()
    assert estimated.expected_input is None
    assert estimated.usage is not None
    assert estimated.usage.input == session.plan().tokens - session.plan().entries[-1].tokens


async def test_corrections_are_learned_from_what_was_reported(bench: Bench, server: Server) -> None:
    """The server reports 11 tokens for what should be 8."""
    for number in range(3):
        session = bench.chats.new()
        await count(session)
        assert session.plan().tokens == BEGIN, f"after {number} requests"
        await ask(session)
    session = bench.chats.new()
    await count(session)
    draft = await session.count_draft("Hello")
    estimate = session.estimate(draft)
    assert abs(estimate.tokens - 8 * 11 / 8) <= 1
    assert estimate.is_approximate
    plan = session.plan(draft)
    assert plan.tokens == plan.fixed + sum(entry.tokens for entry in plan.entries)
    await ask(session)
    assert {entry.expected_input for entry in await bench.ledger()} == {8}


async def test_a_correction_has_bounds(bench: Bench, server: Server) -> None:
    """One in ten thousand tokens is what a server forgot to count."""
    for _ in range(3):
        session = bench.chats.new()
        await count(session, "Hello " * 300)
        await ask(session, "Hello " * 300)
    session = bench.chats.new()
    await count(session)
    assert await session.count_draft("Hello " * 300) == round((301 + FRAME) / 2)


async def test_counts_follow_the_model(bench: Bench) -> None:
    chat = await stored(bench, ["Привет, как дела сегодня вечером?", "Хорошо"])
    session = await bench.chats.open(chat)
    await count(session)
    newer = session.plan().tokens
    session.set_model("e1", "gpt-4")
    await count(session)
    assert session.plan().tokens != newer
    session.set_model("e1", KNOWN)
    await count(session)
    assert session.plan().tokens == newer


async def test_a_summary_and_the_strategy_are_counted(bench: Bench) -> None:
    chat = await stored(bench, [HELLO] * 6)
    session = await bench.chats.open(chat)
    await count(session)
    all_of_it = session.estimate(0).tokens
    until = session.tree.path[3].id
    session.set_context(ContextSettings(Strategy.SUMMARY, summary=Summary(HELLO, until)))
    await count(session)
    plan = session.plan()
    assert plan.summary_tokens > 5 + FRAME
    assert plan.tokens == all_of_it - 4 * (5 + FRAME) + plan.summary_tokens
    session.set_context(ContextSettings(Strategy.SERVER))
    assert session.estimate(0).is_approximate


async def test_a_price_that_changes_is_seen(bench: Bench) -> None:
    session = bench.chats.new()
    await count(session)
    told: list[None] = []
    session.counts_changed.connect(lambda: told.append(None))
    bench.price(KNOWN, input="4", output="8", context="2000")
    assert told
    assert session.estimate(0).limit == 2000


async def test_the_endpoints_own_count(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    server.script(faults.document(200, b'{"object": "response.input_tokens", "input_tokens": 123}'))
    assert await session.count_exactly("Hello") == 123
    bench.settings.change(endpoints=())
    with pytest.raises(EndpointGone):
        await session.count_exactly("Hello")


async def test_an_estimate_needs_no_new_plan(bench: Bench) -> None:
    chat = await stored(bench, [HELLO] * 2000)
    session: ChatSession = await bench.chats.open(chat)
    for strategy in Strategy:
        session.set_context(ContextSettings(strategy, budget=2000))
        session.estimate(0)
        session.tree.path_to = None  # type: ignore[assignment, method-assign]
        sums = {session.estimate(draft).tokens - draft for draft in range(0, 40, 10)}
        del session.tree.path_to
        assert (len(sums) > 1) is (strategy is Strategy.BUDGET)
