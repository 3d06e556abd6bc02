"""What leaves the machine: bodies, headers, and what endpoints teach us about them."""

import dataclasses
import logging

import pytest

from desktop_chat.api import Api
from desktop_chat.domain.endpoint import Dialect, EndpointKind, Secrets
from desktop_chat.domain.events import Adjusted
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Parameters, Request
from tests.api.conftest import KEY, ask, endpoint_at, message, request
from tests.server import Server, faults

pytestmark = pytest.mark.anyio

EVERYTHING = Parameters("Be brief.", temperature=0.5, max_output_tokens=100, reasoning_effort="low")


async def test_bodies(server: Server, api: Api) -> None:
    messages = (
        message("One"),
        message("Two", Role.ASSISTANT),
        message("lost", Role.ASSISTANT, state=State.FAILED),
        message("  "),
        Message("id", None, Role.ASSISTANT, [Part(PartKind.REASONING, "Hm")], State.STOPPED),
        message("Three"),
    )
    asked = Request("m-1", messages, EVERYTHING)
    said = [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": "Three"},
    ]
    await ask(api, endpoint_at(server.url, Dialect.RESPONSES), asked)
    await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS, system_role="developer"), asked)
    responses, chat = server.requests
    assert responses.target == "/v1/responses"
    assert responses.json == {
        "model": "m-1",
        "input": said,
        "stream": True,
        "store": False,
        "instructions": "Be brief.",
        "temperature": 0.5,
        "max_output_tokens": 100,
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
    }
    assert chat.target == "/v1/chat/completions"
    assert chat.json == {
        "model": "m-1",
        "messages": [{"role": "developer", "content": "Be brief."}, *said],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 100,
        "reasoning_effort": "low",
    }


async def test_what_is_not_set_is_not_sent(server: Server, api: Api) -> None:
    await ask(api, endpoint_at(server.url, Dialect.RESPONSES))
    await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    responses, chat = server.requests
    assert set(responses.json) == {"model", "input", "stream", "store"}
    assert set(chat.json) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize(
    ("parameters", "said", "changed"),
    [
        (
            {"system_prompt": "Hi"},
            "Unsupported value: 'messages[0].role' does not support 'developer' with this model.",
            lambda body: body["messages"][0]["role"] == "system",
        ),
        ({}, "Unknown parameter: stream_options", lambda body: "stream_options" not in body),
        (
            {"max_output_tokens": 9},
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            lambda body: body.get("max_completion_tokens") == 9 and "max_tokens" not in body,
        ),
    ],
    ids=["role", "stream_options", "max_tokens"],
)
@pytest.mark.parametrize("code", [400, 422])
async def test_an_endpoint_teaches_us(
    server: Server,
    api: Api,
    caplog: pytest.LogCaptureFixture,
    parameters: dict[str, object],
    said: str,
    changed: object,
    code: int,
) -> None:
    caplog.set_level(logging.DEBUG, "desktop_chat")
    assert callable(changed)
    endpoint = endpoint_at(server.url, Dialect.CHAT_COMPLETIONS, system_role="developer")
    server.script(faults.status(code, said))
    result = await ask(api, endpoint, request(**parameters))
    assert (result.finished.state, result.attempts, result.retries) == (State.COMPLETE, 1, [])
    (adjusted,) = [event for event in result.events if isinstance(event, Adjusted)]
    assert adjusted.message == said
    later_request = dataclasses.replace(request(**parameters), rejected=frozenset({adjusted.name}))
    await ask(api, endpoint, later_request)
    first, second, later = server.requests
    assert [changed(sent.json) for sent in (first, second, later)] == [False, True, True]
    assert second.headers["x-stainless-retry-count"] == "0"
    assert "sending again" in caplog.text


