"""The window of the backups: what there is, what is in one, and what of it comes back."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QDialog, QMessageBox, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from desktop_chat.chats import Chats
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Shelf, View
from desktop_chat.domain.message import Role
from desktop_chat.keeping import Keeping
from desktop_chat.storage import Backup, Holdings, Reason, StorageError, Store
from desktop_chat.tasks import OneTask, Tasks
from desktop_chat.ui.attachments.words import short_size
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.conversation_list import UNTITLED
from desktop_chat.ui.counts import counted
from desktop_chat.ui.notices import moment
from desktop_chat.ui.safe import message_box, one_line
from desktop_chat.ui.table import Table, TableModel
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.days import local

REASONS = {
    Reason.SCHEMA: "Before an update",
    Reason.REGULAR: "By itself",
    Reason.ASKED: "By hand",
    Reason.IMPORT: "Before an import",
    Reason.RESTORE: "Before a restore",
}
PAGE = 500
"""Chats that are read at once."""
SHOWN = 200_000
"""Characters of a chat that the preview shows."""

Index = QModelIndex | QPersistentModelIndex


class _Copies(TableModel):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        one: Holdings = self.rows[index.row()]
        texts = (
            moment(one.backup.made_at),
            REASONS[one.backup.reason],
            f"{one.chats:,}",
            short_size(one.size),
        )
        return texts[index.column()]


class _Listed(TableModel):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        chat: Conversation = self.rows[index.row()]
        used = local(chat.used_at)
        return (one_line(chat.title) or UNTITLED, moment(used) if used else "")[index.column()]


class BackupsWindow(QDialog):
    """A window of its own, not modal. With ``chats`` all of them or single ones are brought back; without
    none can be opened yet, and ``chosen`` carries the backup that the user wants in their place.
    """

    chosen = Signal(object)

    def __init__(
        self,
        theme: Theme,
        keeping: Keeping,
        tasks: Tasks,
        parent: QWidget | None = None,
        chats: Chats | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("backups")
        self.setAccessibleName("Backups")
        self.setWindowTitle("Backups")
        self._theme, self._keeping, self._chats, self._tasks = theme, keeping, chats, tasks
        self._look = OneTask(tasks)
        self._read = OneTask(tasks)
        self._store: Store | None = None

        self.copies = Table(theme, "Backups")
        self.copies.setObjectName("backupCopies")
        self._copies = _Copies(("Made", "Why", "Chats", "Size"), self.copies)
        self.copies.setModel(self._copies)
        self.copies.setSelectionBehavior(Table.SelectionBehavior.SelectRows)
        self.copies.set_widths([170, 120, 80, 100], (1,))
        self.listed = Table(theme, "Chats in the backup")
        self.listed.setObjectName("backupChats")
        self._listed = _Listed(("Chat", "Last used"), self.listed)
        self.listed.setModel(self._listed)
        self.listed.setSelectionBehavior(Table.SelectionBehavior.SelectRows)
        self.listed.setSelectionMode(Table.SelectionMode.ExtendedSelection)
        self.listed.set_widths([150, 170], (0,))
        self.text = QPlainTextEdit()
        self.text.setObjectName("backupText")
        self.text.setAccessibleName("The chat as it was")
        self.text.setReadOnly(True)
        self.text.setPlaceholderText("Choose a chat to read it as it was")
        self.status = words(theme, size=12.5, color="dim")
        self.make = button("Back up now")
        self.bring = button("Bring back the chat")
        self.replace = button("Restore all…" if chats is not None else "Use this backup", primary=True)
        close = button("Close")

        px = theme.px
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.addWidget(self.listed)
        lower.addWidget(self.text)
        lower.setSizes([px(420), px(360)])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.copies)
        split.addWidget(lower)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        for each in (lower, split):
            each.setProperty("bare", True)
            each.setHandleWidth(px(10))
            each.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(px(20), px(16), px(20), px(16))
        layout.setSpacing(px(10))
        layout.addWidget(split, 1)
        layout.addWidget(self.status)
        layout.addLayout(row(theme, self.make, None, close, self.bring, self.replace))
        self.make.setVisible(chats is not None)
        self.bring.setVisible(chats is not None)
        self.resize(px(820), px(600))

        self.copies.selectionModel().currentRowChanged.connect(self._copy_chosen)
        self.listed.selectionModel().currentRowChanged.connect(self._chat_chosen)
        self.listed.selectionModel().selectionChanged.connect(self._show_ways)
        self.make.clicked.connect(lambda: self._start(self._make()))
        self.bring.clicked.connect(lambda: self._start(self._bring()))
        self.replace.clicked.connect(self._ask_to_replace)
        close.clicked.connect(self.close)
        self._show_ways()
        self._start(self._list())

    def done(self, result: int) -> None:
        """Escape closes it as the button does."""
        self._look.cancel()
        self._read.cancel()
        super().done(result)

    @property
    def backup(self) -> Backup | None:
        """The one that is chosen."""
        index = self.copies.currentIndex()
        return self._copies.rows[index.row()].backup if index.isValid() else None

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.start(work, "backups")

    def _show_ways(self) -> None:
        chosen = len(self.listed.selectionModel().selectedRows())
        self.bring.setText("Bring back the chat" if chosen < 2 else f"Bring back {chosen:,} chats")
        self.bring.setEnabled(chosen > 0 and self._store is not None)
        self.replace.setEnabled(self.backup is not None)

    async def _list(self) -> None:
        found = await self._keeping.list()
        self._copies.reset_rows(found)
        if found:
            self.copies.selectRow(0)
            self.copies.setFocus()
        else:
            self.status.setText("There are no backups yet.")
        self._show_ways()

    def _copy_chosen(self) -> None:
        self._listed.reset_rows([])
        self.text.clear()
        self._read.cancel()
        self._store = None
        self._show_ways()
        if (backup := self.backup) is not None:
            self._look.start(self._look_into(backup), "look into a backup")

    async def _look_into(self, backup: Backup) -> None:
        """Show the chats of a copy, for as long as it is the chosen one."""
        self.status.setText("Reading the backup…")
        try:
            async with self._keeping.opened(backup) as store:
                await self._show_chats(store)
        except StorageError as error:
            self.status.setText(f"This backup cannot be read: {one_line(error.message)}")

    async def _show_chats(self, store: Store) -> None:
        self._store = store
        try:
            listings = [await store.listing(View(shelf)) for shelf in (Shelf.CHATS, Shelf.ARCHIVE)]
            seqs = [seq for listing in listings for seq in listing.seqs]
            for start in range(0, len(seqs), PAGE):
                page = await store.conversations(seqs[start : start + PAGE])
                self._listed.insert_rows(len(self._listed.rows), page)
            self.status.setText(f"{counted(len(seqs), 'chat')} in this backup.")
            self._show_ways()
            await asyncio.get_running_loop().create_future()
        finally:
            # Another copy may have been chosen meanwhile.
            if self._store is store:
                self._store = None

    def _chat_chosen(self, current: QModelIndex) -> None:
        if current.isValid() and self._store is not None:
            self._read.start(self._show_chat(self._store, self._listed.rows[current.row()]), "read a backup")

    async def _show_chat(self, store: Store, chat: Conversation) -> None:
        try:
            tree = await store.tree(chat.id)
        except StorageError as error:
            self.text.setPlainText(f"This chat cannot be read: {one_line(error.message)}")
            return
        if chat.active_leaf is not None and chat.active_leaf in tree:
            tree.active_leaf = chat.active_leaf
        texts = [f"{'You' if each.role is Role.USER else 'Answer'}\n{each.text}" for each in tree.path]
        self.text.setPlainText("\n\n".join(texts)[:SHOWN])

    async def _make(self) -> None:
        self.make.setEnabled(False)
        try:
            path, is_new = await self._keeping.back_up(Reason.ASKED)
        except StorageError as error:
            self.status.setText(f"No backup could be made: {one_line(error.message)}")
        else:
            await self._list()
            said = "A backup was made" if is_new else "Nothing changed since the newest backup"
            self.status.setText(f"{said}: {one_line(str(path))}")
        finally:
            self.make.setEnabled(True)

    async def _bring(self) -> None:
        store, chats = self._store, self._chats
        chosen = [self._listed.rows[each.row()].seq for each in self.listed.selectionModel().selectedRows()]
        if store is None or chats is None or not chosen:
            return
        self.bring.setEnabled(False)
        try:
            added = await self._keeping.take(store, chosen)
        except StorageError as error:
            self.status.setText(f"They could not be brought back: {one_line(error.message)}")
        else:
            self.status.setText(
                f"{counted(added.chats, 'chat')} and {counted(added.messages, 'message')} came back; "
                f"{counted(added.known, 'message')} were there already."
            )
            await chats.reread()
            chats.indexing.wake()
        finally:
            self._show_ways()

    def _ask_to_replace(self) -> None:
        backup = self.backup
        if backup is None:
            return
        if self._chats is None:
            self.chosen.emit(backup)
            return
        box = message_box(
            "Restore all chats?",
            f"All chats become what they were on {moment(backup.made_at)}. What they are now is kept as a "
            f"backup first.",
            icon=QMessageBox.Icon.Question,
            buttons=QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel,
            parent=self,
        )
        box.setObjectName("restoreQuestion")
        box.button(QMessageBox.StandardButton.Ok).setText("Restore")
        box.accepted.connect(lambda: self._start(self._restore(backup)))
        box.finished.connect(box.deleteLater)
        box.open()

    async def _restore(self, backup: Backup) -> None:
        if self._chats is None:
            return
        self.replace.setEnabled(False)
        self.status.setText("The chats are being restored…")
        try:
            await self._chats.begin_again(lambda: self._keeping.restore(backup))
        except StorageError as error:
            self.status.setText(f"They could not be restored: {one_line(error.message)}")
        else:
            await self._list()
            self.status.setText(f"The chats are what they were on {moment(backup.made_at)}.")
            self._chats.indexing.wake()
        finally:
            self._show_ways()
