import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.safe import label, message_box, one_line, tool_tip

HOSTILE = '<img src="file://host/share/x.png"><b>bold</b> & more'


def test_labels_show_text_literally(qapp: QApplication) -> None:
    made = label(HOSTILE)
    assert made.textFormat() is Qt.TextFormat.PlainText
    made.setText(HOSTILE * 2)
    assert made.textFormat() is Qt.TextFormat.PlainText


def test_message_boxes_show_text_literally(qapp: QApplication) -> None:
    box = message_box("Title", HOSTILE, details=HOSTILE)
    assert box.textFormat() is Qt.TextFormat.PlainText
    assert (box.text(), box.detailedText()) == (HOSTILE, HOSTILE)
    box.deleteLater()


def test_tool_tips_escape_markup() -> None:
    assert "<img" not in tool_tip(HOSTILE)
    assert "&lt;img" in tool_tip(HOSTILE)
    assert tool_tip("") == ""
    assert tool_tip("Fish &lt; chips") == "<qt>Fish &amp;lt; chips</qt>"
    assert tool_tip("Settings") == "Settings"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\t c", "a b c"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("\u2066x\u2069\u200f", "x"),
        ("bell\x07\x7f", "bell"),
        ("שלום world", "שלום world"),
        ("👩\u200d💻 zwj", "👩\u200d💻 zwj"),
    ],
)
def test_one_line_drops_what_turns_text_around(text: str, shown: str) -> None:
    assert one_line(text) == shown
