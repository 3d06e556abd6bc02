"""Nothing leaves that would pass a budget, unless the user says so."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from desktop_chat.domain.errors import ConnectionLost
from desktop_chat.domain.holds import Budget, Hold, OverBudget, Scope
from desktop_chat.domain.ledger import Purpose
from desktop_chat.domain.message import State
from desktop_chat.domain.request import Parameters
from desktop_chat.session import ChatSession
from desktop_chat.spending import UNKNOWN_OUTPUT, _period
from tests.helpers.bench import Bench, ask, idle, until
from tests.server import Server, faults, wire

pytestmark = pytest.mark.anyio

COST = Decimal("0.0000735")
"""Of an answer, see ``test_ledger_rows``."""

Held = list[tuple[Hold, Callable[..., "asyncio.Task[bool]"]]]


def holds(session: ChatSession) -> Held:
    held: Held = []
    session.held.connect(lambda hold, again: held.append((hold, again)))
    return held


def output(session: ChatSession, tokens: int) -> None:
    session.set_parameters(Parameters(max_output_tokens=tokens))


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_request_that_may_pass_a_budget_is_held(bench: Bench, server: Server, scope: Scope) -> None:
    amount = "0.00008"
    if scope is Scope.ENDPOINT:
        bench.settings.change(endpoint_budgets={"e1": amount})
    else:
        bench.settings.change(**{f"budget_{scope.value}": amount})
    session = bench.chats.new()
    held = holds(session)
    output(session, 7)
    await ask(session)
    assert not await session.send("Again")
    ((hold, again),) = held
    assert isinstance(hold, OverBudget)
    assert (hold.budget.scope, hold.budget.spent) == (scope, COST)
    assert hold.budget.reserved == 0
    assert len(server.requests) == 1
    assert len(session.tree) == 2
    assert not session.is_busy

    assert await again()
    await idle(session)
    assert [m.text for m in session.tree.path if m.role == "user"] == ["Hello", "Again"]
    (budget,) = await bench.chats.spending.budgets(session.conversation.id, "e1")
    assert (budget.spent, budget.reserved) == (2 * COST, 0)
    # Once is once.
    assert not await session.send("And again")
    assert not await held[-1][1](waive=False)
    assert len(held) == 3
    assert await session.send("Anyway", waive=True)
    await idle(session)


async def test_other_chats_and_endpoints_do_not_count(bench: Bench) -> None:
    bench.settings.change(budget_chat="0.0001", endpoint_budgets={"e2": "0.000001"})
    for _ in range(3):
        session = bench.chats.new()
        output(session, 7)
        await ask(session)


async def test_all_requests_under_way_are_reserved(bench: Bench, server: Server) -> None:
    bench.settings.change(budget_day="0.01")
    server.script(faults.stall_in_text)
    first, second = bench.chats.new(), bench.chats.new()
    for session in (first, second):
        output(session, 800)
    held = holds(second)
    assert await asyncio.gather(first.send("One"), second.send("Two")) == [True, False]
    ((hold, again),) = held
    assert isinstance(hold, OverBudget)
    assert hold.budget.reserved > Decimal("0.0064")
    await until(lambda: first.last and first.last.text == faults.TEXT, first.text_added)
    first.stop()
    await idle(first)
    assert await again(waive=False)
    await idle(second)


async def test_what_an_answer_may_cost_is_learned(bench: Bench) -> None:
    """Before the first answer a long one is expected, afterwards one as they were."""
    bench.settings.change(budget_day="1")
    session = bench.chats.new()
    reserved: list[Decimal] = []

    async def look() -> None:
        (budget,) = await bench.chats.spending.budgets(session.conversation.id, "e1")
        reserved.append(budget.reserved)

    session.message_added.connect(lambda _id: looks.append(asyncio.ensure_future(look())))
    looks: list[asyncio.Future[None]] = []
    await ask(session)
    await ask(session)
    await asyncio.gather(*looks)
    first, later = reserved[0], reserved[-1]
    assert first > UNKNOWN_OUTPUT * 8 / Decimal(1_000_000)
    assert later < Decimal("0.0002")


async def test_a_price_that_is_unknown_or_zero_is_never_held(bench: Bench) -> None:
    bench.settings.change(budget_day="0.00001")
    bench.price(input="0", output="0")
    await ask(bench.chats.new())
    bench.settings.change(own_prices={})
    await ask(bench.chats.new())
    assert [entry.cost for entry in await bench.ledger()] == [Decimal(0), None]


async def test_a_warning_at_eighty_per_cent_once(bench: Bench) -> None:
    bench.settings.change(budget_month="0.0002")
    warned: list[Budget] = []
    bench.chats.spending.warned.connect(warned.append)
    session = bench.chats.new()
    output(session, 5)
    for number in range(1, 5):
        assert await session.send("Hello", waive=True)
        await idle(session)
        if number == 3:
            await until(lambda: warned, bench.chats.spending.warned)
            assert (warned[0].scope, warned[0].spent) == (Scope.MONTH, 3 * COST)
    await bench.ledger()
    assert len(warned) == 1
    bench.settings.change(budget_month="0.0003")
    assert await session.send("Hello", waive=True)
    await idle(session)
    assert len(warned) == 2


async def test_a_new_run_does_not_warn_again(bench: Bench) -> None:
    session = bench.chats.new()
    output(session, 5)
    await ask(session)
    bench.settings.change(budget_month="0.00008")
    bench.chats.spending._were_changed = False  # as a new run would find it
    warned: list[Budget] = []
    bench.chats.spending.warned.connect(warned.append)
    assert await session.send("Hello", waive=True)
    await idle(session)
    await bench.ledger()
    assert warned == []


async def test_an_attempt_is_not_made_that_would_pass_a_budget(bench: Bench, server: Server) -> None:
    """Requests that get lost may cost, so that not each of five attempts is free."""
    bench.settings.change(budget_day="0.0001")
    server.default = faults.close_before_head
    session = bench.chats.new()
    held = holds(session)
    told: list[object] = []
    session.problem.connect(lambda error, _id: told.append(error))
    output(session, 9)
    answer = await ask(session)
    entries = await bench.ledger()
    assert 1 <= len(entries) < 5
    assert sum((entry.cost or 0) for entry in entries) < Decimal("0.0001")
    assert isinstance(answer.error, ConnectionLost)
    assert told == []
    server.default = wire.answer()
    ((hold, again),) = held
    assert isinstance(hold, OverBudget)
    assert await again()
    await idle(session)
    assert answer.state is State.COMPLETE


async def test_a_title_that_would_pass_a_budget_is_not_asked_for(bench: Bench, server: Server) -> None:
    bench.settings.change(
        endpoints=(replace(bench.endpoint, title_model="m-1"),), budget_chat="0.0001", attempts=1
    )
    session = bench.chats.new()
    output(session, 7)
    held = holds(session)
    await ask(session)
    assert await bench.ledger(Purpose.TITLE) == []
    assert len(server.requests) == 1
    assert held == []


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone cannot be set here")
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_periods_begin_at_the_users_midnight(new_york: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the month in which the clocks change, its first midnight still has the other offset."""

    class November(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "November":
            return cls(2026, 11, 2, 20, 0)

    monkeypatch.setattr("desktop_chat.spending.datetime", November)
    midnight = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)
    assert _period(Scope.DAY) == (midnight.timestamp(), (midnight + timedelta(days=1)).timestamp())
    month = datetime(2026, 11, 1, 4, 0, tzinfo=UTC), datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    assert _period(Scope.MONTH) == tuple(begin.timestamp() for begin in month)
    assert _period(Scope.ENDPOINT) == _period(Scope.MONTH)
    assert _period(Scope.CHAT) == (0, math.inf)


async def test_what_a_wrong_clock_dated_later_is_not_of_today(bench: Bench) -> None:
    """Else it would use up the budget of every day until then."""
    bench.settings.change(budget_day="1", budget_month="1", budget_chat="1", endpoint_budgets={"e1": "1"})
    session = bench.chats.new()
    await ask(session)
    (entry,) = await bench.ledger()
    store = await bench.opening
    for days in (40, 400):
        await store.record_attempt(replace(entry, started_at=entry.started_at + days * 86_400))
    budgets = await bench.chats.spending.budgets(session.conversation.id, "e1")
    assert {budget.scope: budget.spent for budget in budgets} == {
        Scope.DAY: COST,
        Scope.MONTH: COST,
        Scope.ENDPOINT: COST,
        Scope.CHAT: 3 * COST,
    }
