"""ChatSession: one conversation at work. Send, stop, retry, save, report. Knows no widget.

The order that loses nothing: the user's message is on the disk before the request leaves; a piece of the
answer is in the database before it is shown, and on the disk at most two seconds later; at the end the whole
message is written once more from memory.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop_chat.api import Api, Reply
from desktop_chat.counting import Estimate
from desktop_chat.credentials import Credentials
from desktop_chat.domain.context import ContextSettings, Plan, Planner
from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import ChatError, EndpointGone, KeyProblem
from desktop_chat.domain.events import (
    AttemptEnded,
    AttemptStarted,
    Delta,
    Finished,
    PartCame,
    ReplyEvent,
    RetryScheduled,
    Started,
)
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose, Totals
from desktop_chat.domain.message import CallStatus, Citation, Message, Part, PartKind, Role, State, ToolCall
from desktop_chat.domain.request import Parameters, Request
from desktop_chat.domain.titles import TITLE_PROMPT, clean_title, title_from_words
from desktop_chat.domain.usage import Timing
from desktop_chat.outbox import Outbox
from desktop_chat.settings import Settings
from desktop_chat.storage import StorageError, Store
from desktop_chat.tasks import Tasks

FSYNC_SECONDS = 2.0
"""Streamed text is on the disk, not only in the system's cache, at most this long after it came."""

NEW_CHAT_DRAFT = "new"
"""The name of the draft of a conversation that is not stored yet."""

CONTINUE_PROMPT = "Continue exactly where you stopped. Do not repeat anything and do not comment on it."


class Phase(StrEnum):
    """What a conversation is doing."""

    IDLE = "idle"
    UNLOCKING = "unlocking"
    """The keyring is asked for the key; it may be asking its user for a password."""
    SENDING = "sending"
    WRITING = "writing"
    WAITING = "waiting"
    """A retry is scheduled."""


@dataclass(slots=True)
class _Attempt:
    """The attempt under way: ``started_at`` is Unix time, ``began`` the monotonic clock at its start."""

    endpoint: Endpoint
    number: int
    started_at: float
    began: float
    first_token: float | None = None


