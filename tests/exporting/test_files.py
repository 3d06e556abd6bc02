"""Where exports go: files, folders and archives, their names, and that all of it is there or nothing."""

import errno
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.domain.message import Attachment, Part, PartKind
from desktop_chat.exporting import Cancelled, ExportFailed, Format, Packing, Plan, packing_of
from desktop_chat.exporting.names import LONGEST, LONGEST_BYTES, Names, safe
from tests.exporting.samples import PDF, PDF_HASH, PNG, PNG_HASH, plain, read, tides, written

RESERVED = ("CON", "nul", "Com1", "LPT9.txt", "aux. x", "CONIN$")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_has_a_file_a_chat_and_its_attachments_beside(tmp_path: Path) -> None:
    histories = [tides(), plain(1), plain(2), plain(3, "NEW CHAT")]
    report = written(histories, Plan(Format.MARKDOWN, tmp_path / "Chats", Packing.FOLDER))
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {
        "Chats/Science/Sea/Tides why \U0001f30a.md",
        "Chats/New chat.md",
        "Chats/New chat (2).md",
        "Chats/NEW CHAT (3).md",
        "Chats/attachments/sea view.png",
        "Chats/attachments/tables.pdf",
    }
    assert (report.path, report.chats, report.notes) == (tmp_path / "Chats", 4, ())
    assert (tmp_path / "Chats/attachments/sea view.png").read_bytes() == PNG
    assert (tmp_path / "Chats/attachments/tables.pdf").read_bytes() == PDF
    if sys.platform != "win32":
        assert {mode(path) for path in tmp_path.rglob("*") if path.is_file()} == {0o600}
        assert {mode(path) for path in tmp_path.rglob("*") if path.is_dir()} == {0o700}


@pytest.mark.parametrize("packing", [Packing.FOLDER, Packing.ZIP])
def test_names_that_are_long_or_those_of_others(tmp_path: Path, packing: Packing) -> None:
    inside, named = plain(1), plain(2, "Notes")
    inside.folder = ("Notes.md", "con." + 60 * "x", "\u5b57" * 90)
    long = 90 * "x" + "." + 90 * "\u5b57"
    part = Part(PartKind.FILE, name=long, data=Attachment(PDF_HASH, "application/pdf", 15))
    named.messages[0].parts.append(part)
    report = written([named, inside], Plan(Format.MARKDOWN, tmp_path / "Chats", packing))
    if packing is Packing.ZIP:
        zipfile.ZipFile(report.path).extractall(tmp_path / "unpacked")
    names = {path.name for path in tmp_path.rglob("*")}
    assert {"Notes.md", "Notes.md_", f"_con.{36 * 'x'}"} < names
    assert all(len(name.encode()) < 255 for name in names)


def test_a_folder_that_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "Chats").mkdir()
    (tmp_path / "Chats" / "mine").write_text("mine")
    report = written([plain(1)], Plan(Format.TEXT, tmp_path / "Chats", Packing.FOLDER))
    assert report.path == tmp_path / "Chats (2)"
    assert [path.name for path in (tmp_path / "Chats").iterdir()] == ["mine"]
    assert [path.name for path in report.path.iterdir()] == ["New chat.txt"]


def test_an_archive_has_the_same_files_as_a_folder(tmp_path: Path) -> None:
    histories = [tides(), plain(1)]
    written(histories, Plan(Format.MARKDOWN, tmp_path / "folder", Packing.FOLDER))
    written(histories, Plan(Format.MARKDOWN, tmp_path / "chats.zip", Packing.ZIP))
    with zipfile.ZipFile(tmp_path / "chats.zip") as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    folder = tmp_path / "folder"
    assert files == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    if sys.platform != "win32":
        assert mode(tmp_path / "chats.zip") == 0o600


def test_what_is_not_on_the_disk_any_more_is_left_out_and_told(tmp_path: Path) -> None:
    def lost(hash: str) -> bytes:
        if hash == PNG_HASH:
            raise AttachmentMissing(hash)
        return read(hash)

    for format in (Format.MARKDOWN, Format.HTML, Format.JSON):
        report = written([tides()], Plan(format, tmp_path / format, Packing.FOLDER), read=lost)
        assert report.notes == ("1 attachment is not on the disk any more.",)
        assert (report.chats, len(list((report.path / "attachments").iterdir()))) == (1, 1)


