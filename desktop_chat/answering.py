"""Answers being written to one request: one, or several that become versions of one message.

Several are wanted with ``Parameters.n``. Where the dialect has that, they come with one request, and the
others are saved when it ends. Else each has a request of its own beside the first: all of them are saved as
they come, accounted for, and stopped together.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from desktop_chat import answer_cache
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import Busy, ChatError, ModelNotFound
from desktop_chat.domain.events import Choice, Finished
from desktop_chat.domain.holds import OverBudget
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Role, State
from desktop_chat.gate import Outgoing
from desktop_chat.record import Record
from desktop_chat.services import Services
from desktop_chat.turn import Phase, Turn

_CUT = {"length", "content_filter"}
"""The words of Chat Completions for an answer that is not whole."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the answer ended that is shown. ``bug`` is a mistake of the program that ended it; ``over_budget``
    the budget that its next attempt would have passed."""

    finished: Finished
    was_stopped: bool = False
    over_budget: OverBudget | None = None
    bug: BaseException | None = None

    @property
    def is_failure(self) -> bool:
        """Whether nothing came, for a reason that the user is to be told."""
        finished = self.finished
        return finished.state is State.FAILED and finished.error is not None and not self.was_stopped


class Answering(QObject):
    """The answers to one request. ``text_added``, ``part_came`` and ``entered`` tell of the one that is
    shown, the last; once that has ended, ``entered`` tells of the others."""

    text_added = Signal(str, object, str)
    part_came = Signal(str, object)
    entered = Signal(object)
    adjusted = Signal(str, str)

    def __init__(
        self, record: Record, answers: Sequence[Message], outgoing: Outgoing, services: Services
    ) -> None:
        """``answers`` are in the database, open and empty; or it is one that is written on."""
        super().__init__()
        self._record = record
        self._services = services
        self._outgoing = outgoing
        self._is_stopping = False
        self._told: set[str] = set()
        self._readings: list[asyncio.Task[Finished]] = []
        self._turns: list[Turn] = []
        """Those that have not ended, the one that is shown first."""
        for answer in reversed(answers):
            account = outgoing.account(services, record.conversation.id, answer)
            turn = Turn(answer, services, account, outgoing.reservation)
            turn.entered.connect(self._entered)
            turn.adjusted.connect(self._adjusted)
            self._turns.append(turn)
        self._shown = self._turns[0]
        self._shown.text_added.connect(self.text_added)
        self._shown.part_came.connect(self.part_came)

    @property
    def leading(self) -> Turn | None:
        """The turn whose phase is told; None where all have ended."""
        return self._turns[0] if self._turns else None

    def stop(self) -> None:
        """End all that is being written; what came is kept."""
        self._is_stopping = True
        for reading in self._readings:
            reading.cancel()

    def retry_now(self) -> None:
        """Do not wait for scheduled retries."""
        for turn in self._turns:
            turn.retry_now()

    async def run(self) -> Ending:
        """Read the answers to their end, and save them, whatever the end is."""
        writing = [asyncio.create_task(self._write(turn)) for turn in self._turns]
        try:
            await asyncio.wait(writing)
        except asyncio.CancelledError:
            self.stop()
            await asyncio.wait(writing)
        finally:
            self._services.spending.release(self._outgoing.reservation)
        endings = [task.result() for task in writing]
        bugs = [ending.bug for ending in endings if ending.bug is not None]
        ending, answer = replace(endings[0], bug=bugs[0] if bugs else None), self._shown.answer
        if ending.finished.others:
            was_stopped = ending.finished.state is State.STOPPED
            others = [_version(answer, choice, was_stopped) for choice in ending.finished.others]
            await self._record.add_versions(others)
        self._keep(answer)
        return ending

    async def _write(self, turn: Turn) -> Ending:
        started, answer = time.monotonic(), turn.answer
        reading = asyncio.create_task(self._read(turn))
        self._readings.append(reading)
        if self._is_stopping:
            reading.cancel()
        await asyncio.wait([reading])
        bug = None if reading.cancelled() else reading.exception()
        if reading.cancelled():
            finished = await turn.stopped(time.monotonic() - started)
        elif bug is not None:
            state = State.INTERRUPTED if answer.parts else State.FAILED
            finished = Finished(state, error=ChatError("The program made a mistake; the log has it."))
        else:
            finished = reading.result()
        await turn.finish(finished)
        self._turns.remove(turn)
        if self._turns and turn is self._shown:
            self.entered.emit(self._turns[0].phase)
        return Ending(finished, reading.cancelled(), turn.over_budget, bug)

    async def _read(self, turn: Turn) -> Finished:
        outgoing = self._outgoing
        if outgoing.problem is not None:
            return Finished(State.FAILED, error=outgoing.problem)
        if outgoing.kept is not None:
            return await turn.repeat(outgoing.kept)
        return await turn.read(outgoing.endpoint, outgoing.request)

    def _entered(self, message_id: str, phase: Phase) -> None:
        if self._turns and self._turns[0].answer.id == message_id:
            self.entered.emit(phase)

    def _adjusted(self, name: str, message: str) -> None:
        """Several requests at once are rejected for the same thing: that is told once."""
        if name not in self._told:
            self._told.add(name)
            self.adjusted.emit(name, message)

    def _keep(self, answer: Message) -> None:
        """Keep an answer to be given again, if that is wanted."""
        key = self._outgoing.key
        if key is not None and self._outgoing.kept is None and answer_cache.may_keep(answer):
            kept = replace(answer, parts=list(answer.parts))

            async def save() -> None:
                await (await self._services.store()).save_cached_answer(key, kept)

            self._services.outbox.post(save)


def stand_in(endpoint: Endpoint | None, model: str, asked: str, error: ChatError | None) -> str | None:
    """The model of the endpoint's chain to ask where ``asked`` failed with ``error``; None where another
    model would not help, or the chain is at its end. ``model`` is the one that the chat wants."""
    if endpoint is None or not isinstance(error, Busy | ModelNotFound):
        return None
    chain = list(dict.fromkeys((model, *endpoint.fallback_models)))
    behind = chain.index(asked) + 1 if asked in chain else 1
    return chain[behind] if behind < len(chain) else None


def _version(answer: Message, choice: Choice, was_stopped: bool) -> Message:
    """Another answer to the request of ``answer``, whose usage and cost are those of all of them."""
    state = State.TRUNCATED if choice.finish_reason in _CUT else State.COMPLETE
    if choice.finish_reason is None:
        state = State.STOPPED if was_stopped else State.INTERRUPTED
    return Message(
        new_id(),
        answer.parent_id,
        Role.ASSISTANT,
        list(choice.parts),
        state,
        time.time(),
        model=answer.model,
        finish_reason=choice.finish_reason,
        request_id=answer.request_id,
    )
