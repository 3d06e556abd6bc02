from collections.abc import Callable

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QTextOption
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.composer import LINES, Composer, without_lone_surrogates
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import record

Enter, Shift, Ctrl = Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def composer(theme: Theme, shown: Callable[[QWidget], None]) -> Composer:
    made = Composer(theme)
    made.resize(680, 200)
    shown(made)
    return made


def sent(composer: Composer, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> list[object]:
    spy = record(composer.send_requested)
    QTest.keyClick(composer.text_edit, key, modifiers)
    return [arguments[0] for arguments in spy]


@pytest.mark.parametrize(
    ("send_with_enter", "modifiers", "sends"),
    [
        (True, Qt.KeyboardModifier.NoModifier, True),
        (True, Qt.KeyboardModifier.KeypadModifier, True),
        (True, Shift, False),
        (True, Ctrl, True),
        (False, Qt.KeyboardModifier.NoModifier, False),
        (False, Shift, False),
        (False, Ctrl, True),
    ],
)
def test_what_enter_does(
    composer: Composer, send_with_enter: bool, modifiers: Qt.KeyboardModifier, sends: bool
) -> None:
    composer.set_send_with_enter(send_with_enter)
    QTest.keyClicks(composer.text_edit, "hello")
    assert sent(composer, Enter, modifiers) == (["hello"] if sends else [])
    assert composer.text == ("hello" if sends else "hello\n"), "a sent text stays until it is accepted"


def test_enter_that_ends_a_composition_does_not_send(composer: Composer, qapp: QApplication) -> None:
    QGuiApplication.sendEvent(composer.text_edit, QInputMethodEvent("にほん", []))
    assert sent(composer, Enter, Qt.KeyboardModifier.NoModifier) == []
    committed = QInputMethodEvent("", [])
    committed.setCommitString("日本")
    QGuiApplication.sendEvent(composer.text_edit, committed)
    assert sent(composer, Enter, Qt.KeyboardModifier.NoModifier) == [], "passed on with the same event"
    assert composer.text == "日本"
    qapp.processEvents()
    assert sent(composer, Enter, Qt.KeyboardModifier.NoModifier) == ["日本"]


def test_only_text_is_pasted(composer: Composer) -> None:
    data = QMimeData()
    data.setHtml('<img src="file:///etc/hosts"><b>bold</b>')
    data.setText("bold\0 text")
    QGuiApplication.clipboard().setMimeData(data)
    composer.text_edit.paste()
    QGuiApplication.clipboard().clear()
    assert composer.text == "bold text"


def test_lone_surrogates_are_replaced() -> None:
    made = without_lone_surrogates("a\ud800b😀")
    made.encode("utf-8")
    assert made == "a\ufffdb😀"


def test_blank_text_cannot_be_sent(composer: Composer) -> None:
    assert not composer.send_button.isEnabled()
    QTest.keyClicks(composer.text_edit, "  ")
    assert not composer.send_button.isEnabled()
    assert sent(composer, Enter, Qt.KeyboardModifier.NoModifier) == []
    QTest.keyClicks(composer.text_edit, "x")
    assert composer.send_button.isEnabled()


def test_one_button_sends_and_stops(composer: Composer) -> None:
    stopped = record(composer.stop_requested)
    composer.set_busy(True)
    assert (composer.send_button.accessibleName(), composer.send_button.isEnabled()) == ("Stop", True)
    QTest.keyClicks(composer.text_edit, "next question")
    assert sent(composer, Enter, Qt.KeyboardModifier.NoModifier) == []
    assert composer.text == "next question"
    QTest.mouseClick(composer.send_button, Qt.MouseButton.LeftButton)
    assert len(stopped) == 1
    assert composer.text_edit.hasFocus(), "a click on the button leaves the focus with the text"
    composer.set_busy(False)
    assert composer.send_button.accessibleName() == "Send"


def test_accepted_text_goes_but_not_what_was_typed_since(composer: Composer) -> None:
    QTest.keyClicks(composer.text_edit, "first")
    QTest.keyClicks(composer.text_edit, " second")
    composer.accepted("first")
    assert composer.text == " second"
    composer.accepted(" second")
    assert composer.text == ""
    composer.text_edit.undo()
    assert composer.text == " second"


def test_drafts_are_handed_on(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.draft_changed) as after_a_pause:
        QTest.keyClicks(composer.text_edit, "abc")
    assert after_a_pause.args == ["abc"]
    QTest.keyClicks(composer.text_edit, "d")
    with qtbot.waitSignal(composer.draft_changed, timeout=0) as at_once:
        composer.hide()
    assert at_once.args == ["abcd"]


def test_the_draft_of_another_chat_starts_anew(composer: Composer) -> None:
    QTest.keyClicks(composer.text_edit, "of the first chat")
    composer.flush_draft()
    drafts = record(composer.draft_changed)
    composer.set_draft("of the second")
    composer.text_edit.undo()
    composer.flush_draft()
    assert composer.text == "of the second"
    assert composer.send_button.isEnabled()
    assert len(drafts) == 0


def test_editing_a_message_keeps_the_draft(composer: Composer) -> None:
    QTest.keyClicks(composer.text_edit, "draft")
    composer.start_edit("m1", "what was sent")
    drafts = record(composer.draft_changed)
    QTest.keyClicks(composer.text_edit, "!")
    assert (composer.editing, composer.text) == ("m1", "what was sent!")
    composer.flush_draft()
    assert len(drafts) == 0, "an edit is no draft"
    QTest.keyClick(composer.text_edit, Qt.Key.Key_Escape)
    assert (composer.editing, composer.text) == (None, "draft")


def test_up_in_an_empty_composer_edits_the_last_message(composer: Composer) -> None:
    asked = record(composer.edit_last_requested)
    QTest.keyClicks(composer.text_edit, "x")
    QTest.keyClick(composer.text_edit, Qt.Key.Key_Up)
    assert len(asked) == 0
    QTest.keyClick(composer.text_edit, Qt.Key.Key_Backspace)
    QTest.keyClick(composer.text_edit, Qt.Key.Key_Up)
    assert len(asked) == 1


def test_it_grows_to_eight_lines_and_then_scrolls(composer: Composer) -> None:
    edit = composer.text_edit
    one = edit.height()
    edit.setPlainText("\n" * (LINES - 1))
    full = edit.height()
    assert full > (LINES - 1) * one
    assert edit.verticalScrollBar().maximum() == 0
    edit.setPlainText("\n" * 50)
    assert edit.height() == full
    assert edit.verticalScrollBar().maximum() > 0


@pytest.mark.timeout(30)
def test_a_megabyte_without_a_space_can_be_pasted_edited_and_restored(composer: Composer) -> None:
    """Once it took Qt a minute and a half to lay it out."""
    text = "x" * 1_000_000
    pasted = QMimeData()
    pasted.setText(text)
    composer.text_edit.insertFromMimeData(pasted)
    QTest.keyClick(composer.text_edit, Qt.Key.Key_A)
    assert composer.text == text + "a"
    composer.set_draft(text)
    composer.start_edit("m1", text)
    assert composer.text == text
    composer.text_edit.replace_all("")
    composer.text_edit.undo()
    assert composer.text == text
    composer.set_draft("few words")
    assert composer.text_edit.wordWrapMode() is QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere


def test_it_grows_where_a_narrow_window_breaks_its_lines(composer: Composer) -> None:
    composer.text_edit.setPlainText("word " * 12)
    one = composer.text_edit.height()
    composer.resize(300, 200)
    assert composer.text_edit.height() > one
    assert composer.text_edit.verticalScrollBar().maximum() == 0
    composer.resize(680, 200)
    assert composer.text_edit.height() == one
