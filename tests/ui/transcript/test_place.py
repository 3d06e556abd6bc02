"""Whatever happens above or below, the line under the eye stays in its place; and a place can be kept."""

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from desktop_chat.domain.message import Message, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.leaves import Kind
from desktop_chat.ui.transcript.row import Action
from tests.ui.transcript.conftest import HEIGHT, Chat, answer, question

CODE = "```python\n" + "\n".join(f"value_{i} = compute({i})" for i in range(120)) + "\n```"
WIDE = "```\n" + "\n".join("x" * 900 for _ in range(8)) + "\n```"
TABLE = "| Name | What it is |\n|---|---|\n" + "\n".join(
    f"| {i} | {'a long cell that wraps in a narrow window ' * 4} |" for i in range(45)
)
LINES = "\n\n".join(f"Short {i}" for i in range(60))
PROSE = "\n\n".join("Some words that fill a paragraph of several lines. " * 9 for _ in range(8))
KINDS = (CODE, WIDE, TABLE, LINES, PROSE)


class Line(NamedTuple):
    """A line of text by what it says, and where it stands in the view."""

    message: str
    part: int
    block: int
    position: int
    y: int


def lines(chat: Chat) -> list[Line]:
    """All lines in view, found without the code under test."""
    found = []
    for index, row_y in chat.view.rows.visible:
        row = chat.view.rows.row(index)
        for part, flow, _x, top in row.flows():
            for number in flow.visible(-row_y - top, HEIGHT - row_y - top):
                block = flow.blocks[number]
                y = row_y + top + flow.top(number)
                for text, _left, text_top in block.texts():
                    table = block.leaf.kind is Kind.TABLE
                    for i in range(1 if table else text.layout.lineCount()):
                        line = text.layout.lineAt(i)
                        at = text.offset + line.textStart()
                        found.append(Line(row.message.id, part, number, at, round(y + text_top + line.y())))
    return [line for line in found if 0 <= line.y < chat.view.viewport().height()]


def y_of(chat: Chat, wanted: Line) -> int | None:
    """Where the line that holds the beginning of ``wanted`` stands now."""
    same = [line for line in lines(chat) if line[:3] == wanted[:3] and line.position <= wanted.position]
    return same[-1].y if same else None


def mixed(count: int = 30) -> list[Message]:
    return [
        question(f"m{i}", f"Question {i}")
        if i % 2 == 0
        else answer(
            f"m{i}", f"Answer {i}.\n\n{KINDS[i // 2 % len(KINDS)]}\n\nEnd.", thought=f"Hm.\n\n{LINES}"
        )
        for i in range(count)
    ]


def scroll(chat: Chat, pixels: int) -> None:
    chat.view.scroll_by(pixels)
    chat.settle()


def fold(chat: Chat, index: int) -> None:
    row = chat.view.rows.row(index)
    chat.view.rows.set_unfolded(index, not row.unfolded)
    chat.view.viewport().update()
    chat.view.resize(chat.view.width(), chat.view.height() + 1)
    chat.view.resize(chat.view.width(), chat.view.height() - 1)
    chat.settle()


@pytest.mark.parametrize("pixels", [-37, -500, -90])
def test_scrolling_up_through_what_was_never_laid_out_moves_by_what_was_asked(
    chat: Chat, pixels: int
) -> None:
    chat.show(*mixed())
    for _ in range(120):
        seen = next(line for line in lines(chat) if line.y - pixels < HEIGHT - 30)
        at_top = chat.view.rows.top + pixels <= 0
        scroll(chat, pixels)
        if not at_top and chat.view.rows.top > 0:
            assert y_of(chat, seen) == seen.y - pixels


