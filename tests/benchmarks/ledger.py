"""A ledger of a million attempts: ``python -m tests.benchmarks.ledger [--short]``.

Prints how long it takes to fill one, what each report needs, and what the sums cost that the database keeps
for the reports, beside entering the same attempts without them. Times are of the CPU unless a row says
otherwise; of repeated runs the cheapest counts.

The attempts have 20 models, 4 endpoints, 5 purposes and 2,000 chats, all of them all the time: *years*
spreads them over three years, *month* has them all in the last 30 days. Real chats come and go, so that real
reports by chat read less.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import apsw

from desktop_chat.domain.ledger import Grouping, LedgerEntry, Outcome, Purpose
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import Store
from desktop_chat.storage.ledger import COLUMNS, DAY, values
from desktop_chat.storage.migrations import ADD_TO_SLOTS, FILL_SLOTS
from tests.benchmarks.figures import Figure, table

ATTEMPTS = 1_000_000
TARGET = 200
"""Milliseconds for a report of a million attempts."""

CHATS, MODELS, ENDPOINTS = 2_000, 20, 4
SPANS = {"years": 3 * 365, "month": 30}
"""Days."""

PURPOSES = tuple(Purpose)
OUTCOMES = (Outcome.OK, Outcome.OK, Outcome.OK, Outcome.OK, Outcome.STOPPED, Outcome.FAILED)

_CONVERSATION = (
    "INSERT INTO conversation (id, title, title_key, sequence, title_source, parameters, pinned, created_at, "
    "used_at) VALUES (?1, 'Chat ' || ?2, 'chat ' || ?2, ?2, 'user', '{}', 0, 0, 0)"
)
_ENTER = f"INSERT INTO ledger ({', '.join(COLUMNS)}, day) VALUES ({', '.join('?' * len(COLUMNS))}, {DAY})"
"""Enters ``values`` with the time once more behind them."""


def entries(count: int, until: float, days: int) -> Iterator[LedgerEntry]:
    """Attempts in the order of time, always the same for the same ``count``."""
    chance = random.Random(1)
    began = until - days * 86_400
    for number in range(count):
        outcome = chance.choice(OUTCOMES)
        model, endpoint = chance.randrange(MODELS), chance.randrange(ENDPOINTS)
        tokens = Usage(chance.randrange(100_000), chance.randrange(4_000), chance.randrange(1_000))
        used = None if outcome is Outcome.FAILED else tokens
        yield LedgerEntry(
            f"{chance.randrange(CHATS):036d}",
            f"{number:036d}",
            f"endpoint-{endpoint}",
            f"Endpoint {endpoint}",
            "responses",
            chance.choice(PURPOSES),
            chance.choice((1, 1, 1, 1, 2, 3)),
            began + (number + chance.random()) * days * 86_400 / count,
            Timing(chance.lognormvariate(0, 0.6), chance.random() * 10),
            outcome,
            f"model-{model}",
            f"req_{number:032d}",
            200 if used else 429,
            "default",
            used,
            outcome is Outcome.OK,
            used and used.input + 10,
            Decimal(chance.randrange(10**12)) / 10**12 if used and model else None,
            None if used else "RateLimited",
        )


async def build(folder: Path, count: int, until: float, days: int) -> float:
    """Fill a database; the seconds that it took, without making the attempts up."""
    await (await Store.open(folder / "chats.db", folder / "backups")).close()
    rows = [(*row, row[7]) for row in map(values, entries(count, until, days))]
    began = time.perf_counter()
    with closing(apsw.Connection(str(folder / "chats.db"))) as connection:
        connection.execute("DROP TRIGGER ledger_added")
        with connection:
            connection.executemany(_CONVERSATION, ((f"{number:036d}", number) for number in range(CHATS)))
            connection.executemany(_ENTER, rows)
            connection.execute(FILL_SLOTS)
            connection.execute(ADD_TO_SLOTS)
    return time.perf_counter() - began


def ranges(now: datetime, days: int) -> dict[str, list[float]]:
    """Boundaries as the usage window asks for, at local midnights but for the hours of today."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [midnight + timedelta(hours=hour) for hour in range(25)]
    tomorrow = midnight.date() + timedelta(days=1)
    first = (now - timedelta(days=days)).date().replace(day=1)
    months = [first]
    while months[-1] < tomorrow:
        months.append((months[-1].replace(day=28) + timedelta(days=4)).replace(day=1))
    return {
        "today": [hour.timestamp() for hour in hours],
        "a week": _midnights(tomorrow - timedelta(days=7 - day) for day in range(8)),
        "a month": _midnights(tomorrow - timedelta(days=31 - day) for day in range(32)),
        "half a year": _midnights(tomorrow - timedelta(days=7 * (26 - week)) for week in range(27)),
        "all": _midnights(months),
    }


