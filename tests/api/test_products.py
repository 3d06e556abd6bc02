"""Servers as their documentation and their users tell of them: what they stream, what they report, how they
refuse. Each is cut down to what is its own."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.events import Adjusted, AttemptEnded, PartCame
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import PartKind, State, ToolCall
from desktop_chat.domain.parameters import FormatKind, ResponseFormat
from desktop_chat.domain.usage import Usage
from tests.api.conftest import ask, endpoint_at, request
from tests.server import Server, faults, wire

pytestmark = pytest.mark.anyio


def choice(delta: object, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish, **fields}


def chunk(*choices: object, **fields: Any) -> bytes:
    return wire.sse({"id": "c", "object": "chat.completion.chunk", "choices": list(choices), **fields})


@dataclass(frozen=True)
class Product:
    """An answer as one server streams it, and what it comes to."""

    name: str
    stream: list[bytes]
    usage: Usage | None
    text: str = "Hi there"
    reasoning: str = ""
    model: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    request_id: str | None = None
    state: State = State.COMPLETE
    finish: str = "stop"


HI, THERE = choice({"content": "Hi"}), choice({"content": " there"})
FIRST, LAST = choice({"role": "assistant", "content": ""}), choice({}, "stop")


def counts(given: int, said: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    total = given + said if total is None else total
    return {"prompt_tokens": given, "completion_tokens": said, "total_tokens": total, **more}


PRODUCTS = [
    # openai/chat.go: usage in a chunk of its own; reasoning as "reasoning".
    Product(
        "Ollama",
        [
            chunk(choice({"role": "assistant", "content": "", "reasoning": "Hm."})),
            chunk(choice({"role": "assistant", "content": "Hi"}), system_fingerprint="fp_ollama"),
            chunk(choice({"role": "assistant", "content": " there"})),
            chunk(choice({"role": "assistant", "content": ""}, "stop")),
            chunk(usage=counts(20, 5)),
            wire.DONE,
        ],
        Usage(20, 5),
        reasoning="Hm.",
    ),
    Product(
        "LM Studio",
        [chunk(HI), chunk(THERE), chunk(LAST), chunk(usage=counts(9, 2), stats={}), wire.DONE],
        Usage(9, 2),
    ),
    # tools/server: null content first, timings beside the usage, progress of the prompt on demand.
    Product(
        "llama.cpp",
        [
            chunk(choice({"role": "assistant", "content": None}), prompt_progress={"total": 9, "cache": 0}),
            chunk(choice({"reasoning_content": "Hm."})),
            chunk(HI),
            chunk(THERE),
            chunk(LAST),
            chunk(usage=counts(9, 4), timings={"predicted_n": 4}, __verbose={"content": "no"}),
            wire.DONE,
        ],
        Usage(9, 4),
        reasoning="Hm.",
    ),
    # continuous_usage_stats: on every chunk what was used until then.
    Product(
        "vLLM",
        [
            chunk(FIRST, usage=counts(9, 0), prompt_token_ids=None),
            chunk(choice({"reasoning_content": "Hm.", "reasoning": "Hm."}), usage=counts(9, 1)),
            chunk(HI, usage=counts(9, 2)),
            chunk(THERE, usage=counts(9, 3)),
            chunk(choice({"content": ""}, "stop", stop_reason=None, token_ids=None), usage=counts(9, 4)),
            chunk(usage=counts(9, 4)),
            wire.DONE,
        ],
        Usage(9, 4),
        reasoning="Hm.",
    ),
    Product(
        "LiteLLM",
        [
            chunk(choice({"role": "assistant", "content": "Hi", "provider_specific_fields": None})),
            chunk(THERE, citations=None),
            chunk(LAST),
            chunk(
                choice({"content": None}),
                usage=counts(9, 4, cache_creation_input_tokens=0, prompt_tokens_details={"cached_tokens": 3}),
            ),
            wire.DONE,
        ],
        Usage(9, 4, cached=3),
        headers={"x-litellm-call-id": "call-1", "x-litellm-response-cost": "1e-05"},
        request_id="call-1",
    ),
    # https://openrouter.ai/docs/api/reference/streaming: comments; the usage comes with an empty choice.
    Product(
        "OpenRouter",
        [
            b": OPENROUTER PROCESSING\n\n" * 3,
            chunk(choice({"role": "assistant", "content": "", "reasoning": "Hm.", "reasoning_details": []})),
            chunk(HI, provider="Groq", model="x/y"),
            chunk(THERE),
            chunk(choice({"content": ""}, "stop", native_finish_reason="STOP")),
            chunk(
                choice({"role": "assistant", "content": ""}),
                usage=counts(
                    9,
                    4,
                    cost=0.00014,
                    cost_details={"upstream_inference_cost": None},
                    prompt_tokens_details={"cached_tokens": 2, "audio_tokens": 0, "cache_write_tokens": 1},
                    completion_tokens_details={"reasoning_tokens": 1, "image_tokens": 0},
                ),
            ),
            wire.DONE,
        ],
        Usage(9, 4, 2, 1, 1),
        reasoning="Hm.",
        model="x/y",
        headers={"x-generation-id": "gen-1"},
        request_id="gen-1",
    ),
    # Before it knew stream_options; the usage is in an object of its own.
    Product(
        "Groq",
        [
            chunk(FIRST, x_groq={"id": "req_1"}),
            chunk(HI),
            chunk(THERE),
            chunk(LAST, x_groq={"id": "req_1", "usage": counts(9, 4, queue_time=0.1, total_time=0.2)}),
            wire.DONE,
        ],
        Usage(9, 4),
        headers={"x-request-id": "req_1", "x-groq-region": "fra"},
        request_id="req_1",
    ),
    Product(
        "Mistral",
        [
            chunk(choice({"role": "assistant", "content": ""}), p="abcdef"),
            chunk(choice({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]})),
            chunk(choice({"content": [{"type": "text", "text": "Hi"}]})),
            chunk(THERE),
            chunk(choice({"content": "", "tool_calls": None}, "stop"), usage=counts(9, 4)),
            wire.DONE,
        ],
        Usage(9, 4),
        reasoning="Hm.",
        headers={"mistral-correlation-id": "corr-1"},
        request_id="corr-1",
    ),
    # https://api-docs.deepseek.com: content is null while it thinks; comments while one waits.
    Product(
        "DeepSeek",
        [
            b": keep-alive\n\n" * 2,
            chunk(choice({"role": "assistant", "content": None, "reasoning_content": ""}), usage=None),
            chunk(choice({"content": None, "reasoning_content": "Hm."}), usage=None),
            chunk(choice({"content": "Hi", "reasoning_content": None})),
            chunk(choice({"content": " there", "reasoning_content": None})),
            chunk(
                choice({"content": "", "reasoning_content": None}, "stop"),
                usage=counts(
                    9,
                    4,
                    prompt_cache_hit_tokens=6,
                    prompt_cache_miss_tokens=3,
                    completion_tokens_details={"reasoning_tokens": 2},
                ),
            ),
            wire.DONE,
        ],
        Usage(9, 4, 6, 2),
        reasoning="Hm.",
        headers={"x-ds-trace-id": "trace-1"},
        request_id="trace-1",
    ),
    # https://docs.x.ai/docs/key-information/consumption-and-rate-limits: what was thought is in the total
    # alone.
    Product(
        "xAI",
        [
            chunk(choice({"role": "assistant", "reasoning_content": "Hm."})),
            chunk(HI),
            chunk(THERE),
            chunk(LAST),
            chunk(
                usage=counts(
                    10120,
                    1499,
                    14428,
                    prompt_tokens_details={"text_tokens": 10120, "cached_tokens": 128},
                    completion_tokens_details={"reasoning_tokens": 2809, "audio_tokens": 0},
                    num_sources_used=0,
                ),
                citations=["https://example.com"],
            ),
            wire.DONE,
        ],
        Usage(10120, 1499 + 2809, 128, 2809),
        reasoning="Hm.",
    ),
    # The same, without a word of how much of it was thought.
    Product(
        "Gemini",
        [
            chunk(choice({"role": "assistant", "content": "Hi"}), usage=counts(20, 1, 426)),
            chunk(choice({"role": "assistant", "content": " there"}, "stop"), usage=counts(20, 198, 623)),
            wire.DONE,
        ],
        Usage(20, 603, 0, 405),
    ),
    Product(
        "Anthropic",
        [
            chunk(FIRST, system_fingerprint=None),
            chunk(HI),
            chunk(THERE),
            chunk(choice({}, "stop")),
            chunk(usage=counts(9, 4)),
            wire.DONE,
        ],
        Usage(9, 4),
        headers={"request-id": "req_011"},
        request_id="req_011",
    ),
    # A gateway to Bedrock: what comes from the cache is in the total alone.
    Product(
        "Bedrock",
        [
            chunk(HI),
            chunk(THERE),
            chunk(LAST, usage=counts(8, 4, 1012, prompt_tokens_details={"cached_tokens": 1000})),
            wire.DONE,
        ],
        Usage(1008, 4, 1000),
    ),
    # earendil-works/pi#2017: the usage is in the choice.
    Product(
        "Moonshot",
        [
            chunk(FIRST),
            chunk(HI),
            chunk(THERE),
            chunk(choice({}, "stop", usage=counts(9, 4, cached_tokens=9))),
            wire.DONE,
        ],
        Usage(9, 4, 9),
    ),
    # Results of the filter in chunks without a choice, without a delta, and after the end.
    Product(
        "Azure",
        [
            wire.sse({"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
            chunk(FIRST | {"content_filter_results": {}}, model="gpt-9-2026-01-01"),
            chunk(HI | {"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}),
            chunk({"index": 0, "finish_reason": None, "content_filter_offsets": {"check_offset": 2}}),
            chunk(THERE),
            chunk(LAST | {"content_filter_results": {}}),
            chunk(choice(None, content_filter_offsets={"end_offset": 8}, content_filter_results={})),
            chunk(usage=counts(9, 4, prompt_tokens_details=None, completion_tokens_details=None)),
            wire.DONE,
        ],
        Usage(9, 4),
        model="gpt-9-2026-01-01",
        headers={"apim-request-id": "apim-1", "x-ms-region": "Sweden Central"},
        request_id="apim-1",
    ),
    Product(
        "Azure, filtered",
        [
            chunk(FIRST),
            chunk(HI),
            chunk(choice({}, "content_filter", content_filter_results={"hate": {"filtered": True}})),
            chunk(usage=counts(9, 4)),
            wire.DONE,
        ],
        Usage(9, 4),
        text="Hi",
        state=State.TRUNCATED,
        finish="content_filter",
    ),
]


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
async def test_what_they_stream(server: Server, api: Api, product: Product) -> None:
    server.script(faults.raw(*product.stream, headers={"x-request-id": "", **product.headers}))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    finished = result.finished
    assert (result.text(), result.text(PartKind.REASONING)) == (product.text, product.reasoning)
    assert (finished.state, finished.finish_reason) == (product.state, product.finish)
    assert (finished.model, finished.request_id) == (product.model, product.request_id)
    (attempt,) = (event for event in result.events if isinstance(event, AttemptEnded))
    assert attempt.usage == finished.usage == product.usage


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
async def test_what_they_answer_in_one_piece(server: Server, api: Api, product: Product) -> None:
    """The same as one document, which they send where nobody wants a stream."""
    chunks = [
        json.loads(line[6:]) for line in b"".join(product.stream).splitlines() if line[:7] == b"data: {"
    ]
    document: dict[str, Any] = {"object": "chat.completion"}
    message: dict[str, Any] = {"role": "assistant", "content": product.text}
    if product.reasoning:
        message["reasoning_content"] = product.reasoning
    said: dict[str, Any] = {"index": 0, "message": message, "finish_reason": product.finish}
    for one in chunks:
        document |= {name: value for name, value in one.items() if value and name != "choices"}
        said |= {name: value for each in one["choices"] for name, value in each.items() if name == "usage"}
    document["choices"] = [said]
    body = json.dumps(document).encode()
    server.script(faults.raw(body, headers={"content-type": "application/json", **product.headers}))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS), request(stream=False))
    assert (result.text(), result.text(PartKind.REASONING)) == (product.text, product.reasoning)
    assert (result.finished.state, result.finished.usage) == (product.state, product.usage)


def error(message: str, kind: str = "invalid_request_error", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None, **more}}


REFUSALS: list[tuple[str, int, Any, type[errors.ChatError]]] = [
    ("Ollama", 404, error('model "x" not found, try pulling it first', "not_found_error"),
     errors.ModelNotFound),
    ("OpenRouter, no such id", 400, {"error": {"message": "x/y is not a valid model ID", "code": 400},
     "user_id": "user_1"}, errors.ModelNotFound),
    ("OpenRouter, gone", 404, {"error": {"message": "No endpoints found for x/y:free.", "code": 404}},
     errors.ModelNotFound),
    ("OpenRouter, privacy", 404, {"error": {"message": "No endpoints found matching your data policy.",
     "code": 404}}, errors.NotFound),
    ("Mistral", 400, {"object": "error", "message": "Invalid model: x", "type": "invalid_model",
     "param": None, "code": "1500"}, errors.ModelNotFound),
    ("DeepSeek", 400, error("Model Not Exist", code="invalid_request_error"), errors.ModelNotFound),
    ("DeepSeek, no money", 402, error("Insufficient Balance", "unknown_error"), errors.QuotaExhausted),
    ("LiteLLM", 400, {"error": "/chat/completions: Invalid model name passed in model=x. Call `/v1/models` "
     "to view available models for your key."}, errors.ModelNotFound),
    ("Groq, gone", 400, error("The model `x` has been decommissioned and is no longer supported.",
     code="model_decommissioned"), errors.ModelNotFound),
    ("Groq, flex", 498, error("Flex tier capacity exceeded", "capacity_exceeded"), errors.Overloaded),
    ("xAI", 404, {"code": "Some requested entity was not found", "error": "The model x does not exist or "
     "your team does not have access to it."}, errors.ModelNotFound),
    ("Gemini", 404, [{"error": {"code": 404, "message": "models/x is not found for API version v1main, or is "
     "not supported for generateContent.", "status": "NOT_FOUND"}}], errors.ModelNotFound),
    ("Azure", 404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource "
     "does not exist."}}, errors.ModelNotFound),
    ("Azure, filtered", 400, {"error": {"message": "The response was filtered due to the prompt triggering "
     "Azure OpenAI's content management policy.", "type": None, "param": "prompt", "code": "content_filter",
     "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation",
     "content_filter_result": {"hate": {"filtered": True, "severity": "high"}}}}}, errors.ContentRefused),
    ("llama.cpp, context", 400, {"error": {"code": 400, "message": "the request exceeds the available "
     "context size, try increasing it", "type": "exceed_context_size_error", "n_prompt_tokens": 9}},
     errors.ContextExceeded),
    ("llama.cpp, loading", 503, {"error": {"code": 503, "message": "Loading model",
     "type": "unavailable_error"}}, errors.Overloaded),
    ("Anthropic, overloaded", 529, {"error": {"code": None, "message": "Overloaded",
     "type": "overloaded_error"}}, errors.Overloaded),
    ("vLLM, context", 400, error("This model's maximum context length is 8 tokens. However, you requested 9.",
     "BadRequestError", param="input_tokens", code=400), errors.ContextExceeded),
    ("LM Studio", 404, error("No models loaded. Please load a model in the developer page.", param="model",
     code="model_not_found"), errors.ModelNotFound),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code", "said", "kind"), REFUSALS, ids=[each[0] for each in REFUSALS])
async def test_how_they_refuse(
    server: Server, api: Api, name: str, code: int, said: Any, kind: type[errors.ChatError]
) -> None:
    server.default = faults.raw()

    async def refuse(exchange: Any) -> None:
        await exchange.document(code, json.dumps(said).encode())

    server.script(refuse)
    endpoint = endpoint_at(server.url, Dialect.CHAT_COMPLETIONS)
    result = await ask(api, endpoint, request(temperature=1, top_p=1), limits=Limits(attempts=1))
    assert type(result.finished.error) is kind
    assert len(server.requests) == 1


async def test_what_a_wrapped_error_says(server: Server, api: Api) -> None:
    """Mistral puts what FastAPI says below ``message``."""
    said = {
        "detail": [{"type": "greater_than", "loc": ["body", "max_tokens"], "msg": "Too few.", "input": 0}]
    }

    async def refuse(exchange: Any) -> None:
        await exchange.document(422, json.dumps({"object": "error", "message": said}).encode())

    server.script(refuse)
    error = (await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))).finished.error
    assert error is not None
    assert error.message == "Too few."


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"code": 502, "message": "Provider returned error"}, errors.ServerFault),
        ({"code": 429, "message": "x is temporarily rate-limited upstream."}, errors.RateLimited),
        ({"type": "overloaded_error", "message": "Overloaded"}, errors.Overloaded),
        ({"code": "rate_limit_exceeded", "message": "Rate limit reached"}, errors.RateLimited),
        ({"code": "server_is_overloaded", "message": "Our servers are overloaded."}, errors.Overloaded),
        ({"code": 400, "message": "Provider returned error"}, errors.StreamError),
        ({"code": "server_error", "message": "The server had an error."}, errors.StreamError),
    ],
)
@pytest.mark.parametrize("came", [False, True])
async def test_errors_within_a_stream(
    server: Server, api: Api, dialect: Dialect, said: dict[str, Any], kind: type[errors.ChatError], came: bool
) -> None:
    """What passes is told from what does not, since another model can then be asked; with a text there is
    one that broke off."""
    chat = dialect is Dialect.CHAT_COMPLETIONS
    failed = chunk(choice({"content": ""}, "error"), error=said)
    if not chat:
        failed = wire.event("response.failed", 9, response=wire.response("failed", error=said))
    text = [wire.delta(chat, "Hi", 1)] if came else []
    server.script(faults.raw(*wire.opening(chat), *text, failed))
    finished = (await ask(api, endpoint_at(server.url, dialect))).finished
    assert (type(finished.error), finished.state) == (
        (errors.StreamError, State.INTERRUPTED) if came else (kind, State.FAILED)
    )


@pytest.mark.parametrize("pieces", [False, True])
async def test_tool_calls_that_share_an_index(server: Server, api: Api, pieces: bool) -> None:
    """Gemini sends each whole, with the index 0 and an id of its own."""
    calls = [
        {
            "index": 0,
            "id": f"call_{city}",
            "type": "function",
            "function": {"name": "weather", "arguments": city},
        }
        for city in ("Bonn", "Oslo")
    ]
    deltas = [[call] for call in calls] if pieces else [calls]
    items = [chunk(choice({"role": "assistant", "tool_calls": each})) for each in deltas]
    server.script(faults.raw(*items, chunk(choice({}, "tool_calls"), usage=counts(9, 4)), wire.DONE))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    told = {
        part.data.id: part.data.arguments
        for part in (event.part for event in result.events if isinstance(event, PartCame))
        if isinstance(part.data, ToolCall)
    }
    assert told == {"call_Bonn": "Bonn", "call_Oslo": "Oslo"}


NOT_TAKEN: list[tuple[str, int, Any, dict[str, Any], str]] = [
    ("Moonshot", 400, error("invalid temperature: only 1 is allowed for this model"), {"temperature": 0.5},
     "temperature"),
    ("Groq", 400, error("'n' : number must be at most 1"), {"n": 2}, "n"),
    ("Groq, logprobs", 400, error("property 'logprobs' is unsupported, did you mean 'stop'?"),
     {"top_logprobs": 2, "stop": ("x",)}, "top_logprobs"),
    ("Gemini", 400, [error("Multiple candidates is not enabled for this model")], {"n": 2}, "n"),
    ("Gemini, penalty", 400, [error("Penalty is not enabled for this model")], {"presence_penalty": 1},
     "presence_penalty"),
    ("Gemini, thinking", 400, [error("Thinking level is not supported for this model.")],
     {"reasoning_effort": "high"}, "reasoning_effort"),
    ("Ollama", 400, error('"x" does not support thinking'), {"reasoning_effort": "high"}, "reasoning_effort"),
    ("xAI", 400, {"code": "Client specified an invalid argument", "error": "Argument not supported on this "
     "model: presencePenalty"}, {"presence_penalty": 1, "frequency_penalty": 1}, "presence_penalty"),
    ("Mistral", 422, {"object": "error", "message": {"detail": [{"type": "extra_forbidden",
     "loc": ["body", "logit_bias"], "msg": "Extra inputs are not permitted", "input": {"1": 1}}]}},
     {"logit_bias": {"1": 1}, "seed": 1}, "logit_bias"),
    ("DeepSeek", 400, error("This response_format type is unavailable now"),
     {"response_format": ResponseFormat(FormatKind.JSON_SCHEMA, schema={})}, "response_format"),
    ("llama.cpp", 500, error("Conversation roles must alternate user/assistant/user/assistant/..."),
     {"system_prompt": "Be brief."}, "system"),
    ("OpenAI, o1-mini", 400, error("Unsupported value: 'messages[0].role' does not support 'system' with "
     "this model.", param="messages[0].role", code="unsupported_value"), {"system_prompt": "Be brief."},
     "system"),
    ("OpenAI, unverified", 400, error("Your organization must be verified to stream this model.",
     param="stream", code="unsupported_value"), {}, "stream"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "code", "said", "asked", "told"), NOT_TAKEN, ids=[each[0] for each in NOT_TAKEN]
)
async def test_what_they_do_not_take(
    server: Server, api: Api, name: str, code: int, said: Any, asked: dict[str, Any], told: str
) -> None:
    async def refuse(exchange: Any) -> None:
        await exchange.document(code, json.dumps(said).encode())

    server.script(refuse)
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS), request(**asked))
    assert result.finished.state is State.COMPLETE
    assert [event.name for event in result.events if isinstance(event, Adjusted)] == [told]
    assert len(server.requests) == 2
