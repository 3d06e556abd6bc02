import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.link_line import LinkLine
from desktop_chat.ui.theme import Theme
from tests.ui.shell.conftest import Running

URL = "https://docs.example.org/" + "path/" * 100


@pytest.fixture
def over(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(700, 300)
    widget.show()
    return widget


def test_address_is_shown_within_the_corner(over: QWidget, theme: Theme) -> None:
    line = LinkLine(theme, over)
    line.show_address(URL)
    assert line.isVisible()
    assert line.text.startswith("https://docs.example.org/")
    assert "…" in line.text
    assert line.width() < over.width()
    assert line.geometry().bottomLeft() == over.rect().bottomLeft()
    over.resize(500, 200)
    assert line.geometry().bottomLeft() == over.rect().bottomLeft()
    assert line.width() < over.width()
    assert line.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    assert over.grab().toImage().pixelColor(4, 190) == theme.colors.raised
    line.show_address("")
    assert not line.isVisible()


def test_the_end_of_the_host_is_left_where_there_is_little_room(over: QWidget, theme: Theme) -> None:
    line = LinkLine(theme, over)
    over.resize(200, 100)
    line.show_address("https://login.bank.example.evil-host.example/path")
    assert line.text.rstrip("…").endswith("evil-host.example")


async def test_the_window_shows_where_a_link_leads(running: Running) -> None:
    await running.chat("Links")
    running.window.chat.transcript.link_hovered.emit("https://example.org/x")
    assert running.window.chat.link_line.text == "https://example.org/x"
    running.window.chat.transcript.link_hovered.emit("")
    assert running.window.chat.link_line.text == ""
