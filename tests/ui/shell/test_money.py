"""Amounts as they are shown."""

from decimal import Decimal

import pytest

from desktop_chat.ui.money import in_dollars


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
