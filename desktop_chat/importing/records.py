"""The records of a JSON file of any size, one after the other, in little memory.

By Python's own ``json``, record by record: a parser of events, ``ijson`` say, is done with a file at the
first mistake in it, and refuses NaN. Here a record that is broken is stepped over, and those after it are
read.
"""

import codecs
import json
import re
import sys
from collections.abc import Iterator
from json.decoder import JSONDecodeError
from typing import Any, NamedTuple, Protocol

from desktop_chat.domain.archive import Skipped

LARGEST = 48_000_000
"""Characters of one record. What Python makes of one takes some four times that."""
WIDEST = 64_000_000
"""Bytes of such a text in memory: an emoji makes all its characters take four each."""
MOST_VALUES = 3_000_000
"""Values and commas of one record: an empty list is two characters, and sixty-four bytes."""
LISTS = ("conversations", "chats", "ledger")
"""Members of an object whose elements are records: such a file is one object with a list in it."""

_CHUNK = 1 << 20
_NEAR = 16
"""Characters before the end of what was read in which a word or an escape may just be incomplete."""
_SPACE = re.compile(r"[ \t\r\n]*")
_STEP = re.compile(r'"|[\[{]+|[\]}]+|,')
"""Where a text begins, brackets in a row, or a comma."""
_STEP_WITHIN = re.compile(r'"|[\[{]+|[\]}]+')
_REST = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
"""What is left of a text before its end."""
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CUT_SHORT = "The file ends in the middle of it."


class Stream(Protocol):
    """What bytes are read from. Raises ``OSError`` and ``ValueError``."""

    def read(self, size: int, /) -> bytes: ...


class Record(NamedTuple):
    """``value`` is an element of a list, or an object whole; then its ``key`` is empty. ``key`` is that of
    the list, or of a member called ``session:…`` of an object. ``head`` are the members before the list."""

    number: int
    value: Any
    key: str = ""
    head: dict[str, Any] = {}  # noqa: RUF012 - nobody writes to it


class _Broken(Exception):
    """A value that cannot be read; says why."""


class _End(Exception):
    """The file ends where more has to come."""


def records_of(stream: Stream, where: str) -> Iterator[Record | Skipped]:
    """The records of the file called ``where``: elements of its lists, or its objects, also one a line.

    What is broken comes as :class:`Skipped`; of a file that ends too soon comes what was whole. Raises what
    ``stream`` does, and ``ValueError`` where the file is no JSON at all.
    """
    return _Reader(stream, where).records()


