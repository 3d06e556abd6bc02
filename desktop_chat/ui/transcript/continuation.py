"""Where a block that has become too long to be read again is cut, so that the rest goes on as if it were not.

What stands before the rest opens its containers again, each with an empty heading that is not shown, and the
code block or the table that it is a part of.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from desktop_chat.ui.transcript.leaves import prose_end, segments, table_rows
from desktop_chat.ui.transcript.markdown import Block, Container, Inner, Resumed

_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?: {1,4}(?=[^ ])| |$)")
_QUOTE = re.compile(r" {0,3}> ?")
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\s\[\]^]{1,64}\]: *")
_MARKERS = {"i": _ITEM, "q": _QUOTE, "f": _FOOTNOTE}
_STAND_IN = "x"
"""Stands for the text before the rest of a line of code, or for the first line of indented code."""


class Cut(NamedTuple):
    """``leaves`` are final; the text goes on with ``prefix``, which is shown already, and ``tail``."""

    leaves: int
    line: int
    prefix: str
    tail: str
    resumed: Resumed


def cut_within(block: Block, lines: list[str], first: int) -> Cut | None:
    """Cut the text of ``lines``, whose last block is ``block``, at the last place that no further text moves.

    Lines before ``first`` are the prefix of the cut before. None if there is no such place.
    """
    inner = block.last
    if inner is None:
        return None
    if inner.begin > first:
        within = [container for container in inner.within if container.line < inner.begin]
        opened = _opened(lines, within)
        if opened is None:
            return None
        tail = "\n".join(lines[inner.begin :])
        return Cut(inner.first, inner.begin, opened[0], tail, _resumed(inner, len(within)))
    opened = _opened(lines, inner.within)
    if opened is None:
        return None
    if inner.kind in ("fence", "code_block"):
        return _cut_code(inner, lines, *opened)
    if inner.kind == "table_open":
        return _cut_table(inner, lines, *opened)
    if inner.kind == "paragraph_open":
        return _cut_paragraph(inner, lines, *opened)
    return None


def reopened(block: Block, lines: list[str]) -> tuple[str, Resumed] | None:
    """The prefix of a text that goes on in the containers of the last leaf, and what it resumes."""
    if block.last is None or not block.last.within:
        return None
    opened = _opened(lines, block.last.within)
    if opened is None:
        return None
    # In the middle of a line, the rest of it stands in the containers too.
    return opened[0] + opened[1] * bool(lines[-1]), _resumed(block.last, len(block.last.within))


def _resumed(inner: Inner, opened: int) -> Resumed:
    numbers = tuple(container.number for container in inner.within if container.letter == "i")
    return Resumed(numbers=numbers, opened=opened)


def _opened(lines: list[str], within: Sequence[Container]) -> tuple[str, str] | None:
    """Lines that open these containers again, and what begins a further line within them."""
    prefix = before = ""
    for index, container in enumerate(within):
        line = lines[container.line].expandtabs(4)
        column = _column(line, container.line, within[:index], lines)
        marker = _MARKERS[container.letter].match(line, column) if column is not None else None
        if marker is None:
            return None
        lead = marker[0] if marker[0].endswith(" ") else marker[0] + " "
        prefix += before + lead + "#\n"
        before += {"i": " " * len(lead), "q": "> ", "f": " " * 4}[container.letter]
    return prefix, before


def _column(line: str, number: int, within: Sequence[Container], lines: list[str]) -> int | None:
    """Where in a line, without tabs, the content of these containers begins."""
    at = 0
    for index, container in enumerate(within):
        if container.line == number or container.letter == "q":
            marker = _MARKERS[container.letter].match(line, at)
            if marker is None:
                return None
            at = marker.end()
        elif container.letter == "f":
            at += 4
        else:
            opened = _opened(lines, within[: index + 1])
            if opened is None:
                return None
            at += len(opened[1]) - len(_opened(lines, within[:index])[1])  # type: ignore[index]
    return at


def _content(inner: Inner, lines: list[str], line: int) -> str | None:
    """A line of a block without what its containers put before it."""
    text = lines[line].expandtabs(4)
    column = _column(text, line, inner.within, lines)
    return None if column is None else text[column:]


def _cut_code(inner: Inner, lines: list[str], prefix: str, before: str) -> Cut | None:
    *done, (glue, _rest) = segments(inner.content.removesuffix("\n"))
    opening = _content(inner, lines, inner.line)
    if not done or opening is None:
        return None
    used = sum(len(one) + len(segment) for one, segment in done) + len(glue)
    # What the block begins with besides, if it was cut already, is not among its content.
    written = inner.stand_in + inner.content
    used += len(inner.stand_in)
    line = inner.line + written.count("\n", 0, used)
    indent = " " * 4
    if inner.kind == "fence":
        line += 1
        indent = " " * (len(opening) - len(opening.lstrip(" ")))
        prefix += f"{before}{indent}{inner.markup} {inner.info}\n"
    if glue:
        tail = "\n".join(lines[line:])
        # Indented code cannot begin with an empty line.
        stand_in = "" if inner.kind == "fence" else _STAND_IN + "\n"
    else:
        end = written.find("\n", used)
        left = (len(written) if end < 0 else end) - used
        tail = "\n".join([lines[line][len(lines[line]) - left :], *lines[line + 1 :]])
        stand_in = _STAND_IN
    if stand_in:
        prefix += before + indent + stand_in
    resumed = _resumed(inner, len(inner.within))
    resumed.code_part, resumed.code_glue, resumed.code_stand_in = inner.part + len(done), glue, stand_in
    return Cut(inner.leaf + len(done), line, prefix, tail, resumed)


def _cut_table(inner: Inner, lines: list[str], prefix: str, before: str) -> Cut | None:
    head, delimiters = (_content(inner, lines, inner.line + i) for i in range(2))
    if head is None or delimiters is None or inner.columns is None:
        return None
    rows = table_rows(len(inner.columns.aligns))
    chunks = (inner.rows - 1) // rows
    if chunks < 1:
        return None
    line = inner.line + 2 + chunks * rows
    resumed = _resumed(inner, len(inner.within))
    resumed.columns, resumed.table_part = inner.columns, inner.part + chunks
    prefix += f"{before}{head}\n{before}{delimiters}\n"
    return Cut(inner.leaf + chunks, line, prefix, "\n".join(lines[line:]), resumed)


def _cut_paragraph(inner: Inner, lines: list[str], prefix: str, before: str) -> Cut | None:
    content, start, found = inner.content, 0, None
    for piece, leaves in enumerate(inner.pieces, 1):
        start = prose_end(content, start)
        if start + 100 >= len(content):
            break
        # Only a letter begins nothing else.
        if content[start].isalpha():
            found = start, piece, leaves
    if found is None:
        return None
    start, piece, leaves = found
    line = inner.line + content.count("\n", 0, start)
    end = content.find("\n", start)
    rest = content[start:] if end < 0 else content[start:end]
    at = len(lines[line].rstrip() if end < 0 else lines[line]) - len(rest)
    tail = "\n".join([lines[line][at:], *lines[line + 1 :]])
    resumed = _resumed(inner, len(inner.within))
    resumed.prose_part = inner.part + piece
    return Cut(leaves, line, prefix + before, tail, resumed)
