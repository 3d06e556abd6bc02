"""Exports of a profile: what is exported and imported into an empty profile is the same, row by row."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import pytest

from desktop_chat.attachments import Attachments
from desktop_chat.credentials import header
from desktop_chat.domain.endpoint import Dialect, KeySource
from desktop_chat.domain.errors import CutOff
from desktop_chat.exporting import ExportFailed, Format, Packing, Plan, Scope
from desktop_chat.exports import Exports
from desktop_chat.imports import Imports
from desktop_chat.storage import Store
from desktop_chat.worker import Worker
from tests.exporting.samples import ENTRY, LIBRARY, PDF, PNG, Bare, loaded, plain, tides
from tests.helpers.bench import Bench, ask
from tests.helpers.keyrings import memory_keyring
from tests.server import Server, faults, wire
from tests.storage.samples import EVIDENCE, fill

pytestmark = pytest.mark.anyio

ROWS = {
    "conversation": "SELECT * FROM conversation ORDER BY id",
    "message": "SELECT * FROM message ORDER BY id",
    "part": "SELECT part.*, message.id FROM part JOIN message ON message.seq = message_seq "
    "ORDER BY message.id, position",
    "draft": "SELECT * FROM draft ORDER BY key",
    "draft_part": "SELECT * FROM draft_part ORDER BY draft_key, position",
    "folder": "SELECT * FROM folder ORDER BY id",
    "tag": "SELECT * FROM tag ORDER BY id",
    "conversation_tag": "SELECT conversation.id, tag.id FROM conversation_tag "
    "JOIN conversation ON conversation.seq = conversation_seq JOIN tag ON tag.seq = tag_seq ORDER BY 1, 2",
    "attachment": "SELECT hash, media_type, size FROM attachment ORDER BY hash",
    "ledger": "SELECT * FROM ledger ORDER BY seq",
}
"""What an export of everything carries. ``attachment.created_at`` is when a file came to this computer."""
LEFT_OUT = {
    *("migration", "delta", "token_count", "cached_answer", "attempt", "attempt_under_way"),
    *("sent_chat", "sent_piece"),
    *("ledger_endpoint", "slot", "slot_sum", "slot_chat", "slot_first_token"),
}
"""What is made again, went over the wire, or is of this computer."""
LOCAL = re.compile(r"(?:\w+_)?seq")


@dataclass
class Profile:
    folder: Path
    store: Store
    attachments: Attachments

    @property
    def exports(self) -> Exports:
        return Exports(self._store, self.attachments)

    @property
    def imports(self) -> Imports:
        return Imports(self._store, self.attachments, nothing)

    async def _store(self) -> Store:
        return self.store

    def rows(self) -> dict[str, list[dict[str, object]]]:
        """What is stored, without the numbers that rows have here."""
        found = {}
        with closing(apsw.Connection(str(self.folder / "chats.db"))) as connection:
            for table, select in ROWS.items():
                cursor = connection.execute(select)
                rows = list(cursor)
                names = [name for name, *_ in connection.execute(select).description] if rows else []
                found[table] = [
                    {name: value for name, value in zip(names, row, strict=True) if not LOCAL.fullmatch(name)}
                    for row in rows
                ]
        return found


@asynccontextmanager
async def profile(folder: Path) -> AsyncIterator[Profile]:
    store = await Store.open(folder / "chats.db", folder / "backups")
    worker = Worker()
    worker.close()
    try:
        yield Profile(folder, store, Attachments(folder / "attachments", worker))
    finally:
        await store.close()


async def filled(made: Profile) -> None:
    """Everything that a profile can hold."""
    await made.attachments.add(PNG, "image/png")
    await made.attachments.add(PDF, "application/pdf")
    await made.store.add_library(LIBRARY)
    await made.store.add_history([tides(), plain(1), plain(2)])
    await fill(made.store)
    await made.store.delete_conversations(["p2"])
    await made.store.record_attempt(ENTRY, CutOff("cut"), EVIDENCE)
    await made.store.save_draft("q1", "Edited", ())


def progressed(chats: int) -> None: ...


async def nothing() -> None: ...


async def test_what_is_exported_and_imported_is_the_same_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    async with profile(tmp_path / "a") as first:
        await filled(first)
    # What was being written is closed at the next start, as it is by an import.
    async with profile(tmp_path / "a") as first, profile(tmp_path / "b") as second:
        plan = Plan(Format.JSON, path, Packing.ZIP)
        report = await first.exports.write(Scope(), plan, Bare(), progressed)
        assert report.chats == len(first.rows()["conversation"])
        before = first.rows()
        outcome = await second.imports.run(path, lambda progress: None)
        assert (outcome.progress.skipped, outcome.report()) == (0, "")
        after = second.rows()
        for table, rows in before.items():
            assert rows, table
            assert after[table] == rows, table
        assert await second.attachments.hashes() == await first.attachments.hashes()
        again = await second.imports.run(path, lambda progress: None)
        assert (again.progress.messages, again.entries) == (0, 0)
        assert second.rows() == before


async def test_a_chat_in_several_records_is_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_chat.exporting.own.LONGEST", 300)
    async with profile(tmp_path / "a") as first, profile(tmp_path / "b") as second:
        await filled(first)
        await first.exports.write(
            Scope(), Plan(Format.JSON, tmp_path / "a.zip", Packing.ZIP), Bare(), progressed
        )
        await second.imports.run(tmp_path / "a.zip", lambda progress: None)
        before, after = first.rows(), second.rows()
        # What is being written here has broken off there.
        for rows in (*before.values(), *after.values()):
            rows[:] = [row for row in rows if "m4" not in row.values()]
        assert after == before


async def test_every_table_is_carried_or_known_to_be_left_out(tmp_path: Path) -> None:
    async with profile(tmp_path):
        with closing(apsw.Connection(str(tmp_path / "chats.db"))) as connection:
            tables = {
                name
                for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
                if not name.startswith(("sqlite_", "search_"))
            }
    assert tables == ROWS.keys() | LEFT_OUT


async def test_a_scope_is_some_chats_a_folder_or_all(tmp_path: Path) -> None:
    async with profile(tmp_path) as made:
        await filled(made)
        exports = made.exports

        async def ids(scope: Scope) -> set[str]:
            path = tmp_path / "scope.json"
            await exports.write(scope, Plan(Format.JSON, path), Bare(), progressed)
            return {chat["id"] for chat in loaded(path)["chats"]}

        assert await ids(Scope(("p1", "gone", "p2"))) == {"p1"}
        assert (await exports.look(Scope(("p1",)))).title == "New chat"
        assert not (await exports.look(Scope(("p1",)))).has_attachments
        found = loaded(tmp_path / "scope.json")
        assert (found["ledger"], found["folders"], found["drafts"]) == ([], [], [])
        every = {row["id"] for row in made.rows()["conversation"]}
        assert await ids(Scope()) == every
        # What is in the trash can be exported with everything alone.
        assert (await exports.look(Scope())).chats == len(every - {"p2", "c2"})


async def test_a_folder_is_exported_with_those_in_it(tmp_path: Path) -> None:
    async with profile(tmp_path) as made:
        await made.store.add_library(LIBRARY)
        await made.store.add_history([tides(), plain(1), plain(2)])
        await made.store.organise(["p1"], folder="f1")
        assert (await made.exports.look(Scope(folder="f1"))).chats == 2
        assert (await made.exports.look(Scope(folder="f2"))).title == tides().conversation.title
        assert (await made.exports.look(Scope(folder="f2"))).has_attachments


async def test_progress_is_told_in_the_loop(tmp_path: Path) -> None:
    async with profile(tmp_path) as made:
        await made.store.add_history([plain(number) for number in range(200)])
        told: list[tuple[int, bool]] = []
        here = threading.get_ident()
        await made.exports.write(
            Scope(),
            Plan(Format.TEXT, tmp_path / "all.zip", Packing.ZIP),
            Bare(),
            lambda chats: told.append((chats, threading.get_ident() == here)),
        )
        assert told
        assert all(is_here for _, is_here in told)


class Waiting(Bare):
    """A PDF that is drawn for ever."""

    def __init__(self) -> None:
        self.began, self.stopped = asyncio.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()

    def draw(self, history: object, path: Path) -> None:
        path.write_bytes(b"half")
        self._loop.call_soon_threadsafe(self.began.set)
        self.stopped.wait()

    def stop(self) -> None:
        self.stopped.set()


async def test_what_is_cancelled_is_cleaned_up_before_that_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    async with profile(tmp_path / "a") as made:
        await made.store.add_history([plain(number) for number in range(10)])
        look = Waiting()
        plan = Plan(Format.PDF, folder / "all", Packing.FOLDER)
        writing = asyncio.ensure_future(made.exports.write(Scope(), plan, look, progressed))
        await look.began.wait()
        assert list(folder.iterdir())
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert list(folder.iterdir()) == []


async def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with profile(tmp_path) as made:
        await made.store.add_history([plain(1)])
        with pytest.raises(ExportFailed, match="is not there"):
            await made.exports.write(Scope(), Plan(Format.TEXT, tmp_path / "gone" / "x"), Bare(), progressed)


def with_the_canary(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and b"CANARY" in path.read_bytes()]


async def test_no_secret_of_an_endpoint_is_in_an_export_of_everything(tmp_path: Path) -> None:
    """Not even where a server quotes the key that it refuses."""
    key, value = "sk-proj-CANARY0123456789abcdef", "CANARY of a secret header"
    quoted = f"Incorrect API key provided: {key}. You sent Bearer {key} and {value}."
    out = tmp_path / "out"
    out.mkdir()
    with memory_keyring():
        async with (
            Server(wire.answer("Hello.")) as server,
            Bench(tmp_path, server, Dialect.RESPONSES) as bench,
        ):
            endpoint = replace(
                bench.endpoint,
                key_source=KeySource.KEYRING,
                headers=(("X-Plain", "CANARY in the settings"),),
                secret_headers=("X-Secret",),
            )
            bench.settings.change(endpoints=(endpoint,))
            await bench.credentials.store(endpoint, key)
            await bench.credentials.store_secret(endpoint, header("X-Secret"), value)
            session = bench.chats.new()
            await ask(session, "Hi")
            server.script(faults.status(401, quoted))
            failed = await ask(session, "Again")
            sent = server.requests[-1].headers
            assert (sent["authorization"], sent["x-secret"]) == (f"Bearer {key}", value)
            assert failed.error is not None
            assert await bench.chats.outbox.settle()

            async def opened() -> Store:
                return await bench.opening

            exports = Exports(opened, bench.attachments)
            for format in Format:
                plan = Plan(format, out / format, Packing.FOLDER, versions=True, reasoning=True)
                assert (await exports.write(Scope(), plan, Bare(), progressed)).chats == 1
    everything = loaded(out / "json" / "chats.json")
    assert len(everything["ledger"]) >= 2
    assert "Incorrect API key provided" in everything["chats"][0]["messages"][-1]["error"]["message"]
    assert with_the_canary(out) == []
