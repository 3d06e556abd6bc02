"""How the program looks, and what Enter does."""

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox

from desktop_chat.settings import FIELDS, Settings
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.theme import Theme

THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


class AppearancePage(Page):
    title = "Appearance"
    names = ("theme", "zoom", "send_with_enter")

    def __init__(self, theme: Theme, settings: Settings) -> None:
        super().__init__(theme, settings)
        self._theme = QComboBox()
        for value, text in THEMES.items():
            self._theme.addItem(text, value)
        self._zoom = QSpinBox()
        zoom = FIELDS["zoom"]
        self._zoom.setRange(int(zoom.minimum or 0), int(zoom.maximum or 0))
        self._zoom.setSingleStep(10)
        self._zoom.setSuffix(" %")
        self._zoom.setKeyboardTracking(False)
        self._enter = QCheckBox("Enter sends the message")
        self.add_row("Theme", self._theme)
        self.add_row("Zoom", self._zoom, "Ctrl++ and Ctrl+- change it too, Ctrl+0 sets it back.")
        self.add_row("Sending", self._enter, "Shift+Enter begins a new line. Without it, Ctrl+Enter sends.")
        self.column.addStretch(1)
        self.load()
        self._theme.activated.connect(self.apply)
        self._zoom.valueChanged.connect(self.apply)
        self._enter.toggled.connect(self.apply)

    def load(self) -> None:
        blocked = [QSignalBlocker(field) for field in (self._theme, self._zoom, self._enter)]
        self._theme.setCurrentIndex(self._theme.findData(self.settings.theme))
        self._zoom.setValue(self.settings.zoom)
        self._enter.setChecked(self.settings.send_with_enter)
        del blocked

    def apply(self) -> None:
        self.settings.change(
            theme=self._theme.currentData(),
            zoom=self._zoom.value(),
            send_with_enter=self._enter.isChecked(),
        )
