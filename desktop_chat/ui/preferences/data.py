"""Where everything is kept."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from desktop_chat.settings import Settings
from desktop_chat.ui.card_parts import button, words
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme


class DataPage(Page):
    """``places`` are the files and folders of the profile, by what is in them."""

    title = "Data"

    def __init__(self, theme: Theme, settings: Settings, places: Mapping[str, Path]) -> None:
        super().__init__(theme, settings)
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
            row = self.form.rowCount()
            self.form.addWidget(words(theme, name), row, 0)
            self.form.addWidget(both, row, 1)
        self.column.addWidget(
            words(
                theme,
                "All of it stays on this computer, in files that only you can read. Keys are in the keyring, "
                "and in none of these files.",
                size=12.5,
                color="dim",
            )
        )
        self.column.addStretch(1)
        self.load()

    def load(self) -> None:
        for name, path in self._places.items():
            self._fields[name].setText(one_line(str(path)))
            self._fields[name].setCursorPosition(0)

    def apply(self) -> None:
        """Nothing can be changed here."""

    def _copy(self, name: str) -> None:
        QGuiApplication.clipboard().setText(str(self._places[name]))
