"""The window of the log: what it shows, follows and saves."""

import asyncio
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from desktop_chat import logs
from desktop_chat.diagnostics import Document
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.log import LogWindow
from desktop_chat.ui.log.diagnostics import DiagnosticsDialog
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import until

LINES = (
    {
        "time": "2026-11-21T20:49:32.123+00:00",
        "level": "info",
        "logger": "desktop_chat.api",
        "message": "asked",
    },
    {"time": "2026-11-21T20:49:33.000+00:00", "level": "debug", "logger": "a", "message": "<b>small</b>\nb"},
    {
        "time": "2026-11-21T20:49:34.000+00:00",
        "level": "error",
        "logger": "a",
        "message": "went wrong",
        "status": 429,
    },
)
DOCUMENTS = [Document("about.txt", "Versions", "one"), Document("log", "The log", "two")]

NARROW = 420
"""Pixels: the width of the smallest window of the program."""
Make = Callable[[], LogWindow]


@pytest.fixture
def settings(tmp_path: Path, loop: object) -> Iterator[Settings]:
    made = Settings(tmp_path / "settings.json")
    yield made
    made.close()


def test_it_fits_where_there_is_little_room(window: LogWindow) -> None:
    assert window.minimumSizeHint().width() <= NARROW


@pytest.fixture
def window(
    qtbot: QtBot, tmp_path: Path, settings: Settings, tasks: Tasks, loop: QEventLoop
) -> Iterator[LogWindow]:
    (tmp_path / logs.LOG_NAME).write_text("".join(json.dumps(line) + "\n" for line in LINES) + "old line\n")

    async def collect() -> list[Document]:
        return DOCUMENTS

    async def make() -> LogWindow:
        made = LogWindow(Theme("light"), tmp_path, settings, tasks, collect)
        made.show()
        return made

    made = loop.run_until_complete(make())
    qtbot.addWidget(made)
    yield made
    made.close()
    loop.run_until_complete(tasks.close())


def shown(window: LogWindow) -> list[str]:
    model = window.records
    return [model.data(model.index(row, 3)) for row in range(model.rowCount())]


async def test_the_log_is_shown_and_followed(window: LogWindow, tmp_path: Path) -> None:
    await until(lambda: len(shown(window)) == 4)
    assert shown(window) == ["asked", "<b>small</b> b", "went wrong", "old line"]
    assert window.records.data(window.records.index(0, 2)) == "api"
    with (tmp_path / logs.LOG_NAME).open("a") as file:
        file.write(json.dumps({"level": "info", "logger": "x", "message": "and more"}) + "\n")
    await until(lambda: shown(window)[-1] == "and more")


async def test_a_line_is_read_whole(window: LogWindow) -> None:
    await until(lambda: len(shown(window)) == 4)
    window.table.setCurrentIndex(window.records.index(2, 0))
    text = window.text.toPlainText()
    assert text.startswith("2026-11-21T20:49:34.000+00:00 · error · a\n\nwent wrong")
    assert '"status": 429' in text


async def test_what_is_searched_for_stays(window: LogWindow) -> None:
    await until(lambda: len(shown(window)) == 4)
    window.search.setText("WRONG status=429")
    assert shown(window) == ["went wrong"]
    window.search.setText("")
    window.level.choose("info")
    assert shown(window) == ["asked", "went wrong", "old line"]
    window.level.choose("error")
    assert shown(window) == ["went wrong"]


async def test_what_is_written_can_be_chosen(window: LogWindow, settings: Settings) -> None:
    window.written.choose("debug")
    assert settings.log_level == "debug"
    assert not window._warning.isVisible()
    window.bodies.click()
    assert settings.log_bodies
    assert window._warning.isVisible()
    settings.change(log_bodies=False)
    assert not window.bodies.isChecked()


async def test_diagnostics_are_shown_before_they_are_saved(
    window: LogWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window.save.click()
    await until(lambda: window.findChild(DiagnosticsDialog) is not None)
    dialog = window.findChild(DiagnosticsDialog)
    assert dialog.text.toPlainText() == "one"
    dialog.files.setCurrentRow(1)
    assert dialog.text.toPlainText() == "two"
    dialog.files.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.save.click()
    await until(lambda: dialog.findChild(QFileDialog) is not None)
    path = tmp_path / "made.zip"
    dialog.findChild(QFileDialog).fileSelected.emit(str(path))
    await until(path.exists)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["log"]
        assert archive.read("log") == b"two"


async def test_without_a_file_nothing_is_saved(window: LogWindow) -> None:
    window.save.click()
    await until(lambda: window.findChild(DiagnosticsDialog) is not None)
    dialog = window.findChild(DiagnosticsDialog)
    for place in range(2):
        dialog.files.item(place).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.save.isEnabled()
    dialog.reject()


async def test_a_file_that_cannot_be_read_is_told(window: LogWindow) -> None:
    async def fail() -> list[Document]:
        raise PermissionError(13, "Permission denied")

    window._collect = fail
    window.save.click()
    await until(lambda: window.findChild(QMessageBox) is not None)
    assert "Permission denied" in window.findChild(QMessageBox).text()
    window.findChild(QMessageBox).close()


async def test_the_program_opens_it_once(dialogs: object) -> None:
    from desktop_chat.ui.dialogs import Dialogs

    assert isinstance(dialogs, Dialogs)
    dialogs.show_log()
    first = dialogs._log
    dialogs.show_log()
    assert dialogs._log is first
    documents = await dialogs._diagnostics()
    assert "Qt" in documents[0].text
    first.close()
    assert dialogs._log is None
    await asyncio.sleep(0)
    logging.getLogger("test").debug("the window is gone")
