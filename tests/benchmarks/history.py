"""A long history: the start with it, opening a chat of it, jumping to a hit, and searching all of it.

``BENCHMARK_HISTORY`` may name a profile that ``python -m tests.benchmarks.histories`` made; else one of
1,000,000 messages, in the short form of 600, is made and thrown away, which takes an hour. Opening chats and
jumping to hits are by the clock.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from desktop_chat.domain.listing import View
from desktop_chat.domain.search_query import parse
from desktop_chat.paths import Profile
from desktop_chat.storage import Store
from tests.benchmarks.figures import Figure
from tests.benchmarks.histories import CHATS, COMMON, Histories, make
from tests.benchmarks.processes import environment, profile, running
from tests.benchmarks.start import paint_seconds

OPEN_MILLISECONDS = 60
MEDIAN_MILLISECONDS, SLOWEST_MILLISECONDS = 15, 80
INDEX_SHARE = 60
START_RATIO = 1.1


def measure(*, short: bool = False) -> list[Figure]:
    with _history(short) as folder:
        made = json.loads((folder / "histories.json").read_text("utf-8"))
        figures = [*_start(folder, 1 if short else 5), *asyncio.run(_searches(folder, made["chats"], short))]
        with running("tests.benchmarks.layers", "jumping", str(folder), "3" if short else "20") as program:
            jumps = program.result()
    count = f"{made['messages']:,} messages"
    return [
        *figures,
        *(
            Figure(f"{what} among {count}, median", median(took) * 1000, "ms", OPEN_MILLISECONDS)
            for what, took in jumps.items()
        ),
        Figure(f"index of {count}", made["index"] / made["text"] * 100, "% of the text", INDEX_SHARE),
        Figure("indexing", made["messages"] / max(made["indexing"], 1e-9), "messages/s"),
    ]


@contextlib.contextmanager
def _history(short: bool) -> Iterator[Path]:
    with profile() as folder:
        if not short and (given := os.environ.get("BENCHMARK_HISTORY")):
            # A copy: a program that starts changes its profile.
            shutil.copytree(given, folder, dirs_exist_ok=True)
        else:
            make(folder, 60 if short else CHATS)
        yield folder


def _start(folder: Path, repeats: int) -> Iterator[Figure]:
    def paint(folder: Path) -> float:
        with running(
            "desktop_chat", "--demo", "--profile", str(folder), "--debug", env=environment()
        ) as program:
            return paint_seconds(program.line("first paint"))

    long, empty = [], []
    for _ in range(repeats):
        long.append(paint(folder))
        with profile() as fresh:
            empty.append(paint(fresh))
    yield Figure(
        "first paint with a long history", min(long), "s CPU", None, min(empty), "without one", START_RATIO
    )


def queries(chats: int) -> dict[str, list[str]]:
    """What is looked for, by kind; there is something to be found for nearly all of it."""
    chance = random.Random(7)
    histories = Histories(chats)
    words = histories.plain.words
    middle = words[300:3_000]
    rare = words[len(words) // 2 :]
    chinese = [word for word in histories.chinese.words if len(word) > 1]

    def pick(among: list[str]) -> str:
        return chance.choice(among)

    common = [word for word in COMMON if len(word) > 2]
    return {
        "a common word": [f"{pick(common)} " for _ in range(40)],
        "two words": [f"{pick(common)} {pick(middle)} " for _ in range(40)],
        "a rare word": [f"{pick(rare)} " for _ in range(40)],
        "three letters": [pick(middle)[:3] for _ in range(40)],
        "one letter": [pick(middle)[:1] for _ in range(20)],
        "five letters": [pick([word for word in middle if len(word) > 5])[:5] for _ in range(40)],
        "Chinese, one character": [pick(chinese)[0] for _ in range(20)],
        "Chinese, a word": [pick(chinese) for _ in range(20)],
        "a phrase": [f'"{pick(common)} {pick(common)}"' for _ in range(40)],
        "a word with a filter": [
            f"{pick(common)} {each} "
            for each in (
                "role:user",
                "has:code",
                "is:archived",
                "is:pinned",
                "model:gpt-4.1",
                "before:2025",
                "after:2026-06",
                *(f'in:"Folder {number}"' for number in range(12)),
                *(f'tag:"Tag {number}"' for number in range(1, 9)),
            )
        ],
        "a filter alone": [
            "has:image",
            "is:archived",
            "is:pinned",
            'in:"Folder 3"',
            "role:user before:2025",
            'tag:"Tag 5"',
        ],
    }


async def _searches(folder: Path, chats: int, short: bool) -> list[Figure]:
    paths = Profile.at(folder)
    store = await Store.open(paths.database, paths.backups)
    figures, every, waited = [], list[float](), list[float]()
    try:
        await store.search(parse("warm", time.time()))
        for kind, texts in queries(chats).items():
            took = []
            for text in texts[: 2 if short else None]:
                began, clock = time.process_time(), time.perf_counter()
                await store.search(parse(text, time.time()))
                took.append((time.process_time() - began) * 1000)
                waited.append((time.perf_counter() - clock) * 1000)
            every += took
            figures += _figures(f"searching {kind}", took)
        began = time.perf_counter()
        await store.listing(View())
        figures.append(Figure("all rows of the list", (time.perf_counter() - began) * 1000, "ms"))
    finally:
        await store.close()
    by_clock = Figure("searching, all of that, median by the clock", median(waited), "ms")
    return [*_figures("searching, all of that", every), by_clock, *figures]


def _figures(what: str, took: list[float]) -> list[Figure]:
    slowest = quantiles(took, n=100, method="inclusive")[98] if len(took) > 1 else took[0]
    return [
        Figure(f"{what}, median", median(took), "ms CPU", MEDIAN_MILLISECONDS),
        Figure(f"{what}, 99 of 100", slowest, "ms CPU", SLOWEST_MILLISECONDS),
    ]
