"""The settings: what is changed holds at once, and a key never goes to a host it was not entered for."""

from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.ui.about import AboutDialog
from desktop_chat.ui.endpoint_values import new_endpoint
from desktop_chat.ui.preferences.appearance import FontBox
from desktop_chat.ui.preferences.backups import BackupsPage
from desktop_chat.ui.preferences.endpoint.key import ENTER_AGAIN
from desktop_chat.ui.theme import Theme
from tests.helpers.keyrings import MemoryKeyring

from .conftest import until
from .settings_window import DEMO, ENVIRONMENT, LOCAL, OPENAI, REMOTE, Opened

CANARY = "sk-proj-CANARY0123456789abcdef3fKq"


def kept(backend: MemoryKeyring, origin: str) -> list[str]:
    return [key for (_, entry), key in backend.entries.items() if entry.endswith(origin)]


async def test_it_is_a_dialog_with_pages(opened: Opened) -> None:
    interface = QAccessible.queryAccessibleInterface(opened.dialog)
    assert interface.role() == QAccessible.Role.Dialog
    assert interface.text(QAccessible.Text.Name) == "Settings"
    pages = opened.dialog.findChild(QListWidget, "pages")
    assert [pages.item(at).text() for at in range(pages.count())] == [
        "Endpoints",
        "Appearance",
        "Budgets",
        "Prices",
        "Network",
        "Privacy",
        "Backups",
        "Data",
    ]
    assert not opened.dialog.isModal()


async def test_appearance_holds_at_once(opened: Opened, qtbot: QtBot) -> None:
    opened.page("Appearance")
    theme = opened.named(QComboBox, "Theme")
    theme.setFocus()
    qtbot.keyClick(theme, Qt.Key.Key_End)
    zoom = opened.named(QSpinBox, "Zoom")
    zoom.setFocus()
    qtbot.keyClick(zoom, Qt.Key.Key_Up)
    opened.named(QCheckBox, "Sending").click()

    assert (opened.settings.theme, opened.settings.zoom, opened.settings.send_with_enter) == (
        "dark",
        110,
        False,
    )


async def test_fonts_and_sizes_hold_at_once(opened: Opened, qtbot: QtBot) -> None:
    opened.page("Appearance")
    size = opened.named(QSpinBox, "Size of text in chats")
    size.setFocus()
    qtbot.keyClick(size, Qt.Key.Key_Up)
    assert opened.settings.text_size == 15
    opened.named(QCheckBox, "Code").click()
    assert opened.settings.wrap_code
    announce = opened.named(QComboBox, "Announce answers")
    announce.setFocus()
    qtbot.keyClick(announce, Qt.Key.Key_End)
    assert opened.settings.announce == "never"
    for name, field in (("Font", "text_font"), ("Font of code", "code_font")):
        box = opened.named(QComboBox, name)
        assert box.currentText() == "System default"
        assert isinstance(box, FontBox)
        box.fill()
        families = [box.itemText(i) for i in range(box.count())]
        assert families[0] == "System default"
        assert len(families) > 1
        if name == "Font of code":
            assert all(QFontDatabase.isFixedPitch(family) for family in families[1:])
        box.setFocus()
        qtbot.keyClick(box, Qt.Key.Key_End)
        assert getattr(opened.settings, field) == families[-1]


async def test_network_holds_at_once_and_within_its_limits(opened: Opened, qtbot: QtBot) -> None:
    opened.page("Network")
    attempts = opened.named(QSpinBox, "Attempts")
    attempts.setFocus()
    attempts.selectAll()
    qtbot.keyClicks(attempts, "7")
    assert opened.settings.attempts == 5
    qtbot.keyClick(attempts, Qt.Key.Key_Return)
    assert opened.settings.attempts == 7
    assert opened.dialog.isVisible()
    assert attempts.maximum() == 10
    opened.named(QDoubleSpinBox, "Longest pause").setValue(90)
    assert opened.settings.idle_timeout == 90.0


