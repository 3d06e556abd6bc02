"""CommonMark with GitHub's extensions, formulas and footnotes, as leaves.

Text from a model is data: HTML is shown literally, images become a link, and no URL outside the allow-list
becomes a link. markdown-it is loaded when the first message needs it.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from desktop_chat.ui.transcript.inline import formula, joined, runs
from desktop_chat.ui.transcript.leaves import (
    LINE_BREAK,
    MAX_MARKERS,
    TASK,
    TASK_DONE,
    Columns,
    Inline,
    Kind,
    Leaf,
    clean,
    code_leaf,
    literal_leaf,
    markers,
    prose_end,
    segments,
    table_rows,
)
from desktop_chat.ui.transcript.syntax import extend
from desktop_chat.ui.transcript.unfinished import settle

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_NESTING = 20
MAX_COLUMNS = 100
MAX_INFO = 200
"""Characters of an info string that are kept."""

Environment = dict[str, Any]
_SPECIAL = re.compile(r"[\n*_\[\]`<~&!\\$@]|://")
_TASK = re.compile(r"\[([ xX])\]\s+(?=\S)")


@functools.cache
def parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    md = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    md.enable(["table", "strikethrough"])
    # Leaves parse their own inline text, in bounded pieces.
    md.disable(["inline", "text_join", "html_inline", "html_block"])
    # Allowed or not is decided when a link is made, so that a refused target leaves its text, not its source.
    md.validateLink = lambda url: True  # type: ignore[method-assign]
    # An open block is read again and again; its targets need not be.
    md.normalizeLink = functools.lru_cache(2048)(md.normalizeLink)  # type: ignore[method-assign]
    extend(md)
    return md


class Container(NamedTuple):
    """A quote, list item or footnote: its letter as of :class:`Leaf`, its first line, an item's number."""

    letter: str
    line: int
    number: int | None


@dataclass(slots=True)
class Inner:
    """A block that holds text, within its containers: its line, its first leaf, what the parser says of it.

    ``begin`` is the line, and ``first`` the first leaf, of all that begins with it; ``part`` is that of its
    own first leaf. ``pieces`` are the leaves up to the end of each bounded piece of a paragraph; ``stand_in``
    is what its text began with that stood for what was cut off.
    """

    kind: str
    line: int
    begin: int
    first: int
    leaf: int
    within: tuple[Container, ...]
    content: str
    markup: str
    info: str
    part: int = 0
    pieces: list[int] = field(default_factory=list)
    rows: int = 0
    columns: Columns | None = None
    stand_in: str = ""


@dataclass(slots=True)
class Block:
    """A top-level block: its kind (markdown-it's token type), its lines and its first leaf.

    ``items`` of a list are (first line, first leaf, number); ``rows`` counts the body rows of a table;
    ``pieces`` are the leaves of each bounded piece of a paragraph; ``last`` is the last text in it.
    """

    kind: str
    start: int
    end: int
    leaf: int
    info: str = ""
    items: list[tuple[int, int, int | None]] = field(default_factory=list)
    rows: int = 0
    columns: Columns | None = None
    pieces: list[int] = field(default_factory=list)
    last: Inner | None = None


@dataclass(slots=True)
class Resumed:
    """What a text goes on with whose beginning was cut off: the numbers of the items that it begins in; a
    table whose first rows are shown already; the part of a paragraph, or of code, which then begins with a
    stand-in; containers, of which each has one of the first ``opened`` leaves, that are not shown again."""

    numbers: tuple[int | None, ...] = ()
    columns: Columns | None = None
    table_part: int = 0
    prose_part: int = 0
    code_part: int = 0
    code_glue: str = ""
    code_stand_in: str = ""
    opened: int = 0


