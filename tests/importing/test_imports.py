"""Imports into a profile: what is added, once; what a cancel, a full disk and a hostile file leave."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from desktop_chat import import_command
from desktop_chat.attachments import Attachments
from desktop_chat.domain.archive import History, Progress
from desktop_chat.domain.listing import Shelf, View
from desktop_chat.domain.message import Attachment, PartKind
from desktop_chat.imports import Imports, Outcome
from desktop_chat.instance import Instance
from desktop_chat.paths import Profile
from desktop_chat.storage import DiskFull, Store
from tests.importing.exports import DATA, archive, chatgpt_chat, write_json

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]


class Place:
    """A profile to import into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[Progress] = []
        self.added = 0

    async def open(self) -> None:
        self.store = await Store.open(self.folder / "chats.db", self.folder / "backups")
        self.attachments = Attachments(self.folder / "attachments")

        async def opened() -> Store:
            return self.store

        async def added() -> None:
            self.added += 1

        self.imports = Imports(opened, self.attachments, added)

    async def take(self, path: Path, **arguments: Any) -> Outcome:
        return await self.imports.run(path, self.told.append, **arguments)

    async def histories(self) -> list[History]:
        return [history async for history in self.store.histories()]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path / "profile")
    made.folder.mkdir()
    await made.open()
    yield made
    made.attachments.close()
    await made.store.close()


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    done = outcome.progress
    return done.chats, done.messages, done.known, done.skipped


async def test_an_export_is_added_with_its_pictures(place: Place, tmp_path: Path) -> None:
    outcome = await place.take(archive(tmp_path / "export.zip"))
    assert (counts(outcome), outcome.programs, place.added) == ((2, 8, 0, 1), ("ChatGPT",), 1)
    assert place.told[-1].done == place.told[-1].total > 10_000
    (history,) = [each for each in await place.histories() if each.conversation.pinned]
    (image,) = [part for part in history.messages[0].parts if part.kind is PartKind.IMAGE]
    assert isinstance(image.data, Attachment)
    picture = (DATA / "chatgpt" / "file-AbCdEfGh12345678-holiday.png").read_bytes()
    assert (image.data.media_type, image.data.size, image.data.width) == ("image/png", len(picture), 2)
    assert await place.attachments.read(image.data.hash) == picture
    assert await place.store.unreferenced({image.data.hash}) == set()


async def test_importing_again_adds_nothing(place: Place) -> None:
    names = ["chatgpt", "claude.json", "open-webui.json", "librechat.json", "chatbox.json", "pygpt"]
    for name in names:
        assert (await place.take(DATA / name)).progress.messages
    before = repr(await place.histories())
    for name in (*names, "librechat-recursive.json"):
        outcome = await place.take(DATA / name)
        assert (outcome.progress.chats, outcome.progress.messages) == (0, 0)
        assert outcome.has_read
        assert outcome.words().startswith("Nothing was added: all of it was here already.")
    assert repr(await place.histories()) == before


async def test_a_newer_export_adds_what_is_new(place: Place, tmp_path: Path) -> None:
    path = write_json(tmp_path / "conversations.json", [chatgpt_chat(1)])
    await place.take(path)
    write_json(path, [chatgpt_chat(1, ["Hi", "Hello", "More", "Yes"]), chatgpt_chat(2)])
    assert counts(await place.take(path)) == (1, 4, 2, 0)
    texts = {
        history.conversation.title: [message.text for message in history.messages]
        for history in await place.histories()
    }
    assert texts == {"Chat 1": ["Hi", "Hello", "More", "Yes"], "Chat 2": ["Hi", "Hello"]}


async def test_folders_tags_and_the_archive_are_taken_along(place: Place) -> None:
    for name in ("claude.json", "open-webui.json"):
        await place.take(DATA / name)
    assert [folder.name for folder in await place.store.folders()] == ["Baking"]
    assert sorted(tag.name for tag in await place.store.tags()) == ["loops", "python"]
    assert len((await place.store.listing(View(shelf=Shelf.ARCHIVE))).seqs) == 1


async def test_the_database_is_copied_before(place: Place, tmp_path: Path) -> None:
    await place.take(DATA / "claude.json")
    await place.take(DATA / "chatbox.json")
    assert any("import" in file.name for file in (place.folder / "backups").iterdir())


async def test_a_cancel_keeps_what_was_added(place: Place, tmp_path: Path) -> None:
    path = write_json(tmp_path / "conversations.json", [chatgpt_chat(n) for n in range(800)])
    outcome = await place.take(path, is_cancelled=lambda: bool(place.told))
    assert outcome.is_cancelled
    assert 0 < outcome.progress.messages < 1_600
    assert "The rest was cancelled." in outcome.words()
    again = await place.take(path)
    assert (again.progress.messages + outcome.progress.messages, again.progress.known) == (
        1_600,
        outcome.progress.messages,
    )


