"""Leaves laid out: measured, painted and hit-tested one by one.

A block holds a QTextLayout only while it is in or near the view. A QTextLayout knows characters and formats,
no rich text, no images and no resources, so nothing in a message can make Qt open anything.
"""

from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen, QTextLayout, QTextLine

from desktop_chat.ui.theme import RADIUS_CODE
from desktop_chat.ui.transcript.formats import Formats, format_range
from desktop_chat.ui.transcript.highlight import Spans
from desktop_chat.ui.transcript.leaves import LINE_BREAK, Inline, Kind, Leaf, Mark, is_right_to_left, units

MIN_CELL = 28


@dataclass(slots=True)
class Text:
    """A run of text laid out at a width: a paragraph, a table cell or a piece of code."""

    inline: Inline
    layout: QTextLayout
    height: int = 0
    boxes: list[QRectF] = field(default_factory=list)
    offset: int = 0

    def line_at(self, y: float) -> QTextLine | None:
        found = None
        for i in range(self.layout.lineCount()):
            line = self.layout.lineAt(i)
            if found is not None and line.y() > y:
                break
            found = line
        return found

    def position_at(self, x: float, y: float) -> int:
        line = self.line_at(y)
        return 0 if line is None else line.xToCursor(x)

    def link_at(self, x: float, y: float) -> str:
        line = self.line_at(y) if self.inline.links else None
        if line is None or y > line.y() + 1.6 * line.height():
            return ""
        shown = line.naturalTextRect()
        if not shown.left() <= x <= shown.right():
            return ""
        position = line.xToCursor(x, QTextLine.CursorPosition.CursorOnCharacter)
        return next((url for start, end, url in self.inline.links if start <= position < end), "")

    def rectangles(self, start: int, end: int, pitch: float) -> list[QRectF]:
        """What a selection of ``start`` to ``end`` covers, line by line."""
        found = []
        for i in range(self.layout.lineCount()):
            line = self.layout.lineAt(i)
            first, last = max(start, line.textStart()), min(end, line.textStart() + line.textLength())
            if first > last or (first == last and line.textLength()):
                continue
            height = max(pitch, line.height())
            x1, x2 = _cursor_x(line, first), _cursor_x(line, last)
            top = line.y() + (line.height() - height) / 2
            found.append(QRectF(min(x1, x2), top, max(abs(x2 - x1), 4), height))
        return found

    def end_of_text(self) -> tuple[QPointF, float]:
        """Where the last character ends, and the height of its line."""
        line = self.layout.lineAt(self.layout.lineCount() - 1)
        return QPointF(_cursor_x(line, units(self.inline.text)), line.y()), line.height()


def _cursor_x(line: QTextLine, position: int) -> float:
    x = line.cursorToX(position)
    return float(x[0]) if isinstance(x, tuple) else float(x)  # type: ignore[arg-type]


def lay_out(layout: QTextLayout, width: float, pitch: float) -> int:
    """Break ``layout`` into lines of ``width`` that are ``pitch`` apart; returns the height."""
    layout.beginLayout()
    y = 0.0
    width = max(width, 8)
    while True:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        own = line.height()
        height = max(pitch, own)
        line.setPosition(QPointF(0, round(y + (height - own) / 2)))
        y += height
    layout.endLayout()
    return round(y)


def make_text(
    inline: Inline, font: QFont, width: float, pitch: float, formats: Formats, *, alignment: str = ""
) -> Text:
    layout = QTextLayout(inline.text, font)
    layout.setCacheEnabled(True)
    option = formats.text_option
    if not alignment and not inline.text.isascii() and is_right_to_left(inline.text):
        alignment = "right"
    if alignment in ("center", "right"):
        option = type(option)(option)
        option.setAlignment(
            Qt.AlignmentFlag.AlignHCenter if alignment == "center" else Qt.AlignmentFlag.AlignRight
        )
    layout.setTextOption(option)
    text = Text(inline, layout)
    size = font.pixelSize()
    if inline.marks:
        layout.setFormats(
            [format_range(start, end, formats.mark(bits, size)) for start, end, bits in inline.marks]
        )
    text.height = lay_out(layout, width, pitch)
    for start, end, bits in inline.marks:
        if bits & Mark.CODE:
            for box in text.rectangles(start, end, 0):
                text.boxes.append(box.adjusted(-2, 0, 2, 0))
    return text


