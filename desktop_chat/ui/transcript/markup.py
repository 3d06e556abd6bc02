"""What is copied, as HTML of the simple kind and as Markdown.

HTML has no style, no class and no script, and everything in it is escaped: a program that it is pasted into
gets text, its structure, and links that a click here would open too.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple, TypeVar

from desktop_chat.ui.addresses import is_allowed, shown
from desktop_chat.ui.transcript.excerpt import Chunk, Slice
from desktop_chat.ui.transcript.leaves import (
    LINE_BREAK,
    TASK,
    TASK_DONE,
    Inline,
    Kind,
    Leaf,
    Mark,
    clean,
    clip,
    cut,
    units,
)

HEAD = '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body>\n'
TAIL = "</body></html>\n"

MAX_PIECE = 64 * 1024
"""Characters that are made printable at once."""

_T = TypeVar("_T")

# As integers, which are compared far faster.
_BOLD, _ITALIC, _STRIKE, _CODE, _RAISED = map(
    int, (Mark.BOLD, Mark.ITALIC, Mark.STRIKE, Mark.CODE, Mark.RAISED)
)

Key = int | str
"""What is opened around runs: a mark, or the link to an address."""
Row = list[Inline | None]
"""The cells of a row; None where one is not taken."""


class Run(NamedTuple):
    """Text that looks the same from its begin to its end; ``url`` is "" where it is no link."""

    text: str
    marks: int
    url: str
    is_formula: bool


def html(chunk: Chunk, *, alone: bool = False) -> Iterator[str]:
    """A text as HTML without :data:`HEAD` and :data:`TAIL`, block by block.

    ``alone`` where nothing but a part of one block is taken: that goes into a line of its target.
    """
    stack: list[str] = []
    for block in _blocks(chunk.slices):
        leaf = block[0].leaf
        if alone and (inline := _line(block)) is not None:
            yield _html_inline(inline)
            return
        in_item = bool(leaf.marker) and leaf.containers.endswith("i")
        yield "".join(_move(stack, leaf))
        yield from _html_block(block, in_item=in_item)
    yield "".join(_ENDS[name] for name in reversed(stack))


def markdown(chunk: Chunk, *, alone: bool = False) -> Iterator[str]:
    """A text as Markdown, block by block: what was written where all of it is taken, as it can be shown."""
    if chunk.source is not None or chunk.is_literal:
        yield from _cleaned(chunk.source if chunk.source is not None else chunk.plain)
        return
    indents: list[str] = []
    before: Leaf | None = None
    for block in _blocks(chunk.slices):
        leaf = block[0].leaf
        if alone and (inline := _line(block)) is not None:
            yield _markdown_inline(inline)
            return
        kept = _kept(before.containers if before is not None else "", leaf)
        if before is not None:
            gap = "".join(indents[:kept])
            within = kept == len(before.containers) and before.kind is Kind.TEXT
            next_item = kept < len(before.containers) and _list(before) == _list(leaf)
            follows = leaf.marker and "i" in before.containers and (within or next_item)
            yield "\n" if follows else f"\n{gap.rstrip()}\n"
        first = "".join(indents[:kept])
        del indents[kept:]
        for depth, container in enumerate(leaf.containers[kept:], kept):
            last = depth == _last_item(leaf.containers)
            begin, indent = _container(container, leaf.marker if last else "")
            first += begin
            indents.append(indent)
        rest = "\n" + "".join(indents)
        yield first
        for piece in _markdown_block(block):
            yield piece.replace("\n", rest)
        before = leaf


def _cleaned(source: str) -> Iterator[str]:
    """``source`` as it can be shown, in pieces."""
    start = 0
    while start < len(source):
        end = source.rfind("\n", start, start + MAX_PIECE) + 1 or start + MAX_PIECE
        yield clean(source[start:end])
        start = end


def _blocks(slices: Sequence[Slice]) -> Iterator[list[Slice]]:
    """The slices of each block, whose leaves are its parts."""
    found: list[Slice] = []
    for item in slices:
        if found and not item.leaf.part:
            yield found
            found = []
        found.append(item)
    if found:
        yield found


def _line(block: list[Slice]) -> Inline | None:
    """What is taken of a block as a run of text, None where it is all of it or has lines of its own."""
    if len(block) > 1 or block[0].is_whole:
        return None
    leaf = block[0].leaf
    if leaf.kind is Kind.TABLE:
        cells = [cell for row in _rows(block) for cell in row[1] if cell is not None]
        return cells[0] if len(cells) == 1 else None
    inline = clip(leaf.inline, block[0].start, block[0].end)
    if leaf.kind is Kind.CODE:
        return (
            None if LINE_BREAK in inline.text else Inline(inline.text, ((0, units(inline.text), Mark.CODE),))
        )
    return inline


def _rows(block: list[Slice]) -> list[tuple[bool, Row]]:
    """The rows of a table that are taken, each with whether it is the header."""
    found: list[tuple[bool, Row]] = []
    for leaf, start, end in block:
        position = 0
        for number, row in enumerate(leaf.rows):
            cells: Row = []
            for cell in row:
                last = position + units(cell.text)
                inside = start <= position and last <= end
                touched = inside or (position < end and start < last)
                cells.append(clip(cell, max(0, start - position), end - position) if touched else None)
                position = last + 1
            if any(cell is not None for cell in cells):
                found.append((leaf.part == 0 and number == 0, cells))
    if len(found) == 1:
        head, cells = found[0]
        return [(head, [cell for cell in cells if cell is not None])]
    return found


def _prose(block: list[Slice]) -> Iterator[tuple[str, Inline]]:
    """The runs of text of a block, each with what joins it to the one before."""
    for number, item in enumerate(block):
        yield item.leaf.glue if number else "", clip(item.leaf.inline, item.start, item.end)


def _code(block: list[Slice]) -> str:
    return "".join((item.leaf.glue if number else "") + item.text for number, item in enumerate(block))


# Containers


def _last_item(containers: str) -> int:
    """The container that the marker of a leaf belongs to."""
    return max(containers.rfind("i"), containers.rfind("f"))


def _kept(before: str, leaf: Leaf) -> int:
    """How many of the containers of the leaf before stay open."""
    kept = 0
    for old, new in zip(before, leaf.containers, strict=False):
        if old != new:
            break
        kept += 1
    return min(kept, _last_item(leaf.containers)) if leaf.marker else kept


def _list(leaf: Leaf) -> str:
    """What kind of list a leaf is in."""
    return "ol" if leaf.marker[:1].isdigit() else "ul"


_ENDS = {"q": "</blockquote>\n", "f": "", "ul": "</li>\n</ul>\n", "ol": "</li>\n</ol>\n"}


def _move(stack: list[str], leaf: Leaf) -> Iterator[str]:
    """Close the containers that a leaf does not stand in, and open the others; ``stack`` are those open."""
    kept = _kept("".join("i" if name in ("ul", "ol") else name for name in stack), leaf)
    item = _last_item(leaf.containers)
    is_next = bool(leaf.marker) and kept == item < len(stack) and stack[kept] == _list(leaf)
    while len(stack) > kept + is_next:
        yield _ENDS[stack.pop()]
    if is_next:
        yield "</li>\n<li>"
    for depth, container in enumerate(leaf.containers[len(stack) :], len(stack)):
        name = container
        if container == "q":
            yield "<blockquote>\n"
        elif container == "i":
            name = _list(leaf) if depth == item else "ul"
            number = leaf.marker[:-1] if name == "ol" else "1"
            yield f"<{name}>\n<li>" if number == "1" else f'<{name} start="{escape(number)}">\n<li>'
        stack.append(name)


def _container(container: str, marker: str) -> tuple[str, str]:
    """What Markdown has before the first line of a container, and before the others."""
    if container == "q":
        return "> ", "> "
    if container == "f":
        return f"[^{marker}]: ", "    "
    begin = marker + " " if marker[:1].isdigit() else "- "
    task = {TASK: "[ ] ", TASK_DONE: "[x] "}.get(marker, "")
    return begin + task, " " * len(begin)


# HTML


def _html_block(block: list[Slice], *, in_item: bool) -> Iterator[str]:
    leaf = block[0].leaf
    if leaf.kind is Kind.RULE:
        yield "<hr>\n"
    elif leaf.kind is Kind.CODE:
        yield f"<pre><code>{escape(_code(block), quote=False)}</code></pre>\n"
    elif leaf.kind is Kind.TABLE:
        yield from _html_table(block)
    else:
        begin, end = ("", "") if in_item else ("<p>", "</p>\n")
        if leaf.heading:
            begin, end = f"<h{leaf.heading}>", f"</h{leaf.heading}>\n"
        elif leaf.marker in (TASK, TASK_DONE):
            begin += f"{leaf.marker} "
        elif leaf.marker and leaf.containers.endswith("f"):
            begin += f"<sup>{escape(leaf.marker)}</sup> "
        yield begin
        for glue, inline in _prose(block):
            yield glue.replace("\n", "<br>\n") + _html_inline(inline)
        yield end


_FORMULA = re.compile(r"\s*(?:[=@]|[+-](?![\d.,]+\s*%?$))")
_AS_TEXT = ' sdnum="1033;0;@"'
"""What keeps LibreOffice from computing what a cell says, or asking a server for it."""


def _html_table(block: list[Slice]) -> Iterator[str]:
    columns = block[0].leaf.columns
    aligns = columns.aligns if columns is not None else ()
    rows = _rows(block)
    yield "<table>\n"
    for is_head, cells in rows:
        line = ["<tr>"]
        for number, cell in enumerate(cells):
            tag = "th" if is_head else "td"
            align = aligns[number] if number < len(aligns) and len(rows) > 1 else ""
            attribute = f' align="{align}"' if align else ""
            if cell is not None and _FORMULA.match(cell.text):
                attribute += _AS_TEXT
            line.append(f"<{tag}{attribute}>{'' if cell is None else _html_inline(cell)}</{tag}>")
        yield "".join([*line, "</tr>\n"])
    yield "</table>\n"


_SPACES = re.compile("(?m)^ | (?= )")


def _html_inline(inline: Inline) -> str:
    def text(run: Run) -> str:
        if run.is_formula or run.marks & _CODE:
            return f"<code>{_escaped(run.text)}</code>"
        # More spaces than one would be shown as one.
        found = _SPACES.sub("\xa0", run.text) if "  " in run.text or LINE_BREAK in run.text else run.text
        return f"<sup>{_escaped(found)}</sup>" if run.marks & _RAISED else _escaped(found)

    def tag(key: Key) -> tuple[str, str]:
        if isinstance(key, str):
            return f'<a href="{escape(key)}">', "</a>"
        name = {_BOLD: "strong", _ITALIC: "em", _STRIKE: "s"}[key]
        return f"<{name}>", f"</{name}>"

    return "".join(_nested(inline, text, tag))


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace(LINE_BREAK, "<br>\n")


# Markdown


def _markdown_block(block: list[Slice]) -> Iterator[str]:
    leaf = block[0].leaf
    if leaf.kind is Kind.RULE:
        yield "---"
    elif leaf.kind is Kind.CODE:
        yield _fenced(_code(block), leaf.language)
    elif leaf.kind is Kind.TABLE:
        yield from _markdown_table(block)
    elif leaf.kind is Kind.MATH:
        yield block[0].text
    elif leaf.heading:
        text = "".join(_markdown_inline(inline) for _glue, inline in _prose(block))
        yield "#" * leaf.heading + " " + text.replace("\\\n", " ")
    else:
        for glue, inline in _prose(block):
            text = _BEGINS_BLOCK.sub(r"\\\g<0>", _markdown_inline(inline))
            yield glue.replace("\n", "\\\n") + _NUMBER.sub(r"\1\\\2", text)


_BEGINS_BLOCK = re.compile(r"(?m)^(?:(?:#{1,6}|[-+])(?=\s|$)|>|(?:-{2,}|=+)\s*$)")
_NUMBER = re.compile(r"(?m)^(\d{1,9})([.)])(?=\s|$)")
_SPECIAL = re.compile(
    r"[\\`*\[\]]|<(?=[\w/!?])|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=~)~|&(?=#?\w+;)|\$(?=.*\$)"
)


def _fenced(code: str, language: str) -> str:
    longest = max((len(ticks) for ticks in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def _markdown_table(block: list[Slice]) -> Iterator[str]:
    rows = _rows(block)
    columns = block[0].leaf.columns
    count = max((len(cells) for _is_head, cells in rows), default=0)
    aligns = columns.aligns if columns is not None and count == len(columns.aligns) else ("",) * count
    rules = {"left": ":---", "center": ":---:", "right": "---:"}
    if not rows or not rows[0][0]:
        rows.insert(0, (True, [None] * count))
    yield _markdown_row(rows[0][1])
    yield "\n|" + "|".join(rules.get(align, "---") for align in aligns) + "|"
    for _is_head, cells in rows[1:]:
        yield "\n" + _markdown_row(cells)


def _markdown_row(cells: Row) -> str:
    texts = ("" if cell is None else _markdown_inline(cell) for cell in cells)
    return "| " + " | ".join(text.replace("\\\n", " ").replace("|", "\\|") for text in texts) + " |"


def _markdown_inline(inline: Inline) -> str:
    def text(run: Run) -> str:
        if run.is_formula:
            return run.text.replace(LINE_BREAK, "\n")
        if run.marks & _CODE:
            return _code_span(run.text)
        if run.marks & _RAISED:
            return f"[^{run.text}]"
        if run.url == run.text and run.url:
            return run.text
        return _SPECIAL.sub(r"\\\g<0>", run.text).replace(LINE_BREAK, "\\\n")

    def delimiters(key: Key) -> tuple[str, str]:
        if isinstance(key, str):
            return "[", f"](<{key}>)" if re.search(r"[()\s]", key) else f"]({key})"
        mark = {_BOLD: "**", _ITALIC: "*", _STRIKE: "~~"}[key]
        return mark, mark

    return "".join(_nested(inline, text, delimiters, bare=True))


def _code_span(text: str) -> str:
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


# Runs


def _runs(inline: Inline) -> list[Run]:
    edges = {0, units(inline.text)}
    for ranges in (inline.marks, inline.links, inline.formulas):
        for start, end, _value in ranges:
            edges |= {start, end}
    starts = [
        [start for start, _end, _value in ranges] for ranges in (inline.marks, inline.links, inline.formulas)
    ]
    found = []
    for start, end in pairwise(sorted(edges)):
        marks, url = int(_at(inline.marks, starts[0], start) or 0), _at(inline.links, starts[1], start) or ""
        is_formula = _at(inline.formulas, starts[2], start) is not None
        address = shown(url) if is_allowed(url) else ""
        found.append(Run(cut(inline.text, start, end), marks, address, is_formula))
    return found


def _at(ranges: tuple[tuple[int, int, _T], ...], starts: list[int], position: int) -> _T | None:
    """The value at a position; ``ranges`` are in order and do not overlap."""
    index = bisect_right(starts, position) - 1
    return ranges[index][2] if index >= 0 and position < ranges[index][1] else None


def _keys(run: Run, *, bare: bool) -> list[Key]:
    """What is opened around a run. ``bare`` where an address needs no link around it."""
    keys: list[Key] = [mark for mark in (_BOLD, _ITALIC, _STRIKE) if run.marks & mark]
    if run.url and not (bare and run.url == run.text) and not run.marks & _RAISED:
        keys.insert(0, run.url)
    return keys


def _nested(
    inline: Inline,
    text: Callable[[Run], str],
    delimiters: Callable[[Key], tuple[str, str]],
    *,
    bare: bool = False,
) -> Iterator[str]:
    """Runs with what is opened and closed around them, well nested; never between a space and its word."""
    if not (inline.marks or inline.links or inline.formulas):
        yield text(Run(inline.text, 0, "", False))
        return
    runs = [run for run in _runs(inline) if run.text]
    keys = [_keys(run, bare=bare) for run in runs]
    opened: list[Key] = []
    held = ""
    for number, run in enumerate(runs):
        stays = next((i for i, key in enumerate(opened) if key not in keys[number]), len(opened))
        while len(opened) > stays:
            yield delimiters(opened.pop())[1]
        yield held
        held = ""
        is_text = not run.is_formula and not run.marks & (_CODE | _RAISED)
        body = run.text
        if is_text and body.isspace() and not opened:
            yield text(run)
            continue
        new = [key for key in keys[number] if key not in opened]

        def reach(key: Key, number: int = number) -> int:
            return next((i for i in range(number, len(runs)) if key not in keys[i]), len(runs))

        if len(new) > 1:
            new.sort(key=reach, reverse=True)
        closes = number + 1 == len(runs) or any(key not in keys[number + 1] for key in (*opened, *new))
        if is_text and keys[number]:
            lead = body[: len(body) - len(body.lstrip(" "))] if new else ""
            trail = body[len(body.rstrip(" ")) :] if closes else ""
            body = body[len(lead) : len(body) - len(trail)]
            yield lead
            held = trail
        for key in new:
            yield delimiters(key)[0]
            opened.append(key)
        yield text(run._replace(text=body))
    while opened:
        yield delimiters(opened.pop())[1]
    yield held
