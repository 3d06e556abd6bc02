"""Exporting from the window: what is offered, what is written, how it is told, and how it is cancelled."""

import asyncio
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.exporting import Format, Packing, Plan, Report, Scope
from desktop_chat.exports import Contents
from desktop_chat.ui.exporting import Exporting, proposed_name, report_words
from desktop_chat.ui.exporting.dialog import FORMATS, ExportDialog
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import Running, until


async def dialog_of(running: Running) -> ExportDialog:
    await until(lambda: running.window.findChild(ExportDialog) is not None)
    found = running.window.findChild(ExportDialog)
    assert found is not None
    return found


async def finish(running: Running, path: Path) -> str:
    """Choose ``path`` in the dialog that asks where, and wait for the end. What the bar says then."""
    where = running.window.findChild(QFileDialog)
    assert where is not None
    where.fileSelected.emit(str(path))
    where.reject()
    bar = running.window.exporting.bar
    await until(lambda: not bar.isHidden() and "written" in bar.accessibleDescription())
    return bar.accessibleDescription()


def shown(dialog: ExportDialog) -> tuple[bool, bool, bool, bool]:
    boxes = (dialog.versions, dialog.reasoning, dialog.attachments, dialog.packing)
    return tuple(box.isVisibleTo(dialog) for box in boxes)  # type: ignore[return-value]


async def test_one_chat_is_written_and_its_folder_shown(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.chat("Tides: why?")
    running.window.export_chat()
    dialog = await dialog_of(running)
    assert dialog.plan == Plan(Format.MARKDOWN, Path(), attachments=False)
    dialog.choose(Format.HTML)
    dialog.export_button.click()
    where = running.window.findChild(QFileDialog)
    assert where is not None
    assert Path(where.selectedFiles()[0]).name == "Tides why.html"
    told = await finish(running, tmp_path / "page.html")
    assert told == "1 chat written to page.html."
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Hello." in page
    folders: list[Path] = []
    monkeypatch.setattr(
        "desktop_chat.ui.exporting.open_folder", lambda folder, parent: folders.append(folder)
    )
    running.window.exporting.bar.pressed.emit()
    assert folders == [tmp_path]


async def test_all_chats_are_written_into_an_archive(running: Running, tmp_path: Path) -> None:
    for title in ("One", "Two"):
        await running.chat(title)
    running.window.export_all_chats()
    dialog = await dialog_of(running)
    assert dialog.plan.packing is Packing.ZIP
    dialog.export_button.click()
    assert await finish(running, tmp_path / "all.zip") == "2 chats written to all.zip."
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert sorted(archive.namelist()) == ["One.md", "Two.md"]


async def test_pdfs_are_drawn_one_after_the_other(running: Running, tmp_path: Path) -> None:
    ids = [await running.chat(title) for title in ("One", "Two")]
    running.window.export(ids)
    dialog = await dialog_of(running)
    dialog.choose(Format.PDF)
    dialog.packing.choose(Packing.FOLDER)
    dialog.export_button.click()
    assert await finish(running, tmp_path / "Chats") == "2 chats written to Chats."
    found = sorted((tmp_path / "Chats").iterdir())
    assert [path.name for path in found] == ["One.pdf", "Two.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") for path in found)


async def test_our_own_format_of_all_has_the_ledger(running: Running, tmp_path: Path) -> None:
    await running.chat("One")
    running.window.export_all_chats()
    dialog = await dialog_of(running)
    dialog.choose(Format.JSON)
    dialog.export_button.click()
    await finish(running, tmp_path / "all.json")
    document = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert [chat["title"] for chat in document["chats"]] == ["One"]
    assert document["ledger"] == []


async def test_a_failure_is_told_and_leaves_what_was_there(running: Running, tmp_path: Path) -> None:
    await running.chat("One")
    scope, contents = Scope(None), Contents(1, "One")
    running.window.exporting.write(scope, contents, Plan(Format.TEXT, Path()), tmp_path / "gone" / "one.txt")
    await until(lambda: running.window.findChild(QMessageBox, "exportProblem") is not None)
    box = running.window.findChild(QMessageBox, "exportProblem")
    assert box is not None
    assert f"The folder {tmp_path / 'gone'} is not there." in box.text()
    assert running.window.exporting.bar.isHidden()
    box.close()


async def test_cancelling_leaves_nothing(running: Running, tmp_path: Path) -> None:
    ids = [await running.chat(f"Chat {number}") for number in range(4)]
    exporting = running.window.exporting
    folder = tmp_path / "out"
    folder.mkdir()
    plan = Plan(Format.PDF, Path(), Packing.FOLDER)
    exporting.write(Scope(tuple(ids)), Contents(4), plan, folder / "Chats")
    await until(lambda: any(folder.iterdir()))
    exporting.bar.pressed.emit()
    await until(lambda: not any(folder.iterdir()))
    assert exporting.bar.isHidden()
    assert running.window.findChild(QMessageBox, "exportProblem") is None


async def test_nothing_to_export_is_said(running: Running) -> None:
    running.window.export_all_chats()
    bar = running.window.exporting.bar
    await until(lambda: not bar.isHidden())
    assert bar.accessibleDescription() == "There are no chats to export."


async def test_a_chat_without_messages_offers_nothing(running: Running) -> None:
    running.window.export_chat()
    await asyncio.sleep(0)
    assert running.window.findChild(Exporting) is None


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (Format.MARKDOWN, (True, True, True, True)),
        (Format.HTML, (True, True, True, True)),
        (Format.PDF, (False, False, False, True)),
        (Format.TEXT, (True, True, True, True)),
        (Format.JSON, (False, False, True, True)),
        (Format.MESSAGES, (False, False, True, False)),
    ],
)
def test_only_what_applies_is_offered(
    qtbot: QtBot, theme: Theme, format: Format, expected: tuple[bool, bool, bool, bool]
) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(900, 700)
    host.show()
    dialog = ExportDialog(theme, host, Contents(3), is_all=False)
    dialog.show()
    height = dialog.height()
    dialog.choose(format)
    assert shown(dialog) == expected
    assert dialog.height() == height
    dialog.versions.setChecked(True)
    assert dialog.plan.versions == expected[0]
    dialog.attachments.setChecked(False)
    assert not dialog.plan.attachments


def test_every_format_is_offered_with_what_it_is_good_for() -> None:
    assert {format for format, _, _ in FORMATS} == set(Format)
    assert all(use.endswith(".") for _, _, use in FORMATS)


@pytest.mark.parametrize(
    ("plan", "contents", "is_all", "name"),
    [
        (Plan(Format.MARKDOWN, Path()), Contents(1, "A/B"), False, "A B.md"),
        (Plan(Format.PDF, Path(), Packing.FOLDER), Contents(1, ""), False, "Chat"),
        (Plan(Format.MESSAGES, Path()), Contents(9), True, "Chats DAY.jsonl"),
        (Plan(Format.JSON, Path(), Packing.ZIP), Contents(9), True, "Desktop Chat DAY.zip"),
        (Plan(Format.JSON, Path()), Contents(9), False, "Chats DAY.json"),
    ],
)
def test_names_are_proposed(plan: Plan, contents: Contents, is_all: bool, name: str) -> None:
    today = datetime.now().astimezone().date().isoformat()
    assert proposed_name(plan, contents, is_all=is_all) == name.replace("DAY", today)


def test_the_report_tells_what_is_not_there() -> None:
    report = Report(Path("x/Chats.zip"), 1200, ("2 attachments are not on the disk any more.",))
    expected = "1,200 chats written to Chats.zip. 2 attachments are not on the disk any more."
    assert report_words(report) == expected
