"""What is copied: plain text, HTML and Markdown, of all or a part, by any length."""

import csv
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from desktop_chat.ui.transcript.clipboard import HTML, MARKDOWN, PLAIN, Offer
from tests.ui.transcript.conftest import Chat, answer, question

TEXT = """## Head *line*

Some **bold *both*** words, `co<de>` and [a link](https://example.org/?a=1&b=2) or [bad](javascript:alert(1)).

- one
- two
  1. inner
  2. next

- [ ] open
- [x] done

> quoted
> text

```python
if a < b:
    print("x")
```

| Name | Count |
|:-----|------:|
| <b>A</b> | 1 |
| B | 22 |
| C | 3 |

Sum $x^2$ here.

$$
E = mc^2
$$
"""


def taken(kind: str) -> str:
    data = QGuiApplication.clipboard().mimeData()
    return bytes(data.data(kind).data()).decode() if kind == MARKDOWN else data.html()


def body(html: str) -> str:
    return html.partition("<body>\n")[2].partition("</body>")[0]


def copy(chat: Chat, *formats: str) -> None:
    chat.view.copy_selection(*formats)
    chat.qtbot.waitUntil(lambda: not chat.view.copier.is_busy)


def select(chat: Chat, start: tuple[int, int], end: tuple[int, int], row: int = 0) -> None:
    chat.view.selection.set((row, 1, *start), (row, 1, *end))


def parsed_again(chat: Chat, markdown: str) -> str:
    chat.show(answer("again", markdown))
    return chat.text()


