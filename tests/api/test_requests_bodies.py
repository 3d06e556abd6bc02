"""Bodies of both dialects, as they came over the wire, field by field; and the SDK's own types of them."""

import base64
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import TypeAdapter, ValidationError

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.events import Adjusted, Delta, PartCame
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, ReasoningItem, Role, State
from desktop_chat.domain.parameters import PARAMETERS, FormatKind, Parameters, ResponseFormat
from desktop_chat.domain.request import Request
from tests.api.conftest import Result, ask, endpoint_at, message, request
from tests.server import Exchange, Server, faults, wire

pytestmark = pytest.mark.anyio

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
EVERYTHING = Parameters(
    "Be brief.",
    temperature=0.0,
    max_output_tokens=100,
    reasoning_effort="high",
    reasoning_summary="detailed",
    verbosity="low",
    top_p=0.5,
    frequency_penalty=-1.5,
    presence_penalty=1,
    seed=0,
    stop=("END", "STOP"),
    logit_bias={"50256": -100},
    top_logprobs=2,
    response_format=ResponseFormat(FormatKind.JSON_SCHEMA, "count", SCHEMA),
    n=2,
    service_tier="flex",
    prompt_cache_key="chat-1",
    prompt_cache_retention="24h",
    metadata={"project": "moon"},
    safety_identifier="user-1",
    store=False,
)
SHARED = {
    "model": "m-1",
    "stream": True,
    "temperature": 0.0,
    "top_p": 0.5,
    "service_tier": "flex",
    "prompt_cache_key": "chat-1",
    "prompt_cache_retention": "24h",
    "metadata": {"project": "moon"},
    "safety_identifier": "user-1",
    "store": False,
    "top_logprobs": 2,
}
BODIES: dict[Dialect, dict[str, Any]] = {
    Dialect.RESPONSES: SHARED
    | {
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "Hello"}],
        "max_output_tokens": 100,
        "reasoning": {"effort": "high", "summary": "detailed"},
        "text": {
            "verbosity": "low",
            "format": {"type": "json_schema", "name": "count", "schema": SCHEMA, "strict": True},
        },
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    },
    Dialect.CHAT_COMPLETIONS: SHARED
    | {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
        ],
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 100,
        "reasoning_effort": "high",
        "verbosity": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "count", "schema": SCHEMA, "strict": True},
        },
        "frequency_penalty": -1.5,
        "presence_penalty": 1,
        "seed": 0,
        "stop": ["END", "STOP"],
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "n": 2,
    },
}
TYPES = {
    Dialect.RESPONSES: ResponseCreateParamsStreaming,
    Dialect.CHAT_COMPLETIONS: CompletionCreateParamsStreaming,
}
ADAPTERS = {dialect: TypeAdapter[Any](body) for dialect, body in TYPES.items()}
PNG, PDF = b"\x89PNG picture", b"%PDF-1.7 paper"
CONTENTS = {"h1": base64.b64encode(PNG).decode(), "h2": base64.b64encode(PDF).decode()}
PICTURE = Part(PartKind.IMAGE, name="a.png", data=Attachment("h1", "image/png", len(PNG), detail="high"))
PAPER = Part(PartKind.FILE, "Read of it", name="a.pdf", data=Attachment("h2", "application/pdf", len(PDF)))
LINKED = Part(PartKind.IMAGE, data=Attachment("", url="https://example.com/a.png"))


def valid(sent: Exchange) -> dict[str, Any]:
    """The body, which the API reference must allow."""
    dialect = Dialect.CHAT_COMPLETIONS if sent.chat else Dialect.RESPONSES
    checked(ADAPTERS[dialect].validate_python(spelled_out(sent.json)))
    known = TYPES[dialect].__required_keys__ | TYPES[dialect].__optional_keys__
    body: dict[str, Any] = sent.json
    assert body.keys() <= known
    return body


