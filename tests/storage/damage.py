"""Databases to be damaged, and the damage."""

import random
from pathlib import Path

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role
from tests.storage.samples import opened, raw

PAGE = 4096


async def history(folder: Path, chats: int = 20, turns: int = 10) -> dict[str, str]:
    """Fill the database of ``folder``; the text of each message by its id. Some need several pages."""
    texts: dict[str, str] = {}
    async with opened(folder) as store:
        for number in range(chats):
            conversation = Conversation(new_id(), f"Chat {number}", created_at=1.0 + number)
            parent, messages = None, []
            for turn in range(turns):
                words = f"{number} {turn} " + "word " * (2_000 if turn % 7 == 3 else 40)
                message = Message(new_id(), parent, Role.USER, [Part(PartKind.TEXT, words)], created_at=2.0)
                messages.append(message)
                texts[message.id] = words
                parent = message.id
            await store.begin_turn(conversation, messages)
    return texts


def pages_of(path: Path, *tables: str) -> list[int]:
    """The pages of the leaves of ``tables``."""
    found = []
    data = path.read_bytes()
    with raw(path) as connection:
        roots = [
            root
            for name in tables
            for (root,) in connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,))
        ]
    while roots:
        number = roots.pop()
        page = data[PAGE * (number - 1) : PAGE * number]
        if page[0] == 0x0D:
            found.append(number)
        elif page[0] == 0x05:
            count = int.from_bytes(page[3:5])
            cells = [int.from_bytes(page[12 + 2 * i : 14 + 2 * i]) for i in range(count)]
            roots += [int.from_bytes(page[cell : cell + 4]) for cell in cells]
            roots.append(int.from_bytes(page[8:12]))
    return sorted(found)


def overwrite(path: Path, number: int, noise: random.Random | None) -> None:
    """Fill a page with noise, or with zeros."""
    with path.open("rb+") as file:
        file.seek(PAGE * (number - 1))
        file.write(noise.randbytes(PAGE) if noise else bytes(PAGE))


def texts_of(path: Path) -> dict[str, str]:
    """The text of each message by its id, in a sound database."""
    with raw(path) as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute(
            "SELECT id, ifnull(group_concat(text, ''), '') FROM message "
            "LEFT JOIN part ON message_seq = message.seq GROUP BY message.id"
        )
        return {str(id): str(text) for id, text in rows}
