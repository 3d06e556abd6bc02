"""Exporting chats: what the user chooses, how far it is, and how it ended."""

import asyncio
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from desktop_chat.exporting import ENDINGS, ExportFailed, Format, Packing, Plan, Report, Scope, safe
from desktop_chat.exports import Contents, Exports
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.counts import counted
from desktop_chat.ui.exporting.dialog import ExportDialog
from desktop_chat.ui.exporting.look import Look
from desktop_chat.ui.file_saver import save_dialog
from desktop_chat.ui.links import open_folder
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.notices import storage_reason
from desktop_chat.ui.safe import message_box, one_line
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.row import Explain

__all__ = ["Exporting"]

SHOWN_AFTER = 300
"""Milliseconds until progress is shown."""


class Exporting(QObject):
    """Exports chats, one export at a time. :attr:`bar` shows how far it is; ``window`` is below dialogs."""

    def __init__(
        self, theme: Theme, window: QWidget, exports: Exports, tasks: Tasks, explain: Explain
    ) -> None:
        super().__init__(window)
        self._theme, self._window, self._exports, self._tasks = theme, window, exports, tasks
        self._explain = explain
        self._dialog: ExportDialog | None = None
        self._writing: asyncio.Task[None] | None = None
        self._written: Path | None = None
        self._words = ""
        self._last = Format.MARKDOWN
        self.bar = NoticeBar(theme, icon="", dismissable=True)
        self.bar.setObjectName("exportBar")
        self.bar.pressed.connect(self._pressed)
        self._shown = QTimer(self, interval=SHOWN_AFTER, singleShot=True)
        self._shown.timeout.connect(self._show_progress)

    def ask(self, scope: Scope) -> None:
        """Let the user choose how the chats of ``scope`` are written; returns at once. While others are
        written it shows how far that is."""
        if self._is_writing:
            self._show_progress()
        elif self._dialog is None:
            self._tasks.start(self._ask(scope), "look what there is to export")

    @property
    def _is_writing(self) -> bool:
        return self._writing is not None and not self._writing.done()

    async def _ask(self, scope: Scope) -> None:
        try:
            contents = await self._exports.look(scope)
        except StorageError as error:
            self._tell_failure(storage_reason(error))
            return
        if not contents.chats:
            self._tell("There are no chats to export.")
            return
        if self._dialog is not None:
            return
        dialog = self._dialog = ExportDialog(
            self._theme, self._window, contents, is_all=scope.is_all, format=self._last
        )
        dialog.accepted.connect(lambda: self._chosen(scope, contents))
        dialog.finished.connect(self._dialog_closed)
        dialog.show()

    def _dialog_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _chosen(self, scope: Scope, contents: Contents) -> None:
        if self._dialog is None:
            return
        plan = self._dialog.plan
        self._last = plan.format
        where = save_dialog(self._window, "Export", proposed_name(plan, contents, is_all=scope.is_all))
        ending = {Packing.FILE: ENDINGS[plan.format], Packing.ZIP: "zip", Packing.FOLDER: ""}[plan.packing]
        if ending:
            where.setNameFilter(f"{ending.upper()} (*.{ending})")
            where.setDefaultSuffix(ending)
        where.fileSelected.connect(lambda path: self.write(scope, contents, plan, Path(path)))
        where.open()

    def write(self, scope: Scope, contents: Contents, plan: Plan, path: Path) -> None:
        """Write the chats to ``path``; returns at once."""
        if not self._is_writing:
            self._writing = self._tasks.start(self._write(scope, contents, plan.at(path)), "export")

    async def _write(self, scope: Scope, contents: Contents, plan: Plan) -> None:
        self._written = None
        self.bar.clear()
        total = contents.chats
        self._words = f"Writing {counted(total, 'chat')}…"
        self._shown.start()

        def progress(chats: int) -> None:
            self._words = f"Writing {min(chats, total):,} of {counted(total, 'chat')}…"
            if self.bar.isVisible():
                self._show_progress()

        look = Look(self._theme, self._explain)
        try:
            report = await self._exports.write(scope, plan, look, progress)
        except ExportFailed as error:
            self._end()
            self._tell_failure(str(error))
        except StorageError as error:
            self._end()
            self._tell_failure(storage_reason(error))
        except asyncio.CancelledError:
            self._end()
            raise
        else:
            self._end()
            self._written = report.path
            self._tell(report_words(report), "Show in folder")

    def _end(self) -> None:
        self._shown.stop()
        self.bar.clear()
        self._writing = None

    def _show_progress(self) -> None:
        self.bar.show_progress(self._words, "Cancel")

    def _tell(self, text: str, button: str = "") -> None:
        self.bar.show_notice(text, button)

    def _pressed(self) -> None:
        if self._is_writing:
            self._cancel()
        elif self._written is not None:
            open_folder(self._written.parent, self._window)

    def _cancel(self) -> None:
        if self._writing is not None:
            self._writing.cancel()

    def _tell_failure(self, reason: str) -> None:
        text = f"{reason}\n\nNothing was written, and what was there before is untouched."
        box = message_box("Not exported", text, parent=self._window)
        box.setObjectName("exportProblem")
        box.finished.connect(box.deleteLater)
        box.open()


def proposed_name(plan: Plan, contents: Contents, *, is_all: bool) -> str:
    """What the file or the folder is called, unless the user has a better name."""
    today = datetime.now().astimezone().date().isoformat()
    stem = safe(contents.title) if contents.chats == 1 else f"Chats {today}"
    if is_all and plan.format is Format.JSON:
        stem = f"Desktop Chat {today}"
    match plan.packing:
        case Packing.FOLDER:
            return stem
        case Packing.ZIP:
            return f"{stem}.zip"
    return f"{stem}.{ENDINGS[plan.format]}"


def report_words(report: Report) -> str:
    """How an export ended, in a line or two."""
    done = f"{counted(report.chats, 'chat')} written to {one_line(report.path.name)}."
    return " ".join([done, *report.notes])
