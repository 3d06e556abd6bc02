"""How often a request is tried, and how long is waited for what."""

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox

from desktop_chat.settings import FIELDS, Settings
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.theme import Theme

_TIMES = (
    ("connect_timeout", "Connect within", "Until a connection to the server stands."),
    (
        "first_event_timeout",
        "First word within",
        "From sending until an answer begins. Models that think need more.",
    ),
    ("idle_timeout", "Longest pause", "Between two pieces of an answer, before it counts as broken off."),
)


class NetworkPage(Page):
    title = "Network"
    names = ("attempts", "connect_timeout", "first_event_timeout", "idle_timeout")

    def __init__(self, theme: Theme, settings: Settings) -> None:
        super().__init__(theme, settings)
        self._attempts = QSpinBox()
        self._fields: dict[str, QSpinBox | QDoubleSpinBox] = {"attempts": self._attempts}
        self.add_row(
            "Attempts",
            self._attempts,
            "In all, where an error may heal by itself. 1: nothing is retried.",
        )
        for name, text, hint in _TIMES:
            field = QDoubleSpinBox()
            field.setDecimals(0)
            field.setSuffix(" s")
            self._fields[name] = field
            self.add_row(text, field, hint)
        for name, spin in self._fields.items():
            preference = FIELDS[name]
            spin.setRange(int(preference.minimum or 0), int(preference.maximum or 0))
            spin.setKeyboardTracking(False)
            spin.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
        self.column.addWidget(
            words(
                theme,
                "An endpoint can have others of its own, and a proxy and certificates too. Else those of the "
                "system are used: HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are respected.",
                size=12.5,
                color="dim",
            )
        )
        self.column.addStretch(1)
        self.load()
        for spin in self._fields.values():
            spin.valueChanged.connect(self.apply)

    def load(self) -> None:
        blocked = [QSignalBlocker(field) for field in self._fields.values()]
        for name, field in self._fields.items():
            field.setValue(getattr(self.settings, name))
        del blocked

    def apply(self) -> None:
        self.settings.change(**{name: field.value() for name, field in self._fields.items()})
