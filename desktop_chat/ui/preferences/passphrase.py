"""Where the passphrase of the app lock is set, changed and removed."""

from enum import Enum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop_chat.tasks import Tasks
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.lock import AppLock
from desktop_chat.ui.theme import Theme

WIDTH = 380


class Purpose(Enum):
    """What the user wants, as the title of the card, and the word on its button."""

    SET = ("Set a passphrase", "Set")
    CHANGE = ("Change the passphrase", "Change")
    TURN_OFF = ("Turn off the app lock", "Turn off")


class PassphraseCard(Card):
    """Asks for what ``purpose`` needs, and does it. It deletes itself when it closes."""

    def __init__(self, theme: Theme, host: QWidget, lock: AppLock, tasks: Tasks, purpose: Purpose) -> None:
        super().__init__(theme, host, WIDTH, modal=True)
        title, action = purpose.value
        self.setObjectName("passphraseCard")
        self.setAccessibleName(title)
        self._lock, self._tasks, self._purpose = lock, tasks, purpose
        self._working = False
        self._current, self._new, self._again = (
            self._field(name) for name in ("Passphrase now", "New passphrase", "New passphrase again")
        )
        self._current.setVisible(purpose is not Purpose.SET)
        for field in (self._new, self._again):
            field.setVisible(purpose is not Purpose.TURN_OFF)
        self._note = words(theme, size=12.5, color="error")
        self._note.setObjectName("passphraseNote")
        self._note.hide()
        cancel, self._act = button("Cancel"), button(action, primary=True)
        cancel.clicked.connect(self.reject)
        self._act.clicked.connect(self._apply)
        self.body.setSpacing(theme.px(12))
        self.body.addWidget(words(theme, title, size=16, bold=True))
        for field in (self._current, self._new, self._again):
            self.body.addWidget(field)
        self.body.addWidget(self._note)
        self.body.addLayout(row(theme, None, cancel, self._act))
        self.starts_at = self._new if purpose is Purpose.SET else self._current
        lock.waits.connect(self._show_wait)
        self.finished.connect(self.deleteLater)
        self._update()

    def _field(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setEchoMode(QLineEdit.EchoMode.Password)
        made.setPlaceholderText(name)
        made.setAccessibleName(name)
        made.textChanged.connect(self._update)
        return made

    def _apply(self) -> None:
        if self._purpose is not Purpose.TURN_OFF and self._new.text() != self._again.text():
            self._tell("The two are not the same.")
            self._again.setFocus(Qt.FocusReason.OtherFocusReason)
            self._again.selectAll()
        else:
            self._tasks.start(self._do(), "app lock")

    async def _do(self) -> None:
        self._working = True
        self._update()
        try:
            if self._purpose is not Purpose.SET and not await self._lock.is_right(self._current.text()):
                self.announce(self._note.text())
                self._current.setFocus(Qt.FocusReason.OtherFocusReason)
                self._current.selectAll()
            else:
                await self._set()
        finally:
            self._working = False
            self._update()

    async def _set(self) -> None:
        try:
            if self._purpose is Purpose.TURN_OFF:
                await self._lock.turn_off()
            else:
                await self._lock.set_passphrase(self._new.text())
        except OSError as error:
            self._tell(f"It could not be kept: {error.strerror or error}")
        else:
            self.accept()

    def _show_wait(self, seconds: int) -> None:
        wait = f" Try again in {seconds} s." if seconds else ""
        self._note.setText(f"Wrong passphrase.{wait}")
        self._note.show()
        self._update()

    def _tell(self, text: str) -> None:
        self._note.setText(text)
        self._note.show()
        self.announce(text)

    def _update(self) -> None:
        asked = (field for field in (self._current, self._new, self._again) if not field.isHidden())
        waits = self._purpose is not Purpose.SET and self._lock.wait
        self._act.setEnabled(all(field.text() for field in asked) and not self._working and not waits)
