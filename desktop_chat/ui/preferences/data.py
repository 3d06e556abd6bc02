"""Where everything is kept."""

from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Protocol

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QMessageBox, QWidget

from desktop_chat.settings import Settings
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.notices import explain_storage
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.safe import message_box, one_line
from desktop_chat.ui.theme import Theme

QUESTION = (
    "Every chat, draft, folder and tag is deleted for good, also from the trash. This cannot be undone. Your "
    "settings and keys stay, and so do your backups: delete those yourself where nothing is to be left."
)


class Wipe(Protocol):
    """Deletes every chat for good, with ``ledger`` what they cost, too. Raises ``StorageError``."""

    def __call__(self, *, ledger: bool) -> Awaitable[None]: ...


class DataPage(Page):
    """``places`` are the files and folders of the profile, by what is in them."""

    title = "Data"

    def __init__(
        self, theme: Theme, settings: Settings, places: Mapping[str, Path], tasks: Tasks, wipe: Wipe
    ) -> None:
        super().__init__(theme, settings)
        self._tasks, self._wipe = tasks, wipe
        self._places = places
        self._fields: dict[str, QLineEdit] = {}
        for name in places:
            field = QLineEdit()
            field.setReadOnly(True)
            field.setAccessibleName(name)
            copy = button("Copy")
            copy.setAccessibleName(f"Copy the path of {name}")
            copy.clicked.connect(lambda _checked=False, name=name: self._copy(name))
            both = QWidget()
            line = QHBoxLayout(both)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(field, 1)
            line.addWidget(copy)
            self._fields[name] = field
            place = self.form.rowCount()
            self.form.addWidget(words(theme, name), place, 0)
            self.form.addWidget(both, place, 1)
        self.column.addWidget(
            words(
                theme,
                "All of it stays on this computer, in files that only you can read. Keys are in the keyring, "
                "and in none of these files.",
                size=12.5,
                color="dim",
            )
        )
        self.delete = button("Delete all chats…")
        self.delete.setObjectName("deleteAllChats")
        self.delete.clicked.connect(self._ask)
        self.result = words(theme, size=12.5, color="dim")
        self.column.addLayout(row(theme, self.delete, None))
        self.column.addWidget(self.result)
        self.column.addStretch(1)
        self.load()

    def load(self) -> None:
        for name, path in self._places.items():
            self._fields[name].setText(one_line(str(path)))
            self._fields[name].setCursorPosition(0)

    def apply(self) -> None:
        """Nothing can be changed here."""

    def _ask(self) -> None:
        box = message_box("Delete all chats?", QUESTION, parent=self)
        box.setObjectName("wipeQuestion")
        box.setStandardButtons(QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.button(QMessageBox.StandardButton.Ok).setText("Delete")
        costs = QCheckBox("Delete the record of what was used and what it cost, too")
        box.setCheckBox(costs)
        box.accepted.connect(lambda: self._tasks.start(self._delete(costs.isChecked()), "delete all chats"))
        box.finished.connect(box.deleteLater)
        box.open()

    async def _delete(self, ledger: bool) -> None:
        self.delete.setEnabled(False)
        try:
            await self._wipe(ledger=ledger)
        except StorageError as error:
            self.result.setText(explain_storage(error).body)
        else:
            self.result.setText("All chats are deleted. Backups still hold them until you delete those.")
        self.delete.setEnabled(True)

    def _copy(self, name: str) -> None:
        QGuiApplication.clipboard().setText(str(self._places[name]))
