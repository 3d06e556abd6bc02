"""Servers that report what nobody can have used: then nothing was reported, and the attempt is estimated."""

from typing import Any

import pytest

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.usage import Usage
from tests.helpers.bench import Bench, ask, count
from tests.server import Script, Server, faults, wire

pytestmark = pytest.mark.anyio


def named(chat: bool, given: object, said: object, cached: object = 0) -> dict[str, Any]:
    """The usage that a server reports."""
    names = ("prompt", "completion") if chat else ("input", "output")
    details = {f"{names[0]}_tokens_details": {"cached_tokens": cached}}
    return {f"{names[0]}_tokens": given, f"{names[1]}_tokens": said, **details}


def reporting(usage: object) -> Script:
    def made(chat: bool) -> list[bytes]:
        reported = named(chat, *usage) if isinstance(usage, tuple) else usage
        if chat:
            text = wire.delta(True, "Hi")
            return [text, wire.chunk({}, "stop"), wire.sse({"choices": [], "usage": reported}), wire.DONE]
        response = wire.response(usage=reported)
        return [wire.delta(False, "Hi", 1), wire.event("response.completed", 2, response=response)]

    return faults.built(made)


@pytest.mark.parametrize(
    "usage",
    [{}, (0, 0), (-5, -7), ("11", "7"), (None, None), (True, True), (-1, 7), (11, 2**53 - 1), (1e300, 7)],
)
async def test_a_report_without_sense_is_none(bench: Bench, server: Server, usage: object) -> None:
    server.script(reporting(usage))
    session = bench.chats.new()
    await count(session)
    answer = await ask(session)
    (entry,) = await bench.ledger()
    assert (entry.usage, entry.is_exact) == (Usage(input=8, output=1), False)
    assert answer.is_estimated
    assert answer.cost == entry.cost
    assert answer.cost


async def test_no_more_is_cached_than_went_in(bench: Bench, server: Server) -> None:
    server.script(reporting((5, 1, 50)))
    answer = await ask(bench.chats.new())
    (entry,) = await bench.ledger()
    assert entry.usage == answer.usage == Usage(input=5, output=1, cached=5)


@pytest.mark.parametrize("bench", [Dialect.CHAT_COMPLETIONS], indirect=True)
async def test_the_last_of_many_reports_counts(bench: Bench, server: Server) -> None:
    """The first report is of the input alone, and what was used is told behind the finish reason."""
    server.script(
        faults.raw(
            wire.chunk({"content": "Hi"}, usage=named(True, 11, 0)),
            wire.chunk({"content": " there"}, usage=named(True, 11, 1)),
            wire.chunk({}, "stop"),
            wire.sse({"choices": [], "usage": named(True, 11, 7)}),
            wire.DONE,
        )
    )
    await ask(bench.chats.new())
    (entry,) = await bench.ledger()
    assert (entry.usage, entry.is_exact) == (Usage(11, 7), True)


@pytest.mark.parametrize("bench", [Dialect.CHAT_COMPLETIONS], indirect=True)
async def test_a_report_of_half_an_answer_is_none(bench: Bench, server: Server) -> None:
    """What came after the report is used, too."""
    server.script(
        faults.raw(
            wire.chunk({"content": "Hi"}, usage=named(True, 11, 0)),
            wire.chunk({"content": " there and everywhere"}),
        )
    )
    session = bench.chats.new()
    await count(session)
    await ask(session)
    (entry,) = await bench.ledger()
    assert (entry.usage, entry.is_exact) == (Usage(8, 4), False)
