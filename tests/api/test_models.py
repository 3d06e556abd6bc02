"""The model list of an endpoint, in the shapes that servers give it."""

import json
from datetime import date

import pytest

from desktop_chat.api import Api
from desktop_chat.api.models import chats, read
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Secrets
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.model import Model
from tests.api.conftest import KEY, endpoint_at
from tests.server import Script, Server, faults


@pytest.mark.anyio
async def test_the_list(server: Server, api: Api) -> None:
    models = await api.models(endpoint_at(server.url), Secrets(KEY), Limits())
    assert [(model.id, model.chats) for model in models] == [
        ("m-1", True),
        ("m-2", True),
        ("text-embedding-3-small", False),
    ]
    (asked,) = server.exchanges
    assert (asked.method, asked.target, asked.headers["authorization"]) == (
        "GET",
        "/v1/models",
        f"Bearer {KEY}",
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (faults.status(401), errors.KeyRejected),
        (faults.status(404), errors.NotFound),
        (faults.html(200), errors.Garbled),
        (faults.document(200, b"[" * 200_000), errors.Garbled),
        (faults.redirect("https://elsewhere.invalid"), errors.Redirected),
        (faults.close_before_head, errors.ConnectionLost),
        (faults.no_answer, errors.NoAnswer),
    ],
)
async def test_no_list(server: Server, api: Api, script: Script, kind: type[errors.ChatError]) -> None:
    server.script(script)
    with pytest.raises(errors.ChatError) as raised:
        await api.models(endpoint_at(server.url), Secrets(KEY), Limits(first_event=0.5))
    assert type(raised.value) is kind
    assert raised.value.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        ({"data": [{"id": "b"}, {"id": "A"}, {"id": "b"}]}, ["A", "b"]),
        ({"models": [{"name": "one"}, {"model": "two"}]}, ["one", "two"]),
        (["x", "y", 5, None, ""], ["x", "y"]),
        ({"data": None}, []),
        ({"data": {"id": "x"}}, []),
        ({"data": [{"id": "bad\u202e\x00name"}, {"id": "x" * 500}, {"id": ["a"]}]}, ["bad name"]),
        ("text", []),
        (None, []),
        ({"data": [{"id": "x", "created": "soon", "owned_by": 5}]}, ["x"]),
    ],
)
def test_shapes(document: object, ids: list[str]) -> None:
    assert [model.id for model in read(json.loads(json.dumps(document)))] == ids


def test_fields() -> None:
    assert read({"data": [{"id": "x", "created": 17, "owned_by": "me"}]}) == [Model("x", True, 17.0, "me")]


def test_when_a_model_ends() -> None:
    told = {"day": "2026-12-11", "time": 1796947200, "nonsense": ["soon"]}
    listed = read({"data": [{"id": name, "shutdown_date": value} for name, value in told.items()]})
    assert {model.id: model.shuts_down for model in listed} == {
        "day": date(2026, 12, 11),
        "time": date(2026, 12, 11),
        "nonsense": None,
    }


@pytest.mark.parametrize(
    "name", ["gpt-5.2", "o4-mini", "llama3:8b", "claude-sonnet-5", "qwen/qwen3-32b", "delivery-1"]
)
def test_names_that_chat(name: str) -> None:
    assert chats(name)


NOT_FOR_CHAT = """
text-embedding-3-large nomic-embed-text BAAI/bge-m3 bge-reranker-v2 omni-moderation-latest
whisper-1 tts-1-hd gpt-4o-audio-preview gpt-4o-transcribe gpt-realtime
dall-e-3 gpt-image-1 sora-2 davinci-002 babbage-002
"""


@pytest.mark.parametrize("name", NOT_FOR_CHAT.split())
def test_names_that_do_not(name: str) -> None:
    assert not chats(name)
