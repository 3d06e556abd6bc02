"""Kills a process at random moments of mixed work, and looks for what it said was saved.

``python -m tests.storage.kills --kills 200`` is the long run; the tests do a short one. What works is
``python -m tests.storage.kills --work FOLDER SEED``: it opens the database of FOLDER, which may be one of an
older version, and streams, edits, imports, deletes, restores, purges, organises, indexes, backs up, goes back
and wipes until it is killed. A line on standard output is said when that which it tells is saved:

    has ID LENGTH       the message is there, with so many characters of its text at least
    wrote ID LENGTH     the same, but a power cut may take it back
    forgets ID …        these messages are about to be deleted for good: they may be there or not
    forgets all         so are all that there are
    forgot              they are gone
"""

import argparse
import asyncio
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from desktop_chat.domain.archive import History
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.storage import Reason, Store
from tests.storage.samples import load_file, opened, raw, text, turn

ROOT = Path(__file__).parents[2]
RELEASED = Path(__file__).with_name("released")
KILLS_OF_ONE = 10
"""How often the same database is opened and killed."""


def words(message_id: str, number: int = 1) -> str:
    """The text of a message: no two have the same."""
    return f"{message_id} word " * number


def say(*said: object) -> None:
    print(*said, flush=True)


@dataclass
class Work:
    """What one process does."""

    store: Store
    noise: random.Random
    say: Callable[..., object] = say
    chats: dict[str, list[str]] = field(default_factory=dict)

    async def go_on(self, steps: int) -> None:
        works = (
            self.stream,
            self.edit,
            self.bring,
            self.delete,
            self.delete_message,
            self.organise,
            self.index,
            self.back_up,
            self.go_back,
            self.wipe,
        )
        await self.stream()
        for _ in range(steps):
            await self.noise.choice(works)()

    def _begun(self, parent: str | None) -> tuple[Message, Message]:
        question, answer = turn(parent_id=parent)
        question.parts = [Part(PartKind.TEXT, words(question.id, self.noise.randrange(1, 50)))]
        return question, answer

    async def stream(self) -> None:
        conversation = Conversation(new_id(), "Streamed", created_at=1.0)
        question, answer = self._begun(None)
        await self.store.begin_turn(conversation, [question, answer])
        self.chats[conversation.id] = [question.id, answer.id]
        self.say("has", question.id, len(question.text))
        for number in range(self.noise.randrange(1, 12)):
            piece = words(answer.id, 2)
            answer.append(PartKind.TEXT, piece)
            is_durable = number % 3 == 0
            await self.store.append(answer.id, [text(piece)], durable=is_durable)
            self.say("has" if is_durable else "wrote", answer.id, len(answer.text))
        answer.state = State.COMPLETE
        await self.store.finish(answer)
        self.say("has", answer.id, len(answer.text))

    async def edit(self) -> None:
        chat = self.noise.choice(list(self.chats))
        question, answer = self._begun(self.noise.choice([None, self.chats[chat][-1]]))
        await self.store.begin_turn(Conversation(chat, "Edited", created_at=1.0), [question, answer])
        self.chats[chat] += [question.id, answer.id]
        self.say("has", question.id, len(question.text))

    async def bring(self) -> None:
        histories = []
        for _ in range(self.noise.randrange(1, 6)):
            conversation = Conversation(new_id(), "Imported", created_at=1.0, origin="import:test")
            messages: list[Message] = []
            for _ in range(self.noise.randrange(1, 12)):
                parent = messages[-1].id if messages else None
                made = Message(new_id(), parent, Role.USER, [], created_at=1.0)
                made.parts = [Part(PartKind.TEXT, words(made.id, 20))]
                messages.append(made)
            histories.append(History(conversation, messages))
        await self.store.add_history(histories)
        for history in histories:
            self.chats[history.conversation.id] = [message.id for message in history.messages]
            for message in history.messages:
                self.say("has", message.id, len(message.text))

    async def delete(self) -> None:
        chat = self.noise.choice(list(self.chats))
        await self.store.delete_conversations([chat])
        match self.noise.randrange(3):
            case 0:
                await self.store.restore_conversations([chat])
            case 1 if len(self.chats) > 3:
                self.say("forgets", *self.chats.pop(chat))
                await self.store.purge([chat])
                self.say("forgot")

    async def delete_message(self) -> None:
        chat = self.noise.choice(list(self.chats))
        message = self.noise.choice(self.chats[chat])
        await self.store.delete_messages([message])
        match self.noise.randrange(3):
            case 0:
                await self.store.restore_messages([message])
            case 1 if len(self.chats[chat]) > 1:
                self.chats[chat].remove(message)
                self.say("forgets", message)
                await self.store.purge([message])
                self.say("forgot")

    async def organise(self) -> None:
        chat = self.noise.choice(list(self.chats))
        await self.store.organise([chat], pinned=self.noise.random() < 0.5, archived=False)
        await self.store.save_draft("new", words("draft", self.noise.randrange(200)))

    async def index(self) -> None:
        await self.store.index_pending(0.02)

    async def back_up(self) -> None:
        if self.noise.random() < 0.2:
            await self.store.back_up(Reason.REGULAR)

    async def go_back(self) -> None:
        """To a backup that is made just before, so that nothing goes."""
        if self.noise.random() < 0.2:
            path, _ = await self.store.back_up(Reason.RESTORE)
            copy = path.with_suffix(".copy")
            shutil.copyfile(path, copy)
            await self.store.become(copy)

    async def wipe(self) -> None:
        if self.noise.random() < 0.05:
            self.say("forgets", "all")
            await self.store.wipe(ledger=self.noise.random() < 0.5)
            self.say("forgot")
            self.chats.clear()
            await self.stream()


