"""How the user gets at the inspector and the budgets, over the window of the program."""

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QListWidget, QPushButton

from desktop_chat.domain.holds import Budget, Scope
from desktop_chat.ui.context import ContextDialog
from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.preferences import SettingsDialog
from tests.ui.shell.conftest import Running, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def inspector(running: Running) -> ContextDialog:
    found = running.window.findChild(ContextDialog)
    assert found is not None
    return found


def rows(running: Running) -> list[str]:
    model = inspector(running).list.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


async def test_a_key_opens_the_inspector_which_follows_the_window(running: Running, dialogs: Dialogs) -> None:
    first = await running.chat("First")
    running.window.activateWindow()
    composer = running.window.chat.composer.text_edit
    QTest.keyClick(
        composer, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    await until(lambda: running.window.findChild(ContextDialog) and inspector(running).isVisible())
    assert len(rows(running)) == 2
    composer.setPlainText("And now?")
    await until(lambda: len(rows(running)) == 3)
    assert rows(running)[-1].endswith("what you are writing")
    running.window.new_chat()
    await until(lambda: rows(running) == [])
    running.window.open_chat(first)
    await until(lambda: len(rows(running)) == 3)
    inspector(running).close()
    running.window.open_context()
    await until(lambda: len(rows(running)) == 3)
    assert inspector(running).findChild(QLabel, "contextTotal").text().endswith("tokens")


async def test_a_budget_that_is_nearly_used_up_leads_to_its_page(running: Running, dialogs: Dialogs) -> None:
    running.chats.spending.warned.emit(Budget(Scope.MONTH, Decimal(20), Decimal("16.02")))
    bar = running.window.findChild(NoticeBar, "budgetNotice")
    assert bar.accessibleDescription() == "80% of this month's budget is used: $16.02 of $20."
    running.chats.spending.warned.emit(Budget(Scope.DAY, Decimal(5), Decimal("4.50")))
    assert bar.accessibleDescription().endswith("90% of today's budget is used: $4.50 of $5.")
    assert bar.accessibleDescription().startswith("80% of this month's budget")
    bar.findChild(QPushButton).click()
    assert not bar.isVisible()
    settings = running.window.findChild(SettingsDialog)
    assert settings.isVisible()
    assert settings.findChild(QListWidget, "pages").currentItem().text() == "Budgets"
