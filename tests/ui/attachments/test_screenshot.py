"""A part of the screen: chosen by the pointer or the keyboard, with our windows out of the way."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest

from desktop_chat.ui.attachments.screenshot import RegionChooser
from desktop_chat.ui.attachments.sources import Way
from desktop_chat.ui.theme import Theme
from tests.ui.attachments.conftest import composer, image, parts, read
from tests.ui.shell.conftest import Running, record, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def chooser(theme: Theme) -> Iterator[RegionChooser]:
    screen = QGuiApplication.primaryScreen()
    grabbed = image(2 * screen.size().width(), 2 * screen.size().height(), "#204060")
    grabbed.setPixelColor(201, 121, QColor("#ff0000"))
    made = RegionChooser(theme, screen, grabbed)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def drag(chooser: RegionChooser, start: tuple[int, int], end: tuple[int, int]) -> None:
    QTest.mousePress(chooser, LEFT, NONE, QPoint(*start))
    QTest.mouseMove(chooser, QPoint(*end))
    QTest.mouseRelease(chooser, LEFT, NONE, QPoint(*end))


def test_what_is_dragged_over_is_taken_with_all_its_pixels(chooser: RegionChooser) -> None:
    chosen = record(chooser.chosen)
    drag(chooser, (299, 159), (100, 60))
    ((taken,),) = chosen
    assert isinstance(taken, QImage)
    assert taken.size().toTuple() == (400, 200)
    assert taken.pixelColor(1, 1).name() == "#ff0000"


def test_a_click_takes_nothing_and_enter_the_whole_screen(chooser: RegionChooser) -> None:
    chosen, cancelled = record(chooser.chosen), record(chooser.cancelled)
    drag(chooser, (100, 60), (102, 61))
    assert chosen == []
    QTest.keyClick(chooser, Qt.Key.Key_Return)
    ((taken,),) = chosen
    assert isinstance(taken, QImage)
    assert taken.size() == 2 * chooser.size()
    QTest.keyClick(chooser, Qt.Key.Key_Escape)
    assert len(cancelled) == 1


def test_a_part_is_chosen_by_arrows(chooser: RegionChooser) -> None:
    QTest.keyClick(chooser, Qt.Key.Key_Right)
    first = chooser.part
    QTest.keyClick(chooser, Qt.Key.Key_Left)
    assert chooser.part == first.translated(-10, 0)
    QTest.keyClick(chooser, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert chooser.part.height() == first.height() + 10
    for _ in range(200):
        QTest.keyClick(chooser, Qt.Key.Key_Left)
    assert chooser.part.left() >= 0


async def test_our_window_is_hidden_meanwhile_and_comes_back(running: Running) -> None:
    window = running.window
    window.move(40, 30)
    place = window.geometry()
    closed = record(QGuiApplication.instance().lastWindowClosed)
    composer(running).attach.ways[Way.SCREENSHOT].trigger()
    await until(lambda: not window.isVisible())
    shot = window.chat.attaching._screenshot
    assert shot is not None
    ended = record(shot.ended)
    await until(lambda: shot.choosers or ended)
    if shot.choosers:
        QTest.keyClick(shot.choosers[0], Qt.Key.Key_Return)
        await read(running)
        assert [part.name for part in parts(running)] == ["Screenshot.png"]
    await until(window.isVisible)
    assert window.geometry() == place
    assert closed == [], "nobody quits for that"
