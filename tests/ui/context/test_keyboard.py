"""Where the keys are in the list of the next request, which a screen reader tells as it opens."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.domain.request import Parameters
from tests.ui.context.conftest import Inspected
from tests.ui.shell.conftest import until


async def test_they_start_at_the_newest_message_and_stay_with_theirs(inspected: Inspected) -> None:
    await inspected.running.chat("A chat")
    inspected.show()
    shown = inspected.dialog.list
    assert inspected.dialog.focusWidget() is shown
    assert shown.currentIndex().row() == 1
    assert shown.selected_rows == []
    QTest.keyClick(shown, Qt.Key.Key_Up)
    assert shown.currentIndex().row() == 0
    session = inspected.running.window.session
    assert session is not None
    session.set_parameters(Parameters("Be brief."))
    await until(lambda: len(inspected.told()) == 3)
    assert shown.currentIndex().row() == 1, "the question, now below the system prompt"
    QTest.keyClick(shown, Qt.Key.Key_End)
    inspected.dialog.set_draft("And then?")
    await until(lambda: len(inspected.told()) == 4)
    assert shown.currentIndex().row() == 3, "who was at the newest message stays at the newest"


async def test_a_screen_reader_is_told_why_there_is_nothing(inspected: Inspected) -> None:
    inspected.running.window.new_chat()
    await until(lambda: inspected.running.window.session is not None)
    inspected.show()
    assert inspected.told() == []
    assert inspected.dialog.list.accessibleDescription().startswith("This chat has no messages yet.")
    inspected.dialog.set_draft("Hello")
    await until(lambda: inspected.told())
    assert inspected.dialog.list.accessibleDescription() == ""
