"""A server that means harm: what it was told it repeats, and what it says is nonsense without end."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from desktop_chat.api import Api, guard, rate_limits, sse
from desktop_chat.api.connections import ProxyServer
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect, Secrets
from desktop_chat.domain.events import AttemptEnded, Delta, PartCame
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.parameters import PARAMETERS
from tests.api.conftest import KEY, ask, endpoint_at, request
from tests.server import Exchange, Server

pytestmark = pytest.mark.anyio

ODD = 'tok/en"A\\b<&>-CANARY+0123/456789=='
"""A secret that JSON, HTML and addresses write in ways of their own."""


def written(secret: str) -> set[str]:
    """The ends of a secret as servers write them."""
    in_json = json.dumps(secret)[1:-1]
    return {form[-12:] for form in (secret, in_json, in_json.replace("/", "\\/"))}


async def repeat_rejected(exchange: Exchange) -> None:
    said = json.dumps({"error": {"message": f"No: {KEY}", "code": ODD, "more": ODD}}).replace("/", "\\/")
    await exchange.document(400, said.encode(), {"x-request-id": KEY, f"x-{KEY}": ODD})


async def repeat_in_a_page(exchange: Exchange) -> None:
    await exchange.document(200, KEY.encode(), {"content-type": f"text/{KEY}", "x-request-id": f"r {KEY}"})


async def repeat_as_names(exchange: Exchange) -> None:
    await exchange.head(200, {"x-request-id": KEY})
    if exchange.chat:
        choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": KEY}
        said = {"model": KEY, "service_tier": ODD, "choices": [choice]}
    else:
        answer = {"model": KEY, "service_tier": ODD, "incomplete_details": {"reason": KEY}, "output": []}
        said = {"type": "response.incomplete", "response": answer}
    await exchange.send(f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n".encode())


@pytest.mark.parametrize("script", [repeat_rejected, repeat_in_a_page, repeat_as_names])
async def test_what_a_server_repeats_of_secrets_is_not_kept(
    server: Server, api: Api, dialect: Dialect, script: object
) -> None:
    server.default = script  # type: ignore[assignment]
    endpoint = endpoint_at(server.url, dialect, secret_headers=("X-Gate",))
    reply = api.reply(endpoint, Secrets(KEY, (("X-Gate", ODD),)), request(), Limits(attempts=1))
    events = [event async for event in reply.events()]
    assert server.requests[0].headers["x-gate"] == ODD
    told = [event for event in events if not isinstance(event, Delta | PartCame)]
    (evidence,) = [event.evidence for event in told if isinstance(event, AttemptEnded)]
    assert evidence is not None
    kept = repr(told) + evidence.response.decode() + repr(evidence.response_headers)
    for secret in written(KEY) | written(ODD):
        assert secret not in kept
        assert repr(secret)[1:-1] not in kept


async def test_a_password_in_an_address_is_not_kept(server: Server, api: Api, dialect: Dialect) -> None:
    url = server.url.replace("http://", "http://me:hush%21hush@")
    reply = api.reply(endpoint_at(url, dialect), Secrets(KEY), request(), Limits(attempts=1))
    told = repr([event async for event in reply.events()])
    assert len(server.requests) == 1
    assert "hush%21hush" not in told
    assert "hush!hush" not in told


def test_the_password_of_a_proxy_is_in_no_repr() -> None:
    assert "CANARY" not in repr(ProxyServer("http://proxy:1", "me", "CANARY"))


async def test_a_server_that_takes_nothing_is_asked_as_often_as_there_is_something_to_leave_out(
    server: Server, api: Api, dialect: Dialect
) -> None:
    names = [*(parameter.name for parameter in PARAMETERS), "max_tokens", "max_completion_tokens", "include"]
    said = "\n".join(f"Unsupported parameter: '{name}'" for name in [*names, "stream_options", "role"])

    async def reject(exchange: Exchange) -> None:
        await exchange.document(400, json.dumps({"error": {"message": said}}).encode())

    server.default = reject
    asked = request(system_prompt="x", temperature=1.0, top_p=1.0, max_output_tokens=5, seed=1, stop=("a",))
    result = await ask(api, endpoint_at(server.url, dialect, system_role="developer"), asked)
    assert isinstance(result.finished.error, errors.BadRequest)
    sent = [exchange.body for exchange in server.requests]
    assert len(set(sent)) == len(sent) <= len(names)


async def test_an_error_of_a_million_values_is_not_searched_to_its_end(
    server: Server, api: Api, dialect: Dialect
) -> None:
    async def reject(exchange: Exchange) -> None:
        said = [[]] * 50_000 + ["Unsupported parameter: 'temperature'"]
        await exchange.document(400, json.dumps({"error": said}).encode())

    server.default = reject
    await ask(api, endpoint_at(server.url, dialect), request(temperature=1.0))
    assert len(server.requests) == 1


@pytest.mark.parametrize("depth", [300, 400, 480, 900])
@pytest.mark.parametrize(("opening", "closing"), [('{"detail":[', "]}"), ('{"error":{"message":', "}}")])
@pytest.mark.parametrize("status", [200, 400])
async def test_an_error_within_errors(
    server: Server, api: Api, dialect: Dialect, depth: int, opening: str, closing: str, status: int
) -> None:
    said = f'{opening * depth}"x"{closing * depth}'.encode()

    async def nest(exchange: Exchange) -> None:
        if status == 200:
            await exchange.head()
            await exchange.send(b"event: error\ndata: " + said + b"\n\n")
        else:
            await exchange.document(status, said)

    server.default = nest
    result = await ask(api, endpoint_at(server.url, dialect), limits=Limits(attempts=1))
    assert isinstance(result.finished.error, errors.BadRequest | errors.StreamError)


async def test_an_event_of_many_lines_has_an_end(
    server: Server, api: Api, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LARGEST_EVENT", 1000)

    async def pile_up(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(b"data: [\n" + b"data: 0,\n" * 1000 + b"data: 0]\n\n")

    server.default = pile_up
    result = await ask(api, endpoint_at(server.url, dialect))
    assert type(result.finished.error) is errors.TooLarge


async def test_ten_thousand_chunks_that_came_at_once_leave_the_window_its_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "WORK_BUDGET", -1.0)

    class Chunks(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for _ in range(10_000):
                yield b":"

    class Transport(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Chunks())

    turns = 0

    async def draw() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    window = asyncio.create_task(draw())
    response = await guard.Guard(Transport()).handle_async_request(httpx2.Request("GET", "http://a"))
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    size = 0
    async for chunk in response.stream:
        size += len(chunk)
    window.cancel()
    assert size == 10_000
    assert turns >= 9_000


HUGE = "1" + "0" * 308


@pytest.mark.parametrize("value", [f"{HUGE}s{HUGE}s", f"{HUGE}d", "9" * 400, "0001-01-01T00:00:00+23:59"])
def test_times_that_no_float_holds(value: str) -> None:
    assert rate_limits.seconds(value, 0.0) in (None, 0.0)


NONSENSE: list[object] = [
    None,
    True,
    [],
    {},
    "",
    1e300,
    -1,
    10**400,
    "\ud800",
    [[]],
    {"a": {}},
    [{}],
    "http://[",
]


@pytest.mark.parametrize(
    "name", ["owned_by", "created", "id", "type", "capabilities", "meta", "architecture"]
)
async def test_a_list_of_models_that_is_nonsense(server: Server, api: Api, name: str) -> None:
    for value in NONSENSE:

        async def tell(exchange: Exchange, value: object = value) -> None:
            entry = {"id": "m", name: value}
            more = {"links": {"next": value}, "next": value, "nextPageToken": value, "last_id": value}
            await exchange.document(200, json.dumps({"data": [entry], "has_more": True, **more}).encode())

        server.queue.clear()
        server.script(*[tell] * 30)
        with contextlib.suppress(errors.Garbled):
            models = await api.models(endpoint_at(server.url), Secrets(KEY), Limits(attempts=1))
            assert {model.id for model in models} <= {"m", "http://[", "\ufffd"}
