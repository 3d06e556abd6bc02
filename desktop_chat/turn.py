"""One answer being written: read, saved, shown.

The order that loses nothing: a piece of the answer is in the database before it is shown, and on the disk at
most two seconds later; at the end the whole message is written once more from memory.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_chat import answer_cache
from desktop_chat.bookkeeping import Account
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import ChatError, KeyProblem
from desktop_chat.domain.events import (
    Adjusted,
    AttemptEnded,
    AttemptStarted,
    Delta,
    Finished,
    PartCame,
    ReplyEvent,
    RetryScheduled,
    Started,
    Throttled,
)
from desktop_chat.domain.holds import OverBudget
from desktop_chat.domain.message import CallStatus, Citation, Message, Part, PartKind, State, ToolCall
from desktop_chat.domain.request import Request
from desktop_chat.domain.usage import Timing
from desktop_chat.services import Services
from desktop_chat.spending import Reservation
from desktop_chat.storage import Store

if TYPE_CHECKING:
    from desktop_chat.api.reply import Reply

FSYNC_SECONDS = 2.0
"""Streamed text is on the disk, not only in the system's cache, at most this long after it came."""


class Phase(StrEnum):
    """What a conversation is doing."""

    IDLE = "idle"
    UNLOCKING = "unlocking"
    """The keyring is asked for the key; it may be asking its user for a password."""
    SUMMARISING = "summarising"
    """The small model sums up older turns."""
    SENDING = "sending"
    WRITING = "writing"
    WAITING = "waiting"
    """A retry is scheduled."""
    THROTTLED = "throttled"
    """Our own limit of the endpoint keeps the request back."""
    OFFLINE = "offline"
    """It is asked when there is a network again."""


