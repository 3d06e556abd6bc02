"""What an answer has to be: text, JSON, or JSON that fits a schema, which is checked as it is written."""

import re
from concurrent.futures import CancelledError, Future
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_chat.domain.parameters import FormatKind, Group, Kind, Parameter, ResponseFormat
from desktop_chat.ui.card_parts import recolor, words
from desktop_chat.ui.parameters.fields import Field, choice_box
from desktop_chat.ui.parameters.json_field import JsonField
from desktop_chat.ui.parameters.words import FORMATS
from desktop_chat.ui.theme import Theme
from desktop_chat.validation import check_schema
from desktop_chat.worker import WorkerError

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
EXAMPLE = """{
  "type": "object",
  "properties": {"answer": {"type": "string"}},
  "required": ["answer"],
  "additionalProperties": false
}"""
_SCHEMA = Parameter(
    "schema", "Schema", Group.FORMAT, Kind.OBJECT, "The JSON Schema that answers have to fit."
)


class FormatField(Field):
    """The schema is carried on as soon as it is an object; what is wrong with it as a schema is told."""

    _checked = Signal(object)

    def __init__(self, theme: Theme, parameter: Parameter) -> None:
        super().__init__(theme, parameter)
        self.box = choice_box(parameter)
        for kind, name in FORMATS.items():
            self.box.addItem(name, kind)
        self.name = QLineEdit()
        self.name.setObjectName("schemaName")
        self.name.setAccessibleName("Name of the schema")
        self.name.setPlaceholderText("answer")
        self.strict = QCheckBox("Strict")
        self.strict.setObjectName("schemaStrict")
        self.strict.setToolTip("The server makes sure that the answer fits")
        self.schema = JsonField(theme, _SCHEMA, EXAMPLE, height=170)
        self.verdict = words(theme, size=12.5, color="dim")
        self.verdict.setObjectName("schemaVerdict")
        line = QHBoxLayout()
        line.setSpacing(theme.px(12))
        line.addWidget(self.name, 1)
        line.addWidget(self.strict)
        self._more = QWidget()
        inner = QVBoxLayout(self._more)
        inner.setContentsMargins(0, theme.px(4), 0, 0)
        inner.setSpacing(theme.px(6))
        inner.addLayout(line)
        inner.addWidget(self.schema)
        inner.addWidget(self.verdict)
        self.column.addWidget(self.box)
        self.column.addWidget(self._more)
        self.column.addWidget(self._problem)
        self._asked: Future[list[str]] | None = None
        self._checked.connect(self._show_verdict)
        self.box.activated.connect(lambda: self._chosen())
        self.name.editingFinished.connect(self._chosen)
        self.strict.clicked.connect(self._chosen)
        self.schema.changed.connect(lambda _: self._chosen())
        self.schema.problem_changed.connect(self._show_more)
        self.show_value(None)

    @property
    def first(self) -> QWidget:
        return self.box

    def show_value(self, value: Any) -> None:
        given = value if isinstance(value, ResponseFormat) else None
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(max(0, self.box.findData(given.kind if given else None)))
        if given is not None and given.kind is FormatKind.JSON_SCHEMA:
            self.name.setText(given.name)
            self.strict.setChecked(given.strict)
            self.schema.set_value(given.schema)
        elif given is None:
            self.name.clear()
            self.strict.setChecked(True)
            self.schema.clear()
        self._show_more()

    def _chosen(self) -> None:
        self.take(self._read)
        self._show_more()

    def _read(self) -> ResponseFormat | None:
        kind = self.box.currentData()
        if kind is None:
            return None
        if kind != FormatKind.JSON_SCHEMA:
            return ResponseFormat(FormatKind(kind))
        name = self.name.text().strip() or "answer"
        if not NAME.fullmatch(name):
            raise ValueError("The name: at most 64 of a–z, A–Z, 0–9, _ and -.")
        return ResponseFormat(FormatKind.JSON_SCHEMA, name, self.schema.value, self.strict.isChecked())

    def _show_more(self) -> None:
        with_schema = self.box.currentData() == FormatKind.JSON_SCHEMA
        self._more.setVisible(with_schema)
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        if not with_schema:
            return
        if self.schema.problem or self.schema.value is None:
            # What is kept is what was valid last; to judge that would answer to another text.
            self._tell("" if self.schema.problem else "Without a schema the answer is text.", "dim")
            return
        self._tell("Checking…", "dim")
        self._asked = check_schema(dict(self.schema.value), strict=self.strict.isChecked())
        self._asked.add_done_callback(self._pass_on)

    def _pass_on(self, done: "Future[list[str]]") -> None:
        try:
            self._checked.emit(done)
        except RuntimeError:
            return  # the window was closed meanwhile

    def _show_verdict(self, done: "Future[list[str]]") -> None:
        if done is not self._asked:
            return
        self._asked = None
        try:
            problems = done.result()
        except (WorkerError, CancelledError):
            self._tell("The schema could not be checked.", "warn")
            return
        if problems:
            more = f"\nand {len(problems) - 3} more" if len(problems) > 3 else ""
            self._tell("\n".join(problems[:3]) + more, "error")
        else:
            self._tell("A valid schema", "ok")

    def _tell(self, text: str, color: str) -> None:
        self.verdict.setText(text)
        self.verdict.setVisible(bool(text))
        recolor(self.verdict, color)
        self.schema.editor.setAccessibleDescription(text or _SCHEMA.help)