async def test_what_changes_elsewhere_is_shown(opened: Opened) -> None:
    opened.settings.change(zoom=140, attempts=2)

    assert opened.named(QSpinBox, "Zoom").value() == 140
    assert opened.named(QSpinBox, "Attempts").value() == 2


async def test_what_is_kept_and_asked_holds_at_once(opened: Opened) -> None:
    opened.page("Privacy")
    opened.named(QCheckBox, "Before sending: ask if a key is in it").click()
    days = opened.named(QSpinBox, "Kept for")
    days.setValue(7)
    assert (opened.settings.scan_secrets, opened.settings.evidence_days) == (False, 7)
    opened.named(QCheckBox, "Requests and responses: keep them").click()
    assert not opened.settings.keep_evidence
    assert not days.isEnabled()
    opened.named(QAbstractButton, "Clear the requests and responses that are kept").click()
    await until(lambda: opened.cleared == 10)


async def test_the_places_of_the_data_can_be_copied(opened: Opened) -> None:
    opened.page("Data")
    field = opened.named(QLineEdit, "Chats")
    assert field.text() == str(opened.settings.path.with_name("chats.db"))
    assert field.isReadOnly()
    opened.named(QAbstractButton, "Copy the path of Chats").click()
    assert QGuiApplication.clipboard().text() == field.text()


async def test_what_could_not_be_saved_is_told(opened: Opened) -> None:
    opened.settings.not_saved.emit("No space left on device")

    texts = [each.text() for each in opened.dialog.findChildren(QLabel) if each.isVisible()]
    assert any("No space left on device" in text and "until you quit" in text for text in texts)


async def test_endpoints_are_listed_as_what_they_are(opened: Opened) -> None:
    texts = [opened.endpoints.item(at).text() for at in range(opened.endpoints.count())]

    assert texts[0] == "OpenAI · default\nhttps://api.openai.com/v1 · Responses"
    assert texts[1] == "localhost:11434\nhttp://localhost:11434/v1 · Chat Completions · no key"
    assert texts[3].startswith("Environment\n")
    assert texts[3].endswith("key from the environment")
    assert texts[4] == "Demo\nBuilt in: no key, no network"


@pytest.mark.parametrize("endpoint", [ENVIRONMENT, DEMO], ids=lambda each: each.name)
async def test_the_given_ones_can_only_be_made_default(opened: Opened, endpoint: Endpoint) -> None:
    opened.select(endpoint)
    buttons = {
        each.text(): each.isEnabled()
        for each in opened.dialog.findChildren(QAbstractButton)
        if each.isVisible() and each.text()
    }
    assert (buttons["Edit…"], buttons["Remove…"], buttons["Make default"]) == (False, False, True)
    opened.press("Make default")
    assert opened.settings.default_endpoint == endpoint.id
    assert "· default" in opened.endpoints.currentItem().text()


async def test_an_endpoint_is_added_with_its_key(
    opened: Opened, backend: MemoryKeyring, qtbot: QtBot
) -> None:
    opened.press("Add…")
    editor = opened.editor
    assert editor is not None
    provider = editor.connection.provider
    qtbot.keyClick(provider, Qt.Key.Key_End)
    assert opened.named(QComboBox, "Dialect").currentData() == Dialect.CHAT_COMPLETIONS
    qtbot.keyClicks(editor.connection.base_url, "llm.example.org/v1/")
    qtbot.keyClicks(editor.key.key, CANARY)
    qtbot.keyClicks(opened.named(QLineEdit, "Name"), "Mine")
    opened.press("Test")
    await until(lambda: editor.steps.outcome == "It works and speaks Chat Completions · 2 models listed.")
    opened.section("Models")
    models = opened.named(QComboBox, "Default model")
    assert [models.itemText(at) for at in range(models.count())] == ["llama3"]
    models.setCurrentIndex(0)
    opened.press("Save")

    await until(lambda: len(opened.settings.endpoints) == 4)
    added = opened.settings.endpoints[-1]
    assert (added.name, added.base_url) == ("Mine", "https://llm.example.org/v1")
    assert (added.default_model, added.key_source) == ("llama3", KeySource.KEYRING)
    assert kept(backend, "https://llm.example.org:443") == [CANARY]
    assert opened.changed == [added.id]
    assert opened.editor is None


