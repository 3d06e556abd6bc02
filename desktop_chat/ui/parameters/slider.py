"""A number with both ends as a slider."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from desktop_chat.domain.parameters import Parameter
from desktop_chat.ui.buttons import UNSET, IconButton
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

NOT_TAKEN = "not taken"
"""What stands for a parameter that the model rejected."""
_DEFAULTS = {"temperature": 1.0, "top_p": 1.0}
"""Where the handle stands of what is unset: the API's own default, else 0."""


class NumberSlider(QWidget):
    """A parameter in its steps that can also be unset, so that the model's default holds.

    ``changed`` carries the value, None for unset.
    """

    changed = Signal(object)

    def __init__(
        self, theme: Theme, parameter: Parameter, parent: QWidget | None = None, *, in_line: bool = False
    ) -> None:
        """With ``in_line`` the slider and its value stand side by side; ``name`` and ``reset`` are then the
        caller's to place."""
        super().__init__(parent)
        assert parameter.minimum is not None
        assert parameter.maximum is not None
        self._theme = theme
        self._parameter = parameter
        self._value: float | None = None
        self._rejected = ""
        name = parameter.label
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName(parameter.name)
        self.slider.setAccessibleName(name)
        self.slider.setRange(self._ticks(parameter.minimum), self._ticks(parameter.maximum))
        self.slider.setPageStep(5)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderPressed.connect(self._moved)
        self.name = label(name)
        if not in_line:
            self.name.setProperty("role", "detail")
        self.name.setBuddy(self.slider)
        self._shown = label()
        self._shown.setProperty("role", "dim")
        self.reset = IconButton(theme, "rotate-ccw", f"Use the model's default {_in_a_sentence(name)}")
        self.reset.setObjectName(f"reset{parameter.name.title().replace('_', '')}")
        self.reset.clicked.connect(self._reset)
        # Setting a value must not move what is below it.
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        row = QHBoxLayout()
        self.column.addLayout(row)
        if in_line:
            row.addWidget(self.slider, 1)
            row.addWidget(self._shown)
            self._shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            theme.changed.connect(self._restyle)
            self._restyle()
        else:
            row.addWidget(self.name)
            row.addStretch(1)
            row.addWidget(self.reset)
            row.addWidget(self._shown)
            self.column.addWidget(self.slider)
        self.set_value(None)

    def set_value(self, value: float | None) -> None:
        """Show ``value``; None is the unset state."""
        self._value = value
        shown = _DEFAULTS.get(self._parameter.name, 0.0) if value is None else value
        self.slider.blockSignals(True)
        self.slider.setValue(self._ticks(shown))
        self.slider.blockSignals(False)
        self._show()

    def set_rejected(self, why: str) -> None:
        """Say that the model does not take it, in the words ``why``; empty where it does."""
        self._rejected = why
        self.slider.setEnabled(not why)
        self._show()

    def _restyle(self) -> None:
        """The slider is as long whatever its value says."""
        metrics = QFontMetrics(self._theme.font(12.5))
        widest = max(map(metrics.horizontalAdvance, (UNSET, NOT_TAKEN)))
        self._shown.setMinimumWidth(widest + self._theme.px(8))

    def _ticks(self, value: float) -> int:
        return round(value / self._parameter.step)

    def _moved(self) -> None:
        # The step's own digits: 0.1 * 3 is not 0.3.
        value = round(self.slider.value() * self._parameter.step, 6)
        if value != self._value:
            self._value = value
            self._show()
            self.changed.emit(value)

    def _reset(self) -> None:
        self.set_value(None)
        self.slider.setFocus()
        self.changed.emit(None)

    def _show(self) -> None:
        unset = self._value is None
        digits = 1 if self._parameter.step >= 0.1 else 2
        text = UNSET if self._value is None else f"{self._value:.{digits}f}"
        if self._rejected:
            text = NOT_TAKEN
        self._shown.setText(text)
        self.slider.setAccessibleDescription(f"{text}. {self._rejected}" if self._rejected else text)
        self.reset.setVisible(not unset)
        if self.slider.property("unset") != unset:
            self.slider.setProperty("unset", unset)
            self.slider.style().unpolish(self.slider)
            self.slider.style().polish(self.slider)


def _in_a_sentence(name: str) -> str:
    return name[0].lower() + name[1:]
