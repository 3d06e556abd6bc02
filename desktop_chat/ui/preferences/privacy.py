"""What is asked before it is sent, and what is kept of what was."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QSpinBox

from desktop_chat.settings import FIELDS, Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.preferences.clearing import Clear, Clearing
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.theme import Theme

CLEAR = "Clear the requests and responses that are kept"


class PrivacyPage(Page):
    """``clear_evidence`` forgets every request and response that is kept."""

    title = "Privacy"
    names = ("scan_secrets", "keep_evidence", "evidence_days")

    def __init__(self, theme: Theme, settings: Settings, tasks: Tasks, clear_evidence: Clear) -> None:
        super().__init__(theme, settings)
        # Short, so that a narrow window shows all of it; a screen reader tells the row with it.
        self._scan = QCheckBox("Ask if a key is in it")
        self._scan.setAccessibleName("Before sending: ask if a key is in it")
        self._keep = QCheckBox("Keep them")
        self._keep.setAccessibleName("Requests and responses: keep them")
        self._days = QSpinBox()
        self._days.setObjectName("evidenceDays")
        days = FIELDS["evidence_days"]
        self._days.setRange(int(days.minimum or 0), int(days.maximum or 0))
        self._days.setSuffix(" days")
        self._days.setKeyboardTracking(False)
        self.clearing = Clearing(theme, tasks, CLEAR, clear_evidence)
        self.add_row("Before sending", self._scan, "Keys of known providers and private keys, in files too.")
        self.add_row(
            "Requests and responses",
            self._keep,
            "The details of an answer show them. They stay on this computer, and no key is in them.",
        )
        self.add_row("Kept for", self._days, "Then they are deleted. The chats themselves stay.")
        self.form.addWidget(self.clearing, self.form.rowCount(), 1, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(
            words(
                theme,
                "Nothing is sent anywhere but to your endpoints, and nothing is fetched that you did not ask "
                "for.",
                size=12.5,
                color="dim",
            )
        )
        self.column.addStretch(1)
        self.load()
        for box in (self._scan, self._keep):
            box.toggled.connect(self.apply)
        self._days.valueChanged.connect(self.apply)

    def load(self) -> None:
        blocked = [QSignalBlocker(field) for field in (self._scan, self._keep, self._days)]
        self._scan.setChecked(self.settings.scan_secrets)
        self._keep.setChecked(self.settings.keep_evidence)
        self._days.setValue(self.settings.evidence_days)
        self._days.setEnabled(self.settings.keep_evidence)
        del blocked

    def apply(self) -> None:
        self.settings.change(
            scan_secrets=self._scan.isChecked(),
            keep_evidence=self._keep.isChecked(),
            evidence_days=self._days.value(),
        )
        self.load()
