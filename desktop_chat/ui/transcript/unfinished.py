"""Text that is still being written, made ready to be shown: what is open looks as it will look once closed.

What cannot be known yet - half a link, half a formula, half a table's delimiter row - is left out, for as
many characters as such a thing usually has; what turns out longer is shown as it stands.
"""

import re
from bisect import bisect_left

from desktop_chat.ui.transcript.syntax import CLOSINGS, DISPLAYS, OPEN, closes, opens, reference

OPEN_TARGET = "open:"
"""The target of a link whose target is not known yet."""
HELD_FORMULA, HELD_LABEL, HELD_TARGET = 300, 120, 2000
"""Characters that are held back of an open formula, of the text of a link and of its target."""
MAX_BARS = 100
"""Bars of a line that can be the head of a table."""
MAX_LINE = 300
"""Characters of a line that can still be undecided."""

_CONTAINERS = r"(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)]|\[\^[^\s\[\]^]{1,64}\]:)(?=[ \t])))*[ \t]*"
_UNDECIDED = re.compile(
    _CONTAINERS + r"(?:[-=*_#+`~|:$]{1,3}|[-=_#~*]+|\d{1,9}[.)]?|\[(?:[ xX]\]?)?|\\|[|:-][|:\- \t]*"
    r"|`{3,}[^`]*|~{3,}.*|\[(?!\^)[^\]]{1,200}\]:.*)?[ \t]*"
)
_MAYBE_TABLE = re.compile(rf"({_CONTAINERS})\|.*\S")
_DELIMITERS = re.compile(r"[ \t>]*[|:\- \t]*")
_NO_SPACE = re.compile(r"[^\s>]")

