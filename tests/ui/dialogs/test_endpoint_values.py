"""Addresses as people type and paste them, and what is made of them."""

import pytest

from desktop_chat.domain.endpoint import OPENAI_BASE_URL, Dialect, EndpointKind, KeySource
from desktop_chat.domain.model import Model
from desktop_chat.ui.endpoint_values import (
    InvalidField,
    clean_base_url,
    is_unprotected,
    new_endpoint,
    suggested_model,
    suggested_title_model,
)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        (" https://API.example.com/V1/ \n", "https://api.example.com/V1"),
        ("api.example.com/v1", "https://api.example.com/v1"),
        ("localhost:11434/v1", "http://localhost:11434/v1"),
        ("192.168.1.5:8000/v1", "http://192.168.1.5:8000/v1"),
        ("http://[::1]:1234/v1", "http://[::1]:1234/v1"),
        ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1"),
        ("https://api.example.com/v1/responses/", "https://api.example.com/v1"),
        ("<https://api.example.com/v1>", "https://api.example.com/v1"),
    ],
)
def test_an_address_is_cleaned(typed: str, url: str) -> None:
    assert clean_base_url(typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://example.com:99999",
        "https://user:secret@example.com/v1",
        "https://example.com/v1?key=1",
        "https://example.com/v1#a",
        "https://exa mple\\evil.com/",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_refused_in_words(typed: str) -> None:
    with pytest.raises(InvalidField) as refused:
        clean_base_url(typed)
    assert refused.value.field == "base_url"
    assert str(refused.value).endswith(".")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "unprotected"),
    [
        ("https://api.example.com/v1", False),
        ("http://api.example.com/v1", True),
        ("http://8.8.8.8/v1", True),
        ("http://localhost:11434/v1", False),
        ("http://127.0.0.1/v1", False),
        ("http://[::1]:1234/v1", False),
        ("http://10.1.2.3/v1", False),
        ("http://192.168.0.9:8000/v1", False),
        ("http://172.16.5.5/v1", False),
        ("http://172.32.5.5/v1", True),
        ("http://nas/v1", False),
        ("http://gpu.lan/v1", False),
        ("http://localhost.example.com/v1", True),
    ],
)
def test_in_the_clear_across_the_internet_is_seen(url: str, unprotected: bool) -> None:
    assert is_unprotected(url) is unprotected


def test_openai() -> None:
    made = new_endpoint("id", EndpointKind.OPENAI)

    assert (made.name, made.base_url, made.dialect) == ("OpenAI", OPENAI_BASE_URL, Dialect.RESPONSES)
    assert made.key_source is KeySource.KEYRING


def test_azure_has_a_v1_address_without_a_version_and_the_resources_with_one() -> None:
    v1 = new_endpoint("id", EndpointKind.AZURE, base_url="https://me.openai.azure.com/", model="mine")
    dated = new_endpoint(
        "id", EndpointKind.AZURE, base_url="me.openai.azure.com", api_version=" 2025-04-01-preview "
    )

    assert (v1.base_url, v1.api_version) == ("https://me.openai.azure.com/openai/v1", "")
    assert v1.default_model == "mine"
    assert (dated.base_url, dated.api_version) == ("https://me.openai.azure.com", "2025-04-01-preview")
    with pytest.raises(InvalidField, match="2025-04-01"):
        new_endpoint("id", EndpointKind.AZURE, base_url="me.openai.azure.com", api_version="latest")


def test_a_compatible_server_without_a_key() -> None:
    made = new_endpoint("id", EndpointKind.COMPATIBLE, base_url="localhost:11434/v1", has_key=False)

    assert (made.name, made.key_source) == ("localhost:11434", KeySource.NONE)
    assert made.dialect is Dialect.CHAT_COMPLETIONS


def test_the_first_model_is_the_newest_general_one() -> None:
    models = [
        Model("gpt-5", created=1.0),
        Model("gpt-5.2", created=3.0),
        Model("gpt-5.3-codex", created=4.0),
        Model("text-embedding-9", chats=False, created=9.0),
    ]

    assert suggested_model(models) == "gpt-5.2"
    assert suggested_model([Model("llama3", created=1.0), Model("qwen3", created=2.0)]) == "qwen3"
    assert suggested_model([Model("text-embedding-9", chats=False)]) == ""
    assert suggested_model([]) == ""


def test_titles_are_left_to_the_newest_of_the_smallest_models() -> None:
    models = [
        Model("gpt-5.2", created=9.0),
        Model("gpt-5-mini", created=8.0),
        Model("gpt-4.1-nano", created=1.0),
        Model("gpt-5-nano", created=2.0),
        Model("gpt-9-nano", chats=False, created=9.0),
    ]
    assert suggested_title_model(models) == "gpt-5-nano"
    assert suggested_title_model(models[:2]) == "gpt-5-mini"
    assert suggested_title_model(models[:1]) == ""