async def test_a_cancel_ends_also_what_has_nothing_to_keep(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(f"[{' ' * 5_000_000}{json.dumps(chatgpt_chat(1))}]", "utf-8")
    asked = iter([False, False, False])
    outcome = await place.take(path, is_cancelled=lambda: next(asked, True))
    assert outcome.is_cancelled
    assert 0 < outcome.progress.done < outcome.progress.total / 2
    assert outcome.words() == "Nothing was added. The rest was cancelled."


async def test_the_end_of_the_program_ends_an_import(place: Place, tmp_path: Path) -> None:
    path = write_json(tmp_path / "conversations.json", [chatgpt_chat(n) for n in range(800)])
    begun = asyncio.Event()
    running = asyncio.ensure_future(place.imports.run(path, lambda progress: begun.set()))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert all(len(history.messages) == 2 for history in await place.histories())


async def test_a_disk_without_room_ends_it_with_a_reason(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("desktop_chat.attachments.store.write", full)
    with pytest.raises((OSError, DiskFull)):
        await place.take(archive(tmp_path / "export.zip"))
    assert await place.histories() == []


async def test_files_are_kept_once_and_as_what_they_are(place: Place, tmp_path: Path) -> None:
    """What is called an image and is none is a file; two messages with one file share it."""
    value = chatgpt_chat(1, ["a", "b", "c"])
    for node in ("1-0", "1-2"):
        value["mapping"][node]["message"]["content"] = {
            "content_type": "multimodal_text",
            "parts": [
                {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Abcdefgh1234"}
            ],
        }
    page = b"<html><script>alert(1)</script>"
    path = archive(
        tmp_path / "export.zip",
        {"conversations.json": json.dumps([value]).encode(), "file-Abcdefgh1234-photo.png": page},
    )
    await place.take(path)
    (history,) = await place.histories()
    parts = [history.messages[0].parts[0], history.messages[2].parts[0]]
    assert [part.kind for part in parts] == [PartKind.FILE] * 2
    assert await place.attachments.hashes() == {hashlib.sha256(page).hexdigest()}


async def test_nothing_outside_the_profile_is_written(place: Place, tmp_path: Path) -> None:
    archive(
        tmp_path / "export.zip",
        {
            "../conversations.json": json.dumps([chatgpt_chat(1)]).encode(),
            "/abs/file-Abcdefgh1234.png": b"x",
            "..\\settings.json": b'{"endpoints": [{"base_url": "https://evil.example", "proxy": "x"}]}',
        },
    )
    before = outside(tmp_path, place.folder)
    outcome = await place.take(tmp_path / "export.zip")
    assert counts(outcome)[:2] == (1, 2)
    assert outside(tmp_path, place.folder) == before
    assert not (place.folder / "settings.json").exists()


def outside(folder: Path, profile: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_relative_to(profile)}


def test_the_command_line_imports_without_a_window(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "TEMP") if name in os.environ}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "desktop_chat", "--profile", str(tmp_path / "profile")),
            *("--import", str(DATA / "claude.json"), "--import", str(DATA / "chatgpt")),
        ],
        # No display: nothing is shown.
        env={**kept, "PYTHONUTF8": "1"},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = done.stdout.splitlines()
    assert first == "4 chats with 14 messages added. 2 records skipped."
    assert rest[0] == "claude.json, record 3: It was left out: there is no message in it."


def test_the_exit_code_tells_whether_anything_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = Profile.at(tmp_path / "profile")
    profile.create()
    for _ in range(2):
        assert import_command.run([DATA / "librechat.json"], profile) == 0
    assert "Nothing was added: all of it was here already." in capsys.readouterr().out
    assert import_command.run([tmp_path / "nowhere\x1b[2J.zip"], profile) == 1
    first, why = capsys.readouterr().out.splitlines()
    assert first == "Nothing could be read. 1 record skipped."
    assert why == "nowhere\ufffd[2J.zip: It cannot be read: No such file or directory."


def test_the_command_leaves_a_running_program_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = Profile.at(tmp_path / "profile")
    profile.create()
    running = Instance(profile)
    assert running.claim_in_silence()
    try:
        assert import_command.run([DATA / "claude.json"], profile) == 1
    finally:
        running.release()
    assert "runs on this profile" in capsys.readouterr().err
    assert not profile.database.exists()
