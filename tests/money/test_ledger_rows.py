"""What each attempt costs, and what is said of it where the server says nothing."""

import asyncio
import socket
from dataclasses import replace
from decimal import Decimal

import pytest

from desktop_chat.domain.errors import ConnectionLost, KeyRejected, RateLimited
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.message import State
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Usage
from tests.helpers.bench import Bench, ask, count, idle, reread, until
from tests.server import Exchange, Server, faults, wire

pytestmark = pytest.mark.anyio

REPORTED = Usage(wire.USAGE_IN, wire.USAGE_OUT, wire.USAGE_CACHED, wire.USAGE_REASONING)
# (11 - 3) * 2 + 3 * 0.5 + 7 * 8, in millionths of a dollar
COST = Decimal("0.0000735")


def told(entry: LedgerEntry) -> tuple[Outcome, int | None, bool, Decimal | None]:
    return entry.outcome, entry.status, entry.is_exact, entry.cost


async def test_what_the_server_reports_is_exact(bench: Bench) -> None:
    session = bench.chats.new()
    answer = await ask(session)
    (entry,) = await bench.ledger()
    assert told(entry) == (Outcome.OK, 200, True, COST)
    assert (entry.usage, entry.model, entry.purpose) == (REPORTED, "m-1", Purpose.CHAT)
    assert (entry.conversation_id, entry.message_id) == (session.conversation.id, answer.id)
    assert (answer.cost, answer.is_estimated) == (COST, False)
    assert (await reread(bench, session))[-1].cost == COST
    await until(lambda: session.totals.requests, session.totals_changed)
    assert (session.totals.cost, session.totals.input, session.totals.estimated) == (COST, 11, 0)


async def test_an_attempt_that_is_stopped_is_estimated(bench: Bench, server: Server) -> None:
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    session.set_parameters(Parameters(system_prompt="Be brief."))
    await count(session)
    await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    session.stop()
    await idle(session)
    (entry,) = await bench.ledger()
    # Frames of 4 around "Be brief." (3) and "Hello" (1), and 3 for the answer's begin.
    usage = Usage(input=4 + 3 + 4 + 1 + 3, output=4)
    cost = (usage.input * 2 + usage.output * 8) / Decimal(1_000_000)
    assert entry.usage == usage
    assert told(entry) == (Outcome.STOPPED, 200, False, cost)
    assert entry.expected_input == usage.input
    assert session.last is not None
    assert (session.last.cost, session.last.is_estimated) == (cost, True)


async def test_a_request_that_got_no_answer_cost_its_input(bench: Bench, server: Server) -> None:
    server.script(faults.close_before_head, faults.status(429), wire.answer())
    session = bench.chats.new()
    await count(session)
    answer = await ask(session)
    lost, refused, done = await bench.ledger()
    assert (lost.error_kind, refused.error_kind) == (ConnectionLost.__name__, RateLimited.__name__)
    assert told(lost) == (Outcome.FAILED, None, False, Decimal("0.000016"))
    assert lost.usage == Usage(input=8)
    assert told(refused) == (Outcome.FAILED, 429, True, Decimal(0))
    assert refused.usage is None
    assert [entry.attempt for entry in (lost, refused, done)] == [1, 2, 3]
    assert (answer.cost, answer.is_estimated) == (COST + Decimal("0.000016"), True)


async def test_a_request_stopped_before_its_answer_cost_its_input(bench: Bench, server: Server) -> None:
    server.script(faults.no_answer)
    session = bench.chats.new()
    await count(session)
    await session.send("Hello")
    await server.arrived.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    session.stop()
    await idle(session)
    (entry,) = await bench.ledger()
    assert (entry.usage, entry.is_exact, entry.status) == (Usage(input=8), False, None)


async def test_what_the_server_says_failed_cost_nothing(bench: Bench, server: Server) -> None:
    failed = wire.sse({"type": "error", "error": {"message": "No."}}, "error")
    server.script(faults.raw(failed), faults.html(200), faults.status(401))
    for _ in range(3):
        answer = await ask(bench.chats.new())
        assert answer.cost is None
    entries = await bench.ledger()
    assert [(e.usage, e.cost, e.is_exact) for e in entries] == [(None, Decimal(0), True)] * 3
    assert entries[-1].error_kind == KeyRejected.__name__


async def test_what_reached_no_server_gets_no_row(bench: Bench) -> None:
    bench.settings.change(attempts=2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        bench.settings.change(endpoints=(replace(bench.endpoint, base_url=url),))
        answer = await ask(bench.chats.new())
    assert (answer.state, answer.cost) == (State.FAILED, None)
    assert await bench.ledger() == []


async def test_continuing_adds_up(bench: Bench, server: Server) -> None:
    server.script(faults.partial())
    session = bench.chats.new()
    answer = await ask(session)
    begun = answer.cost
    assert begun is not None
    session.continue_answer(answer.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert (answer.cost, answer.is_estimated) == (begun + COST, True)


async def test_an_unknown_price_is_none_and_stays_so(bench: Bench, server: Server) -> None:
    bench.settings.change(own_prices={})
    server.script(faults.partial())
    session = bench.chats.new()
    answer = await ask(session)
    assert answer.cost is None
    bench.price(input="2", output="8")
    session.continue_answer(answer.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert [entry.cost is None for entry in await bench.ledger()] == [True, False]
    assert answer.cost is None
    await until(lambda: session.totals.unpriced, session.totals_changed)


async def test_titles_are_entered_too(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, title_model="m-1"),))
    server.script(wire.answer(), wire.answer("A fox"))
    session = bench.chats.new()
    answer = await ask(session)
    await until(lambda: session.conversation.title_source == "model", session.conversation_changed)
    (entry,) = await bench.ledger(Purpose.TITLE)
    assert (entry.cost, entry.message_id) == (COST, answer.id)
    assert answer.cost == COST


async def test_a_title_that_is_cut_short_by_closing_is_entered(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, title_model="m-1"),))
    asked = asyncio.Event()

    async def no_title(exchange: Exchange) -> None:
        asked.set()
        await exchange.closed.wait()

    server.script(wire.answer(), no_title)
    await ask(bench.chats.new())
    await asked.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    await bench.chats.close()
    (entry,) = await bench.ledger(Purpose.TITLE)
    assert (entry.outcome, entry.is_exact) == (Outcome.STOPPED, False)
    assert entry.cost


async def test_a_row_survives_a_stop_while_it_is_written(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    store = await bench.opening
    record = store.record_attempt

    async def stopping(*arguments: object) -> None:
        session.stop()
        await asyncio.sleep(0)
        await record(*arguments)  # type: ignore[arg-type]

    store.record_attempt = stopping  # type: ignore[method-assign]
    await session.send("Hello")
    await idle(session)
    (entry,) = await bench.ledger()
    assert told(entry) == (Outcome.OK, 200, True, COST)
    assert session.last is not None
    assert session.last.cost == COST
