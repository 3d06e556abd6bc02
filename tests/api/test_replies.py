"""Replies beyond a plain stream: several answers, whole documents, limits of time, our own limits, other
keys, and what servers do that the API reference does not say."""

import asyncio
import json
from typing import Any

import pytest

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect, Secrets
from desktop_chat.domain.errors import TokenCommandFailed
from desktop_chat.domain.events import AttemptStarted, Finished, PartCame, ReplyEvent, Throttled
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import CallStatus, Part, PartKind, State, ToolCall
from desktop_chat.domain.usage import Usage
from tests.api.conftest import KEY, Result, ask, endpoint_at, request
from tests.server import Exchange, Script, Server, faults, wire

pytestmark = pytest.mark.anyio

CHAT = Dialect.CHAT_COMPLETIONS


def choice(index: int, text: str = "", finish: str | None = None, **delta: Any) -> bytes:
    piece = {"content": text, **delta} if text or delta else {}
    choices = [{"index": index, "delta": piece, "finish_reason": finish}]
    return wire.sse({"id": "c1", "object": "chat.completion.chunk", "model": "m-1", "choices": choices})


async def test_other_answers_are_collected(server: Server, api: Api) -> None:
    items = [
        *(choice(1, "Second "), choice(0, "First "), choice(2, reasoning_content="Hm")),
        *(choice(0, "answer", "stop"), choice(1, "answer"), choice(7, "nobody asked"), choice(2, "Third")),
        *(choice(2, finish="length"), choice(1, finish="stop")),
        *(wire.sse({"choices": [], "usage": wire.chat_usage()}), wire.DONE),
    ]
    server.script(faults.raw(*items))
    result = await ask(api, endpoint_at(server.url, CHAT), request(n=3))
    assert server.requests[0].json["n"] == 3
    assert (result.text(), result.finished.state) == ("First answer", State.COMPLETE)
    second, third = result.finished.others
    assert second.parts == (Part(PartKind.TEXT, "Second answer"),)
    assert third.parts == (Part(PartKind.REASONING, "Hm"), Part(PartKind.TEXT, "Third"))
    assert (second.finish_reason, third.finish_reason) == ("stop", "length")
    assert result.finished.usage is not None


async def test_an_answer_that_ends_first_waits_for_the_others(server: Server, api: Api) -> None:
    """A server may report on each chunk what was used until then."""
    used = {"usage": wire.chat_usage()}
    ended = wire.chunk({"content": "First"}, "stop", **used)
    server.script(faults.raw(ended, choice(1, "Second"), choice(1, " is longer", "stop"), wire.DONE))
    result = await ask(api, endpoint_at(server.url, CHAT), request(n=2))
    assert [part.text for part in result.finished.others[0].parts] == ["Second is longer"]


async def test_a_server_that_gives_one_answer_whatever_is_asked(server: Server, api: Api) -> None:
    result = await ask(api, endpoint_at(server.url, CHAT), request(n=3))
    assert (result.finished.state, result.finished.others) == (State.COMPLETE, ())


async def test_answers_that_were_asked_for_in_json(server: Server, api: Api) -> None:
    server.script(faults.raw(choice(0, "One", "stop"), choice(1, "Two", "stop"), wire.DONE))
    result = await ask(api, endpoint_at(server.url, CHAT), request(extra_body={"n": 2}))
    assert [part.text for part in result.finished.others[0].parts] == ["Two"]


async def test_several_answers_in_one_document(server: Server, api: Api) -> None:
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for index, text in enumerate(("One", "Two"))
    ]
    document = {"model": "m-1", "choices": choices, "usage": wire.chat_usage()}
    server.script(faults.document(200, json.dumps(document).encode()))
    result = await ask(api, endpoint_at(server.url, CHAT), request(n=2, stream=False))
    assert (result.text(), [part.text for part in result.finished.others[0].parts]) == ("One", ["Two"])


