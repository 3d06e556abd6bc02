"""What a server says of tokens and tiers, and what each attempt tells the ledger."""

import asyncio
import dataclasses
import socket

import pytest

from desktop_chat.api import Api
from desktop_chat.domain.endpoint import Dialect, Secrets
from desktop_chat.domain.events import Adjusted, AttemptEnded, Started
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import Role
from desktop_chat.domain.request import Request
from desktop_chat.domain.usage import Usage
from tests.api.conftest import Result, ask, endpoint_at, message, request
from tests.server import Server, faults, wire

pytestmark = pytest.mark.anyio


def ended(result: Result) -> list[AttemptEnded]:
    return [event for event in result.events if isinstance(event, AttemptEnded)]


async def test_tokens_written_to_the_cache_and_the_tier(server: Server, api: Api, dialect: Dialect) -> None:
    inputs = {"cached_tokens": 4, "cache_write_tokens": 5}
    if dialect is Dialect.RESPONSES:
        usage = {"input_tokens": 20, "output_tokens": 2, "input_tokens_details": inputs}
        response = wire.response(usage=usage, service_tier="flex")
        items = [wire.delta(False, "Hi", 1), wire.event("response.completed", 2, response=response)]
    else:
        usage = {"prompt_tokens": 20, "completion_tokens": 2, "prompt_tokens_details": inputs}
        items = [wire.chunk({"content": "Hi"}, "stop", usage=usage, service_tier="flex"), wire.DONE]
    server.script(faults.raw(*items))
    (attempt,) = ended(await ask(api, endpoint_at(server.url, dialect)))
    assert attempt.usage == Usage(input=20, output=2, cached=4, cache_write=5)
    assert (attempt.service_tier, attempt.status, attempt.has_left) == ("flex", 200, True)


async def test_each_attempt_tells_its_status(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.status(503), faults.close_before_head)
    attempts = ended(await ask(api, endpoint_at(server.url, dialect)))
    assert [(a.status, a.has_left) for a in attempts] == [(503, True), (None, True), (200, True)]


async def test_what_never_left_says_so(api: Api, dialect: Dialect) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = endpoint_at(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", dialect)
        attempts = ended(await ask(api, endpoint, limits=Limits(attempts=2)))
    assert [(a.status, a.has_left) for a in attempts] == [(None, False)] * 2


async def test_a_reply_says_whether_its_request_has_left(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.no_answer)
    reply = api.reply(endpoint_at(server.url, dialect), Secrets(), request(), Limits())

    async def read() -> None:
        async for event in reply.events():
            assert not isinstance(event, Started)

    reading = asyncio.create_task(read())
    assert not reply.has_left
    await server.arrived.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    assert reply.has_left
    reading.cancel()
    await asyncio.wait([reading])


async def test_a_system_message_amid_the_others(server: Server, api: Api, dialect: Dialect) -> None:
    messages = (message("One"), message("A summary", Role.SYSTEM), message("Two"))
    await ask(api, endpoint_at(server.url, dialect, system_role="developer"), Request("m-1", messages))
    body = server.requests[0].json
    sent = body["messages" if dialect is Dialect.CHAT_COMPLETIONS else "input"]
    assert [said["role"] for said in sent] == ["user", "developer", "user"]


async def test_only_responses_are_told_to_truncate(server: Server, api: Api) -> None:
    asked = Request("m-1", (message("Hi"),), truncates=True)
    server.script(wire.answer(), faults.status(400, "Unknown parameter: 'truncation'."))
    await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS), asked)
    endpoint = endpoint_at(server.url)
    result = await ask(api, endpoint, asked)
    (adjusted,) = [event for event in result.events if isinstance(event, Adjusted)]
    await ask(api, endpoint, dataclasses.replace(asked, rejected=frozenset({adjusted.name})))
    assert [exchange.json.get("truncation") for exchange in server.requests] == [None, "auto", None, None]
