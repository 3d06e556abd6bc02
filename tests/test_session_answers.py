"""Answers that are more than one, by another model, or by the user. Real database, real server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.errors import KeyRejected, ModelNotFound, Overloaded
from desktop_chat.domain.holds import OverBudget
from desktop_chat.domain.ledger import Outcome, Purpose
from desktop_chat.domain.message import PartKind, Role, State
from desktop_chat.domain.request import Parameters
from desktop_chat.session import ChatSession, Phase
from tests.helpers.bench import Bench, ask, idle, reread, until
from tests.helpers.stored import conversations_of
from tests.server import Exchange, Script, Server, faults, wire

TEXT = "The quick brown fox."
GONE = {
    "message": "The model `m-1` does not exist",
    "code": "model_not_found",
    "type": "invalid_request_error",
}


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer(TEXT)) as running:
        yield running


@pytest.fixture(params=list(Dialect))
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, server: Server, anyio_backend: str
) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, request.param) as made:
        yield made


@pytest.fixture
async def responses(tmp_path: Path, server: Server, anyio_backend: str) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, Dialect.RESPONSES) as made:
        yield made


@pytest.fixture
async def chat(tmp_path: Path, server: Server, anyio_backend: str) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, Dialect.CHAT_COMPLETIONS) as made:
        yield made


def falls_back(bench: Bench, *models: str, by_itself: bool = True) -> None:
    endpoint = replace(bench.endpoint, fallback_models=models, falls_back=by_itself, attempts=1)
    bench.settings.change(endpoints=(endpoint,))


def told(session: ChatSession) -> list[Any]:
    """What the user is told, in order."""
    heard: list[Any] = []
    session.fell_back.connect(lambda old, new: heard.append((old, new)))
    session.adjusted.connect(lambda name, message: heard.append(name))
    session.problem.connect(lambda error, id: heard.append(type(error)))
    return heard


async def go(session: ChatSession) -> None:
    """Wait for a turn that begins."""
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)


async def entered(bench: Bench) -> list[tuple[str | None, Outcome]]:
    return [(row.model, row.outcome) for row in await bench.ledger(Purpose.CHAT)]


# A model that stands in


@pytest.mark.anyio
@pytest.mark.parametrize(("code", "error"), [(503, {"message": "overloaded"}), (404, GONE)])
async def test_another_model_answers_in_place_of_one_that_is_overloaded_or_gone(
    bench: Bench, server: Server, code: int, error: object
) -> None:
    falls_back(bench, "m-2", "m-3")
    server.script(faults.status(code, error), faults.status(503, {"message": "overloaded"}))
    session = bench.chats.new()
    heard = told(session)
    answer = await ask(session)
    assert [request.json["model"] for request in server.requests] == ["m-1", "m-2", "m-3"]
    assert heard == [("m-1", "m-2"), ("m-2", "m-3")]
    assert (answer.state, answer.text, answer.error) == (State.COMPLETE, TEXT, None)
    assert session.model == "m-1"
    assert len(session.tree) == 2
    assert await reread(bench, session) == session.tree.path
    assert await entered(bench) == [
        ("m-1", Outcome.FAILED),
        ("m-2", Outcome.FAILED),
        ("m-3", Outcome.OK),
    ]


@pytest.mark.anyio
async def test_the_last_failure_of_a_chain_is_told(bench: Bench, server: Server) -> None:
    falls_back(bench, "m-2")
    server.script(*[faults.status(503, {"message": "overloaded"})] * 2)
    session = bench.chats.new()
    heard = told(session)
    answer = await ask(session)
    assert heard == [("m-1", "m-2"), Overloaded]
    assert (answer.state, answer.model) == (State.FAILED, "m-2")
    assert session.fallback_for(answer.id) is None
    assert [type(m.error) for m in await reread(bench, session)] == [type(None), Overloaded]


@pytest.mark.anyio
async def test_another_model_is_offered_where_none_is_taken_by_itself(bench: Bench, server: Server) -> None:
    falls_back(bench, "m-2", by_itself=False)
    server.script(faults.status(404, GONE))
    session = bench.chats.new()
    heard = told(session)
    answer = await ask(session)
    assert heard == [ModelNotFound]
    assert session.fallback_for(answer.id) == "m-2"
    session.try_with(answer.id, "m-2")
    await go(session)
    assert session.last is answer
    assert (answer.text, answer.error, session.model) == (TEXT, None, "m-1")
    assert server.requests[-1].json["model"] == "m-2"
    assert session.fallback_for(answer.id) is None


@pytest.mark.anyio
async def test_no_other_model_is_asked_where_it_would_not_help(bench: Bench, server: Server) -> None:
    falls_back(bench, "m-2")
    server.script(faults.status(401))
    session = bench.chats.new()
    heard = told(session)
    answer = await ask(session)
    assert heard == [KeyRejected]
    assert session.fallback_for(answer.id) is None
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_a_chain_may_name_a_model_twice(bench: Bench, server: Server) -> None:
    falls_back(bench, "m-2", "m-1", "m-2")
    server.default = faults.status(503, {"message": "overloaded"})
    session = bench.chats.new()
    await ask(session)
    assert [request.json["model"] for request in server.requests] == ["m-1", "m-2"]


@pytest.mark.anyio
async def test_a_budget_holds_the_model_that_stands_in(bench: Bench, server: Server) -> None:
    falls_back(bench, "m-2")
    bench.price("m-2", input="1000", output="1000")
    bench.settings.change(budget_chat="0.5")
    server.script(faults.status(404, GONE))
    session = bench.chats.new()
    held: list[Any] = []
    session.held.connect(lambda hold, again: held.append((hold, again)))
    heard = told(session)
    answer = await ask(session)
    ((hold, again),) = held
    assert isinstance(hold, OverBudget)
    assert heard == [("m-1", "m-2")]
    assert (answer.state, len(server.requests)) == (State.FAILED, 1)
    assert await again()
    await idle(session)
    assert (answer.text, server.requests[-1].json["model"]) == (TEXT, "m-2")
    assert bench.chats.spending._reserved == []


@pytest.mark.anyio
async def test_what_one_model_wrote_is_not_carried_on_by_another(bench: Bench, server: Server) -> None:
    falls_back(bench, "m-2")
    server.script(faults.partial(), faults.status(503, {"message": "overloaded"}))
    session = bench.chats.new()
    answer = await ask(session)
    heard = told(session)
    session.continue_answer(answer.id)
    await go(session)
    assert heard == [Overloaded]
    assert (answer.text, len(server.requests)) == (faults.TEXT, 2)
    assert session.fallback_for(answer.id) == "m-2"
    session.try_with(answer.id, "m-2")
    await go(session)
    assert session.last is not None
    assert (session.last.text, answer.text) == (TEXT, faults.TEXT)
    assert session.tree.versions(answer.id) == [answer.id, session.last.id]


@pytest.mark.anyio
async def test_stop_ends_the_chain(bench: Bench, server: Server) -> None:
    falls_back(bench, "m-2")
    server.script(faults.status(503, {"message": "overloaded"}), faults.stall_after_head)
    session = bench.chats.new()
    session.fell_back.connect(lambda *_: session.stop())
    answer = await ask(session)
    assert not session.is_busy
    assert answer.state in (State.FAILED, State.STOPPED)
    assert answer.text == ""
    assert len(server.requests) == 1
    assert bench.chats.spending._reserved == []


# Several answers


def several(texts: list[str], finishes: tuple[str, ...] = ()) -> Script:
    """Answers of Chat Completions to one request."""

    async def play(exchange: Exchange) -> None:
        await exchange.head()
        for index, text in enumerate(texts):
            delta = [{"index": index, "delta": {"content": text}, "finish_reason": None}]
            await exchange.send(wire.sse({"id": "c1", "model": "m-1", "choices": delta}))
        for index in range(len(texts)):
            finish = finishes[index] if finishes else "stop"
            over = [{"index": index, "delta": {}, "finish_reason": finish}]
            await exchange.send(wire.sse({"id": "c1", "model": "m-1", "choices": over}))
        await exchange.send(wire.sse({"id": "c1", "choices": [], "usage": wire.chat_usage()}))
        await exchange.send(wire.DONE)

    return play


@pytest.mark.anyio
async def test_answers_of_one_request_become_versions(chat: Bench, server: Server) -> None:
    chat.price(input="1", output="1")
    server.script(several(["One", "Two", "Three"], ("stop", "length", "stop")))
    session = chat.chats.new()
    session.set_parameters(Parameters(n=3))
    answer = await ask(session)
    assert [request.json.get("n") for request in server.requests] == [3]
    versions = [session.tree[id] for id in session.tree.versions(answer.id)]
    assert [(m.text, m.state, m.model) for m in versions] == [
        ("One", State.COMPLETE, "m-1"),
        ("Two", State.TRUNCATED, "m-1"),
        ("Three", State.COMPLETE, "m-1"),
    ]
    assert session.last is answer is versions[0]
    assert [m.cost is None for m in versions] == [False, True, True]
    assert await chat.chats.outbox.settle()
    stored = await (await chat.opening).tree(session.conversation.id)
    assert [m.text for m in stored] == ["Hello", "One", "Two", "Three"]
    (listed,) = await conversations_of(await chat.opening)
    assert listed.active_leaf == answer.id
    session.show_version(versions[2].id)
    await ask(session, "Go on")
    assert [m.text for m in session.tree.path][:2] == ["Hello", "Three"]
    assert len(await chat.ledger()) == 2


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["cut", "stopped"])
async def test_answers_that_did_not_come_to_their_end_say_so(chat: Bench, server: Server, how: str) -> None:

    async def play(exchange: Exchange) -> None:
        await exchange.head()
        for index, text, finish in ((1, "Two", "stop"), (2, "Thr", None), (0, "One", "stop")):
            choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
            if how == "stopped" and index == 0:
                choice["finish_reason"] = None
            await exchange.send(wire.sse({"id": "c1", "model": "m-1", "choices": [choice]}))
        if how == "cut":
            exchange.abort()
        await exchange.closed.wait()

    server.script(play)
    session = chat.chats.new()
    session.set_parameters(Parameters(n=4))
    if how == "stopped":
        session.text_added.connect(lambda *_: session.stop())
    answer = await ask(session)
    versions = [session.tree[id] for id in session.tree.versions(answer.id)]
    unfinished = State.STOPPED if how == "stopped" else State.INTERRUPTED
    first = State.STOPPED if how == "stopped" else State.COMPLETE
    assert [(m.text, m.state) for m in versions] == [
        ("One", first),
        ("Two", State.COMPLETE),
        ("Thr", unfinished),
    ]
    assert await chat.chats.outbox.settle()
    stored = await (await chat.opening).tree(session.conversation.id)
    assert [(m.text, m.state) for m in stored][1:] == [(m.text, m.state) for m in versions]
    (row,) = await chat.ledger()
    assert row.usage is not None
    assert not row.is_exact


@pytest.mark.anyio
async def test_a_dialect_without_several_answers_is_asked_several_times(
    responses: Bench, server: Server
) -> None:
    responses.price(input="1", output="1")
    server.script(wire.answer("One"), wire.answer("Two"), faults.status(400, {"message": "no"}))
    session = responses.chats.new()
    session.set_parameters(Parameters(n=3))
    answer = await ask(session)
    assert len(server.requests) == 3
    assert all("n" not in request.json for request in server.requests)
    versions = [session.tree[id] for id in session.tree.versions(answer.id)]
    assert sorted(m.text for m in versions) == ["", "One", "Two"]
    assert sorted(m.state for m in versions) == [State.COMPLETE, State.COMPLETE, State.FAILED]
    stored = await (await responses.opening).tree(session.conversation.id)
    assert [(m.id, m.text, m.state) for m in stored] == [(m.id, m.text, m.state) for m in session.tree]
    rows = await responses.ledger()
    assert {row.message_id for row in rows} == {m.id for m in versions}
    assert sum(row.cost or 0 for row in rows) == sum((m.cost or Decimal(0) for m in versions), Decimal(0)) > 0
    assert responses.chats.spending._reserved == []


@pytest.mark.anyio
async def test_of_several_answers_one_that_came_is_shown(responses: Bench, server: Server) -> None:
    for failing in (0, 1):
        scripts = [wire.answer(TEXT), wire.answer(TEXT)]
        scripts[failing] = faults.status(400, {"message": "no"})
        server.script(*scripts)
        session = responses.chats.new()
        session.set_parameters(Parameters(n=2))
        heard = told(session)
        await ask(session)
        assert session.last is not None
        assert session.last.text == TEXT
        assert heard == []
        assert await reread(responses, session) == session.tree.path
        assert await responses.chats.outbox.settle()
        listed = {c.id: c for c in await conversations_of(await responses.opening)}
        assert listed[session.conversation.id].active_leaf == session.last.id


@pytest.mark.anyio
async def test_a_budget_counts_all_answers(responses: Bench, server: Server) -> None:
    responses.price(input="1000", output="1")
    responses.settings.change(budget_chat="0")
    session = responses.chats.new()
    held: list[Any] = []
    session.held.connect(lambda hold, again: held.append(hold.cost))
    for wanted in (1, 3):
        session.set_parameters(Parameters(n=wanted, max_output_tokens=1_000_000))
        assert not await session.send("Hello")
    one, three = held
    assert one > 1
    assert three == 3 * one
    session.set_parameters(Parameters(n=3, max_output_tokens=1_000_000, dialect=Dialect.CHAT_COMPLETIONS))
    assert not await session.send("Hello")
    # What goes in is paid for once there.
    assert held[-1] == one + 2


@pytest.mark.anyio
async def test_all_answers_are_stopped_together(responses: Bench, server: Server) -> None:
    server.default = faults.stall_in_text
    session = responses.chats.new()
    session.set_parameters(Parameters(n=2))
    assert await session.send("Hello")
    answer = session.tree[session.answer_id or ""]
    versions = [session.tree[id] for id in session.tree.versions(answer.id)]
    assert session._answering is not None
    written = [turn.text_added for turn in session._answering._turns]
    await until(lambda: all(version.text == faults.TEXT for version in versions), *written)
    session.stop()
    await idle(session)
    for request in server.requests:
        await request.closed.wait()
    assert [(m.state, m.text) for m in versions] == [(State.STOPPED, faults.TEXT)] * 2
    stored = await (await responses.opening).tree(session.conversation.id)
    assert list(stored) == list(session.tree)
    assert len(await responses.ledger()) == 2


@pytest.mark.anyio
async def test_one_answer_is_written_on_or_again_by_itself(responses: Bench, server: Server) -> None:
    session = responses.chats.new()
    session.set_parameters(Parameters(n=2))
    server.script(faults.partial(), faults.partial())
    answer = await ask(session)
    session.continue_answer(answer.id)
    await go(session)
    assert len(server.requests) == 3
    assert answer.text == faults.TEXT + TEXT


@pytest.mark.anyio
async def test_a_model_that_knows_one_answer_only_is_asked_several_times(chat: Bench, server: Server) -> None:
    chat.settings.reject("e1", "m-1", "n")
    session = chat.chats.new()
    session.set_parameters(Parameters(n=2))
    answer = await ask(session)
    assert len(server.requests) == 2
    assert len(session.tree.versions(answer.id)) == 2
    chat.settings.forget_rejected("e1")
    server.script(several(["One", "Two"]))
    await ask(session)
    assert len(server.requests) == 3


@pytest.mark.anyio
async def test_a_guess_at_the_cost_takes_in_all_answers(chat: Bench, server: Server) -> None:
    chat.price(input="0", output="1")

    async def without_usage(exchange: Exchange) -> None:
        await exchange.head()
        for index in range(2):
            choice = {"index": index, "delta": {"content": "word " * 50}, "finish_reason": "stop"}
            await exchange.send(wire.sse({"id": "c1", "model": "m-1", "choices": [choice]}))
        await exchange.send(wire.DONE)

    server.script(without_usage, without_usage)
    session = chat.chats.new()
    session.set_parameters(Parameters(n=2))
    await ask(session)
    session.set_parameters(Parameters())
    await ask(session)
    two, one = await chat.ledger()
    assert two.usage is not None
    assert one.usage is not None
    assert two.usage.output == 2 * one.usage.output


# Answers by the user


@pytest.mark.anyio
async def test_the_user_can_change_what_a_model_said(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    answer = await ask(session)
    assert await session.edit(answer.id, "Mine")
    assert not session.is_busy
    assert session.tree.versions(answer.id) == [answer.id, session.tree.path[1].id]
    changed = session.tree.path[1]
    assert (changed.text, changed.role, changed.model) == ("Mine", Role.ASSISTANT, None)
    assert (await reread(bench, session))[1].text == "Mine"
    assert len(server.requests) == 1
    await ask(session, "Go on")
    body = server.requests[-1].body.decode()
    assert "Mine" in body
    assert TEXT not in body


@pytest.mark.anyio
async def test_the_user_can_answer(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    assert await session.insert_answer("I am a pirate.")
    assert server.requests == []
    assert [m.text for m in await reread(bench, session)] == ["I am a pirate."]
    server.script(faults.status(401))
    failed = await ask(session, "Who are you?")
    assert await session.insert_answer("Told you.")
    assert session.tree.versions(failed.id) == [failed.id, session.tree.path[-1].id]
    await ask(session, "Sure?")
    assert [m.text for m in session.tree.path] == [
        "I am a pirate.",
        "Who are you?",
        "Told you.",
        "Sure?",
        TEXT,
    ]
    body = server.requests[-1].body.decode()
    assert body.index("pirate") < body.index("Who are") < body.index("Told you") < body.index("Sure?")


# What a model does not take, what is waited for, and what went over the wire


@pytest.mark.anyio
async def test_what_a_model_rejects_is_told_remembered_and_left_out(bench: Bench, server: Server) -> None:
    refusal = {
        "message": "Unsupported parameter: 'temperature' is not supported with this model.",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "unsupported_parameter",
    }
    server.script(faults.status(400, refusal))
    session = bench.chats.new()
    session.set_parameters(Parameters(temperature=0.5))
    heard = told(session)
    await ask(session)
    await ask(session, "Again")
    assert heard == ["temperature"]
    assert ["temperature" in request.json for request in server.requests] == [True, False, False]
    assert bench.settings.rejected == {"e1": {"m-1": ["temperature"]}}
    session.set_model("e1", "m-2")
    await ask(session, "Another")
    assert server.requests[-1].json["temperature"] == 0.5
    bench.settings.forget_rejected("e1", "m-1")
    assert bench.settings.rejected == {}


@pytest.mark.anyio
async def test_a_limit_of_our_own_is_seen_and_can_be_stopped(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, parallel_requests=1),))
    server.script(faults.stall_in_text)
    first, second = bench.chats.new(), bench.chats.new()
    assert await first.send("One")
    await until(lambda: first.phase is Phase.WRITING, first.phase_changed)
    assert await second.send("Two")
    await until(lambda: second.phase is Phase.THROTTLED, second.phase_changed)
    assert second.throttled_until is None
    assert len(server.requests) == 1
    first.stop()
    await idle(second)
    assert second.last is not None
    assert second.last.text == TEXT


@pytest.mark.anyio
async def test_what_went_over_the_wire_is_kept_where_that_is_wanted(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    for wanted in (True, False):
        bench.settings.change(keep_evidence=wanted)
        server.script(faults.stall_in_text)
        assert await session.send("Hello")
        await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
        session.stop()
        await idle(session)
        stopped = session.last
        answer = await ask(session, "Again")
        assert stopped is not None
        assert await bench.chats.outbox.settle()
        store = await bench.opening
        for message in (stopped, answer):
            (attempt,) = await store.attempts(message.id)
            found = await store.evidence(attempt)
            assert (found is not None) is wanted
            if found is not None:
                assert found.body["model"] == "m-1"
                assert found.status == 200


@pytest.mark.anyio
async def test_a_chat_may_speak_another_dialect_than_its_endpoint(bench: Bench, server: Server) -> None:
    others = {Dialect.RESPONSES: Dialect.CHAT_COMPLETIONS, Dialect.CHAT_COMPLETIONS: Dialect.RESPONSES}
    other = others[bench.endpoint.dialect]
    session = bench.chats.new()
    session.set_parameters(Parameters(dialect=other))
    await ask(session)
    assert server.requests[0].chat is (other is Dialect.CHAT_COMPLETIONS)
    (row,) = await bench.ledger()
    assert row.dialect == other
    assert row.endpoint_id == "e1"


@pytest.mark.anyio
async def test_reasoning_that_only_the_server_reads_goes_back_to_it(responses: Bench, server: Server) -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"}

    async def thinking(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(wire.event("response.output_item.done", 1, output_index=0, item=thought))
        await exchange.send(wire.delta(False, TEXT, 2))
        await exchange.send(b"".join(wire.ending(False)))

    server.script(thinking)
    session = responses.chats.new()
    session.set_parameters(Parameters(reasoning_effort="high"))
    answer = await ask(session)
    assert [part.kind for part in answer.parts] == [PartKind.REASONING, PartKind.TEXT]
    assert (await reread(responses, session))[-1].parts == answer.parts
    await ask(session, "Again")
    sent = [item for item in server.requests[-1].json["input"] if item.get("type") == "reasoning"]
    assert [item["encrypted_content"] for item in sent] == ["c2VjcmV0"]
