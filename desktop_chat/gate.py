"""What is let go: requests made of a conversation, and checked before anything of them leaves.

The strategy of the conversation's context says what goes into a request. One that is longer than the model's
window, that may pass a budget, that holds what looks like a secret, or attachments that will hardly be taken,
is held; where the answer shares the window, ``max_output_tokens`` are left free if they are set. With the
strategy ``SUMMARY`` the older turns are summed up anew, before the request leaves and with the user looking
on, as soon as it takes more than 3/4 of the window: later there would be no room for it, and sooner it would
cost more often. Where that fails or would pass a budget, the request goes as it is, if it fits.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from desktop_chat import answer_cache
from desktop_chat.bookkeeping import PATIENCE, Account, Expecting, Forecast
from desktop_chat.counting import Counts
from desktop_chat.domain.context import Plan, Planner, Strategy, Summary, is_sendable
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import Dialect, Endpoint
from desktop_chat.domain.errors import AttachmentMissing, ChatError, EndpointGone
from desktop_chat.domain.holds import Hold, LooksSecret, NotTaken, Offline, OverBudget, OverLimit
from desktop_chat.domain.ledger import Purpose
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.request import Request
from desktop_chat.errands import KEPT_SHARE, KEPT_TURNS, RENEW_SHARE, Errands
from desktop_chat.inspection import Inspection
from desktop_chat.services import Services
from desktop_chat.spending import Reservation

SURELY_FITS = 4_000
"""Tokens that fit every window in use: for no more than these nobody waits until a window is looked up."""

Waived = frozenset[type[Hold]]
"""The kinds of holds that keep nothing back, since the user said so."""
ALL_WAIVED: Waived = frozenset({OverLimit, OverBudget, LooksSecret, NotTaken, Offline})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that may leave, ``copies`` times at once. ``kept`` is the answer that it had before, and
    ``key`` what to keep its answer by, both None where they are not wanted. ``problem`` is why it cannot
    leave after all: there is an answer then that says so."""

    endpoint: Endpoint
    request: Request
    forecast: Expecting
    reservation: Reservation
    key: str | None = None
    kept: answer_cache.CachedAnswer | None = None
    copies: int = 1
    problem: ChatError | None = None

    def account(self, services: Services, conversation_id: str, answer: Message) -> Account:
        """The account of this request, which carries on what ``answer`` cost so far."""
        account = Account(
            services,
            conversation_id=conversation_id,
            message_id=answer.id,
            endpoint=self.endpoint,
            model=self.request.model,
            purpose=self.request.purpose,
            forecast=self.forecast,
            answers=self.request.parameters.n or 1,
        )
        if answer.parts or answer.cost is not None or answer.is_estimated:
            account.carry_on(answer.cost, answer.is_estimated)
        return account


