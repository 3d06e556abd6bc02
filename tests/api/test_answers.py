"""Proper answers, and the many odd ways in which servers send them."""

import json

import pytest

from desktop_chat.api import Api
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.events import AttemptEnded, AttemptStarted, Finished, Started
from desktop_chat.domain.message import PartKind, State
from desktop_chat.domain.usage import Usage
from tests.api.conftest import ask, endpoint_at
from tests.server import Server, faults, wire
from tests.server.faults import PIECES, TEXT

pytestmark = pytest.mark.anyio

USAGE = Usage(wire.USAGE_IN, wire.USAGE_OUT, wire.USAGE_CACHED, wire.USAGE_REASONING)


async def test_a_whole_answer(server: Server, api: Api, dialect: Dialect) -> None:
    result = await ask(api, endpoint_at(server.url, dialect))
    assert [type(event) for event in result.events[:2]] == [AttemptStarted, Started]
    assert isinstance(result.events[-2], AttemptEnded)
    assert result.text() == wire.WORDS
    finished = result.finished
    assert (finished.state, finished.finish_reason, finished.error) == (State.COMPLETE, "stop", None)
    assert (finished.request_id, finished.model, finished.usage) == ("req_test", "m-1", USAGE)
    assert finished.timing is not None
    assert finished.timing.first_token is not None
    assert 0 < finished.timing.first_token <= finished.timing.duration
    assert len(server.requests) == 1


@pytest.mark.parametrize(("reason", "word"), [("length", "length"), ("content_filter", "content_filter")])
async def test_truncated(server: Server, api: Api, dialect: Dialect, reason: str, word: str) -> None:
    server.script(wire.answer("Half an ans", finish=reason))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state, result.finished.finish_reason) == (
        "Half an ans",
        State.TRUNCATED,
        word,
    )
    assert result.finished.error is None


@pytest.mark.parametrize(
    "items",
    [
        [b": keep-alive\n\n"],
        [wire.sse({"type": "keepalive", "sequence_number": 50})],
        [wire.sse({"type": "response.from.the.future", "what": [1]}, "response.from.the.future")],
        [wire.sse("null"), wire.sse("[]"), wire.sse("42"), wire.sse('"text"'), wire.sse("{}")],
        [wire.sse({"choices": []}), wire.sse({"choices": None}), wire.sse({"choices": 5})],
        [wire.sse({"choices": [{"index": 0, "delta": None}]}), wire.sse({"choices": [None]})],
        [wire.chunk({"content": None}), wire.chunk({"content": 5}), wire.chunk({"content": ""})],
        [wire.sse({"type": "response.output_text.delta", "delta": None})],
        [wire.sse({"type": "response.output_text.delta", "delta": {"a": 1}})],
        [b"retry: 5\nid: 7\n\n", b"\n\n\n", b"nonsense\n"],
    ],
    ids=[
        "comment",
        "keepalive",
        "unknown",
        "values",
        "choices",
        "delta",
        "content",
        "null",
        "object",
        "fields",
    ],
)
async def test_harmless_events_are_passed_over(
    server: Server, api: Api, dialect: Dialect, items: list[bytes]
) -> None:
    server.script(faults.inside(*items))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state, result.finished.usage) == (TEXT, State.COMPLETE, USAGE)


async def test_every_byte_may_come_alone(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.split_everywhere(["Grüße, ", "世界 ", "👩‍🚀"]))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state) == ("Grüße, 世界 👩‍🚀", State.COMPLETE)


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"], ids=["crlf", "cr"])
async def test_line_endings_and_a_bom(server: Server, api: Api, dialect: Dialect, newline: bytes) -> None:
    def make(chat: bool) -> list[bytes]:
        return [b"\xef\xbb\xbf", b"".join(wire.events(chat, PIECES)).replace(b"\n", newline)]

    server.script(faults.built(make))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state) == (TEXT, State.COMPLETE)


