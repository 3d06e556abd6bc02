"""A database that cannot be opened: nothing of it is lost, and what can be read of it is."""

import hashlib
import random
import shutil
from pathlib import Path

import pytest

from desktop_chat.storage import (
    DatabaseCorrupt,
    Reason,
    Store,
    begin_anew,
    newest_backup,
    save_readable,
    use_backup,
)
from tests.helpers.stored import conversations_of
from tests.storage.damage import PAGE, history, overwrite, pages_of, texts_of
from tests.storage.samples import begun, fill, opened, raw

pytestmark = pytest.mark.anyio


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def saved(folder: Path) -> dict[str, str]:
    """What can be read of the damaged database, which is kept as it was."""
    before = digest(folder / "chats.db")
    salvaged, kept = save_readable(folder / "chats.db", folder / "backups")
    assert kept is not None
    assert digest(kept) == before
    found = texts_of(folder / "chats.db")
    assert salvaged.messages == len(found)
    return found


def share(texts: dict[str, str], found: dict[str, str]) -> float:
    return sum(found.get(id) == text for id, text in texts.items()) / len(texts)


@pytest.mark.parametrize("start", [0, 100, PAGE], ids=["nothing", "header", "first page"])
async def test_every_message_is_read_whatever_happened_to_the_first_page(tmp_path: Path, start: int) -> None:
    texts = await history(tmp_path)
    database = tmp_path / "chats.db"
    database.write_bytes(bytes(start) + database.read_bytes()[start:])
    if start:
        with pytest.raises(DatabaseCorrupt):
            await Store.open(database, tmp_path / "backups")
    assert saved(tmp_path) == texts
    async with opened(tmp_path) as store:
        assert len(await conversations_of(store)) == 20
        assert await store.quick_check() == []


@pytest.mark.parametrize("table", ["conversation", "message", "part"])
async def test_every_text_is_read_whichever_root_is_damaged(tmp_path: Path, table: str) -> None:
    texts = await history(tmp_path)
    with raw(tmp_path / "chats.db") as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    overwrite(tmp_path / "chats.db", root, random.Random(1))
    assert set(texts.values()) <= set(saved(tmp_path).values())


async def test_of_damaged_leaves_only_their_own_rows_are_lost(tmp_path: Path) -> None:
    texts = await history(tmp_path, chats=40)
    whole = (tmp_path / "chats.db").read_bytes()
    leaves = pages_of(tmp_path / "chats.db", "part")
    assert len(leaves) > 30
    for seed in range(10):
        noise = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "chats.db").write_bytes(whole)
        overwrite(folder / "chats.db", noise.choice(leaves), noise if seed % 2 else None)
        assert share(texts, saved(folder)) >= 0.95


async def test_a_text_whose_message_is_lost_is_in_a_chat(tmp_path: Path) -> None:
    texts = await history(tmp_path)
    overwrite(tmp_path / "chats.db", pages_of(tmp_path / "chats.db", "message")[0], None)
    found = saved(tmp_path)
    assert set(texts.values()) <= set(found.values())
    async with opened(tmp_path) as store:
        shown: set[str] = set()
        for conversation in await conversations_of(store):
            shown |= {message.text for message in (await store.tree(conversation.id)).path}
        assert set(texts.values()) <= shown
        assert len(await conversations_of(store)) == 21


async def test_what_only_the_log_holds_is_read_too(tmp_path: Path) -> None:
    async with opened(tmp_path / "profile") as store:
        await fill(store)
        crashed = tmp_path / "crashed"
        crashed.mkdir()
        for name in ("chats.db", "chats.db-wal"):
            shutil.copyfile(tmp_path / "profile" / name, crashed / name)
    assert (crashed / "chats.db-wal").stat().st_size > (crashed / "chats.db").stat().st_size
    before = {end: digest(crashed / f"chats.db{end}") for end in ("", "-wal")}
    (crashed / "chats.db").write_bytes(b"")
    salvaged, kept = save_readable(crashed / "chats.db", crashed / "backups")
    assert salvaged.unreadable == 0
    assert kept is not None
    assert digest(kept.with_name(f"{kept.name}-wal")) == before["-wal"]
    async with opened(crashed) as store:
        (conversation,) = await conversations_of(store)
        tree = await store.tree(conversation.id)
        assert {message.text for message in tree} >= {"Why are there tides?", "The Moon."}
        assert (await store.ledger(0, 1e12))[0].message_id


async def test_nothing_readable_is_said_and_changes_nothing(tmp_path: Path) -> None:
    await history(tmp_path, chats=1)
    size = (tmp_path / "chats.db").stat().st_size
    (tmp_path / "chats.db").write_bytes(random.Random(1).randbytes(size))
    before = digest(tmp_path / "chats.db")
    with pytest.raises(DatabaseCorrupt, match="nothing"):
        save_readable(tmp_path / "chats.db", tmp_path / "backups")
    assert not (tmp_path / "chats.partial").exists()
    assert digest(tmp_path / "chats.db") == before


async def test_noise_anywhere_never_stops_it(tmp_path: Path) -> None:
    texts = await history(tmp_path, chats=10)
    whole = (tmp_path / "chats.db").read_bytes()
    shares = []
    for seed in range(20):
        noise = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(3):
            sector = noise.randrange(len(whole) // 512) * 512
            damaged[sector : sector + 512] = noise.randbytes(512)
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "chats.db").write_bytes(damaged)
        shares.append(share(texts, saved(folder)))
    assert sum(shares) / len(shares) > 0.85


async def test_the_newest_good_copy_takes_its_place(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await begun(store)
        good, _ = await store.back_up(Reason.REGULAR)
        await begun(store)
        bad, _ = await store.back_up(Reason.REGULAR)
    bad.write_bytes(bytes(bad.stat().st_size))
    (tmp_path / "chats.db").write_bytes(b"damaged" * 1000)
    before = digest(tmp_path / "chats.db")
    backup = newest_backup(tmp_path / "chats.db", [tmp_path / "backups", tmp_path / "nowhere"])
    assert backup is not None
    assert backup.path == good
    kept = use_backup(tmp_path / "chats.db", tmp_path / "backups", backup)
    assert kept is not None
    assert digest(kept) == before
    async with opened(tmp_path) as store:
        assert len(await conversations_of(store)) == 1


@pytest.mark.parametrize("content", [None, b"", b"damaged" * 1000])
async def test_beginning_anew_keeps_what_was_there(tmp_path: Path, content: bytes | None) -> None:
    async with opened(tmp_path) as store:
        await begun(store)
        await store.back_up(Reason.REGULAR)
    if content is None:
        (tmp_path / "chats.db").unlink()
    else:
        (tmp_path / "chats.db").write_bytes(content)
    kept = begin_anew(tmp_path / "chats.db", tmp_path / "backups")
    assert (kept.read_bytes() if kept else b"") == (content or b"")
    async with opened(tmp_path) as store:
        assert await conversations_of(store) == []
        await begun(store)
