"""The transcript for screen readers: how they come to know of it, and what they are told happens in it.

What they find in it is imported when one asks.
"""

from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QAccessibleInterface,
    QAccessibleTextCursorEvent,
    QAccessibleTextInsertEvent,
    QAccessibleTextRemoveEvent,
    QAccessibleTextSelectionEvent,
)

from desktop_chat.ui.transcript.leaves import common_length, units

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.accessible_items import TranscriptList
    from desktop_chat.ui.transcript.view import Transcript

MAX_INSERTED = 4000
"""Characters that one event tells of; a reader asks for the text itself."""


_interfaces: list["TranscriptList"] = []
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
    from desktop_chat.ui.transcript.accessible_items import TranscriptList

    # Qt asks again when PySide has changed the class of the object, and deletes every interface that it got
    # with the object: it must get a new one each time. It keeps no reference to the Python object, which must
    # not go before that.
    _interfaces[:] = [interface for interface in _interfaces if shiboken6.isValid(interface)]
    _interfaces.append(TranscriptList(item))
    item.destroyed.connect(_interfaces[-1].forget_items)
    return _interfaces[-1]


# What happened. Nothing is done where nobody listens.


def children_changed(view: "Transcript") -> None:
    """The list has other items now."""
    found = _list(view)
    if found is not None:
        QAccessible.updateAccessibility(QAccessibleEvent(view, QAccessible.Event.ObjectReorder))
        found.forget_others()


def text_changed(view: "Transcript", index: int) -> None:
    """A message says something else."""
    _notify(view, index, QAccessible.Event.ValueChanged)


def focus_changed(view: "Transcript", index: int) -> None:
    """The keyboard is at another message."""
    _notify(view, index, QAccessible.Event.Focus)


def selection_changed(view: "Transcript") -> None:
    """The caret moved, or something else is selected."""
    found, head = _list(view), view.selection.head
    if found is None or head is None:
        return
    item = found.item(view.rows.messages[head[0]].id)
    text = item.text_interface
    QAccessible.updateAccessibility(QAccessibleTextCursorEvent(item, text.offset(head) or 0))
    start, end = text.selected() or (0, 0)
    QAccessible.updateAccessibility(QAccessibleTextSelectionEvent(item, start, end))


def begin_text(view: "Transcript", message_id: str) -> None:
    """A message begins to grow: what it says by now was told when it was added."""
    found = _list(view)
    if found is not None:
        found.growing, found.grown = message_id, found.item(message_id).text_interface.whole()


def text_inserted(view: "Transcript", message_id: str) -> None:
    """A message has grown."""
    found = _list(view)
    if found is None or found.growing != message_id:
        return
    item = found.item(message_id)
    before, now = found.grown, item.text_interface.whole()
    found.grown = now
    same = common_length(before, now)
    if same < len(before):
        gone = before[same:][:MAX_INSERTED]
        QAccessible.updateAccessibility(QAccessibleTextRemoveEvent(item, units(before[:same]), gone))
    if same < len(now):
        came = now[same:][:MAX_INSERTED]
        QAccessible.updateAccessibility(QAccessibleTextInsertEvent(item, units(now[:same]), came))


def _list(view: "Transcript") -> "TranscriptList | None":
    if not QAccessible.isActive() or view.window().isHidden():
        return None
    from desktop_chat.ui.transcript.accessible_items import TranscriptList

    found = QAccessible.queryAccessibleInterface(view)
    return found if isinstance(found, TranscriptList) else None


def _notify(view: "Transcript", index: int, event: QAccessible.Event) -> None:
    found = _list(view)
    child = found.child(index) if found is not None else None
    if child is not None:
        QAccessible.updateAccessibility(QAccessibleEvent(child, event))
