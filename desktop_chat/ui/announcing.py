"""Sentences that a screen reader says although the focus stays where it is."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget


def announce(source: QObject, text: str, *, at_once: bool = False) -> None:
    """Have a screen reader say ``text`` when it has finished what it says now, or instead of that.

    Nothing is said of a window that is hidden, as all are behind the app lock.
    """
    if isinstance(source, QWidget) and source.window().isHidden():
        return
    event = QAccessibleAnnouncementEvent(source, text)
    if at_once:
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)
