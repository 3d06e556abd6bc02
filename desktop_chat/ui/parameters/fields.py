"""Fields for the values of parameters; each can be unset, and tells what is wrong below itself."""

import re
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from desktop_chat.domain.parameters import Kind, Parameter
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.buttons import UNSET, IconButton
from desktop_chat.ui.card_parts import button, words
from desktop_chat.ui.parameters.words import choice_name, range_words
from desktop_chat.ui.theme import Theme


class Field(QWidget):
    """One parameter. ``changed`` carries its value, None for unset; what cannot be used is only told."""

    changed = Signal(object)
    problem_changed = Signal()

    def __init__(self, theme: Theme, parameter: Parameter) -> None:
        super().__init__()
        self.theme = theme
        self.parameter = parameter
        self.value: Any = None
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(theme.px(4))
        self._problem = words(theme, size=12.5, color="error")
        self._problem.hide()

    @property
    def problem(self) -> str:
        """What is wrong with what is written, as it is told."""
        return self._problem.text()

    @property
    def first(self) -> QWidget:
        """What takes the focus, and is named by the label."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show ``value``. Where it is the one that is written already, that stays as it is."""
        if value != self.value:
            self.value = value
            self.tell("")
            self.show_value(value)

    def clear(self) -> None:
        """Be unset, whatever is written."""
        self.value = None
        self.tell("")
        self.show_value(None)

    def show_value(self, value: Any) -> None:
        raise NotImplementedError

    def take(self, read: Callable[[], Any]) -> bool:
        """Carry on what ``read`` makes of what is written, or tell why it raised ``ValueError``."""
        try:
            value = read()
            if value is not None:
                value = self.parameter.check(value)
        except ValueError as error:
            self.tell(str(error))
            return False
        self.tell("")
        if value != self.value:
            self.value = value
            self.changed.emit(value)
        return True

    def tell(self, text: str) -> None:
        """Show what is wrong; nothing where the text is empty."""
        if text == self.problem:
            return
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        self.first.setAccessibleDescription(text or self.parameter.help)
        if text:
            announce(self.first, text)
        self.problem_changed.emit()


class LineField(Field):
    """A whole number or a text in one line, checked when it is left; the arrow keys step a number."""

    def __init__(self, theme: Theme, parameter: Parameter) -> None:
        super().__init__(theme, parameter)
        self.line = _Stepped(self._step)
        self.line.setObjectName(parameter.name)
        self.line.setAccessibleName(parameter.label)
        limits = range_words(parameter)
        self.line.setPlaceholderText(f"{UNSET} ({limits})" if limits else UNSET)
        self.line.editingFinished.connect(self._finished)
        self.line.textEdited.connect(lambda: self.tell(""))
        self.column.addWidget(self.line)
        self.column.addWidget(self._problem)

    @property
    def first(self) -> QWidget:
        return self.line

    def show_value(self, value: Any) -> None:
        self.line.setText("" if value is None else str(value))

    def _finished(self) -> None:
        if self.take(self._read):
            self.show_value(self.value)

    def _read(self) -> Any:
        text = self.line.text().strip()
        if not text or self.parameter.kind is Kind.TEXT:
            return text or None
        digits = text.replace(",", "").replace("\N{MINUS SIGN}", "-")
        if not re.fullmatch(r"[+-]?[0-9]{1,20}", digits):
            raise ValueError(f"“{text[:40]}” is not a whole number.")
        return int(digits)

    def _step(self, by: int) -> None:
        if self.parameter.kind is Kind.INTEGER and self.take(self._read):
            step = round(self.parameter.step)
            least, most = self.parameter.minimum, self.parameter.maximum
            assert least is not None
            assert most is not None
            start = 0 if self.value is None else self.value
            self.take(lambda: round(min(max(start + by * step, least), most)))
            self.show_value(self.value)


class _Stepped(QLineEdit):
    def __init__(self, step: Callable[[int], None]) -> None:
        super().__init__()
        self._step = step

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step(1 if event.key() == Qt.Key.Key_Up else -1)
        else:
            super().keyPressEvent(event)


class ChoiceField(Field):
    """One of the parameter's choices, or on and off; a value of another version is kept and shown."""

    def __init__(self, theme: Theme, parameter: Parameter, default: str = UNSET) -> None:
        super().__init__(theme, parameter)
        self.box = choice_box(parameter, default)
        if parameter.kind is Kind.SWITCH:
            for name, on in (("on", True), ("off", False)):
                self.box.addItem(name, on)
        for choice in parameter.choices:
            self.box.addItem(choice_name(choice), choice)
        self.box.activated.connect(lambda: self.take(self.box.currentData))
        self.column.addWidget(self.box)
        self.column.addWidget(self._problem)

    @property
    def first(self) -> QWidget:
        return self.box

    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(max(0, self.box.findData(value)))


