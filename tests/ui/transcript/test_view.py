"""What the reader sees and does: states, actions, selection, keys."""

import subprocess
import sys

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox

from desktop_chat.domain.errors import CutOff, RateLimited
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.code_header import code_buttons
from desktop_chat.ui.transcript.link_places import addresses
from desktop_chat.ui.transcript.row import Action
from tests.ui.transcript.conftest import Chat, answer, question

TEXT = """Some **bold** words with `code`.

- one
- two

```python
a = 1
b = 2
```

| x | y |
|---|---|
| 1 | 2 |
"""
PLAIN = "Some bold words with code.\n\n• one\n• two\n\na = 1\nb = 2\n\nx\ty\n1\t2"


def clipboard(chat: Chat) -> str:
    chat.qtbot.waitUntil(lambda: not chat.view.copier.is_busy)
    return QGuiApplication.clipboard().text()


def pixels(chat: Chat) -> set[str]:
    image = chat.view.viewport().grab().toImage()
    return {
        image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)
    }


def test_streamed_answer_is_shown_as_it_comes(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "", State.STREAMING))
    for piece in ("Some **bo", "ld** words", " with `code`.\n\n- one\n- t", "wo\n\n```python\na = 1\nb"):
        chat.say("a", piece)
    chat.settle()
    assert chat.kinds(1) == ["text", "text", "text", "code"]
    chat.say("a", " = 2\n```\n\n| x | y |\n|---|---|\n| 1 | 2 |\n")
    chat.end("a")
    assert chat.text(1) == PLAIN


def test_stored_answer_is_the_same(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", TEXT))
    assert chat.text(1) == PLAIN
    assert chat.kinds(1) == ["text", "text", "text", "code", "table"]


def test_user_text_is_literal(chat: Chat) -> None:
    chat.show(question("q", "# a\n*b*\n\n  <b>"))
    assert chat.text(0) == "# a\n*b*\n\n  <b>"


def test_long_stored_message_comes_whole(chat: Chat) -> None:
    text = "\n\n".join(f"Paragraph {i} with some *words* in it." for i in range(3000))
    chat.show(answer("a", text))
    assert chat.text(0) == text.replace("*", "")


def test_message_replaced_at_its_end(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "First words")
    chat.messages["a"].parts = [Part(PartKind.TEXT, "Other words, from the end of the answer")]
    chat.end("a")
    assert chat.text(0) == "Other words, from the end of the answer"


def test_continued_answer_goes_on(chat: Chat) -> None:
    chat.show(answer("a", "The beginning **of", State.INTERRUPTED))
    chat.messages["a"].state = State.STREAMING
    chat.view.update_message("a")
    chat.say("a", " it**, the end")
    chat.end("a")
    assert chat.text(0) == "The beginning of it, the end"


def test_late_link_definition_reaches_back(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "See [the guide][g].\n\nMore words.\n\n")
    chat.say("a", "[g]: https://example.org/guide\n")
    chat.end("a")
    assert addresses(chat.view.rows.row(0).body) == ["https://example.org/guide"]
    assert chat.text(0) == "See the guide.\n\nMore words."


def test_system_messages_are_not_shown(chat: Chat) -> None:
    chat.show(Message("s", None, Role.SYSTEM, [Part(PartKind.TEXT, "Be brief")]), question("q", "Hi"))
    assert [message.id for message in chat.view.rows.messages] == ["q"]


# States


@pytest.mark.parametrize(
    ("state", "reason", "text", "words", "offered"),
    [
        (State.TRUNCATED, "length", "Half", "Cut off by the token limit", Action.CONTINUE),
        (State.TRUNCATED, "content_filter", "Half", "Stopped by a content filter", Action.CONTINUE),
        (State.INTERRUPTED, None, "Half", "The answer broke off", Action.CONTINUE),
        (State.STOPPED, None, "Half", "Stopped", Action.CONTINUE),
        (State.STOPPED, None, "", "Stopped", Action.TRY_AGAIN),
        (State.COMPLETE, "stop", "", "The model sent an empty answer", Action.TRY_AGAIN),
        (State.COMPLETE, "stop", "All", "", None),
    ],
)
def test_states(
    chat: Chat, state: State, reason: str | None, text: str, words: str, offered: Action | None
) -> None:
    message = answer("a", text, state)
    message.finish_reason = reason
    chat.show(question("q", "Why?"), message)
    assert chat.view.notice(1) == words
    assert [a for a in chat.actions(1) if a in (Action.CONTINUE, Action.TRY_AGAIN)] == (
        [offered] if offered else []
    )


def test_failure_says_what_happened(chat: Chat) -> None:
    message = answer("a", "", State.FAILED)
    message.error = RateLimited("Slow down <b>now</b>")
    chat.show(question("q", "Why?"), message)
    assert chat.view.notice(1) == "Title of RateLimited\nBody: Slow down <b>now</b>"
    assert chat.view.theme.colors.error_soft.name() in pixels(chat)


def test_interrupted_says_why(chat: Chat) -> None:
    message = answer("a", "Half", State.INTERRUPTED)
    message.error = CutOff("gone")
    chat.show(message)
    assert chat.view.notice(0) == "The answer broke off\nBody: gone"


@pytest.mark.parametrize(
    ("state", "action", "signal"),
    [
        (State.STOPPED, Action.CONTINUE, "continue_requested"),
        (State.FAILED, Action.TRY_AGAIN, "try_again_requested"),
        (State.COMPLETE, Action.REGENERATE, "regenerate_requested"),
    ],
)
def test_buttons_ask_for_what_they_say(chat: Chat, state: State, action: Action, signal: str) -> None:
    chat.show(question("q", "Why?"), answer("a", "" if state is State.FAILED else "Text", state))
    with chat.qtbot.waitSignal(getattr(chat.view, signal)) as caught:
        chat.click(1, chat.button(1, action))
    assert caught.args == ["a"]


def test_edit_is_of_the_question(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "So."))
    for index in (0, 1):
        with chat.qtbot.waitSignal(chat.view.edit_requested) as caught:
            chat.click(index, chat.button(index, Action.EDIT))
        assert caught.args == ["q"]


