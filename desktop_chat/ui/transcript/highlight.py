"""Colours for code, as far as they are known, and what the helper process is asked for.

The helper colours line by line; what it answers is kept with the state of the lexer behind each line, so that
only lines that changed are asked for again, and at most one request a code block is under way. Until the
answer is there, a line keeps the colours of what did not change in it.
"""

import concurrent.futures
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Qt, Signal

from desktop_chat import worker
from desktop_chat.ui.transcript.leaves import LINE_BREAK, common_length, units

MAX_CODE = 100_000
"""Characters of the largest code block that is coloured."""
SECONDS = 1.0
"""Processor time that the helper has for one request; a block that needs more stays as far as it got."""
MAX_LINES = 300
"""Lines of one request: about what the helper does before it shows what it has."""
FEW, WAIT = 8, 0.004
"""So many lines are waited for, and so many seconds."""

Spans = list[tuple[int, int, str]]
"""(start, end, colour name) with positions in UTF-16 code units."""


class HighlightClient(QObject):
    """The way to the helper that colours code. ``answered`` comes on the GUI thread, with each answer."""

    answered = Signal()
    _done = Signal(object, object, float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unknown: set[str] = set()
        self._is_quick = False
        self._done.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def language(self, name: str) -> str:
        """The name of a fence's language as Pygments has it; ``""`` where there is none for it."""
        name = name.lower().strip("{}.,")
        return "" if name in self._unknown or len(name) > 40 or not name.isprintable() else name

    def ask(self, highlighter: "Highlighter", state: list[str], lines: list[str], *, wait: bool) -> None:
        """Have ``lines`` coloured; the answer goes to ``highlighter``.

        With ``wait`` at once, where there are few and the helper was quick last time: text that streams in is
        then laid out once, with its colours, and not a second time for them.
        """
        language, begun = highlighter.language, time.perf_counter()
        future = worker.shared().submit("colours", SECONDS, language=language, state=state, lines=lines)
        if wait and self._is_quick and len(lines) <= FEW:
            concurrent.futures.wait((future,), WAIT)
            self._is_quick = future.done()
            if self._is_quick:
                self._hand_over(highlighter, future)
                return
        future.add_done_callback(lambda done: self._pass_on(highlighter, done, begun))

    def _pass_on(self, highlighter: "Highlighter", done: "Future[Any]", begun: float) -> None:
        try:
            self._done.emit(highlighter, done, time.perf_counter() - begun)
        except RuntimeError:
            return  # the view was closed meanwhile

    def _take(self, highlighter: "Highlighter", done: "Future[Any]", seconds: float) -> None:
        self._is_quick = seconds < WAIT
        self._hand_over(highlighter, done)
        self.answered.emit()

    def _hand_over(self, highlighter: "Highlighter", done: "Future[Any]") -> None:
        try:
            answer = done.result()
        except (worker.WorkerError, CancelledError):
            answer = {"done": [], "slow": True}
        if answer is None:
            self._unknown.add(highlighter.language)
        highlighter.take(answer)


class Line(NamedTuple):
    """A line with its colours, and the state of the lexer behind it."""

    text: str
    spans: Spans
    state: list[str]


@dataclass(slots=True)
class Part:
    """What is known of a part of a code block.

    Of its ``count`` lines ``valid``, from the first, are as they will stay; others have the colours they had.
    """

    text: str = ""
    count: int = -1
    valid: int = 0
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Highlighter:
    """The colours of one code block, as far as they are known."""

    language: str
    client: HighlightClient
    given_up: bool = False
    _parts: list[Part] = field(default_factory=list)
    _asked: list[tuple[int, int, str]] = field(default_factory=list)
    """The lines that are asked for: part, number, text."""

    def update(self, texts: list[str]) -> tuple[Spans, bool]:
        """The colours of the last of ``texts``, which are all parts of the block up to it.

        False with them where some are to come; they are asked for then.
        """
        for wait in (True, False):
            missing = self._compare(texts)
            if missing and not self._asked and not self.given_up:
                self._asked = missing[:MAX_LINES]
                lines = [line for _part, _number, line in self._asked]
                self.client.ask(self, self._state(*missing[0][:2]), lines, wait=wait)
        return self._spans(self._parts[len(texts) - 1]), not missing or self.given_up

    def _compare(self, texts: list[str]) -> list[tuple[int, int, str]]:
        """The lines that are not as they were when they were coloured, and those after them."""
        missing: list[tuple[int, int, str]] = []
        for number, text in enumerate(texts):
            if number == len(self._parts):
                self._parts.append(Part())
            part = self._parts[number]
            if text == part.text and part.valid == part.count and not missing:
                continue
            lines = text.split(LINE_BREAK)
            same = 0
            while not missing and same < min(part.valid, len(lines)) and part.lines[same].text == lines[same]:
                same += 1
            if same < part.valid:
                for later in self._parts[number + 1 :]:
                    later.valid = 0
            part.text, part.count, part.valid = text, len(lines), same
            del part.lines[len(lines) :]
            missing += [(number, i, lines[i]) for i in range(same, len(lines))]
        return missing

    def take(self, answer: dict[str, Any] | None) -> None:
        """Take over what the helper answered: None for a language that has no lexer."""
        asked, self._asked = self._asked, []
        if answer is None or answer["slow"]:
            self.given_up = True
        for (number, i, text), (spans, state) in zip(asked, (answer or {"done": []})["done"], strict=False):
            if number >= len(self._parts) or self._parts[number].valid != i:
                return  # what stands before was replaced meanwhile
            part = self._parts[number]
            part.lines[i : i + 1] = [Line(text, [(start, end, name) for start, end, name in spans], state)]
            # Its text may have gone on meanwhile: it is compared with what came.
            part.valid, part.count = i + 1, -1

    def _state(self, part: int, line: int) -> list[str]:
        if line:
            return self._parts[part].lines[line - 1].state
        return self._parts[part - 1].lines[-1].state if part else ["root"]

    def _spans(self, part: Part) -> Spans:
        position, found = 0, []
        for i, text in enumerate(part.text.split(LINE_BREAK)):
            line = part.lines[i] if i < len(part.lines) else None
            if line is not None:
                end = units(text)
                if i >= part.valid and line.text != text:
                    end = units(text[: common_length(line.text, text)])
                found += [
                    (position + first, position + min(last, end), name)
                    for first, last, name in line.spans
                    if first < end
                ]
            position += units(text) + 1
        return found
