"""Chats: the sessions at work, the drafts, the models on offer, and what is found in all of them."""

import asyncio
import time
from collections.abc import Awaitable, Sequence, Set
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from PySide6.QtCore import Signal, SignalInstance

from desktop_chat.api import Api
from desktop_chat.attachments import Attachments
from desktop_chat.connectivity import Connectivity
from desktop_chat.credentials import Credentials
from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import Unreachable
from desktop_chat.domain.evidence import Attempt, Evidence, RateLimits
from desktop_chat.domain.forking import forked
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import Grouping, LedgerEntry, UsageReport
from desktop_chat.domain.message import Draft, Part, State
from desktop_chat.domain.model import Model
from desktop_chat.domain.search import Found, Query
from desktop_chat.indexing import Indexing
from desktop_chat.organising import Organising
from desktop_chat.services import Services
from desktop_chat.session import NEW_CHAT_DRAFT, ChatSession
from desktop_chat.settings import Settings
from desktop_chat.spending import Spending
from desktop_chat.storage import ExportKind, Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.waiting import Waiting

if TYPE_CHECKING:
    from desktop_chat.exports import Exports
    from desktop_chat.imports import Imports

DAY = 24 * 3600.0
"""Seconds."""
RECENT_SESSIONS = 8
"""How many conversations are kept in memory beside those that are shown or writing."""


