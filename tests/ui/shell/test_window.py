import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QMenuBar, QPushButton, QWidget

from desktop_chat.domain.endpoint import DEMO_ENDPOINT
from desktop_chat.domain.ledger import Totals
from desktop_chat.domain.message import Draft, PartKind, Role, State
from desktop_chat.session import Phase
from desktop_chat.ui.actions import COMMANDS, commands_of
from desktop_chat.ui.chat_window import ChatWindow
from desktop_chat.ui.conversation_list import ItemRole
from desktop_chat.ui.main_window import MainWindow
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.theme import DARK, LIGHT
from tests.ui.shell.conftest import Running, record, until

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def titles(window: MainWindow) -> list[str]:
    model = window.sidebar.model
    return [model.index(row).data() for row in range(model.rowCount()) if model.index(row).data(ItemRole.ID)]


def text_of(window: QWidget, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None
    return found.text()


def type_(window: MainWindow, text: str, *, send: bool = False) -> None:
    window.chat.composer.text_edit.setFocus()
    QTest.keyClicks(window.chat.composer.text_edit, text)
    if send:
        QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_Return)


async def writing(running: Running) -> None:
    """A long answer is on its way."""
    type_(running.window, "a long answer, please", send=True)
    session = running.window.session
    assert session is not None
    await until(lambda: session.phase is Phase.WRITING)


async def test_a_question_and_its_answer(running: Running) -> None:
    window = running.window
    assert window.chat.empty.isVisible()
    assert window.windowTitle() == "Desktop Chat — New chat"
    type_(window, "Say hello", send=True)
    session = window.session
    assert session is not None
    await until(lambda: session.is_busy)
    await until(lambda: not session.is_busy and session.last is not None)
    assert session.last is not None
    assert session.last.state is State.COMPLETE
    assert window.chat.composer.text == ""
    assert running.chats.drafts == {}
    assert window.chat.transcript.isVisible()
    await until(lambda: titles(window) != [] and session.conversation.title in titles(window))
    assert session.conversation.title in window.windowTitle()
    await until(lambda: window.chat.header.context.isVisible())
    assert text_of(window, "status") == "Ready"


async def test_send_becomes_stop_while_the_answer_is_written(running: Running) -> None:
    window = running.window
    await writing(running)
    session = window.session
    assert session is not None
    button = window.chat.composer.send_button
    assert button.accessibleName() == "Stop"
    assert text_of(window, "status") == "Writing…"
    assert running.chats.is_writing(session.conversation.id)
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_Escape)
    await until(lambda: not session.is_busy)
    assert session.last is not None
    assert session.last.state is State.STOPPED
    assert button.accessibleName() == "Send"


async def test_esc_takes_a_selection_away_before_it_stops_the_answer(running: Running) -> None:
    window = running.window
    await writing(running)
    session = window.session
    assert session is not None
    window.activateWindow()
    window.chat.transcript.setFocus()
    window.chat.transcript.select_all()
    QTest.keyClick(window.chat.transcript, Qt.Key.Key_Escape)
    assert session.is_busy
    assert window.chat.transcript.selection.is_empty
    QTest.keyClick(window.chat.transcript, Qt.Key.Key_Escape)
    await until(lambda: not session.is_busy)


async def test_a_retry_is_told_in_the_status(running: Running) -> None:
    window = running.window
    type_(window, "wait 30 seconds: fail 429 twice", send=True)
    session = window.session
    assert session is not None
    await until(lambda: session.phase is Phase.WAITING)
    assert text_of(window, "status").startswith("Retrying in ")
    assert "(attempt 2 of 5)" in text_of(window, "status")
    window.stop()
    await until(lambda: not session.is_busy)


async def test_switching_chats_keeps_drafts_edits_and_the_answer_underway(running: Running) -> None:
    window = running.window
    first = await running.chat("First")
    window.new_chat()
    await writing(running)
    busy = window.session
    assert busy is not None
    type_(window, "next question")
    window.open_chat(first)
    await until(lambda: window.session is not busy)
    composer = window.chat.composer
    assert composer.text == ""
    assert composer.send_button.accessibleName() == "Send"
    window.chat.edit_last()
    composer.text_edit.replace_all("half an edit")
    window.open_chat(busy.conversation.id)
    await until(lambda: window.session is busy)
    assert (composer.text, composer.editing) == ("next question", None)
    assert composer.send_button.accessibleName() == "Stop"
    window.open_chat(first)
    await until(lambda: window.session is not busy)
    assert (composer.text, composer.editing is not None) == ("half an edit", True)
    busy.stop()
    await until(lambda: not busy.is_busy)
    assert text_of(window, "status") == "Ready"


