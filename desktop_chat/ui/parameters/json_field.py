"""A JSON object that is written by hand, checked as it is typed."""

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop_chat.domain.parameters import Parameter
from desktop_chat.ui.json_object import read_object
from desktop_chat.ui.json_view.writing import lines
from desktop_chat.ui.parameters.fields import Field
from desktop_chat.ui.theme import Theme

DELAY = 250
"""Milliseconds without a key after which what is written is read."""


class JsonField(Field):
    """An object, or nothing. ``example`` stands in the empty field."""

    def __init__(self, theme: Theme, parameter: Parameter, example: str, *, height: int = 96) -> None:
        super().__init__(theme, parameter)
        self._height = height
        self.editor = QPlainTextEdit()
        self.editor.setObjectName(parameter.name)
        self.editor.setAccessibleName(parameter.label)
        self.editor.setPlaceholderText(example)
        self.editor.setTabChangesFocus(True)
        self._timer = QTimer(self, singleShot=True, interval=DELAY)
        self._timer.timeout.connect(self.read)
        self.editor.textChanged.connect(self._timer.start)
        self.column.addWidget(self.editor)
        self.column.addWidget(self._problem)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def first(self) -> QWidget:
        return self.editor

    def read(self) -> bool:
        """Take what is written now. Whether it can be used."""
        self._timer.stop()
        return self.take(lambda: read_object(self.editor.toPlainText()))

    def show_value(self, value: Any) -> None:
        self._timer.stop()
        self.editor.blockSignals(True)
        self.editor.setPlainText("\n".join(lines(value)) if value is not None else "")
        self.editor.blockSignals(False)

    def _restyle(self) -> None:
        self.editor.setFont(self.theme.code_font(12.5))
        self.editor.setFixedHeight(self.theme.px(self._height))
