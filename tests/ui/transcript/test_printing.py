"""A chat on paper: all of it, in order, and no line cut by the end of a page."""

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QMarginsF
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter
from pytestqt.qtbot import QtBot

from desktop_chat.domain.message import Message, State
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.highlight import HighlightClient
from desktop_chat.ui.transcript.pages import Pages, Piece, pieces
from desktop_chat.ui.transcript.printing import PrintJob
from desktop_chat.ui.transcript.row import Row
from tests.ui.transcript.conftest import answer, explain, question

CODE = "```python\n" + "\n".join(f"code{i:03} = {i}" for i in range(120)) + "\n```"
WIDE = "```\n" + "word " * 200 + "lastword\n```"
TABLE = "| Name | What |\n|---|---|\n" + "\n".join(f"| cell{i:03} | {'text ' * 20}|" for i in range(45))
MATH = "The sum $a + b$ is here.\n\n$$\\frac{1}{2}$$\n\nThat was it."
HEBREW = "שלום לכולם.\n\n- פריט ראשון\n- פריט שני"
PROSE = "\n\n".join(
    f"para{i:02} " + "Some words that fill a paragraph of several lines. " * 7 for i in range(9)
)
KINDS = (CODE, TABLE, MATH, HEBREW, PROSE, WIDE, "## Heading\n\n" + PROSE)


def talk(count: int) -> list[Message]:
    return [
        question(f"m{i}", f"Question{i:03}")
        if i % 2 == 0
        else answer(
            f"m{i}", f"Begin{i:03}\n\n{KINDS[i // 2 % len(KINDS)]}\n\nFinish{i:03}", thought="Thinking"
        )
        for i in range(count)
    ]


def writer(path: Path) -> QPdfWriter:
    made = QPdfWriter(str(path))
    margins = QMarginsF(18, 18, 18, 18)
    made.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Portrait,
            margins,
            QPageLayout.Unit.Millimeter,
        )
    )
    return made


def printed(qtbot: QtBot, path: Path, messages: list[Message]) -> PrintJob:
    device = writer(path)
    job = PrintJob(messages, "The <b>title</b> of it", Theme("dark"), explain, device)
    with qtbot.waitSignal(job.finished, timeout=60_000) as caught:
        job.start()
    assert caught.args == [True]
    return job


