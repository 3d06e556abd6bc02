"""The card of a request that was held back."""

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.holds import Budget, Hold, OverBudget, OverLimit, Scope
from desktop_chat.ui.hold_dialog import HoldDialog
from desktop_chat.ui.hold_words import Way, explain_hold
from desktop_chat.ui.theme import Theme

LIMIT = OverLimit(200, 100, is_approximate=False, turns=3)
BUDGET = OverBudget(Budget(Scope.DAY, Decimal(5), Decimal(5)), Decimal(1))


def shown(theme: Theme, host: QWidget, hold: Hold = LIMIT) -> HoldDialog:
    made = HoldDialog(theme, host, explain_hold(hold, "m", small_model="s"), "m")
    made.present()
    return made


def press(card: HoldDialog, text: str) -> None:
    next(each for each in card.findChildren(QPushButton) if each.text() == text).click()


def test_it_leaves_the_focus_where_the_user_types(
    theme: Theme, host: QWidget, typing: QPlainTextEdit
) -> None:
    card = shown(theme, host)
    assert typing.hasFocus()
    assert card.accessibleDescription().startswith("This is longer than m can read. The request takes 200")
    assert card.accessibleName() == "Request held back"
    card.reject()


@pytest.mark.parametrize(
    ("hold", "text", "way", "stays"),
    [
        (LIMIT, "Send the last 3 turns", Way.SHORTEN, False),
        (LIMIT, "Summarise older turns", Way.SUMMARISE, True),
        (LIMIT, "Choose a larger model", Way.LARGER_MODEL, True),
        (LIMIT, "Send anyway", Way.SEND_ANYWAY, False),
        (BUDGET, "Allow once", Way.ALLOW_ONCE, False),
        (BUDGET, "Change budget…", Way.CHANGE_BUDGET, False),
    ],
)
def test_each_way_has_a_button(
    theme: Theme, host: QWidget, hold: Hold, text: str, way: Way, stays: bool
) -> None:
    card = shown(theme, host, hold)
    taken: list[Way] = []
    card.chosen.connect(taken.append)
    press(card, text)
    assert taken == [way]
    assert card.isVisible() is stays
    card.reject()


def test_what_takes_a_while_can_be_stopped(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    card = shown(theme, host)
    card.wait("Summarising…")
    assert not any(each.isEnabled() for each in card.findChildren(QPushButton) if each.text() != "Cancel")
    with qtbot.waitSignal(card.stopped):
        press(card, "Cancel")
    assert not card.isVisible()


def test_what_did_not_come_about_is_told_and_something_else_can_be_tried(theme: Theme, host: QWidget) -> None:
    card = shown(theme, host)
    card.wait("Summarising…")
    card.tell("No summary was written.")
    told = card.findChild(QLabel, "holdProgress")
    assert told.isVisible()
    assert told.text() == "No summary was written."
    assert all(each.isEnabled() for each in card.findChildren(QPushButton))
    stopped: list[bool] = []
    card.stopped.connect(lambda: stopped.append(True))
    card.reject()
    assert stopped == []


def test_escape_closes_it_while_it_has_the_focus(theme: Theme, host: QWidget) -> None:
    card = shown(theme, host)
    card.findChild(QPushButton).setFocus()
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert not card.isVisible()
