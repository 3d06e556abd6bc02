"""From a newer version back to this one, through its window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from tests.end_to_end.driver import Driver, running
from tests.end_to_end.test_story import Play
from tests.helpers.bench import listed
from tests.storage.test_backups import NEWER, chats, names, notes, update


class FileManager(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    @Slot(QUrl)
    def show(self, url: QUrl) -> None:
        self.shown.append(url.toLocalFile())


@pytest.fixture
def file_manager(qapp: object) -> Iterator[FileManager]:
    made = FileManager()
    QDesktopServices.setUrlHandler("file", made, "show")
    yield made
    QDesktopServices.unsetUrlHandler("file")


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A profile with a chat, after a newer version changed it."""
    chats(tmp_path, begin=True)
    update(tmp_path, NEWER, "0.2.0")
    return tmp_path


def told(app: Driver) -> str:
    return app.find(QWidget, "problem").accessibleDescription()


def test_the_backup_is_named_shown_and_used(play: Play, newer: Path, file_manager: FileManager) -> None:
    (backup,) = names(newer)

    async def story() -> None:
        async with running(newer, opens=False) as app:
            await app.until(lambda: app.is_shown("problem"), "the user is told")
            assert "Install version 0.2.0" in told(app)
            assert f"backups/{backup}" in told(app)

            app.press("Show backups folder")
            assert file_manager.shown == [str(newer / "backups")]
            assert app.is_shown("problem")
            assert names(newer) == [backup]

            app.press("Use the backup")
            await app.until(lambda: app.program.store is not None, "the database is open")
            assert len(await listed(app.program.chats)) == 1
            (kept,) = (name for name in names(newer) if name != backup)
            assert f"backups/{kept}" in told(app)
            assert notes(newer / "backups" / kept) == ["new"]
            app.press("Show backups folder")
            assert len(file_manager.shown) == 2

    play(story())
    assert len(chats(newer)) == 1


def spoil(newer: Path) -> None:
    """The backup is damaged in the middle."""
    backup = newer / "backups" / names(newer)[0]
    data = bytearray(backup.read_bytes())
    data[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    backup.write_bytes(data)


def test_a_backup_that_is_damaged_is_told_and_changes_nothing(play: Play, newer: Path) -> None:
    database = (newer / "chats.db").read_bytes()
    (backup,) = names(newer)

    async def story() -> None:
        async with running(newer, opens=False) as app:
            await app.until(lambda: app.is_shown("problem"), "the user is told")
            # One that is damaged before is not offered: tests/storage/test_backups.py.
            spoil(newer)
            app.press("Use the backup")
            await app.until(
                lambda: app.is_shown("problem") and "is damaged" in told(app), "the user is told why not"
            )
            app.press("Close")
            await app.until(
                lambda: app.is_shown("problem") and "newer version" in told(app), "the user is asked again"
            )
            app.press("Quit")
            await app.until(app.program.quitting.is_set, "the program ends")

    play(story())
    assert (newer / "chats.db").read_bytes() == database
    assert notes(newer / "chats.db") == ["new"]
    assert names(newer) == [backup]
