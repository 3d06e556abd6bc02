"""The files of messages: kept once, found again, never anybody else's, gone when nobody needs them."""

import asyncio
import base64
import hashlib
import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from desktop_chat.attachments import AttachmentMissing, Attachments, store
from desktop_chat.domain.message import Attachment

pytestmark = pytest.mark.anyio

PHOTO = bytes(range(256)) * 1000
HASH = hashlib.sha256(PHOTO).hexdigest()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_added_is_found_by_its_hash(attachments: Attachments) -> None:
    added = await attachments.add(PHOTO, "image/png", width=640, height=480)
    assert added == Attachment(HASH, "image/png", len(PHOTO), 640, 480)
    assert await attachments.read(HASH) == PHOTO == attachments.read_now(HASH)
    assert base64.b64decode(await attachments.base64(HASH), validate=True) == PHOTO
    assert await attachments.hashes() == {HASH}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 3 << 16, (3 << 16) + 1, 1_000_003])
async def test_base64_is_that_of_the_standard(attachments: Attachments, size: int) -> None:
    data = os.urandom(size)
    added = await attachments.add(data, "")
    assert await attachments.base64(added.hash) == base64.b64encode(data).decode()


async def test_what_is_added_twice_is_kept_once(attachments: Attachments, tmp_path: Path) -> None:
    await asyncio.gather(*(attachments.add(PHOTO, "image/png") for _ in range(8)))
    (file,) = files(tmp_path)
    written = file.stat().st_mtime_ns, file.stat().st_ino
    await attachments.add(PHOTO, "image/png")
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
async def test_nobody_else_can_read_them(attachments: Attachments, tmp_path: Path) -> None:
    await attachments.add(PHOTO, "image/png")
    for path in (tmp_path / "attachments").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE((tmp_path / "attachments").stat().st_mode) == 0o700


async def test_what_is_gone_or_changed_is_missing(attachments: Attachments, tmp_path: Path) -> None:
    await attachments.add(PHOTO, "image/png")
    (file,) = files(tmp_path)
    file.write_bytes(PHOTO[:-1] + b"\0")
    with pytest.raises(AttachmentMissing):
        await attachments.read(HASH)
    await attachments.add(PHOTO, "image/png")
    assert await attachments.read(HASH) == PHOTO
    file.unlink()
    for ask in (attachments.read, attachments.base64):
        with pytest.raises(AttachmentMissing):
            await ask(HASH)


@pytest.mark.parametrize("name", ["", "..", "../secret", "A" * 64, HASH + "\n", HASH + "/../x", "\0" * 64])
async def test_only_a_hash_names_a_file(attachments: Attachments, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"key")
    await attachments.add(PHOTO, "image/png")
    with pytest.raises(AttachmentMissing):
        await attachments.read(name)
    await attachments.remove([name])
    assert secret.exists()
    assert await attachments.hashes() == {HASH}


async def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    attachments = Attachments(tmp_path, grace=0)
    one, two = await attachments.add(b"one", ""), await attachments.add(b"two", "")
    await attachments.remove([one.hash, "0" * 64])
    assert await attachments.hashes() == {two.hash}


async def test_a_sweep_leaves_what_has_just_been_added(attachments: Attachments, tmp_path: Path) -> None:
    added = await attachments.add(PHOTO, "image/png")
    await attachments.remove([added.hash])
    assert await attachments.read(added.hash) == PHOTO
    # The next start knows nothing of it.
    await Attachments(tmp_path / "attachments").remove([added.hash])
    assert await attachments.hashes() == set()


async def test_what_is_added_while_a_sweep_is_at_it_stays(attachments: Attachments, tmp_path: Path) -> None:
    store.write(tmp_path / "attachments", HASH, PHOTO)
    others = [f"{number:064x}" for number in range(3000)]
    sweep = asyncio.ensure_future(attachments.remove([*others, HASH]))
    await asyncio.sleep(0)
    await attachments.add(PHOTO, "image/png")
    await sweep
    assert await attachments.read(HASH) == PHOTO


async def test_a_sweep_clears_up_what_a_crash_left(attachments: Attachments, tmp_path: Path) -> None:
    await attachments.add(PHOTO, "image/png")
    folder = tmp_path / "attachments"
    old, new = folder / ".reading-1-x", folder / HASH[:2] / f".{HASH}.1-1.new"
    for path in (old, new):
        path.write_bytes(b"half")
    day_ago = time.time() - 86_400
    os.utime(old, (day_ago, day_ago))
    await attachments.remove([])
    assert not old.exists()
    assert new.exists()
    assert await attachments.hashes() == {HASH}


async def test_a_folder_that_is_not_there_is_empty(attachments: Attachments, tmp_path: Path) -> None:
    assert await attachments.hashes() == set()
    await attachments.remove([HASH])
    assert not (tmp_path / "attachments").exists()


async def test_a_copy_that_nobody_needs_any_more_goes_as_soon_as_it_is_written(tmp_path: Path) -> None:
    is_over = threading.Event()
    store.lend(tmp_path / "kept", PHOTO, is_over)
    is_over.set()
    store.lend(tmp_path / "gone", PHOTO, is_over)
    assert [path.name for path in files(tmp_path)] == ["kept"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
async def test_a_disk_that_refuses_is_told_and_leaves_nothing(ordinary_user: Path) -> None:
    closed = ordinary_user / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(OSError):
        await Attachments(closed / "attachments").add(PHOTO, "image/png")
    assert files(closed) == []
