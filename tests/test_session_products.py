"""Whole turns with servers as they are: what they report, reject and break off, and what that makes of the
chat and of its ledger."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.ledger import Outcome, Purpose
from desktop_chat.domain.message import State
from desktop_chat.domain.parameters import FormatKind, ResponseFormat
from desktop_chat.domain.request import Parameters
from desktop_chat.session import ChatSession, Phase
from tests.helpers.bench import Bench, ask, count, idle, until
from tests.server import Exchange, Script, Server, faults, wire

pytestmark = pytest.mark.anyio

EVERYTHING = Parameters(
    system_prompt="Be brief.",
    temperature=0.5,
    max_output_tokens=500,
    reasoning_effort="high",
    reasoning_summary="detailed",
    verbosity="low",
    top_p=0.5,
    frequency_penalty=0.1,
    presence_penalty=0.1,
    seed=7,
    stop=("END",),
    logit_bias={"50256": -100},
    top_logprobs=3,
    response_format=ResponseFormat(FormatKind.JSON_SCHEMA, schema={"type": "object"}),
    n=3,
    service_tier="flex",
    prompt_cache_key="k",
    prompt_cache_retention="24h",
    metadata={"a": "b"},
    safety_identifier="me",
    extra_body={"x": 1},
)
MEMBERS = (
    *("temperature", "top_p", "max_tokens", "max_output_tokens", "frequency_penalty", "presence_penalty"),
    *("seed", "stop", "logit_bias", "top_logprobs", "logprobs", "n", "service_tier", "prompt_cache_key"),
    *("prompt_cache_retention", "metadata", "safety_identifier", "reasoning.effort", "reasoning.summary"),
    *("reasoning_effort", "text.verbosity", "verbosity", "text.format", "response_format", "include"),
    *("stream_options", "stream"),
)
"""What the strictest model rejects, as OpenAI does: one at a time."""


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server() as running:
        yield running


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    value: Dialect = request.param
    return value


@pytest.fixture
async def bench(dialect: Dialect, tmp_path: Path, server: Server, anyio_backend: str) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, server, dialect)
    await made.chats.load()
    made.price(input="2", output="8")
    yield made
    await made.close()


@pytest.fixture
async def chat(tmp_path: Path, server: Server, anyio_backend: str) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, server, Dialect.CHAT_COMPLETIONS)
    await made.chats.load()
    made.price(input="2", output="8")
    yield made
    await made.close()


async def strict(exchange: Exchange) -> None:
    for path in MEMBERS:
        value = exchange.json
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value:
            error = {
                "message": f"Unsupported parameter: '{path}' is not supported with this model.",
                "type": "invalid_request_error",
                "param": path,
                "code": "unsupported_parameter",
            }
            return await exchange.document(400, json.dumps({"error": error}).encode())
    return await wire.answer()(exchange)


async def test_what_a_strict_model_rejects_is_learned_once(
    tmp_path: Path, server: Server, dialect: Dialect, anyio_backend: str
) -> None:
    """All at once, with a restart in between: every rejection is told, and none is asked for again."""
    server.default = strict
    sent = []
    for _ in range(2):
        bench = Bench(tmp_path, server, dialect)
        await bench.chats.load()
        for _ in range(2):
            session, before = bench.chats.new(), len(server.requests)
            told: list[tuple[str, str]] = []
            session.set_parameters(EVERYTHING)
            session.adjusted.connect(lambda name, message, told=told: told.append((name, message)))
            answer = await ask(session)
            assert (answer.state, answer.text) == (State.COMPLETE, wire.WORDS)
            sent.append((len(server.requests) - before, len(told)))
        rows = await bench.ledger()
        assert {row.outcome for row in rows} == {Outcome.OK}
        await bench.close()
    (first, adjusted), *others = sent
    assert others == [(3, 0)] * 3
    answers = 3 if dialect is Dialect.RESPONSES else 1
    assert first == answers * (adjusted + 1)
    last = server.requests[-1].json
    spoken = {"instructions", "store"} if dialect is Dialect.RESPONSES else {"max_completion_tokens"}
    assert last.keys() - {"model", "messages", "input", "stream", "x"} == spoken


async def throttled(session: ChatSession) -> None:
    await until(lambda: session.phase is Phase.THROTTLED, session.phase_changed)


async def test_what_is_sent_again_waits_for_its_turn_too(bench: Bench, server: Server) -> None:
    """A strict model would else get more in a minute than the user wants to send. What waits can be stopped,
    and costs nothing; a limit that is lifted lets it go."""
    server.default = strict
    bench.settings.change(endpoints=(replace(bench.endpoint, requests_per_minute=3),))
    for is_stopped in (True, False):
        session = bench.chats.new()
        session.set_parameters(replace(EVERYTHING, n=None))
        assert await session.send("Hello")
        await throttled(session)
        assert session.throttled_until is not None
        assert len(server.requests) == 3
        if is_stopped:
            session.stop()
        else:
            bench.settings.change(endpoints=(bench.endpoint,))
        await idle(session)
        assert session.last is not None
        if is_stopped:
            assert (session.last.state, session.last.cost) == (State.STOPPED, None)
            assert await bench.ledger() == []
            continue
        assert (session.last.state, session.last.text) == (State.COMPLETE, wire.WORDS)
        (row,) = await bench.ledger()
        assert row.outcome is Outcome.OK


def interleaved(words: tuple[int, ...], *, is_cut: bool) -> Script:
    """Answers of so many words each, all but the first at their end before the first begins."""

    async def play(exchange: Exchange) -> None:
        await exchange.head()
        for index in (*range(1, len(words)), 0):
            choice = {"index": index, "delta": {"content": " time" * words[index]}, "finish_reason": None}
            await exchange.send(wire.sse({"id": "c1", "model": "m-1", "choices": [choice]}))
        if is_cut:
            exchange.abort()
        await exchange.closed.wait()

    return play


@pytest.mark.parametrize("is_cut", [True, False])
async def test_answers_that_broke_off_are_counted_to_the_last_token(
    chat: Bench, server: Server, is_cut: bool
) -> None:
    """Of several answers to one request each is billed for what came of it."""
    server.script(interleaved((2, 50, 7), is_cut=is_cut))
    session = chat.chats.new()
    session.set_parameters(Parameters(n=3))
    await count(session)
    if not is_cut:
        session.text_added.connect(lambda *_: session.stop())
    await ask(session)
    (row,) = await chat.ledger()
    assert row.usage is not None
    assert (row.usage.output, row.is_exact) == (2 + 50 + 7, False)


@pytest.mark.parametrize(
    "said",
    [
        {"code": "context_length_exceeded", "message": "Your input exceeds the context window."},
        {"code": "insufficient_quota", "message": "You exceeded your current quota."},
        {"code": 429, "message": "x is temporarily rate-limited upstream."},
        {"code": "server_error", "message": "The server had an error."},
    ],
)
async def test_an_error_before_the_first_word_costs_nothing(
    bench: Bench, server: Server, said: dict[str, Any]
) -> None:
    """The status is 200 by then; that it is an error of a kind of its own makes no difference."""

    def failing(chat: bool) -> list[bytes]:
        if chat:
            return [*wire.opening(chat), wire.sse({"choices": [], "error": said})]
        return [
            *wire.opening(chat),
            wire.event("response.failed", 9, response=wire.response("failed", error=said)),
        ]

    server.script(faults.built(failing))
    session = bench.chats.new()
    answer = await ask(session)
    (row,) = await bench.ledger()
    assert (answer.state, row.usage, row.cost) == (State.FAILED, None, Decimal(0))
    assert answer.cost is None


async def test_a_model_that_is_down_behind_a_gateway_is_stood_in_for(bench: Bench, server: Server) -> None:
    """OpenRouter takes the request with 200, and says then that the model is down."""
    endpoint = replace(bench.endpoint, fallback_models=("m-2",), falls_back=True, attempts=1)
    bench.settings.change(endpoints=(endpoint,))
    said = {"code": 502, "message": "Provider returned error", "metadata": {"provider_name": "X"}}
    server.script(faults.raw(b": OPENROUTER PROCESSING\n\n", wire.sse({"choices": [], "error": said})))
    session = bench.chats.new()
    told: list[tuple[str, str]] = []
    session.fell_back.connect(lambda old, new: told.append((old, new)))
    answer = await ask(session)
    assert (answer.state, answer.text, told) == (State.COMPLETE, wire.WORDS, [("m-1", "m-2")])
    assert [row.model for row in await bench.ledger(Purpose.CHAT)] == ["m-1", "m-2"]
