"""Counting: the published worked examples, hostile texts, no network, and whose turn it is."""

import asyncio
import gzip
import hashlib
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.counting import (
    FRAME,
    approximate,
    encoding_of,
    frame_tokens,
    request_tokens,
    tools_texts,
    tools_tokens,
)
from desktop_chat.paths import resources
from desktop_chat.tokens import Tokens, TokensUnavailable, batches, encodings
from desktop_chat.tokens.batches import LARGEST, Turns, in_batches, pieces
from desktop_chat.worker import JOBS, Worker, WorkerError

ENCODINGS = ("o200k_base", "cl100k_base")


def test_the_tables_are_what_openai_published() -> None:
    sums = {}
    for encoding in ENCODINGS:
        packed = (resources() / "tokens" / f"{encoding}.tiktoken.gz").read_bytes()
        sums[encoding] = hashlib.sha256(gzip.decompress(packed)).hexdigest()
    assert sums == {
        "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    }


def test_texts_are_split_as_tiktoken_splits_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from tiktoken_ext import openai_public

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", lambda *_, **__: {})
    for encoding in ENCODINGS:
        made: Callable[[], dict[str, Any]] = getattr(openai_public, encoding)
        assert encodings._PATTERNS[encoding] == made()["pat_str"]


# "How to count tokens with tiktoken", sections 6 and 7, with the counts of the API for them.
MESSAGES = [
    (
        "system",
        "",
        "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
    ),
    ("system", "example_user", "New synergies will help drive top-line growth."),
    ("system", "example_assistant", "Things working well together will increase revenue."),
    (
        "system",
        "example_user",
        "Let's circle back when we have more bandwidth to touch base on opportunities for increased "
        "leverage.",
    ),
    (
        "system",
        "example_assistant",
        "Let's talk later when we're less busy about how to do better.",
    ),
    (
        "user",
        "",
        "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    ),
]
WEATHER = [
    ("system", "", "You are a helpful assistant that can answer to questions about the weather."),
    ("user", "", "What's the weather like in San Francisco?"),
]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_current_weather",
            "description": "Get the current weather in a given location",
            "parameters": {
                "type": "object",
                "properties": {
                    "location": {
                        "type": "string",
                        "description": "The city and state, e.g. San Francisco, CA",
                    },
                    "unit": {
                        "type": "string",
                        "description": "The unit of temperature to return",
                        "enum": ["celsius", "fahrenheit"],
                    },
                },
                "required": ["location"],
            },
        },
    }
]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("model", "messages", "tools", "expected"),
    [
        ("gpt-3.5-turbo", MESSAGES, [], 129),
        ("gpt-4-0613", MESSAGES, [], 129),
        ("gpt-4", MESSAGES, [], 129),
        ("gpt-4o", MESSAGES, [], 124),
        ("gpt-4o-mini", MESSAGES, [], 124),
        ("gpt-3.5-turbo", WEATHER, TOOLS, 105),
        ("gpt-4", WEATHER, TOOLS, 105),
        ("gpt-4o", WEATHER, TOOLS, 101),
        ("gpt-4o-mini", WEATHER, TOOLS, 101),
    ],
)
async def test_the_published_examples_are_exact(
    tokens: Tokens,
    model: str,
    messages: list[tuple[str, str, str]],
    tools: list[dict[str, Any]],
    expected: int,
) -> None:
    encoding, is_known = encoding_of(model)
    assert is_known
    total = 0
    for role, name, text in messages:
        in_role, in_name, in_text = await tokens.count(encoding, [role, name, text])
        assert in_role == 1, "which the frame holds already"
        total += frame_tokens(in_name) + in_text
    in_tools = tools_tokens(model, tools, sum(await tokens.count(encoding, tools_texts(tools))))
    assert request_tokens(total, tools=in_tools) == expected
    assert FRAME == 3


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_any_text_is_counted_without_a_network(tokens: Tokens, worker: Worker, encoding: str) -> None:
    hostile = [
        "",
        "<|endoftext|><|im_start|>",
        "a\ud800b\udfff",
        " " * 1_000_000 + "x",
        "\n" * 300_000,
        "a" * 1_000_000,
        "e" + "\u0301" * 100_000,
        "\0\u202e\ufeff" * 1000,
        "😀" * 50_000,
        "中" * 100_000,
    ]
    counts = await tokens.count(encoding, hostile)
    assert counts[0] == 0
    assert counts[1] > 4, "names of special tokens are text"
    assert all(0 < count <= 3 * len(text) for count, text in zip(counts[1:], hostile[1:], strict=True))
    assert worker.submit("what_was_reached", 20).result() == []
    with pytest.raises(WorkerError, match="PermissionError"):
        worker.submit("reach", 20).result()


def test_what_tiktoken_cannot_take_is_counted_approximately(capfd: pytest.CaptureFixture[str]) -> None:
    text = " " * 1_000_000 + "x"
    assert encodings.count("o200k_base", ["one two", text, "one two"]) == [2, approximate(text), 2]
    assert "StackOverflow" in capfd.readouterr().err


