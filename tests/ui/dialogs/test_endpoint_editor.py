"""The editor of an endpoint: every field, what is wrong told beside it, secrets in the keyring alone."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QSpinBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop_chat.credentials import PASSPHRASE, PROXY, header
from desktop_chat.domain.endpoint import (
    Dialect,
    Endpoint,
    EndpointKind,
    KeySource,
    ProxyMode,
    endpoint_to_json,
)
from desktop_chat.ui.endpoint_presets import PRESETS, Preset
from desktop_chat.ui.endpoint_values import clean_base_url, is_unprotected
from desktop_chat.ui.preferences.endpoint import EndpointEditor
from desktop_chat.ui.preferences.endpoint.editor import SAVE_FIRST
from desktop_chat.ui.preferences.endpoint.key import HEADERS_AGAIN
from desktop_chat.ui.preferences.endpoint.pairs import PairsField
from desktop_chat.ui.style import Style
from desktop_chat.ui.theme import Theme
from tests.helpers.keyrings import MemoryKeyring

from .conftest import until
from .settings_window import LOCAL, OPENAI, REMOTE, Opened

CANARY = "sk-proj-CANARY0123456789abcdef3fKq"


@pytest.fixture
def full(tmp_path: Path) -> Endpoint:
    """An endpoint of which every field is another than by default."""
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).write_text("x")
    return Endpoint(
        id="full",
        name="Gateway",
        kind=EndpointKind.COMPATIBLE,
        base_url="https://llm.example.com/v1",
        dialect=Dialect.CHAT_COMPLETIONS,
        key_source=KeySource.COMMAND,
        default_model="big",
        title_model="small",
        system_role="developer",
        max_tokens_field="max_completion_tokens",
        headers=(("X-Team", "blue"), ("X-Env", "test")),
        secret_headers=("X-Secret",),
        query=(("tenant", "7"),),
        extra_body='{"user": "me"}',
        token_command="print-token --for 'the server'",
        token_lifetime=900,
        proxy=ProxyMode.MANUAL,
        proxy_url="socks5://proxy.example:1080",
        proxy_user="me",
        ca_bundle=str(tmp_path / "ca.pem"),
        client_certificate=str(tmp_path / "client.pem"),
        client_key=str(tmp_path / "client.key"),
        attempts=3,
        connect_timeout=4.0,
        first_event_timeout=50.0,
        idle_timeout=20.0,
        total_timeout=90.0,
        requests_per_minute=30,
        parallel_requests=2,
        fallback_models=("middle", "small"),
        falls_back=True,
        takes_images=False,
        takes_files=True,
    )


def row(opened: Opened, name: str, kind: type[QWidget] = QLineEdit) -> QWidget:
    return opened.named(kind, name)


def write(field: QWidget, text: str) -> None:
    """Replace what is in a field, as if it were typed."""
    if isinstance(field, QPlainTextEdit):
        field.setPlainText(text)
    else:
        assert isinstance(field, QLineEdit)
        field.clear()
        field.insert(text)


def visible_box(opened: Opened) -> QMessageBox:
    return next(each for each in opened.dialog.findChildren(QMessageBox) if each.isVisible())


async def saved(opened: Opened) -> None:
    opened.press("Save")
    await until(lambda: not opened.dialog.findChildren(EndpointEditor))


async def test_what_is_opened_and_saved_is_the_same(opened: Opened, full: Endpoint) -> None:
    unset = {"id", "name", "kind", "base_url", "dialect", "api_version", "organization", "project"}
    for known in fields(Endpoint):
        assert known.name in unset or getattr(full, known.name) != known.default, known.name
    openai = replace(OPENAI, organization="org-1", project="p-2", base_url="https://eu.api.openai.com/v1")
    azure = Endpoint(
        "azure",
        "Azure",
        EndpointKind.AZURE,
        "https://me.openai.azure.com",
        Dialect.RESPONSES,
        api_version="2025-04-01-preview",
    )
    opened.settings.change(endpoints=(openai, azure, full))
    await opened.credentials.store_secret(full, header("X-Secret"), "s3")
    for endpoint in (openai, azure):
        await opened.credentials.store(endpoint, CANARY)
    for endpoint in (openai, azure, full):
        opened.edit(endpoint)
        await saved(opened)
    assert opened.settings.endpoints == (openai, azure, full)


async def test_every_stop_has_a_name_and_tab_reaches_all_before_the_buttons(
    opened: Opened, full: Endpoint, qtbot: QtBot
) -> None:
    opened.settings.change(endpoints=(full,))
    editor = opened.edit(full)
    for title in ("Connection", "Key", "Models", "Requests", "Network"):
        opened.section(title)
        tabs = opened.named(QTabBar, "Sections")
        tabs.setFocus()
        names = []
        for _ in range(60):
            qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
            focused = QApplication.focusWidget()
            if focused is tabs:
                break
            # On Linux the name of a combo box is its value, and its label is a relation.
            told = QAccessible.queryAccessibleInterface(focused).text(QAccessible.Text.Name)
            names.append(focused.accessibleName() or told)
        assert all(names), (title, names)
        assert len(set(names)) == len(names), (title, names)
        assert names[-3:] == ["Test", "Cancel", "Save"]
    assert "Passphrase" in names
    assert editor.isVisible()


async def test_keys_go_through_the_sections(opened: Opened, qtbot: QtBot) -> None:
    editor = opened.edit(LOCAL)
    tabs = opened.named(QTabBar, "Sections")
    provider = editor.connection.provider
    assert provider.hasFocus()
    chosen = provider.currentIndex()
    qtbot.keyClick(provider, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert (tabs.tabText(tabs.currentIndex()), provider.currentIndex()) == ("Key", chosen)
    tabs.setCurrentIndex(0)
    qtbot.keyClick(editor.connection.base_url, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert tabs.tabText(tabs.currentIndex()) == "Key"
    qtbot.keyClick(tabs, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(tabs, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert tabs.tabText(tabs.currentIndex()) == "Network", "the test is no section before there was one"


def pairs_of(name: str) -> Callable[[EndpointEditor], PairsField]:
    return {
        "headers": lambda editor: editor.requests.headers,
        "query": lambda editor: editor.requests.query,
        "secret_headers": lambda editor: editor.key.headers,
    }[name]


@pytest.mark.parametrize(
    ("name", "pair", "reason"),
    [
        ("headers", ("no good", "1"), "is not the name of a header"),
        ("headers", ("", "1"), "has no name"),
        ("headers", ("Authorization", "Bearer x"), "Enter it under Key"),
        ("headers", ("api-key", "x"), "Enter it under Key"),
        ("headers", ("Content-Length", "5"), "follows from each request"),
        ("headers", ("X-A", "line\x07"), "characters that no header can have"),
        ("query", ("", "1"), "has no name"),
        ("secret_headers", ("X-New", ""), "Enter the value of X-New."),
    ],
)
async def test_pairs_that_cannot_be_sent_are_told_beside_them(
    opened: Opened, name: str, pair: tuple[str, str], reason: str
) -> None:
    editor = opened.edit(LOCAL)
    pairs_of(name)(editor).set_pairs((pair,))
    write(editor.connection.name, "Kept")
    opened.press("Save")

    section = next(each for each in editor.sections if each.has(name))
    assert reason in section.complaint(name)
    focused = QApplication.focusWidget()
    assert pairs_of(name)(editor).isAncestorOf(focused)
    assert QAccessible.queryAccessibleInterface(focused).text(QAccessible.Text.Description)
    assert opened.settings.endpoints[1] == LOCAL
    assert editor.connection.name.text() == "Kept", "nothing is lost"
    pairs_of(name)(editor).set_pairs(())
    await saved(opened)


@pytest.mark.parametrize(
    ("section", "name", "text", "reason"),
    [
        ("Requests", "Extra body", "{", "Line 1, column 2"),
        ("Requests", "Extra body", "[1]", "It has to be an object"),
        ("Requests", "Extra body", "[" * 50_000, "nested too deep"),
        ("Requests", "Extra body", "x" * 100_001, "too long"),
        ("Requests", "Extra body", '{"top_p": NaN}', "NaN is no number"),
        ("Requests", "Extra body", '{"a": 1, "a": 2}', "is there twice"),
        ("Network", "CA bundle", "own.pem", "whole path"),
        ("Network", "CA bundle", "/nowhere/own.pem", "no file at this place"),
        ("Network", "Certificate", "/nowhere/own.pem", "no file at this place"),
        ("Connection", "Base URL", "ftp://x", "This is not a web address"),
    ],
)
async def test_what_cannot_be_used_is_told_below_its_field(
    opened: Opened, section: str, name: str, text: str, reason: str
) -> None:
    editor = opened.edit(LOCAL)
    field = row(opened, name, QPlainTextEdit if name == "Extra body" else QLineEdit)
    write(field, text)
    opened.press("Save")

    await until(lambda: QApplication.focusWidget() is field)
    described = QAccessible.queryAccessibleInterface(field).text(QAccessible.Text.Description)
    assert reason in described
    tabs = opened.named(QTabBar, "Sections")
    assert tabs.tabText(tabs.currentIndex()) == section
    assert opened.settings.endpoints[1] == LOCAL
    assert editor.isVisible()
    write(field, "http://localhost:1/v1" if name == "Base URL" else "")
    assert reason not in QAccessible.queryAccessibleInterface(field).text(QAccessible.Text.Description)
    await saved(opened)


@pytest.mark.parametrize(
    ("address", "user", "password", "where", "reason"),
    [
        ("", "", "", "Proxy address", "Enter the address of the proxy."),
        ("ftp://p:1", "", "", "Proxy address", "not the address of a proxy"),
        ("http://proxy.example", "", "", "Proxy address", "not the address of a proxy"),
        ("http://me:pw@p.example:1", "", "", "Proxy address", "below, not in the address"),
        ("p.example:3128", "", "pw", "Proxy password", "Enter the user, too."),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_told(
    opened: Opened, address: str, user: str, password: str, where: str, reason: str
) -> None:
    editor = opened.edit(LOCAL)
    opened.section("Network")
    proxy = opened.named(QComboBox, "Proxy")
    proxy.setCurrentIndex(proxy.findData(ProxyMode.MANUAL))
    proxy.activated.emit(proxy.currentIndex())
    for name, text in (("Proxy address", address), ("Proxy user", user), ("Proxy password", password)):
        write(row(opened, name), text)
    opened.press("Save")
    field = row(opened, where)
    assert reason in QAccessible.queryAccessibleInterface(field).text(QAccessible.Text.Description)
    assert QApplication.focusWidget() is field
    assert editor.isVisible()


async def test_a_header_is_secret_or_not(opened: Opened) -> None:
    editor = opened.edit(LOCAL)
    editor.key.headers.set_pairs((("X-Team", "1"),))
    editor.requests.headers.set_pairs((("x-team", "2"),))
    opened.press("Save")
    assert editor.requests.complaint("headers") == "x-team is among the secret headers, too."
    assert opened.settings.endpoints[1] == LOCAL


async def test_all_that_is_wrong_is_told_at_once(opened: Opened) -> None:
    editor = opened.edit(LOCAL)
    write(editor.connection.base_url, "")
    write(editor.requests.body, "{")
    opened.press("Save")
    assert editor.connection.complaint("base_url") == "Enter the address of the server."
    assert editor.requests.complaint("extra_body").startswith("Line 1, column 2: ")
    assert QApplication.focusWidget() is editor.connection.base_url


async def test_a_preset_only_fills_in_the_form(opened: Opened) -> None:
    opened.press("Add…")
    editor = opened.editor
    assert editor is not None
    provider = editor.connection.provider
    for preset in PRESETS:
        provider.setCurrentIndex(provider.findText(preset.name))
        provider.activated.emit(provider.currentIndex())
        assert editor.connection.base_url.text() == preset.base_url
        assert editor.key.key_source is (KeySource.KEYRING if preset.needs_key else KeySource.NONE)
    provider.setCurrentIndex(provider.findText("Ollama"))
    provider.activated.emit(provider.currentIndex())
    assert opened.asked == [], "nothing is tried by itself"
    await saved(opened)
    added = opened.settings.endpoints[-1]
    assert replace(added, id="") == Endpoint(
        "",
        "Ollama",
        EndpointKind.COMPATIBLE,
        "http://localhost:11434/v1",
        Dialect.CHAT_COMPLETIONS,
        KeySource.NONE,
    )
    editor = opened.edit(added)
    assert editor.connection.provider.currentText() == "Ollama"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_address_of_a_preset_is_one(preset: Preset) -> None:
    assert clean_base_url(preset.base_url) == preset.base_url
    assert not is_unprotected(preset.base_url)


async def test_data_residency_is_the_address(opened: Opened) -> None:
    await opened.credentials.store(OPENAI, CANARY)
    opened.edit(OPENAI)
    region = opened.named(QComboBox, "Data residency")
    region.setCurrentIndex(region.findText("Europe"))
    region.activated.emit(region.currentIndex())
    key = opened.editor.key.key  # type: ignore[union-attr]
    opened.press("Save")
    assert "entered again" in QAccessible.queryAccessibleInterface(key).text(QAccessible.Text.Description)
    write(key, CANARY)
    await saved(opened)
    assert opened.settings.endpoints[0].base_url == "https://eu.api.openai.com/v1"


async def test_values_of_secret_headers_are_in_the_keyring_alone(
    opened: Opened, backend: MemoryKeyring
) -> None:
    editor = opened.edit(LOCAL)
    editor.key.headers.set_pairs((("X-Secret", CANARY),))
    await saved(opened)
    changed = opened.settings.endpoints[1]
    assert changed.secret_headers == ("X-Secret",)
    assert await opened.credentials.secret(changed, header("X-Secret")) == CANARY
    assert CANARY not in json.dumps(endpoint_to_json(changed))

    editor = opened.edit(changed)
    value = opened.named(QLineEdit, "Secret header 1, value")
    assert value.text() == ""
    assert value.placeholderText() == "in the keyring"
    assert value.echoMode() is QLineEdit.EchoMode.Password
    write(editor.connection.base_url, "http://localhost:999/v1")
    opened.press("Save")
    assert editor.key.complaint("secret_headers") == HEADERS_AGAIN, "it is for the old address alone"
    assert CANARY in backend.entries.values()


async def test_a_removed_secret_header_leaves_the_keyring(opened: Opened, backend: MemoryKeyring) -> None:
    endpoint = replace(LOCAL, secret_headers=("X-Secret", "X-Other"))
    opened.settings.change(endpoints=(endpoint,))
    for name in endpoint.secret_headers:
        await opened.credentials.store_secret(endpoint, header(name), name)
    opened.edit(endpoint)
    opened.section("Key")
    opened.named(QAbstractButton, "Remove secret header 1").click()
    await saved(opened)
    assert list(backend.entries.values()) == ["X-Other"]
    assert opened.settings.endpoints[0].secret_headers == ("X-Other",)


async def test_secrets_of_proxy_and_certificate_are_kept_and_removed(
    opened: Opened, full: Endpoint, backend: MemoryKeyring
) -> None:
    endpoint = replace(
        full, secret_headers=(), key_source=KeySource.NONE, token_command="", token_lifetime=300
    )
    opened.settings.change(endpoints=(endpoint,))
    opened.edit(endpoint)
    write(row(opened, "Proxy password"), "pw-1")
    write(row(opened, "Passphrase"), "pass-1")
    await saved(opened)
    assert opened.settings.endpoints == (endpoint,)
    assert await opened.credentials.secret(endpoint, PROXY) == "pw-1"
    assert await opened.credentials.secret(endpoint, PASSPHRASE) == "pass-1"

    opened.edit(endpoint)
    opened.section("Network")
    proxy = opened.named(QComboBox, "Proxy")
    proxy.setCurrentIndex(proxy.findData(ProxyMode.NONE))
    proxy.activated.emit(proxy.currentIndex())
    for name in ("Certificate", "Private key"):
        write(row(opened, name), "")
    await saved(opened)
    assert backend.entries == {}


async def test_a_command_is_approved_by_save_alone(opened: Opened, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    editor = opened.edit(LOCAL)
    source = editor.key.source
    source.setCurrentIndex(source.findData(KeySource.COMMAND))
    source.activated.emit(source.currentIndex())
    opened.press("Save")
    assert editor.key.complaint("token_command") == "Enter the command that prints the token."
    write(editor.key.command, "touch 'half")
    opened.press("Save")
    assert editor.key.complaint("token_command") == "A quotation mark is not closed."
    write(editor.key.command, f"touch '{ran}'")

    opened.press("Test")
    await until(lambda: editor.steps.outcome == SAVE_FIRST)
    assert opened.asked == []
    assert not ran.exists()
    changed = replace(LOCAL, key_source=KeySource.COMMAND, token_command=f"touch '{ran}'")
    assert not await opened.credentials.is_approved(changed)

    await saved(opened)
    assert opened.settings.endpoints[1] == changed
    assert await opened.credentials.is_approved(changed)
    assert not ran.exists(), "it is run for a request, not by Save"


async def test_in_the_clear_across_the_internet_is_asked_first(opened: Opened) -> None:
    editor = opened.edit(LOCAL)
    write(editor.connection.base_url, "http://llm.example.com/v1")
    opened.press("Test")
    box = visible_box(opened)
    assert box.textFormat() == Qt.TextFormat.PlainText
    assert "http://llm.example.com/v1" in box.text()
    box.reject()
    opened.press("Save")
    visible_box(opened).reject()
    assert opened.asked == []
    assert opened.settings.endpoints[1] == LOCAL

    opened.press("Save")
    next(each for each in visible_box(opened).buttons() if each.text() == "Send anyway").click()
    await until(lambda: opened.editor is None)
    assert opened.settings.endpoints[1].base_url == "http://llm.example.com/v1"


@pytest.mark.parametrize("url", ["http://localhost:1/v1", "http://192.168.3.4/v1", "http://box.local/v1"])
async def test_this_network_needs_no_question(opened: Opened, url: str) -> None:
    editor = opened.edit(LOCAL)
    write(editor.connection.base_url, url)
    await saved(opened)
    assert opened.settings.endpoints[1].base_url == url


async def test_what_models_did_not_take_is_shown_and_forgotten_on_save(opened: Opened) -> None:
    rejected = {"local": {"a": ["temperature"], "b": ["top_p", "images"]}, "remote": {"a": ["store"]}}
    opened.settings.change(rejected=rejected)
    opened.edit(LOCAL)
    opened.section("Models")
    opened.named(QAbstractButton, "Forget what b did not take").click()
    assert opened.settings.rejected == rejected
    opened.press("Cancel")
    await until(lambda: not opened.dialog.findChildren(EndpointEditor))
    assert opened.settings.rejected == rejected
    opened.edit(LOCAL)
    opened.section("Models")
    opened.named(QAbstractButton, "Forget what b did not take").click()
    await saved(opened)
    assert opened.settings.rejected == {"local": {"a": ["temperature"]}, "remote": {"a": ["store"]}}


async def test_the_age_of_a_key_is_told(opened: Opened) -> None:
    await opened.credentials.store(REMOTE, CANARY)
    opened.settings.change(key_days={"remote": "2020-02-03"})
    editor = opened.edit(REMOTE)
    await until(lambda: "in the keyring" in editor.key.key.placeholderText())

    def described() -> str:
        return QAccessible.queryAccessibleInterface(editor.key.key).text(QAccessible.Text.Description)

    assert described().startswith("Stored on 3 February 2020, ")
    write(editor.key.key, "sk-another")
    await saved(opened)
    editor = opened.edit(opened.settings.endpoints[2])
    await until(lambda: "in the keyring" in editor.key.key.placeholderText())
    assert described() == "Stored today."
    opened.section("Key")
    opened.press("Remove key")
    await saved(opened)
    assert opened.settings.key_days == {}


async def test_without_a_keyring_all_secrets_are_kept_for_the_session(opened: Opened) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    editor = opened.edit(LOCAL)
    editor.key.headers.set_pairs((("X-Secret", CANARY),))
    opened.press("Save")
    await until(lambda: "The keyring was not changed." in opened.result(editor))
    opened.press("Use for this session only")
    assert opened.editor is None
    assert dict((await opened.credentials.secrets(opened.settings.endpoints[1])).headers) == {
        "X-Secret": CANARY
    }


async def test_own_limits_begin_where_the_settings_are(opened: Opened, qtbot: QtBot) -> None:
    opened.settings.change(attempts=7)
    editor = opened.edit(LOCAL)
    opened.section("Requests")
    spins = editor.findChildren(QSpinBox)
    attempts = next(each for each in spins if each.accessibleName() == "Attempts")
    assert attempts.text() == "as in the settings (7)"
    attempts.setFocus()
    qtbot.keyClick(attempts, Qt.Key.Key_Up)
    await saved(opened)
    assert opened.settings.endpoints[1] == replace(LOCAL, attempts=1)


@pytest.fixture
def styled(qapp: QApplication, theme: Theme) -> Iterator[None]:
    """The look of the program, by which fields have their real sizes."""
    style = Style(qapp, theme)
    yield
    style.deleteLater()
    qapp.setStyleSheet("")


@pytest.mark.usefixtures("styled")
async def test_a_small_window_clips_nothing(opened: Opened, full: Endpoint) -> None:
    opened.settings.change(endpoints=(full,))
    opened.dialog.resize(420, 400)
    editor = opened.edit(full)
    for title in ("Connection", "Key", "Models", "Requests", "Network"):
        opened.section(title)
        await asyncio.sleep(0)
        QApplication.processEvents()
        section = next(each for each in editor.sections if each.title == title)
        area = section.parentWidget().parentWidget()
        assert section.width() <= area.width(), title
        assert section.mapTo(editor, section.rect().topRight()).x() <= editor.width(), title
