from collections.abc import Callable, Sequence
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QStyleOptionViewItem, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.conversation import Conversation
from desktop_chat.ui.conversation_list import (
    ConversationDelegate,
    ConversationList,
    ConversationModel,
    ItemRole,
    groups,
)
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import record

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12).timestamp()  # noqa: DTZ001
DAY = 86_400.0


def chats(*days: float, pinned: int = 0) -> list[Conversation]:
    """Conversations last used so many days before noon; the first ``pinned`` are pinned."""
    return [
        Conversation(f"c{n}", f"Chat {n}", used_at=NOON - day * DAY, pinned=n < pinned)
        for n, day in enumerate(days)
    ]


def rows(model: ConversationModel) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


def model_of(conversations: list[Conversation], writing: Sequence[str] = ()) -> ConversationModel:
    model = ConversationModel(lambda id: id in writing, clock=lambda: NOON)
    model.set_conversations(conversations)
    return model


def test_groups_by_day() -> None:
    made = groups(chats(400, 0, 0.4, 1, 5, 20, 40, 330, 400, pinned=1), TODAY)
    assert [(g.name, g.end - g.start) for g in made] == [
        ("Pinned", 1),
        ("Today", 2),
        ("Yesterday", 1),
        ("Previous 7 days", 1),
        ("Previous 30 days", 1),
        ("October", 1),
        ("December 2025", 1),
        ("October 2025", 1),
    ]


@given(st.lists(st.integers(0, 2_000), max_size=60), st.integers(0, 5), st.booleans())
def test_every_conversation_is_in_one_group(days: list[int], pinned: int, in_order: bool) -> None:
    conversations = chats(*(sorted(days) if in_order else days), pinned=min(pinned, len(days)))
    made = groups(conversations, TODAY)
    assert [n for group in made for n in range(group.start, group.end)] == list(range(len(conversations)))
    if in_order and pinned == 0:
        assert len({group.name for group in made}) == len(made)


class Counting(Sequence[Conversation]):
    def __init__(self, conversations: list[Conversation]) -> None:
        self._conversations = conversations
        self.looks = 0

    def __len__(self) -> int:
        return len(self._conversations)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.looks += 1
        return self._conversations[index]


def test_grouping_looks_at_few_of_many() -> None:
    conversations = Counting(chats(*(n / 300 for n in range(100_000))))
    assert len(groups(conversations, TODAY)) > 10
    assert conversations.looks < 1_000


def test_rows_are_groups_and_titles() -> None:
    conversations = chats(3, 0, 0, pinned=1)
    conversations[1].title = "evil\u202etitle\nsecond line"
    conversations[2].title = ""
    model = model_of(conversations, writing=["c1"])
    assert rows(model) == ["Pinned", "Chat 0", "Today", "eviltitle second line", "New chat"]
    assert model.index(3).data(ItemRole.WRITING)
    assert not model.index(1).data(ItemRole.WRITING)
    assert model.flags(model.index(2)) == Qt.ItemFlag.NoItemFlags
    for conversation in conversations:
        assert model.index_of(conversation.id).data(ItemRole.ID) == conversation.id
    assert not model.index_of("nobody").isValid()


def test_filter_finds_every_word_in_any_case() -> None:
    conversations = chats(0, 0, 2)
    for conversation, title in zip(
        conversations, ("Trip to Lisbon", "LISBON trip, day 2", "Taxes"), strict=True
    ):
        conversation.title = title
    model = model_of(conversations)
    model.set_filter("trip lis")
    assert rows(model) == ["Today", "Trip to Lisbon", "LISBON trip, day 2"]
    model.set_filter("nothing like it")
    assert rows(model) == []
    model.set_filter("  ")
    assert len(rows(model)) == 5


