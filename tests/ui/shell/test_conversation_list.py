"""The list in the sidebar, over a real database: what it shows, keys and the mouse."""

import asyncio
import time
from pathlib import Path

import apsw
import pytest
from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QStyleOptionViewItem

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.listing import COLORS
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.ui.conversation_list import ConversationModel, ItemRole
from desktop_chat.ui.conversation_list.delegate import ConversationDelegate
from desktop_chat.ui.theme import DARK, LIGHT, Theme
from tests.ui.shell.conftest import Running, record, until
from tests.ui.shell.listed import Shown, child, choose, rows, type_into

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Description = Qt.ItemDataRole.AccessibleDescriptionRole


@pytest.fixture
def shown(running: Running) -> Shown:
    return Shown(running)


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
