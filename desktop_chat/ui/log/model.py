"""The records of the log that are looked for, as a table: the newest at the end."""

import json
from collections.abc import Iterable
from datetime import datetime
from enum import Enum

from PySide6.QtCore import QObject, Qt

from desktop_chat.logs import Record
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.table import Index, TableModel
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.times import day

LEVELS = ("debug", "info", "warning", "error")
"""From the least grave on; what crashes the program is no worse here than an error."""
MOST = 20_000
"""Records that are kept; the oldest go first."""


class Column(Enum):
    """What is told of a record; the value is the head of its column and its width, 0 for what is left."""

    TIME = ("Time", 176)
    LEVEL = ("Level", 92)
    WHERE = ("Where", 140)
    MESSAGE = ("Message", 0)


COLUMNS = tuple(Column)


Found = tuple[Record, str]
"""A record, and what of it is looked through, in lower case."""


def searchable(records: Iterable[Record]) -> list[Found]:
    """``records`` with what is looked through: a hundredth of a second for each thousand."""
    found = []
    for record in records:
        fields = " ".join(f"{name}={value}" for name, value in record.fields.items())
        found.append((record, f"{record.level} {record.logger} {record.message} {fields}".lower()))
    return found


class Records(TableModel):
    """All records, of which those are rows that are grave enough and have all words in them."""

    rows: list[Record]

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__([column.value[0] for column in COLUMNS], parent)
        self._theme = theme
        self._all: list[Found] = []
        self._level = "debug"
        self._words: tuple[str, ...] = ()

    def add(self, new: list[Found]) -> None:
        """Take in what was written since."""
        self._all += new
        if len(self._all) > MOST:
            del self._all[: len(self._all) - MOST]
            self.filter(self._level, " ".join(self._words))
        else:
            shown = [record for record, text in new if self._is_shown(record, text)]
            self.insert_rows(len(self.rows), shown)

    def filter(self, level: str, words: str) -> None:
        """Show what is at least as grave as ``level`` and has all ``words`` in it."""
        self._level, self._words = level, tuple(words.lower().split())
        self.reset_rows([record for record, text in self._all if self._is_shown(record, text)])

    def record(self, row: int) -> Record:
        return self.rows[row]

    def _is_shown(self, record: Record, text: str) -> bool:
        return _gravity(record) >= LEVELS.index(self._level) and all(word in text for word in self._words)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        record, column = self.rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            match column:
                case Column.TIME:
                    return _clock(record.time)
                case Column.LEVEL:
                    return record.level
                case Column.WHERE:
                    return one_line(record.logger.removeprefix("desktop_chat."))
            return one_line(record.message[:400])
        if role == Qt.ItemDataRole.ForegroundRole:
            colors = self._theme.colors
            match _gravity(record):
                case 3 if column is not Column.TIME:
                    return colors.error
                case 2 if column is Column.LEVEL:
                    return colors.warn
            return None if column is Column.MESSAGE else colors.dim
        return None


def whole(record: Record) -> str:
    """All that a record says, to be read and copied."""
    head = " · ".join(text for text in (record.time, record.level, record.logger) if text)
    lines = [head, "", record.message] if head else [record.message]
    if record.fields:
        lines += ["", json.dumps(record.fields, indent=2, ensure_ascii=False)]
    return "\n".join(lines)


def _gravity(record: Record) -> int:
    return LEVELS.index(record.level) if record.level in LEVELS else len(LEVELS) - 1 if record.level else 1


def _clock(time: str) -> str:
    """``21 Nov 20:49:32.123``: the day in short, and the time as it was where it was written."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return ""
    return f"{day(moment)} {moment:%H:%M:%S}.{moment.microsecond // 1000:03}"
