"""How the program looks, and what Enter does."""

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox

from desktop_chat.settings import FIELDS, Settings
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.theme import Theme

THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
ANNOUNCEMENTS = {"sentences": "Sentence by sentence", "end": "When they have ended", "never": "Never"}
SYSTEM_FONT = "System default"


class FontBox(QComboBox):
    """A choice of installed families, shown in the family that is chosen. ``""`` is the system's own.

    It reads what is installed when it opens, since finding the families of one width takes a while.
    """

    def __init__(self, *, monospace: bool) -> None:
        super().__init__()
        self._monospace = monospace
        self.setMinimumContentsLength(18)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.addItem(SYSTEM_FONT, "")

    @property
    def family(self) -> str:
        return str(self.currentData())

    def set_family(self, family: str) -> None:
        if self.findData(family) < 0:
            self.addItem(family, family)
        self.setCurrentIndex(self.findData(family))
        self.setFont(QFont(family) if family else QFont())

    def showPopup(self) -> None:
        self.fill()
        super().showPopup()

    def fill(self) -> None:
        """Offer what is installed now."""
        chosen = self.family
        with QSignalBlocker(self):
            self.clear()
            self.addItem(SYSTEM_FONT, "")
            for family in QFontDatabase.families():
                if QFontDatabase.isPrivateFamily(family) or not QFontDatabase.isSmoothlyScalable(family):
                    continue
                if not self._monospace or QFontDatabase.isFixedPitch(family):
                    self.addItem(family, family)
            self.set_family(chosen)


class AppearancePage(Page):
    title = "Appearance"
    names = (
        *("theme", "zoom", "text_font", "text_size", "code_font", "wrap_code"),
        *("send_with_enter", "announce"),
    )

    def __init__(self, theme: Theme, settings: Settings) -> None:
        super().__init__(theme, settings)
        self._theme = _choice(THEMES)
        self._zoom = _number("zoom", "%")
        self._zoom.setSingleStep(10)
        self._text_font, self._code_font = FontBox(monospace=False), FontBox(monospace=True)
        self._text_size = _number("text_size", " px")
        self._wrap = QCheckBox("Wrap long lines in code")
        self._enter = QCheckBox("Enter sends the message")
        self._announce = _choice(ANNOUNCEMENTS)
        self.add_row("Theme", self._theme)
        self.add_row("Zoom", self._zoom, "Ctrl++ and Ctrl+- change it too, Ctrl+0 sets it back.")
        self.add_row("Font", self._text_font)
        self.add_row("Size of text in chats", self._text_size)
        self.add_row("Font of code", self._code_font)
        self.add_row("Code", self._wrap, "Without it, long lines are scrolled.")
        self.add_row("Sending", self._enter, "Shift+Enter begins a new line. Without it, Ctrl+Enter sends.")
        self.add_row("Announce answers", self._announce, "What a screen reader says while an answer comes.")
        self.column.addStretch(1)
        self.load()
        for box in (self._theme, self._text_font, self._code_font, self._announce):
            box.activated.connect(self.apply)
        for number in (self._zoom, self._text_size):
            number.valueChanged.connect(self.apply)
        for check in (self._wrap, self._enter):
            check.toggled.connect(self.apply)

    def load(self) -> None:
        settings = self.settings
        fields = (self._theme, self._zoom, self._text_font, self._text_size, self._code_font)
        blocked = [QSignalBlocker(field) for field in (*fields, self._wrap, self._enter, self._announce)]
        self._theme.setCurrentIndex(self._theme.findData(settings.theme))
        self._zoom.setValue(settings.zoom)
        self._text_font.set_family(settings.text_font)
        self._text_size.setValue(settings.text_size)
        self._code_font.set_family(settings.code_font)
        self._wrap.setChecked(settings.wrap_code)
        self._enter.setChecked(settings.send_with_enter)
        self._announce.setCurrentIndex(self._announce.findData(settings.announce))
        del blocked

    def apply(self) -> None:
        self.settings.change(
            theme=self._theme.currentData(),
            zoom=self._zoom.value(),
            text_font=self._text_font.family,
            text_size=self._text_size.value(),
            code_font=self._code_font.family,
            wrap_code=self._wrap.isChecked(),
            send_with_enter=self._enter.isChecked(),
            announce=self._announce.currentData(),
        )
        self.load()


def _choice(texts: dict[str, str]) -> QComboBox:
    made = QComboBox()
    for value, text in texts.items():
        made.addItem(text, value)
    return made


def _number(name: str, unit: str) -> QSpinBox:
    made, field = QSpinBox(), FIELDS[name]
    made.setRange(int(field.minimum or 0), int(field.maximum or 0))
    made.setSuffix(unit)
    made.setKeyboardTracking(False)
    return made