@pytest.mark.parametrize("seed", range(12))
def test_random_changes_leave_the_line_under_the_eye(chat: Chat, theme: Theme, seed: int) -> None:
    """Streaming, folding, resizing and zooming in any order: the first whole line stays at its place."""
    chance = random.Random(seed)
    chat.show(*mixed(), answer("new", "", State.STREAMING))
    scroll(chat, -chance.randrange(1500, 20000))
    first = lines(chat)[0]
    for _ in range(14):
        index = chat.view.rows.index[first.message]
        operations: list[Callable[[], object]] = [
            lambda: chat.say("new", chance.choice(KINDS) + "\n\n"),
            lambda: chat.view.resize(chance.randrange(360, 1300), HEIGHT),
            lambda: chat.view.resize(chat.view.width(), chance.randrange(250, 900)),
            lambda: theme.set_zoom(chance.choice((50, 75, 100, 150, 200, 300))),
            partial(fold, chat, max(1, (index - 2) | 1)),
            partial(chat.view.update_message, f"m{max(1, (index - 4) | 1)}"),
            lambda: chat.view.verticalScrollBar().setFixedWidth(chance.randrange(8, 30)),
        ]
        chance.choice(operations)()
        chat.settle()
        assert 0 < chat.view.rows.top < chat.view.rows.max_top, "the test is about the middle of a chat"
        assert y_of(chat, first) == first.y
        if chance.random() < 0.4:
            scroll(chat, chance.randrange(-700, 300))
            while not lines(chat):
                scroll(chat, -100)
            first = lines(chat)[0]


def test_resizing_there_and_back_does_not_creep(chat: Chat) -> None:
    chat.show(*mixed())
    scroll(chat, -6000)
    before = lines(chat)[0]
    for width in (400, 1200, 517, 933, 380, 744) * 4:
        chat.view.resize(width, HEIGHT)
        chat.settle()
    assert lines(chat)[0] == before


def test_text_that_is_still_parsed_comes_to_the_place_of_the_line(chat: Chat, theme: Theme) -> None:
    """A message too long to be parsed at once: its place is found again after it was made anew."""
    chat.show(answer("a", "\n\n".join(f"Paragraph {i} of a very long text." for i in range(9000))))
    scroll(chat, -40_000)
    before = lines(chat)[0]
    place = chat.view.position()
    assert place is not None
    chat.show(question("other", "Another chat"))
    chat.show(answer("a", "\n\n".join(f"Paragraph {i} of a very long text." for i in range(9000))))
    chat.view.restore(place)
    chat.settle()
    assert lines(chat)[0] == before
    theme.set_zoom(200)
    chat.settle()
    assert y_of(chat, before) == before.y


def test_a_place_holds_in_another_window(chat: Chat, theme: Theme) -> None:
    messages = mixed()
    chat.show(*messages)
    scroll(chat, -9000)
    place = chat.view.position()
    assert place is not None
    before = lines(chat)[0]
    chat.show(question("other", "Another chat"))
    assert chat.view.position() is None
    theme.set_zoom(125)
    chat.view.resize(1000, 500)
    chat.show(*messages)
    chat.view.restore(place)
    chat.settle()
    assert y_of(chat, before) == before.y


def test_a_place_in_a_message_that_is_gone_is_the_end(chat: Chat) -> None:
    chat.show(*mixed())
    scroll(chat, -9000)
    place = chat.view.position()
    assert place is not None
    chat.show(*[answer("x", PROSE * 4)])
    chat.view.restore(place)
    bar = chat.view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0


def test_a_new_version_below_does_not_move_the_reader(chat: Chat) -> None:
    messages = mixed()
    chat.show(*messages)
    scroll(chat, -9000)
    before = lines(chat)[0]
    chat.view.set_path([*messages[:-1], answer("m29b", PROSE)], lambda one: [one])
    chat.settle()
    assert lines(chat)[0] == before


def test_a_version_of_what_is_read_begins_in_view(chat: Chat) -> None:
    messages = [*mixed(10), answer("last", PROSE * 6)]
    family = ["last", "other"]
    chat.show(*messages, versions=lambda one: family if one in family else [one])
    scroll(chat, -900)
    chat.view.set_path([*messages[:-1], answer("other", PROSE * 9)], lambda one: [one])
    chat.settle()
    assert dict(chat.view.rows.visible)[10] == 0


def test_unfolding_at_the_end_leaves_what_was_clicked_in_its_place(chat: Chat) -> None:
    chat.show(*mixed(6), answer("a", "Short.", thought=LINES))
    bar = chat.view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    button = chat.button(6, Action.FOLD)
    before = chat.point(6, 0, button.box.top())
    chat.click(6, button)
    assert chat.point(6, 0, chat.button(6, Action.FOLD).box.top()) == before
    assert bar.value() < bar.maximum()
    chat.click(6, chat.button(6, Action.FOLD))
    assert bar.value() == bar.maximum()
    chat.view.add_message(answer("b", PROSE))
    chat.settle()
    assert bar.value() == bar.maximum(), "it follows the end again"


