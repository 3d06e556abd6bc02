"""Chats: every conversation of the profile, the sessions at work, the drafts and the models on offer."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path
from weakref import WeakValueDictionary

from PySide6.QtCore import QObject, Signal, SignalInstance

from desktop_chat.api import Api
from desktop_chat.attachments import Attachments
from desktop_chat.connectivity import Connectivity
from desktop_chat.credentials import Credentials
from desktop_chat.domain.conversation import Conversation, Tree
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.errors import Unreachable
from desktop_chat.domain.evidence import Attempt, Evidence, RateLimits
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.ledger import Grouping, LedgerEntry, UsageReport
from desktop_chat.domain.message import Draft, Part
from desktop_chat.domain.model import Model
from desktop_chat.domain.titles import clean_title
from desktop_chat.outbox import Outbox
from desktop_chat.services import Services
from desktop_chat.session import NEW_CHAT_DRAFT, ChatSession
from desktop_chat.settings import Settings
from desktop_chat.spending import Spending
from desktop_chat.storage import ExportKind, Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.waiting import Waiting

DAY = 24 * 3600.0
"""Seconds."""
RECENT_SESSIONS = 8
"""How many conversations are kept in memory beside those that are shown or writing."""


class Chats(QObject):
    """The list of conversations, and one :class:`ChatSession` for each that is open or writing.

    A session that someone still holds is never made a second time.
    """

    listed = Signal()
    """The list or its order changed."""
    drafts_loaded = Signal(object)
    """The drafts as the last run left them, by key."""
    changed = Signal(str)
    """The title or the phase of one conversation changed."""
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
        """``opening`` gives the store; until it does, the list is empty and writes wait."""
        super().__init__()
        self._opening = asyncio.ensure_future(opening)
        self._api = api
        api.on_rate_limits = self.rates_changed.emit
        self._credentials = credentials
        self._settings = settings
        self._tasks = tasks
        self.outbox = Outbox(tasks)
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
        self.conversations: list[Conversation] = []
        self.drafts: dict[str, Draft] = {}
        self._sessions: WeakValueDictionary[str, ChatSession] = WeakValueDictionary()
        self._recent: deque[ChatSession] = deque(maxlen=RECENT_SESSIONS)
        self._deleting: dict[str, asyncio.Task[None]] = {}
        settings.changed.connect(self._setting_changed)
        self.spending.recorded.connect(self._recorded)

    def rate_limits(self, endpoint: Endpoint | None) -> RateLimits | None:
        """What an endpoint said last of its limits; None where it never did."""
        return self._api.rate_limits.get(endpoint.id) if endpoint is not None else None

    async def load(self) -> None:
        """Read the drafts and the list. Raises :class:`~desktop_chat.storage.StorageError`."""
        store = await self._store()
        # First, since what is being typed replaces the draft that is stored.
        stored = await store.drafts()
        self._waiting.take(stored)
        self.drafts = {**stored, **self.drafts}
        self.drafts_loaded.emit(stored)
        await self._reload()

    async def tidy(self) -> None:
        """Let go of what is kept for too long: files that no chat and no draft has any more, and evidence of
        attempts older than the user wants. Raises ``StorageError``."""
        store = await self._store()
        await store.drop_evidence(time.time() - self._settings.evidence_days * DAY)
        # Only what is on the disk now: what is attached meanwhile may be in nothing yet.
        kept = await self.attachments.hashes()
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
        if (session := self._sessions.get(conversation_id)) is None:
            store = await self._store()
            tree = await store.tree(conversation_id)
            session = self._sessions.get(conversation_id)
        # Looked for now, since it may have been deleted in the meantime.
        conversation = self._conversation(conversation_id)
        if conversation is None:
            raise KeyError(conversation_id)
        if session is None:
            return self._session(conversation, tree)
        self._keep(session)
        return session

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

    def delete(self, conversation_id: str) -> None:
        """Take a conversation off the list; :meth:`restore` brings it back within 30 days."""
        self.conversations = [c for c in self.conversations if c.id != conversation_id]
        self.listed.emit()
        self._deleting[conversation_id] = self._tasks.start(self._delete(conversation_id), "delete")

    def restore(self, conversation_id: str) -> None:
        self._tasks.start(self._restore(conversation_id), "restore")

    def rename(self, conversation_id: str, title: str) -> None:
        if (session := self._sessions.get(conversation_id)) is not None:
            session.rename(title)
        elif (found := self._conversation(conversation_id)) is not None and (title := clean_title(title)):
            found.title, found.title_source = title, "user"
            self._save(found)

    def set_pinned(self, conversation_id: str, pinned: bool) -> None:
        if (session := self._sessions.get(conversation_id)) is not None:
            session.set_pinned(pinned)
        elif (found := self._conversation(conversation_id)) is not None:
            found.pinned = pinned
            self._save(found)

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

    async def export_ledger(self, path: Path, kind: ExportKind, since: float, until: float) -> int:
        """As :meth:`Store.export_ledger`."""
        return await (await self._store()).export_ledger(path, kind, since, until)

    async def close(self) -> None:
        """Stop all answers and wait until everything that can be saved is saved."""
        # Nothing can be saved where the store is not open by now, perhaps waiting for an answer to a dialog.
        self._opening.cancel()
        self._services.is_closing = True
        await asyncio.gather(*(session.close() for session in self._sessions.values()))
        if self._deleting:
            await asyncio.wait(self._deleting.values())
        await self.outbox.settle()

    async def _store(self) -> Store:
        return await asyncio.shield(self._opening)

    def _session(self, conversation: Conversation, tree: Tree) -> ChatSession:
        if conversation.active_leaf is not None and conversation.active_leaf in tree:
            tree.active_leaf = conversation.active_leaf
        session = ChatSession(conversation, tree, self._services)
        # Slots that held the session would keep it for ever.
        id = conversation.id
        session.phase_changed.connect(lambda: self.changed.emit(id))
        session.conversation_changed.connect(lambda: self._session_changed(id))
        session.problem.connect(lambda error, message_id: self._tell(self.problem, id, error, message_id))
        session.refused.connect(lambda error: self._tell(self.refused, id, error))
        session.held.connect(lambda hold, again: self._tell(self.held, id, hold, again))
        session.fell_back.connect(lambda old, new: self._tell(self.fell_back, id, old, new))
        session.adjusted.connect(lambda name, message: self._tell(self.adjusted, id, name, message))
        self._sessions[id] = session
        self._keep(session)
        if session.is_stored:
            session.recount()
            self._recorded(id)
        return session

    def _recorded(self, conversation_id: str) -> None:
        """The ledger has a new row of a chat."""
        if (session := self._sessions.get(conversation_id)) is not None:
            self._tasks.start(session.read_totals(), "totals")

    def _keep(self, session: ChatSession) -> None:
        if session in self._recent:
            self._recent.remove(session)
        self._recent.append(session)

    def _conversation(self, conversation_id: str) -> Conversation | None:
        return next((c for c in self.conversations if c.id == conversation_id), None)

    def _tell(self, signal: SignalInstance, conversation_id: str, *values: object) -> None:
        if (session := self._sessions.get(conversation_id)) is not None:
            signal.emit(session, *values)

    def _save(self, conversation: Conversation) -> None:
        """Save and list a change to a conversation that has no session."""
        written = replace(conversation)
        self.outbox.post(lambda: self._write(written))
        self._list(conversation)

    async def _write(self, conversation: Conversation) -> None:
        await (await self._store()).update_conversation(conversation)

    def _session_changed(self, conversation_id: str) -> None:
        session = self._sessions.get(conversation_id)
        if session is not None and session.is_stored and conversation_id not in self._deleting:
            self._list(session.conversation)

    def _list(self, conversation: Conversation) -> None:
        before = list(self.conversations)
        if all(known.id != conversation.id for known in before):
            self.conversations.append(conversation)
        self.conversations.sort(key=lambda c: (not c.pinned, -c.order))
        if [c.id for c in before] != [c.id for c in self.conversations]:
            self.listed.emit()
        self.changed.emit(conversation.id)

    async def _delete(self, conversation_id: str) -> None:
        if (session := self._sessions.get(conversation_id)) is not None:
            await session.close()
            self._sessions.pop(conversation_id, None)
            if session in self._recent:
                self._recent.remove(session)
        store = await self._store()
        await self.outbox.write(lambda: store.delete_conversation(conversation_id))

    async def _restore(self, conversation_id: str) -> None:
        if (deleting := self._deleting.pop(conversation_id, None)) is not None:
            await deleting
        store = await self._store()
        await self.outbox.write(lambda: store.restore_conversation(conversation_id))
        await self._reload()

    async def _reload(self) -> None:
        """Read the list anew; conversations that are in memory keep their object."""
        store = await self._store()
        self.conversations = [
            session.conversation if (session := self._sessions.get(c.id)) is not None else c
            for c in await store.conversations()
            if c.id not in self._deleting
        ]
        self.listed.emit()

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
