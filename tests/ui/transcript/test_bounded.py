"""What is done at once is bounded, whatever the text is: counted, not timed."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import arrangement, text
from desktop_chat.ui.transcript.blocks import TextBlock
from desktop_chat.ui.transcript.find import Query
from desktop_chat.ui.transcript.leaves import TABLE_CELLS
from desktop_chat.ui.transcript.text import Text
from tests.ui.transcript import test_place
from tests.ui.transcript.conftest import Chat, answer
from tests.ui.transcript.hostile import TEXTS
from tests.ui.transcript.test_repaints import difference


def counted(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[int]:
    """The number of calls of a method, as the only item of a list."""
    calls, method = [0], getattr(owner, name)

    def counting(*arguments: object, **options: object) -> object:
        calls[0] += 1
        return method(*arguments, **options)

    monkeypatch.setattr(owner, name, counting)
    return calls


@pytest.mark.parametrize("columns", [2, 30, 100])
def test_a_leaf_of_a_table_has_few_cells(chat: Chat, columns: int) -> None:
    build: Callable[[str], str] = lambda cell: "|" + f"{cell}|" * columns + "\n"  # noqa: E731
    text = build("a") + build("-") + build("b") * 60
    chat.show(answer("a", text))
    blocks = chat.view.rows.row(0).body.blocks
    assert {block.leaf.part for block in blocks} == set(range(len(blocks)))
    assert max(sum(map(len, block.leaf.rows)) for block in blocks) <= TABLE_CELLS + columns
    assert sum(len(block.leaf.rows) for block in blocks) == 61


def test_hits_out_of_view_cost_nothing_to_paint(
    chat: Chat, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.show(answer("a", TEXTS["emphasis"](20_000)))
    chat.view.finder.find(Query("a"))
    chat.qtbot.waitUntil(lambda: chat.view.finder.is_settled)
    assert chat.view.finder.total > 5_000
    measured = counted(monkeypatch, Text, "rectangles")
    chat.view.grab()
    assert 100 < measured[0] < 3_000


def test_hits_that_touch_are_painted_as_one(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    chat.show(answer("a", "x" * 20_000))
    chat.view.finder.find(Query("x"))
    chat.qtbot.waitUntil(lambda: chat.view.finder.is_settled)
    measured = counted(monkeypatch, Text, "rectangles")
    chat.view.grab()
    assert 0 < measured[0] < 100


def test_columns_out_of_view_are_not_painted(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = "|" + "a|" * 100 + "\n|" + "-|" * 100 + "\n" + ("|" + "some words|" * 100 + "\n") * 30
    chat.show(answer("a", wide))
    chat.view.finder.find(Query("words"))
    chat.qtbot.waitUntil(lambda: chat.view.finder.is_settled)
    measured = counted(monkeypatch, Text, "rectangles")
    chat.view.grab()
    assert 0 < measured[0] < 500


def test_what_takes_long_to_lay_out_is_laid_out_in_steps(
    chat: Chat, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n\n".join(f"Paragraph {number}" for number in range(100))
    chat.show(answer("a", text))
    end = chat.view.rows.top
    monkeypatch.setattr(arrangement, "LAYOUT_SLICE", 0.0)
    made = counted(monkeypatch, TextBlock, "lay_out")
    chat.view.resize(chat.view.width() - 200, chat.view.height())
    assert made[0] == 1
    assert not chat.view.is_settled
    chat.settle()
    chat.view.resize(chat.view.width() + 200, chat.view.height())
    chat.settle()
    assert made[0] > 20
    assert chat.view.rows.top == end
    qapp.processEvents()
    assert difference(chat) == ""


def test_a_message_of_many_blocks_is_zoomed_in_steps(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    chat.show(answer("a", "# a\n" * 3_000))
    chat.view.scroll_to_start()
    chat.view.scroll_by(5_000)
    chat.settle()
    before = chat.view.position()
    monkeypatch.setattr(arrangement, "PARSE_SLICE", 0.0005)
    chat.view.theme.set_zoom(150)
    assert len(chat.view.rows.row(0).body.blocks) < 1_000
    chat.settle()
    assert len(chat.view.rows.row(0).body.blocks) == 3_000
    after = chat.view.position()
    assert before is not None
    assert after is not None
    assert (after.offset, after.y) == (before.offset, before.y)


def test_few_hits_of_a_text_change_the_colour_of_its_letters(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.show(answer("a", TEXTS["links"](2_500)))
    chat.view.finder.find(Query("a"))
    chat.qtbot.waitUntil(lambda: chat.view.finder.is_settled)
    made = counted(monkeypatch, text, "format_range")
    chat.view.grab()
    assert 0 < made[0] < 50


@pytest.mark.parametrize("seed", [3, 7, 10])
def test_the_line_under_the_eye_stays_where_it_is_laid_out_in_steps(
    chat: Chat, theme: Theme, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(arrangement, "LAYOUT_SLICE", 0.0)
    test_place.test_random_changes_leave_the_line_under_the_eye(chat, theme, seed)
