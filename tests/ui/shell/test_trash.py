"""The window of the trash."""

import asyncio
import time

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_chat.domain.listing import Shelf
from desktop_chat.ui.trash import TrashWindow
from tests.ui.shell.conftest import Running, until

DAY = 24 * 3600.0
Rows = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


class Opened:
    """The window with what the test deleted, some days later."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.days = 0.0
        clock = lambda: time.time() + self.days * DAY  # noqa: E731
        self.window = TrashWindow(running.theme, running.chats, running.tasks, clock, running.window)
        self.window.show()

    def cell(self, row: int, column: int) -> str:
        model = self.window.model
        return str(model.index(row, column).data())

    def column(self, column: int) -> list[str]:
        return [self.cell(row, column) for row in range(self.window.model.rowCount())]

    async def holds(self, *titles: str) -> None:
        await until(lambda: self.column(0) == list(titles))

    def choose(self, *titles: str) -> None:
        self.window.table.clearSelection()
        for row, title in enumerate(self.column(0)):
            if title in titles:
                self.window.table.selectionModel().select(self.window.model.index(row, 0), Rows)

    def confirm(self, *, yes: bool = True) -> None:
        card = self.window.findChildren(QWidget, "confirm")[-1]
        buttons = card.findChildren(QPushButton)
        next(each for each in buttons if (each.objectName() == "confirmed") is yes).click()


async def test_chats_and_messages_with_the_days_they_have_left(running: Running) -> None:
    opened = Opened(running)
    chats = running.chats
    first = await running.chat("First")
    second = await running.chat("Second")
    session = running.window.session
    assert session is not None
    answer = session.tree.path[-1].id
    chats.delete_messages(second, [answer])
    await opened.holds("Hello.")
    assert opened.column(1) == ["Answer in “Second”"]
    chats.delete([first])
    await opened.holds("First", "Hello.")
    assert opened.column(1) == ["Chat", "Answer in “Second”"]
    assert opened.column(2)[0].startswith("Today")
    assert opened.column(3) == ["30 days", "30 days"]
    opened.days = 12.5
    assert opened.column(3) == ["18 days", "18 days"]
    opened.days = 29.9
    assert opened.column(3) == ["1 day", "1 day"]


async def test_restoring_both(running: Running) -> None:
    opened = Opened(running)
    first = await running.chat("First")
    second = await running.chat("Second")
    session = running.window.session
    assert session is not None
    running.chats.delete_messages(second, [session.tree.path[-1].id])
    running.chats.delete([first])
    await opened.holds("First", "Hello.")
    opened.choose("First", "Hello.")
    QTest.keyClick(opened.window.table, Qt.Key.Key_Return)
    await opened.holds()
    assert not opened.window.restore.isEnabled()
    assert not opened.window.empty.isEnabled()
    assert (await running.chats.counts()).get(Shelf.CHATS) == 2
    assert [message.text for message in (await running.store.tree(second))] == ["Say hello", "Hello."]


async def test_deleting_for_good_asks_first(running: Running) -> None:
    opened = Opened(running)
    ids = [await running.chat(title) for title in ("One", "Two", "Three")]
    running.chats.delete(ids)
    await until(lambda: sorted(opened.column(0)) == ["One", "Three", "Two"])
    opened.choose("Two")
    opened.window.delete.click()
    opened.confirm(yes=False)
    await asyncio.sleep(0)
    assert len(opened.column(0)) == 3
    QTest.keyClick(opened.window.table, Qt.Key.Key_Delete)
    opened.confirm()
    await until(lambda: sorted(opened.column(0)) == ["One", "Three"])
    opened.window.empty.click()
    opened.confirm()
    await opened.holds()
    assert (await running.chats.counts()).get(Shelf.TRASH, 0) == 0


async def test_it_opens_from_the_menu_of_the_list(running: Running) -> None:
    running.window.sidebar.menu.trash_requested.emit()
    assert running.window.trash.isVisible()
    assert running.window.trash.accessibleName() == "Trash"
    running.window.trash.close()
