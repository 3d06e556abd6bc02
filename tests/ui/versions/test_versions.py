"""The map of branches, the comparison, forks and deleted messages, in a window of the program."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.session import ChatSession
from desktop_chat.ui.transcript.row_actions import Action
from desktop_chat.ui.versions.compare import LONGEST, CompareWindow
from desktop_chat.ui.versions.map import BranchMap
from tests.ui.shell.conftest import Running, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

OLD = "Wait twice as long.\n\nThen try again."
NEW = "Wait twice as long each time.\n\nThen try again.\n\nGive up in the end."


def message(id: str, parent: str | None, text: str, model: str | None = "gpt-5.2") -> Message:
    role = Role.ASSISTANT if model else Role.USER
    return Message(id, parent, role, [Part(PartKind.TEXT, text)], created_at=1.7e9, model=model)


async def open_branched(running: Running, *more: Message) -> ChatSession:
    """A chat whose first question has two answers; the second is shown, with a turn below it."""
    conversation = Conversation(new_id(), "Backoff", title_source="user")
    messages = [
        message("q", None, "How do I back off?", None),
        message("a1", "q", OLD),
        message("a2", "q", NEW, "claude-opus-4"),
        message("q2", "a2", "And jitter?", None),
        *more,
    ]
    conversation.active_leaf = "q2"
    await running.store.begin_turn(conversation, messages)
    await running.chats.load()
    running.window.open_chat(conversation.id)
    await until(lambda: running.shown_id == conversation.id)
    session = running.window.session
    assert session is not None
    return session


def shown(running: Running) -> list[str]:
    session = running.window.session
    assert session is not None
    return [each.id for each in session.tree.path]


def map_of(running: Running) -> BranchMap:
    found = running.window.findChild(BranchMap)
    assert found is not None
    return found


def told(branch_map: BranchMap) -> list[str]:
    """What a screen reader says of each row."""
    return [str(branch_map.rows.index(row).data()) for row in range(branch_map.rows.rowCount())]


def trigger(running: Running, message_id: str, action: Action) -> None:
    view = running.window.chat.transcript
    index = next(number for number, each in enumerate(view.rows.messages) if each.id == message_id)
    view.trigger(index, action)


async def compared(running: Running) -> tuple[CompareWindow, str]:
    await until(lambda: running.window.findChild(CompareWindow))
    window = running.window.findChild(CompareWindow)
    assert window is not None
    await until(lambda: window.about.text() not in ("", "Comparing…"))
    return window, window.findChild(QPlainTextEdit).toPlainText()


async def test_a_key_opens_the_map_and_enter_shows_a_branch(running: Running) -> None:
    await open_branched(running)
    running.window.activateWindow()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(running.window.chat.composer.text_edit, Qt.Key.Key_B, keys)
    await until(lambda: running.window.findChild(BranchMap))
    branch_map = map_of(running)
    assert told(branch_map) == [
        "You, 1 message, shown",
        "gpt-5.2, version 1 of 2, 1 message, not shown, level 2",
        "claude-opus-4, version 2 of 2, 2 messages, shown",
    ]
    assert branch_map.list.currentIndex().row() == 2
    branch_map.list.setCurrentIndex(branch_map.rows.index(1))
    QTest.keyClick(branch_map.list, Qt.Key.Key_Return)
    assert shown(running) == ["q", "a1"]
    assert [row.partition(",")[0] for row in told(branch_map)] == ["You", "claude-opus-4", "gpt-5.2"]


async def test_the_map_follows_the_window(running: Running) -> None:
    await open_branched(running)
    running.window.open_branches()
    other = await running.chat("Another")
    assert len(told(map_of(running))) == 1
    assert "one path" in map_of(running).about.text()
    assert running.shown_id == other


async def test_two_branches_can_be_compared(running: Running) -> None:
    await open_branched(running)
    running.window.open_branches()
    branch_map = map_of(running)
    assert not branch_map.compare_button.isEnabled()
    branch_map.list.setCurrentIndex(branch_map.rows.index(1))
    QTest.keyClick(branch_map.list, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert branch_map.compare_button.isEnabled()
    branch_map.compare_button.click()
    window, text = await compared(running)
    assert text.split("\n")[:3] == ["− Wait twice as long.", "+ Wait twice as long each time.", "  "]
    assert window.about.text() == "0 words removed, 7 added"


async def test_an_answer_is_compared_with_the_version_before_it(running: Running) -> None:
    await open_branched(running)
    trigger(running, "a2", Action.COMPARE)
    window, text = await compared(running)
    assert [choice.value for choice in window.choices] == ["a1", "a2"]
    assert text.endswith("+ Give up in the end.")
    window.swap.click()
    await until(lambda: "− Give up" in window.findChild(QPlainTextEdit).toPlainText())
    window.next.click()
    assert window.text.textCursor().blockNumber() > 0


async def test_texts_that_are_the_same_or_too_long_are_told(running: Running) -> None:
    await open_branched(
        running, message("a3", "q2", "x" * LONGEST), message("a4", "q2", "yy"), message("a5", "q2", "yy")
    )
    running.window.chat.branching.compare("a4", "a5")
    window, _text = await compared(running)
    assert window.about.text() == "Both say the same."
    running.window.chat.branching.compare("a3", "a4")
    await until(lambda: window.about.text() == "They are too long to be compared.")


async def test_a_fork_has_the_path_and_leaves_the_chat_as_it_is(running: Running) -> None:
    session = await open_branched(running)
    trigger(running, "a2", Action.FORK)
    await until(lambda: running.shown_id != session.conversation.id)
    forked = running.window.session
    assert forked is not None
    assert [each.text for each in forked.tree.path] == ["How do I back off?", NEW]
    assert forked.conversation.origin == "fork:a2"
    assert not {each.id for each in forked.tree} & {each.id for each in session.tree}
    assert len((await running.store.tree(session.conversation.id)).path) == 3


async def test_a_deleted_message_is_gone_and_comes_back(running: Running) -> None:
    undos = []
    running.chats.undoable.connect(undos.append)
    session = await open_branched(running)
    trigger(running, "a2", Action.DELETE)
    await until(lambda: "a2" not in [each.id for each in session.tree])
    assert shown(running)[-1] == "q2"
    await until(lambda: undos)
    undos[-1].undo()
    await until(lambda: shown(running) == ["q", "a2", "q2"])
