"""Conversations to store, and a dump of a database as SQL.

``python -m tests.storage.samples FILE`` writes the dump of a filled database of the current schema: what goes
to ``released/`` under the schema's number when a migration is added.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.context import ContextSettings, Strategy
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import RateLimited
from desktop_chat.domain.events import Delta
from desktop_chat.domain.evidence import Evidence
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.listing import Folder, Tag
from desktop_chat.domain.message import Attachment, Draft, Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import Store
from desktop_chat.storage.database import Database
from desktop_chat.storage.ledger import COLUMNS, DAY


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    store = await Store.open(folder / "chats.db", folder / "backups")
    try:
        yield store
    finally:
        await store.close()


def text(words: str) -> Delta:
    return Delta(PartKind.TEXT, words)


def turn(words: str = "Why?", parent_id: str | None = None) -> tuple[Message, Message]:
    """A question, and the answer that is about to be written."""
    question = Message(new_id(), parent_id, Role.USER, [Part(PartKind.TEXT, words)], created_at=1.0)
    answer = Message(new_id(), question.id, Role.ASSISTANT, state=State.STREAMING, created_at=2.0)
    return question, answer


async def begun(store: Store) -> tuple[Conversation, Message, Message]:
    """A stored conversation with its first question, and the answer to it still empty."""
    conversation = Conversation(new_id(), "Why", created_at=1.0)
    question, answer = turn()
    await store.begin_turn(conversation, [question, answer])
    return conversation, question, answer


def entry(**changes: Any) -> LedgerEntry:
    """An attempt at the answer ``m2`` of :func:`fill`."""
    made = LedgerEntry(
        conversation_id="c1",
        message_id="m2",
        endpoint_id="e1",
        endpoint_name="Example",
        dialect="responses",
        purpose=Purpose.CHAT,
        attempt=1,
        started_at=5.0,
        timing=Timing(0.5, 2.5),
        outcome=Outcome.OK,
        model="m-1",
        request_id="r1",
        status=200,
        service_tier="default",
        usage=Usage(10, 20, 3, 4, 5),
        expected_input=9,
        cost=Decimal("0.000123456789"),
    )
    return replace(made, **changes)


EVIDENCE = Evidence(
    "POST",
    "https://example.org/v1/responses",
    (("authorization", "Bearer [redacted]"),),
    {"model": "m-1", "input": [{"role": "user", "content": "Why are there tides?"}], "store": False},
    200,
    (("x-request-id", "r1"),),
    b'data: {"type": "response.completed"}\n\n',
)
"""What went over the wire for the second attempt of :func:`fill`."""

DRAFT = Draft(
    "Where was I?",
    (
        Part(PartKind.IMAGE, name="sea.png", data=Attachment("5" * 64, "image/png", 1234, 640, 480, "low")),
        Part(PartKind.IMAGE, data=Attachment("", url="https://example.org/sea.png")),
    ),
)


TAG = Tag("t1", "Très important", "red")


async def fill(store: Store) -> None:
    """Something in every table that the store writes; always the same but for the times."""
    conversation = Conversation(
        "c1", "Tides", "user", "e1", "m-1", Parameters("Be brief.", 0.5, 100, "low"), pinned=True
    )
    conversation.context = ContextSettings(Strategy.LAST_TURNS, turns=3, pinned=frozenset({"m1"}))
    question = Message("m1", None, Role.USER, [Part(PartKind.TEXT, "Why are there tides?")], created_at=1.0)
    answer = Message("m2", "m1", Role.ASSISTANT, state=State.STREAMING, created_at=2.0)
    await store.begin_turn(conversation, [question, answer])
    answer.parts = [Part(PartKind.REASONING, "Think.", 1.5), Part(PartKind.TEXT, "The Moon.")]
    answer.state, answer.model, answer.finish_reason, answer.request_id = State.COMPLETE, "m-1", "stop", "r1"
    answer.usage, answer.timing = Usage(10, 20, 3, 4, 5), Timing(0.5, 2.5)
    answer.cost, answer.is_estimated = Decimal("0.000123456789"), True
    await store.finish(answer)
    error = RateLimited("slow down", 429, "rate_limit", "r2", 3.0, "example.org")
    failed = Message("m3", "m1", Role.ASSISTANT, [], State.FAILED, 3.0, error=error)
    streaming = Message("m4", "m1", Role.ASSISTANT, state=State.STREAMING, created_at=4.0)
    conversation.active_leaf = "m4"
    await store.begin_turn(conversation, [failed, streaming])
    failed_attempt = entry(
        attempt=1, usage=None, is_exact=False, outcome=Outcome.FAILED, status=429, cost=None
    )
    refused = replace(EVIDENCE, status=429, response=b'{"error": {"message": "slow down"}}')
    await store.record_attempt(replace(failed_attempt, error_kind="RateLimited"), error, refused)
    await store.record_attempt(entry(attempt=2), None, EVIDENCE)
    await store.begin_attempt(
        entry(conversation_id="c2", message_id="m5", started_at=50.0), Decimal("0.000014")
    )
    await store.save_token_counts("o200k_base", {"m1": 6, "m2": 3})
    await store.save_cached_answer("k1", answer)
    await store.begin_turn(Conversation("c2", "Gone"), [Message("m5", None, Role.USER)])
    await store.delete_conversations(["c2"])
    await store.save_draft("new", "Where was I?", DRAFT.parts)
    for folder in (Folder("f1", "Sea"), Folder("f2", "Coast", "f1")):
        await store.save_folder(folder)
    await store.save_tag(TAG)
    await store.organise(["c1"], folder="f2", unread=True, add_tags=["t1"])
    asked = Message("m6", None, Role.USER, created_at=6.0)
    removed = Message("m7", "m6", Role.ASSISTANT, [Part(PartKind.TEXT, "No.")], created_at=7.0)
    await store.begin_turn(
        Conversation("c3", "Énez Eusa", origin="import:chatgpt"),
        [asked, removed, Message("m8", "m7", Role.USER, created_at=8.0)],
    )
    await store.delete_messages(["m7"])
    await store.organise(["c3"], archived=True)
    await store.append(
        "m4", [Delta(PartKind.REASONING, "Hm"), text("Half an "), text("answer")], durable=True
    )


async def enter_many(store: Store, folder: Path, times: Sequence[float]) -> None:
    """Enter the same attempt at all of ``times``, in one transaction behind the store."""
    await store.record_attempt(entry(started_at=times[0]))
    others = ", ".join(name for name in COLUMNS if name != "started_at")
    with raw(folder / "chats.db") as connection, connection:
        connection.executemany(
            f"INSERT INTO ledger (day, started_at, {others}) SELECT {DAY}, ?, {others} FROM ledger LIMIT 1",
            ((at, at) for at in times[1:]),
        )


def dump(connection: apsw.Connection) -> Iterator[str]:
    """The statements that make this database again."""
    for name in ("application_id", "user_version"):
        yield f"PRAGMA {name} = {connection.pragma(name)};"
    shadows = {
        name for (name,) in connection.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'")
    }
    for name, sql in schema(connection):
        # A virtual table makes those that hold its content, and puts something into them.
        yield f"DELETE FROM {name};" if name in shadows else f"{sql};"
        if sql.startswith("CREATE TABLE"):
            for row in connection.execute(f"SELECT * FROM {name}"):
                yield f"INSERT INTO {name} VALUES ({', '.join(map(apsw.format_sql_value, row))});"


def schema(connection: apsw.Connection) -> list[tuple[str, str]]:
    """Every table and index by name, with its SQL, in the order of their making."""
    return connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
    ).fetchall()


def load_file(dumped: Path, path: Path) -> None:
    """Make the database of a dump."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(dumped.read_text("utf-8"))


def raw(path: Path) -> "closing[apsw.Connection]":
    """The database without the store, for a look behind it."""
    return closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE))


async def limit_pages(store: Store, pages: int) -> None:
    """Let the database grow to that many pages only: SQLite then says that the disk is full."""
    await store._thread.call(Database.execute, f"PRAGMA max_page_count = {pages}")


def write_dump(target: Path) -> None:
    """Dump a filled database of the current schema."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_fill(Path(folder)))
        with raw(Path(folder) / "chats.db") as connection:
            target.write_text("\n".join(dump(connection)) + "\n", "utf-8")


async def _fill(folder: Path) -> None:
    async with opened(folder) as store:
        await fill(store)


def count(folder: Path, words: str) -> int:
    """How often ``words`` stand in the files of the database."""
    return sum(file.read_bytes().count(words.encode()) for file in folder.glob("chats.db*"))


if __name__ == "__main__":
    write_dump(Path(sys.argv[1]))
