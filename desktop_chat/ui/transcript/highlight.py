"""Colours for code: Pygments, line by line, within budgets.

Ordinary lexers are quadratic on hostile lines, and one match cannot be interrupted; so long lines and large
blocks stay plain, and a block whose lines turn out slow is left as far as it got. Lexers are imported on a
thread of their own, since an import takes up to 50 ms.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop_chat.ui.transcript.leaves import LINE_BREAK, units

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

MAX_CODE = 100_000
"""Characters of the largest code block that is highlighted."""
MAX_LINE = 2000
"""Characters of the longest line that is highlighted."""
SLOW_LINE = 0.05
"""Seconds that one line may take before highlighting gives up on its block."""
SLICE = 0.004
"""Seconds of highlighting in one go."""

Spans = list[tuple[int, int, str]]
"""(start, end, colour name) with positions in UTF-16 code units."""


class Lexers(QObject):
    """The lexers that were asked for so far; ``loaded`` is emitted, on the GUI thread, when one is there."""

    loaded = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lexers: dict[str, Lexer | None] = {}
        self._loading: set[str] = set()

    def get(self, language: str) -> "Lexer | None":
        """The lexer for a fence's language; None while it loads, and for a language that has none."""
        language = language.lower().strip("{}.,")
        if not language or len(language) > 40 or not language.isprintable():
            return None
        if language not in self._lexers and language not in self._loading:
            self._loading.add(language)
            threading.Thread(target=self._load, args=(language,), name="lexer", daemon=True).start()
        return self._lexers.get(language)

    def is_loading(self, language: str) -> bool:
        return language.lower().strip("{}.,") in self._loading

    def _load(self, language: str) -> None:
        lexer = load(language)
        self._lexers[language] = lexer
        self._loading.discard(language)
        try:
            self.loaded.emit()
        except RuntimeError:
            return  # the view was closed meanwhile


def load(language: str) -> "Lexer | None":
    """Import and make the lexer for ``language``, or None. Takes up to 50 ms."""
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return None


@dataclass(slots=True)
class Highlighter:
    """The colours of one code block, as far as they are known.

    ``spans[n]`` are those of the block's part ``n``. The lexer's state is kept at the begin of each line, so
    that only lines that changed are lexed again.
    """

    lexer: "Lexer"
    spans: list[Spans] = field(default_factory=list)
    given_up: bool = False
    complete: int = 0
    """How many parts, from the first, have all their colours."""
    _done: list[str] = field(default_factory=list)
    _lines: list[list[tuple[str, Spans]]] = field(default_factory=list)
    _states: list[list[tuple[str, ...]]] = field(default_factory=list)

    def update(self, part: int, text: str, deadline: float) -> bool:
        """Highlight part ``part``; lines that did not change are not lexed again.

        False where the time (``time.perf_counter``) ran out: what was done is kept for the next call.
        """
        if self.given_up or part > len(self._lines):
            return True
        if part == len(self._lines):
            self._lines.append([])
            self._states.append([self._states[-1][-1] if self._states else ("root",)])
            self.spans.append([])
        known, states = self._lines[part], self._states[part]
        lines = text.split(LINE_BREAK)
        same = 0
        while same < min(len(known), len(lines)) and known[same][0] == lines[same]:
            same += 1
        if same < len(known):
            # What follows in later parts was lexed from a state that is gone.
            del self._lines[part + 1 :], self._states[part + 1 :], self.spans[part + 1 :]
        del known[same:]
        del states[same + 1 :]
        complete = True
        for line in lines[same:]:
            now = time.perf_counter()
            if now > deadline:
                complete = False
                break
            spans, state = lex_line(self.lexer, line, states[-1])
            known.append((line, spans))
            states.append(state)
            if time.perf_counter() - now > SLOW_LINE:
                self.given_up = True
                break
        position, joined = 0, []
        for line, spans in known:
            joined += [(position + start, position + end, colour) for start, end, colour in spans]
            position += units(line) + 1
        self.spans[part] = joined
        self.complete = max(self.complete, part + 1) if complete else min(self.complete, part)
        return complete


def lex_line(lexer: "Lexer", line: str, state: tuple[str, ...]) -> tuple[Spans, tuple[str, ...]]:
    """The colours of one line that begins in a state of the lexer, and the state after it."""
    rules = getattr(lexer, "_tokens", None)
    if len(line) > MAX_LINE:
        return [], state
    text = line + "\n"
    found: list[tuple[int, int, str]] = []
    if rules is None or _needs_context(lexer):
        for start, token, value in lexer.get_tokens_unprocessed(text):
            _add(found, start, token, value)
    else:
        state = _run(lexer, rules, text, state, found)
    if line.isascii() or max(line) <= "\uffff":
        return found, state
    return [(units(line[:start]), units(line[:end]), colour) for start, end, colour in found], state


def _needs_context(lexer: "Lexer") -> bool:
    from pygments.lexer import ExtendedRegexLexer

    return isinstance(lexer, ExtendedRegexLexer)


def _run(
    lexer: "Lexer", rules: dict[str, Any], text: str, state: tuple[str, ...], found: Spans
) -> tuple[str, ...]:
    """Pygments' own matching loop over one line; its own does not tell the state that the next line needs."""
    stack = list(state)
    position, end = 0, len(text)
    current = rules.get(stack[-1]) or rules["root"]
    turns = 0
    while position < end and turns < 4 * end + 100:
        turns += 1
        for match, action, change in current:
            hit = match(text, position)
            if not hit:
                continue
            if action is not None:
                if callable(action):
                    for start, token, value in action(lexer, hit):
                        if value:
                            _add(found, start, token, value)
                else:
                    _add(found, position, action, hit[0])
            position = hit.end()
            if change is not None:
                _change(stack, change)
                current = rules.get(stack[-1]) or rules["root"]
            break
        else:
            if text[position] == "\n":
                stack = ["root"]
            position += 1
    return tuple(stack[-50:])


def _change(stack: list[str], change: Any) -> None:
    if isinstance(change, int):
        del stack[max(1, len(stack) + change) if change < 0 else change :]
    else:
        for name in (change,) if isinstance(change, str) else change:
            if name == "#pop":
                if len(stack) > 1:
                    stack.pop()
            else:
                stack.append(stack[-1] if name == "#push" else name)


_COLOURS = (
    ("Token.Comment", "code_comment"),
    ("Token.Keyword", "code_keyword"),
    ("Token.Operator.Word", "code_keyword"),
    ("Token.Name.Function", "code_function"),
    ("Token.Name.Class", "code_function"),
    ("Token.Name.Decorator", "code_function"),
    ("Token.Name.Tag", "code_keyword"),
    ("Token.Name.Attribute", "code_function"),
    ("Token.Literal.String", "code_string"),
    ("Token.Literal.Number", "code_number"),
    ("Token.Generic.Inserted", "code_string"),
    ("Token.Generic.Deleted", "code_keyword"),
    ("Token.Generic.Heading", "code_function"),
)
_known: dict[Any, str] = {}


def _colour(token: Any) -> str:
    colour = _known.get(token)
    if colour is None:
        name = str(token)
        colour = next((colour for begin, colour in _COLOURS if name.startswith(begin)), "")
        _known[token] = colour
    return colour


def _add(found: Spans, start: int, token: Any, value: str) -> None:
    colour = _colour(token)
    end = start + len(value.rstrip("\n"))
    if not colour or end <= start:
        return
    if found and found[-1][1] == start and found[-1][2] == colour:
        found[-1] = (found[-1][0], end, colour)
    else:
        found.append((start, end, colour))
