"""The ledger against the books of a server, over random turns with faults, retries and stops.

In full, 1,000 turns: ``BOOKS_TURNS=1000 python -m pytest -s tests/money/test_books.py``. It prints what the
turns were made of.
"""

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_chat import worker
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.message import Role, State
from desktop_chat.domain.money import from_picodollars
from desktop_chat.domain.request import Parameters
from desktop_chat.session import CONTINUE_PROMPT, ChatSession, Phase
from desktop_chat.tokens import Tokens
from tests.helpers.bench import Bench, until
from tests.money.books import MODELS, TITLE_MODEL, WORDS, Bill, Books, price_file
from tests.server import Server

TURNS = int(os.environ.get("BOOKS_TURNS", "100"))
SEED = 20_261_121
TOLERANCE = 0.05


@pytest.fixture
async def books(anyio_backend: str) -> Books:
    return Books(SEED)


@pytest.fixture
async def server(books: Books) -> AsyncIterator[Server]:
    async with Server(books.serve) as running:
        yield running


@pytest.fixture
async def bench(tmp_path: Path, server: Server, books: Books) -> AsyncIterator[Bench]:
    prices = tmp_path / "prices.json"
    prices.write_bytes(price_file(server.url, datetime.now(UTC).date().isoformat()))
    tokens = Tokens(worker.shared(), prices)
    (books.continue_tokens,) = await tokens.count("o200k_base", [CONTINUE_PROMPT])
    made = Bench(tmp_path, server, Dialect.RESPONSES, tokens)
    here = replace(made.endpoint, title_model=TITLE_MODEL, default_model="gpt-9")
    there = replace(here, id="e2", name="Other", dialect=Dialect.CHAT_COMPLETIONS)
    made.settings.change(endpoints=(here, there), attempts=4, first_event_timeout=60.0)
    await made.chats.load()
    yield made
    await made.close()


async def play(session: ChatSession, books: Books) -> str:
    """One turn of some kind, to its end; what it was."""
    books.stalls.clear()
    begun = asyncio.Event()
    session.phase_changed.connect(begun.set)
    last, roll = session.last, books.random
    kind = "send"
    if last is not None:
        kind = roll.choices(["send", "edit", "regenerate", "continue", "again"], [60, 8, 8, 12, 12])[0]
    text = "".join(f" {roll.choice(WORDS)}" for _ in range(roll.randint(1, 40)))
    if kind in ("send", "edit"):
        await session.count_draft(text)
    before = last.text if last is not None and kind == "continue" else ""
    match kind:
        case "edit":
            session.edit(next(m.id for m in session.tree.path if m.role is Role.USER), text)
        case "regenerate" if last is not None:
            session.regenerate(last.id)
        case "continue" if last is not None:
            session.continue_answer(last.id)
        case "again" if last is not None:
            session.try_again(last.id)
        case _:
            session.send(text)
    await begun.wait()
    await until_over(session, books, before)
    session.phase_changed.disconnect(begun.set)
    return kind


async def until_over(session: ChatSession, books: Books, before: str) -> None:
    """See the turn through; stop it where the server waits for that, or a retry takes too long."""
    while session.is_busy:
        waits = asyncio.ensure_future(books.stalls.wait())
        over = asyncio.ensure_future(
            until(lambda: not session.is_busy or long_wait(session), session.phase_changed)
        )
        await asyncio.wait([waits, over], return_when=asyncio.FIRST_COMPLETED)
        for task in (waits, over):
            task.cancel()
        await asyncio.wait([waits, over])
        if books.stalls.is_set():
            books.stalls.clear()
            await until(lambda: came(session, books.sent), session.text_added)
            for _ in range(20):
                await asyncio.sleep(0)
            session.stop()
            await until(lambda: not session.is_busy, session.phase_changed)
        elif long_wait(session):
            session.stop()


def long_wait(session: ChatSession) -> bool:
    return session.phase is Phase.WAITING and session.retry is not None and session.retry.delay > 1


def came(session: ChatSession, sent: str) -> bool:
    return not sent or (session.answer_id is not None and session.tree[session.answer_id].text.endswith(sent))