class ChatSession(QObject):
    """One conversation: what it holds, and the answer that is being written.

    All methods are called on the GUI thread. ``text_added`` comes after the text has been saved (or, while
    the disk refuses it, at once: ``Outbox`` tells the user and saves it later).
    """

    path_changed = Signal()
    message_added = Signal(str)
    text_added = Signal(str, object, str)
    part_came = Signal(str, object)
    """The id of a message, and the ``Part`` that ``Message.put`` added to it or replaced in it."""
    message_changed = Signal(str)
    phase_changed = Signal()
    conversation_changed = Signal()
    problem = Signal(object, str)
    """A ``ChatError`` that ended a turn, and the id of its answer (empty where there is none yet)."""
    refused = Signal(object)
    """The ``StorageError`` that kept a message from being sent; its text is still with the caller."""
    held = Signal(object, object)
    """A ``Hold`` that keeps a request back, and a callable that does the same again and lets it go.

    Nothing was saved or sent. What the callable gives is that of the method that was held; called with
    ``waive=False`` it does the same as before, where something was done about the hold."""
    counts_changed = Signal()
    """Counts, prices, the plan or its settings changed: ask for plan and estimate again."""
    totals_changed = Signal()

    def __init__(
        self,
        conversation: Conversation,
        tree: Tree,
        *,
        store: Callable[[], Coroutine[Any, Any, Store]],
        outbox: Outbox,
        api: Api,
        credentials: Credentials,
        settings: Settings,
        tasks: Tasks,
    ) -> None:
        super().__init__()
        self.conversation = conversation
        self.tree = tree
        self.phase = Phase.IDLE
        self.phase_since = time.monotonic()
        self.retry: RetryScheduled | None = None
        self.retry_at = 0.0
        self.answer_id: str | None = None
        self.is_stored = bool(len(tree))
        self.totals = Totals()
        self._store = store
        self._outbox = outbox
        self._api = api
        self._credentials = credentials
        self._settings = settings
        self._tasks = tasks
        self._reply: Reply | None = None
        self._opening: asyncio.Task[Store] | None = None
        self._starting: asyncio.Task[Any] | None = None
        self._reading: asyncio.Task[Finished] | None = None
        self._turn: asyncio.Task[None] | None = None
        self._titling: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._attempt: _Attempt | None = None
        self._part_since = 0.0
        self._answer_start = 0
        self._calls_since: dict[str, float] = {}
        self._sync_timer: asyncio.TimerHandle | None = None

    @property
    def endpoint(self) -> Endpoint | None:
        """Where requests go. None where there is none, or where the conversation's own is gone: what was
        said to one server is never sent to another without the user choosing it."""
        wanted = self.conversation.endpoint_id
        endpoint = self._settings.endpoint(wanted)
        return endpoint if endpoint is not None and wanted in (None, endpoint.id) else None

    @property
    def model(self) -> str:
        """The model of the next request; empty where none is chosen."""
        endpoint = self.endpoint
        return (self.conversation.model or endpoint.default_model) if endpoint is not None else ""

    @property
    def summary_model(self) -> str:
        """The model that sums up older turns: the endpoint's small one, else the chat's own; empty for none."""
        endpoint = self.endpoint
        return (endpoint.title_model or self.model) if endpoint is not None else ""

    @property
    def draft_key(self) -> str:
        return self.conversation.id if self.is_stored else NEW_CHAT_DRAFT

    @property
    def last(self) -> Message | None:
        """The last answer on the active path."""
        return next((m for m in reversed(self.tree.path) if m.role is Role.ASSISTANT), None)

    @property
    def is_busy(self) -> bool:
        return self.phase is not Phase.IDLE

    @property
    def context(self) -> ContextSettings:
        """How much of the conversation goes along with a request."""
        return self.conversation.context

    def set_context(self, context: ContextSettings) -> None:
        """Use these from the next request on."""
        if context != self.conversation.context:
            self.conversation.context = context
            self.counts_changed.emit()
            self._save_conversation()

    def plan(self, draft_tokens: int | None = None) -> Plan:
        """The next request, message by message. With ``draft_tokens`` what is being written, of so many
        tokens, is its last entry, whose id is empty. A message that is not counted yet is approximate."""
        return Planner(self.tree.path, lambda message: len(message.text) // 4 + 4, self.context).plan()

    def estimate(self, draft_tokens: int) -> Estimate:
        """What the next request takes with a new message of so many tokens. Takes less than 1 ms."""
        return Estimate(self.plan(draft_tokens).tokens + draft_tokens, None, None, True)

    async def count_draft(self, text: str) -> int:
        """The tokens of a text that is being written, as a message. Approximate where counting fails."""
        return len(text) // 4

    async def count_exactly(self, text: str) -> int:
        """The tokens of the next request with ``text``, as its endpoint counts them. Raises ``ChatError``."""
        raise ChatError("")

    def summarise(self) -> "asyncio.Task[bool]":
        """Have the small model summarise the older turns, and send the summary instead of them from now on.

        The task's result is True once that is done. A failure is told by ``problem`` and changes nothing.
        """
        return self._tasks.start(self._summarise(), "summarise")

    async def _summarise(self) -> bool:
        return False

    def send(self, text: str, *, waive: bool = False) -> "asyncio.Task[bool]":
        """Save ``text`` as the user's message and ask for an answer.

        The task's result is True once the message is on the disk, False where it could not be saved, was
        held back (``waive`` lets it go whatever it takes and costs) or an answer is still being written:
        then the text is still the caller's.
        """
        return self._tasks.start(self._send(text, self.tree.active_leaf, self.draft_key), "send")

    def edit(self, message_id: str, text: str) -> "asyncio.Task[bool]":
        """As :meth:`send`, with ``text`` as a new version of the user's message ``message_id``."""
        return self._tasks.start(self._send(text, self.tree[message_id].parent_id, message_id), "edit")

    def regenerate(self, message_id: str) -> None:
        """Ask for another version of the answer ``message_id``; the one that is there is kept."""
        self._tasks.start(self._new_answer(self.tree[message_id].parent_id), "regenerate")

    def try_again(self, message_id: str) -> None:
        """Ask again for the failed answer ``message_id``, in its place; where text came, as a new version."""
        if self.tree[message_id].parts:
            self.regenerate(message_id)
        else:
            self._tasks.start(self._resume(self.tree[message_id]), "try again")

    def continue_answer(self, message_id: str) -> None:
        """Have the model go on with the answer ``message_id`` where it broke off; without a text, anew."""
        if self.tree[message_id].text:
            self._tasks.start(self._resume(self.tree[message_id]), "continue")
        else:
            self.try_again(message_id)

    def stop(self) -> None:
        """End the answer that is being written, or about to be. What came is kept.

        Where the database is not open yet nothing is saved or sent, and the text is still the caller's.
        """
        self._is_stopping = self.is_busy
        if self._reading is not None:
            self._reading.cancel()
        elif self._opening is not None:
            self._opening.cancel()

    def retry_now(self) -> None:
        """Do not wait for the scheduled retry."""
        if self._reply is not None:
            self._reply.retry_now()

    def show_version(self, message_id: str) -> None:
        """Show the path that leads through ``message_id``."""
        if self.is_busy:
            return
        self.tree.active_leaf = self.conversation.active_leaf = self.tree.leaf_below(message_id)
        self.path_changed.emit()
        self._save_conversation()

    def rename(self, title: str) -> None:
        if title := clean_title(title):
            self._set_title(title, "user")

    def set_model(self, endpoint_id: str, model: str) -> None:
        """Use this model from the next request on."""
        self.conversation.endpoint_id, self.conversation.model = endpoint_id, model
        self.conversation_changed.emit()
        self._save_conversation()

    def set_pinned(self, pinned: bool) -> None:
        self.conversation.pinned = pinned
        self.conversation_changed.emit()
        self._save_conversation()

    def set_parameters(self, parameters: Parameters) -> None:
        """Use these from the next request on."""
        if parameters != self.conversation.parameters:
            self.conversation.parameters = parameters
            self.conversation_changed.emit()
            self._save_conversation()

    async def close(self) -> None:
        """Stop, and wait until all that came is saved."""
        self.stop()
        if self._titling is not None:
            self._titling.cancel()
        if self._starting is not None:
            await asyncio.wait([self._starting])
        if self._turn is not None:
            await asyncio.wait([self._turn])

    async def _send(self, text: str, parent_id: str | None, draft: str) -> bool:
        if self.is_busy:
            return False
        now = time.time()
        user = Message(new_id(), parent_id, Role.USER, [Part(PartKind.TEXT, text)], created_at=now)
        if not self.is_stored:
            self.conversation.title = title_from_words(text)
        return await self._begin([user], user.id, draft)

    async def _new_answer(self, parent_id: str | None) -> None:
        await self._begin([], parent_id)

    async def _begin(self, messages: list[Message], parent_id: str | None, draft: str | None = None) -> bool:
        """Save ``messages``, once ``draft``, and an empty answer below ``parent_id``; start the turn."""
        if self.is_busy:
            return False
        self._start()
        answer = Message(
            new_id(), parent_id, Role.ASSISTANT, [], State.STREAMING, time.time(), model=self.model or None
        )
        new = [*messages, answer]
        conversation = self.conversation
        if conversation.endpoint_id is None and (endpoint := self.endpoint) is not None:
            # From here on a new default does not move this conversation to another server.
            conversation.model, conversation.endpoint_id = self.model, endpoint.id
        conversation.active_leaf, previous_leaf = answer.id, conversation.active_leaf
        conversation.used_at = answer.created_at
        conversation.created_at = conversation.created_at or answer.created_at
        try:
            self._opening = asyncio.create_task(self._store())
            store = await self._opening
            conversation.order = await store.begin_turn(conversation, new, draft=draft)
        except StorageError as error:
            conversation.active_leaf = previous_leaf
            self._enter(Phase.IDLE)
            self.refused.emit(error)
            return False
        except asyncio.CancelledError:
            self._enter(Phase.IDLE)
            raise
        self.is_stored = True
        leaf = self.tree.active_leaf
        for message in new:
            self.tree.add(message)
        if new[0].parent_id == leaf:
            for message in new:
                self.message_added.emit(message.id)
        else:
            self.path_changed.emit()
        self.conversation_changed.emit()
        self._start_turn(answer, self.tree.path[:-1])
        return True

    async def _resume(self, answer: Message) -> None:
        """Write on in ``answer``: after its text where it has some, else from the beginning."""
        if self.is_busy or answer.role is not Role.ASSISTANT:
            return
        self._start()
        store = await self._store()
        await self._outbox.write(lambda: store.reopen(answer.id))
        answer.state, answer.error, answer.finish_reason = State.STREAMING, None, None
        if answer not in self.tree.path:
            self.tree.active_leaf = self.conversation.active_leaf = self.tree.leaf_below(answer.id)
            self._save_conversation()
            self.path_changed.emit()
        self.message_changed.emit(answer.id)
        context = self.tree.path_to(answer.parent_id)
        if answer.text:
            prompt = Message("", answer.id, Role.USER, [Part(PartKind.TEXT, CONTINUE_PROMPT)])
            context += [replace(answer, state=State.STOPPED, parts=list(answer.parts)), prompt]
        self._start_turn(answer, context)

    def _start(self) -> None:
        """Take the session for the current task, which begins a turn."""
        self._starting, self._opening, self._is_stopping = asyncio.current_task(), None, False
        self._enter(Phase.SENDING)

    def _start_turn(self, answer: Message, context: list[Message]) -> None:
        self.answer_id = answer.id
        self._answer_start = len(answer.text)
        self._calls_since.clear()
        self._turn = self._tasks.start(self._run_turn(answer, context), "turn")

    async def _run_turn(self, answer: Message, context: list[Message]) -> None:
        """Read the answer to its end, and save it, whatever the end is."""
        started = time.monotonic()
        endpoint = self.endpoint
        reading = self._reading = asyncio.create_task(self._read(answer, context, endpoint))
        if self._is_stopping:
            reading.cancel()
        try:
            await asyncio.wait([reading])
        except asyncio.CancelledError:
            reading.cancel()
            await asyncio.wait([reading])
        self._reading = self._reply = None
        bug = None if reading.cancelled() else reading.exception()
        if reading.cancelled():
            await self._record_stopped_attempt(answer)
            finished = self._stopped(answer, time.monotonic() - started)
        elif bug is not None:
            state = State.INTERRUPTED if answer.parts else State.FAILED
            finished = Finished(state, error=ChatError("The program made a mistake; the log has it."))
        else:
            finished = reading.result()
        await self._finish(answer, finished)
        if bug is not None:
            raise bug
        if finished.error is not None and finished.state is State.FAILED and not reading.cancelled():
            self.problem.emit(finished.error, answer.id)
        if finished.state is State.COMPLETE and endpoint is not None and endpoint.title_model:
            self._titling = self._tasks.start(self._make_title(answer, endpoint), "title")

    async def _read(self, answer: Message, context: list[Message], endpoint: Endpoint | None) -> Finished:
        if endpoint is None:
            return Finished(State.FAILED, error=EndpointGone())
        request = Request(self.model, tuple(context), self.conversation.parameters)
        answer.model = request.model
        self._enter(Phase.UNLOCKING)
        try:
            key = await self._credentials.key(endpoint)
        except KeyProblem as error:
            return Finished(State.FAILED, error=error)
        self._reply = self._api.reply(endpoint, key, request, self._settings.limits())
        async with aclosing(self._reply.events()) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event
                await self._take(answer, endpoint, event)
        raise RuntimeError("a reply ended without saying how")

    async def _take(self, answer: Message, endpoint: Endpoint, event: ReplyEvent) -> None:
        match event:
            case Delta():
                await self._take_delta(answer, event)
            case PartCame():
                await self._take_part(answer, event.part)
            case AttemptStarted():
                self.retry = None
                self._attempt = _Attempt(endpoint, event.attempt, time.time(), time.monotonic())
                self._enter(Phase.SENDING)
            case Started():
                answer.request_id = event.request_id
            case RetryScheduled():
                self.retry, self.retry_at = event, time.monotonic() + event.delay
                self._enter(Phase.WAITING)
            case AttemptEnded():
                await self._record(answer.id, "chat", event)

    async def _take_delta(self, answer: Message, delta: Delta) -> None:
        """Save, then show."""
        await self._save(answer, delta)
        now = time.monotonic()
        if not answer.parts or answer.parts[-1].kind is not delta.kind:
            self._close_reasoning(answer)
            self._part_since = now
        if self._attempt is not None and self._attempt.first_token is None:
            self._attempt.first_token = now - self._attempt.began
        answer.append(delta.kind, delta.text)
        self._enter(Phase.WRITING)
        self.text_added.emit(answer.id, delta.kind, delta.text)

    async def _take_part(self, answer: Message, part: Part) -> None:
        """Save, then show; a citation at its place in the whole text, a tool call with its duration."""
        match part.data:
            case Citation(start=start, end=end) as citation:
                start, end = (None if at is None else at + self._answer_start for at in (start, end))
                part = replace(part, data=replace(citation, start=start, end=end))
            case ToolCall(id=call, status=status):
                now = time.monotonic()
                since = self._calls_since.setdefault(call, now)
                if status is not CallStatus.RUNNING and now > since:
                    part = replace(part, seconds=now - since)
        await self._save(answer, PartCame(part))
        self._close_reasoning(answer)
        answer.put(part)
        self._enter(Phase.WRITING)
        self.part_came.emit(answer.id, part)

    async def _save(self, answer: Message, came: Delta | PartCame) -> None:
        store = await self._store()
        await self._outbox.write(lambda: store.append(answer.id, [came], durable=False))
        if self._sync_timer is None:
            loop = asyncio.get_running_loop()
            self._sync_timer = loop.call_later(FSYNC_SECONDS, self._sync, store, answer.id)

    def _sync(self, store: Store, message_id: str) -> None:
        self._sync_timer = None
        self._outbox.post(lambda: store.append(message_id, [], durable=True))

    def _close_reasoning(self, answer: Message) -> None:
        """Note how long the reasoning took that has just ended."""
        if answer.parts and (last := answer.parts[-1]).kind is PartKind.REASONING and last.seconds is None:
            answer.parts[-1] = replace(last, seconds=time.monotonic() - self._part_since)

    def _stopped(self, answer: Message, duration: float) -> Finished:
        """How a turn ends that the user stopped: while it waited for a retry, with what it waited for."""
        first_token = self._attempt.first_token if self._attempt else None
        if self.retry is not None and not answer.parts:
            return Finished(State.FAILED, error=self.retry.error, model=answer.model)
        return Finished(
            State.STOPPED,
            request_id=answer.request_id,
            model=answer.model,
            timing=Timing(first_token, duration),
        )

    async def _finish(self, answer: Message, finished: Finished) -> None:
        self._close_reasoning(answer)
        # What came before a Continue that failed is still an answer, which the next request tells.
        failed_on = finished.state is State.FAILED and answer.parts
        answer.state = State.INTERRUPTED if failed_on else finished.state
        answer.finish_reason = finished.finish_reason
        answer.error = finished.error
        answer.request_id = finished.request_id or answer.request_id
        answer.model = finished.model or answer.model
        answer.usage, answer.timing = finished.usage, finished.timing
        if self._sync_timer is not None:
            self._sync_timer.cancel()
            self._sync_timer = None
        self.answer_id = self.retry = self._attempt = None
        store = await self._store()
        await self._outbox.write(lambda: store.finish(answer))
        self._enter(Phase.IDLE)
        self.message_changed.emit(answer.id)

    async def _record_stopped_attempt(self, answer: Message) -> None:
        """The ledger row of an attempt that the user stopped: the reply could not report it any more."""
        if (attempt := self._attempt) is not None:
            timing = Timing(attempt.first_token, time.monotonic() - attempt.began)
            ended = AttemptEnded(attempt.number, answer.request_id, answer.model, None, timing, None)
            await self._record(answer.id, "chat", ended)

    async def _record(self, message_id: str, purpose: str, ended: AttemptEnded) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            await self._write_ledger(message_id, purpose, attempt.endpoint, attempt.started_at, ended)

    async def _write_ledger(
        self, message_id: str, purpose: str, endpoint: Endpoint, started_at: float, ended: AttemptEnded
    ) -> None:
        stopped = ended.error is None and ended.usage is None
        entry = LedgerEntry(
            self.conversation.id,
            message_id,
            endpoint.id,
            endpoint.name,
            endpoint.dialect.value,
            Purpose(purpose),
            ended.attempt,
            started_at,
            ended.timing,
            Outcome.FAILED if ended.error else Outcome.STOPPED if stopped else Outcome.OK,
            ended.model,
            ended.request_id,
            ended.status,
            ended.service_tier,
            ended.usage,
            is_exact=ended.usage is not None,
            error_kind=type(ended.error).__name__ if ended.error else None,
        )
        store = await self._store()
        await self._outbox.write(lambda: store.record_attempt(entry, ended.error))

    async def _make_title(self, answer: Message, endpoint: Endpoint) -> None:
        """Ask the small model of ``endpoint``, which knows the first exchange already, for a title.

        A failure changes nothing.
        """
        path = self.tree.path
        if self.conversation.title_source != "first_words" or len(path) != 2 or path[1] is not answer:
            return
        exchange = f"User: {path[0].text[:2000]}\n\nAssistant: {answer.text[:2000]}"
        question = Message("", None, Role.USER, [Part(PartKind.TEXT, exchange)])
        parameters = Parameters(system_prompt=TITLE_PROMPT)
        request = Request(endpoint.title_model, (question,), parameters, purpose=Purpose.TITLE)
        started_at, title = time.time(), ""
        try:
            key = await self._credentials.key(endpoint)
        except KeyProblem:
            return
        limits = replace(self._settings.limits(), attempts=1)
        async with aclosing(self._api.reply(endpoint, key, request, limits).events()) as events:
            async for event in events:
                if isinstance(event, Delta) and event.kind is PartKind.TEXT:
                    title += event.text
                elif isinstance(event, AttemptEnded):
                    await self._write_ledger(answer.id, "title", endpoint, started_at, event)
                elif isinstance(event, Finished) and event.state is State.COMPLETE:
                    title = clean_title(title)
                    if title and self.conversation.title_source == "first_words":
                        self._set_title(title, "model")

    def _set_title(self, title: str, source: str) -> None:
        self.conversation.title, self.conversation.title_source = title, source
        self.conversation_changed.emit()
        self._save_conversation()

    def _save_conversation(self) -> None:
        if self.is_stored:
            conversation = replace(self.conversation)
            self._outbox.post(lambda: self._write_conversation(conversation))

    async def _write_conversation(self, conversation: Conversation) -> None:
        await (await self._store()).update_conversation(conversation)

    def _enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.phase_since = time.monotonic()
            self.phase_changed.emit()
