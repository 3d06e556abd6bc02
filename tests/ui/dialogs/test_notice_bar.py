"""The notice bar tells what goes on for a while."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.theme import Theme


def test_it_shows_a_notice_and_goes_away(theme: Theme, host: QWidget, qtbot: QtBot) -> None:
    bar = NoticeBar(theme)
    host.layout().addWidget(bar)
    assert not bar.isVisible()

    bar.show_notice("The disk is <b>full</b>.", "Try again")
    assert bar.isVisible()
    shown = bar.findChild(QLabel)
    assert shown.text() == "The disk is <b>full</b>."
    assert shown.textFormat() == Qt.TextFormat.PlainText
    assert bar.accessibleDescription() == "The disk is <b>full</b>."
    with qtbot.waitSignal(bar.pressed):
        qtbot.mouseClick(bar.findChild(QPushButton), Qt.MouseButton.LeftButton)

    bar.show_notice("The disk is full.")
    assert not bar.findChild(QPushButton).isVisible()
    bar.clear()
    assert not bar.isVisible()
