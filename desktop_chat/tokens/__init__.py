"""What texts take in tokens and what models cost, worked out in a helper process of its own.

The only home of ``tiktoken`` and ``genai_prices``. Importing this package imports neither: only the helper
does, whose memory (100 to 200 MB) goes back after a minute without work. Nothing is ever fetched.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from desktop_chat.domain.endpoint import Endpoint, EndpointKind
from desktop_chat.domain.prices import PriceSheet, Rates
from desktop_chat.paths import write_atomically
from desktop_chat.tokens.batches import Turns, in_batches
from desktop_chat.tokens.plain import from_plain
from desktop_chat.worker import Worker, WorkerError

__all__ = ["PricesInfo", "Tokens", "TokensUnavailable"]

_SECONDS = 20.0
"""Processor time of a job at most. One takes 0.02 s, the first of its kind a second: a table, a library."""
_AT_ONCE = 2
"""Batches with the helper: one in work and one that follows at once."""
_HELD = 900.0
"""Seconds that a price sheet holds: prices begin on days, and some at hours of a day."""


class TokensUnavailable(Exception):
    """The helper could not do it; says why in words for a log. Approximate counts are what is left."""


@dataclass(frozen=True, slots=True)
class PricesInfo:
    """Where prices are from (``source``), of when (``as_of``, an ISO date), and of how many models.

    ``problem`` is a sentence where prices that were fetched once cannot be used any more, else empty.
    """

    source: str
    as_of: str
    models: int
    problem: str = ""


class Tokens:
    """Counts tokens and knows prices. Belongs to one event loop; what is slow happens in the helper."""

    def __init__(self, worker: Worker | None = None, prices: Path | None = None) -> None:
        """``prices`` is where refreshed prices are kept; the file need not be there."""
        self._worker = worker or Worker()
        self._prices = prices
        self._turns = Turns(_AT_ONCE)
        self._sheets: dict[tuple[EndpointKind, str, str], tuple[float, PriceSheet | None]] = {}

    async def count(self, encoding: str, texts: Sequence[str]) -> list[int]:
        """The tokens of each text in ``encoding``. Raises :class:`TokensUnavailable`.

        The fewer characters there are, the sooner it is their turn.
        """
        counts = [0] * len(texts)
        size = sum(map(len, texts))
        for batch in in_batches(texts):
            async with self._turns.turn(size):
                found = await self._do("count", encoding=encoding, texts=[piece for _, piece in batch])
            for (index, _), count in zip(batch, found, strict=True):
                counts[index] += count
        return counts

    async def sheet(self, endpoint: Endpoint, model: str) -> PriceSheet | None:
        """What ``model`` costs at ``endpoint``, None where nobody knows.

        Raises :class:`TokensUnavailable`.
        """
        if endpoint.kind is EndpointKind.DEMO:
            return _free(model)
        key = (endpoint.kind, endpoint.base_url, model)
        known = self._sheets.get(key)
        if known is not None and time.monotonic() - known[0] < _HELD:
            return known[1]
        plain = await self._do(
            "price",
            url=endpoint.base_url,
            is_azure=endpoint.kind is EndpointKind.AZURE,
            model=model,
            prices=str(self._prices or ""),
            now=time.time(),
        )
        sheet = None if plain is None else from_plain(plain)
        self._sheets[key] = time.monotonic(), sheet
        return sheet

    def known_sheet(self, endpoint: Endpoint, model: str) -> PriceSheet | None:
        """What :meth:`sheet` found before; None where it was not asked, or knows nothing."""
        if endpoint.kind is EndpointKind.DEMO:
            return _free(model)
        _, sheet = self._sheets.get((endpoint.kind, endpoint.base_url, model), (0.0, None))
        return sheet

    async def info(self) -> PricesInfo:
        """Which prices are used. Raises :class:`TokensUnavailable`."""
        return PricesInfo(**await self._do("prices", prices=str(self._prices or "")))

    async def refresh(self, document: bytes) -> PricesInfo:
        """Check the document of prices that ``Api.fetch_prices`` got, keep it, and use it from now on.

        Raises ``ValueError`` with a sentence where it cannot be used, ``OSError`` where it cannot be kept,
        and :class:`TokensUnavailable`; the prices then stay what they were.
        """
        if self._prices is None:
            raise OSError("There is no place to keep prices in.")
        candidate = self._prices.with_name(f"{self._prices.name}.new")
        day = datetime.now(UTC).date().isoformat()
        content = b'{"fetched": "%s", "providers": %s}' % (day.encode(), document)
        try:
            await asyncio.to_thread(write_atomically, candidate, content)
            problem = await self._do("check_prices", prices=str(candidate))
            if problem:
                raise ValueError(problem)
            candidate.replace(self._prices)
        finally:
            candidate.unlink(missing_ok=True)
        self._sheets.clear()
        return await self.info()

    def close(self) -> None:
        """End the helper at once."""
        self._worker.close()

    async def _do(self, job: str, **arguments: object) -> Any:
        future = self._worker.submit(job, _SECONDS, **arguments)
        try:
            return await asyncio.wrap_future(future)
        except WorkerError as error:
            raise TokensUnavailable(str(error)) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # The worker was closed while the job waited.
            raise TokensUnavailable("closed") from None


def _free(model: str) -> PriceSheet:
    """The demo model takes no money."""
    return PriceSheet(model, (Rates(Decimal(0), Decimal(0)),), source="the demo model")
