"""What the two dialects have in common: an answer under construction."""

from typing import Any

from desktop_chat.domain.events import Delta
from desktop_chat.domain.message import PartKind, State
from desktop_chat.domain.usage import Usage

_LARGEST_COUNT = 2**53
_TRUNCATING = {
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
}
_BREAKING = frozenset(("error", "insufficient_system_resource"))


class Parser:
    """Collects the text, usage and end of one answer from the JSON values of its events.

    ``state`` is None until the server's end mark was seen. ``error`` is the error that the server reported,
    as it came. ``finished`` is True when nothing more is worth reading.
    """

    def __init__(self) -> None:
        self.model: str | None = None
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.state: State | None = None
        self.error: object = None
        self.finished = False
        self._kinds: list[PartKind] = []
        self._texts: list[list[str]] = []
        self._half = ""
        self._half_kind = PartKind.TEXT

    def feed(self, name: str, data: object) -> None:
        """Take in one event, whatever it holds. What is unknown or odd is passed over."""
        raise NotImplementedError

    def done(self) -> None:
        """Take in the ``[DONE]`` mark."""
        self.finished = True

    def end(self, reason: str) -> None:
        """Take in the server's end mark; the first one counts."""
        if self.state is not None:
            return
        if reason in _BREAKING:
            self.error = self.error or {"code": reason, "message": "The server could not finish the answer."}
            return
        self.finish_reason = _TRUNCATING.get(reason, reason)[:100]
        self.state = State.TRUNCATED if reason in _TRUNCATING else State.COMPLETE

    def add(self, kind: PartKind, text: object) -> None:
        """Append streamed text; anything but a non-empty string is passed over."""
        if not text or not isinstance(text, str):
            return
        if self._kinds and self._kinds[-1] is kind:
            self._texts[-1].append(text)
        else:
            self._kinds.append(kind)
            self._texts.append([text])

    def take(self, *, final: bool = False) -> list[Delta]:
        """What came since the last call, one delta for each run of the same kind."""
        deltas: list[Delta] = []
        for kind, pieces in zip(self._kinds, self._texts, strict=True):
            text = self._whole(kind, "".join(pieces))
            if text:
                deltas.append(Delta(kind, text))
        self._kinds.clear()
        self._texts.clear()
        if final and self._half:
            deltas.append(Delta(self._half_kind, "\ufffd"))
            self._half = ""
        return deltas

    def _whole(self, kind: PartKind, text: str) -> str:
        """``text`` without lone surrogates. One that may find its other half in the next delta waits."""
        if not self._half and text.isascii():
            return text
        text = self._half + text
        self._half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        if self._half:
            text, self._half_kind = text[:-1], kind
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def count(source: object, *names: str) -> int:
    """A token count below ``source``, 0 where there is none that makes sense."""
    for name in names:
        source = source.get(name) if isinstance(source, dict) else None
    if isinstance(source, bool) or not isinstance(source, int | float):
        return 0
    return int(source) if 0 <= source < _LARGEST_COUNT else 0


def text_of(source: Any, name: str) -> str | None:
    """The non-empty string called ``name`` in ``source``, at most 500 characters; else None."""
    value = source.get(name) if isinstance(source, dict) else None
    return value[:500] if isinstance(value, str) and value else None
