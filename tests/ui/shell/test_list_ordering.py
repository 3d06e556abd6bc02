"""What is done with chats and folders in the list: menus, bars, tags, the archive, dragging."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QToolButton, QWidget

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Folder
from desktop_chat.ui.conversation_list.choosing import FolderCard
from tests.ui.shell.conftest import Running, record, until
from tests.ui.shell.listed import Shown, child, choose, rows, type_into

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Description = Qt.ItemDataRole.AccessibleDescriptionRole


@pytest.fixture
def shown(running: Running) -> Shown:
    return Shown(running)


async def test_deleting_and_taking_it_back(shown: Shown) -> None:
    await shown.add("One", "Two", "Three")
    shown.go("One")
    shown.press(Qt.Key.Key_Down, modifiers=Shift)
    shown.press(Qt.Key.Key_Delete)
    await shown.reads("Today", "Three")
    assert shown.side.undo.isVisible()
    shown.press(Qt.Key.Key_Z, modifiers=Ctrl)
    await shown.reads("Today", "One", "Two", "Three")
    assert not shown.side.undo.isVisible()


async def test_the_menu_of_one_chat(shown: Shown) -> None:
    await shown.add("One", "Two")
    one = shown.seqs("One")
    choose(shown.menu(one), "Pin")
    await shown.reads("Pinned", "One", "Today", "Two")
    choose(shown.menu(one), "Unpin")
    await shown.reads("Today", "One", "Two")
    choose(shown.menu(one), "Mark as unread")
    await until(lambda: shown.said("One") == "Unread")
    choose(shown.menu(one), "Mark as read")
    await until(lambda: shown.said("One") == "")
    apart, exported = record(shown.ordering.apart_requested), []
    shown.ordering.export_requested.disconnect()
    shown.ordering.export_requested.connect(exported.append)
    shown.running.window.window_requested.disconnect()
    choose(shown.menu(one), "Open in a new window")
    choose(shown.menu(one), "Export…")
    assert apart == [(shown.ids["One"],)]
    assert exported == [[shown.ids["One"]]]
    choose(shown.menu(one), "Rename")
    assert child(shown.view, QLineEdit, "renameChat")


async def test_the_archive(shown: Shown) -> None:
    await shown.add("One", "Two")
    choose(shown.menu(shown.seqs("One")), "Archive")
    await shown.reads("Today", "Two")
    menu = QMenu(shown.view)
    shown.side.menu.fill(menu)
    choose(menu, "Archive")
    await shown.reads("Today", "One")
    assert shown.side.view_bar.isVisible()
    choose(shown.menu(shown.seqs("One")), "Take out of the archive")
    await shown.reads()
    shown.go_to_list()
    shown.press(Qt.Key.Key_Escape)
    await shown.reads("Today", "One", "Two")
    assert not shown.side.view_bar.isVisible()


async def test_tags_are_made_given_shown_taken_changed_and_deleted(shown: Shown) -> None:
    await shown.add("One", "Two")
    window = shown.running.window
    choose(shown.menu(shown.seqs("One")), "Tags", "New tag…")
    type_into(window, "nameField", "Urgent & new")
    await until(lambda: shown.said("One") == "Tagged Urgent & new")
    (tag,) = shown.running.chats.tags
    choose(shown.menu(shown.seqs("Two")), "Tags", "Urgent && new")
    await until(lambda: shown.said("Two") == "Tagged Urgent & new")
    choose(shown.menu(shown.seqs("One")), "Tags", "Urgent && new")
    await until(lambda: shown.said("One") == "")
    menu = QMenu(shown.view)
    shown.side.menu.fill(menu)
    choose(menu, "Only with tag", "Urgent && new")
    await shown.reads("Today", "Two")
    edit = child(shown.side, QToolButton, "editTag")
    edit.click()  # type: ignore[attr-defined]
    type_into(window, "nameField", "Calm")
    await until(lambda: shown.said("Two") == "Tagged Calm")
    await shown.tag("Other")
    shown.ordering.edit_tag(replace(tag, name="Calm"))
    card = window.findChildren(QWidget, "tag")[-1]
    type_into(card, "nameField", "OTHER")
    assert child(card, QWidget, "tagNote").isVisible(), "another has this name"
    child(card, QWidget, "deleteTag").click()  # type: ignore[attr-defined]
    await shown.reads("Today", "One", "Two")
    assert not shown.side.view_bar.isVisible()
    shown.running.window.undo_last()
    await until(lambda: shown.said("Two") == "Tagged Calm")


async def test_the_bar_of_what_is_selected(shown: Shown) -> None:
    await shown.add("One", "Two", "Three")
    await shown.tag("Urgent")
    shown.go("One")
    shown.press(Qt.Key.Key_Down, modifiers=Shift)
    tags = child(shown.side.bulk, QToolButton, "tagSelected").menu()  # type: ignore[attr-defined]
    tags.aboutToShow.emit()
    choose(tags, "Urgent")
    await until(
        lambda: [shown.said(name) for name in ("One", "Two", "Three")] == ["Tagged Urgent"] * 2 + [""]
    )
    child(shown.side.bulk, QToolButton, "archiveSelected").click()  # type: ignore[attr-defined]
    await shown.reads("Today", "Three")
    assert not shown.side.bulk.isVisible()


# Folders


async def test_moving_by_keyboard(shown: Shown) -> None:
    await shown.add("One", "Two")
    work = await shown.folder("Work")
    home = await shown.folder("Home", work.id)
    window = shown.running.window
    choose(shown.menu(shown.seqs("One")), "Move to folder…")
    field = child(window, QLineEdit, "folderFilter")
    QTest.keyClicks(field, "home")
    QTest.keyClick(field, Qt.Key.Key_Return)
    chat = shown.running.chats.known(shown.ids["One"])
    assert chat is not None
    await until(lambda: chat.folder == home.id)
    choose(shown.menu(home), "Move to folder…")
    card = window.findChildren(QWidget, "chooseFolder")[-1]
    QTest.keyClick(child(card, QLineEdit, "folderFilter"), Qt.Key.Key_Return)
    await until(lambda: shown.get_folder(home.id).parent is None)
    choose(shown.menu(shown.seqs("Two")), "Move to folder…")
    card = window.findChildren(QWidget, "chooseFolder")[-1]
    type_into(card, "folderFilter", "Brand new")
    await until(
        lambda: [folder.name for folder in shown.running.chats.folders] == ["Work", "Home", "Brand new"]
    )
    await shown.shows("Brand new")
    moved = shown.running.chats.known(shown.ids["Two"])
    assert moved is not None
    await until(lambda: moved.folder == shown.running.chats.folders[2].id)
    choose(shown.menu(shown.get_folder(home.id)), "Move up")
    await until(lambda: shown.running.chats.folders[0].name == "Home")
    choose(shown.menu(shown.get_folder(work.id)), "Remove folder")
    await until(lambda: "Work" not in rows(shown.model))


async def test_a_folder_is_not_put_into_itself(shown: Shown) -> None:
    outer = await shown.folder("Outer")
    inner = await shown.folder("Inner", outer.id)
    assert shown.ordering.holds(outer, inner.id)
    shown.ordering.put_folder(outer, inner.id)
    await shown.folder("Other")
    assert shown.get_folder(outer.id).parent is None


async def test_dragging(shown: Shown) -> None:
    await shown.add("One", "Two")
    work = await shown.folder("Work")
    home = await shown.folder("Home")
    dragging = shown.view.dragging
    assert dragging is not None

    def drop(what: Sequence[int] | Folder, on: str, part: float = 0.5) -> bool:
        area = shown.view.visualRect(shown.index(on))
        at = area.topLeft()
        at.setY(round(area.top() + area.height() * part))
        dragging.what = what
        taken = dragging.move(at)
        shown.view.grab()
        if taken:
            dragging.drop()
        dragging.what = None
        return taken

    assert drop(shown.seqs("One", "Two"), "Work")
    await shown.reads("Folders", "Work", "Home")
    shown.model.toggle(work.id)
    await shown.reads("Folders", "Work", "One", "Two", "Home")
    assert not drop(shown.seqs("One"), "Two"), "it lies there already"
    assert drop(shown.seqs("One"), "Folders")
    await shown.reads("Folders", "Work", "Two", "Home", "Today", "One")
    assert drop(shown.get_folder(home.id), "Work", 0.1)
    await shown.reads("Folders", "Home", "Work", "Two", "Today", "One")
    assert drop(shown.get_folder(home.id), "Work", 0.5)
    await shown.reads("Folders", "Work", "Home", "Two", "Today", "One")
    assert not drop(shown.get_folder(work.id), "Home")
    assert drop(shown.get_folder(home.id), "Today")
    await until(lambda: shown.get_folder(home.id).parent is None)


async def test_files_that_are_dropped_on_the_sidebar_are_imported(shown: Shown, tmp_path: Path) -> None:
    await shown.add("One")
    asked: list[list[Path]] = []
    shown.side.import_requested.disconnect()
    shown.side.import_requested.connect(asked.append)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "export.zip")), QUrl("https://example.com/no.zip")])

    def arrive(widget: QWidget, kind: type[QDragEnterEvent | QDropEvent]) -> bool:
        at = QPoint(20, 120) if kind is QDragEnterEvent else QPointF(20, 120)
        event = kind(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Ctrl)  # type: ignore[arg-type]
        QApplication.sendEvent(widget, event)
        return event.isAccepted()

    area = child(shown.side, QWidget, "dropArea")
    assert not area.isVisible()
    assert arrive(shown.view.viewport(), QDragEnterEvent), "the list leaves it to what is around it"
    assert area.isVisible()
    assert arrive(shown.view.viewport(), QDropEvent)
    assert not area.isVisible()
    assert asked == [[tmp_path / "export.zip"]]


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
async def test_the_commands_of_the_window_order_the_chat_that_is_shown(shown: Shown) -> None:
    await shown.add("One", "Two")
    await shown.tag("Urgent")
    home = await shown.folder("Home")
    window = shown.running.window
    window.open_chat(shown.ids["One"])
    actions = window.actions_
    await until(lambda: actions["pin_chat"].isEnabled())

    def known() -> Conversation:
        found = shown.running.chats.known(shown.ids["One"])
        assert found is not None
        return found

    actions["pin_chat"].trigger()
    await until(lambda: known().pinned)
    await until(lambda: actions["pin_chat"].text() == "Unpin chat")
    actions["pin_chat"].trigger()
    await until(lambda: not known().pinned)

    actions["tag_chat"].trigger()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    next(action for action in menu.actions() if action.text() == "Urgent").trigger()
    menu.close()
    await until(lambda: known().tags)

    actions["move_chat"].trigger()
    card = child(window, FolderCard, "chooseFolder")
    card.chosen.emit(home.id)
    card.close()
    await until(lambda: known().folder == home.id)

    actions["archive_chat"].trigger()
    await until(lambda: known().archived)
    await until(lambda: actions["archive_chat"].text() == "Take chat out of the archive")
    window.toggle_archive()
    await until(lambda: actions["archive"].text() == "Back to all chats")
    await shown.reads("Today", "One")
