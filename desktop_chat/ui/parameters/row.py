"""One parameter in the window of all: its name, its field, what it does, and a way back to the default."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.parameters import Kind, Parameter, is_empty
from desktop_chat.ui.buttons import UNSET, IconButton, LabelButton
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.parameters.fields import ChoiceField, Field, LineField, PairsField, TextsField
from desktop_chat.ui.parameters.format_field import FormatField
from desktop_chat.ui.parameters.json_field import JsonField
from desktop_chat.ui.parameters.slider import NumberSlider
from desktop_chat.ui.parameters.words import choice_name
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

LABEL_WIDTH = 150
LINE_HEIGHT = 34
_HELP = {"stop": " \\n stands for a line break."}
"""What is to be said of a field beside what its parameter does."""
_DEFAULTS = {"stream": "default (on)", "store": "default (off)"}
"""What the program does where nothing is set, where that is not the server's to decide."""
MOST_BIAS = 100


class ParameterRow(QWidget):
    """``changed`` carries the name and the value, None for unset; ``retried`` the name of a parameter that
    the model rejected and that is to be tried again."""

    changed = Signal(str, object)
    retried = Signal(str)

    def __init__(self, theme: Theme, parameter: Parameter) -> None:
        super().__init__()
        self._theme = theme
        self.parameter = parameter
        self.control = _control(theme, parameter)
        self.control.changed.connect(self._changed)
        self.name: QLabel
        if isinstance(self.control, NumberSlider):
            self.first: QWidget = self.control.slider
            self.name, self.reset = self.control.name, self.control.reset
        else:
            self.first = self.control.first
            self.name = label(parameter.label)
            self.name.setBuddy(self.first)
            self.reset = IconButton(theme, "rotate-ccw", f"{parameter.label}: use the default")
            policy = self.reset.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            self.reset.setSizePolicy(policy)
            self.reset.clicked.connect(self._reset)
            self.first.setAccessibleDescription(parameter.help)
        # The wheel scrolls past what has not the focus.
        self.first.installEventFilter(self)
        help_text = parameter.help + _HELP.get(parameter.name, "")
        self._help = words(theme, help_text, size=12.5, color="dim")
        self.note = words(theme, size=12.5, color="warn")
        self.retry = LabelButton(theme, "rotate-ccw", "Try again", color="dim", size=13)
        self.retry.setAccessibleName(f"Try {parameter.label} again")
        self.retry.setProperty("flat", True)
        self.retry.clicked.connect(lambda: self.retried.emit(parameter.name))
        self._is_narrow: bool | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self.set_narrow(False)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_narrow(self, narrow: bool) -> None:
        """Whether the name stands above the field instead of beside it."""
        if narrow == self._is_narrow:
            return
        self._is_narrow = narrow
        below = (self.control, self._help, self.note, self.retry)
        for part in (self.name, self.reset, *below):
            self._grid.removeWidget(part)
        top, left = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignLeft
        self._grid.addWidget(self.name, 0, 0, top)
        for line, part in enumerate(below, start=1 if narrow else 0):
            align = left if part is self.retry else Qt.AlignmentFlag(0)
            self._grid.addWidget(part, line, 0 if narrow else 1, 1, 3 if narrow else 1, align)
        # Last: Tab goes from the field to its reset.
        self._grid.addWidget(self.reset, 0, 2, top)

    def show_state(self, value: Any, *, has_it: bool, dialect: Dialect, rejected_by: str) -> None:
        """Show ``value``. Without ``has_it`` the dialect has no such parameter; ``rejected_by`` names the
        model that does not take it, and is empty where none said so."""
        unset = is_empty(value)
        self.setVisible(has_it or not unset)
        self.control.set_value(None if value == () else value)
        self.control.setEnabled(not rejected_by)
        if isinstance(self.control, NumberSlider):
            self.control.set_rejected(rejected_by and f"{rejected_by} does not take this")
        is_wrong = isinstance(self.control, Field) and bool(self.control.problem)
        self.reset.setVisible(not unset or is_wrong)
        note = ""
        if not has_it:
            note = f"Not sent: {choice_name(dialect)} has no such parameter."
        elif rejected_by:
            note = f"{rejected_by} said that it does not take this, so it is not sent."
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.retry.setVisible(bool(rejected_by) and has_it)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False

    def _changed(self, value: Any) -> None:
        self.changed.emit(self.parameter.name, value)

    def _reset(self) -> None:
        """Also what cannot be used, and so was never set, goes."""
        assert isinstance(self.control, Field)
        self.control.clear()
        self.first.setFocus()
        self.changed.emit(self.parameter.name, None)

    def _restyle(self) -> None:
        px = self._theme.px
        self._grid.setHorizontalSpacing(px(12))
        self._grid.setVerticalSpacing(px(2))
        self.name.setFixedWidth(px(LABEL_WIDTH))
        self.name.setMinimumHeight(px(LINE_HEIGHT))


def _control(theme: Theme, parameter: Parameter) -> Field | NumberSlider:
    match parameter.kind:
        case Kind.NUMBER:
            return NumberSlider(theme, parameter, in_line=True)
        case Kind.CHOICE | Kind.SWITCH:
            return ChoiceField(theme, parameter, _DEFAULTS.get(parameter.name, UNSET))
        case Kind.TEXTS:
            return TextsField(theme, parameter)
        case Kind.FORMAT:
            return FormatField(theme, parameter)
        case Kind.OBJECT if parameter.choices == ("number",):
            return PairsField(theme, parameter, "Token", "Bias, -100 to 100", _bias, _token)
        case Kind.OBJECT if parameter.choices:
            return PairsField(theme, parameter, "Name", "Text")
        case Kind.OBJECT:
            return JsonField(theme, parameter, '{"name": "value"}')
    return LineField(theme, parameter)


def _bias(text: str) -> float:
    try:
        bias = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        raise ValueError(f"“{text[:40]}” is not a number.") from None
    if not -MOST_BIAS <= bias <= MOST_BIAS:
        raise ValueError("A bias is between -100 and 100.")
    return int(bias) if bias.is_integer() else bias


def _token(name: str) -> None:
    if not (name.isascii() and name.isdecimal() and len(name) <= 9):
        raise ValueError(f"“{name[:40]}” is not the number of a token.")
