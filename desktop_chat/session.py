"""ChatSession: one conversation at work. Send, stop, retry, save, report. Knows no widget.

The user's message is on the disk before the request leaves; :mod:`desktop_chat.turn` goes on from there.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop_chat import answer_cache
from desktop_chat.counting import Counts, Estimate
from desktop_chat.domain.context import ContextSettings, Plan
from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import ChatError, EndpointGone
from desktop_chat.domain.events import Finished, RetryScheduled
from desktop_chat.domain.holds import Hold, OverBudget
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import Totals
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.titles import clean_title, title_from_words
from desktop_chat.errands import Errands
from desktop_chat.gate import ALL_WAIVED, Gate, Outgoing, Waived, small_model
from desktop_chat.services import Services
from desktop_chat.storage import StorageError
from desktop_chat.turn import Phase, Turn

__all__ = ["CONTINUE_PROMPT", "NEW_CHAT_DRAFT", "ChatSession", "Phase"]

NEW_CHAT_DRAFT = "new"
"""The name of the draft of a conversation that is not stored yet."""

CONTINUE_PROMPT = "Continue exactly where you stopped. Do not repeat anything and do not comment on it."

Again = Callable[[Waived], "asyncio.Task[bool]"]
"""Does what was held once more; holds of these kinds do not keep it back."""


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

    Nothing was saved or sent, except where it was another attempt that would have passed a budget: then the
    answer has failed. What the callable gives is that of the method that was held; called with
    ``waive=False`` it does the same as before, where something was done about the hold."""
    counts_changed = Signal()
    """Counts, prices, the plan or its settings changed: ask for plan and estimate again."""
    totals_changed = Signal()

    def __init__(self, conversation: Conversation, tree: Tree, services: Services) -> None:
        super().__init__()
        self.conversation = conversation
        self.tree = tree
        self.phase = Phase.IDLE
        self.phase_since = time.monotonic()
        self.answer_id: str | None = None
        self.is_stored = bool(len(tree))
        self.totals = Totals()
        self._services = services
        self._counts = Counts(conversation, tree, services)
        self._counts.changed.connect(self.counts_changed)
        self._gate = Gate(conversation, self._counts, services)
        self._turn: Turn | None = None
        self._opening: asyncio.Task[object] | None = None
        self._starting: asyncio.Task[object] | None = None
        self._reading: asyncio.Task[Finished] | None = None
        self._turning: asyncio.Task[None] | None = None
        self._titling: asyncio.Task[None] | None = None
        self._is_stopping = False

    @property
    def endpoint(self) -> Endpoint | None:
        """Where requests go: see :meth:`Services.endpoint`."""
        return self._services.endpoint(self.conversation)

    @property
    def model(self) -> str:
        """The model of the next request; empty where none is chosen."""
        return self._services.model(self.conversation)

    @property
    def summary_model(self) -> str:
        """The model that sums up older turns: see :func:`~desktop_chat.gate.small_model`."""
        return small_model(self.endpoint, self.model)

    @property
    def retry(self) -> RetryScheduled | None:
        """The retry that is waited for."""
        return self._turn.retry if self._turn is not None else None

    @property
    def retry_at(self) -> float:
        """When it is made, by the monotonic clock; 0 where none is waited for."""
        return self._turn.retry_at if self._turn is not None else 0.0

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
            self._counts.invalidate()
            self._save_conversation()

    @property
    def is_counting(self) -> bool:
        """Whether the messages of the chat are being counted; ``counts_changed`` comes with the end."""
        return self._counts.is_counting

    def plan(self, draft_tokens: int | None = None) -> Plan:
        """The next request, message by message. With ``draft_tokens`` what is being written, of so many
        tokens, is its last entry, whose id is empty; without them nothing is written yet, but will be.

        A message that is not counted yet is approximate."""
        return self._counts.plan(draft_tokens)

    def estimate(self, draft_tokens: int) -> Estimate:
        """What the next request takes with a new message of so many tokens. Takes less than 1 ms, unless
        something else changed since."""
        return self._counts.estimate(draft_tokens)

    async def count_draft(self, text: str) -> int:
        """The tokens of a text that is being written, as a message. Approximate where counting fails.

        The first call starts the helper, which then counts the rest of the chat, too."""
        return await self._counts.draft(text)

    async def count_exactly(self, text: str) -> int:
        """The tokens of the next request with ``text``, as its endpoint counts them. Raises ``ChatError``."""
        path = self.tree.path
        if text.strip():
            path.append(Message("", self.tree.active_leaf, Role.USER, [Part(PartKind.TEXT, text)]))
        return await self._gate.count(path)

    def summarise(self) -> "asyncio.Task[bool]":
        """Have the small model sum up the older turns, and send the summary instead of them from now on.

        The task's result is True once that is done, False where there is nothing to sum up. A failure is told
        by ``problem``, without a message; it changes nothing.
        """
        return self._summarise_again(frozenset())

    def send(self, text: str, *, waive: bool = False) -> "asyncio.Task[bool]":
        """Save ``text`` as the user's message and ask for an answer.

        The task's result is True once the message is on the disk, False where it could not be saved, was
        held back (``waive`` lets it go whatever it takes and costs) or an answer is still being written:
        then the text is still the caller's.
        """
        return self._send_to(text, self.tree.active_leaf, self.draft_key, ALL_WAIVED if waive else Waived())

    def edit(self, message_id: str, text: str) -> "asyncio.Task[bool]":
        """As :meth:`send`, with ``text`` as a new version of the user's message ``message_id``."""
        return self._send_to(text, self.tree[message_id].parent_id, message_id, Waived())

    def regenerate(self, message_id: str) -> None:
        """Ask for another version of the answer ``message_id``; the one that is there is kept."""
        self._answer_again(self.tree[message_id].parent_id, Waived())

    def try_again(self, message_id: str) -> None:
        """Ask again for the failed answer ``message_id``, in its place; where text came, as a new version.

        Without an id it was a summary that failed.
        """
        if not message_id:
            self.summarise()
        elif self.tree[message_id].parts:
            self.regenerate(message_id)
        else:
            self._resume_again(self.tree[message_id], Waived())

    def continue_answer(self, message_id: str) -> None:
        """Have the model go on with the answer ``message_id`` where it broke off; without a text, anew."""
        if self.tree[message_id].text:
            self._resume_again(self.tree[message_id], Waived())
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
        if self._turn is not None:
            self._turn.retry_now()

    def show_version(self, message_id: str) -> None:
        """Show the path that leads through ``message_id``."""
        if self.is_busy:
            return
        self.tree.active_leaf = self.conversation.active_leaf = self.tree.leaf_below(message_id)
        self.path_changed.emit()
        self.recount()
        self._save_conversation()

    def rename(self, title: str) -> None:
        if title := clean_title(title):
            self._set_title(title, "user")

    def set_model(self, endpoint_id: str, model: str) -> None:
        """Use this model from the next request on."""
        self.conversation.endpoint_id, self.conversation.model = endpoint_id, model
        self.conversation_changed.emit()
        self.recount()
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
            self._counts.invalidate()
            self._save_conversation()

    def recount(self) -> None:
        """Look up what is known of the model's counts: the path, the model or a price changed."""
        self._counts.invalidate()
        self._services.tasks.start(self._counts.load(), "counts")

    async def read_totals(self) -> None:
        """Add up the ledger's rows of this chat."""
        try:
            totals = await (await self._services.store()).chat_totals(self.conversation.id)
        except StorageError:
            return
        if totals != self.totals:
            self.totals = totals
            self.totals_changed.emit()

    async def close(self) -> None:
        """Stop, and wait until all that came is saved."""
        self.stop()
        self._counts.close()
        if self._titling is not None:
            self._titling.cancel()
            await asyncio.wait([self._titling])
        if self._starting is not None:
            await asyncio.wait([self._starting])
        if self._turning is not None:
            await asyncio.wait([self._turning])

    # What can be held, and then done again

    def _send_to(self, text: str, parent_id: str | None, draft: str, waived: Waived) -> "asyncio.Task[bool]":
        def again(waived: Waived) -> "asyncio.Task[bool]":
            return self._send_to(text, parent_id, draft, waived)

        return self._services.tasks.start(self._send(text, parent_id, draft, waived, again), "send")

    def _answer_again(self, parent_id: str | None, waived: Waived) -> "asyncio.Task[bool]":
        def again(waived: Waived) -> "asyncio.Task[bool]":
            return self._answer_again(parent_id, waived)

        return self._services.tasks.start(self._begin([], parent_id, waived, again), "regenerate")

    def _resume_again(self, answer: Message, waived: Waived) -> "asyncio.Task[bool]":
        def again(waived: Waived) -> "asyncio.Task[bool]":
            return self._resume_again(answer, waived)

        return self._services.tasks.start(self._resume(answer, waived, again), "resume")

    def _summarise_again(self, waived: Waived) -> "asyncio.Task[bool]":
        return self._services.tasks.start(self._summarise(waived, self._summarise_again), "summarise")

    async def _summarise(self, waived: Waived, again: Again) -> bool:
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
        self._save_conversation()
        return done

    async def _send(self, text: str, parent_id: str | None, draft: str, waived: Waived, again: Again) -> bool:
        now = time.time()
        user = Message(new_id(), parent_id, Role.USER, [Part(PartKind.TEXT, text)], created_at=now)
        return await self._begin([user], user.id, waived, again, draft)

    async def _begin(
        self,
        messages: list[Message],
        parent_id: str | None,
        waived: Waived,
        again: Again,
        draft: str | None = None,
    ) -> bool:
        """Save ``messages``, once ``draft``, and an empty answer below ``parent_id``; start the turn."""
        if self.is_busy:
            return False
        self._start(Phase.SENDING)
        path = [*self.tree.path_to(messages[0].parent_id if messages else parent_id), *messages]
        outgoing = await self._clear(path, waived, again, fresh=not messages)
        if isinstance(outgoing, bool):
            return False
        answer = Message(
            new_id(), parent_id, Role.ASSISTANT, [], State.STREAMING, time.time(), model=self.model or None
        )
        new = [*messages, answer]
        conversation = self.conversation
        if not self.is_stored:
            conversation.title = title_from_words(new[0].text)
        if conversation.endpoint_id is None and (endpoint := self.endpoint) is not None:
            # From here on a new default does not move this conversation to another server.
            conversation.model, conversation.endpoint_id = self.model, endpoint.id
        conversation.active_leaf, previous_leaf = answer.id, conversation.active_leaf
        conversation.used_at = answer.created_at
        conversation.created_at = conversation.created_at or answer.created_at
        refusal, is_saved = None, False
        try:
            store = await self._services.store()
            conversation.order = await store.begin_turn(conversation, new, draft=draft)
            is_saved = True
        except StorageError as error:
            conversation.active_leaf, refusal = previous_leaf, error
        finally:
            if not is_saved:
                # What might have left does not.
                if outgoing is not None:
                    self._services.spending.release(outgoing.reservation)
                self._enter(Phase.IDLE)
        if refusal is not None:
            self.refused.emit(refusal)
            return False
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
        self._counts.invalidate()
        self._counts.wake()
        self._start_turn(answer, outgoing)
        return True

    async def _resume(self, answer: Message, waived: Waived, again: Again) -> bool:
        """Write on in ``answer``: after its text where it has some, else from the beginning."""
        if self.is_busy or answer.role is not Role.ASSISTANT:
            return False
        self._start(Phase.SENDING)
        path, prompt = self.tree.path_to(answer.parent_id), ""
        if answer.text:
            path.append(replace(answer, state=State.STOPPED, parts=list(answer.parts)))
            prompt = CONTINUE_PROMPT
        outgoing = await self._clear(path, waived, again, prompt=prompt)
        if isinstance(outgoing, bool):
            return False
        store = await self._services.store()
        await self._services.outbox.write(lambda: store.reopen(answer.id))
        answer.state, answer.error, answer.finish_reason = State.STREAMING, None, None
        answer.is_cached = False
        if answer not in self.tree.path:
            self.tree.active_leaf = self.conversation.active_leaf = self.tree.leaf_below(answer.id)
            self._save_conversation()
            self.path_changed.emit()
        self.message_changed.emit(answer.id)
        self._counts.wake()
        self._start_turn(answer, outgoing)
        return True

    async def _clear(
        self, path: list[Message], waived: Waived, again: Again, *, prompt: str = "", fresh: bool = False
    ) -> Outgoing | bool | None:
        """What may leave; None where there is nowhere to send it, False where it may not."""

        def summarising(begins: bool) -> None:
            self._enter(Phase.SUMMARISING if begins else Phase.SENDING)

        clearing = asyncio.create_task(
            self._gate.clear(path, waived, prompt=prompt, fresh=fresh, summarising=summarising)
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
        def do_again(*, waive: bool = True) -> "asyncio.Task[bool]":
            return again(waived | {type(hold)} if waive else waived)

        self.held.emit(hold, do_again)

    # A turn

    def _start(self, phase: Phase) -> None:
        """Take the session for the current task, which begins a turn."""
        self._starting, self._opening, self._is_stopping = asyncio.current_task(), None, False
        self._enter(phase)

    def _start_turn(self, answer: Message, outgoing: Outgoing | None) -> None:
        self.answer_id = answer.id
        turn = self._run_turn(answer, outgoing) if outgoing is not None else self._fail_turn(answer)
        self._turning = self._services.tasks.start(turn, "turn")

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

    async def _run_turn(self, answer: Message, outgoing: Outgoing) -> None:
        """Read the answer to its end, and save it, whatever the end is."""
        started = time.monotonic()
        account = outgoing.account(self._services, self.conversation.id, answer)
        turn = self._turn = Turn(answer, self._services, account, outgoing.reservation)
        turn.text_added.connect(self.text_added)
        turn.part_came.connect(self.part_came)
        turn.entered.connect(self._enter)
        reading = self._reading = asyncio.create_task(self._read(turn, outgoing))
        if self._is_stopping:
            reading.cancel()
        try:
            await asyncio.wait([reading])
        except asyncio.CancelledError:
            reading.cancel()
            await asyncio.wait([reading])
        self._reading = None
        bug = None if reading.cancelled() else reading.exception()
        if reading.cancelled():
            finished = await turn.stopped(time.monotonic() - started)
        elif bug is not None:
            state = State.INTERRUPTED if answer.parts else State.FAILED
            finished = Finished(state, error=ChatError("The program made a mistake; the log has it."))
        else:
            finished = reading.result()
        await turn.finish(finished)
        self.answer_id = self._turn = None
        self._services.spending.release(outgoing.reservation)
        self._enter(Phase.IDLE)
        self.message_changed.emit(answer.id)
        self._counts.forget(answer.id)
        self._counts.wake()
        if bug is not None:
            raise bug
        self._keep(answer, outgoing)
        if turn.over_budget is not None:
            self._hold(turn.over_budget, Waived(), lambda waived: self._resume_again(answer, waived))
        elif finished.error is not None and finished.state is State.FAILED and not reading.cancelled():
            self.problem.emit(finished.error, answer.id)
        if finished.state is State.COMPLETE and outgoing.endpoint.title_model:
            self._titling = self._services.tasks.start(self._make_title(answer, outgoing.endpoint), "title")

    @staticmethod
    async def _read(turn: Turn, outgoing: Outgoing) -> Finished:
        if outgoing.kept is not None:
            return await turn.repeat(outgoing.kept)
        return await turn.read(outgoing.endpoint, outgoing.request)

    def _keep(self, answer: Message, outgoing: Outgoing) -> None:
        """Keep an answer to be given again, if that is wanted."""
        key = outgoing.key
        if key is not None and outgoing.kept is None and answer_cache.may_keep(answer):
            kept = replace(answer, parts=list(answer.parts))

            async def save() -> None:
                await (await self._services.store()).save_cached_answer(key, kept)

            self._services.outbox.post(save)

    async def _make_title(self, answer: Message, endpoint: Endpoint) -> None:
        """Ask the small model of ``endpoint``, which knows the first exchange already, for a title.

        A failure changes nothing.
        """
        path = self.tree.path
        if self.conversation.title_source != "first_words" or len(path) != 2 or path[1] is not answer:
            return
        errands = Errands(self.conversation.id, self._services)
        title = await errands.title(endpoint, path[0].text, answer)
        if title and self.conversation.title_source == "first_words":
            self._set_title(title, "model")

    def _set_title(self, title: str, source: str) -> None:
        self.conversation.title, self.conversation.title_source = title, source
        self.conversation_changed.emit()
        self._save_conversation()

    def _save_conversation(self) -> None:
        if self.is_stored:
            conversation = replace(self.conversation)
            self._services.outbox.post(lambda: self._write_conversation(conversation))

    async def _write_conversation(self, conversation: Conversation) -> None:
        await (await self._services.store()).update_conversation(conversation)

    def _enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.phase_since = time.monotonic()
            self.phase_changed.emit()
