"""What may be spent: prices, budgets, and what requests under way may still cost.

A request is let go where what was spent, what all requests under way may still cost, and what it may cost
itself stay within every budget. It may cost its whole input at the full price, and as much output as it may
have at most: ``max_output_tokens``, else what 95 % of the model's last answers stayed within, else
:data:`UNKNOWN_OUTPUT`. What costs nothing, or nobody knows how much, is never held back.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.holds import Budget, OverBudget, Scope
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.prices import PriceSheet, Rates, cost
from desktop_chat.domain.usage import Usage
from desktop_chat.settings import Settings
from desktop_chat.storage import StorageError, Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens, TokensUnavailable

UNKNOWN_OUTPUT = 4_096
"""Tokens that an answer is expected to take of a model that has not answered yet: a long one."""
WARN_AT = 0.8
"""The share of a budget at which the user is warned."""


@dataclass(eq=False, frozen=True, slots=True)
class Reservation:
    """US dollars that a request under way may still cost. ``is_waived``: the user lets it pass budgets."""

    conversation_id: str
    endpoint_id: str
    cost: Decimal
    is_waived: bool


class Spending(QObject):
    """The money of a profile: one for all chats."""

    changed = Signal()
    """A row was entered into the ledger, the user set a budget or a price, or a reservation ended."""
    recorded = Signal(str)
    """A row of the chat with this id was entered into the ledger."""
    warned = Signal(object)
    """A :class:`Budget` of which 80 % are spent, once in its period."""

    def __init__(
        self,
        store: Callable[[], Coroutine[Any, Any, Store]],
        *,
        settings: Settings,
        tokens: Tokens,
        tasks: Tasks,
    ) -> None:
        super().__init__()
        self._store = store
        self._settings = settings
        self._tokens = tokens
        self._tasks = tasks
        self._reserved: list[Reservation] = []
        self._deciding = asyncio.Lock()
        self._told: set[tuple[object, ...]] = set()
        self._were_changed = False
        settings.changed.connect(self._setting_changed)

    # Prices

    def sheet(self, endpoint: Endpoint, model: str) -> PriceSheet | None:
        """What a model costs, the user's own prices first; None where that is not known (yet)."""
        return self._with_own(endpoint, model, self._tokens.known_sheet(endpoint, model))

    async def find_sheet(self, endpoint: Endpoint, model: str, reported: str = "") -> PriceSheet | None:
        """As :meth:`sheet`, looked up. ``reported`` is what the server calls the model: its price goes first
        where it has one, but not before what the user set for ``model``."""
        own = self._settings.own_prices.get(endpoint.id, {})
        names = [model] if model in own or reported in ("", model) else [reported, model]
        for name in names:
            try:
                found = await self._tokens.sheet(endpoint, name)
            except TokensUnavailable:
                found = None
            if (sheet := self._with_own(endpoint, name, found)) is not None:
                return sheet
        return None

    def window(self, endpoint: Endpoint, model: str, answer: int = 0) -> int | None:
        """How many tokens may go into the model's window where its answer may take ``answer`` tokens, 1 at
        least; the user's own word first. None where nobody knows."""
        own = self._settings.own_prices.get(endpoint.id, {}).get(model, {})
        if own.get("context"):
            return max(int(Decimal(own["context"])) - answer, 1)
        sheet = self._tokens.known_sheet(endpoint, model)
        if sheet is None or sheet.context_window is None:
            return None
        return max(sheet.context_window - (0 if sheet.has_room_for_answer else answer), 1)

    def _with_own(self, endpoint: Endpoint, model: str, sheet: PriceSheet | None) -> PriceSheet | None:
        own = self._settings.own_prices.get(endpoint.id, {}).get(model, {})
        amounts = {name: Decimal(own[name]) for name in ("input", "output", "cached") if own.get(name)}
        if not amounts:
            return sheet
        base = sheet.rates[0] if sheet is not None else None
        if base is None and not {"input", "output"} <= amounts.keys():
            return None  # half a price is none
        rates = Rates(
            amounts["input"] if "input" in amounts or base is None else base.input,
            amounts["output"] if "output" in amounts or base is None else base.output,
            amounts.get("cached", base.cached if base is not None and "input" not in amounts else None),
            base.cache_write if base is not None and "input" not in amounts else None,
        )
        return PriceSheet(model, (rates,), context_window=self.window(endpoint, model), source="your own")

    # Budgets

    async def budgets(self, conversation_id: str, endpoint_id: str) -> list[Budget]:
        """The budgets that are set and concern a request of this chat to this endpoint.

        Raises ``StorageError``.
        """
        found = []
        for scope in Scope:
            amount = self._settings.budget(scope, endpoint_id)
            if amount is None:
                continue
            chat = conversation_id if scope is Scope.CHAT else ""
            endpoint = endpoint_id if scope is Scope.ENDPOINT else ""
            store = await self._store()
            since, until = _period(scope)
            spent = await store.spent(since=since, until=until, conversation_id=chat, endpoint_id=endpoint)
            reserved = sum(
                (
                    other.cost
                    for other in self._reserved
                    if chat in ("", other.conversation_id) and endpoint in ("", other.endpoint_id)
                ),
                Decimal(0),
            )
            found.append(Budget(scope, amount, spent, reserved))
        return found

    async def reserve(
        self,
        conversation_id: str,
        endpoint: Endpoint,
        model: str,
        input_tokens: int,
        max_output: int | None,
        *,
        answers: int = 1,
        copies: int = 1,
        waive: bool = False,
    ) -> Reservation | OverBudget:
        """Set aside what a request may cost, until :meth:`release`; an OverBudget where there is not enough.

        It leaves ``copies`` times, and so many ``answers`` are written to all of them together.
        Where no budget is set nothing is looked up. Raises ``StorageError``.
        """
        # One after the other, or two requests at once would both find the same money.
        async with self._deciding:
            budgets = await self.budgets(conversation_id, endpoint.id)
            self._notice(budgets, conversation_id, endpoint.id)
            may_cost = Decimal(0)
            if budgets:
                input_tokens *= copies
                may_cost = await self._may_cost(endpoint, model, input_tokens, max_output, answers)
            if may_cost and not waive:
                for budget in budgets:
                    if budget.holds(may_cost):
                        return OverBudget(budget, may_cost)
            reservation = Reservation(conversation_id, endpoint.id, may_cost, waive)
            self._reserved.append(reservation)
            return reservation

    async def passed(self, reservation: Reservation) -> OverBudget | None:
        """The budget that another attempt of a request would pass by now: earlier ones may have cost."""
        if reservation.cost and not reservation.is_waived:
            try:
                budgets = await self.budgets(reservation.conversation_id, reservation.endpoint_id)
            except StorageError:
                return None
            for budget in budgets:
                if budget.holds(Decimal(0)):  # its own cost is reserved
                    return OverBudget(budget, reservation.cost)
        return None

    def release(self, reservation: Reservation) -> None:
        """The request is over; what it cost is in the ledger."""
        self._reserved.remove(reservation)
        if reservation.cost:
            self.changed.emit()

    def entered(self, entry: LedgerEntry) -> None:
        """A row was written into the ledger."""
        self.recorded.emit(entry.conversation_id)
        self.changed.emit()
        if entry.cost:
            self._tasks.start(self._warn(entry), "budgets")

    async def _may_cost(
        self, endpoint: Endpoint, model: str, input_tokens: int, max_output: int | None, answers: int
    ) -> Decimal:
        # For a price that is known, such as the user's own, nothing waits for the helper.
        sheet = self.sheet(endpoint, model) or await self.find_sheet(endpoint, model)
        if sheet is None:
            return Decimal(0)
        output = max_output
        if output is None:
            output = await (await self._store()).typical_output(endpoint.id, model)
        return cost(sheet, Usage(input_tokens, answers * (UNKNOWN_OUTPUT if output is None else output)))

    async def _warn(self, entry: LedgerEntry) -> None:
        try:
            budgets = await self.budgets(entry.conversation_id, entry.endpoint_id)
        except StorageError:
            return
        for budget in self._passing(budgets, entry.conversation_id, entry.endpoint_id):
            self.warned.emit(budget)

    def _notice(self, budgets: list[Budget], conversation_id: str, endpoint_id: str) -> None:
        """What an earlier run has warned of needs no second warning, unless its amount was just set."""
        passing = self._passing(budgets, conversation_id, endpoint_id)
        if self._were_changed:
            for budget in passing:
                self.warned.emit(budget)

    def _passing(self, budgets: list[Budget], conversation_id: str, endpoint_id: str) -> list[Budget]:
        """Those of which 80 % are spent, and that nobody was told of."""
        passing = []
        for budget in budgets:
            subject = {Scope.CHAT: conversation_id, Scope.ENDPOINT: endpoint_id}.get(budget.scope, "")
            key = (budget.scope, subject, _period(budget.scope), budget.amount)
            if budget.share >= WARN_AT and key not in self._told:
                self._told.add(key)
                passing.append(budget)
        return passing

    def _setting_changed(self, name: str) -> None:
        if "budget" in name:
            self._were_changed = True
        if "budget" in name or name == "own_prices":
            self.changed.emit()


def _period(scope: Scope) -> tuple[float, float]:
    """When the period of a budget begins and ends: Unix times of midnights where the user is, or all time.

    It ends, since a clock that was wrong has left what it dates after today.
    """
    if scope is Scope.CHAT:
        return 0, math.inf
    today = datetime.now().astimezone().date()
    if scope is Scope.DAY:
        first, behind = today, today + timedelta(days=1)
    else:
        first = today.replace(day=1)
        behind = (first + timedelta(days=31)).replace(day=1)
    # Of a time without a zone, the system finds the offset that holds at that very time.
    begin, end = (datetime.combine(day, time.min).timestamp() for day in (first, behind))
    return begin, end
