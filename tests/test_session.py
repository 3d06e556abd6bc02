"""One conversation at work: real database, real loopback server, no window."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject

from desktop_chat.domain.endpoint import Dialect, KeySource
from desktop_chat.domain.errors import KeyMissing, KeyRejected, RateLimited
from desktop_chat.domain.message import PartKind, Role, State
from desktop_chat.domain.request import Parameters
from desktop_chat.outbox import Outbox
from desktop_chat.session import CONTINUE_PROMPT, ChatSession, Phase
from desktop_chat.storage import DiskFull, Store
from tests.helpers.bench import Bench, ask, idle, listed, reread, until, until_listed
from tests.helpers.stored import conversations_of
from tests.server import Exchange, Server, faults, wire

TEXT = "The quick brown fox jumps over the lazy dog. "


@pytest.fixture(params=list(Dialect))
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, server: Server, anyio_backend: str
) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, request.param) as made:
        yield made


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer(TEXT)) as running:
        yield running


@pytest.mark.anyio
async def test_an_answer_is_saved_as_it_was_shown(bench: Bench) -> None:
    session = bench.chats.new()
    shown: list[str] = []
    session.text_added.connect(lambda id, kind, text: shown.append(text))
    answer = await ask(session)
    assert answer.state is State.COMPLETE
    assert "".join(shown) == answer.text == TEXT
    assert answer.usage is not None
    assert answer.usage.input == wire.USAGE_IN
    assert await reread(bench, session) == session.tree.path
    assert session.conversation.title == "Hello"
    await until_listed(bench.chats, session.conversation.id)


@pytest.mark.anyio
async def test_the_question_is_on_the_disk_before_the_request_leaves(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    stored: list[str] = []

    async def look(exchange: Exchange) -> None:
        await wire.answer(TEXT)(exchange)

    server.script(look)
    store = await bench.opening
    begin_turn = store.begin_turn

    async def begin(*args: Any, **kwargs: Any) -> int:
        order = await begin_turn(*args, **kwargs)
        stored.append(f"{len(server.requests)} requests")
        return order

    store.begin_turn = begin  # type: ignore[method-assign]
    await ask(session, "Is it safe?")
    assert stored == ["0 requests"]


@pytest.mark.anyio
async def test_the_draft_goes_with_the_message(bench: Bench) -> None:
    session = bench.chats.new()
    bench.chats.save_draft(session.draft_key, "Hel")
    await ask(session, "Hello")
    store = await bench.opening
    assert await store.drafts() == {}


@pytest.mark.anyio
async def test_text_is_in_the_database_before_it_is_shown(bench: Bench, server: Server) -> None:
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    (_, answer) = await reread(bench, session)
    assert answer.text == faults.TEXT
    assert answer.state is State.STREAMING
    session.stop()
    await idle(session)


@pytest.mark.anyio
async def test_stop_keeps_what_came_and_closes_the_connection(bench: Bench, server: Server) -> None:
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    session.stop()
    await idle(session)
    await server.requests[0].closed.wait()
    assert session.last is not None
    assert (session.last.state, session.last.text) == (State.STOPPED, faults.TEXT)
    assert (await reread(bench, session))[-1].state is State.STOPPED


@pytest.mark.anyio
async def test_continue_writes_on_in_the_same_message(bench: Bench, server: Server) -> None:
    server.script(faults.partial())
    session = bench.chats.new()
    answer = await ask(session)
    assert answer.state is State.INTERRUPTED
    session.continue_answer(answer.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert answer.text == faults.TEXT + TEXT
    assert answer.state is State.COMPLETE
    body = server.requests[1].body.decode()
    assert CONTINUE_PROMPT in body
    assert faults.TEXT in body
    assert [m.id for m in await reread(bench, session)] == [m.id for m in session.tree.path]
    assert (await reread(bench, session))[-1].text == faults.TEXT + TEXT


@pytest.mark.anyio
async def test_regenerate_and_edit_keep_every_version(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    first = await ask(session, "One")
    question = session.tree.path[0]
    session.regenerate(first.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert session.last is not None
    assert session.tree.versions(first.id) == [first.id, session.last.id]
    await session.edit(question.id, "Two")
    await idle(session)
    assert [m.text for m in session.tree.path] == ["Two", TEXT]
    assert len(session.tree.versions(question.id)) == 2
    session.show_version(first.id)
    assert [m.text for m in session.tree.path] == ["One", TEXT]
    assert session.last.id == first.id
    assert await bench.chats.outbox.settle()
    again = await reread(bench, session)
    assert [m.id for m in again] == [question.id, first.id]


@pytest.mark.anyio
async def test_a_failed_turn_is_told_kept_and_tried_again_in_its_place(bench: Bench, server: Server) -> None:
    server.script(faults.status(401))
    session = bench.chats.new()
    problems: list[Any] = []
    session.problem.connect(lambda error, id: problems.append((type(error), id)))
    answer = await ask(session, "Keep me")
    assert answer.state is State.FAILED
    assert problems == [(KeyRejected, answer.id)]
    stored = await reread(bench, session)
    assert [m.text for m in stored] == ["Keep me", ""]
    assert isinstance(stored[-1].error, KeyRejected)
    session.try_again(answer.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert (answer.state, answer.text, answer.error) == (State.COMPLETE, TEXT, None)
    assert len(session.tree) == 2


@pytest.mark.anyio
async def test_a_scheduled_retry_is_seen_and_can_be_hurried_or_cancelled(
    bench: Bench, server: Server
) -> None:
    for hurry in (True, False):
        server.script(faults.status(429, "slow down", {"retry-after": "90"}))
        session = bench.chats.new()
        await session.send("Hello")
        await until(lambda session=session: session.phase is Phase.WAITING, session.phase_changed)
        assert session.retry is not None
        assert isinstance(session.retry.error, RateLimited)
        assert (session.retry.attempt, session.retry.attempts, session.retry.delay) == (2, 5, 90)
        assert 80 < session.retry_at - time.monotonic() <= 90
        if hurry:
            session.retry_now()
        else:
            session.stop()
        await idle(session)
        assert session.last is not None
        assert session.last.state is (State.COMPLETE if hurry else State.FAILED)
        assert isinstance(session.last.error, RateLimited) is not hurry


@pytest.mark.anyio
async def test_without_a_key_nothing_is_sent(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, key_source=KeySource.ENVIRONMENT),))
    session = bench.chats.new()
    answer = await ask(session)
    assert isinstance(answer.error, KeyMissing)
    assert server.exchanges == []


@pytest.mark.anyio
async def test_parameters_go_along_and_unset_ones_do_not(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    session.set_parameters(Parameters(system_prompt="Be brief.", temperature=0.5))
    session.set_model("e1", "m-2")
    await ask(session)
    body = server.requests[0].json
    assert (body["model"], body["temperature"]) == ("m-2", 0.5)
    assert "Be brief." in server.requests[0].body.decode()
    assert not {
        "max_tokens",
        "max_output_tokens",
        "max_completion_tokens",
        "reasoning",
        "reasoning_effort",
    } & set(body)
    store = await bench.opening
    (listed,) = await conversations_of(store)
    assert listed.parameters == session.conversation.parameters
    assert listed.model == "m-2"


@pytest.mark.anyio
async def test_three_at_once_mix_nothing_up(bench: Bench, server: Server) -> None:
    sessions = [bench.chats.new() for _ in range(3)]
    server.script(*(wire.answer(f"{n} " * 200) for n in range(3)))
    for session in sessions:
        assert await session.send("Go")
    assert set(bench.chats.busy) <= set(sessions)
    for session in sessions:
        await idle(session)
    answers = {s.last.text for s in sessions if s.last}
    assert answers == {f"{n} " * 200 for n in range(3)}


@pytest.mark.anyio
async def test_a_second_message_waits_for_the_first_answer(bench: Bench, server: Server) -> None:
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    assert await session.send("One")
    assert not await session.send("Two")
    session.stop()
    await idle(session)
    assert [m.text for m in session.tree.path] == ["One", faults.TEXT] or session.tree.path[1].text == ""


@pytest.mark.anyio
async def test_stop_before_anything_left_sends_nothing(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    store = await bench.opening
    begin_turn = store.begin_turn

    async def begin(*args: Any, **kwargs: Any) -> int:
        session.stop()
        session.stop()
        return await begin_turn(*args, **kwargs)

    store.begin_turn = begin  # type: ignore[method-assign]
    assert await session.send("Hello")
    await idle(session)
    store.begin_turn = begin_turn  # type: ignore[method-assign]
    assert [(m.text, m.state) for m in await reread(bench, session)] == [
        ("Hello", State.COMPLETE),
        ("", State.STOPPED),
    ]
    assert server.exchanges == []
    assert (await ask(session, "Again")).text == TEXT


@pytest.mark.anyio
async def test_stop_while_the_database_opens_leaves_the_text_with_the_caller(
    tmp_path: Path, server: Server
) -> None:
    made = Bench(tmp_path, server, Dialect.RESPONSES)
    session = made.chats.new()
    sending = session.send("Hello")
    await until(lambda: session.is_busy, session.phase_changed)
    session.stop()
    await asyncio.wait([sending])
    assert sending.cancelled()
    assert not session.is_busy
    await made.chats.load()
    assert await listed(made.chats) == []
    assert (await ask(session, "Hello")).text == TEXT
    await made.close()


@pytest.mark.anyio
async def test_a_chat_deleted_while_its_message_is_saved_asks_nothing(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    await ask(session)
    store = await bench.opening
    begin_turn = store.begin_turn

    async def begin(*args: Any, **kwargs: Any) -> int:
        bench.chats.delete([session.conversation.id])
        return await begin_turn(*args, **kwargs)

    store.begin_turn = begin  # type: ignore[method-assign]
    assert await session.send("And now?")
    await idle(session)
    await bench.chats.close()
    assert len(server.exchanges) == 1
    bench.chats.restore([session.conversation.id])
    await until_listed(bench.chats, session.conversation.id)
    again = await bench.chats.open(session.conversation.id)
    assert [m.text for m in again.tree.path] == ["Hello", TEXT, "And now?", ""]


@pytest.mark.anyio
async def test_a_failed_continue_leaves_an_answer_that_is_still_told(bench: Bench, server: Server) -> None:
    server.script(faults.partial(), faults.status(401))
    session = bench.chats.new()
    answer = await ask(session)
    told: list[object] = []
    session.problem.connect(lambda error, id: told.append(error))
    session.continue_answer(answer.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert (answer.state, answer.text) == (State.INTERRUPTED, faults.TEXT)
    assert isinstance(told[0], KeyRejected)
    await ask(session, "Go on")
    assert faults.TEXT in server.requests[-1].body.decode()


@pytest.mark.anyio
async def test_trying_again_shows_the_answer_that_is_written(bench: Bench, server: Server) -> None:
    server.script(faults.status(401))
    session = bench.chats.new()
    failed = await ask(session)
    session.regenerate(failed.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert failed not in session.tree.path
    session.try_again(failed.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert session.last is failed
    assert failed.text == TEXT
    assert await bench.chats.outbox.settle()
    assert [m.id for m in await reread(bench, session)] == [m.id for m in session.tree.path]


@pytest.mark.anyio
async def test_trying_again_after_reasoning_alone_mixes_nothing(tmp_path: Path, server: Server) -> None:
    made = Bench(tmp_path, server, Dialect.CHAT_COMPLETIONS)
    server.script(faults.built(lambda _: [wire.chunk({"reasoning_content": "Half a thou"})]))
    session = made.chats.new()
    answer = await ask(session)
    assert (answer.state, answer.text, answer.reasoning) == (State.INTERRUPTED, "", "Half a thou")
    session.continue_answer(answer.id)
    await until(lambda: session.is_busy, session.phase_changed)
    await idle(session)
    assert session.last is not answer
    assert (session.last.text, session.last.reasoning) == (TEXT, "")
    await made.close()


@pytest.mark.anyio
async def test_closing_does_not_wait_for_a_title(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, title_model="m-small"),))
    asked = asyncio.Event()

    async def no_title(exchange: Exchange) -> None:
        asked.set()
        await exchange.closed.wait()

    server.script(wire.answer(TEXT), no_title)
    session = bench.chats.new()
    await ask(session)
    async with asyncio.timeout(20):
        await asked.wait()
        await bench.chats.close()
        await server.requests[1].closed.wait()


@pytest.mark.anyio
async def test_a_title_is_asked_where_the_answer_came_from(bench: Bench, server: Server) -> None:
    here = replace(bench.endpoint, title_model="m-small")
    async with Server(wire.answer(TEXT)) as elsewhere:
        there = replace(here, id="e2", base_url=elsewhere.url)
        bench.settings.change(endpoints=(here, there))
        server.script(wire.answer(TEXT), wire.answer("A fox"))
        session = bench.chats.new()
        session.text_added.connect(lambda *_: session.set_model("e2", "m-2"))
        await ask(session)
        await until(lambda: session.conversation.title_source == "model", session.conversation_changed)
        assert elsewhere.exchanges == []


@pytest.mark.anyio
async def test_the_title_is_that_of_the_text_that_was_sent(bench: Bench) -> None:
    session = bench.chats.new()
    limit_pages(await bench.opening, True)
    assert not await session.send("Refused " + "x" * 200_000)
    limit_pages(await bench.opening, False)
    await ask(session, "Sent")
    assert session.conversation.title == "Sent"


@pytest.mark.anyio
async def test_closing_in_the_middle_saves_what_came(bench: Bench, server: Server) -> None:
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    await bench.chats.close()
    (_, answer) = await reread(bench, session)
    assert (answer.state, answer.text) == (State.STOPPED, faults.TEXT)


@pytest.mark.anyio
async def test_a_title_comes_from_the_small_model_once(bench: Bench, server: Server) -> None:
    bench.settings.change(endpoints=(replace(bench.endpoint, title_model="m-small"),))
    server.script(wire.answer(TEXT), wire.answer('"A fox, jumping."'))
    session = bench.chats.new()
    await ask(session)
    await until(lambda: session.conversation.title_source == "model", session.conversation_changed)
    assert session.conversation.title == "A fox, jumping"
    assert server.requests[1].json["model"] == "m-small"
    await ask(session, "Again")
    assert len(server.requests) == 3
    session.rename("Mine")
    assert session.conversation.title_source == "user"


@pytest.mark.anyio
async def test_a_full_disk_keeps_the_text_with_the_caller(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    store = await bench.opening
    refused: list[object] = []
    session.refused.connect(refused.append)
    limit_pages(store, True)
    big = "x" * 200_000
    assert not await session.send(big)
    assert isinstance(refused[0], DiskFull)
    assert len(session.tree) == 0
    assert server.requests == []
    limit_pages(store, False)
    assert await session.send(big)
    await idle(session)


@pytest.mark.anyio
async def test_text_that_comes_while_the_disk_is_full_is_shown_and_saved_later(
    bench: Bench, server: Server
) -> None:
    going_on = asyncio.Event()

    async def slowly(exchange: Exchange) -> None:
        await exchange.head()
        for item in wire.opening(exchange.chat):
            await exchange.send(item)
        await going_on.wait()
        for number in range(40):
            await exchange.send(wire.delta(exchange.chat, "y" * 20_000, number + 1))
        for item in wire.ending(exchange.chat):
            await exchange.send(item)

    server.script(slowly)
    session = bench.chats.new()
    bench.chats.outbox._retry_seconds = 0.01
    told: list[object] = []
    bench.chats.outbox.blocked.connect(told.append)
    assert await session.send("Hello")
    store = await bench.opening
    limit_pages(store, True)
    going_on.set()
    await idle(session)
    assert session.last is not None
    assert session.last.text == "y" * 800_000
    assert isinstance(told[0], DiskFull)
    limit_pages(store, False)
    await until(lambda: not bench.chats.outbox.is_blocked, bench.chats.outbox.recovered)
    assert (await reread(bench, session))[-1].text == "y" * 800_000


def limit_pages(store: Store, limited: bool) -> None:
    """Make the database refuse to grow, as a full disk does."""
    connection = store._thread._database._connection  # type: ignore[union-attr]
    connection.pragma("max_page_count", connection.pragma("page_count") if limited else 1 << 30)


@pytest.mark.anyio
async def test_deleting_while_it_writes_and_restoring(bench: Bench, server: Server) -> None:
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    bench.chats.delete([session.conversation.id])
    assert bench.chats.known(session.conversation.id) is None
    await idle(session)
    await until_listed(bench.chats)
    bench.chats.restore([session.conversation.id])
    await until_listed(bench.chats, session.conversation.id)
    again = await bench.chats.open(session.conversation.id)
    assert [m.text for m in again.tree.path] == ["Hello", faults.TEXT]


@pytest.mark.anyio
async def test_reasoning_is_kept_apart_and_timed(tmp_path: Path, server: Server) -> None:
    made = Bench(tmp_path, server, Dialect.CHAT_COMPLETIONS)

    async def thinking(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(wire.chunk({"reasoning_content": "Hm. "}))
        await exchange.send(wire.chunk({"content": "Yes."}))
        for item in wire.ending(True):
            await exchange.send(item)

    server.script(thinking)
    session = made.chats.new()
    answer = await ask(session)
    assert [(p.kind, p.text) for p in answer.parts] == [(PartKind.REASONING, "Hm. "), (PartKind.TEXT, "Yes.")]
    assert answer.parts[0].seconds is not None
    assert answer.role is Role.ASSISTANT
    await made.close()


def test_the_session_knows_no_widget() -> None:
    assert issubclass(ChatSession, QObject)
    assert issubclass(Outbox, QObject)
