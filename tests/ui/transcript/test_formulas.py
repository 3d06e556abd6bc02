"""Formulas in messages: painted for their source, which stays what is selected, copied and found."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.formulas import Formula, Formulas, Missing, Shape, shown
from desktop_chat.ui.transcript.leaves import EMPTY, Inline, Kind, Leaf, Mark
from desktop_chat.ui.transcript.math_block import MathBlock
from desktop_chat.ui.transcript.menu import menu_at
from desktop_chat.ui.transcript.pointer import Pointer
from desktop_chat.ui.transcript.text import Text, make_text
from tests.ui.transcript.conftest import Chat, answer


def inline(text: str) -> Inline:
    """``text`` with its formulas between dollars."""
    formulas, start = [], text.find("$")
    while start >= 0:
        end = text.index("$", start + 1) + 1
        formulas.append((start, end, text[start + 1 : end - 1]))
        start = text.find("$", end)
    return Inline(text, formulas=tuple(formulas))


def settled(chat: Chat, source: Inline, width: float = 600) -> Text:
    """``source`` laid out, once all its formulas are there."""
    formats = chat.view.rows.formats
    laid_out: list[Text] = []

    def is_there() -> bool:
        laid_out[:] = [make_text(source, formats.text_font, width, formats.text_pitch, formats)]
        return not laid_out[0].is_pending

    chat.qtbot.waitUntil(is_there)
    return laid_out[0]


def block(chat: Chat, tex: str, width: int = 600) -> MathBlock:
    source = f"$${tex}$$"
    leaf = Leaf(Kind.MATH, Inline(source, formulas=((0, len(source), tex),)))
    found = MathBlock(leaf, chat.view.rows.formats, width)

    def is_there() -> bool:
        found.lay_out(width)
        return not found.is_pending

    chat.qtbot.waitUntil(is_there)
    return found


def ink(text: Text, formats: Formats) -> QImage:
    """What is painted of a text on white."""
    image = QImage(700, 400, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    area = image.rect().toRectF()
    text.paint(painter, QPointF(0, 0), area, [], formats.text_pitch, formats, False)
    painter.end()
    return image


def rows_with_ink(image: QImage, left: float, right: float) -> list[int]:
    return [
        y
        for y in range(image.height())
        if any(image.pixelColor(x, y).lightness() < 128 for x in range(round(left), round(right)))
    ]


def test_the_source_is_replaced_and_its_positions_stay(chat: Chat) -> None:
    source = inline("a $x^2$ b $y$ c")
    text = settled(chat, source)
    assert text.layout.text() == "a \u00a0 b \u00a0 c"
    assert [text.to_layout(p) for p in (0, 2, 7, 8, 10, 13, 15)] == [0, 2, 3, 4, 6, 7, 9]
    assert [text.to_layout(p, up=True) for p in (3, 6, 7)] == [3, 3, 3]
    assert text.to_layout(5) == 2
    for position in range(10):
        assert text.to_layout(text.to_text(position)) == position


def test_a_formula_takes_its_own_width(chat: Chat) -> None:
    text = settled(chat, inline("a $x+x+x+x+x+x$ b"))
    assert text.shown is not None
    [place] = text.shown.places
    [box] = text.rectangles(place.start, place.end, 0)
    assert box.width() == pytest.approx(place.formula.width * text.shown.size, abs=1.5)
    assert text.position_at(box.left() + 2, box.center().y()) == place.start
    assert text.position_at(box.right() - 2, box.center().y()) == place.end


def test_letters_of_a_formula_stand_on_the_baseline_of_the_text(chat: Chat) -> None:
    text = settled(chat, inline("xx $x$"))
    image = ink(text, chat.view.rows.formats)
    [box] = text.rectangles(3, 6, 0)
    plain = rows_with_ink(image, 0, box.left() - 2)
    drawn = rows_with_ink(image, box.left(), box.right() + 2)
    assert abs(max(plain) - max(drawn)) <= 1
    assert abs(min(plain) - min(drawn)) <= 2


def test_a_tall_formula_makes_its_line_taller_and_no_other(chat: Chat) -> None:
    text = settled(
        chat, inline("one two three $x$ four " * 8 + r"$\begin{matrix}a\\b\\c\\d\end{matrix}$ five")
    )
    lines = [text.layout.lineAt(i) for i in range(text.layout.lineCount())]
    pitches = [after.y() - before.y() for before, after in pairwise(lines)]
    assert len(lines) >= 3
    assert pitches[-1] > 1.5 * pitches[0]
    assert list(text.tall) == [len(lines) - 1]
    image = ink(text, chat.view.rows.formats)
    assert max(rows_with_ink(image, 0, 690)) < text.height
    [box] = text.rectangles(
        len(text.inline.text) - 6, len(text.inline.text) - 5, chat.view.rows.formats.text_pitch
    )
    assert box.height() > 1.5 * pitches[0]


def test_text_without_formulas_is_laid_out_as_ever(chat: Chat) -> None:
    text = settled(chat, Inline("price $5"))
    assert text.shown is None
    assert not text.tall


def test_what_cannot_be_drawn_stays_as_its_source(chat: Chat) -> None:
    text = settled(chat, inline(r"a $\frac$ b $x$"))
    assert text.layout.text() == "a $\\frac$ b \u00a0"
    assert len(text.boxes) == 1
    assert text.boxes[0].contains(text.rectangles(2, 9, 0)[0])


def test_while_a_formula_is_drawn_its_place_is_free(chat: Chat) -> None:
    formats = chat.view.rows.formats
    text = make_text(inline("$z_{never asked before}$"), formats.text_font, 600, 22, formats)
    assert text.is_pending
    assert rows_with_ink(ink(text, formats), 0, 600) == []
    assert text.end_of_text()[0].x() > 5


def test_marks_go_on_around_a_formula(chat: Chat) -> None:
    source = inline("ab $x$ cd")._replace(marks=((1, 8, int(Mark.BOLD)),))
    text = settled(chat, source)
    assert [(run.start, run.length) for run in text.layout.formats()][:1] == [(1, 5)]


def test_links_behind_a_formula_are_found(chat: Chat) -> None:
    source = inline("$x^2+y^2$ link")._replace(links=((10, 14, "https://example.com"),))
    text = settled(chat, source)
    [box] = text.rectangles(10, 14, 0)
    assert text.link_at(box.center().x(), box.center().y()) == "https://example.com"
    assert text.link_at(3, box.center().y()) == ""


def test_a_display_stands_in_the_middle(chat: Chat) -> None:
    text, _left, _top = block(chat, "x + y").texts()[0]
    box = text.rectangles(0, 5, 0)[0]
    assert box.center().x() == pytest.approx(300, abs=3)


def test_a_display_that_is_too_wide_shrinks_and_is_cut(chat: Chat) -> None:
    fits, wide, widest = (block(chat, "+".join("x" * n), 500).texts()[0][0] for n in (5, 20, 90))
    scales = [text.shown.places[0].scale for text in (fits, wide, widest) if text.shown]
    assert scales[0] == 1 > scales[1] > scales[2] == 0.6
    image = ink(widest, chat.view.rows.formats)
    assert rows_with_ink(image, 400, 498) != []
    assert rows_with_ink(image, 502, 690) == []


def test_messages_with_formulas_are_copied_as_their_source(chat: Chat) -> None:
    chat.show(answer("a", "Then $x^2$ is.\n\n$$\\frac{a}{b}$$\n\n| a |\n|---|\n| $y$ |"))
    assert "Then $x^2$ is." in chat.text()
    assert "$$\\frac{a}{b}$$" in chat.text()
    chat.view.select_all()
    assert "$x^2$" in chat.view.selected_text()
    assert not any(one.is_pending for one in chat.view.rows.row(0).body.blocks)


def test_the_reader_is_not_moved_when_formulas_come(chat: Chat) -> None:
    paragraphs = [f"Paragraph {n} with $\\frac{{{n}}}{{{n} + 1}}$ in it." for n in range(60)]
    chat.show(answer("a", "\n\n".join(paragraphs)))
    chat.view.verticalScrollBar().setValue(chat.view.verticalScrollBar().maximum() // 2)
    chat.settle()
    assert chat.view.rows.is_lit
    assert chat.view.rows.row(0).body.height > 60 * 20


def test_the_menu_of_a_formula_has_its_source(chat: Chat, qapp: QApplication) -> None:
    chat.show(answer("a", "Before\n\n$$x + y$$"))
    view = chat.view
    at = chat.text_point(0, 1, 0) + QPoint(4, 0)
    menu = menu_at(view, Pointer(view), at.toPointF())
    assert menu is not None
    assert menu.actions()[0].text() == "Copy formula as TeX"
    menu.actions()[0].trigger()
    menu.close()
    assert qapp.clipboard().text() == "x + y"
    assert view.rows.row(0).formula_at(2, view.rows.row(0).body_top + 4) == ""


class TestFormulas:
    def test_what_is_known_is_not_asked_for_again(self, chat: Chat) -> None:
        formulas = Formulas()
        with chat.qtbot.waitSignal(formulas.ready):
            assert formulas.get("x^{2}") is Missing.PENDING
        drawing = formulas.get("x^{2}")
        assert isinstance(drawing, Formula)
        assert formulas.get("x^{2}") is drawing
        assert formulas.get("x^{2}", display=True) is Missing.PENDING

    def test_what_fails_is_known_to_fail(self, chat: Chat) -> None:
        formulas = Formulas()
        with chat.qtbot.waitSignal(formulas.ready):
            formulas.get(r"\frac")
        assert formulas.get(r"\frac") is Missing.FAILED

    def test_many_are_kept_and_no_more(self, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("desktop_chat.ui.transcript.formulas.MAX_FORMULAS", 3)
        formulas = Formulas()
        for tex in "abcd":
            with chat.qtbot.waitSignal(formulas.ready):
                formulas.get(tex)
        assert formulas.get("d") is not Missing.PENDING
        assert formulas.get("a") is Missing.PENDING


def test_colours_are_those_of_the_text_or_their_own(qapp: QApplication) -> None:
    path = QPainterPath()
    path.addRect(0, -100, 100, 100)
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    for own, seen in ((None, "#00ff00"), (QColor("red"), "#ff0000")):
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        formula = Formula(1, 1, 0, (Shape(own, 0, path),))
        formula.paint(painter, QPointF(0, 20), 20, QColor("#00ff00"))
        painter.end()
        assert image.pixelColor(10, 10).name() == seen


def test_nothing_to_draw_is_none(qapp: QApplication) -> None:
    assert shown(EMPTY, QFont(), 100) is None