def spelled_out(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` with each text of a message as its one part, which means the same: pydantic takes a text for
    an ``Iterable`` of parts."""
    messages = [
        message | {"content": [{"type": "text", "text": message["content"]}]}
        if isinstance(message["content"], str)
        else message
        for message in body.get("messages", ())
    ]
    return body | ({"messages": messages} if messages else {})


def checked(value: object) -> None:
    """Read ``value`` to its end: pydantic validates an ``Iterable`` no sooner."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str):
        for inner in value:
            checked(inner)


def test_the_types_of_the_sdk_find_what_is_wrong() -> None:
    for dialect, body in BODIES.items():
        name = "input" if dialect is Dialect.RESPONSES else "messages"
        with pytest.raises(ValidationError):
            checked(
                ADAPTERS[dialect].validate_python(
                    spelled_out(body) | {name: [{"role": "nobody", "content": []}]}
                )
            )


def said(sent: Exchange) -> list[dict[str, Any]]:
    """The messages or items of a body."""
    body = valid(sent)
    found: list[dict[str, Any]] = body["messages" if sent.chat else "input"]
    return found


def with_parts(*parts: Part, role: Role = Role.USER) -> Message:
    return Message("id", None, role, list(parts))


async def test_every_parameter_at_its_place(server: Server, api: Api, dialect: Dialect) -> None:
    asked = Request("m-1", (message("Hello"),), EVERYTHING)
    endpoint = endpoint_at(server.url, dialect, max_tokens_field="max_completion_tokens")
    await ask(api, endpoint, asked)
    (sent,) = server.requests
    assert valid(sent) == BODIES[dialect]
    assert sent.headers["content-type"] == "application/json"
    unset = [parameter.name for parameter in PARAMETERS if getattr(EVERYTHING, parameter.name) is None]
    assert unset == ["stream", "dialect", "extra_body"], "every other parameter has to be in this test"


@pytest.mark.parametrize("kind", [FormatKind.TEXT, FormatKind.JSON])
async def test_formats(server: Server, api: Api, dialect: Dialect, kind: FormatKind) -> None:
    await ask(api, endpoint_at(server.url, dialect), request(response_format=ResponseFormat(kind)))
    body = valid(server.requests[0])
    found = body["response_format"] if server.requests[0].chat else body["text"]["format"]
    assert found == {"type": kind.value}


async def test_what_is_empty_is_not_sent(server: Server, api: Api, dialect: Dialect) -> None:
    await ask(api, endpoint_at(server.url, dialect), request(stop=(), metadata={}, logit_bias={}, store=None))
    assert set(server.requests[0].json) <= {
        *("model", "messages", "input", "stream", "stream_options", "store")
    }


async def test_no_summary_of_reasoning_where_none_is_wanted(server: Server, api: Api) -> None:
    await ask(api, endpoint_at(server.url), request(reasoning_effort="low", reasoning_summary="none"))
    assert server.requests[0].json["reasoning"] == {"effort": "low"}


async def test_more_json_is_laid_over_a_body(server: Server, api: Api, dialect: Dialect) -> None:
    endpoint = endpoint_at(server.url, dialect, extra_body='{"a": {"b": 1, "c": 1}, "temperature": 1}')
    more = {"a": {"c": 2}, "temperature": None, "new": [1]}
    await ask(api, endpoint, request(temperature=0.5, extra_body=more))
    body = server.requests[0].json
    assert {name: body[name] for name in ("a", "temperature", "new")} == {
        "a": {"b": 1, "c": 2},
        "temperature": None,
        "new": [1],
    }


@pytest.mark.parametrize("extra", ["[1]", "{", "1"])
async def test_more_that_is_no_object_is_told(server: Server, api: Api, dialect: Dialect, extra: str) -> None:
    result = await ask(api, endpoint_at(server.url, dialect, extra_body=extra))
    assert result.finished.state is State.FAILED
    assert type(result.finished.error) is errors.BadRequest
    assert server.requests == []


async def test_attachments(server: Server, api: Api, dialect: Dialect) -> None:
    text = Part(PartKind.TEXT, "What is this?")
    asked = Request("m-1", (with_parts(text, PICTURE, LINKED, PAPER),), contents=CONTENTS)
    await ask(api, endpoint_at(server.url, dialect), asked)
    (one,) = said(server.requests[0])
    picture = "data:image/png;base64," + CONTENTS["h1"]
    paper = "data:application/pdf;base64," + CONTENTS["h2"]
    if dialect is Dialect.RESPONSES:
        content: list[dict[str, Any]] = [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": picture, "detail": "high"},
            {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
            {"type": "input_file", "filename": "a.pdf", "file_data": paper},
        ]
    else:
        content = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": picture, "detail": "high"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": paper}},
        ]
    assert one == {"role": "user", "content": content}


async def test_a_message_of_attachments_only(server: Server, api: Api, dialect: Dialect) -> None:
    asked = Request("m-1", (with_parts(PICTURE),), contents=CONTENTS)
    await ask(api, endpoint_at(server.url, dialect), asked)
    ((piece,),) = [one["content"] for one in said(server.requests[0])]
    assert piece["type"] in ("input_image", "image_url")


async def test_a_file_as_text_leaves_its_message_a_text(server: Server, api: Api, dialect: Dialect) -> None:
    assert isinstance(PAPER.data, Attachment)
    as_text = dataclasses.replace(PAPER, data=dataclasses.replace(PAPER.data, as_text=True))
    asked = Request("m-1", (with_parts(Part(PartKind.TEXT, "Sum it up."), as_text),))
    await ask(api, endpoint_at(server.url, dialect), asked)
    assert said(server.requests[0]) == [
        {
            "role": "user",
            "content": "Sum it up.\n\nContent of the attached file `a.pdf`:\n\n```\nRead of it\n```",
        }
    ]


async def test_what_an_answer_shows_is_not_sent_back(server: Server, api: Api, dialect: Dialect) -> None:
    answer = with_parts(Part(PartKind.TEXT, "Here."), PICTURE, role=Role.ASSISTANT)
    asked = Request("m-1", (message("Draw"), answer, message("Another")), contents=CONTENTS)
    await ask(api, endpoint_at(server.url, dialect), asked)
    assert [one["content"] for one in said(server.requests[0])] == ["Draw", "Here.", "Another"]


async def test_an_attachment_that_is_gone(server: Server, api: Api, dialect: Dialect) -> None:
    result = await ask(api, endpoint_at(server.url, dialect), Request("m-1", (with_parts(PICTURE),)))
    assert type(result.finished.error) is errors.AttachmentMissing
    assert server.requests == []


async def test_texts_of_all_kinds_come_as_they_are(server: Server, api: Api, dialect: Dialect) -> None:
    text = 'Zoë 🙂 "quoted" \\ \x00 \u2028 end'
    await ask(api, endpoint_at(server.url, dialect), request(text))
    assert said(server.requests[0])[0]["content"] == text
    result = await ask(api, endpoint_at(server.url, dialect), request("half \ud83d"))
    assert result.finished.state is State.COMPLETE
    assert said(server.requests[1])[0]["content"] == "half ?"


async def test_a_number_that_json_does_not_have(server: Server, api: Api, dialect: Dialect) -> None:
    result = await ask(api, endpoint_at(server.url, dialect), request(temperature=float("nan")))
    assert type(result.finished.error) is errors.BadRequest
    assert server.requests == []


async def test_encrypted_reasoning_is_carried_on(server: Server, api: Api) -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"}
    server.script(
        faults.raw(
            wire.event(
                "response.output_item.added", 1, output_index=0, item=item | {"encrypted_content": "half"}
            ),
            wire.event("response.output_item.done", 2, output_index=0, item=item),
            wire.delta(False, "Hi", 3),
            wire.event("response.completed", 4, response=wire.response(output=[item])),
        )
    )
    endpoint = endpoint_at(server.url)
    first = await ask(api, endpoint, request(reasoning_effort="low"))
    answer = answer_of(first)
    assert [part.data for part in answer.parts] == [
        ReasoningItem("rs_1", "c2VjcmV0", endpoint.origin, "m-1"),
        None,
    ]
    assert (answer.text, answer.reasoning) == ("Hi", "")
    follow_up = Request("m-1", (message("Hello"), answer, message("And?")))
    await ask(api, endpoint, follow_up)
    await ask(api, endpoint, dataclasses.replace(follow_up, model="m-2"))
    await ask(api, endpoint_at(server.url.replace("127.0.0.1", "localhost"), id="other"), follow_up)
    sent = [valid(exchange) for exchange in server.requests]
    assert sent[1]["input"] == [
        {"role": "user", "content": "Hello"},
        item,
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "And?"},
    ]
    assert (sent[1]["include"], sent[1]["store"]) == (["reasoning.encrypted_content"], False)
    for other in sent[2:]:
        assert [one["role"] for one in other["input"]] == ["user", "assistant", "user"]
        assert "include" not in other


async def test_encrypted_reasoning_that_cannot_be_read_is_left_out_once(server: Server, api: Api) -> None:
    endpoint = endpoint_at(server.url)
    thought = Part(PartKind.REASONING, data=ReasoningItem("rs_1", "old", endpoint.origin, "m-1"))
    answer = with_parts(thought, Part(PartKind.TEXT, "Hi"), role=Role.ASSISTANT)
    said_no = {
        "message": "The encrypted content for item rs_1 could not be verified.",
        "code": "invalid_encrypted_content",
    }
    server.script(faults.status(400, said_no))
    result = await ask(api, endpoint, Request("m-1", (message("Hello"), answer, message("And?"))))
    assert result.finished.state is State.COMPLETE
    assert [len(exchange.json["input"]) for exchange in server.requests] == [4, 3]
    assert not any(isinstance(event, Adjusted) for event in result.events)


def answer_of(result: Result) -> Message:
    """The answer as a session makes it of the events."""
    answer = Message("id", None, Role.ASSISTANT)
    for event in result.events:
        if isinstance(event, Delta):
            answer.append(event.kind, event.text)
        elif isinstance(event, PartCame):
            answer.put(event.part)
    return answer
