"""What rows show of conversations, read a page at a time where it is looked at."""

import asyncio
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Signal

from desktop_chat.chats import Chats
from desktop_chat.domain.conversation import Conversation
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks

MOST_KEPT = 2_000
"""Conversations that are kept in memory; beyond it only those that are wanted now stay."""
PAGE = 500
"""Conversations that are read at a time where many are needed."""


class Pages(QObject):
    """Conversations by their ``seq``. What is wanted is read, one page after the other; what is no longer
    wanted when its turn would come, is not."""

    came = Signal()
    """Some of what is wanted was read."""

    def __init__(self, chats: Chats, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._chats = chats
        self._tasks = tasks
        self._kept: dict[int, Conversation | None] = {}
        """None for those that are gone, which would be asked for without end."""
        self._seqs: dict[str, int] = {}
        self._wanted: Sequence[int] = ()
        self.reading: asyncio.Task[None] | None = None
        """What reads now."""

    def __getitem__(self, seq: int) -> Conversation | None:
        """What is known of a conversation so far."""
        return self._kept.get(seq)

    @property
    def count(self) -> int:
        """How many are in memory."""
        return len(self._kept)

    def seq(self, conversation_id: str) -> int:
        """The number of a conversation; 0 where it was not read."""
        known = self._chats.known(conversation_id)
        return known.seq if known is not None else self._seqs.get(conversation_id, 0)

    def want(self, seqs: Sequence[int]) -> None:
        """Read those that are not known, in place of all that was wanted before."""
        self._wanted = seqs
        # Qt also paints while the loop does not run, at the very end say: nobody waits for it then.
        if self.reading is None and self._missing() and asyncio._get_running_loop() is not None:
            self.reading = self._tasks.start(self._read(), "read a page of chats")

    def changed(self, conversation_id: str) -> int:
        """A conversation changed: gives its number, 0 where nothing is kept of it."""
        seq = self._seqs.get(conversation_id, 0)
        if seq:
            known = self._chats.known(conversation_id)
            if known is None:
                del self._kept[seq], self._seqs[conversation_id]
            else:
                self._kept[seq] = known
        return seq

    def listed(self) -> None:
        """What is in lists changed: what was gone may be back."""
        self._kept = {seq: kept for seq, kept in self._kept.items() if kept is not None}

    async def read(self, seqs: Iterable[int]) -> list[Conversation]:
        """All of these that still are there. Raises ``StorageError``."""
        found = {seq: self._kept.get(seq) for seq in seqs}
        missing = [seq for seq, known in found.items() if known is None]
        for start in range(0, len(missing), PAGE):
            for read in await self._chats.page(missing[start : start + PAGE]):
                found[read.seq] = read
        return [known for known in found.values() if known is not None]

    def _missing(self) -> list[int]:
        return [seq for seq in self._wanted if seq not in self._kept]

    async def _read(self) -> None:
        try:
            while missing := self._missing():
                page = await self._chats.page(missing)
                self._kept.update(dict.fromkeys(missing))
                for conversation in page:
                    self._kept[conversation.seq] = conversation
                    self._seqs[conversation.id] = conversation.seq
                if len(self._kept) > MOST_KEPT:
                    self._forget()
                self.came.emit()
        except StorageError:
            # The rows stay as they are. The list of what there is fails too, and says so.
            return
        finally:
            self.reading = None

    def _forget(self) -> None:
        wanted = set(self._wanted)
        self._kept = {seq: kept for seq, kept in self._kept.items() if seq in wanted}
        self._seqs = {kept.id: seq for seq, kept in self._kept.items() if kept is not None}
