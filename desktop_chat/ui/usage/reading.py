"""What the usage window shows, read anew when it asks for something else or when a request was made."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_chat.domain.ledger import Grouping, LedgerEntry, UsageReport
from desktop_chat.storage import ExportKind, StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.usage.periods import Frame, Range, Span, divided, local_time, span_of, used_span

PROGRESS_AFTER = 300
"""Milliseconds of waiting that are told."""
REFRESH_AFTER = 1000
"""Milliseconds in which requests that are made are shown together."""
PAGE = 200
"""Requests that are read at a time."""


class Source(Protocol):
    """Where the ledger is. All of it raises :class:`~desktop_chat.storage.StorageError`."""

    def usage(self, boundaries: Sequence[float], by: Grouping) -> Awaitable[UsageReport]: ...

    def ledger(
        self, since: float, until: float, *, limit: int = 200, before: float | None = None
    ) -> Awaitable[list[LedgerEntry]]: ...

    def export_ledger(self, path: Path, kind: ExportKind, since: float, until: float) -> Awaitable[int]: ...


@dataclass(frozen=True, slots=True)
class Query:
    """What to show. ``chosen`` are the days of ``Range.CHOSEN``."""

    range: Range
    by: Grouping
    chosen: Span | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to ``query``: a report in the periods of ``frame``, and the newest requests in it.
    ``was_used`` says whether anything was ever asked up to its end."""

    query: Query
    frame: Frame
    report: UsageReport
    entries: list[LedgerEntry]
    was_used: bool

    @property
    def since(self) -> float:
        return self.frame.boundaries[0]

    @property
    def until(self) -> float:
        return self.frame.boundaries[-1]


class Reading(QObject):
    """Reads one thing at a time; of what is asked meanwhile only the last is read after it.

    ``came`` has a :class:`Result`, ``more_came`` the requests that follow those that are known, ``failed`` a
    ``StorageError``. ``waits`` says whether something is waited for that takes long.
    """

    came = Signal(object)
    more_came = Signal(object)
    failed = Signal(object)
    waits = Signal(bool)

    def __init__(
        self,
        source: Source,
        tasks: Tasks,
        first_weekday: int,
        clock: Callable[[], float] = time.time,
        zone: tzinfo | None = None,
        parent: QObject | None = None,
    ) -> None:
        """``clock`` gives the Unix time in seconds."""
        super().__init__(parent)
        self._source, self._tasks = source, tasks
        self._first_weekday, self._clock, self._zone = first_weekday, clock, zone
        self._wanted: Query | None = None
        self._last: Query | None = None
        self._result: Result | None = None
        self._ended_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._paging: asyncio.Task[None] | None = None
        self._is_told = False
        self._progress = QTimer(self, interval=PROGRESS_AFTER, singleShot=True)
        self._progress.timeout.connect(self._tell)
        self._again = QTimer(self, interval=REFRESH_AFTER, singleShot=True)
        self._again.timeout.connect(self.reread)

    def ask(self, query: Query) -> None:
        """Read this, next."""
        self._wanted = self._last = query
        self._again.stop()
        if self._task is None or self._task.done():
            self._progress.start()
            self._task = self._tasks.start(self._run(), "read the usage")

    def reread(self) -> None:
        """Read again what was asked for last."""
        if self._last is not None:
            self.ask(self._last)

    def refresh(self) -> None:
        """A request was made: read again soon."""
        if not self._again.isActive():
            self._again.start()

    def read_more(self) -> None:
        """Read the requests that follow those that are known, where there are any."""
        if self.has_more and (self._paging is None or self._paging.done()):
            self._paging = self._tasks.start(self._read_page(), "read more of the usage")

    @property
    def has_more(self) -> bool:
        return self._ended_at is not None

    def cancel(self) -> None:
        """Give up what is being read; what was read before stays."""
        self._wanted = None
        self._end()
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Forget what is being read, and read no more."""
        self._last = None
        self._again.stop()
        self.cancel()
        if self._paging is not None:
            self._paging.cancel()

    async def _run(self) -> None:
        while (query := self._wanted) is not None:
            self._wanted = None
            try:
                result = await self._read(query)
            except StorageError as error:
                self._end()
                self.failed.emit(error)
                return
            if self._wanted is None:
                self._end()
                self._take(result)

    def _take(self, result: Result) -> None:
        known = self._result
        if known is not None and known.entries and (known.query, known.frame) == (result.query, result.frame):
            first = _mark(known.entries[0])
            new = next((at for at, entry in enumerate(result.entries) if _mark(entry) == first), None)
            if new is not None:
                # The pages that were read are kept: who reads one of them is not moved.
                self._result = replace(result, entries=[*result.entries[:new], *known.entries])
                self.came.emit(self._result)
                return
        if self._paging is not None:
            self._paging.cancel()
        self._result = result
        self._ended_at = _end_of(result.entries)
        self.came.emit(result)

    def _end(self) -> None:
        self._progress.stop()
        if self._is_told:
            self._is_told = False
            self.waits.emit(False)

    def _tell(self) -> None:
        self._is_told = True
        self.waits.emit(True)

    async def _read(self, query: Query) -> Result:
        today = local_time(self._clock(), self._zone).date()
        span = query.chosen or span_of(query.range, today, self._first_weekday)
        while True:
            frame = divided(span, self._first_weekday, self._zone)
            report = await self._source.usage(frame.boundaries, query.by)
            used = used_span(frame, report) if query.range is Range.ALL else span
            if used == span:
                break
            # All time begins with the first request, and a short one is told in shorter periods.
            span = used
        entries = await self._source.ledger(frame.boundaries[0], frame.boundaries[-1], limit=PAGE)
        earlier = entries or await self._source.ledger(0, frame.boundaries[-1], limit=1)
        return Result(query, frame, report, entries, bool(earlier))

    async def _read_page(self) -> None:
        result = self._result
        if result is None:
            return
        try:
            entries = await self._source.ledger(result.since, result.until, limit=PAGE, before=self._ended_at)
        except StorageError as error:
            self.failed.emit(error)
            return
        self._ended_at = _end_of(entries)
        # Newer ones may have come meanwhile.
        self._result = replace(self._result or result, entries=[*(self._result or result).entries, *entries])
        self.more_came.emit(entries)


def _end_of(page: list[LedgerEntry]) -> float | None:
    """Where the next page begins; None where this is the last one."""
    return page[-1].started_at if len(page) >= PAGE else None


def _mark(entry: LedgerEntry) -> tuple[float, str, int]:
    """What tells a request from others: the title of its chat may change."""
    return entry.started_at, entry.message_id, entry.attempt
