from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.message import Message, Role
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.ui.chat_header import ChatHeader, short_number
from desktop_chat.ui.details import DetailsPanel, tokens_per_second
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import record


@pytest.fixture
def panel(theme: Theme, shown: Callable[[QWidget], None]) -> DetailsPanel:
    made = DetailsPanel(theme)
    made.resize(272, 820)
    shown(made)
    return made


def text_of(panel: QWidget, name: str) -> str:
    found = panel.findChild(QLabel, name)
    assert found is not None
    return found.text()


def test_what_is_unset_is_not_sent_until_it_is_moved(panel: DetailsPanel) -> None:
    panel.set_parameters(Parameters())
    changes = record(panel.parameters_changed)
    slider = panel.temperature.slider
    assert slider.accessibleDescription() == "default"
    assert not panel.temperature.reset.isVisible()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert changes[-1] == (Parameters(temperature=1.1),)
    assert slider.accessibleDescription() == "1.1"
    QTest.mouseClick(panel.temperature.reset, Qt.MouseButton.LeftButton)
    assert changes[-1] == (Parameters(),)


def test_showing_parameters_changes_none(panel: DetailsPanel) -> None:
    changes = record(panel.parameters_changed)
    given = Parameters("Be brief.", 0.3, 4096, "high")
    panel.set_parameters(given)
    panel.flush()
    assert changes == []
    assert panel.prompt.toPlainText() == "Be brief."
    assert panel.max_tokens.value() == 4096
    assert panel.reasoning.accessibleDescription() == "high"
    panel.set_parameters(Parameters())
    assert panel.max_tokens.text() == "model limit"


def test_max_output_tokens(panel: DetailsPanel) -> None:
    changes = record(panel.parameters_changed)
    panel.max_tokens.setFocus()
    panel.max_tokens.selectAll()
    QTest.keyClicks(panel.max_tokens, "2000")
    QTest.keyClick(panel.max_tokens, Qt.Key.Key_Return)
    assert changes == [(Parameters(max_output_tokens=2000),)]
    panel.max_tokens.setValue(0)
    assert changes[-1] == (Parameters(),)


def test_the_system_prompt_is_handed_on_after_a_pause_and_when_left(
    panel: DetailsPanel, qtbot: QtBot
) -> None:
    changes = record(panel.parameters_changed)
    panel.prompt.setFocus()
    QTest.keyClicks(panel.prompt, "Be")
    assert changes == []
    qtbot.waitUntil(lambda: changes == [(Parameters("Be"),)])
    QTest.keyClicks(panel.prompt, " brief")
    panel.max_tokens.setFocus()
    assert changes[-1] == (Parameters("Be brief"),)


def test_the_wheel_scrolls_the_panel_not_the_values(panel: DetailsPanel) -> None:
    changes = record(panel.parameters_changed)
    panel.prompt.setFocus()
    for widget in (panel.max_tokens, panel.temperature.slider):
        middle = QPointF(widget.rect().center())
        event = QWheelEvent(
            middle,
            widget.mapToGlobal(middle),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)
    assert changes == []


def test_usage(panel: DetailsPanel) -> None:
    first = Message("1", None, Role.ASSISTANT, usage=Usage(1_000, 200, 800))
    last = Message(
        "2",
        "1",
        Role.ASSISTANT,
        usage=Usage(11_400, 1_000, 8_960),
        timing=Timing(0.41, 10.41),
        request_id="req_0123456789abcdef0123",
    )
    panel.set_usage([first, last], last)
    assert text_of(panel, "inputCached") == "12,400 / 9,760"
    assert text_of(panel, "output") == "1,200"
    assert text_of(panel, "firstToken") == "0.41 s"
    assert text_of(panel, "speed") == "100 tok/s"
    assert "…" in panel.request_id.text()
    assert "req_0123456789abcdef0123" in panel.request_id.accessibleName()
    QTest.mouseClick(panel.request_id, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "req_0123456789abcdef0123"
    panel.set_usage([], None)
    assert {text_of(panel, name) for name in ("inputCached", "output", "firstToken", "speed")} == {"—"}
    assert not panel.request_id.isEnabled()


@pytest.mark.parametrize(
    ("usage", "timing", "expected"),
    [
        (Usage(1, 100), Timing(1.0, 3.0), 50.0),
        (Usage(1, 100), Timing(None, 3.0), None),
        (Usage(1, 100), Timing(3.0, 3.0), None),
        (Usage(1, 0), Timing(1.0, 3.0), None),
        (None, Timing(1.0, 3.0), None),
        (Usage(1, 100), None, None),
    ],
)
def test_speed(usage: Usage | None, timing: Timing | None, expected: float | None) -> None:
    assert tokens_per_second(usage, timing) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0k"),
        (12_400, "12.4k"),
        (999_949, "999.9k"),
        (999_950, "1.0M"),
        (1_250_000, "1.2M"),
    ],
)
def test_short_numbers(value: int, text: str) -> None:
    assert short_number(value) == text


@pytest.fixture
def header(theme: Theme, shown: Callable[[QWidget], None]) -> ChatHeader:
    made = ChatHeader(theme)
    made.resize(600, 52)
    shown(made)
    made.title.editable = True
    made.title.set_text("A title")
    return made


def test_renaming_in_place(header: ChatHeader) -> None:
    renamed = record(header.renamed)
    QTest.mouseDClick(header.title, Qt.MouseButton.LeftButton)
    editor = header.title.editor
    assert editor.text() == "A title"
    QTest.keyClicks(editor, "Another")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert renamed == [("Another",)]
    header.title.edit()
    QTest.keyClicks(editor, "Not this")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    header.title.edit()
    QTest.keyClicks(editor, "   ")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert renamed == [("Another",)], "neither Esc nor a blank title renames"


def test_a_models_name_is_shown_literally_and_cut_short(header: ChatHeader) -> None:
    header.set_model("<b>r&d</b>")
    assert header.model_button.text() == "<b>r&&d</b>"
    assert "<b>" not in header.model_button.toolTip()
    header.set_model("organisation/a-model-with-a-very-long-name-indeed:2026-11-21")
    assert header.model_button.text().endswith("…")
    assert header.model_button.accessibleDescription().endswith("2026-11-21")
    header.set_model("")
    assert header.model_button.text() == "Choose a model"
