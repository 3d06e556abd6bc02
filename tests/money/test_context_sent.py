"""What of a chat leaves for the server, and what is done when it grows too long."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from desktop_chat.domain.context import (
    SUMMARY_WORDS,
    ContextSettings,
    Place,
    Strategy,
    Summary,
)
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.errors import KeyRejected
from desktop_chat.domain.holds import Hold, OverBudget, OverLimit
from desktop_chat.domain.ledger import Purpose
from desktop_chat.domain.request import Parameters
from desktop_chat.errands import KEPT_TURNS
from desktop_chat.session import CONTINUE_PROMPT, ChatSession, Phase
from tests.helpers.bench import Bench, ask, count, idle, reread, until
from tests.helpers.stored import conversations_of
from tests.server import Exchange, Server, faults, wire

pytestmark = pytest.mark.anyio

Again = Callable[..., "asyncio.Task[bool]"]
PARAGRAPH = "word " * 500
"""About 500 tokens, and a frame of 4."""


def said(exchange: Exchange) -> list[str]:
    """The texts of a request's messages."""
    sent: list[dict[str, Any]] = exchange.json["messages" if exchange.chat else "input"]
    return [message["content"] for message in sent]


def holds(session: ChatSession) -> list[tuple[Hold, Again]]:
    held: list[tuple[Hold, Again]] = []
    session.held.connect(lambda hold, again: held.append((hold, again)))
    return held


async def talk(session: ChatSession, *questions: str) -> None:
    for question in questions:
        await ask(session, question)


