"""The list in the sidebar, over a real database."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QStyleOptionViewItem, QToolButton, QWidget

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.listing import COLORS, Folder, Tag
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.ui.conversation_list import ConversationModel, ItemRole
from desktop_chat.ui.conversation_list.delegate import ConversationDelegate
from desktop_chat.ui.conversation_list.model import Key
from desktop_chat.ui.theme import DARK, LIGHT, Theme
from tests.ui.shell.conftest import Running, record, until

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Description = Qt.ItemDataRole.AccessibleDescriptionRole


def rows(model: ConversationModel) -> list[str]:
    return [str(model.index(row).data()) for row in range(model.rowCount())]


class Shown:
    """The list of a window, and what there is in it by name."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.side = running.window.sidebar
        self.view, self.model, self.ordering = self.side.list, self.side.model, self.side.ordering
        self.ids: dict[str, str] = {}

    async def add(self, *titles: str, pinned: bool = False) -> None:
        """Chats of these titles, the first on top."""
        for title in reversed(titles):
            question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, title)])
            chat = Conversation(new_id(), title, "user", active_leaf=question.id, used_at=time.time())
            chat.pinned = pinned
            await self.running.store.begin_turn(chat, [question])
            self.ids[title] = chat.id
        await self.running.chats.reread()
        await self.shows(*titles)

    async def add_quietly(self, title: str) -> None:
        """Another chat, which may not be listed yet."""
        question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, title)])
        chat = Conversation(new_id(), title, "user", active_leaf=question.id, used_at=time.time())
        await self.running.store.begin_turn(chat, [question])
        await self.running.chats.reread()

    async def folder(self, name: str, parent: str | None = None) -> Folder:
        """A new folder, as soon as the list has it."""
        id = self.ordering.add_folder(name, parent)
        await until(lambda: self.model.find(id).isValid())
        return self.get_folder(id)

    def get_folder(self, id: str) -> Folder:
        return next(folder for folder in self.running.chats.folders if folder.id == id)

    async def tag(self, name: str, color: str = "red") -> Tag:
        tag = Tag(new_id(), name, color)
        self.running.chats.save_tag(tag)
        await until(lambda: tag in self.running.chats.tags)
        return tag

    async def shows(self, *titles: str) -> None:
        """Wait until all these are listed, and read."""
        await until(lambda: set(titles) <= set(rows(self.model)))

    async def reads(self, *expected: str) -> None:
        """Wait until the rows are these."""
        try:
            await until(lambda: rows(self.model) == list(expected), 5)
        except TimeoutError:
            assert rows(self.model) == list(expected)

    def index(self, name: str) -> QModelIndex:
        return self.model.index(rows(self.model).index(name))

    def key(self, name: str) -> Key:
        key = self.model.key(self.index(name))
        assert key is not None
        return key

    def seqs(self, *titles: str) -> list[int]:
        return [key for title in titles if isinstance(key := self.key(title), int)]

    def click(self, name: str, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        at = self.view.visualRect(self.index(name)).center()
        QTest.mouseClick(self.view.viewport(), Qt.MouseButton.LeftButton, modifiers, at)

    def go(self, name: str) -> None:
        """The keyboard is at this row."""
        self.running.window.activateWindow()
        self.view.setFocus()
        self.view.setCurrentIndex(self.index(name))

    def go_to_list(self) -> None:
        self.running.window.activateWindow()
        self.view.setFocus()

    def press(self, *keys: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        for key in keys:
            QTest.keyClick(self.view, key, modifiers)

    def menu(self, what: Sequence[int] | Folder) -> QMenu:
        menu = QMenu(self.view)
        self.ordering.fill(menu, what)
        return menu

    def said(self, name: str) -> str:
        return str(self.index(name).data(Description))


@pytest.fixture
def shown(running: Running) -> Shown:
    return Shown(running)


def choose(menu: QMenu, *path: str) -> None:
    """Choose what is called so, in sub-menus."""
    for text in path[:-1]:
        menu = next(action.menu() for action in menu.actions() if action.text() == text)  # type: ignore[misc]
    next(action for action in menu.actions() if action.text() == path[-1]).trigger()


def child(parent: QWidget, kind: type[QWidget], name: str) -> QWidget:
    found = parent.findChild(kind, name)
    assert found is not None, name
    return found


def type_into(parent: QWidget, name: str, text: str) -> None:
    field = child(parent, QLineEdit, name)
    assert isinstance(field, QLineEdit)
    field.setText(text)
    QTest.keyClick(field, Qt.Key.Key_Return)


# What is listed


async def test_pinned_folders_and_days(shown: Shown) -> None:
    await shown.add("Old plan", pinned=True)
    await shown.add("One", "Two")
    folder = await shown.folder("Work")
    await shown.reads("Pinned", "Old plan", "Folders", "Work", "Today", "One", "Two")
    shown.ordering.move(shown.seqs("Two"), folder.id)
    await shown.reads("Pinned", "Old plan", "Folders", "Work", "Today", "One")
    shown.view.setCurrentIndex(shown.index("Work"))
    shown.press(Qt.Key.Key_Right)
    await shown.reads("Pinned", "Old plan", "Folders", "Work", "Two", "Today", "One")
    assert shown.said("Work") == "Folder, open, 1 chat"
    assert shown.said("Two") == "In Work"
    assert shown.said("Pinned") == "Group"
    assert shown.running.settings.open_folders == [folder.id]
    shown.press(Qt.Key.Key_Left)
    await shown.reads("Pinned", "Old plan", "Folders", "Work", "Today", "One")
    assert shown.said("Work") == "Folder, closed"


async def test_titles_are_one_line_and_never_empty(shown: Shown) -> None:
    await shown.add_quietly("evil\u202etitle\nsecond line")
    await shown.reads("Today", "eviltitle second line")
    chat = shown.model.conversation(shown.model.index(1))
    assert chat is not None
    chat.title = ""
    shown.running.chats.changed.emit(chat.id)
    await shown.reads("Today", "New chat")


async def test_what_was_read_before_stays_while_a_row_is_read_anew(shown: Shown) -> None:
    await shown.add("One", "Two")
    shown.running.chats.rename(shown.ids["Two"], "Second")
    await shown.reads("Today", "One", "Second")
    assert shown.model.index_of(shown.ids["Two"]).row() == 2
    assert not shown.model.index_of("nobody").isValid()


async def test_sorting(shown: Shown) -> None:
    await shown.add("Banana", "apple", "Cherry")
    shown.running.settings.change(list_sort="title")
    await shown.reads("By title", "apple", "Banana", "Cherry")
    menu = QMenu(shown.view)
    shown.side.menu.fill(menu)
    choose(menu, "Sort by", "Last used")
    await shown.reads("Today", "Banana", "apple", "Cherry")


async def test_the_day_changes(running: Running) -> None:
    now = [time.time()]
    model = ConversationModel(running.chats, running.tasks, clock=lambda: now[0])
    await running.chat("Chat")
    await until(lambda: model.rowCount() == 2)
    now[0] += 24 * 3600
    model.regroup()
    assert model.index(0).data() == "Yesterday"


async def test_a_list_that_cannot_be_read_says_so(shown: Shown) -> None:
    await shown.running.store.close()
    before = shown.view.grab().toImage()
    shown.model.reload()
    await until(lambda: shown.model.trouble)
    assert shown.view.grab().toImage() != before


async def test_neighbours_go_round_past_groups_and_folders(shown: Shown) -> None:
    await shown.add("One", "Two", "Three")
    await shown.folder("Work")
    shown.running.chats.set_pinned([shown.ids["Three"]])
    await shown.reads("Pinned", "Three", "Folders", "Work", "Today", "One", "Two")

    async def beside(title: str, step: int) -> str:
        neighbour = await shown.model.neighbour(shown.ids.get(title, title), step)
        return next(name for name, id in shown.ids.items() if id == neighbour)

    assert await beside("Three", 1) == "One"
    assert await beside("Two", 1) == "Three"
    assert await beside("Three", -1) == "Two"
    assert await beside("not in the list", 1) == "Three"
    assert await beside("not in the list", -1) == "Two"


# Keys and the mouse


async def test_keys_move_over_names_of_groups_and_enter_opens(shown: Shown) -> None:
    await shown.add("Pinned one", pinned=True)
    await shown.add("One", "Two")
    opened = record(shown.view.opened)
    shown.go("One")
    shown.press(Qt.Key.Key_Up)
    assert shown.view.current_id == shown.ids["Pinned one"], "the group's name between them is skipped"
    shown.press(Qt.Key.Key_Down, Qt.Key.Key_Down)
    assert opened == []
    shown.press(Qt.Key.Key_Return)
    assert opened == [(shown.ids["Two"],)]
    await until(lambda: shown.running.shown_id == shown.ids["Two"])


async def test_a_click_opens_a_chat_and_a_folder(shown: Shown) -> None:
    await shown.add("One", "Two")
    folder = await shown.folder("Work")
    opened = record(shown.view.opened)
    shown.click("Today")
    shown.click("One", Ctrl)
    assert opened == []
    shown.click("Two")
    assert opened == [(shown.ids["Two"],)]
    shown.click("Work")
    assert folder.id in shown.model.opened


async def test_left_and_right_walk_through_folders(shown: Shown) -> None:
    await shown.add("One")
    work = await shown.folder("Work")
    await shown.folder("Inside", work.id)
    shown.running.chats.move([shown.ids["One"]], work.id)
    await shown.reads("Folders", "Work", "Inside", "One")
    assert shown.said("Inside") == "Folder, closed, level 2"
    shown.go("One")
    shown.press(Qt.Key.Key_Left)
    assert shown.view.current_key == work.id
    shown.go("Inside")
    shown.press(Qt.Key.Key_Left)
    assert shown.view.current_key == work.id
    shown.press(Qt.Key.Key_Left)
    await shown.reads("Folders", "Work")


async def test_typing_searches(shown: Shown) -> None:
    await shown.add("One")
    asked = record(shown.side.search_requested)
    shown.go("One")
    QTest.keyClicks(shown.view, "b")
    assert asked == [("b",)]


async def test_several_are_selected_with_shift_and_ctrl(shown: Shown) -> None:
    await shown.add("One", "Two", "Three", "Four")
    bar = shown.side.bulk
    shown.click("One")
    assert not bar.isVisible()
    shown.click("Three", Shift)
    assert bar.isVisible()
    assert shown.view.chosen == shown.seqs("One", "Two", "Three")
    shown.click("Two", Ctrl)
    assert sorted(shown.view.chosen) == sorted(shown.seqs("One", "Three"))
    shown.press(Qt.Key.Key_Escape)
    assert not bar.isVisible()
    shown.go("One")
    shown.press(Qt.Key.Key_Down, modifiers=Shift)
    assert shown.view.chosen == shown.seqs("One", "Two")
    shown.press(Qt.Key.Key_A, modifiers=Ctrl)
    assert shown.view.chosen == shown.seqs("One", "Two", "Three", "Four")
    assert "Today" not in {row.data() for row in shown.view.selectedIndexes()}


async def test_what_is_selected_and_current_stays_so_when_the_list_changes(shown: Shown) -> None:
    await shown.add("One", "Two", "Three", "Four")
    shown.click("Two")
    shown.click("Four", Shift)
    chosen = shown.view.chosen
    await shown.add("New on top")
    assert shown.view.chosen == chosen
    assert shown.view.current_id == shown.ids["Four"]
    shown.running.chats.delete([shown.ids["Three"]])
    await shown.reads("Today", "New on top", "One", "Two", "Four")
    assert shown.view.chosen == shown.seqs("Two", "Four")


async def test_the_view_stays_where_it_is_when_something_comes_on_top(shown: Shown) -> None:
    titles = [f"Chat {n}" for n in range(60)]
    for title in reversed(titles):
        question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, title)])
        chat = Conversation(new_id(), title, "user", active_leaf=question.id, used_at=time.time())
        await shown.running.store.begin_turn(chat, [question])
    await shown.running.chats.reread()
    await until(lambda: shown.model.rowCount() == 61)
    bar = shown.view.verticalScrollBar()
    bar.setValue(500)
    await until(lambda: shown.view.indexAt(shown.view.rect().topLeft()).data())
    top = shown.view.indexAt(shown.view.rect().topLeft()).data()
    await shown.add_quietly("New on top")
    await until(lambda: shown.model.rowCount() == 62)
    assert shown.view.indexAt(shown.view.rect().topLeft()).data() == top
    assert bar.value() == 534
    shown.running.chats.rename(shown.model.index(1).data(ItemRole.ID), "x")
    await shown.running.chats.reread()
    await asyncio.sleep(0)
    assert bar.value() == 534


