"""What the leaves look like: fonts, character formats and measures of one theme at one zoom."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat, QTextLayout, QTextOption

from desktop_chat.ui.theme import LINE_HEIGHT, TEXT_SIZE, Theme
from desktop_chat.ui.transcript.formulas import Shown, shown
from desktop_chat.ui.transcript.leaves import Inline, Kind, Leaf, Mark

HEADING_SIZES = (0, 20, 17, 15.5, 14, 14, 14)
CODE_LINE_HEIGHT = 1.5
MAX_MEASURED = 400
"""Characters of a table cell that count for the width of its column."""
MAX_ROOM = 100_000
"""Pixels: more than any text that is measured takes."""
MAX_WIDTHS = 4096
"""Widths of table cells that are remembered."""


class Formats:
    """Made once for a theme, its zoom and its fonts; a change of any of them makes a new one."""

    def __init__(self, theme: Theme) -> None:
        self.colors = theme.colors
        self.on_paper = theme.paper
        """Nothing can be scrolled there: all has to fit the width."""
        self.wrap_code = theme.wrap_code or theme.paper
        size = theme.text_size / TEXT_SIZE
        scale = theme.zoom / 100 * size
        self._scale = scale
        self.text_font = theme.font(14 * size)
        self.table_font = theme.font(13 * size)
        self.table_head_font = theme.font(13 * size, QFont.Weight.DemiBold)
        self.caption_font = theme.font(12.5 * size, QFont.Weight.DemiBold)
        self.thought_font = theme.font(13 * size)
        self.meta_font = theme.font(12 * size)
        self.meta_bold = theme.font(12 * size, QFont.Weight.Medium)
        self.code_font = theme.code_font(12.5 * size)
        self.text_pitch = 14 * LINE_HEIGHT * scale
        self.table_pitch = 13 * LINE_HEIGHT * scale
        self.code_pitch = 12.5 * CODE_LINE_HEIGHT * scale
        self.character_width = QFontMetricsF(self.text_font).averageCharWidth()
        self.code_width = QFontMetricsF(self.code_font).horizontalAdvance("0")
        self.selection = QColor(self.colors.accent)
        self.selection.setAlpha(70)
        self.ink = QTextCharFormat()
        """Of text that was found: comments and links could not be read on the colour of hits."""
        self.ink.setForeground(self.colors.text)
        self.indent = self.px(24)
        self.code_header = self.px(32)
        self.code_padding = self.px(10)
        self.cell_padding = self.px(12)
        self.text_option = _option(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.code_option = _option(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.code_option.setTabStopDistance(4 * self.code_width)
        self.code_option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        self._headings: dict[int, tuple[QFont, float]] = {}
        self._formats: dict[tuple[int, float], QTextCharFormat] = {}
        self._colours: dict[str, QTextCharFormat] = {}
        self._widths: dict[tuple[Inline, int], tuple[float, float]] = {}

    def px(self, size: float) -> int:
        """A length of the design in pixels of this view. It outlives a change of the theme."""
        return round(size * self._scale)

    def heading(self, level: int) -> tuple[QFont, float]:
        """The font and line pitch of a heading."""
        if level not in self._headings:
            size = HEADING_SIZES[level]
            font = QFont(self.text_font)
            font.setPixelSize(max(6, self.px(size)))
            font.setWeight(QFont.Weight.DemiBold)
            self._headings[level] = font, size * 1.4 * self._scale
        return self._headings[level]

    def mark(self, bits: int, size: float) -> QTextCharFormat:
        """The format of a run with :class:`Mark` bits in text of ``size`` pixels."""
        key = bits, size
        found = self._formats.get(key)
        if found is None:
            found = self._formats[key] = QTextCharFormat()
            if bits & Mark.CODE:
                font = QFont(self.code_font)
                font.setPixelSize(max(6, round(size * 0.9)))
                found.setFont(
                    font, QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesSpecifiedOnly
                )
            if bits & Mark.BOLD:
                found.setFontWeight(QFont.Weight.DemiBold)
            if bits & Mark.ITALIC:
                found.setFontItalic(True)
            if bits & Mark.STRIKE:
                found.setFontStrikeOut(True)
            if bits & Mark.RAISED:
                found.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
            if bits & Mark.CHIP:
                found.setForeground(self.colors.accent)
                found.setProperty(QTextCharFormat.Property.FontPixelSize, max(6, round(size * 1.1)))
                found.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
            if bits & Mark.LINK:
                found.setForeground(self.colors.accent)
                found.setFontUnderline(True)
        return found

    def ranges(self, inline: Inline | Shown, size: float) -> list[QTextLayout.FormatRange]:
        """The formats of a run of text whose font has ``size`` pixels."""
        return [format_range(start, end, self.mark(bits, size)) for start, end, bits in inline.marks]

    def natural_width(self, inline: Inline, font: QFont) -> tuple[float, float]:
        """The width of the widest line of a table cell when it does not wrap, and of its widest word."""
        key = inline, font.weight()
        found = self._widths.get(key)
        if found is None:
            if len(self._widths) > MAX_WIDTHS:
                self._widths.clear()
            drawn = shown(inline, font, MAX_ROOM) if inline.formulas else None
            layout = QTextLayout((drawn or inline).text[:MAX_MEASURED], font)
            ranges = self.ranges(drawn or inline, font.pixelSize())
            if drawn is not None:
                ranges += [format_range(*spacer) for spacer in drawn.spacers]
            if ranges:
                layout.setFormats(ranges)
            layout.beginLayout()
            width = 0.0
            while (line := layout.createLine()).isValid():
                line.setLineWidth(MAX_ROOM)
                width = max(width, line.naturalTextWidth())
            layout.endLayout()
            found = width, layout.minimumWidth()
            if drawn is None or not drawn.is_pending:
                self._widths[key] = found
        return found

    def colour(self, name: str) -> QTextCharFormat:
        """The format of a run of code in one of the theme's colours."""
        found = self._colours.get(name)
        if found is None:
            found = self._colours[name] = QTextCharFormat()
            found.setForeground(getattr(self.colors, name))
        return found

    def gap(self, before: Leaf | None, after: Leaf) -> int:
        """The space above a leaf."""
        if before is None:
            return self.px(after.kind is Kind.CODE and 6)
        if after.part:
            return 0
        space = 10
        if before.kind in (Kind.CODE, Kind.TABLE):
            space = 12
        if after.heading:
            space = 18 if after.heading < 3 else 14
        elif before.heading:
            space = 6
        elif before.kind is Kind.RULE or after.kind is Kind.RULE:
            space = 14
        elif after.marker and "i" in before.containers and before.kind is Kind.TEXT:
            space = 4
        return self.px(space)


def _option(wrap: QTextOption.WrapMode) -> QTextOption:
    option = QTextOption()
    option.setWrapMode(wrap)
    option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    return option


def format_range(start: int, end: int, text_format: QTextCharFormat) -> QTextLayout.FormatRange:
    found = QTextLayout.FormatRange()
    found.start, found.length, found.format = start, end - start, text_format
    return found
