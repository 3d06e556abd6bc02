import asyncio
from collections.abc import Callable, Iterator

import keyring
import pytest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.theme import Theme

from .keyrings import MemoryKeyring


@pytest.fixture
def backend() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    memory.let.set()
    keyring.set_keyring(before)


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
