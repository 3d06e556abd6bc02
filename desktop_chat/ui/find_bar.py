"""The bar over the transcript's upper edge where the user finds text in the chat."""

import sys
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_chat.domain.search import Term
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import RADIUS_CODE, Theme
from desktop_chat.ui.transcript.find import Query
from desktop_chat.ui.transcript.find_words import Words
from desktop_chat.ui.transcript.finder import Finder

HINT_MILLISECONDS = 2500
SAY_MILLISECONDS = 500
"""How long a count stays the same before screen readers are told."""
LONGEST = 200
"""Characters of a selection that become the text to be found."""


class FindBar(QWidget):
    """Hidden until :meth:`open`; what is typed is looked for at once. ``resized`` asks to be placed anew."""

    resized = Signal()

    def __init__(self, theme: Theme, finder: Finder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("findBar")
        self.setAccessibleName("Find in chat")
        self._theme, self._finder = theme, finder
        self._came_from: QWidget | None = None
        self._words: Words | None = None

        self.field = QLineEdit()
        self.field.setObjectName("findField")
        self.field.setAccessibleName("Find in chat")
        self.field.setPlaceholderText("Find in chat")
        self.field.textChanged.connect(self._look)
        self.count = label()
        self.count.setObjectName("findCount")
        self.count.setProperty("role", "dim")
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.hint = label()
        self.hint.setProperty("role", "dim")
        self.hint.hide()
        self.case = self._toggle("case-sensitive", "Match case", "Alt+C")
        self.word = self._toggle("whole-word", "Match whole words", "Alt+W")
        self.previous = IconButton(theme, "chevron-up", "Previous hit (Shift+Enter)")
        self.previous.clicked.connect(finder.previous)
        self.next = IconButton(theme, "chevron-down", "Next hit (Enter)")
        self.next.clicked.connect(finder.next)
        self.close_button = IconButton(theme, "x", "Close (Esc)")
        self.close_button.clicked.connect(self.close_bar)

        self._row = QHBoxLayout()
        self._row.addWidget(self.field, 1)
        self._row.addWidget(self.count)
        for button in (self.case, self.word, self.previous, self.next, self.close_button):
            self._row.addWidget(button)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._row)
        self._column.addWidget(self.hint)

        self._hint_time = QTimer(self, interval=HINT_MILLISECONDS, singleShot=True)
        self._hint_time.timeout.connect(self._hide_hint)
        self._say_time = QTimer(self, interval=SAY_MILLISECONDS, singleShot=True)
        self._say_time.timeout.connect(self._say)
        finder.changed.connect(self._show_count)
        finder.wrapped.connect(self._show_hint)
        theme.changed.connect(self._restyle)
        self.hide()
        self._restyle()
        self._show_count()

    @property
    def tab_order(self) -> tuple[QWidget, ...]:
        """What Tab stops at, in order."""
        return self.field, self.case, self.word, self.previous, self.next, self.close_button

    def open(self, selected: str = "") -> None:
        """Show the bar and let the user type; a ``selected`` text of one line is what is looked for."""
        focus = QApplication.focusWidget()
        if focus is not None and not self.isAncestorOf(focus):
            self._came_from = focus
        text = selected.strip()
        if text and "\n" not in text and len(text) <= LONGEST:
            self.field.setText(text)
        self.show()
        self.raise_()
        self.resized.emit()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._look()

    def show_terms(self, terms: Sequence[Term], row: int) -> None:
        """Mark what a search of all chats looked for, and go to the first of it in the message at ``row``.
        The focus stays; what is typed into the field is looked for as usual."""
        self._words = Words(tuple(terms))
        self.field.blockSignals(True)
        self.field.setText(self._words.text)
        self.field.blockSignals(False)
        self.show()
        self.raise_()
        self.resized.emit()
        self._finder.find(self._words, row)

    def close_bar(self) -> None:
        """Hide the bar; the focus goes back to where it was, and the hit stays selected."""
        if self.isHidden():
            return
        focus, back = QApplication.focusWidget(), self._came_from
        had_focus = focus is not None and self.isAncestorOf(focus)
        self._came_from = None
        self._hide_hint()
        self._say_time.stop()
        self.hide()
        self._finder.find(None)
        if had_focus and back is not None and back.isVisible():
            back.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Esc is the bar's here: it must not stop an answer."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Also what the field does not take for itself comes here."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.field.hasFocus():
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self._finder.previous if back else self._finder.next)()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colors.line)
        painter.setBrush(self._theme.colors.raised)
        radius = self._theme.px(RADIUS_CODE)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _toggle(self, image: str, name: str, keys: str) -> IconButton:
        if sys.platform == "darwin":
            # Alt alone types letters there.
            keys = f"Ctrl+{keys}"
        sequence = QKeySequence(keys)
        hint = sequence.toString(QKeySequence.SequenceFormat.NativeText)
        button = IconButton(self._theme, image, f"{name} ({hint})")
        button.setAccessibleName(name)
        button.setCheckable(True)
        button.setProperty("toggle", True)
        button.toggled.connect(self._look)
        action = QAction(self)
        action.setShortcut(sequence)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(button.toggle)
        self.addAction(action)
        return button

    def _look(self) -> None:
        if not self.isHidden():
            query = Query(self.field.text(), self.case.isChecked(), self.word.isChecked())
            is_own = self._words is None or query != Query(self._words.text)
            self._finder.find(query if is_own else self._words)

    def _show_count(self) -> None:
        finder = self._finder
        total, more = finder.total, "" if finder.is_complete and not finder.is_full else "+"
        if finder.query is None:
            words = ""
        elif not total:
            words = "Searching…" if more else "No results"
        elif finder.number:
            words = f"{finder.number:,} of {total:,}{more}"
        else:
            words = f"{total:,}{more} found"
        for button in (self.previous, self.next):
            button.setEnabled(total > 0)
        if words != self.count.text():
            self.count.setText(words)
            self.count.setAccessibleName(words)
            self.field.setAccessibleDescription(words)
            if not self.isHidden():
                self._say_time.start()

    def _say(self) -> None:
        words = ", ".join(text for text in (self.count.text(), self.hint.text()) if text)
        if words:
            announce(self, words)

    def _show_hint(self, from_top: bool) -> None:
        self.hint.setText("Went on from the top" if from_top else "Went on from the end")
        self.hint.show()
        self._hint_time.start()
        self._say_time.start()
        self.resized.emit()

    def _hide_hint(self) -> None:
        self._hint_time.stop()
        self.hint.clear()
        self.hint.hide()
        self.resized.emit()

    def _restyle(self) -> None:
        px = self._theme.px
        self.count.setMinimumWidth(self.count.fontMetrics().horizontalAdvance("88 of 888+") + px(4))
        self._row.setSpacing(px(2))
        self._row.setContentsMargins(0, 0, 0, 0)
        self._column.setContentsMargins(px(8), px(6), px(6), px(6))
        self._column.setSpacing(px(2))
        self.resized.emit()