async def test_invalid_utf8_is_replaced(server: Server, api: Api, dialect: Dialect) -> None:
    def make(chat: bool) -> list[bytes]:
        return [item.replace(b"quick", b"qu\xffck") for item in wire.events(chat, PIECES)]

    server.script(faults.built(make))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state) == ("The qu\ufffdck brown fox", State.COMPLETE)


async def test_surrogates(server: Server, api: Api, dialect: Dialect) -> None:
    """A lone one is replaced; the two halves of a pair find each other across two deltas."""

    def make(chat: bool) -> list[bytes]:
        pieces = ["a", "\ud83d", "\ude00", "b\ud800", "c", "\ud83d"]
        texts = [wire.delta(chat, f"<{n}>", n + 1) for n in range(len(pieces))]
        escaped = [f"\\u{ord(p[-1]):04x}" if p[-1] > "\ud7ff" else p for p in pieces]
        sent = [
            text.replace(f"<{n}>".encode(), (pieces[n][:-1] + escaped[n]).encode())
            for n, text in enumerate(texts)
        ]
        return [*wire.opening(chat), *sent, *wire.ending(chat)]

    server.script(faults.built(make))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert result.text() == "a😀b\ufffdc\ufffd"


async def test_usage_on_any_chunk_and_text_after_the_end(server: Server, api: Api) -> None:
    items = [
        wire.chunk({"content": "One"}, usage=wire.chat_usage()),
        wire.chunk({"content": " two"}, "stop", usage=None),
        wire.chunk({"content": " three"}, "length"),
        wire.DONE,
    ]
    server.script(faults.raw(b"".join(items)))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    assert (result.text(), result.finished.state, result.finished.usage) == ("One two", State.COMPLETE, USAGE)


async def test_no_usage_at_all(server: Server, api: Api) -> None:
    server.script(faults.raw(wire.chunk({"content": "Hi"}, "stop"), wire.DONE, wire.DONE))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    assert (result.text(), result.finished.state, result.finished.usage) == ("Hi", State.COMPLETE, None)


async def test_trouble_after_the_end_mark_is_no_trouble(server: Server, api: Api) -> None:
    server.script(faults.raw(wire.chunk({"content": "Hi"}, "stop"), b"data: {broken\n\n"))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    assert (result.text(), result.finished.state, result.finished.error) == ("Hi", State.COMPLETE, None)


async def test_chat_reasoning_refusal_parts_and_second_choices(server: Server, api: Api) -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "other"}}]}
    parts = [{"type": "thinking", "thinking": [{"text": "!"}]}, {"type": "text", "text": "A"}]
    items = [
        wire.chunk({"reasoning_content": "Hm"}),
        wire.chunk({"reasoning": "m"}),
        wire.chunk({"content": parts}),
        wire.sse(other),
        wire.chunk({"refusal": "No."}, "stop"),
        wire.DONE,
    ]
    server.script(faults.raw(*items))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    assert result.text() == "A"
    assert result.text(PartKind.REASONING) == "Hmm!"
    assert result.text(PartKind.REFUSAL) == "No."


async def test_responses_reasoning_refusal_and_items(server: Server, api: Api) -> None:
    def piece(kind: str, number: int, text: str, **where: int) -> bytes:
        return wire.event(f"response.{kind}.delta", number, delta=text, **where)

    items = [
        piece("reasoning_summary_text", 1, "First", output_index=0, summary_index=0),
        piece("reasoning_summary_text", 2, "Second", output_index=0, summary_index=1),
        piece("reasoning_text", 3, "Raw", output_index=1, content_index=0),
        piece("output_text", 4, "One", output_index=2, content_index=0),
        piece("output_text", 5, " two", output_index=2, content_index=1),
        piece("output_text", 6, "Three", output_index=3, content_index=0),
        piece("refusal", 7, "No.", output_index=4, content_index=0),
        *wire.ending(False),
    ]
    server.script(faults.raw(*items))
    result = await ask(api, endpoint_at(server.url))
    assert result.text(PartKind.REASONING) == "First\n\nSecond\n\nRaw"
    assert result.text() == "One two\n\nThree"
    assert result.text(PartKind.REFUSAL) == "No."