async def test_only_the_last_turns_go(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    server.script(*(wire.answer(f"A{number}") for number in range(1, 6)))
    session.set_context(ContextSettings(Strategy.LAST_TURNS, turns=2))
    await talk(session, "Q1", "Q2", "Q3")
    assert said(server.requests[2]) == ["Q2", "A2", "Q3"]
    assert session.plan().sees_from == session.tree.path[4].id
    question = session.tree.path[0]
    session.set_context(replace(session.context, pinned=frozenset([question.id])))
    await talk(session, "Q4")
    assert said(server.requests[3]) == ["Q1", "Q3", "A3", "Q4"]
    places = [entry.place for entry in session.plan(5).entries]
    assert places[:3] == [Place.PINNED, Place.OUTSIDE, Place.OUTSIDE]
    assert (session.plan(5).entries[-1].id, len(session.plan().entries)) == ("", 8)


async def test_settings_survive(bench: Bench) -> None:
    session = bench.chats.new()
    await talk(session, "Q1")
    settings = ContextSettings(
        Strategy.BUDGET, budget=500, left_out=frozenset([session.tree.path[0].id]), summary=Summary("S", "x")
    )
    session.set_context(settings)
    assert await bench.chats.outbox.settle()
    (stored,) = await conversations_of(await bench.opening)
    assert stored.context == settings


async def test_continue_and_regenerate_follow_the_strategy(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    server.script(wire.answer("A1"), faults.partial(), wire.answer("A2"), wire.answer("A3"))
    session.set_context(ContextSettings(Strategy.LAST_TURNS, turns=1))
    await talk(session, "Q1", "Q2")
    assert session.last is not None
    session.continue_answer(session.last.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert said(server.requests[2]) == ["Q2", faults.TEXT, CONTINUE_PROMPT]
    session.regenerate(session.last.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert said(server.requests[3]) == ["Q2"]


async def test_the_server_truncates_where_it_can(bench: Bench, server: Server) -> None:
    bench.price(input="2", output="8", context="600")
    session = bench.chats.new()
    held = holds(session)
    session.set_context(ContextSettings(Strategy.SERVER))
    sent = await session.send(PARAGRAPH * 2)
    await idle(session)
    can = bench.endpoint.dialect is Dialect.RESPONSES
    assert (sent, not held) == (can, can)
    assert [exchange.json.get("truncation") for exchange in server.requests] == ["auto"] * can


async def test_what_is_too_long_is_held_before_it_is_saved(bench: Bench, server: Server) -> None:
    bench.price(input="2", output="8", context="1300")
    session = bench.chats.new()
    held = holds(session)
    await talk(session, PARAGRAPH, PARAGRAPH)
    assert not await session.send(PARAGRAPH)
    ((hold, again),) = held
    assert isinstance(hold, OverLimit)
    # Three paragraphs, two answers of ten tokens, five frames, and three for the answer.
    assert abs(hold.tokens - (3 * 500 + 2 * 10 + 5 * 4 + 3)) < 10
    assert (hold.limit, hold.turns) == (1300, 2)
    assert (len(session.tree), len(server.requests)) == (4, 2)
    session.set_context(ContextSettings(Strategy.LAST_TURNS, turns=hold.turns))
    assert await again(waive=False)
    await idle(session)
    assert len(said(server.requests[2])) == 3
    session.set_context(ContextSettings())
    # By now it was learned that this server reports next to nothing, so that half as much is expected.
    bench.price(input="2", output="8", context="500")
    assert not await session.send("More")
    assert await held[1][1]()
    await idle(session)
    assert len(said(server.requests[3])) == 7


async def test_room_is_kept_for_the_answer(bench: Bench, server: Server) -> None:
    bench.price(input="2", output="8", context="1300")
    session = bench.chats.new()
    held = holds(session)
    session.set_parameters(Parameters(max_output_tokens=1000))
    assert not await session.send(PARAGRAPH)
    assert isinstance(held[0][0], OverLimit)
    assert held[0][0].limit == 300


async def test_the_small_model_sums_up(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, title_model="m-small"),))
    bench.price("m-small", input="1", output="1")
    session = bench.chats.new()
    session.rename("Mine")
    await talk(session, *(f"Q{number}" for number in range(1, 7)))
    server.script(wire.answer("They talked."))
    phases: list[Phase] = []
    session.phase_changed.connect(lambda: phases.append(session.phase))
    assert await session.summarise()
    assert phases == [Phase.SUMMARISING, Phase.IDLE]
    asked = server.requests[-1]
    assert asked.json["model"] == "m-small"
    assert "User: Q1" in said(asked)[-1]
    assert "User: Q2" in said(asked)[-1]
    assert "Q3" not in said(asked)[-1]
    summary = session.context.summary
    assert summary == Summary("They talked.", session.tree.path[3].id, "m-small")
    assert session.context.strategy is Strategy.SUMMARY
    (entry,) = await bench.ledger(Purpose.SUMMARY)
    assert entry.cost
    assert (await reread(bench, session))[-1].cost == session.tree.path[-1].cost
    (stored,) = await conversations_of(await bench.opening)
    assert stored.context == session.context

    await talk(session, "Q7", "Q8")
    sent = said(server.requests[-1])
    assert sent[0] == f"{SUMMARY_WORDS}\n\nThey talked."
    assert sent[1] == "Q3"
    server.script(wire.answer("They talked on."))
    assert await session.summarise()
    again = said(server.requests[-1])[-1]
    assert "They talked." in again
    assert "User: Q1" not in again
    assert "User: Q4" in again
    assert session.context.summary == Summary("They talked on.", session.tree.path[7].id, "m-small")


async def test_a_summary_that_fails_changes_nothing(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    await talk(session, "Q1")
    assert not await session.summarise()  # there is nothing older
    await talk(session, "Q2", "Q3")
    before = session.context
    told: list[tuple[object, str]] = []
    session.problem.connect(lambda error, id: told.append((error, id)))
    server.script(faults.status(401), wire.answer("In short."))
    assert not await session.summarise()
    ((error, message_id),) = told
    assert isinstance(error, KeyRejected)
    assert message_id == ""
    assert (session.context, session.phase) == (before, Phase.IDLE)
    session.try_again("")
    await until(lambda: session.context.summary, session.counts_changed)


async def test_a_summary_can_be_stopped_and_is_held_by_a_budget(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    held = holds(session)
    await talk(session, "Q1", "Q2")
    server.script(faults.stall_in_text)
    server.arrived.clear()
    writing = session.summarise()
    await server.arrived.wait()
    session.stop()
    await asyncio.wait([writing])
    assert writing.cancelled()
    assert session.phase is Phase.IDLE
    bench.settings.change(budget_day="0.00001")
    assert not await session.summarise()
    ((hold, again),) = held
    assert isinstance(hold, OverBudget)
    server.script(wire.answer("In short."))
    assert await again()
    assert session.context.summary is not None


async def test_a_summary_is_renewed_before_there_is_no_room_for_it(bench: Bench, server: Server) -> None:
    bench.price(input="2", output="8", context="2500")
    session = bench.chats.new()
    await talk(session, PARAGRAPH, PARAGRAPH)
    session.set_context(ContextSettings(Strategy.SUMMARY))
    server.script(wire.answer("In short."), wire.answer("Done."))
    await count(session, PARAGRAPH)
    phases: list[Phase] = []
    session.phase_changed.connect(lambda: phases.append(session.phase))
    await talk(session, PARAGRAPH + PARAGRAPH)
    assert phases[:3] == [Phase.SENDING, Phase.SUMMARISING, Phase.SENDING]
    assert said(server.requests[-1])[0].endswith("In short.")
    assert len(said(server.requests[-1])) == 4
    assert len(await bench.ledger(Purpose.SUMMARY)) == 1


async def test_a_renewal_that_fails_holds_only_what_does_not_fit(bench: Bench, server: Server) -> None:
    bench.price(input="2", output="8", context="1400")
    session = bench.chats.new()
    held = holds(session)
    await talk(session, PARAGRAPH, PARAGRAPH)
    session.set_context(ContextSettings(Strategy.SUMMARY))
    server.script(faults.status(401))
    await talk(session, "Fits")
    assert len(said(server.requests[-1])) == 5
    server.script(faults.status(401))
    assert not await session.send(PARAGRAPH)
    assert isinstance(held[0][0], OverLimit)


async def test_a_long_chat_is_summed_up_in_pieces(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, title_model="m-small"),))
    bench.price("m-small", input="1", output="1", context="2000")
    session = bench.chats.new()
    session.rename("Mine")
    await talk(session, PARAGRAPH, PARAGRAPH, PARAGRAPH * 4, *["Q"] * KEPT_TURNS)
    before = len(server.requests)
    server.script(*(wire.answer(f"Part {number}.") for number in range(1, 5)))
    assert await session.summarise()
    asked = [said(exchange)[-1] for exchange in server.requests[before:]]
    # Two turns of which only one fits, a question that does not fit as a whole, and its answer.
    assert len(asked) == 4
    assert all(len(text) <= 2000 * 4 for text in asked)
    for number, text in enumerate(asked[1:], 1):
        assert f"Part {number}." in text
    assert session.context.summary is not None
    assert session.context.summary.text == "Part 4."
