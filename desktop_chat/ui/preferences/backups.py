"""When and where the chats are copied, and the way to the copies."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLineEdit, QWidget

from desktop_chat.keeping import Keeping
from desktop_chat.settings import Settings
from desktop_chat.storage import Reason, StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme


class BackupsPage(Page):
    """``show`` opens the window of the backups."""

    title = "Backups"
    names = ("backups", "backup_folder")

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        tasks: Tasks,
        keeping: Keeping,
        show: Callable[[], object],
    ) -> None:
        super().__init__(theme, settings)
        self._tasks, self._keeping = tasks, keeping
        self._on = QCheckBox("Back up by itself")
        self._on.setAccessibleName("Chats: back up by itself")
        self._folder = QLineEdit()
        self._folder.setReadOnly(True)
        self._folder.setObjectName("backupFolder")
        self._folder.setAccessibleName("Folder of the backups")
        self._choose = button("Choose…")
        self._choose.setAccessibleName("Choose the folder of the backups")
        self._own = button("Reset")
        self._own.setAccessibleName("Keep the backups beside the chats")
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.px(8))
        line.addWidget(self._folder, 1)
        line.addWidget(self._choose)
        line.addWidget(self._own)
        self.make = button("Back up now")
        self.make.setObjectName("backUpNow")
        self.show_all = button("Backups…")
        self.show_all.setObjectName("showBackups")
        self.result = words(theme, size=12.5, color="dim")
        self.add_row(
            "Chats",
            self._on,
            "At most once an hour, and only after something changed: all of the last 2 days, then one a day, "
            "a week and a month, for a year.",
        )
        place = self.form.rowCount()
        self.form.addWidget(words(theme, "Folder"), place, 0)
        self.form.addWidget(both, place, 1)
        self.form.addWidget(
            words(
                theme,
                "Best on another disk, in a folder of its own. Backups are not encrypted. They hold no key. "
                "Files that are attached to messages stay beside the chats, as long as a backup needs them.",
                size=12.5,
                color="dim",
            ),
            place + 1,
            1,
        )
        self.form.addLayout(row(theme, self.make, self.show_all, None), place + 2, 1)
        self.form.addWidget(self.result, place + 3, 1)
        self.column.addStretch(1)
        self.load()
        self._on.toggled.connect(self.apply)
        self._choose.clicked.connect(self._ask_for_folder)
        self._own.clicked.connect(lambda: settings.change(backup_folder=""))
        self.make.clicked.connect(lambda: tasks.start(self._make(), "back up"))
        self.show_all.clicked.connect(lambda: show())

    def load(self) -> None:
        blocked = QSignalBlocker(self._on)
        self._on.setChecked(self.settings.backups)
        self._folder.setText(one_line(str(self._keeping.folder)))
        self._folder.setCursorPosition(0)
        self._own.setEnabled(bool(self.settings.backup_folder))
        del blocked

    def apply(self) -> None:
        self.settings.change(backups=self._on.isChecked())

    def _ask_for_folder(self) -> None:
        dialog = QFileDialog(self, "Folder of the backups", str(self._keeping.folder))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.use_folder)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def use_folder(self, folder: str) -> None:
        """Have the copies made there from now on."""
        self.settings.change(backup_folder=str(Path(folder).absolute()))

    async def _make(self) -> None:
        self.make.setEnabled(False)
        self.result.setText("The chats are being copied…")
        try:
            path, is_new = await self._keeping.back_up(Reason.ASKED)
        except StorageError as error:
            self.result.setText(f"No backup could be made: {one_line(error.message)}")
        else:
            said = "A backup was made" if is_new else "Nothing changed since the newest backup"
            self.result.setText(f"{said}: {one_line(path.name)}")
        self.make.setEnabled(True)
