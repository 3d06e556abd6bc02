"""Searching all chats: what is new is indexed in quiet moments, and a search gives way to the next."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.search import Found, Query, Term
from tests.helpers.bench import Bench, ask, idle, until
from tests.server import Server, faults, wire

TEXT = "The quick brown fox jumps over the lazy dog. "
pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer(TEXT)) as running:
        yield running


@pytest.fixture
async def bench(tmp_path: Path, server: Server, anyio_backend: str) -> AsyncIterator[Bench]:
    async with Bench(tmp_path, server, Dialect.RESPONSES) as made:
        yield made


async def find(bench: Bench, word: str) -> Found:
    return await bench.chats.search(Query((Term(word),)))


async def test_what_was_said_and_renamed_is_found(bench: Bench) -> None:
    session = bench.chats.new()
    await ask(session, "Where does the heron nest?")
    await bench.chats.indexing.settled()
    found = await find(bench, "heron")
    assert found.waiting == 0
    assert {hit.message_id for hit in found.hits if hit.message_id} == {session.tree.path[0].id}
    assert (await find(bench, "lazy")).total == 1
    bench.chats.rename(session.conversation.id, "Waterfowl")
    await until(lambda: session.conversation.title == "Waterfowl", bench.chats.changed)
    assert await bench.chats.outbox.settle()
    bench.chats.indexing.wake()
    await bench.chats.indexing.settled()
    (hit,) = (await find(bench, "waterfowl")).hits
    assert (hit.message_id, hit.title) == (None, "Waterfowl")


async def test_an_answer_that_is_written_goes_first_until_somebody_searches(
    bench: Bench, server: Server
) -> None:
    other = bench.chats.new()
    await ask(other, "First words")
    await bench.chats.indexing.settled()
    server.script(faults.stall_in_text)
    session = bench.chats.new()
    assert await session.send("Where does the heron nest?")
    await until(lambda: session.last is not None and session.last.text, session.text_added)
    bench.chats.indexing.wake()
    await bench.chats.indexing.settled()
    found = await find(bench, "heron")
    assert (found.total, found.waiting > 0) == (0, True)
    await bench.chats.indexing.settled()
    assert (await find(bench, "heron")).total == 1
    session.stop()
    await idle(session)
    await bench.chats.indexing.settled()
    assert (await find(bench, "quick")).waiting == 0


async def test_a_search_gives_way_to_a_newer_one(bench: Bench) -> None:
    await ask(bench.chats.new(), "Where does the heron nest?")
    await bench.chats.indexing.settled()
    older = [asyncio.ensure_future(find(bench, "lazy")) for _ in range(3)]
    await asyncio.sleep(0)
    assert (await find(bench, "heron")).total == 1
    given_up = await asyncio.gather(*older, return_exceptions=True)
    assert [type(result) for result in given_up] == [asyncio.CancelledError] * 3


async def test_what_the_disk_refuses_is_indexed_later(bench: Bench, tmp_path: Path) -> None:
    await ask(bench.chats.new(), "Where does the heron nest?")
    await bench.chats.indexing.settled()
    with contextlib.closing(apsw.Connection(str(tmp_path / "chats.db"))) as held:
        held.execute("BEGIN IMMEDIATE; UPDATE conversation SET title = 'Kingfisher'")
        bench.chats.indexing.wake()
        await bench.chats.indexing.settled()
        held.execute("COMMIT")
    bench.chats.indexing.wake()
    await bench.chats.indexing.settled()
    assert (await find(bench, "kingfisher")).total == 1
