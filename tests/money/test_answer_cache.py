"""Answers that are given again, where the user wants that."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from desktop_chat.domain.message import Message, PartKind, State
from desktop_chat.domain.request import Parameters
from desktop_chat.session import ChatSession
from tests.helpers.bench import Bench, ask, idle, reread, until
from tests.server import Server, faults, wire

pytestmark = pytest.mark.anyio

EXACT = Parameters(temperature=0.0)
Change = Callable[[Bench, ChatSession], None]


async def answered(bench: Bench, text: str = "Hello", parameters: Parameters = EXACT) -> Message:
    """The answer to a new chat's first message."""
    session = bench.chats.new()
    session.set_parameters(parameters)
    answer = await ask(session, text)
    assert await bench.chats.outbox.settle()
    return answer


async def test_the_same_request_is_answered_from_here(bench: Bench, server: Server) -> None:
    bench.settings.change(cache_answers=True)
    first = await answered(bench)
    session = bench.chats.new()
    session.set_parameters(EXACT)
    shown: list[str] = []
    session.text_added.connect(lambda _id, _kind, text: shown.append(text))
    again = await ask(session)
    assert len(server.requests) == 1
    assert (again.parts, again.model, again.finish_reason) == (first.parts, first.model, first.finish_reason)
    assert (again.state, again.is_cached, again.cost, again.is_estimated) == (
        *(State.COMPLETE, True),
        *(Decimal(0), False),
    )
    assert not first.is_cached
    assert "".join(shown) == first.text
    assert len(await bench.ledger()) == 1
    assert (await reread(bench, session))[-1] == again


async def test_reasoning_and_its_time_come_again(bench: Bench, server: Server) -> None:
    bench.settings.change(cache_answers=True)
    thought = (
        wire.chunk({"reasoning_content": "Hm. "})
        if bench.endpoint.dialect == "chat_completions"
        else wire.event("response.reasoning_summary_text.delta", 1, output_index=0, delta="Hm. ")
    )
    server.script(
        faults.built(lambda chat: [thought, *wire.events(chat, ["Yes."])[1:]]),
    )
    first, again = await answered(bench), await answered(bench)
    assert [part.kind for part in first.parts] == [PartKind.REASONING, PartKind.TEXT]
    assert again.is_cached
    assert again.parts == first.parts


async def test_it_is_off_unless_wanted(bench: Bench, server: Server) -> None:
    await answered(bench)
    bench.settings.change(cache_answers=True)
    assert not (await answered(bench)).is_cached
    bench.settings.change(cache_answers=False)
    assert not (await answered(bench)).is_cached
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda bench, chat: chat.set_parameters(Parameters()),
        lambda bench, chat: chat.set_parameters(Parameters(temperature=0.1)),
        lambda bench, chat: chat.set_parameters(replace(EXACT, system_prompt="Be brief.")),
        lambda bench, chat: chat.set_model("e1", "m-2"),
        lambda bench, chat: bench.settings.change(
            endpoints=(replace(bench.endpoint, base_url=f"{bench.endpoint.base_url}/other"),)
        ),
    ],
)
async def test_another_request_is_asked(bench: Bench, server: Server, change: Change) -> None:
    bench.settings.change(cache_answers=True)
    await answered(bench)
    session = bench.chats.new()
    session.set_parameters(EXACT)
    change(bench, session)
    assert not (await ask(session)).is_cached
    assert len(server.requests) == 2


async def test_regenerating_asks_anew_and_replaces_what_is_kept(bench: Bench, server: Server) -> None:
    bench.settings.change(cache_answers=True)
    server.script(wire.answer("One"), wire.answer("Two"))
    session = bench.chats.new()
    session.set_parameters(EXACT)
    first = await ask(session)
    session.regenerate(first.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert session.last is not None
    assert (session.last.text, session.last.is_cached) == ("Two", False)
    assert (await answered(bench)).text == "Two"
    assert len(server.requests) == 2


async def test_only_whole_answers_without_tools_are_kept(bench: Bench, server: Server) -> None:
    bench.settings.change(cache_answers=True)
    call = {"index": 0, "id": "c", "function": {"name": "look", "arguments": "{}"}}
    item = {"id": "ws", "type": "web_search_call", "status": "completed"}

    def searched(chat: bool) -> list[bytes]:
        tool = (
            wire.chunk({"tool_calls": [call]})
            if chat
            else wire.event("response.output_item.done", 1, output_index=0, item=item)
        )
        opening, *rest = wire.events(chat, ["Found."])
        return [opening, tool, *rest]

    server.script(wire.answer(finish="length"), faults.partial(), faults.built(searched))
    for _ in range(4):
        assert not (await answered(bench)).is_cached
    assert len(server.requests) == 4
    assert (await answered(bench)).is_cached


async def test_a_budget_holds_nothing_that_costs_nothing(bench: Bench, server: Server) -> None:
    bench.settings.change(cache_answers=True)
    await answered(bench)
    bench.settings.change(budget_day="0.000001")
    assert (await answered(bench)).is_cached


async def test_what_failed_before_still_cost(bench: Bench, server: Server) -> None:
    """A request that got lost, and was answered from here when it was tried again."""
    bench.settings.change(cache_answers=True, attempts=1)
    server.script(faults.close_before_head)
    session = bench.chats.new()
    session.set_parameters(EXACT)
    failed = await ask(session)
    await answered(bench)
    session.try_again(failed.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    (lost,) = [entry for entry in await bench.ledger() if entry.message_id == failed.id]
    assert lost.cost
    assert (failed.is_cached, failed.cost, failed.is_estimated) == (True, lost.cost, True)


async def test_continuing_what_came_from_here_costs_again(bench: Bench, server: Server) -> None:
    bench.settings.change(cache_answers=True)
    await answered(bench)
    session = bench.chats.new()
    session.set_parameters(EXACT)
    answer = await ask(session)
    session.continue_answer(answer.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert not answer.is_cached
    assert answer.cost