def test_only_the_last_answer_offers_to_go_on(chat: Chat) -> None:
    chat.show(answer("a", "Half", State.STOPPED), question("q", "And?"))
    assert Action.CONTINUE not in chat.actions(0)
    assert chat.view.notice(0) == "Stopped"


def test_versions(chat: Chat) -> None:
    chat.show(
        question("q", "Why?"),
        answer("b", "So."),
        versions=lambda one: ["a", "b", "c"] if one == "b" else [one],
    )
    for action, wanted in ((Action.PREVIOUS, "a"), (Action.NEXT, "c")):
        with chat.qtbot.waitSignal(chat.view.version_requested) as caught:
            chat.click(1, chat.button(1, action))
        assert caught.args == [wanted]


def test_first_version_has_none_before(chat: Chat) -> None:
    chat.show(answer("a", "So."), versions=lambda one: ["a", "b"])
    with chat.qtbot.assertNotEmitted(chat.view.version_requested):
        chat.click(0, chat.button(0, Action.PREVIOUS))


def test_usage_and_time(chat: Chat) -> None:
    message = answer("a", "So.")
    message.usage, message.timing = Usage(output=1312), Timing(0.4, 1.84)
    chat.show(message)
    assert chat.view.rows.row(0).figures == "1,312 tokens · 1.8 s"


def test_status_goes_when_the_answer_ends(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.view.set_status("a", "Writing… 2 tokens")
    assert chat.view.rows.row(0).status == "Writing… 2 tokens"
    chat.say("a", "Hi")
    chat.end("a")
    assert chat.view.rows.row(0).status == ""


# Reasoning


def test_reasoning_is_folded_until_asked_for(chat: Chat) -> None:
    chat.show(answer("a", "So.", thought="Let me *think*."))
    row = chat.view.rows.row(0)
    height = row.height
    assert row.thought_label == "Thought for 6 s"
    chat.click(0, chat.button(0, Action.FOLD))
    assert row.thought is not None
    assert row.thought.text() == "Let me think."
    assert row.height > height
    chat.click(0, chat.button(0, Action.FOLD))
    assert row.height == height


def test_reasoning_streams(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "Hmm", PartKind.REASONING)
    chat.settle()
    row = chat.view.rows.row(0)
    assert row.thought_label == "Thinking…"
    chat.view.trigger(0, Action.FOLD)
    chat.say("a", ", so", PartKind.REASONING)
    chat.say("a", "It is")
    chat.end("a")
    assert row.thought is not None
    assert row.thought.text() == "Hmm, so"
    assert row.thought_label == "Thought"


# Selection and copying


def test_drag_selects_across_blocks_and_messages(chat: Chat) -> None:
    chat.show(question("q", "Why is that?"), answer("a", TEXT))
    viewport = chat.view.viewport()
    start, end = chat.text_point(0, 0, 4), chat.text_point(1, 2, 3)
    chat.qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    chat.qtbot.mouseMove(viewport, end)
    chat.qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    assert chat.view.selected_text() == "is that?\n\nSome bold words with code.\n\n• one\n• two"
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard(chat) == chat.view.selected_text()


def test_drag_upwards_is_the_same(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    viewport = chat.view.viewport()
    chat.qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=chat.text_point(0, 3, 5))
    chat.qtbot.mouseMove(viewport, chat.text_point(0, 0, 5))
    assert chat.view.selected_text() == "bold words with code.\n\n• one\n• two\n\na = 1"


def test_double_click_selects_a_word(chat: Chat) -> None:
    chat.show(answer("a", "Some 😀 bold words."))
    chat.qtbot.mouseDClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=chat.text_point(0, 0, 10))
    assert chat.view.selected_text() == "bold"


