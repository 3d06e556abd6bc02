"""A chat whose row is damaged is shown all the same, and keeps none of the others from being shown."""

import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.end_to_end.driver import running, server_endpoint
from tests.helpers.bench import listed
from tests.server import Server, wire

Play = Callable[[Coroutine[Any, Any, None]], None]


@pytest.mark.parametrize("damage", ["nonsense", "[" * 100_000])
def test_a_chat_with_damaged_settings_is_listed_and_opened(
    play: Play, server: Server, tmp_path: Path, damage: str
) -> None:
    async def first_run() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            await app.ask("Question")

    async def second_run() -> None:
        async with running(tmp_path) as app:
            (chat,) = await listed(app.program.chats)
            assert chat.title == "Question"
            app.window.open_chat(chat.id)
            await app.until(lambda: len(app.path) == 2, "the chat is open")
            assert app.answer.text == wire.WORDS

    play(first_run())
    with contextlib.closing(apsw.Connection(str(tmp_path / "chats.db"))) as database:
        database.execute("UPDATE conversation SET parameters = ?1, context = ?1", (damage,))
    play(second_run())
