"""Two questions of screen readers that PySide does not pass on: what is selected, and how text looks.

Both return values through pointers, for which PySide leaves an empty function in the table of virtual
functions: a reader would get numbers that nobody set. So objects get a table of their own, a copy with these
two replaced. The order of the functions is part of Qt's binary interface, which stays through all of Qt 6.

Only for Linux on x86-64, whose calling convention the second of them needs.
"""

from ctypes import CFUNCTYPE, POINTER, addressof, c_int, c_void_p, cast, create_string_buffer, sizeof
from typing import Any, Protocol
from weakref import WeakValueDictionary

import shiboken6

_BEFORE, _SLOTS = 2, 18
_SELECTION, _ATTRIBUTES = 2, 17
"""Places in the table, as the Itanium C++ ABI counts them: two destructors come first."""

_Offset = POINTER(c_int)
_SelectionSlot = CFUNCTYPE(None, c_void_p, c_int, _Offset, _Offset)
_AttributesSlot = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_int, _Offset, _Offset)


class Answers(Protocol):
    """What an object must answer."""

    def selected(self) -> tuple[int, int] | None: ...

    def looks(self, offset: int) -> tuple[str, int, int]: ...


_objects: WeakValueDictionary[int, Answers] = WeakValueDictionary()
_tables: dict[int, Any] = {}
_strings: dict[str, Any] = {}


def connect(text: Answers) -> None:
    """Have ``text``, a QAccessibleTextInterface made in Python, answer both questions."""
    address: int = shiboken6.getCppPointer(text)[0]  # type: ignore[arg-type]
    pointer = c_void_p.from_address(address)
    original = pointer.value or 0
    if original not in _tables:
        size = sizeof(c_void_p)
        count = _BEFORE + _SLOTS
        table = (c_void_p * count).from_buffer_copy(
            (c_void_p * count).from_address(original - _BEFORE * size)
        )
        table[_BEFORE + _SELECTION] = cast(_selection, c_void_p)
        table[_BEFORE + _ATTRIBUTES] = cast(_attributes, c_void_p)
        _tables[original] = table
    _objects[address] = text
    pointer.value = addressof(_tables[original]) + _BEFORE * sizeof(c_void_p)


@_SelectionSlot
def _selection(this, index, start, end):  # type: ignore[no-untyped-def]
    text = _objects.get(this)
    start[0], end[0] = (text.selected() if text is not None else None) or (0, 0)


@_AttributesSlot
def _attributes(result, this, offset, start, end):  # type: ignore[no-untyped-def]
    text = _objects.get(this)
    words, start[0], end[0] = text.looks(offset) if text is not None else ("", 0, 0)
    buffer = _strings.setdefault(words, create_string_buffer(words.encode("utf-16-le") + b"\0"))
    # A QString over characters that it does not own, as QString::fromRawData() makes it.
    data = (c_void_p * 3).from_address(result)
    data[0], data[1], data[2] = None, addressof(buffer), len(words)
    return result
