"""Colours for code: Pygments, line by line.

Ordinary lexers are quadratic on hostile lines, and one match cannot be interrupted; so this runs in the
helper process, long lines stay plain, and a block whose lines turn out slow is left as far as it got.
"""

import functools
import time
from typing import Any

from pygments.lexer import ExtendedRegexLexer, Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

MAX_LINE = 2000
"""Characters of the longest line that is coloured."""
SLOW_LINE = 0.1
"""Seconds of processor time that one line may take before its block is given up."""
SLICE = 0.05
"""Seconds in one go: what is done by then is shown."""
DEEPEST = 50
"""States of a lexer that are kept at the begin of a line."""

Spans = list[tuple[int, int, str]]
"""(start, end, colour name) with positions in UTF-16 code units."""
State = tuple[str, ...]


def colour(language: str, state: list[str], lines: list[str]) -> dict[str, Any] | None:
    """The colours of ``lines``, the first of which begins in ``state`` of the lexer for ``language``.

    None for an unknown language. ``done`` has (spans, state after the line) for as many lines as there was
    time for, one at least; ``slow`` says that the lines after them are not worth it.
    """
    lexer = load(language)
    if lexer is None:
        return None
    done: list[tuple[Spans, State]] = []
    begun = before = time.process_time()
    after: State = tuple(state)
    for line in lines:
        spans, after = lex_line(lexer, line, after)
        done.append((spans, after))
        now = time.process_time()
        if now - before > SLOW_LINE:
            return {"done": done, "slow": True}
        if now - begun > SLICE:
            break
        before = now
    return {"done": done, "slow": False}


@functools.lru_cache(maxsize=50)
def load(language: str) -> Lexer | None:
    """Import and make the lexer for ``language``, or None. Takes up to 50 ms."""
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return None


def lex_line(lexer: Lexer, line: str, state: State) -> tuple[Spans, State]:
    """The colours of one line that begins in a state of the lexer, and the state after it."""
    rules = getattr(lexer, "_tokens", None)
    if len(line) > MAX_LINE:
        return [], state
    text = line + "\n"
    found: Spans = []
    if rules is None or isinstance(lexer, ExtendedRegexLexer):
        for start, token, value in lexer.get_tokens_unprocessed(text):
            _add(found, start, token, value)
    else:
        state = _run(lexer, rules, text, state, found)
    if line.isascii() or max(line) <= "\uffff":
        return found, state
    return [(_units(line[:start]), _units(line[:end]), colour) for start, end, colour in found], state


def _run(lexer: Lexer, rules: dict[str, Any], text: str, state: State, found: Spans) -> State:
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
    return tuple(stack[-DEEPEST:])


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


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


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