async def test_only_the_last_of_quick_clicks_is_opened(running: Running) -> None:
    window = running.window
    ids = [await running.chat(title) for title in ("One", "Two", "Three")]
    for conversation_id in (*ids, ids[0]):
        window.open_chat(conversation_id)
    await until(lambda: window.session is not None and window.session.conversation.id == ids[0])
    await asyncio.sleep(0)
    assert window.windowTitle() == "Desktop Chat — One"


async def test_editing_the_last_message_makes_a_version(running: Running) -> None:
    window = running.window
    await running.chat("Chat")
    session = window.session
    assert session is not None
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_Up)
    assert window.chat.composer.text == "Say hello"
    type_(window, " again", send=True)
    await until(lambda: len(session.tree.path) == 2 and session.tree.path[0].text == "Say hello again")
    await until(lambda: not session.is_busy)
    assert len(session.tree.versions(session.tree.path[0].id)) == 2
    assert (window.chat.composer.text, window.chat.composer.editing) == ("", None)


async def test_parameters_go_with_the_chat(running: Running) -> None:
    window = running.window
    first = await running.chat("First")
    session = window.session
    assert session is not None
    window.chat.details.prompt.setPlainText("Be brief.")
    window.chat.composer.reasoning.chosen.emit("high")
    window.new_chat()
    assert session.conversation.parameters.system_prompt == "Be brief."
    assert session.conversation.parameters.reasoning_effort == "high"
    assert window.chat.details.prompt.toPlainText() == ""
    assert window.chat.composer.reasoning.accessibleDescription() == "default"
    window.open_chat(first)
    await until(lambda: window.session is session)
    assert window.chat.details.prompt.toPlainText() == "Be brief."
    assert window.chat.details.reasoning.accessibleDescription() == "high"


async def test_deleting_can_be_undone_by_keyboard(running: Running) -> None:
    window = running.window
    await running.chat("Keep")
    gone = await running.chat("Delete me")
    window.actions_["delete_chat"].trigger()
    await until(lambda: titles(window) == ["Keep"])
    assert window.session is not None
    assert window.session.conversation.id != gone
    undo = window.findChild(QPushButton, "undo")
    assert undo is not None
    assert undo.isVisible()
    assert "Delete me" in undo.accessibleName()
    undo.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(undo, Qt.Key.Key_Space)
    await until(lambda: titles(window) == ["Delete me", "Keep"])
    assert not undo.isVisible()


async def test_renaming_and_pinning_from_the_list(running: Running) -> None:
    window = running.window
    first = await running.chat("First")
    await running.chat("Second")
    await until(lambda: titles(window) == ["Second", "First"])
    window.sidebar.list.renamed.emit(first, "A new name")
    await until(lambda: "A new name" in titles(window))
    window.sidebar.ordering.pin([window.sidebar.model.pages.seq(first)])
    await until(lambda: titles(window) == ["A new name", "Second"])
    assert window.sidebar.model.index(0).data() == "Pinned"


async def test_the_search_field_opens_the_search(running: Running) -> None:
    window = running.window
    search = window.findChild(QLineEdit, "searchChats")
    assert search is not None
    asked = record(window.sidebar.search_requested)
    QTest.keyClicks(search, "l")
    QTest.keyClick(search, Qt.Key.Key_Return)
    QTest.mouseClick(search, Qt.MouseButton.LeftButton)
    assert asked == [("l",), ("",), ("",)]
    assert search.text() == "", "what is typed goes on in the search"
    assert window.palette_.isVisible()


async def test_next_and_previous_chat(running: Running) -> None:
    window = running.window
    for title in ("One", "Two", "Three"):
        await running.chat(title)

    def shows(title: str) -> bool:
        return window.windowTitle().endswith(title)

    await until(lambda: titles(window) == ["Three", "Two", "One"])
    text = window.chat.composer.text_edit
    QTest.keyClick(text, Qt.Key.Key_Tab, Ctrl)
    await until(lambda: shows("Two"))
    QTest.keyClick(text, Qt.Key.Key_PageUp, Ctrl)
    await until(lambda: shows("Three"))
    QTest.keyClick(text, Qt.Key.Key_PageUp, Ctrl)
    await until(lambda: shows("One"))


