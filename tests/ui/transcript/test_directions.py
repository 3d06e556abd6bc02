"""Text that runs from right to left: what belongs to it stands at the other side."""

import pytest
from PySide6.QtGui import QColor, QImage

from tests.ui.transcript.conftest import Chat, answer, question

HEBREW = "שלום לכולם"


def ink(chat: Chat, block: int) -> tuple[int, int]:
    """The first and last x of the column where a block differs from the ground of the view."""
    row = chat.view.rows.row(0)
    image: QImage = chat.view.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    top = dict(chat.view.rows.visible)[0] + row.body_top + row.body.top(block)
    ground = QColor(chat.view.theme.colors.window).rgb()
    columns = [
        x
        for x in range(image.width())
        for y in range(top, top + row.body.blocks[block].height)
        if image.pixel(x, int(y * ratio)) != ground
    ]
    left = chat.view.column_left
    return round(min(columns) / ratio) - left, round(max(columns) / ratio) - left


@pytest.mark.parametrize("source", ["- {}", "3. {}", "- [x] {}", "> {}"])
def test_markers_and_bars_stand_where_the_text_begins(chat: Chat, source: str) -> None:
    chat.show(answer("a", source.format("Hello to all")))
    left, right = ink(chat, 0)
    chat.show(answer("b", source.format(HEBREW)))
    mirrored_left, mirrored_right = ink(chat, 0)
    width = chat.view.rows.width
    assert left < 30
    assert right < width // 2
    assert mirrored_right > width - 30
    assert mirrored_left > width // 2


def test_the_first_strong_character_decides(chat: Chat) -> None:
    chat.show(answer("a", f"- 1: {HEBREW} and English\n- English and {HEBREW}"))
    width = chat.view.rows.width
    assert ink(chat, 0)[1] > width - 30
    assert ink(chat, 1)[0] < 30


def test_a_table_begins_at_the_right(chat: Chat) -> None:
    chat.show(answer("a", "| שם | ערך |\n|---|---|\n| דנה | 17 |"))
    assert ink(chat, 0)[1] >= chat.view.rows.width - 1
    block = chat.view.rows.row(0).body.blocks[0]
    (name, name_x, top), (_value, value_x, _top) = block.texts()[2:]
    assert value_x < name_x
    place = block.text_at(name_x + 5, top + 5)
    assert place is not None
    assert place[0] is name
    before = block.text_at(value_x + 5, top + 5)
    assert before is not None
    assert before[0].inline.text == "17"


def test_a_question_is_written_from_its_own_side(chat: Chat) -> None:
    chat.show(question("q", HEBREW))
    row = chat.view.rows.row(0)
    line = row.body.blocks[0].texts()[0][0].layout.lineAt(0)
    assert line.naturalTextRect().right() >= row.body.width - 1
