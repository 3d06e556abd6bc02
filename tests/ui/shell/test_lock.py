"""The app lock, from outside: what is seen and reached while it is locked, and how it opens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton, QWidget
from shiboken6 import isValid

from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.lock import Curtain, Idle
from desktop_chat.ui.safe import message_box
from tests.ui.shell.conftest import Running, record, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
PASSPHRASE = "open sesame"


def shown() -> list[QWidget]:
    return [top for top in QApplication.topLevelWidgets() if top.isVisible()]


def curtain_of(dialogs: Dialogs) -> Curtain:
    assert dialogs.curtain is not None
    return dialogs.curtain


def enter(dialogs: Dialogs, text: str) -> None:
    field = curtain_of(dialogs).field
    field.clear()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


async def unlock(dialogs: Dialogs) -> None:
    enter(dialogs, PASSPHRASE)
    await until(lambda: dialogs.curtain is None)


def told() -> list[str]:
    """All that a screen reader can reach from the program: names, values, texts."""
    found: list[str] = []

    def walk(item: QAccessibleInterface) -> None:
        found.extend(item.text(kind) for kind in (QAccessible.Text.Name, QAccessible.Text.Value))
        text = item.textInterface()
        if text is not None:
            found.append(text.text(0, text.characterCount()))
        for number in range(item.childCount()):
            if (child := item.child(number)) is not None:
                walk(child)

    application = QApplication.instance()
    assert application is not None
    walk(QAccessible.queryAccessibleInterface(application))
    return [text for text in found if text]


@pytest.fixture
def accessible(qapp: QApplication) -> Iterator[None]:
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


async def test_the_command_asks_for_a_passphrase_where_there_is_none(
    running: Running, dialogs: Dialogs
) -> None:
    running.window.actions_["lock"].trigger()
    assert dialogs.curtain is None
    settings = next(top for top in shown() if top.objectName() == "settings")
    assert settings.findChild(QWidget, "lockMinutes").isVisible()


async def test_locked_nothing_of_the_chats_is_seen_or_told(
    running: Running, dialogs: Dialogs, accessible: None
) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    chat = await running.chat("A secret chat")
    await until(lambda: running.window.chat.transcript.isVisible())
    running.window.windows.open(chat)
    await until(lambda: len(shown()) == 2)
    dialogs.show_about()
    assert len(shown()) == 3
    assert any("secret" in text for text in told())
    QTest.keyClick(
        running.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    )
    assert shown() == [dialogs.curtain]
    assert curtain_of(dialogs).windowTitle() == "Desktop Chat"
    reached = told()
    assert "Passphrase" in reached
    assert not [text for text in reached if "secret" in text or "Hello" in text or "About" in text]
    await unlock(dialogs)
    assert len(shown()) == 3
    assert running.window in shown()
    assert running.window.windows.shown[0].isVisible()
    assert any("secret" in text for text in told())


async def test_wrong_passphrases_are_told_and_wait(running: Running, dialogs: Dialogs) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    dialogs.lock()
    curtain = curtain_of(dialogs)
    assert not curtain.button.isEnabled()
    enter(dialogs, "open barley")
    await until(lambda: curtain.note.text())
    assert curtain.note.text() == "Wrong passphrase. Try again in 1 s."
    enter(dialogs, PASSPHRASE)
    assert not curtain.button.isEnabled()
    assert not await dialogs.app_lock.is_right(PASSPHRASE), "not looked at before its time"
    await until(lambda: curtain.button.isEnabled())
    assert curtain.note.text() == "Wrong passphrase."
    await unlock(dialogs)
    assert shown() == [running.window]
    assert dialogs.app_lock.wait == 0


async def test_no_command_of_the_window_works_behind_the_curtain(running: Running, dialogs: Dialogs) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    chat = await running.chat("A chat")
    dialogs.lock()
    curtain = curtain_of(dialogs)
    await until(curtain.isActiveWindow)
    control = Qt.KeyboardModifier.ControlModifier
    for key in (Qt.Key.Key_N, Qt.Key.Key_K, Qt.Key.Key_Comma, Qt.Key.Key_U, Qt.Key.Key_R):
        for target in (curtain, curtain.field):
            QTest.keyClick(target, key, control)
    QTest.keyClick(curtain, Qt.Key.Key_P, control | Qt.KeyboardModifier.ShiftModifier)
    assert running.shown_id == chat
    assert shown() == [curtain]
    assert "palette_" not in vars(running.window)
    assert [command.id for command in curtain.actions_.commands] == ["quit"]


async def test_quitting_is_possible_while_it_is_locked(running: Running, dialogs: Dialogs) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    dialogs.lock()
    asked = record(running.window.close_requested)
    curtain = curtain_of(dialogs)
    await until(curtain.isActiveWindow)
    QTest.keyClick(curtain.field, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    curtain.close()
    assert len(asked) == 2
    assert curtain.isVisible(), "until the program is done"
    dialogs.hide()
    assert shown() == []


async def test_what_wants_to_be_shown_meanwhile_waits(
    running: Running, dialogs: Dialogs, accessible: None
) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    chat = await running.chat("A chat")
    dialogs.lock()
    box = message_box("A title", "A secret", parent=running.window)
    box.open()
    dialogs.show_settings()
    running.window.windows.open(chat)
    dialogs.not_opened("A file was not opened.")
    running.window.raise_with_prompt("What is new?")
    await until(lambda: shown() == [dialogs.curtain])
    assert "A secret" not in told()
    await unlock(dialogs)
    assert box.windowOpacity() == 1
    assert box.isVisible()
    assert {top.objectName() for top in shown()} >= {"settings", "chatWindow", "mainWindow"}
    assert running.window.chat.composer.text == "What is new?"
    assert dialogs._problems[0].isVisible()
    box.close()
    box.deleteLater()


async def test_what_is_over_a_window_comes_back_unless_it_ended(running: Running, dialogs: Dialogs) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    chat = await running.chat("A chat")
    running.window.windows.open(chat)
    beside = running.window.windows.shown[0]
    dialogs.show_usage()
    dialogs.not_opened("A file was not opened.")
    usage = running.window.findChild(QDialog, "usage")
    problem = dialogs._problems[0]
    dialogs.lock()
    problem.reject()
    running.window.windows.close_chat(chat)
    await unlock(dialogs)
    assert usage.isVisible()
    assert not isValid(problem)
    assert not beside.isVisible()


async def test_a_window_comes_back_where_the_curtain_was(running: Running, dialogs: Dialogs) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    running.window.setGeometry(40, 50, 700, 500)
    dialogs.lock()
    curtain = curtain_of(dialogs)
    assert curtain.geometry() == running.window.geometry()
    curtain.move(curtain.pos() + QPoint(20, 10))
    await unlock(dialogs)
    assert running.window.geometry().topLeft() == QPoint(60, 60)


async def test_an_answer_goes_on_behind_the_curtain(running: Running, dialogs: Dialogs) -> None:
    await dialogs.app_lock.set_passphrase(PASSPHRASE)
    chat = running.window.chat
    QTest.keyClicks(chat.composer.text_edit, "Hello")
    QTest.keyClick(chat.composer.text_edit, Qt.Key.Key_Return)
    session = running.window.session
    assert session is not None
    await until(lambda: session.last is not None and session.last.text)
    assert session.last is not None
    dialogs.lock()
    before = session.last.text
    await until(lambda: session.last is not None and session.last.text != before)
    session.stop()
    await until(lambda: not session.is_busy)
    assert dialogs.curtain is not None
    stored = await running.store.tree(session.conversation.id)
    assert stored.path[-1].text == session.last.text


async def test_it_locks_when_nothing_is_touched(running: Running, dialogs: Dialogs) -> None:
    lock = dialogs.app_lock
    assert lock.findChild(Idle) is None, "off, it watches nothing"
    await lock.set_passphrase(PASSPHRASE)
    running.settings.change(lock_minutes=0)
    await until(lambda: lock.findChild(Idle) is None)
    running.settings.change(lock_minutes=1)
    idle = lock.findChild(Idle)
    assert idle is not None
    idle.reached.emit()
    assert dialogs.curtain is not None
    await until(lambda: lock.findChild(Idle) is None)
    await unlock(dialogs)
    assert lock.findChild(Idle) is not None


async def test_idle_is_without_a_touch_and_by_the_clock(running: Running) -> None:
    class Clock:
        now = 1_000.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    idle = Idle(running.window, 60, clock)
    reached = record(idle.reached)
    window = running.window.windowHandle()
    idle._take(window)
    clock.now += 59
    QTest.keyClick(window, Qt.Key.Key_A)
    clock.now += 59
    QTest.mouseMove(window, QPoint(5, 5))
    clock.now += 59
    QTest.mouseClick(window, Qt.MouseButton.LeftButton)
    assert reached == []
    before = running.window.chat.composer.text
    clock.now += 3600  # the computer slept, and the timer with it
    QTest.keyClick(window, Qt.Key.Key_B)
    assert reached
    assert running.window.chat.composer.text == before, "the key that found out is not typed"
    idle.deleteLater()


async def test_idle_ends_by_itself(running: Running) -> None:
    idle = Idle(running.window, 0.01)
    reached = record(idle.reached)
    await until(lambda: reached)
    idle.deleteLater()


async def test_the_file_removed_there_is_no_lock(running: Running, dialogs: Dialogs, tmp_path: Path) -> None:
    (tmp_path / "passphrase.json").write_text("{}")
    assert not dialogs.lock_at_start()
    assert shown() == [running.window]


async def test_it_is_set_and_turned_off_in_the_settings_with_the_passphrase(
    running: Running, dialogs: Dialogs, tmp_path: Path
) -> None:
    running.window.actions_["lock"].trigger()
    settings = next(top for top in shown() if top.objectName() == "settings")

    def button(text: str) -> QPushButton:
        return next(each for each in settings.findChildren(QPushButton) if each.text() == text)

    def write(name: str, text: str) -> None:
        field = next(each for each in settings.findChildren(QLineEdit) if each.accessibleName() == name)
        field.setText(text)

    button("Set passphrase…").click()
    write("New passphrase", PASSPHRASE)
    write("New passphrase again", "open barley")
    button("Set").click()
    assert settings.findChild(QWidget, "passphraseNote").text() == "The two are not the same."
    write("New passphrase again", PASSPHRASE)
    button("Set").click()
    await until(lambda: dialogs.app_lock.is_on)
    await until(lambda: settings.findChild(QWidget, "passphraseCard") is None)
    button("Turn off…").click()
    write("Passphrase now", "open barley")
    button("Turn off").click()
    await until(lambda: "Wrong" in settings.findChild(QWidget, "passphraseNote").text())
    assert (tmp_path / "passphrase.json").exists()
    assert not button("Turn off").isEnabled()
    await until(lambda: not dialogs.app_lock.wait)
    write("Passphrase now", PASSPHRASE)
    await until(lambda: button("Turn off").isEnabled())
    button("Turn off").click()
    await until(lambda: not dialogs.app_lock.is_on)
    assert not (tmp_path / "passphrase.json").exists()
