"""The composer: where the user writes, below the transcript."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Protocol

from PySide6.QtCore import QEvent, QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QFocusEvent,
    QHideEvent,
    QInputMethodEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_chat.domain.message import Draft, Part
from desktop_chat.ui.attachments.chips import Chips
from desktop_chat.ui.attachments.sources import AttachButton
from desktop_chat.ui.buttons import EffortButton, IconButton, LabelButton
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.safe import label, one_line, tool_tip
from desktop_chat.ui.theme import RADIUS_COMPOSER, Theme

SPARE = 2
"""Pixels that QPlainTextEdit wants beyond its lines, or it can be scrolled by one."""
LINES = 8
"""The height up to which the text grows before it scrolls, in lines."""
LONGEST_WORD = 10_000
"""Characters. Where words are longer, lines break anywhere: looking for a better place takes Qt the square of
their length, 0.7 s for 100,000 characters and 90 s for a million."""
SMALLEST_STATUS = 110
"""What the status keeps of the bar before the meter gives way, in the design's pixels."""
DRAFT_DELAY = 300
"""Milliseconds without a key after which the draft is handed on."""
MOST_TOLD = 3
"""Attachments of which it is said why they were refused, or what to know of them."""


class Taker(Protocol):
    """Attaches what is pasted and dropped."""

    def wants(self, mime: QMimeData) -> bool:
        """Whether something of it can be attached."""

    def take(self, mime: QMimeData) -> bool:
        """Attach it; False where it is to be written into the text."""