async def test_renaming_in_the_row(shown: Shown) -> None:
    await shown.add("One", "Two")
    await shown.folder("Work")
    shown.go("Two")
    shown.running.window.rename_chat()
    editor = child(shown.view, QLineEdit, "renameChat")
    assert isinstance(editor, QLineEdit)
    assert editor.text() == "Two"
    editor.setText("A better name")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    await shown.reads("Folders", "Work", "Today", "One", "A better name")
    shown.view.edit_row(shown.key("Work"))
    type_into(shown.view, "renameFolder", "Play")
    await shown.reads("Folders", "Play", "Today", "One", "A better name")


async def test_a_title_being_typed_keeps_its_row(shown: Shown) -> None:
    await shown.add("One", "Two")
    shown.view.edit_row(shown.key("Two"))
    editor = child(shown.view, QLineEdit, "renameChat")
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, "Better")
    shown.running.chats.changed.emit(shown.ids["Two"])
    await shown.add_quietly("Three")
    await until(lambda: shown.model.is_behind)
    assert editor.text() == "Better"
    assert rows(shown.model) == ["Today", "One", "Two"]
    QTest.keyClick(editor, Qt.Key.Key_Return)
    await shown.reads("Today", "Three", "One", "Better")


# What is done


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


# How it looks


def test_colours_of_tags_can_be_told_on_every_ground(theme: Theme) -> None:
    def light(color: object) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]  # type: ignore[attr-defined]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    for mode, colors in (("light", LIGHT), ("dark", DARK)):
        theme.set_mode(mode)
        for name in COLORS:
            for ground in (colors.side, colors.accent_soft, colors.hover, colors.raised):
                one, two = sorted(
                    light(c.getRgbF()[:3])
                    for c in (theme.tag_color(name), ground)  # type: ignore[index]
                )
                assert (two + 0.05) / (one + 0.05) >= 3, (mode, name)