async def test_tab_goes_from_the_top_down(running: Running) -> None:
    """Also to what was made when a chat had something to show."""
    window = running.window
    await running.chat("Chat")
    window.find_in_chat()
    bar, text = window.chat.find_bar, window.chat.composer.text_edit
    window.chat.header.details_button.setFocus()
    stops = []
    while not text.hasFocus() and len(stops) < 20:
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        stops.append(QApplication.focusWidget())
    in_bar = [widget for widget in bar.tab_order if widget.isEnabled()]
    assert stops == [*in_bar, window.chat.transcript, text]
    QTest.keyClick(text, Qt.Key.Key_Backtab, Shift)
    assert window.chat.transcript.hasFocus()


async def test_commands_fit_the_state(running: Running) -> None:
    window = running.window

    def enabled() -> set[str]:
        names = {"rename_chat", "delete_chat", "stop", "regenerate", "copy_answer"}
        return {name for name in names if window.actions_[name].isEnabled()}

    assert enabled() == set()
    await running.chat("Chat")
    assert enabled() == {"rename_chat", "delete_chat", "regenerate", "copy_answer"}
    session = window.session
    assert session is not None
    assert session.last is not None
    first_answer = session.last.id
    QTest.keyClick(window, Qt.Key.Key_C, Ctrl | Shift)
    await until(lambda: not window.chat.transcript.copier.is_busy)
    offered = QGuiApplication.clipboard().mimeData()
    assert offered.text() == window.chat.transcript.rendered_text(1)
    assert offered.hasHtml()
    assert offered.data("text/markdown").toStdString() == session.last.text
    QTest.keyClick(window, Qt.Key.Key_R, Ctrl)
    await until(lambda: session.is_busy)
    assert "stop" in enabled()
    assert "regenerate" not in enabled()
    await until(lambda: not session.is_busy)
    assert first_answer in session.tree.versions(session.last.id)
    assert len(session.tree.versions(session.last.id)) == 2


async def test_panels_fold_by_command_and_where_there_is_no_room(running: Running) -> None:
    window = running.window
    status = window.findChild(QLabel, "status")
    assert status is not None
    QTest.keyClick(window, Qt.Key.Key_I, Ctrl)
    assert not window.chat.details.isVisible()
    assert running.settings.details_visible is False
    QTest.keyClick(window, Qt.Key.Key_I, Ctrl)
    window.resize(860, 700)
    await until(lambda: not window.chat.details.isVisible())
    assert window.sidebar.isVisible()
    assert running.settings.details_visible is True, "no room is not a wish"
    window.resize(600, 700)
    await until(lambda: not window.sidebar.isVisible())
    assert status.isVisible()
    assert window.chat.header.new_button.isVisible()
    window.toggle_sidebar()
    assert window.sidebar.isVisible(), "asked for, it is shown all the same"
    window.resize(1280, 820)
    await until(lambda: window.sidebar.isVisible() and window.chat.details.isVisible())
    assert status.isVisible()
    assert not window.chat.header.new_button.isVisible()


async def test_one_panel_takes_the_place_of_the_other_where_only_one_fits(running: Running) -> None:
    window = running.window
    window.resize(600, 700)
    await until(lambda: not window.sidebar.isVisible())
    window.toggle_sidebar()
    assert window.sidebar.isVisible()
    window.toggle_details()
    assert window.chat.details.isVisible()
    assert not window.sidebar.isVisible()
    window.resize(700, 700)
    await until(lambda: window.sidebar.isVisible())
    window.toggle_details()
    assert not window.sidebar.isVisible()
    window.toggle_details()
    assert window.sidebar.isVisible(), "it comes back when its place is free"


async def test_panels_follow_the_zoom(running: Running) -> None:
    window = running.window
    width = window.sidebar.width()
    running.settings.change(zoom=150)
    await until(lambda: window.sidebar.width() == pytest.approx(width * 1.5, abs=2))
    assert not window.chat.details.isVisible(), "at this size there is no room for it"
    running.settings.change(zoom=100)
    await until(lambda: window.sidebar.width() == width and window.chat.details.isVisible())