async def work(folder: Path, seed: int) -> None:
    async with opened(folder) as store:
        await Work(store, random.Random(seed)).go_on(10**9)


@dataclass
class Expected:
    """What has to be there. ``may_go`` are messages whose chat was about to be deleted for good."""

    has: dict[str, int] = field(default_factory=dict)
    may_go: set[str] = field(default_factory=set)

    def hear(self, lines: Iterable[str], *, power_is_cut: bool = False) -> None:
        last: list[str] = []
        for line in lines:
            match line.split():
                case ["has", id, length]:
                    self.has[id] = int(length)
                case ["wrote", id, length] if not power_is_cut:
                    self.has[id] = int(length)
                case ["forgets", *ids]:
                    last = list(self.has) if ids == ["all"] else ids
                    self.may_go |= set(last)
                case ["forgot"]:
                    for id in last:
                        self.has.pop(id, None)

    def check(self, folder: Path) -> None:
        """Raises AssertionError where something is missing or damaged."""
        asyncio.run(self.look(folder))

    async def look(self, folder: Path) -> None:
        """The same in a loop."""
        # As the next start does.
        async with opened(folder) as store:
            assert await store.quick_check() == []
        with raw(folder / "chats.db") as connection:
            assert connection.execute("PRAGMA integrity_check").get == "ok"
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            connection.execute("INSERT INTO search_word (search_word) VALUES ('integrity-check')")
            found = {
                str(id): str(text)
                for id, text in connection.execute(
                    "SELECT id, ifnull(group_concat(text, ''), '') FROM message "
                    "LEFT JOIN part ON message_seq = message.seq GROUP BY message.id"
                )
            }
        for id, length in self.has.items():
            assert id in found or id in self.may_go, f"{id} is lost"
            if id in found:
                assert len(found[id]) >= length, f"a part of {id} is lost"
                assert set(found[id].split()) <= {id, "word"}, f"{id} has words of another"
        for copy in (folder / "backups").glob("*.db"):
            with raw(copy) as connection:
                assert connection.execute("PRAGMA integrity_check").get == "ok", copy.name


def kill_once(folder: Path, seed: int, expected: Expected) -> None:
    """Start a process on ``folder`` and kill it at a random moment; ``expected`` hears what it said."""
    noise = random.Random(seed)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.kills", "--work", str(folder), str(seed)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert process.stdout is not None
    with process:
        # Before the first line it opens the database: a part of the kills hits that.
        lines = list(itertools.islice(process.stdout, noise.choice([0, noise.randrange(80)])))
        with suppress(subprocess.TimeoutExpired):
            process.wait(noise.uniform(0, 0.5 if not lines else 0.03))
        process.kill()
        # A last line may be cut.
        rest = process.stdout.read()
        lines += rest[: rest.rfind("\n") + 1].splitlines()
    assert process.returncode < 0, "it ended by itself"
    expected.hear(lines)


def kill_many(folder: Path, kills: int, seed: int = 0) -> None:
    """Kill as often; raises AssertionError at the first loss."""
    expected = Expected()
    for number in range(kills):
        at = folder / f"{number // KILLS_OF_ONE}"
        if number % KILLS_OF_ONE == 0:
            expected = Expected()
            at.mkdir()
            if version := number // KILLS_OF_ONE % 4:
                load_file(RELEASED / f"{version}.sql", at / "chats.db")
        kill_once(at, seed + number, expected)
        expected.check(at)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--work", nargs=2, metavar=("FOLDER", "SEED"))
    options = parser.parse_args()
    if options.work:
        asyncio.run(work(Path(options.work[0]), int(options.work[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        kill_many(Path(folder), options.kills, options.seed)
    print(f"{options.kills} of {options.kills} kills: nothing that was saved is lost (seed {options.seed})")


if __name__ == "__main__":
    main()
