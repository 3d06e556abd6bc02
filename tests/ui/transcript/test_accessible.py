"""The transcript for screen readers, within the process; the end-to-end tests ask over a real bus."""

import pytest
import shiboken6
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface

from desktop_chat.domain.message import CallStatus, Citation, Part, PartKind, State, ToolCall
from desktop_chat.ui.transcript.row_actions import FOLDED
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


PRESS = QAccessibleActionInterface.pressAction()


def part(chat: Chat, index: int, name: str) -> QAccessibleInterface:
    return parts(chat, index)[names(chat, index).index(name)]


def press(chat: Chat, index: int, name: str) -> QAccessibleInterface:
    found = part(chat, index, name)
    found.actionInterface().doAction(PRESS)
    return found


def description(interface: QAccessibleInterface) -> str:
    return interface.text(QAccessible.Text.Description)


def test_all_that_a_code_block_offers_is_pressed(chat: Chat) -> None:
    code = "\n".join(f"line {number} {'x' * 200}" for number in range(40))
    chat.show(answer("a", f"```python\n{code}\n```"), answer("b", "Done."))
    chat.view.scroll_to_start()
    assert {"Copy code", "Save code…", "Wrap lines of code", "Fold code"} <= set(names(chat, 0))
    assert description(part(chat, 0, "Save code…")) == "Python, 40 lines"
    wrap = press(chat, 0, "Wrap lines of code")
    chat.qtbot.waitUntil(lambda: wrap.state().checked)
    fold = press(chat, 0, "Fold code")
    chat.qtbot.waitUntil(lambda: fold.state().collapsed)
    press(chat, 0, "Show all 40 lines")
    chat.qtbot.waitUntil(lambda: fold.state().expanded)
    asked: list[str] = []
    chat.view.code._saver.ask = lambda title, name, data: asked.append(name)  # type: ignore[method-assign]
    press(chat, 0, "Save code…")
    chat.qtbot.waitUntil(lambda: asked == ["code.py"])


def test_code_out_of_view_offers_what_it_can(chat: Chat) -> None:
    code = "\n".join(f"line {number}" for number in range(40))
    chat.show(answer("a", f"```python\n{code}\n```"), *(answer(f"m{i}", "Text") for i in range(200)))
    assert chat.view.rows.built(0) is None
    assert {"Copy code", "Save code…", "Fold code"} <= set(names(chat, 0))
    fold = press(chat, 0, "Fold code")
    chat.qtbot.waitUntil(lambda: fold.state().collapsed)


def test_steps_are_unfolded_and_told(chat: Chat) -> None:
    message = answer("a", "So.")
    for number in range(9):
        call = ToolCall(f"c{number}", "web_search", CallStatus.DONE, f"why {number}", "this\nthat")
        message.parts.append(Part(PartKind.TOOL_CALL, "", 1.25, "", call))
    chat.show(message)
    earlier = next(name for name in names(chat, 0) if "earlier" in name)
    press(chat, 0, earlier)
    chat.qtbot.waitUntil(lambda: names(chat, 0).count("Searched the web") == 9)
    step = part(chat, 0, "Searched the web")
    assert description(step) == "why 0\n1.2 s"
    assert step.state().collapsed
    step.actionInterface().doAction(PRESS)
    chat.qtbot.waitUntil(lambda: step.state().expanded)
    assert description(step) == "why 0\n1.2 s\nInput\nwhy 0\nResult\nthis\nthat"


def test_sources_without_a_place_in_the_text_are_links(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "desktop_chat.ui.transcript.accessible_items.open_link",
        lambda url, parent, text: opened.append((url, text)),
    )
    message = answer("a", "So.")
    for number in range(9):
        cited = Citation(f"https://example.org/{number}")
        message.parts.append(Part(PartKind.CITATION, "", None, f"Tides {number}", cited))
    chat.show(message)
    source = part(chat, 0, "Tides 2")
    assert source.role() == QAccessible.Role.Link
    assert description(source) == "https://example.org/2"
    assert source.rect().isValid()
    assert source.parent().indexOfChild(source) == names(chat, 0).index("Tides 2")
    press(chat, 0, "Tides 2")
    chat.qtbot.waitUntil(lambda: opened == [("https://example.org/2", "Tides 2")])
    press(chat, 0, "Show all 9 sources")
    chat.qtbot.waitUntil(lambda: "Tides 8" in names(chat, 0))


def test_a_folded_message_is_read_whole_and_unfolded(chat: Chat) -> None:
    text = "\n\n".join(f"Paragraph {number} " * 30 for number in range(60))
    chat.show(answer("a", text), answer("b", "Done."))
    chat.view.parts.toggle(0, FOLDED)
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    assert "Paragraph 59" in item.textInterface().text(0, -1)
    show = part(chat, 0, "Show all")
    assert show.state().collapsed
    show.actionInterface().doAction(PRESS)
    chat.qtbot.waitUntil(lambda: not chat.view.rows.row(0).is_folded)
    assert part(chat, 0, "Show less").state().expanded


def test_versions(chat: Chat) -> None:
    chat.show(answer("a", "So."), versions=lambda one: ["z", "a"])
    assert part(chat, 0, "Next version").state().disabled
    assert description(part(chat, 0, "Previous version")) == "2 / 2"
    with chat.qtbot.waitSignal(chat.view.version_requested) as caught:
        press(chat, 0, "Previous version")
    assert caught.args == ["z"]


def test_code_and_tables_are_read_line_by_line(chat: Chat) -> None:
    text = "```\na = 1\n\tb = 2\n```\n\n| Name | Size |\n|---|---|\n| a | 1 |\n| b | 2 |\n\nEnd."
    chat.show(answer("a", text))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0)
    said = item.textInterface().text(0, -1)
    assert said == "a = 1\n\tb = 2\n\nName\tSize\na\t1\nb\t2\n\nEnd."
