"""What texts take in tokens and what models cost, worked out in a helper process of its own.

The only home of ``tiktoken`` and ``genai_prices``. Importing this package imports neither: only the helper
does, whose memory (100 MB and more) goes back after a minute without work. Nothing is ever fetched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.prices import PriceSheet
from desktop_chat.worker import Worker

__all__ = ["PricesInfo", "Tokens", "TokensUnavailable"]


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
        raise NotImplementedError

    async def count(self, encoding: str, texts: Sequence[str]) -> list[int]:
        """The tokens of each text in ``encoding``. Raises :class:`TokensUnavailable`."""
        raise NotImplementedError

    async def sheet(self, endpoint: Endpoint, model: str) -> PriceSheet | None:
        """What ``model`` costs at ``endpoint``; None where nobody knows. Raises :class:`TokensUnavailable`."""
        raise NotImplementedError

    def known_sheet(self, endpoint: Endpoint, model: str) -> PriceSheet | None:
        """What :meth:`sheet` found before; None where it was not asked, or knows nothing."""
        raise NotImplementedError

    async def info(self) -> PricesInfo:
        """Which prices are used. Raises :class:`TokensUnavailable`."""
        raise NotImplementedError

    async def refresh(self, document: bytes) -> PricesInfo:
        """Check the document of prices that ``Api.fetch_prices`` got, keep it, and use it from now on.

        Raises ``ValueError`` with a sentence where it cannot be used, ``OSError`` where it cannot be kept,
        and :class:`TokensUnavailable`; the prices then stay what they were.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End the helper at once."""
        raise NotImplementedError
