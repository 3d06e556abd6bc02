import time
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.session import ChatSession
from desktop_chat.ui.palette import Palette
from desktop_chat.ui.palette.rows import Row, RowKind
from desktop_chat.ui.window import Window
from tests.ui.shell.conftest import Running, dialogs, running, theme, until

__all__ = ["Ctrl", "add_chat", "dialogs", "find", "hits", "opened", "running", "said", "theme"]

Ctrl = Qt.KeyboardModifier.ControlModifier


async def add_chat(running: Running, title: str, texts: Sequence[str], *, index: bool = True) -> Conversation:
    """A stored chat with these messages, the user's and a model's by turns; it is not opened."""
    conversation = Conversation(new_id(), title, title_source="user", used_at=time.time())
    messages: list[Message] = []
    for number, text in enumerate(texts):
        role = Role.ASSISTANT if number % 2 else Role.USER
        parent = messages[-1].id if messages else None
        messages.append(
            Message(new_id(), parent, role, [Part(PartKind.TEXT, text)], created_at=time.time(), model="demo")
        )
    conversation.active_leaf = messages[-1].id
    await running.store.begin_turn(conversation, messages)
    if index:
        running.chats.indexing.wake()
        await running.chats.indexing.settled()
    return conversation


def said(palette: Palette) -> list[str]:
    """What a screen reader finds in each row."""
    rows = palette.rows
    return [str(rows.index(n).data(Qt.ItemDataRole.AccessibleTextRole)) for n in range(rows.rowCount())]


def hits(palette: Palette) -> list[Row]:
    return [row for row in palette.rows.rows if row.kind is RowKind.HIT]


async def find(window: Window, text: str, count: int = 1) -> Palette:
    """Open the palette of ``window`` by its key, type, and wait for so many hits."""
    window.activateWindow()
    QTest.keyClick(window.chat.composer.text_edit, Qt.Key.Key_K, Ctrl)
    QTest.keyClicks(window.palette_.field, text)
    await until(lambda: window.palette_.count.text() and len(hits(window.palette_)) == count)
    return window.palette_


async def opened(window: Window, conversation_id: str) -> ChatSession:
    """Wait until ``window`` shows a chat."""
    await until(lambda: window.session is not None and window.session.conversation.id == conversation_id)
    assert window.session is not None
    return window.session
