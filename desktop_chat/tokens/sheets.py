"""What models cost, in the helper: genai-prices, as bundled or as the user had it fetched."""

import functools
import importlib.metadata
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from genai_prices.data_snapshot import DataSnapshot, get_snapshot

# How the library reads what it fetches itself. Private, so the series is pinned and the tests use it.
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    _providers_from_raw,
)

from desktop_chat.domain.prices import PriceSheet, Rates
from desktop_chat.tokens.plain import Plain, to_plain

_RELEASED = {"0.2.3": "2026-11-10"}
"""When versions of genai-prices were published, which neither they nor their metadata tell: by PyPI."""
_FETCHED = "genai-prices, fetched"
_CONTEXTS = (
    ("flex", {"service_tier": "flex"}),
    ("priority", {"service_tier": "priority"}),
    ("fast", {"service_tier": "fast"}),
    ("batch", {"processing": "batch"}),
)
"""Service tiers, and how genai-prices asks for their prices."""
_WINDOWS = {400_000: 272_000, 1_050_000: 922_000}
"""What may go in of the windows of OpenAI's models since GPT-5. genai-prices has the whole, of which OpenAI's
pages of the models leave 128,000 to the answer; a request with more is rejected."""
_BEYOND = ("requests_kcount", "output_reasoning_mtok")
"""Prices of what a sheet cannot hold and every request takes: who has one costs more than its tokens say."""


@dataclass(frozen=True, slots=True)
class Book:
    """All prices of one origin. ``problem`` is a sentence where it stands in for another."""

    snapshot: DataSnapshot
    source: str
    as_of: str
    problem: str = ""


# The jobs of the helper


def sheet(url: str, is_azure: bool, model: str, prices: str, now: float) -> Plain | None:
    """What ``model`` costs at the address ``url``, as ``plain.from_plain`` reads it; None for unknown.

    ``prices`` is the path of the prices that were fetched, ``now`` Unix time.
    """
    found = price_sheet(book(prices), url, is_azure, model, datetime.fromtimestamp(now, UTC))
    return None if found is None else to_plain(found)


def info(prices: str) -> dict[str, Any]:
    """Which prices are used: the fields of ``PricesInfo``."""
    used = book(prices)
    models = sum(len(provider.models) for provider in used.snapshot.providers)
    return {"source": used.source, "as_of": used.as_of, "models": models, "problem": used.problem}


def check(prices: str) -> str:
    """Why the file is not one that :func:`book` can use, as a sentence; empty where it is one."""
    try:
        _fetched(Path(prices))
    except ValueError as error:
        return str(error)
    return ""


# What they do


def book(prices: str) -> Book:
    """The fetched prices, where there are some that can be used and are no older than the bundled ones."""
    bundled = _bundled()
    if not prices:
        return bundled
    path = Path(prices)
    try:
        state = path.stat()
    except OSError:
        return bundled
    return _newest(path, (state.st_ino, state.st_mtime_ns, state.st_size))


@functools.lru_cache(1)
def _newest(path: Path, _state: tuple[int, ...]) -> Book:
    bundled = _bundled()
    try:
        fetched = _fetched(path)
    except ValueError as error:
        problem = f"The prices that were fetched cannot be used. {error} Those of the program are used."
        return Book(bundled.snapshot, bundled.source, bundled.as_of, problem)
    return fetched if fetched.as_of >= bundled.as_of else bundled


@functools.cache
def _bundled() -> Book:
    version = importlib.metadata.version("genai-prices")
    snapshot = get_snapshot()
    as_of = _RELEASED.get(version) or max(_starts(snapshot))
    return Book(snapshot, f"genai-prices {version}", as_of)


def _starts(snapshot: DataSnapshot) -> Iterator[str]:
    """The days from which prices hold: no book is older than the newest that is not to come."""
    today = datetime.now(UTC).date()
    for provider in snapshot.providers:
        for model in provider.models:
            for price in model.prices if isinstance(model.prices, list) else ():
                if isinstance(price.constraint, StartDateConstraint) and price.constraint.start_date <= today:
                    yield price.constraint.start_date.isoformat()


