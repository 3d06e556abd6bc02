"""A report is what its attempts add up to, in whatever order, zone and place of the boundaries."""

import asyncio
import math
import os
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ledger import (
    Group,
    Grouping,
    LedgerEntry,
    Outcome,
    Purpose,
    Totals,
    UsageReport,
)
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import Store
from desktop_chat.storage.reports import usage
from tests.benchmarks.ledger import SPANS
from tests.benchmarks.ledger import main as benchmark
from tests.storage.samples import enter_many, opened, raw

DAY = 86_400.0
MARCH_28 = 1_774_656_000.0
"""A midnight of UTC, a day before many clocks of Europe go forward."""

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia")
CHATS = ("kept", "deleted", "never stored")

times = st.one_of(
    st.floats(MARCH_28, MARCH_28 + 40 * DAY),
    st.integers(0, 40 * 96).map(lambda quarter: MARCH_28 + quarter * 900.0),
)
counts = st.integers(0, 10**9)
usages = st.one_of(st.none(), st.builds(Usage, counts, counts, counts, counts, counts))
costs = st.one_of(st.none(), st.integers(0, 10**17).map(lambda count: count * Decimal("1e-12")))
entries = st.builds(
    LedgerEntry,
    conversation_id=st.sampled_from(CHATS),
    message_id=st.just("m"),
    endpoint_id=st.sampled_from(("e1", "e2")),
    endpoint_name=st.sampled_from(("One", "Two")),
    dialect=st.just("responses"),
    purpose=st.sampled_from(Purpose),
    attempt=st.integers(1, 3),
    started_at=times,
    timing=st.builds(Timing, st.one_of(st.none(), st.floats(1e-5, 1e4)), st.just(1.0)),
    outcome=st.sampled_from(Outcome),
    model=st.sampled_from((None, "m-1", "m-2")),
    usage=usages,
    is_exact=st.booleans(),
    cost=costs,
)


@contextmanager
def zone(name: str) -> Iterator[None]:
    """Let the clock of this process stand in another zone."""
    if not hasattr(time, "tzset"):
        yield
        return
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def added(found: Sequence[LedgerEntry]) -> Totals:
    used = [each.usage for each in found if each.usage is not None]
    return Totals(
        len(found),
        sum(each.outcome is Outcome.FAILED for each in found),
        sum(each.attempt > 1 for each in found),
        *(sum(getattr(usage, field.name) for usage in used) for field in fields(Usage)),
        sum((each.cost for each in found if each.cost is not None), Decimal(0)),
        sum((each.cost for each in found if each.cost is not None and not each.is_exact), Decimal(0)),
        sum(
            each.cost is None and each.usage is not None and each.usage.input + each.usage.output > 0
            for each in found
        ),
    )


def key_of(each: LedgerEntry, by: Grouping) -> str:
    match by:
        case Grouping.MODEL:
            return each.model or ""
        case Grouping.ENDPOINT:
            return each.endpoint_id
        case Grouping.PURPOSE:
            return each.purpose.value
        case Grouping.CHAT:
            return each.conversation_id


def expected(
    found: Sequence[LedgerEntry], boundaries: Sequence[float], by: Grouping, labels: dict[str, str]
) -> UsageReport:
    """The same report, worked out here."""
    within = [each for each in found if boundaries[0] <= each.started_at < boundaries[-1]]
    groups: dict[str, list[LedgerEntry]] = defaultdict(list)
    for each in within:
        groups[key_of(each, by)].append(each)

    def periods(some: Sequence[LedgerEntry]) -> tuple[Totals, ...]:
        numbers = [bisect_right(boundaries, each.started_at) - 1 for each in some]
        return tuple(
            added([each for each, number in zip(some, numbers, strict=True) if number == period])
            for period in range(len(boundaries) - 1)
        )

    made = [Group(key, labels.get(key, ""), added(some), periods(some)) for key, some in groups.items()]
    made.sort(key=lambda group: (-group.totals.cost, -group.totals.input - group.totals.output, group.key))
    first = sorted(each.timing.first_token for each in within if each.timing.first_token is not None)
    median, p95 = (first[math.ceil(share * len(first)) - 1] if first else None for share in (0.5, 0.95))
    return UsageReport(tuple(boundaries), added(within), tuple(made), periods(within), median, p95)


