"""Fields for amounts: what is wrong is told where it was written, and nothing else is carried on."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.preferences.amount import AmountField, clean_amount, clean_window
from desktop_chat.ui.theme import Theme


@pytest.mark.parametrize(
    ("text", "stored"),
    [("131072", "131072"), ("1,047,576", "1047576"), (" 400 000 ", "400000"), ("0128", "128")],
)
def test_windows(text: str, stored: str) -> None:
    assert clean_window(text) == stored


@pytest.mark.parametrize("text", ["0", "-1", "128k", "1.5", "٣", "9" * 10, "9" * 5000, "²"])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number of tokens\.$"):
        clean_window(text)


def test_amounts_are_those_of_the_domain() -> None:
    assert clean_amount(" $2,50") == "2.50"


def written(field: AmountField, text: str) -> None:
    field.field.setFocus()
    field.field.selectAll()
    QTest.keyClicks(field.field, text)
    QTest.keyClick(field.field, Qt.Key.Key_Return)


def test_a_problem_is_told_below_the_field(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    field = AmountField(theme, "A day")
    host.layout().addWidget(field)
    carried: list[str] = []
    field.changed.connect(carried.append)
    written(field, "a lot")
    assert field.problem == "“a lot” is not an amount of dollars."
    assert field.field.accessibleDescription() == field.problem
    assert carried == []
    field.set_value("")  # what the settings say meanwhile does not take away what is being corrected
    assert field.field.text() == "a lot"
    written(field, "5")
    assert field.problem == ""
    field.field.clear()
    assert field.check()
    assert carried == ["5", ""]


def test_a_problem_is_said_once(theme: Theme, host: QWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def hand_on(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            said.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", hand_on)
    field = AmountField(theme, "A day")
    host.layout().addWidget(field)
    written(field, "a lot")
    assert not field.check()
    assert said == [field.problem]
