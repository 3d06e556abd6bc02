"""Price sheets as plain data, as they pass between the program and its helper."""

from decimal import Decimal
from typing import Any

from desktop_chat.domain.prices import PriceSheet, Rates

Plain = dict[str, Any]


def to_plain(sheet: PriceSheet) -> Plain:
    """``sheet`` as JSON can hold it."""
    return {
        "model": sheet.model,
        "rates": [_plain(rates) for rates in sheet.rates],
        "tiers": {name: [_plain(rates) for rates in tier] for name, tier in sheet.tiers.items()},
        "context_window": sheet.context_window,
        "source": sheet.source,
        "as_of": sheet.as_of,
        "has_room_for_answer": sheet.has_room_for_answer,
    }


def from_plain(plain: Plain) -> PriceSheet:
    """The sheet that :func:`to_plain` was given."""
    rates = tuple(map(_rates, plain["rates"]))
    tiers = {name: tuple(map(_rates, tier)) for name, tier in plain["tiers"].items()}
    others = ("context_window", "source", "as_of", "has_room_for_answer")
    return PriceSheet(plain["model"], rates, tiers, *(plain[name] for name in others))


def _plain(rates: Rates) -> list[str | int | None]:
    amounts = (rates.input, rates.output, rates.cached, rates.cache_write)
    return [*(None if amount is None else str(amount) for amount in amounts), rates.above]


def _rates(plain: list[Any]) -> Rates:
    given, out, cached, written = (None if text is None else Decimal(text) for text in plain[:4])
    assert given is not None
    assert out is not None
    return Rates(given, out, cached, written, plain[4])
