"""Background tasks: remembered, reported when they fail, cancelled on quit."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Tasks:
    """The owner of every task that nothing awaits.

    ``report`` is called with the exception of a task that failed; nothing fails in silence.
    """

    def __init__(self, report: Callable[[BaseException], None]) -> None:
        self._report = report
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run ``work`` in the running loop. The task may be awaited, cancelled or left alone."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(error)

    async def close(self) -> None:
        """Cancel what still runs, and wait until it has ended."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class OneTask:
    """At most one task: starting another cancels the one before."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run ``work`` instead of what runs now."""
        self.cancel()
        self._task = self._tasks.start(work, name)

    def cancel(self) -> None:
        """Cancel what runs now."""
        if self._task is not None:
            self._task.cancel()
        self._task = None

    def let_go(self) -> None:
        """For the task itself: it is at its end, and nothing that follows cancels it any more."""
        self._task = None
