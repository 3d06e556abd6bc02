"""What keys do in the transcript."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from desktop_chat.ui.announcing import announce
from desktop_chat.ui.transcript.row import Action

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

_VERSIONS = {Qt.Key.Key_Left: Action.PREVIOUS, Qt.Key.Key_Right: Action.NEXT}
SELECT_MESSAGE = "Ctrl+Shift+A"
DETAILS = "Alt+Return"
CARET_ON = "The arrow keys move the caret. F7 ends that."
CARET_OFF = "The arrow keys scroll."


class Keyboard:
    """The keys of a view: scrolling, moving between messages, copying."""

    def __init__(self, view: "Transcript") -> None:
        self._view = view

    def press(self, event: QKeyEvent) -> None:
        """Do what a key says; one that says nothing here is ignored, for the window."""
        view, key = self._view, event.key()
        bar = view.verticalScrollBar()
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
        )
        steps = {
            Qt.Key.Key_Up: -bar.singleStep(),
            Qt.Key.Key_Down: bar.singleStep(),
            Qt.Key.Key_PageUp: -bar.pageStep(),
            Qt.Key.Key_PageDown: bar.pageStep(),
        }
        if self.claims(event):
            view.selection.collapse()
            view.offer_selection()
        elif event.matches(QKeySequence.StandardKey.Copy):
            view.copy_selection()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            view.select_all()
        elif QKeySequence(event.keyCombination()) == QKeySequence(SELECT_MESSAGE):
            self._select_message()
        elif (alt and key == Qt.Key.Key_Up) or (plain and key == Qt.Key.Key_P):
            self._move_current(-1)
        elif (alt and key == Qt.Key.Key_Down) or (plain and key == Qt.Key.Key_N):
            self._move_current(1)
        elif key == Qt.Key.Key_F7 and not event.modifiers():
            self._toggle_browsing()
        elif view.caret.press(event):
            return
        elif alt and key in _VERSIONS and view.has_current():
            view.trigger(view.current, _VERSIONS[Qt.Key(key)])
        elif alt and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and view.has_current():
            if not view.rows.row(view.current).is_user:
                view.trigger(view.current, Action.DETAILS)
        elif plain and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            if not view.sideways.step(1 if key == Qt.Key.Key_Right else -1):
                event.ignore()
        elif plain and key in steps:
            view.scroll_by(steps[Qt.Key(key)])
        elif key == Qt.Key.Key_Home and not alt:
            view.scroll_to_start()
        elif key == Qt.Key.Key_End and not alt:
            view.scroll_to_end()
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and view.open_link_at_caret():
            return
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Menu) and view.has_current():
            view.menu_of_current()
        elif plain and key == Qt.Key.Key_Space and view.has_current():
            view.trigger(view.current, Action.FOLD)
        elif plain and key == Qt.Key.Key_Space:
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            view.scroll_by(-bar.pageStep() if back else bar.pageStep())
        else:
            event.ignore()

    def claims(self, event: QEvent) -> bool:
        """Whether a key does something here first that is a shortcut of the window."""
        return (
            isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and not event.modifiers()
            and not self._view.selection.is_empty
        )

    def _toggle_browsing(self) -> None:
        self._view.caret.toggle_browsing()
        words = CARET_ON if self._view.caret.browsing else CARET_OFF
        self._view.told.emit(words)
        announce(self._view, words)

    def _select_message(self) -> None:
        """The one that the keyboard is at, else the one that the caret is in, else the last."""
        view, head = self._view, self._view.selection.head
        last = len(view.rows.messages) - 1
        index = view.current if view.has_current() else last if head is None else min(head[0], last)
        if index >= 0:
            view.select_message(index)

    def _move_current(self, step: int) -> None:
        view = self._view
        count = len(view.rows.messages)
        if not count:
            return
        if not view.has_current():
            visible = [index for index, _y in view.rows.visible]
            target = (visible[-1] if visible else count - 1) if step < 0 else (visible[0] if visible else 0)
        else:
            target = max(0, min(count - 1, view.current + step))
        view.set_current(target)
