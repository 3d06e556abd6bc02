"""The blocks of one text, one below the other, as the text grows."""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from desktop_chat.ui.transcript.blocks import Block, RuleBlock, TextBlock
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.heights import Heights
from desktop_chat.ui.transcript.highlight import MAX_CODE, SLICE, Highlighter, Lexers, Spans
from desktop_chat.ui.transcript.leaves import SEGMENT_CHARACTERS, Kind, Leaf, cut, prefix, separator, units
from desktop_chat.ui.transcript.stream import MAX_MARKDOWN, MarkdownStream
from desktop_chat.ui.transcript.table_block import TableBlock
from desktop_chat.ui.transcript.text import Wash

PIECE = 4096
"""Characters parsed before the clock is looked at."""

Washes = Callable[[int], Sequence[Wash]]
"""The colours behind the text of a block, by its index."""

_BLOCKS: dict[Kind, type[Block]] = {
    Kind.TEXT: TextBlock,
    Kind.CODE: CodeBlock,
    Kind.TABLE: TableBlock,
    Kind.RULE: RuleBlock,
    Kind.MATH: TextBlock,
}


def make_block(leaf: Leaf, formats: Formats, width: int) -> Block:
    return _BLOCKS[leaf.kind](leaf, formats, width)


class Flow:
    """A text as blocks. ``heights[i]`` is what block ``i`` takes, with the space above it.

    Text that was added waits in ``waiting`` until :meth:`advance` has time for it, so that a long stored
    message does not hold up the window; it goes through the same parser as text that streams in.
    """

    def __init__(self, formats: Formats, lexers: Lexers, width: int, *, literal: bool = False) -> None:
        self.formats, self.lexers, self.width = formats, lexers, width
        self.blocks: list[Block] = []
        self.heights = Heights()
        self.waiting = ""
        self.length = 0
        self._limit = 0 if literal else MAX_MARKDOWN
        self._stream = MarkdownStream(limit=self._limit)
        self._ended = False
        self._finished = False
        self.unlit: set[int] = set()
        """Code blocks that are laid out without all of their colours."""
        self._without_lexer: set[int] = set()
        self._highlighters: dict[int, Highlighter] = {}
        self.laid_out = 0
        """Layouts made since the last :meth:`release`."""
        self._starts: list[int] = []

    @property
    def height(self) -> int:
        """The height of all blocks; text that waits counts with an estimate."""
        per_line = max(20.0, self.width / self.formats.character_width)
        return self.heights.total + round(len(self.waiting) / per_line * self.formats.text_pitch)

    @property
    def has_ended(self) -> bool:
        return self._ended

    @property
    def is_complete(self) -> bool:
        return not self.waiting and self._finished == self._ended

    def add(self, text: str) -> None:
        self.waiting += text
        self.length += len(text)

    def end(self) -> None:
        """No more text comes."""
        self._ended = True

    def resume(self, text: str) -> None:
        """More text comes after all; ``text`` is what was there so far."""
        if self._finished:
            self._stream = MarkdownStream(limit=self._limit)
            self.waiting, self.length = text, len(text)
        self._ended = self._finished = False

    def advance(self, deadline: float, source: Callable[[], str]) -> bool:
        """Parse what waits until ``deadline`` (``time.perf_counter``); returns whether anything changed."""
        if self.is_complete:
            return False
        while self.waiting:
            if self.blocks and time.perf_counter() > deadline:
                return True
            size = max(PIECE, self._stream.open_length)
            piece, self.waiting = self.waiting[:size], self.waiting[size:]
            self._reconcile(self._stream.feed(piece))
        if self._ended and not self._finished:
            self._finished = True
            first = self._stream.finish()
            if self._stream.outdated:
                self._stream = self._stream.again()
                self._stream.feed(source())
                self._stream.finish()
                first = 0
            self._reconcile(first)
        return True

    def _reconcile(self, first: int) -> None:
        """Make the blocks those of the stream's leaves; the ones before ``first`` are."""
        leaves, blocks = self._stream.leaves, self.blocks
        for i in range(first, len(leaves)):
            if i == len(blocks):
                blocks.append(make_block(leaves[i], self.formats, self.width))
            elif blocks[i].leaf != leaves[i]:
                if blocks[i].leaf.kind is leaves[i].kind:
                    blocks[i].replace(leaves[i])
                else:
                    blocks[i] = make_block(leaves[i], self.formats, self.width)
        del blocks[len(leaves) :]
        # What a block takes depends on the one after it.
        first = max(0, first - 1)
        del self._starts[first:]
        self.heights.truncate(first)
        for i in range(first, len(blocks)):
            self.heights.append(self._slot(i))

    def is_last_part(self, index: int) -> bool:
        """Whether no further part of the same code block or table follows."""
        return index + 1 >= len(self.blocks) or not self.blocks[index + 1].leaf.part

    def gap(self, index: int) -> int:
        before = self.blocks[index - 1].leaf if index else None
        return self.formats.gap(before, self.blocks[index].leaf)

    def _slot(self, index: int) -> int:
        block = self.blocks[index]
        bottom = 0
        if block.leaf.kind is Kind.CODE and self.is_last_part(index):
            bottom = self.formats.code_padding + 1
        return self.gap(index) + block.height + bottom

    def set_width(self, width: int) -> None:
        """Blocks are laid out again at ``width`` when they are seen."""
        self.width = width

    def top(self, index: int) -> int:
        """The y of a block's own top."""
        return self.heights.before(index) + self.gap(index)

    def visible(self, top: int, bottom: int) -> Iterator[int]:
        """The indices of the blocks that ``top`` to ``bottom`` touch."""
        if not self.blocks or bottom <= 0 or top >= self.heights.total:
            return
        index = self.heights.find(max(0, top))
        y = self.heights.before(index)
        while index < len(self.blocks) and y < bottom:
            yield index
            y += self.heights[index]
            index += 1

    def lay_out(self, top: int, bottom: int, deadline: float) -> bool:
        """Lay out what is visible; returns whether a height changed. Colours only until ``deadline``."""
        changed = False
        for index in self.visible(top, bottom):
            block = self.blocks[index]
            if block.width != self.width:
                block.lay_out(self.width, self._colours(index, deadline))
                self.laid_out += 1
                slot = self._slot(index)
                if slot != self.heights[index]:
                    self.heights[index] = slot
                    changed = True
        return changed

    def release(self, top: int, bottom: int) -> None:
        """Drop the layouts of blocks that are far from the view."""
        self.laid_out = 0
        near = set(self.visible(top, bottom))
        for index, block in enumerate(self.blocks):
            if index not in near and block.width:
                block.release()

    # Colours

    def _colours(self, index: int, deadline: float) -> Spans | None:
        leaf = self.blocks[index].leaf
        if leaf.kind is not Kind.CODE or not leaf.language or leaf.part * SEGMENT_CHARACTERS > MAX_CODE:
            return None
        lexer = self.lexers.get(leaf.language)
        if lexer is None:
            if self.lexers.is_loading(leaf.language):
                self._without_lexer.add(index)
            return None
        first = index - leaf.part
        highlighter = self._highlighters.get(first)
        if highlighter is None or highlighter.lexer is not lexer:
            highlighter = self._highlighters[first] = Highlighter(lexer)
        done = True
        for part in range(min(highlighter.complete, leaf.part), leaf.part + 1):
            done = done and highlighter.update(part, self.blocks[first + part].leaf.inline.text, deadline)
        if not done:
            self.unlit.add(index)
        return highlighter.spans[leaf.part] if leaf.part < len(highlighter.spans) else None

    def lexer_loaded(self) -> None:
        """A lexer is there that may be the one that code blocks wait for."""
        self.unlit |= self._without_lexer
        self._without_lexer.clear()

    def light(self) -> bool:
        """One time slice of colouring; returns whether a block that is laid out looks different now."""
        deadline = time.perf_counter() + SLICE
        changed = False
        for index in sorted(self.unlit):
            self.unlit.discard(index)
            if index < len(self.blocks) and self.blocks[index].width == self.width:
                colours = self._colours(index, deadline)
                if index not in self.unlit and colours:
                    self.blocks[index].lay_out(self.width, colours)
                    changed = True
            if time.perf_counter() > deadline:
                break
        return changed

    # Text

    def text(self, start: tuple[int, int] = (0, 0), end: tuple[int, int] | None = None) -> str:
        """The plain text from one (block, position) to another."""
        parts: list[str] = []
        last = len(self.blocks) - 1 if end is None else min(end[0], len(self.blocks) - 1)
        for index in range(start[0], last + 1):
            leaf, plain = self.blocks[index].leaf, self.blocks[index].plain
            first = start[1] if index == start[0] else 0
            stop = end[1] if end is not None and index == end[0] else units(plain)
            if index > start[0]:
                parts.append(separator(self.blocks[index - 1].leaf, leaf))
            if first == 0 and (stop > 0 or not plain):
                parts.append(prefix(leaf))
            parts.append(cut(plain, first, stop))
        return "".join(parts)

    def starts(self) -> list[int]:
        """Where each block's own text begins in :meth:`text`, after its separator and list marker."""
        known = self._starts
        if not known and self.blocks:
            known.append(units(prefix(self.blocks[0].leaf)))
        for index in range(len(known), len(self.blocks)):
            before, block = self.blocks[index - 1], self.blocks[index]
            between = separator(before.leaf, block.leaf) + prefix(block.leaf)
            known.append(known[-1] + units(before.plain) + units(between))
        return known

    def offset_of(self, index: int, position: int) -> int:
        """Where a position of a block is in :meth:`text`."""
        starts = self.starts()
        return starts[index] + min(position, units(self.blocks[index].plain)) if index < len(starts) else 0

    def place_of(self, offset: int) -> tuple[int, int]:
        """The (block, position) nearest to an offset into :meth:`text`."""
        starts = self.starts()
        if not starts:
            return 0, 0
        index = max(0, bisect_right(starts, offset) - 1)
        return index, max(0, min(offset - starts[index], units(self.blocks[index].plain)))

    def code(self, index: int) -> str:
        """The whole code of the block of which ``index`` is a part."""
        first = last = index - self.blocks[index].leaf.part
        while not self.is_last_part(last):
            last += 1
        return "".join(self.blocks[i].leaf.glue + self.blocks[i].plain for i in range(first, last + 1))

    def code_blocks(self) -> list[int]:
        """The index of the first part of each code block."""
        return [
            i for i, block in enumerate(self.blocks) if block.leaf.kind is Kind.CODE and not block.leaf.part
        ]

    def links(self) -> list[str]:
        """The addresses of all links, in order, each once."""
        found: dict[str, None] = {}
        for block in self.blocks:
            for inline in (block.leaf.inline, *(cell for row in block.leaf.rows for cell in row)):
                found.update((url, None) for _start, _end, url in inline.links)
        return list(found)

    # Painting

    def paint(self, painter: QPainter, x: int, y: int, clip: QRectF, washes: Washes, *, dim: bool) -> None:
        """Draw the blocks that ``clip`` touches and that are laid out."""
        colors, padding = self.formats.colors, self.formats.code_padding
        for index in self.visible(int(clip.top()) - y - 1, int(clip.bottom()) - y + 2):
            block = self.blocks[index]
            if not block.width:
                continue
            leaf, top = block.leaf, y + self.top(index)
            if isinstance(block, CodeBlock):
                block.paint_box(painter, x, top, last=self.is_last_part(index))
            bars = [depth for depth, container in enumerate(leaf.containers) if container == "q"]
            if bars:
                joins = index > 0 and "q" in self.blocks[index - 1].leaf.containers
                up = self.gap(index) if joins else 0
                down = padding + 1 if leaf.kind is Kind.CODE and self.is_last_part(index) else 0
                for depth in bars:
                    left = x + depth * self.formats.indent + 4
                    painter.fillRect(left, top - up, 3, block.height + up + down, colors.line)
            block.paint(painter, x, top, washes(index), clip, dim or bool(bars))
