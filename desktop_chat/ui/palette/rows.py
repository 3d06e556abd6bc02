"""The rows of the palette: what they hold, and how they are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

Index = QModelIndex | QPersistentModelIndex
Marks = tuple[tuple[int, int], ...]
"""Places in a text, as start and end."""


class RowKind(Enum):
    """What a row of the palette is: a chat or a message that was found, a command, a filter to be added to
    what is typed, the name of the rows below it, or words that stand for rows."""

    HIT = "hit"
    COMMAND = "command"
    FILTER = "filter"
    GROUP = "group"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Row:
    """``text`` with ``detail`` below or behind it and ``right`` at the right end; ``value`` is what is taken
    when the row is chosen."""

    kind: RowKind
    text: str
    detail: str = ""
    right: str = ""
    marks: Marks = ()
    detail_marks: Marks = ()
    value: object = None
    is_enabled: bool = True
    is_checked: bool = False

    @property
    def can_be_chosen(self) -> bool:
        return self.is_enabled and self.kind not in (RowKind.GROUP, RowKind.WORDS)

    @property
    def told(self) -> str:
        """The row in words, for a screen reader."""
        state = "checked" if self.is_checked else "" if self.is_enabled else "not available now"
        return ", ".join(filter(None, (self.text, self.detail, self.right, state)))


class RowsModel(QAbstractListModel):
    """The rows; ``more_wanted`` is emitted when the last one is in view while there :attr:`is_more`."""

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self.is_more = False

    def set_rows(self, rows: Sequence[Row], *, is_more: bool = False) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.is_more = is_more
        self.endResetModel()

    def add_rows(self, rows: Sequence[Row], *, is_more: bool) -> None:
        """Show more below those that are there."""
        self.is_more = is_more
        if rows:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(rows) - 1)
            self.rows += rows
            self.endInsertRows()

    def canFetchMore(self, parent: Index) -> bool:
        return self.is_more

    def fetchMore(self, parent: Index) -> None:
        self.more_wanted.emit()

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
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.rows[index.row()].can_be_chosen:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags
