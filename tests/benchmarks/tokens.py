"""Counting tokens: a long chat, a draft meanwhile, and what the event loop feels of it.

The cost of a token is the helper's processor time; waits and gaps are of the clock.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import psutil

from desktop_chat.tokens import Tokens
from desktop_chat.worker import Worker
from tests.benchmarks.figures import Figure
from tests.benchmarks.sample import markdown

MESSAGES = 10_000
TOKENS_A_MESSAGE = 400
DRAFT = "A question of a few words, such as somebody is writing"
DRAFTS = 20


def measure(*, short: bool = False) -> list[Figure]:
    return asyncio.run(_measure(MESSAGES // 20 if short else MESSAGES))


async def _measure(messages: int) -> list[Figure]:
    worker = Worker()
    tokens = Tokens(worker)
    text = markdown(TOKENS_A_MESSAGE)
    chat = [f"{number}: {text}" for number in range(messages)]
    found = []
    try:
        async with _gaps() as gaps:
            cold = await _seconds(tokens, "o200k_base", [DRAFT])
        found.append(Figure("first count, its table loaded", cold * 1000, "ms"))
        found.append(Figure("  longest gap of the loop meanwhile", max(gaps) * 1000, "ms", 200))
        for encoding in ("o200k_base", "cl100k_base"):
            await tokens.count(encoding, [DRAFT])
            async with _gaps() as gaps:
                began = _processor(worker)
                counted = sum(await tokens.count(encoding, chat))
                took = _processor(worker) - began
            what = f"counting {messages:,} messages, {encoding}"
            found.append(Figure(what, took / counted * 1e6, "µs/token", 1.0))
            found.append(Figure("  longest gap of the loop meanwhile", max(gaps) * 1000, "ms", 50))
        waits = [await _seconds(tokens, "o200k_base", [DRAFT]) for _ in range(DRAFTS)]
        found.append(Figure("counting a draft", max(waits) * 1000, "ms", 50))
        bulk = asyncio.create_task(tokens.count("o200k_base", chat))
        waits = []
        while not bulk.done() and len(waits) < DRAFTS:
            waits.append(await _seconds(tokens, "o200k_base", [DRAFT]))
        await bulk
        found.append(Figure("counting a draft beside a long chat", max(waits) * 1000, "ms", 50))
        memory = psutil.Process(worker.pid).memory_info().rss
        found.append(Figure("memory of the helper with both tables", memory / 1e6, "MB"))
    finally:
        await asyncio.to_thread(tokens.close)
    return found


def _processor(worker: Worker) -> float:
    times = psutil.Process(worker.pid).cpu_times()
    return float(times.user + times.system)


async def _seconds(tokens: Tokens, encoding: str, texts: list[str]) -> float:
    began = time.perf_counter()
    await tokens.count(encoding, texts)
    return time.perf_counter() - began


@contextlib.asynccontextmanager
async def _gaps() -> AsyncIterator[list[float]]:
    """How long the loop took from one turn to the next, in seconds, of a task that asks for one each ms."""
    gaps = [0.0]

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    task = asyncio.create_task(beat())
    try:
        yield gaps
    finally:
        task.cancel()
        await asyncio.wait([task])
