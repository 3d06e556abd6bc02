"""Markdown that grows: what can no longer change is frozen, and only the open tail is parsed again."""

import re
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass, field

from desktop_chat.ui.transcript.continuation import cut_within, reopened
from desktop_chat.ui.transcript.leaves import (
    Leaf,
    code_leaf,
    literal_leaf,
    prose_end,
    reach,
    segments,
    table_rows,
    weight,
)
from desktop_chat.ui.transcript.markdown import Block, Environment, Resumed, parse
from desktop_chat.ui.transcript.unfinished import shown

MAX_MARKDOWN = 256 * 1024
"""Characters of one message that are read as markdown; the rest is shown as literal text."""
PIECE, MAX_OPEN = 4096, 8000
"""The most that is read before the clock is looked at, and the most of a block that is still open, all of
which each call reads again: one that gets longer is cut, at places that depend on the text alone."""


def piece_end(text: str, start: int = 0) -> int:
    """Where the piece of ``text`` ends that begins at ``start`` and has a bounded cost."""
    # What is counted is no longer than a piece, so that a long text is not copied for each.
    return start + reach(text[start : start + PIECE].replace("\r", "\n"), PIECE)


def pieces(text: str) -> Iterator[str]:
    """``text`` in pieces of bounded cost, for whoever feeds a long one in slices of time."""
    start = 0
    while start < len(text):
        end = piece_end(text, start)
        yield text[start:end]
        start = end


# Possessive, and with few escapes, so that no text makes it slow.
_LABEL = re.compile(r"\[((?:[^\[\]\\]++|\\.){1,60}+)\]")
_OPEN_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})")
_DELIMITERS = re.compile(r"^[|:\- \t]*$")
_ALWAYS_CLOSED = frozenset({"heading_open", "hr", "fence"})
_CLOSED_BY_BLANK = frozenset({"paragraph_open", "table_open", "blockquote_open"})


@dataclass(slots=True)
class _Fence:
    """A top-level code block that is still open: text is added to it without asking the parser."""

    closing: re.Pattern[str]
    indent: int
    info: str
    part: int = 0
    glue: str = ""
    text: str = ""
    line: str = ""
    within_line: bool = False


@dataclass(slots=True)
class _Literal:
    """Text past the limit; only its last leaf can still change."""

    part: int = 0
    glue: str = ""
    text: str = ""

    def add(self, text: str) -> list[Leaf]:
        """The leaves from the last one of the call before."""
        *done, (glue, self.text) = segments(self.text + text)
        leaves = []
        for done_glue, segment in done:
            leaves.append(literal_leaf(segment, done_glue or self.glue, self.part))
            self.part, self.glue = self.part + 1, ""
        self.glue = glue or self.glue
        leaves.append(literal_leaf(self.text, self.glue, self.part))
        return leaves


