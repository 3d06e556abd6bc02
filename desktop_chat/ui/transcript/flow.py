"""The blocks of one text, one below the other, as the text grows."""

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from desktop_chat.ui.transcript.blocks import Block, RuleBlock, TextBlock
from desktop_chat.ui.transcript.citations import Note, noted
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.heights import Heights
from desktop_chat.ui.transcript.highlight import MAX_CODE, HighlightClient, Highlighter, Spans
from desktop_chat.ui.transcript.leaves import SEGMENT_CHARACTERS, Kind, Leaf, prefix, separator, units
from desktop_chat.ui.transcript.math_block import MathBlock
from desktop_chat.ui.transcript.stream import MAX_MARKDOWN, MarkdownStream, piece_end, pieces
from desktop_chat.ui.transcript.strip import Strip
from desktop_chat.ui.transcript.table_block import TableBlock
from desktop_chat.ui.transcript.text import Wash

SOME = 300
"""Blocks that are made before the clock is looked at."""
Washes = Callable[[int], Sequence[Wash]]
"""The colours behind the text of a block, by its index."""

_BLOCKS: dict[Kind, type[Block]] = {
    Kind.TEXT: TextBlock,
    Kind.CODE: CodeBlock,
    Kind.TABLE: TableBlock,
    Kind.RULE: RuleBlock,
    Kind.MATH: MathBlock,
}


def make_block(leaf: Leaf, formats: Formats, width: int) -> Block:
    return _BLOCKS[leaf.kind](leaf, formats, width)


class Budget:
    """Processor time for laying out; what is done first is done in any case."""

    def __init__(self, seconds: float = math.inf) -> None:
        self._until = time.thread_time() + seconds
        self.is_spent = False

    def check(self) -> None:
        self.is_spent = time.thread_time() >= self._until


