"""Secrets beside the key: values of headers, a proxy's password, a passphrase; where each may go."""

from collections.abc import Iterator
from dataclasses import replace

import keyring
import keyring.backends.fail
import pytest

from desktop_chat.credentials import PASSPHRASE, PROXY, Credentials, header
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource, ProxyMode, Secrets
from desktop_chat.domain.errors import KeyMissing, KeyringUnavailable
from tests.helpers.keyrings import MemoryKeyring, memory_keyring

ENDPOINT = Endpoint(
    id="id-1",
    name="Mine",
    kind=EndpointKind.COMPATIBLE,
    base_url="https://api.example.com/v1",
    dialect=Dialect.RESPONSES,
    secret_headers=("X-Tenant", "X-Team"),
    proxy=ProxyMode.MANUAL,
    proxy_url="http://proxy.example.com:3128",
    proxy_user="me",
    client_certificate="/etc/me.pem",
)
CANARIES = ("sk-canary", "tenant-canary", "team-canary", "proxy-canary", "phrase-canary")
KEY, TENANT, TEAM, PASSWORD, PHRASE = CANARIES


@pytest.fixture
def backend() -> Iterator[MemoryKeyring]:
    with memory_keyring() as memory:
        yield memory


async def stored() -> Credentials:
    credentials = Credentials()
    await credentials.store(ENDPOINT, KEY)
    await credentials.store_secret(ENDPOINT, header("X-Tenant"), TENANT)
    await credentials.store_secret(ENDPOINT, header("X-Team"), TEAM)
    await credentials.store_secret(ENDPOINT, PROXY, PASSWORD)
    await credentials.store_secret(ENDPOINT, PASSPHRASE, PHRASE)
    return credentials


@pytest.mark.anyio
async def test_a_request_gets_all_that_is_stored(backend: MemoryKeyring) -> None:
    await stored()
    secrets = await Credentials().secrets(ENDPOINT)
    assert secrets == Secrets(KEY, (("X-Tenant", TENANT), ("X-Team", TEAM)), PASSWORD, PHRASE)
    assert secrets.renew is None


@pytest.mark.anyio
async def test_no_secret_is_in_a_repr_and_every_one_is_known_to_the_log(backend: MemoryKeyring) -> None:
    credentials = await stored()
    secrets = await credentials.secrets(ENDPOINT)
    assert not [canary for canary in CANARIES if canary in f"{secrets!r} {credentials!r}"]
    assert set(credentials.known_keys) == set(CANARIES)


@pytest.mark.anyio
async def test_a_header_is_bound_to_scheme_host_and_port(backend: MemoryKeyring) -> None:
    await stored()
    credentials = Credentials()
    assert await credentials.secret(ENDPOINT, header("x-TENANT")) == TENANT
    await credentials.store(replace(ENDPOINT, base_url="http://api.example.com/v1"), KEY)
    for other in ("http://api.example.com/v1", "https://api.example.com:8443/v1", "https://evil.example/v1"):
        moved = replace(ENDPOINT, base_url=other)
        assert await credentials.secret(moved, header("X-Tenant")) is None
        with pytest.raises(KeyMissing):
            await credentials.secrets(moved)


@pytest.mark.anyio
async def test_a_missing_header_is_named(backend: MemoryKeyring) -> None:
    credentials = await stored()
    await credentials.remove_secret(ENDPOINT, header("X-Team"))
    with pytest.raises(KeyMissing, match="X-Team") as raised:
        await credentials.secrets(ENDPOINT)
    assert raised.value.host == "https://api.example.com:443"


@pytest.mark.anyio
async def test_a_password_is_bound_to_the_address_of_its_proxy(backend: MemoryKeyring) -> None:
    await stored()
    credentials = Credentials()
    moved = replace(
        ENDPOINT, base_url="https://other.example/v1", key_source=KeySource.NONE, secret_headers=()
    )
    assert (await credentials.secrets(moved)).proxy_password == PASSWORD
    for url in ("http://proxy.example.com", "socks5://proxy.example.com:3128", "http://evil.example:3128"):
        assert (await credentials.secrets(replace(moved, proxy_url=url))).proxy_password == ""
    same = replace(moved, proxy_url="PROXY.example.com:3128")
    assert (await credentials.secrets(same)).proxy_password == PASSWORD


@pytest.mark.anyio
async def test_nothing_is_asked_for_that_is_not_needed(backend: MemoryKeyring) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    plain = Endpoint("id-2", "Local", EndpointKind.COMPATIBLE, "http://localhost:1/v1", Dialect.RESPONSES)
    local = replace(plain, key_source=KeySource.NONE, proxy=ProxyMode.MANUAL, proxy_url="http://localhost:2")
    assert await Credentials().secrets(local) == Secrets()
    with pytest.raises(KeyringUnavailable):
        await Credentials().secrets(replace(local, client_certificate="/etc/me.pem"))


@pytest.mark.anyio
async def test_a_secret_for_this_session_reaches_no_keyring(backend: MemoryKeyring) -> None:
    credentials = Credentials()
    credentials.keep_for_session(ENDPOINT, KEY)
    for name, value in ((header("X-Tenant"), TENANT), (header("X-Team"), TEAM)):
        credentials.keep_secret_for_session(ENDPOINT, name, value)
    assert dict((await credentials.secrets(ENDPOINT)).headers) == {"X-Tenant": TENANT, "X-Team": TEAM}
    assert backend.entries == {}


@pytest.mark.anyio
async def test_removing_all_leaves_nothing(backend: MemoryKeyring) -> None:
    credentials = await stored()
    commanded = replace(ENDPOINT, key_source=KeySource.COMMAND, token_command="printer")
    await credentials.approve_command(commanded)
    await credentials.store(replace(ENDPOINT, id="id-2"), "sk-other")
    await credentials.remove_all(commanded)
    assert list(backend.entries.values()) == ["sk-other"]
    assert not await credentials.is_approved(commanded)
    with pytest.raises(KeyMissing):
        await credentials.key(ENDPOINT)
