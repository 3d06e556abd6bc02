"""A chat on paper or as a PDF: the dialogs, the progress, and where it goes."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QMarginsF, QObject, QSaveFile, QTimer
from PySide6.QtGui import QPagedPaintDevice, QPageLayout, QPageSize, QPdfWriter
from PySide6.QtWidgets import QDialog, QWidget

from desktop_chat.domain.message import Message
from desktop_chat.exporting import safe
from desktop_chat.ui.file_saver import save_dialog
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.safe import message_box, one_line
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.printing import PrintJob
from desktop_chat.ui.transcript.row import Explain

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

MARGIN = 18
"""Millimetres."""
SHOWN_AFTER, CANCEL_AFTER = 300, 2000
"""Milliseconds until progress is shown, and until it can be cancelled."""


class Paper(QObject):
    """Prints chats, one at a time. :attr:`bar` shows how far it is; ``parent`` is below the dialogs."""

    def __init__(self, theme: Theme, explain: Explain, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._explain, self._window = theme, explain, parent
        self.bar = NoticeBar(theme, icon="")
        self.bar.pressed.connect(self._cancel)
        self._job: PrintJob | None = None
        self._device: QPagedPaintDevice | None = None
        self._file: QSaveFile | None = None
        self._words = self._share = ""
        self._shown = QTimer(self, interval=SHOWN_AFTER, singleShot=True)
        self._shown.timeout.connect(self._show_progress)
        self._may_cancel = QTimer(self, interval=CANCEL_AFTER, singleShot=True)
        self._may_cancel.timeout.connect(self._show_progress)

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    def export(self, messages: Sequence[Message], title: str) -> None:
        """Ask for a file, and write the messages into it as a PDF."""
        if self.is_busy:
            return
        dialog = save_dialog(self._window, "Export as PDF", file_name(title))
        dialog.setNameFilter("PDF (*.pdf)")
        dialog.setDefaultSuffix("pdf")
        dialog.fileSelected.connect(lambda path: self.write_pdf(Path(path), messages, title))
        dialog.open()

    def write_pdf(self, path: Path, messages: Sequence[Message], title: str) -> None:
        """Write the messages to ``path``, which is replaced once all is written."""
        if self.is_busy:
            return
        file = QSaveFile(str(path))
        if not file.open(QSaveFile.OpenModeFlag.WriteOnly):
            self._tell(f"The PDF cannot be written to {path}.", file.errorString())
            return
        self._file = file
        self._start(_pdf_writer(file, title), messages, title, "Making the PDF")

    def print_(self, messages: Sequence[Message], title: str) -> None:
        """Ask for a printer, and print the messages."""
        if self.is_busy:
            return
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setPageLayout(page_layout())
        printer.setDocName(one_line(title))
        dialog = QPrintDialog(printer, self._window)
        dialog.setOption(QPrintDialog.PrintDialogOption.PrintPageRange)
        dialog.finished.connect(lambda result: self._chosen(result, printer, messages, title))
        dialog.finished.connect(dialog.deleteLater)
        QDialog.open(dialog)

    def _chosen(self, result: int, printer: "QPrinter", messages: Sequence[Message], title: str) -> None:
        if result == QDialog.DialogCode.Accepted and not self.is_busy:
            pages = (printer.fromPage(), printer.toPage())
            self._start(printer, messages, title, "Printing", pages if pages[0] else None)

    def _start(
        self,
        device: QPagedPaintDevice,
        messages: Sequence[Message],
        title: str,
        words: str,
        pages: tuple[int, int] | None = None,
    ) -> None:
        self._device, self._words, self._share = device, words, ""
        job = PrintJob(messages, one_line(title), self._theme, self._explain, device, pages, self)
        job.progressed.connect(self._progressed)
        job.finished.connect(self._finished)
        self._job = job
        self._shown.start()
        self._may_cancel.start()
        job.start()

    def _progressed(self, done: int, total: int) -> None:
        self._share = f" {100 * done // max(1, total)}%"
        if self.bar.isVisible():
            self._show_progress()

    def _show_progress(self) -> None:
        button = "" if self._may_cancel.isActive() else "Cancel"
        self.bar.show_progress(f"{self._words}…{self._share}", button)

    def _finished(self, done: bool) -> None:
        file = self._file
        self._end()
        if file is not None and not (done and file.commit()):
            file.cancelWriting()
            self._tell("The PDF could not be written.", file.errorString())
        elif file is None and not done:
            self._tell("The printer did not take the chat.", "See whether it is ready, and print again.")

    def _cancel(self) -> None:
        if self._job is None:
            return
        self._job.cancel()
        if self._file is not None:
            self._file.cancelWriting()
        elif self._device is not None:
            abort = getattr(self._device, "abort", None)
            if abort is not None:
                abort()
        self._end()

    def _end(self) -> None:
        self._shown.stop()
        self._may_cancel.stop()
        self.bar.clear()
        if self._job is not None:
            self._job.deleteLater()
        self._job = self._device = self._file = None

    def _tell(self, title: str, text: str) -> None:
        box = message_box(title, f"{title}\n\n{text}", parent=self._window)
        box.finished.connect(box.deleteLater)
        box.open()


async def write_pdf(
    path: Path, messages: Sequence[Message], title: str, theme: Theme, explain: Explain
) -> None:
    """Write the messages to ``path``, without a dialog, in slices of time. Raises ``OSError``."""
    file = QSaveFile(str(path))
    if not file.open(QSaveFile.OpenModeFlag.WriteOnly):
        raise OSError(file.errorString())
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    job = PrintJob(messages, one_line(title), theme, explain, _pdf_writer(file, title))
    job.finished.connect(lambda whole: None if done.done() else done.set_result(whole))
    job.start()
    try:
        if not (await done and file.commit()):
            raise OSError(file.errorString())
    finally:
        job.cancel()
        job.deleteLater()
        file.cancelWriting()


def _pdf_writer(file: QSaveFile, title: str) -> QPdfWriter:
    writer = QPdfWriter(file)
    writer.setTitle(title)
    writer.setCreator("Desktop Chat")
    writer.setPageLayout(page_layout())
    return writer


def page_layout() -> QPageLayout:
    """The paper of the user's country."""
    metric = QLocale().measurementSystem() is QLocale.MeasurementSystem.MetricSystem
    size = QPageSize(QPageSize.PageSizeId.A4 if metric else QPageSize.PageSizeId.Letter)
    margins = QMarginsF(MARGIN, MARGIN, MARGIN, MARGIN)
    return QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)


def file_name(title: str) -> str:
    """A name that every file system takes, from the title of a chat."""
    return f"{safe(one_line(title))}.pdf"
