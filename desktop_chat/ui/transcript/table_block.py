"""A piece of a table: rows of bounded number, in columns that the first of them decide."""

from collections.abc import Hashable, Sequence
from math import ceil

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from desktop_chat.ui.transcript.blocks import Block
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.highlight import Spans
from desktop_chat.ui.transcript.leaves import Inline, Leaf, clip, is_right_to_left, units
from desktop_chat.ui.transcript.strip import Strip
from desktop_chat.ui.transcript.text import Text, Wash, make_text

MIN_CELL = 28
MAX_WORD = 240
"""A longer word is broken where the table does not fit otherwise, in the design's pixels."""
NARROW = 80
"""No column is narrower that has more to say."""
READABLE = 150
"""What a column takes where the table is scrolled sideways anyhow, if it can use it."""
BAR_ROW = 12
MAX_SHOWN, LEAST_SHOWN = 20_000, 200
"""Characters of a piece of a table that are laid out, and of each of its cells however many those are."""
MAX_LINES = 400
"""About the most lines of a cell that are laid out."""
ROW_SPACE = 5
"""The space above and below the text of a row, in the design's pixels."""


class TableBlock(Block):
    """Some rows of a table; those of part 0 begin with its header."""

    strip: Strip

    def __init__(self, leaf: Leaf, formats: Formats, width: int) -> None:
        self.cells: list[list[Text]] = []
        self.row_tops: list[int] = []
        self.column_widths: tuple[int, ...] = ()
        self.strip = Strip()
        super().__init__(leaf, formats, width)

    def join(self, strip: Strip, width: int) -> None:
        self.strip = strip
        strip.wraps = False
        strip.set_unit(self.formats.character_width)

    @property
    def look(self) -> Hashable:
        return self.strip.look

    @property
    def edge(self) -> int:
        return self.formats.px(BAR_ROW) if self.strip.scrolls else 0

    def window(self) -> QRectF | None:
        return QRectF(self.left, 0, self.width - self.left, self.height) if self.strip.scrolls else None

    def bar(self) -> QRectF:
        inset = self.formats.px(2)
        width = self.width - self.left - 2 * inset
        return QRectF(self.left + inset, self.height, width, self.formats.px(BAR_ROW))

    def release(self) -> None:
        super().release()
        self.cells, self.column_widths = [], ()

    def lay_out(self, width: int, colours: Spans | None = None) -> None:
        fresh = self.fresh
        super().lay_out(width, colours)
        formats, leaf = self.formats, self.leaf
        columns = leaf.columns
        if columns is None:
            return
        widths = _column_widths(columns.basis, max(40, width - self.left), formats)
        # While a table streams in, only its last row is new.
        side = "right" if self.is_mirrored else ""
        known = self.cells if widths == self.column_widths else []
        self.column_widths = widths
        self.strip.room = max(40, width - self.left)
        self.strip.measure(leaf.part, sum(widths) + len(widths) + 1)
        padding, space = formats.cell_padding, formats.px(ROW_SPACE)
        self.cells, self.row_tops = [], []
        most = _most_characters(leaf)
        y, offset = 1 if leaf.part == 0 else 0, 0
        for number, row in enumerate(leaf.rows):
            font = formats.table_head_font if leaf.part == 0 and number == 0 else formats.table_font
            before = known[number] if number < len(known) else []
            cells = []
            for column, whole in enumerate(row[: len(widths)]):
                room = min(most, max(LEAST_SHOWN, int(MAX_LINES * widths[column] / formats.character_width)))
                inline = whole if len(whole.text) <= room else _begin(whole, room)
                cell = before[column] if column < len(before) else None
                if cell is None or cell.is_pending or cell.inline != inline:
                    cell = make_text(
                        inline,
                        font,
                        widths[column] - 2 * padding,
                        formats.table_pitch,
                        formats,
                        alignment=columns.aligns[column] or side,
                    )
                cell.offset = offset
                offset += units(whole.text) + 1
                cells.append(cell)
            self.cells.append(cells)
            self.row_tops.append(y)
            y += max((cell.height for cell in cells), default=round(formats.table_pitch)) + 2 * space + 1
        self.row_tops.append(y)
        self.height = y
        same = 0
        while same < min(len(known), len(self.cells)) and known[same] == self.cells[same]:
            same += 1
        self.fresh = min(fresh, max(0, self.row_tops[same] - 1))

    def texts(self) -> list[tuple[Text, float, float]]:
        found: list[tuple[Text, float, float]] = []
        for top, cells in zip(self.row_tops, self.cells, strict=False):
            for cell, (x, _width) in zip(cells, self._columns(), strict=False):
                found.append((cell, x + self.formats.cell_padding, top + self.formats.px(ROW_SPACE)))
        return found

    @property
    def is_mirrored(self) -> bool:
        columns = self.leaf.columns
        return columns is not None and is_right_to_left("".join(cell.text for cell in columns.basis[0]))

    @property
    def _grid_width(self) -> int:
        return sum(self.column_widths) + len(self.column_widths) + 1

    @property
    def _grid_left(self) -> int:
        """Where the table begins: at the left, or so that it ends at the right."""
        free = self.width - self.left - self._grid_width
        return self.left - self.strip.shift + (max(0, free) if self.is_mirrored else 0)

    def _columns(self) -> list[tuple[int, int]]:
        """The x and the width of each column, in reading order."""
        found, x = [], self._grid_left + 1
        widths = reversed(self.column_widths) if self.is_mirrored else self.column_widths
        for width in widths:
            found.append((x, width))
            x += width + 1
        return found[::-1] if self.is_mirrored else found

    def position_at(self, x: float, y: float) -> int:
        found = self.text_at(x, y)
        if found is None:
            return 0
        text, left, top = found
        return text.offset + text.position_at(x - left, y - top)

    def line_top(self, y: float) -> tuple[int, int]:
        row = max((i for i, top in enumerate(self.row_tops[:-1]) if top <= y), default=0)
        return row, self.y_of(row)

    def y_of(self, position: int) -> int:
        if not self.cells:
            return 0
        row = min(position, len(self.cells) - 1)
        text = self.cells[row][0].layout.lineAt(0).y() if self.cells[row] else 0
        return round(self.row_tops[row] + self.formats.px(ROW_SPACE) + text)

    def paint(
        self, painter: QPainter, x: int, y: int, washes: Sequence[Wash], clip: QRectF, dim: bool = False
    ) -> None:
        window = self.window()
        painter.save()
        if window is not None:
            painter.setClipRect(window.translated(x, y), Qt.ClipOperation.IntersectClip)
        self._paint_grid(painter, x, y)
        painter.restore()
        super().paint(painter, x, y, washes, clip, dim)

    def _estimate(self, width: int) -> int:
        return round(len(self.leaf.rows) * (self.formats.table_pitch + self.formats.px(10) + 1))

    def _paint_grid(self, painter: QPainter, x: int, y: int) -> None:
        formats = self.formats
        left, width = x + self._grid_left, self._grid_width
        line = formats.colors.line
        if self.leaf.part == 0 and len(self.row_tops) > 1:
            painter.fillRect(left, y, width, self.row_tops[1], formats.colors.side)
            painter.fillRect(left, y, width, 1, line)
        for top in self.row_tops[1:]:
            painter.fillRect(left, y + top - 1, width, 1, line)
        painter.fillRect(left, y, 1, self.height, line)
        for column, room in self._columns():
            painter.fillRect(x + column + room, y, 1, self.height, line)


