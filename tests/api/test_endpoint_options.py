"""What an endpoint adds to each request, where its key may go, and when its connections are made anew."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import REGIONS, Dialect, EndpointKind, KeySource, Secrets
from desktop_chat.domain.errors import TokenCommandFailed
from desktop_chat.domain.events import AttemptEnded, Finished
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import State
from desktop_chat.domain.request import Request
from tests.api.conftest import KEY, Result, endpoint_at, message, request
from tests.server import Exchange, Server, faults, wire

pytestmark = pytest.mark.anyio
VALUE = "value-canary-1"


async def read(api: Api, endpoint: object, secrets: Secrets) -> Result:
    reply = api.reply(endpoint, secrets, request(), Limits(attempts=2))  # type: ignore[arg-type]
    return Result([event async for event in reply.events()])


async def test_headers_of_the_endpoint_go_with_every_request(
    server: Server, api: Api, dialect: Dialect
) -> None:
    headers = (("X-Title", "Desk chat"), ("user-agent", "mine"))
    endpoint = endpoint_at(server.url, dialect, headers=headers, secret_headers=("X-Tenant",))
    server.script(wire.answer(), wire.models, faults.document(200, b'{"input_tokens": 7}'))
    secrets = Secrets(KEY, (("X-Tenant", VALUE),))
    assert (await read(api, endpoint, secrets)).finished.state is State.COMPLETE
    await api.models(endpoint, secrets, Limits())
    await api.count_tokens(endpoint, secrets, Request("m-1", (message("Hi"),)), Limits())
    assert len(server.exchanges) == 3
    for sent in server.exchanges:
        assert (sent.headers["x-title"], sent.headers["user-agent"]) == ("Desk chat", "mine")
        assert (sent.headers["x-tenant"], sent.headers["authorization"]) == (VALUE, f"Bearer {KEY}")


@pytest.mark.parametrize("name", ["Authorization", "AUTHORIZATION", "api-key"])
@pytest.mark.parametrize("kind", [EndpointKind.COMPATIBLE, EndpointKind.AZURE])
async def test_a_secret_header_stands_in_for_the_key(
    server: Server, api: Api, name: str, kind: EndpointKind
) -> None:
    """For servers that want another scheme than ``Bearer``; without a key nothing else is sent."""
    version = "2025-01-01" if kind is EndpointKind.AZURE else ""
    endpoint = endpoint_at(
        server.url, kind=kind, api_version=version, key_source=KeySource.NONE, secret_headers=(name,)
    )
    secrets = Secrets(headers=((name, f"Basic {VALUE}"),))
    assert (await read(api, endpoint, secrets)).finished.state is State.COMPLETE
    await api.models(endpoint, secrets, Limits())
    for sent in server.exchanges:
        found = {key: sent.headers[key] for key in ("authorization", "api-key") if key in sent.headers}
        assert found == {name.lower(): f"Basic {VALUE}"}


async def test_values_of_secret_headers_are_told_to_nobody(
    server: Server, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", "httpcore2")
    endpoint = endpoint_at(server.url, secret_headers=("X-Tenant",))
    server.script(
        faults.status(400, f"X-Tenant {VALUE} is unknown"), faults.partial(wire.sse({"error": VALUE}))
    )
    for _ in range(2):
        result = await read(api, endpoint, Secrets(KEY, (("X-Tenant", VALUE),)))
        assert result.finished.error is not None
        shown = [event for event in result.events if not isinstance(event, AttemptEnded)]
        assert VALUE not in repr(shown) + repr(result.finished.error.to_json())
        (ended,) = (event for event in result.events if isinstance(event, AttemptEnded))
        assert ended.evidence is not None
        assert VALUE not in repr(ended.evidence.request_headers)
        assert VALUE.encode() not in ended.evidence.response
    assert VALUE not in caplog.text + repr(vars(api))


@pytest.mark.parametrize(
    "header",
    [("X-A", "line\nbreak"), ("X-A", "ключ-canary"), ("X A", "x"), ("X-A\r\nX-B", "x"), ("X-Ä", "x")],
)
async def test_a_header_that_cannot_be_sent(server: Server, api: Api, header: tuple[str, str]) -> None:
    for endpoint, secrets in (
        (endpoint_at(server.url, headers=(header,)), Secrets()),
        (endpoint_at(server.url, secret_headers=(header[0],)), Secrets(headers=(header,))),
    ):
        with pytest.raises(errors.BadRequest, match="characters that cannot be sent") as raised:
            await api.models(endpoint, secrets, Limits())
        assert "canary" not in raised.value.message
    assert server.connections == 0


async def test_the_query_goes_with_every_request(server: Server, api: Api, dialect: Dialect) -> None:
    endpoint = endpoint_at(server.url, dialect, query=(("tag", "a b"), ("tag", "c"), ("v", "1&2")))
    assert (await read(api, endpoint, Secrets())).finished.state is State.COMPLETE
    await api.models(endpoint, Secrets(), Limits())
    assert len(server.exchanges) == 2
    for sent in server.exchanges:
        assert sent.target.partition("?")[2] in ("tag=a+b&tag=c&v=1%262", "tag=a%20b&tag=c&v=1%262")


async def test_the_query_beside_azures_own(server: Server, api: Api) -> None:
    endpoint = endpoint_at(
        server.url, kind=EndpointKind.AZURE, api_version="2025-01-01", query=(("region", "x"),)
    )
    await read(api, endpoint, Secrets(KEY))
    pairs = set(server.requests[0].target.partition("?")[2].split("&"))
    assert pairs == {"api-version=2025-01-01", "region=x"}


async def test_a_token_for_azure_is_no_key(server: Server, api: Api) -> None:
    azure = endpoint_at(
        server.url, kind=EndpointKind.AZURE, api_version="2025-01-01", key_source=KeySource.COMMAND
    )
    assert (await read(api, azure, Secrets(KEY))).finished.state is State.COMPLETE
    headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "api-key" not in headers


def renewing(secrets: Secrets, calls: list[str]) -> Callable[[], Awaitable[Secrets]]:
    async def renew() -> Secrets:
        calls.append("renewed")
        return secrets

    return renew


def for_token(token: str) -> Callable[[Exchange], Awaitable[None]]:
    """A server that takes one token."""
    answer = wire.answer()

    async def play(exchange: Exchange) -> None:
        if exchange.headers["authorization"] != f"Bearer {token}":
            await faults.status(401)(exchange)
        elif exchange.method == "GET":
            await wire.models(exchange)
        elif exchange.target.endswith("input_tokens"):
            await exchange.document(200, b'{"input_tokens": 7}')
        else:
            await answer(exchange)

    return play


async def test_a_rejected_token_is_renewed_once(server: Server, api: Api, dialect: Dialect) -> None:
    endpoint = endpoint_at(server.url, dialect, key_source=KeySource.COMMAND)
    calls: list[str] = []
    server.default = for_token("new")
    old = Secrets("old", renew=renewing(Secrets("new"), calls))
    assert (await read(api, endpoint, old)).finished.state is State.COMPLETE
    server.queue.extend([for_token("new")] * 2)
    assert len(await api.models(endpoint, old, Limits())) == 3
    assert await api.count_tokens(endpoint, old, Request("m-1", (message("Hi"),)), Limits()) == 7
    assert calls == ["renewed"] * 3

    never = Secrets("old", renew=renewing(Secrets("worse", renew=renewing(Secrets("new"), calls)), calls))
    calls.clear()
    assert isinstance((await read(api, endpoint, never)).finished.error, errors.KeyRejected)
    server.queue.extend([for_token("new")] * 2)
    with pytest.raises(errors.KeyRejected):
        await api.models(endpoint, never, Limits())
    assert calls == ["renewed"] * 2


async def test_a_renewal_that_fails_says_why(server: Server, api: Api) -> None:
    async def renew() -> Secrets:
        raise TokenCommandFailed("Log in first.")

    server.default = faults.status(401)
    server.queue.append(faults.status(401))
    with pytest.raises(TokenCommandFailed):
        await api.models(endpoint_at(server.url), Secrets("old", renew=renew), Limits())
    finished = (await read(api, endpoint_at(server.url), Secrets("old", renew=renew))).finished
    assert isinstance(finished.error, TokenCommandFailed)


async def test_connections_are_kept_where_nothing_of_them_changed(server: Server, api: Api) -> None:
    endpoint = endpoint_at(server.url)
    await api.models(endpoint, Secrets(KEY), Limits())
    changed = replace(
        endpoint,
        name="Other",
        dialect=Dialect.CHAT_COMPLETIONS,
        default_model="m-2",
        title_model="m-2",
        fallback_models=("m-3",),
        attempts=3,
        requests_per_minute=60,
        takes_files=True,
        system_role="developer",
    )
    await api.models(changed, Secrets(KEY, renew=renewing(Secrets(), [])), Limits())
    assert server.connections == 1
    for made_anew in (
        replace(endpoint, organization="org-2"),
        replace(endpoint, headers=(("X-A", "1"),)),
        replace(endpoint, query=(("a", "1"),)),
    ):
        before = server.connections
        await api.models(made_anew, Secrets(KEY), Limits())
        assert server.connections == before + 1
    before = server.connections
    await api.models(made_anew, Secrets("sk-other"), Limits())
    assert server.connections == before + 1


async def test_a_key_never_follows_a_redirect(server: Server, api: Api, dialect: Dialect) -> None:
    async with Server() as other:
        endpoint = endpoint_at(server.url, dialect, secret_headers=("X-Tenant",))
        secrets = Secrets(KEY, (("X-Tenant", VALUE),))
        server.script(faults.redirect(other.url), faults.redirect(other.url))
        finished: Finished = (await read(api, endpoint, secrets)).finished
        assert isinstance(finished.error, errors.Redirected)
        with pytest.raises(errors.Redirected):
            await api.models(endpoint, secrets, Limits())
        assert other.connections == 0


def test_the_regions_are_those_of_the_sdk() -> None:
    from openai import _data_residency

    assert set(REGIONS) == set(_data_residency._DATA_RESIDENCY_BASE_URLS.values())