class Balanced(HTMLParser):
    """Fails on tags that are not well nested, and keeps the names of all, and of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(name for name, _value in attrs)}
        if tag not in ("br", "hr", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_of_a_whole_answer(chat: Chat) -> None:
    chat.show(answer("a", TEXT))
    chat.view.select_all()
    copy(chat)
    html = taken(HTML)
    for part in (
        "<h2>Head <em>line</em></h2>",
        "<strong>bold <em>both</em></strong>",
        "<code>co&lt;de&gt;</code>",
        '<a href="https://example.org/?a=1&amp;b=2">a link</a> or bad.',
        "<ul>\n<li>one</li>\n<li>two<ol>\n<li>inner</li>\n<li>next</li>\n</ol>\n</li>\n",
        "<li>☐ open</li>\n<li>☑ done</li>\n</ul>",
        "<blockquote>\n<p>quoted text</p>\n</blockquote>",
        '<pre><code>if a &lt; b:\n    print("x")</code></pre>',
        '<tr><th align="left">Name</th><th align="right">Count</th></tr>',
        '<tr><td align="left">&lt;b&gt;A&lt;/b&gt;</td><td align="right">1</td></tr>',
        "<code>$x^2$</code>",
    ):
        assert part in html
    check = Balanced()
    check.feed(html)
    assert not check.open
    assert not check.seen & {"style", "class", "script", "img", "src", "id"}


def test_markdown_of_a_whole_answer_is_its_source(chat: Chat) -> None:
    chat.show(question("q", "Why *so*?"), answer("a", TEXT))
    chat.view.select_all()
    copy(chat)
    assert taken(MARKDOWN) == f"Why *so*?\n\n{TEXT}"
    assert QGuiApplication.clipboard().text() == chat.view.selected_text()


def test_markdown_of_whole_blocks_says_the_same(chat: Chat) -> None:
    chat.show(answer("a", f"{TEXT}\nlast *one* with 2 * 3, a_b, `x` and 1. <tag>"))
    blocks = chat.view.rows.row(0).body.blocks
    select(chat, (0, 0), (len(blocks) - 1, 15))
    shown = chat.view.selected_text()
    copy(chat)
    assert taken(MARKDOWN) != TEXT
    assert parsed_again(chat, taken(MARKDOWN)) == shown


def test_part_of_a_paragraph_has_no_block_around_it(chat: Chat) -> None:
    chat.show(answer("a", "Some **bold words** here"))
    select(chat, (0, 2), (0, 11))
    copy(chat)
    assert body(taken(HTML)) == "me <strong>bold w</strong>"
    assert taken(MARKDOWN) == "me **bold w**"
    select(chat, (0, 10), (0, 20))
    copy(chat)
    assert taken(MARKDOWN) == "**words** here"


def test_parts_of_two_paragraphs(chat: Chat) -> None:
    chat.show(answer("a", "One *two*\n\nthree four"))
    select(chat, (0, 4), (1, 5))
    copy(chat)
    assert body(taken(HTML)) == "<p><em>two</em></p>\n<p>three</p>\n"
    assert taken(MARKDOWN) == "*two*\n\nthree"


def test_only_the_selected_rows_and_cells_of_a_table(chat: Chat) -> None:
    chat.show(answer("a", "| a | b | c |\n|---|:-:|---|\n| d | e | f |\n| g | h | i |\n"))
    select(chat, (0, 8), (0, 15))
    assert chat.view.selected_text() == "e\tf\ng\th"
    copy(chat)
    rows = '<tr><td></td><td align="center">e</td><td>f</td></tr>\n'
    rows += '<tr><td>g</td><td align="center">h</td><td></td></tr>\n'
    assert body(taken(HTML)) == f"<table>\n{rows}</table>\n"
    assert taken(MARKDOWN) == "|  |  |  |\n|---|:---:|---|\n|  | e | f |\n| g | h |  |"
    select(chat, (0, 6), (0, 9))
    copy(chat)
    assert body(taken(HTML)) == "<table>\n<tr><td>d</td><td>e</td></tr>\n</table>\n"
    select(chat, (0, 6), (0, 7))
    copy(chat)
    assert body(taken(HTML)) == "d"


def test_cell_that_looks_like_a_formula_is_text(chat: Chat) -> None:
    chat.show(answer("a", "| a | b |\n|---|---|\n| =1+1 | -2 |\n"))
    chat.view.select_all()
    copy(chat)
    assert '<td sdnum="1033;0;@">=1+1</td><td>-2</td>' in taken(HTML)


def test_code_is_copied_exactly(chat: Chat) -> None:
    code = "\n".join(f"\tline {i}  " for i in range(200))
    chat.show(answer("a", f"```\n{code}\n```\n\nend"))
    blocks = chat.view.rows.row(0).body.blocks
    select(chat, (0, 0), (len(blocks) - 2, 1 << 20))
    copy(chat)
    assert QGuiApplication.clipboard().text() == code
    assert f"<pre><code>{code}</code></pre>" in taken(HTML)
    assert taken(MARKDOWN) == f"```\n{code}\n```"
    select(chat, (0, 1), (0, 5))
    copy(chat)
    assert body(taken(HTML)) == "<code>line</code>"


def test_fence_is_longer_than_what_is_in_it(chat: Chat) -> None:
    chat.show(answer("a", "before\n\n`````md\n```\nx\n```\n`````\n\nafter"))
    select(chat, (0, 0), (2, 2))
    copy(chat)
    assert "````md\n```\nx\n```\n````" in taken(MARKDOWN)


def test_invisible_characters_are_copied_as_shown(chat: Chat) -> None:
    chat.show(answer("a", "a\u202eb"))
    chat.view.select_all()
    copy(chat)
    assert QGuiApplication.clipboard().text() == "a⟨U+202E⟩b"
    assert "a⟨U+202E⟩b" in taken(HTML)


def test_what_the_user_wrote_is_kept_as_it_is(chat: Chat) -> None:
    chat.show(question("q", "if *a* <b>:\n    c"), answer("a", "x"))
    select(chat, (0, 3), (0, 1 << 20))
    copy(chat)
    assert taken(MARKDOWN) == "*a* <b>:\n    c"
    assert "*a* &lt;b&gt;:<br>\n\xa0\xa0\xa0 c" in taken(HTML)


def test_one_format_alone(chat: Chat) -> None:
    chat.show(answer("a", "Some **bold** words"))
    select(chat, (0, 5), (0, 15))
    copy(chat, MARKDOWN)
    assert QGuiApplication.clipboard().text() == "**bold** words"
    copy(chat, PLAIN)
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == "bold words"
    assert not data.hasHtml()


def test_later_copy_takes_the_place_of_one_being_made(chat: Chat) -> None:
    chat.show(*(answer(f"m{i}", f"{TEXT}\n\nmessage {i}\n\n" * 4) for i in range(120)))
    chat.view.select_all()
    chat.view.copy_selection()
    assert chat.view.copier.is_busy
    select(chat, (0, 0), (0, 4), row=119)
    copy(chat)
    assert QGuiApplication.clipboard().text() == "Head"
    chat.view.select_all()
    copy(chat)
    assert QGuiApplication.clipboard().text() == chat.view.selected_text()
    assert taken(HTML).count("<table>") == 480


def test_offer_makes_what_is_asked_for(chat: Chat) -> None:
    chat.show(answer("a", "Some **bold** words"), answer("b", TEXT))
    chat.view.select_all()
    excerpt = chat.view.selection.excerpt()
    assert excerpt is not None
    shown = chat.view.selected_text()
    offer = Offer(excerpt)
    chat.show(question("q", "Another chat"))
    assert offer.formats() == [PLAIN, HTML, MARKDOWN]
    assert offer.text() == shown
    assert "<strong>bold</strong>" in offer.html()
    assert bytes(offer.data(MARKDOWN).data()).decode() == f"Some **bold** words\n\n{TEXT}"


# What another program makes of it


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_tables_become_tables_in_an_office(chat: Chat, tmp_path: Path) -> None:
    chat.show(answer("a", TEXT))
    chat.view.select_all()
    copy(chat)
    page = tmp_path / "page.html"
    page.write_text(taken(HTML), encoding="utf-8")
    for arguments in (["--infilter=HTML (StarCalc)", "--convert-to", "csv"], ["--convert-to", "odt:writer8"]):
        subprocess.run(
            [
                "soffice",
                "--headless",
                f"-env:UserInstallation=file://{tmp_path}/profile",
                *arguments,
                page.name,
            ],
            cwd=tmp_path,
            check=True,
            timeout=100,
            capture_output=True,
        )
    rows = list(csv.reader((tmp_path / "page.csv").read_text(encoding="utf-8").splitlines()))
    assert [row[:2] for row in rows if row[0] in ("Name", "<b>A</b>", "B", "C")] == [
        ["Name", "Count"], ["<b>A</b>", "1"], ["B", "22"], ["C", "3"],
    ]  # fmt: skip
    document = zipfile.ZipFile(tmp_path / "page.odt").read("content.xml").decode()
    table = document.partition("<table:table ")[2].partition("</table:table>")[0]
    assert len(re.findall("<table:table-row", table)) == 4
    assert "<text:list " in document
    assert 'xlink:href="https://example.org/?a=1&amp;b=2"' in document
