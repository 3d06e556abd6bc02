"""Paragraphs in bands: the lines are those of one layout, and a paragraph that grows keeps its bands."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.leaves import LINE_BREAK, Inline, Mark, units
from desktop_chat.ui.transcript.paragraph import BAND_LINES, lay_out_bands
from desktop_chat.ui.transcript.text import Text, make_text

WIDTH = 320
WORDS = [
    "a",
    "word",
    "internationalisation",
    "W" * 70,
    "שלום",
    "مرحبا",
    "日本語",
    "👩‍💻",
    "(12)",
    "i",
    LINE_BREAK,
]


@pytest.fixture
def formats(qapp: QApplication) -> Formats:
    return Formats(Theme("light"))


def bands(inline: Inline, formats: Formats, known: list[Text]) -> list[Text]:
    return lay_out_bands(inline, formats.text_font, WIDTH, formats.text_pitch, formats, known)


def lines(texts: list[Text]) -> list[list[int]]:
    """Where each line begins and ends in the paragraph, and about where it stands."""
    found, top = [], 0
    for text in texts:
        for number in range(text.layout.lineCount()):
            line = text.layout.lineAt(number)
            start = text.offset + line.textStart()
            left = round(line.naturalTextRect().left())
            found.append([start, start + line.textLength(), left, round(top + line.y())])
        top += text.height
    return found


def assert_same(some: list[Text], others: list[Text]) -> None:
    """The same lines, but for the rounding of heights."""
    first, second = lines(some), lines(others)
    assert [line[:2] for line in first] == [line[:2] for line in second]
    for one, other in zip(first, second, strict=True):
        assert one[2:] == pytest.approx(other[2:], abs=2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=250), st.integers(0, 40))
@example(["word"] * 400, 3)
@example(["word"] * 60 + [LINE_BREAK], 0)
@example([LINE_BREAK] * 80, 0)
def test_the_lines_are_those_of_one_layout(formats: Formats, words: list[str], bold: int) -> None:
    text = " ".join(words)
    start = min(units(text), 7 * bold)
    marks = ((start, min(units(text), start + 90), int(Mark.BOLD)),) if start < units(text) else ()
    inline = Inline(text, marks)
    whole = make_text(inline, formats.text_font, WIDTH, formats.text_pitch, formats)
    assert_same(bands(inline, formats, []), [whole])


def test_a_paragraph_that_grows_is_laid_out_at_its_end(formats: Formats) -> None:
    text = "Some words that are said again and again, until they fill many lines. " * 40
    known: list[Text] = []
    for end in range(400, len(text), 53):
        now = bands(Inline(text[:end]), formats, known)
        assert sum(band not in known for band in now) <= 3
        assert_same(now, bands(Inline(text[:end]), formats, []))
        known = now
    assert all(band.layout.lineCount() <= BAND_LINES for band in known)


def test_a_change_at_the_begin_is_seen(formats: Formats) -> None:
    text = "Some words that are said again and again, until they fill many lines. " * 40
    known = bands(Inline(text), formats, [])
    now = bands(Inline(text, ((0, 200, int(Mark.BOLD)),)), formats, known)
    assert now[0] not in known
    assert_same(now, bands(Inline(text, ((0, 200, int(Mark.BOLD)),)), formats, []))