async def test_a_reasoning_summary_that_is_not_allowed(server: Server, api: Api) -> None:
    server.script(faults.status(400, {"message": "Verify your organization.", "param": "reasoning.summary"}))
    result = await ask(api, endpoint_at(server.url), request(reasoning_effort="low"))
    assert result.finished.state is State.COMPLETE
    assert [sent.json["reasoning"] for sent in server.requests] == [
        {"effort": "low", "summary": "auto"},
        {"effort": "low"},
    ]


async def test_nothing_is_adjusted_without_end(server: Server, api: Api) -> None:
    said = "'max_tokens' is not supported; 'max_completion_tokens' is not supported"
    server.script(*[faults.status(400, said)] * 5)
    endpoint = endpoint_at(server.url, Dialect.CHAT_COMPLETIONS)
    result = await ask(api, endpoint, request(max_output_tokens=9))
    assert result.finished.state is State.FAILED
    fields = [set(sent.json) & {"max_tokens", "max_completion_tokens"} for sent in server.requests]
    assert fields == [{"max_tokens"}, {"max_completion_tokens"}, set()]
    assert not any(isinstance(event, Adjusted) for event in result.events)


async def test_headers(server: Server, api: Api) -> None:
    endpoint = endpoint_at(server.url, organization="org-1", project="proj-1")
    await ask(api, endpoint)
    headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj-1")
    assert (headers["accept"], headers["accept-encoding"]) == ("text/event-stream", "identity")


async def test_no_key_is_no_header(server: Server, api: Api) -> None:
    await ask(api, endpoint_at(server.url), key=None)
    await api.models(endpoint_at(server.url), Secrets(), Limits())
    assert all("authorization" not in exchange.headers for exchange in server.exchanges)
    assert len(server.exchanges) == 2


async def test_the_environment_reaches_no_endpoint(
    server: Server, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Server() as other:
        variables = {
            "OPENAI_API_KEY": "sk-leak",
            "OPENAI_ADMIN_KEY": "sk-leak",
            "OPENAI_BASE_URL": other.url,
            "OPENAI_ORG_ID": "leak",
            "OPENAI_PROJECT_ID": "leak",
            "OPENAI_CUSTOM_HEADERS": "X-Leak: leak\nAuthorization: Bearer sk-leak\nUser-Agent: leak",
            "OPENAI_WEBHOOK_SECRET": "leak",
            "OPENAI_API_VERSION": "leak",
            "AZURE_OPENAI_API_KEY": "leak",
            "AZURE_OPENAI_AD_TOKEN": "leak",
            "AZURE_OPENAI_ENDPOINT": other.url,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        azure = endpoint_at(server.url, id="azure", kind=EndpointKind.AZURE, api_version="2025-01-01")
        await ask(api, endpoint_at(server.url), key=None)
        await ask(api, endpoint_at(server.url))
        await ask(api, azure)
        await api.models(azure, Secrets(KEY), Limits())
        assert len(server.exchanges) == 4
        for exchange in server.exchanges:
            assert "leak" not in str(exchange.headers) + exchange.target
        assert other.connections == 0


async def test_azure_with_deployments(server: Server, api: Api, dialect: Dialect) -> None:
    resource = server.url.removesuffix("/v1")
    endpoint = endpoint_at(resource, dialect, kind=EndpointKind.AZURE, api_version="2025-01-01")
    assert (await ask(api, endpoint)).finished.state is State.COMPLETE
    (sent,) = server.requests
    path = "/openai/deployments/m-1/chat/completions" if sent.chat else "/openai/responses"
    assert sent.target == f"{path}?api-version=2025-01-01"
    assert sent.headers["api-key"] == KEY
    assert "authorization" not in sent.headers


async def test_azure_v1(server: Server, api: Api, dialect: Dialect) -> None:
    base = server.url.replace("/v1", "/openai/v1")
    endpoint = endpoint_at(base, dialect, kind=EndpointKind.AZURE)
    assert (await ask(api, endpoint)).finished.state is State.COMPLETE
    (sent,) = server.requests
    assert sent.target == f"/openai/v1/{'chat/completions' if sent.chat else 'responses'}"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
