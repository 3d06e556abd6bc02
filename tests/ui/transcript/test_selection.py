"""Selecting by pointer and keyboard, the caret, and what stays selected while text changes."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDrag

from desktop_chat.domain.message import Message, State
from tests.ui.transcript.conftest import Chat, answer, question

LEFT = Qt.MouseButton.LeftButton
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier
TEXT = """Some *bold* words, don't they?

Second paragraph here.

```python
first = 1
second = 2
```

| x | y |
|---|---|
| one | two words |
"""
WRAPPED = "word " * 60


def press(chat: Chat, point: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
    chat.qtbot.mousePress(chat.view.viewport(), LEFT, modifiers, point)


def drag(chat: Chat, start: QPoint, end: QPoint) -> None:
    chat.qtbot.mousePress(chat.view.viewport(), LEFT, pos=start)
    chat.qtbot.mouseMove(chat.view.viewport(), end)
    chat.qtbot.mouseRelease(chat.view.viewport(), LEFT, pos=end)


def triple_click(chat: Chat, point: QPoint, *, hold: bool = False) -> None:
    chat.qtbot.mouseClick(chat.view.viewport(), LEFT, pos=point)
    chat.qtbot.mouseDClick(chat.view.viewport(), LEFT, pos=point)
    chat.qtbot.mousePress(chat.view.viewport(), LEFT, pos=point)
    if not hold:
        chat.qtbot.mouseRelease(chat.view.viewport(), LEFT, pos=point)


def key(chat: Chat, code: Qt.Key, modifiers: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
    for _ in range(times):
        chat.qtbot.keyClick(chat.view, code, modifiers)


def place_caret(chat: Chat, row: int, block: int, position: int) -> None:
    chat.view.setFocus()
    chat.qtbot.mouseClick(chat.view.viewport(), LEFT, pos=chat.text_point(row, block, position))


# By the pointer


def test_double_click_and_drag_selects_by_words(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    start = chat.text_point(0, 0, 7)
    chat.qtbot.mouseDClick(chat.view.viewport(), LEFT, pos=start)
    assert chat.view.selected_text() == "bold"
    chat.qtbot.mouseMove(chat.view.viewport(), chat.text_point(0, 0, 20))
    assert chat.view.selected_text() == "bold words, don't"
    chat.qtbot.mouseMove(chat.view.viewport(), chat.text_point(0, 0, 2))
    assert chat.view.selected_text() == "Some bold"


@pytest.mark.parametrize(
    ("text", "position", "word"),
    [
        ("ein naïve Straße", 6, "naïve"),
        ("e\u0301te\u0301 here", 1, "e\u0301te\u0301"),
        ("हिन्दी शब्द", 2, "हिन्दी"),
        ("a snake_case b", 4, "snake_case"),
        ("x foo.bar", 3, "foo"),
        ("x foo.bar", 5, "foo"),
        ("end.", 4, "."),
    ],
)
def test_words(chat: Chat, text: str, position: int, word: str) -> None:
    chat.show(answer("a", text))
    chat.qtbot.mouseDClick(chat.view.viewport(), LEFT, pos=chat.text_point(0, 0, position))
    assert chat.view.selected_text() == word


@pytest.mark.parametrize(
    ("block", "position", "text"),
    [
        (0, 3, "Some bold words, don't they?"),
        (2, 3, "first = 1"),
        (2, 12, "second = 2"),
    ],
)
def test_triple_click_selects_the_paragraph_or_line(chat: Chat, block: int, position: int, text: str) -> None:
    chat.show(answer("a", TEXT))
    triple_click(chat, chat.text_point(0, block, position))
    assert chat.view.selected_text() == text


def test_triple_click_in_a_table_selects_the_cell_and_drags_by_cells(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    rect = chat.view.place_rect((0, 1, 3, 10))
    triple_click(chat, rect.center(), hold=True)
    assert chat.view.selected_text() == "two words"
    chat.qtbot.mouseMove(chat.view.viewport(), chat.view.place_rect((0, 1, 3, 4)).center())
    assert chat.view.selected_text() == "one\ttwo words"


def test_triple_click_takes_all_of_a_long_line_of_code(chat: Chat) -> None:
    line = "x" * 7000
    chat.show(answer("a", f"```\nfirst\n{line}\nlast\n```"))
    assert len(chat.kinds()) > 2
    chat.view.scroll_to_start()
    chat.settle()
    triple_click(chat, chat.view.place_rect((0, 1, 1, 2)).center())
    assert chat.view.selected_text() == line


def test_shift_click_extends(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    place_caret(chat, 0, 0, 5)
    chat.qtbot.mouseClick(chat.view.viewport(), LEFT, SHIFT, chat.text_point(0, 1, 6))
    assert chat.view.selected_text() == "bold words, don't they?\n\nSecond"
    chat.qtbot.mouseClick(chat.view.viewport(), LEFT, SHIFT, chat.text_point(0, 0, 0))
    assert chat.view.selected_text() == "Some "


def test_selected_text_is_dragged_out_as_a_copy(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    chat.show(answer("a", TEXT))
    dragged: list[tuple[list[str], str, str]] = []

    def run(self: QDrag, actions: Qt.DropAction) -> Qt.DropAction:
        assert actions == Qt.DropAction.CopyAction
        data = self.mimeData()
        dragged.append((data.formats(), data.text(), data.html()))
        return actions

    monkeypatch.setattr(QDrag, "exec", run)
    drag(chat, chat.text_point(0, 0, 5), chat.text_point(0, 0, 9))
    drag(chat, chat.text_point(0, 0, 7), chat.text_point(0, 1, 7))
    assert chat.view.selected_text() == "bold"
    ((formats, text, html),) = dragged
    assert formats == ["text/plain", "text/html", "text/markdown"]
    assert text == "bold"
    assert "<em>bold</em>" in html


def test_click_on_selected_text_places_the_caret(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    drag(chat, chat.text_point(0, 0, 5), chat.text_point(0, 1, 9))
    press(chat, chat.text_point(0, 0, 7))
    assert chat.view.selected_text()
    chat.qtbot.mouseRelease(chat.view.viewport(), LEFT, pos=chat.text_point(0, 0, 7))
    assert chat.view.selected_text() == ""
    assert chat.view.caret_place == (0, 1, 0, 7)


def test_each_change_is_told(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    with chat.qtbot.waitSignal(chat.view.selection_changed):
        drag(chat, chat.text_point(0, 0, 5), chat.text_point(0, 0, 9))
    with chat.qtbot.waitSignal(chat.view.selection_changed):
        chat.view.selection.clear()
    with chat.qtbot.assertNotEmitted(chat.view.selection_changed):
        chat.view.selection.clear()


def test_places_and_points_are_told_from_each_other(chat: Chat) -> None:
    chat.show(question("q", "Why\nso?"), answer("a", TEXT))
    for place in ((0, 1, 0, 5), (1, 1, 0, 0), (1, 1, 1, 9), (1, 1, 2, 15), (1, 1, 3, 7)):
        rect = chat.view.place_rect(place)
        assert rect.isValid()
        assert chat.view.place_at(QPointF(rect.center())) == place


# While text streams in


def test_selection_stays_while_text_comes(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "", State.STREAMING))
    chat.say("a", "One two three.\n\nFour five")
    chat.settle()
    drag(chat, chat.text_point(1, 0, 4), chat.text_point(1, 1, 4))
    for piece in (" six *sev", "en* eight.\n\n- item\n- item\n\n```\nco", "de\n```\n"):
        chat.say("a", piece)
        chat.settle()
        assert chat.view.selected_text() == "two three.\n\nFour"
    chat.end("a")
    assert chat.view.selected_text() == "two three.\n\nFour"


def test_view_stays_where_text_is_selected(chat: Chat, long_chat: list[Message]) -> None:
    chat.view.add_message(message := answer("new", "", State.STREAMING))
    chat.messages["new"] = message
    chat.say("new", "word " * 40)
    chat.settle()
    index = len(long_chat)
    drag(chat, chat.text_point(index, 0, 3), chat.text_point(index, 0, 20))
    top = chat.view.place_rect((index, 1, 0, 3)).top()
    for _ in range(4):
        chat.say("new", "\n\nmore words " * 20)
        chat.settle()
    assert chat.view.place_rect((index, 1, 0, 3)).top() == top
    chat.view.scroll_to_end()
    chat.say("new", "\n\nmore words " * 20)
    chat.settle()
    assert chat.view.rows.top == chat.view.rows.max_top


def test_selection_goes_with_the_text_that_it_is_in(chat: Chat) -> None:
    message = answer("a", "Old text of it")
    chat.show(question("q", "Why?"), message)
    drag(chat, chat.text_point(1, 0, 0), chat.text_point(1, 0, 3))
    message.parts[:] = answer("a", "Another text").parts
    chat.view.update_message("a")
    assert chat.view.selection.head is None
    chat.show(question("q", "Other"))
    assert chat.view.caret_place is None


def test_selection_within_folded_reasoning_goes(chat: Chat) -> None:
    chat.show(answer("a", "So.", thought="Thinking hard"))
    chat.view.set_current(0)
    key(chat, Qt.Key.Key_Space)
    chat.settle()
    chat.view.selection.set((0, 0, 0, 0), (0, 0, 0, 8))
    assert chat.view.selected_text() == "Thinking"
    key(chat, Qt.Key.Key_Space)
    assert chat.view.selection.is_empty


# By the keyboard


def test_arrows_scroll_until_caret_browsing(chat: Chat, long_chat: list[Message]) -> None:
    chat.view.setFocus()
    top = chat.view.rows.top
    key(chat, Qt.Key.Key_Up)
    assert chat.view.rows.top < top
    assert chat.view.caret_place is None
    with chat.qtbot.waitSignal(chat.view.told):
        key(chat, Qt.Key.Key_F7)
    start = chat.view.caret_place
    assert start is not None
    key(chat, Qt.Key.Key_Right, times=3)
    assert chat.view.caret_place == (*start[:3], start[3] + 3)
    key(chat, Qt.Key.Key_F7)
    top = chat.view.rows.top
    key(chat, Qt.Key.Key_Up)
    assert chat.view.rows.top < top


def test_caret_goes_from_block_to_block_and_row_to_row(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "ab\n\n---\n\nc"))
    place_caret(chat, 0, 0, 4)
    key(chat, Qt.Key.Key_F7)
    visited = []
    for _ in range(5):
        key(chat, Qt.Key.Key_Right)
        visited.append(chat.view.caret_place)
    assert visited == [(1, 1, 0, 0), (1, 1, 0, 1), (1, 1, 0, 2), (1, 1, 2, 0), (1, 1, 2, 1)]
    key(chat, Qt.Key.Key_Right)
    assert chat.view.caret_place == (1, 1, 2, 1)
    for _ in range(5):
        key(chat, Qt.Key.Key_Left)
    assert chat.view.caret_place == (0, 1, 0, 4)


def test_caret_moves_by_words_lines_and_to_the_ends(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", f"{WRAPPED}\n\nlast one"))
    place_caret(chat, 1, 0, 2)
    key(chat, Qt.Key.Key_F7)
    key(chat, Qt.Key.Key_Right, CTRL)
    assert chat.view.caret_place == (1, 1, 0, 5)
    key(chat, Qt.Key.Key_Down)
    row, part, block, below = chat.view.caret_place or (0, 0, 0, 0)
    assert (row, part, block) == (1, 1, 0)
    assert 50 < below < 200
    key(chat, Qt.Key.Key_Up)
    assert chat.view.caret_place == (1, 1, 0, 5)
    key(chat, Qt.Key.Key_End)
    key(chat, Qt.Key.Key_Home)
    assert chat.view.caret_place == (1, 1, 0, 0)
    key(chat, Qt.Key.Key_End, CTRL)
    assert chat.view.caret_place == (1, 1, 1, 8)
    key(chat, Qt.Key.Key_Home, CTRL)
    assert chat.view.caret_place == (0, 1, 0, 0)


def test_up_and_down_keep_the_x(chat: Chat) -> None:
    chat.show(answer("a", f"{'wide ' * 12}\n\nx\n\n{'wide ' * 12}"))
    place_caret(chat, 0, 0, 30)
    key(chat, Qt.Key.Key_F7)
    key(chat, Qt.Key.Key_Down)
    assert chat.view.caret_place == (0, 1, 1, 1)
    key(chat, Qt.Key.Key_Down)
    assert chat.view.caret_place == (0, 1, 2, 30)


def test_caret_stays_in_the_column_of_a_table(chat: Chat) -> None:
    chat.show(answer("a", "| a | b |\n|---|---|\n| c | d |\n| e | f |\n\nend"))
    chat.view.setFocus()
    chat.view.selection.set((0, 1, 0, 2), (0, 1, 0, 2))
    key(chat, Qt.Key.Key_F7)
    places = []
    for _ in range(3):
        key(chat, Qt.Key.Key_Down)
        places.append(chat.view.caret_place)
    assert places[:2] == [(0, 1, 0, 6), (0, 1, 0, 10)]
    assert places[2] is not None
    assert places[2][2] == 1


def test_left_leads_on_in_text_from_right_to_left(chat: Chat) -> None:
    chat.show(answer("a", "שלום עולם"))
    chat.view.setFocus()
    chat.view.selection.set((0, 1, 0, 0), (0, 1, 0, 0))
    key(chat, Qt.Key.Key_F7)
    key(chat, Qt.Key.Key_Left)
    assert chat.view.caret_place == (0, 1, 0, 1)
    key(chat, Qt.Key.Key_Right)
    assert chat.view.caret_place == (0, 1, 0, 0)


def test_caret_takes_an_emoji_for_one_character(chat: Chat) -> None:
    chat.show(answer("a", "a👩‍👩‍👧b"))
    place_caret(chat, 0, 0, 1)
    key(chat, Qt.Key.Key_Right, SHIFT)
    assert chat.view.selected_text() == "👩‍👩‍👧"


def test_shift_extends_from_the_caret(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    place_caret(chat, 0, 0, 5)
    key(chat, Qt.Key.Key_Right, SHIFT | CTRL)
    assert chat.view.selected_text() == "bold "
    key(chat, Qt.Key.Key_Down, SHIFT)
    assert chat.view.selected_text().startswith("bold words, don't they?\n\nSecond")
    key(chat, Qt.Key.Key_Home, SHIFT | CTRL)
    assert chat.view.selected_text() == "Some "


def test_shift_extends_from_the_current_message_or_the_first_line(
    chat: Chat, long_chat: list[Message]
) -> None:
    chat.view.set_current(38)
    key(chat, Qt.Key.Key_Right, SHIFT, times=8)
    assert chat.view.selected_text() == "Question"
    chat.view.current = -1
    chat.view.selection.clear()
    chat.view.scroll_to_start()
    key(chat, Qt.Key.Key_Right, SHIFT, times=8)
    assert chat.view.selected_text() == "Question"


def test_pages_extend_and_the_caret_stays_in_view(chat: Chat, long_chat: list[Message]) -> None:
    chat.view.scroll_to_start()
    place_caret(chat, 0, 0, 0)
    height = chat.view.viewport().height()
    for _ in range(5):
        key(chat, Qt.Key.Key_PageDown, SHIFT)
        place = chat.view.caret_place
        assert place is not None
        assert 0 <= chat.view.place_rect(place).top() < height
    assert chat.view.rows.top > 3 * height
    key(chat, Qt.Key.Key_End, SHIFT | CTRL)
    assert chat.view.selected_text().endswith("Paragraph 5 of 39.")
    assert chat.view.place_rect(chat.view.caret_place or (0, 0, 0, 0)).bottom() < height


def test_caret_at_the_edge_scrolls(chat: Chat, long_chat: list[Message]) -> None:
    chat.view.scroll_to_start()
    place_caret(chat, 0, 0, 0)
    key(chat, Qt.Key.Key_F7)
    for _ in range(60):
        key(chat, Qt.Key.Key_Down)
        rect = chat.view.place_rect(chat.view.caret_place or (0, 0, 0, 0))
        assert rect.isValid()
        assert rect.top() >= 0
        assert rect.bottom() < chat.view.viewport().height()
    assert chat.view.rows.top > 0
    for _ in range(60):
        key(chat, Qt.Key.Key_Up)
    assert (chat.view.caret_place or (9,))[0] == 0


def test_caret_is_painted_only_with_the_focus_and_by_keys(chat: Chat) -> None:
    chat.show(answer("a", "il"))
    place_caret(chat, 0, 0, 1)
    without = chat.view.viewport().grab().toImage()
    key(chat, Qt.Key.Key_F7)
    assert chat.view.viewport().grab().toImage() != without
    key(chat, Qt.Key.Key_F7)
    assert chat.view.viewport().grab().toImage() == without


def test_escape_takes_the_selection_away_before_anything_else(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    chat.view.setFocus()
    chat.view.select_all()
    key(chat, Qt.Key.Key_Escape)
    assert chat.view.selection.is_empty


def test_select_this_message(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "One.\n\nTwo."), question("r", "And?"))
    chat.view.set_current(1)
    key(chat, Qt.Key.Key_A, CTRL | SHIFT)
    assert chat.view.selected_text() == "One.\n\nTwo."


def test_nothing_happens_in_an_empty_chat(chat: Chat) -> None:
    chat.show()
    chat.view.setFocus()
    for code in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_PageDown):
        key(chat, code, SHIFT)
    key(chat, Qt.Key.Key_F7)
    key(chat, Qt.Key.Key_A, CTRL | SHIFT)
    key(chat, Qt.Key.Key_Down)
    assert chat.view.caret_place is None


def test_select_all_lays_out_nothing(chat: Chat, long_chat: list[Message]) -> None:
    chat.settle()
    built = [index for index in range(40) if chat.view.rows.built(index) is not None]
    chat.view.select_all()
    assert chat.view.selected_text().startswith("Question 0")
    assert [index for index in range(40) if chat.view.rows.built(index) is not None] == built
