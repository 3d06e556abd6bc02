"""The window of the trash: chats and messages that were deleted, to be restored or deleted for good."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QMenu, QVBoxLayout, QWidget

from desktop_chat.chats import DAY, Chats
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import TRASH_DAYS, DeletedMessage, Shelf, View
from desktop_chat.domain.message import Role
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.conversation_list import UNTITLED
from desktop_chat.ui.conversation_list.paging import Pages
from desktop_chat.ui.counts import counted
from desktop_chat.ui.notices import storage_reason
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.table import Index, Table, TableModel
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.times import recent

HEADS = {"Title": 220, "What": 150, "Deleted": 136, "Left": 84}
"""The columns, with their widths in the design's pixels."""
HINT = f"What is deleted stays here for {TRASH_DAYS} days. Then it goes for good."


@dataclass(frozen=True, slots=True)
class Deleted:
    """A row: a conversation by its number, or a message."""

    what: int | DeletedMessage


class TrashModel(TableModel):
    """Deleted conversations, the last first, then deleted messages."""

    def __init__(self, chats: Chats, tasks: Tasks, clock: Callable[[], float], parent: QObject) -> None:
        super().__init__(tuple(HEADS), parent)
        self._clock = clock
        self.pages = Pages(chats, tasks, self)
        self.pages.came.connect(self._came)

    def conversation(self, place: int) -> Conversation | None:
        """The conversation of a row, once it was read."""
        what = self.rows[place].what
        return self.pages[what] if isinstance(what, int) else None

    def want(self, first: int, last: int) -> None:
        """These rows are seen."""
        seen = self.rows[max(0, first) : last + 1]
        self.pages.want([each.what for each in seen if isinstance(each.what, int)])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        what = self.rows[index.row()].what
        chat = self.pages[what] if isinstance(what, int) else None
        if isinstance(what, DeletedMessage):
            whose = "Your message" if what.role == Role.USER else "Answer"
            texts = (one_line(what.excerpt), f"{whose} in “{one_line(what.title) or UNTITLED}”")
            deleted_at = what.deleted_at
        elif chat is not None:
            texts, deleted_at = (one_line(chat.title) or UNTITLED, "Chat"), chat.deleted_at or 0.0
        else:
            return ""
        if index.column() < len(texts):
            return texts[index.column()]
        now = self._clock()
        if index.column() == len(texts):
            return recent(_local(deleted_at), _local(now))
        left = TRASH_DAYS - int((now - deleted_at) // DAY)
        return counted(left, "day") if left > 1 else "1 day"

    def _came(self) -> None:
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(HEADS) - 1))


