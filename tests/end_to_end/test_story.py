"""The main job, told once: welcome, first answer, stop, error, retry, restart, history."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import keyring
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QListView, QWidget

from desktop_chat.credentials import Credentials
from desktop_chat.domain.errors import KeyRejected
from desktop_chat.domain.message import State
from desktop_chat.session import Phase
from tests.end_to_end.driver import Driver, running, server_endpoint
from tests.helpers.bench import listed
from tests.helpers.keyrings import MemoryKeyring
from tests.server import Server, faults, wire

Play = Callable[[Coroutine[Any, Any, None]], None]
KEY = "sk-CANARY-0123456789abcdef"


@pytest.fixture
def memory_keyring() -> Any:
    before = keyring.get_keyring()
    made = MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def files_with(folder: Path, text: str) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_from_the_welcome_to_the_history(
    play: Play, server: Server, tmp_path: Path, memory_keyring: MemoryKeyring
) -> None:
    async def first_run() -> None:
        async with running(tmp_path) as app:
            assert app.is_shown("welcome")
            key = choose_server(app, server)
            QApplication.clipboard().setText(f'  "Bearer {KEY}"\n')
            key.setFocus()
            key.paste()
            app.press("Start chatting")
            await app.until(lambda: not app.is_shown("welcome"), "the welcome closes")
            assert list(memory_keyring.entries.values()) == [KEY]

            answer = await app.ask("What does the fox do?")
            assert answer.state is State.COMPLETE
            assert answer.text == wire.WORDS
            assert app.composer.toPlainText() == ""
            assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"

            server.script(faults.stall_in_text)
            app.send("And then?")
            await app.until(lambda: app.answer.text == faults.TEXT, "text before the stop")
            app.key(Qt.Key.Key_Escape)
            await app.until(lambda: not app.program.chats.busy, "stopped")
            assert app.answer.state is State.STOPPED
            await app.until(server.requests[-1].closed.is_set, "the server sees the connection close")

            server.script(faults.status(401, {"message": f"Incorrect API key provided: {KEY}"}))
            answer = await app.ask("Keep this text.")
            assert isinstance(answer.error, KeyRejected)
            await app.until(lambda: app.is_shown("problem"), "the problem dialog")
            shown = " ".join(label.text() for label in app.window.findChildren(QLabel))
            assert KEY not in shown
            app.press("Copy details")
            assert KEY not in QApplication.clipboard().text()
            app.press("Close")

            server.script(faults.status(429, "slow down", {"retry-after": "60"}))
            app.window.session.try_again(answer.id)
            await app.until(lambda: app.is_shown("retry"), "the retry dialog")
            assert "attempt 2 of 5" in app.find(QLabel, "countdown").text()
            app.press("Retry now")
            await app.until(lambda: app.answer.state is State.COMPLETE, "the retried answer")
            assert not app.is_shown("retry")
            app.type("unsent words")

    async def second_run() -> None:
        async with running(tmp_path) as app:
            assert not app.is_shown("welcome")
            rows = app.find(QListView, "chats").model()

            def titles() -> str:
                return " ".join(str(rows.index(row, 0).data()) for row in range(rows.rowCount()))

            await app.until(lambda: "What does the fox do?" in titles(), "the chats are listed")
            app.window.open_chat((await listed(app.program.chats))[0].id)
            await app.until(lambda: len(app.path) == 6, "the chat is open")
            assert [m.text for m in app.path] == [
                "What does the fox do?",
                wire.WORDS,
                "And then?",
                faults.TEXT,
                "Keep this text.",
                wire.WORDS,
            ]
            assert app.composer.toPlainText() == "unsent words"

    play(first_run())
    server.exchanges.clear()
    play(second_run())
    assert server.exchanges == []
    assert files_with(tmp_path, KEY) == []


def test_without_a_keyring_the_key_lasts_for_the_session(play: Play, server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as app:
            app.type(KEY, choose_server(app, server))
            app.press("Start chatting")
            await app.until(lambda: button_shown(app, "Use for this session only"), "the offer")
            app.press("Use for this session only")
            await app.until(lambda: not app.is_shown("welcome"), "the welcome closes")
            await app.ask("Hello")
            assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"

    play(story())
    assert files_with(tmp_path, KEY) == []


def choose_server(app: Driver, server: Server) -> QLineEdit:
    """Fill in the address in the welcome; gives the field of the key."""
    welcome = app.find(QWidget, "welcome")
    QTest.keyClick(app.find(QComboBox, "provider", welcome), Qt.Key.Key_End)
    address = app.find(QLineEdit, "baseUrl", welcome)
    address.clear()
    app.type(server.url, address)
    return app.find(QLineEdit, "apiKey", welcome)


def button_shown(app: Driver, text: str) -> bool:
    try:
        return app.button(text).isVisible()
    except AssertionError:
        return False


def test_chats_stream_at_once_and_switching_loses_nothing(play: Play, server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            server.script(*(wire.answer(f"{n}word " * 300, pause=0.0005) for n in range(3)))
            sessions = []
            for number in range(3):
                app.window.new_chat()
                sessions.append(app.window.session)
                app.send(f"Chat {number}")
                await app.until(lambda: bool(app.path), "sent")
            writing = [s for s in sessions if app.program.chats.is_writing(s.conversation.id)]
            assert len(writing) >= 2
            for session in (*sessions, *reversed(sessions)):
                app.window.open_chat(session.conversation.id)
                await app.until(lambda session=session: app.window.session is session, "switched")
            await app.until(lambda: not app.program.chats.busy, "all written")
            assert {s.last.text for s in sessions} == {f"{n}word " * 300 for n in range(3)}
            assert app.window.chat.transcript.isVisible()

    play(story())


def test_quitting_in_the_middle_keeps_the_answer(play: Play, server: Server, tmp_path: Path) -> None:
    server.script(faults.stall_in_text)

    async def first_run() -> None:
        async with running(tmp_path, endpoint=server_endpoint(server.url)) as app:
            app.send("Hello")
            await app.until(lambda: bool(app.path) and app.answer.text == faults.TEXT, "text")
            assert app.window.session.phase is Phase.WRITING

    async def second_run() -> None:
        async with running(tmp_path) as app:
            app.window.open_chat((await listed(app.program.chats))[0].id)
            await app.until(lambda: len(app.path) == 2, "opened")
            assert (app.answer.text, app.answer.state) == (faults.TEXT, State.STOPPED)

    play(first_run())
    play(second_run())


def test_the_environments_key_is_used_and_never_kept(play: Play, server: Server, tmp_path: Path) -> None:
    from desktop_chat.command_line import take_environment

    endpoint, key = take_environment({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url})
    assert endpoint is not None

    async def story() -> None:
        async with running(tmp_path, credentials=Credentials(key), environment_endpoint=endpoint) as app:
            assert not app.is_shown("welcome")
            app.window.session.set_model(endpoint.id, "m-1")
            await app.ask("Hello")
            assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"

    play(story())
    assert files_with(tmp_path, KEY) == []
