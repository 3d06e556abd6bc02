"""What the next request of a chat takes, and what the chat has cost: shown as the user types.

The count of a draft comes from a helper process. Until it is there a rough one is shown, so that no key press
waits for it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from desktop_chat.chats import Chats
from desktop_chat.counting import Estimate
from desktop_chat.domain.context import Place
from desktop_chat.domain.counting import approximate
from desktop_chat.domain.message import Draft
from desktop_chat.session import ChatSession
from desktop_chat.storage import StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.attachments.words import tokens_of
from desktop_chat.ui.chat_header import ChatHeader
from desktop_chat.ui.composer import Composer
from desktop_chat.ui.details import DetailsPanel
from desktop_chat.ui.money import in_dollars
from desktop_chat.ui.sight import Sight, sight_of

FEW_CHARACTERS = 40
"""A draft that changed by no more than these has a count that needs no “≈” while it is counted anew."""
REST = 10
"""After a refresh the next one waits for this multiple of what it took."""
BUDGETS_REST = 0.5
"""Seconds after which the budgets are asked for again at the earliest, however often money is spent."""


class Meter(QObject):
    """Keeps the numbers of the header, the composer and the details in step with a session.

    :attr:`sight` is what the transcript shows of the next request.
    """

    sight_changed = Signal()
    counted = Signal()
    """The tokens of the draft are told as the helper counted them."""

    def __init__(
        self,
        chats: Chats,
        tasks: Tasks,
        composer: Composer,
        header: ChatHeader,
        details: DetailsPanel,
    ) -> None:
        super().__init__(composer)
        self._chats, self._tasks = chats, tasks
        self._composer, self._header, self._details = composer, header, details
        self._session: ChatSession | None = None
        self._connections: list[tuple[SignalInstance, Callable[[], None]]] = []
        self.sight = Sight()
        self._draft = Draft()
        self._counted = ("", Draft(), 0)
        """A model, a draft, and how many tokens that is for it."""
        self._edited: str | None = None
        self._behind = 0
        """Tokens of the message that is being edited and of all behind it, which an edit does not send."""
        self._counting: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._refresh_soon = QTimer(self, singleShot=True)
        self._refresh_soon.timeout.connect(self.refresh)
        self._took = 0.0
        """Seconds of the last refresh."""
        self._is_spent = False
        """Whether the budgets that are shown are old."""
        composer.text_changed.connect(self._text_changed)
        chats.spending.changed.connect(self._spent)
        chats.rates_changed.connect(self._show_rates)

    def set_session(self, session: ChatSession | None) -> None:
        """Show another chat; None shows none."""
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections.clear()
        for task in (self._counting, self._asking):
            if task is not None:
                task.cancel()
        self._session, self._counting, self._asking = session, None, None
        self._draft = Draft()
        self._details.set_budgets(())
        if session is None:
            self._refresh_soon.stop()
            return
        for signal, slot in (
            (session.counts_changed, self._counts_changed),
            (session.message_added, self._counts_changed),
            (session.totals_changed, self._show_totals),
        ):
            signal.connect(slot)
            self._connections.append((signal, slot))
        self._show_totals()
        self.refresh()
        self._spent()

    def place(self, message_id: str, place: Place) -> None:
        """Send a message always, never, or as the strategy says."""
        if (session := self._session) is not None:
            context = session.context
            pinned, left_out = context.pinned - {message_id}, context.left_out - {message_id}
            if place is Place.PINNED:
                pinned |= {message_id}
            elif place is Place.LEFT_OUT:
                left_out |= {message_id}
            session.set_context(replace(context, pinned=pinned, left_out=left_out))

    def refresh(self) -> None:
        """Ask the session for everything anew."""
        session = self._session
        if session is None:
            return
        began = time.perf_counter()
        self._refresh_soon.stop()
        estimate = session.estimate(0)
        has_messages = len(session.tree) > 0
        self._header.set_context(
            estimate.tokens if has_messages else None, estimate.limit, estimate.is_approximate
        )
        self._details.set_context(session.context)
        self._show_rates()
        self._behind = self._tokens_behind(session)
        if (sight := sight_of(session)) != self.sight:
            self.sight = sight
            self.sight_changed.emit()
        self._show_draft(session)
        if self._counted[0] != session.model:
            self._count()
        self._took = time.perf_counter() - began

    def _counts_changed(self) -> None:
        """While a long chat is counted this comes often."""
        if not self._refresh_soon.isActive():
            self._refresh_soon.start(round(REST * self._took * 1000))

    def _text_changed(self) -> None:
        if (session := self._session) is not None:
            text, parts = self._composer.text, self._composer.attachments
            self._draft = Draft(text if text.strip() else "", parts)
            if self._composer.editing != self._edited:
                self._behind = self._tokens_behind(session)
            self._show_draft(session)
            self._count()

    def _tokens_behind(self, session: ChatSession) -> int:
        edited = self._edited = self._composer.editing
        if edited is None:
            return 0
        entries = session.plan(0).entries
        start = next((i for i, entry in enumerate(entries) if entry.id == edited), len(entries))
        return sum(entry.tokens for entry in entries[start:] if entry.is_sent)

    def _count(self) -> None:
        if self._draft and (self._counting is None or self._counting.done()):
            self._counting = self._tasks.start(self._count_draft(), "count the draft")

    async def _count_draft(self) -> None:
        """Count until the latest text is counted: what was typed meanwhile, but not every text between."""
        while (session := self._session) is not None and self._draft:
            draft, model = self._draft, session.model
            if self._counted[:2] == (model, draft):
                return
            tokens = await session.count_draft(draft.text, draft.parts)
            if session is not self._session:
                return
            self._counted = (model, draft, tokens)
            self._show_draft(session)
            self.counted.emit()

    def _show_draft(self, session: ChatSession) -> None:
        if not self._draft:
            self._composer.show_meter(("0 tokens",), "Tokens of what would be sent, and their price")
            return
        _model, counted, tokens = self._counted
        if counted != self._draft:
            tokens = max(1, tokens + _rough(self._draft, session.model) - _rough(counted, session.model))
        estimate = session.estimate(tokens)
        changed = abs(len(self._draft.text) - len(counted.text))
        if changed > FEW_CHARACTERS or not counted or counted.parts != self._draft.parts:
            estimate = replace(estimate, is_approximate=True)
        if self._behind and estimate.tokens > self._behind:
            left = estimate.tokens - self._behind
            cost = estimate.cost * left / estimate.tokens if estimate.cost is not None else None
            estimate = replace(estimate, tokens=left, cost=cost)
        self._composer.show_meter(*_in_words(estimate, tokens), warns=_is_too_long(estimate))

    def _show_totals(self) -> None:
        if (session := self._session) is not None:
            self._header.set_cost(session.totals)
            self._details.set_totals(session.totals)

    def _show_rates(self) -> None:
        if (session := self._session) is not None:
            self._details.rates.set_limits(self._chats.rate_limits(session.endpoint))

    def _spent(self) -> None:
        self._is_spent = True
        if self._session is not None and (self._asking is None or self._asking.done()):
            self._asking = self._tasks.start(self._show_budgets(), "budgets")

    async def _show_budgets(self) -> None:
        while self._is_spent and (session := self._session) is not None:
            self._is_spent = False
            endpoint = session.endpoint.id if session.endpoint is not None else ""
            try:
                budgets = await self._chats.spending.budgets(session.conversation.id, endpoint)
            except StorageError:
                # Told where the database is opened and written.
                return
            self._details.set_budgets(budgets)
            await asyncio.sleep(BUDGETS_REST)


def _rough(draft: Draft, model: str) -> int:
    return approximate(draft.text) + sum(tokens_of(part, model) or 0 for part in draft.parts)


def _is_too_long(estimate: Estimate) -> bool:
    return estimate.limit is not None and estimate.tokens > estimate.limit


def _in_words(estimate: Estimate, draft_tokens: int) -> tuple[tuple[str, ...], str]:
    """An estimate for the composer: texts, the longest first, and a tool tip."""
    about = "≈ " if estimate.is_approximate else ""
    tokens = f"{about}{estimate.tokens:,} tokens"
    tip = f"What would be sent: {draft_tokens:,} tokens of this message"
    if (rest := estimate.tokens - draft_tokens) > 0:
        tip += f", {rest:,} of the chat and its system prompt"
    tip += "."
    if _is_too_long(estimate):
        tip += f" The model reads {estimate.limit:,} tokens at most."
    if estimate.cost is None:
        tip += " The price of this model is not known. It can be set in Settings, Prices."
        return (tokens,), tip
    price = in_dollars(estimate.cost, is_approximate=True)
    tip += f" Price: {price}, without the answer."
    return (f"{tokens} · {price}", tokens), tip
