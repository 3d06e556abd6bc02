"""Files that are made to harm, or are none of what they say: each is refused with a sentence, and in time."""

import asyncio
import io
import os
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_chat.attachments import (
    Attachments,
    FileNotTaken,
    Unreadable,
    files,
    packages,
    plain_name,
    read_file,
    reading,
)
from desktop_chat.worker import Worker
from tests.helpers import documents
from tests.helpers.documents import archive, docx, odf, office, paragraph, pdf, xlsx

ZEROS = 400_000_000
OLE = files.OLE_MAGIC + b"\0" * 600


def zeros(size: int) -> bytes:
    """A raw deflate stream of ``size`` zeros, a thousandth of it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1_000_000)
    return b"".join([packer.compress(piece) for _ in range(size // len(piece))]) + packer.flush()


def zip_bomb() -> bytes:
    """A .docx with a part that unpacks to so many spaces."""
    file = io.BytesIO(office("word/document.xml", {}))
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed,
        packed.open("word/document.xml", "w") as part,
    ):
        for _ in range(ZEROS // 1_000_000):
            part.write(b" " * 1_000_000)
    return file.getvalue()


def liar() -> bytes:
    """An archive that says of its parts, one of five megabytes, that they have a hundred bytes."""
    data = bytearray(docx(paragraph("x" * 5_000_000)))
    for magic, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        for found in re.finditer(re.escape(magic), bytes(data)):
            data[found.start() + place : found.start() + place + 4] = struct.pack("<I", 100)
    return bytes(data)


def entity_bomb() -> str:
    entities = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 12))
    return (
        f'<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY e0 "lol">{entities}]>'
        f'<w:document xmlns:w="{documents.W}"><w:body>{paragraph("&e11;")}</w:body></w:document>'
    )


def outside() -> str:
    return (
        '<!DOCTYPE w:document [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        f'<w:document xmlns:w="{documents.W}"><w:body>{paragraph("&x;")}</w:body></w:document>'
    )


def encrypted_pdf() -> bytes:
    """One whose password nobody knows: of the standard handler, with nonsense for keys."""
    return pdf(
        ["secret"],
        f"/ID[<{'00' * 16}><{'00' * 16}>]/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4"
        f"/O<{'5a' * 32}>/U<{'a5' * 32}>>>",
    )


def encrypted_zip() -> bytes:
    data = bytearray(docx(paragraph("x")))
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(magic), bytes(data)):
            data[found.start() + place] |= 1
    return bytes(data)


def nested(depth: int) -> bytes:
    return docx("<w:tbl>" * depth + "</w:tbl>" * depth)


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "nothing": ("a.txt", bytes, "It is empty."),
    "a zip bomb": ("a.docx", zip_bomb, "It unpacks to far more"),
    "an entity bomb": (
        "a.docx",
        lambda: office("word/document.xml", {"word/document.xml": entity_bomb()}),
        "It declares entities",
    ),
    "an entity from outside": (
        "a.docx",
        lambda: office("word/document.xml", {"word/document.xml": outside()}),
        "It declares entities",
    ),
    "a docx that is no zip": ("a.docx", lambda: os.urandom(5000), "It is not a text."),
    "a docx that is cut short": ("a.docx", lambda: docx(paragraph("x" * 9000))[:400], "It is damaged"),
    "a docx without what it needs": ("a.docx", lambda: archive({"x.xml": "<x/>"}), "It is an archive."),
    "a docx without a document": (
        "a.docx",
        lambda: office("word/document.xml", {}),
        "There is no text in it.",
    ),
    "a docx with broken XML": (
        "a.docx",
        lambda: office("word/document.xml", {"word/document.xml": "<w:document>"}),
        "It is damaged",
    ),
    "a docx with a password": (
        "a.docx",
        lambda: OLE + "EncryptedPackage".encode("utf-16-le") + bytes(100),
        "It is protected by a password.",
    ),
    "parts with a password": ("a.docx", encrypted_zip, "It is protected by a password."),
    "an old doc": ("a.doc", lambda: OLE, "It has the format of an old version of Office."),
    "an odt with a password": (
        "a.odt",
        lambda: odf("text", "<x/>", "<m:file-entry><m:encryption-data/></m:file-entry>"),
        "It is protected by a password.",
    ),
    "an archive": ("a.zip", lambda: archive({"a.txt": "x"}), "It is an archive."),
    "an archive of too many": (
        "a.zip",
        lambda: archive({f"{n}": b"" for n in range(10_001)}, zipfile.ZIP_STORED),
        "It unpacks to far more",
    ),
    "an encrypted pdf": ("a.pdf", encrypted_pdf, "It is protected by a password."),
    "a pdf of pictures": (
        "a.pdf",
        lambda: pdf([b"0 0 m", b""]),
        "There is no text in it: its pages are pict",
    ),
    "a pdf of garbage": ("a.pdf", lambda: b"%PDF-1.7\n" + os.urandom(10_000), "It is damaged"),
    "a pdf cut short": ("a.pdf", lambda: pdf(["x"])[:80], "It is damaged"),
    "an image": ("a.png", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "It is an image"),
    "a program": ("a.txt", lambda: b"\x7fELF\x02\x01\x01" + bytes(5000), "It is not a text."),
    "a database": ("a.db", lambda: b"SQLite format 3\0" + bytes(100), "It is a database"),
    "zeros": ("a.txt", lambda: bytes(1_000_000), "It is not a text."),
    "blanks": ("a.txt", lambda: b" \n" * 1000, "There is no text in it."),
    "a notebook that is none": ("a.ipynb", lambda: b"[1]", "It is damaged"),
    "a notebook too deep": ("a.ipynb", lambda: b"[" * 200_000, "It is damaged"),
    "tables without end": ("a.docx", lambda: nested(200_000), "There is no text in it."),
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_file_is_refused_with_a_sentence(attachments: Attachments, kind: str) -> None:
    name, make, sentence = HOSTILE[kind]
    with pytest.raises(Unreadable) as refused:
        await attachments.extract(make(), name)
    assert str(refused.value).startswith(sentence)
    assert str(refused.value).endswith(".")


@pytest.mark.anyio
async def test_a_page_that_unpacks_without_end_is_left_out(attachments: Attachments) -> None:
    data = pdf(["first", "second"]).replace(
        zlib.compress(b"BT /F1 12 Tf 72 720 Td (second) Tj ET"), b"\x78\x9c" + zeros(ZEROS)
    )
    found = await attachments.extract(data, "a.pdf")
    assert found.text == "[Page 1]\nfirst"
    assert found.notes == ("Damaged, and left out: page 2.",)


@pytest.mark.anyio
async def test_a_part_that_is_longer_than_it_says_is_not_read(attachments: Attachments) -> None:
    with pytest.raises(Unreadable, match="It is damaged"):
        await attachments.extract(liar(), "a.docx")


@pytest.mark.anyio
async def test_a_file_that_takes_for_ever_ends_the_helper_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_chat.attachments._SECONDS", 1.0)
    worker = Worker()
    attachments = Attachments(tmp_path, worker)
    try:
        await attachments.extract(b"text", "a.txt")
        before = worker.pid
        with pytest.raises(Unreadable, match="more time or memory"):
            await attachments.extract(slow_page(), "a.html")
        assert before is not None
        assert not psutil.pid_exists(before)
        assert (await attachments.extract(b"text", "a.txt")).text == "text"
    finally:
        attachments.close()


def slow_page() -> bytes:
    """Tags that never end: each is looked at to the end of the page, again and again."""
    return b"<a " + b"<a x='" * 300_000


@pytest.mark.anyio
async def test_a_reading_that_is_called_off_leaves_nothing(attachments: Attachments, tmp_path: Path) -> None:
    task = asyncio.ensure_future(attachments.extract(b"word " * 100_000, "a.txt"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await attachments.extract(b"text", "a.txt")).text == "text"
    assert [path for path in (tmp_path / "attachments").iterdir() if path.name.startswith(".reading")] == []


@pytest.mark.anyio
async def test_closing_while_a_file_waits_is_told(tmp_path: Path) -> None:
    attachments = Attachments(tmp_path)
    attachments.close()
    with pytest.raises(Unreadable):
        await attachments.extract(b"text", "a.txt")


@pytest.mark.anyio
async def test_what_a_sheet_repeats_without_end_is_bounded(attachments: Attachments) -> None:
    cell = '<table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="999999999">{cell}</table:table-row>'
    sheet = f"<table:table>{row * 100}</table:table>"
    found = await attachments.extract(odf("spreadsheet", sheet), "a.ods")
    assert found.notes == ("Only the first 2,000,000 characters were read.",)
    far = await attachments.extract(
        xlsx('<row><c r="XFD1"><v>1</v></c><c r="ZZZ9"><v>2</v></c></row>'), "a.xlsx"
    )
    assert far.text.split() == ["[Sheet", "Prices]", "1", "2"]


@settings(max_examples=60)
@given(
    data=st.binary(max_size=300),
    name=st.sampled_from(["a.txt", "a.html", "a.rtf", "a.csv", "a.ipynb", "a.pdf"]),
)
def test_any_bytes_are_a_text_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    for start in (b"", b"%PDF-1.4\n", b"{\\rtf1", b"<p>", b"PK\x03\x04"):
        path.write_bytes(start + data)
        found = reading.read(str(path), name)
        assert bool(found["text"]) != bool(found["unreadable"])
        found["text"].encode()


def test_no_more_is_unpacked_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_UNPACKED", 100_000)
    package = packages.Package(docx(paragraph("x" * 200_000)))
    with pytest.raises(packages.Refused, match="It unpacks"):
        list(package.parsed(package.main))


# What the user names


def test_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    assert read_file(tmp_path / "a") == b"content"
    if sys.platform != "win32":
        (tmp_path / "link").symlink_to(tmp_path / "a")
        assert read_file(tmp_path / "link") == b"content"


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(ZEROS)
    with pytest.raises(FileNotTaken, match="It is larger than 50 MB"):
        read_file(tmp_path / "zeros")
    (tmp_path / "small").write_bytes(b"x" * 11)
    with pytest.raises(FileNotTaken):
        read_file(tmp_path / "small", largest=10)
    assert len(read_file(tmp_path / "small", largest=11)) == 11


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to the pipe").symlink_to(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    for path, reason in {
        tmp_path: "It is a folder",
        tmp_path / "pipe": "It is a device or a pipe",
        tmp_path / "to the pipe": "It is a device or a pipe",
        Path("/dev/zero"): "It is a device or a pipe",
        tmp_path / "circle": "It cannot be opened",
        tmp_path / "nowhere": "It cannot be opened",
        tmp_path / "a\0b": "It cannot be opened",
    }.items():
        with pytest.raises(FileNotTaken, match=reason):
            read_file(path)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("report.pdf", "report.pdf"),
        ("a\nb\tc\x00d\x1b[31m.txt", "a b cd[31m.txt"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("caf\udce9.txt", "caf.txt"),
        ("\u2028 \x07", "file"),
        ("", "file"),
        ("x" * 300 + ".tar.gz", "x" * 116 + "….gz"),
    ],
)
def test_names_show_as_they_are_written(name: str, plain: str) -> None:
    assert plain_name(name) == plain
    assert len(plain_name(name)) <= 120
