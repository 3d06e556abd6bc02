"""What differs between two texts: paragraph by paragraph, and word by word where one was rewritten.

Runs in the helper: two texts that have much in common in many places take time that grows with the square of
their lengths.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

MOST_WORDS = 4_000
"""Words of a paragraph that is compared word by word."""
ALIKE = 0.5
"""How much two paragraphs need to have in common, from 0 to 1, to be the same one rewritten."""

_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯]|\w+|\s+|[^\w\s]")
"""A word; in a script without spaces a character."""

Run = tuple[str, str]
"""``"="``, ``"-"`` or ``"+"`` for what both have, only the first or only the second, and the text."""
Line = tuple[str, list[Run]]
"""``"="``, ``"-"`` or ``"+"`` for a whole line, and its runs: what a line of one side has in common with its
counterpart is ``"="`` there."""


def compare(old: str, new: str) -> list[Line]:
    """The lines of both texts in one order; those of ``old`` before those that take their place."""
    before, after = old.split("\n"), new.split("\n")
    lines: list[Line] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            lines += [("=", [("=", line)]) for line in before[a:b]]
        else:
            lines += _replaced(before[a:b], after[c:d])
    return lines


def _replaced(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    """Lines that were replaced by others: those in the same place are compared word by word."""
    lines: list[Line] = []
    for old, new in zip(before, after, strict=False):
        lines += _rewritten(old, new)
    lines += [("-", [("-", line)]) for line in before[len(after) :]]
    lines += [("+", [("+", line)]) for line in after[len(before) :]]
    return lines


def _rewritten(old: str, new: str) -> list[Line]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > MOST_WORDS:
        return [("-", [("-", old)]), ("+", [("+", new)])]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [("-", [("-", old)]), ("+", [("+", new)])]
    removed: list[Run] = []
    added: list[Run] = []
    steps = matcher.get_opcodes()
    for number, (kind, a, b, c, d) in enumerate(steps):
        was, is_ = "".join(before[a:b]), "".join(after[c:d])
        # A blank between two words that differ is part of what differs: words in a row are read as one.
        if kind == "equal" and (was.strip() or number in (0, len(steps) - 1)):
            _add(removed, "=", was)
            _add(added, "=", is_)
        else:
            _add(removed, "-", was)
            _add(added, "+", is_)
    return [("-", removed), ("+", added)]


def _add(runs: list[Run], kind: str, text: str) -> None:
    if runs and runs[-1][0] == kind:
        runs[-1] = (kind, runs[-1][1] + text)
    elif text:
        runs.append((kind, text))
