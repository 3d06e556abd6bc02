"""Saving to a file that the user names: the dialog, the writing, and what is said where it fails."""

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSaveFile, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_chat.ui.safe import message_box


class FileSaver(QObject):
    """Asks where to save, and writes there: all or nothing, on a thread, since a disk may be slow or gone.

    ``saved`` has the path. The folder that was chosen last is offered next.
    """

    saved = Signal(str)
    _failed = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._folder = ""
        self._failed.connect(self._tell)

    def ask(self, title: str, name: str, content: bytes | Callable[[], bytes]) -> None:
        """Let the user choose a file for ``content``, with ``name`` as the proposal; returns at once.

        Content that takes long to make is called for on the thread.
        """
        dialog = save_dialog(self._window, title, name, self._folder)
        dialog.fileSelected.connect(lambda path: self._chosen(path, content))
        dialog.open()

    def _chosen(self, path: str, content: bytes | Callable[[], bytes]) -> None:
        self._folder = str(Path(path).parent)
        # Not one that the exit waits for: a network drive can hang for ever.
        threading.Thread(target=self._write, args=(path, content), name="save a file", daemon=True).start()

    def _write(self, path: str, content: bytes | Callable[[], bytes]) -> None:
        file = QSaveFile(path)
        data = content if isinstance(content, bytes) else content()
        whole = (
            file.open(QSaveFile.OpenModeFlag.WriteOnly) and file.write(data) == len(data) and file.commit()
        )
        try:
            if whole:
                self.saved.emit(path)
            else:
                self._failed.emit(path, file.errorString())
        except RuntimeError:
            return  # The window was closed meanwhile.

    def _tell(self, path: str, reason: str) -> None:
        box = message_box(
            "Not saved",
            f"{Path(path).name} could not be saved: {reason}\n\nWhat was there before is untouched.",
            parent=self._window,
        )
        box.setObjectName("saveProblem")
        box.finished.connect(box.deleteLater)
        box.open()


def save_dialog(parent: QWidget, title: str, name: str, folder: str = "") -> QFileDialog:
    """A dialog, not yet shown, that asks where to save; ``name`` is the proposal. It deletes itself.

    Without a ``folder`` it begins with the user's documents.
    """
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    dialog = QFileDialog(parent, title, folder or documents)
    dialog.setObjectName("saveDialog")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.selectFile(name)
    dialog.finished.connect(dialog.deleteLater)
    return dialog
