"""Servers that differ from the API reference, in both dialects: what they reject is sent without it."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind
from desktop_chat.domain.events import Adjusted
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Request
from tests.api.conftest import Result, ask, endpoint_at, message, request
from tests.server import Script, Server, wire

pytestmark = pytest.mark.anyio

Refuses = Callable[[dict[str, Any]], bool]


def refusing(refuses: Refuses, code: int, said: object) -> Script:
    """A server that rejects each request that ``refuses`` picks, with the JSON (or text) ``said``."""

    async def play(exchange: Any) -> None:
        if refuses(exchange.json):
            body = said if isinstance(said, str) else json.dumps(said)
            await exchange.document(code, body.encode())
        else:
            await wire.answer()(exchange)

    return play


def has(name: str) -> Refuses:
    return lambda body: name in body


def adjusted(result: Result) -> list[str]:
    return [event.name for event in result.events if isinstance(event, Adjusted)]


async def taught(server: Server, api: Api, endpoint: Endpoint, asked: Request, *names: str) -> None:
    """The request is answered after adjustments of ``names``; one that knows them is answered at once."""
    result = await ask(api, endpoint, asked)
    assert (result.finished.state, result.text(), result.attempts) == (State.COMPLETE, wire.WORDS, 1)
    assert adjusted(result) == list(names)
    sent = len(server.requests)
    assert sent == len(names) + 1
    again = await ask(api, endpoint, dataclasses.replace(asked, rejected=frozenset(names)))
    assert (again.finished.state, adjusted(again)) == (State.COMPLETE, [])
    assert len(server.requests) == sent + 1
    assert server.requests[-1].json == server.requests[-2].json


def error(message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    kind = "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


UNSUPPORTED = "Unsupported parameter: 'temperature' is not supported with this model."
WORDS: list[tuple[int, Any]] = [
    (400, error(UNSUPPORTED, "temperature", "unsupported_parameter")),
    (400, error("Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) "
                "value is supported.", "temperature", "unsupported_value")),
    (400, error("Unrecognized request argument supplied: temperature")),
    (400, error("Unknown parameter: 'temperature'.", "temperature", "unknown_parameter")),
    (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"],
                       "msg": "Extra inputs are not permitted", "input": 0.5}]}),
    (422, {"detail": [{"loc": ["body", "temperature"], "msg": "extra fields not permitted",
                       "type": "value_error.extra"}]}),
    (400, {"detail": "Unsupported parameter: temperature"}),
    (400, {"object": "error", "code": 400, "message": "[{'type': 'extra_forbidden', 'loc': ('body', "
           "'temperature'), 'msg': 'Extra inputs are not permitted'}]"}),
    (400, error('Unknown name "temperature": Cannot find field.')),
    (400, {"error": "json: unknown field \"temperature\""}),
    (400, error("unknown field `temperature`, expected one of `model`, `messages`, `input`, `top_p`")),
    (400, error("property 'temperature' is unsupported")),
    (400, error("litellm.UnsupportedParamsError: m does not support parameters: ['temperature']")),
    (400, {"code": "invalid-argument", "error": "Argument not supported on this model: temperature"}),
    (400, error("`temperature` is deprecated for this model.")),
    (500, error("TypeError: create() got an unexpected keyword argument 'temperature'")),
    (400, "temperature: Extra inputs are not permitted"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "said"), WORDS, ids=[str(number) for number in range(len(WORDS))])
async def test_a_parameter_that_is_not_taken(
    server: Server, api: Api, dialect: Dialect, code: int, said: object
) -> None:
    server.default = refusing(has("temperature"), code, said)
    asked = request(temperature=0.5, top_p=0.5)
    await taught(server, api, endpoint_at(server.url, dialect), asked, "temperature")
    assert server.requests[-1].json["top_p"] == 0.5


BOTH = tuple(Dialect)
PLACES: list[tuple[tuple[Dialect, ...], str, object, Refuses, str]] = [
    (BOTH, "service_tier", "flex", has("service_tier"), "service_tier"),
    (BOTH, "prompt_cache_retention", "24h", has("prompt_cache_retention"), "prompt_cache_retention"),
    (BOTH, "metadata", {"a": "b"}, has("metadata"), "metadata"),
    (BOTH, "top_logprobs", 2, has("top_logprobs"), "top_logprobs"),
    (BOTH, "stream", None, lambda body: body["stream"], "stream"),
    (BOTH[:1], "reasoning_effort", "low", has("reasoning"), "reasoning.effort"),
    (BOTH[:1], "verbosity", "low", has("text"), "text.verbosity"),
    (BOTH[:1], "max_output_tokens", 9, has("max_output_tokens"), "max_output_tokens"),
    (BOTH[:1], "store", None, has("store"), "store"),
    (BOTH[1:], "reasoning_effort", "low", has("reasoning_effort"), "reasoning_effort"),
    (BOTH[1:], "stop", ("x",), has("stop"), "stop"),
    (BOTH[1:], "n", 2, has("n"), "n"),
    (BOTH[1:], "seed", 1, has("seed"), "seed"),
    (BOTH[1:], "presence_penalty", 1, has("presence_penalty"), "presencePenalty"),
    (BOTH[1:], "stream_options", None, has("stream_options"), "stream_options"),
]
EACH = [(dialect, *place) for dialects, *place in PLACES for dialect in dialects]


@pytest.mark.parametrize(
    ("spoken", "name", "value", "refuses", "wire_name"), EACH, ids=[f"{one[1]}-{one[0]}" for one in EACH]
)
async def test_each_name_is_found(
    server: Server, api: Api, spoken: Dialect, name: str, value: object, refuses: Refuses, wire_name: str
) -> None:
    said = error(f"Unsupported parameter: '{wire_name}' is not supported with this model.")
    server.default = refusing(refuses, 400, said)
    asked = request(**({} if value is None else {name: value}), temperature=0.5)
    result = await ask(api, endpoint_at(server.url, spoken), asked)
    assert adjusted(result) == [name]
    assert [refuses(sent.json) for sent in server.requests] == [True, False]
    assert server.requests[-1].json["temperature"] == 0.5


@pytest.mark.parametrize(
    "said",
    [
        error("Invalid 'temperature': decimal above maximum value. Expected a value <= 1.", "temperature",
              "decimal_above_max_value"),
        error("Unsupported value: 'low' is not supported with this model. Supported values are: 'medium', "
              "'high'.", "reasoning.effort", "unsupported_value"),
        error("Invalid schema for response_format 'answer': 'minLength' is not permitted.", "response_format",
              "invalid_json_schema"),
        error("This model's maximum context length is 10 tokens, max_tokens is not supported beyond."),
        error("The text to stop at is not supported."),
        error("Bad Request"),
        {"detail": [{"type": "string_type", "loc": ["body", "messages", 0, "content"], "msg": "Not a string.",
                     "input": "temperature is not supported"}]},
        error("max_tokens is too large: 9. This model supports at most 5 completion tokens.", "max_tokens"),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_told(server: Server, api: Api, dialect: Dialect, said: object) -> None:
    server.default = refusing(lambda body: True, 400, said)
    parameters = {"temperature": 1.5, "reasoning_effort": "low", "max_output_tokens": 9}
    asked = request(**parameters, stop=("x",), reasoning_summary="none")
    result = await ask(api, endpoint_at(server.url, dialect), asked)
    assert isinstance(result.finished.error, errors.Rejected)
    assert (len(server.requests), adjusted(result)) == (1, [])


ROLES: list[tuple[int, Any]] = [
    (400, error("Unsupported value: 'messages[0].role' does not support 'developer' with this model.",
                "messages[0].role", "unsupported_value")),
    (422, {"detail": [{"type": "literal_error", "loc": ["body", "messages", 0, "role"],
                       "msg": "Input should be 'system', 'user' or 'assistant'", "input": "developer"}]}),
    (400, error("unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`")),
    (500, error("Unexpected message role.")),
    (500, {"detail": "Internal Server Error: Invalid role: developer"}),
]  # fmt: skip


def says(role: str) -> Refuses:
    return lambda body: any(one.get("role") == role for one in body.get("messages", body.get("input")))


@pytest.mark.parametrize(("code", "said"), ROLES, ids=[str(number) for number in range(len(ROLES))])
async def test_a_role_that_is_not_known(
    server: Server, api: Api, dialect: Dialect, code: int, said: object
) -> None:
    server.default = refusing(says("developer"), code, said)
    endpoint = endpoint_at(server.url, dialect, system_role="developer")
    summary = message("Be brief.", Role.SYSTEM)
    await taught(server, api, endpoint, Request("m-1", (summary, message("Hello"))), "developer")
    assert says("system")(server.requests[-1].json)


async def test_a_server_that_breaks_at_a_role_without_a_word(
    server: Server, api: Api, dialect: Dialect
) -> None:
    server.default = refusing(says("developer"), 500, "Internal Server Error")
    endpoint = endpoint_at(server.url, dialect, system_role="developer")
    asked = Request("m-1", (message("Be brief.", Role.SYSTEM), message("Hello")))
    result = await ask(api, endpoint, asked)
    assert (result.finished.state, result.attempts, adjusted(result)) == (State.COMPLETE, 2, ["developer"])


@pytest.mark.parametrize("kind", [EndpointKind.OPENAI, EndpointKind.COMPATIBLE])
async def test_a_fault_is_not_taken_for_a_rejection(
    server: Server, api: Api, dialect: Dialect, kind: EndpointKind
) -> None:
    server.default = refusing(lambda body: True, 500, "Internal Server Error")
    endpoint = endpoint_at(server.url, dialect, system_role="developer", kind=kind)
    result = await ask(api, endpoint, Request("m-1", (message("Be brief.", Role.SYSTEM), message("Hello"))))
    assert (result.finished.state, adjusted(result)) == (State.FAILED, [])
    roles = [says("developer")(sent.json) for sent in server.requests]
    assert roles == [True] * 3 if kind is EndpointKind.OPENAI else [True, False, False]


async def test_where_no_role_is_for_instructions_the_user_says_them(
    server: Server, api: Api, dialect: Dialect
) -> None:
    def refuses(body: dict[str, Any]) -> bool:
        return says("developer")(body) or says("system")(body)

    server.default = refusing(refuses, 400, error("Only user and assistant roles are supported!"))
    asked = Request("m-1", (message("Be brief.", Role.SYSTEM), message("Hello")))
    await taught(server, api, endpoint_at(server.url, dialect), asked, "system", "developer")
    body = server.requests[-1].json
    assert body.get("messages", body.get("input")) == [{"role": "user", "content": "Be brief.\n\nHello"}]


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
async def test_either_name_of_the_limit(server: Server, api: Api, field: str) -> None:
    other = {"max_tokens": "max_completion_tokens"}.get(field, "max_tokens")
    said = f"Unsupported parameter: '{field}' is not supported with this model. Use '{other}' instead."
    server.default = refusing(has(field), 400, error(said, field, "unsupported_parameter"))
    endpoint = endpoint_at(server.url, Dialect.CHAT_COMPLETIONS, max_tokens_field=field)
    await taught(server, api, endpoint, request(max_output_tokens=9), field)
    assert server.requests[-1].json[other] == 9


async def test_several_at_once(server: Server, api: Api, dialect: Dialect) -> None:
    said = error("m does not support parameters: ['temperature', 'top_p']")
    server.default = refusing(lambda body: "temperature" in body or "top_p" in body, 400, said)
    asked = request(temperature=0.5, top_p=0.5)
    await taught(server, api, endpoint_at(server.url, dialect), asked, "temperature", "top_p")


async def test_what_did_not_help_is_not_told(server: Server, api: Api, dialect: Dialect) -> None:
    server.default = refusing(lambda body: True, 400, error(UNSUPPORTED))
    result = await ask(api, endpoint_at(server.url, dialect), request(temperature=0.5))
    assert (result.finished.state, adjusted(result), len(server.requests)) == (State.FAILED, [], 2)


async def test_what_the_user_wrote_as_json_is_never_left_out(
    server: Server, api: Api, dialect: Dialect
) -> None:
    server.default = refusing(has("top_k"), 400, error("Unknown parameter: 'top_k'.", "top_k"))
    result = await ask(api, endpoint_at(server.url, dialect), request(extra_body={"top_k": 5}))
    assert (result.finished.state, len(server.requests)) == (State.FAILED, 1)


PICTURE = Part(PartKind.IMAGE, name="moon.png", data=Attachment("", url="https://example.com/a.png"))
PAPER = Part(PartKind.FILE, "Read of it", name="a.pdf", data=Attachment("h", "application/pdf"))
SHOWN = Message("id", None, Role.USER, [Part(PartKind.TEXT, "See"), PICTURE])
READ = Message("id", None, Role.USER, [PAPER])


def pieces(body: dict[str, Any]) -> bool:
    return any(isinstance(one["content"], list) for one in body.get("messages", body.get("input")))


@pytest.mark.parametrize(
    "said",
    [
        (400, error("Invalid content type. image_url is only supported by certain models.")),
        (400, error("unknown variant `image_url`, expected `text`")),
        (404, error("No endpoints found that support image input")),
        (500, error("image input is not supported - hint: you may need to provide the mmproj")),
    ],
    ids=["openai", "serde", "openrouter", "llama.cpp"],
)
async def test_images_of_earlier_messages(
    server: Server, api: Api, dialect: Dialect, said: tuple[int, object]
) -> None:
    server.default = refusing(pieces, *said)
    endpoint = endpoint_at(server.url, dialect)
    answer = message("A moon", Role.ASSISTANT)
    await taught(server, api, endpoint, Request("m-1", (SHOWN, answer, message("And?"))), "images")
    sent = server.requests[-1].json
    first = sent.get("messages", sent.get("input"))[0]["content"]
    assert first == "See\n\n[An image was here that this model cannot see: moon.png]"


async def test_images_that_are_asked_about_are_not_left_out(
    server: Server, api: Api, dialect: Dialect
) -> None:
    server.default = refusing(pieces, 400, error("Images are not supported by this model."))
    for rejected in (frozenset[str](), frozenset({"images"})):
        asked = Request("m-1", (SHOWN,), rejected=rejected)
        result = await ask(api, endpoint_at(server.url, dialect), asked)
        assert result.finished.state is State.FAILED
    assert [pieces(sent.json) for sent in server.requests] == [True, True]


async def test_files_become_what_was_read_of_them(server: Server, api: Api, dialect: Dialect) -> None:
    server.default = refusing(pieces, 400, error("Invalid content type: this model does not support file."))
    asked = Request("m-1", (READ,), contents={"h": "JVBERg=="})
    await taught(server, api, endpoint_at(server.url, dialect), asked, "files")
    sent = server.requests[-1].json
    assert "Read of it" in sent.get("messages", sent.get("input"))[0]["content"]


async def test_a_server_without_encrypted_reasoning(server: Server, api: Api) -> None:
    said = error("Encrypted content is not supported with this model.", "include")
    server.default = refusing(has("include"), 400, said)
    await taught(server, api, endpoint_at(server.url), request(reasoning_effort="low"), "include")


@pytest.mark.parametrize("code", [400, 404, 500])
async def test_a_server_without_the_responses_api(server: Server, api: Api, code: int) -> None:
    server.default = refusing(lambda body: True, code, {"detail": "Not Found"})
    result = await ask(api, endpoint_at(server.url))
    assert result.finished.state is State.FAILED
    assert str(result.finished.error) == "Not Found"


@pytest.mark.parametrize(
    ("body", "message_of", "code"),
    [
        ({"error": {"message": "No.", "code": "some_code"}}, "No.", "some_code"),
        ({"error": {"message": "No.", "code": 1234, "type": "kind"}}, "No.", "kind"),
        ({"error": "No."}, "No.", None),
        ({"detail": "No."}, "No.", None),
        ({"detail": [{"loc": ["body", "x"], "msg": "No.", "type": "t"}]}, "No.", None),
        ({"message": "No.", "code": "c"}, "No.", "c"),
        ([{"error": {"message": "No.", "status": "INVALID_ARGUMENT"}}], "No.", "INVALID_ARGUMENT"),
        ("No.", "No.", None),
        ("<!DOCTYPE html><html><body><p>No.</p></body></html>", "No.", None),
    ],
)
async def test_errors_of_every_shape(
    server: Server, api: Api, dialect: Dialect, body: object, message_of: str, code: str | None
) -> None:
    server.default = refusing(lambda sent: True, 400, body)
    error = (await ask(api, endpoint_at(server.url, dialect))).finished.error
    assert error is not None
    assert (type(error), error.message, error.code) == (errors.BadRequest, message_of, code)
