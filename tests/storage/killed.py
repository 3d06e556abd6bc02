"""A process that dies at each statement of what changes a history, again and again.

``python -m tests.storage.killed FOLDER`` says how often it died and fails where what is left is not what was
stored before or after some transaction, or less than what was acknowledged. Each death is that of a fork, so
that it takes milliseconds.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.archive import History
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Folder, Tag
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.storage import histories, indexing, organising, trash
from desktop_chat.storage.database import Database
from tests.storage.samples import dump, load_file, raw

RELEASED = Path(__file__).parent / "released"


def history(name: str, count: int) -> History:
    """A chat of some messages, one of them in the trash, in a folder that is there and one that is not."""
    messages = [
        Message(
            f"{name}{at}", f"{name}{at - 1}" if at else None, Role.USER, [Part(PartKind.TEXT, f"word {at}")]
        )
        for at in range(count)
    ]
    chat = Conversation(name, name, used_at=5.0, folder="f1")
    return History(chat, messages, tags=(Tag("t1", "Très important"),), trashed={f"{name}1": 3.0})


def longer(name: str, count: int) -> History:
    return replace(history(name, count), conversation=Conversation(name, used_at=9.0, active_leaf=f"{name}2"))


def index(db: Database) -> None:
    while indexing.index_slice(db):
        pass


def purge(db: Database) -> None:
    while trash.purge(db, 1e12, None):
        pass


OPERATIONS: tuple[Callable[[Database], Any], ...] = (
    lambda db: histories.add(db, [history("x", 4), history("y", 3)]),
    lambda db: histories.add(db, [longer("x", 6), history("z", 2)]),
    index,
    lambda db: organising.save_folder(db, Folder("f3", "New", "f1", 0)),
    lambda db: organising.organise(db, ["x", "y", "c1"], "f3", {"archived": True}, ["t1"], []),
    lambda db: organising.remove_folder(db, "f1"),
    lambda db: organising.remove_tag(db, "t1"),
    lambda db: trash.delete(db, "message", ["x2", "y1"]),
    lambda db: trash.delete(db, "conversation", ["y", "c1"]),
    lambda db: trash.restore(db, "message", ["x2"]),
    purge,
    lambda db: trash.wipe(db, ledger=False),
    lambda db: histories.add(db, [history("after", 3)]),
)


def state(folder: Path) -> list[str]:
    """All that is stored but what the index holds, which is made of it."""
    with raw(folder / "chats.db") as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO search_word (search_word) VALUES ('integrity-check')")
        return [line for line in dump(connection) if not line.startswith("INSERT INTO search_word_")]


@contextmanager
def watched(seen: Callable[[], None]) -> Iterator[None]:
    """``seen`` is called before each statement of each connection that is made meanwhile."""

    def hook(connection: apsw.Connection) -> None:
        connection.set_exec_trace(lambda *_: seen() or True)

    apsw.connection_hooks.append(hook)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(hook)


def run(folder: Path, seen: Callable[[], None], done: Callable[[Database], None]) -> None:
    with watched(seen):
        db = Database(folder / "chats.db", folder / "backups")
        for operation in OPERATIONS:
            operation(db)
            done(db)
        db.close()


def states(folder: Path) -> tuple[list[list[str]], list[int], int]:
    """What is stored before all and after each transaction, which of these are the ends of operations, and
    how many statements it takes."""
    count = 0
    stored, ends = [state(folder)], list[int]()
    transaction = Database.transaction

    def seen() -> None:
        nonlocal count
        count += 1

    @contextmanager
    def told(db: Database, *, durable: bool = True) -> Iterator[None]:
        with transaction(db, durable=durable):
            yield
        if db.path == folder / "chats.db":
            stored.append(state(folder))

    def done(_: Database) -> None:
        ends.append(len(stored))
        stored.append(state(folder))

    Database.transaction = told  # type: ignore[method-assign]
    try:
        run(folder, seen, done)
    finally:
        Database.transaction = transaction  # type: ignore[method-assign]
    return stored, ends, count


def die_at(folder: Path, number: int) -> int:
    """Die before the ``number``-th statement; how many operations were acknowledged."""
    acknowledged = folder / "acknowledged"
    child = os.fork()
    if child == 0:
        left, file = number, os.open(acknowledged, os.O_CREAT | os.O_WRONLY)

        def seen() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(0)

        run(folder, seen, lambda _: os.write(file, b"x") and None)
        os._exit(0)
    os.waitpid(child, 0)
    return acknowledged.stat().st_size if acknowledged.exists() else 0


def main(folder: Path, step: int) -> int:
    """Die at every ``step``-th statement; how often that was."""
    time.time = lambda: 2e9
    trash.SLICE = indexing.SLICE = 1e9
    whole = folder / "whole"
    whole.mkdir()
    load_file(RELEASED / "4.sql", whole / "chats.db")
    shutil.copytree(whole, folder / "first")
    stored, ends, count = states(folder / "first")
    for number in range(0, count, step):
        copy = folder / "copy"
        shutil.copytree(whole, copy)
        acknowledged = die_at(copy, number)
        left = state(copy)
        assert left in stored, f"at statement {number} a transaction was cut"
        reached = max(at for at, each in enumerate(stored) if each == left)
        if acknowledged:
            assert reached >= ends[acknowledged - 1], f"at statement {number} what was stored is lost"
        shutil.rmtree(copy)
    return len(range(0, count, step))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2])))