async def test_a_status_without_room_is_cut_short_but_told_whole(running: Running) -> None:
    window = running.window
    status, endpoint = window.findChild(QLabel, "status"), window.findChild(QLabel, "statusEndpoint")
    assert status is not None
    assert endpoint is not None
    window.sidebar.status.show_status("Ready", "ok", "OpenAI")
    assert endpoint.isVisible()
    long = "Retrying in 1 min 40 s (attempt 2 of 5)"
    window.sidebar.status.show_status(long, "warn", "OpenAI")
    await until(lambda: status.width() < status.sizeHint().width())
    assert not endpoint.isVisible()
    assert status.geometry().right() <= window.sidebar.status.width()
    assert status.text() == long
    shown = status.grab().toImage()
    status.setText(status.fontMetrics().elidedText(long, Qt.TextElideMode.ElideRight, status.width()))
    assert status.text().endswith("…")
    assert status.grab().toImage() == shown


async def test_the_header_gives_way_in_a_narrow_window(running: Running) -> None:
    window, header = running.window, running.window.chat.header
    await running.chat("A long title that is cut short where it has to be")
    header.set_model("a-model-with-a-very-long-name-indeed")
    header.set_context(11_204, 400_000)
    header.set_cost(Totals(1, cost=Decimal("0.031")))
    cost = window.findChild(QLabel, "chatCost")
    assert cost is not None
    assert header.context.isVisible()
    assert cost.isVisible()
    window.resize(420, 700)
    await until(lambda: window.width() == 420 and not header.context.isVisible())
    assert not cost.isVisible()
    assert header.title.width() >= 64
    assert header.details_button.geometry().right() < header.width()
    assert header.model_button.width() < header.model_button.sizeHint().width()


async def test_notices_in_a_small_window_leave_the_composer_its_room(running: Running) -> None:
    window = running.window
    await running.chat("Chat")
    for _notice in range(2):
        notice = NoticeBar(running.theme)
        window.chat.insert_notice(notice)
        notice.show_notice("A notice that takes many lines in a narrow window. " * 4, "Do it")
    window.resize(420, 400)
    await until(lambda: window.width() == 420)
    composer = window.chat.composer
    await until(lambda: composer.height() >= composer.sizeHint().height())
    assert composer.send_button.geometry().bottom() < composer.height()


async def test_names_in_the_accessibility_tree(running: Running) -> None:
    window = running.window
    await running.chat("Chat")
    names = {
        "chats": "Chats",
        "newChat": "New chat",
        "searchChats": "Search chats",
        "transcript": "Transcript",
        "message": "Message",
        "sendButton": "Send",
        "model": "Model",
        "jumpToLatest": "Jump to latest",
        "details": "Details",
    }
    for name, accessible in names.items():
        widget = window.findChild(QWidget, name)
        assert widget is not None, name
        interface = QAccessible.queryAccessibleInterface(widget)
        assert interface.text(QAccessible.Text.Name) == accessible
    assert window.findChild(QLabel, "status") is not None


async def test_every_control_has_a_name(running: Running) -> None:
    window = running.window
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in window.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and QAccessible.queryAccessibleInterface(widget) is not None
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]
    assert nameless == []


async def test_without_an_endpoint_sending_asks_for_one(running: Running) -> None:
    window = running.window
    bare = replace(DEMO_ENDPOINT, id="bare", default_model="")
    requested = record(window.chat.settings_requested)
    running.settings._temporary = ()
    running.settings.changed.emit("endpoints")
    assert window.chat.empty.findChild(QPushButton, "connectModel").isVisible()
    type_(window, "hello", send=True)
    assert requested == [()]
    assert window.chat.composer.text == "hello"
    running.settings.change(endpoints=(bare,))
    assert not window.chat.empty.findChild(QPushButton, "connectModel").isVisible()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
async def test_choosing_a_model(running: Running) -> None:
    window = running.window
    await running.chat("Chat")
    session = window.session
    assert session is not None
    window.actions_["choose_model"].trigger()
    picker = window.chat.picker
    await until(lambda: "demo-reasoning" in [row.model for row in picker.rows.rows])
    QTest.keyClicks(picker.field, "reasoning")
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    assert session.model == "demo-reasoning"
    assert window.chat.header.model_button.text() == "demo-reasoning"
    assert window.chat.composer.text_edit.placeholderText() == "Message demo-reasoning"


async def test_zoom(running: Running) -> None:
    window = running.window
    height = window.chat.header.height()
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_Plus, Ctrl)
    assert running.settings.zoom == 150
    assert window.chat.header.height() == round(height * 1.5)
    QTest.keyClick(window, Qt.Key.Key_0, Ctrl)
    assert running.settings.zoom == 100
    running.settings.change(zoom=50)
    window.zoom_out()
    assert running.settings.zoom == 50
    running.settings.change(zoom=123)
    window.zoom_in()
    assert running.settings.zoom == 125


