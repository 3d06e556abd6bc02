"""The app lock, what is asked before something is sent, and what is kept of what was."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QWidget

from desktop_chat.settings import FIELDS, Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.lock import AppLock
from desktop_chat.ui.preferences.clearing import Clear, Clearing
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.preferences.passphrase import PassphraseCard, Purpose
from desktop_chat.ui.theme import Theme

MINUTES = {0: "Never", 1: "After 1 minute", 5: "After 5 minutes", 15: "After 15 minutes", 60: "After an hour"}
CLEAR = "Clear the requests and responses that are kept"


class PrivacyPage(Page):
    """``clear_evidence`` forgets every request and response that is kept."""

    title = "Privacy"
    names = ("scan_secrets", "keep_evidence", "evidence_days", "lock_minutes")

    def __init__(
        self, theme: Theme, settings: Settings, tasks: Tasks, clear_evidence: Clear, app_lock: AppLock
    ) -> None:
        super().__init__(theme, settings)
        self._tasks, self._lock = tasks, app_lock
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
        self._set = button("Set passphrase…")
        self._change = button("Change…")
        self._change.setAccessibleName("Change the passphrase")
        self._off = button("Turn off…")
        self._off.setAccessibleName("Turn off the app lock")
        self._buttons = QWidget()
        line = row(theme, self._set, self._change, self._off, None)
        line.setContentsMargins(0, 0, 0, 0)
        self._buttons.setLayout(line)
        self._minutes = QComboBox()
        self._minutes.setObjectName("lockMinutes")
        for minutes, text in MINUTES.items():
            self._minutes.addItem(text, minutes)
        self.add_row(
            "Lock the app",
            self._buttons,
            "At start and with Ctrl+Alt+L it hides all windows; it encrypts nothing. Passphrase forgotten: "
            f"quit, and delete {app_lock.path.name} in the folder of the settings.",
        )
        self.add_row("When nothing is touched", self._minutes)
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
        self._minutes.activated.connect(self.apply)
        self._set.clicked.connect(lambda: self._ask(Purpose.SET))
        self._change.clicked.connect(lambda: self._ask(Purpose.CHANGE))
        self._off.clicked.connect(lambda: self._ask(Purpose.TURN_OFF))
        app_lock.changed.connect(self.load)

    def load(self) -> None:
        blocked = [QSignalBlocker(field) for field in (self._scan, self._keep, self._days)]
        self._scan.setChecked(self.settings.scan_secrets)
        self._keep.setChecked(self.settings.keep_evidence)
        self._days.setValue(self.settings.evidence_days)
        self._days.setEnabled(self.settings.keep_evidence)
        self._set.setVisible(not self._lock.is_on)
        self._change.setVisible(self._lock.is_on)
        self._off.setVisible(self._lock.is_on)
        self._minutes.setEnabled(self._lock.is_on)
        self._minutes.setCurrentIndex(self._minutes.findData(self.settings.lock_minutes))
        del blocked

    def apply(self) -> None:
        self.settings.change(
            scan_secrets=self._scan.isChecked(),
            keep_evidence=self._keep.isChecked(),
            evidence_days=self._days.value(),
            lock_minutes=self._minutes.currentData(),
        )
        self.load()

    def _ask(self, purpose: Purpose) -> None:
        PassphraseCard(self.theme, self.window(), self._lock, self._tasks, purpose).show()
