"""Endpoints as JSON, what they are bound to, and their own limits."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from desktop_chat.domain.endpoint import (
    Dialect,
    Endpoint,
    EndpointKind,
    KeySource,
    ProxyMode,
    Secrets,
    endpoint_from_json,
    endpoint_to_json,
    origin_of,
    proxy_origin_of,
)
from desktop_chat.domain.limits import Limits, limits_of

PLAIN = Endpoint("id-1", "Mine", EndpointKind.COMPATIBLE, "https://api.example/v1", Dialect.RESPONSES)
FULL = Endpoint(
    id="id-2",
    name="Full",
    kind=EndpointKind.AZURE,
    base_url="https://x.openai.azure.com",
    dialect=Dialect.CHAT_COMPLETIONS,
    key_source=KeySource.COMMAND,
    default_model="m",
    title_model="s",
    api_version="2024-10-21",
    organization="org",
    project="proj",
    system_role="developer",
    max_tokens_field="max_completion_tokens",
    headers=(("X-A", "1"), ("X-B", "2")),
    secret_headers=("X-Secret",),
    query=(("a", "1"), ("a", "2")),
    extra_body='{"a": 1}',
    token_command="printer --token",
    token_lifetime=60,
    proxy=ProxyMode.MANUAL,
    proxy_url="socks5://proxy.example:1080",
    proxy_user="me",
    ca_bundle="/ca.pem",
    client_certificate="/me.pem",
    client_key="/me.key",
    attempts=2,
    connect_timeout=1.5,
    first_event_timeout=2.5,
    idle_timeout=3.5,
    total_timeout=4.5,
    requests_per_minute=60,
    parallel_requests=2,
    fallback_models=("n", "o"),
    falls_back=True,
    takes_images=False,
    takes_files=True,
)


def test_every_field_is_read_back_as_it_was() -> None:
    unchanged = [known.name for known in fields(Endpoint) if getattr(FULL, known.name) == known.default]
    assert unchanged == [], "the endpoint of this test says something of every field"
    for endpoint in (PLAIN, FULL):
        assert endpoint_from_json(json.loads(json.dumps(endpoint_to_json(endpoint)))) == endpoint


def test_what_is_as_by_default_is_not_written() -> None:
    assert set(endpoint_to_json(PLAIN)) == {"id", "name", "kind", "base_url", "dialect"}


def test_what_a_newer_version_wrote_is_left_out() -> None:
    assert endpoint_from_json({**endpoint_to_json(PLAIN), "quantum": True}) == PLAIN


@pytest.mark.parametrize(
    "values",
    [
        {"id": 7},
        {"kind": "quantum"},
        {"key_source": "registry"},
        {"base_url": "ftp://x"},
        {"base_url": "https://"},
        {"base_url": "https://x:99999/v1"},
        {"headers": "X-A: 1"},
        {"headers": [["X-A"]]},
        {"headers": [["X-A", 1]]},
        {"secret_headers": [1]},
        {"attempts": -1},
        {"attempts": True},
        {"attempts": 2.5},
        {"token_lifetime": None},
        {"connect_timeout": 0},
        {"connect_timeout": "5"},
        {"total_timeout": float("nan")},
        {"requests_per_minute": 1e9},
        {"falls_back": "yes"},
        {"token_command": ["printer"]},
    ],
)
def test_what_cannot_be_is_told_in_words(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+ .*\w+"):
        endpoint_from_json({**endpoint_to_json(FULL), **values})


def test_an_endpoint_that_lacks_something() -> None:
    data = endpoint_to_json(PLAIN)
    del data["base_url"]
    with pytest.raises(ValueError, match="base_url"):
        endpoint_from_json(data)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.Example.com/v1", "https://api.example.com:443"),
        ("http://localhost:11434/v1", "http://localhost:11434"),
        ("http://[::1]/v1", "http://[::1]:80"),
        ("https://me:secret@api.example.com/v1", "https://api.example.com:443"),
    ],
)
def test_the_origin_of_an_address(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("Proxy.example", "http://proxy.example:80"),
        ("https://proxy.example", "https://proxy.example:443"),
        ("socks5h://me@proxy.example", "socks5://proxy.example:1080"),
        ("socks://[::1]:9", "socks5://[::1]:9"),
    ],
)
def test_the_origin_of_a_proxy(url: str, origin: str) -> None:
    assert proxy_origin_of(url) == origin


@pytest.mark.parametrize("url", ["", "ftp://proxy.example", "http://", "http://proxy.example:99999"])
def test_what_is_no_proxy(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        proxy_origin_of(url)


def test_own_limits_stand_in_place_of_those_of_the_settings() -> None:
    limits = Limits(7, 8.0, 9.0, 10.0)
    assert limits_of(PLAIN, limits) == limits
    assert limits_of(FULL, limits) == Limits(2, 1.5, 2.5, 3.5, 4.5)
    assert limits_of(replace(PLAIN, idle_timeout=1.0), limits) == replace(limits, idle=1.0)


def test_secrets_show_nothing_and_are_the_same_with_another_renewal() -> None:
    secrets = Secrets("canary", (("X", "canary"),), "canary", "canary")

    async def renew() -> Secrets:
        return secrets

    assert "canary" not in repr(secrets)
    assert secrets == replace(secrets, renew=renew)
