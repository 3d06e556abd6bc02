"""Money: US dollars as ``Decimal``, in whole picodollars where the database adds them up."""

from decimal import Decimal, InvalidOperation

PICODOLLAR = Decimal("0.000000000001")
"""The smallest amount that is told apart: a price of a million tokens may have six decimals."""
LARGEST = Decimal(1_000_000)
"""The largest amount that a user can enter."""


def to_picodollars(amount: Decimal) -> int:
    """``amount`` as a whole number of picodollars, rounded half to even."""
    return int((amount / PICODOLLAR).to_integral_value())


def from_picodollars(count: int) -> Decimal:
    """The amount of a number of picodollars."""
    return count * PICODOLLAR


def parse_amount(text: str) -> Decimal:
    """An amount that a user wrote: digits with a point or a comma, perhaps with a dollar sign.

    Raises ``ValueError`` with a plain sentence for anything else, for less than nothing, for more than
    six decimals and for more than a million.
    """
    written = text.strip().removeprefix("$").strip().replace(",", ".")
    try:
        amount = Decimal(written) if written.replace(".", "", 1).isdecimal() else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount > LARGEST:
        raise ValueError(f"“{text.strip()[:40]}” is not an amount of dollars.")
    if amount != round(amount, 6):
        raise ValueError("An amount has at most six decimals.")
    return amount
