"""The search that is running for the palette: the newest one, page by page."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from desktop_chat.domain.search import Found, Query
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks

PAGE = 50
"""Hits that are asked for at once."""


class Search(Protocol):
    """Searches all chats; raises ``StorageError``."""

    def __call__(self, query: Query, limit: int, offset: int) -> Awaitable[Found]: ...


class Searching(QObject):
    """One search at a time: a newer one takes the place of the one that is running."""

    found = Signal(object)
    """The first page, a ``Found``, of the query that was asked for last."""
    found_more = Signal(object)
    """A further page."""
    failed = Signal(object)
    """The ``StorageError`` that ended it."""

    def __init__(self, search: Search, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._search = search
        self._tasks = tasks
        self._query = Query()
        self._count = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the first page is not there yet."""
        return self._task is not None and not self._count

    def look_for(self, query: Query) -> None:
        self.stop()
        self._query, self._count = query, 0
        self._task = self._tasks.start(self._run(0), "search")

    def more(self) -> None:
        """Ask for the next page, unless it is on its way."""
        if self._task is None:
            self._task = self._tasks.start(self._run(self._count), "search")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, offset: int) -> None:
        try:
            page = await self._search(self._query, limit=PAGE, offset=offset)
        except StorageError as error:
            self.failed.emit(error)
            return
        finally:
            # Also where another window's search took the place of this one.
            if self._task is asyncio.current_task():
                self._task = None
        self._count = offset + len(page.hits)
        (self.found_more if offset else self.found).emit(page)
