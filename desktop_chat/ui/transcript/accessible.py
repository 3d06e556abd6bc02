"""The transcript for screen readers: a list with one item per message, each with its rendered text.

PySide asks for an interface's address in ``interface_cast``: a Python object or None there is a crash as soon
as a screen reader asks, so it is ``VoidPtr``, of the address or of 0.
"""

from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QAccessibleTextInterface
from PySide6.QtWidgets import QAccessibleWidget

from desktop_chat.ui.transcript.leaves import cut, units

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript


class MessageText(QAccessibleTextInterface):
    """The text of one message, as it is shown."""

    def __init__(self, view: "Transcript", message_id: str) -> None:
        super().__init__()
        self._view, self._id = view, message_id

    @property
    def _text(self) -> str:
        index = self._view.rows.index.get(self._id)
        return "" if index is None else self._view.rendered_text(index)

    def characterCount(self) -> int:
        return units(self._text)

    def text(self, start: int, end: int) -> str:
        return cut(self._text, max(0, start), end)

    def cursorPosition(self) -> int:
        return 0

    def setCursorPosition(self, position: int) -> None:
        """There is no caret to move."""

    def selectionCount(self) -> int:
        return 0

    def selection(self, index: int) -> tuple[int, int]:
        return (0, 0)

    def addSelection(self, start: int, end: int) -> None:
        """Selecting is done with the pointer or as a whole."""

    def removeSelection(self, index: int) -> None:
        """See :meth:`addSelection`."""

    def setSelection(self, index: int, start: int, end: int) -> None:
        """See :meth:`addSelection`."""

    def characterRect(self, offset: int) -> QRect:
        return QRect()

    def offsetAtPoint(self, point: QPoint) -> int:
        return 0

    def scrollToSubstring(self, start: int, end: int) -> None:
        index = self._view.rows.index.get(self._id)
        if index is not None:
            self._view.set_current(index)

    def attributes(self, offset: int) -> tuple[str, int, int]:
        return ("", 0, units(self._text))


class MessageItem(QAccessibleInterface):
    """One message as a list item."""

    def __init__(self, view: "Transcript", message_id: str) -> None:
        super().__init__()
        self._view, self.message_id = view, message_id
        self._text = MessageText(view, message_id)
        self._address = shiboken6.VoidPtr(shiboken6.getCppPointer(self._text)[0])
        self._nothing = shiboken6.VoidPtr(0)

    @property
    def _index(self) -> int:
        return self._view.rows.index.get(self.message_id, -1) if shiboken6.isValid(self._view) else -1

    def isValid(self) -> bool:
        return self._index >= 0

    def object(self) -> QObject | None:  # type: ignore[override]
        return None

    def window(self) -> Any:
        return self._view.window().windowHandle()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.readOnly = True
        state.focusable = True
        state.multiLine = True
        index = self._index
        state.focused = index >= 0 and index == self._view.current and self._view.hasFocus()
        state.invisible = index < 0
        state.offscreen = index not in [number for number, _y in self._view.rows.visible]
        return state

    def text(self, kind: QAccessible.Text) -> str:
        index = self._index
        if index < 0:
            return ""
        if kind == QAccessible.Text.Name:
            return self._view.speaker(index)
        if kind in (QAccessible.Text.Value, QAccessible.Text.Description):
            return (
                self._view.rendered_text(index)
                if kind == QAccessible.Text.Value
                else self._view.notice(index)
            )
        return ""

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Messages are not edited here."""

    def rect(self) -> QRect:
        index = self._index
        return QRect() if index < 0 else self._view.row_rect_on_screen(index)

    def parent(self) -> QAccessibleInterface:
        return QAccessible.queryAccessibleInterface(self._view)

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        return self._address if kind == QAccessible.InterfaceType.TextInterface else self._nothing


class TranscriptList(QAccessibleWidget):
    """The transcript as a list."""

    def __init__(self, view: "Transcript") -> None:
        super().__init__(view, QAccessible.Role.List, "Transcript")
        self._view = view
        self._items: dict[str, MessageItem] = {}

    def childCount(self) -> int:
        return len(self._view.rows.messages)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        messages = self._view.rows.messages
        if not 0 <= index < len(messages):
            return None
        return self.item(messages[index].id)

    def item(self, message_id: str) -> MessageItem:
        item = self._items.get(message_id)
        if item is None:
            item = self._items[message_id] = MessageItem(self._view, message_id)
            QAccessible.registerAccessibleInterface(item)
        return item

    def forget_items(self) -> None:
        """Have Qt delete the items. They belong to no widget, with which it would."""
        for item in self._items.values():
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(item))
        self._items.clear()

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if isinstance(child, MessageItem):
            return self._view.rows.index.get(child.message_id, -1)
        return -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        point = self._view.viewport().mapFromGlobal(QPoint(x, y))
        index = self._view.row_index_at(point.y())
        return None if index is None else self.child(index)

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]
        return self.child(self._view.current) if self._view.hasFocus() else None


_interfaces: list[TranscriptList] = []
_installed = False


def install() -> None:
    """Teach Qt's accessibility about the transcript; further calls do nothing."""
    global _installed
    if not _installed:
        _installed = True
        QAccessible.installFactory(_make)


def _make(_class_name: str, item: QObject | None) -> QAccessibleInterface | None:
    from desktop_chat.ui.transcript.view import Transcript

    if not isinstance(item, Transcript):
        return None
    # Qt asks again when PySide has changed the class of the object, and deletes every interface that it got
    # with the object: it must get a new one each time. It keeps no reference to the Python object, which must
    # not go before that.
    _interfaces[:] = [interface for interface in _interfaces if shiboken6.isValid(interface)]
    _interfaces.append(TranscriptList(item))
    item.destroyed.connect(_interfaces[-1].forget_items)
    return _interfaces[-1]


def children_changed(view: "Transcript") -> None:
    """The list has other items now."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleEvent(view, QAccessible.Event.ObjectReorder))


def text_changed(view: "Transcript", index: int) -> None:
    """A message says something else."""
    _notify(view, index, QAccessible.Event.ValueChanged)


def focus_changed(view: "Transcript", index: int) -> None:
    """The keyboard is at another message."""
    _notify(view, index, QAccessible.Event.Focus)


def _notify(view: "Transcript", index: int, event: QAccessible.Event) -> None:
    if not QAccessible.isActive():
        return
    interface = QAccessible.queryAccessibleInterface(view)
    child = interface.child(index) if interface is not None else None
    if child is not None:
        QAccessible.updateAccessibility(QAccessibleEvent(child, event))
