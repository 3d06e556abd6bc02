"""ChatSession: one conversation at work. Send, stop, retry, fall back, report. Knows no widget.

The user's message is on the disk before the request leaves; :mod:`desktop_chat.asking` sees to that.
"""

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import Signal

from desktop_chat.answering import stand_in
from desktop_chat.asking import CONTINUE_PROMPT, Asking
from desktop_chat.counting import Counts, Estimate
from desktop_chat.domain.context import ContextSettings, Plan, is_sendable
from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.events import RetryScheduled
from desktop_chat.domain.ledger import Totals
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.titles import clean_title
from desktop_chat.errands import Errands
from desktop_chat.gate import ALL_WAIVED, Waived, small_model
from desktop_chat.record import Record
from desktop_chat.services import Services
from desktop_chat.storage import StorageError
from desktop_chat.turn import Phase

__all__ = ["CONTINUE_PROMPT", "NEW_CHAT_DRAFT", "ChatSession", "Phase"]

NEW_CHAT_DRAFT = "new"
"""The name of the draft of a conversation that is not stored yet."""


class ChatSession(Asking):
    """One conversation: what it holds, and the answer that is being written.

    All methods are called on the GUI thread. ``text_added`` comes after the text has been saved (or, while
    the disk refuses it, at once: ``Outbox`` tells the user and saves it later).
    """

    counts_changed = Signal()
    """Counts, prices, the plan or its settings changed: ask for plan and estimate again."""
    totals_changed = Signal()

    def __init__(self, conversation: Conversation, tree: Tree, services: Services) -> None:
        record, counts = Record(conversation, tree, services), Counts(conversation, tree, services)
        super().__init__(record, counts, services)
        self.totals = Totals()
        self._titling: asyncio.Task[None] | None = None
        counts.changed.connect(self.counts_changed)

    @property
    def is_stored(self) -> bool:
        """Whether it has a message, and so a place in the list."""
        return self._record.is_stored

    @property
    def endpoint(self) -> Endpoint | None:
        """Where requests go: see :meth:`Services.endpoint`."""
        return self._services.endpoint(self.conversation)

    @property
    def is_offline(self) -> bool:
        """Whether there is no network, and the endpoint cannot be asked without."""
        return self._services.connectivity.is_offline(self.endpoint)

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
        turn = self.turn
        return turn.retry if turn is not None else None

    @property
    def retry_at(self) -> float:
        """When it is made, by the monotonic clock; 0 where none is waited for."""
        turn = self.turn
        return turn.retry_at if turn is not None else 0.0

    @property
    def throttled_until(self) -> float | None:
        """In ``Phase.THROTTLED`` when the request leaves, by the monotonic clock; None where that hangs on
        other requests to end."""
        turn = self.turn
        return turn.throttled_until if turn is not None else None

    @property
    def draft_key(self) -> str:
        return self.conversation.id if self.is_stored else NEW_CHAT_DRAFT

    @property
    def last(self) -> Message | None:
        """The last answer on the active path."""
        return next((m for m in reversed(self.tree.path) if m.role is Role.ASSISTANT), None)

    @property
    def context(self) -> ContextSettings:
        """How much of the conversation goes along with a request."""
        return self.conversation.context

    def set_context(self, context: ContextSettings) -> None:
        """Use these from the next request on."""
        if context != self.conversation.context:
            self.conversation.context = context
            self._counts.invalidate()
            self._record.save()

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

    async def count_draft(self, text: str, attachments: Sequence[Part] = ()) -> int:
        """The tokens of a message that is being written. Approximate where counting fails.

        The first call starts the helper, which then counts the rest of the chat, too."""
        return await self._counts.draft(text, attachments)

    async def count_exactly(self, text: str, attachments: Sequence[Part] = ()) -> int:
        """The tokens of the next request with this message, as its endpoint counts them. Raises
        ``ChatError``."""
        path = self.tree.path
        if text.strip() or attachments:
            path.append(Message("", self.tree.active_leaf, Role.USER, _parts(text, attachments)))
        return await self._gate.count(path)

    def summarise(self) -> "asyncio.Task[bool]":
        """Have the small model sum up the older turns, and send the summary instead of them from now on.

        The task's result is True once that is done, False where there is nothing to sum up. A failure is told
        by ``problem``, without a message; it changes nothing.
        """
        return self._summarise(Waived())

    def send(
        self, text: str, attachments: Sequence[Part] = (), *, waive: bool = False
    ) -> "asyncio.Task[bool]":
        """Save ``text`` with ``attachments`` as the user's message and ask for an answer.

        ``attachments`` are parts whose data is an ``Attachment``; with some, the text may be empty. The
        task's result is True once the message is on the disk, False where it could not be saved, was held
        back (``waive`` lets it go whatever it takes, costs and holds) or an answer is still being written:
        then text and attachments are still the caller's.
        """
        parts = _parts(text, attachments)
        return self._ask(parts, self.tree.active_leaf, self.draft_key, ALL_WAIVED if waive else Waived())

    def edit(
        self, message_id: str, text: str, attachments: Sequence[Part] | None = None
    ) -> "asyncio.Task[bool]":
        """Save a new version of ``message_id``; None for ``attachments`` keeps those that it has.

        Of the user's message it is sent, as by :meth:`send`. Of an answer it is the user's word for it, and
        nothing is asked.
        """
        message = self.tree[message_id]
        parts = _parts(text, message.attachments if attachments is None else attachments)
        if message.role is Role.ASSISTANT:
            return self._insert(parts, message.parent_id, message_id)
        return self._ask(parts, message.parent_id, message_id, Waived())

    def insert_answer(self, text: str) -> "asyncio.Task[bool]":
        """Save ``text`` as the answer to the newest message, as if a model had given it, and ask nothing.

        Where an answer failed without a word it becomes another version of that. The task's result is as
        that of :meth:`send`.
        """
        leaf = self.tree[self.tree.active_leaf] if self.tree.active_leaf is not None else None
        is_void = leaf is not None and leaf.role is Role.ASSISTANT and not is_sendable(leaf)
        parent_id = leaf.parent_id if leaf is not None and is_void else self.tree.active_leaf
        return self._insert(_parts(text, ()), parent_id, None)

    def fallback_for(self, message_id: str) -> str | None:
        """The model of the endpoint's chain that can be asked instead of the one that was overloaded or gone
        when it was to write the answer ``message_id``; None where that is not why it failed, or the chain is
        at its end."""
        answer = self.tree[message_id]
        return stand_in(self.endpoint, self.model, answer.model or self.model, answer.error)

    def try_with(self, message_id: str, model: str) -> None:
        """As :meth:`try_again`, asking ``model`` this once; the chat's own stays."""
        answer = self.tree[message_id]
        if answer.parts:
            self._ask_again(answer.parent_id, Waived(), model=model)
        else:
            self._resume(answer, Waived(), model=model)

    def regenerate(self, message_id: str) -> None:
        """Ask for another version of the answer ``message_id``; the one that is there is kept."""
        self._ask_again(self.tree[message_id].parent_id, Waived())

    def try_again(self, message_id: str) -> None:
        """Ask again for the failed answer ``message_id``, in its place; where text came, as a new version.

        Without an id it was a summary that failed.
        """
        if not message_id:
            self.summarise()
        elif self.tree[message_id].parts:
            self.regenerate(message_id)
        else:
            self._resume(self.tree[message_id], Waived())

    def continue_answer(self, message_id: str) -> None:
        """Have the model go on with the answer ``message_id`` where it broke off; without a text, anew."""
        if self.tree[message_id].text:
            self._resume(self.tree[message_id], Waived())
        else:
            self.try_again(message_id)

    def ask_when_online(self, message_id: str) -> None:
        """Wait for a network, then ask for the answer ``message_id``, which waited when the program ended."""
        self._resume(self.tree[message_id], Waived(), when_online=True)

    def show_version(self, message_id: str) -> None:
        """Show the path that leads through ``message_id``."""
        if self.is_busy:
            return
        self._record.show(self.tree.leaf_below(message_id))
        self.path_changed.emit()
        self.recount()

    def rename(self, title: str) -> None:
        if title := clean_title(title):
            self.set_title(title, "user")

    def set_model(self, endpoint_id: str, model: str) -> None:
        """Use this model from the next request on."""
        self.conversation.endpoint_id, self.conversation.model = endpoint_id, model
        self.conversation_changed.emit()
        self.recount()
        self._record.save()

    def set_parameters(self, parameters: Parameters) -> None:
        """Use these from the next request on."""
        if parameters != self.conversation.parameters:
            self.conversation.parameters = parameters
            self.conversation_changed.emit()
            self._counts.invalidate()
            self._record.save()

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

    async def reread(self, leaf: str | None = None) -> None:
        """Messages were deleted or restored: show what is there now, and where it is there up to ``leaf``.
        Raises ``StorageError``."""
        if await self._record.reread(leaf):
            self.path_changed.emit()
            self.recount()

    async def close(self) -> None:
        """Stop, and wait until all that came is saved."""
        self.stop()
        self._counts.close()
        if self._titling is not None:
            self._titling.cancel()
            await asyncio.wait([self._titling])
        await self._close()

    def _answered(self, answer: Message, endpoint: Endpoint) -> None:
        if endpoint.title_model:
            self._titling = self._services.tasks.start(self._make_title(answer, endpoint), "title")

    async def _make_title(self, answer: Message, endpoint: Endpoint) -> None:
        """Ask the small model of ``endpoint``, which knows the first exchange already, for a title.

        A failure changes nothing.
        """
        path = self.tree.path
        if self.conversation.title_source != "first_words" or len(path) != 2 or path[1] is not answer:
            return
        errands = Errands(self.conversation.id, self._services)
        title = await errands.title(endpoint, path[0].sent_text, answer)
        if title and self.conversation.title_source == "first_words":
            self.set_title(title, "model")

    def set_title(self, title: str, source: str) -> None:
        """``source`` is as in ``Conversation.title_source``."""
        self.conversation.title, self.conversation.title_source = title, source
        self.conversation_changed.emit()
        self._record.save()


def _parts(text: str, attachments: Sequence[Part]) -> list[Part]:
    """What a message consists of that has this text."""
    return [*([Part(PartKind.TEXT, text)] if text or not attachments else []), *attachments]