@dataclass(slots=True)
class MarkdownStream:
    """The leaves of a text that arrives in pieces.

    ``leaves[:frozen]`` never change again. Feeding a text in any pieces and calling :meth:`finish` gives the
    leaves of feeding it whole, unless :attr:`outdated` is set: then a link definition came after text that
    uses it, and :meth:`again` gives a stream that knows it from the start.

    Characters past ``limit`` are shown literally; with a limit of 0 the whole text is literal.
    """

    leaves: list[Leaf] = field(default_factory=list)
    frozen: int = 0
    outdated: bool = False
    limit: int = MAX_MARKDOWN
    open_limit: int = MAX_OPEN
    _tail: str = ""
    _prefix: str = ""
    _resumed: Resumed = field(default_factory=Resumed)
    _references: dict[str, dict[str, object]] = field(default_factory=dict)
    _labels: set[str] = field(default_factory=set)
    _fence: _Fence | None = None
    _return: bool = False
    _length: int = 0
    _literal: "_Literal | None" = None

    @property
    def open_length(self) -> int:
        """Characters that the next call of :meth:`feed` parses again."""
        return len(self._tail)

    def again(self) -> "MarkdownStream":
        """An empty stream that knows all link definitions of this one."""
        return MarkdownStream(
            limit=self.limit, open_limit=self.open_limit, _references=dict(self._references)
        )

    def feed(self, text: str) -> int:
        """Add ``text``; returns the index of the first leaf that may have changed."""
        return self._feed(self._normalised(text))

    def finish(self) -> int:
        """No more text comes. Returns the index of the first leaf that may have changed."""
        first = self.frozen
        if self._literal is None and self.limit:
            self._close()
        self.frozen = len(self.leaves)
        return first

    def _close(self) -> None:
        if self._fence is not None:
            blank = not self._fence.line.strip()
            if blank:
                self._fence.line = ""
            self._tail = self._fence_feed("" if blank else "\n")
        if self._fence is None:
            self._parse(unfinished=False)
        self._fence = None
        self.frozen = len(self.leaves)

    def _normalised(self, text: str) -> str:
        if self._return:
            text = "\r" + text
        self._return = text.endswith("\r")
        if self._return:
            text = text[:-1]
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text.replace("\0", "\ufffd")

    def _feed(self, text: str) -> int:
        first = self.frozen
        room = max(0, self.limit - self._length)
        self._length += len(text)
        markdown, literal = text[:room], text[room:]
        while markdown:
            if self._fence is not None:
                markdown = self._fence_feed(markdown)
                if self._fence is not None:
                    break
            end = reach(markdown, self.open_limit - weight(self._tail))
            self._tail += markdown[:end]
            markdown = markdown[end:]
            before = len(self._tail)
            self._parse(unfinished=True)
            while weight(self._tail) >= self.open_limit:
                if before == len(self._tail):
                    self._shorten()
                before = len(self._tail)
                self._parse(unfinished=True)
        if literal:
            if self._literal is None:
                if self.limit:
                    self._close()
                self._literal = _Literal()
            del self.leaves[self.frozen :]
            self.leaves += self._literal.add(literal)
            self.frozen = len(self.leaves) - 1
        return first

    def _parse(self, *, unfinished: bool) -> None:
        text = shown(self._tail, starts=not self._prefix) if unfinished else self._tail
        text = self._prefix + text
        environment: Environment = {"references": ChainMap({}, self._references)}
        leaves, blocks = parse(text, environment, self._resumed, unfinished=unfinished)
        del self.leaves[self.frozen :]
        self.leaves += leaves
        if not unfinished:
            self._learn(environment, text.count("\n") + 1)
            return
        self._freeze(blocks, environment)

    # What is decided: a boundary that no further text can move.

    def _freeze(self, blocks: list[Block], environment: Environment) -> None:
        if not blocks:
            self._cut_definitions(environment)
            return
        if self._resumed.prose_part and blocks[0].kind != "paragraph_open":
            self.outdated = True
        lines = (self._prefix + self._tail).split("\n")
        last = len(blocks) - 1
        while last > 0 and not self._is_final(blocks[last - 1], blocks[last], lines):
            last -= 1
        block, is_open = blocks[last], last == len(blocks) - 1
        if is_open and block.kind == "fence" and self._enter_fence(block, lines, environment):
            return
        if is_open and block.kind.endswith("list_open") and self._cut_list(block, lines, environment):
            return
        if last > 0:
            end = blocks[last - 1].end
            between = any(line.strip() for line in lines[end : block.start])
            self._cut(lines, end if between else block.start, block.leaf, Resumed(), environment)
        elif is_open and block.start == 0 and block.kind == "table_open":
            self._cut_table(block, lines)
        elif is_open and block.start == 0 and block.kind == "paragraph_open":
            self._cut_paragraph(block)

    def _cut_definitions(self, environment: Environment) -> None:
        """Freeze link definitions that no block follows yet, but the last one: it may go on."""
        new = list(environment["references"].maps[0].values())
        starts = [reference["map"][0] for reference in new + environment.get("duplicate_refs", [])]
        lines = self._tail.split("\n")
        if not self._prefix and starts and 0 < max(starts) < len(lines) - 1:
            self._cut(lines, max(starts), 0, Resumed(), environment)

    def _is_final(self, before: Block, after: Block, lines: list[str]) -> bool:
        """Whether no further text can move the boundary between two blocks."""
        incomplete = len(lines) - 1
        if after.kind == "held" and lines[after.start - 1].strip():
            return False
        # Any line with a bar can still turn out to be the head of a table.
        if before.kind in _ALWAYS_CLOSED and "|" not in lines[before.start]:
            return after.start <= incomplete and before.end <= incomplete
        blank = not lines[after.start - 1].strip() if 0 < after.start <= incomplete else False
        if blank and before.kind in _CLOSED_BY_BLANK:
            return after.start <= incomplete
        if blank:
            return after.start < incomplete
        return after.start + 1 < incomplete

    def _cut(
        self, lines: list[str], line: int, leaf: int, resumed: Resumed, environment: Environment
    ) -> None:
        """Freeze the lines before ``line`` and the first ``leaf`` leaves of the tail."""
        self._learn(environment, line)
        self._remember_labels(lines[:line])
        self._tail = "\n".join(lines[line:])
        self._prefix = ""
        self._resumed = resumed
        self.frozen += leaf

    def _learn(self, environment: Environment, end: int) -> None:
        """Keep the link definitions before line ``end``."""
        for label, reference in environment["references"].maps[0].items():
            if reference["map"][1] <= end:
                self._references[label] = reference
                if label in self._labels:
                    self.outdated = True

    def _remember_labels(self, lines: list[str]) -> None:
        text = "\n".join(lines)
        if "[" in text:
            from markdown_it.common.utils import normalizeReference

            self._labels.update(normalizeReference(match[1]) for match in _LABEL.finditer(text))

    def _cut_list(self, block: Block, lines: list[str], environment: Environment) -> bool:
        """Freeze the items of an open list but the last one that has begun for certain."""
        for start, leaf, number in reversed(block.items[1:]):
            line = lines[start]
            indent = len(line) - len(line.lstrip(" "))
            # At the begin of a text, but not within a list, an item can turn out to be the head of a table.
            if "|" in line and (start + 2 >= len(lines) or _DELIMITERS.match(lines[start + 1])):
                continue
            if start < len(lines) - 1 and indent <= 3 and not line[indent:].startswith("\t"):
                self._cut(lines, start, leaf, Resumed(numbers=(number,)), environment)
                return True
        return False

    def _cut_table(self, block: Block, lines: list[str]) -> None:
        """Freeze the full leaves of an open table; its head stays before the tail for the parser."""
        assert block.columns is not None
        rows, count = min(block.rows, len(lines) - 3), table_rows(len(block.columns.aligns))
        chunks = (rows - 1) // count
        if chunks < 1:
            return
        end = 2 + chunks * count
        self._remember_labels(lines[:end])
        self._prefix = "\n".join(lines[:2]) + "\n"
        self._tail = "\n".join(lines[end:])
        self._resumed = Resumed(columns=block.columns, table_part=self._resumed.table_part + chunks)
        self.frozen += chunks

    def _cut_paragraph(self, block: Block) -> None:
        for leaves in block.pieces:
            text = self._tail
            end = prose_end(text, 0)
            if len(text) <= end + 100 or text[0] in " \t" or not text[end].isalpha():
                return
            self._remember_labels([text[:end]])
            self._tail = text[end:]
            self._resumed = Resumed(prose_part=self._resumed.prose_part + 1)
            self.frozen += leaves

    def _shorten(self) -> None:
        """Cut the open block, or end it; what follows goes on in its containers."""
        end = self._tail.rfind("\n") + 1
        if 2 * end < len(self._tail):
            end = len(self._tail)
        text, part = self._prefix + self._tail[:end], self._resumed.table_part
        lines = text.split("\n")
        if self._cut_within(text, lines, end):
            return
        environment: Environment = {"references": ChainMap({}, self._references)}
        leaves, blocks = parse(text, environment, self._resumed)
        del self.leaves[self.frozen :]
        self.leaves += leaves
        self.frozen = len(self.leaves)
        self._learn(environment, len(lines))
        self._remember_labels(lines)
        self._tail, self._prefix, self._resumed = self._tail[end:], "", Resumed()
        if not blocks:
            return
        block = blocks[-1]
        if block.kind == "table_open" and block.start == 0 and text.endswith("\n"):
            self._prefix = "\n".join(lines[:2]) + "\n"
            self._resumed = Resumed(columns=block.columns, table_part=part + len(leaves))
        elif again := reopened(block, lines):
            self._prefix, self._resumed = again

    def _cut_within(self, text: str, lines: list[str], end: int) -> bool:
        """Freeze what is final within the open block: what stands before its last block, or parts of that."""
        environment: Environment = {"references": ChainMap({}, self._references)}
        leaves, blocks = parse(text, environment, self._resumed, unfinished=True)
        first = self._prefix.count("\n")
        cut = cut_within(blocks[-1], lines, first) if blocks else None
        if cut is None:
            return False
        del self.leaves[self.frozen :]
        self.leaves += leaves[: cut.leaves]
        self.frozen = len(self.leaves)
        self._learn(environment, cut.line)
        self._remember_labels(lines[first : cut.line + 1])
        self._tail = cut.tail + self._tail[end:]
        self._prefix, self._resumed = cut.prefix, cut.resumed
        return True

    # An open code block grows by itself.

    def _enter_fence(self, block: Block, lines: list[str], environment: Environment) -> bool:
        opening = _OPEN_FENCE.match(lines[block.start])
        if not opening or "|" in lines[block.start] or block.start >= len(lines) - 1:
            return False
        character, length = opening[2][0], len(opening[2])
        closing = re.compile(rf"^ {{0,3}}{re.escape(character)}{{{length},}}[ \t]*$")
        self._cut(lines, block.start, block.leaf, Resumed(), environment)
        self._fence = _Fence(closing, len(opening[1]), block.info)
        body, self._tail = "\n".join(lines[block.start + 1 :]), ""
        self._tail = self._fence_feed(body)
        if self._fence is None:
            self._parse(unfinished=True)
        return True

    def _fence_feed(self, text: str) -> str:
        """Add text to the open code block; returns what comes after its end."""
        fence = self._fence
        assert fence is not None
        *complete, line = (fence.line + text).split("\n")
        rest = None
        for number, content in enumerate(complete):
            if fence.closing.match(content) and not fence.within_line:
                rest, line = "\n".join([*complete[number + 1 :], line]), ""
                break
            fence.text += self._body(fence, content) + "\n"
            fence.within_line = False
        body = self._body(fence, line)
        if not fence.within_line and line.strip() and not line.strip(" `~"):
            body = ""
        text = fence.text + body if body else fence.text.removesuffix("\n")
        del self.leaves[self.frozen :]
        *done, (glue, remaining) = segments(text)
        for done_glue, segment in done:
            self._fence_leaf(fence, segment, done_glue)
            fence.part, fence.glue = fence.part + 1, ""
        self.frozen = len(self.leaves)
        fence.line = line
        if done:
            used = sum(len(g) + len(s) for g, s in done) + len(glue)
            if used > len(fence.text):
                fence.text, fence.line, fence.within_line = fence.text + body, "", True
            fence.text = fence.text[used:]
            fence.glue = glue
        self._fence_leaf(fence, remaining, "")
        if rest is None:
            return ""
        self._fence, self._resumed = None, Resumed()
        self.frozen = len(self.leaves)
        return rest

    def _fence_leaf(self, fence: _Fence, segment: str, glue: str) -> None:
        self.leaves.append(code_leaf(segment, glue or fence.glue, fence.part, fence.info))

    @staticmethod
    def _body(fence: _Fence, line: str) -> str:
        """A line of the code without the indentation of the block's opening."""
        if fence.within_line:
            return line
        width = at = 0
        while width < fence.indent and at < len(line) and line[at] in " \t":
            width += 4 - width % 4 if line[at] == "\t" else 1
            at += 1
        return " " * max(0, width - fence.indent) + line[at:]
