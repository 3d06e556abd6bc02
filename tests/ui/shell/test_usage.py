"""The usage window over the main window: how it is asked for, and that it follows what is sent."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.usage import UsageCard

from .conftest import Running, until


async def shown(running: Running) -> UsageCard:
    (card,) = [each for each in running.window.findChildren(UsageCard) if each.isVisible()]
    await until(lambda: card.latest is not None)
    return card


async def test_the_command_shows_what_is_sent_while_it_is_open(
    running: Running, dialogs: Dialogs, qtbot: QtBot
) -> None:
    await running.chat("Trip to Lisbon")
    qtbot.keyClick(running.window, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
    usage = await shown(running)
    assert usage.latest is not None
    assert usage.latest.report.totals.requests == 0
    # It is there already.
    running.window.actions_["usage"].trigger()
    assert await shown(running) is usage
    session = running.window.session
    assert session is not None
    await session.send("Say hello")
    # The demo model takes its time, and a busy machine more.
    await until(lambda: usage.latest is not None and usage.latest.report.totals.requests, 60)
    model = usage.requests.requests
    await until(lambda: model.rowCount())
    assert model.index(0, 2).data() == "Trip to Lisbon"
    await until(lambda: not session.is_busy, 60)


async def test_it_is_shown_again_after_it_was_closed(
    running: Running, dialogs: Dialogs, qtbot: QtBot
) -> None:
    await running.chat("Trip to Lisbon")
    running.window.actions_["usage"].trigger()
    first = await shown(running)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not first.isVisible()
    running.window.chat.details.findChild(QPushButton, "showUsage").click()
    assert await shown(running) is not first
