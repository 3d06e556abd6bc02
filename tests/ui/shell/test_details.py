from collections.abc import Callable
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.context import ContextSettings, Strategy
from desktop_chat.domain.holds import Budget, Scope
from desktop_chat.domain.ledger import Totals
from desktop_chat.domain.message import Message, Role
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.ui.chat_header import ChatHeader
from desktop_chat.ui.details import DetailsPanel, tokens_per_second
from desktop_chat.ui.gauge import Bar, ContextButton
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
    last = Message(
        "2",
        "1",
        Role.ASSISTANT,
        usage=Usage(11_400, 1_000, 8_960),
        timing=Timing(0.41, 10.41),
        request_id="req_0123456789abcdef0123",
    )
    panel.set_totals(Totals(2, input=12_400, output=1_200, cached=9_760, cost=Decimal("0.0312")))
    panel.set_last(last)
    assert text_of(panel, "inputCached") == "12,400 / 9,760"
    assert text_of(panel, "output") == "1,200"
    assert text_of(panel, "cost") == "$0.031"
    assert text_of(panel, "firstToken") == "0.41 s"
    assert text_of(panel, "speed") == "100 tok/s"
    assert "…" in panel.request_id.text()
    assert "req_0123456789abcdef0123" in panel.request_id.accessibleName()
    QTest.mouseClick(panel.request_id, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "req_0123456789abcdef0123"
    panel.set_totals(Totals())
    panel.set_last(None)
    names = ("inputCached", "output", "cost", "firstToken", "speed")
    assert {text_of(panel, name) for name in names} == {"—"}
    assert not panel.request_id.isEnabled()


@pytest.mark.parametrize(
    ("totals", "words", "tip"),
    [
        (Totals(1, cost=Decimal("4.1234")), "$4.12", "1 request with"),
        (Totals(3, cost=Decimal("0.5"), estimated=Decimal("0.1")), "≈ $0.50", "$0.10 is estimated"),
        (Totals(3, cost=Decimal("0.5"), unpriced=2), "≥ $0.50", "The price of 2 is not known"),
        (Totals(3, unpriced=3), "unknown", "The price of 3 is not known"),
        (Totals(3), "$0.00", "3 requests with"),
    ],
)
def test_what_is_not_known_is_never_told_as_nothing(
    panel: DetailsPanel, header: ChatHeader, totals: Totals, words: str, tip: str
) -> None:
    panel.set_totals(totals)
    header.set_cost(totals)
    for widget, name in ((panel, "cost"), (header, "chatCost")):
        found = widget.findChild(QLabel, name)
        assert found is not None
        assert found.text() == words
        assert tip in found.toolTip()


@pytest.mark.parametrize(
    ("budgets", "name", "spent"),
    [
        ([Budget(Scope.MONTH, Decimal(20), Decimal("4.123"))], "Budget this month", "$4.12 of $20"),
        ([Budget(Scope.DAY, Decimal("1.50"), Decimal(0))], "Budget today", "$0.00 of $1.50"),
        (
            [Budget(Scope.CHAT, Decimal(1)), Budget(Scope.DAY, Decimal(2)), Budget(Scope.MONTH, Decimal(3))],
            "Budget this month",
            "$0.00 of $3",
        ),
    ],
)
def test_one_budget_is_shown(panel: DetailsPanel, budgets: list[Budget], name: str, spent: str) -> None:
    label, bar = panel.findChild(QLabel, "budget"), panel.findChild(Bar)
    assert label is not None
    assert bar is not None
    assert not label.isVisible()
    panel.set_budgets(budgets)
    assert label.isVisible()
    assert label.text() == spent
    assert name in [each.text() for each in panel.findChildren(QLabel)]
    assert bar.share == pytest.approx(float(budgets[-1].spent / budgets[-1].amount))
    panel.set_budgets([])
    assert not label.isVisible()


@pytest.mark.parametrize(
    ("context", "words"),
    [
        (ContextSettings(), "everything"),
        (ContextSettings(Strategy.BUDGET, budget=16_000), "16k tokens"),
        (ContextSettings(Strategy.LAST_TURNS, turns=10), "last 10 turns"),
        (ContextSettings(Strategy.LAST_TURNS, turns=1), "last turn"),
        (ContextSettings(Strategy.SUMMARY), "with a summary"),
        (ContextSettings(Strategy.SERVER), "left to the server"),
    ],
)
def test_the_strategy_leads_to_what_is_sent(
    panel: DetailsPanel, context: ContextSettings, words: str
) -> None:
    panel.set_context(context)
    assert panel.context.text() == f"{words}…"
    assert panel.context.accessibleName() == f"Context: {words}"
    requested = record(panel.context_requested)
    QTest.mouseClick(panel.context, Qt.MouseButton.LeftButton)
    assert requested == [()]


def test_the_panel_leads_to_the_usage_of_all_chats(panel: DetailsPanel) -> None:
    requested = record(panel.usage_requested)
    QTest.mouseClick(panel.usage, Qt.MouseButton.LeftButton)
    assert requested == [()]


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


def context_of(header: ChatHeader) -> ContextButton:
    found = header.findChild(ContextButton)
    assert found is not None
    return found


def test_the_header_tells_what_the_next_request_takes(header: ChatHeader) -> None:
    header.resize(800, 52)
    button = context_of(header)
    assert not button.isVisible()
    header.set_context(12_400, 400_000)
    assert button.isVisible()
    assert (button.text(), button.share) == ("12.4k / 400k", 0.031)
    assert button.accessibleDescription() == "The next request takes 12,400 of 400,000 tokens (3%)"
    header.set_context(12_400, 400_000, True)
    assert button.text() == "≈ 12.4k / 400k"
    wide = button.sizeHint().width()
    header.set_context(12_400, None)
    assert (button.text(), button.share) == ("12.4k", None)
    assert "not known" in button.accessibleDescription()
    assert button.sizeHint().width() < wide - 84, "no bar"
    header.set_context(None)
    assert not button.isVisible()


@pytest.mark.parametrize(
    ("tokens", "color"), [(1, "accent"), (319_999, "accent"), (320_000, "warn"), (400_000, "error")]
)
def test_the_bar_warns_before_the_window_is_full(
    header: ChatHeader, theme: Theme, tokens: int, color: str
) -> None:
    header.resize(800, 52)
    header.set_context(tokens, 400_000)
    button = context_of(header)
    image = button.grab().toImage()
    y = image.height() // 2
    colors = {image.pixelColor(x, y).name() for x in range(image.width())}
    assert getattr(theme.colors, color).name() in colors
    others = {"accent", "warn", "error"} - {color}
    assert not colors & {getattr(theme.colors, other).name() for other in others}


def test_the_header_leads_to_what_is_sent(header: ChatHeader) -> None:
    header.resize(800, 52)
    header.set_context(12_400, 400_000)
    requested = record(header.context_requested)
    button = context_of(header)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert requested == [(), ()]


def test_a_chat_without_requests_tells_no_cost(header: ChatHeader) -> None:
    header.resize(800, 52)
    cost = header.findChild(QLabel, "chatCost")
    assert cost is not None
    header.set_cost(Totals())
    assert not cost.isVisible()
    header.set_cost(Totals(1, cost=Decimal("0.031")))
    assert cost.isVisible()
    assert cost.accessibleDescription() == "$0.031"


def test_a_screen_reader_can_tell_what_a_value_is_of(panel: DetailsPanel) -> None:
    value = panel.findChild(QLabel, "cost")
    assert [name.text() for name in panel.findChildren(QLabel) if name.buddy() is value] == ["Cost"]
