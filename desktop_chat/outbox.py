"""Writes that must reach the database, in order, however long the disk refuses them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, Signal

from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks

Write = Callable[[], Awaitable[object]]

RETRY_SECONDS = 2.0
"""How soon a refused write is tried again."""


class Outbox(QObject):
    """Writes at once while the disk takes them, else keeps them and tries again until it does.

    ``blocked`` carries the :class:`StorageError` when a write was refused, ``recovered`` comes when all that
    was kept has been written.
    """

    blocked = Signal(object)
    recovered = Signal()

    def __init__(self, tasks: Tasks, retry_seconds: float = RETRY_SECONDS) -> None:
        super().__init__()
        self._tasks = tasks
        self._retry_seconds = retry_seconds
        self._is_stopped = False
        self._waiting: deque[Write] = deque()
        self._flushing = asyncio.Lock()
        self._trying: asyncio.Task[None] | None = None
        self._posted: set[asyncio.Task[None]] = set()

    @property
    def is_blocked(self) -> bool:
        return bool(self._waiting)

    def post(self, write: Write) -> None:
        """Do ``write`` soon, without anyone waiting for it but :meth:`settle`."""
        task = self._tasks.start(self.write(write), "write")
        self._posted.add(task)
        task.add_done_callback(self._posted.discard)

    async def settle(self) -> bool:
        """Wait for what was posted, and try once more what was refused. True where nothing is left."""
        while self._posted:
            await asyncio.wait(self._posted)
        return await self.flush()

    def stop(self) -> None:
        """Nothing can be written in this run, which was told: leave undone what is posted."""
        self._is_stopped = True
        self._waiting.clear()

    async def write(self, write: Write) -> None:
        """Do ``write`` now, or as soon as it can be. Never raises :class:`StorageError`."""
        if self._is_stopped:
            return
        if self._waiting:
            self._waiting.append(write)
            self._keep_trying()
            return
        try:
            await write()
        except StorageError as error:
            first = not self._waiting
            self._waiting.append(write)
            if first:
                self.blocked.emit(error)
            self._keep_trying()

    def _keep_trying(self) -> None:
        if self._trying is None or self._trying.done():
            self._trying = self._tasks.start(self._try_again(), "outbox")

    async def _try_again(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._retry_seconds)
            await self.flush()

    async def flush(self) -> bool:
        """Try what is kept once, now. True where nothing is left."""
        async with self._flushing:
            had_any = bool(self._waiting)
            while self._waiting:
                keep = False
                try:
                    await self._waiting[0]()
                except StorageError:
                    keep = True
                    return False
                except asyncio.CancelledError:
                    keep = True
                    raise
                finally:
                    # One write that is a mistake of ours must not hold up the others for ever.
                    if not keep:
                        self._waiting.popleft()
        if had_any:
            self.recovered.emit()
        return True
