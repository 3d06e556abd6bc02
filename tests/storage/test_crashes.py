"""Whatever dies or runs out: what was acknowledged is there, and the database is sound."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Draft, Part, PartKind, State
from desktop_chat.storage import DiskFull, Store
from tests.helpers.stored import conversations_of
from tests.storage.kills import kill_many
from tests.storage.samples import begun, limit_pages, opened, raw, text, turn
from tests.storage.writer import words

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


def stream_until_killed(folder: Path, lines: int) -> tuple[str, str, int]:
    """Kill the writer when it has said ``lines`` lines; its two ids, and how much it said is saved."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.writer", str(folder)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert process.stdout is not None
    with process:
        conversation_id, answer_id = process.stdout.readline().split()
        for _ in range(lines):
            process.stdout.readline()
        process.kill()
        # What it said until the signal came still counts; a last line may be cut.
        said = [line for line in process.stdout.read().split("\n")[:-1] if line]
    saved = int(said[-1]) if said else lines * len(words(0))
    return conversation_id, answer_id, saved


@pytest.mark.parametrize("seed", range(3))
async def test_killed_while_streaming(tmp_path: Path, seed: int) -> None:
    lines = random.Random(seed).randrange(200)
    conversation_id, answer_id, saved = stream_until_killed(tmp_path, lines)
    async with opened(tmp_path) as store:
        answer = (await store.tree(conversation_id))[answer_id]
        assert answer.state in (State.INTERRUPTED, State.COMPLETE)
        assert len(answer.text) >= saved
        assert answer.text == "".join(map(words, range(len(answer.text) // len(words(0)))))
        assert [part.kind for part in answer.parts] in ([PartKind.TEXT], [])
    with raw(tmp_path / "chats.db") as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        assert connection.execute("SELECT count(*) FROM message").get == 2


def test_killed_at_random_moments_of_mixed_work(tmp_path: Path) -> None:
    """The long run is ``python -m tests.storage.kills``."""
    kill_many(tmp_path, 5, seed=1)


async def fill_up(store: Store, message_id: str) -> str:
    """Append until the disk is full; what was saved until then."""
    saved = ""
    for number in range(10_000):
        try:
            await store.append(message_id, [text(words(number) * 20)], durable=number % 3 == 0)
        except DiskFull:
            return saved
        saved += words(number) * 20
    raise AssertionError("the disk never was full")


async def test_a_full_disk_while_streaming(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        await limit_pages(store, 60)
        saved = await fill_up(store, answer.id)
        assert saved
        assert (await store.tree(conversation.id))[answer.id].text == saved
        answer.parts = [Part(PartKind.TEXT, saved + "and what could not be saved" * 5000)]
        answer.state = State.STOPPED
        with pytest.raises(DiskFull):
            await store.finish(answer)
        assert (await store.tree(conversation.id))[answer.id].text == saved
        await limit_pages(store, 2**30)
        await store.finish(answer)
        assert (await store.tree(conversation.id))[answer.id] == answer
        assert await store.quick_check() == []


async def test_a_full_disk_at_the_other_calls_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, question, answer = await begun(store)
        await store.save_draft("new", "draft")
        await limit_pages(store, 60)
        saved = await fill_up(store, answer.id)
        large = "x" * 20_000
        with pytest.raises(DiskFull):
            await store.begin_turn(Conversation(new_id(), "new"), turn(large), draft="new")
        with pytest.raises(DiskFull):
            await store.save_draft("new", large)
        conversation.title = large
        with pytest.raises(DiskFull, match="full"):
            await store.update_conversation(conversation)
        (stored,) = await conversations_of(store)
        assert (stored.id, stored.title, stored.active_leaf) == (conversation.id, "Why", answer.id)
        assert await store.drafts() == {"new": Draft("draft")}
        assert [m.text for m in (await store.tree(conversation.id)).path] == [question.text, saved]
    async with opened(tmp_path) as store:
        assert (await store.tree(conversation.id))[answer.id].text == saved
        await store.save_draft("new", large)


async def test_closing_on_a_full_disk_keeps_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        conversation, _, answer = await begun(store)
        await limit_pages(store, 60)
        saved = await fill_up(store, answer.id)
    async with opened(tmp_path) as store:
        assert (await store.tree(conversation.id))[answer.id].text == saved
