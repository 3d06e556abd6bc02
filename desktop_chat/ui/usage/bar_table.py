"""What the chart shows, as a table: for a screen reader, and for whoever wants the numbers."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QShowEvent

from desktop_chat.ui.table import Index, Table, TableModel
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.usage.bars import Bars


class _Values(TableModel):
    rows: list[list[str]]

    def __init__(self, parent: Table) -> None:
        super().__init__([], parent)

    def set_table(self, heads: list[str], rows: list[list[str]]) -> None:
        self.beginResetModel()
        self.heads, self.rows = heads, rows
        self.endResetModel()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Vertical and role == Qt.ItemDataRole.DisplayRole:
            return self.rows[section][0]
        return super().headerData(section, orientation, role)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return self.rows[index.row()][index.column()] if role == Qt.ItemDataRole.DisplayRole else None


class BarTable(Table):
    """A row for each period, a column for each series. The newest is at the end, as in the chart, and in
    sight at first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Chart as a table")
        self.setObjectName("usageChartTable")
        self._values = _Values(self)
        self.setModel(self._values)

    def set_bars(self, bars: Bars | None) -> None:
        """Show the values of ``bars``; None for nothing."""
        heads, rows = bars.table() if bars is not None else ([], [])
        if (heads, rows) == (self._values.heads, self._values.rows):
            return
        is_same = heads == self._values.heads
        at = self.verticalScrollBar().value()
        self._values.set_table(heads, rows)
        self.set_widths([116] + [104] * (len(heads) - 1), tuple(range(1, len(heads))))
        if is_same:
            self.verticalScrollBar().setValue(at)
        else:
            self.scrollToBottom()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.scrollToBottom()


def copy_table(bars: Bars) -> None:
    """Put the values of ``bars`` into the clipboard, as spreadsheets take them."""
    heads, rows = bars.table()
    QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in [heads, *rows]))
