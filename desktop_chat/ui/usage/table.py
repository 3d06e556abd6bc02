"""The requests of a report in a table: read page by page, as one scrolls down."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop_chat.domain.ledger import LedgerEntry, Outcome
from desktop_chat.ui.money import UNKNOWN, in_dollars
from desktop_chat.ui.safe import one_line, tool_tip
from desktop_chat.ui.table import Index, Table, TableModel
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.times import NOTHING, moment, seconds, whole_moment
from desktop_chat.ui.usage import wording
from desktop_chat.ui.usage.periods import local_time


class Column(Enum):
    """What is told of a request; the value is the head of its column and its width."""

    TIME = ("Time", 108)
    MODEL = ("Model", 112)
    CHAT = ("Chat", 100)
    INPUT = ("In", 82)
    OUTPUT = ("Out", 72)
    FIRST_TOKEN = ("First token", 96)
    COST = ("Cost", 88)
    REQUEST = ("Request id", 116)


COLUMNS = tuple(Column)


class Requests(TableModel):
    """Entries of the ledger, newest first. ``more_wanted`` asks for those that follow."""

    rows: list[LedgerEntry]
    more_wanted = Signal()

    def __init__(self, theme: Theme, local_now: Callable[[], datetime], parent: QWidget) -> None:
        super().__init__([column.value[0] for column in COLUMNS], parent)
        self._theme, self._local_now = theme, local_now
        self.has_more: Callable[[], bool] = lambda: False

    def set_entries(self, entries: list[LedgerEntry]) -> int:
        """Show these; how many of them are new above those that are shown, which then stay as they are."""
        known = self.rows
        new = len(entries) - len(known)
        if known and new >= 0 and entries[new] is known[0] and entries[-1] is known[-1]:
            self.insert_rows(0, entries[:new])
            return new
        self.reset_rows(entries)
        return 0

    def add(self, entries: list[LedgerEntry]) -> None:
        """Show these, which follow."""
        self.insert_rows(len(self.rows), entries)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self.has_more()

    def fetchMore(self, parent: Index) -> None:
        self.more_wanted.emit()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry, column = self.rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(self._whole(entry, column))
        if role == Qt.ItemDataRole.ForegroundRole:
            colors = self._theme.colors
            if column is Column.REQUEST and entry.outcome is Outcome.FAILED:
                return colors.error
            faint = column is Column.CHAT and not entry.chat
            faint = faint or (column is Column.COST and entry.cost is None)
            return colors.dim if faint else None
        return None

    def _text(self, entry: LedgerEntry, column: Column) -> str:
        match column:
            case Column.TIME:
                now = self._local_now()
                return moment(local_time(entry.started_at, now.tzinfo), now)
            case Column.MODEL:
                return one_line(entry.model or UNKNOWN)
            case Column.CHAT:
                return wording.chat_name(entry)
            case Column.INPUT:
                return _tokens(entry, entry.usage.input if entry.usage else None)
            case Column.OUTPUT:
                return _tokens(entry, entry.usage.output if entry.usage else None)
            case Column.FIRST_TOKEN:
                return seconds(entry.timing.first_token)
            case Column.COST:
                if entry.usage is None and not entry.cost:
                    return NOTHING
                return in_dollars(entry.cost, is_approximate=not entry.is_exact)
            case Column.REQUEST:
                parts = (wording.failure(entry), one_line(entry.request_id or ""))
                return " · ".join(part for part in parts if part) or NOTHING

    def _whole(self, entry: LedgerEntry, column: Column) -> str:
        """What the tool tip says: all of what may be cut short, and what has no column."""
        match column:
            case Column.TIME:
                attempt = f", attempt {entry.attempt}" if entry.attempt > 1 else ""
                when = local_time(entry.started_at, self._local_now().tzinfo)
                return f"{whole_moment(when)}{attempt}"
            case Column.MODEL:
                return f"{self._text(entry, column)}, {one_line(entry.endpoint_name)}"
            case Column.INPUT if entry.usage is not None:
                return f"{entry.usage.cached:,} cached"
            case Column.OUTPUT if entry.usage is not None:
                return f"{entry.usage.reasoning:,} reasoning"
            case Column.FIRST_TOKEN:
                return f"{seconds(entry.timing.duration)} in all"
            case _:
                return self._text(entry, column)


def _tokens(entry: LedgerEntry, count: int | None) -> str:
    if count is None:
        return NOTHING
    return f"{count:,}" if entry.is_exact else f"≈ {count:,}"


class RequestTable(Table):
    """The requests of a report."""

    def __init__(self, theme: Theme, local_now: Callable[[], datetime]) -> None:
        """``local_now`` gives the time on the user's clocks."""
        super().__init__(theme, "Requests")
        self.setObjectName("requests")
        self.requests = Requests(theme, local_now, self)
        self.setModel(self.requests)
        self.set_widths(
            [column.value[1] for column in COLUMNS],
            # Two shares for the chat.
            (COLUMNS.index(Column.CHAT),) * 2 + (COLUMNS.index(Column.REQUEST),),
        )

    def set_entries(self, entries: list[LedgerEntry]) -> None:
        """Show these; where only new ones came, the others stay where they are."""
        self.insert_above(self.requests.set_entries(entries))