def _fetched(path: Path) -> Book:
    """The book in a file ``{"fetched": day, "providers": [...]}``. Raises ``ValueError`` with a sentence."""
    try:
        content = json.loads(path.read_bytes())
        day = datetime.fromisoformat(content["fetched"]).date().isoformat()
        # Kinds of prices that came up later are warned of, and left out.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            providers = _providers_from_raw(content["providers"])
    except (OSError, ValueError, KeyError, TypeError, AssertionError, RecursionError) as error:
        raise ValueError("It is no list of prices.") from error
    snapshot = DataSnapshot(providers, from_auto_update=True)
    if not any(provider.id == "openai" and provider.models for provider in providers):
        raise ValueError("It names no model of OpenAI.")
    now = datetime.now(UTC)
    for provider in providers:
        for model in provider.models:
            _sheet(model, provider, now)
    return Book(snapshot, _FETCHED, day)


def price_sheet(book: Book, url: str, is_azure: bool, model: str, now: datetime) -> PriceSheet | None:
    """What ``model`` costs at the address ``url``; None where the address or the model is not known.

    On Azure a model may be one of those whose models it offers, as genai-prices does it. A name alone never
    tells a price: who serves the model sets it.
    """
    try:
        provider, found = (
            book.snapshot.find_provider_model(model, None, "azure", None)
            if is_azure
            else book.snapshot.find_provider_model(model, None, None, url)
        )
    except LookupError:
        return None
    rates, tiers = _sheet(found, provider, now)
    if not rates:
        return None
    window = found.context_window
    given = _WINDOWS.get(window or 0) if "gpt-" in found.id else None
    has_room = given is not None
    return PriceSheet(model, rates, tiers, given or window, book.source, book.as_of, has_room)


def _sheet(
    model: ModelInfo, provider: Provider, now: datetime
) -> tuple[tuple[Rates, ...], dict[str, tuple[Rates, ...]]]:
    """The rates of a model, and those of service tiers that differ. Raises ``ValueError`` for no amounts."""
    standard = _rates(model.get_prices(now))
    tiers = {}
    # One that another provider's price stands in for has its tiers there, and not here.
    if any(model is own for own in provider.models):
        for name, context in _CONTEXTS:
            rates = _rates(model.get_prices(now, context))
            if rates and rates != standard:
                tiers[name] = rates
    return standard, tiers


def _rates(price: ModelPrice) -> tuple[Rates, ...]:
    """The rates by their threshold; none where tokens in and out are not all that is priced."""
    known: Mapping[str, Any] = vars(price)
    if known.get("input_mtok") is None or known.get("output_mtok") is None:
        return ()
    if any(known.get(name) is not None for name in _BEYOND):
        return ()
    values = [known.get(f"{name}_mtok") for name in ("input", "output", "cache_read", "cache_write")]
    starts = {tier.start for value in values if isinstance(value, TieredPrices) for tier in value.tiers}
    rates = []
    for above in sorted({0} | starts):
        amounts = [_amount(value, above) for value in values]
        given, out, cached, written = amounts
        assert given is not None
        assert out is not None
        rates.append(Rates(given, out, cached, written, above))
    return tuple(rates)


def _amount(value: object, above: int) -> Decimal | None:
    """The price of more than ``above`` tokens. Raises ``ValueError`` where it is no amount of money."""
    if isinstance(value, TieredPrices):
        # ``base`` holds up to the first threshold; tiers are in order.
        value = next((tier.price for tier in reversed(value.tiers) if tier.start <= above), value.base)
    if value is None or (isinstance(value, Decimal) and value.is_finite() and value >= 0):
        return value
    raise ValueError("One of its prices is no amount.")
