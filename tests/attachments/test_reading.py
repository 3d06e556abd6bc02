"""What is read of each kind of file, by the helper: what a person would read, in its order."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from desktop_chat.attachments import Attachments, Extracted, Unreadable, reading
from tests.helpers import documents
from tests.helpers.documents import docx, odf, paragraph, pdf, pptx, xlsx

pytestmark = pytest.mark.anyio

Reads = Callable[[bytes, str], Awaitable[str]]


@pytest.fixture
def text_of(attachments: Attachments) -> Reads:
    async def text_of(data: bytes, name: str) -> str:
        found = await attachments.extract(data, name)
        assert found.notes == ()
        return found.text

    return text_of


async def test_a_pdf_is_read_page_by_page(attachments: Attachments) -> None:
    found = await attachments.extract(pdf(["First page", "Second page"]), "a.pdf")
    assert found == Extracted("[Page 1]\nFirst page\n\n[Page 2]\nSecond page", "application/pdf")


async def test_pages_of_a_pdf_without_text_are_told(attachments: Attachments) -> None:
    found = await attachments.extract(pdf(["One", b"0 0 m", "Three", b"0 0 m"]), "a.pdf")
    assert found.text == "[Page 1]\nOne\n\n[Page 3]\nThree"
    assert found.notes == ("Without text, perhaps pictures: pages 2, 4.",)


async def test_a_document_keeps_its_order(text_of: Reads) -> None:
    styles = (
        f'<w:styles xmlns:w="{documents.W}"><w:style w:styleId="berschrift2"><w:name w:val="heading 2"/>'
        '</w:style><w:style w:styleId="Titel"><w:name w:val="Title"/></w:style></w:styles>'
    )
    cell = "<w:tc><w:tcPr/>{}</w:tc>".format
    row = "<w:tr><w:trPr><w:del/></w:trPr>{}</w:tr>".format
    nested = f"<w:tbl>{row(cell(paragraph('in')) + cell(paragraph('side')))}</w:tbl>"
    body = (
        paragraph("Report", '<w:pStyle w:val="Titel"/>')
        + paragraph(
            "Café &amp; 日本語 😀", '<w:pStyle w:val="berschrift2"/><w:tabs><w:tab w:val="left"/></w:tabs>'
        )
        + "<w:p><w:r><w:t>One</w:t><w:tab/><w:t>two</w:t><w:br/>"
        + "<w:t xml:space='preserve'> three</w:t></w:r></w:p>"
        + "<w:tbl>"
        + row(cell(paragraph("Name") + paragraph("of it")) + cell(paragraph("Price")))
        + row(cell(paragraph("Tea")) + cell(nested))
        + "</w:tbl>"
        + paragraph("an entry", "<w:numPr/>")
        + paragraph("Last")
    )
    assert await text_of(docx(body, styles=styles), "a.docx") == (
        "# Report\n## Café & 日本語 😀\nOne\ttwo\n three\nName of it\tPrice\nTea\tin\tside\n- an entry\nLast"
    )


async def test_what_a_document_does_not_show_is_not_read(text_of: Reads) -> None:
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    body = (
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>kept</w:t></w:r>"
        "<w:r><w:instrText>HYPERLINK</w:instrText></w:r></w:p>"
        f"<w:p {mc}><mc:AlternateContent><mc:Choice><w:r><w:t>box</w:t></w:r></mc:Choice>"
        "<mc:Fallback><w:r><w:t>box</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>"
    )
    assert await text_of(docx(body), "a.docx") == "kept\nbox"


async def test_notes_of_a_document_follow_it(text_of: Reads) -> None:
    body = '<w:p><w:r><w:t>Said</w:t><w:footnoteReference w:id="2"/></w:r></w:p>'
    notes = (
        f'<w:footnotes xmlns:w="{documents.W}"><w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote>'
        f'<w:footnote w:id="2">{paragraph("by whom")}</w:footnote></w:footnotes>'
    )
    assert await text_of(docx(body, footnotes=notes), "a.docx") == "Said[^2]\n\n[^2] by whom"


async def test_a_document_is_known_by_what_is_in_it(attachments: Attachments) -> None:
    found = await attachments.extract(docx(paragraph("Hello")), "letter.zip")
    assert found.text == "Hello"
    assert found.media_type == reading.files.DOCX


async def test_slides_come_in_their_order_with_what_their_speaker_noted(text_of: Reads) -> None:
    assert await text_of(pptx(["Hello", "World"], notes="Smile"), "a.pptx") == (
        "[Slide 1]\nHello\n\nNotes:\nSmile\n\n[Slide 2]\nWorld"
    )


async def test_a_workbook_shows_what_its_cells_show(text_of: Reads) -> None:
    formats = (
        '<numFmts><numFmt numFmtId="164" formatCode="[$-407]d. mmm yyyy"/>'
        '<numFmt numFmtId="165" formatCode="0.0&quot; days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/></cellXfs>'
    )
    rows = (
        '<row><c r="A1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>in\nline</t></is></c></row><row/>'
        '<row><c r="A3"><v>0.30000000000000004</v></c><c r="B3" s="1"><v>46347</v></c>'
        '<c r="C3" s="2"><v>46347</v></c><c r="D3" s="3"><v>2.5</v></c><c r="E3" s="4"><v>46347.4375</v></c>'
        '<c r="F3" t="b"><v>1</v></c><c r="G3" t="str"><f>A1</f><v>made</v></c>'
        '<c r="H3" t="e"><v>#N/A</v></c><c r="I3"><v>12345678901234567</v></c></row>'
    )
    assert await text_of(xlsx(rows, texts=["no", "Größe"], formats=formats), "a.xlsx") == (
        "[Sheet Prices]\nGröße\t\tin line\n"
        "0.3\t2026-11-21\t2026-11-21\t2.5\t2026-11-21 10:30:00\tTRUE\tmade\t#N/A\t12345678901234567"
    )


async def test_a_workbook_of_an_old_mac_counts_days_from_1904(text_of: Reads) -> None:
    data = xlsx(
        '<row><c r="A1" s="0"><v>1</v></c></row>',
        formats='<cellXfs><xf numFmtId="14"/></cellXfs>',
        first='date1904="1"',
        state="hidden",
    )
    assert await text_of(data, "a.xlsx") == "[Sheet Prices (hidden)]\n1904-01-02"


async def test_what_makes_no_sense_in_a_workbook_stays_as_it_is(text_of: Reads) -> None:
    rows = (
        '<row><c r="A1" t="s"><v>7</v></c><c r="B1"><v>a lot</v></c><c r="C1" s="9"><v>1</v></c>'
        '<c r="D1" s="0"><v>1e300</v></c><c><v>5</v></c></row>'
    )
    data = xlsx(rows, formats='<cellXfs><xf numFmtId="14"/></cellXfs>')
    assert await text_of(data, "a.xlsx") == "[Sheet Prices]\n7\ta lot\t1\t1e300\t5"


async def test_documents_of_libreoffice_are_read(text_of: Reads) -> None:
    body = (
        '<text:tracked-changes>gone</text:tracked-changes><text:h text:outline-level="2">Head</text:h>'
        '<text:p>One<text:s text:c="2"/>two<text:tab/>three<text:line-break/>four\nfive'
        "<office:annotation><text:p>a note</text:p></office:annotation></text:p>"
        "<text:list><text:list-item><text:p>entry</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert await text_of(odf("text", body), "a.odt") == "## Head\nOne  two\tthree\nfour five\n- entry\na\tb"


async def test_sheets_and_slides_of_libreoffice_are_read(text_of: Reads) -> None:
    cell = "<table:table-cell {}><text:p>{}</text:p></table:table-cell>".format
    sheet = (
        '<table:table table:name="Costs"><table:table-row table:number-rows-repeated="2">'
        + cell('table:number-columns-repeated="2"', "x")
        + "</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    assert await text_of(odf("spreadsheet", sheet), "a.ods") == "[Sheet Costs]\nx\tx\nx\tx"
    notes = "<presentation:notes><text:p>Smile</text:p></presentation:notes>"
    slides = f"<draw:page><text:p>Hi</text:p>{notes}</draw:page>"
    assert await text_of(odf("presentation", slides * 2), "a.odp") == (
        "[Slide 1]\nHi\n\nNotes:\nSmile\n\n[Slide 2]\nHi\n\nNotes:\nSmile"
    )


async def test_rich_text_is_read(text_of: Reads) -> None:
    data = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 Caf\'e9 \b bold\b0\par \u26085?\u26412? "
        rb"\u-10179?\u-8704? \u-10179?\par}"
    )
    assert await text_of(data, "a.rtf") == "Café bold\n日本 😀 \ufffd"
    # Word calls it .doc where it is asked to.
    assert await text_of(data, "a.doc") == "Café bold\n日本 😀 \ufffd"


async def test_a_web_page_is_read_as_it_is_shown(text_of: Reads) -> None:
    page = """<!doctype html><html><head><meta charset=iso-8859-1><title>Café</title>
    <style>p { color: red }</style><script>if (a < b) { alert("no") }</script></head>
    <body><h2>Prices &amp;  more</h2><p>One
    line<br>two</p><ul><li>first<li>second</ul><table><tr><th>Name</th><th>Price</th></tr>
    <tr><td>Tea</td><td>3</td></tr></table><template>no</template><pre>  def x():
      pass</pre></body></html>"""
    assert await text_of(page.encode("latin-1"), "a.html") == (
        "Café\n\n## Prices & more\n\nOne line\ntwo\n\n- first\n- second\n\nName\tPrice\nTea\t3\n\n"
        "  def x():\n      pass"
    )


async def test_a_notebook_is_its_cells_and_what_they_printed(text_of: Reads) -> None:
    book = {
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "Text"]},
            {
                "cell_type": "code",
                "source": "1 / 0",
                "outputs": [
                    {"output_type": "stream", "text": ["hello\n"]},
                    {"output_type": "display_data", "data": {"image/png": "AAAA"}},
                    {"output_type": "execute_result", "data": {"text/plain": "42", "text/html": "<b>"}},
                    {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "by zero"},
                ],
            },
        ],
    }
    assert await text_of(json.dumps(book).encode(), "a.ipynb") == (
        "# Title\nText\n\n```python\n1 / 0\n```\n\nOutput:\n```\nhello\n```\n\n"
        "Output:\n```\n42\n```\n\nOutput:\n```\nZeroDivisionError: by zero\n```"
    )


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.py", "text/x-python"),
        ("a.csv", "text/csv"),
        ("a.md", "text/markdown"),
        ("a.json", "application/json"),
        ("Makefile", "text/plain"),
        ("a.svg", "image/svg+xml"),
        ("a.unheard", "text/plain"),
    ],
)
async def test_texts_stay_as_they_are(attachments: Attachments, name: str, media_type: str) -> None:
    source = 'a,b\n\n\t"über <b>,  x\n'
    found = await attachments.extract(source.encode(), name)
    assert found == Extracted(source.rstrip("\n"), media_type)


async def test_ends_of_lines_are_line_feeds_and_control_characters_are_gone(text_of: Reads) -> None:
    filler = "word " * 200
    assert await text_of(f"a\r\nb\rc\0\x07\x1b[1md{filler}".encode(), "a.txt") == f"a\nb\nc[1md{filler}"


async def test_a_long_text_is_cut_and_that_is_told(attachments: Attachments) -> None:
    found = await attachments.extract(b"word " * 500_000, "a.txt")
    assert len(found.text) == reading.MAX_TEXT
    assert found.notes == ("Only the first 2,000,000 characters were read.",)


async def test_what_takes_long_is_read_as_far_as_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_ENOUGH", -1)
    notes: list[str] = []
    assert reading._gathered(iter(["one ", "two"]), notes) == "one "
    assert notes == ["Only its beginning was read: all of it would take too long."]


async def test_nothing_is_left_of_what_the_helper_read(attachments: Attachments, tmp_path: Path) -> None:
    await attachments.extract(b"text", "a.txt")
    with pytest.raises(Unreadable):
        await attachments.extract(b"", "a.txt")
    assert list((tmp_path / "attachments").iterdir()) == []


async def test_the_helper_alone_imports_what_reads() -> None:
    """In the program they would be ready for what is hostile in them, and take a second to import."""
    code = (
        "import sys, desktop_chat.attachments;"
        "sys.exit(bool({'pypdf', 'charset_normalizer', 'striprtf', 'zipfile'} & set(sys.modules)))"
    )
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await program.wait() == 0
