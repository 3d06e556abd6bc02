"""Why a request is held back, how far a budget is used and when a model ends, in words."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from desktop_chat.domain import secrecy
from desktop_chat.domain.holds import Budget, LooksSecret, OverBudget, OverLimit, Scope
from desktop_chat.tokens.shutdowns import Shutdown
from desktop_chat.ui.hold_words import (
    WARN_DAYS,
    Way,
    budget_warning,
    explain_hold,
    shutdown_notice,
)

TODAY = date(2030, 6, 1)
SOON = TODAY + timedelta(days=WARN_DAYS)


def test_what_looks_like_a_secret_is_told_within_a_sentence() -> None:
    key, token = "sk-proj-" + "Ab3xYz91Qw" * 4, "ghp_" + "a1B2c3D4e5F6" * 3
    words = explain_hold(LooksSecret(tuple(secrecy.find(f"{key} {token}"))), "m", endpoint_name="Here")
    assert words.body.startswith("The request has an OpenAI key (")
    assert "…) and a GitHub token (ghp_a1B2c3D4…) in it, and Here would read it." in words.body
    assert "……" not in words.body


def test_a_request_that_is_too_long() -> None:
    words = explain_hold(
        OverLimit(131_204, 128_000, is_approximate=True, turns=12), "gpt-4o", small_model="mini"
    )
    assert words.title == "This is longer than gpt-4o can read"
    assert words.body.startswith("The request takes ≈ 131,204 tokens, and gpt-4o reads 128,000.")
    assert "nothing is lost" in words.body
    assert [offer.text for offer in words.offers] == [
        "Send the last 12 turns",
        "Summarise older turns",
        "Choose a larger model",
        "Send anyway",
    ]
    assert "mini" in words.offers[1].hint
    assert words.share > 1


def test_what_cannot_help_is_not_offered() -> None:
    words = explain_hold(OverLimit(200, 100, is_approximate=False), "m")
    assert "≈" not in words.body
    assert "The last message alone is too long for it." in words.body
    assert [offer.way for offer in words.offers] == [Way.LARGER_MODEL, Way.SEND_ANYWAY]
    one = explain_hold(OverLimit(200, 100, is_approximate=False, turns=1), "m")
    assert one.offers[0].text == "Send the last turn"


@pytest.mark.parametrize(
    ("scope", "whose"),
    [
        (Scope.DAY, "today"),
        (Scope.MONTH, "this month"),
        (Scope.CHAT, "this chat"),
        (Scope.ENDPOINT, "Home this month"),
    ],
)
def test_a_request_that_could_pass_a_budget(scope: Scope, whose: str) -> None:
    budget = Budget(scope, Decimal(5), Decimal("4.97"))
    words = explain_hold(OverBudget(budget, Decimal("0.083")), "m", "Home")
    assert words.title == f"This request could pass your budget for {whose}"
    assert words.body.startswith("$4.97 of $5 is spent, and this request may cost up to $0.083.")
    assert [offer.way for offer in words.offers] == [Way.ALLOW_ONCE, Way.CHANGE_BUDGET]
    assert words.share == pytest.approx(1.0106)


def test_what_requests_under_way_may_cost_is_told() -> None:
    budget = Budget(Scope.DAY, Decimal(5), Decimal(4), Decimal("0.5"))
    assert "requests under way may cost $0.50" in explain_hold(OverBudget(budget, Decimal(1)), "m").body


def test_a_budget_that_is_nearly_used_up() -> None:
    budget = Budget(Scope.MONTH, Decimal(20), Decimal("16.02"))
    assert budget_warning(budget) == "80% of this month's budget is used: $16.02 of $20."
    assert budget_warning(Budget(Scope.DAY, Decimal("2.50"), Decimal("2.49"))) == (
        "99% of today's budget is used: $2.49 of $2.50."
    )


def test_the_end_of_a_model() -> None:
    assert shutdown_notice("m", None, TODAY) == ""
    assert shutdown_notice("m", Shutdown(SOON + timedelta(days=1)), TODAY) == ""
    assert shutdown_notice("m", Shutdown(SOON), TODAY) == "m ends on 31 July 2030."
    assert shutdown_notice("m", Shutdown(TODAY), TODAY) == "m was shut down on 1 June 2030."
    assert shutdown_notice("m", Shutdown(None, "Retired  in\nMay."), TODAY) == "m: Retired in May."
    assert shutdown_notice("m", Shutdown(TODAY, "Gone."), TODAY) == "m: Gone."
    assert shutdown_notice("m", Shutdown(SOON + timedelta(days=9), "Going."), TODAY) == ""


def test_names_cannot_turn_a_sentence_around() -> None:
    assert shutdown_notice("a\u202eb\n", Shutdown(TODAY), TODAY).startswith("ab was")
    assert explain_hold(OverLimit(2, 1, is_approximate=False), "a\u202eb").title.endswith("ab can read")