async def test_responses_repeated_events_count_once(server: Server, api: Api) -> None:
    once = [wire.delta(False, piece, n + 1) for n, piece in enumerate(PIECES)]
    server.script(faults.raw(*[item for item in once for _ in range(2)], *wire.ending(False)))
    assert (await ask(api, endpoint_at(server.url))).text() == TEXT


async def test_responses_without_a_count_lose_nothing(server: Server, api: Api) -> None:
    texts = [wire.delta(False, piece, 0) for piece in ["ha", "ha", "ha"]]
    server.script(faults.raw(*wire.opening(False), *texts, *wire.ending(False)))
    assert (await ask(api, endpoint_at(server.url))).text() == "hahaha"


async def test_responses_text_that_comes_only_whole(server: Server, api: Api) -> None:
    where = {"output_index": 0, "content_index": 0}
    done = wire.event("response.output_text.done", 1, text="Whole", **where)
    server.script(faults.raw(done, *wire.ending(False)))
    assert (await ask(api, endpoint_at(server.url))).text() == "Whole"


async def test_responses_text_that_comes_only_at_the_end(server: Server, api: Api) -> None:
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "At last"}, None]},
        None,
    ]
    server.script(faults.raw(wire.event("response.completed", 1, response=wire.response(output=output))))
    result = await ask(api, endpoint_at(server.url))
    assert (result.text(), result.text(PartKind.REASONING)) == ("At last", "Hm")
    assert result.finished.state is State.COMPLETE


async def test_an_answer_in_one_document(server: Server, api: Api, dialect: Dialect) -> None:
    message = {"role": "assistant", "content": "In one piece"}
    if dialect is Dialect.CHAT_COMPLETIONS:
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        body = {"object": "chat.completion", "model": "m-1", "choices": choices, "usage": wire.chat_usage()}
    else:
        output = [{"type": "message", "content": [{"type": "output_text", "text": "In one piece"}]}]
        body = wire.response(output=output)
    server.script(faults.document(200, json.dumps(body).encode()))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state, result.finished.usage) == (
        "In one piece",
        State.COMPLETE,
        USAGE,
    )


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": "many"}, {"prompt_tokens": -1}, {"input_tokens": 1e300}, []]
)
async def test_senseless_usage(server: Server, api: Api, dialect: Dialect, usage: object) -> None:
    if dialect is Dialect.CHAT_COMPLETIONS:
        items = [wire.chunk({"content": "Hi"}, "stop", usage=usage), wire.DONE]
    else:
        items = [wire.event("response.completed", 1, response=wire.response(usage=usage))]
    server.script(faults.raw(*items))
    finished = (await ask(api, endpoint_at(server.url, dialect))).finished
    assert (finished.state, finished.usage or Usage()) == (State.COMPLETE, Usage())


async def test_one_large_delta(server: Server, api: Api, dialect: Dialect) -> None:
    large = "word " * 2_000_000
    server.script(faults.built(lambda chat: wire.events(chat, [large])))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert result.text() == large
    assert result.finished.state is State.COMPLETE


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
async def test_tiny_deltas_come_in_batches(server: Server, api: Api, dialect: Dialect, count: int) -> None:
    server.script(faults.many(count))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert result.text() == "x" * count
    assert len(result.deltas) < count / 20
    assert isinstance(result.events[-1], Finished)


async def test_a_connection_is_used_again(server: Server, api: Api, dialect: Dialect) -> None:
    for _ in range(3):
        assert (await ask(api, endpoint_at(server.url, dialect))).finished.state is State.COMPLETE
    assert (len(server.requests), server.connections) == (3, 1)
