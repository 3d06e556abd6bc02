"""Money in words."""

from decimal import ROUND_HALF_EVEN, Decimal

from desktop_chat.domain.ledger import Totals
from desktop_chat.ui.counts import counted

UNKNOWN = "unknown"
SMALLEST = Decimal("0.0001")


def in_dollars(amount: Decimal | None, *, is_approximate: bool = False) -> str:
    """``$4.12``, ``$0.031``, ``$0.0048``, ``< $0.0001``; ``unknown`` for None; with ``≈`` where it is an
    estimate."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < SMALLEST:
        return f"< ${SMALLEST}"
    decimals = 2
    if 0 < amount < 1:
        # Two digits that say something.
        decimals = min(4, max(2, 1 - amount.adjusted()))
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    return f"{'≈ ' if is_approximate else ''}${rounded:,}"


def round_dollars(amount: Decimal) -> str:
    """An amount that somebody set: ``$20``, ``$2.50``, without cents where there are none."""
    return in_dollars(amount).removesuffix(".00")


def total_in_dollars(totals: Totals) -> str:
    """What requests cost: ``$0.031``, with ``≈`` where a part is estimated, with ``≥`` where the price of
    some is not known; ``unknown`` where that is all that can be said."""
    if not totals.unpriced:
        return in_dollars(totals.cost, is_approximate=bool(totals.estimated))
    return f"≥ {in_dollars(totals.cost)}" if totals.cost else UNKNOWN


def cost_words(totals: Totals) -> str:
    """What :func:`total_in_dollars` is made of, in sentences."""
    words = [f"{counted(totals.requests, 'request')} with all retries and titles."]
    if totals.estimated:
        words.append(f"Of this {in_dollars(totals.estimated)} is estimated: the server told no count.")
    if totals.unpriced:
        words.append(f"The price of {totals.unpriced:,} is not known; it can be set in the settings.")
    return " ".join(words)
