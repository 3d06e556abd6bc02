import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QUrl
from PySide6.QtGui import QColor, QImage

from desktop_chat.domain.message import Part
from desktop_chat.ui.attachments.chips import Chip
from desktop_chat.ui.composer import Composer
from desktop_chat.worker import Worker
from tests.ui.shell.conftest import Running, dialogs, running, theme, until

__all__ = ["dialogs", "running", "theme"]


@pytest.fixture(autouse=True)
def reader() -> Iterator[Worker]:
    """The helper that reads files, which ends with the test."""
    made = Worker()
    yield made
    made.close()


def image(width: int = 60, height: int = 40, color: str = "#c86432") -> QImage:
    made = QImage(width, height, QImage.Format.Format_RGB32)
    made.fill(QColor(color))
    return made


def encoded(picture: QImage, kind: str = "PNG") -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert picture.save(buffer, kind)
    return bytes(buffer.data().data())


def mime(*paths: Path) -> QMimeData:
    made = QMimeData()
    made.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return made


def composer(running: Running) -> Composer:
    return running.window.chat.composer


def chips(running: Running) -> list[Chip]:
    return composer(running).chips.chips


def parts(running: Running) -> tuple[Part, ...]:
    return composer(running).attachments


async def attach(running: Running, *paths: Path) -> Sequence[Part]:
    """Attach files as a drop does, and wait until they are read."""
    assert running.window.chat.attaching.take(mime(*paths))
    await read(running)
    return parts(running)


async def read(running: Running) -> None:
    await until(lambda: not running.window.chat.attaching.intake.pending)
    await asyncio.sleep(0)
