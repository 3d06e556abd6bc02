"""Answers that the user writes or changes, in the window."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.domain.message import Role
from tests.ui.shell.conftest import Running, until

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


async def test_what_is_written_can_be_an_answer(running: Running) -> None:
    window = running.window
    await running.chat("Chat")
    session, edit = window.session, window.chat.composer.text_edit
    assert session is not None
    edit.setPlainText("Mine.")
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Return, Ctrl | Shift)
    await until(lambda: len(session.tree) == 3 and not edit.toPlainText())
    assert [(m.role, m.text) for m in session.tree.path][1:] == [
        (Role.ASSISTANT, "Hello."),
        (Role.ASSISTANT, "Mine."),
    ]
    assert not session.is_busy


async def test_an_answer_can_be_changed(running: Running) -> None:
    window = running.window
    await running.chat("Chat")
    session, chat = window.session, window.chat
    assert session is not None
    assert session.last is not None
    first = session.last.id
    chat.transcript.edit_requested.emit(first)
    assert chat.composer.text == "Hello."
    chat.composer.text_edit.setPlainText("Better.")
    chat.send(chat.composer.text)
    await until(lambda: chat.composer.editing is None)
    assert session.last.text == "Better."
    assert session.tree.versions(first) == [first, session.last.id]