async def test_a_changed_host_needs_the_key_again(
    opened: Opened, backend: MemoryKeyring, qtbot: QtBot
) -> None:
    await opened.credentials.store(REMOTE, CANARY)
    editor = opened.edit(REMOTE)
    await until(lambda: "in the keyring" in editor.key.key.placeholderText())
    editor.connection.base_url.selectAll()
    qtbot.keyClicks(editor.connection.base_url, "https://evil.example.com/v1")
    assert editor.key.key.placeholderText() == "optional"

    opened.press("Test")
    opened.press("Save")
    assert editor.key.complaint("key") == ENTER_AGAIN
    assert opened.asked == []
    assert opened.settings.endpoints[2] == REMOTE
    assert QApplication.focusWidget() is editor.key.key

    qtbot.keyClicks(editor.key.key, "sk-another")
    opened.press("Save")
    await until(lambda: opened.settings.endpoints[2] != REMOTE)
    assert opened.settings.endpoints[2].base_url == "https://evil.example.com/v1"
    assert kept(backend, "https://evil.example.com:443") == ["sk-another"]
    assert kept(backend, "https://llm.example.com:443") == []


async def test_another_path_on_the_same_host_keeps_the_key(
    opened: Opened, backend: MemoryKeyring, qtbot: QtBot
) -> None:
    await opened.credentials.store(REMOTE, CANARY)
    editor = opened.edit(REMOTE)
    await until(lambda: "in the keyring" in editor.key.key.placeholderText())
    editor.connection.base_url.selectAll()
    qtbot.keyClicks(editor.connection.base_url, "https://llm.example.com/api/v2")
    opened.press("Test")
    await until(lambda: bool(opened.asked))
    assert opened.asked[0][1].key == CANARY
    assert opened.asked[0][0].id != REMOTE.id
    await until(lambda: "It works" in editor.steps.outcome)
    opened.press("Save")

    await until(lambda: opened.settings.endpoints[2].base_url == "https://llm.example.com/api/v2")
    assert kept(backend, "https://llm.example.com:443") == [CANARY]


async def test_a_key_is_removed_on_save(opened: Opened, backend: MemoryKeyring) -> None:
    await opened.credentials.store(REMOTE, CANARY)
    editor = opened.edit(REMOTE)
    await until(lambda: "in the keyring" in editor.key.key.placeholderText())
    opened.section("Key")
    opened.press("Remove key")
    assert kept(backend, "https://llm.example.com:443") == [CANARY]
    opened.press("Save")

    await until(lambda: opened.editor is None)
    assert backend.entries == {}
    assert opened.settings.endpoints[2].key_source is KeySource.NONE


async def test_cancel_changes_nothing(opened: Opened, backend: MemoryKeyring, qtbot: QtBot) -> None:
    editor = opened.edit(LOCAL)
    qtbot.keyClicks(opened.named(QLineEdit, "Name"), " changed")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)

    assert opened.editor is None
    assert opened.dialog.isVisible()
    assert opened.settings.endpoints[1] == LOCAL
    assert editor.key.key.text() == ""


async def test_saving_before_the_keyring_has_answered_keeps_the_key(
    opened: Opened, backend: MemoryKeyring
) -> None:
    await opened.credentials.store(REMOTE, CANARY)
    opened.edit(REMOTE)
    opened.press("Save")
    await until(lambda: opened.editor is None)
    assert opened.settings.endpoint("remote") == REMOTE
    assert list(backend.entries.values()) == [CANARY]


async def test_a_keyring_that_fails_is_told(opened: Opened, qtbot: QtBot) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    editor = opened.edit(OPENAI)
    await until(lambda: "The keyring cannot be read." in opened.result(editor))
    qtbot.keyClicks(editor.key.key, CANARY)
    opened.press("Save")
    await until(lambda: "The keyring was not changed." in opened.result(editor))
    opened.press("Use for this session only")

    assert opened.editor is None
    assert await opened.credentials.key(OPENAI) == CANARY
    assert opened.changed == ["openai"]


