"""Tables that are read: walked with the arrow keys, copied cell by cell, as the theme is. Lists too."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QListWidget, QTableView

from desktop_chat.ui.theme import Theme

ROW_HEIGHT = 31
ROWS, FEWEST_ROWS = 8, 4
"""How many are seen at a time, and in a small window."""


Index = QModelIndex | QPersistentModelIndex


class TableModel(QAbstractTableModel):
    """``rows`` below ``heads``, the titles of the columns."""

    def __init__(self, heads: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self.heads = heads
        self.rows: list[Any] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        is_head = orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return self.heads[section] if is_head else None

    def reset_rows(self, rows: Sequence[Any]) -> None:
        """Show these in place of all that were there."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def insert_rows(self, place: int, rows: Sequence[Any]) -> None:
        """Show these too, from ``place`` on."""
        if rows:
            self.beginInsertRows(QModelIndex(), place, place + len(rows) - 1)
            self.rows[place:place] = rows
            self.endInsertRows()


class Table(QTableView):
    """A table that is read, not edited: its cells are walked with the arrow keys and copied one by one."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._widths: list[int] = []
        self._growing: tuple[int, ...] = ()
        self.setAccessibleName(name)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        copy = QAction("Copy", self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_widths(self, widths: list[int], growing: tuple[int, ...]) -> None:
        """The widths of the columns in the design's pixels; those ``growing`` share what else there is."""
        self._widths, self._growing = widths, growing
        self._fit()

    def insert_above(self, rows: int) -> None:
        """So many rows came in above: what was being read stays where it is."""
        bar = self.verticalScrollBar()
        if bar.value():
            bar.setValue(bar.value() + rows * self.verticalHeader().defaultSectionSize())

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(480), self._height(ROWS))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), self._height(FEWEST_ROWS))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _copy(self) -> None:
        if self.currentIndex().isValid():
            QGuiApplication.clipboard().setText(self.currentIndex().data())

    def _fit(self) -> None:
        widths = [self._theme.px(width) for width in self._widths]
        spare = max(0, self.viewport().width() - sum(widths))
        for place, column in enumerate(self._growing):
            share = spare // (len(self._growing) - place)
            widths[column] += share
            spare -= share
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)

    def _height(self, rows: int) -> int:
        return (rows + 1) * self._theme.px(ROW_HEIGHT) + 2

    def _restyle(self) -> None:
        height = self._theme.px(ROW_HEIGHT)
        self.setFont(self._theme.font(13))
        vertical, horizontal = self.verticalHeader(), self.horizontalHeader()
        vertical.setMinimumSectionSize(1)
        vertical.setDefaultSectionSize(height)
        horizontal.setMinimumSectionSize(1)
        horizontal.setFixedHeight(height)
        self._fit()
        self.updateGeometry()


def set_row_height(rows: QListWidget, height: int) -> None:
    """Make every row of a list ``height`` pixels high, with room at both ends of its text."""
    rows.setStyleSheet(f"QListWidget::item {{ padding: 0 {height // 4}px; }}")
    for place in range(rows.count()):
        rows.item(place).setSizeHint(QSize(0, height))
