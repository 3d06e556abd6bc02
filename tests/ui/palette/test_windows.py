"""Chats in windows of their own: the same sessions and drafts, and what is told where."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.domain.message import Draft
from desktop_chat.session import Phase
from desktop_chat.ui.chat_window import ChatWindow
from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.problem_dialog import ProblemDialog
from tests.ui.palette.conftest import Ctrl, add_chat, find, hits, opened
from tests.ui.shell.conftest import Running, record, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


async def apart(running: Running, conversation_id: str) -> ChatWindow:
    """The window of a chat, once it shows that."""
    running.window.windows.open(conversation_id)
    window = running.window.windows.showing(conversation_id)
    assert window is not None
    await opened(window, conversation_id)
    return window


async def test_ctrl_enter_opens_a_hit_in_a_window_of_its_own(running: Running) -> None:
    chat = await add_chat(running, "Sewing", ["One", "a needle"])
    shown = running.window.session
    palette = await find(running.window, "needle", count=1)
    QTest.keyClick(palette.field, Qt.Key.Key_Return, Ctrl)
    (window,) = running.window.windows.shown
    await opened(window, chat.id)
    assert window.isVisible()
    assert window.windowTitle() == "Desktop Chat — Sewing"
    assert running.window.session is shown
    await until(lambda: window.chat.transcript.selected_text() == "needle")
    running.window.window_requested.emit(chat.id, "", ())
    assert running.window.windows.shown == [window], "a chat has one window"


async def test_what_happens_in_one_window_is_seen_in_the_other(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    running.window.open_chat(chat.id)
    await opened(running.window, chat.id)
    window = await apart(running, chat.id)
    assert window.session is running.window.session
    session = window.session
    assert session is not None
    QTest.keyClicks(window.chat.composer.text_edit, "Say hello")
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_Return)
    await until(lambda: len(session.tree.path) == 4 and session.phase is Phase.WRITING)
    for part in (window.chat, running.window.chat):
        assert part.composer.send_button.accessibleName() == "Stop"
    running.window.stop()
    await until(lambda: not session.is_busy)
    for view in (window.chat.transcript, running.window.chat.transcript):
        assert [message.id for message in view.rows.messages] == [m.id for m in session.tree.path]
        assert view.rendered_text(3)
    window.chat.header.renamed.emit("Another title")
    assert running.window.windowTitle() == "Desktop Chat — Another title"
    assert window.windowTitle() == "Desktop Chat — Another title"
    await session.edit(session.tree.path[1].id, "Two of my own")
    for view in (window.chat.transcript, running.window.chat.transcript):
        assert [message.text for message in view.rows.messages] == ["One", "Two of my own"]


async def test_a_draft_is_the_same_in_both_windows(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    running.window.open_chat(chat.id)
    session = await opened(running.window, chat.id)
    window = await apart(running, chat.id)
    here, there = running.window.chat.composer, window.chat.composer
    QTest.keyClicks(there.text_edit, "Say hello")
    there.flush_draft()
    assert here.text == "Say hello"
    QTest.keyClicks(here.text_edit, " again")
    here.flush_draft()
    assert there.text == "Say hello again"
    QTest.keyClick(there.text_edit, Qt.Key.Key_Return)
    await until(lambda: len(session.tree.path) == 4)
    await until(lambda: (here.text, there.text) == ("", ""))
    assert running.chats.drafts == {}
    session.stop()
    await until(lambda: not session.is_busy)


async def test_what_was_typed_here_since_is_not_lost(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    running.window.open_chat(chat.id)
    await opened(running.window, chat.id)
    window = await apart(running, chat.id)
    here, there = running.window.chat.composer, window.chat.composer
    QTest.keyClicks(here.text_edit, "mine")
    QTest.keyClicks(there.text_edit, "theirs")
    there.flush_draft()
    assert here.text == "mine"


async def test_what_is_typed_while_a_message_is_saved_stays_in_both(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    running.window.open_chat(chat.id)
    session = await opened(running.window, chat.id)
    window = await apart(running, chat.id)
    here, there = running.window.chat.composer, window.chat.composer
    QTest.keyClicks(here.text_edit, "Say hello")
    sending = running.window.chat.send(here.text)
    assert sending is not None
    QTest.keyClicks(here.text_edit, " more")
    here.flush_draft()
    await sending
    await until(lambda: (here.text, there.text) == (" more", " more"))
    session.stop()
    await until(lambda: not session.is_busy)


async def test_an_edit_is_followed_and_ends_in_both(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    running.window.open_chat(chat.id)
    await opened(running.window, chat.id)
    running.window.chat.edit_last()
    here = running.window.chat.composer
    QTest.keyClicks(here.text_edit, "!")
    here.flush_draft()
    window = await apart(running, chat.id)
    there = window.chat.composer
    assert (there.text, there.editing) == ("One!", here.editing)
    QTest.keyClicks(there.text_edit, "?")
    there.flush_draft()
    assert here.text == "One!?"
    there.cancel_edit()
    assert (here.editing, here.text) == (None, "")


async def test_closing_keeps_the_draft_and_the_window_is_used_again(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    other = await add_chat(running, "Other", ["Three", "Four"])
    window = await apart(running, chat.id)
    QTest.keyClicks(window.chat.composer.text_edit, "not sent")
    QTest.keyClick(window, Qt.Key.Key_W, Ctrl)
    assert not window.isVisible()
    assert running.window.windows.shown == []
    assert running.chats.drafts == {chat.id: Draft("not sent")}
    again = await apart(running, other.id)
    assert again is window
    assert window.chat.composer.text == ""
    window = await apart(running, chat.id)
    assert window is not again
    assert window.chat.composer.text == "not sent"


async def test_the_end_of_the_program_keeps_the_drafts_of_all_windows(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    window = await apart(running, chat.id)
    QTest.keyClicks(window.chat.composer.text_edit, "not sent")
    asked = record(running.window.close_requested)
    window.quit()
    assert asked == [()]
    assert running.chats.drafts == {chat.id: Draft("not sent")}
    running.window.windows.close()
    assert running.window.windows.shown == []


async def test_a_deleted_chat_takes_its_window_along(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    window = await apart(running, chat.id)
    window.actions_["delete_chat"].trigger()
    await until(lambda: not window.isVisible())
    assert running.chats.known(chat.id) is None


async def test_commands_of_the_window_act_on_its_chat(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    await running.chat("In the main window")
    window = await apart(running, chat.id)
    window.activateWindow()
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_I, Ctrl)
    assert window.chat.details.isVisible()
    assert window.actions_["details"].isChecked()
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_I, Ctrl)
    assert not window.chat.details.isVisible()
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_F, Ctrl)
    assert window.chat.find_bar.isVisible()
    assert not running.window.chat.find_bar.isVisible()
    window.new_chat()
    session = running.window.session
    assert session is not None
    assert not session.is_stored
    palette = await find(window, "main", count=1)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    await until(lambda: window.windowTitle() == "Desktop Chat — In the main window")
    assert hits(palette)
    window.close()


async def test_the_chat_that_is_shown_opens_in_a_window(running: Running) -> None:
    assert not running.window.actions_["open_in_window"].isEnabled()
    id = await running.chat("Chat")
    running.window.actions_["open_in_window"].trigger()
    (window,) = running.window.windows.shown
    await opened(window, id)
    window.close()


async def test_a_problem_is_told_in_the_window_that_asked(running: Running, dialogs: Dialogs) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    window = await apart(running, chat.id)
    QTest.keyClicks(window.chat.composer.text_edit, "fail 401")
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_Return)
    await until(lambda: window.findChildren(ProblemDialog))
    assert not running.window.findChildren(ProblemDialog)


async def test_windows_follow_theme_and_zoom(running: Running) -> None:
    chat = await add_chat(running, "Chat", ["One", "Two"])
    window = await apart(running, chat.id)
    height = window.chat.header.height()
    QTest.keyClick(window, Qt.Key.Key_Plus, Ctrl)
    assert window.chat.header.height() > height
    assert running.window.chat.header.height() == window.chat.header.height()
    running.settings.change(zoom=100)