def _most_characters(leaf: Leaf) -> int:
    """How many characters of a cell are shown, so that no leaf takes long; the rest is there to be copied."""
    sizes = [len(cell.text) for row in leaf.rows for cell in row]
    return max(sizes, default=0) if sum(sizes) <= MAX_SHOWN else max(LEAST_SHOWN, MAX_SHOWN // len(sizes))


def _begin(inline: Inline, characters: int) -> Inline:
    """The first characters of a cell, with an ellipsis."""
    begin = clip(inline, 0, characters)
    return begin._replace(text=begin.text + "…")


def _column_widths(rows: tuple[tuple[Inline, ...], ...], room: int, formats: Formats) -> tuple[int, ...]:
    """Natural widths where they fit, else the wide columns give way, but no word is broken for that.

    Where even the words do not fit the table is wider than ``room``; its columns are then wide enough to be
    read, too.
    """
    count = len(rows[0])
    padding = 2 * formats.cell_padding
    natural, least = [0.0] * count, [0.0] * count
    for number, row in enumerate(rows):
        font = formats.table_font if number else formats.table_head_font
        for column, inline in enumerate(row[:count]):
            width, word = formats.natural_width(inline, font)
            natural[column] = max(natural[column], width)
            least[column] = max(least[column], word)
    widths = [ceil(width) + padding for width in natural]
    available = room - count - 1
    if sum(widths) <= available:
        return tuple(widths)
    longest = max(formats.px(MIN_CELL), min(formats.px(MAX_WORD), available // 2 - padding))
    narrow = formats.px(0 if formats.on_paper else NARROW)
    words = [
        max(min(ceil(word), longest), min(ceil(width), narrow)) + padding
        for word, width in zip(least, natural, strict=True)
    ]
    if formats.on_paper:
        words = [min(word, max(available // count, formats.px(MIN_CELL))) for word in words]
    if sum(words) > available:
        readable = formats.px(READABLE) + padding
        return tuple(max(word, min(width, readable)) for word, width in zip(words, widths, strict=True))
    low, high = 0, max(widths)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(_between(words, middle, widths)) <= available:
            low = middle
        else:
            high = middle - 1
    return tuple(_between(words, low, widths))


def _between(least: list[int], width: int, most: list[int]) -> list[int]:
    return [max(low, min(width, high)) for low, high in zip(least, most, strict=True)]
