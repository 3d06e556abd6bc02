"""Requests written to a file that the user names, as CSV or JSON."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from desktop_chat.storage import ExportKind, StorageError
from desktop_chat.ui.counts import counted
from desktop_chat.ui.file_saver import save_dialog
from desktop_chat.ui.notices import storage_reason
from desktop_chat.ui.safe import message_box
from desktop_chat.ui.usage.reading import Result, Source


def ask(window: QWidget, result: Result, kind: ExportKind, chosen: Callable[[Path], None]) -> None:
    """Let the user choose a file for the requests of ``result``; returns at once."""
    span = result.frame.span
    days = f"{span.first}" if span.first == span.last else f"{span.first} to {span.last}"
    dialog = save_dialog(window, f"Export as {kind.upper()}", f"Usage {days}.{kind}")
    dialog.setNameFilter(f"{kind.upper()} (*.{kind})")
    dialog.setDefaultSuffix(kind)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.open()


async def write(
    window: QWidget, source: Source, path: Path, kind: ExportKind, result: Result, tell: Callable[[str], None]
) -> None:
    """Write the requests of ``result`` to ``path``: all of them or, where this is cancelled, none.

    ``tell`` says how it ended, and may be called when who asked is gone. A failure is told over ``window``.
    """
    try:
        rows = await source.export_ledger(path, kind, result.since, result.until)
    except StorageError as error:
        # Of the file that was chosen, or of that of the chats.
        reason = error.message if error.path == path else storage_reason(error)
    else:
        tell(f"{counted(rows, 'request')} written to {path.name}")
        return
    tell("")
    text = f"{path.name} could not be written: {reason}\n\nWhat was there before is untouched."
    box = message_box("Not exported", text, parent=window)
    box.setObjectName("exportProblem")
    box.finished.connect(box.deleteLater)
    box.open()