def test_neighbours_go_round() -> None:
    model = model_of(chats(0, 1, 2))
    assert model.neighbour("c0", 1) == "c1"
    assert model.neighbour("c2", 1) == "c0"
    assert model.neighbour("c0", -1) == "c2"
    assert model.neighbour("not in the list", 1) == "c0"
    assert model_of([]).neighbour("c0", 1) is None


@pytest.fixture
def view(theme: Theme, shown: Callable[[QWidget], None]) -> ConversationList:
    made = ConversationList(theme, model_of(chats(3, 0, 0, 0, *([1] * 40), pinned=1)))
    made.resize(264, 400)
    shown(made)
    made.set_open("c1")
    return made


def opened(view: ConversationList, *keys: Qt.Key) -> list[object]:
    spy = record(view.opened)
    for key in keys:
        QTest.keyClick(view, key)
    return [arguments[0] for arguments in spy]


def test_keys_move_over_group_names_and_enter_opens(view: ConversationList) -> None:
    assert opened(view, Qt.Key.Key_Up) == []
    assert view.current_id == "c0", "the group's name between them is skipped"
    assert opened(view, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return) == ["c2"]


def test_delete_key_asks_for_the_current_chat(view: ConversationList) -> None:
    spy = record(view.delete_requested)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert spy == [("c1",)]


def test_a_click_opens(view: ConversationList) -> None:
    spy = record(view.opened)
    for row in (0, 1):
        QTest.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(row)).center()
        )
    assert [arguments[0] for arguments in spy] == ["c0"]


def test_renaming_in_the_row(view: ConversationList, qtbot: QtBot) -> None:
    view.edit_title("c2")
    editor = view.findChild(QLineEdit, "renameChat")
    assert editor is not None
    assert editor.text() == "Chat 2"
    editor.setText("A better name")
    with qtbot.waitSignal(view.renamed) as renamed:
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert renamed.args == ["c2", "A better name"]


def test_a_title_being_typed_survives_a_change_of_the_chat(view: ConversationList) -> None:
    view.edit_title("c2")
    editor = view.findChild(QLineEdit, "renameChat")
    assert editor is not None
    QTest.keyClicks(editor, "Better")
    model = view.model()
    assert isinstance(model, ConversationModel)
    model.update("c2")
    assert editor.text() == "Better"


def test_scroll_and_current_row_survive_a_new_list(view: ConversationList) -> None:
    model = view.model()
    assert isinstance(model, ConversationModel)
    view.setCurrentIndex(model.index_of("c30"))
    view.verticalScrollBar().setValue(500)
    model.set_conversations(chats(3, 0, 0, 0, *([1] * 40), pinned=1))
    assert view.verticalScrollBar().value() == 500
    assert view.current_id == "c30"


class CountingDelegate(ConversationDelegate):
    asked = 0

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        self.asked += 1
        return super().sizeHint(option, index)


def test_a_hundred_thousand_rows_are_not_measured_one_by_one(
    theme: Theme, shown: Callable[[QWidget], None]
) -> None:
    view = ConversationList(theme, model_of(chats(*(n / 300 for n in range(100_000)))))
    delegate = CountingDelegate(theme, view)
    view.setItemDelegate(delegate)
    view.resize(264, 600)
    shown(view)
    view.grab()
    assert view.verticalScrollBar().maximum() > 3_000_000
    assert delegate.asked < 100


def test_accessible_texts(view: ConversationList) -> None:
    assert (view.objectName(), view.accessibleName()) == ("chats", "Chats")
    model = view.model()
    assert model.index(0).data(Qt.ItemDataRole.AccessibleDescriptionRole) == "Group"
    assert model.index(1).data(Qt.ItemDataRole.DisplayRole) == "Chat 0"


def test_the_clock_is_asked_anew_when_the_day_changes() -> None:
    now = [NOON]
    model = ConversationModel(lambda id: False, clock=lambda: now[0])
    model.set_conversations(chats(0))
    now[0] += DAY
    model.regroup()
    assert rows(model)[0] == "Yesterday"
