"""Fields for amounts of dollars and numbers of tokens, with what is wrong told below them."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from desktop_chat.domain.money import parse_amount
from desktop_chat.settings import WINDOW_DIGITS
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.theme import Theme

WIDTH, HEIGHT = 150, 34

Clean = Callable[[str], str]
"""What a user wrote, as it is stored; raises ``ValueError`` with a plain sentence."""


def clean_amount(text: str) -> str:
    """An amount of dollars as it is stored. Raises ``ValueError`` with a plain sentence."""
    return str(parse_amount(text))


def clean_window(text: str) -> str:
    """A number of tokens as it is stored. Raises ``ValueError`` with a plain sentence."""
    digits = "".join(text.split()).replace(",", "")[:100]
    if not digits.isascii() or not digits.isdecimal() or not 0 < int(digits) < 10**WINDOW_DIGITS:
        raise ValueError(f"“{text.strip()[:40]}” is not a number of tokens.")
    return str(int(digits))


def field_label(theme: Theme, text: str, *, size: float = 14, color: str = "text") -> QLabel:
    """A text beside an :class:`AmountField`, as high as the field alone; align it to the top."""
    made = words(theme, text, size=size, color=color)
    made.setMinimumHeight(theme.px(HEIGHT))
    return made


class AmountField(QWidget):
    """One value, checked when the field is left. ``changed`` carries it as it is stored; empty for none.

    What cannot be used is told below the field and carried nowhere.
    """

    changed = Signal(str)

    def __init__(
        self, theme: Theme, name: str, *, placeholder: str = "no limit", clean: Clean = clean_amount
    ) -> None:
        super().__init__()
        self._theme = theme
        self._clean = clean
        self._stored = ""
        self.field = QLineEdit()
        self.field.setAccessibleName(name)
        self.field.setPlaceholderText(placeholder)
        self._problem = words(theme, size=12.5, color="error")
        self._problem.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(4))
        column.addWidget(self.field)
        column.addWidget(self._problem)
        self.field.editingFinished.connect(self.check)
        self.field.textEdited.connect(lambda: self._tell(""))
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def problem(self) -> str:
        """What is wrong with what is written, as it is told."""
        return self._problem.text()

    @property
    def value(self) -> str:
        """What was last found good, as it is stored."""
        return self._stored

    def set_value(self, stored: str) -> None:
        """Show ``stored``, unless it is what the user is correcting."""
        if stored != self._stored or not self.problem:
            self._stored = stored
            self.field.setText(stored)
            self._tell("")

    def check(self) -> bool:
        """Whether what is written can be used; a new value is carried on, a problem told."""
        text = self.field.text().strip()
        try:
            value = self._clean(text) if text else ""
        except ValueError as error:
            is_new = str(error) != self.problem
            self._tell(str(error))
            if is_new:
                # The focus has left the field, whose description would tell it.
                announce(self.field, self.problem)
            return False
        self._tell("")
        if value != self._stored:
            self._stored = value
            self.changed.emit(value)
        self.field.setText(value)
        return True

    def _tell(self, text: str) -> None:
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        self.field.setAccessibleDescription(text)

    def _restyle(self) -> None:
        self.field.setMaximumWidth(self._theme.px(WIDTH))
