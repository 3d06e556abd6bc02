"""The summary that stands for older turns: who wrote it, its text to be changed, and writing it anew."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from desktop_chat.domain.context import Summary
from desktop_chat.ui.card_parts import button, recolor, row, words
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

HEIGHT = 96
SAVE_MILLISECONDS = 500
"""After the last key, as drafts are."""


class SummaryPanel(QWidget):
    """``changed`` carries the ``Summary`` as the user changed it, None where they emptied it.

    ``begin`` starts writing a summary; the task's result says whether there is one.
    """

    changed = Signal(object)
    ended = Signal()
    """A summary was written."""

    def __init__(self, theme: Theme, begin: Callable[[], "asyncio.Task[bool]"]) -> None:
        super().__init__()
        self._theme = theme
        self._begin = begin
        self._summary: Summary | None = None
        self._task: asyncio.Task[bool] | None = None
        self._about = words(theme, size=12.5, color="dim")
        self._about.setObjectName("summaryAbout")
        self._button = button("Summarise now")
        self._button.setProperty("pill", True)
        self._button.clicked.connect(self._pressed)
        self._text = QPlainTextEdit()
        self._text.setObjectName("summary")
        self._text.setAccessibleName("Summary")
        self._text.setTabChangesFocus(True)
        self._text.textChanged.connect(self._typed)
        self._saving = QTimer(self, singleShot=True, interval=SAVE_MILLISECONDS)
        self._saving.timeout.connect(self.flush)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(6))
        column.addLayout(row(theme, self._about, self._button))
        column.addWidget(self._text)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_summary(self, summary: Summary | None, count: int, model: str) -> None:
        """Show ``summary``, which stands for ``count`` messages; ``model`` would write another."""
        if self._task is not None:
            return
        self._button.setText("Summarise again" if summary else "Summarise now")
        self._button.setEnabled(bool(model))
        recolor(self._about, "dim")
        if summary is None:
            by = f" {one_line(model)} writes it." if model else ""
            self._about.setText(f"There is none yet, so all is sent.{by}")
        else:
            by = f"written by {one_line(summary.model)}" if summary.model else "changed by you"
            self._about.setText(f"It stands for {counted(count, 'message')}, {by}.")
        self._text.setVisible(summary is not None)
        text = summary.text if summary else ""
        self._summary = summary
        if not self._saving.isActive() and text != self._text.toPlainText():
            with QSignalBlocker(self._text):
                self._text.setPlainText(text)

    def flush(self) -> None:
        """Hand on what was typed."""
        if self._saving.isActive():
            self._saving.stop()
        text = self._text.toPlainText()
        if self._summary is not None and text != self._summary.text:
            self.changed.emit(replace(self._summary, text=text, model="") if text.strip() else None)

    def leave(self) -> None:
        """Hand on what was typed, and let what is being written be written on unseen."""
        self.flush()
        self._summary = None
        self._forget()

    def _typed(self) -> None:
        self._saving.start()

    def _pressed(self) -> None:
        if self._task is not None:
            self._task.cancel()
            return
        self.flush()
        recolor(self._about, "dim")
        self._about.setText("Summarising…")
        self._button.setText("Stop")
        self._text.setReadOnly(True)
        self._task = self._begin()
        self._task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[bool]") -> None:
        if task is not self._task:
            return
        self._forget()
        if not task.cancelled() and not task.exception() and task.result():
            self.ended.emit()
            return
        self._button.setText("Summarise again" if self._summary else "Summarise now")
        failed = not task.cancelled()
        recolor(self._about, "error" if failed else "dim")
        self._about.setText("No summary was written, so nothing has changed." if failed else "Stopped.")

    def _forget(self) -> None:
        self._task = None
        self._text.setReadOnly(False)

    def _restyle(self) -> None:
        self._text.setFixedHeight(self._theme.px(HEIGHT))
        self._text.setFont(self._theme.font(13))
