"""The ledger: what is entered comes back, whatever a server counted and whatever becomes of the chat."""

import asyncio
import shutil
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ledger import SERIES, Grouping, LedgerEntry, Outcome, Purpose, Totals
from desktop_chat.domain.message import Part, PartKind, State
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import DatabaseCorrupt, Store, StoreClosed
from desktop_chat.storage.ledger import LEARNED_FROM, LEARNED_LEAST
from tests.helpers.stored import conversations_of
from tests.storage.samples import begun, entry, opened, raw, text

pytestmark = pytest.mark.anyio

PICODOLLAR = Decimal("0.000000000001")


async def fill(store: Store, *entries: LedgerEntry) -> None:
    for each in entries:
        await store.record_attempt(each)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model": None, "request_id": None, "status": None, "service_tier": None, "usage": None},
        {"cost": None, "expected_input": None, "is_exact": False, "timing": Timing(None, 0.0)},
        {"outcome": Outcome.FAILED, "error_kind": "RateLimited", "cost": Decimal(0)},
        {"outcome": Outcome.STOPPED, "purpose": Purpose.IMAGE, "usage": Usage()},
        {"cost": PICODOLLAR, "started_at": 1_795_283_357.123456},
        {"cost": Decimal(1_000_000), "usage": Usage(10**9, 10**9, 10**9, 10**9, 10**9)},
    ],
)
async def test_what_is_entered_comes_back(tmp_path: Path, changes: dict[str, object]) -> None:
    told = entry(**changes)
    async with opened(tmp_path) as store:
        await store.record_attempt(told)
    async with opened(tmp_path) as store:
        assert await store.ledger(0, 2e9) == [told]


