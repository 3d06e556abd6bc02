"""Every chat of a profile: one session each, drafts, and what happens to those that are put away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_chat.chats import RECENT_SESSIONS
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.errors import EndpointGone
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role
from tests.helpers.bench import Bench, ask, idle, listed, until_listed
from tests.helpers.stored import conversations_of
from tests.server import Server, faults, wire

TEXT = "The quick brown fox jumps over the lazy dog. "


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer(TEXT)) as running:
        yield running


@pytest.fixture
async def bench(tmp_path: Path, server: Server, anyio_backend: str) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, Dialect.RESPONSES) as made:
        yield made


async def stored(bench: Bench, count: int) -> list[str]:
    """The ids of so many chats that are in the database, the oldest first."""
    store = await bench.opening
    ids = []
    for number in range(count):
        question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, f"Question {number}")])
        conversation = Conversation(new_id(), f"Chat {number}")
        await store.begin_turn(conversation, [question])
        ids.append(conversation.id)
    await bench.chats.load()
    await listed(bench.chats)
    return ids


@pytest.mark.anyio
async def test_a_chat_that_is_still_held_has_one_session_only(bench: Bench) -> None:
    shown, *others = await stored(bench, RECENT_SESSIONS + 3)
    held = await bench.chats.open(shown)
    for other in others:
        await bench.chats.open(other)
    assert await bench.chats.open(shown) is held
    assert (await ask(held, "Hello")).text == TEXT
    twice = await asyncio.gather(bench.chats.open(others[0]), bench.chats.open(others[0]))
    assert twice[0] is twice[1]


@pytest.mark.anyio
async def test_chats_that_nobody_holds_leave_the_memory(bench: Bench) -> None:
    first, *others = await stored(bench, RECENT_SESSIONS + 3)
    await ask(await bench.chats.open(first), "Hello")
    for other in others:
        await bench.chats.open(other)
    assert bench.chats.session(first) is None
    assert [m.text for m in (await bench.chats.open(first)).tree.path] == ["Question 0", "Hello", TEXT]


@pytest.mark.anyio
async def test_a_chat_that_writes_is_not_put_away(bench: Bench, server: Server) -> None:
    first, *others = await stored(bench, RECENT_SESSIONS + 3)
    server.script(faults.stall_in_text)
    assert await (await bench.chats.open(first)).send("Hello")
    for other in others:
        await bench.chats.open(other)
    assert [session.conversation.id for session in bench.chats.busy] == [first]
    session = await bench.chats.open(first)
    session.stop()
    await idle(session)


@pytest.mark.anyio
async def test_renaming_and_pinning_read_no_messages(bench: Bench) -> None:
    ids = await stored(bench, RECENT_SESSIONS + 3)
    for number, conversation_id in enumerate(ids):
        bench.chats.rename(conversation_id, f" Renamed\n{number} ")
        bench.chats.set_pinned([conversation_id], number == 0)
    assert bench.chats.session(ids[0]) is None
    await until_listed(bench.chats, ids[0], *reversed(ids[1:]))
    store = await bench.opening
    listed = await conversations_of(store)
    assert [(c.title, c.title_source, c.pinned) for c in listed[:2]] == [
        ("Renamed 0", "user", True),
        (f"Renamed {len(ids) - 1}", "user", False),
    ]


@pytest.mark.anyio
async def test_a_chat_deleted_while_it_is_read_is_not_opened(bench: Bench) -> None:
    (conversation_id,) = await stored(bench, 1)
    opening = asyncio.ensure_future(bench.chats.open(conversation_id))
    await asyncio.sleep(0)
    bench.chats.delete([conversation_id])
    with pytest.raises(KeyError):
        await opening


@pytest.mark.anyio
async def test_restoring_one_chat_leaves_another_deleted(bench: Bench) -> None:
    first, second = await stored(bench, 2)
    bench.chats.delete([first])
    bench.chats.delete([second])
    bench.chats.restore([first])
    await until_listed(bench.chats, first)


@pytest.mark.anyio
async def test_a_chat_whose_endpoint_is_gone_asks_no_other_server(bench: Bench, server: Server) -> None:
    session = bench.chats.new()
    await ask(session, "For one server only")
    other = replace(bench.endpoint, id="e2", name="Other")
    bench.settings.change(endpoints=(other,), default_endpoint="e2")
    assert session.endpoint is None
    assert session.model == ""
    answer = await ask(session, "And this?")
    assert isinstance(answer.error, EndpointGone)
    assert len(server.requests) == 1
    session.set_model("e2", "m-1")
    assert (await ask(session, "Now there")).text == TEXT
