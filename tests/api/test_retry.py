"""When another attempt is made, and after how long."""

import asyncio
import email.utils
import time

import pytest

from desktop_chat.api import Api, RetryPolicy, retry
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect, Secrets
from desktop_chat.domain.events import Finished, RetryScheduled
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import State
from tests.api.conftest import ask, endpoint_at, request
from tests.server import Server, faults

NOW = 1_800_000_000


def date(seconds: float) -> str:
    return email.utils.formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "garbage", "retry-after": "7"}, 7.0),
        ({"retry-after": "1e20"}, 1e20),
        ({"retry-after": "9" * 400}, 121.0),
        ({"retry-after": date(30), "date": date(0)}, 30.0),
        ({"retry-after": date(-30), "date": date(0)}, None),
        ({"retry-after": date(3600 + 5), "date": date(3600)}, 5.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Fri, 99 Foo 2026"}, None),
    ],
)
def test_what_the_server_asks_for(headers: dict[str, str], expected: float | None) -> None:
    assert retry.retry_after(headers) == expected


def test_a_date_without_the_servers_clock() -> None:
    headers = {"retry-after": email.utils.formatdate(time.time() + 60, usegmt=True)}
    assert retry.retry_after(headers) == pytest.approx(60, abs=2)


def test_delays() -> None:
    longest = RetryPolicy(random=lambda: 0.0)
    shortest = RetryPolicy(random=lambda: 1.0)
    assert [longest.delay(n, None) for n in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert [shortest.delay(n, None) for n in range(3)] == [0.375, 0.75, 1.5]
    assert longest.delay(100_000, None) == 8
    assert longest.delay(0, 120.0) == 120
    assert longest.delay(0, 121.0) == 0.5


@pytest.mark.parametrize(
    ("error", "header", "expected"),
    [
        (errors.RateLimited(status=429), None, True),
        (errors.RateLimited(status=429), "false", False),
        (errors.RateLimited(status=429, retry_after=121), "true", False),
        (errors.RateLimited(status=429, retry_after=120), None, True),
        (errors.QuotaExhausted(status=429), "true", False),
        (errors.BadRequest(status=400), None, False),
        (errors.BadRequest(status=400), "true", True),
        (errors.BadRequest(status=400), "yes", False),
        (errors.Conflict(status=409), None, True),
        (errors.ServerFault(status=500), None, True),
        (errors.ServerFault(status=500), "false", False),
        (errors.Redirected(status=307), None, False),
        (errors.ConnectionRefused(), None, True),
        (errors.NoAnswer(), None, True),
        (errors.CutOff(), None, False),
    ],
)
def test_what_heals(error: errors.ChatError, header: str | None, expected: bool) -> None:
    assert retry.heals(error, header) is expected


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "delay"),
    [({"retry-after": "7"}, 7.0), ({"retry-after-ms": "90"}, 0.09), ({"retry-after": "-1"}, None)],
)
async def test_the_delay_is_told(
    server: Server, api: Api, dialect: Dialect, headers: dict[str, str], delay: float | None
) -> None:
    server.script(faults.status(429, headers=headers))
    result = await ask(api, endpoint_at(server.url, dialect))
    (scheduled,) = result.retries
    assert scheduled.delay == delay or (delay is None and scheduled.delay <= 0.001)
    assert scheduled.error.retry_after == delay
    assert result.finished.state is State.COMPLETE


@pytest.mark.anyio
async def test_a_server_that_asks_for_an_hour_is_left_alone(server: Server, api: Api) -> None:
    server.script(faults.status(429, headers={"retry-after": "3600"}))
    finished = (await ask(api, endpoint_at(server.url))).finished
    assert isinstance(finished.error, errors.RateLimited)
    assert (finished.error.retry_after, len(server.requests)) == (3600, 1)


@pytest.mark.anyio
async def test_x_should_retry(server: Server, api: Api) -> None:
    server.script(faults.status(400, headers={"x-should-retry": "true"}))
    assert (await ask(api, endpoint_at(server.url))).finished.state is State.COMPLETE
    server.script(faults.status(500, headers={"x-should-retry": "false"}))
    assert (await ask(api, endpoint_at(server.url))).finished.state is State.FAILED
    assert len(server.requests) == 3


@pytest.mark.anyio
async def test_the_wait_ends_by_itself(server: Server, api: Api) -> None:
    server.script(faults.status(429, headers={"retry-after-ms": "20"}))
    events = [
        event async for event in api.reply(endpoint_at(server.url), Secrets(), request(), Limits()).events()
    ]
    assert isinstance(events[-1], Finished)
    assert events[-1].state is State.COMPLETE
    first, second = server.requests
    assert second.at - first.at >= 0.02


@pytest.mark.anyio
async def test_one_attempt_means_one(server: Server, api: Api) -> None:
    server.script(faults.status(500))
    result = await ask(api, endpoint_at(server.url), limits=Limits(attempts=1))
    assert (result.attempts, result.retries, len(server.requests)) == (1, [], 1)


@pytest.mark.anyio
async def test_stop_in_the_wait(server: Server, api: Api) -> None:
    server.script(faults.status(429, headers={"retry-after": "100"}))
    reply = api.reply(endpoint_at(server.url), Secrets(), request(), Limits())
    scheduled = asyncio.Event()

    async def read() -> None:
        async for event in reply.events():
            if isinstance(event, RetryScheduled):
                scheduled.set()

    task = asyncio.create_task(read())
    await scheduled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(server.requests) == 1
