"""Messages cut into pages: between lines, never through one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from desktop_chat.ui.transcript.blocks import Block
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.row import Row
from desktop_chat.ui.transcript.table_block import TableBlock

BETWEEN_ROWS = 16


class Frame(NamedTuple):
    """The left and right edge of the box of a piece of code: where it is cut, it gets an edge."""

    left: int
    right: int


class Piece(NamedTuple):
    """What of a row is not cut. ``keeps`` where the next piece must be on the same page.

    ``frame`` is that of the code that the piece goes on with, ``head`` the top and bottom of the header of
    the table that it goes on with: that is repeated where the piece begins a page.
    """

    top: int
    bottom: int
    keeps: bool = False
    frame: Frame | None = None
    head: tuple[int, int] | None = None


@dataclass(slots=True)
class Fragment:
    """What of a row stands on a page, at ``y``. ``above`` and ``below`` are the boxes that are cut there."""

    row: int
    top: int
    bottom: int
    y: int
    above: Frame | None = None
    below: Frame | None = None


def pieces(row: Row) -> list[Piece]:
    """The pieces of a row, whose blocks are all laid out, from its top to the end of what it says."""
    found: list[Piece] = []
    start = end = 0
    for _part, flow, x, top in row.flows():
        within = list(_flow_pieces(flow, x, top))
        if within:
            within[0] = within[0]._replace(top=start)
            found += within
            start = end = within[-1].bottom
    rest = row.bubble_bottom if row.is_user else row.meta_top
    if not found:
        return [Piece(0, max(rest, 1))]
    if row.is_user:
        found[-1] = found[-1]._replace(bottom=rest)
    elif row.notice is not None or row.things.items:
        found.append(Piece(end, rest))
    return found


def _flow_pieces(flow: Flow, x: int, y: int) -> Iterator[Piece]:
    head: tuple[int, int] | None = None
    for index, block in enumerate(flow.blocks):
        slot, top = y + flow.heights.before(index), y + flow.top(index)
        bottom = slot + flow.heights[index]
        first, last = block.leaf.part == 0, flow.is_last_part(index)
        frame = None
        if isinstance(block, CodeBlock):
            frame = Frame(x + block.left, x + block.width)
        elif isinstance(block, TableBlock) and first and len(block.row_tops) > 1:
            head = top, top + block.row_tops[1]
        cuts = [slot, *(top + cut for cut in _cuts(block)), bottom]
        count = len(cuts) - 1
        for number in range(count):
            # Two lines at least stay together at the ends of a paragraph or a piece of code.
            keeps = number + 1 < count if block.leaf.heading else False
            keeps |= first and number == 0 and count > 1
            keeps |= last and number == count - 2 and not isinstance(block, TableBlock)
            keeps |= bool(block.leaf.heading) and index + 1 < len(flow.blocks)
            goes_on = not (first and number == 0)
            repeated = head if goes_on and isinstance(block, TableBlock) else None
            yield Piece(cuts[number], cuts[number + 1], keeps, frame if goes_on else None, repeated)


def _cuts(block: Block) -> Iterable[int]:
    """Where a block can be cut: between its lines, or the rows of a table."""
    if isinstance(block, TableBlock):
        return block.row_tops[1:-1]
    lines = [
        (top + y, height)
        for text, _left, top in block.texts()
        for y, height in map(text.line_box, range(text.layout.lineCount()))
    ]
    return [round((y + height + after) / 2) for (y, height), (after, _height) in pairwise(lines)]


class Pages:
    """Pages of ``height`` pixels, filled from the top. ``made`` holds the fragments of each."""

    def __init__(self, height: int) -> None:
        self.height = height
        self.made: list[list[Fragment]] = [[]]
        self._y = 0

    def add(self, row: int, pieces: list[Piece]) -> None:
        """Put the pieces of the next row below what is there."""
        if self._y:
            self._y += BETWEEN_ROWS
        group: list[Piece] = []
        for number, piece in enumerate(pieces):
            group.append(piece)
            if not piece.keeps or number == len(pieces) - 1:
                self._place(row, group)
                group = []

    def _place(self, row: int, group: list[Piece]) -> None:
        if self._y and self._y + group[-1].bottom - group[0].top > self.height:
            self._turn(group[0])
        for piece in group:
            if self._y and self._y + piece.bottom - piece.top > self.height:
                self._turn(piece)
            begins = self._y == 0
            if begins and piece.head is not None:
                self._put(Fragment(row, *piece.head, 0))
            top = piece.top
            # What is higher than a page, such as a cell with a whole text, can only be cut anywhere.
            while piece.bottom - top > self.height - self._y:
                stop = top + self.height - self._y
                self._put(Fragment(row, top, stop, self._y))
                top = stop
                self._turn(piece)
            self._put(Fragment(row, top, piece.bottom, self._y, piece.frame if begins else None))

    def _turn(self, piece: Piece) -> None:
        self.made[-1][-1].below = piece.frame
        self.made.append([])
        self._y = 0

    def _put(self, fragment: Fragment) -> None:
        page = self.made[-1]
        before = page[-1] if page else None
        self._y = fragment.y + fragment.bottom - fragment.top
        if before is not None and (before.row, before.bottom) == (fragment.row, fragment.top):
            before.bottom = fragment.bottom
        else:
            page.append(fragment)