def _midnights(days: Iterable[date]) -> list[float]:
    return [datetime(day.year, day.month, day.day).timestamp() for day in days]  # noqa: DTZ001


async def fastest(call: Callable[[], Awaitable[object]], repeats: int) -> float:
    """Milliseconds of the CPU, of all threads together."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        await call()
        times.append(time.process_time() - began)
    return min(times) * 1000


async def reports(folder: Path, span: str, now: datetime, repeats: int) -> list[Figure]:
    figures = []
    async with AsyncExitStack() as stack:
        store = await Store.open(folder / "chats.db", folder / "backups")
        stack.push_async_callback(store.close)
        for what, boundaries in ranges(now, SPANS[span]).items():
            for by in Grouping:
                needed = await fastest(partial(store.usage, boundaries, by), repeats)
                figures.append(Figure(f"{span}: {what} by {by}", needed, "ms CPU", TARGET))
        month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
        chat = f"{1:036d}"
        for what, call, target in (
            ("spent this month", partial(store.spent, since=month), 2),
            (
                "spent this month at an endpoint",
                partial(store.spent, since=month, endpoint_id="endpoint-1"),
                2,
            ),
            ("spent in a chat", partial(store.spent, conversation_id=chat), 2),
            ("spent in all", store.spent, 2),
            ("sums of a chat", partial(store.chat_totals, chat), 2),
            ("typical output", partial(store.typical_output, "endpoint-1", "model-1"), 2),
            ("learned", partial(store.learned, "endpoint-1", "model-1"), 2),
            ("a page of 200", partial(store.ledger, 0, now.timestamp()), None),
        ):
            figures.append(Figure(f"{span}: {what}", await fastest(call, repeats), "ms CPU", target))
    return figures


async def entering(folder: Path, count: int, now: datetime) -> list[Figure]:
    """What entering an attempt costs, each in a transaction of its own, with the sums and without them."""
    made = list(entries(count, now.timestamp(), 30))
    needed = []
    for statement in ("SELECT 1", "DROP TRIGGER ledger_added"):
        with closing(apsw.Connection(str(folder / "chats.db"))) as connection:
            connection.execute(statement)
        store = await Store.open(folder / "chats.db", folder / "backups")
        began, cpu = time.perf_counter(), time.process_time()
        for entry in made:
            await store.record_attempt(entry)
        needed.append((time.perf_counter() - began, time.process_time() - cpu))
        await store.close()
    (clock, cpu), (plain_clock, plain_cpu) = ([each / count * 1e6 for each in both] for both in needed)
    return [
        Figure("entering an attempt, by the clock", clock, "us", None, plain_clock, "without the sums"),
        Figure("entering an attempt", cpu, "us CPU", None, plain_cpu, "without the sums"),
    ]


async def measure(count: int, repeats: int) -> list[Figure]:
    now = datetime.now()  # noqa: DTZ005
    figures = []
    for span, days in SPANS.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            seconds = await build(folder, count, now.timestamp(), days)
            size = (folder / "chats.db").stat().st_size
            figures.append(Figure(f"{span}: filling a ledger of {count:,} attempts", seconds, "s"))
            figures.append(Figure(f"{span}: its size", size / 1e6, "MB"))
            figures += await reports(folder, span, now, repeats)
            target = folder / "ledger.csv"
            store = await Store.open(folder / "chats.db", folder / "backups")
            exporting = await fastest(partial(store.export_ledger, target, "csv", 0, now.timestamp()), 1)
            await store.close()
            figures.append(Figure(f"{span}: exporting all of it as CSV", exporting / 1000, "s CPU"))
            if span == "years":
                figures += await entering(folder, count // 1000, now)
    return figures


def main(arguments: list[str] | None = None) -> list[Figure]:
    """Measure, print, and give the figures back."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ledger", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a thousandth, once: whether it works at all")
    options = parser.parse_args(arguments)
    count, repeats = (ATTEMPTS // 1000, 1) if options.short else (ATTEMPTS, 5)
    figures = asyncio.run(measure(count, repeats))
    print(table(figures), flush=True)
    return figures


if __name__ == "__main__":
    main()
