"""Keeping what goes over the wire, for chats of 1,000 and 10,000 messages.

The bodies hold 75 words a message. What comes back is left out, since it does not grow with the chat. The
baseline is to compress each body by itself.
"""

import asyncio
import json
import random
import tempfile
import time
import zlib
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.evidence import Evidence
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.message import Message, Role, State
from desktop_chat.domain.usage import Timing
from desktop_chat.storage import Store
from tests.benchmarks.figures import Figure

MESSAGES = (1_000, 10_000)
WORDS_A_MESSAGE = 75
TURNS = 20
"""Attempts that are measured, at the end of the chat."""
REPLIES = ("user", "assistant")

TARGETS = {"keep": 200.0, "bytes": 4096.0, "read": 500.0}
"""Milliseconds, bytes and milliseconds."""


def measure(*, short: bool = False) -> list[Figure]:
    return [figure for count in MESSAGES for figure in asyncio.run(_measure(count // 10 if short else count))]


async def _measure(count: int) -> list[Figure]:
    items = _items(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chats.db"
        store = await Store.open(path, Path(folder) / "backups")
        try:
            entry = await _begun(store)
            first = await _keep(store, entry, items[: count - 2 * TURNS])
            before = _size(path)
            times = [await _keep(store, entry, items[: count - 2 * turn]) for turn in range(TURNS, 0, -1)]
            kept = (_size(path) - before) / TURNS
            began = time.process_time()
            read = await store.evidence((await store.attempts(entry.message_id))[-1])
            reading = time.process_time() - began
            assert read is not None
            began = time.process_time()
            alone = len(zlib.compress(json.dumps(_body(items)).encode()))
            compressing = time.process_time() - began
        finally:
            await store.close()
    what, against = f"evidence of {count:,} messages", "compressed alone"
    return [
        Figure(what, min(times) * 1000, "ms", TARGETS["keep"], compressing * 1000, against),
        Figure("  for the first time", first * 1000, "ms"),
        Figure("  on the disk, of each attempt", kept, "bytes", TARGETS["bytes"], alone, against),
        Figure("  read", reading * 1000, "ms", TARGETS["read"]),
    ]


async def _begun(store: Store) -> LedgerEntry:
    answer = Message("m1", None, Role.ASSISTANT, state=State.STREAMING)
    await store.begin_turn(Conversation("c1"), [answer])
    return LedgerEntry(
        *("c1", "m1", "e1", "Example", "responses", Purpose.CHAT, 1, 1.0, Timing(0.5, 2.5), Outcome.OK),
        cost=Decimal(0),
    )


async def _keep(store: Store, entry: LedgerEntry, items: list[Any]) -> float:
    evidence = Evidence("POST", "https://example.org/v1/responses", body=_body(items), status=200)
    began = time.process_time()
    await store.record_attempt(replace(entry, started_at=time.time()), None, evidence)
    return time.process_time() - began


def _body(items: list[Any]) -> dict[str, Any]:
    return {"model": "m-1", "input": items, "stream": True, "store": False}


def _items(count: int) -> list[dict[str, Any]]:
    chance = random.Random(1)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randrange(2, 9))) for _ in range(3_000)]
    return [
        {"role": REPLIES[number % 2], "content": " ".join(chance.choices(words, k=WORDS_A_MESSAGE))}
        for number in range(count)
    ]


def _size(path: Path) -> int:
    """Bytes of the pages that hold something."""
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        pages: int = connection.pragma("page_count") - connection.pragma("freelist_count")
        return pages * int(connection.pragma("page_size"))
