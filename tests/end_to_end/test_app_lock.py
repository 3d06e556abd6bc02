"""The app lock of the whole program: at its start, for a second start, in a picture of it."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_chat import lock
from desktop_chat.paths import Profile
from tests.end_to_end.driver import Driver, running

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
PASSPHRASE = "open sesame"

Play = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = Profile.at(tmp_path)
    made.create()
    lock.write(made.passphrase, lock.Passphrase.made_of(PASSPHRASE))
    return made


def shown() -> list[str]:
    return [top.objectName() for top in QApplication.topLevelWidgets() if top.isVisible()]


async def unlock(driver: Driver) -> None:
    curtain = driver.program.dialogs.curtain
    assert curtain is not None
    QTest.keyClicks(curtain.field, PASSPHRASE)
    QTest.mouseClick(curtain.button, Qt.MouseButton.LeftButton)
    await driver.until(lambda: driver.program.dialogs.curtain is None)


def test_it_is_locked_at_its_start(play: Play, profile: Profile) -> None:
    async def story() -> None:
        async with running(profile.data, demo=True, prompt="A secret") as driver:
            assert shown() == ["curtain"]
            await unlock(driver)
            assert shown() == ["mainWindow"]
            assert driver.composer.toPlainText() == "A secret"

    play(story())


def test_it_quits_while_it_is_locked(play: Play, profile: Profile) -> None:
    async def story() -> None:
        async with running(profile.data, demo=True) as driver:
            curtain = driver.program.dialogs.curtain
            assert curtain is not None
            curtain.close()
            assert driver.program.quitting.is_set()

    play(story())
    assert shown() == []


def test_a_picture_shows_the_curtain(play: Play, profile: Profile, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(profile.data, demo=True) as driver:
            curtain = driver.program.dialogs.curtain
            assert curtain is not None
            await driver.program._take_screenshot(tmp_path / "picture.png")
            assert QImage(str(tmp_path / "picture.png")) == curtain.grab().toImage().convertToFormat(
                QImage(str(tmp_path / "picture.png")).format()
            )

    play(story())


def test_where_there_is_no_passphrase_nothing_is_loaded_for_it(play: Play, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, demo=True) as driver:
            assert shown() == ["mainWindow"]
            assert driver.program.dialogs._lock is None

    play(story())
