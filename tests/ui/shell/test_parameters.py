"""Every parameter of a chat in a window: by keys, by dialect, and never something that cannot be sent."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.parameters import BY_NAME, PARAMETERS, FormatKind, Group, Parameters, ResponseFormat
from desktop_chat.ui.details import DetailsPanel
from desktop_chat.ui.json_object import read_object
from desktop_chat.ui.parameters.dialog import NARROW, ParametersDialog
from desktop_chat.ui.parameters.fields import PairsField, TextsField
from desktop_chat.ui.parameters.format_field import FormatField
from desktop_chat.ui.parameters.json_field import JsonField
from desktop_chat.ui.parameters.slider import NumberSlider
from desktop_chat.ui.parameters.words import has
from desktop_chat.ui.theme import Theme

from .conftest import Running, record, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

SET = Parameters(
    "Be brief.",
    temperature=0.7,
    max_output_tokens=2000,
    reasoning_effort="low",
    reasoning_summary="auto",
    verbosity="high",
    top_p=0.9,
    frequency_penalty=-0.5,
    presence_penalty=1.5,
    seed=-7,
    stop=("END", "\n\n", "\\n"),
    logit_bias={"50256": -100, "11": 0.5},
    top_logprobs=3,
    response_format=ResponseFormat(FormatKind.JSON_SCHEMA, "person", {"type": "object"}, False),
    n=2,
    stream=False,
    service_tier="flex",
    prompt_cache_key="key",
    prompt_cache_retention="24h",
    metadata={"project": "it's <b>"},
    safety_identifier="user-1",
    store=True,
    dialect=Dialect.CHAT_COMPLETIONS,
    extra_body={"top_k": 40},
)


@pytest.fixture
def panel(theme: Theme, shown: Callable[[QWidget], None]) -> DetailsPanel:
    made = DetailsPanel(theme)
    made.resize(272, 820)
    shown(made)
    return made


@pytest.fixture
def dialog(panel: DetailsPanel, qtbot: QtBot) -> ParametersDialog:
    panel.set_target("m-1", Dialect.CHAT_COMPLETIONS, frozenset())
    panel.more.click()
    (made,) = panel.window().findChildren(ParametersDialog)
    qtbot.waitExposed(made)
    return made


def field(dialog: ParametersDialog, name: str) -> Any:
    return dialog.rows[name].control


def write(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def choose(box: QComboBox, text: str) -> None:
    """As the user would by keys."""
    box.setFocus()
    while box.currentText() != text:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() != before, text


def test_everything_has_a_field_and_is_shown_as_it_is(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    assert {each.name for each in fields(Parameters)} - {"system_prompt"} == dialog.rows.keys()
    assert all(getattr(SET, each.name) != getattr(Parameters(), each.name) for each in fields(Parameters))
    panel.set_parameters(SET)
    for name, row in dialog.rows.items():
        assert row.isVisible(), name
        assert row.reset.isVisible(), name
        assert row.first.accessibleName(), name
    assert field(dialog, "temperature").slider.value() == 7
    assert [line.text() for line in field(dialog, "stop").lines][:3] == ["END", "\\n\\n", "\\\\n"]
    assert field(dialog, "store").box.currentText() == "on"
    assert field(dialog, "dialect").box.currentText() == "Chat Completions"
    assert field(dialog, "prompt_cache_retention").box.currentText() == "24 hours"
    assert [name.text() for name, _, _ in field(dialog, "logit_bias").rows] == ["50256", "11"]
    assert read_object(field(dialog, "extra_body").editor.toPlainText()) == {"top_k": 40}
    dialog.reject()
    assert changes == []


def test_reset_gives_every_default_back(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    for name, row in dialog.rows.items():
        panel.set_parameters(replace(Parameters("Kept."), **{name: getattr(SET, name)}))
        assert row.reset.isVisible()
        row.reset.click()
        assert changes[-1] == (Parameters("Kept."),), name
        assert not row.reset.isVisible()
    panel.set_parameters(SET)
    (everything,) = [one for one in dialog.findChildren(QPushButton) if one.text() == "Reset all"]
    everything.click()
    assert changes[-1] == (Parameters("Be brief."),)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_only_what_the_dialect_has_is_shown(
    panel: DetailsPanel, dialog: ParametersDialog, dialect: Dialect
) -> None:
    panel.set_target("m-1", dialect, frozenset())
    for parameter in PARAMETERS:
        assert dialog.rows[parameter.name].isVisible() == has(parameter, dialect), parameter.name
    visible = {parameter.group for parameter in PARAMETERS if has(parameter, dialect)}
    assert visible == set(Group)


def test_what_the_dialect_lacks_is_shown_once_it_is_set(
    panel: DetailsPanel, dialog: ParametersDialog
) -> None:
    panel.set_target("m-1", Dialect.RESPONSES, frozenset())
    assert not dialog.rows["seed"].isVisible()
    panel.set_parameters(Parameters(seed=3))
    assert dialog.rows["seed"].isVisible()
    assert dialog.rows["seed"].note.text() == "Not sent: Responses has no such parameter."
    # A chat's own dialect counts before that of its endpoint.
    panel.set_parameters(Parameters(seed=3, dialect=Dialect.CHAT_COMPLETIONS))
    assert not dialog.rows["seed"].note.isVisible()
    assert field(dialog, "dialect").box.itemText(0) == "as its endpoint: Responses"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "-12", -12),
        ("seed", "9223372036854775807", 2**63 - 1),
        ("max_output_tokens", "10,000", 10_000),
        ("n", "8", 8),
        ("top_logprobs", "0", 0),
        ("prompt_cache_key", "it's", "it's"),
    ],
)
def test_lines(panel: DetailsPanel, dialog: ParametersDialog, name: str, text: str, value: object) -> None:
    changes = record(panel.parameters_changed)
    write(field(dialog, name).line, text)
    assert changes == [(replace(Parameters(), **{name: value}),)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("n", "9", "Answers: between 1 and 8."),
        ("max_output_tokens", "0", "Max output tokens: between 1 and 10,000,000."),
        ("seed", "1.5", "“1.5” is not a whole number."),
        ("seed", "99999999999999999999", "Seed: between"),
        ("prompt_cache_key", "x" * 513, "Prompt cache key: between 1 and 512 characters."),
    ],
)
def test_what_cannot_be_is_told_and_not_sent(
    panel: DetailsPanel, dialog: ParametersDialog, name: str, text: str, problem: str
) -> None:
    changes = record(panel.parameters_changed)
    write(field(dialog, name).line, text)
    assert field(dialog, name).problem.startswith(problem)
    assert field(dialog, name).line.accessibleDescription().startswith(problem)
    assert changes == []
    write(field(dialog, name).line, "")
    QTest.keyClick(field(dialog, name).line, Qt.Key.Key_Backspace)
    QTest.keyClick(field(dialog, name).line, Qt.Key.Key_Return)
    assert field(dialog, name).problem == ""


def test_arrow_keys_step_numbers(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    line = field(dialog, "n").line
    for _ in range(9):
        QTest.keyClick(line, Qt.Key.Key_Up)
    assert changes[-1] == (Parameters(n=8),)
    QTest.keyClick(line, Qt.Key.Key_Down)
    assert changes[-1] == (Parameters(n=7),)
    tokens = field(dialog, "max_output_tokens").line
    QTest.keyClick(tokens, Qt.Key.Key_Up)
    assert changes[-1] == (Parameters(n=7, max_output_tokens=256),)


def test_sliders_move_in_their_steps(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    QTest.keyClick(field(dialog, "frequency_penalty").slider, Qt.Key.Key_Left)
    assert changes[-1] == (Parameters(frequency_penalty=-0.1),)
    QTest.keyClick(field(dialog, "top_p").slider, Qt.Key.Key_Left)
    assert changes[-1] == (Parameters(frequency_penalty=-0.1, top_p=0.95),)
    for name in ("temperature", "top_p", "presence_penalty"):
        control = field(dialog, name)
        assert isinstance(control, NumberSlider)
        for end, key in ((BY_NAME[name].minimum, Qt.Key.Key_Home), (BY_NAME[name].maximum, Qt.Key.Key_End)):
            QTest.keyClick(control.slider, key)
            assert getattr(changes[-1][0], name) == end


def test_choices_by_keys(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    choose(field(dialog, "service_tier").box, "priority")
    assert changes[-1] == (Parameters(service_tier="priority"),)
    choose(field(dialog, "stream").box, "off")
    assert changes[-1] == (Parameters(service_tier="priority", stream=False),)
    assert field(dialog, "stream").box.itemText(0) == "default (on)"


def test_texts_to_stop_at(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    control = field(dialog, "stop")
    assert isinstance(control, TextsField)
    assert [line.isVisible() for line in control.lines] == [True, False, False, False]
    write(control.lines[0], "\\n\\n")
    assert changes[-1] == (Parameters(stop=("\n\n",)),)
    write(control.lines[1], "a\\\\n")
    assert changes[-1] == (Parameters(stop=("\n\n", "a\\n")),)
    assert [line.isVisible() for line in control.lines] == [True, True, True, False]


def test_pairs(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    control = field(dialog, "metadata")
    assert isinstance(control, PairsField)
    control.add.click()
    name, value, _ = control.rows[0]
    assert name.hasFocus()
    write(name, "project")
    assert changes == []
    write(value, "alpha")
    assert changes[-1] == (Parameters(metadata={"project": "alpha"}),)
    control.add.click()
    write(control.rows[1][0], "project")
    write(control.rows[1][1], "beta")
    assert control.problem == "project is there twice."
    control.rows[1][2].click()
    assert control.problem == ""
    control.rows[0][2].click()
    assert changes[-1] == (Parameters(),)


def test_bias_of_tokens(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    changes = record(panel.parameters_changed)
    control = field(dialog, "logit_bias")
    control.add.click()
    name, value, _ = control.rows[0]
    write(name, "word")
    write(value, "5")
    assert control.problem == "“word” is not the number of a token."
    write(name, "50256")
    write(value, "101")
    assert control.problem == "A bias is between -100 and 100."
    write(value, "-0.5")
    assert changes[-1] == (Parameters(logit_bias={"50256": 5}),) or changes[-1] == (
        Parameters(logit_bias={"50256": -0.5}),
    )
    assert control.value == {"50256": -0.5}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": ', "Line 1, column 7"),
        ('{\n  "a" 1}', "Line 2, column 7"),
        ("[1]", "It has to be an object"),
        ('{"a": 1, "a": 2}', "“a” is there twice."),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": [1e999]}', "A number is too large."),
        ('{"a": ' * 5000, "That is nested too deep."),
        ("1,\n" * 200_000, "That is too long"),
    ],
)
def test_json_is_checked_as_it_is_typed(
    panel: DetailsPanel, dialog: ParametersDialog, qtbot: QtBot, text: str, problem: str
) -> None:
    changes = record(panel.parameters_changed)
    control = field(dialog, "extra_body")
    assert isinstance(control, JsonField)
    control.editor.setPlainText(text)
    qtbot.waitUntil(lambda: control.problem.startswith(problem))
    assert changes == []
    control.editor.setPlainText('{"top_k": 40}')
    qtbot.waitUntil(lambda: changes == [(Parameters(extra_body={"top_k": 40}),)])
    assert control.problem == ""
    # What the user wrote stays in the user's lines.
    assert control.editor.toPlainText() == '{"top_k": 40}'


def test_what_was_just_typed_holds_when_the_window_closes(
    panel: DetailsPanel, dialog: ParametersDialog
) -> None:
    changes = record(panel.parameters_changed)
    field(dialog, "extra_body").editor.setPlainText('{"a": 1}')
    dialog.reject()
    assert changes == [(Parameters(extra_body={"a": 1}),)]


def test_a_schema_is_checked_as_a_schema(panel: DetailsPanel, dialog: ParametersDialog, qtbot: QtBot) -> None:
    changes = record(panel.parameters_changed)
    control = field(dialog, "response_format")
    assert isinstance(control, FormatField)
    assert not control.schema.isVisible()
    choose(control.box, "JSON")
    assert changes[-1] == (Parameters(response_format=ResponseFormat(FormatKind.JSON)),)
    choose(control.box, "JSON schema")
    assert control.schema.isVisible()
    assert control.verdict.text() == "Without a schema the answer is text."
    control.schema.editor.setPlainText('{"type": "objec"}')
    qtbot.waitUntil(lambda: "'objec' is not valid" in control.verdict.text(), timeout=60_000)
    control.schema.editor.setPlainText('{"type": "object", "properties": {"a": {}}}')
    qtbot.waitUntil(lambda: "strict needs" in control.verdict.text(), timeout=60_000)
    control.strict.click()
    qtbot.waitUntil(lambda: control.verdict.text() == "A valid schema", timeout=60_000)
    write(control.name, "no spaces please")
    assert control.problem.startswith("The name: at most 64")
    write(control.name, "person")
    schema = {"type": "object", "properties": {"a": {}}}
    wanted = ResponseFormat(FormatKind.JSON_SCHEMA, "person", schema, False)
    assert changes[-1] == (Parameters(response_format=wanted),)
    qtbot.waitUntil(lambda: control.verdict.text() == "A valid schema", timeout=60_000)
    written = control.schema.editor.toPlainText()
    control.schema.editor.setPlainText('{"type": }')
    assert not control.schema.read()
    assert not control.verdict.isVisible(), "it was of another text"
    control.schema.editor.setPlainText(written)
    assert control.schema.read()
    qtbot.waitUntil(lambda: control.verdict.text() == "A valid schema", timeout=60_000)


def test_temperature_with_top_p_warns(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    shown_in_panel = panel.findChild(QLabel, "parametersWarning")
    assert shown_in_panel is not None
    panel.set_parameters(Parameters(temperature=0.5))
    assert not dialog.warning.isVisible()
    assert not shown_in_panel.isVisible()
    panel.set_parameters(Parameters(temperature=0.5, top_p=0.5))
    assert "not both" in dialog.warning.text()
    assert dialog.warning.isVisible()
    assert shown_in_panel.isVisible()


def test_the_panel_says_what_is_set_beyond_it(panel: DetailsPanel) -> None:
    assert panel.more.text() == "all default…"
    panel.set_parameters(Parameters("Be brief.", 0.3, 4096, "high"))
    assert panel.more.text() == "all default…"
    panel.set_parameters(Parameters(temperature=0.3, top_p=0.9, stop=("a",), store=False))
    assert panel.more.text() == "3 more set…"
    assert panel.more.accessibleName() == "More parameters: 3 more set…"
    assert panel.more.toolTip() == "Top P 0.9\nStop at 1 text\nKeep on the server off"


def test_what_the_model_rejected(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    tried = record(panel.parameter_retried)
    panel.set_parameters(Parameters(temperature=0.3, seed=1))
    panel.set_target("m-<1>", Dialect.CHAT_COMPLETIONS, frozenset({"temperature", "seed", "stream_options"}))
    row = dialog.rows["seed"]
    assert row.note.text() == "m-<1> said that it does not take this, so it is not sent."
    assert not field(dialog, "seed").isEnabled()
    assert row.reset.isEnabled()
    assert not panel.temperature.slider.isEnabled()
    assert "does not take" in panel.temperature.slider.accessibleDescription()
    row.retry.click()
    assert tried == [("seed",)]
    panel.set_target("m-2", Dialect.CHAT_COMPLETIONS, frozenset())
    assert field(dialog, "seed").isEnabled()
    assert panel.temperature.slider.isEnabled()
    assert not row.retry.isVisible()


def test_the_wheel_scrolls_past_fields(dialog: ParametersDialog) -> None:
    box = field(dialog, "service_tier").box
    assert not box.hasFocus()
    point = QPointF(box.rect().center())
    event = QWheelEvent(
        point,
        box.mapToGlobal(point),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)
    assert box.currentIndex() == 0


def test_tab_goes_from_the_top_down_through_everything(panel: DetailsPanel, dialog: ParametersDialog) -> None:
    panel.set_parameters(replace(SET, dialect=None))
    dialog.activateWindow()
    first = dialog.rows["temperature"].first
    first.setFocus()
    passed: list[QWidget] = []
    while (focus := QApplication.focusWidget()) not in passed:
        assert focus is not None
        passed.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    places = [passed.index(row.first) for row in dialog.rows.values()]
    assert places == sorted(places)
    assert {row.reset for row in dialog.rows.values() if row.reset.isVisible()} <= set(passed)


def test_it_fits_where_there_is_little_room(dialog: ParametersDialog, theme: Theme) -> None:
    theme.set_zoom(200)
    for width in (360, NARROW + 20, 700):
        dialog.resize(theme.px(width), theme.px(300))
        QApplication.processEvents()
        for name, row in dialog.rows.items():
            if row.isVisible():
                right = row.mapTo(dialog, QPoint(row.width(), 0)).x()
                assert right <= dialog.width(), (name, width)
                assert row.minimumSizeHint().width() <= row.width(), (name, width)


async def test_the_chat_has_what_was_set_and_tries_again(running: Running) -> None:
    await running.chat("Trip")
    session = running.window.session
    assert session is not None
    details = running.window.chat.details
    running.settings.reject("demo", session.model, "top_p")
    details.show_all()
    (dialog,) = running.window.findChildren(ParametersDialog)
    assert dialog.rows["top_p"].retry.isVisible()
    dialog.rows["top_p"].retry.click()
    await until(lambda: not dialog.rows["top_p"].retry.isVisible())
    assert running.settings.rejected_by("demo", session.model) == frozenset()
    choose(dialog.rows["verbosity"].control.box, "low")  # type: ignore[union-attr]
    assert session.conversation.parameters.verbosity == "low"
    # Another chat has its own.
    running.window.new_chat()
    assert dialog.rows["verbosity"].control.box.currentText() == "default"  # type: ignore[union-attr]
