"""What a call acknowledged survives a power cut; what was only appended may not, but nothing breaks."""

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Draft, PartKind, State
from desktop_chat.storage.database import Database
from tests.storage.kills import Expected, Work
from tests.storage.power import disk
from tests.storage.samples import opened, text, turn

pytestmark = pytest.mark.anyio


async def test_what_was_acknowledged_survives(tmp_path: Path) -> None:
    conversation, (question, answer) = Conversation(new_id()), turn()
    with disk() as losing:
        async with opened(tmp_path / "profile") as store:
            await store.begin_turn(conversation, [question, answer])
            losing.cut_power(tmp_path / "begun")
            for number in range(3):
                await store.append(answer.id, [text(f"{number}")], durable=False)
            losing.cut_power(tmp_path / "appended")
            await store.append(answer.id, [], durable=True)
            losing.cut_power(tmp_path / "synced")
            await store.append(answer.id, [text("3")], durable=False)
            await store.append(answer.id, [text("4")], durable=True)
            losing.cut_power(tmp_path / "durable")
            await store.save_draft("new", "draft")
            losing.cut_power(tmp_path / "draft")
            finished = replace(answer, state=State.COMPLETE)
            finished.append(PartKind.TEXT, "01234, all of it")
            await store.finish(finished)
            losing.cut_power(tmp_path / "finished")
    expected = {
        "begun": "",
        "synced": "012",
        "durable": "01234",
        "draft": "01234",
        "finished": "01234, all of it",
    }
    for name, words in expected.items():
        async with opened(tmp_path / name) as store:
            assert await store.quick_check() == []
            tree = await store.tree(conversation.id)
            assert (tree[question.id].text, tree[answer.id].text) == ("Why?", words), name
            drafts = {"new": Draft("draft")} if name in ("draft", "finished") else {}
            assert await store.drafts() == drafts
    async with opened(tmp_path / "appended") as store:
        assert await store.quick_check() == []
        tree = await store.tree(conversation.id)
        assert not tree[answer.id].text
        assert tree[answer.id].state is State.INTERRUPTED


async def test_a_cut_at_any_sync_leaves_a_sound_database(tmp_path: Path) -> None:
    conversation = Conversation(new_id())
    acknowledged: list[int] = []
    with disk() as losing:
        async with opened(tmp_path / "profile") as store:
            # So small that checkpoints come in between all the time.
            await store._thread.call(Database.execute, "PRAGMA wal_autocheckpoint = 8")
            parent = None
            for number in range(25):
                question, answer = turn(f"{number} " * 200, parent)
                await store.begin_turn(conversation, [question, answer])
                await store.append(answer.id, [text("half")], durable=number % 2 == 0)
                answer.append(PartKind.TEXT, "whole " * 200)
                answer.state = State.COMPLETE
                await store.finish(answer)
                parent = answer.id
                acknowledged += [number] * (len(losing.history) - len(acknowledged))
    assert len(losing.history) > 100
    acknowledged += [25] * (len(losing.history) - len(acknowledged))
    for number, (synced, turns) in enumerate(zip(losing.history, acknowledged, strict=True)):
        folder = tmp_path / f"{number}"
        losing.restore(synced, folder)
        async with opened(folder) as store:
            assert await store.quick_check() == []
            tree = await store.tree(conversation.id)
            answers = [message for message in tree.path if message.text == "whole " * 200]
            assert len(answers) >= turns


async def test_a_cut_in_mixed_work_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    """``POWER_CUTS=200`` is the long run: at so many syncs, with the rest dropped and with it torn."""
    cuts = int(os.environ.get("POWER_CUTS", "12"))
    said: list[tuple[int, str]] = []
    with disk(tears=True) as losing:
        async with opened(tmp_path / "profile") as store:
            await store._thread.call(Database.execute, "PRAGMA wal_autocheckpoint = 20")

            def say(*words: object) -> None:
                said.append((len(losing.history), " ".join(map(str, words))))

            await Work(store, random.Random(3), say).go_on(max(25, cuts))
    assert len(losing.history) >= cuts
    for number in random.Random(4).sample(range(len(losing.history)), cuts):
        for name, synced, seen in (
            # At a sync what was said before it was synced before; "torn" is the moment before the sync.
            ("dropped", losing.history[number], number + 1),
            ("torn", losing.torn[number], number),
        ):
            folder = tmp_path / f"{number} {name}"
            losing.restore(
                {file: data for file, data in synced.items() if file.startswith("chats.db")}, folder
            )
            expected = Expected()
            expected.hear([line for at, line in said if at <= seen], power_is_cut=True)
            await expected.look(folder)
            shutil.rmtree(folder)
