"""What servers tell of their models in words of their own; all pages of a list; what is asked besides."""

import json
from datetime import date
from typing import Any

import pytest

from desktop_chat.api import Api
from desktop_chat.api.model_lists import _MOST_PAGES
from desktop_chat.api.models import read
from desktop_chat.api.openai_models import known
from desktop_chat.domain.endpoint import EndpointKind, Secrets
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.model import Ability, Model
from tests.api.conftest import KEY, endpoint_at
from tests.server import Exchange, Server, faults

IMAGES, FILES, REASONING = Ability.IMAGES, Ability.FILES, Ability.REASONING
TOOLS, JSON_SCHEMA, AUDIO = Ability.TOOLS, Ability.JSON_SCHEMA, Ability.AUDIO

SHAPES: dict[str, tuple[dict[str, Any], Model]] = {
    "OpenAI": (
        {"id": "m", "object": "model", "created": 17, "owned_by": "system", "shutdown_date": "2027-01-14"},
        Model("m", True, 17.0, "system", date(2027, 1, 14)),
    ),
    "OpenRouter": (
        {
            "id": "openai/m",
            "created": 17,
            "context_length": 8192,
            "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
            "top_provider": {"context_length": 4096, "max_completion_tokens": 1024},
            "supported_parameters": [
                "max_tokens",
                "reasoning",
                "include_reasoning",
                "structured_outputs",
                "tools",
            ],
            "expiration_date": "2027-03-01",
        },
        Model(
            "openai/m",
            created=17.0,
            shuts_down=date(2027, 3, 1),
            context=8192,
            max_output=1024,
            abilities=frozenset({IMAGES, FILES, REASONING, TOOLS, JSON_SCHEMA}),
        ),
    ),
    "OpenRouter, of images": (
        {"id": "m", "architecture": {"input_modalities": ["text"], "output_modalities": ["image"]}},
        Model("m", chats=False, abilities=frozenset()),
    ),
    "Groq": (
        {
            "id": "m",
            "owned_by": "Meta",
            "active": True,
            "context_window": 131072,
            "max_completion_tokens": 32768,
        },
        Model("m", owned_by="Meta", context=131072, max_output=32768),
    ),
    "Mistral": (
        {
            "id": "m",
            "max_context_length": 131072,
            "deprecation": "2026-12-31T00:00:00Z",
            "type": "base",
            "capabilities": {
                "completion_chat": True,
                "function_calling": True,
                "vision": True,
                "fine_tuning": False,
            },
        },
        Model("m", shuts_down=date(2026, 12, 31), context=131072, abilities=frozenset({TOOLS, IMAGES})),
    ),
    "Mistral, of vectors": (
        {
            "id": "m",
            "capabilities": {"completion_chat": False, "function_calling": False},
            "deprecation": None,
        },
        Model("m", chats=False, abilities=frozenset()),
    ),
    "vLLM": (
        {"id": "m", "owned_by": "vllm", "root": "m", "parent": None, "max_model_len": 32768},
        Model("m", owned_by="vllm", context=32768),
    ),
    "llama.cpp": (
        {
            "id": "m",
            "owned_by": "llamacpp",
            "meta": {"n_vocab": 128256, "n_ctx_train": 131072, "n_params": 8},
        },
        Model("m", owned_by="llamacpp", context=131072),
    ),
    "LiteLLM": (
        {
            "id": "m",
            "model_info": {
                "max_tokens": 4096,
                "max_input_tokens": 128000,
                "max_output_tokens": 16384,
                "supports_vision": True,
                "supports_function_calling": True,
                "supports_pdf_input": None,
                "supports_audio_input": False,
                "deprecation_date": "2027-05-01",
            },
        },
        Model(
            "m",
            shuts_down=date(2027, 5, 1),
            context=128000,
            max_output=16384,
            abilities=frozenset({IMAGES, TOOLS}),
        ),
    ),
    "LM Studio": (
        {
            "id": "m",
            "type": "vlm",
            "publisher": "qwen",
            "max_context_length": 32768,
            "capabilities": ["tool_use"],
        },
        Model("m", owned_by="qwen", context=32768, abilities=frozenset({IMAGES, TOOLS})),
    ),
    "LM Studio, of vectors": (
        {"id": "m", "type": "embeddings", "max_context_length": 2048},
        Model("m", chats=False, context=2048),
    ),
    "Ollama": (
        {"name": "m:8b", "model": "m:8b", "capabilities": ["completion", "vision", "thinking", "tools"]},
        Model("m:8b", abilities=frozenset({IMAGES, REASONING, TOOLS})),
    ),
    "Ollama, of vectors": (
        {"model": "m", "capabilities": ["embedding"]},
        Model("m", False, abilities=frozenset()),
    ),
    "Gemini": (
        {"name": "models/g", "inputTokenLimit": 1048576, "outputTokenLimit": 65536, "thinking": True},
        Model("models/g", context=1048576, max_output=65536, abilities=frozenset({REASONING})),
    ),
    "Azure": (
        {
            "id": "m",
            "capabilities": {
                "fine_tune": False,
                "inference": True,
                "chat_completion": False,
                "embeddings": True,
            },
            "deprecation": {"fine_tune": 1767225600, "inference": 1798761600},
        },
        Model("m", chats=False, shuts_down=date(2027, 1, 1), abilities=frozenset()),
    ),
    "Anthropic": (
        {
            "type": "model",
            "id": "c",
            "display_name": "C",
            "max_input_tokens": 200000,
            "max_tokens": 64000,
            "capabilities": {
                "image_input": {"supported": True},
                "pdf_input": {"supported": True},
                "thinking": {"supported": True, "types": {}},
                "structured_outputs": {"supported": False},
            },
        },
        Model("c", context=200000, max_output=64000, abilities=frozenset({IMAGES, FILES, REASONING})),
    ),
    "Together": (
        {"id": "m", "type": "image", "context_length": 0},
        Model("m", chats=False),
    ),
    "nonsense": (
        {
            "id": "m",
            "created": "x",
            "context_length": "many",
            "max_tokens": True,
            "architecture": [],
            "capabilities": 7,
            "supported_parameters": {"tools": 1},
            "top_provider": "x",
            "type": ["chat"],
            "deprecation": {"inference": []},
            "model_info": {"max_input_tokens": 10**30},
        },
        Model("m", abilities=frozenset()),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_a_server_tells(name: str) -> None:
    entry, model = SHAPES[name]
    assert read({"data": [entry]}) == [model]


def test_a_model_that_is_switched_off_is_not_offered() -> None:
    assert read({"data": [{"id": "off", "active": False}, {"id": "on", "active": True}]}) == [Model("on")]


ALL = frozenset({IMAGES, FILES, REASONING, TOOLS, JSON_SCHEMA})


@pytest.mark.parametrize(
    ("name", "context", "output", "abilities"),
    [
        ("gpt-4o", 128_000, 16_384, ALL - {REASONING}),
        ("gpt-4o-2024-08-06", 128_000, 16_384, ALL - {REASONING}),
        ("ft:gpt-4o-mini-2024-07-18:acme:mine:abc", 128_000, 16_384, ALL - {REASONING}),
        ("gpt-5-nano", 400_000, 128_000, ALL),
        ("gpt-5-pro-2025-10-06", 400_000, 272_000, ALL),
        ("o3-mini", 200_000, 100_000, frozenset({REASONING, TOOLS, JSON_SCHEMA})),
        ("gpt-4", 8_192, 8_192, frozenset({TOOLS})),
        ("gpt-9-nova", None, None, None),
        ("gpt-4o-audio-preview", None, None, None),
        ("my-gpt-4o", None, None, None),
    ],
)
def test_openais_own_models(
    name: str, context: int | None, output: int | None, abilities: frozenset[Ability] | None
) -> None:
    found = known(Model(name))
    assert (found.context, found.max_output, found.abilities) == (context, output, abilities)


def test_what_the_list_says_goes_before_what_is_known() -> None:
    told = Model("gpt-4o", context=1000, abilities=frozenset())
    assert known(told) == Model("gpt-4o", context=1000, max_output=16_384, abilities=frozenset())


def document(value: object) -> Any:
    return faults.document(200, json.dumps(value).encode())


async def ids(api: Api, server: Server) -> list[str]:
    return [model.id for model in await api.models(endpoint_at(server.url), Secrets(KEY), Limits())]


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [EndpointKind.OPENAI, EndpointKind.AZURE, EndpointKind.COMPATIBLE])
async def test_only_openais_models_are_known_by_name(server: Server, api: Api, kind: EndpointKind) -> None:
    server.script(document({"data": [{"id": "gpt-4o"}]}))
    (model,) = await api.models(endpoint_at(server.url, kind=kind), Secrets(KEY), Limits())
    assert model.context == (None if kind is EndpointKind.COMPATIBLE else 128_000)


PAGES: dict[str, tuple[dict[str, Any], str]] = {
    "OpenAI": ({"data": [{"id": "a"}, {"id": "b"}], "has_more": True}, "after=b"),
    "OpenAI, told": ({"data": [{"id": "a"}], "has_more": True, "last_id": "z"}, "after=z"),
    "Anthropic": ({"data": [{"id": "a", "type": "model"}], "has_more": True, "last_id": "a"}, "after_id=a"),
    "OpenRouter": (
        {"data": [{"id": "a"}], "links": {"next": "/api/v1/models?offset=5&limit=5"}},
        "offset=5&limit=5",
    ),
    "Gemini": ({"models": [{"name": "a"}], "nextPageToken": "t/1"}, "pageToken=t%2F1"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", PAGES)
async def test_every_page_is_read(server: Server, api: Api, kind: str) -> None:
    page, query = PAGES[kind]
    server.script(document(page), document({"data": [{"id": "a"}, {"id": "last"}], "has_more": False}))
    found = await ids(api, server)
    assert found[0] == "a"
    assert found[-1] == "last"
    assert [exchange.target for exchange in server.exchanges] == ["/v1/models", f"/v1/models?{query}"]


@pytest.mark.anyio
async def test_the_next_page_is_asked_of_the_same_server(server: Server, api: Api) -> None:
    async with Server() as other:
        page = {"data": [{"id": "a"}], "links": {"next": f"{other.url}/models?offset=1"}}
        server.script(document(page), document({"data": []}))
        assert await ids(api, server) == ["a"]
        assert server.exchanges[1].target == "/v1/models?offset=1"
        assert other.connections == 0


@pytest.mark.anyio
@pytest.mark.parametrize("grows", [False, True])
async def test_a_list_without_end(server: Server, api: Api, grows: bool) -> None:
    pages = 0

    async def play(exchange: Exchange) -> None:
        nonlocal pages
        pages += 1
        name = f"m-{pages:02}" if grows else "m-01"
        await document({"data": [{"id": name}], "has_more": True})(exchange)

    server.queue.extend([play] * 50)
    assert len(await ids(api, server)) == (_MOST_PAGES if grows else 1)
    assert pages == (_MOST_PAGES if grows else 2)


def route(**answers: object) -> Any:
    """Answers by the end of the path, and 404 to all else."""

    async def play(exchange: Exchange) -> None:
        path = exchange.target.partition("?")[0]
        for name, answer in answers.items():
            if path.endswith(name.replace("__", "/")):
                value = answer(exchange.json) if callable(answer) else answer
                await (document(value) if value is not None else faults.status(500))(exchange)
                return
        await faults.status(404)(exchange)

    return play


async def found_at(api: Api, server: Server, base: str, **answers: object) -> list[Model]:
    server.default = route(**answers)
    server.queue.extend([server.default] * 3)
    endpoint = endpoint_at(server.url.replace("/v1", base))
    models = await api.models(endpoint, Secrets(KEY), Limits())
    server.queue.clear()
    assert all(exchange.headers["authorization"] == f"Bearer {KEY}" for exchange in server.exchanges)
    return models


@pytest.mark.anyio
async def test_ollama_is_asked_what_each_model_can_do(server: Server, api: Api) -> None:
    shown = {
        "large": {"model_info": {"llama.context_length": 131072}, "capabilities": ["completion", "tools"]},
        "small": {"model_info": {"x.context_length": 8192}, "parameters": "top_k 2\nnum_ctx    4096\nstop x"},
        "broken": None,
        "odd": ["x"],
    }
    listed = {"data": [{"id": name, "owned_by": "library"} for name in shown]}
    models = await found_at(
        api, server, "/v1", v1__models=listed, api__show=lambda asked: shown[asked["model"]]
    )
    assert {model.id: (model.context, model.abilities) for model in models} == {
        "large": (131072, frozenset({TOOLS})),
        "small": (4096, None),
        "broken": (None, None),
        "odd": (None, None),
    }
    assert {exchange.target for exchange in server.requests} == {"/api/show"}


@pytest.mark.anyio
async def test_lm_studio_is_asked_for_its_own_list(server: Server, api: Api) -> None:
    own = {"data": [{"id": "m", "type": "vlm", "max_context_length": 32768}, {"id": "other"}]}
    listed = {"data": [{"id": "m", "owned_by": "organization_owner"}]}
    (model,) = await found_at(api, server, "/v1", v1__models=listed, api__v0__models=own)
    assert (model.id, model.context, model.owned_by) == ("m", 32768, "organization_owner")


@pytest.mark.anyio
async def test_litellm_is_asked_for_what_it_knows(server: Server, api: Api) -> None:
    listed = {"data": [{"id": "m", "created": 1677610602, "owned_by": "openai"}]}
    own = {"data": [{"model_name": "m", "model_info": {"max_input_tokens": 128000}}, {"model_name": 7}]}
    (model,) = await found_at(api, server, "/v1", v1__models=listed, model__info=own)
    assert (model.id, model.context) == ("m", 128000)


@pytest.mark.anyio
async def test_gemini_is_asked_for_its_own_list(server: Server, api: Api) -> None:
    listed = {"data": [{"id": "models/g", "owned_by": "google"}]}
    own = {"models": [{"name": "models/g", "inputTokenLimit": 1048576}], "nextPageToken": "x"}
    (model,) = await found_at(api, server, "/v1beta/openai", openai__models=listed, v1beta__models=own)
    assert (model.id, model.context) == ("models/g", 1048576)
    asked = server.exchanges[-1]
    assert (asked.target, asked.headers["x-goog-api-key"]) == ("/v1beta/models?pageSize=1000", KEY)


@pytest.mark.anyio
@pytest.mark.parametrize("owner", ["library", "organization_owner", "google"])
async def test_a_server_that_tells_no_more_is_listed_all_the_same(
    server: Server, api: Api, owner: str
) -> None:
    (model,) = await found_at(
        api, server, "/openai", openai__models={"data": [{"id": "m", "owned_by": owner}]}
    )
    assert model == Model("m", owned_by=owner)
