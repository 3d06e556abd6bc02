"""Our prices of OpenAI's models beside those of another list: what differs is known, and why."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_chat.domain.endpoint import OPENAI_BASE_URL
from desktop_chat.domain.prices import PriceSheet, Rates
from desktop_chat.tokens import sheets

LISTS = Path(__file__).resolve().parents[3].joinpath("shared", "data", "price_book.json")
WHEN = datetime(2026, 11, 21, tzinfo=UTC)
"""When the other list was made."""


def amounts(entry: dict[str, Any]) -> tuple[Decimal | None, ...]:
    given = (entry.get(name) for name in ("in", "out", "cached", "cache_write"))
    return tuple(None if amount is None else Decimal(str(amount)) for amount in given)


def of(rates: Rates) -> tuple[Decimal | None, ...]:
    return rates.input, rates.output, rates.cached, rates.cache_write


UNKNOWN = {
    *("daybreak-blue-latest", "daybreak-red-latest", "gpt-daybreak-blue-latest", "gpt-daybreak-red-latest"),
    *("gpt-5-search-api-2025-10-14", "gpt-5.5-cyber-preview"),
}
"""Models that genai-prices does not have: their price is said to be unknown."""
PRICED_OTHERWISE = {
    # The other list has a price for what was cached, of models that are gone.
    *("gpt-4o-search-preview", "gpt-4o-search-preview-2025-03-11"),
    # genai-prices has no price for long requests of a model that is offered to few.
    "gpt-5.6-cyber",
}
WINDOWS = {
    # The other list has what goes in and comes out together, as genai-prices has of all these models.
    (1_050_000, 922_000),
    (400_000, 272_000),
    # genai-prices has the window of the API's model for the one of ChatGPT.
    (128_000, 272_000),
    # It rounds.
    (1_047_576, 1_000_000),
    (1_050_000, 1_000_000),
    # It has none.
    (400_000, None),
    (272_000, None),
}
"""The only ways in which windows differ: the other list's, and ours."""


def same_price(entry: dict[str, Any], sheet: PriceSheet) -> bool:
    if amounts(entry) != of(sheet.rates[0]):
        return False
    long = entry.get("long")
    if long is None or len(sheet.rates) == 1:
        return long is None and len(sheet.rates) == 1
    ours = sheet.rates[1]
    *told, written = amounts(long)
    # What the other list leaves out of a long request is not told apart there.
    return (long["above"], *told) == (ours.above, *of(ours)[:3]) and written in (None, ours.cache_write)


@pytest.mark.skipif(not LISTS.exists(), reason="the other list is not here")
def test_only_what_is_known_to_differ_differs() -> None:
    book = sheets.book("")
    listed = json.loads(LISTS.read_text("utf-8"))["models"]
    found = {name: sheets.price_sheet(book, OPENAI_BASE_URL, False, name, WHEN) for name in listed}
    sheet_of = {name: sheet for name, sheet in found.items() if sheet is not None}
    assert found.keys() - sheet_of.keys() == UNKNOWN
    otherwise = {name for name, sheet in sheet_of.items() if not same_price(listed[name], sheet)}
    assert otherwise == PRICED_OTHERWISE
    windows = {(listed[name].get("ctx_in"), sheet.context_window) for name, sheet in sheet_of.items()}
    assert {pair for pair in windows if pair[0] != pair[1]} == WINDOWS