def ctrl_wheel(chat: Chat, y: int, theme: Theme, zoom: int) -> None:
    """What the window does: the view leaves the event to it, and it zooms."""
    event = QWheelEvent(
        QPointF(300, y),
        QPointF(300, y),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(chat.view.viewport(), event)
    assert not event.isAccepted()
    theme.set_zoom(zoom)
    chat.settle()


@pytest.mark.parametrize("scrolled", [0, -4000])
def test_zooming_with_the_wheel_keeps_the_line_under_the_pointer(
    chat: Chat, theme: Theme, scrolled: int
) -> None:
    chat.show(*mixed(28))
    scroll(chat, scrolled)
    for zoom in (110, 125, 150, 200, *((150, 100, 50) if scrolled else ())):
        under = [line for line in lines(chat) if line.y <= 300][-1]
        ctrl_wheel(chat, under.y + 5, theme, zoom)
        assert y_of(chat, under) == under.y


def test_zooming_at_the_end_of_an_answer_that_is_written_follows_it(chat: Chat, theme: Theme) -> None:
    chat.show(*mixed(8), answer("new", PROSE, State.STREAMING))
    ctrl_wheel(chat, 100, theme, 150)
    bar = chat.view.verticalScrollBar()
    assert bar.value() == bar.maximum()


def turn(chat: Chat, angle: int = 0, pixels: int = 0) -> None:
    event = QWheelEvent(
        QPointF(300, 300),
        QPointF(300, 300),
        QPoint(0, pixels),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(chat.view.viewport(), event)
    chat.settle()


def test_the_wheel_moves_by_lines_and_the_touch_pad_by_pixels(chat: Chat) -> None:
    chat.show(*mixed())
    step = QApplication.wheelScrollLines() * chat.view.verticalScrollBar().singleStep()
    for move, amount in (({"angle": 120}, step), ({"pixels": 7}, 7), ({"pixels": -3}, -3)):
        seen = lines(chat)[2]
        turn(chat, **move)
        assert y_of(chat, seen) == seen.y + amount
    seen = lines(chat)[2]
    for _ in range(8):
        turn(chat, angle=15)
    assert y_of(chat, seen) == seen.y + step, "parts of a step are not lost"


def test_pages_overlap_by_a_line(chat: Chat, long_chat: Sequence[Message]) -> None:
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Home)
    chat.settle()
    pitch = chat.view.verticalScrollBar().singleStep()
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Space)
    chat.settle()
    assert chat.view.rows.top == HEIGHT - pitch
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    chat.settle()
    assert chat.view.verticalScrollBar().value() == 0


def test_home_is_the_beginning_also_where_it_was_thought_nearer(chat: Chat) -> None:
    chat.show(*mixed(8))
    chat.view.verticalScrollBar().setValue(900)
    chat.settle()
    chat.qtbot.keyClick(chat.view, Qt.Key.Key_Home)
    chat.settle()
    assert chat.view.rows.top == 0
    assert chat.view.rows.visible[0] == (0, 0)


def test_a_way_to_the_end_is_offered_a_screen_away(chat: Chat, long_chat: Sequence[Message]) -> None:
    with chat.qtbot.waitSignal(chat.view.end_far_changed) as caught:
        scroll(chat, -HEIGHT - 10)
    assert caught.args == [True]
    with chat.qtbot.waitSignal(chat.view.end_far_changed) as caught:
        scroll(chat, 100)
    assert caught.args == [False]


def test_a_message_that_is_shown_is_in_view_as_a_whole(chat: Chat) -> None:
    chat.show(*mixed())
    for index in (4, 5, 20, 6, 29, 0):
        chat.view.set_current(index)
        chat.settle()
        y, height = dict(chat.view.rows.visible)[index], chat.view.rows.heights[index]
        assert y == 0 if height > HEIGHT else 0 <= y <= HEIGHT - height
