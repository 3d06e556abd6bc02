"""Nothing that was typed is lost: over restarts, changes of the chat, prompts and edits."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt

from desktop_chat.domain.request import Parameters
from tests.end_to_end.driver import Driver, running, server_endpoint
from tests.helpers.bench import listed
from tests.server import Server, faults, wire

Play = Callable[[Coroutine[Any, Any, None]], None]


def typed(app: Driver) -> tuple[str, bool]:
    """What is in the composer, and whether it edits a message."""
    composer = app.window.chat.composer
    return composer.text, composer.editing is not None


async def opened(app: Driver, place: int = 0) -> None:
    """Open the chat at that place of the list."""
    wanted = (await listed(app.program.chats))[place].id
    app.window.open_chat(wanted)
    await app.until(lambda: app.window.session.conversation.id == wanted, "the chat is open")


def test_a_new_chats_draft_is_there_after_a_restart(play: Play, server: Server, tmp_path: Path) -> None:
    async def first_run() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            app.type("half a thought")

    async def second_run(prompt: str, expected: str) -> None:
        async with running(tmp_path, prompt=prompt) as app:
            assert typed(app) == (expected, False)

    play(first_run())
    play(second_run("", "half a thought"))
    play(second_run("Explain this", "half a thought\n\nExplain this"))
    play(second_run("Explain this", "half a thought\n\nExplain this"))


def test_a_prompt_replaces_nothing(play: Play, server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            app.type("mine")
            app.window.new_chat("theirs")
            assert typed(app) == ("mine\n\ntheirs", False)

    play(story())


def test_an_edit_and_the_draft_beside_it_are_kept(play: Play, server: Server, tmp_path: Path) -> None:
    async def first_run() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            await app.ask("Question")
            app.type("unsent draft")
            app.window.chat.edit_last()
            app.type(", better")

    async def second_run() -> None:
        async with running(tmp_path) as app:
            await opened(app)
            assert typed(app) == ("Question, better", True)
            app.key(Qt.Key.Key_Return)
            await app.until(lambda: not typed(app)[1] and not app.program.chats.busy, "the edit is sent")
            assert [m.text for m in app.path] == ["Question, better", wire.WORDS]
            assert typed(app) == ("unsent draft", False)

    async def third_run() -> None:
        async with running(tmp_path) as app:
            await opened(app)
            assert typed(app) == ("unsent draft", False)

    play(first_run())
    play(second_run())
    play(third_run())


def test_what_is_typed_while_an_edit_is_saved_stays(play: Play, server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            await app.ask("Question")
            app.window.chat.edit_last()
            app.key(Qt.Key.Key_Return)
            app.type(" and more")
            await app.until(lambda: len(app.window.session.tree) == 4, "the edit is saved")
            await app.until(lambda: not app.program.chats.busy, "answered")
            assert typed(app) == ("Question and more", True)

    play(story())


def test_a_new_chat_keeps_its_system_prompt_while_another_is_shown(
    play: Play, server: Server, tmp_path: Path
) -> None:
    async def story() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            await app.ask("Question")
            app.window.new_chat()
            app.type("You are terse.", app.window.chat.details.prompt)
            app.type("draft")
            await opened(app)
            app.window.new_chat()
            assert app.window.chat.details.prompt.toPlainText() == "You are terse."
            assert typed(app) == ("draft", False)
            assert app.window.session.conversation.parameters == Parameters("You are terse.")

    play(story())


def test_a_new_chat_asked_for_last_is_the_one_that_is_shown(
    play: Play, server: Server, tmp_path: Path
) -> None:
    async def first_run() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            await app.ask("Question")

    async def second_run() -> None:
        async with running(tmp_path) as app:
            chats = app.program.chats
            (chat,) = await listed(chats)
            app.window.open_chat(chat.id)
            app.window.new_chat()
            await chats.open(chat.id)
            await app.program.store.drafts()
            assert not app.window.session.is_stored

    play(first_run())
    play(second_run())


def test_a_problems_buttons_act_in_its_own_chat(play: Play, server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            await app.ask("Of the other chat")
            app.window.new_chat()
            server.script(faults.status(400, {"message": "too long", "code": "context_length_exceeded"}))
            await app.ask("Far too long")
            failed = app.window.session
            await app.until(lambda: app.is_shown("problem"), "the problem dialog")
            await opened(app, 1)
            assert app.window.session is not failed
            app.press("Shorten")
            await app.until(lambda: app.window.session is failed, "its chat is shown")
            assert typed(app) == ("Far too long", True)

    play(story())


def test_a_problem_of_a_deleted_chat_asks_nothing_more(play: Play, server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            server.script(faults.status(429, "slow down", {"retry-after": "600"}))
            await app.ask("Question")
            await app.until(lambda: app.is_shown("problem"), "the problem dialog")
            session = app.window.session
            app.window.delete_chat()
            await app.until(lambda: app.window.session is not session, "a new chat is shown")
            app.press("Try again")
            await app.program.store.drafts()
            assert not session.is_busy
            assert len(server.exchanges) == 1

    play(story())