class Flow:
    """A text as blocks. ``heights[i]`` is what block ``i`` takes, with the space above it.

    Text that was added waits in ``waiting`` until :meth:`advance` has time for it, so that a long stored
    message does not hold up the window; it goes through the same parser as text that streams in.
    """

    def __init__(
        self,
        formats: Formats,
        highlighting: HighlightClient,
        width: int,
        *,
        literal: bool = False,
        strips: dict[int, Strip] | None = None,
    ) -> None:
        """``strips`` is what is known of code blocks and tables by the index of their first leaf."""
        self.formats, self.highlighting, self.width = formats, highlighting, width
        self.strips = {} if strips is None else strips
        self.blocks: list[Block] = []
        self.heights = Heights()
        self.waiting = ""
        self.length = 0
        self._limit = 0 if literal else MAX_MARKDOWN
        self._stream = MarkdownStream(limit=self._limit)
        self._ended = False
        self._finished = False
        self._has_all = True
        """Whether there is a block for each leaf of the stream."""
        self._second: tuple[MarkdownStream, Iterator[str]] | None = None
        self.unlit: dict[int, Spans | None] = {}
        """The blocks that are laid out without all of their colours and formulas: the colours they show."""
        self._highlighters: dict[int, Highlighter] = {}
        self.laid_out = 0
        """Layouts made since the last :meth:`release`."""
        self.is_laid_out = True
        """Whether all that was asked for last is laid out."""
        self._starts: list[int] = []
        self._notes: dict[int, tuple[Note, ...]] = {}

    @property
    def height(self) -> int:
        """The height of all blocks; what waits counts with an estimate."""
        per_line = max(20.0, self.width / self.formats.character_width)
        missing = 0 if self._has_all else len(self._stream.leaves) - len(self.blocks)
        total = self.heights.total + missing * self.heights.total // max(1, len(self.blocks))
        return total + round(len(self.waiting) / per_line * self.formats.text_pitch)

    @property
    def has_ended(self) -> bool:
        return self._ended

    @property
    def is_complete(self) -> bool:
        return self._has_all and not self.waiting and self._finished == self._ended

    def add(self, text: str) -> None:
        self.waiting += text
        self.length += len(text)

    def end(self) -> None:
        """No more text comes."""
        self._ended = True

    def resume(self, text: str) -> None:
        """More text comes after all; ``text`` is what was there so far."""
        if self._finished or self._second is not None:
            self._stream, self._second = MarkdownStream(limit=self._limit), None
            self.waiting, self.length = text, len(text)
        self._ended = self._finished = False

    def adopt(self, other: "Flow") -> None:
        """Take over what another flow of the same text has parsed; how it looks is this one's own."""
        self._stream, self.waiting, self.length = other._stream, other.waiting, other.length
        self._ended, self._finished, self._second = other._ended, other._finished, other._second
        self._highlighters = other._highlighters
        self._reconcile(0, SOME)

    def advance(self, deadline: float, source: Callable[[], str]) -> bool:
        """Parse what waits until ``deadline`` (``time.perf_counter``); returns whether anything changed."""
        if self.is_complete:
            return False
        while not self._has_all:
            if self.blocks and time.perf_counter() > deadline:
                return True
            self._reconcile(len(self.blocks), len(self.blocks) + SOME)
        while self.waiting:
            if self.blocks and time.perf_counter() > deadline:
                return True
            end = piece_end(self.waiting)
            piece, self.waiting = self.waiting[:end], self.waiting[end:]
            self._reconcile(self._stream.feed(piece))
        if self._ended and not self._finished:
            self._finish(deadline, source)
        return True

    def _finish(self, deadline: float, source: Callable[[], str]) -> None:
        """Show what no text follows; a text that uses links it defined too late is parsed once more."""
        if self._second is None:
            self._reconcile(self._stream.finish())
            if not self._stream.outdated:
                self._finished = True
                return
            self._second = self._stream.again(), pieces(source())
        stream, rest = self._second
        for piece in rest:
            stream.feed(piece)
            if time.perf_counter() > deadline:
                return
        stream.finish()
        self._stream, self._second, self._finished = stream, None, True
        self._reconcile(0)

    def _reconcile(self, first: int, end: int | None = None) -> None:
        """Make the blocks those of the stream's leaves, up to ``end``; the ones before ``first`` are."""
        leaves, blocks = self._stream.leaves, self.blocks
        end = len(leaves) if end is None else min(end, len(leaves))
        self._has_all = end == len(leaves)
        for i in range(first, end):
            leaf = noted(leaves[i], self._notes[i]) if i in self._notes else leaves[i]
            if i == len(blocks):
                blocks.append(make_block(leaf, self.formats, self.width))
            elif blocks[i].leaf != leaf:
                if blocks[i].leaf.kind is leaf.kind:
                    blocks[i].replace(leaf)
                else:
                    blocks[i] = make_block(leaf, self.formats, self.width)
        del blocks[end:]
        for i in range(first, len(blocks)):
            self._join(i)
        # What a block takes depends on the one after it.
        first = max(0, first - 1)
        del self._starts[first:]
        self.heights.truncate(first)
        for i in range(first, len(blocks)):
            self.heights.append(self._slot(i))

    def _join(self, index: int) -> None:
        """Give a piece of code or of a table what it shares with the others."""
        block = self.blocks[index]
        if block.strip is None:
            return
        before = self.blocks[index - 1].strip if block.leaf.part and index else None
        strip = before or self.strips.setdefault(index, Strip())
        if block.strip is not strip:
            block.join(strip, self.width)
        if self.is_last_part(index):
            strip.keep(block.leaf.part + 1)
        if strip.is_wrapped != strip.seen_wrapped:
            strip.seen_wrapped = strip.is_wrapped
            for i in range(index - block.leaf.part, index + 1):
                self.blocks[i].rearrange(self.width)
                if i < len(self.heights):
                    self.heights[i] = self._slot(i)

    def is_last_shown(self, index: int) -> bool:
        """Whether a block ends here for the eye: no further part follows, or the others are folded away."""
        return self.is_last_part(index) or self.blocks[index].is_last_shown

    @property
    def leaves(self) -> list[Leaf]:
        """What is parsed so far, without notes."""
        return self._stream.leaves

    def set_notes(self, notes: dict[int, tuple[Note, ...]]) -> None:
        """Show these labels in the text, by the index of the leaf."""
        changed = [i for i in notes.keys() | self._notes.keys() if notes.get(i) != self._notes.get(i)]
        self._notes = notes
        if changed:
            self._reconcile(min(changed), None if self._has_all else len(self.blocks))

    def is_last_part(self, index: int) -> bool:
        """Whether no further part of the same code block or table follows."""
        return index + 1 >= len(self.blocks) or not self.blocks[index + 1].leaf.part

    def gap(self, index: int) -> int:
        before = self.blocks[index - 1].leaf if index else None
        return self.formats.gap(before, self.blocks[index].leaf)

    def _slot(self, index: int) -> int:
        block = self.blocks[index]
        return self.gap(index) + block.height + (block.edge if self.is_last_shown(index) else 0)

    def set_wrapped(self, index: int, wrapped: bool) -> None:
        """Wrap the lines of the code block that begins with block ``index``, or leave them whole."""
        strip = self.blocks[index].strip
        if strip is not None and strip.is_wrapped != wrapped:
            strip.wraps = strip.seen_wrapped = wrapped
            self._rearrange(index)

    def set_folded(self, index: int, folded: bool) -> None:
        """Show only the first lines of the code block that begins with block ``index``, or all of it."""
        strip = self.blocks[index].strip
        if strip is not None and strip.folded != folded:
            strip.folded = folded
            self._rearrange(index)

    def unfold(self, index: int) -> bool:
        """Show all of the code block that block ``index`` is a part of; returns whether it was folded."""
        strip = self.blocks[index].strip if index < len(self.blocks) else None
        if strip is None or not strip.folded:
            return False
        self.set_folded(index - self.blocks[index].leaf.part, False)
        return True

    def _rearrange(self, first: int) -> None:
        for index in range(first, len(self.blocks)):
            self.blocks[index].rearrange(self.width)
            self.heights[index] = self._slot(index)
            if self.is_last_part(index):
                break

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
            height = self.heights[index]
            if height:
                yield index
            y += height
            index += 1

    def lay_out(self, top: int, bottom: int, budget: Budget | None = None) -> bool:
        """Lay out what is visible, all or as far as ``budget`` goes; returns whether a height changed."""
        changed, budget = False, budget or Budget()
        self.is_laid_out = True
        for index in self.visible(top, bottom):
            block = self.blocks[index]
            if block.width != self.width:
                if budget.is_spent:
                    self.is_laid_out = False
                    break
                changed |= self._lay_out(index, self._colours(index))
                self.laid_out += 1
                budget.check()
        return changed

    def _lay_out(self, index: int, colours: Spans | None) -> bool:
        """Lay out a block; returns whether its height changed."""
        block = self.blocks[index]
        scrolled = block.strip is not None and block.strip.scrolls
        block.lay_out(self.width, colours)
        if block.is_pending:
            self.unlit.setdefault(index, None)
        changed = self._place(index)
        if block.strip is not None and block.strip.scrolls != scrolled:
            # The bar is below the last piece.
            while not self.is_last_part(index):
                index += 1
            changed |= self._place(index)
        return changed

    def _place(self, index: int) -> bool:
        """Take over the height of a block; returns whether it changed."""
        slot = self._slot(index)
        if slot == self.heights[index]:
            return False
        self.heights[index] = slot
        return True

    def release(self, top: int, bottom: int) -> None:
        """Drop the layouts of blocks that are far from the view."""
        self.laid_out = 0
        near = set(self.visible(top, bottom))
        for index, block in enumerate(self.blocks):
            if index not in near and block.width:
                block.release()

    # Colours

    def _colours(self, index: int) -> Spans | None:
        leaf = self.blocks[index].leaf
        if leaf.kind is not Kind.CODE or leaf.part * SEGMENT_CHARACTERS > MAX_CODE:
            return None
        language = self.highlighting.language(leaf.language)
        if not language:
            return None
        first = index - leaf.part
        highlighter = self._highlighters.get(first)
        if highlighter is None or highlighter.language != language:
            highlighter = self._highlighters[first] = Highlighter(language, self.highlighting)
        spans, complete = highlighter.update([b.leaf.inline.text for b in self.blocks[first : index + 1]])
        if not complete:
            self.unlit[index] = spans
        return spans

    def light(self) -> bool:
        """Show what has come of colours and formulas; returns whether anything looks different now."""
        changed = False
        for index, shown in sorted(self.unlit.items()):
            del self.unlit[index]
            if index >= len(self.blocks) or self.blocks[index].width != self.width:
                continue
            colours = self._colours(index)
            if colours != shown or self.blocks[index].is_pending:
                self._lay_out(index, colours)
                changed = True
        return changed

    # Text

    def text(self) -> str:
        """The plain text."""
        parts: list[str] = []
        for index, block in enumerate(self.blocks):
            if index:
                parts.append(separator(self.blocks[index - 1].leaf, block.leaf))
            parts += (prefix(block.leaf), block.plain)
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

    # Painting

    def paint(self, painter: QPainter, x: int, y: int, clip: QRectF, washes: Washes, *, dim: bool) -> None:
        """Draw the blocks that ``clip`` touches and that are laid out."""
        colors = self.formats.colors
        for index in self.visible(int(clip.top()) - y - 1, int(clip.bottom()) - y + 2):
            block = self.blocks[index]
            if not block.width:
                continue
            leaf, top = block.leaf, y + self.top(index)
            if isinstance(block, CodeBlock):
                block.paint_box(painter, x, top, last=self.is_last_shown(index))
            bars = [depth for depth, container in enumerate(leaf.containers) if container == "q"]
            if bars:
                above = self.blocks[index - 1].leaf.containers if index else ""
                down = block.edge if self.is_last_shown(index) else 0
                for depth in bars:
                    # A quote within a quote begins with its text.
                    joins = above[: depth + 1] == leaf.containers[: depth + 1]
                    up = self.gap(index) if joins else 0
                    left = depth * self.formats.indent + 4
                    left = x + (block.width - left - 3 if block.is_mirrored else left)
                    painter.fillRect(left, top - up, 3, block.height + up + down, colors.line)
            block.paint(painter, x, top, washes(index), clip, dim or bool(bars))
            if block.strip is not None and self.is_last_shown(index):
                block.strip.paint_bar(painter, block.bar().translated(x, top), self.formats)
