"""A connection that only reads, kept open: what the user waits for does not wait for what is written."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from desktop_chat.storage.errors import StoreClosed, translated

P = ParamSpec("P")
T = TypeVar("T")

_CACHE = 32 * 1024
"""Kibibytes of pages that stay in memory: the upper pages of all tables, and the words looked for last."""


class Reader:
    """Runs functions of a read-only connection one after the other in a thread, each in one transaction.

    ``connect`` makes it when it is needed first, and again where the file ``path`` was replaced. A function
    whose caller is cancelled is interrupted, and the next one begins.
    """

    def __init__(self, path: Path, connect: Callable[[], apsw.Connection]) -> None:
        self.path = path
        self._connect = connect
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._connection: apsw.Connection | None = None
        self._file = (0, 0)
        self._stop = threading.Event()
        self._closing = threading.Event()

    async def read(
        self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """``function(connection, …)``. Raises StoreClosed after :meth:`close`."""
        if self._closing.is_set():
            raise StoreClosed("the database was closed", self.path)
        stop = threading.Event()

        def run() -> T:
            self._stop = stop
            with translated(self.path):
                connection = self._connected()
                connection.execute("BEGIN")
                try:
                    return function(connection, *args, **kwargs)
                finally:
                    connection.execute("ROLLBACK")

        reading = asyncio.get_running_loop().run_in_executor(self._executor, run)
        reading.add_done_callback(heard)
        try:
            return await asyncio.shield(reading)
        finally:
            # Not yet begun, it never will; begun, SQLite breaks it off.
            reading.cancel()
            stop.set()

    def _connected(self) -> apsw.Connection:
        status = self.path.stat()
        file = status.st_dev, status.st_ino
        if self._connection is not None and file != self._file:
            self._connection.close()
            self._connection = None
        if self._connection is None:
            connection = self._connect()
            connection.set_progress_handler(lambda: self._stop.is_set() or self._closing.is_set(), 1_000)
            connection.pragma("cache_size", -_CACHE)
            self._connection, self._file = connection, file
        return self._connection

    async def close(self) -> None:
        """Interrupt what runs, and close. Calling it again does nothing."""
        if not self._closing.is_set():
            self._closing.set()
            with suppress(apsw.Error):
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._executor, self._close))
            self._executor.shutdown(wait=False)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def heard(reading: asyncio.Future[T]) -> None:
    """Called at the end of a reading, of which nobody else may want to know any more how it ended."""
    if not reading.cancelled():
        reading.exception()
