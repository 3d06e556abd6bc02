"""Proxies that an endpoint names: tunnels and SOCKS, with user and password, and none at all."""

import ssl
from pathlib import Path

import pytest
import trustme

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Endpoint, ProxyMode, Secrets
from desktop_chat.domain.limits import Limits
from tests.api.conftest import KEY, endpoint_at
from tests.server import Server
from tests.server.proxies import PASSWORD, USER, HttpProxy, Proxy, SocksProxy

pytestmark = pytest.mark.anyio
KINDS = pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])


class Place:
    """A server with TLS whose name no resolver knows, and its authority's file."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("api.example.invalid").configure_cert(context)
        self.server = Server(tls=context)
        self.ca = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca)

    def endpoint(self, proxy: str, **fields: object) -> Endpoint:
        manual = {"proxy": ProxyMode.MANUAL, "proxy_url": proxy, "proxy_user": USER, "ca_bundle": self.ca}
        return endpoint_at("https://api.example.invalid/v1", **(manual | fields))


async def count(api: Api, endpoint: Endpoint, password: str = PASSWORD) -> int:
    return len(await api.models(endpoint, Secrets(KEY, proxy_password=password), Limits()))


@KINDS
async def test_through_a_proxy_that_looks_the_name_up(api: Api, tmp_path: Path, kind: type[Proxy]) -> None:
    place = Place(tmp_path)
    async with place.server as server, kind(server.port) as proxy:
        assert await count(api, place.endpoint(proxy.url)) == 3
        assert proxy.asked == ["api.example.invalid:443"]
        assert "proxy-authorization" not in server.exchanges[0].headers
        for alias in ("socks5h://", "socks://") if kind is SocksProxy else ("http://me:other@", ""):
            address = f"{alias}{proxy.url.partition('://')[2]}"
            assert await count(api, place.endpoint(address)) == 3


@KINDS
async def test_a_proxy_without_a_password(api: Api, tmp_path: Path, kind: type[Proxy]) -> None:
    place = Place(tmp_path)
    async with place.server as server, kind(server.port, needs_password=False) as proxy:
        assert await count(api, place.endpoint(proxy.url, proxy_user=""), "") == 3


@KINDS
@pytest.mark.parametrize("password", ["", "wrong-canary"])
async def test_a_password_that_is_not_right(
    api: Api, tmp_path: Path, kind: type[Proxy], password: str
) -> None:
    place = Place(tmp_path)
    async with place.server as server, kind(server.port) as proxy:
        with pytest.raises(errors.ProxyFailed) as raised:
            await count(api, place.endpoint(proxy.url), password)
        assert proxy.refused == 1
        assert server.connections == 0
    assert raised.value.message
    assert "canary" not in repr(raised.value)


async def test_a_proxy_named_for_an_endpoint_goes_before_all_others(
    api: Api, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even for this machine, and against what the environment says."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "*")
    named = endpoint_at("http://127.0.0.1:9/v1", proxy=ProxyMode.MANUAL, proxy_url=server.url[:-3])
    assert await count(api, named, "") == 3
    assert server.exchanges[0].target == "http://127.0.0.1:9/v1/models"


async def test_no_proxy_is_none_whatever_the_environment_says(
    api: Api, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url[:-3])
    endpoint = endpoint_at("http://api.example.invalid/v1")
    assert await count(api, endpoint) == 3
    with pytest.raises(errors.HostNotFound):
        await count(api, endpoint_at(endpoint.base_url, proxy=ProxyMode.NONE))


@pytest.mark.parametrize(
    "address", ["", "ftp://proxy.example", "http://", "http://proxy.example:99999", "socks4://x"]
)
async def test_an_address_that_is_none(api: Api, address: str) -> None:
    endpoint = endpoint_at("https://api.example.invalid/v1", proxy=ProxyMode.MANUAL, proxy_url=address)
    with pytest.raises(errors.ProxyFailed, match="address of the proxy cannot be used"):
        await count(api, endpoint)


@KINDS
async def test_a_password_is_told_to_nobody_but_the_proxy(
    api: Api, tmp_path: Path, kind: type[Proxy], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    place = Place(tmp_path)
    async with place.server as server, kind(server.port) as proxy:
        await count(api, place.endpoint(proxy.url))
        assert PASSWORD not in str([exchange.headers for exchange in server.exchanges])
    program = [record.getMessage() for record in caplog.records if not record.name.startswith("httpcore2")]
    assert PASSWORD not in "\n".join(program) + repr(vars(api))


async def test_another_password_is_another_connection(api: Api, tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with place.server as server, HttpProxy(server.port) as proxy:
        assert await count(api, place.endpoint(proxy.url)) == 3
        with pytest.raises(errors.ProxyFailed):
            await count(api, place.endpoint(proxy.url), "wrong-canary")