class Gate:
    """The way out for the requests of one conversation."""

    def __init__(
        self, conversation: Conversation, known: Iterable[Message], counts: Counts, services: Services
    ) -> None:
        """``known`` are the messages that the conversation has so far."""
        self._conversation = conversation
        self._inspection = Inspection(known, services)
        self._counts = counts
        self._services = services
        self._errands = Errands(conversation.id, services)

    async def clear(
        self,
        path: Sequence[Message],
        waived: Waived,
        *,
        model: str = "",
        prompt: str = "",
        fresh: bool = False,
        answers: int = 1,
        summarising: Callable[[bool], None],
    ) -> Outgoing | Hold | None:
        """The request that asks for what follows ``path``; a Hold where it may not leave, None where there
        is nowhere to send it.

        ``model`` is asked instead of the conversation's own. ``prompt`` is ours and follows the path.
        ``fresh`` wants no answer that was given before. So many ``answers`` are wanted. ``summarising`` is
        called when a summary is begun, and when it is done. Raises ``StorageError``.
        """
        # Before all else: what is asked of an answer while the database opens may be taken back.
        store = await self._services.store()
        endpoint = self._services.endpoint(self._conversation)
        model = model or self._services.model(self._conversation)
        if endpoint is None:
            return None
        if Offline not in waived and self._services.connectivity.is_offline(endpoint):
            return Offline()
        secret = await self._inspection.secrets(path, waive=LooksSecret in waived)
        if secret is not None:
            return secret
        planner = self._counts.planner(path, prompt)
        limit = await self._limit(endpoint, model, planner.tokens())
        if limit is not None and planner.tokens() > limit * RENEW_SHARE:
            await self._settle(path)
            planner = self._counts.planner(path, prompt)
            if planner.tokens() > limit * RENEW_SHARE and await self._renew(path, planner, summarising):
                planner = self._counts.planner(path, prompt)
        truncates = (
            self._conversation.context.strategy is Strategy.SERVER and endpoint.dialect is Dialect.RESPONSES
        )
        tokens = planner.tokens()
        plan = planner.plan()
        request = self._request(endpoint, model, path, plan, prompt, truncates=truncates)
        not_taken = self._inspection.not_taken(endpoint, request, waive=NotTaken in waived)
        if not_taken is not None:
            return not_taken
        if limit is not None and tokens > limit and not truncates and OverLimit not in waived:
            return OverLimit(tokens, limit, self._counts.is_rough(path), planner.turns_within(limit))
        copies = answers
        if answers > 1 and endpoint.dialect is Dialect.CHAT_COMPLETIONS and "n" not in request.rejected:
            copies, request = 1, replace(request, parameters=replace(request.parameters, n=answers))
        key = None
        if self._services.settings.cache_answers and not prompt and answers == 1:
            key = answer_cache.key(endpoint, request)
        kept = await store.cached_answer(key) if key is not None and not fresh else None
        problem = None
        if kept is None:
            try:
                request = await self._with_contents(request)
            except AttachmentMissing as error:
                problem = error
        reservation = await self._services.spending.reserve(
            self._conversation.id,
            endpoint,
            model,
            0 if kept is not None else tokens,
            0 if kept is not None else request.parameters.max_output_tokens,
            answers=answers,
            copies=copies,
            waive=OverBudget in waived,
        )
        if isinstance(reservation, OverBudget):
            return reservation

        async def forecast(*, wait: bool) -> Forecast:
            # What the server leaves out is no mistake of ours to learn from.
            found = self._counts.forecast(path, plan, prompt, may_learn=not truncates)
            if found.counted is None and wait and not self._services.is_closing:
                await self._settle(path)
                found = self._counts.forecast(path, plan, prompt, may_learn=not truncates)
            return found

        return Outgoing(endpoint, request, forecast, reservation, key, kept, copies, problem)

    async def summarise(self, path: Sequence[Message], *, waive: bool = False) -> bool | OverBudget:
        """Have the older turns of ``path`` summed up, with the summary of those before them; from then on it
        is sent instead of them.

        The newest 4 turns are kept whole: fewer where they take more than a quarter of the window, or where
        there are no older ones; one always. False where nothing is left to sum up. Raises ``ChatError``.
        """
        endpoint = self._services.endpoint(self._conversation)
        model = self._services.model(self._conversation)
        settings = self._conversation.context
        known, begin = settings.summary, 0
        for index, message in enumerate(path):
            if known is not None and message.id == known.until:
                begin = index + 1
        limit = self._services.spending.window(endpoint, model) if endpoint is not None else None
        end = self._end(self._counts.planner(path).turns(begin), limit)
        left = settings.left_out | settings.pinned
        older = [message for message in path[begin:end] if is_sendable(message) and message.id not in left]
        if not older:
            return False
        writer = small_model(endpoint, model)
        text = await self._errands.summary(
            endpoint, writer, known.text if known is not None and begin else "", older, waive=waive
        )
        if isinstance(text, OverBudget):
            return text
        summary = Summary(text, path[end - 1].id, writer)
        # As it is now: the user may have changed it meanwhile.
        settings = self._conversation.context
        self._conversation.context = replace(settings, strategy=Strategy.SUMMARY, summary=summary)
        self._counts.invalidate()
        return True

    async def count(self, path: Sequence[Message]) -> int:
        """The tokens of the request for what follows ``path``, as its endpoint counts it.

        Raises ``ChatError``.
        """
        endpoint = self._services.endpoint(self._conversation)
        model = self._services.model(self._conversation)
        if endpoint is None:
            raise EndpointGone()
        plan = self._counts.planner(path).plan()
        request = self._request(endpoint, model, path, plan, "", truncates=False)
        request = await self._with_contents(request)
        secrets = await self._services.credentials.secrets(endpoint)
        limits = self._services.settings.limits(endpoint)
        return await self._services.api.count_tokens(endpoint, secrets, request, limits)

    @staticmethod
    def _end(turns: list[tuple[int, int, int]], limit: int | None) -> int:
        """Where the turns end that may be summed up; 0 where there are none."""
        kept, left = 0, None if limit is None else limit * KEPT_SHARE
        for _, _, tokens in reversed(turns):
            if left is not None:
                left -= tokens
            if kept and (kept >= min(KEPT_TURNS, len(turns) - 1) or (left is not None and left < 0)):
                break
            kept += 1
        return turns[-kept][0] if kept else 0

    async def _renew(
        self, path: Sequence[Message], planner: Planner, summarising: Callable[[bool], None]
    ) -> bool:
        """Sum up older turns where the user chose that."""
        if self._conversation.context.strategy is not Strategy.SUMMARY:
            return False
        history = path[: planner.turns()[-1][0]]
        summarising(True)
        try:
            return await self.summarise(history) is True
        except ChatError:
            return False
        finally:
            summarising(False)

    async def _limit(self, endpoint: Endpoint, model: str, tokens: int) -> int | None:
        """The input that fits the model's window; None where nobody knows."""
        spending = self._services.spending
        answer = self._conversation.parameters.max_output_tokens or 0
        window = spending.window(endpoint, model, answer)
        if window is None and tokens > SURELY_FITS:
            try:
                async with asyncio.timeout(PATIENCE):
                    await spending.find_sheet(endpoint, model)
            except TimeoutError:
                return None
            window = spending.window(endpoint, model, answer)
        return window

    async def _settle(self, path: Sequence[Message]) -> None:
        """Count what is not counted yet, where that takes no time: approximate counts decide else."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._counts.settle(path)
        except TimeoutError:
            return

    async def _with_contents(self, request: Request) -> Request:
        """Raises ``AttachmentMissing``."""
        return replace(request, contents=await self._inspection.contents(request.messages))

    def _request(
        self,
        endpoint: Endpoint,
        model: str,
        path: Sequence[Message],
        plan: Plan,
        prompt: str,
        *,
        truncates: bool,
    ) -> Request:
        messages = [message for message, entry in zip(path, plan.entries, strict=True) if entry.is_sent]
        if plan.summary is not None:
            messages.insert(0, Message("", None, Role.SYSTEM, [Part(PartKind.TEXT, plan.summary.said)]))
        if prompt:
            messages.append(Message("", None, Role.USER, [Part(PartKind.TEXT, prompt)]))
        # As many answers as are wanted is a matter of the turn.
        parameters = replace(self._conversation.parameters, n=None)
        rejected = self._services.settings.rejected_by(endpoint.id, model)
        return Request(model, tuple(messages), parameters, Purpose.CHAT, truncates, rejected)


def small_model(endpoint: Endpoint | None, model: str) -> str:
    """The model for summaries: the endpoint's small one, else the chat's own; empty where there is none."""
    return (endpoint.title_model or model) if endpoint is not None else ""
