"""Conversations, folders and the names of groups as the rows of a list, over the database."""

import asyncio
import logging
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from enum import IntEnum

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt, Signal

from desktop_chat.chats import Chats
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import Folder, Listing, Shelf, Tag, View
from desktop_chat.domain.titles import UNTITLED
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.conversation_list.paging import Pages
from desktop_chat.ui.conversation_list.rows import ROOT, Kind, Run, arrange
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line

Index = QModelIndex | QPersistentModelIndex
Key = int | str
"""What a row is, wherever it stands: the number of a conversation, or the id of a folder."""

MARGIN = 40
"""Rows that are read above and below those that are seen."""

log = logging.getLogger(__name__)


class ItemRole(IntEnum):
    """What a row holds beside its text: the id of a conversation, which is empty for others and until it was
    read, and whether an answer is being written."""

    ID = Qt.ItemDataRole.UserRole
    WRITING = Qt.ItemDataRole.UserRole + 1


class ConversationModel(QStringListModel):
    """The rows of :attr:`view`, with what is in the folders that are open.

    Only the numbers of all conversations are in memory; what a row shows is read when it is looked at.

    A view asks for the number of rows once for each of them. The base class answers without Python; its
    strings are empty, since the texts are asked for only where they are seen. Rows come and go at the front,
    and all may show something else then: between ``about_to_change`` and ``rearranged`` whoever remembers a
    row looks for its new place.
    """

    about_to_change = Signal()
    rearranged = Signal()
    toggled = Signal()
    """Another folder is open, or one no longer."""

    def __init__(
        self,
        chats: Chats,
        tasks: Tasks,
        opened: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
        parent: QObject | None = None,
    ) -> None:
        """``opened`` are the ids of the folders whose content is listed. Nothing is until it is shown."""
        super().__init__(parent)
        self._chats = chats
        self._tasks = tasks
        self._clock = clock
        self.view = View(folder=ROOT)
        self.opened = set(opened)
        self.pages = Pages(chats, tasks, self)
        self.pages.came.connect(self._repaint)
        self.trouble = ""
        """Why the list could not be read."""
        self._listings: dict[str, Listing] = {}
        self._read_last: dict[str, Listing] = {}
        """What the rows are of, and what was read since they are held."""
        self._runs: list[Run] = []
        self._starts: list[int] = []
        self._found = -1
        self._asked = self._answered = 0
        self._is_held = self._waits = False
        self._reading: asyncio.Task[None] | None = None
        chats.listed.connect(self._listed)
        chats.organised.connect(self._organised)
        chats.changed.connect(self.update)

    # What is listed

    @property
    def is_read(self) -> bool:
        """Whether there is anything to say of what is listed."""
        return bool(self._listings)

    @property
    def is_behind(self) -> bool:
        """Whether rows stay where they are although what is listed changed: see :meth:`hold`."""
        return self._waits

    @property
    def is_plain(self) -> bool:
        """Whether these are the chats by folders and days, not the archive or those with a tag."""
        return self.view.shelf is Shelf.CHATS and self.view.tag is None

    @property
    def tag(self) -> Tag | None:
        """The tag that all of these have."""
        return next((tag for tag in self._chats.tags if tag.id == self.view.tag), None)

    def show(self, view: View) -> None:
        """List ``view``; where that is not a part of the chats, they are listed by folders."""
        is_plain = view.shelf is Shelf.CHATS and view.tag is None
        self.view = replace(view, folder=ROOT if is_plain else None)
        self.reload()

    def toggle(self, folder_id: str) -> None:
        """Show what is in a folder, or no longer."""
        self.opened ^= {folder_id}
        self.toggled.emit()
        if folder_id in self.opened:
            self.reload()
        else:
            self._arrange()

    def reload(self) -> None:
        """Read anew what is listed."""
        self._asked += 1
        if self._reading is None:
            self._reading = self._tasks.start(self._read(), "read the list of chats")

    async def settled(self) -> None:
        """Wait until all that is asked for is read."""
        while reading := [task for task in (self._reading, self.pages.reading) if task is not None]:
            await asyncio.wait(reading)

    def regroup(self) -> None:
        """Group anew: the day changed."""
        self._arrange()

    def hold(self, held: bool) -> None:
        """Keep all rows where they are, as long as the user writes in one of them."""
        self._is_held = held
        if not held and self._waits:
            self._arrange()

    def update(self, conversation_id: str) -> None:
        """What a row shows of a conversation, or its phase, changed."""
        if self.pages.changed(conversation_id):
            self._repaint()

    # Rows

    def run(self, index: Index) -> Run | None:
        """What a row is part of."""
        number = bisect_right(self._starts, index.row()) - 1
        if not index.isValid() or number < 0:
            return None
        run = self._runs[number]
        return run if index.row() < run.start + run.length else None

    def key(self, index: Index) -> Key | None:
        """What a row is; None for the name of a group."""
        run = self.run(index)
        if run is None or run.kind is Kind.GROUP:
            return None
        if run.kind is Kind.FOLDER and run.folder is not None:
            return run.folder.id
        return self._listings[run.key].seqs[index.row() - run.start + run.offset]

    def find(self, key: Key | None, near: int = -1) -> QModelIndex:
        """The row of a conversation or a folder; an invalid index where there is none. ``near`` is where it
        was: looked at first, as is where the last one was found, since looking through 100,000 takes
        milliseconds."""
        if key is not None:
            for row in (near, near + 1, near - 1, self._found, self._found + 1, self._found - 1):
                if 0 <= row < self.rowCount() and self.key(self.index(row)) == key:
                    self._found = row
                    return self.index(row)
        for run in self._runs:
            if isinstance(key, str):
                if run.folder is not None and run.kind is Kind.FOLDER and run.folder.id == key:
                    return self.index(run.start)
            elif key and run.kind is Kind.CHATS:
                seqs = self._listings[run.key].seqs
                try:
                    place = seqs.index(key, run.offset, run.offset + run.length)
                except ValueError:
                    continue
                self._found = run.start + place - run.offset
                return self.index(self._found)
        return QModelIndex()

    def index_of(self, conversation_id: str) -> QModelIndex:
        """The row of a conversation that was read; an invalid index where it is not shown."""
        return self.find(self.pages.seq(conversation_id)) if conversation_id else QModelIndex()

    def conversation(self, index: Index) -> Conversation | None:
        """The conversation of a row; None for others, and until it was read."""
        key = self.key(index)
        return self.pages[key] if isinstance(key, int) else None

    def folder(self, index: Index) -> Folder | None:
        """The folder that a row is."""
        run = self.run(index)
        return run.folder if run is not None and run.kind is Kind.FOLDER else None

    def seqs(self, first: int, last: int) -> "array[int]":
        """The conversations of the rows from ``first`` up to and with ``last``."""
        found = array("q")
        for number in range(max(0, bisect_right(self._starts, first) - 1), len(self._runs)):
            run = self._runs[number]
            if run.start > last:
                break
            if run.kind is Kind.CHATS:
                start = max(first - run.start, 0) + run.offset
                end = min(last + 1 - run.start, run.length) + run.offset
                found += self._listings[run.key].seqs[start:end]
        return found

    def spans(self) -> Iterator[tuple[int, int]]:
        """The first and the last row of each run of conversations."""
        for run in self._runs:
            if run.kind is Kind.CHATS:
                yield run.start, run.start + run.length - 1

    def rows_of(self, seqs: Iterable[int]) -> list[tuple[int, int]]:
        """The first and the last row of each span of rows that are all of these conversations."""
        wanted = set(seqs)
        spans: list[tuple[int, int]] = []
        if not wanted:
            return spans
        for run in self._runs:
            if run.kind is not Kind.CHATS:
                continue
            part = self._listings[run.key].seqs[run.offset : run.offset + run.length]
            for row, seq in enumerate(part, run.start):
                if seq not in wanted:
                    continue
                if spans and spans[-1][1] == row - 1:
                    spans[-1] = (spans[-1][0], row)
                else:
                    spans.append((row, row))
        return spans

    def want(self, first: int, last: int) -> None:
        """These rows are seen: read what they show."""
        self.pages.want(self.seqs(max(0, first - MARGIN), last + MARGIN))

    async def neighbour(self, conversation_id: str, step: int) -> str | None:
        """The id of the conversation ``step`` rows of conversations further down, going round at the ends.
        Raises ``StorageError``."""
        spans, rows = list(self.spans()), self.rowCount()
        if not spans:
            return None
        row = self.index_of(conversation_id).row()
        if row < 0:
            row = spans[0][0] if step > 0 else spans[-1][1]
        else:
            row = (row + step) % rows
            while not isinstance(self.key(self.index(row)), int):
                row = (row + step) % rows
        read = await self.pages.read(self.seqs(row, row))
        return read[0].id if read else None

    # As Qt asks

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        run = self.run(index)
        if run is None:
            return None
        conversation = self.conversation(index) if run.kind is Kind.CHATS else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            if run.kind is not Kind.CHATS:
                return one_line(run.name)
            return self.title(conversation) if conversation is not None else ""
        if role == ItemRole.ID:
            return conversation.id if conversation is not None else ""
        if role == ItemRole.WRITING:
            return conversation is not None and self.is_writing(conversation)
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self._description(run, conversation)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        run = self.run(index)
        if run is None or run.kind is Kind.GROUP:
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsEditable
            | Qt.ItemFlag.ItemIsDragEnabled
        )

    def title(self, conversation: Conversation) -> str:
        """What a conversation is called, on one line."""
        return one_line(conversation.title) or UNTITLED

    def is_writing(self, conversation: Conversation) -> bool:
        """Whether an answer is being written."""
        return self._chats.is_writing(conversation.id)

    def tags_of(self, conversation: Conversation) -> list[Tag]:
        """The tags of a conversation, by name."""
        return [tag for tag in self._chats.tags if tag.id in conversation.tags]

    def _description(self, run: Run, conversation: Conversation | None) -> str:
        """What a screen reader says of a row beside its text."""
        if run.kind is Kind.GROUP:
            return "Group"
        if run.kind is Kind.FOLDER:
            level = f", level {run.level + 1}" if run.level else ""
            inside = (
                f", {counted(len(self._listings[run.folder.id]), 'chat')}"
                if run.is_open and run.folder
                else ""
            )
            return f"Folder, {'open' if run.is_open else 'closed'}{level}{inside}"
        if conversation is None:
            return "Being read"
        said = ["Writing"] if self.is_writing(conversation) else []
        if conversation.unread:
            said.append("Unread")
        if conversation.pinned and run.key != ROOT:
            said.append("Pinned")
        if run.folder is not None:
            said.append(f"In {one_line(run.folder.name)}")
        if tags := self.tags_of(conversation):
            said.append("Tagged " + ", ".join(one_line(tag.name) for tag in tags))
        return ", ".join(said)

    def _listed(self) -> None:
        self.pages.listed()
        self.reload()

    def _organised(self) -> None:
        """A folder may be there that was not, and the tag that all have may be gone."""
        if not self.is_read:
            return
        if self.view.tag is not None and self.tag is None:
            self.show(replace(self.view, tag=None))
        elif any(
            folder.id in self.opened and folder.id not in self._read_last for folder in self._chats.folders
        ):
            self.reload()
        else:
            self._arrange()

    async def _read(self) -> None:
        try:
            while self._answered != self._asked:
                self._answered = self._asked
                view = self.view
                listings = {ROOT: await self._chats.listing(view)}
                if view.folder is not None:
                    for id in [folder.id for folder in self._chats.folders if folder.id in self.opened]:
                        listings[id] = await self._chats.listing(replace(view, folder=id))
                if view == self.view:
                    self.trouble = ""
                    self._read_last = listings
                    self._arrange()
        except StorageError as error:
            log.warning("the list of chats could not be read: %s", error)
            self.trouble = "The chats could not be read."
            self._repaint()
        finally:
            self._reading = None

    def _arrange(self) -> None:
        self._waits = self._is_held
        if self._is_held:
            return
        folders = self._chats.folders if self.view.folder is not None else ()
        today = date.fromtimestamp(self._clock())  # noqa: DTZ012
        self.about_to_change.emit()
        self._listings = self._read_last
        self._runs = arrange(self._listings, folders, self.opened, self.view.sort, today)
        self._starts = [run.start for run in self._runs]
        before = self.rowCount()
        after = self._runs[-1].start + self._runs[-1].length if self._runs else 0
        # At the front, where Qt does each of them without moving all others.
        if after > before:
            self.insertRows(0, after - before)
        elif after < before:
            self.removeRows(0, before - after)
        self.rearranged.emit()
        self._repaint()

    def _repaint(self) -> None:
        if count := self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(count - 1))