@pytest.mark.parametrize("packing", Packing)
@pytest.mark.parametrize("format", [Format.TEXT, Format.JSON, Format.PDF])
def test_what_is_cancelled_leaves_nothing(tmp_path: Path, packing: Packing, format: Format) -> None:
    target = tmp_path / "chats"
    if packing is not Packing.FOLDER:
        target.write_text("before")
    seen: list[int] = []
    with pytest.raises(Cancelled):
        written(
            [tides(), plain(1), plain(2)],
            Plan(format, target, packing),
            progress=seen.append,
            is_cancelled=lambda: len(seen) >= 2,
        )
    assert seen == [1, 2]
    left = [path.name for path in tmp_path.iterdir()]
    assert left == ([] if packing is Packing.FOLDER else ["chats"])
    assert packing is Packing.FOLDER or target.read_text() == "before"


@pytest.mark.parametrize("packing", Packing)
def test_what_fails_leaves_nothing(tmp_path: Path, packing: Packing) -> None:
    def broken() -> object:
        yield plain(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ExportFailed, match="There is no room left on the disk of"):
        written(broken(), Plan(Format.TEXT, tmp_path / "chats", packing))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_told_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = os.open

    def full(path: object, flags: int, *args: int) -> int:
        return opening("/dev/full" if str(path).endswith(".new") else path, flags, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", full)
    (tmp_path / "chats.json").write_text("before")
    with pytest.raises(ExportFailed, match="There is no room left on the disk of"):
        written([plain(number) for number in range(500)], Plan(Format.JSON, tmp_path / "chats.json"))
    assert (tmp_path / "chats.json").read_text() == "before"


def test_a_folder_that_may_not_be_written_to_is_told(ordinary_user: Path) -> None:
    ordinary_user.chmod(0o500)
    for packing in Packing:
        with pytest.raises(ExportFailed, match="not allowed to write"):
            written([plain(1)], Plan(Format.TEXT, ordinary_user / "x", packing))
    ordinary_user.chmod(0o700)
    with pytest.raises(ExportFailed, match="is not there"):
        written([plain(1)], Plan(Format.TEXT, ordinary_user / "gone" / "x"))


def test_the_trash_is_in_our_own_format_alone(tmp_path: Path) -> None:
    gone = plain(1)
    gone.conversation.deleted_at = 5.0
    for format in (Format.MARKDOWN, Format.HTML, Format.TEXT, Format.PDF, Format.MESSAGES):
        report = written([gone, plain(2)], Plan(format, tmp_path / format, packing_for(format)))
        assert report.chats == 1
    assert written([gone, plain(2)], Plan(Format.JSON, tmp_path / "all.json")).chats == 2


def packing_for(format: Format) -> Packing:
    return packing_of(format, 2, attachments=False)[-1]


def test_our_own_format_has_its_attachments_by_their_hash(tmp_path: Path) -> None:
    written([tides()], Plan(Format.JSON, tmp_path / "all", Packing.FOLDER))
    names = {path.relative_to(tmp_path / "all").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"chats.json", f"attachments/{PNG_HASH}", f"attachments/{PDF_HASH}"}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "Chat"),
        ("...", "Chat"),
        (" .hidden. ", "hidden"),
        ("../../etc/passwd", "etc passwd"),
        ('a<b>c:d"e/f\\g|h?i*j', "a b c d e f g h i j"),
        ("two\nlines\tand\0more", "two lines and more"),
        ("turned\u202egnp.exe", "turnedgnp.exe"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("日本語のチャット", "日本語のチャット"),
        *((name, f"_{name}") for name in RESERVED),
        ("Con.sequences", "_Con.sequences"),
        ("Console", "Console"),
    ],
)
def test_names_that_every_system_takes(title: str, name: str) -> None:
    assert safe(title) == name


@given(st.lists(st.text(max_size=300), max_size=8))
def test_names_are_safe_and_none_is_there_twice(titles: list[str]) -> None:
    names = Names()
    made = [names.of(safe(title), "md") for title in titles]
    assert len({name.casefold() for name in made}) == len(titles)
    for name in made:
        stem = name.removesuffix(".md")
        assert not set(stem) & set('<>:"/\\|?*\0\n\r\t')
        assert stem == stem.strip(" .")
        assert len(stem) <= LONGEST + 10
        assert len(name.encode()) <= LONGEST_BYTES + 20


def test_ten_thousand_chats_with_the_same_title_have_names_at_once() -> None:
    names = Names()
    made = {names.of("New chat", "md") for _ in range(10_000)}
    assert len(made) == 10_000
    assert "New chat (10000).md" in made
