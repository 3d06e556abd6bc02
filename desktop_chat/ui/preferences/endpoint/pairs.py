"""Names and values that the user enters, one pair a line."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_chat.domain.endpoint import Pairs
from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.card_parts import button
from desktop_chat.ui.key_field import hide_secret
from desktop_chat.ui.theme import Theme

KEPT = "in the keyring"


@dataclass(eq=False)
class _Line:
    widget: QWidget
    name: QLineEdit
    value: QLineEdit
    remove: IconButton


class PairsField(QWidget):
    """Lines of a name and a value, and a button for another one. Values of ``is_secret`` ones are hidden, and
    stay empty where they are in the keyring already."""

    edited = Signal()

    def __init__(self, theme: Theme, what: str, *, is_secret: bool = False) -> None:
        """``what`` one pair is called, such as “header”."""
        super().__init__()
        self._theme = theme
        self._what = what
        self._is_secret = is_secret
        self._lines: list[_Line] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(6))
        self._add = button(f"Add a {what}")
        self._add.setProperty("pill", True)
        self._add.clicked.connect(self._add_pressed)
        self._column.addWidget(self._add, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self._add)

    def set_pairs(self, pairs: Pairs, kept: Iterable[str] = ()) -> None:
        """Show ``pairs``, and ``kept`` names whose values are in the keyring."""
        for line in list(self._lines):
            self._remove(line)
        for name, value in pairs:
            self._append(name, value)
        for name in kept:
            self._append(name, "", KEPT)
        self._number()

    def pairs(self) -> Pairs:
        """What was entered, without lines that are empty."""
        entered = ((line.name.text().strip(), line.value.text().strip()) for line in self._lines)
        return tuple(pair for pair in entered if any(pair))

    def forget_kept(self) -> None:
        """No value is in the keyring any more that could be used."""
        for line in self._lines:
            line.value.setPlaceholderText("value")

    def _add_pressed(self) -> None:
        line = self._append("", "")
        self._number()
        line.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def _append(self, name: str, value: str, placeholder: str = "value") -> _Line:
        widget = QWidget()
        inner = QHBoxLayout(widget)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(self._theme.px(6))
        line = _Line(widget, QLineEdit(name), QLineEdit(value), IconButton(self._theme, "x", "Remove"))
        line.name.setPlaceholderText("name")
        line.value.setPlaceholderText(placeholder)
        if self._is_secret:
            hide_secret(line.value)
            # A value belongs to its name: under another one there is none in the keyring.
            line.name.textEdited.connect(lambda: line.value.setPlaceholderText("value"))
        inner.addWidget(line.name, 2)
        inner.addWidget(line.value, 3)
        inner.addWidget(line.remove)
        for field in (line.name, line.value):
            field.setMinimumWidth(self._theme.px(60))
            field.textEdited.connect(self.edited)
        line.remove.clicked.connect(lambda: self._remove_pressed(line))
        self._lines.append(line)
        self._column.insertWidget(len(self._lines) - 1, widget)
        return line

    def _remove_pressed(self, line: _Line) -> None:
        at = self._lines.index(line)
        self._remove(line)
        self._number()
        rest = self._lines[min(at, len(self._lines) - 1)].name if self._lines else self._add
        rest.setFocus(Qt.FocusReason.OtherFocusReason)
        self.edited.emit()

    def _remove(self, line: _Line) -> None:
        self._lines.remove(line)
        self._column.removeWidget(line.widget)
        line.widget.hide()
        line.widget.deleteLater()

    def _number(self) -> None:
        what = self._what.capitalize()
        for number, line in enumerate(self._lines, 1):
            line.name.setAccessibleName(f"{what} {number}, name")
            line.value.setAccessibleName(f"{what} {number}, value")
            line.remove.setAccessibleName(f"Remove {self._what} {number}")
        self.setFocusProxy(self._lines[0].name if self._lines else self._add)
