"""The transcript for screen readers, within the process; the end-to-end tests ask over a real bus."""

import shiboken6
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface

from desktop_chat.domain.message import State
from tests.ui.transcript.conftest import Chat, answer, question


def test_list_with_an_item_a_message(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "So **it** is."))
    interface = QAccessible.queryAccessibleInterface(chat.view)
    assert interface is not None
    assert interface.role() == QAccessible.Role.List
    assert interface.text(QAccessible.Text.Name) == "Transcript"
    assert interface.childCount() == 2
    items = [interface.child(0), interface.child(1)]
    assert [item.role() for item in items] == [QAccessible.Role.ListItem] * 2
    assert [item.text(QAccessible.Text.Name) for item in items] == ["You", "gpt-5.2"]
    assert [item.text(QAccessible.Text.Value) for item in items] == ["Why?", "So it is."]
    assert interface.indexOfChild(items[1]) == 1
    assert interface.child(2) is None
    assert items[1].rect().isValid()


def test_item_of_a_message_that_is_gone_is_invalid(chat: Chat) -> None:
    chat.show(question("q", "Why?"))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    assert item.isValid()
    chat.show(question("other", "Hm?"))
    assert not item.isValid()
    assert item.text(QAccessible.Text.Name) == ""


def test_cast_answers_with_addresses(chat: Chat) -> None:
    """A Python object or None here is a crash as soon as a screen reader asks."""
    chat.show(question("q", "Why?"))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    assert isinstance(item.interface_cast(QAccessible.InterfaceType.TextInterface), shiboken6.VoidPtr)
    nothing = item.interface_cast(QAccessible.InterfaceType.TableInterface)
    assert isinstance(nothing, shiboken6.VoidPtr)
    assert int(nothing) == 0


def test_failure_is_described(chat: Chat) -> None:
    chat.show(answer("a", "Half", State.STOPPED))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    assert item.text(QAccessible.Text.Description) == "Stopped"


def parts(chat: Chat, index: int) -> list[QAccessibleInterface]:
    item = QAccessible.queryAccessibleInterface(chat.view).child(index)
    return [item.child(number) for number in range(item.childCount())]


def names(chat: Chat, index: int) -> list[str]:
    return [part.text(QAccessible.Text.Name) for part in parts(chat, index)]


def test_links_and_buttons_are_below_their_message(chat: Chat) -> None:
    text = "A [page](https://example.org/ä).\n\n| [cell](https://example.com) |\n|---|\n\n```\nx\n```"
    chat.show(question("q", "Why?"), answer("a", text, thought="Hm."))
    assert names(chat, 0) == ["Copy", "Edit"]
    found = names(chat, 1)
    assert found[:2] == ["page", "cell"]
    assert {"Copy code", "Thought for 6 s", "Copy", "Regenerate", "Edit"} <= set(found)
    link = parts(chat, 1)[0]
    assert link.role() == QAccessible.Role.Link
    assert link.text(QAccessible.Text.Description) == "https://example.org/%C3%A4"
    assert link.parent().indexOfChild(link) == 0
    assert link.rect().isValid()


def test_a_button_is_pressed(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "So.", thought="Hm."))
    press = QAccessibleActionInterface.pressAction()
    regenerate = parts(chat, 1)[names(chat, 1).index("Regenerate")]
    with chat.qtbot.waitSignal(chat.view.regenerate_requested) as caught:
        regenerate.actionInterface().doAction(press)
    assert caught.args == ["a"]
    fold = parts(chat, 1)[names(chat, 1).index("Thought for 6 s")]
    assert fold.state().collapsed
    fold.actionInterface().doAction(press)
    chat.qtbot.waitUntil(lambda: fold.state().expanded)
    assert parts(chat, 1)[0].textInterface().text(0, -1) == "Hm."


def test_caret_and_selection(chat: Chat) -> None:
    chat.show(question("q", "Why 😀?"), answer("a", "- one\n- **two** three"))
    text = QAccessible.queryAccessibleInterface(chat.view).child(1).textInterface()
    whole = "• one\n• two three"
    assert text.text(0, -1) == whole
    assert text.characterCount() == len(whole)
    text.setCursorPosition(9)
    assert text.cursorPosition() == 9
    text.addSelection(8, 11)
    assert chat.view.selected_text().endswith("two")
    text.removeSelection(0)
    assert chat.view.selected_text() == ""
    box = text.characterRect(9)
    assert box.isValid()
    assert text.offsetAtPoint(box.center()) in (9, 10)
    emoji = QAccessible.queryAccessibleInterface(chat.view).child(0).textInterface()
    assert emoji.characterCount() == 7
    assert emoji.text(4, 6) == "😀"


def test_walking_keeps_few_messages(chat: Chat) -> None:
    chat.show(*(answer(f"m{number}", f"Text **{number}**") for number in range(300)))
    view = QAccessible.queryAccessibleInterface(chat.view)
    seen = len([index for index in range(300) if chat.view.rows.built(index) is not None])
    for number in range(300):
        assert view.child(number).textInterface().text(0, -1) == f"Text {number}"
        assert view.child(number).childCount() > 0
    kept = len([index for index in range(300) if chat.view.rows.built(index) is not None])
    assert kept == seen < 60


def test_what_is_pressed_may_be_gone(chat: Chat) -> None:
    chat.show(answer("a", "[page](https://example.org)"))
    (link, *_others) = parts(chat, 0)
    action = link.actionInterface()
    chat.show(question("q", "Hm?"))
    assert not link.isValid()
    assert link.text(QAccessible.Text.Name) == ""
    action.doAction(QAccessibleActionInterface.pressAction())
    assert link.rect().isNull()
