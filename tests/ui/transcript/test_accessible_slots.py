"""What is selected and how text looks, asked as Qt asks it: through the table of virtual functions."""

import gc
import sys
from ctypes import CFUNCTYPE, POINTER, addressof, byref, c_int, c_void_p, string_at
from typing import Any

import pytest
import shiboken6
from PySide6.QtGui import QAccessible, QAccessibleTextInterface

from tests.ui.transcript.conftest import Chat, answer

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the only system they are for")
slots = pytest.importorskip("desktop_chat.ui.transcript.accessible_slots")


class Text(QAccessibleTextInterface):
    """Answers both questions, or fails to."""

    def __init__(self, words: str = "weight:bold;") -> None:
        super().__init__()
        self.words = words

    def selected(self) -> tuple[int, int] | None:
        if not self.words:
            raise LookupError("selected")
        return 3, len(self.words)

    def looks(self, offset: int) -> tuple[str, int, int]:
        if not self.words:
            raise LookupError("looks")
        return self.words, offset - 1, offset + 1

    def selectionCount(self) -> int:
        return 1


def slot(text: Any, place: int, prototype: Any) -> Any:
    """The function at a place of the table that an object has now."""
    table = c_void_p.from_address(shiboken6.getCppPointer(text)[0]).value or 0
    return prototype(c_void_p.from_address(table + 8 * place).value)


def selection(text: Any) -> tuple[int, int]:
    prototype = CFUNCTYPE(None, c_void_p, c_int, POINTER(c_int), POINTER(c_int))
    start, end = c_int(-1), c_int(-1)
    slot(text, 2, prototype)(shiboken6.getCppPointer(text)[0], 0, byref(start), byref(end))
    return start.value, end.value


def looks(text: Any, offset: int) -> tuple[str, int, int]:
    prototype = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int), POINTER(c_int))
    start, end, result = c_int(-1), c_int(-1), (c_void_p * 3)(7, 7, 7)
    found = slot(text, 17, prototype)(
        result, shiboken6.getCppPointer(text)[0], offset, byref(start), byref(end)
    )
    assert found == addressof(result)
    assert not result[0]
    words = string_at(result[1] or 0, 2 * (result[2] or 0)).decode("utf-16-le")
    return words, start.value, end.value


def test_both_questions_are_answered() -> None:
    text = Text()
    assert slots.connect(text)
    assert selection(text) == (3, 12)
    assert looks(text, 5) == ("weight:bold;", 4, 6)
    count = CFUNCTYPE(c_int, c_void_p)
    assert slot(text, 3, count)(shiboken6.getCppPointer(text)[0]) == 1


def test_an_error_in_an_answer_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: told.append(str(error)))
    text = Text("")
    assert slots.connect(text)
    assert selection(text) == (0, 0)
    assert looks(text, 5) == ("", 0, 0)
    assert told == ["selected", "looks"]


def test_an_object_at_the_address_of_one_that_is_gone() -> None:
    seen: dict[int, int] = {}
    again = 0
    for number in range(400):
        text = Text("x" * (number + 1))
        address = shiboken6.getCppPointer(text)[0]
        again += address in seen
        seen[address] = number
        assert slots.connect(text)
        if number % 40 == 0:
            text.itself = text  # type: ignore[attr-defined]
            gc.collect()
        assert selection(text) == (3, number + 1)
        assert looks(text, 9) == ("x" * (number + 1), 8, 10)
    assert again


def test_an_object_that_is_gone_leaves_nothing() -> None:
    gc.collect()
    before = len(slots._objects)
    text = Text()
    slots.connect(text)
    assert len(slots._objects) == before + 1
    del text
    assert len(slots._objects) == before


@pytest.mark.parametrize("change", ["moved", "passed on"])
def test_another_table_is_left_alone(chat: Chat, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Where PySide or Qt is another one, readers hear that nothing is selected."""
    monkeypatch.setattr(slots, "_tables", {})
    if change == "moved":
        monkeypatch.setattr(slots, "_NAMED", {place + 1: name for place, name in slots._NAMED.items()})
    else:
        monkeypatch.setattr(QAccessibleTextInterface, "selection", lambda *_: None, raising=False)
    text = Text()
    table = c_void_p.from_address(shiboken6.getCppPointer(text)[0]).value
    assert not slots.connect(text)
    assert c_void_p.from_address(shiboken6.getCppPointer(text)[0]).value == table
    chat.show(answer("a", "Some **bold** words"))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0).textInterface()
    item.addSelection(0, 4)
    assert item.selectionCount() == 0


def test_a_message_answers(chat: Chat) -> None:
    chat.show(answer("a", "Some **bold** words\n\n```\ncode\n```"))
    item = QAccessible.queryAccessibleInterface(chat.view).child(0).textInterface()
    item.addSelection(5, 9)
    assert item.selectionCount() == 1
    assert selection(item) == (5, 9)
    assert looks(item, 6) == ("font-weight:bold;", 5, 9)
    assert looks(item, 18) == ("font-family:monospace;", 17, 21)
