"""Our own limits of an endpoint: who goes when, with a clock of the test's own, and over a real server."""

import asyncio

import pytest

from desktop_chat.api import Api
from desktop_chat.api.limiter import MINUTE, Limiter
from desktop_chat.domain.endpoint import Secrets
from desktop_chat.domain.events import Finished, ReplyEvent, Throttled
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import State
from tests.api.conftest import ask, endpoint_at, request
from tests.server import Exchange, Server, wire

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def settle() -> None:
    """Let everybody go who can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_without_limits_nobody_waits() -> None:
    limiter = Limiter()
    for _ in range(1000):
        assert limiter.throttled() is None
        await limiter.acquire()


async def test_no_more_at_once_than_allowed_and_in_order() -> None:
    limiter, order = Limiter(parallel=2), list[int]()

    async def go(number: int) -> None:
        await limiter.acquire()
        order.append(number)

    going = [asyncio.ensure_future(go(number)) for number in range(5)]
    await settle()
    assert order == [0, 1]
    assert limiter.throttled() == Throttled(None)
    limiter.release()
    await settle()
    assert order == [0, 1, 2]
    for _ in range(4):
        limiter.release()
    await asyncio.gather(*going)
    assert order == [0, 1, 2, 3, 4]
    limiter.release()
    assert limiter.throttled() is None


async def test_no_more_a_minute_than_allowed() -> None:
    clock = Clock()
    limiter = Limiter(per_minute=2, clock=clock)
    await limiter.acquire()
    clock.now += 10
    await limiter.acquire()
    for _ in range(2):
        limiter.release()
    clock.now += 20
    assert limiter.throttled() == Throttled(MINUTE - 30)
    clock.now += 29
    assert limiter.throttled() == Throttled(1.0)
    clock.now += 1
    assert limiter.throttled() is None
    await limiter.acquire()
    assert limiter.throttled() == Throttled(10.0)


async def test_those_before_take_their_turns_first() -> None:
    clock = Clock()
    limiter = Limiter(per_minute=1, clock=clock)
    await limiter.acquire()
    waiting = [asyncio.ensure_future(limiter.acquire()) for _ in range(2)]
    await settle()
    assert limiter.throttled() == Throttled(3 * MINUTE)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert limiter.throttled() == Throttled(MINUTE)


async def test_the_wait_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_chat.api.limiter.MINUTE", 0.02)
    limiter = Limiter(per_minute=1)
    for _ in range(3):
        await limiter.acquire()


@pytest.mark.parametrize("when", ["waiting", "called"])
async def test_one_who_gives_up_holds_nobody_up(when: str) -> None:
    limiter = Limiter(parallel=1)
    await limiter.acquire()
    leaving, staying = (asyncio.ensure_future(limiter.acquire()) for _ in range(2))
    await settle()
    if when == "called":
        limiter.release()
    leaving.cancel()
    await asyncio.wait([leaving])
    if when == "waiting":
        limiter.release()
    await asyncio.wait_for(staying, 5)
    limiter.release()
    assert limiter.throttled() is None


async def test_new_limits_hold_at_once() -> None:
    limiter = Limiter()
    limiter.change(endpoint_at("http://x/v1", parallel_requests=1))
    await limiter.acquire()
    waiting = asyncio.ensure_future(limiter.acquire())
    await settle()
    assert not waiting.done()
    limiter.change(endpoint_at("http://x/v1", parallel_requests=2))
    await asyncio.wait_for(waiting, 5)


class Counting:
    """Answers when it is let, and knows how many requests were there at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.go = asyncio.Event()
        self._answer = wire.answer()

    async def __call__(self, exchange: Exchange) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.go.wait()
            await self._answer(exchange)
        finally:
            self.now -= 1


async def test_replies_take_turns(server: Server, api: Api) -> None:
    server.default = counting = Counting()
    endpoint = endpoint_at(server.url, parallel_requests=1)
    told: list[ReplyEvent] = []

    async def reply() -> Finished:
        events = [event async for event in api.reply(endpoint, Secrets(), request(), Limits()).events()]
        told.extend(event for event in events if isinstance(event, Throttled))
        last = events[-1]
        assert isinstance(last, Finished)
        return last

    replies = [asyncio.ensure_future(reply()) for _ in range(3)]
    while not counting.now:
        await server.arrived.wait()
        await asyncio.sleep(0)
    counting.go.set()
    assert [finished.state for finished in await asyncio.gather(*replies)] == [State.COMPLETE] * 3
    assert counting.most == 1
    assert told == [Throttled(None)] * 2
    # Another endpoint has limits of its own.
    assert (await ask(api, endpoint_at(server.url, id="other"))).finished.state is State.COMPLETE


async def test_a_reply_that_is_dropped_while_it_waits_leaves_no_trace(server: Server, api: Api) -> None:
    server.default = counting = Counting()
    endpoint = endpoint_at(server.url, parallel_requests=1)
    first = asyncio.ensure_future(ask(api, endpoint))
    await server.arrived.wait()
    second = asyncio.ensure_future(ask(api, endpoint))
    await settle()
    second.cancel()
    await asyncio.wait([second])
    counting.go.set()
    assert (await first).finished.state is State.COMPLETE
    assert (await ask(api, endpoint)).finished.state is State.COMPLETE
    assert len(server.requests) == 2
