"""Fetching the published prices: nothing of the user goes along, and nothing but the document comes back."""

import pytest

from desktop_chat.api import PRICES_URL, Api
from desktop_chat.domain import errors
from desktop_chat.domain.limits import Limits
from tests.server import Script, Server, faults


@pytest.mark.anyio
async def test_the_document_comes_as_it_is(server: Server, api: Api) -> None:
    document = b'[{"id": "openai"}] ' + b" " * (1 << 20)
    server.script(faults.document(200, document, {"content-type": "text/plain; charset=utf-8"}))
    assert await api.fetch_prices(f"{server.url}/data.json") == document
    (asked,) = server.exchanges
    assert (asked.method, asked.target) == ("GET", "/v1/data.json")
    assert asked.headers["user-agent"] == "desktop-chat"
    told = {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert asked.headers.keys() == told


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (faults.redirect("https://elsewhere.invalid"), errors.Redirected),
        (faults.status(404), errors.NotFound),
        (faults.status(500), errors.ServerFault),
        (faults.document(200, b"x" * ((16 << 20) + 1)), errors.TooLarge),
        (faults.gzip_bomb(200), errors.Garbled),
        (faults.close_before_head, errors.ConnectionLost),
        (faults.no_answer, errors.NoAnswer),
        (faults.stall_after_head, errors.NoAnswer),
    ],
)
async def test_no_document(server: Server, api: Api, script: Script, kind: type[errors.ChatError]) -> None:
    server.script(script)
    with pytest.raises(errors.ChatError) as raised:
        await api.fetch_prices(server.url, Limits(first_event=0.5))
    assert type(raised.value) is kind
    assert raised.value.host == "127.0.0.1"
    assert len(server.exchanges) == 1


@pytest.mark.anyio
async def test_a_proxy_is_used_as_for_any_other_request(
    server: Server, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
    server.script(faults.document(200, b"[]"))
    assert await api.fetch_prices("http://prices.invalid/data.json") == b"[]"
    assert [exchange.target for exchange in server.exchanges] == ["http://prices.invalid/data.json"]


def test_the_address_is_that_of_the_library() -> None:
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    assert PRICES_URL == DEFAULT_UPDATE_URL