class _Reader:
    def __init__(self, stream: Stream, where: str) -> None:
        self._stream = stream
        self._where = where
        self._text, self._at, self._is_over = "", 0, False
        head = stream.read(4)
        encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode
        self._text = self._decode(head)
        self._number = 0
        self._decoded = json.JSONDecoder().raw_decode

    def records(self) -> Iterator[Record | Skipped]:
        if self._next() not in ("[", "{"):
            raise ValueError("it is no JSON")
        try:
            while self._next():
                if self._peek() == "[":
                    yield from self._elements("", {})
                elif self._peek() == "{":
                    yield from self._members()
                else:
                    self._value(LARGEST)
        except _End:
            yield self._skipped(_CUT_SHORT)
        except _Broken as error:
            yield Skipped(self._where, f"The rest of the file cannot be read: {error}.")

    def _elements(self, key: str, head: dict[str, Any]) -> Iterator[Record | Skipped]:
        self._take("[")
        if self._next() == "]":
            self._at += 1
            return
        while True:
            self._number += 1
            try:
                yield Record(self._number, self._value(LARGEST), key, head)
            except _Broken as error:
                yield self._skipped(f"It cannot be read: {error}.")
                self._step_over()
            if self._next() == "]":
                self._at += 1
                return
            self._take(",")
            # What was written by hand has a comma too many sometimes.
            if self._next() == "]":
                self._at += 1
                return

    def _members(self) -> Iterator[Record | Skipped]:
        """An object: its lists of records, or all of it as one."""
        self._take("{")
        head: dict[str, Any] = {}
        start, is_list, broken = self._number, False, ""
        while self._next() != "}":
            key = self._value(LARGEST)
            self._take(":")
            if key in LISTS and self._next() == "[":
                is_list = True
                yield from self._elements(key, head)
            else:
                try:
                    value = self._value(LARGEST)
                except _Broken as error:
                    broken = str(error)
                    self._step_over()
                else:
                    if str(key).startswith("session:"):
                        self._number += 1
                        yield Record(self._number, value, str(key), head)
                    else:
                        head[str(key)] = value
            if self._next() == ",":
                self._at += 1
            elif self._peek() != "}":
                raise _Broken("there is no comma between two members")
        self._at += 1
        if not is_list and self._number == start:
            self._number += 1
            yield Record(self._number, head)
        if broken:
            yield self._skipped(f"A part of it cannot be read: {broken}.")

    def _skipped(self, why: str) -> Skipped:
        return Skipped(f"{self._where}, record {self._number}" if self._number else self._where, why)

    def _value(self, largest: int) -> Any:
        """The value that comes next. Raises :class:`_Broken`, the place then being where it begins, and
        :class:`_End`."""
        self._next()
        while True:
            try:
                value, end = self._decoded(self._text, self._at)
            except JSONDecodeError as error:
                place, is_open = error.pos, error.msg.startswith("Unterminated string")
            except RecursionError as error:
                raise _Broken("it is nested too deeply") from error
            except ValueError as error:
                raise _Broken("a number in it is too long") from error
            else:
                # A number may go on.
                if end < len(self._text) or self._is_over:
                    self._at = end
                    return value
                place, is_open = end, True
            if not is_open and place < len(self._text) - _NEAR:
                raise _Broken("it is no valid JSON")
            left = largest - (len(self._text) - self._at)
            if left < 0 or sys.getsizeof(self._text) > WIDEST:
                raise _Broken(f"it is larger than {largest // 1_000_000} MB")
            if self._is_over:
                if is_open or place >= len(self._text):
                    raise _End
                raise _Broken("it is no valid JSON")
            # By a half: what is read on with this one is parsed without being counted.
            self._more(min(max(_CHUNK, (len(self._text) - self._at) // 2), left + _CHUNK))
            if len(self._text) > MOST_VALUES and sum(map(self._text.count, ",[{")) > MOST_VALUES:
                raise _Broken("it has too many values")

    def _step_over(self) -> None:
        """Go on behind a value that cannot be read, by its brackets and texts alone."""
        depth = 0
        while True:
            found = (_STEP_WITHIN if depth else _STEP).search(self._text, self._at)
            if found is None:
                self._at = len(self._text)
                self._more_or_end()
                continue
            first, count = found[0][0], len(found[0])
            self._at = found.end()
            if first == '"':
                self._step_over_text()
            elif first in "]}":
                if count > depth:
                    self._at = found.start() + depth
                    return
                depth -= count
            elif first != ",":
                depth += count
            elif depth == 0:
                self._at = found.start()
                return

    def _step_over_text(self) -> None:
        while True:
            found = _REST.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._peek() == '"':
                self._at += 1
                return
            self._more_or_end()

    def _more_or_end(self) -> None:
        if self._is_over:
            raise _End
        self._more(_CHUNK)

    def _next(self) -> str:
        """The next character that is no space, which stays; "" at the end of the file."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if self._is_over:
                return ""
            self._more(_CHUNK)

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _take(self, char: str) -> None:
        found = self._next()
        if not found:
            raise _End
        if found != char:
            raise _Broken(f"there is no “{char}” where one has to be")
        self._at += 1

    def _more(self, size: int) -> None:
        """Read on, and let go of what was read."""
        data = self._stream.read(size)
        self._is_over = not data
        self._text = self._text[self._at :] + self._decode(data, not data)
        self._at = 0