def test_table_cells_are_selected_in_order(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    chat.view.select_all()
    assert chat.view.selected_text() == PLAIN


def test_select_all_of_many(chat: Chat, long_chat: list[Message]) -> None:
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    text = chat.view.selected_text()
    assert text.startswith("Question 0\nwith a second line\n\nAnswer 1.")
    assert text.rstrip().endswith("Paragraph 5 of 39.")


def test_click_takes_the_selection_away(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    chat.view.select_all()
    chat.qtbot.mouseClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=chat.text_point(0, 0, 2))
    assert chat.view.selected_text() == ""


def test_copy_buttons(chat: Chat) -> None:
    chat.show(question("q", "Why *so*?"), answer("a", TEXT))
    row = chat.view.rows.row(1)
    button = code_buttons(row, 1, 3)[0]
    chat.click(1, button)
    assert clipboard(chat) == "a = 1\nb = 2"
    chat.click(1, chat.button(1, Action.COPY))
    assert clipboard(chat) == PLAIN
    chat.click(0, chat.button(0, Action.COPY))
    assert clipboard(chat) == "Why *so*?"


def test_long_code_is_copied_whole(chat: Chat) -> None:
    code = "\n".join(f"line {i}" for i in range(500))
    chat.show(answer("a", f"```\n{code}\n```"))
    chat.view.rows.scroll_to(0)
    button = code_buttons(chat.view.rows.row(0), 1, 0)[0]
    chat.view.trigger(0, Action.COPY_CODE, button)
    assert clipboard(chat) == code


def entries(menu: QMenu) -> dict[str, object]:
    return {action.text().partition("\t")[0]: action for action in menu.actions() if not action.isSeparator()}


def test_menu_has_every_action(chat: Chat) -> None:
    message = answer("a", TEXT + "\n[l](https://example.org)", State.STOPPED, thought="Hm")
    chat.show(question("q", "Why?"), message, versions=lambda one: ["a", "b"] if one == "a" else [one])
    menu = chat.view.menu(1)
    assert list(entries(menu)) == [
        "Copy message", "Copy as Markdown", "Copy as plain text", "Code block", "Links", "Continue",
        "Regenerate", "Edit", "Always send", "Never send", "What is sent…", "Previous version",
        "Next version", "Compare versions…", "Branches…", "Fork chat from here", "Delete message",
        "Show reasoning", "Details…", "Select this message", "Select all",
    ]  # fmt: skip
    entries(menu)["Copy as Markdown"].trigger()  # type: ignore[attr-defined]
    assert clipboard(chat) == message.text
    assert list(entries(chat.view.menu(0))) == [
        "Copy message", "Edit", "Always send", "Never send", "What is sent…", "Fork chat from here",
        "Delete message", "Show as Markdown", "Select this message", "Select all",
    ]  # fmt: skip


# Keys


def test_keys_move_between_messages(chat: Chat, long_chat: list[Message]) -> None:
    chat.view.setFocus()
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_P)
    last = chat.view.current
    assert last == 39
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert chat.view.current == 38
    assert 38 in dict(chat.view.rows.visible)
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_N)
    assert chat.view.current == 39


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_enter_opens_the_menu(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "So."))
    chat.view.setFocus()
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_P)
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Return)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Regenerate" in entries(menu)
    menu.close()


def test_space_folds(chat: Chat) -> None:
    chat.show(answer("a", "So.", thought="Hm"))
    chat.view.set_current(0)
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Space)
    assert chat.view.rows.row(0).unfolded


def test_focus_is_seen(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "So."))
    chat.view.activateWindow()
    chat.view.setFocus()
    chat.qtbot.waitUntil(chat.view.hasFocus)
    accent = chat.view.theme.colors.accent.name()
    assert accent not in pixels(chat)
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_P)
    image = chat.view.viewport().grab().toImage()
    assert any(
        image.pixelColor(x, y).name() == accent
        for y in range(image.height())
        for x in range(0, image.width(), 2)
    )


# Links and looks


def test_link_under_the_pointer_is_told(chat: Chat) -> None:
    chat.show(answer("a", "[here](https://bücher.example/x) and elsewhere"))
    with chat.qtbot.waitSignal(chat.view.link_hovered) as caught:
        chat.qtbot.mouseMove(chat.view.viewport(), chat.text_point(0, 0, 2))
    assert caught.args == ["https://xn--bcher-kva.example/x"]
    with chat.qtbot.waitSignal(chat.view.link_hovered) as caught:
        chat.qtbot.mouseMove(chat.view.viewport(), chat.text_point(0, 0, 12))
    assert caught.args == [""]


