"""Our own limits of an endpoint: requests a minute, and requests at the same time."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.events import Throttled

MINUTE = 60.0
"""Seconds."""


class Limiter:
    """Lets requests go one after the other, in the order in which they came.

    ``per_minute`` are those that may begin within any 60 seconds, ``parallel`` those that may be under way;
    0 is for no limit.
    """

    def __init__(
        self, per_minute: int = 0, parallel: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_minute = per_minute
        self.parallel = parallel
        self._clock = clock
        self._begun: deque[float] = deque()
        self._under_way = 0
        self._waiting: deque[asyncio.Event] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def change(self, endpoint: Endpoint) -> None:
        """Take the endpoint's limits as they are now; what was counted still counts."""
        self.per_minute = endpoint.requests_per_minute
        self.parallel = endpoint.parallel_requests
        self._let_go()

    def throttled(self) -> Throttled | None:
        """What would hold up a request that came now; None where it could go at once."""
        if self._has_room() and not self._waiting:
            return None
        if self._is_full():
            return Throttled(None)
        # Those before it take their turns of the minutes to come.
        before = len(self._waiting)
        turns, place = divmod(before, self.per_minute)
        begun = [begun for begun in self._begun if begun > self._clock() - MINUTE]
        free = begun[place] + MINUTE - self._clock() if place < len(begun) else 0.0
        return Throttled(max(free, 0.0) + turns * MINUTE)

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """The turn of one request: waited for at the beginning, given back at the end of the block."""
        await self.acquire()
        try:
            yield
        finally:
            self.release()

    async def acquire(self) -> None:
        """Wait for the turn of one request. Cancelling gives the place in the queue back."""
        turn = asyncio.Event()
        self._waiting.append(turn)
        self._let_go()
        try:
            await turn.wait()
        except asyncio.CancelledError:
            if turn.is_set():
                self._begun.pop()
                self.release()
            else:
                self._waiting.remove(turn)
                self._let_go()
            raise

    def release(self) -> None:
        """A request that had its turn has ended."""
        self._under_way -= 1
        self._let_go()

    async def again(self) -> AsyncGenerator[Throttled, None]:
        """Give the turn of a request back and wait for that of another, which has its place in the end; tells
        what holds it up."""
        self.release()
        has_turn = False
        try:
            if (throttled := self.throttled()) is not None:
                yield throttled
            await self.acquire()
            has_turn = True
        finally:
            if not has_turn:
                self._under_way += 1  # it is given back once more, by who has it

    def _is_full(self) -> bool:
        return bool(self.parallel) and self._under_way >= self.parallel

    def _has_room(self) -> bool:
        while self._begun and self._begun[0] <= self._clock() - MINUTE:
            self._begun.popleft()
        return not self._is_full() and (not self.per_minute or len(self._begun) < self.per_minute)

    def _let_go(self) -> None:
        while self._waiting and self._has_room():
            self._under_way += 1
            self._begun.append(self._clock())
            self._waiting.popleft().set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and not self._is_full() and self._begun:
            delay = max(self._begun[0] + MINUTE - self._clock(), 0.001)
            self._timer = asyncio.get_running_loop().call_later(delay, self._let_go)
