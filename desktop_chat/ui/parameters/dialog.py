"""Every parameter of the requests of a chat, in groups."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QDialog, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from desktop_chat.domain.parameters import PARAMETERS, Group, Parameters
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.parameters.fields import ChoiceField
from desktop_chat.ui.parameters.json_field import JsonField
from desktop_chat.ui.parameters.row import ParameterRow
from desktop_chat.ui.parameters.target import Target
from desktop_chat.ui.parameters.words import choice_name, has, warnings
from desktop_chat.ui.safe import label, one_line
from desktop_chat.ui.theme import Theme

SIZE = (600, 660)
NARROW = 480
"""Where there is less, names stand above their fields."""


class ParametersDialog(QDialog):
    """A window of its own, not modal: it follows the chat that is shown. What is changed holds at once.

    ``changed`` carries the name and the value of a parameter, ``retried`` the name of one that the model
    rejected and that is to be tried again.
    """

    changed = Signal(str, object)
    retried = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("parameters")
        self.setAccessibleName("Parameters")
        self.setWindowTitle("Parameters")
        self._theme = theme
        self._zoom = theme.zoom
        self.rows = {parameter.name: ParameterRow(theme, parameter) for parameter in PARAMETERS}
        self._intro = words(theme, size=12.5, color="dim")
        self.warning = words(theme, size=12.5, color="warn")
        self.warning.setObjectName("parametersWarning")
        content = QWidget()
        self._content = QVBoxLayout(content)
        self._headings: dict[Group, QLabel] = {}
        for group in Group:
            heading = self._headings[group] = label(group.value)
            heading.setProperty("role", "strong")
            self._content.addWidget(heading)
            for made in self.rows.values():
                if made.parameter.group is group:
                    self._content.addWidget(made)
                    made.changed.connect(self.changed)
                    made.retried.connect(self.retried)
        self._content.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # What is in it scrolls into view as it gets the focus; a stop of its own would say nothing.
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(content)
        self._reset = button("Reset all")
        self._reset.clicked.connect(self._reset_all)
        close = button("Close")
        close.clicked.connect(self.reject)
        for each in (self._reset, close):
            each.setAutoDefault(False)
        self._foot = row(theme, self._reset, None, close)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._head = QVBoxLayout()
        self._head.addWidget(self._intro)
        self._head.addWidget(self.warning)
        self._column.addLayout(self._head)
        self._column.addWidget(area, 1)
        self._column.addLayout(self._foot)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.resize(self.sizeHint().boundedTo(self.screen().availableSize()))

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))

    def show_parameters(self, parameters: Parameters, target: Target) -> None:
        """Show ``parameters``, as ``target`` gets them."""
        dialect = parameters.dialect or target.dialect
        model = one_line(target.model) or "The model"
        self._intro.setText(
            f"For this chat. What is left at its default is not sent: {model} decides."
            if target.model
            else "For this chat. What is left at its default is not sent."
        )
        choice = self.rows["dialect"].control
        if isinstance(choice, ChoiceField):
            choice.box.setItemText(0, f"as its endpoint: {choice_name(target.dialect)}")
        told = "\n".join(warnings(parameters))
        self.warning.setText(told)
        self.warning.setVisible(bool(told))
        for name, made in self.rows.items():
            made.show_state(
                getattr(parameters, name),
                has_it=has(made.parameter, dialect),
                dialect=dialect,
                rejected_by=model if name in target.rejected else "",
            )
        for group, heading in self._headings.items():
            heading.setVisible(
                any(not made.isHidden() for made in self.rows.values() if made.parameter.group is group)
            )

    def done(self, result: int) -> None:
        """What was just typed holds too."""
        for made in self.rows.values():
            if isinstance(made.control, JsonField):
                made.control.read()
        super().done(result)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for made in self.rows.values():
            made.set_narrow(self.width() < self._theme.px(NARROW))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter ends the editing of a value; it does not press a button elsewhere."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def _reset_all(self) -> None:
        for name in self.rows:
            self.changed.emit(name, None)

    def _restyle(self) -> None:
        px = self._theme.px
        if self._zoom != self._theme.zoom:
            room = self.screen().availableSize()
            self.resize((self.size() * (self._theme.zoom / self._zoom)).boundedTo(room))
            self._zoom = self._theme.zoom
        self._head.setContentsMargins(px(24), px(16), px(24), px(8))
        self._head.setSpacing(px(6))
        self._column.setContentsMargins(0, 0, 0, 0)
        self._content.setContentsMargins(px(24), 0, px(16), px(12))
        self._content.setSpacing(px(12))
        for heading in self._headings.values():
            heading.setContentsMargins(0, px(8), 0, 0)
        self._foot.setContentsMargins(px(24), px(10), px(24), px(16))