def test_link_at_the_caret_is_told(chat: Chat) -> None:
    chat.show(answer("a", "[here](https://example.org/x) and elsewhere"))
    told: list[str] = []
    chat.view.link_hovered.connect(told.append)
    for position in (2, 12):
        chat.view.selection.anchor = chat.view.selection.head = (0, 1, 0, position)
        chat.view.selection_changed.emit()
    assert told == ["https://example.org/x", ""]


def test_enter_opens_the_link_at_the_caret(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    chat.show(answer("a", "[here](https://example.org/x) and elsewhere"))
    chat.view.selection.set((0, 1, 0, 2), (0, 1, 0, 2))
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Return)
    assert opened == ["https://example.org/x"]


def test_click_opens_a_link(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    chat.show(answer("a", "[here](https://example.org/x)"))
    chat.qtbot.mouseClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=chat.text_point(0, 0, 2))
    assert opened == ["https://example.org/x"]


def test_click_on_a_link_that_names_another_host_asks_first(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    chat.show(answer("a", "| a | b |\n|---|---|\n| x | [example.org](https://evil.example/x) |"))
    cell, left, top = chat.view.rows.row(0).body.blocks[0].texts()[3]
    assert cell.inline.text == "example.org"
    _part, flow, x, y = list(chat.view.rows.row(0).flows())[-1]
    point = chat.point(0, x + left + 20, y + flow.top(0) + top + 8)
    chat.qtbot.mouseClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert opened == []
    box = chat.view.findChild(QMessageBox)
    assert box is not None
    assert "evil.example" in box.text()
    box.button(QMessageBox.StandardButton.Open).click()
    assert opened == ["https://evil.example/x"]


def test_theme_and_zoom_change_live(chat: Chat, theme: Theme) -> None:
    chat.show(question("q", "Why?"), answer("a", TEXT))
    assert "#ffffff" in pixels(chat)
    width, height = chat.view.rows.width, chat.view.rows.row(1).height
    theme.set_mode("dark")
    chat.settle()
    found = pixels(chat)
    assert theme.colors.window.name() in found
    assert "#ffffff" not in found
    theme.set_zoom(80)
    chat.settle()
    assert chat.view.rows.width < width
    assert chat.view.rows.row(1).height < height
    assert chat.text(1) == PLAIN


def test_colours_arrive_once_the_lexer_is_there(chat: Chat) -> None:
    chat.show(answer("a", "```python\ndef f(): return 1\n```"))
    keyword = chat.view.theme.colors.code_keyword.name()

    def coloured() -> bool:
        layout = chat.view.rows.row(0).body.blocks[0].text
        return layout is not None and any(
            part.format.foreground().color().name() == keyword for part in layout.layout.formats()
        )

    chat.qtbot.waitUntil(coloured)


def test_point_below_the_last_message_is_harmless(chat: Chat) -> None:
    chat.show()
    chat.qtbot.mouseMove(chat.view.viewport(), QPoint(10, 10))
    chat.qtbot.mouseClick(chat.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_N)
    assert chat.view.selected_text() == ""


def test_text_the_row_already_has_is_not_added_again(chat: Chat) -> None:
    """A session extends the message, saves, then tells the view; a repaint may come between."""
    chat.show(answer("a", "One", State.STREAMING))
    message = chat.messages["a"]
    message.append(PartKind.TEXT, " two")
    chat.view.update_message("a")
    message.append(PartKind.TEXT, " three")
    chat.view.append_text("a", PartKind.TEXT, " two")
    chat.view.append_text("a", PartKind.TEXT, " three")
    chat.end("a")
    assert chat.text(0) == "One two three"


def test_parts_of_reasoning_are_kept_apart(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "First", PartKind.REASONING)
    chat.view.trigger(0, Action.FOLD)
    chat.messages["a"].parts.append(Part(PartKind.REASONING, "Second"))
    chat.view.append_text("a", PartKind.REASONING, "Second")
    chat.settle()
    thought = chat.view.rows.row(0).thought
    assert thought is not None
    assert thought.text() == "First\n\nSecond"


def test_right_to_left_text_stands_at_the_right(chat: Chat) -> None:
    chat.show(answer("a", "שלום עולם\n\nHello"))
    texts = [block.texts()[0][0] for block in chat.view.rows.row(0).body.blocks]
    lines = [text.layout.lineAt(0).naturalTextRect() for text in texts]
    assert lines[0].left() > chat.view.rows.width / 2
    assert lines[1].left() == 0


def test_parser_and_highlighter_are_loaded_late() -> None:
    code = (
        "import sys, desktop_chat.ui.transcript\n"
        "sys.exit(bool({'markdown_it', 'pygments'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