class TrashTable(Table):
    """Rows that are selected as a whole, several together."""

    restore_requested = Signal()
    delete_requested = Signal()

    def __init__(self, theme: Theme, model: TrashModel) -> None:
        super().__init__(theme, "Trash")
        self.setObjectName("trashed")
        self._trash = model
        self.setModel(model)
        self.setSelectionMode(Table.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(Table.SelectionBehavior.SelectRows)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
        self.set_widths(list(HEADS.values()), (0, 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        last = self.rowAt(self.viewport().height() - 1)
        self._trash.want(self.rowAt(0), last if last >= 0 else self._trash.rowCount() - 1)
        super().paintEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.delete_requested.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.restore_requested.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.selectionModel().hasSelection():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Restore").triggered.connect(self.restore_requested)
        menu.addAction("Delete for good…").triggered.connect(self.delete_requested)
        menu.popup(event.globalPos())


class TrashWindow(QDialog):
    """A window of its own, not modal. It is read anew while it is shown and something is deleted or
    restored."""

    def __init__(
        self,
        theme: Theme,
        chats: Chats,
        tasks: Tasks,
        clock: Callable[[], float] = time.time,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("trash")
        self.setWindowTitle("Trash")
        self.setAccessibleName("Trash")
        self._theme = theme
        self._chats = chats
        self._tasks = tasks
        self._reading: asyncio.Task[None] | None = None
        self._again = False
        self.model = TrashModel(chats, tasks, clock, self)
        self.table = TrashTable(theme, self.model)
        self._hint = words(theme, HINT, size=12.5, color="dim")
        self._hint.setObjectName("trashHint")
        self.restore = button("Restore", primary=True)
        self.restore.setObjectName("restore")
        self.delete = button("Delete for good…")
        self.delete.setObjectName("deleteForGood")
        self.empty = button("Empty the trash…")
        self.empty.setObjectName("emptyTrash")
        close = button("Close")
        px = theme.px
        layout = QVBoxLayout(self)
        layout.setContentsMargins(px(20), px(16), px(20), px(16))
        layout.setSpacing(px(12))
        layout.addWidget(self._hint)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(theme, self.empty, None, self.delete, self.restore, close))
        self.resize(px(720), px(480))
        self.restore.clicked.connect(self._restore)
        self.delete.clicked.connect(self._ask_to_delete)
        self.empty.clicked.connect(self._ask_to_empty)
        close.clicked.connect(self.close)
        self.table.restore_requested.connect(self._restore)
        self.table.delete_requested.connect(self._ask_to_delete)
        self.table.selectionModel().selectionChanged.connect(self._enable)
        chats.listed.connect(self._changed)
        self._enable()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._changed()

    def _changed(self) -> None:
        """Read what is in the trash, where it is looked at."""
        if not self.isVisible():
            return
        self._again = True
        if self._reading is None:
            self._reading = self._tasks.start(self._read(), "read the trash")

    async def _read(self) -> None:
        try:
            while self._again:
                self._again = False
                listing = await self._chats.listing(View(shelf=Shelf.TRASH))
                messages = await self._chats.deleted_messages()
                self.model.pages.listed()
                self._show([*map(Deleted, listing.seqs), *map(Deleted, messages)])
        except StorageError as error:
            self._hint.setText(storage_reason(error))
        finally:
            self._reading = None

    def _show(self, rows: list[Deleted]) -> None:
        if rows != self.model.rows:
            place = self.table.currentIndex().row()
            self.model.reset_rows(rows)
            if rows:
                self.table.selectRow(max(0, min(place, len(rows) - 1)))
        self._hint.setText(HINT if rows else "The trash is empty.")
        self._enable()

    def _enable(self) -> None:
        chosen = self.table.selectionModel().hasSelection() and bool(self.model.rows)
        for each in (self.restore, self.delete):
            each.setEnabled(chosen)
        self.empty.setEnabled(bool(self.model.rows))

    def _chosen(self) -> list[Deleted]:
        places = [
            place
            for area in self.table.selectionModel().selection().toList()
            for place in range(area.top(), area.bottom() + 1)
        ]
        return [self.model.rows[place] for place in sorted(set(places))]

    def _restore(self) -> None:
        chosen = self._chosen()

        async def restore() -> None:
            if ids := await self._ids(chosen):
                self._chats.restore(ids)
            if messages := _messages(chosen):
                self._chats.restore_messages(messages)

        self._do(restore())

    def _ask_to_delete(self) -> None:
        if not (chosen := self._chosen()):
            return
        title = "Delete this for good?" if len(chosen) == 1 else f"Delete these {len(chosen):,} for good?"

        async def delete() -> None:
            await self._chats.purge([*await self._ids(chosen), *_messages(chosen)])

        self._ask(title, "Delete", lambda: self._do(delete()))

    def _ask_to_empty(self) -> None:
        count = len(self.model.rows)
        title = "Empty the trash?" if count == 1 else f"Delete all {count:,} in the trash for good?"
        self._ask(title, "Empty the trash", lambda: self._do(self._chats.purge()))

    def _ask(self, title: str, act: str, done: Callable[[], None]) -> None:
        card = ConfirmCard(self._theme, self, title, "It cannot be brought back.", act)
        card.accepted.connect(done)
        card.show()

    async def _ids(self, chosen: Sequence[Deleted]) -> list[str]:
        seqs = [each.what for each in chosen if isinstance(each.what, int)]
        return [conversation.id for conversation in await self.model.pages.read(seqs)]

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        async def told() -> None:
            try:
                await work
            except StorageError as error:
                self._hint.setText(storage_reason(error))

        self._tasks.start(told(), "change the trash")


class ConfirmCard(Card):
    """Asks before something that cannot be undone; nothing is what Enter does first. It deletes itself when
    it closes."""

    def __init__(self, theme: Theme, host: QWidget, title: str, text: str, act: str) -> None:
        super().__init__(theme, host, 380, modal=True)
        self.setObjectName("confirm")
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.body.setSpacing(theme.px(8))
        self.body.addWidget(words(theme, title, size=16, bold=True))
        self.body.addWidget(words(theme, text, color="dim"))
        self.body.addSpacing(theme.px(8))
        cancel, confirm = button("Cancel"), button(act)
        confirm.setObjectName("confirmed")
        cancel.clicked.connect(self.reject)
        confirm.clicked.connect(self.accept)
        self.body.addLayout(row(theme, None, cancel, confirm))
        self.starts_at = cancel
        self.finished.connect(self.deleteLater)


def _messages(chosen: Sequence[Deleted]) -> list[str]:
    return [each.what.id for each in chosen if isinstance(each.what, DeletedMessage)]


def _local(when: float) -> datetime:
    return datetime.fromtimestamp(when).astimezone()
