"""Amounts: what a user may write, and what the database adds up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.money import from_picodollars, parse_amount, to_picodollars


@given(st.integers(0, 2**62))
def test_picodollars_are_exact(count: int) -> None:
    assert to_picodollars(from_picodollars(count)) == count


def test_less_than_a_picodollar_is_rounded() -> None:
    assert to_picodollars(Decimal("0.0000000000015")) == 2
    assert to_picodollars(Decimal("0.0000000000025")) == 2


@pytest.mark.parametrize(
    ("text", "amount"),
    [("20", "20"), (" $4.12 ", "4.12"), ("0,5", "0.5"), (".5", "0.5"), ("0.000001", "0.000001"), ("0", "0")],
)
def test_amounts_as_users_write_them(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1e3", "NaN", "Infinity", "1.2.3", "1,234.5", "twenty", "$", ".", "1000001", "0.0000001", "½"],
)
def test_what_is_no_amount_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount"):
        parse_amount(text)
