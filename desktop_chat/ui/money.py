"""Money in words."""

from decimal import ROUND_HALF_EVEN, Decimal

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
