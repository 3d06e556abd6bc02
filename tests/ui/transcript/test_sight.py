"""The line from which on the model sees the chat, marks at messages, and what an answer cost."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from PySide6.QtGui import QAccessible, QAction, QGuiApplication, QImage

from desktop_chat.domain.context import Place
from desktop_chat.domain.message import Message, State
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.ui.sight import NOT_SENT, PINNED, Sight
from desktop_chat.ui.transcript.row import Action
from tests.ui.transcript.conftest import Chat, answer, question

LINE = "The model sees the chat from here"


def lines(chat: Chat) -> dict[int, str]:
    """The lines that are in view, by message."""
    rows = chat.view.rows
    return {index: rows.row(index).rule for index, _y in rows.visible if rows.row(index).rule}


def tops(chat: Chat, index: int) -> tuple[int, int]:
    """Where the line at a message and the message itself begin, in the row."""
    row = chat.view.rows.row(index)
    return row.rule_top, row.bubble_top if row.is_user else row.caption_top


def test_the_line_stands_above_what_the_model_sees(chat: Chat) -> None:
    chat.show(question("q", "One"), answer("a", "Two"), question("q2", "Three"))
    before = chat.view.rows.heights.total
    chat.view.parts.set_sight(Sight(LINE, "q2"))
    assert lines(chat) == {2: LINE}
    rule, text = tops(chat, 2)
    assert rule < text
    assert chat.view.rows.heights.total == before + chat.view.rows.formats.px(40)
    chat.view.parts.set_sight(Sight(LINE, "a"))
    assert lines(chat) == {1: LINE}
    chat.view.parts.set_sight(Sight())
    assert lines(chat) == {}
    assert chat.view.rows.heights.total == before


def test_where_it_sees_none_of_the_messages_the_line_is_below_them(chat: Chat) -> None:
    chat.show(question("q", "One"), answer("a", "Two"))
    before = chat.view.rows.heights.total
    chat.view.parts.set_sight(Sight(LINE))
    assert lines(chat) == {1: LINE}
    rule, text = tops(chat, 1)
    assert rule > text
    added = question("q2", "Three")
    chat.messages[added.id] = added
    chat.view.add_message(added)
    chat.settle()
    assert lines(chat) == {2: LINE}, "until the plan says something else"
    chat.view.parts.set_sight(Sight(LINE, "q2"))
    assert lines(chat) == {2: LINE}
    rule, text = tops(chat, 2)
    assert rule < text
    chat.show(question("q", "One"), answer("a", "Two"))
    assert lines(chat) == {1: LINE}
    assert chat.view.rows.heights.total == before + chat.view.rows.formats.px(40)


def test_the_line_leaves_the_reader_where_they_are(chat: Chat, long_chat: Sequence[Message]) -> None:
    chat.view.verticalScrollBar().setValue(chat.view.rows.max_top // 2)
    chat.settle()
    (index, y), *_ = chat.view.rows.visible
    for message in ("m2", "m30", "m39", ""):
        chat.view.parts.set_sight(Sight(LINE, message))
        chat.settle()
        assert chat.view.rows.visible[0] == (index, y)
    chat.view.scroll_to_end()
    chat.view.parts.set_sight(Sight(LINE, "m4"))
    chat.settle()
    assert chat.view.rows.top == chat.view.rows.max_top


def test_a_line_out_of_view_makes_no_rows(chat: Chat) -> None:
    chat.show(*(answer(f"a{n}", "Text") for n in range(10_000)))
    made = sum(chat.view.rows.built(n) is not None for n in range(10_000))
    total = chat.view.rows.heights.total
    for number in range(100):
        chat.view.parts.set_sight(Sight(LINE, f"a{number * 50}"))
    assert sum(chat.view.rows.built(n) is not None for n in range(10_000)) == made
    assert chat.view.rows.heights.total == total + chat.view.rows.formats.px(40)
    chat.view.theme.set_zoom(150)
    zoomed = chat.view.rows.heights.total
    chat.view.parts.set_sight(Sight())
    assert chat.view.rows.heights.total == zoomed - chat.view.rows.formats.px(40)


def test_zoom_and_width_keep_the_line(chat: Chat) -> None:
    chat.show(question("q", "One"), answer("a", "Two"), question("q2", "Three"))
    chat.view.theme.set_zoom(150)
    chat.settle()
    bare = chat.view.rows.heights.total
    chat.view.parts.set_sight(Sight(LINE, "a"))
    chat.view.theme.set_zoom(100)
    chat.view.theme.set_zoom(150)
    chat.settle()
    assert lines(chat) == {1: LINE}
    assert chat.view.rows.heights.total == bare + chat.view.rows.formats.px(40)
    chat.view.resize(150, 600)
    chat.settle()
    (button,) = (b for b in chat.view.rows.row(1).buttons() if b.action is Action.CONTEXT)
    assert button.box.left() >= 0
    assert button.box.right() <= chat.view.rows.width


def test_a_click_on_the_line_shows_what_is_sent(chat: Chat) -> None:
    chat.show(question("q", "One"), answer("a", "Two"))
    chat.view.parts.set_sight(Sight(LINE, "a"))
    with chat.qtbot.waitSignal(chat.view.context_requested):
        chat.click(1, chat.button(1, Action.CONTEXT))


def test_a_screen_reader_finds_the_line_and_the_marks(chat: Chat) -> None:
    message = answer("a", "Two")
    message.usage, message.cost = Usage(output=312), Decimal("0.0031")
    chat.show(question("q", "One"), message)
    chat.view.parts.set_sight(Sight(LINE, "a", unsent=frozenset({"q"}), pinned=frozenset({"a"})))
    transcript = QAccessible.queryAccessibleInterface(chat.view)
    first, second = transcript.child(0), transcript.child(1)
    assert first.text(QAccessible.Text.Description) == NOT_SENT
    assert second.text(QAccessible.Text.Description).split("\n") == [LINE, PINNED, "312 tokens · $0.0031"]
    button = second.child(0)
    assert (button.role(), button.text(QAccessible.Text.Name)) == (QAccessible.Role.Button, LINE)
    with chat.qtbot.waitSignal(chat.view.context_requested):
        button.actionInterface().doAction(button.actionInterface().actionNames()[0])


def test_the_line_is_no_part_of_what_is_copied(chat: Chat) -> None:
    chat.show(question("q", "One"), answer("a", "Two"))
    chat.view.parts.set_sight(Sight(LINE, "a"))
    chat.view.select_all()
    chat.view.copy_selection()
    chat.qtbot.waitUntil(lambda: "Two" in QGuiApplication.clipboard().text())
    assert LINE not in QGuiApplication.clipboard().text()


def test_a_mark_shows_without_the_pointer(chat: Chat) -> None:
    chat.show(question("q", "One"), answer("a", "Two"), question("q2", "Three"))
    before = chat.view.viewport().grab().toImage()
    chat.view.parts.set_sight(Sight(unsent=frozenset({"q", "a"})))
    chat.settle()
    after = chat.view.viewport().grab().toImage()
    rows = dict(chat.view.rows.visible)
    for index in (0, 1):
        top, bottom = rows[index], rows[index] + chat.view.rows.row(index).height
        strip = (0, top, after.width(), bottom - top)
        assert before.copy(*strip) != after.copy(*strip)
    assert chat.view.rows.row(0).meta_words.startswith(NOT_SENT)


def entry(chat: Chat, index: int, label: str) -> QAction:
    return next(action for action in chat.view.menu(index).actions() if action.text() == label)


@pytest.mark.parametrize(("label", "place"), [("Always send", Place.PINNED), ("Never send", Place.LEFT_OUT)])
def test_the_menu_pins_and_leaves_out(chat: Chat, label: str, place: Place) -> None:
    chat.show(question("q", "One"), answer("a", "Two"))
    asked: list[tuple[str, Place]] = []
    chat.view.place_requested.connect(lambda message, place: asked.append((message, place)))
    assert not entry(chat, 0, label).isChecked()
    entry(chat, 0, label).trigger()
    chosen = frozenset({"q"})
    chat.view.parts.set_sight(
        Sight(pinned=chosen) if place is Place.PINNED else Sight(left_out=chosen),
    )
    assert entry(chat, 0, label).isChecked()
    assert not entry(chat, 1, label).isChecked()
    entry(chat, 0, label).trigger()
    assert asked == [("q", place), ("q", Place.SENT)]


def test_what_holds_nothing_to_send_offers_no_place(chat: Chat) -> None:
    chat.show(question("q", "One"), answer("a", "", State.FAILED))
    assert "Never send" in [action.text() for action in chat.view.menu(0).actions()]
    assert "Never send" not in [action.text() for action in chat.view.menu(1).actions()]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cost": Decimal("0.0031")}, "312 tokens · 1.8 s · $0.0031"),
        ({"cost": Decimal("0.0031"), "is_estimated": True}, "312 tokens · 1.8 s · ≈ $0.0031"),
        ({"cost": Decimal(0), "is_cached": True}, "312 tokens · 1.8 s · cached"),
        ({"cost": None}, "312 tokens · 1.8 s"),
        ({"cost": Decimal(0)}, "312 tokens · 1.8 s · $0.00"),
        ({"cost": Decimal(0), "state": State.FAILED}, "312 tokens"),
        ({"cost": Decimal("0.5"), "state": State.FAILED}, "312 tokens · $0.50"),
    ],
)
def test_what_an_answer_cost(chat: Chat, values: dict[str, object], words: str) -> None:
    message = answer("a", "So.")
    message.usage, message.timing = Usage(output=312), Timing(0.4, 1.84)
    for name, value in values.items():
        setattr(message, name, value)
    chat.show(message)
    assert chat.view.rows.row(0).figures == words


def test_the_line_below_an_answer_leaves_its_figures_their_place(chat: Chat) -> None:
    message = answer("a", "So.")
    message.usage, message.timing = Usage(output=312_000), Timing(0.4, 1001.84)
    message.cost, message.is_estimated = Decimal("0.0031"), True
    chat.show(question("q", "One"), message)
    row = chat.view.rows.row(1)

    def foot() -> QImage:
        top = dict(chat.view.rows.visible)[1] + row.meta_top
        return chat.view.viewport().grab().toImage().copy(0, top, chat.view.width(), row.formats.px(20))

    before = foot()
    chat.view.parts.set_sight(Sight(LINE))
    chat.settle()
    assert foot() == before
