"""A form: labelled fields, each with a hint and, where its value cannot be used, a sentence below it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from desktop_chat.ui.card_parts import words
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

LABEL_WIDTH = 132
NARROW = 420
"""Pixels at 100 %; in a narrower form labels stand above their fields."""

Read = Callable[[], object]


@dataclass(eq=False)
class _Row:
    label: QLabel | None
    field: QWidget
    below: QLabel | None
    hint: str
    error: QLabel
    read: Read | None
    tall: bool
    shown: bool = True


class Form(QWidget):
    """Fields one below the other, by name."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._rows: dict[str, _Row] = {}
        self._is_narrow = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        theme.changed.connect(self._arrange)
        self._arrange()

    def add(
        self,
        name: str,
        text: str,
        field: QWidget,
        hint: str = "",
        *,
        read: Read | None = None,
        tall: bool = False,
    ) -> None:
        """Add a row at the end. ``read`` gives the value for :meth:`read`, or raises ``ValueError`` with a
        plain sentence. A field with a text of its own (a check box) has an empty ``text``; the label of one
        that is ``tall`` stands beside its first line.
        """
        made = None
        if text:
            made = label(text)
            made.setBuddy(field)
            target = _target(field)
            if not (target.accessibleName() or isinstance(target, QAbstractButton)):
                target.setAccessibleName(text)
        below = words(self.theme, hint, size=12.5, color="dim") if hint else None
        error = words(self.theme, size=12.5, color="error")
        error.hide()
        _target(field).setAccessibleDescription(hint)
        if isinstance(field, QAbstractSpinBox):
            # Qt leaves the style sheet's padding out of the place of a spin box's text.
            field.lineEdit().setTextMargins(self.theme.px(9), 0, 0, 0)
            field.valueChanged.connect(lambda: self.correct(name))  # type: ignore[attr-defined]
        elif isinstance(field, QLineEdit):
            field.textEdited.connect(lambda: self.correct(name))
        self._rows[name] = _Row(made, field, below, hint, error, read, tall)
        self._arrange()

    def set_read(self, name: str, read: Read) -> None:
        """Give a row what :meth:`add` takes as ``read``."""
        self._rows[name].read = read

    def has(self, name: str) -> bool:
        return name in self._rows

    def set_label(self, name: str, text: str) -> None:
        row = self._rows[name]
        row.field.setAccessibleName(text)
        if row.label is not None:
            row.label.setText(text)

    def set_hint(self, name: str, hint: str) -> None:
        """Another hint for a row that was made with one."""
        row = self._rows[name]
        row.hint = hint
        if row.below is not None:
            row.below.setText(hint)
            row.below.setVisible(row.shown and bool(hint) and row.error.isHidden())
        if row.error.isHidden():
            _target(row.field).setAccessibleDescription(hint)

    def show_row(self, name: str, shown: bool) -> None:
        """Show or hide a row; what is hidden is not read."""
        row = self._rows[name]
        changes = row.shown != shown
        row.shown = shown
        row.field.setVisible(shown)
        if row.label is not None:
            row.label.setVisible(shown)
        has_error = shown and bool(row.error.text())
        row.error.setVisible(has_error)
        if row.below is not None:
            row.below.setVisible(shown and bool(row.hint) and not has_error)
        if changes:
            self._arrange()

    def tell(self, name: str, sentence: str) -> None:
        """Say below a field what is wrong with it."""
        row = self._rows[name]
        row.error.setText(sentence)
        _target(row.field).setAccessibleDescription(sentence)
        self.show_row(name, row.shown)

    def correct(self, name: str) -> None:
        """Say no more that anything is wrong with a field."""
        row = self._rows[name]
        if row.error.text():
            row.error.setText("")
            _target(row.field).setAccessibleDescription(row.hint)
            self.show_row(name, row.shown)

    def complaint(self, name: str) -> str:
        """What is said of a field that cannot be used, empty where nothing is."""
        return self._rows[name].error.text()

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """The values of the rows that are shown, and the names of those with none that can be used; what is
        wrong is told below them."""
        values: dict[str, Any] = {}
        wrong = []
        for name, row in self._rows.items():
            if row.read is None or not row.shown:
                continue
            try:
                values[name] = row.read()
            except ValueError as error:
                wrong.append(name)
                self.tell(name, str(error))
            else:
                self.correct(name)
        return values, wrong

    def focus_on(self, name: str) -> None:
        """Put the cursor into a field."""
        self._rows[name].field.setFocus(Qt.FocusReason.OtherFocusReason)

    def minimumSizeHint(self) -> QSize:
        """Narrow enough for the labels to go above the fields."""
        hint = super().minimumSizeHint()
        return hint if self._is_narrow else QSize(min(hint.width(), self.theme.px(NARROW) - 1), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (self.width() < self.theme.px(NARROW)) != self._is_narrow:
            self._is_narrow = not self._is_narrow
            self._arrange()

    def _arrange(self) -> None:
        px, grid = self.theme.px, self._grid
        while grid.count():
            grid.takeAt(0)
        for line in range(grid.rowCount()):
            grid.setRowMinimumHeight(line, 0)
            grid.setRowStretch(line, 0)
        grid.setHorizontalSpacing(px(16))
        grid.setVerticalSpacing(0)
        grid.setColumnMinimumWidth(0, 0 if self._is_narrow else px(LABEL_WIDTH))
        grid.setColumnStretch(1, 1)
        line = 0
        first = 0 if self._is_narrow else 1
        for row in self._rows.values():
            if not row.shown:
                continue
            if row.label is not None:
                row.label.setContentsMargins(0, px(8) if row.tall else 0, 0, px(3) if self._is_narrow else 0)
                where = Qt.AlignmentFlag.AlignTop if row.tall else Qt.AlignmentFlag.AlignVCenter
                grid.addWidget(row.label, line, 0, 1, 2 - first, where)
                line += self._is_narrow
            where = Qt.AlignmentFlag.AlignLeft if _is_short(row.field) else Qt.AlignmentFlag(0)
            grid.addWidget(row.field, line, first, 1, 2 - first, where)
            for below in (row.below, row.error):
                if below is not None:
                    line += 1
                    below.setContentsMargins(0, px(3), 0, 0)
                    grid.addWidget(below, line, first, 1, 2 - first)
            grid.setRowMinimumHeight(line + 1, px(10))
            line += 2
        grid.setRowStretch(line, 1)


def _target(field: QWidget) -> QWidget:
    """What has the focus where ``field`` is given it: what a screen reader tells of."""
    return field.focusProxy() or field


def _is_short(field: QWidget) -> bool:
    return isinstance(field, QAbstractSpinBox | QAbstractButton)
