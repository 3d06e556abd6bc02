"""The ledger's rows of one request: one for each of its attempts that reached a server, with its cost.

What the server reported is exact. Without a report, the attempt

- that never left (no connection stood) gets no row;
- that the server refused with an HTTP error, or ended with an error before a word came, cost nothing;
- that left, whatever became of it then, is taken to have been worked on, as a server does until it notices
  that nobody listens: its input as it was counted before sending, and as output what came of text and
  reasoning. Reasoning that a model does not show cannot be counted. Such a row is marked as estimated.

What leaves is noted before it does, so that the next start enters it where the program dies half-way.

The model of a row is the one that was asked for: servers report the dated name behind it, which nobody chose
and no estimate could be looked up by. Its price is that of the reported one, where there is one.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Protocol

from desktop_chat import request_log
from desktop_chat.domain import errors, prices
from desktop_chat.domain.counting import approximate, encoding_of
from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.events import AttemptEnded, Choice, Delta
from desktop_chat.domain.evidence import Evidence
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.message import PartKind
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.services import Services
from desktop_chat.tokens import TokensUnavailable

PATIENCE = 0.7
"""Seconds that an estimate or a price may take: a helper that works needs none of them, and one that starts
up must not hold up the end of a turn. Approximate counts are used then."""


async def count(services: Services, model: str, texts: list[str]) -> tuple[list[int], bool]:
    """The tokens of texts, and whether they are counted: approximate where that would take too long, or the
    program ends."""
    if not services.is_closing:
        try:
            async with asyncio.timeout(PATIENCE):
                return await services.tokens.count(encoding_of(model)[0], texts), True
        except (TokensUnavailable, TimeoutError):
            pass
    return [approximate(text) for text in texts], False


@dataclass(frozen=True, slots=True)
class Forecast:
    """The input tokens that we expect: ``counted`` by the formulas, None where they are approximate or where
    nothing else is to be learned from them, and ``corrected`` by what was learned before."""

    counted: int | None
    corrected: int


class Expecting(Protocol):
    """What tells the forecast of a request by what is counted now, or with ``wait`` a moment later."""

    async def __call__(self, *, wait: bool) -> Forecast: ...


class Account:
    """What one request costs. ``cost`` and ``is_estimated`` are sums over its attempts so far, for a message;
    ``cost`` is None while nothing was used, and for good once something was whose price is not known."""

    def __init__(
        self,
        services: Services,
        *,
        conversation_id: str,
        message_id: str,
        endpoint: Endpoint,
        model: str,
        purpose: Purpose,
        forecast: Expecting,
        answers: int = 1,
    ) -> None:
        """``forecast`` is asked when an attempt is over: by then more is counted than when it left. So many
        ``answers`` come with one request; those of which nothing came are taken to be as long as the
        first."""
        self.cost: Decimal | None = None
        self.is_estimated = False
        self.model = model
        self._forecast = forecast
        self._answers = answers
        self._services = services
        self._conversation_id = conversation_id
        self._message_id = message_id
        self._endpoint = endpoint
        self._purpose = purpose
        self._is_unpriced = False
        self._number = 0
        self._entering: asyncio.Task[None] | None = None
        self._started_at = self._began = 0.0
        self.first_token: float | None = None
        """Seconds from the request leaving to its first text, of the attempt under way."""
        self._came: dict[PartKind, list[str]] = {}

    def carry_on(self, cost: Decimal | None, is_estimated: bool) -> None:
        """Add to what earlier requests for the same message cost."""
        self.cost, self.is_estimated = cost, is_estimated
        self._is_unpriced = cost is None

    def add_nothing(self) -> None:
        """An answer was given again, for which no server was asked."""
        self._add(Decimal(0), True)

    async def begin(self, number: int) -> None:
        """An attempt is about to leave. From here on it is in the ledger, even where the program dies."""
        self._number, self._started_at, self._began = number, time.time(), time.monotonic()
        self.first_token = None
        self._came = {}
        usage = Usage(input=(await self._forecast(wait=False)).corrected)
        cost, output_cost = None, Decimal(0)
        sheet = self._services.spending.sheet(self._endpoint, self.model)
        if sheet is not None:
            cost = prices.cost(sheet, usage)
            output_cost = prices.cost(sheet, replace(usage, output=self._answers)) - cost
        broken = AttemptEnded(number, None, None, None, Timing(None, 0.0), errors.CutOff())
        entry = self._row(broken, Outcome.FAILED, usage, is_exact=False, expected=None, cost=cost)
        store = await self._services.store()
        await self._services.outbox.write(lambda: store.begin_attempt(entry, output_cost))

    def take(self, delta: Delta) -> None:
        """A piece of its answer came."""
        if self.first_token is None:
            self.first_token = time.monotonic() - self._began
        self._came.setdefault(delta.kind, []).append(delta.text)

    async def end(self, ended: AttemptEnded) -> None:
        """The attempt under way is over."""
        if self._number:
            outcome = Outcome.OK if ended.error is None else Outcome.FAILED
            self._entering = self._services.tasks.start(self._enter(ended, outcome), "ledger")
            # A row that is being written must not get lost where the user stops just then.
            await asyncio.shield(self._entering)

    async def stop(
        self,
        *,
        request_id: str | None,
        answered: bool,
        has_left: bool,
        evidence: Evidence | None,
        others: tuple[Choice, ...] = (),
    ) -> None:
        """The user stopped: the attempt under way is over, if there is one."""
        if self._entering is not None:
            await asyncio.wait([self._entering])
        if self._number:
            timing = Timing(self.first_token, time.monotonic() - self._began)
            status = _OK if answered else None
            ended = AttemptEnded(
                self._number,
                request_id,
                None,
                None,
                timing,
                None,
                status,
                has_left=has_left,
                evidence=evidence,
                others=others,
            )
            await self._enter(ended, Outcome.STOPPED)

    async def _enter(self, ended: AttemptEnded, outcome: Outcome) -> None:
        self._number = 0
        store = await self._services.store()
        if not _reached(ended):
            forget = partial(store.forget_attempt, self._message_id, self._purpose)
            await self._services.outbox.write(forget)
            return
        usage, is_exact = ended.usage, True
        if usage is None and _worked(ended, bool(self._came or ended.others)):
            usage, is_exact = await self._estimate(ended.others), False
        cost = await self._price(ended, usage) if usage is not None else Decimal(0)
        expected = (await self._forecast(wait=False)).counted
        entry = self._row(ended, outcome, usage, is_exact=is_exact, expected=expected, cost=cost)
        if usage is not None:
            self._add(cost, is_exact)
        evidence = ended.evidence if self._services.settings.keep_evidence else None
        await self._services.outbox.write(lambda: store.record_attempt(entry, ended.error, evidence))
        self._services.spending.entered(entry)
        request_log.write(entry, ended.error, ended.evidence if self._services.settings.log_bodies else None)

    def _row(
        self,
        ended: AttemptEnded,
        outcome: Outcome,
        usage: Usage | None,
        *,
        is_exact: bool,
        expected: int | None,
        cost: Decimal | None,
    ) -> LedgerEntry:
        return LedgerEntry(
            self._conversation_id,
            self._message_id,
            self._endpoint.id,
            self._endpoint.name,
            self._endpoint.dialect,
            self._purpose,
            ended.attempt,
            self._started_at,
            ended.timing,
            outcome,
            model=self.model,
            request_id=ended.request_id,
            status=ended.status,
            service_tier=ended.service_tier,
            usage=usage,
            is_exact=is_exact,
            expected_input=expected,
            cost=cost,
            error_kind=type(ended.error).__name__ if ended.error else None,
        )

    def _add(self, cost: Decimal | None, is_exact: bool) -> None:
        self._is_unpriced = self._is_unpriced or cost is None
        self.cost = None if self._is_unpriced or cost is None else (self.cost or Decimal(0)) + cost
        self.is_estimated = self.is_estimated or not is_exact

    async def _estimate(self, others: tuple[Choice, ...]) -> Usage:
        came = [(kind, "".join(pieces)) for kind, pieces in self._came.items()]
        own = len(came)
        came += [(part.kind, part.text) for choice in others for part in choice.parts]
        counts, _ = await count(self._services, self.model, [text for _, text in came])
        unseen = self._answers - 1 - len(others)
        counts = [number * (1 + unseen) if at < own else number for at, number in enumerate(counts)]
        thoughts = (
            number for (kind, _), number in zip(came, counts, strict=True) if kind is PartKind.REASONING
        )
        return Usage(
            input=(await self._forecast(wait=True)).corrected, output=sum(counts), reasoning=sum(thoughts)
        )

    async def _price(self, ended: AttemptEnded, usage: Usage) -> Decimal | None:
        spending = self._services.spending
        sheet = None
        if not self._services.is_closing:
            try:
                async with asyncio.timeout(PATIENCE):
                    sheet = await spending.find_sheet(self._endpoint, self.model, ended.model or "")
            except TimeoutError:
                pass
        sheet = sheet or spending.sheet(self._endpoint, self.model)
        return None if sheet is None else prices.cost(sheet, usage, ended.service_tier)


_OK = 200
_UNREACHED = (
    errors.HostNotFound,
    errors.ConnectionRefused,
    errors.ConnectTimedOut,
    errors.TlsFailed,
    errors.ProxyFailed,
)


def _reached(ended: AttemptEnded) -> bool:
    """Whether the request got to a server. Where the connection failed, no status came."""
    return ended.has_left and (ended.status is not None or not isinstance(ended.error, _UNREACHED))


def _worked(ended: AttemptEnded, came: bool) -> bool:
    """Whether a server that reported nothing is taken to have worked on the request."""
    if ended.status is not None and ended.status != _OK:
        return False
    said_no = errors.StreamError | errors.NotAStream | errors.Busy | errors.Rejected
    return came or not isinstance(ended.error, said_no)