async def test_removing_asks_and_takes_the_key_along(opened: Opened, backend: MemoryKeyring) -> None:
    await opened.credentials.store(OPENAI, CANARY)
    opened.select(OPENAI)
    opened.press("Remove…")
    box = opened.dialog.findChild(QMessageBox)
    assert box.textFormat() == Qt.TextFormat.PlainText
    assert opened.settings.endpoints[0] == OPENAI
    next(each for each in box.buttons() if each.text() == "Remove").click()

    assert opened.settings.endpoints == (LOCAL, REMOTE)
    assert opened.settings.default_endpoint == ""
    assert opened.changed == ["openai"]
    await until(lambda: backend.entries == {})


@pytest.mark.qt_log_ignore("does not support raise")
async def test_a_problem_leads_to_the_key_of_its_endpoint(opened: Opened) -> None:
    opened.dialog.show_endpoint("remote", "key")

    assert opened.editor is not None
    assert QApplication.focusWidget() is opened.editor.key.key
    assert opened.editor.connection.base_url.text() == REMOTE.base_url


async def test_markup_in_names_stays_text(opened: Opened) -> None:
    named = new_endpoint("x", EndpointKind.COMPATIBLE, base_url="https://x.example/v1", has_key=False)
    opened.settings.change(endpoints=(named,))
    for label in opened.dialog.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_about(theme: Theme, qtbot: QtBot) -> None:
    dialog = AboutDialog(theme)
    qtbot.addWidget(dialog)
    dialog.show()

    interface = QAccessible.queryAccessibleInterface(dialog)
    assert interface.role() == QAccessible.Role.Dialog
    assert interface.text(QAccessible.Text.Name) == "About"
    next(each for each in dialog.findChildren(QAbstractButton) if each.text() == "Copy details").click()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Desktop Chat ")
    assert "Qt 6." in copied


async def test_a_closed_editor_leaves_nothing_behind(opened: Opened) -> None:
    before = len(opened.dialog.findChildren(QWidget))
    for _ in range(3):
        opened.press("Add…")
        opened.press("Cancel")

    await until(lambda: len(opened.dialog.findChildren(QWidget)) == before)


async def test_tab_goes_from_the_top_down_over_stops_with_names(opened: Opened, qtbot: QtBot) -> None:
    opened.page("Budgets")
    opened.dialog.findChild(QListWidget, "pages").setFocus()
    names = []
    for _stop in range(11):
        focused = QApplication.focusWidget()
        names.append(QAccessible.queryAccessibleInterface(focused).text(QAccessible.Text.Name))
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert names == [
        "Pages",
        "A day",
        "A month",
        "A chat",
        f"A month, {OPENAI.name}",
        f"A month, {LOCAL.name}",
        f"A month, {REMOTE.name}",
        "A month, Environment",
        "Answer identical requests at temperature 0 from here",
        "Clear the answers that are kept",
        "Close",
    ]


async def test_backups_are_switched_put_elsewhere_and_told_where_they_fail(
    opened: Opened, tmp_path: Path
) -> None:
    opened.page("Backups")
    opened.named(QCheckBox, "Chats: back up by itself").click()
    assert not opened.settings.backups
    page = opened.dialog.findChild(BackupsPage)
    page.use_folder(str(tmp_path))
    assert opened.settings.backup_folder == str(tmp_path)
    assert opened.named(QLineEdit, "Folder of the backups").text() == str(tmp_path)
    opened.press("Reset")
    assert opened.settings.backup_folder == ""
    opened.press("Back up now")
    await until(lambda: "the disk is full" in page.result.text())


async def test_all_chats_are_deleted_after_a_question(opened: Opened) -> None:
    opened.page("Data")
    opened.press("Delete all chats…")
    box = opened.dialog.findChild(QMessageBox, "wipeQuestion")
    assert box.defaultButton().text().replace("&", "") == "Cancel"
    box.checkBox().setChecked(True)
    box.accept()
    await until(lambda: opened.cleared == 200)