def whole(exchange: Exchange) -> dict[str, Any]:
    """An answer as one document."""
    if exchange.chat:
        said = {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"}
        choices = [{"index": 0, "message": said, "finish_reason": "stop"}]
        return {"object": "chat.completion", "model": "m-1", "choices": choices, "usage": wire.chat_usage()}
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm"}]}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    return wire.response(output=[thought, said])


async def test_an_answer_that_is_not_streamed(server: Server, api: Api, dialect: Dialect) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.document(200, json.dumps(whole(exchange)).encode())

    server.script(play)
    result = await ask(api, endpoint_at(server.url, dialect), request(stream=False))
    (sent,) = server.requests
    assert sent.json["stream"] is False
    assert "stream_options" not in sent.json
    assert sent.headers["accept"] == "application/json"
    assert (result.text(), result.text(PartKind.REASONING)) == ("Hi", "Hm")
    assert (result.finished.state, result.finished.usage is not None) == (State.COMPLETE, True)


async def test_one_that_is_not_streamed_may_take_longer(server: Server, api: Api, dialect: Dialect) -> None:
    async def play(exchange: Exchange) -> None:
        await asyncio.sleep(0.3)
        await exchange.document(200, json.dumps(whole(exchange)).encode())

    server.script(play)
    limits = Limits(attempts=1, first_event=0.05)
    result = await ask(api, endpoint_at(server.url, dialect), request(stream=False), limits=limits)
    assert result.finished.state is State.COMPLETE


def endless(pause: float) -> Script:
    async def play(exchange: Exchange) -> None:
        await exchange.head()
        number = 0
        while not exchange.closed.is_set():
            number += 1
            await exchange.send(wire.delta(exchange.chat, "more ", number))
            await asyncio.sleep(pause)

    return play


@pytest.mark.parametrize("pause", [0.0, 0.01])
async def test_the_time_for_a_whole_answer(server: Server, api: Api, dialect: Dialect, pause: float) -> None:
    server.script(endless(pause))
    result = await ask(api, endpoint_at(server.url, dialect), limits=Limits(attempts=3, total=0.3))
    assert result.finished.state is State.INTERRUPTED
    assert type(result.finished.error) is errors.TookTooLong
    assert result.text().startswith("more ")
    assert result.attempts == 1


async def test_the_time_ends_a_stream_that_leaves_none_to_wait(
    server: Server, api: Api, dialect: Dialect
) -> None:
    server.script(faults.many(200_000))
    result = await ask(api, endpoint_at(server.url, dialect), limits=Limits(attempts=1, total=0.1))
    assert type(result.finished.error) is errors.TookTooLong


async def test_no_answer_within_the_time_for_all_of_it(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.no_answer)
    result = await ask(api, endpoint_at(server.url, dialect), limits=Limits(attempts=2, total=0.2))
    assert [type(retry.error) for retry in result.retries] == [errors.NoAnswer]
    assert result.finished.state is State.COMPLETE


async def test_a_request_waits_for_its_turn(server: Server, api: Api, dialect: Dialect) -> None:
    endpoint = endpoint_at(server.url, dialect, parallel_requests=1)
    server.script(faults.stall_in_text)
    first = api.reply(endpoint, Secrets(KEY), request(), Limits())
    second = api.reply(endpoint, Secrets(KEY), request(), Limits())
    begun, waits = asyncio.Event(), asyncio.Event()
    seen: list[ReplyEvent] = []

    async def hold() -> None:
        async for event in first.events():
            if not isinstance(event, AttemptStarted):
                begun.set()

    async def wait() -> None:
        async for event in second.events():
            seen.append(event)
            waits.set()

    holding = asyncio.create_task(hold())
    await begun.wait()
    waiting = asyncio.create_task(wait())
    await waits.wait()
    assert seen == [Throttled(None)]
    assert len(server.requests) == 1
    holding.cancel()
    await waiting
    assert isinstance(seen[1], AttemptStarted)
    last = seen[-1]
    assert isinstance(last, Finished)
    assert last.state is State.COMPLETE


async def test_another_key_is_tried_once(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(*[faults.status(401, "No such key.")] * 3)
    made: list[str] = []

    async def renew() -> Secrets:
        made.append(f"sk-new-{len(made)}-0123456789")
        return Secrets(made[-1], renew=renew)

    reply = api.reply(endpoint_at(server.url, dialect), Secrets(KEY, renew=renew), request(), Limits())
    events = [event async for event in reply.events()]
    last = events[-1]
    assert isinstance(last, Finished)
    assert type(last.error) is errors.KeyRejected
    assert [sent.headers["authorization"] for sent in server.requests] == [
        f"Bearer {KEY}",
        f"Bearer {made[0]}",
    ]
    assert sum(isinstance(event, AttemptStarted) for event in events) == 1


async def test_another_key_that_cannot_be_had(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.status(401, "No such key."))

    async def renew() -> Secrets:
        raise TokenCommandFailed("exit 1")

    reply = api.reply(endpoint_at(server.url, dialect), Secrets(KEY, renew=renew), request(), Limits())
    last = [event async for event in reply.events()][-1]
    assert isinstance(last, Finished)
    assert type(last.error) is TokenCommandFailed
    assert len(server.requests) == 1


LONG_ID = "x" * 400


def parts(result: Result) -> list[Part]:
    return [event.part for event in result.events if isinstance(event, PartCame)]


async def test_ids_of_400_characters(server: Server, api: Api, dialect: Dialect) -> None:
    def items(chat: bool) -> list[bytes]:
        if chat:
            asked = [{"index": 0, "id": LONG_ID, "function": {"name": "f", "arguments": "{}"}}]
            return [wire.chunk({"tool_calls": asked}, id=LONG_ID), *wire.ending(True, "tool_calls")]
        item = {"type": "function_call", "id": LONG_ID, "call_id": LONG_ID, "name": "f", "arguments": "{}"}
        done = wire.event("response.output_item.done", 1, output_index=0, item=item | {"status": "completed"})
        return [done, wire.event("response.completed", 2, response=wire.response(id=LONG_ID))]

    server.script(faults.built(items, headers={"x-request-id": LONG_ID}))
    result = await ask(api, endpoint_at(server.url, dialect))
    (part,) = [event.part for event in result.events if type(event).__name__ == "PartCame"][-1:]  # type: ignore[union-attr]
    assert part == Part(
        PartKind.TOOL_CALL, name="f", data=ToolCall(LONG_ID, "function", CallStatus.DONE, "{}")
    )
    assert result.finished.state is State.COMPLETE
    assert result.finished.request_id is not None
    assert LONG_ID.startswith(result.finished.request_id)


async def test_a_limit_that_the_server_ignores(server: Server, api: Api, dialect: Dialect) -> None:
    endpoint = endpoint_at(server.url, dialect, max_tokens_field="max_completion_tokens")
    result = await ask(api, endpoint, request(max_output_tokens=1))
    assert (result.finished.state, result.text()) == (State.COMPLETE, wire.WORDS)


@pytest.mark.parametrize(
    "items",
    [
        [wire.chunk({"content": "Hi"}), wire.chunk({}, "stop"), wire.DONE],
        [wire.chunk({"content": "Hi"}, "stop"), wire.DONE],
        [wire.chunk({"content": "Hi"}), wire.chunk({}, "stop", usage=wire.chat_usage()), wire.DONE],
        [wire.chunk({"content": "Hi"}), wire.chunk({"content": ""}, "stop", usage=None)],
        [wire.chunk({"content": "Hi"}), wire.chunk({}, "stop"), wire.sse({"usage": wire.chat_usage()})],
    ],
    ids=["own chunk", "with text", "usage with choices", "no usage, no mark", "usage without choices"],
)
async def test_where_the_end_and_the_usage_stand(server: Server, api: Api, items: list[bytes]) -> None:
    server.script(faults.raw(*items))
    finished = (await ask(api, endpoint_at(server.url, CHAT))).finished
    assert (finished.state, finished.finish_reason, finished.error) == (State.COMPLETE, "stop", None)
    expected = Usage(wire.USAGE_IN, wire.USAGE_OUT, wire.USAGE_CACHED, wire.USAGE_REASONING)
    reported = any(b"prompt_tokens" in item for item in items)
    assert finished.usage == (expected if reported else None)


@pytest.mark.parametrize("arguments", [['{"a": 1}'], ['{"a"', ": 1}"], list('{"a": 1}')])
async def test_tool_calls_whole_or_in_pieces(server: Server, api: Api, arguments: list[str]) -> None:
    first, *rest = arguments
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": first}}
    pieces = [{"index": 0, "function": {"arguments": piece}} for piece in rest]
    chunks = [wire.chunk({"tool_calls": [one]}) for one in (call, *pieces)]
    server.script(faults.raw(*chunks, *wire.ending(True, "tool_calls")))
    result = await ask(api, endpoint_at(server.url, CHAT))
    assert parts(result)[-1].data == ToolCall("call_1", "function", CallStatus.DONE, '{"a": 1}')
    assert result.finished.finish_reason == "tool_calls"


def refusal(chat: bool) -> list[bytes]:
    if chat:
        return [wire.chunk({"refusal": "I cannot "}), wire.chunk({"refusal": "help."}), *wire.ending(True)]
    where = {"output_index": 0, "content_index": 0}
    return [
        wire.event("response.refusal.delta", 1, delta="I cannot ", **where),
        wire.event("response.refusal.delta", 2, delta="help.", **where),
        wire.event("response.refusal.done", 3, refusal="I cannot help.", **where),
        *wire.ending(False),
    ]


async def test_a_refusal_is_an_answer(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.built(refusal))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(PartKind.REFUSAL), result.text()) == ("I cannot help.", "")
    assert (result.finished.state, result.finished.error) == (State.COMPLETE, None)


def filtered(text: bool) -> Script:
    return faults.built(
        lambda chat: [
            *([wire.delta(chat, "Well, ", 1)] if text else []),
            *wire.ending(chat, "content_filter"),
        ]
    )


@pytest.mark.parametrize("text", [True, False])
async def test_a_filter_is_no_error(server: Server, api: Api, dialect: Dialect, text: bool) -> None:
    server.script(filtered(text))
    finished = (await ask(api, endpoint_at(server.url, dialect))).finished
    assert (finished.state, finished.finish_reason, finished.error) == (
        State.TRUNCATED,
        "content_filter",
        None,
    )
