"""Server-sent events as they come off the wire: bytes in, events out.

Written for speed and for what servers really send: any line ending, a BOM, invalid UTF-8 (replaced), a
multibyte character split between reads. See the event stream grammar of the WHATWG HTML standard, 9.2.
"""

import codecs
import io
from typing import NamedTuple

LARGEST_EVENT = 16 << 20
"""Characters."""


class ServerEvent(NamedTuple):
    """One event: its name ("" where it has none) and its data. ``cut`` where the stream ended within it."""

    name: str
    data: str
    cut: bool = False


class SseDecoder:
    """Splits one stream into its events.

    The transport bounds the stream and its lines. Here an event of many lines is bounded: it is dropped with
    all that follows, and ``is_too_large`` set.
    """

    def __init__(self) -> None:
        self._text = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), True)
        self._started = False
        self._rest: list[str] = []
        self._name = ""
        self._data: list[str] = []
        self._size = 0
        self.is_too_large = False

    def feed(self, data: bytes, *, final: bool = False) -> list[ServerEvent]:
        """The events that ``data`` completes; with ``final`` also one that lacks its closing blank line."""
        if self.is_too_large:
            return []
        text = self._text.decode(data, final)
        if not self._started and text:
            self._started = True
            text = text.removeprefix("\ufeff")
        head, newline, tail = text.rpartition("\n")
        if not newline:
            self._rest.append(tail)
            return self._last() if final else []
        self._rest.append(head)
        lines = "".join(self._rest).split("\n")
        self._rest = [tail]
        events: list[ServerEvent] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(ServerEvent(self._name, "\n".join(self._data)))
                    self._data.clear()
                    self._size = 0
                self._name = ""
            else:
                self._field(line)
                if self._size > LARGEST_EVENT:
                    self.is_too_large = True
                    return events
        return events + self._last() if final else events

    def _field(self, line: str) -> None:
        if line.startswith("data:"):
            self._data.append(line[6:] if line[5:6] == " " else line[5:])
            self._size += len(line)
        elif line.startswith("event:"):
            self._name = line[6:].strip()

    def _last(self) -> list[ServerEvent]:
        self._field("".join(self._rest))
        self._rest.clear()
        return [ServerEvent(self._name, "\n".join(self._data), cut=True)] if self._data else []
