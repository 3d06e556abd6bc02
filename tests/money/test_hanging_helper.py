"""A helper that never answers holds up nothing: no message, no stop, no quit."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.message import State
from desktop_chat.domain.usage import Usage
from desktop_chat.tokens import Tokens
from desktop_chat.worker import Worker
from tests.helpers.bench import Bench, idle, reread, until
from tests.server import Server, faults

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server() as running:
        yield running


@pytest.fixture
async def bench(tmp_path: Path, server: Server) -> AsyncIterator[Bench]:
    worker = Worker({"count": "tests.helpers.jobs:sleep", "price": "tests.helpers.jobs:sleep"})
    made = Bench(tmp_path, server, Dialect.RESPONSES, Tokens(worker))
    await made.chats.load()
    yield made
    await made.close()
    worker.close()


async def test_a_stop_is_entered_with_an_approximate_count(bench: Bench, server: Server) -> None:
    bench.price(input="2", output="8", context="100")
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    drafting = asyncio.ensure_future(session.count_draft("Hello"))
    assert await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    session.stop()
    async with asyncio.timeout(5):
        await idle(session)
    (entry,) = await bench.ledger()
    # "Hello" is two by its length, "The quick brown fox" is five.
    assert entry.usage == Usage(input=3 + 4 + 2, output=5)
    assert (entry.is_exact, entry.expected_input) == (False, None)
    drafting.cancel()
    await asyncio.wait([drafting])


async def test_a_budget_needs_no_helper_for_a_price_of_the_users(bench: Bench) -> None:
    bench.price(input="2", output="8", context="100000")
    bench.settings.change(budget_day="1")
    session = bench.chats.new()
    async with asyncio.timeout(5):
        assert await session.send("Hello")


async def test_a_quit_waits_for_no_count(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_chat.bookkeeping.PATIENCE", 600)
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    assert await session.send("Hello")
    await until(lambda: session.last is not None and session.last.text == faults.TEXT, session.text_added)
    async with asyncio.timeout(20):
        await bench.chats.close()
    (entry,) = await bench.ledger()
    assert (entry.usage, entry.cost) == (Usage(input=9, output=5), None)
    assert (await reread(bench, session))[-1].state is State.STOPPED
