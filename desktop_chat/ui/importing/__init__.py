"""Importing chats: what was found in a file, how far it is, and how it ended."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_chat.domain.archive import Progress
from desktop_chat.importing import Preview, Unreadable
from desktop_chat.imports import Imports, Outcome
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.counts import counted
from desktop_chat.ui.importing.dialog import ImportDialog, Report, found_words
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.notices import storage_reason
from desktop_chat.ui.safe import message_box, one_line
from desktop_chat.ui.theme import Theme

__all__ = ["Importing"]

_STAYS = "What was added by then stays; importing it again goes on from there."
FILTERS = ("Exports (*.zip *.json *.jsonl *.sqlite *.db)", "All files (*)")


class Importing(QObject):
    """Imports chats, one import at a time. :attr:`bar` shows how far it is; ``window`` is below dialogs."""

    def __init__(self, theme: Theme, window: QWidget, imports: Imports, tasks: Tasks) -> None:
        super().__init__(window)
        self._theme, self._window, self._imports, self._tasks = theme, window, imports, tasks
        self._running: asyncio.Task[None] | None = None
        self._dialog: ImportDialog | Report | None = None
        self._folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
        self._is_cancelled = False
        self._outcome: Outcome | None = None
        self.bar = NoticeBar(theme, icon="", dismissable=True)
        self.bar.setObjectName("importBar")
        self.bar.pressed.connect(self._pressed)
        self.bar.dismissed.connect(self._cancel)

    def choose(self) -> None:
        """Let the user choose what is imported; returns at once."""
        dialog = QFileDialog(self._window, "Import chats", self._folder)
        dialog.setObjectName("importFileDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(FILTERS)
        dialog.filesSelected.connect(lambda paths: self.take([Path(path) for path in paths]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def take(self, paths: Sequence[Path]) -> None:
        """Look into files or folders, and ask whether what was found is to be imported; returns at once."""
        if paths and self._dialog is None and not self._is_running:
            self._folder = str(paths[0].parent)
            self._running = self._tasks.start(self._look(list(paths)), "look into an import")

    @property
    def _is_running(self) -> bool:
        return self._running is not None and not self._running.done()

    async def _look(self, paths: list[Path]) -> None:
        found: list[tuple[Path, Preview]] = []
        unread: list[str] = []
        self.bar.show_progress(f"Looking into {_named(paths)}…")
        try:
            for path in paths:
                try:
                    found.append((path, await self._imports.look(path)))
                except Unreadable as error:
                    unread.append(f"{one_line(path.name)}: {error}")
        finally:
            self.bar.clear()
        if not found:
            self._tell_failure("Nothing to import", "\n".join(unread))
            return
        dialog = self._dialog = ImportDialog(self._theme, self._window, found_words(found), unread)
        dialog.accepted.connect(lambda: self.run([path for path, _ in found]))
        dialog.finished.connect(self._dialog_closed)
        dialog.show()

    def _dialog_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def run(self, paths: list[Path]) -> None:
        """Import files without asking; returns at once."""
        if not self._is_running:
            self._is_cancelled, self._outcome = False, None
            self._running = self._tasks.start(self._run(paths), "import")

    async def _run(self, paths: list[Path]) -> None:
        self.bar.show_progress("Copying all chats before any are added…", "Cancel")
        outcome = Outcome()
        try:
            for path in paths:
                show = partial(self._show, outcome.progress.messages)
                outcome = outcome.and_then(await self._imports.run(path, show, lambda: self._is_cancelled))
                if outcome.is_cancelled:
                    break
        except StorageError as error:
            self.bar.clear()
            self._tell_failure("Not imported to the end", f"{storage_reason(error)}\n\n{_STAYS}")
        except OSError as error:
            self.bar.clear()
            reason = f"A file of the chats could not be kept: {error.strerror or error}."
            self._tell_failure("Not imported to the end", f"{reason}\n\n{_STAYS}")
        except asyncio.CancelledError:
            self.bar.clear()
            raise
        else:
            self._outcome = outcome
            self.bar.clear()
            self.bar.show_notice(outcome.words(), "Details…" if outcome.report() else "")

    def _show(self, before: int, now: Progress) -> None:
        share = f"{100 * now.done // now.total} %, " if now.total else ""
        messages = counted(before + now.messages + now.known, "message")
        self.bar.show_progress(f"Importing: {share}{messages}…", "Cancel")

    def _pressed(self) -> None:
        if self._is_running:
            self._cancel()
        elif self._outcome is not None and self._dialog is None:
            self._dialog = Report(self._theme, self._window, self._outcome.words(), self._outcome.report())
            self._dialog.finished.connect(self._dialog_closed)
            self._dialog.show()
            self.bar.clear()

    def _cancel(self) -> None:
        self._is_cancelled = True

    def _tell_failure(self, title: str, reason: str) -> None:
        box = message_box(title, reason, parent=self._window)
        box.setObjectName("importProblem")
        box.finished.connect(box.deleteLater)
        box.open()


def _named(paths: Sequence[Path]) -> str:
    return f"“{one_line(paths[0].name)}”" if len(paths) == 1 else counted(len(paths), "file")
