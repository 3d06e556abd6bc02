"""One request on its way: a task that sends it and reads what comes, and a watchdog that waits with us."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from desktop_chat.api.retry import Failed
from desktop_chat.api.wire import RECORD, Record

if TYPE_CHECKING:
    from desktop_chat.api.client import Opened

_HIGH_WATER = 1 << 20
"""Bytes read ahead of the one who takes them."""


class Transfer:
    """Reads in a task of its own, so that all that came without waiting is taken at once.

    ``opened`` is set when the head has come, ``failure`` when it ended badly, ``ended`` when nothing more
    comes; ``record`` is what went over the wire. Must be closed.
    """

    def __init__(self, request: "AbstractAsyncContextManager[Opened]", name: str) -> None:
        """``request`` is sent when it is entered; ``name`` is that of the task."""
        self.record = Record()
        self.opened: Opened | None = None
        self.failure: Failed | None = None
        self.ended = False
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._deadline = 0.0
        self._expired = False
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = 0.0
        self._task = self._loop.create_task(self._run(request), name=name)

    async def _run(self, request: "AbstractAsyncContextManager[Opened]") -> None:
        RECORD.set(self.record)
        try:
            async with request as opened:
                self.opened = opened
                self._changed.set()
                await opened.read(self._keep)
        except Failed as failed:
            self.failure = failed
        finally:
            self.ended = True
            self._changed.set()

    async def _keep(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        self._changed.set()
        if self._waiting > _HIGH_WATER:
            self._taken.clear()
            await self._taken.wait()

    async def wait(self, deadline: float) -> bool:
        """Wait for something new; False where nothing came until ``deadline``, a time of the loop's clock."""
        self._deadline = deadline
        if not self._changed.is_set():
            if self._timer is None or self._fires_at > deadline:
                self._arm()
            await self._changed.wait()
        self._changed.clear()
        expired, self._expired = self._expired, False
        return not expired

    def _arm(self) -> None:
        """Set the one timer, which moves on by itself as long as the deadline does."""
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = self._deadline
        self._timer = self._loop.call_later(max(self._deadline - self._loop.time(), 0.0), self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._deadline > self._loop.time():
            self._arm()
        elif not self._changed.is_set():
            self._expired = True
            self._changed.set()

    def take(self) -> bytes:
        """What came since the last call."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._waiting = 0
        self._taken.set()
        return data

    async def close(self, grace: float = 0.0) -> None:
        """End the request, and wait until its connection is closed.

        ``grace`` is for a server that is about to end its response by itself, within so many seconds:
        then the connection can be used again.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if grace and not self._task.done():
            self._taken.set()
            await asyncio.wait([self._task], timeout=grace)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()  # a bug in reading must not end as a broken connection
