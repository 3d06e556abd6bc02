"""The index of the search, brought up to date while nothing else goes on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from desktop_chat.storage import StorageError, Store
from desktop_chat.tasks import Tasks

SLICE = 0.05
"""Seconds for which other calls of the store may have to wait."""
PAUSE = 0.02
"""Seconds between two slices, for those other calls."""


class Indexing:
    """Indexes what is new. Gives way to answers that are being written, whose end has to :meth:`wake` it."""

    def __init__(
        self, store: Callable[[], Coroutine[Any, Any, Store]], tasks: Tasks, is_busy: Callable[[], object]
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._is_busy = is_busy
        self._task: asyncio.Task[None] | None = None
        self._again = self._hurries = False

    def wake(self, *, hurry: bool = False) -> None:
        """There may be something to index; with ``hurry`` somebody looks for it, and answers do not keep it
        back."""
        self._again = True
        self._hurries |= hurry
        if self._task is None:
            self._task = self._tasks.start(self._run(), "index")

    async def settled(self) -> None:
        """Wait until all is indexed that could be."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            store = await self._store()
            while self._again and (self._hurries or not self._is_busy()):
                self._again = await store.index_pending(SLICE) > 0
                await asyncio.sleep(PAUSE)
        except StorageError:
            pass  # a full disk, say: what goes on next wakes it again
        finally:
            self._task, self._hurries = None, False
