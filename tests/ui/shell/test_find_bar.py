"""The find bar in the window: keys, focus, counts and what it covers."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.session import Phase
from tests.ui.shell.conftest import Running, until


async def opened(running: Running) -> None:
    """A window with a chat ("Say hello", "Hello.") and the find bar, asked for by its shortcut."""
    await running.chat("A chat")
    running.window.activateWindow()
    running.window.focus_composer()
    QTest.keyClick(running.window.chat.composer.text_edit, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: running.window.chat.find_bar.isVisible())


async def count(running: Running, words: str) -> None:
    await until(lambda: running.window.chat.find_bar.count.text() == words)


async def test_typing_finds_and_keys_go_on(running: Running) -> None:
    await opened(running)
    chat = running.window.chat
    field = chat.find_bar.field
    assert field.hasFocus()
    QTest.keyClicks(field, "hello")
    await count(running, "1 of 2")
    assert chat.transcript.selected_text() == "hello"
    QTest.keyClick(field, Qt.Key.Key_Return)
    await count(running, "2 of 2")
    assert chat.transcript.selected_text() == "Hello"
    QTest.keyClick(field, Qt.Key.Key_F3)
    await count(running, "1 of 2")
    assert "top" in chat.find_bar.hint.text()
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    await count(running, "2 of 2")
    QTest.keyClick(
        field, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    await count(running, "1 of 2")


async def test_case_and_whole_word_by_key(running: Running) -> None:
    await opened(running)
    field = running.window.chat.find_bar.field
    QTest.keyClicks(field, "hell")
    await count(running, "1 of 2")
    QTest.keyClick(field, Qt.Key.Key_W, Qt.KeyboardModifier.AltModifier)
    await count(running, "No results")
    QTest.keyClick(field, Qt.Key.Key_W, Qt.KeyboardModifier.AltModifier)
    await count(running, "1 of 2")
    QTest.keyClick(field, Qt.Key.Key_C, Qt.KeyboardModifier.AltModifier)
    await count(running, "1 of 1")
    assert running.window.chat.find_bar.case.isChecked()


async def test_esc_gives_the_focus_back_and_keeps_the_hit(running: Running) -> None:
    await opened(running)
    chat = running.window.chat
    QTest.keyClicks(chat.find_bar.field, "hello")
    await count(running, "1 of 2")
    QTest.keyClick(chat.find_bar.field, Qt.Key.Key_Escape)
    assert chat.find_bar.isHidden()
    assert chat.composer.text_edit.hasFocus()
    assert chat.transcript.selected_text() == "hello"
    assert chat.transcript.finder.query is None


async def test_esc_in_the_bar_does_not_stop_an_answer(running: Running) -> None:
    await opened(running)
    window = running.window
    window.chat.send("Go on")
    await until(lambda: window.session is not None and window.session.phase is not Phase.IDLE)
    QTest.keyClick(window.chat.find_bar.field, Qt.Key.Key_Escape)
    assert window.session is not None
    assert window.session.is_busy
    assert window.chat.find_bar.isHidden()
    window.session.stop()
    await running.window.settled(send_prompt=False)


async def test_what_is_selected_is_looked_for(running: Running) -> None:
    await running.chat("A chat")
    chat = running.window.chat
    chat.transcript.selection.anchor, chat.transcript.selection.head = (0, 1, 0, 4), (0, 1, 0, 9)
    running.window.find_in_chat()
    assert chat.find_bar.field.text() == "hello"
    assert chat.find_bar.field.selectedText() == "hello"
    await count(running, "1 of 2")


async def test_the_transcript_does_not_move(running: Running) -> None:
    await running.chat("A chat")
    chat = running.window.chat
    before = chat.transcript.geometry(), chat.transcript.rows.top
    running.window.find_in_chat()
    assert (chat.transcript.geometry(), chat.transcript.rows.top) == before
    corner = chat.transcript.mapTo(chat, chat.transcript.rect().topRight())
    bar = chat.find_bar.geometry()
    assert 0 <= corner.x() - bar.right() < 40
    assert 0 <= bar.top() - corner.y() < 20


async def test_a_chat_without_messages_has_nothing_to_find(running: Running) -> None:
    running.window.find_in_chat()
    assert running.window.chat.find_bar.isHidden()
    await opened(running)
    running.window.new_chat()
    assert running.window.chat.find_bar.isHidden()


@pytest.mark.parametrize("name", ["case", "word", "previous", "next", "close_button", "field", "count"])
async def test_everything_has_a_name(running: Running, name: str) -> None:
    await opened(running)
    QTest.keyClicks(running.window.chat.find_bar.field, "hello")
    await count(running, "1 of 2")
    assert getattr(running.window.chat.find_bar, name).accessibleName()


async def test_the_bar_gives_way_to_a_hit_that_it_would_hide(running: Running) -> None:
    await opened(running)
    chat = running.window.chat
    chat.composer.setFocus()
    QTest.keyClicks(chat.find_bar.field, "say")
    await count(running, "1 of 1")
    finder = chat.transcript.finder
    assert finder.current is not None
    place = finder.place_in_view(finder.current)
    assert place is not None
    place.translate(chat.transcript.viewport().mapTo(chat, place.topLeft() * 0))
    assert not place.intersects(chat.find_bar.geometry())