def choice_box(parameter: Parameter, default: str = UNSET) -> QComboBox:
    """A box whose first item leaves ``parameter`` unset; it may be narrower than its longest item."""
    box = QComboBox()
    box.setObjectName(parameter.name)
    box.setAccessibleName(parameter.label)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.addItem(default, None)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


class TextsField(Field):
    """Some texts, a line each; the next line comes with the last. ``\\n`` stands for a line break."""

    def __init__(self, theme: Theme, parameter: Parameter) -> None:
        super().__init__(theme, parameter)
        self.lines: list[QLineEdit] = []
        for number in range(round(parameter.maximum or 1)):
            line = QLineEdit()
            line.setAccessibleName(f"{parameter.label}, {number + 1}")
            line.setPlaceholderText("" if number else UNSET)
            line.textEdited.connect(self._show_next)
            line.editingFinished.connect(lambda: self.take(self._read))
            self.lines.append(line)
            self.column.addWidget(line)
        self.lines[0].setObjectName(parameter.name)
        self.column.addWidget(self._problem)
        self._show_next()

    @property
    def first(self) -> QWidget:
        return self.lines[0]

    def show_value(self, value: Any) -> None:
        for number, line in enumerate(self.lines):
            line.setText(_escaped(value[number]) if value and number < len(value) else "")
        self._show_next()

    def _read(self) -> tuple[str, ...]:
        return tuple(_unescaped(line.text()) for line in self.lines if line.text())

    def _show_next(self) -> None:
        last = max((number for number, line in enumerate(self.lines) if line.text()), default=-1)
        for number, line in enumerate(self.lines):
            line.setVisible(number <= last + 1)


class PairsField(Field):
    """An object as a small table of names and values. ``read_value`` makes a value of a text, or raises
    ``ValueError``; ``check_name`` raises it for a name."""

    def __init__(
        self,
        theme: Theme,
        parameter: Parameter,
        names: str,
        values: str,
        read_value: Callable[[str], Any] = str,
        check_name: Callable[[str], None] = lambda name: None,
    ) -> None:
        super().__init__(theme, parameter)
        self._headings = names, values
        self._read_value, self._check_name = read_value, check_name
        self.rows: list[tuple[QLineEdit, QLineEdit, IconButton]] = []
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.px(4))
        self._grid.setColumnStretch(0, 2)
        self._grid.setColumnStretch(1, 3)
        self.add = button(f"Add {names.lower()}")
        self.add.setObjectName(parameter.name)
        self.add.setProperty("pill", True)
        self.add.setAutoDefault(False)
        self.add.clicked.connect(lambda: self._add_row().setFocus())
        self.add.setAccessibleName(f"{parameter.label}: add {names.lower()}")
        # Above the rows, so that Tab goes from the top down through rows that come later.
        self.column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addLayout(self._grid)
        self.column.addWidget(self._problem)

    @property
    def first(self) -> QWidget:
        return self.add

    def show_value(self, value: Any) -> None:
        for row in list(self.rows):
            self._drop(row)
        for name, member in (value or {}).items():
            self._add_row(str(name), f"{member:g}" if isinstance(member, float) else str(member))

    def _add_row(self, name: str = "", value: str = "") -> QLineEdit:
        remove = IconButton(self.theme, "x", f"Remove {self._headings[0].lower()}")
        row = QLineEdit(name), QLineEdit(value), remove
        for line, heading in zip(row[:2], self._headings, strict=True):
            line.setAccessibleName(f"{self.parameter.label}: {heading.lower()}")
            line.setPlaceholderText(heading)
            line.editingFinished.connect(lambda: self.take(self._read))
        below = self._grid.rowCount()
        for place, part in enumerate(row):
            self._grid.addWidget(part, below, place)
        row[2].clicked.connect(lambda: self._removed(row))
        previous: QWidget = self.rows[-1][2] if self.rows else self.add
        for part in row:
            QWidget.setTabOrder(previous, part)
            previous = part
            # Where it is shown already, or it could not have the focus yet.
            part.setVisible(True)
        self.rows.append(row)
        return row[0]

    def _removed(self, row: tuple[QLineEdit, QLineEdit, IconButton]) -> None:
        self._drop(row)
        self.add.setFocus()
        self.take(self._read)

    def _drop(self, row: tuple[QLineEdit, QLineEdit, IconButton]) -> None:
        self.rows.remove(row)
        for part in row:
            self._grid.removeWidget(part)
            part.hide()
            part.deleteLater()

    def _read(self) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        for name_line, value_line, _ in self.rows:
            name, text = name_line.text().strip(), value_line.text().strip()
            if not name and not text:
                continue
            if not name or not text:
                kept: dict[str, Any] | None = self.value
                return kept  # half written: the other half may be next
            self._check_name(name)
            if name in found:
                raise ValueError(f"{name} is there twice.")
            found[name] = self._read_value(text)
        return found or None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _unescaped(text: str) -> str:
    plain = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
    return re.sub(r"\\([nrt\\])", lambda found: plain[found[1]], text)
