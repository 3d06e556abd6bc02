"""Amounts and counts as they are shown."""

from decimal import Decimal

import pytest

from desktop_chat.ui.counts import counted, short_count
from desktop_chat.ui.money import in_dollars, round_dollars


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0.00000001", "< $0.0001"),
        ("0.0001", "$0.0001"),
        ("0.00482", "$0.0048"),
        ("0.031", "$0.031"),
        ("0.5", "$0.50"),
        ("0.999", "$1.00"),
        ("4.124", "$4.12"),
        ("1234.5", "$1,234.50"),
    ],
)
def test_as_many_digits_as_say_something(amount: str, shown: str) -> None:
    assert in_dollars(Decimal(amount)) == shown


def test_what_is_not_known_is_not_nothing() -> None:
    assert in_dollars(None) == "unknown"
    assert in_dollars(Decimal("0.031"), is_approximate=True) == "≈ $0.031"


@pytest.mark.parametrize(("amount", "shown"), [("20", "$20"), ("1500", "$1,500"), ("2.5", "$2.50")])
def test_an_amount_that_somebody_set_has_no_needless_cents(amount: str, shown: str) -> None:
    assert round_dollars(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (12_400, "12.4k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (400_000, "400k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_047_576, "1M"),
        (1_250_000, "1.2M"),
        (2_000_000_000_000, "2,000B"),
    ],
)
def test_counts_in_few_letters(count: int, text: str) -> None:
    assert short_count(count) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 turns"), (1, "1 turn"), (1_200, "1,200 turns")])
def test_one_is_not_many(count: int, text: str) -> None:
    assert counted(count, "turn") == text
