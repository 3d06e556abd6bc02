"""The window of the log: filtered, followed while it is written, and what of it is saved."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from desktop_chat.diagnostics import Document
from desktop_chat.logs import Reader, Record
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.choice import Choice
from desktop_chat.ui.log.diagnostics import DiagnosticsDialog
from desktop_chat.ui.log.model import COLUMNS, LEVELS, Column, Records, searchable, whole
from desktop_chat.ui.safe import message_box
from desktop_chat.ui.table import Table
from desktop_chat.ui.theme import Theme

POLL = 700
"""Milliseconds between two looks at the files: the log is written by more than one thread and rotated."""
WORDS = {"debug": "Everything", "info": "Information", "warning": "Warnings", "error": "Errors"}
BODIES = (
    "What you write and what is answered goes to the log then, in full. Keys never do. "
    "Switch it off again when you have found what you look for."
)


class LogWindow(QDialog):
    """A window of its own, not modal. It reads the files of ``folder`` while it is shown.

    ``collect`` gives the documents of the diagnostics, and may raise ``OSError``.
    """

    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        folder: Path,
        settings: Settings,
        tasks: Tasks,
        collect: Callable[[], Awaitable[list[Document]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("log")
        self.setAccessibleName("Log")
        self.setWindowTitle("Log")
        self._theme, self._settings, self._tasks = theme, settings, tasks
        self._collect = collect
        self._reader = Reader(folder)
        self._reading: asyncio.Task[None] | None = None
        self._collecting: asyncio.Task[None] | None = None

        self.level = Choice(theme, "Show", [(WORDS[level], level) for level in LEVELS], "Show: ")
        self.level.setObjectName("logLevelShown")
        self.level.show_value("debug")
        self.search = QLineEdit()
        self.search.setObjectName("logSearch")
        self.search.setAccessibleName("Search in the log")
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.written = Choice(theme, "Write", [(WORDS[level], level) for level in LEVELS[:3]], "Write: ")
        self.written.setObjectName("logLevelWritten")
        self.written.setToolTip("What the program writes to the log from now on")
        self.bodies = QCheckBox("Requests in full")
        self.bodies.setObjectName("logBodies")
        self.bodies.setAccessibleDescription(BODIES)
        self._warning = words(theme, BODIES, size=12.5, color="warn")
        self.table = Table(theme, "Log")
        self.table.setObjectName("logRecords")
        self.records = Records(theme, self.table)
        self.table.setModel(self.records)
        self.table.setSelectionBehavior(Table.SelectionBehavior.SelectRows)
        self.table.set_widths([column.value[1] for column in COLUMNS], (COLUMNS.index(Column.MESSAGE),))
        self.text = QPlainTextEdit()
        self.text.setObjectName("logRecord")
        self.text.setAccessibleName("What is written there")
        self.text.setReadOnly(True)
        self.text.setPlaceholderText("Choose a line to read all of it")
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.save = button("Save diagnostics…")
        self.save.setObjectName("saveDiagnostics")
        close = button("Close", primary=True)

        split = QSplitter(Qt.Orientation.Vertical)
        split.setProperty("bare", True)
        split.setHandleWidth(theme.px(10))
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.text)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        px = theme.px
        layout = QVBoxLayout(self)
        layout.setContentsMargins(px(20), px(16), px(20), px(16))
        layout.setSpacing(px(10))
        head = row(theme)
        head.addWidget(self.search, 1)
        head.addWidget(self.level)
        layout.addLayout(head)
        layout.addLayout(row(theme, self.written, self.bodies))
        layout.addWidget(self._warning)
        layout.addWidget(split, 1)
        layout.addLayout(row(theme, self.save, None, close))
        self.resize(px(900), px(600))

        self._poll = QTimer(self, interval=POLL)
        self._poll.timeout.connect(self._look)
        self.level.chosen.connect(self._filter)
        self.search.textChanged.connect(self._filter)
        self.written.chosen.connect(lambda level: settings.change(log_level=level))
        self.bodies.toggled.connect(lambda wanted: settings.change(log_bodies=wanted))
        self.table.selectionModel().currentRowChanged.connect(self._selected)
        self.save.clicked.connect(self._ask_to_save)
        close.clicked.connect(self.close)
        settings.changed.connect(self._setting_changed)
        theme.changed.connect(self._restyle)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        self._setting_changed("log_level")
        self._restyle()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._poll.start()
        self._look()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes it as the button does."""
        self._stop()
        super().reject()

    def _stop(self) -> None:
        self._poll.stop()
        for task in (self._reading, self._collecting):
            if task is not None:
                task.cancel()
        self.closed.emit()

    def _look(self) -> None:
        if self._reading is None:
            self._reading = self._tasks.start(self._read(), "read the log")

    async def _read(self) -> None:
        try:
            new = await asyncio.to_thread(lambda: searchable(self._reader.read()))
        except OSError as error:
            new = searchable([Record("", "error", "", f"The log cannot be read: {error.strerror}")])
            self._poll.stop()
        finally:
            self._reading = None
        bar = self.table.verticalScrollBar()
        follows = bar.value() == bar.maximum()
        self.records.add(new)
        if follows:
            self.table.scrollToBottom()

    def _filter(self) -> None:
        self.records.filter(self.level.value, self.search.text())
        self.text.clear()
        self.table.scrollToBottom()

    def _selected(self, current: QModelIndex) -> None:
        self.text.setPlainText(whole(self.records.record(current.row())) if current.isValid() else "")

    def _setting_changed(self, name: str) -> None:
        if name in ("log_level", "log_bodies"):
            self.written.show_value(self._settings.log_level)
            self.bodies.setChecked(self._settings.log_bodies)
            self._warning.setVisible(self._settings.log_bodies)

    def _ask_to_save(self) -> None:
        if self._collecting is None:
            self._collecting = self._tasks.start(self._show_diagnostics(), "diagnostics")

    async def _show_diagnostics(self) -> None:
        try:
            documents = await self._collect()
        except OSError as error:
            box = message_box("Not collected", f"A file could not be read: {error.strerror}", parent=self)
            box.setObjectName("diagnosticsProblem")
            box.finished.connect(box.deleteLater)
            box.open()
            return
        finally:
            self._collecting = None
        dialog = DiagnosticsDialog(self._theme, documents, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _restyle(self) -> None:
        self.text.setFont(self._theme.code_font(12))