class Turn(QObject):
    """An answer to one request. ``answer`` grows while it comes."""

    text_added = Signal(str, object, str)
    part_came = Signal(str, object)
    entered = Signal(str, object)
    """The id of the answer, and the :class:`Phase` that begins."""
    adjusted = Signal(str, str)
    """What the model does not take, and what the server said."""

    def __init__(
        self, answer: Message, services: Services, account: Account, reservation: Reservation
    ) -> None:
        """``account`` and ``reservation`` are those of the request."""
        super().__init__()
        self.answer = answer
        self.account = account
        self.reservation = reservation
        self.retry: RetryScheduled | None = None
        self.retry_at = 0.0
        self.throttled_until: float | None = None
        """When our own limit lets the request go, by the monotonic clock; None where that is not known."""
        self.phase = Phase.SENDING
        self.over_budget: OverBudget | None = None
        """The budget that the next attempt would have passed, so that it was not made."""
        self._services = services
        self._reply: Reply | None = None
        self._answered = False
        self._request_id: str | None = None
        self._endpoint: Endpoint | None = None
        self._start = len(answer.text)
        self._part_since = 0.0
        self._calls_since: dict[str, float] = {}
        self._sync_timer: asyncio.TimerHandle | None = None

    def retry_now(self) -> None:
        """Do not wait for the scheduled retry."""
        if self._reply is not None:
            self._reply.retry_now()

    async def read(self, endpoint: Endpoint, request: Request) -> Finished:
        """Ask, and take in what comes to its end."""
        self.answer.model, self._endpoint = request.model, endpoint
        self._enter(Phase.UNLOCKING)
        try:
            secrets = await self._services.credentials.secrets(endpoint)
        except KeyProblem as error:
            return Finished(State.FAILED, error=error)
        limits = self._services.settings.limits(endpoint)
        self._reply = self._services.api.reply(endpoint, secrets, request, limits)
        return await self._read(self._reply.events())

    async def repeat(self, kept: answer_cache.CachedAnswer) -> Finished:
        """Give an answer that was given before."""
        self.answer.is_cached = True
        self.account.add_nothing()
        finished = await self._read(answer_cache.events(kept))
        self.answer.parts = list(kept.parts)
        return finished

    async def _read(self, events: AsyncGenerator[ReplyEvent, None]) -> Finished:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Finished):
                    if event.error is not None:
                        self._failed(event.error)
                    return event
                await self._take(event)
                if isinstance(event, RetryScheduled):
                    self.over_budget = await self._services.spending.passed(self.reservation)
                    if self.over_budget is not None:
                        return Finished(State.FAILED, error=event.error)
        raise RuntimeError("a reply ended without saying how")

    async def stopped(self, duration: float) -> Finished:
        """How a turn ends that the user stopped: while it waited for a retry, with what it waited for."""
        has_left = self._answered or (self._reply is not None and self._reply.has_left)
        # Not the answer's: that may be of an attempt before.
        request_id = self._request_id
        others = self._reply.others() if self._reply is not None else ()
        await self.account.stop(
            request_id=request_id,
            answered=self._answered,
            has_left=has_left,
            evidence=self._reply.evidence() if self._reply is not None else None,
            others=others,
        )
        if self.retry is not None and not self.answer.parts:
            return Finished(State.FAILED, error=self.retry.error, model=self.answer.model)
        return Finished(
            State.STOPPED,
            request_id=request_id,
            model=self.answer.model,
            timing=Timing(self.account.first_token, duration),
            others=others,
        )

    async def finish(self, finished: Finished) -> None:
        """Save the answer as it is in the end."""
        answer = self.answer
        self._close_reasoning()
        # What came before a Continue that failed is still an answer, which the next request tells.
        failed_on = finished.state is State.FAILED and answer.parts
        answer.state = State.INTERRUPTED if failed_on else finished.state
        answer.finish_reason = finished.finish_reason
        answer.error = finished.error
        answer.request_id = finished.request_id or answer.request_id
        answer.model = finished.model or answer.model
        answer.usage, answer.timing = finished.usage, finished.timing
        answer.cost, answer.is_estimated = self.account.cost, self.account.is_estimated
        if self._sync_timer is not None:
            self._sync_timer.cancel()
            self._sync_timer = None
        self.retry = None
        store = await self._services.store()
        await self._services.outbox.write(lambda: store.finish(answer))

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.entered.emit(self.answer.id, phase)

    async def _take(self, event: ReplyEvent) -> None:
        match event:
            case Delta():
                await self._take_delta(event)
            case PartCame():
                await self._take_part(event.part)
            case AttemptStarted():
                self.retry = self._request_id = None
                self._answered = False
                await self.account.begin(event.attempt)
                self._enter(Phase.SENDING)
            case Started():
                self._answered = True
                if self._endpoint is not None:
                    self._services.connectivity.reached(self._endpoint)
                self._request_id = self.answer.request_id = event.request_id
                if self.phase is Phase.THROTTLED:  # it was sent again, in another way
                    self._enter(Phase.SENDING)
            case RetryScheduled():
                self._failed(event.error)
                self.retry, self.retry_at = event, time.monotonic() + event.delay
                self._enter(Phase.WAITING)
            case Throttled(delay=delay):
                self.throttled_until = None if delay is None else time.monotonic() + delay
                self._enter(Phase.THROTTLED)
            case Adjusted(name=name, message=message):
                if self._endpoint is not None and self.account.model:
                    self._services.settings.reject(self._endpoint.id, self.account.model, name)
                self.adjusted.emit(name, message)
            case AttemptEnded():
                await self.account.end(event)

    def _failed(self, error: ChatError) -> None:
        if self._endpoint is not None:
            self._services.connectivity.failed(self._endpoint, error)

    async def _take_delta(self, delta: Delta) -> None:
        """Save, then show."""
        await self._save(delta)
        if not self.answer.parts or self.answer.parts[-1].kind is not delta.kind:
            self._close_reasoning()
            self._part_since = time.monotonic()
        self.account.take(delta)
        self.answer.append(delta.kind, delta.text)
        self._enter(Phase.WRITING)
        self.text_added.emit(self.answer.id, delta.kind, delta.text)

    async def _take_part(self, part: Part) -> None:
        """Save, then show; a citation at its place in the whole text, a tool call with its duration."""
        match part.data:
            case Citation(start=start, end=end) as citation:
                start, end = (None if at is None else at + self._start for at in (start, end))
                part = replace(part, data=replace(citation, start=start, end=end))
            case ToolCall(id=call, status=status):
                now = time.monotonic()
                since = self._calls_since.setdefault(call, now)
                if status is not CallStatus.RUNNING and now > since:
                    part = replace(part, seconds=now - since)
        await self._save(PartCame(part))
        self._close_reasoning()
        self.answer.put(part)
        self._enter(Phase.WRITING)
        self.part_came.emit(self.answer.id, part)

    async def _save(self, came: Delta | PartCame) -> None:
        store = await self._services.store()
        await self._services.outbox.write(lambda: store.append(self.answer.id, [came], durable=False))
        if self._sync_timer is None:
            loop = asyncio.get_running_loop()
            self._sync_timer = loop.call_later(FSYNC_SECONDS, self._sync, store)

    def _sync(self, store: Store) -> None:
        self._sync_timer = None
        self._services.outbox.post(lambda: store.append(self.answer.id, [], durable=True))

    def _close_reasoning(self) -> None:
        """Note how long the reasoning took that has just ended."""
        parts = self.answer.parts
        if parts and (last := parts[-1]).kind is PartKind.REASONING and last.seconds is None:
            parts[-1] = replace(last, seconds=time.monotonic() - self._part_since)