def parse(
    text: str, environment: Environment, resumed: Resumed | None = None, *, unfinished: bool = False
) -> tuple[list[Leaf], list[Block]]:
    """The leaves and top-level blocks of ``text``.

    ``environment`` holds the link definitions (key ``references``) and gains those of ``text``. With
    ``unfinished``, markup that is still open at the end looks as it will look once it is closed.
    """
    md = parser()
    if unfinished:
        environment["open"] = len(text.rstrip())
    return _Flattening(
        md, md.parse(text, environment), text, environment, resumed or Resumed(), unfinished
    ).run()


class _Flattening:
    def __init__(
        self,
        md: "MarkdownIt",
        tokens: "Sequence[Token]",
        source: str,
        environment: Environment,
        resumed: Resumed,
        unfinished: bool,
    ) -> None:
        self.md, self.tokens, self.source, self.environment = md, tokens, source, environment
        self.resumed, self.unfinished = resumed, unfinished
        self.leaves: list[Leaf] = []
        self.blocks: list[Block] = []
        self.containers = ""
        self.marker = ""
        self.numbers: list[int | None] = []
        self.lists = 0
        self.within: list[tuple[Container, int]] = []
        last = next(
            (i for i in range(len(tokens) - 1, -1, -1) if tokens[i].type == "inline" and tokens[i].content),
            -1,
        )
        self.open_inline = last if unfinished and last >= 0 and self._ends_text(tokens[last]) else -1

    def _ends_text(self, token: "Token") -> bool:
        lines = self.source.rstrip("\n").count("\n") + 1
        return token.map is not None and token.map[1] >= lines

    def run(self) -> tuple[list[Leaf], list[Block]]:
        tokens, i = self.tokens, 0
        while i < len(tokens):
            token = tokens[i]
            if token.level == 0 and token.nesting >= 0 and token.map:
                block = Block(token.type, token.map[0], token.map[1], len(self.leaves))
                self.blocks.append(block)
                end = self._end(i) if token.nesting else i
                if self._too_much(i, end):
                    self._literal(block)
                    i = end + 1
                    continue
            i = self._token(i)
        if self.resumed.opened:
            self._drop(self.resumed.opened)
        return self.leaves, self.blocks

    def _drop(self, count: int) -> None:
        del self.leaves[:count]
        for block in self.blocks:
            block.leaf = max(0, block.leaf - count)
            block.items = [(line, max(0, leaf - count), number) for line, leaf, number in block.items]
            if block.last is not None:
                block.last.first = max(0, block.last.first - count)
                block.last.leaf = max(0, block.last.leaf - count)
                block.last.pieces = [max(0, leaf - count) for leaf in block.last.pieces]

    @property
    def _resumes(self) -> bool:
        """Whether the next leaf is what the text goes on with."""
        return len(self.leaves) == self.resumed.opened and len(self.blocks) == 1

    def _enter(self, letter: str, token: "Token", number: int | None = None) -> None:
        self.containers += letter
        line = token.map[0] if token.map else 0
        self.within.append((Container(letter, line, number), len(self.leaves)))

    def _begin(self, kind: str, token: "Token") -> Inner:
        begin = line = token.map[0] if token.map else 0
        first = leaf = len(self.leaves)
        for one, at in reversed(self.within):
            if one.line < begin and at < first:
                break
            begin, first = min(begin, one.line), min(first, at)
        within, info = tuple(one for one, _leaf in self.within), token.info.strip()[:MAX_INFO]
        inner = Inner(kind, line, begin, first, leaf, within, token.content, token.markup, info)
        self.blocks[-1].last = inner
        return inner

    def _end(self, i: int) -> int:
        while not (self.tokens[i].level == 0 and self.tokens[i].nesting < 0):
            i += 1
        return i

    def _too_much(self, start: int, end: int) -> bool:
        """Whether the parser dropped what is nested too deep, or a table has too many columns."""
        columns = 0
        for token in self.tokens[start : end + 1]:
            if token.nesting > 0 and token.level >= MAX_NESTING - 1:
                return True
            if token.type == "th_open":
                columns += 1
            elif token.type == "thead_close":
                if columns > MAX_COLUMNS:
                    return True
                columns = 0
        return False

    def _literal(self, block: Block) -> None:
        block.kind = "literal"
        lines = self.source.split("\n")[block.start : block.end]
        for part, (glue, segment) in enumerate(segments("\n".join(lines).strip("\n"))):
            self.leaves.append(literal_leaf(segment, glue, part))

    def _token(self, i: int) -> int:
        token = self.tokens[i]
        kind = token.type
        if kind == "inline":
            self._prose(i, int(self.tokens[i - 1].tag[1]) if self.tokens[i - 1].type == "heading_open" else 0)
        elif kind in ("fence", "code_block"):
            self._code(token)
        elif kind == "hr":
            self._begin(kind, token)
            self._add(Leaf(Kind.RULE, containers=self.containers, marker=self._take_marker()))
        elif kind == "table_open":
            return self._table(i)
        elif kind == "math_block":
            self._begin(kind, token)
            inline = formula(token.content, token.markup)
            self._add(Leaf(Kind.MATH, inline, self.containers, self._take_marker()))
        elif kind == "held":
            self._begin(kind, token)
        elif kind == "blockquote_open":
            self._enter("q", token)
        elif kind == "footnote_open":
            if self.marker:
                self._add(Leaf(Kind.TEXT, containers=self.containers, marker=self._take_marker()))
            self._enter("f", token)
            self.marker = clean(token.content)
        elif kind in ("bullet_list_open", "ordered_list_open"):
            self._open_list(token)
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self.numbers.pop()
        elif kind == "list_item_open":
            self._open_item(token)
        elif kind in ("list_item_close", "blockquote_close", "footnote_close"):
            if self.marker and kind != "blockquote_close":
                self._add(Leaf(Kind.TEXT, containers=self.containers, marker=self._take_marker()))
            self.containers = self.containers[:-1]
            self.within.pop()
        return i + 1

    def _open_list(self, token: "Token") -> None:
        number = None
        if token.type == "ordered_list_open":
            number = int(token.attrGet("start") or 0) if token.attrGet("start") is not None else 1
            if len(self.blocks) == 1 and self.lists < len(self.resumed.numbers):
                resumed = self.resumed.numbers[self.lists]
                number = number if resumed is None else resumed
        self.lists += 1
        self.numbers.append(number)

    def _open_item(self, token: "Token") -> None:
        if self.marker:
            self._add(Leaf(Kind.TEXT, containers=self.containers, marker=self._take_marker()))
        number = self.numbers[-1]
        if token.level == 1 and token.map and self.blocks[-1].kind.endswith("list_open"):
            self.blocks[-1].items.append((token.map[0], len(self.leaves), number))
        self._enter("i", token, number)
        self.marker = "•" if number is None else f"{number}{token.markup}"
        if number is not None:
            self.numbers[-1] = number + 1

    def _take_marker(self) -> str:
        marker, self.marker = self.marker, ""
        return marker

    def _add(self, leaf: Leaf) -> None:
        self.leaves.append(leaf)

    def _prose(self, i: int, heading: int) -> None:
        content = self.tokens[i].content
        part = self.resumed.prose_part if self._resumes and not heading else 0
        inner = self._begin("heading_open" if heading else "paragraph_open", self.tokens[i])
        inner.part = part
        if self.marker and self.containers[-1] == "i" and (task := _TASK.match(content)):
            self.marker, content = TASK if task[1] == " " else TASK_DONE, content[task.end() :]
        start = 0
        while start < len(content):
            end = prose_end(content, start)
            before = len(self.leaves)
            is_open = i == self.open_inline and end == len(content)
            for display, inline in self._runs(content[start:end].strip(), is_open):
                joins = part and not display and len(self.leaves) == before
                self._add(
                    Leaf(
                        Kind.MATH if display else Kind.TEXT,
                        inline,
                        self.containers,
                        self._take_marker(),
                        0 if display else heading,
                        part=part if joins else 0,
                        glue=" " if joins else "",
                    )
                )
            start, part = end, part + 1
            inner.pieces.append(len(self.leaves))
            if self.tokens[i].level == 1 and not self.containers:
                self.blocks[-1].pieces.append(len(self.leaves) - before)
        if not content:
            self._add(Leaf(Kind.TEXT, Inline(), self.containers, self._take_marker(), heading))

    def _code(self, token: "Token") -> None:
        info = token.info.strip()[:MAX_INFO]
        if token.level == 0:
            self.blocks[-1].info = info
        inner, resumed = self._begin(token.type, token), self.resumed
        first, first_glue = 0, ""
        if self._resumes and resumed.code_part:
            first, first_glue, inner.stand_in = resumed.code_part, resumed.code_glue, resumed.code_stand_in
            inner.part, inner.content = first, token.content.removeprefix(inner.stand_in)
        for part, (glue, segment) in enumerate(segments(inner.content.removesuffix("\n")), first):
            glue = first_glue if part == first else glue
            self._add(code_leaf(segment, glue, part, info, self.containers, self._take_marker()))

    def _table(self, i: int) -> int:
        rows: list[tuple[Inline, ...]] = []
        aligns: list[str] = []
        cells: list[Inline] = []
        top, resumes = self.tokens[i].level == 0, self._resumes
        inner = self._begin("table_open", self.tokens[i])
        while self.tokens[i].type != "table_close":
            token = self.tokens[i]
            if token.type == "th_open":
                aligns.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
            elif token.type == "inline":
                cells.append(self._inline(token.content, i == self.open_inline))
            elif token.type == "tr_close":
                rows.append(tuple(cells))
                cells = []
            i += 1
        count = table_rows(len(aligns))
        part, columns = 0, Columns(tuple(aligns), tuple(rows[: count + 1]))
        body = rows[1:]
        chunks = [body[k : k + count] for k in range(0, len(body), count)]
        if resumes and self.resumed.columns is not None:
            part, columns = self.resumed.table_part, self.resumed.columns
        else:
            chunks = [[rows[0], *(chunks[0] if chunks else [])], *chunks[1:]]
        inner.rows, inner.columns, inner.part = len(body), columns, part
        if top:
            self.blocks[-1].rows, self.blocks[-1].columns = len(body), columns
        for number, chunk in enumerate(chunks, part):
            self._add(
                Leaf(
                    Kind.TABLE,
                    containers=self.containers,
                    marker=self._take_marker(),
                    part=number,
                    glue="\n" if number else "",
                    rows=tuple(chunk),
                    columns=columns,
                )
            )
        return i + 1

    def _runs(self, content: str, is_open: bool) -> list[tuple[bool, Inline]]:
        if _is_plain(content):
            return [(False, Inline(clean(content)))]
        tokens = self._parsed(content, is_open)
        return [(False, _literal(content))] if tokens is None else runs(tokens)

    def _inline(self, content: str, is_open: bool) -> Inline:
        if _is_plain(content):
            return Inline(clean(content))
        tokens = self._parsed(content, is_open)
        return _literal(content) if tokens is None else joined(tokens)

    def _parsed(self, content: str, is_open: bool) -> "list[Token] | None":
        # The parsers' worst cases are built of nothing else; then the text is shown literally.
        if markers(content) > MAX_MARKERS:
            return None
        if is_open:
            content = settle(content)
        tokens: list[Token] = []
        self.md.inline.parse(content, self.md, self.environment, tokens)
        return tokens


def _is_plain(content: str) -> bool:
    """Whether there is nothing to parse, as in most cells of tables."""
    return not _SPECIAL.search(content) and "www." not in content.lower()


def _literal(content: str) -> Inline:
    return Inline(clean(content).replace("\n", LINE_BREAK))