class Block:
    """One leaf at its place in a flow. ``height`` is estimated until :meth:`lay_out` ran at this width."""

    __slots__ = ("cells", "column_widths", "formats", "height", "leaf", "row_tops", "stamp", "text", "width")

    def __init__(self, leaf: Leaf, formats: Formats, width: int) -> None:
        self.leaf = leaf
        self.formats = formats
        self.width = 0
        self.stamp = 0
        self.text: Text | None = None
        self.cells: list[list[Text]] = []
        self.row_tops: list[int] = []
        self.column_widths: tuple[int, ...] = ()
        self.height = self._estimate(width)

    @property
    def left(self) -> int:
        """Where the content begins, right of markers and quote bars."""
        return self.formats.indent * len(self.leaf.containers)

    @property
    def plain(self) -> str:
        """The text that is shown, with line feeds; positions in it are those of selections."""
        if self.leaf.kind is Kind.TABLE:
            return "\n".join("\t".join(cell.text for cell in row) for row in self.leaf.rows)
        return self.leaf.inline.text.replace(LINE_BREAK, "\n")

    def replace(self, leaf: Leaf) -> None:
        """Show another leaf; its height is that of the one before until it is laid out."""
        self.leaf = leaf
        self.width = 0
        self.stamp += 1

    def release(self) -> None:
        """Drop the layout; the height stays as what it was."""
        self.text = None
        self.cells, self.column_widths = [], ()
        self.width = 0

    def _code_inset(self) -> int:
        return self.formats.px(14)

    def _top(self) -> int:
        """The height of what stands above the text: the header of a code block."""
        if self.leaf.kind is Kind.CODE and self.leaf.part == 0:
            return self.formats.code_header + self.formats.code_padding + 1
        return 0

    def _estimate(self, width: int) -> int:
        formats, leaf = self.formats, self.leaf
        room = max(40, width - self.left)
        text = leaf.inline.text
        if leaf.kind is Kind.RULE:
            return formats.px(2)
        if leaf.kind is Kind.TABLE:
            return round(len(leaf.rows) * (formats.table_pitch + formats.px(10) + 1))
        if leaf.kind is Kind.CODE:
            per_line = max(1, int((room - 2 * self._code_inset()) / formats.code_width))
            lines = sum(1 + len(line) // (per_line + 1) for line in text.split(LINE_BREAK))
            return self._top() + round(lines * formats.code_pitch)
        _font, pitch = self._font()
        lines = int(1 + len(text) * formats.character_width / room + text.count(LINE_BREAK))
        return round(lines * pitch)

    def _font(self) -> tuple[QFont, float]:
        formats = self.formats
        if self.leaf.kind is Kind.CODE:
            return formats.code_font, formats.code_pitch
        if self.leaf.heading:
            return formats.heading(self.leaf.heading)
        return formats.text_font, formats.text_pitch

    def lay_out(self, width: int, colours: Spans | None = None) -> None:
        """Measure the leaf at ``width``; ``colours`` are those of a piece of code."""
        formats, leaf = self.formats, self.leaf
        self.width = width
        room = max(40, width - self.left)
        if leaf.kind is Kind.TABLE:
            self._lay_out_table(room)
        elif leaf.kind is Kind.CODE:
            layout = QTextLayout(leaf.inline.text, formats.code_font)
            layout.setCacheEnabled(True)
            layout.setTextOption(formats.code_option)
            if colours:
                layout.setFormats(
                    [format_range(start, end, formats.colour(name)) for start, end, name in colours]
                )
            self.text = Text(leaf.inline, layout)
            self.text.height = lay_out(layout, room - 2 * self._code_inset(), formats.code_pitch)
            self.height = self._top() + self.text.height
        elif leaf.kind is Kind.TEXT:
            font, pitch = self._font()
            self.text = make_text(leaf.inline, font, room, pitch, formats)
            self.height = self.text.height
        self.stamp += 1

    def _lay_out_table(self, room: int) -> None:
        formats, leaf = self.formats, self.leaf
        columns = leaf.columns
        if columns is None:
            return
        widths = _column_widths(columns.basis, room, formats)
        # While a table streams in, only its last row is new.
        known = self.cells if widths == self.column_widths else []
        self.column_widths = widths
        padding, line = formats.cell_padding, formats.px(5)
        self.cells, self.row_tops = [], []
        y, offset = 1 if leaf.part == 0 else 0, 0
        for number, row in enumerate(leaf.rows):
            font = formats.table_head_font if leaf.part == 0 and number == 0 else formats.table_font
            before = known[number] if number < len(known) else []
            cells = []
            for column, inline in enumerate(row[: len(widths)]):
                cell = before[column] if column < len(before) else None
                if cell is None or cell.inline != inline:
                    cell = make_text(
                        inline,
                        font,
                        widths[column] - 2 * padding,
                        formats.table_pitch,
                        formats,
                        alignment=columns.aligns[column],
                    )
                cell.offset = offset
                offset += units(inline.text) + 1
                cells.append(cell)
            self.cells.append(cells)
            self.row_tops.append(y)
            y += max((cell.height for cell in cells), default=round(formats.table_pitch)) + 2 * line + 1
        self.row_tops.append(y)
        self.height = y

    # Positions

    def _texts(self) -> list[tuple[Text, float, float]]:
        """Each text with its place in the block."""
        if self.leaf.kind is Kind.TABLE:
            found: list[tuple[Text, float, float]] = []
            for top, cells in zip(self.row_tops, self.cells, strict=False):
                x = self.left + 1
                for cell, width in zip(cells, self.column_widths, strict=False):
                    found.append((cell, x + self.formats.cell_padding, top + self.formats.px(5)))
                    x += width + 1
            return found
        if self.text is None:
            return []
        inset = self._code_inset() if self.leaf.kind is Kind.CODE else 0
        return [(self.text, self.left + inset, self._top())]

    def _text_at(self, x: float, y: float) -> tuple[Text, float, float] | None:
        found = None
        for item in self._texts():
            _text, left, top = item
            if found is None or (top < y + self.formats.px(5) and (top > found[2] or left <= x)):
                found = item
        return found

    def position_at(self, x: float, y: float) -> int:
        """The text position nearest to a point of the block."""
        found = self._text_at(x, y)
        if found is None:
            return 0
        text, left, top = found
        if y < top - self.formats.px(5) and self.leaf.kind is not Kind.TABLE:
            return 0
        if y > top + text.height and self.leaf.kind is not Kind.TABLE:
            return units(text.inline.text)
        return text.offset + text.position_at(x - left, y - top)

    def link_at(self, x: float, y: float) -> str:
        """The address of the link at a point of the block, or ``""``."""
        found = self._text_at(x, y)
        if found is None:
            return ""
        text, left, top = found
        return text.link_at(x - left, y - top) if top <= y <= top + text.height else ""

    def line_top(self, y: float) -> tuple[int, int]:
        """The text position that begins the line at ``y``, and the y of that line."""
        if self.leaf.kind is Kind.TABLE:
            row = max((i for i, top in enumerate(self.row_tops[:-1]) if top <= y), default=0)
            return row, self.row_tops[row] if self.row_tops else 0
        line = self.text.line_at(y - self._top()) if self.text else None
        return (0, 0) if line is None else (line.textStart(), round(line.y()) + self._top())

    def y_of(self, position: int) -> int:
        """The y of the line that holds a position of :meth:`line_top`."""
        if self.leaf.kind is Kind.TABLE:
            return self.row_tops[min(position, len(self.row_tops) - 1)] if self.row_tops else 0
        if self.text is None:
            return 0
        line = self.text.layout.lineForTextPosition(position)
        return round(line.y()) + self._top() if line.isValid() else 0

    def end_of_text(self) -> QRectF:
        """The place of the cursor behind the last character."""
        texts = self._texts()
        if not texts:
            return QRectF(self.left, 0, 0, self.height)
        text, left, top = texts[-1]
        point, height = text.end_of_text()
        return QRectF(left + point.x(), top + point.y(), 0, height)

    # Painting

    def paint(
        self,
        painter: QPainter,
        x: int,
        y: int,
        selection: tuple[int, int] | None,
        clip: QRectF,
        dim: bool = False,
    ) -> None:
        """Draw the block with its top left corner at (x, y); ``selection`` are text positions."""
        formats, leaf = self.formats, self.leaf
        painter.setPen(formats.colors.dim if dim else formats.colors.text)
        if leaf.marker:
            self._paint_marker(painter, x, y)
        if leaf.kind is Kind.RULE:
            painter.fillRect(x + self.left, y, self.width - self.left, 1, formats.colors.line)
        if leaf.kind is Kind.TABLE:
            self._paint_grid(painter, x, y)
        painter.setPen(formats.colors.dim if dim else formats.colors.text)
        for text, left, top in self._texts():
            origin = QPointF(x + left, y + top)
            if origin.y() > clip.bottom() or origin.y() + text.height < clip.top():
                continue
            for box in text.boxes:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(formats.colors.hover)
                painter.drawRoundedRect(box.translated(origin), 4, 4)
                painter.setPen(formats.colors.dim if dim else formats.colors.text)
            if selection is not None:
                start, end = selection[0] - text.offset, selection[1] - text.offset
                pitch = formats.code_pitch if leaf.kind is Kind.CODE else formats.text_pitch
                for box in text.rectangles(max(0, start), min(end, units(text.inline.text)), pitch):
                    painter.fillRect(box.translated(origin), formats.selection)
            text.layout.draw(painter, origin, [], clip)

    def _paint_marker(self, painter: QPainter, x: int, y: int) -> None:
        formats = self.formats
        end = x + self.left - formats.px(6)
        center = y + formats.text_pitch / 2
        if self.leaf.marker == "•":
            size = formats.px(5)
            painter.setBrush(formats.colors.dim)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QRectF(end - formats.px(5) - size / 2, center - size / 2, size, size))
        else:
            painter.setFont(formats.text_font)
            painter.setPen(formats.colors.dim)
            box = QRectF(end - 200, y, 200, formats.text_pitch)
            painter.drawText(
                box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.leaf.marker
            )

    def _paint_grid(self, painter: QPainter, x: int, y: int) -> None:
        formats = self.formats
        left, width = x + self.left, sum(self.column_widths) + len(self.column_widths) + 1
        line = formats.colors.line
        if self.leaf.part == 0 and len(self.row_tops) > 1:
            painter.fillRect(left, y, width, self.row_tops[1], formats.colors.side)
            painter.fillRect(left, y, width, 1, line)
        for top in self.row_tops[1:]:
            painter.fillRect(left, y + top - 1, width, 1, line)
        edge = left
        painter.fillRect(edge, y, 1, self.height, line)
        for column in self.column_widths:
            edge += column + 1
            painter.fillRect(edge, y, 1, self.height, line)

    def paint_code_box(self, painter: QPainter, x: int, y: int, *, last: bool) -> None:
        """The frame and header of a piece of code, drawn before :meth:`paint`."""
        formats = self.formats
        radius = formats.px(RADIUS_CODE)
        first = self.leaf.part == 0
        height = self.height + (formats.code_padding + 1 if last else 0)
        box = QRectF(x + self.left + 0.5, y + 0.5, self.width - self.left - 1, height - 1)
        painter.save()
        if not (first and last):
            painter.setClipRect(
                QRectF(x + self.left, y, self.width - self.left, height), Qt.ClipOperation.IntersectClip
            )
            box.adjust(0, 0 if first else -2 * radius, 0, 0 if last else 2 * radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(formats.colors.line, 1))
        painter.setBrush(formats.colors.code)
        painter.drawRoundedRect(box, radius, radius)
        painter.restore()
        if first:
            painter.fillRect(
                x + self.left, y + formats.code_header, self.width - self.left, 1, formats.colors.line
            )
            painter.setFont(formats.meta_font)
            painter.setPen(formats.colors.dim)
            header = QRectF(
                x + self.left + formats.px(13),
                y,
                self.width - self.left - formats.px(90),
                formats.code_header,
            )
            name = painter.fontMetrics().elidedText(
                self.leaf.language, Qt.TextElideMode.ElideRight, int(header.width())
            )
            painter.drawText(header, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def copy_button(self) -> QRectF | None:
        """The place of a code block's Copy button."""
        if self.leaf.kind is not Kind.CODE or self.leaf.part:
            return None
        width = self.formats.px(60)
        return QRectF(self.width - width, 0, width, self.formats.code_header)


def _column_widths(rows: tuple[tuple[Inline, ...], ...], room: int, formats: Formats) -> tuple[int, ...]:
    """Natural widths where they fit, else the wide columns give way; each keeps room for a word or so."""
    count = len(rows[0])
    padding = 2 * formats.cell_padding
    natural = [0.0] * count
    for number, row in enumerate(rows):
        font = formats.table_font if number else formats.table_head_font
        for column, inline in enumerate(row[:count]):
            natural[column] = max(natural[column], formats.natural_width(inline, font))
    widths = [round(width + 0.999) + padding for width in natural]
    available = max(count * (formats.px(MIN_CELL) + padding), room - count - 1)
    over = sum(widths) - available
    if over <= 0:
        return tuple(widths)
    low, high = 0, max(widths)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(width, middle) for width in widths) <= available:
            low = middle
        else:
            high = middle - 1
    return tuple(min(width, max(low, formats.px(MIN_CELL))) for width in widths)
