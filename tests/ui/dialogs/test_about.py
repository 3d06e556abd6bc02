"""What the program tells of itself, and of the licences it is under."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.about import AboutDialog
from desktop_chat.ui.licences import LicencesDialog
from desktop_chat.ui.theme import Theme

ROOT = Path(__file__).parents[3]


def licences(theme: Theme, host: QWidget, qtbot: QtBot) -> LicencesDialog:
    """The dialog that the button of the other one shows, which is then closed."""
    about = AboutDialog(theme, host)
    about.show()
    buttons = {button.text(): button for button in about.findChildren(QPushButton)}
    qtbot.mouseClick(buttons["Licences"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(buttons["Close"], Qt.MouseButton.LeftButton)
    assert not about.isVisible()
    (dialog,) = host.findChildren(LicencesDialog)
    assert dialog.isVisible()
    return dialog


def shown(dialog: LicencesDialog) -> str:
    text = dialog.findChild(QPlainTextEdit, "licenceTexts")
    assert text.isReadOnly()
    return text.toPlainText()


def test_a_checkout_lists_what_is_installed(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    dialog = licences(theme, host, qtbot)
    lines = shown(dialog).splitlines()
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    for dependency in dependencies:
        name = re.split(r"[^\w-]", dependency)[0].replace("-", "[-_]")
        assert any(re.fullmatch(rf"{name} [\d.]+\S*: .+", line, re.IGNORECASE) for line in lines), name
    assert any(re.fullmatch(r"pydantic [\d.]+: MIT", line) for line in lines), "what openai requires"
    assert not any("pytest" in line for line in lines)
    notice = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "GNU Lesser General Public License, version 3" in notice
    assert "replace" in notice


def test_a_bundle_shows_its_file_as_it_is(
    theme: Theme, host: QWidget, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "GNU LESSER <b>GENERAL</b> PUBLIC LICENSE\n\n© 2007 — Größe\n"
    (tmp_path / "LICENCES.txt").write_text(text, "utf-8")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert shown(licences(theme, host, qtbot)) == text


@pytest.mark.parametrize("zoom", [70, 90])
def test_no_line_of_the_bundles_file_is_broken_where_the_screen_has_room(
    theme: Theme, host: QWidget, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zoom: int
) -> None:
    (tmp_path / "LICENCES.txt").write_text(f"{'=' * 100}\nTitle\n{'m' * 100}\n" * 50, "utf-8")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    theme.set_zoom(zoom)
    dialog = licences(theme, host, qtbot)
    text = dialog.findChild(QPlainTextEdit, "licenceTexts")
    dialog.grab()
    document = text.document()
    assert [document.findBlockByNumber(line).lineCount() for line in range(3)] == [1, 1, 1]


def test_a_window_of_licences_fits_the_screen(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    theme.set_zoom(300)
    dialog = licences(theme, host, qtbot)
    room = dialog.screen().availableSize()
    assert dialog.width() <= room.width()
    assert dialog.height() <= room.height()
