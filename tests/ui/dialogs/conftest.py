import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.theme import Theme
from tests.helpers.keyrings import MemoryKeyring, memory_keyring

from .settings_window import DEMO, ENVIRONMENT, LOCAL, OPENAI, REMOTE, Opened


@pytest.fixture
def backend() -> Iterator[MemoryKeyring]:
    with memory_keyring() as memory:
        yield memory


@pytest.fixture
def settings(tmp_path: Path, loop: object) -> Iterator[Settings]:
    made = Settings(tmp_path / "settings.json", (ENVIRONMENT, DEMO))
    made.change(endpoints=(OPENAI, LOCAL, REMOTE), default_endpoint="openai")
    yield made
    made.close()


@pytest.fixture
def opened(
    theme: Theme,
    settings: Settings,
    tasks: Tasks,
    backend: MemoryKeyring,
    qtbot: QtBot,
    loop: QEventLoop,
) -> Iterator[Opened]:
    made = Opened(theme, settings, tasks, qtbot)
    yield made
    made.dialog.close()
    loop.run_until_complete(tasks.close())
    made.tokens.close()


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme("light")


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    """A window with a text field that has the focus, as while the user types."""
    window = QWidget()
    window.resize(1280, 820)
    field = QPlainTextEdit()
    QVBoxLayout(window).addWidget(field)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    field.setFocus()
    return window


@pytest.fixture
def typing(host: QWidget) -> QPlainTextEdit:
    field = host.findChild(QPlainTextEdit)
    assert field is not None
    return field


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Let the loop run until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what a widget shows has no event to wait for
            await asyncio.sleep(0.005)