async def test_an_amount_is_rounded_to_a_picodollar(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.record_attempt(entry(cost=Decimal("0.0000000000016")))
        assert await store.spent() == 2 * PICODOLLAR


async def test_pages_hold_everything_once(tmp_path: Path) -> None:
    times = [1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0]
    entries = [entry(started_at=at, message_id=f"m{number}") for number, at in enumerate(times)]
    async with opened(tmp_path) as store:
        await fill(store, *entries)
        for limit in range(1, 10):
            found: list[LedgerEntry] = []
            before = None
            while page := await store.ledger(1.0, 5.0, limit=limit, before=before):
                assert len(page) >= min(limit, 7 - len(found))
                assert len({each.started_at for each in page[limit - 1 :]}) <= 1
                found += page
                before = page[-1].started_at
            assert found == entries[-2::-1]
        assert await store.ledger(5.0, 1.0) == []


async def test_an_entry_names_its_chat_as_it_is_called_now(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        told = entry(conversation_id=conversation.id, message_id=answer.id)
        await store.record_attempt(replace(told, chat="as it was"))
        conversation.title = "Another"
        await store.update_conversation(conversation)

        async def names() -> list[str]:
            (found,) = await store.ledger(0, 10)
            (group,) = (await store.usage((0, 10), Grouping.CHAT)).groups
            return [found.chat, group.label]

        assert await names() == ["Another"] * 2
        await store.delete_conversations([conversation.id])
        assert await names() == [""] * 2
        await store.restore_conversations([conversation.id])
        assert await names() == ["Another"] * 2
        await store.delete_conversations([conversation.id])
    with raw(tmp_path / "chats.db") as connection:
        connection.execute("UPDATE conversation SET deleted_at = unixepoch() - 31 * 86400")
    async with opened(tmp_path) as store:
        await store.purge_expired()
        assert len(await store.tree(conversation.id)) == 0
        assert await store.ledger(0, 10) == [told]
        assert await store.chat_totals(conversation.id) == Totals(1, 0, 0, 10, 20, 3, 4, 5, told.cost)


async def test_an_endpoint_is_called_what_it_was_called_last(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await fill(store, entry(endpoint_name="Old"), entry(endpoint_name="New"), entry(endpoint_id="e2"))
        groups = (await store.usage((0, 10), Grouping.ENDPOINT)).groups
        assert {group.key: group.label for group in groups} == {"e1": "New", "e2": "Example"}


async def test_no_server_can_break_the_sums(tmp_path: Path) -> None:
    """Counts and costs beyond all measure are cut, and what they add up to still fits 64 bits."""
    huge = Usage(2**53, 2**63, 2**63, 10**5000, -5)
    told = entry(usage=huge, expected_input=2**53, cost=Decimal(10**40))
    attempts = 30
    async with opened(tmp_path) as store:
        for attempt in range(attempts):
            await store.record_attempt(replace(told, attempt=attempt + 1, endpoint_id=f"e{attempt % 3}"))
        for by in Grouping:
            report = await store.usage((0, 5, 6, 10), by)
            assert report.totals.input == attempts * 10**9
            assert report.totals.reasoning == attempts * 10**9
            assert report.totals.cache_write == 0
            assert report.totals.cost >= 9_000_000
        # Parts of the day are read row by row.
        await store.record_attempt(replace(told, started_at=8.0))
        assert (await store.usage((0, 7), Grouping.MODEL)).totals.cost == attempts * 1_000_000
        for spent in (store.spent(), store.spent(endpoint_id="e1"), store.spent(conversation_id="c1")):
            assert await spent >= 9_000_000
        assert await store.learned("e1", "m-1") == (11 * 10**9, 11 * 10**9)
        await store.record_attempt(replace(told, started_at=8.0, cost=Decimal(-1)))
        small = entry(started_at=9.0)
        await store.record_attempt(small)
        assert await store.spent(since=8.5) == small.cost


@pytest.mark.parametrize(
    ("started_at", "entered"),
    [(-5.0, 0.0), (1e30, 253_370_000_000.0), (float("inf"), 253_370_000_000.0)],
)
async def test_a_clock_that_tells_nonsense_breaks_nothing(
    tmp_path: Path, started_at: float, entered: float
) -> None:
    async with opened(tmp_path) as store:
        await fill(store, entry(started_at=started_at), entry())
        assert (await store.usage((0, 3e11), Grouping.MODEL)).totals.requests == 2
        assert entered in {each.started_at for each in await store.ledger(0, 3e11)}
        assert (await store.usage((4, 6), Grouping.MODEL)).totals.requests == 1


async def test_the_best_groups_have_their_periods_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for number in range(SERIES + 3):
            cost = number * PICODOLLAR
            await store.record_attempt(
                entry(conversation_id=f"c{number}", model=f"m{number}", cost=cost, started_at=float(number))
            )
        for by in (Grouping.CHAT, Grouping.MODEL):
            report = await store.usage((0, 10, 100), by)
            assert [group.totals.cost for group in report.groups] == [
                number * PICODOLLAR for number in reversed(range(SERIES + 3))
            ]
            told = [[each.requests for each in group.periods] for group in report.groups]
            assert told == [[0, 1]] * (SERIES - 7) + [[1, 0]] * 7 + [[]] * 3
            assert [each.requests for each in report.periods] == [10, SERIES - 7]


async def test_groups_are_by_cost_then_by_tokens(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await fill(
            store,
            entry(model="b", cost=None, usage=Usage(5, 5)),
            entry(model="a", cost=None, usage=Usage(5, 5)),
            entry(model="c", cost=None, usage=Usage(5, 6)),
            entry(model="d", cost=PICODOLLAR, usage=Usage(1, 1)),
        )
        report = await store.usage((0, 10), Grouping.MODEL)
        assert [group.key for group in report.groups] == ["d", "c", "a", "b"]
        assert report.totals.unpriced == 3


async def test_typical_output_is_what_most_of_the_last_answers_stayed_within(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert await store.typical_output("e1", "m-1") is None
        await fill(store, entry(usage=Usage(1, 9_000)))
        assert await store.typical_output("e1", "m-1") == 9_000
        await fill(store, *(entry(usage=Usage(1, 100 + number)) for number in range(LEARNED_FROM)))
        for other in (
            entry(usage=Usage(1, 7_000), purpose=Purpose.TITLE),
            entry(usage=Usage(1, 7_000), is_exact=False),
            entry(usage=None),
            entry(usage=Usage(1, 7_000), model="m-2"),
            entry(usage=Usage(1, 7_000), endpoint_id="e2"),
        ):
            await fill(store, other)
        assert await store.typical_output("e1", "m-1") == 118


async def test_it_learns_from_the_last_requests_that_were_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert await store.learned("e1", "m-1") is None
        await fill(
            store, *(entry(expected_input=1_000, usage=Usage(5_000)) for _ in range(LEARNED_LEAST - 1))
        )
        assert await store.learned("e1", "m-1") is None
        await fill(
            store,
            *(entry(expected_input=10, usage=Usage(11)) for _ in range(LEARNED_FROM)),
            entry(expected_input=None),
            entry(is_exact=False),
            entry(usage=None),
            entry(model="m-2"),
            entry(endpoint_id="e2"),
        )
        assert await store.learned("e1", "m-1") == (10 * LEARNED_FROM, 11 * LEARNED_FROM)


async def test_spent_is_told_by_chat_or_by_endpoint(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        with pytest.raises(ValueError, match="endpoint"):
            await store.spent(conversation_id="c1", endpoint_id="e1")


async def test_saving_does_not_wait_for_a_report(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        await store.record_attempt(entry())
        gate, held = threading.Event(), threading.Event()

        def hold(connection: apsw.Connection) -> int:
            held.set()
            gate.wait()
            return int(connection.execute("SELECT count(*) FROM ledger").get)

        report = asyncio.create_task(store._thread.read(hold))
        await asyncio.to_thread(held.wait)
        await store.finish(answer)
        await store.record_attempt(entry())
        assert (await store.tree(conversation.id))[answer.id] == answer
        gate.set()
        assert await report == 2


async def test_a_report_sees_what_was_called_before_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        entering = [asyncio.create_task(store.record_attempt(entry())) for _ in range(20)]
        await asyncio.sleep(0)
        assert (await store.usage((0, 10), Grouping.MODEL)).totals.requests == 20
        await asyncio.gather(*entering)


async def test_after_closing_nothing_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        pass
    for late in (
        store.usage((0, 1), Grouping.MODEL),
        store.ledger(0, 1),
        store.spent(),
        store.record_attempt(entry()),
        store.export_ledger(tmp_path / "out.csv", "csv", 0, 1),
    ):
        with pytest.raises(StoreClosed):
            await late
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("column", ["purpose", "outcome"])
async def test_a_damaged_entry_is_told_as_damage(tmp_path: Path, column: str) -> None:
    async with opened(tmp_path) as store:
        await store.begin_turn(Conversation("c1"), [])
        await store.record_attempt(entry())
    with raw(tmp_path / "chats.db") as connection:
        connection.execute(f"UPDATE ledger SET {column} = 'xyz'")
    async with opened(tmp_path) as store:
        with pytest.raises(DatabaseCorrupt):
            await store.ledger(0, 10)


def left_behind(folder: Path, copy: Path) -> None:
    """A copy of the database as the death of the program leaves it."""
    copy.mkdir()
    for file in folder.glob("chats.db*"):
        shutil.copy(file, copy)


async def test_an_attempt_under_way_is_entered_where_the_program_dies(tmp_path: Path) -> None:
    price = Decimal("0.000014")
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        first = entry(message_id=answer.id, usage=None, cost=Decimal(0), outcome=Outcome.FAILED)
        await store.begin_attempt(first, price)
        await store.record_attempt(first)
        broken = entry(
            message_id=answer.id, attempt=2, usage=Usage(10), is_exact=False, cost=Decimal("0.00002")
        )
        await store.begin_attempt(broken, price)
        await store.append(answer.id, [text("12345678"), text("9")], durable=False)
        left_behind(tmp_path, tmp_path / "copy")
        assert await store.ledger(0, 2e9) == [first]
    cost = Decimal("0.00002") + 3 * price
    async with opened(tmp_path / "copy") as store:
        entered, before = await store.ledger(0, 2e9)
        assert before == first
        assert entered == replace(broken, usage=Usage(10, 3), cost=cost)
        (conversation,) = await conversations_of(store)
        found = (await store.tree(conversation.id))[answer.id]
        assert (found.cost, found.is_estimated) == (cost, True)
    async with opened(tmp_path / "copy") as store:
        assert len(await store.ledger(0, 2e9)) == 2


async def test_what_was_there_before_a_lost_attempt_is_not_paid_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        answer.parts, answer.state = [Part(PartKind.TEXT, "x" * 400)], State.STOPPED
        await store.finish(answer)
        await store.reopen(answer.id)
        await store.begin_attempt(entry(message_id=answer.id, usage=Usage(10), cost=None), Decimal(1))
        await store.append(answer.id, [text("more")], durable=False)
        left_behind(tmp_path, tmp_path / "copy")
    async with opened(tmp_path / "copy") as store:
        (entered,) = await store.ledger(0, 2e9)
        assert entered.usage == Usage(10, 1)
        assert entered.cost is None


async def test_an_attempt_that_never_left_is_not_entered(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        _, _, answer = await begun(store)
        await store.begin_attempt(entry(message_id=answer.id), Decimal(0))
        await store.begin_attempt(entry(message_id=answer.id, purpose=Purpose.TITLE), Decimal(0))
        await store.forget_attempt(answer.id, Purpose.CHAT)
        left_behind(tmp_path, tmp_path / "copy")
    async with opened(tmp_path / "copy") as store:
        assert [each.purpose for each in await store.ledger(0, 2e9)] == [Purpose.TITLE]
        (conversation,) = await conversations_of(store)
        assert not (await store.tree(conversation.id))[answer.id].is_estimated
