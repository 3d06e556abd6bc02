"""The list of chats in a window, for tests: what is in it by name, and what can be done with it."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.listing import Folder, Tag
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.ui.conversation_list import ConversationModel
from desktop_chat.ui.conversation_list.model import Key
from tests.ui.shell.conftest import Running, until

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