async def test_the_wheel_zooms_with_ctrl(running: Running) -> None:
    await running.chat("Long")
    viewport = running.window.chat.transcript.viewport()
    for angle, zoom in ((120, 110), (60, 110), (60, 125), (-120, 110), (-120, 100)):
        place = QPointF(viewport.mapTo(running.window, viewport.rect().center()))
        QTest.wheelEvent(running.window.windowHandle(), place, QPoint(0, angle), QPoint(), Ctrl)
        assert running.settings.zoom == zoom


async def test_closing_asks_and_keeps_sizes_and_drafts(running: Running) -> None:
    window = running.window
    asked = record(window.close_requested)
    type_(window, "not sent")
    window.resize(780, 700)
    window._splitter.setSizes([300, 480, 0])
    assert not window.close()
    assert asked == [()]
    assert window.isVisible()
    assert running.settings.sidebar_width == pytest.approx(300, abs=2)
    assert running.chats.drafts == {"new": Draft("not sent")}
    again = MainWindow(running.chats, running.settings, running.theme, running.tasks)
    again.show()
    assert again.size() == window.size()
    assert again.sidebar.width() == pytest.approx(300, abs=2)
    assert again.chat.composer.text == "not sent"
    again.chat.leave()
    again.hide()
    again.deleteLater()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
async def test_a_prompt_from_another_start_opens_a_new_chat(running: Running) -> None:
    window = running.window
    await running.chat("Chat")
    window.raise_with_prompt("from outside")
    session = window.session
    assert session is not None
    assert not session.is_stored
    assert window.chat.composer.text == "from outside"


async def test_the_answer_of_a_chat_that_was_left_is_not_shown_in_another(running: Running) -> None:
    window = running.window
    await writing(running)
    left = window.session
    assert left is not None
    window.new_chat()
    shown = record(window.chat.status_changed)
    left.stop()
    await until(lambda: not left.is_busy)
    assert [m.role for m in left.tree.path] == [Role.USER, Role.ASSISTANT]
    assert shown == []
    assert window.chat.empty.isVisible()


async def test_a_chat_is_shown_again_where_it_was_left(running: Running) -> None:
    window = running.window
    session_id = await running.chat("Long")
    session = window.session
    assert session is not None
    session.tree.path[-1].append(PartKind.TEXT, "\n\nAnother paragraph." * 100)
    session.path_changed.emit()
    bar = window.chat.transcript.verticalScrollBar()
    await until(lambda: bar.maximum() > 1_000)
    bar.setValue(300)
    window.new_chat()
    window.open_chat(session_id)
    await until(lambda: window.session is session)
    assert bar.value() == pytest.approx(300, abs=20)


async def test_the_theme_changes_while_it_is_shown(running: Running) -> None:
    window = running.window
    light = window.grab().toImage().pixelColor(20, 400)
    running.settings.change(theme="dark")
    dark = window.grab().toImage().pixelColor(20, 400)
    assert light == LIGHT.side
    assert dark == DARK.side


def test_commands_are_told_apart() -> None:
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    shortcuts = [sequence.toString() for command in COMMANDS for sequence in command.sequences]
    assert len(set(shortcuts)) == len(shortcuts)
    missing = {c.id for c in COMMANDS if not callable(getattr(MainWindow, c.slot, None))}
    assert missing == {"close_window"}
    missing = {c.id for c in COMMANDS if not callable(getattr(ChatWindow, c.slot, None))}
    assert {"next_chat", "previous_chat", "sidebar"} <= missing, "what is about the list of chats"
    assert not {"new_chat", "search", "commands", "delete_chat", "close_window", "quit"} & missing


@pytest.mark.parametrize("kind", [QMenu, QMenuBar])
async def test_every_command_is_in_the_menu(running: Running, kind: type[QMenu | QMenuBar]) -> None:
    menu = kind(running.window)
    running.window.actions_.fill(menu)
    entries = menu.actions()
    listed = [
        action.objectName()
        for entry in entries
        for action in (entry.menu().actions() if entry.menu() else [entry])
        if not action.isSeparator()
    ]
    assert sorted(listed) == sorted(command.id for command in commands_of(running.window))
    if kind is QMenuBar:
        assert all(entry.menu() for entry in entries), "a menu bar holds menus alone"