_SCAN = re.compile(r"\\.?|`+|\$\$?|!?\[|\]|<|&|\*+|_+|~+|!", re.DOTALL)
_TICKS = re.compile(r"`+")
_ADDRESS = re.compile(r"<[A-Za-z][^\s<>]{0,300}>")
_OPEN_ADDRESS = re.compile(r"<(?:[A-Za-z][^\s<>]{0,300})?\Z")
_OPEN_ENTITY = re.compile(r"&(?:#[xX]?[0-9a-fA-F]{0,7}|[A-Za-z][A-Za-z0-9]{0,31})?\Z")
_DESTINATION = r"\(\s*(?:<[^<>\n]*>|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*)"
_TITLE = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\))"""
_TARGET = re.compile(rf"{_DESTINATION}(?:\s+{_TITLE})?\s*\)", re.DOTALL)
_OPEN_LINK = re.compile(
    r"\(\s*(?:<[^<>\n]*>?|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*(?:\([^\s()]*)?|"
    rf"(?:<[^<>\n]*>|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*)"
    rf"""\s+(?:"(?:[^"\\]|\\.)*|'(?:[^'\\]|\\.)*|\((?:[^()\\]|\\.)*|{_TITLE}\s*)?)\Z""",
    re.DOTALL,
)
_SCHEMES = ("https://", "http://", "mailto:")


def shown(tail: str, *, starts: bool) -> str:
    """``tail`` without a last line that does not say yet what it will be; a table's head as a table.

    ``starts`` says that nothing stands before it that it could go on with.
    """
    *above, head = *before, line = tail.split("\n")
    if before and _MAYBE_TABLE.match(before[-1]) and _DELIMITERS.fullmatch(line):
        *above, head = before
    if len(head) <= 10 * MAX_LINE and (found := _MAYBE_TABLE.match(head)):
        lead = found[1]
        starts = not above[-1].strip("> \t") if above else starts
        if (starts or _NO_SPACE.search(lead)) and head.count("|") <= MAX_BARS:
            cells = (
                head[len(lead) :].strip().replace("\\|", "").removeprefix("|").removesuffix("|").count("|")
            )
            return "\n".join([*above, head, _NO_SPACE.sub(" ", lead) + "|" + "---|" * (cells + 1)])
    if line and len(line) <= MAX_LINE and _UNDECIDED.fullmatch(line):
        return tail[: len(tail) - len(line)]
    return tail


def settle(content: str) -> str:
    """The text of a paragraph that is still open, as it will look."""
    for _attempt in range(8):
        held, content = _pass(content)
        if not held:
            break
    return content


def _pass(content: str) -> tuple[bool, str]:
    """One reading from left to right. True if something was cut off: what is before it may now be the end."""
    length = len(content)
    opened: list[list[int | str]] = []
    brackets: list[int] = []
    ticks: dict[int, list[int]] | None = None
    at = 0
    while match := _SCAN.search(content, at):
        found, start, at = match[0], match.start(), match.end()
        first = found[0]
        if first in "\\$":
            if found == "\\":
                return True, content[:start]
            opening = opens(content, start)
            if not opening:
                continue
            end = closes(content, at, opening)
            if end >= 0:
                at = end + len(CLOSINGS[opening])
            elif end == OPEN and (opening in DISPLAYS or length - at <= HELD_FORMULA):
                return True, content[: _outermost(brackets, start, length)]
        elif first == "`":
            if ticks is None:
                ticks = {}
                for run in _TICKS.finditer(content):
                    ticks.setdefault(len(run[0]), []).append(run.start())
            same = ticks.get(len(found), [])
            index = bisect_left(same, at)
            if index < len(same):
                at = same[index] + len(found)
                continue
            if at == length:
                return True, content[:start]
            if brackets:
                cut = _outermost(brackets, start, length)
                if cut < start:
                    return True, content[:cut]
            return False, _closed(_code(content, at, found), opened)
        elif first == "<":
            if _OPEN_ADDRESS.match(content, start):
                return True, content[: _outermost(brackets, start, length)]
            if address := _ADDRESS.match(content, start):
                at = address.end()
        elif first == "&":
            if _OPEN_ENTITY.match(content, start):
                return True, content[: _outermost(brackets, start, length)]
        elif found == "!":
            if at == length:
                return True, content[:start]
        elif first in "![":
            brackets.append(start)
        elif first == "]":
            if not brackets:
                continue
            start = brackets.pop()
            if at == length:
                return True, content[: _outermost(brackets, start, length)]
            if reference(content, start) or content[at] not in "([":
                continue
            if content[at] == "[":
                closing = content.find("]", at)
                if closing < 0 and length - at <= HELD_LABEL and not content.startswith("[^", at):
                    return True, content[: _outermost(brackets, start, length)]
            elif target := _TARGET.match(content, at, at + HELD_TARGET):
                at = target.end()
            elif length - at <= HELD_TARGET and _OPEN_LINK.match(content, at):
                outer = _outermost(brackets, start, length)
                if outer < start or content[start] == "!":
                    return True, content[:outer]
                opened = [one for one in opened if int(one[2]) < start]
                return False, _closed(content[:at] + _target(content[at + 1 :]), opened)
        elif at == length:
            return True, content[: _outermost(brackets, start, length)]
        else:
            _delimiter(content, start, at, opened)
    cut = _outermost(brackets, length, length)
    if cut < length:
        return True, content[:cut]
    return False, _closed(content, opened)


def _outermost(brackets: list[int], start: int, length: int) -> int:
    """Where the link or image begins that ``start`` may stand in, or ``start``."""
    return next((bracket for bracket in brackets if length - bracket <= HELD_LABEL), start)


def _target(written: str) -> str:
    """What stands for a target of which only the begin is there: it becomes a link, or it never can."""
    begin = written.lstrip().lstrip("<").lower()
    may = any(begin.startswith(scheme) or scheme.startswith(begin) for scheme in _SCHEMES)
    return f"({OPEN_TARGET})" if may else "(#)"


def _code(content: str, start: int, ticks: str) -> str:
    """``content`` with the code closed that begins at ``start``."""
    inside = content[start:].rstrip("`")
    if inside.startswith(" ") and not inside.endswith(" "):
        inside += " "
    if not inside.strip():
        return content[: start - len(ticks)]
    return content[:start] + inside + ticks


def _delimiter(content: str, start: int, end: int, opened: list[list[int | str]]) -> None:
    """Keep account of a run of ``*``, ``_`` or ``~``: it closes what is open, or opens."""
    character, count = content[start], end - start
    before = content[start - 1] if start else " "
    after = content[end]
    mark_before, mark_after = (
        not (before.isalnum() or before.isspace()),
        not (after.isalnum() or after.isspace()),
    )
    left = not after.isspace() and (not mark_after or before.isspace() or mark_before)
    right = not before.isspace() and (not mark_before or after.isspace() or mark_after)
    opens_, closes_ = left, right
    if character == "_":
        opens_, closes_ = left and (not right or mark_before), right and (not left or mark_after)
    elif character == "~" and count != 2:
        return
    if closes_:
        for index in range(len(opened) - 1, -1, -1):
            one = opened[index]
            if one[0] != character:
                continue
            used = min(count, int(one[1]))
            count -= used
            one[1] = int(one[1]) - used
            del opened[index + 1 :]
            if not one[1]:
                opened.pop()
            if not count:
                return
    within_word = before.isascii() and before.isalnum() and (count == 1 or after.isdigit())
    if opens_ and not within_word and count <= 3:
        opened.append([character, count, start])


def _closed(content: str, opened: list[list[int | str]]) -> str:
    """``content`` with the emphasis closed that is open at its end."""
    if not opened:
        return content
    return content.rstrip() + "".join(str(one[0]) * int(one[1]) for one in reversed(opened))
