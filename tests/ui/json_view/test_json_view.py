"""JSON to look at: any size, any depth, by keys, and nothing of it is lost when it is copied."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMenu, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.json_view import JsonView, show_json
from desktop_chat.ui.json_view.model import MOST_ROWS, JsonModel, values
from desktop_chat.ui.json_view.view import LONGEST_LINE, TEXT
from desktop_chat.ui.json_view.writing import lines, path_of, to_copy
from desktop_chat.ui.theme import Theme

ANSWER: dict[str, Any] = {
    "id": "resp_1",
    "output": [{"type": "message", "content": [{"type": "text", "text": "Hi\nthere"}]}],
    "odd name": None,
    "ok": True,
    "usage": {"total": 3, "share": 0.5},
}
DEEP = 20_000
WAIT = 60_000
"""Milliseconds: a busy machine takes its time."""

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def deep() -> Any:
    value: Any = "bottom"
    for level in range(DEEP):
        value = {"in": value} if level % 2 else [value]
    return value


def rows(model: QAbstractItemModel, parent: QModelIndex) -> list[str]:
    return [model.index(row, 0, parent).data() for row in range(model.rowCount(parent))]


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[JsonView]:
    made = JsonView(Theme("light"))
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    qtbot.waitExposed(made)
    yield made
    QGuiApplication.clipboard().clear()


def test_tab_goes_through_all_of_the_window(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    window = show_json(host, Theme("light"), "Request", ANSWER)
    qtbot.waitActive(window)
    window.activateWindow()
    qtbot.waitUntil(lambda: window.view.tree.hasFocus())
    met = []
    for _stop in range(5):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        met.append(QApplication.focusWidget())
    view = window.view
    assert met[1:] == [view.tabs, view.field, view.copy_button, view.tree]


def copied() -> str:
    return QGuiApplication.clipboard().text()


def shown_text(qtbot: QtBot, view: JsonView) -> str:
    view.tabs.setCurrentIndex(TEXT)
    qtbot.waitUntil(lambda: not view._writing.is_busy, timeout=WAIT)
    return view.text.toPlainText()


@given(anything)
def test_the_text_is_the_value(value: Any) -> None:
    text = "\n".join(lines(value))
    assert json.loads(text) == value
    assert not {*text} & set("\u2028\u202e\ufeff\x85\x7f")


@given(anything)
@settings(max_examples=30)
def test_the_tree_is_the_value(value: Any) -> None:
    model = JsonModel(value)
    for _, text, place in values(value):
        index = model.index_of(tuple(place))
        found = model.value_at(index)
        assert (found if isinstance(found, str) else json.dumps(found)) == text or not text
        assert model.path_at(index).startswith("$")
        assert index.data() is not None


def test_a_model_as_qt_wants_it(qtbot: QtBot) -> None:
    model = JsonModel({"many": list(range(MOST_ROWS * 2 + 5)), **ANSWER})
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for row in range(model.rowCount()):
        rows(model, model.index(row, 0))
    del tester


def test_a_hundred_thousand_are_only_made_when_looked_at(qtbot: QtBot, view: JsonView) -> None:
    many = [{"number": number} for number in range(100_000)]
    view.set_value(many)
    model = view.tree.json
    assert model.rowCount() == 100
    assert rows(model, QModelIndex())[1] == "1,000 … 1,999"
    assert len(model._nodes) < 500
    range_ = model.index(99, 0)
    assert model.rowCount(range_) == MOST_ROWS
    assert model.value_at(range_) == many[99_000:]
    last = model.index(999, 0, range_)
    assert last.data() == "99999: 1 member"
    assert model.path_at(model.index(0, 0, last)) == "$[99999].number"
    view.field.setText("99999")
    qtbot.waitUntil(lambda: view.count.text() == "1 of 1", timeout=WAIT)
    assert model.value_at(view.tree.currentIndex()) == 99_999
    assert view.tree.visualRect(view.tree.currentIndex()).intersects(view.tree.viewport().rect())


def test_ten_million_have_ranges_of_ranges() -> None:
    model = JsonModel(range(10_000_000))
    assert model.rowCount() == 10
    inner = model.index(3, 0, model.index(9, 0))
    assert inner.data() == "9,003,000 … 9,003,999"
    assert model.value_at(model.index_of((9_003_007,))) == 9_003_007


def test_deep_nesting(qtbot: QtBot, view: JsonView) -> None:
    value = deep()
    view.set_value(value)
    assert sum(1 for _ in values(value)) == DEEP
    assert sum(1 for _ in to_copy(value)) == 2 * DEEP + 1
    text = shown_text(qtbot, view)
    assert text.count("\n") == 2 * DEEP
    view.field.setText("bottom")
    qtbot.waitUntil(lambda: view.count.text() == "1 of 1", timeout=WAIT)


def test_a_photo_in_a_line_is_cut_in_sight_and_whole_in_the_copy(qtbot: QtBot, view: JsonView) -> None:
    photo = "QUJD" * 1_000_000
    view.set_value({"image": photo})
    assert len(view.tree.json.index(0, 0).data()) < 400
    assert len(shown_text(qtbot, view)) < 2 * LONGEST_LINE
    assert "more characters" in view.text.toPlainText()
    view.copy_all()
    qtbot.waitUntil(lambda: len(copied()) > len(photo), timeout=WAIT)
    assert json.loads(copied()) == {"image": photo}


def test_walked_and_copied_by_keys(qtbot: QtBot, view: JsonView) -> None:
    view.set_value(ANSWER)
    tree = view.tree
    tree.setFocus()
    assert tree.hasFocus()
    assert tree.currentIndex().data() == 'id: "resp_1"'
    QTest.keyClick(tree, Qt.Key.Key_Down)
    assert tree.currentIndex().data() == "output: 1 item"
    for _ in range(6):
        if not tree.isExpanded(tree.currentIndex()):
            QTest.keyClick(tree, Qt.Key.Key_Right)
        QTest.keyClick(tree, Qt.Key.Key_Down)
        if "text:" in tree.currentIndex().data():
            break
    assert tree.currentIndex().data() == 'text: "Hi\\nthere"'
    QTest.keyClick(tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: copied() == "Hi\nthere", timeout=WAIT)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(tree, Qt.Key.Key_C, both)
    qtbot.waitUntil(lambda: copied() == "$.output[0].content[0].text", timeout=WAIT)
    QTest.keyClick(tree, Qt.Key.Key_Asterisk)
    menu = QMenu(view)
    tree.menu_requested.emit(menu)
    assert [action.text() for action in menu.actions()] == ["Copy value", "Copy path", "Copy all"]
    menu.actions()[2].trigger()
    qtbot.waitUntil(lambda: copied().startswith("{"), timeout=WAIT)
    assert json.loads(copied()) == ANSWER


def test_found_by_keys(qtbot: QtBot, view: JsonView) -> None:
    view.set_value(ANSWER)
    view.setFocus()
    QTest.keyClick(view.tree, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert view.field.hasFocus()
    QTest.keyClicks(view.field, "TYPE")
    qtbot.waitUntil(lambda: view.count.text() == "1 of 2", timeout=WAIT)
    QTest.keyClick(view.field, Qt.Key.Key_Return)
    assert view.count.text() == "2 of 2"
    assert view.tree.json.path_at(view.tree.currentIndex()) == "$.output[0].content[0].type"
    QTest.keyClick(view.field, Qt.Key.Key_Return)
    assert view.count.text() == "1 of 2"
    QTest.keyClick(view.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert view.count.text() == "2 of 2"
    view.field.setText("nowhere")
    qtbot.waitUntil(lambda: view.count.text() == "No results", timeout=WAIT)
    QTest.keyClick(view.field, Qt.Key.Key_Escape)
    assert (view.field.text(), view.count.text()) == ("", "")
    assert view.tree.hasFocus()


def test_found_in_the_text(qtbot: QtBot, view: JsonView) -> None:
    view.set_value({"a": "🙂🙂 needle", "b": ["Needle"]})
    shown_text(qtbot, view)
    view.field.setText("needle")
    qtbot.waitUntil(lambda: view.count.text() == "1 of 2", timeout=WAIT)
    assert view.text.textCursor().selectedText() == "needle"
    QTest.keyClick(view.field, Qt.Key.Key_Return)
    assert view.text.textCursor().selectedText() == "Needle"
    view.set_value({})
    assert view.field.text() == ""


def test_markup_stays_text(qtbot: QtBot, view: JsonView) -> None:
    view.set_value({"<b>n</b>": "<img src='file:///etc/passwd'>"})
    assert shown_text(qtbot, view) == '{\n  "<b>n</b>": "<img src=\'file:///etc/passwd\'>"\n}'
    assert isinstance(view.text, QPlainTextEdit)


@pytest.mark.parametrize("value", [None, 3, "text", [], {}])
def test_a_value_without_members(qtbot: QtBot, view: JsonView, value: object) -> None:
    view.set_value(value)
    assert rows(view.tree.json, QModelIndex()) == [json.dumps(value)]
    assert view.tree.json.path_at(view.tree.currentIndex()) == "$"
    assert shown_text(qtbot, view) == json.dumps(value)


def test_text_that_is_no_json(qtbot: QtBot, view: JsonView) -> None:
    view.set_text("data: 1\n\ndata: [DONE]")
    assert view.text.toPlainText() == "data: 1\n\ndata: [DONE]"
    assert not view.tabs.isTabVisible(0)
    view.copy_all()
    qtbot.waitUntil(lambda: copied() == "data: 1\n\ndata: [DONE]", timeout=WAIT)
    view.set_value(ANSWER)
    assert view.tabs.isTabVisible(0)


def test_another_value_while_one_is_written(qtbot: QtBot, view: JsonView) -> None:
    view.set_value(list(range(200_000)))
    view.tabs.setCurrentIndex(TEXT)
    view.set_value({"b": 2})
    assert shown_text(qtbot, view) == '{\n  "b": 2\n}'


def test_paths() -> None:
    assert path_of(["a", 0, "b c", 'it\'s "q"', "é"]) == '$.a[0]["b c"]["it\'s \\"q\\""]["é"]'


def test_names_for_screen_readers(view: JsonView) -> None:
    view.set_value(ANSWER)
    for part in (view.tree, view.text, view.field, view.tabs):
        assert part.accessibleName()
    tree = QAccessible.queryAccessibleInterface(view.tree)
    assert tree.childCount() > 0


def test_the_window(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    window = show_json(host, Theme("dark"), "Request\n<b>", ANSWER, "As it was sent.")
    assert window.windowTitle() == "Request <b>"
    assert window.note.text() == "As it was sent."
    assert window.view.tree.json.value == ANSWER
    with qtbot.waitSignal(window.destroyed):
        window.reject()
