"""How a database of an earlier version becomes one of this version, or stays what it was."""

import os
import random
import stat
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from desktop_chat.domain.context import ContextSettings, Strategy
from desktop_chat.domain.errors import RateLimited
from desktop_chat.domain.ledger import Grouping, Outcome, Totals
from desktop_chat.domain.listing import Folder, Shelf, View
from desktop_chat.domain.message import Part, PartKind, State
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import CachedAnswer, DatabaseCorrupt, DatabaseReadOnly, DatabaseTooNew, Store
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import translated
from desktop_chat.storage.migrations import APPLICATION_ID, MIGRATIONS, SUMS, Migration
from tests.helpers.stored import conversations_of
from tests.storage.later import LATER
from tests.storage.samples import DRAFT, EVIDENCE, TAG, begun, entry, load_file, opened, raw, schema

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"), key=lambda path: int(path.stem))

NEWEST = len(MIGRATIONS)


def database(folder: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> Database:
    with translated(folder / "chats.db"):
        return Database(folder / "chats.db", folder / "backups", migrations)


def versions(folder: Path) -> tuple[int, int, list[tuple[int, str]]]:
    with raw(folder / "chats.db") as connection:
        applied = connection.execute("SELECT version, name FROM migration ORDER BY version").fetchall()
        return connection.pragma("application_id"), connection.pragma("user_version"), applied


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder with a filled database of the newest released schema."""
    load_file(RELEASED[-1], tmp_path / "chats.db")
    return tmp_path


def test_each_migration_says_what_and_why() -> None:
    assert len({migration.name for migration in LATER}) == len(LATER)
    assert all(migration.name and migration.reason for migration in MIGRATIONS)


def test_a_new_database_needs_no_backup(tmp_path: Path) -> None:
    database(tmp_path, LATER).close()
    names = [(number, migration.name) for number, migration in enumerate(LATER, start=1)]
    assert versions(tmp_path) == (APPLICATION_ID, NEWEST + 2, names)
    assert not (tmp_path / "backups").exists()


def test_the_newest_dump_is_of_the_current_schema(tmp_path: Path) -> None:
    """Fails when the schema changed and ``released/`` has no dump of it yet: see ``samples.py``."""
    database(tmp_path).close()
    load_file(RELEASED[-1], tmp_path / "released.db")
    assert int(RELEASED[-1].stem) == len(MIGRATIONS)
    with raw(tmp_path / "chats.db") as current, raw(tmp_path / "released.db") as dumped:
        assert sorted(schema(current)) == sorted(schema(dumped))


@pytest.mark.anyio
@pytest.mark.parametrize("dump", RELEASED, ids=lambda path: path.stem)
async def test_every_released_schema_opens_with_its_data(tmp_path: Path, dump: Path) -> None:
    load_file(dump, tmp_path / "chats.db")
    async with opened(tmp_path) as store:
        (conversation,) = await conversations_of(store)
        assert (conversation.id, conversation.title, conversation.title_source) == ("c1", "Tides", "user")
        assert conversation.parameters == Parameters("Be brief.", 0.5, 100, "low")
        assert (conversation.endpoint_id, conversation.model, conversation.pinned) == ("e1", "m-1", True)
        tree = await store.tree("c1")
        assert [message.id for message in tree.path] == ["m1", "m4"]
        assert tree.versions("m4") == ["m2", "m3", "m4"]
        answer, failed, broken = (tree[name] for name in ("m2", "m3", "m4"))
        assert tree["m1"].text == "Why are there tides?"
        assert answer.parts == [Part(PartKind.REASONING, "Think.", 1.5), Part(PartKind.TEXT, "The Moon.")]
        written = 0 if dump.stem == "1" else 5
        assert (answer.usage, answer.timing) == (Usage(10, 20, 3, 4, written), Timing(0.5, 2.5))
        assert (answer.model, answer.finish_reason, answer.request_id) == ("m-1", "stop", "r1")
        assert isinstance(failed.error, RateLimited)
        assert failed.error.retry_after == 3.0
        assert broken.state is State.INTERRUPTED
        assert (broken.reasoning, broken.text) == ("Hm", "Half an answer")
        await check_what_came_with_the_second_schema(store, dump)
        await check_what_came_with_the_third_schema(store, dump)
        await check_what_came_with_the_fourth_schema(store, dump)
        await store.restore_conversations(["c2"])
        assert {each.id for each in await conversations_of(store)} == {"c1", "c2"}
        assert await store.quick_check() == []
        await begun(store)
    with raw(tmp_path / "chats.db") as connection:
        rows = connection.execute(
            "SELECT exact, error_kind FROM ledger WHERE conversation_id = 'c1' ORDER BY seq"
        )
        assert rows.fetchall() == [(0, "RateLimited"), (1, None)]
        count = "SELECT count(*) FROM attempt JOIN ledger ON ledger.seq = ledger_seq"
        assert connection.execute(f"{count} WHERE conversation_id = 'c1'").get == 2
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def check_what_came_with_the_second_schema(store: Store, dump: Path) -> None:
    """What the first schema had not has no value, and nothing that it had is lost."""
    (conversation,) = await conversations_of(store)
    answer = (await store.tree("c1"))["m2"]
    newer, older = await store.ledger(0, 10)
    first = dump.stem == "1"
    assert conversation.context == (
        ContextSettings()
        if first
        else ContextSettings(Strategy.LAST_TURNS, turns=3, pinned=frozenset({"m1"}))
    )
    cost = None if first else Decimal("0.000123456789")
    assert (answer.cost, answer.is_estimated, answer.is_cached) == (cost, not first, False)
    told = entry(chat="Tides", attempt=2)
    if first:
        gone: dict[str, Any] = {"status": None, "service_tier": None, "expected_input": None, "cost": None}
        told = replace(told, usage=Usage(10, 20, 3, 4), **gone)
    failed = replace(told, attempt=1, usage=None, is_exact=False, outcome=Outcome.FAILED, cost=None)
    status = None if first else 429
    assert [newer, older] == [told, replace(failed, error_kind="RateLimited", status=status)]
    report = await store.usage((0, 10), Grouping.CHAT)
    assert report.totals == Totals(
        2, 1, 1, 10, 20, 3, 4, 0 if first else 5, cost or Decimal(0), unpriced=first
    )
    assert [(group.key, group.label) for group in report.groups] == [("c1", "Tides")]
    assert await store.chat_totals("c1") == report.totals
    assert report.first_token_median == pytest.approx(0.5, rel=0.02)
    assert await store.token_counts("c1", "o200k_base") == ({} if first else {"m1": 6, "m2": 3})
    cached = await store.cached_answer("k1")
    assert cached == (None if first else CachedAnswer(answer.parts, "m-1", "stop"))


async def check_what_came_with_the_third_schema(store: Store, dump: Path) -> None:
    had = int(dump.stem) >= 3
    assert await store.drafts() == {"new": DRAFT if had else replace(DRAFT, parts=())}
    assert await store.unreferenced({"5" * 64, "6" * 64}) == ({"6" * 64} if had else {"5" * 64, "6" * 64})
    refused, answered = await store.attempts("m2")
    assert isinstance(refused.error, RateLimited)
    assert (refused.error.message, refused.entry.outcome) == ("slow down", Outcome.FAILED)
    assert (answered.error, answered.entry.request_id) == (None, "r1")
    assert (refused.has_evidence, answered.has_evidence) == (had, had)
    assert await store.evidence(answered) == (EVIDENCE if had else None)
    await store.drop_evidence(1e10)
    assert not any(attempt.has_evidence for attempt in await store.attempts("m2"))


async def check_what_came_with_the_fourth_schema(store: Store, dump: Path) -> None:
    had = int(dump.stem) >= 4
    (conversation,) = await conversations_of(store)
    assert (conversation.archived, conversation.origin, conversation.deleted_at) == (False, "", None)
    assert (conversation.folder, conversation.tags) == (("f2", ("t1",)) if had else (None, ()))
    assert conversation.unread is had
    assert await store.folders() == ([Folder("f1", "Sea"), Folder("f2", "Coast", "f1")] if had else [])
    assert await store.tags() == ([TAG] if had else [])
    assert await store.counts() == {Shelf.CHATS: 1, Shelf.ARCHIVE: int(had), Shelf.TRASH: 1}
    assert [each.title for each in await conversations_of(store, View(words="TIDES"))] == ["Tides"]
    (gone,) = await conversations_of(store, View(Shelf.TRASH))
    assert (gone.id, gone.deleted_at is not None) == ("c2", True)
    assert 1e6 * conversation.used_at - 1 < conversation.order < 1e6 * time.time()
    if had:
        (archived,) = await conversations_of(store, View(Shelf.ARCHIVE))
        assert (archived.title, archived.origin) == ("Énez Eusa", "import:chatgpt")
        assert [message.id for message in (await store.tree("c3")).path] == ["m6", "m8"]
        assert [(each.id, each.excerpt) for each in await store.deleted_messages()] == [("m7", "No.")]


def test_sums_are_those_of_totals() -> None:
    assert tuple(field.name for field in fields(Totals)) == SUMS


def test_a_verified_private_copy_comes_before_a_migration(released: Path) -> None:
    before = (released / "chats.db").read_bytes()
    database(released, LATER).close()
    names = [(number, migration.name) for number, migration in enumerate(LATER, start=1)]
    assert versions(released)[1:] == (NEWEST + 2, names)
    (copy,) = (released / "backups").iterdir()
    assert copy.name.startswith("chats-")
    assert copy.name.endswith(f"-schema{NEWEST}.db")
    if sys.platform != "win32":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    with raw(copy) as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        assert connection.pragma("user_version") == NEWEST
        assert connection.execute("SELECT count(*) FROM part").get == 4
    assert [file.name for file in copy.parent.iterdir()] == [copy.name]
    assert len(before) == copy.stat().st_size


def test_a_rebuilt_table_keeps_what_refers_to_it(released: Path) -> None:
    database(released, LATER).close()
    with raw(released / "chats.db") as connection:
        assert connection.execute("SELECT count(*) FROM part").get == 4


def test_what_only_the_log_holds_is_in_the_copy(released: Path) -> None:
    with closing(apsw.Connection(str(released / "chats.db"))) as writer:
        writer.pragma("journal_mode", "wal")
        writer.execute("INSERT INTO draft VALUES ('c1', 'only in the log')")
        database(released, LATER).close()
    (copy,) = (released / "backups").iterdir()
    with raw(copy) as connection:
        assert connection.execute("SELECT text FROM draft WHERE key = 'c1'").get == "only in the log"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE TABLE late (a); DELETE FROM draft; SELECT no_such_function()", apsw.SQLError),
        ("DELETE FROM message WHERE id = 'm1'", DatabaseCorrupt),
    ],
    ids=["bug", "row that refers to nothing"],
)
def test_a_migration_that_fails_changes_nothing(released: Path, sql: str, error: type[Exception]) -> None:
    with raw(released / "chats.db") as connection:
        before = schema(connection)
    with pytest.raises(error):
        database(released, (*MIGRATIONS, Migration("bad", "A test needs one.", sql)))
    assert versions(released)[1] == NEWEST
    with raw(released / "chats.db") as connection:
        assert schema(connection) == before
        assert connection.execute("SELECT count(*) FROM draft").get == 1
        assert connection.execute("SELECT count(*) FROM message").get == 8


def test_a_damaged_database_is_not_migrated(released: Path) -> None:
    damaged = bytearray((released / "chats.db").read_bytes())
    with raw(released / "chats.db") as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ledger'").get
    damaged[4096 * (page - 1) : 4096 * page] = random.Random(1).randbytes(4096)
    (released / "chats.db").write_bytes(damaged)
    with pytest.raises(DatabaseCorrupt):
        database(released, LATER)
    assert list((released / "backups").iterdir()) == []
    assert versions(released)[1] == NEWEST


@pytest.mark.parametrize("dump", RELEASED[:-1], ids=lambda path: path.stem)
def test_a_title_that_is_no_text_is_damage(tmp_path: Path, dump: Path) -> None:
    load_file(dump, tmp_path / "chats.db")
    with raw(tmp_path / "chats.db") as connection:
        # A lone surrogate, as noise may leave it: no check of SQLite sees that.
        connection.execute("UPDATE conversation SET title = CAST(x'61EDA080' AS TEXT)")
    with pytest.raises(DatabaseCorrupt, match="damaged value"):
        database(tmp_path)
    with raw(tmp_path / "chats.db") as connection:
        assert connection.pragma("user_version") < NEWEST


@pytest.mark.anyio
@pytest.mark.parametrize("dump", RELEASED[:-1], ids=lambda path: path.stem)
async def test_what_an_odd_clock_left_is_migrated(tmp_path: Path, dump: Path) -> None:
    """Numbers that are there twice, times before and after all that there is, and a very deep chat."""
    load_file(dump, tmp_path / "chats.db")
    times = (0.0, -5e9, 4e12, 1e300, float("inf"), 1.7e9)
    others = "title, title_source, parameters"
    with raw(tmp_path / "chats.db") as connection, connection:
        for number, at in enumerate((*times, 1.0)):
            connection.execute(
                f"INSERT INTO conversation (id, used_at, created_at, sequence, pinned, {others}) "
                f"SELECT ?1, ?2, ?2, ?3, 0, {others} FROM conversation WHERE id = 'c1'",
                (f"odd{number}", at, (1, 1, 7, 7, 2**62, -3, 5)[number]),
            )
        for number in range(1000):
            connection.execute(
                "INSERT INTO message (id, conversation_id, parent_id, role, created_at, state) "
                "VALUES (?, 'odd6', ?, 'user', 0.0, 'complete')",
                (f"deep{number}", f"deep{number - 1}" if number else None),
            )
    async with opened(tmp_path) as store:
        found = {chat.id: chat for chat in await conversations_of(store)}
        assert [found[f"odd{number}"].used_at for number in range(len(times))] == list(times)
        assert len({chat.order for chat in found.values()}) == len(found)
        assert len((await store.tree("odd6")).path) == 1000
        begun_now, *_ = await begun(store)
        listed = [chat.id for chat in await conversations_of(store) if not chat.pinned]
        assert listed[0] == begun_now.id
        assert await store.quick_check() == []


def test_a_copy_that_is_not_sound_stops_the_migration(released: Path) -> None:
    data = bytearray((released / "chats.db").read_bytes())
    with raw(released / "chats.db") as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_draft_1'"
        ).get
    at = data.index(b"new", 4096 * (page - 1), 4096 * page)
    data[at : at + 3] = b"nex"
    (released / "chats.db").write_bytes(data)
    with pytest.raises(DatabaseCorrupt, match="missing from index"):
        database(released, LATER)
    assert list((released / "backups").iterdir()) == []
    assert versions(released)[1] == NEWEST


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_without_a_copy_there_is_no_migration(ordinary_user: Path) -> None:
    load_file(RELEASED[-1], ordinary_user / "chats.db")
    backups = ordinary_user / "backups"
    backups.mkdir(mode=0o500)
    with pytest.raises(DatabaseReadOnly):
        database(ordinary_user, LATER)
    assert versions(ordinary_user)[1] == NEWEST


def test_too_new_is_refused_and_left_alone(released: Path) -> None:
    database(released, LATER).close()
    before = (released / "chats.db").read_bytes()
    (released / "chats.db").chmod(0o644)
    with pytest.raises(DatabaseTooNew, match="newer version") as caught:
        database(released)
    assert f"version {NEWEST + 2}," in caught.value.message
    assert (released / "chats.db").read_bytes() == before
    assert stat.S_IMODE((released / "chats.db").stat().st_mode) == (
        0o666 if sys.platform == "win32" else 0o644
    )
    left = [
        file.name for file in released.glob("chats.db*") if file.stat().st_size and "shm" not in file.name
    ]
    assert left == ["chats.db"]


KILLED_AT = """
import os, sys
from pathlib import Path
import apsw
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import translated
from tests.storage.later import LATER
left = int(sys.argv[2])
def trace(cursor, sql, bindings):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
    return True
apsw.connection_hooks.append(lambda connection: connection.set_exec_trace(trace))
Database(Path(sys.argv[1]), Path(sys.argv[1]).parent / "backups", LATER)
os._exit(0)
"""


@pytest.mark.timeout(400)
def test_killed_at_any_statement_it_is_the_old_or_the_new(tmp_path: Path) -> None:
    """Starts dozens of processes; with EVERY_STATEMENT=1 in the environment more than a hundred."""
    seen = set()
    for number in range(0, 200, 1 if os.environ.get("EVERY_STATEMENT") else 7):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        load_file(RELEASED[0], folder / "chats.db")
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", KILLED_AT, str(folder / "chats.db"), str(number)]
        ended = subprocess.run(command, env=environment, cwd=root, check=False).returncode
        assert ended in (0, 9)
        with raw(folder / "chats.db") as connection:
            version = connection.pragma("user_version")
            notes = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'note'").get
            assert notes == (version > NEWEST)
            assert connection.execute("SELECT count(*) FROM migration").get == version
            assert connection.execute("SELECT count(*) FROM part").get == 3
            assert connection.execute("PRAGMA integrity_check").get == "ok"
        seen.add(version)
        database(folder, LATER).close()
        assert versions(folder)[1] == NEWEST + 2
        if ended == 0:
            break
    assert ended == 0
    assert seen == set(range(1, NEWEST + 3))
