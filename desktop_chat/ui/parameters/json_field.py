"""A JSON object that is written by hand, checked as it is typed."""

import json
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop_chat.domain.parameters import Parameter
from desktop_chat.ui.json_view.writing import lines
from desktop_chat.ui.parameters.fields import Field
from desktop_chat.ui.theme import Theme

DELAY = 250
"""Milliseconds without a key after which what is written is read."""
LONGEST = 500_000
"""Characters: what is longer is no parameter, and would hold up whoever types."""


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


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object of a text, None of an empty one. Raises ``ValueError`` with a plain sentence."""
    if not text.strip():
        return None
    if len(text) > LONGEST:
        raise ValueError(f"That is too long: at most {LONGEST:,} characters.")
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ValueError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise ValueError("That is nested too deep.") from error
    if not isinstance(value, dict):
        raise ValueError("It has to be an object: { … }.")
    _finite(value)
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON.")


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"“{twice[:40]}” is there twice.")
    return found


def _finite(value: Any) -> None:
    """A number beyond every float, which Python reads as infinity, has no JSON to be sent as."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, float) and abs(part) == float("inf"):
            raise ValueError("A number is too large.")
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
