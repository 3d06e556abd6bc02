"""A piece of a code block: its lines, and the frame and header around them."""

from collections.abc import Hashable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QTextLayout

from desktop_chat.ui.theme import RADIUS_CODE
from desktop_chat.ui.transcript.blocks import Block, is_drawn
from desktop_chat.ui.transcript.code_names import shown_language
from desktop_chat.ui.transcript.formats import Formats, format_range
from desktop_chat.ui.transcript.highlight import Spans
from desktop_chat.ui.transcript.leaves import LINE_BREAK, Leaf, units
from desktop_chat.ui.transcript.strip import Strip
from desktop_chat.ui.transcript.text import Text, lay_out

FOLDED_LINES = 10
"""Lines that a folded block shows."""
FOLD_ROW = 34
"""Height of the row that unfolds it, in the design's pixels."""
ENDLESS = float(1 << 22)
"""A width that no piece of code reaches; Qt counts in 1/64 of a pixel, in 32 bits."""
TAB = 4
WIDE = 5 / 3
"""The most that a character beyond Latin, Greek and Cyrillic is wider than a digit, or about that."""


class CodeBlock(Block):
    """A piece of code of bounded size; the first piece has the header, the last one the lower edge.

    Lines that do not wrap are all of one height: that of a piece is then exact before it is laid out.
    """

    strip: Strip

    def __init__(self, leaf: Leaf, formats: Formats, width: int) -> None:
        self.text: Text | None = None
        self._shown: tuple[str, Spans] = "", []
        self.strip = Strip()
        self.strip.wraps_by_default = formats.wrap_code
        super().__init__(leaf, formats, width)

    def join(self, strip: Strip, width: int) -> None:
        """Share ``strip`` with the other pieces of the same block."""
        self.strip = strip
        strip.wraps_by_default = self.formats.wrap_code
        strip.set_unit(self.formats.code_width)
        strip.room = self._room(width)
        self._measure()
        self.height = self._estimate(width)

    def replace(self, leaf: Leaf) -> None:
        width = self.width
        super().replace(leaf)
        self._measure()
        if not self.strip.is_wrapped:
            self.height = self._estimate(width)

    def rearrange(self, width: int) -> None:
        """The block was folded, or its lines wrap now: begin again."""
        self.release()
        self.height = self._estimate(width)

    def release(self) -> None:
        super().release()
        self.text, self._shown = None, ("", [])

    def lay_out(self, width: int, colours: Spans | None = None) -> None:
        fresh, before = self.fresh, self._shown
        super().lay_out(width, colours)
        self._shown = self.leaf.inline.text, colours or []
        self.strip.room = self._room(width)
        if self.is_hidden:
            self.text, self.height = None, 0
            return
        formats = self.formats
        layout = QTextLayout(self.leaf.inline.text, formats.code_font)
        layout.setCacheEnabled(True)
        layout.setTextOption(formats.code_option)
        if colours:
            layout.setFormats(
                [format_range(start, end, formats.colour(name)) for start, end, name in colours]
            )
        room = self.strip.room if self.strip.is_wrapped else ENDLESS
        self.text = Text(self.leaf.inline, layout, width=room)
        if self.strip.is_wrapped:
            self.text.height = lay_out(layout, self.strip.room, formats.code_pitch)
        else:
            self.text.height = _lay_out_lines(layout, formats.code_pitch)
            widest = max(
                (layout.lineAt(i).naturalTextWidth() for i in range(layout.lineCount())), default=0.0
            )
            self._measure(widest)
        self.height = self._top() + (self._folded_height() if self.strip.folded else self.text.height)
        self.fresh = min(fresh, self._first_difference(*before))

    def _first_difference(self, text: str, colours: Spans) -> int:
        """About the y from which on the lines differ from ``text`` in ``colours``."""
        now, colours_now = self._shown
        if self.text is None or not text or not now.startswith(text):
            return 0
        differing = (min(a, b) for a, b in zip(colours, colours_now, strict=False) if a != b)
        new = colours_now[len(colours) :] or colours[len(colours_now) :]
        position = min(units(text), next(differing, (units(text),))[0], *(span[0] for span in new[:1]))
        line = self.text.layout.lineForTextPosition(position)
        # A word that grows may take the one before it along, into another line.
        return max(0, round(self._top() + line.y() - 2 * self.formats.code_pitch)) if line.isValid() else 0

    def texts(self) -> list[tuple[Text, float, float]]:
        if self.text is None:
            return []
        return [(self.text, self.left + self._inset() - self.strip.shift, self._top())]

    @property
    def is_hidden(self) -> bool:
        """Whether the block is folded, and this piece below what still shows."""
        return self.strip.folded and self.leaf.part > 0

    @property
    def look(self) -> Hashable:
        return self.strip.look

    @property
    def head(self) -> tuple[int, Hashable]:
        if self.leaf.part:
            return 0, None
        return self.formats.code_header, (self.strip.lines, self.strip.copied)

    @property
    def is_last_shown(self) -> bool:
        return self.strip.folded and not self.leaf.part

    @property
    def edge(self) -> int:
        padding = self.formats.code_padding + 1
        if not self.strip.folded:
            return padding
        return 0 if self.leaf.part else padding + self.formats.px(FOLD_ROW)

    def window(self) -> QRectF | None:
        if not self.strip.scrolls and not self.strip.folded:
            return None
        inset = self._inset() - 2
        return QRectF(self.left + inset, 0, self.width - self.left - 2 * inset, self.height)

    def _inset(self) -> int:
        return self.formats.px(14)

    def _slack(self) -> int:
        """The room for a caret behind the last character."""
        return self.formats.px(2)

    def _room(self, width: int) -> int:
        return max(40, width - self.left) - 2 * self._inset()

    def _top(self) -> int:
        """The height of the header and the space below it."""
        return 0 if self.leaf.part else self.formats.code_header + self.formats.code_padding + 1

    def _pitch(self) -> float:
        return self.formats.code_pitch

    def _measure(self, width: float = 0) -> None:
        """Tell the strip what this piece takes: ``width`` as it was laid out, else about that."""
        leaf, text = self.leaf, self.leaf.inline.text
        lines = text.split(LINE_BREAK)
        longest = max(map(len, lines))
        if not width:
            shown = max(len(line.expandtabs(TAB)) for line in lines) if "\t" in text else longest
            width = shown * self.formats.code_width
            if not text.isascii() and max(text.replace(LINE_BREAK, ""), default="") > "\u1100":
                width *= WIDE
        is_cut = leaf.part > 0 and not leaf.glue
        self.strip.measure(leaf.part, width + self._slack(), len(lines) - is_cut, longest, is_cut=is_cut)

    def _estimate(self, width: int) -> int:
        if self.is_hidden:
            return 0
        lines = self.leaf.inline.text.split(LINE_BREAK)
        if self.strip.folded:
            del lines[FOLDED_LINES:]
        count = len(lines)
        if self.strip.is_wrapped:
            per_line = max(1, int(self._room(width) / self.formats.code_width))
            count = sum(1 + len(line) // (per_line + 1) for line in lines)
        return self._top() + round(count * self.formats.code_pitch)

    def shows(self, position: int) -> bool:
        """Whether a position is not folded away."""
        return not self.strip.folded or (not self.leaf.part and position <= self._end_of_shown())

    def _end_of_shown(self) -> int:
        """The position behind the lines that a folded block shows."""
        return units(LINE_BREAK.join(self.leaf.inline.text.split(LINE_BREAK)[:FOLDED_LINES]))

    def _folded_height(self) -> int:
        """The height of the lines that a folded block shows."""
        assert self.text is not None
        last = self.text.layout.lineForTextPosition(self._end_of_shown())
        return round((last.lineNumber() + 1) * self.formats.code_pitch)

    def paint_box(self, painter: QPainter, x: int, y: int, *, last: bool) -> None:
        """The frame and header, drawn before :meth:`paint`; ``last`` where no piece follows."""
        formats = self.formats
        radius = formats.px(RADIUS_CODE)
        first = self.leaf.part == 0
        height = self.height + (self.edge if last else 0)
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
        if not first or not is_drawn(painter, QRectF(x, y, self.width, formats.code_header)):
            return
        painter.fillRect(
            x + self.left, y + formats.code_header, self.width - self.left, 1, formats.colors.line
        )

    def paint_name(self, painter: QPainter, x: float, y: float, right: float) -> None:
        """Draw what the header says, up to x ``right``: the language, and how many lines there are."""
        formats, lines = self.formats, self.strip.lines
        if not is_drawn(painter, QRectF(x, y, self.width, formats.code_header)):
            return
        painter.setFont(formats.meta_font)
        painter.setPen(formats.colors.dim)
        metrics = painter.fontMetrics()
        left = x + self.left + formats.px(13)
        name = shown_language(self.leaf.language)
        count = f"{lines:,} lines" if lines > 1 else ""
        both = f"{name} · {count}" if name and count else name or count
        room = right - left
        said = both if metrics.horizontalAdvance(both) <= room else name or count
        said = metrics.elidedText(said, Qt.TextElideMode.ElideRight, max(0, int(room)))
        header = QRectF(left, y, max(0.0, room), formats.code_header)
        painter.drawText(header, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)

    def bar(self) -> QRectF:
        """Where the bar is, relative to the block: within the space below the last line."""
        inset = self._inset() - self.formats.px(4)
        width = self.width - self.left - 2 * inset
        return QRectF(self.left + inset, self.height, width, self.formats.code_padding)

    def fold_row(self) -> QRectF:
        """Where the row is that unfolds the block."""
        top = self.height + self.formats.code_padding + 1
        return QRectF(self.left, top, self.width - self.left, self.formats.px(FOLD_ROW))


def _lay_out_lines(layout: QTextLayout, pitch: float) -> int:
    """Lay out lines as they are, exactly ``pitch`` apart whatever fonts they need; returns the height."""
    layout.beginLayout()
    count = 0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(ENDLESS)
        line.setPosition(QPointF(0, round(count * pitch + (pitch - line.height()) / 2)))
        count += 1
    layout.endLayout()
    return round(count * pitch)