@pytest.mark.anyio
async def test_the_ledger_agrees_with_the_books(
    bench: Bench, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in ("bookkeeping", "gate"):  # a busy machine is not what this is about
        monkeypatch.setattr(f"desktop_chat.{user}.PATIENCE", 20.0)
    chats: list[ChatSession] = []
    made: Counter[str] = Counter()
    for _ in range(TURNS):
        if not chats or books.random.random() < 0.1:
            session = bench.chats.new()
            endpoint = books.random.choice(["e1", "e2"])
            session.set_model(endpoint, books.random.choice(MODELS))
            prompt, answers = books.random.choice(["", " time way"]), books.random.choice([None, 2, 3])
            if endpoint == "e1":
                answers = None  # one request for each: what became of one that is stopped nobody knows
            session.set_parameters(Parameters(system_prompt=prompt, n=answers))
            chats.append(session)
        made[await play(books.random.choice(chats), books)] += 1
    await bench.chats.close()

    entries = await bench.ledger()
    assert len(entries) == len(books.bills)
    exact, estimated, off = 0, 0, 0.0
    for entry, bill in pairs(entries, books.bills):
        assert entry.model == bill.model
        expected = None if bill.amount is None else from_picodollars(bill.amount)
        if bill.is_reported:
            assert entry.is_exact, (entry, bill)
            assert entry.cost == expected
            exact += bill.amount or 0
            if entry.usage is not None:
                assert (entry.usage.input, entry.usage.output) == (bill.input, bill.output)
            continue
        estimated += 1
        assert not entry.is_exact
        assert entry.usage is not None
        assert abs(entry.usage.input - bill.input) <= TOLERANCE * bill.input
        assert abs(entry.usage.output - bill.output) <= TOLERANCE * bill.output
        if expected is None:
            assert entry.cost is None
        else:
            assert entry.cost is not None
            off = max(off, float(abs(entry.cost - expected) / expected))
    assert off <= TOLERANCE
    store = await bench.opening
    total = sum((entry.cost or Decimal(0) for entry in entries), Decimal(0))
    assert await store.spent() == total
    sure = sum((entry.cost or Decimal(0) for entry in entries if entry.is_exact), Decimal(0))
    assert sure == from_picodollars(exact)
    await messages_agree(bench, chats, entries)
    kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(made.items()))
    print(f"\n{TURNS} turns ({kinds}), {len(entries)} attempts")
    print(f"{estimated} attempts estimated, at most {off:.2%} off; ${total} in all, ${sure} of it reported")


def pairs(entries: list[LedgerEntry], bills: list[Bill]) -> list[tuple[LedgerEntry, Bill]]:
    """Each row and its bill: by the server's own number, and where it never came to tell it, in order."""
    by_number = {bill.request_id: bill for bill in bills if bill.request_id}
    silent = iter([bill for bill in bills if not bill.request_id])
    return [(entry, by_number[entry.request_id] if entry.request_id else next(silent)) for entry in entries]


async def messages_agree(bench: Bench, chats: list[ChatSession], entries: list[LedgerEntry]) -> None:
    """What messages and chats are said to have cost is what their attempts did."""
    of_message: dict[str, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        if entry.purpose == "chat" and entry.usage is not None:
            of_message[entry.message_id].append(entry)
    store = await bench.opening
    for session in chats:
        for message in await store.tree(session.conversation.id):
            used = of_message[message.id]
            costs = [entry.cost for entry in used if entry.cost is not None]
            if message.role is Role.ASSISTANT and message.state is not State.STREAMING:
                assert message.is_estimated is any(not entry.is_exact for entry in used)
                whole = len(costs) == len(used) and used
                assert message.cost == (sum(costs, Decimal(0)) if whole else None)
        totals = await store.chat_totals(session.conversation.id)
        own = [entry for entry in entries if entry.conversation_id == session.conversation.id]
        assert totals.cost == sum((entry.cost or Decimal(0) for entry in own), Decimal(0))
        assert totals.requests == len(own)
        assert totals.unpriced == sum(entry.cost is None for entry in own)
        assert totals.estimated == sum(
            (entry.cost or Decimal(0) for entry in own if not entry.is_exact), Decimal(0)
        )
