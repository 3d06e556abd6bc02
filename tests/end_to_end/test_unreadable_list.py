"""A database that opens, and whose list of chats cannot be read."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import apsw
from PySide6.QtWidgets import QApplication, QPushButton

from tests.end_to_end.driver import running, server_endpoint
from tests.helpers.bench import listed
from tests.server import Server

Play = Callable[[Coroutine[Any, Any, None]], None]


def test_a_list_of_chats_that_cannot_be_read_is_told(play: Play, server: Server, tmp_path: Path) -> None:
    async def first_run() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            await app.ask("Question")

    def damage(parameters: str) -> None:
        with contextlib.closing(apsw.Connection(str(tmp_path / "chats.db"))) as database:
            database.execute("UPDATE conversation SET parameters = ?", (parameters,))

    async def second_run() -> None:
        made = running(tmp_path)
        starting = asyncio.ensure_future(anext(made.gen))
        await until_shown("Try again")
        damage("{}")
        press("Try again")
        app = await starting
        assert [c.title for c in await listed(app.program.chats)] == ["Question"]
        with contextlib.suppress(StopAsyncIteration):
            await anext(made.gen)

    play(first_run())
    damage("nonsense")
    play(second_run())


def press(text: str) -> None:
    next(b for b in visible_buttons() if b.text() == text).click()


async def until_shown(text: str) -> None:
    async with asyncio.timeout(20):
        while text not in [b.text() for b in visible_buttons()]:  # noqa: ASYNC110 - what is shown has no event
            await asyncio.sleep(0)


def visible_buttons() -> list[QPushButton]:
    return [
        button
        for top in QApplication.topLevelWidgets()
        for button in top.findChildren(QPushButton)
        if button.isVisible()
    ]
