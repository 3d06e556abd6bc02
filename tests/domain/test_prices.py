"""What usage costs: each kind of token once, at the rate of its tier."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.domain.prices import PriceSheet, Rates, cost
from desktop_chat.domain.usage import Usage

STANDARD = Rates(Decimal("2.5"), Decimal(15), Decimal("0.25"), Decimal(3))
LONG = Rates(Decimal(5), Decimal("22.5"), Decimal("0.5"), above=272_000)
FLEX = Rates(Decimal("1.25"), Decimal("7.5"))
SHEET = PriceSheet("m", (STANDARD, LONG), {"flex": (FLEX,)})


@pytest.mark.parametrize(
    ("usage", "tier", "dollars"),
    [
        (Usage(), None, "0"),
        (Usage(1_000_000, 0), "flex", "1.25"),
        (Usage(1000, 100), None, "0.004"),
        (Usage(1000, 100, cached=400, reasoning=60), None, "0.0031"),
        (Usage(1000, 0, cached=400, cache_write=600), None, "0.0019"),
        (Usage(272_000, 0), None, "0.68"),
        (Usage(272_001, 2), None, "1.36005"),
        (Usage(272_001, 0, cache_write=1), None, "1.360005"),
        (Usage(1000, 0, cached=400), "flex", "0.00125"),
        (Usage(1000, 0), "unheard of", "0.0025"),
        (Usage(10, 0, cached=400, cache_write=7), None, "0.0000025"),
    ],
)
def test_each_token_costs_once(usage: Usage, tier: str | None, dollars: str) -> None:
    assert cost(SHEET, usage, tier) == Decimal(dollars)


@given(*[st.integers(0, 2**53)] * 5, st.sampled_from([None, "flex"]))
def test_no_usage_costs_less_than_nothing(
    input: int, output: int, cached: int, written: int, reasoning: int, tier: str | None
) -> None:
    assert cost(SHEET, Usage(input, output, cached, reasoning, written), tier) >= 0
