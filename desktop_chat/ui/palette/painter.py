"""How the rows of the palette are painted."""

from bisect import bisect_left

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.palette.rows import Index, Marks, Row, RowKind, RowsModel
from desktop_chat.ui.theme import Theme

SIDE = 18
"""The design's pixels between the edge of the card and its texts."""
_HEIGHTS = {RowKind.HIT: 60, RowKind.COMMAND: 38, RowKind.FILTER: 34, RowKind.GROUP: 32, RowKind.WORDS: 60}
_SINGLE = 42
"""The height of a chat that was found by its title alone."""
_MARK_RADIUS = 3
_LEAD = 24
"""Characters that stay before the first mark of a line that has no room for all of it."""
_BREATH = 14


class RowDelegate(QStyledItemDelegate):
    """Paints a row over the whole width of the palette, hits with a line below them."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def height(self, row: Row) -> int:
        is_single = row.kind is RowKind.HIT and not row.detail
        return self._theme.px(_SINGLE if is_single else _HEIGHTS[row.kind])

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model = index.model()
        assert isinstance(model, RowsModel)
        return QSize(0, self.height(model.rows[index.row()]))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colors, px = self._theme.colors, self._theme.px
        row: Row = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, colors.accent_soft)
        inner = area.adjusted(px(SIDE), 0, -px(SIDE), 0)
        match row.kind:
            case RowKind.HIT:
                if index.row() and _kind_above(index) is RowKind.HIT:
                    painter.fillRect(QRectF(area.left(), area.top(), area.width(), 1), colors.line)
                self._paint_hit(painter, inner, row)
            case RowKind.GROUP:
                painter.setFont(self._theme.font(12, QFont.Weight.DemiBold))
                painter.setPen(colors.faint)
                self._draw(painter, inner.adjusted(0, px(8), 0, 0), row.text)
            case RowKind.WORDS:
                self._paint_words(painter, inner, row)
            case _:
                self._paint_line(painter, inner, row)
        painter.restore()

    def _paint_hit(self, painter: QPainter, area: QRectF, row: Row) -> None:
        colors, px = self._theme.colors, self._theme.px
        first = area.adjusted(0, px(9), 0, -px(30)) if row.detail else QRectF(area)
        second = area.adjusted(0, px(31), 0, -px(9)) if row.detail else QRectF(area)
        painter.setFont(self._theme.font(12.5))
        painter.setPen(colors.dim)
        taken = self._right(painter, second, row.right) + px(_BREATH) if row.right else 0
        if row.detail:
            self._draw(painter, second.adjusted(0, 0, -taken, 0), row.detail, row.detail_marks)
        else:
            first.setRight(first.right() - taken)
        painter.setFont(self._theme.font(weight=QFont.Weight.DemiBold))
        painter.setPen(colors.text)
        self._draw(painter, first, row.text, row.marks)

    def _paint_line(self, painter: QPainter, area: QRectF, row: Row) -> None:
        """A command or a filter: all on one line."""
        colors, px = self._theme.colors, self._theme.px
        painter.setOpacity(1 if row.is_enabled else 0.5)
        if row.right:
            painter.setFont(self._theme.font(12))
            painter.setPen(colors.faint)
            area.setRight(area.right() - self._right(painter, area, row.right, px(5)) - px(_BREATH))
        if row.is_checked:
            self._icon(painter, "check", colors.accent, area.right() - px(16), area, 16)
            area.setRight(area.right() - px(16 + _BREATH))
        painter.setFont(self._theme.font(14))
        painter.setPen(colors.text)
        used = self._draw(painter, area, row.text, row.marks)
        painter.setFont(self._theme.font(12.5))
        painter.setPen(colors.dim)
        rest = area.adjusted(used + px(_BREATH), 0, 0, 0)
        if rest.width() > px(40):
            self._draw(painter, rest, row.detail)

    def _paint_words(self, painter: QPainter, area: QRectF, row: Row) -> None:
        colors, px = self._theme.colors, self._theme.px
        first = area.adjusted(0, px(9), 0, -px(30)) if row.detail else area
        painter.setFont(self._theme.font(14))
        painter.setPen(colors.text if row.detail else colors.dim)
        self._draw(painter, first, row.text)
        painter.setFont(self._theme.font(12.5))
        painter.setPen(colors.dim)
        self._draw(painter, area.adjusted(0, px(31), 0, -px(9)), row.detail)

    def _right(self, painter: QPainter, area: QRectF, text: str, frame: int = 0) -> float:
        """Draw a text at the right end, in a frame with so much room at its sides where there is one; how
        much of the line that takes."""
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(text) + 2 * frame + 1
        box = QRectF(area.right() - width, area.top(), width, area.height())
        if frame:
            pen, height = painter.pen(), self._theme.px(19)
            box = QRectF(box.left(), area.center().y() - height / 2, width, height)
            painter.setPen(self._theme.colors.line)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            radius = self._theme.px(4)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
            painter.setPen(pen)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, text)
        return float(width)

    def _draw(self, painter: QPainter, area: QRectF, text: str, marks: Marks = ()) -> float:
        """One line of ``text``, its ``marks`` on a tinted ground and the first of them in view; how much of
        the line that takes."""
        metrics, room = painter.fontMetrics(), int(area.width())
        if marks and metrics.horizontalAdvance(text[: marks[0][1]]) > room:
            cut = max(0, marks[0][0] - _LEAD)
            text = f"…{text[cut:]}"
            marks = tuple((start - cut + 1, end - cut + 1) for start, end in marks)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, room))
        end_of_text = len(shown) if shown == text else max(0, len(shown) - 1)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colors.warn_soft)
        radius = self._theme.px(_MARK_RADIUS)
        height = metrics.height()
        for start, end in marks[: bisect_left(marks, (end_of_text, 0))]:
            left = metrics.horizontalAdvance(shown[:start])
            right = metrics.horizontalAdvance(shown[: min(end, end_of_text)])
            top = area.center().y() - height / 2
            painter.drawRoundedRect(
                QRectF(area.left() + left - 0.5, top, right - left + 1, height), radius, radius
            )
        painter.restore()
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
        return float(metrics.horizontalAdvance(shown))

    def _icon(
        self, painter: QPainter, name: str, color: QColor, left: float, area: QRectF, size: int
    ) -> None:
        pixels = self._theme.px(size)
        image = pixmap(name, color, pixels, painter.device().devicePixelRatioF())
        painter.drawPixmap(QPointF(int(left), int(area.center().y() - pixels / 2)), image)


def _kind_above(index: Index) -> RowKind:
    above: Row = index.sibling(index.row() - 1, 0).data(Qt.ItemDataRole.UserRole)
    return above.kind