async def check(store: Store, found: Sequence[LedgerEntry], boundaries: Sequence[float]) -> None:
    names = {each.endpoint_id: each.endpoint_name for each in found}
    labels = {
        Grouping.MODEL: {"m-1": "m-1", "m-2": "m-2"},
        Grouping.ENDPOINT: names,
        Grouping.PURPOSE: {purpose.value: purpose.value for purpose in Purpose},
        Grouping.CHAT: {"kept": "A title"},
    }
    for by in Grouping:
        report = await store.usage(boundaries, by)
        right = expected(found, boundaries, by, labels[by])
        for value, other in (
            (report.first_token_median, right.first_token_median),
            (report.first_token_p95, right.first_token_p95),
        ):
            assert value == (None if other is None else pytest.approx(other, rel=0.02))
        assert replace(report, first_token_median=None, first_token_p95=None) == replace(
            right, first_token_median=None, first_token_p95=None
        )


async def check_spent(store: Store, found: Sequence[LedgerEntry], since: float) -> None:
    later = [each for each in found if each.started_at >= since]
    assert await store.spent(since=since) == added(later).cost
    until = max((each.started_at for each in later), default=since)
    before = [each for each in later if each.started_at < until]
    assert await store.spent(since=since, until=until) == added(before).cost
    for endpoint_id in ("e1", "e2"):
        of_endpoint = [each for each in later if each.endpoint_id == endpoint_id]
        assert await store.spent(since=since, endpoint_id=endpoint_id) == added(of_endpoint).cost
    for chat in CHATS:
        of_chat = [each for each in later if each.conversation_id == chat]
        assert await store.spent(since=since, conversation_id=chat) == added(of_chat).cost
        assert await store.chat_totals(chat) == added([e for e in found if e.conversation_id == chat])


async def fill(store: Store, found: Sequence[LedgerEntry]) -> None:
    for each in found:
        await store.record_attempt(each)


@given(
    st.lists(entries, max_size=25),
    st.lists(entries, max_size=10),
    st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    st.lists(times, min_size=2, max_size=12, unique=True).map(sorted),
    st.integers(1, 45),
)
def test_a_report_is_what_its_attempts_add_up_to(
    before: list[LedgerEntry],
    after: list[LedgerEntry],
    zones: tuple[str, str],
    boundaries: list[float],
    days: int,
) -> None:
    async def run(folder: Path) -> None:
        async with opened(folder) as store:
            for chat in ("kept", "deleted"):
                await store.begin_turn(Conversation(chat, "A title"), [])
            await store.delete_conversations(["deleted"])
            # The second zone is where the user came to meanwhile.
            for name, some in zip(zones, (before, after), strict=True):
                with zone(name):
                    await fill(store, some)
            found = before + after
            with zone(zones[0]):
                midnights = [time.mktime((2026, 3, 28 + day, 0, 0, 0, 0, 0, -1)) for day in range(days + 1)]
                # The last that are at the very times of attempts.
                edges = sorted({0.0, *(each.started_at for each in found[::3])})
                for some in (boundaries, midnights, [0.0, math.inf], [*edges, edges[-1] + 1]):
                    await check(store, found, some)
                for since in boundaries[:2]:
                    await check_spent(store, found, since)

    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(Path(name)))


def steps(folder: Path, boundaries: Sequence[float], by: Grouping) -> int:
    """How much SQLite does for a report, in hundreds of its instructions."""
    done = 0

    def count() -> bool:
        nonlocal done
        done += 1
        return False

    with raw(folder / "chats.db") as connection:
        connection.set_progress_handler(count, 100)
        usage(connection, folder / "chats.db", boundaries, by)
    return done


@pytest.mark.anyio
@pytest.mark.parametrize("by", Grouping)
async def test_a_report_of_whole_days_reads_no_attempt(tmp_path: Path, by: Grouping) -> None:
    """The shape of what ``python -m tests.benchmarks.ledger`` prints."""
    needed = []
    for count in (10, 1_000):
        folder = tmp_path / f"{count}"
        with zone("Asia/Kathmandu"):
            midnights = [time.mktime((2026, 3, 27 + day, 0, 0, 0, 0, 0, -1)) for day in range(4)]
            async with opened(folder) as store:
                within = midnights[3] - midnights[0]
                times = [midnights[0] + number * within / count for number in range(count)]
                await enter_many(store, folder, times)
            needed.append([steps(folder, some, by) for some in (midnights, midnights[::3])])
            noons = [midnight + 43_200 for midnight in midnights]
            cut = [steps(folder, [midnights[0], *some, midnights[3]], by) for some in (noons[:1], noons[:3])]
    assert max(needed[1]) <= max(needed[0]) * 1.1
    # And where boundaries cut a day, only its own.
    assert 3 * max(needed[1]) < cut[0] < cut[1] / 2


def test_the_benchmark_measures(capsys: pytest.CaptureFixture[str]) -> None:
    figures = benchmark(["--short"])
    assert len({figure.what for figure in figures}) == len(figures) > len(SPANS) * len(Grouping)
    assert figures[-1].what in capsys.readouterr().out