def words(path: Path, *options: str) -> list[str]:
    """The text of each page."""
    made = subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True)
    return made.stdout.decode().split("\f")[:-1]


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_a_long_chat_is_all_there_in_order(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "chat.pdf"
    messages = talk(200)
    job = printed(qtbot, path, messages)
    pages = words(path, "-raw")
    assert len(pages) == len(job.pages)
    for number, page in enumerate(pages):
        assert f"Page {number + 1} of {len(pages)}" in page
        assert page.count("The <b>title</b> of it") == 1
    text = "\n".join(pages)
    expected = [
        name
        for i in range(200)
        for name in ([f"Question{i:03}"] if i % 2 == 0 else [f"Begin{i:03}", f"Finish{i:03}"])
    ]
    assert re.findall(r"Question\d+|Begin\d+|Finish\d+", text) == expected
    for pattern, kind in ((r"code(\d{3})", CODE), (r"cell(\d{3})", TABLE), (r"para(\d\d)", PROSE)):
        count = sum(message.text.count(kind) for message in messages)
        once = sorted(set(re.findall(pattern, kind)))
        assert re.findall(pattern, text) == once * count, "every line once, in order"
    assert text.count("lastword") == sum(message.text.count("lastword") for message in messages)
    assert text.count("Thinking") == 100, "what is folded on the screen is open on paper"
    assert text.count("gpt-5.2") == 100, "what is cut off is not hidden on the next page"
    assert "שלום לכולם" in "\n".join(words(path))


def lines_of(row: Row) -> list[tuple[float, float]]:
    """The top and bottom of each line of text in a row."""
    found = []
    for _part, flow, _x, y in row.flows():
        for index, block in enumerate(flow.blocks):
            for text, _left, top in block.texts():
                for i in range(text.layout.lineCount()):
                    line = text.layout.lineAt(i)
                    found.append((y + flow.top(index) + top + line.y(), line.height()))
    return [(round(top), round(top + height)) for top, height in found]


def laid_out(message: Message) -> Row:
    row = Row(message, Formats(Theme("light").on_paper()), HighlightClient(), 640, explain)
    row.set_unfolded(True)
    row.body.end()
    row.advance(float("inf"))
    row.lay_out(0, 10_000_000)
    row.arrange()
    return row


@pytest.mark.parametrize("height", [300, 411, 700, 913])
def test_no_line_is_cut_and_none_is_lost(qtbot: QtBot, height: int) -> None:
    for message in talk(14):
        row = laid_out(message)
        pages = Pages(height)
        pages.add(0, pieces(row))
        fragments = [fragment for page in pages.made for fragment in page]
        for page in pages.made:
            assert all(fragment.y + fragment.bottom - fragment.top <= height for fragment in page)
            assert all(a.y + a.bottom - a.top <= b.y for a, b in pairwise(page))
        for top, bottom in lines_of(row):
            holding = [
                fragment for fragment in fragments if fragment.top < bottom - 1 and fragment.bottom > top + 1
            ]
            assert holding, "the line is on a page"
            assert all(one.top <= top + 1 and bottom <= one.bottom + 1 for one in holding)


def test_a_heading_is_never_the_last_of_a_page(qtbot: QtBot) -> None:
    text = "\n\n".join(f"Some words before it.\n\n## Heading {i}\n\n{'Words. ' * 60}" for i in range(30))
    row = laid_out(answer("a", text))
    for height in range(300, 420, 7):
        pages = Pages(height)
        pages.add(0, pieces(row))
        ends = {page[-1].bottom for page in pages.made}
        for index, block in enumerate(row.body.blocks):
            if block.leaf.heading:
                assert row.body_top + row.body.heights.before(index + 1) not in ends


def test_two_lines_stay_together(qtbot: QtBot) -> None:
    row = laid_out(answer("a", PROSE))
    for height in range(300, 420, 7):
        pages = Pages(height)
        pages.add(0, pieces(row))
        ends = {page[-1].bottom for page in pages.made[:-1]}
        for index, block in enumerate(row.body.blocks):
            tops = [
                row.body_top
                + row.body.top(index)
                + block.y_of(block.texts()[0][0].layout.lineAt(i).textStart())
                for i in range(block.texts()[0][0].layout.lineCount())
            ]
            inside = [end for end in ends if tops[0] < end <= tops[-1]]
            assert all(tops[1] < end <= tops[-2] for end in inside)


def test_cut_code_gets_an_edge_on_both_pages_and_a_table_its_header_again(qtbot: QtBot) -> None:
    row = laid_out(answer("a", CODE))
    pages = Pages(500)
    pages.add(0, pieces(row))
    assert len(pages.made) > 3
    assert all(page[-1].below is not None for page in pages.made[:-1])
    assert all(page[0].above is not None for page in pages.made[1:])
    row = laid_out(answer("a", TABLE))
    pages = Pages(500)
    pages.add(0, pieces(row))
    head = row.body_top + row.body.top(0)
    assert all(page[0].top == head for page in pages.made[1:])


def test_what_is_higher_than_a_page_is_cut_anywhere() -> None:
    pages = Pages(100)
    pages.add(0, [Piece(0, 30), Piece(30, 380)])
    assert sum(fragment.bottom - fragment.top for page in pages.made for fragment in page) == 380
    assert len(pages.made) == 5


def test_a_job_can_be_cancelled(qtbot: QtBot, tmp_path: Path) -> None:
    device = writer(tmp_path / "chat.pdf")
    job = PrintJob(talk(40), "Title", Theme("light"), explain, device)
    with qtbot.waitSignal(job.progressed):
        job.start()
    with qtbot.assertNotEmitted(job.finished, wait=100):
        job.cancel()


def test_an_answer_that_is_written_is_printed_as_far_as_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    job = printed(qtbot, tmp_path / "chat.pdf", [answer("a", "So far *it", State.STREAMING)])
    assert len(job.pages) == 1