class Chats(Organising):
    """The conversations of a profile, and one :class:`ChatSession` for each that is open or writing.

    A session that someone still holds is never made a second time.
    """

    drafts_loaded = Signal(object)
    """The drafts as the last run left them, by key."""
    draft_changed = Signal(str)
    """The draft under this key is another: see :meth:`draft`."""
    problem = Signal(object, object, str)
    """A session, the ``ChatError`` that ended its turn, and the id of the answer."""
    refused = Signal(object, object)
    """A session, and the ``StorageError`` that kept its message from being sent."""
    held = Signal(object, object, object)
    """A session, the ``Hold`` on its request, and what does the same again: see ``ChatSession.held``."""
    fell_back = Signal(object, str, str)
    """A session, the model that failed, and the one that is asked instead: see ``ChatSession.fell_back``."""
    adjusted = Signal(object, str, str)
    """A session, and what its model does not take: see ``ChatSession.adjusted``."""
    offered = Signal(str)
    """What the endpoint of this id offers was read."""
    rates_changed = Signal(str)
    """The endpoint of this id told what it still allows: see :meth:`rate_limits`."""

    def __init__(
        self,
        opening: Awaitable[Store],
        *,
        api: Api,
        credentials: Credentials,
        settings: Settings,
        tasks: Tasks,
        tokens: Tokens,
        attachments: Attachments,
    ) -> None:
        """``opening`` gives the store; until it does, nothing is listed and writes wait."""
        super().__init__(opening, tasks)
        self._api = api
        api.on_rate_limits = self.rates_changed.emit
        self._credentials = credentials
        self._settings = settings
        self.connectivity = Connectivity()
        self._waiting = Waiting(self._store, self.outbox)
        self.spending = Spending(self._store, settings=settings, tokens=tokens, tasks=tasks)
        self._services = Services(
            self._store,
            self.outbox,
            api,
            credentials,
            settings,
            tasks,
            tokens,
            self.spending,
            attachments,
            self.connectivity,
            self._waiting,
        )
        self.attachments = attachments
        self.connectivity.changed.connect(self._network_changed)
        self._models = self._services.models
        self._searching: asyncio.Task[Found] | None = None
        self.drafts: dict[str, Draft] = {}
        self._places: WeakKeyDictionary[ChatSession, tuple[int, str]] = WeakKeyDictionary()
        self.indexing = Indexing(self._store, tasks, lambda: self.busy)
        settings.changed.connect(self._setting_changed)
        self.spending.recorded.connect(self._recorded)
        # Lists may be in the order of what chats cost.
        self.spending.recorded.connect(self._spent)

    def rate_limits(self, endpoint: Endpoint | None) -> RateLimits | None:
        """What an endpoint said last of its limits; None where it never did."""
        return self._api.rate_limits.get(endpoint.id) if endpoint is not None else None

    async def load(self) -> None:
        """Read the drafts, the folders and the tags. Raises :class:`~desktop_chat.storage.StorageError`."""
        store = await self._store()
        # First, since what is being typed replaces the draft that is stored.
        stored = await store.drafts()
        self._waiting.take(stored)
        self.drafts = {**stored, **self.drafts}
        self.drafts_loaded.emit(stored)
        await self.reread()

    async def tidy(self, in_backups: Set[str] | None = frozenset()) -> None:
        """Let go of what is kept for too long: what is in the trash for 30 days, files that no chat and no
        draft has any more, but for those ``in_backups`` (None: not known, so all stay), and evidence of
        attempts older than the user wants. Raises ``StorageError``."""
        store = await self._store()
        await store.purge_expired()
        await store.drop_evidence(time.time() - self._settings.evidence_days * DAY)
        if in_backups is None:
            return
        # Only what is on the disk now: what is attached meanwhile may be in nothing yet.
        kept = await self.attachments.hashes() - in_backups
        await self.attachments.remove(await store.unreferenced(kept))

    async def ask_waiting(self) -> None:
        """Have the answers asked for that waited for a network when the program ended. Raises
        ``StorageError``."""
        for answer_id, conversation_id in list(self._waiting.answers.items()):
            try:
                session = await self.open(conversation_id)
                session.ask_when_online(answer_id)
            except KeyError:
                self._waiting.remove(answer_id)

    def new(self) -> ChatSession:
        """A conversation that is stored with its first message."""
        return self._session(Conversation(new_id(), created_at=time.time()), Tree())

    async def open(self, conversation_id: str) -> ChatSession:
        """The session of a stored conversation. Raises ``KeyError`` or a ``StorageError``."""
        tree: Tree | None = None
        if (session := self._sessions.get(conversation_id)) is None:
            store = await self._store()
            tree = await store.tree(conversation_id)
        conversation = await self.conversation(conversation_id)
        # Looked for now, since it may have been opened or deleted in the meantime.
        session = self._sessions.get(conversation_id)
        if conversation is None or conversation_id in self._gone:
            raise KeyError(conversation_id)
        if session is None:
            return self._session(conversation, tree or Tree())
        self._keep(session)
        return session

    async def fork(self, conversation_id: str, message_id: str) -> ChatSession:
        """A new conversation, stored, with the messages up to this one; it can be undone. Raises
        ``KeyError`` or a ``StorageError``."""
        source = await self.open(conversation_id)
        path = source.tree.path_to(message_id)
        conversation, messages = forked(source.conversation, path, time.time())
        store = await self._store()
        conversation.order = await store.begin_turn(conversation, messages)
        if conversation.tags:
            await store.organise([conversation.id], add_tags=conversation.tags)
        session = self._session(conversation, Tree(messages))
        self.listed.emit()
        self.indexing.wake()
        words = f"Forked “{source.conversation.title}”"
        self._offer(words, lambda: self._put_away((conversation.id,)))
        return session

    async def search(self, query: Query, limit: int = 50, offset: int = 0) -> Found:
        """A page of what has all that is asked for, the best first. Raises ``StorageError``.

        A search that is still running is given up for a newer one: it raises ``CancelledError``.
        """
        store = await self._store()
        if self._searching is not None:
            self._searching.cancel()
        self._searching = self._tasks.start(store.search(query, limit, offset), "search")
        found = await self._searching
        if found.waiting:
            self.indexing.wake(hurry=True)
        return found

    def is_writing(self, conversation_id: str) -> bool:
        session = self._sessions.get(conversation_id)
        return session is not None and session.is_busy

    def session(self, conversation_id: str) -> ChatSession | None:
        """The session of a conversation that is in memory."""
        return self._sessions.get(conversation_id)

    @property
    def busy(self) -> list[ChatSession]:
        """The sessions whose answer is being written or waited for."""
        return [session for session in self._sessions.values() if session.is_busy]

    def draft(self, key: str) -> Draft:
        """What is unsent under ``key``; an empty draft where nothing is."""
        return self.drafts.get(key, Draft())

    def save_draft(self, key: str, text: str, parts: Sequence[Part] = ()) -> None:
        """Keep unsent text and attachments. ``key`` is :attr:`ChatSession.draft_key`, or the id of a message
        that is edited.

        Nothing of both removes it.
        """
        draft = Draft(text, tuple(parts))
        if self.draft(key) != draft:
            if draft:
                self.drafts[key] = draft
            else:
                self.drafts.pop(key, None)
            self.outbox.post(lambda: self._save_draft(key, draft))
            self.draft_changed.emit(key)

    async def models(self, endpoint: Endpoint, refresh: bool = False) -> list[Model]:
        """What the endpoint offers, asked once a run. Raises ``ChatError``."""
        if refresh or endpoint.id not in self._models:
            secrets = await self._credentials.secrets(endpoint)
            limits = self._settings.limits(endpoint)
            self._models[endpoint.id] = await self._api.models(endpoint, secrets, limits)
            self.offered.emit(endpoint.id)
        return self._models[endpoint.id]

    def known_models(self, endpoint: Endpoint) -> list[Model]:
        """What the endpoint offers, as far as it was asked in this run."""
        return self._models.get(endpoint.id, [])

    async def clear_cached_answers(self) -> None:
        """Forget the answers that are kept to be given again. Raises ``StorageError``."""
        await (await self._store()).clear_cached_answers()

    async def clear_evidence(self) -> None:
        """Forget every request and response that is kept. Raises ``StorageError``."""
        await (await self._store()).drop_evidence(time.time())

    async def usage(self, boundaries: Sequence[float], by: Grouping) -> UsageReport:
        """As :meth:`Store.usage`."""
        return await (await self._store()).usage(boundaries, by)

    async def ledger(
        self, since: float, until: float, *, limit: int = 200, before: float | None = None
    ) -> list[LedgerEntry]:
        """As :meth:`Store.ledger`."""
        return await (await self._store()).ledger(since, until, limit=limit, before=before)

    async def attempts(self, message_id: str) -> list[Attempt]:
        """As :meth:`Store.attempts`."""
        return await (await self._store()).attempts(message_id)

    async def evidence(self, attempt: Attempt) -> Evidence | None:
        """As :meth:`Store.evidence`."""
        return await (await self._store()).evidence(attempt)

    async def content(self, hash: str) -> str:
        """As :meth:`Attachments.base64`."""
        return await self.attachments.base64(hash)

    @cached_property
    def exports(self) -> "Exports":
        """What writes conversations to files; imported when it is asked for."""
        from desktop_chat.exports import Exports

        return Exports(self._store, self.attachments)

    @cached_property
    def imports(self) -> "Imports":
        """What adds conversations from files; imported when it is asked for."""
        from desktop_chat.imports import Imports

        return Imports(self._store, self.attachments, self._imported)

    async def _imported(self) -> None:
        await self.reread()
        self.indexing.wake()

    async def export_ledger(self, path: Path, kind: ExportKind, since: float, until: float) -> int:
        """As :meth:`Store.export_ledger`."""
        return await (await self._store()).export_ledger(path, kind, since, until)

    async def close(self) -> None:
        """Stop all answers and wait until everything that can be saved is saved."""
        # Nothing can be saved where the store is not open by now, perhaps waiting for an answer to a dialog.
        self._opening.cancel()
        self._services.is_closing = True
        await asyncio.gather(*(session.close() for session in self._sessions.values()))
        await self._settle()
        await self.outbox.settle()

    def _session(self, conversation: Conversation, tree: Tree) -> ChatSession:
        if conversation.active_leaf is not None and conversation.active_leaf in tree:
            tree.active_leaf = conversation.active_leaf
        session = ChatSession(conversation, tree, self._services)
        # Slots that held the session would keep it for ever.
        id = conversation.id
        session.phase_changed.connect(lambda: self.changed.emit(id))
        session.conversation_changed.connect(lambda: self._session_changed(id))
        session.ended.connect(lambda message_id: self._ended(id, message_id))
        session.problem.connect(lambda error, message_id: self._tell(self.problem, id, error, message_id))
        session.refused.connect(lambda error: self._tell(self.refused, id, error))
        session.held.connect(lambda hold, again: self._tell(self.held, id, hold, again))
        session.fell_back.connect(lambda old, new: self._tell(self.fell_back, id, old, new))
        session.adjusted.connect(lambda name, message: self._tell(self.adjusted, id, name, message))
        self._sessions[id] = session
        self._keep(session)
        if session.is_stored:
            self._places[session] = conversation.order, conversation.title
            session.recount()
            self._recorded(id)
        return session

    def _recorded(self, conversation_id: str) -> None:
        """The ledger has a new row of a chat."""
        if (session := self._sessions.get(conversation_id)) is not None:
            self._tasks.start(session.read_totals(), "totals")

    def _spent(self) -> None:
        self.listed.emit()

    def _keep(self, session: ChatSession) -> None:
        others = [other for other in self._recent if other is not session]
        self._recent = [*others, session][-RECENT_SESSIONS:]

    def _tell(self, signal: SignalInstance, conversation_id: str, *values: object) -> None:
        if (session := self._sessions.get(conversation_id)) is not None:
            signal.emit(session, *values)

    def _session_changed(self, conversation_id: str) -> None:
        session = self._sessions.get(conversation_id)
        if session is None or not session.is_stored or conversation_id in self._gone:
            return
        # Title and last turn are what lists are sorted by.
        place = session.conversation.order, session.conversation.title
        if self._places.get(session) != place:
            self._places[session] = place
            self._do(self._tell_listed())
        self.changed.emit(conversation_id)

    async def _tell_listed(self) -> None:
        """Lists are read from the database, where a title comes a moment after it is set."""
        await self.outbox.settle()
        self.listed.emit()
        self.indexing.wake()

    def _ended(self, conversation_id: str, message_id: str) -> None:
        """An answer is at its end; one that nobody saw is unread, unless the user stopped it."""
        session = self._sessions.get(conversation_id)
        if session is None or conversation_id in self._gone:
            return
        self.indexing.wake()
        was_stopped = session.tree[message_id].state is State.STOPPED
        if not was_stopped and conversation_id not in self._shown.values():
            self._organise([conversation_id], lambda c: setattr(c, "unread", True), unread=True)

    async def _save_draft(self, key: str, draft: Draft) -> None:
        await (await self._store()).save_draft(key, draft.text, draft.parts)

    def _network_changed(self) -> None:
        """What waits to try again because nothing could be reached need not wait any longer."""
        for session in self.busy:
            error = session.retry.error if session.retry is not None else None
            if isinstance(error, Unreachable) and not self.connectivity.is_offline(session.endpoint):
                session.retry_now()

    def _setting_changed(self, name: str) -> None:
        if name == "endpoints":
            self._models.clear()
            self._api.limit(self._settings.endpoints)
        if name in ("endpoints", "default_endpoint", "own_prices"):
            for session in self._sessions.values():
                session.recount()


__all__ = ["NEW_CHAT_DRAFT", "Chats"]