class CountingDelegate(ConversationDelegate):
    asked = 0

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # type: ignore[override]
        self.asked += 1
        return super().sizeHint(option, index)


MANY = 20_000
BULK = 1_200
"""More than are read at a time."""


async def test_of_many_chats_only_what_is_seen_is_measured_and_read(shown: Shown, tmp_path: Path) -> None:
    with apsw.Connection(str(tmp_path / "chats.db")) as database:
        database.execute(
            "INSERT INTO conversation (id, sequence, title, title_key, title_source, parameters, pinned, "
            "created_at, used_at) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "SELECT 'c' || i, i, 'Chat ' || i, 'chat ' || i, 'user', '{}', 0, 0, 1.7e9 + i * 900 FROM n",
            (MANY,),
        )
    delegate = CountingDelegate(shown.running.theme, shown.model, shown.view)
    shown.view.setItemDelegate(delegate)
    await shown.running.chats.reread()
    await until(lambda: shown.model.rowCount() > MANY)
    await until(lambda: shown.model.index(1).data() == f"Chat {MANY}")
    assert shown.view.verticalScrollBar().maximum() > MANY * 34 - 2_000
    assert delegate.asked < 200
    middle = shown.model.index(MANY // 2)
    assert middle.data() == ""
    assert middle.data(Description) == "Being read"
    shown.view.scrollTo(middle)
    await until(lambda: middle.data())
    assert shown.model.pages.count < 500, "the rest is only numbers"
    shown.view.selectAll()
    assert len(shown.view.chosen) == MANY
    shown.view.scrollToTop()
    shown.ordering.archive(shown.model.seqs(0, MANY)[:BULK])
    left = f"Chat {MANY - BULK}"
    await until(lambda: shown.model.index(1).data() == left)
    assert shown.side.undo.words == f"Archived {BULK:,} chats"
