"""What a model costs, and what that makes of a request."""

from dataclasses import dataclass, field
from decimal import Decimal

from desktop_chat.domain.usage import Usage

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a million tokens, for requests of more than ``above`` input tokens.

    ``cached`` and ``cache_write`` are None where these tokens cost what other input does.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    above: int = 0


@dataclass(frozen=True, slots=True)
class PriceSheet:
    """The prices of one model at one provider.

    ``rates`` holds the tiers by their threshold, lowest first; one with a longer context prices the whole
    request. ``tiers`` are the rates of other service tiers (``"flex"``, ``"priority"``, ``"batch"``) by name.
    ``context_window`` is the limit of input tokens, None where it is not known; the answer has to fit in it,
    too, unless ``has_room_for_answer``. ``source`` says for the user where the prices are from and ``as_of``
    (an ISO date) of when.
    """

    model: str
    rates: tuple[Rates, ...]
    tiers: dict[str, tuple[Rates, ...]] = field(default_factory=dict)
    context_window: int | None = None
    source: str = ""
    as_of: str = ""
    has_room_for_answer: bool = False


def cost(sheet: PriceSheet, usage: Usage, service_tier: str | None = None) -> Decimal:
    """US dollars for ``usage``, exactly. A service tier that has no rates of its own costs the standard."""
    tiers = sheet.tiers.get(service_tier or "", sheet.rates)
    rates = next((tier for tier in reversed(tiers) if usage.input > tier.above), tiers[0])
    cached = min(usage.cached, usage.input)
    written = min(usage.cache_write, usage.input - cached)
    total = (usage.input - cached - written) * rates.input + usage.output * rates.output
    total += cached * (rates.input if rates.cached is None else rates.cached)
    total += written * (rates.input if rates.cache_write is None else rates.cache_write)
    return total / MILLION
