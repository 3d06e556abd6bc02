"""Export and print: files are written as a whole or not at all, and what fails is told."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.ui.paper import Paper, file_name
from desktop_chat.ui.theme import Theme


def explain(error: ChatError) -> tuple[str, str]:
    return "Title", error.message


def messages(count: int = 3) -> list[Message]:
    text = "Some **words** of an answer.\n\n" * 40
    return [
        Message(f"m{i}", None, Role.ASSISTANT, [Part(PartKind.TEXT, text)], model="demo")
        for i in range(count)
    ]


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show()
    return made


@pytest.fixture
def paper(qtbot: QtBot, theme: Theme, window: QWidget) -> Paper:
    made = Paper(theme, explain, window)
    made.bar.setParent(window)
    return made


def test_a_file_is_written_as_a_whole(qtbot: QtBot, paper: Paper, tmp_path: Path) -> None:
    path = tmp_path / "chat.pdf"
    path.write_bytes(b"the one before")
    paper.write_pdf(path, messages(), "A title")
    assert path.read_bytes() == b"the one before"
    qtbot.waitUntil(lambda: not paper.is_busy, timeout=20_000)
    assert path.read_bytes().startswith(b"%PDF")
    assert [file.name for file in tmp_path.iterdir()] == ["chat.pdf"]


def test_cancelling_leaves_what_was_there(qtbot: QtBot, paper: Paper, tmp_path: Path) -> None:
    path = tmp_path / "chat.pdf"
    path.write_bytes(b"the one before")
    paper.write_pdf(path, messages(100), "A title")
    paper.bar.pressed.emit()
    assert not paper.is_busy
    assert path.read_bytes() == b"the one before"
    assert [file.name for file in tmp_path.iterdir()] == ["chat.pdf"]
    paper.write_pdf(path, messages(1), "A title")
    qtbot.waitUntil(lambda: not paper.is_busy, timeout=20_000)
    assert path.read_bytes().startswith(b"%PDF")


def test_a_place_that_takes_no_file_is_told(
    qtbot: QtBot, paper: Paper, window: QWidget, tmp_path: Path
) -> None:
    paper.write_pdf(tmp_path / "no folder" / "chat.pdf", messages(), "A title")
    box = window.findChild(QMessageBox)
    assert box is not None
    assert "cannot be written" in box.text()
    assert not paper.is_busy
    box.close()


def test_the_dialog_proposes_a_name_and_does_not_block(qtbot: QtBot, paper: Paper, window: QWidget) -> None:
    paper.export(messages(), "What is 1/2 + 1/3?")
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert Path(dialog.selectedFiles()[0]).name == "What is 1 2 + 1 3.pdf"
    dialog.reject()


def test_printing_asks_for_a_printer(qtbot: QtBot, paper: Paper, window: QWidget) -> None:
    paper.print_(messages(), "A title")
    dialog = window.findChild(QDialog)
    assert dialog is not None
    assert dialog.isVisible()
    dialog.done(QDialog.DialogCode.Rejected)
    assert not paper.is_busy


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Hello", "Hello.pdf"),
        ("../../etc/passwd", "etc passwd.pdf"),
        ('a<b>:"c"|d?*\\', "a b c d.pdf"),
        ("line\nbreak\u202e", "line break.pdf"),
        ("...", "Chat.pdf"),
        ("x" * 300, "x" * 80 + ".pdf"),
        ("שלום", "שלום.pdf"),
    ],
)
def test_names_are_good_on_every_system(title: str, name: str) -> None:
    assert file_name(title) == name
