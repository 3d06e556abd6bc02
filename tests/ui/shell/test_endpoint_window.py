"""The endpoints as the program opens them: the window, the real Api, and a real server on this machine."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.model import Ability
from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.preferences.endpoint import EndpointEditor
from tests.helpers.keyrings import MemoryKeyring, memory_keyring
from tests.server import Exchange, Server
from tests.server.faults import status
from tests.ui.shell.conftest import Running, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

KEY = "sk-CANARY-0123456789abcdef"


@pytest.fixture(autouse=True)
def backend() -> Iterator[MemoryKeyring]:
    with memory_keyring() as memory:
        yield memory


def opened(running: Running, dialogs: Dialogs, server: Server, **fields: object) -> EndpointEditor:
    """The editor of an endpoint at ``server``."""
    endpoint = Endpoint(
        "local",
        "Local",
        EndpointKind.COMPATIBLE,
        server.url,
        Dialect.CHAT_COMPLETIONS,
        KeySource.NONE,
        default_model="m-1",
    )
    running.settings.change(endpoints=(replace(endpoint, **fields),))  # type: ignore[arg-type]
    dialogs.show_settings("local")
    return next(each for each in dialogs._settings_dialog.findChildren(EndpointEditor) if each.isVisible())


def press(editor: EndpointEditor, text: str) -> None:
    button = next(each for each in editor.findChildren(QAbstractButton) if each.text() == text)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def test_a_test_runs_a_real_call_step_by_step(running: Running, dialogs: Dialogs) -> None:
    async with Server() as server:
        editor = opened(running, dialogs, server)
        press(editor, "Test")
        await until(lambda: editor.steps.outcome.startswith("It works"))
    names = [text.split(", ")[0] for text in editor.steps.texts]
    assert names[:2] == ["Address (DNS)", "Connection (TCP)"]
    assert names[-1] == "First token"
    assert all(", failed" not in text for text in editor.steps.texts)
    assert any(exchange.method == "GET" for exchange in server.exchanges)
    assert server.requests, "a token was asked for"


async def test_a_key_that_is_not_accepted_is_told_at_its_step(running: Running, dialogs: Dialogs) -> None:
    async with Server() as server:
        server.script(status(401, {"message": "Incorrect API key", "code": "invalid_api_key"}))
        editor = opened(running, dialogs, server, key_source=KeySource.KEYRING)
        editor.key.key.setText(KEY)
        press(editor, "Test")
        await until(lambda: "does not work" in editor.steps.outcome)
    failed = editor.steps.texts[-1]
    assert failed.startswith("Key, failed")
    assert "does not accept the key" in failed
    assert KEY not in " ".join(editor.steps.texts)
    assert {exchange.headers["authorization"] for exchange in server.exchanges} == {f"Bearer {KEY}"}


async def test_nobody_listening_is_told_at_its_step(running: Running, dialogs: Dialogs) -> None:
    async with Server() as server:
        editor = opened(running, dialogs, server)
    press(editor, "Test")
    await until(lambda: "does not work" in editor.steps.outcome)
    assert editor.steps.texts[-1].startswith("Connection (TCP), failed")
    assert "Nothing accepts connections" in editor.steps.texts[-1]


async def test_what_was_entered_is_sent_and_nothing_before(running: Running, dialogs: Dialogs) -> None:
    async with Server() as server:
        editor = opened(running, dialogs, server)
        editor.requests.headers.set_pairs((("X-Team", "blue"),))
        editor.requests.query.set_pairs((("tenant", "7"),))
        editor.requests.body.setPlainText('{"user": "me"}')
        editor.key.headers.set_pairs((("X-Secret", "s3"),))
        assert server.exchanges == []
        press(editor, "Test")
        await until(lambda: editor.steps.outcome.startswith("It works"))
    for exchange in server.exchanges:
        assert exchange.headers["x-team"] == "blue"
        assert exchange.headers["x-secret"] == "s3"
        assert "tenant=7" in exchange.target
    assert all(exchange.json["user"] == "me" for exchange in server.requests)


async def test_the_dialect_of_a_real_server_is_detected(running: Running, dialogs: Dialogs) -> None:
    async def only_chat(exchange: Exchange) -> None:
        if "/responses" in exchange.target:
            await status(404, {"message": "no such path"})(exchange)
        else:
            await answer(exchange)

    async with Server() as server:
        answer = server.default
        server.default = only_chat
        editor = opened(running, dialogs, server, dialect=Dialect.RESPONSES)
        press(editor, "Detect")
        dialect = next(each for each in editor.findChildren(QComboBox) if each.accessibleName() == "Dialect")
        await until(lambda: dialect.currentData() == Dialect.CHAT_COMPLETIONS)
        told = QAccessible.queryAccessibleInterface(dialect).text(QAccessible.Text.Description)
        assert told == "The server speaks Chat Completions."


async def test_saved_secrets_go_with_the_chats_requests(
    running: Running, dialogs: Dialogs, backend: MemoryKeyring
) -> None:
    async with Server() as server:
        editor = opened(running, dialogs, server)
        editor.key.headers.set_pairs((("X-Secret", "s3"),))
        press(editor, "Save")
        await until(lambda: running.settings.endpoints[0].secret_headers == ("X-Secret",))
        running.window.new_chat("Hello")
        session = running.window.session
        assert session is not None
        session.set_model("local", "m-1")
        running.window.chat.send("Hello")
        await until(lambda: server.requests)
        assert server.requests[0].headers["x-secret"] == "s3"
        await until(lambda: not session.is_busy)
    assert list(backend.entries.values()) == ["s3"]


async def test_the_picker_shows_what_a_real_list_says(running: Running, dialogs: Dialogs) -> None:
    async def listing(exchange: Exchange) -> None:
        await exchange.document(
            200,
            b'{"data": [{"id": "big", "context_length": 200000, "architecture": '
            b'{"input_modalities": ["text", "image"]}, "supported_parameters": ["tools"]}]}',
        )

    async with Server() as server:
        server.script(listing)
        opened(running, dialogs, server, default_model="").reject()
        picker = running.window.chat.picker
        running.window.new_chat("")
        running.window.choose_model()
        await until(lambda: "big" in [row.text for row in picker.rows.rows])
        row = next(row for row in picker.rows.rows if row.text == "big")
        assert row.facts.context == 200_000
        assert {Ability.IMAGES, Ability.TOOLS} <= row.facts.abilities
        picker.close()
