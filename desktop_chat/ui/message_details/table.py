"""The facts as a table: names at the left, values at the right, headings across."""

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QFont

from desktop_chat.ui.message_details.facts import Section
from desktop_chat.ui.safe import tool_tip
from desktop_chat.ui.table import Index, Table, TableModel
from desktop_chat.ui.theme import Theme

NAME_WIDTH = 190


class FactModel(TableModel):
    """A row is a heading (whose value is None), or a name and a value."""

    rows: list[tuple[str, str | None]]

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(("Name", "Value"), parent)
        self._theme = theme

    def show_sections(self, sections: list[Section]) -> None:
        self.reset_rows([row for section in sections for row in ((section.title, None), *section.facts)])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        name, value = self.rows[index.row()]
        is_name = index.column() == 0
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return name if is_name else value
            case Qt.ItemDataRole.ToolTipRole if not is_name and value:
                return tool_tip(value)
            case Qt.ItemDataRole.AccessibleTextRole if value is not None:
                return f"{name}: {value}"
            case Qt.ItemDataRole.ForegroundRole if is_name:
                return self._theme.colors.dim
            case Qt.ItemDataRole.FontRole if value is None:
                return self._theme.font(12.5, QFont.Weight.DemiBold)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.rows[index.row()][1] is None:
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)


class FactTable(Table):
    """Walked with the arrow keys, and copied value by value."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Details of the message")
        self.setObjectName("messageFacts")
        self.facts = FactModel(theme, self)
        self.setModel(self.facts)
        self.setShowGrid(False)
        self.setSelectionBehavior(Table.SelectionBehavior.SelectRows)
        self.horizontalHeader().hide()
        self.set_widths([NAME_WIDTH, 0], (1,))

    def show_sections(self, sections: list[Section]) -> None:
        """Show these; the row that was chosen stays chosen where it is still there."""
        place = self.currentIndex().row()
        self.clearSpans()
        self.facts.show_sections(sections)
        for row, (_, value) in enumerate(self.facts.rows):
            if value is None:
                self.setSpan(row, 0, 1, 2)
        rows = self.facts.rows
        if not 0 <= place < len(rows) or rows[place][1] is None:
            place = min(1, len(rows) - 1)
        self.setCurrentIndex(self.facts.index(place, 1))
