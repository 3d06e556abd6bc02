"""How a conversation is asked: what may leave is saved, then written; what may not is held.

The user's message is on the disk before the request leaves; :mod:`desktop_chat.answering` goes on from there.
Where a model is overloaded or gone, one that stands in is asked next, if the user wants that.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from desktop_chat.answering import Answering, Ending, stand_in
from desktop_chat.counting import Counts
from desktop_chat.domain.attaching import sent_as_text
from desktop_chat.domain.context import is_sendable
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import ChatError, EndpointGone
from desktop_chat.domain.holds import Hold, OverBudget
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, Role, State
from desktop_chat.gate import Gate, Outgoing, Waived
from desktop_chat.record import Record
from desktop_chat.services import Services
from desktop_chat.storage import StorageError
from desktop_chat.turn import Phase, Turn

CONTINUE_PROMPT = "Continue exactly where you stopped. Do not repeat anything and do not comment on it."


class Again(Protocol):
    """Does what was held once more; holds of the kinds ``waived`` do not keep it back. ``as_text`` sends the
    text of files instead of them. ``when_online`` saves what is sent, and asks when there is a network."""

    def __call__(
        self, waived: Waived, *, as_text: bool = False, when_online: bool = False
    ) -> "asyncio.Task[bool]": ...


class Asking(QObject):
    """A conversation that can be asked: its turns, one at a time."""

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

    Nothing was saved or sent, except where it was another attempt that would have passed a budget: then the
    answer has failed. What the callable gives is that of the method that was held; called with
    ``waive=False`` it does the same as before, where something was done about the hold. Called with
    ``as_text=True``, after a :class:`NotTaken` that offers it, it sends the text of files instead of them,
    now and from then on. Called with ``when_online=True``, after an :class:`Offline`, it saves what is sent
    and waits in ``Phase.OFFLINE`` until it can be asked."""
    adjusted = Signal(str, str)
    """What the model does not take, as ``Adjusted.name`` has it, and what the server said. The request was
    sent again without it, and no request to the model has it from now on: see ``Settings.rejected``."""
    ended = Signal(str)
    """The id of an answer that is at its end, however it ended, and saved."""
    fell_back = Signal(str, str)
    """The model that was overloaded or gone, and the one that is asked in its place."""

    def __init__(self, record: Record, counts: Counts, services: Services) -> None:
        super().__init__()
        self.conversation = record.conversation
        self.tree = record.tree
        self.phase = Phase.IDLE
        self.phase_since = time.monotonic()
        self.answer_id: str | None = None
        """The answer that is being written."""
        self._record = record
        self._counts = counts
        self._services = services
        self._gate = Gate(record.conversation, record.tree, counts, services)
        self._answering: Answering | None = None
        self._opening: asyncio.Task[object] | None = None
        self._starting: asyncio.Task[object] | None = None
        self._turning: asyncio.Task[None] | None = None
        self._is_stopping = False

    @property
    def is_busy(self) -> bool:
        return self.phase is not Phase.IDLE

    @property
    def turn(self) -> Turn | None:
        """What is being written, or waited for."""
        return self._answering.leading if self._answering is not None else None

    def stop(self) -> None:
        """End the answer that is being written, or about to be. What came is kept.

        Where the database is not open yet nothing is saved or sent, and the text is still the caller's.
        """
        self._is_stopping = self.is_busy
        if self._answering is not None:
            self._answering.stop()
        elif self._opening is not None:
            self._opening.cancel()

    def retry_now(self) -> None:
        """Do not wait for the scheduled retry."""
        if self._answering is not None:
            self._answering.retry_now()

    async def let_go(self, message_ids: Collection[str]) -> None:
        """Have none of these messages written or answered by what was begun: an answer among them is stopped,
        and what is about to be saved below one of them is waited for."""
        if self._starting is not None:
            await asyncio.wait([self._starting])
        is_written = any(m.state is State.STREAMING and m.id in message_ids for m in self.tree)
        if is_written and self._turning is not None:
            self.stop()
            await asyncio.wait([self._turning])

    async def _close(self) -> None:
        """Wait until all that came is saved."""
        for task in (self._starting, self._turning):
            if task is not None:
                await asyncio.wait([task])

    def _answered(self, answer: Message, endpoint: Endpoint) -> None:
        """An answer of ``endpoint`` is complete."""

    # What can be held, and then done again

    def _ask(
        self,
        parts: list[Part],
        parent_id: str | None,
        draft: str,
        waived: Waived,
        *,
        when_online: bool = False,
    ) -> "asyncio.Task[bool]":
        def again(
            waived: Waived, *, as_text: bool = False, when_online: bool = False
        ) -> "asyncio.Task[bool]":
            again = sent_as_text(parts) if as_text else parts
            return self._ask(again, parent_id, draft, waived, when_online=when_online)

        message = Message(new_id(), parent_id, Role.USER, list(parts), created_at=time.time())
        begin = self._begin([message], message.id, waived, again, draft, when_online=when_online)
        return self._services.tasks.start(begin, "send")

    def _ask_again(
        self,
        parent_id: str | None,
        waived: Waived,
        *,
        model: str = "",
        as_text: bool = False,
        when_online: bool = False,
    ) -> "asyncio.Task[bool]":
        again = partial(self._ask_again, parent_id, model=model)
        begin = self._begin([], parent_id, waived, again, model=model, when_online=when_online)
        return self._services.tasks.start(begin, "regenerate")

    def _resume(
        self,
        answer: Message,
        waived: Waived,
        *,
        model: str = "",
        as_text: bool = False,
        when_online: bool = False,
    ) -> "asyncio.Task[bool]":
        again = partial(self._resume, answer, model=model)
        resume = self._write_on(answer, waived, again, model, when_online=when_online)
        return self._services.tasks.start(resume, "resume")

    def _summarise(
        self, waived: Waived, *, as_text: bool = False, when_online: bool = False
    ) -> "asyncio.Task[bool]":
        return self._services.tasks.start(self._sum_up(waived, self._summarise), "summarise")

    async def _sum_up(self, waived: Waived, again: Again) -> bool:
        if self.is_busy:
            return False
        self._start(Phase.SUMMARISING)
        task = asyncio.create_task(self._gate.summarise(self.tree.path, waive=OverBudget in waived))
        self._opening = task
        failure: ChatError | StorageError | None = None
        done: bool | OverBudget = False
        try:
            done = await task
        except (ChatError, StorageError) as error:
            failure = error
        finally:
            self._enter(Phase.IDLE)
        if isinstance(failure, ChatError):
            self.problem.emit(failure, "")
            return False
        if failure is not None:
            self.refused.emit(failure)
            return False
        if isinstance(done, OverBudget):
            self._hold(done, waived, again)
            return False
        self._record.save()
        return done

    async def _begin(
        self,
        messages: list[Message],
        parent_id: str | None,
        waived: Waived,
        again: Again,
        draft: str | None = None,
        model: str = "",
        *,
        when_online: bool = False,
    ) -> bool:
        """Save ``messages``, once ``draft``, and empty answers below ``parent_id``; start the turn."""
        if self.is_busy:
            return False
        self._start(Phase.SENDING)
        path = [*self.tree.path_to(messages[0].parent_id if messages else parent_id), *messages]
        wanted = self.conversation.parameters.n or 1
        outgoing: Outgoing | bool | None = None
        if not when_online:
            outgoing = await self._clear(path, waived, again, model=model, fresh=not messages, answers=wanted)
        if isinstance(outgoing, bool):
            return False
        now, model = time.time(), model or self._services.model(self.conversation)
        answers = [
            Message(new_id(), parent_id, Role.ASSISTANT, [], State.STREAMING, now, model=model or None)
            for _ in range(outgoing.copies if outgoing is not None else 1)
        ]
        if not await self._add([*messages, *answers], draft, outgoing):
            return False
        if when_online:
            self._start_waiting(answers[0], waived, model)
        else:
            self._start_turn(answers, outgoing)
        return True

    async def _add(self, new: list[Message], draft: str | None, outgoing: Outgoing | None = None) -> bool:
        """Save messages, and tell; False where they could not be saved: then the session is idle."""
        leaf, refusal, is_saved = self.tree.active_leaf, None, False
        try:
            await self._record.add(new, draft=draft)
            is_saved = True
        except StorageError as error:
            refusal = error
        finally:
            if not is_saved:
                # What might have left does not.
                if outgoing is not None:
                    self._services.spending.release(outgoing.reservation)
                self._enter(Phase.IDLE)
        if refusal is not None:
            self.refused.emit(refusal)
            return False
        path = self.tree.path
        if new[0].parent_id == leaf and all(message in path for message in new):
            for message in new:
                self.message_added.emit(message.id)
        else:
            self.path_changed.emit()
        self.conversation_changed.emit()
        self._counts.invalidate()
        self._counts.wake()
        return True

    def _insert(self, parts: list[Part], parent_id: str | None, draft: str | None) -> "asyncio.Task[bool]":
        answer = Message(new_id(), parent_id, Role.ASSISTANT, parts, created_at=time.time())
        return self._services.tasks.start(self._put(answer, draft), "insert")

    async def _put(self, answer: Message, draft: str | None) -> bool:
        if self.is_busy:
            return False
        self._start(Phase.SENDING)
        is_saved = await self._add([answer], draft)
        self._enter(Phase.IDLE)
        return is_saved

    async def _write_on(
        self, answer: Message, waived: Waived, again: Again, model: str, *, when_online: bool = False
    ) -> bool:
        """Write on in ``answer``: after its text where it has some, else from the beginning."""
        if self.is_busy or answer.role is not Role.ASSISTANT or answer.id not in self.tree:
            return False
        self._start(Phase.SENDING)
        outgoing: Outgoing | bool | None = None
        if not when_online:
            outgoing = await self._clear_more(answer, waived, again, model)
        if isinstance(outgoing, bool):
            return False
        await self._reopen(answer)
        if answer not in self.tree.path:
            self._record.show(self.tree.leaf_below(answer.id))
            self.path_changed.emit()
        self.message_changed.emit(answer.id)
        self._counts.wake()
        if when_online:
            self._start_waiting(answer, waived, model)
        else:
            self._start_turn([answer], outgoing)
        return True

    async def _clear_more(
        self, answer: Message, waived: Waived, again: Again, model: str
    ) -> Outgoing | bool | None:
        """As :meth:`_clear`, for what is to be written in ``answer``, behind its text where it has some."""
        path, prompt = self.tree.path_to(answer.parent_id), ""
        if answer.text:
            path.append(replace(answer, state=State.STOPPED, parts=list(answer.parts)))
            prompt = CONTINUE_PROMPT
        return await self._clear(path, waived, again, model=model, prompt=prompt)

    async def _reopen(self, answer: Message) -> None:
        store = await self._services.store()
        await self._services.outbox.write(lambda: store.reopen(answer.id))
        answer.state, answer.error, answer.finish_reason = State.STREAMING, None, None
        answer.is_cached = False

    async def _clear(
        self,
        path: list[Message],
        waived: Waived,
        again: Again,
        *,
        model: str = "",
        prompt: str = "",
        fresh: bool = False,
        answers: int = 1,
    ) -> Outgoing | bool | None:
        """What may leave; None where there is nowhere to send it, False where it may not."""

        def summarising(begins: bool) -> None:
            self._enter(Phase.SUMMARISING if begins else Phase.SENDING)

        clearing = asyncio.create_task(
            self._gate.clear(
                path,
                waived,
                model=model,
                prompt=prompt,
                fresh=fresh,
                answers=answers,
                summarising=summarising,
            )
        )
        self._opening = clearing
        refusal, outgoing, may_leave = None, None, False
        try:
            outgoing = await clearing
            may_leave = not isinstance(outgoing, Hold)
        except StorageError as error:
            refusal = error
        finally:
            self._opening = None
            if not may_leave:
                self._enter(Phase.IDLE)
        if refusal is not None:
            self.refused.emit(refusal)
            return False
        if isinstance(outgoing, Hold):
            self._hold(outgoing, waived, again)
            return False
        return outgoing

    def _hold(self, hold: Hold, waived: Waived, again: Again) -> None:
        def do_again(
            *, waive: bool = True, as_text: bool = False, when_online: bool = False
        ) -> "asyncio.Task[bool]":
            if when_online:
                return again(waived, when_online=True)
            if as_text:
                self._send_files_as_text()
                return again(waived, as_text=True)
            return again(waived | {type(hold)} if waive else waived)

        self.held.emit(hold, do_again)

    def _send_files_as_text(self) -> None:
        """Have what was read of the files on the path sent instead of them, from now on."""
        for message in self.tree.path:
            parts = sent_as_text(message.parts)
            if parts != message.parts:
                message.parts = parts
                self._services.outbox.post(partial(self._rewrite, replace(message, parts=list(parts))))
                self._counts.forget(message.id)
                self.message_changed.emit(message.id)

    async def _rewrite(self, message: Message) -> None:
        await (await self._services.store()).finish(message)

    # A turn

    def _start(self, phase: Phase) -> None:
        """Take the session for the current task, which begins a turn."""
        self._starting, self._opening, self._is_stopping = asyncio.current_task(), None, False
        self._enter(phase)

    def _start_turn(self, answers: list[Message], outgoing: Outgoing | None) -> None:
        self.answer_id = answers[-1].id
        turn = self._run_turn(answers, outgoing) if outgoing is not None else self._fail_turn(answers[-1])
        self._turning = self._services.tasks.start(turn, "turn")

    def _start_waiting(self, answer: Message, waived: Waived, model: str) -> None:
        self.answer_id = answer.id
        waiting = self._wait_for_network(answer, waived, model)
        self._turning = self._services.tasks.start(waiting, "wait for the network")

    async def _wait_for_network(self, answer: Message, waived: Waived, model: str) -> None:
        """Ask when there is a network, as if it were asked only then; ``stop`` ends the waiting."""
        services = self._services
        self._enter(Phase.OFFLINE)
        services.waiting.add(answer.id, self.conversation.id)
        online = services.connectivity.online(
            lambda: services.endpoint(self.conversation), self.conversation_changed
        )
        waiting = self._opening = asyncio.create_task(online)
        if self._is_stopping:
            waiting.cancel()
        outgoing: Outgoing | bool | None = False
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
            self._enter(Phase.SENDING)
            again = partial(self._resume, answer, model=model)
            outgoing = await self._clear_more(answer, waived, again, model)
        self._opening = None
        if not services.is_closing:
            services.waiting.remove(answer.id)
        if isinstance(outgoing, Outgoing):
            await self._run_turn([answer], outgoing)
        elif outgoing is None:
            await self._fail_turn(answer)
        else:
            answer.state = State.STOPPED
            store = await services.store()
            await services.outbox.write(lambda: store.finish(answer))
            self.answer_id = None
            self._enter(Phase.IDLE)
            self.message_changed.emit(answer.id)

    async def _fail_turn(self, answer: Message) -> None:
        """There is nowhere to ask."""
        answer.error = error = EndpointGone()
        answer.state = State.INTERRUPTED if answer.parts else State.FAILED
        store = await self._services.store()
        await self._services.outbox.write(lambda: store.finish(answer))
        self.answer_id = None
        self._enter(Phase.IDLE)
        self.message_changed.emit(answer.id)
        self.problem.emit(error, answer.id)

    async def _run_turn(self, answers: list[Message], outgoing: Outgoing) -> None:
        """Have the answers written, by the models that stand in where it comes to that."""
        answer, is_over = answers[-1], False
        while True:
            ending = await self._write(answers, outgoing)
            other = next(filter(is_sendable, answers[:-1]), None)
            if ending.is_failure and other is not None:
                # Of several answers one came: that is what the user wants to see.
                answer, is_over = other, True
                self._record.show(other.id)
                break
            model = self._stand_in(answer, outgoing, ending)
            if model is None:
                break
            self.fell_back.emit(outgoing.request.model, model)
            cleared = await self._clear_for(answer, model)
            if cleared is None:
                is_over = True
                break
            answers, outgoing = [answer], cleared
            await self._reopen(answer)
            self.message_changed.emit(answer.id)
        self.answer_id = None
        self._enter(Phase.IDLE)
        self.message_changed.emit(answer.id)
        if ending.finished.others or answer is not answers[-1]:
            self.path_changed.emit()
        self._counts.wake()
        self.ended.emit(answer.id)
        if ending.bug is not None:
            raise ending.bug
        if ending.over_budget is not None and not is_over:
            self._hold(ending.over_budget, Waived(), partial(self._resume, answer))
        elif ending.is_failure and not is_over:
            self.problem.emit(ending.finished.error, answer.id)
        if answer.state is State.COMPLETE:
            self._answered(answer, outgoing.endpoint)

    async def _clear_for(self, answer: Message, model: str) -> Outgoing | None:
        """What may leave for ``model``, which stands in; None where it may not, or the user stopped."""
        if self._is_stopping:
            return None
        self._enter(Phase.SENDING)
        try:
            again = partial(self._resume, answer, model=model)
            found = await self._clear(self.tree.path_to(answer.parent_id), Waived(), again, model=model)
        except asyncio.CancelledError:
            return None
        return found if isinstance(found, Outgoing) else None

    async def _write(self, answers: list[Message], outgoing: Outgoing) -> Ending:
        answering = self._answering = Answering(self._record, answers, outgoing, self._services)
        answering.text_added.connect(self.text_added)
        answering.part_came.connect(self.part_came)
        answering.entered.connect(self._enter)
        answering.adjusted.connect(self.adjusted)
        if self._is_stopping:
            answering.stop()
        try:
            return await answering.run()
        finally:
            self._answering = None
            for answer in answers:
                self._counts.forget(answer.id)

    def _stand_in(self, answer: Message, outgoing: Outgoing, ending: Ending) -> str | None:
        """The model that is asked in place of the one that failed, where the user wants that."""
        if not ending.is_failure or ending.over_budget is not None or not outgoing.endpoint.falls_back:
            return None
        if answer.parts:
            return None  # what one model wrote is not carried on by another, unless the user wants that
        wanted = self._services.model(self.conversation)
        return stand_in(outgoing.endpoint, wanted, outgoing.request.model, ending.finished.error)

    def _enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.phase_since = time.monotonic()
            self.phase_changed.emit()