@pytest.mark.anyio
async def test_an_unknown_encoding_is_unavailable(tokens: Tokens) -> None:
    with pytest.raises(TokensUnavailable, match="KeyError"):
        await tokens.count("p50k_base", ["x"])


@pytest.mark.anyio
async def test_a_helper_that_ends_is_followed_by_another(tokens: Tokens, worker: Worker) -> None:
    first = worker.pid
    with pytest.raises(WorkerError):
        worker.submit("crash", 20).result()
    assert await tokens.count("o200k_base", ["one two"]) == [2]
    assert worker.pid not in (first, None)


@pytest.mark.anyio
async def test_counting_ends_when_it_is_closed() -> None:
    worker = Worker({**JOBS, "sleep": "tests.helpers.jobs:sleep"})
    tokens = Tokens(worker)
    asleep = worker.submit("sleep", 20)
    waiting = [asyncio.create_task(tokens.count("o200k_base", ["x"])) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.to_thread(tokens.close)
    for task in waiting:
        with pytest.raises(TokensUnavailable):
            await task
    with pytest.raises(WorkerError):
        asleep.result()
    with pytest.raises(TokensUnavailable, match="closed"):
        await tokens.count("o200k_base", ["x"])


def test_a_long_text_is_cut_where_its_tokens_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut every 200 characters, so that any wrong place shows."""
    chance = random.Random(1)
    words = [
        "it",
        "Was",
        "the",
        "best",
        "of",
        "times",
        "Ångström",
        "мир",
        "42",
        "x1",
        "don't",
        "e\u0301",
        "—",
        "(",
    ]
    spaces = [" "] * 8 + ["  ", "\n", "\n\n ", "\t", "   "]
    prose = "".join(chance.choice(words) + chance.choice(spaces) for _ in range(20_000))
    monkeypatch.setattr(batches, "LARGEST", 200)
    for encoding in ENCODINGS:
        whole, *cut = encodings.count(encoding, [prose, *pieces(prose)])
        assert sum(cut) == whole
        assert len(cut) >= len(prose) / 200


@given(st.lists(st.text(st.sampled_from("ab \n.é"), max_size=50).map(lambda text: text * 5000), max_size=6))
def test_batches_hold_all_of_all_texts_in_order(texts: list[str]) -> None:
    joined = [""] * len(texts)
    last = 0
    for batch in in_batches(texts):
        assert sum(len(piece) for _, piece in batch) <= LARGEST
        for index, piece in batch:
            assert index >= last
            joined[index] += piece
            last = index
    assert joined == texts


def test_many_short_texts_are_not_one_batch() -> None:
    sizes = [len(batch) for batch in in_batches([""] * 10_000)]
    assert sum(sizes) == 10_000
    assert max(sizes) <= 5000


class _Slow(Worker):
    """A worker whose jobs end when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[list[str], Future[Any]]] = []

    def submit(self, job: str, seconds: float, /, **arguments: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.asked.append((arguments["texts"], future))
        return future

    def answer(self) -> list[str]:
        texts, future = self.asked.pop(0)
        future.set_result([len(text) for text in texts])
        return texts


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_draft_is_counted_between_the_batches_of_a_long_chat() -> None:
    worker = _Slow()
    tokens = Tokens(worker)
    chats = [asyncio.create_task(tokens.count("o200k_base", [name * LARGEST] * 4)) for name in "abc"]
    await settle()
    assert len(worker.asked) == 2, "no more than one in work and one that follows"
    draft = asyncio.create_task(tokens.count("o200k_base", ["a draft"]))
    await settle()
    assert [worker.answer()[0][0] for _ in range(2)] == ["a", "b"]
    await settle()
    assert worker.answer() == ["a draft"]
    assert await draft == [7]
    while not all(task.done() for task in chats):
        worker.answer()
        await settle()
    assert [await task for task in chats] == [[LARGEST] * 4] * 3


@pytest.mark.anyio
async def test_who_gives_up_leaves_the_place_to_the_next() -> None:
    turns = Turns(1)
    done: list[str] = []

    async def hold(name: str, size: int) -> None:
        async with turns.turn(size):
            done.append(name)
            await asyncio.sleep(0)

    async with turns.turn(1):
        waiting = [asyncio.create_task(hold(name, size)) for name, size in (("b", 2), ("a", 1), ("c", 3))]
        await settle()
        waiting[0].cancel()
        await settle()
    # The place is "a"'s by now, which has not run yet.
    waiting[1].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
        type(None),
    ]
    assert done == ["c"]
    await hold("d", 1)


def test_the_program_itself_never_imports_what_the_helper_does() -> None:
    code = (
        "import sys, desktop_chat.tokens, desktop_chat.tokens.shutdowns, desktop_chat.domain.counting\n"
        "sys.exit(any(name in sys.modules for name in ('tiktoken', 'genai_prices', 'pydantic', 'httpx2')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
