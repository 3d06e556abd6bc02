"""The rows of the model picker: what they hold, and how they are painted and told."""

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.model_facts import ABILITIES, Facts
from desktop_chat.ui.safe import tool_tip
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT, MODEL_HEIGHT = 32, 46
STAR_WIDTH = 32


NOTHING = Facts()


class RowKind(Enum):
    """What a row of the picker is."""

    ENDPOINT = "endpoint"
    MODEL = "model"
    TYPED = "typed"
    WORDS = "words"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Row:
    """``note`` is the endpoint's name where the row does not stand below it."""

    kind: RowKind
    text: str
    endpoint: Endpoint
    model: str = ""
    facts: Facts = NOTHING
    is_favourite: bool = False
    note: str = ""

    @property
    def can_be_chosen(self) -> bool:
        return self.kind in (RowKind.MODEL, RowKind.TYPED, RowKind.RETRY)

    @property
    def key(self) -> tuple[RowKind, str, str]:
        """What the row stays while more becomes known of it."""
        return self.kind, self.endpoint.id, self.model

    @property
    def told(self) -> str:
        """The row in words, for a screen reader."""
        if self.kind is not RowKind.MODEL:
            return self.text
        parts = [self.text, self.note, "favourite" if self.is_favourite else ""]
        parts += [self.facts.warning, self.facts.words.replace(" · ", ", ")]
        parts += [name for ability, (_, name) in ABILITIES.items() if ability in self.facts.abilities]
        return ", ".join(filter(None, parts))


class PickerModel(QAbstractListModel):
    """The rows that fit the filter."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def set_rows(self, rows: list[Row]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def replace_row(self, number: int, row: Row) -> None:
        """More is known of what stands in a row."""
        self.rows[number] = row
        self.dataChanged.emit(self.index(number), self.index(number))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.text
            case Qt.ItemDataRole.UserRole:
                return row
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.told
            case Qt.ItemDataRole.ToolTipRole if row.kind is RowKind.MODEL:
                return tool_tip(row.facts.ending or row.told)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.rows[index.row()].can_be_chosen:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags


class PickerDelegate(QStyledItemDelegate):
    """Paints a row: endpoints small, models with a star and what is known, a tick at the one in use."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self.current = ("", "")

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model = index.model()
        assert isinstance(model, PickerModel)
        # Asked of each of thousands of rows: not by way of Qt, which takes twice as long.
        return QSize(0, self.height(model.rows[index.row()]))

    def height(self, row: Row) -> int:
        return self._theme.px(MODEL_HEIGHT if row.kind is RowKind.MODEL else ROW_HEIGHT)

    def is_star(self, area: QRect, x: int) -> bool:
        """Whether the star of a row that is painted in ``area`` is at ``x``."""
        return x < area.left() + self._theme.px(STAR_WIDTH)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colors, px = self._theme.colors, self._theme.px
        row: Row = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.accent_soft)
            painter.drawRoundedRect(area, px(RADIUS_CONTROL), px(RADIUS_CONTROL))
        if row.kind is RowKind.MODEL:
            self._paint_model(painter, area, row, selected)
        else:
            if row.kind is RowKind.ENDPOINT:
                painter.setFont(self._theme.font(12, QFont.Weight.DemiBold))
                painter.setPen(colors.faint)
            else:
                painter.setFont(self._theme.font(13))
                painter.setPen(colors.dim if row.kind is RowKind.WORDS else colors.text)
            _draw(painter, area.adjusted(px(10), 0, -px(10), 0), row.text)
        painter.restore()

    def _paint_model(self, painter: QPainter, area: QRectF, row: Row, selected: bool) -> None:
        colors, px = self._theme.colors, self._theme.px
        if row.is_favourite:
            self._icon(painter, "star-filled", colors.accent, area.left() + px(9), area, 15)
        elif selected:
            self._icon(painter, "star", colors.dim, area.left() + px(9), area, 15)
        text = area.adjusted(px(STAR_WIDTH), 0, -px(10), 0)
        if (row.endpoint.id, row.model) == self.current:
            self._icon(painter, "check", colors.accent, text.right() - px(16), area, 16)
            text.setRight(text.right() - px(22))
        facts = row.facts
        below = facts.warning or facts.words or facts.abilities
        first = text.adjusted(0, px(4), 0, -px(21)) if below else text
        second = text.adjusted(0, px(23), 0, -px(4))
        painter.setFont(self._theme.font(13))
        painter.setPen(colors.text)
        if row.note:
            width = painter.fontMetrics().horizontalAdvance(row.note) + 1
            painter.setPen(colors.faint)
            _draw(painter, first.adjusted(max(0.0, first.width() - width), 0, 0, 0), row.note)
            painter.setPen(colors.text)
            first.setRight(max(first.left(), first.right() - width - px(8)))
        _draw(painter, first, row.text)
        painter.setFont(self._theme.font(12))
        for ability in (each for each in reversed(ABILITIES) if each in facts.abilities):
            second.setRight(second.right() - px(14))
            self._icon(painter, ABILITIES[ability][0], colors.dim, second.right(), second, 14)
            second.setRight(second.right() - px(5))
        if facts.warning:
            self._icon(painter, "triangle-alert", colors.warn, second.left(), second, 13)
            second.setLeft(second.left() + px(17))
            painter.setPen(colors.warn)
            _draw(painter, second, facts.warning)
            second.setLeft(second.left() + painter.fontMetrics().horizontalAdvance(facts.warning) + px(10))
        painter.setPen(colors.dim)
        _draw(painter, second, facts.words, Qt.TextElideMode.ElideRight)

    def _icon(
        self, painter: QPainter, name: str, color: QColor, left: float, area: QRectF, size: int
    ) -> None:
        pixels = self._theme.px(size)
        image = pixmap(name, color, pixels, painter.device().devicePixelRatioF())
        painter.drawPixmap(int(left), int(area.center().y() - pixels / 2), image)


def _draw(
    painter: QPainter, area: QRectF, text: str, elide: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle
) -> None:
    """One line of ``text``, of which a part is left out where it has not enough room."""
    shown = painter.fontMetrics().elidedText(text, elide, max(0, int(area.width())))
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
