"""Nothing jumps: the view follows the end only while the reader is there."""

from collections.abc import Sequence

from PySide6.QtCore import Qt

from desktop_chat.domain.message import Message, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.arrangement import MAX_ROWS
from tests.ui.transcript.conftest import HEIGHT, Chat, answer, question


def top_line(chat: Chat) -> tuple[int, int, int]:
    """The message and block at the top of the view, and where that block stands."""
    index, y = chat.view.rows.visible[0]
    row = chat.view.rows.row(index)
    block = row.body.heights.find(max(0, -y - row.body_top))
    return index, block, y + row.body_top + row.body.top(block)


def wheel(chat: Chat, pixels: int) -> None:
    bar = chat.view.verticalScrollBar()
    bar.setValue(bar.value() + pixels)
    chat.settle()


def test_opens_at_the_end(chat: Chat, long_chat: Sequence[Message]) -> None:
    bar = chat.view.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()
    index, y = chat.view.rows.visible[-1]
    assert index == len(long_chat) - 1
    assert y + chat.view.rows.row(index).height == HEIGHT


def test_follows_the_end(chat: Chat) -> None:
    chat.show(question("q", "Why?"), answer("a", "", State.STREAMING))
    for number in range(60):
        chat.say("a", f"Paragraph {number}.\n\n")
    chat.settle()
    bar = chat.view.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()


def test_streaming_does_not_move_a_reader(chat: Chat, long_chat: Sequence[Message]) -> None:
    chat.view.add_message(answer("new", "", State.STREAMING))
    chat.messages["new"] = chat.view.rows.messages[-1]
    chat.settle()
    wheel(chat, -HEIGHT // 2)
    before = top_line(chat)
    with chat.qtbot.waitSignal(chat.view.end_far_changed) as caught:
        for number in range(30):
            chat.say("new", f"More and more {number}.\n\n")
        chat.settle()
    assert caught.args == [True]
    assert top_line(chat) == before


def test_end_is_told(chat: Chat, long_chat: Sequence[Message]) -> None:
    with chat.qtbot.waitSignal(chat.view.end_far_changed) as caught:
        wheel(chat, -HEIGHT - 10)
    assert caught.args == [True]
    with chat.qtbot.waitSignal(chat.view.end_far_changed) as caught:
        chat.view.scroll_to_end()
    assert caught.args == [False]


def test_scrolling_up_moves_by_what_was_asked(chat: Chat, long_chat: Sequence[Message]) -> None:
    """Messages above are only estimated until they are seen; that must not show."""
    for _ in range(60):
        index, block, y = top_line(chat)
        wheel(chat, -90)
        row = chat.view.rows.row(index)
        assert dict(chat.view.rows.visible)[index] + row.body_top + row.body.top(block) == y + 90


def test_up_and_down_again_is_the_same_place(chat: Chat, long_chat: Sequence[Message]) -> None:
    wheel(chat, -2000)
    before = top_line(chat)
    for step in (-350, -350, -350, 350, 350, 350):
        wheel(chat, step)
    assert top_line(chat) == before


def test_resize_keeps_the_line_at_the_top(chat: Chat, long_chat: Sequence[Message]) -> None:
    wheel(chat, -3000)
    index, block, _y = top_line(chat)
    for width in (420, 900, 500, 744):
        chat.view.resize(width, HEIGHT)
        chat.settle()
        assert top_line(chat)[:2] == (index, block)


def test_resize_at_the_end_stays_there(chat: Chat, long_chat: Sequence[Message]) -> None:
    chat.view.resize(400, 300)
    chat.settle()
    bar = chat.view.verticalScrollBar()
    assert bar.value() == bar.maximum()


def test_zoom_keeps_the_line_at_the_top(chat: Chat, long_chat: Sequence[Message], theme: Theme) -> None:
    wheel(chat, -3000)
    before = top_line(chat)
    theme.set_zoom(150)
    chat.settle()
    assert top_line(chat)[:2] == before[:2]


def test_unfolding_above_does_not_move_what_is_read(chat: Chat) -> None:
    thought = "\n\n".join(f"Thought {i}" for i in range(30))
    chat.show(
        answer("a", "Short.", thought=thought), answer("b", "\n\n".join(f"Line {i}" for i in range(60)))
    )
    wheel(chat, -20)
    before = top_line(chat)
    assert before[0] == 1
    chat.view.rows.set_unfolded(0, True)
    chat.view.scroll_to_end()
    wheel(chat, -20)
    assert top_line(chat) == before


def test_keys_scroll(chat: Chat, long_chat: Sequence[Message]) -> None:
    bar = chat.view.verticalScrollBar()
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Home)
    chat.settle()
    assert bar.value() == 0
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_PageDown)
    page = bar.value()
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Down)
    assert 0 < page < bar.value()
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Up)
    assert bar.value() == page
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_End)
    chat.settle()
    assert bar.value() == bar.maximum()


def test_only_what_is_near_is_kept(chat: Chat) -> None:
    chat.show(*(answer(f"m{i}", f"Answer {i}") for i in range(1000)))
    for _ in range(60):
        wheel(chat, -HEIGHT)
    assert sum(chat.view.rows.built(i) is not None for i in range(1000)) <= MAX_ROWS


def test_blocks_far_from_the_view_are_released(chat: Chat) -> None:
    chat.show(answer("a", "\n\n".join(f"Paragraph {i}" for i in range(4000))))
    for _ in range(120):
        wheel(chat, -HEIGHT)
    body = chat.view.rows.row(0).body
    assert sum(bool(block.texts()) for block in body.blocks) < 1000


def test_new_conversation_keeps_nothing(chat: Chat, long_chat: Sequence[Message]) -> None:
    wheel(chat, -500)
    chat.view.select_all()
    chat.show(question("q", "New"))
    assert chat.view.selected_text() == ""
    assert chat.view.verticalScrollBar().maximum() == 0
    assert [index for index, _y in chat.view.rows.visible] == [0]


def test_the_mark_of_writing_is_nowhere_while_its_end_is_out_of_view(chat: Chat) -> None:
    chat.show(answer("a", "", State.STREAMING))
    chat.say("a", "".join(f"Paragraph {number}.\n\n" for number in range(60)))
    chat.settle()
    wheel(chat, -100_000)
    chat.say("a", "".join(f"Paragraph {number}.\n\n" for number in range(60)))
    chat.settle()
    picture = chat.view.viewport().grab().toImage()
    point = chat.text_point(0, 0, 0)
    accent = chat.view.theme.colors.accent.name()
    pixels = [(point.x() + x, point.y() + y) for x in range(10) for y in range(-8, 8)]
    shown = {picture.pixelColor(*pixel).name() for pixel in pixels}
    assert accent not in shown
