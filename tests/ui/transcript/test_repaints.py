"""What is on the screen after partial repaints is what a whole one draws."""

import random

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from desktop_chat.domain.message import State
from tests.benchmarks.sample import markdown
from tests.ui.transcript.conftest import Chat, answer, question

TEXTS = {
    "mixed": markdown(1_500),
    "paragraph": "Some words that never end, **and** `more` of them. " * 90,
    "code": "```python\n" + "def run(item: int) -> int:\n    return item + 1  # why\n\n" * 40 + "```\n\nEnd.",
    "wide code": "```\n" + "x = " + "1 + " * 60 + "\nshort\n" * 30,
    "table": "| a | b | c |\n|---|---|---|\n" + "| some words | and `more` | 12.5 |\n" * 50 + "\nEnd.",
    "list": "- an item with **some** words\n  1. and one within\n" * 40,
    "right to left": "هذه فقرة من اليمين إلى اليسار وفيها كلمة Qt. " * 40,
}


def on_screen(chat: Chat) -> QImage:
    view = chat.view
    return view.screen().grabWindow(view.winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)


def painted_anew(chat: Chat) -> QImage:
    return chat.view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def difference(chat: Chat) -> str:
    """Where the screen is not as it should be, or nothing."""
    seen, wanted = on_screen(chat), painted_anew(chat)
    if seen == wanted:
        return ""
    rows = [
        y
        for y in range(seen.height())
        if any(seen.pixel(x, y) != wanted.pixel(x, y) for x in range(0, seen.width(), 3))
    ]
    return f"rows {rows[:1]} to {rows[-1:]}, {len(rows)} of them"


@pytest.mark.parametrize("name", TEXTS)
def test_streaming_leaves_nothing_old(chat: Chat, qapp: QApplication, name: str) -> None:
    sizes, text = random.Random(name), TEXTS[name]
    chat.show(question("q", "Why?"), answer("a", "", State.STREAMING))
    at = number = 0
    while at < len(text):
        size = sizes.choice((7, 33, 90, 250))
        chat.say("a", text[at : at + size])
        at, number = at + size, number + 1
        if number % 6 == 0:
            chat.settle()
            qapp.processEvents()
            assert difference(chat) == "", f"after {at} characters"
    chat.end("a")
    qapp.processEvents()
    assert difference(chat) == ""


def test_scrolling_leaves_nothing_old(chat: Chat, qapp: QApplication) -> None:
    chat.show(*(answer(name, text) for name, text in TEXTS.items()))
    moves = random.Random(1)
    bar = chat.view.verticalScrollBar()
    for _ in range(30):
        bar.setValue(bar.value() + moves.choice((-900, -300, -40, -7, 15, 200)))
        chat.settle()
        qapp.processEvents()
        assert difference(chat) == ""
