"""The problem dialog offers what helps, and nothing more."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.errors import (
    ChatError,
    ContextExceeded,
    KeyRejected,
    KeyringUnavailable,
    ModelNotFound,
    QuotaExhausted,
    TlsFailed,
)
from desktop_chat.storage import Backup
from desktop_chat.ui.card import Card
from desktop_chat.ui.notices import Action, Notice, explain, explain_put_back
from desktop_chat.ui.problem_dialog import BILLING_URL, ProblemDialog
from desktop_chat.ui.theme import Theme


def press(qtbot: QtBot, dialog: QWidget, text: str) -> None:
    button = next(each for each in dialog.findChildren(QPushButton) if each.text() == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("error", "text", "action"),
    [
        (KeyRejected(), "Enter key", Action.ENTER_KEY),
        (ModelNotFound(), "Choose a model", Action.CHOOSE_MODEL),
        (ContextExceeded(), "Shorten", Action.SHORTEN),
        (TlsFailed(), "Check the endpoint", Action.CHECK_ENDPOINT),
        (KeyringUnavailable(), "For this session only", Action.SESSION_KEY),
        (KeyringUnavailable(), "Try again", Action.TRY_AGAIN),
    ],
)
def test_a_button_says_what_the_user_chose(
    theme: Theme, host: QWidget, qtbot: QtBot, error: ChatError, text: str, action: Action
) -> None:
    dialog = ProblemDialog(theme, host, explain(error, "OpenAI"), lambda url: None)
    dialog.present()

    with qtbot.waitSignal(dialog.chosen) as told:
        press(qtbot, dialog, text)
    assert told.args == [action]
    qtbot.waitUntil(lambda: not host.findChildren(ProblemDialog))


def test_billing_opens_the_page_by_click_alone(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    opened: list[str] = []
    error = QuotaExhausted(status=429, host="api.openai.com")
    dialog = ProblemDialog(theme, host, explain(error, "OpenAI"), opened.append)
    dialog.present()

    assert opened == []
    press(qtbot, dialog, "Open billing page")
    assert opened == [BILLING_URL]


def test_what_to_check_is_listed(theme: Theme, host: QWidget) -> None:
    notice = explain(TlsFailed("self-signed certificate", host="llm.example.com"), "Mine")
    dialog = ProblemDialog(theme, host, notice, lambda url: None)
    dialog.present()

    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert set(notice.checks) <= set(texts)
    assert any("date and time" in text for text in texts)
    interface = QAccessible.queryAccessibleInterface(dialog)
    assert interface.role() == QAccessible.Role.Dialog
    assert interface.text(QAccessible.Text.Name) == "Problem"
    assert "date and time" in interface.text(QAccessible.Text.Description)


def test_all_of_it_is_said(theme: Theme, host: QWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def hand_on(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            said.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", hand_on)
    notice = explain(TlsFailed("self-signed certificate", host="llm.example.com"), "Mine")
    ProblemDialog(theme, host, notice, lambda url: None).present()
    assert said == [" ".join((f"{notice.title}.", notice.body, *notice.checks))]


def test_what_was_done_is_not_called_a_problem(theme: Theme, host: QWidget) -> None:
    backup = Backup(datetime(2026, 11, 20, tzinfo=UTC), 1, Path("before.db"), "0.2.0", 1)
    dialog = ProblemDialog(theme, host, explain_put_back(backup, Path("after.db")), lambda url: None)
    assert dialog.accessibleName() == "Notice"


@pytest.mark.parametrize("zoom", [100, 150])
def test_a_long_name_hides_no_button(theme: Theme, host: QWidget, zoom: int) -> None:
    theme.set_zoom(zoom)
    host.resize(720, 500)
    notice = Notice("The file was not opened", f"“{'long_name_' * 25}.bin” was not opened.", (), "")
    dialog = ProblemDialog(theme, host, notice, lambda url: None)
    dialog.present()
    dialog.grab()
    close = next(each for each in dialog.findChildren(QPushButton) if each.text() == "Close")
    assert close.visibleRegion().boundingRect() == close.rect()
    (body,) = (label for label in dialog.findChildren(QLabel) if label.text() == notice.body)
    lines = body.height() / body.fontMetrics().lineSpacing()
    assert lines >= body.fontMetrics().horizontalAdvance(notice.body) / body.width()


def test_it_waits_behind_a_modal_card(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    modal = Card(theme, host, 600, modal=True)
    modal.body.addWidget(QPushButton("Modal"))
    modal.show()
    dialog = ProblemDialog(theme, host, explain(KeyRejected(), "OpenAI"), lambda url: None)
    dialog.present()

    def is_on_top(at: QPoint) -> bool:
        found = host.childAt(at)
        return found is dialog or dialog.isAncestorOf(found)

    places = [button.mapTo(host, button.rect().center()) for button in dialog.findChildren(QPushButton)]
    assert places
    assert not any(map(is_on_top, places))
    modal.reject()
    assert all(map(is_on_top, places))


def test_the_focus_stays_and_escape_closes_from_within(
    theme: Theme, host: QWidget, typing: QPlainTextEdit, qtbot: QtBot
) -> None:
    dialog = ProblemDialog(theme, host, explain(KeyRejected(), "OpenAI"), lambda url: None)
    dialog.present()
    QApplication.processEvents()
    assert QApplication.focusWidget() is typing

    dialog.findChild(QPushButton).setFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is typing
    qtbot.waitUntil(lambda: not host.findChildren(ProblemDialog))


def test_copied_details_hold_no_key(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    error = KeyRejected(
        "Incorrect API key provided: sk-proj-CANARY0123456789", 401, "invalid_api_key", "req_1"
    )
    dialog = ProblemDialog(theme, host, explain(error, "OpenAI"), lambda url: None)
    dialog.present()
    press(qtbot, dialog, "Copy details")

    copied = QGuiApplication.clipboard().text()
    assert "request id: req_1" in copied
    assert "CANARY" not in copied
    shown = [each.accessibleName() for each in dialog.findChildren(QWidget)]
    shown += [label.text() for label in dialog.findChildren(QLabel)]
    assert "CANARY" not in "\n".join(shown)
