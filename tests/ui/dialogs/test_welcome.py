"""The welcome: a key is cleaned, tried, stored and never shown."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import Endpoint, EndpointKind, KeySource
from desktop_chat.domain.errors import ChatError, ConnectionRefused, KeyRejected
from desktop_chat.domain.model import Model
from desktop_chat.tasks import Tasks
from desktop_chat.ui.endpoint_fields import UNPROTECTED
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.welcome import KEYS_URL, Welcome
from tests.helpers.keyrings import MemoryKeyring

from .conftest import until

CANARY = "sk-proj-CANARY0123456789abcdef3fKq"


class Server:
    """What the check of the dialog reaches: answers with models or an error, when it is let."""

    def __init__(self) -> None:
        self.asked: list[tuple[Endpoint, str | None]] = []
        self.models = [Model("gpt-5.2", created=2.0), Model("gpt-5", created=1.0)]
        self.error: ChatError | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.cancelled = 0

    async def check(self, endpoint: Endpoint, key: str | None) -> list[Model]:
        self.asked.append((endpoint, key))
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return self.models


class Opened:
    """The dialog on its window, with what it was given and what it told."""

    def __init__(self, theme: Theme, host: QWidget, tasks: Tasks, server: Server) -> None:
        self.credentials = Credentials()
        self.links: list[str] = []
        self.finished: list[tuple[Endpoint, str]] = []
        self.dialog = Welcome(
            theme,
            host,
            tasks=tasks,
            credentials=self.credentials,
            check=server.check,
            open_link=self.links.append,
        )
        self.dialog.finished_with.connect(lambda endpoint, key: self.finished.append((endpoint, key)))
        self.dialog.show()

    @property
    def result(self) -> str:
        found = self.dialog.findChild(QLabel, "checkResult")
        return found.text() if found.isVisibleTo(self.dialog) else ""

    def button(self, text: str) -> QAbstractButton:
        return next(each for each in self.dialog.findChildren(QAbstractButton) if each.text() == text)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def welcome(
    theme: Theme, host: QWidget, tasks: Tasks, server: Server, backend: MemoryKeyring
) -> Iterator[Opened]:
    opened = Opened(theme, host, tasks, server)
    yield opened
    opened.dialog.reject()
    opened.dialog.reject()


def is_waiting(opened: Opened) -> bool:
    """Whether a check is about to start by itself."""
    return any(timer.isActive() for timer in opened.dialog.findChildren(QTimer))


def paste(field: QLineEdit, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    field.setFocus()
    field.paste()


def choose(opened: Opened, qtbot: QtBot, kind: EndpointKind) -> None:
    provider = opened.dialog.fields.provider
    provider.setFocus()
    qtbot.keyClick(
        provider, {EndpointKind.AZURE: Qt.Key.Key_Down, EndpointKind.COMPATIBLE: Qt.Key.Key_End}[kind]
    )
    assert opened.dialog.fields.kind is kind


async def test_a_pasted_key_is_cleaned_and_tried_by_itself(welcome: Opened, server: Server) -> None:
    paste(welcome.dialog.fields.key, f'  "Bearer {CANARY}"\n')

    await until(lambda: welcome.result == "Key works · 2 models available")
    assert [key for _, key in server.asked] == [CANARY]
    assert welcome.dialog.fields.key.text() == CANARY
    assert welcome.finished == []


async def test_typing_is_tried_once_after_it_stops(welcome: Opened, server: Server, qtbot: QtBot) -> None:
    qtbot.keyClicks(welcome.dialog.fields.key, "sk-typed")

    await until(lambda: "Key works" in welcome.result)
    assert [key for _, key in server.asked] == ["sk-typed"]


async def test_start_stores_the_key_and_tells_the_endpoint(
    welcome: Opened, backend: MemoryKeyring, qtbot: QtBot
) -> None:
    paste(welcome.dialog.fields.key, CANARY)
    qtbot.keyClick(welcome.dialog.fields.key, Qt.Key.Key_Return)

    await until(lambda: bool(welcome.finished))
    endpoint, key = welcome.finished[0]
    assert key == CANARY
    assert (endpoint.kind, endpoint.default_model) == (EndpointKind.OPENAI, "gpt-5.2")
    assert list(backend.entries.values()) == [CANARY]
    assert await welcome.credentials.key(endpoint) == CANARY
    assert not welcome.dialog.isVisible()
    assert welcome.dialog.fields.key.text() == ""


@pytest.mark.parametrize(
    ("entered", "reason"),
    [
        ("", "Enter the key."),
        ("sk-schlüssel", "characters that no key has"),
        ("sk one", "space"),
        ("x" * 1281, "longer than 1,280"),
    ],
)
async def test_what_cannot_be_a_key_is_told_before_any_request(
    welcome: Opened, server: Server, entered: str, reason: str
) -> None:
    welcome.dialog.fields.key.setText(entered)
    welcome.button("Start chatting").click()

    assert reason in welcome.result
    assert server.asked == []
    assert QApplication.focusWidget() is welcome.dialog.fields.key


async def test_a_rejected_key_is_told_and_not_stored(
    welcome: Opened, server: Server, backend: MemoryKeyring
) -> None:
    server.error = KeyRejected(f"Incorrect API key provided: {CANARY}", 401)
    paste(welcome.dialog.fields.key, CANARY)
    welcome.button("Start chatting").click()

    await until(lambda: "does not accept the key" in welcome.result)
    welcome.button("Start chatting").click()
    await until(lambda: len(server.asked) == 2)
    assert backend.entries == {}
    assert welcome.finished == []


async def test_an_unreachable_server_can_be_used_anyway(welcome: Opened, server: Server) -> None:
    server.error = ConnectionRefused(host="api.openai.com")
    paste(welcome.dialog.fields.key, CANARY)
    welcome.button("Start chatting").click()

    await until(lambda: "Nothing accepts connections at api.openai.com" in welcome.result)
    welcome.button("Start anyway").click()
    await until(lambda: bool(welcome.finished))
    assert len(server.asked) == 1


async def test_a_change_drops_the_check_under_way(welcome: Opened, server: Server) -> None:
    server.open.clear()
    paste(welcome.dialog.fields.key, CANARY)
    welcome.button("Start chatting").click()
    await until(lambda: bool(server.asked))
    assert welcome.result == "Checking…"

    welcome.dialog.fields.key.setText("sk-other")
    await until(lambda: server.cancelled == 1)
    server.open.set()
    await until(lambda: "Key works" in welcome.result)
    assert server.asked[-1][1] == "sk-other"
    assert welcome.finished == []


async def test_closing_ends_what_is_under_way(welcome: Opened, server: Server, qtbot: QtBot) -> None:
    server.open.clear()
    paste(welcome.dialog.fields.key, CANARY)
    welcome.button("Start chatting").click()
    await until(lambda: bool(server.asked))

    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    await until(lambda: server.cancelled == 1)
    assert not welcome.dialog.isVisible()
    assert welcome.dialog.fields.key.text() == ""


async def test_without_a_keyring_the_key_is_kept_for_the_session(welcome: Opened) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    paste(welcome.dialog.fields.key, CANARY)
    welcome.button("Start chatting").click()

    await until(lambda: "The key was not stored." in welcome.result)
    assert "no keyring" in welcome.result
    assert welcome.finished == []
    welcome.button("Use for this session only").click()
    endpoint, key = welcome.finished[0]
    assert key == CANARY
    assert await welcome.credentials.key(endpoint) == CANARY


async def test_a_slow_keyring_is_told_and_can_be_left(
    welcome: Opened, backend: MemoryKeyring, qtbot: QtBot
) -> None:
    backend.let.clear()
    paste(welcome.dialog.fields.key, CANARY)
    welcome.button("Start chatting").click()

    await until(lambda: welcome.result == "Waiting for the keyring…")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert welcome.dialog.isVisible()
    assert welcome.button("Start chatting").isEnabled()

    welcome.button("Start chatting").click()
    session = welcome.button("Use for this session only")
    await until(lambda: session.isVisible() and session.isEnabled())
    session.click()
    assert [key for _, key in welcome.finished] == [CANARY]


async def test_a_compatible_server_needs_no_key(welcome: Opened, server: Server, qtbot: QtBot) -> None:
    choose(welcome, qtbot, EndpointKind.COMPATIBLE)
    assert welcome.dialog.fields.base_url.placeholderText() == "http://localhost:11434/v1"
    welcome.dialog.fields.base_url.setFocus()
    qtbot.keyClicks(welcome.dialog.fields.base_url, "localhost:11434/v1")
    assert server.asked == []
    qtbot.keyClick(welcome.dialog.fields.base_url, Qt.Key.Key_Tab)

    await until(lambda: welcome.result == "Connected · 2 models available")
    welcome.button("Start chatting").click()
    endpoint, key = welcome.finished[0]
    assert (endpoint.base_url, key) == ("http://localhost:11434/v1", "")
    assert endpoint.key_source is KeySource.NONE
    assert server.asked[0][1] is None


async def test_half_an_address_is_never_tried(welcome: Opened, server: Server, qtbot: QtBot) -> None:
    choose(welcome, qtbot, EndpointKind.COMPATIBLE)
    paste(welcome.dialog.fields.key, CANARY)
    welcome.dialog.fields.base_url.setFocus()
    qtbot.keyClicks(welcome.dialog.fields.base_url, "https://api.ex")
    assert server.asked == []

    assert is_waiting(welcome) is False


async def test_in_the_clear_is_warned_of_and_only_tried_when_asked(
    welcome: Opened, server: Server, qtbot: QtBot
) -> None:
    choose(welcome, qtbot, EndpointKind.COMPATIBLE)
    welcome.dialog.fields.base_url.setFocus()
    qtbot.keyClicks(welcome.dialog.fields.base_url, "http://llm.example.com/v1")
    paste(welcome.dialog.fields.key, CANARY)

    shown = [label.text() for label in welcome.dialog.findChildren(QLabel) if label.isVisible()]
    assert UNPROTECTED in shown
    welcome.dialog.check_by_itself()
    assert server.asked == []
    welcome.button("Start chatting").click()
    box = welcome.dialog.findChild(QMessageBox)
    assert "http://llm.example.com/v1" in box.text()
    box.reject()
    assert server.asked == []
    welcome.button("Start chatting").click()
    again = next(each for each in welcome.dialog.findChildren(QMessageBox) if each.isVisible())
    next(each for each in again.buttons() if each.text() == "Send anyway").click()
    await until(lambda: bool(server.asked))


async def test_another_provider_drops_the_key(welcome: Opened, server: Server, qtbot: QtBot) -> None:
    paste(welcome.dialog.fields.key, CANARY)
    choose(welcome, qtbot, EndpointKind.COMPATIBLE)

    assert welcome.dialog.fields.key.text() == ""
    assert server.asked == []


async def test_azure_asks_for_resource_version_and_deployment(
    welcome: Opened, server: Server, qtbot: QtBot
) -> None:
    choose(welcome, qtbot, EndpointKind.AZURE)
    fields = welcome.dialog.fields
    assert [each.isVisible() for each in (fields.base_url, fields.api_version, fields.model)] == [True] * 3
    qtbot.keyClicks(fields.base_url, "me.openai.azure.com")
    qtbot.keyClicks(fields.model, "my-deployment")
    paste(fields.key, CANARY)
    welcome.button("Start chatting").click()

    await until(lambda: bool(welcome.finished))
    endpoint = welcome.finished[0][0]
    assert endpoint.base_url == "https://me.openai.azure.com/openai/v1"
    assert endpoint.default_model == "my-deployment"


async def test_a_key_is_imported_from_a_file(welcome: Opened, server: Server, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"OPENAI_API_KEY={CANARY}\n")
    welcome.dialog.import_env_file(file)

    await until(lambda: "Key works" in welcome.result)
    shown = [label.text() for label in welcome.dialog.findChildren(QLabel) if label.isVisible()]
    assert f"Read from {file}" in shown
    assert server.asked[0][1] == CANARY


async def test_a_host_from_a_file_is_not_tried_by_itself(
    welcome: Opened, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    file.write_text(f"OPENAI_API_KEY={CANARY}\nOPENAI_BASE_URL=https://other.example/v1\n")
    welcome.dialog.import_env_file(file)

    await until(lambda: welcome.dialog.fields.kind is EndpointKind.COMPATIBLE)
    assert welcome.dialog.fields.base_url.text() == "https://other.example/v1"
    assert is_waiting(welcome) is False
    assert server.asked == []


async def test_a_file_without_a_key_is_told(welcome: Opened, tmp_path: Path) -> None:
    welcome.dialog.import_env_file(tmp_path)

    await until(lambda: welcome.result == "This is not a file." or "could not be read" in welcome.result)


async def test_links_and_the_demo_are_one_click(welcome: Opened, qtbot: QtBot) -> None:
    welcome.button("Get a key").click()
    assert welcome.links == [KEYS_URL]
    with qtbot.waitSignal(welcome.dialog.demo_chosen):
        welcome.button("Try the demo model, no key").click()
    assert not welcome.dialog.isVisible()


async def test_the_keyboard_stays_within(welcome: Opened, host: QWidget, qtbot: QtBot) -> None:
    fired: list[bool] = []
    QShortcut(QKeySequence("Ctrl+N"), host, lambda: fired.append(True))
    assert QApplication.focusWidget() is welcome.dialog.fields.key
    seen = set()
    for _ in range(20):
        seen.add(QApplication.focusWidget())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert welcome.button("Start chatting") in seen
    assert welcome.button("Get a key") in seen
    assert all(welcome.dialog.isAncestorOf(widget) for widget in seen)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert fired == []

    interface = QAccessible.queryAccessibleInterface(welcome.dialog)
    assert interface.role() == QAccessible.Role.Dialog
    assert interface.text(QAccessible.Text.Name) == "Welcome"


async def test_show_and_hide(welcome: Opened) -> None:
    field = welcome.dialog.fields.key
    assert field.echoMode() is QLineEdit.EchoMode.Password
    welcome.button("show").click()
    assert field.echoMode() is QLineEdit.EchoMode.Normal
    welcome.button("hide").click()
    assert field.echoMode() is QLineEdit.EchoMode.Password


def visible_texts(root: QWidget) -> str:
    """Every text of every widget but what the key field holds."""
    found: list[str] = [root.windowTitle()]
    for widget in [root, *root.findChildren(QWidget)]:
        getters: list[Callable[[], str]] = [
            widget.accessibleName,
            widget.accessibleDescription,
            widget.toolTip,
            widget.windowTitle,
            widget.objectName,
        ]
        if isinstance(widget, QLabel | QAbstractButton):
            getters.append(widget.text)
        if isinstance(widget, QPlainTextEdit):
            getters.append(widget.toPlainText)
        if isinstance(widget, QLineEdit):
            getters += [widget.displayText, widget.placeholderText]
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is not None:
            getters += [
                lambda i=interface: i.text(QAccessible.Text.Name),
                lambda i=interface: i.text(QAccessible.Text.Value),
            ]
        found += [getter() for getter in getters]
    return "\n".join(found)


async def test_the_key_is_in_no_text_and_no_log(
    welcome: Opened, server: Server, host: QWidget, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.error = KeyRejected(f"Incorrect API key provided: {CANARY}", 401)
    paste(welcome.dialog.fields.key, CANARY)
    await until(lambda: "does not accept" in welcome.result)
    texts = visible_texts(host)
    server.error = None
    keyring.set_keyring(keyring.backends.fail.Keyring())
    welcome.button("Start chatting").click()
    await until(lambda: "not stored" in welcome.result)
    texts += visible_texts(host)
    welcome.button("Use for this session only").click()
    texts += visible_texts(host)

    assert "CANARY" not in texts
    assert "CANARY" not in caplog.text
    assert "Start chatting" in texts
