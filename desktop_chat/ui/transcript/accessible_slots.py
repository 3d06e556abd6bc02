"""Two questions of screen readers that PySide does not pass on: what is selected, and how text looks.

Both return values through pointers, which PySide's description of ``QAccessibleTextInterface`` says nothing
of (6.11 and 6.12): Python sees neither function, and for each an empty one stands in the table of virtual
functions, so that a reader would get numbers that nobody set. So objects get a table of their own, a copy
with these two replaced.

The order of the functions is part of Qt's binary interface, which stays through all of Qt 6. Whether the
table is the one that is known is checked before the first is replaced; where it is another, or where PySide
passes on the questions one day, nothing is. Only for Linux on x86-64, whose calling convention the second of
them needs.
"""

import sys
from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    addressof,
    byref,
    c_char_p,
    c_int,
    c_void_p,
    cast,
    create_string_buffer,
    sizeof,
)
from types import TracebackType
from typing import Any, Protocol
from weakref import WeakValueDictionary

import shiboken6
from PySide6.QtGui import QAccessibleTextInterface

_BEFORE, _SLOTS = 2, 18
_SELECTION, _COUNT, _SCROLL, _ATTRIBUTES = 2, 3, 16, 17
"""Places in the table, as the Itanium C++ ABI counts them: two destructors come first."""
_NAMED = {10: b"16textBeforeOffset", 11: b"15textAfterOffset", 12: b"12textAtOffset"}
"""The functions that Qt itself has, and how their symbols go on."""

_Offset = POINTER(c_int)
_SelectionSlot = CFUNCTYPE(None, c_void_p, c_int, _Offset, _Offset)
_AttributesSlot = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_int, _Offset, _Offset)
_CountSlot = CFUNCTYPE(c_int, c_void_p)
_ScrollSlot = CFUNCTYPE(None, c_void_p, c_int, c_int)


class Answers(Protocol):
    """What an object must answer."""

    def selected(self) -> tuple[int, int] | None: ...

    def looks(self, offset: int) -> tuple[str, int, int]: ...


_objects: WeakValueDictionary[int, Answers] = WeakValueDictionary()
_tables: dict[int, Any] = {}
"""The copies by the addresses of the originals; None where one is not as it should be."""
_strings: dict[str, Any] = {}


def connect(text: Answers) -> bool:
    """Have ``text``, a QAccessibleTextInterface made in Python, answer both questions; whether it does."""
    address: int = shiboken6.getCppPointer(text)[0]  # type: ignore[arg-type]
    pointer = c_void_p.from_address(address)
    original = pointer.value or 0
    if original not in _tables:
        _tables[original] = _copy(original) if _is_as_known(original) else None
    table = _tables[original]
    if table is None:
        return False
    # Set anew where an earlier object was at the same address.
    _objects[address] = text
    pointer.value = addressof(table) + _BEFORE * sizeof(c_void_p)
    return True


def _copy(original: int) -> Any:
    kind = c_void_p * (_BEFORE + _SLOTS)
    table = kind.from_buffer_copy(kind.from_address(original - _BEFORE * sizeof(c_void_p)))
    table[_BEFORE + _SELECTION] = cast(_selection, c_void_p)
    table[_BEFORE + _ATTRIBUTES] = cast(_attributes, c_void_p)
    return table


# Whether the table is as it should be


class _Symbol(Structure):
    """What the dynamic linker knows of an address."""

    _fields_ = (("file", c_char_p), ("base", c_void_p), ("name", c_char_p), ("start", c_void_p))


class _Probe(QAccessibleTextInterface):
    """Tells which functions of it are called; its table is that of every other made in Python."""

    COUNT = 4711
    scrolled = 0, 0

    def selectionCount(self) -> int:
        return self.COUNT

    def scrollToSubstring(self, start: int, end: int) -> None:
        self.scrolled = start, end


def _is_as_known(original: int) -> bool:
    """Whether Qt's own functions are where they should be, PySide's all around them, and whether those next
    to the two that are replaced are called at their places."""
    if hasattr(QAccessibleTextInterface, "selection") or hasattr(QAccessibleTextInterface, "attributes"):
        return False
    functions = list((c_void_p * _SLOTS).from_address(original))
    symbols = [_symbol(function) for function in functions]
    for place, begin in _NAMED.items():
        if not (symbols[place].name or b"").startswith(b"_ZNK24QAccessibleTextInterface" + begin):
            return False
    if len({symbol.file for place, symbol in enumerate(symbols) if place not in _NAMED}) != 1:
        return False
    probe = _Probe()
    this = shiboken6.getCppPointer(probe)[0]
    if c_void_p.from_address(this).value != original or _CountSlot(functions[_COUNT])(this) != probe.COUNT:
        return False
    _ScrollSlot(functions[_SCROLL])(this, 3, 5)
    return probe.scrolled == (3, 5)


def _symbol(function: int | None) -> _Symbol:
    found = _Symbol()
    CDLL(None).dladdr(c_void_p(function), byref(found))
    return found


# The two functions. C++ calls them: an error in one must not go further.


class _Told:
    """Tells of errors what PySide tells of those in other functions that Qt calls, and ends them."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if kind is not None and error is not None:
            sys.excepthook(kind, error, trace)
        return True


@_SelectionSlot
def _selection(this, index, start, end):  # type: ignore[no-untyped-def]
    start[0] = end[0] = 0
    with _Told():
        text = _objects.get(this)
        start[0], end[0] = (text.selected() if text is not None else None) or (0, 0)


@_AttributesSlot
def _attributes(result, this, offset, start, end):  # type: ignore[no-untyped-def]
    start[0] = end[0] = 0
    # An empty QString; then one over characters that it does not own, as QString::fromRawData() makes it.
    data = (c_void_p * 3).from_address(result)
    data[0] = data[1] = data[2] = None
    with _Told():
        text = _objects.get(this)
        words, start[0], end[0] = text.looks(offset) if text is not None else ("", 0, 0)
        buffer = _strings.setdefault(words, create_string_buffer(words.encode("utf-16-le") + b"\0"))
        data[1], data[2] = addressof(buffer), len(words)
    return result