class MessageEdit(QPlainTextEdit):
    """The text itself. Enter or Ctrl+Enter submits, Shift+Enter breaks the line."""

    submitted = Signal()
    up_when_empty = Signal()
    back_when_empty = Signal()
    focus_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self.setAccessibleName("Message")
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("QPlainTextEdit { border: none; padding: 0; background: transparent; }")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.send_with_enter = True
        self.taker: Taker | None = None
        self._composing = False
        self._just_composed = False
        self._theme = theme
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        theme.changed.connect(self._restyle)
        self._restyle()

    def text(self) -> str:
        return without_lone_surrogates(self.toPlainText())

    def replace_all(self, text: str) -> None:
        """Put ``text`` in place of all that is there, as one step that can be undone."""
        self._get_ready_for(text)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)

    def setPlainText(self, text: str) -> None:
        self._get_ready_for(text)
        super().setPlainText(text)
        if not has_long_words(text):
            # Only here, where nothing can be undone: Undo would bring the long word back.
            self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(event)
        elif event.key() == Qt.Key.Key_Up and self.document().isEmpty() and not self._composing:
            self.up_when_empty.emit()
        elif event.key() == Qt.Key.Key_Backspace and self.document().isEmpty() and not self._composing:
            # One that is held down ends with the text.
            if not event.isAutoRepeat():
                self.back_when_empty.emit()
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        composing = bool(event.preeditString())
        if self._composing and not composing:
            # Some input methods pass on the Enter that ended the composition, within the same event.
            self._just_composed = True
            QTimer.singleShot(0, self, self._composition_over)
        self._composing = composing
        super().inputMethodEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if self.taker is not None and self.taker.take(source):
            return
        if source.hasText():
            text = source.text().replace("\0", "")
            self._get_ready_for(self.toPlainText() + text)
            self.insertPlainText(text)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText() or self._is_to_be_attached(source)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """What is to be attached is left to what is behind, as everywhere else on the chat."""
        if self._is_to_be_attached(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            # Lines that break elsewhere are not told as another size of the document.
            self._fit()

    def _is_to_be_attached(self, mime: QMimeData) -> bool:
        return self.taker is not None and self.taker.wants(mime)

    def _enter(self, event: QKeyEvent) -> None:
        if self._composing or self._just_composed:
            event.accept()
            return
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain = modifiers == Qt.KeyboardModifier.NoModifier
        if modifiers == Qt.KeyboardModifier.ControlModifier or (plain and self.send_with_enter):
            self.submitted.emit()
        else:
            self.insertPlainText("\n")
            self.ensureCursorVisible()

    def _get_ready_for(self, text: str) -> None:
        """Choose, before ``text`` is laid out, where its lines may break."""
        if has_long_words(text):
            self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)

    def _composition_over(self) -> None:
        self._just_composed = False

    def _fit(self) -> None:
        lines = int(self.document().documentLayout().documentSize().height())
        first = self.document().firstBlock()
        line = self.blockBoundingRect(first).height() / max(1, first.lineCount())
        self.setFixedHeight(ceil(max(1, min(lines, LINES)) * line) + SPARE)
        shown = (
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if lines > LINES else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self.setVerticalScrollBarPolicy(shown)

    def _restyle(self) -> None:
        self.setFont(self._theme.font())
        # The placeholder is in the viewport's font, which does not follow by itself under a style sheet.
        self.viewport().setFont(self._theme.font())
        self._fit()


def has_long_words(text: str) -> bool:
    """Whether lines of ``text`` have to break anywhere: see :data:`LONGEST_WORD`."""
    return any(len(word) > LONGEST_WORD for word in text.split())


def without_lone_surrogates(text: str) -> str:
    """``text`` with halves of surrogate pairs replaced: no file and no request can hold them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Composer(QFrame):
    """A card with the attachments, the text, the reasoning effort, and one button that sends or stops.

    Text and attachments stay until :meth:`accepted` says that they are safe.
    """

    send_requested = Signal(str)
    stop_requested = Signal()
    text_changed = Signal()
    """The text or the attachments changed."""
    draft_changed = Signal(str)
    """The text of the draft; :attr:`attachments` are those of it, as they are for ``edit_changed``."""
    edit_changed = Signal(str, str)
    """The id of the message that is being edited, and its text so far."""
    edit_ended = Signal(str)
    edit_last_requested = Signal()
    reasoning_changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self._theme = theme
        self._busy = False
        self._draft = self._edit = ""
        self._draft_parts: tuple[Part, ...] = ()
        self._edit_parts: tuple[Part, ...] = ()
        self._parts: tuple[Part, ...] = ()
        self._reading: tuple[tuple[str, object], ...] = ()
        self._waits = False
        self._model = ""
        self.editing: str | None = None
        """The id of the user's message that is being edited."""

        self.text_edit = MessageEdit(theme)
        self.text_edit.submitted.connect(self._submit)
        self.text_edit.textChanged.connect(self._text_changed)
        self.text_edit.up_when_empty.connect(self.edit_last_requested)
        self.text_edit.focus_changed.connect(self.update)
        self.setFocusProxy(self.text_edit)
        self.chips = Chips(theme)
        self.chips.removed.connect(self.remove_attachment)
        self.chips.left.connect(self.text_edit.setFocus)
        self.text_edit.back_when_empty.connect(lambda: self.chips.focus(-1))
        self._note = words(theme, size=12.5, color="error")
        self._note.setObjectName("attachNote")
        self._note.hide()
        self._told: list[str] = []
        self._doubt = words(theme, size=12.5, color="warn")
        self._doubt.setObjectName("attachDoubt")
        self._doubt.hide()

        self._edit_bar = QFrame()
        self._edit_bar.setProperty("surface", "bar")
        edit_words = label("Editing a message — Esc to cancel")
        edit_words.setProperty("role", "dim")
        cancel = IconButton(theme, "x", "Cancel editing")
        cancel.clicked.connect(self.cancel_edit)
        edit_row = QHBoxLayout(self._edit_bar)
        edit_row.setContentsMargins(10, 0, 2, 0)
        edit_row.addWidget(edit_words, 1)
        edit_row.addWidget(cancel)
        self._edit_bar.hide()

        self.attach = AttachButton(theme)
        self.reasoning = EffortButton(theme, "sparkles", "Reasoning: ")
        self.reasoning.setObjectName("reasoning")
        self.reasoning.setToolTip("How much the model thinks before it answers")
        self.reasoning.chosen.connect(self.reasoning_changed)

        self.send_button = LabelButton(theme, "corner-down-left", "Send", trailing=True)
        self.send_button.setObjectName("sendButton")
        self.send_button.setProperty("primary", True)
        self.send_button.clicked.connect(self._send_or_stop)

        self.meter = label()
        self.meter.setObjectName("draftTokens")
        self.meter.setProperty("role", "dim")
        self.meter.setAccessibleName("What would be sent")
        self._metered: Sequence[str] = ("",)
        self._status: QWidget | None = None

        self._bar = QHBoxLayout()
        self._bar.addWidget(self.attach)
        self._bar.addWidget(self.reasoning)
        self._bar.addWidget(self.meter)
        self._bar.addStretch(1)
        self._bar.addWidget(self.send_button)
        self._column = QVBoxLayout(self)
        self._text_row = QHBoxLayout()
        self._text_row.addWidget(self.text_edit)
        self._edit_row = QHBoxLayout()
        self._edit_row.addWidget(self._edit_bar)
        self._chips_row = QVBoxLayout()
        self._chips_row.addWidget(self.chips)
        self._chips_row.addWidget(self._doubt)
        self._chips_row.addWidget(self._note)
        self._column.addLayout(self._edit_row)
        self._column.addLayout(self._chips_row)
        self._column.addLayout(self._text_row)
        self._column.addLayout(self._bar)

        self._draft_timer = QTimer(self, singleShot=True, interval=DRAFT_DELAY)
        self._draft_timer.timeout.connect(self._hand_on_draft)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_busy(False)

    @property
    def text(self) -> str:
        return self.text_edit.text()

    @property
    def attachments(self) -> tuple[Part, ...]:
        """What goes with the text, in its order."""
        return self._parts

    @property
    def draft(self) -> Draft:
        """The text and what goes with it."""
        return Draft(self.text, self._parts)

    def set_attachments(self, parts: Sequence[Part]) -> None:
        """Have other attachments go with the text that is there."""
        if tuple(parts) != self._parts:
            self._show_parts(parts)
            self._text_changed()

    def remove_attachment(self, index: int) -> None:
        self.tell("")
        self.set_attachments((*self._parts[:index], *self._parts[index + 1 :]))

    def show_reading(self, reading: Sequence[tuple[str, object]], *, waits: bool) -> None:
        """Show what is being read: names, and what ``chips.cancelled`` is to tell. While that ``waits``,
        nothing is sent."""
        self._reading, self._waits = tuple(reading), waits
        self._show_parts(self._parts)
        self._show_state()

    def tell(self, text: str) -> None:
        """Say below the attachments one thing more, why something is none; an empty text takes all away."""
        self._told = [*self._told, text] if text else []
        more = len(self._told) - MOST_TOLD
        lines = [*self._told[:MOST_TOLD], f"And {more:,} more."] if more > 0 else self._told
        self._note.setText("\n".join(lines))
        self._note.setVisible(bool(text))

    def doubt(self, text: str) -> None:
        """Say below the attachments why they would hardly be taken; an empty text takes that away."""
        self._doubt.setText(text)
        self._doubt.setVisible(bool(text))

    def insert_status(self, widget: QWidget) -> None:
        """Show ``widget`` in the bar, after what would be sent."""
        self._status = widget
        self._bar.insertWidget(3, widget, 1000)
        widget.show()
        self._fit_meter()

    def show_meter(self, words: Sequence[str], tip: str, *, warns: bool = False) -> None:
        """Show what would be sent: of ``words``, the longest first, those that there is room for.

        A screen reader finds the first; it is not told of every change.
        """
        self._metered = words
        self.meter.setAccessibleDescription(words[0])
        self.meter.setToolTip(tool_tip(tip))
        role = "warn" if warns else "dim"
        if self.meter.property("role") != role:
            self.meter.setProperty("role", role)
            self.meter.style().unpolish(self.meter)
            self.meter.style().polish(self.meter)
        self._fit_meter()

    def set_draft(self, text: str, parts: Sequence[Part] = ()) -> None:
        """Begin with ``text`` and ``parts``, which are another chat's: nothing before can be undone."""
        self._end_edit()
        self.tell("")
        self._draft_timer.stop()
        self.text_edit.blockSignals(True)
        self.text_edit.setPlainText(text)
        self.text_edit.blockSignals(False)
        self.text_edit.moveCursor(QTextCursor.MoveOperation.End)
        self._draft, self._draft_parts = text, tuple(parts)
        self._show_parts(parts)
        self._show_state()
        self.text_changed.emit()

    def flush_draft(self) -> None:
        """Hand on the draft or the edit now, before the chat changes or the window closes."""
        self._draft_timer.stop()
        self._hand_on_draft()

    def accepted(self, text: str, parts: Sequence[Part] = ()) -> None:
        """``text`` and ``parts`` have been saved: take them away, but not what came since."""
        self.tell("")
        left = list(self._parts)
        for part in parts:
            # The same may have been attached once more.
            if part in left:
                left.remove(part)
        self.set_attachments(left)
        now = self.text_edit.text()
        if now.startswith(text):
            self.text_edit.replace_all(now[len(text) :])
        self.flush_draft()

    def restore_draft(self, text: str, parts: Sequence[Part] = ()) -> None:
        """Put the draft of the last run before what has been typed and attached in this one."""
        self.set_attachments((*(part for part in parts if part not in self._parts), *self._parts))
        self.flush_draft()
        if text and text not in (self._draft, self.text):
            QTextCursor(self.text_edit.document()).insertText(f"{text}\n\n" if self.text else text)
            self.flush_draft()

    def follow(self, draft: Draft, edited: str | None = None) -> None:
        """Another window changed the draft, or the edit of a message: show it, unless something was typed
        here since."""
        if self.editing != edited:
            self._draft, self._draft_parts = draft.text, draft.parts
        elif self.draft == Draft(*self._handed_on) and edited is not None and not draft:
            self.finish_edit()
        elif self.draft == Draft(*self._handed_on) != draft:
            self._show_parts(draft.parts)
            self.text_edit.replace_all(draft.text)
            self.flush_draft()

    def add(self, text: str) -> None:
        """Put ``text`` behind what is there."""
        now = self.text
        if not now.endswith(text):
            self.text_edit.replace_all(f"{now}\n\n{text}" if now.strip() else text)

    def start_edit(self, message_id: str, text: str, parts: Sequence[Part] = ()) -> None:
        """Edit a message that was sent; the draft waits until that is over."""
        self.flush_draft()
        self.tell("")
        if self.editing is None:
            self._draft, self._draft_parts = self.text, self._parts
        self.editing, self._edit, self._edit_parts = message_id, text, tuple(parts)
        self._edit_bar.show()
        self._show_parts(parts)
        self.text_edit.replace_all(text)
        self._text_changed()
        self.text_edit.setFocus()

    def cancel_edit(self) -> None:
        """Leave the message as it is, and go on with the draft."""
        if (edited := self.editing) is not None:
            self._end_edit()
            self.edit_ended.emit(edited)
            self.tell("")
            self._show_parts(self._draft_parts)
            self.text_edit.replace_all(self._draft)
            self._text_changed()
            self.text_edit.setFocus()

    def finish_edit(self) -> None:
        """The edited message has been saved: go on with the draft."""
        self.cancel_edit()

    def set_busy(self, busy: bool) -> None:
        """While an answer is being written, the button stops it."""
        self._busy = busy
        self.send_button.set_text("Stop" if busy else "Send")
        self.send_button.setAccessibleName("Stop" if busy else "Send")
        self._show_state()
        self._fit_meter()

    def set_model(self, model: str) -> None:
        name = one_line(model)
        self._model = model
        self._show_parts(self._parts)
        self.text_edit.setPlaceholderText(f"Message {name}" if name else "Write a message")

    def set_send_with_enter(self, value: bool) -> None:
        self.text_edit.send_with_enter = value
        self._show_state()

    def event(self, event: QEvent) -> bool:
        """Take Esc from the window's Stop while a message is being edited."""
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escape and self.editing is not None:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.cancel_edit()
                return True
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.flush_draft()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_meter()

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = self._theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.text_edit.hasFocus()
        painter.setPen(QPen(colors.accent if focused else colors.line, 1))
        painter.setBrush(colors.raised)
        radius = self._theme.px(RADIUS_COMPOSER)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _send_or_stop(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        else:
            self._submit()

    def _submit(self) -> None:
        if self._can_send and not self._busy:
            self.send_requested.emit(self.text)

    def _text_changed(self) -> None:
        self._draft_timer.start()
        self._show_state()
        self.text_changed.emit()

    def _fit_meter(self) -> None:
        """Show as much of what would be sent as cuts nothing else short."""
        margins, px = self._column.contentsMargins(), self._theme.px
        room = self.width() - margins.left() - margins.right() - 4 * self._bar.spacing()
        room -= self.meter.contentsMargins().right()
        for beside in (self.attach, self.reasoning, self.send_button):
            room -= beside.sizeHint().width()
        if self._status is not None and self._status.parent() is self:
            room -= px(SMALLEST_STATUS) + self._bar.spacing()
        width = self.meter.fontMetrics().horizontalAdvance
        words = next((one for one in self._metered if width(one) <= room), "")
        if words != self.meter.text():
            self.meter.setText(words)
        self.meter.setVisible(bool(words))

    @property
    def _handed_on(self) -> tuple[str, tuple[Part, ...]]:
        """What was handed on last of what is being written."""
        return (self._draft, self._draft_parts) if self.editing is None else (self._edit, self._edit_parts)

    def _hand_on_draft(self) -> None:
        text, parts = self.text, self._parts
        if self.editing is None and (text, parts) != self._handed_on:
            self._draft, self._draft_parts = text, parts
            self.draft_changed.emit(text)
        elif self.editing is not None and (self._waits or (text, parts) != self._handed_on):
            # What is being read is added to what is kept, also of an edit that has changed nothing yet.
            self._edit, self._edit_parts = text, parts
            self.edit_changed.emit(self.editing, text)

    def _show_parts(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self.chips.show_parts(self._parts, self._reading, self._model)
        # Made last, they would be the last stops of the whole window.
        for before, after in pairwise((self.text_edit, *self.chips.chips)):
            QWidget.setTabOrder(before, after)

    @property
    def _can_send(self) -> bool:
        if self._waits:
            return False
        return bool(self._parts) or bool(self.text_edit.document().toPlainText().strip())

    def _end_edit(self) -> None:
        self.editing = None
        self._edit_bar.hide()

    def _show_state(self) -> None:
        can_send = self._can_send
        self.send_button.setEnabled(self._busy or can_send)
        image = "stop" if self._busy else "corner-down-left"
        self.send_button.set_image(image, "on_accent" if self._busy or can_send else "dim")
        keys = "Enter" if self.text_edit.send_with_enter else "Ctrl+Enter"
        tip = "The files are still being read" if self._waits else f"Send ({keys})"
        self.send_button.setToolTip(tool_tip("Stop the answer (Esc)" if self._busy else tip))

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(6), px(12), px(14), px(10))
        for row in (self._edit_row, self._chips_row, self._text_row):
            row.setContentsMargins(px(8), 0, 0, 0)
        self._chips_row.setSpacing(px(6))
        self._column.setSpacing(px(10))
        self._bar.setSpacing(px(8))
        self.meter.setContentsMargins(0, 0, px(8), 0)
        self.reasoning.setMinimumWidth(px(30))
        self._bar.setContentsMargins(0, 0, 0, 0)
        self._show_state()
        self._fit_meter()
        self.update()
