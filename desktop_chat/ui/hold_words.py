"""Why a request is held back, how far a budget is used and when a model ends, in words."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from desktop_chat.domain.holds import (
    Budget,
    Hold,
    LooksSecret,
    NotTaken,
    Offline,
    OverBudget,
    OverLimit,
    Scope,
)
from desktop_chat.tokens.shutdowns import Shutdown
from desktop_chat.ui.money import in_dollars, round_dollars
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.times import written

WARN_DAYS = 60
"""How long before its end a chat tells of it."""


class Way(Enum):
    """What can be done about a hold."""

    SHORTEN = "shorten"
    SUMMARISE = "summarise"
    LARGER_MODEL = "larger_model"
    SEND_ANYWAY = "send_anyway"
    ALLOW_ONCE = "allow_once"
    CHANGE_BUDGET = "change_budget"
    AS_TEXT = "as_text"
    WHEN_ONLINE = "when_online"


@dataclass(frozen=True, slots=True)
class Offer:
    """``text`` is that of a button; ``hint`` says what it does where the button cannot."""

    way: Way
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class HoldWords:
    """A hold in words. ``share`` is how full the window or the budget would be: 1.0 is full, None where
    nothing is filled."""

    title: str
    body: str
    share: float | None
    offers: tuple[Offer, ...]


def explain_hold(hold: Hold, model: str, endpoint_name: str = "", *, small_model: str = "") -> HoldWords:
    """``hold`` in words, for a request to ``model``.

    ``small_model`` would write a summary; empty where there is nothing to summarise or none to do it.
    """
    match hold:
        case OverBudget():
            return _over_budget(hold, endpoint_name)
        case Offline():
            return _offline(endpoint_name)
        case LooksSecret():
            return _looks_secret(hold, endpoint_name)
        case NotTaken():
            return _not_taken(hold, one_line(model) or "the model")
    return _over_limit(hold, one_line(model) or "the model", one_line(small_model))


def _offline(endpoint_name: str) -> HoldWords:
    hint = "It waits in the chat, also after a restart, and can be stopped."
    return HoldWords(
        "You are offline",
        f"{one_line(endpoint_name) or 'The endpoint'} cannot be reached without a network. Nothing was sent.",
        None,
        (Offer(Way.WHEN_ONLINE, "Send when online", hint), Offer(Way.SEND_ANYWAY, "Try now")),
    )


def _over_limit(hold: OverLimit, model: str, small_model: str) -> HoldWords:
    about = "≈ " if hold.is_approximate else ""
    body = f"The request takes {about}{hold.tokens:,} tokens, and {model} reads {hold.limit:,}."
    offers = []
    if hold.turns:
        turns = "turn" if hold.turns == 1 else f"{hold.turns:,} turns"
        hint = "What is older stays in the chat, but the model does not see it."
        offers.append(Offer(Way.SHORTEN, f"Send the last {turns}", hint))
    if small_model:
        hint = f"{small_model} sums them up, and the summary is sent in their place."
        offers.append(Offer(Way.SUMMARISE, "Summarise older turns", hint))
    if not hold.turns:
        body += " The last message alone is too long for it."
    offers.append(Offer(Way.LARGER_MODEL, "Choose a larger model"))
    offers.append(Offer(Way.SEND_ANYWAY, "Send anyway"))
    return HoldWords(
        f"This is longer than {model} can read",
        f"{body} Nothing was sent, and nothing is lost.",
        hold.tokens / hold.limit if hold.limit else 1.0,
        tuple(offers),
    )


def _over_budget(hold: OverBudget, endpoint_name: str) -> HoldWords:
    budget = hold.budget
    used = f"{in_dollars(budget.spent)} of {round_dollars(budget.amount)} is spent"
    if budget.reserved:
        used += f", requests under way may cost {in_dollars(budget.reserved)}"
    body = f"{used}, and this request may cost up to {in_dollars(hold.cost)}."
    share = float((budget.spent + budget.reserved + hold.cost) / budget.amount) if budget.amount else 1.0
    return HoldWords(
        f"This request could pass your budget for {_whose(budget.scope, endpoint_name)}",
        f"{body} Nothing was sent, and nothing is lost.",
        share,
        (Offer(Way.ALLOW_ONCE, "Allow once"), Offer(Way.CHANGE_BUDGET, "Change budget…")),
    )


def _looks_secret(hold: LooksSecret, endpoint_name: str) -> HoldWords:
    *others, last = (f"{what} ({one_line(start)})" for what, start in hold.found)
    found = f"{', '.join(others)} and {last}" if others else last
    to = one_line(endpoint_name) or "the server"
    return HoldWords(
        "This looks like a secret",
        f"The request has {found} in it, and {to} would read it. Nothing was sent, and nothing is lost.",
        None,
        (Offer(Way.SEND_ANYWAY, "Send anyway"),),
    )


def _not_taken(hold: NotTaken, model: str) -> HoldWords:
    offers = [Offer(Way.AS_TEXT, "Send as text", "What was read of the files is sent in their place.")]
    offers += [Offer(Way.LARGER_MODEL, "Choose another model"), Offer(Way.SEND_ANYWAY, "Send anyway")]
    reasons = " ".join(map(one_line, hold.reasons))
    return HoldWords(
        f"{model} may not take this",
        f"{reasons} Nothing was sent, and nothing is lost.",
        None,
        tuple(offers if hold.as_text else offers[1:]),
    )


def budget_warning(budget: Budget) -> str:
    """``80% of this month's budget is used: $16.02 of $20.``"""
    whose = {
        Scope.DAY: "today's budget",
        Scope.MONTH: "this month's budget",
        Scope.CHAT: "the budget of a chat",
        Scope.ENDPOINT: "this month's budget of an endpoint",
    }[budget.scope]
    used = f"{in_dollars(budget.spent)} of {round_dollars(budget.amount)}"
    return f"{int(budget.share * 100)}% of {whose} is used: {used}."


def shutdown_notice(model: str, shutdown: Shutdown | None, today: date) -> str:
    """What a chat says of the end of its model; empty where that is far off or not known."""
    name = one_line(model)
    if shutdown is None or (shutdown.on is not None and (shutdown.on - today).days > WARN_DAYS):
        return ""
    if shutdown.sentence:
        return f"{name}: {one_line(shutdown.sentence)}"
    if shutdown.on is None:
        return ""
    if shutdown.on <= today:
        return f"{name} was shut down on {written(shutdown.on)}."
    return f"{name} ends on {written(shutdown.on)}."


def _whose(scope: Scope, endpoint_name: str) -> str:
    return {
        Scope.DAY: "today",
        Scope.MONTH: "this month",
        Scope.CHAT: "this chat",
        Scope.ENDPOINT: f"{one_line(endpoint_name) or 'this endpoint'} this month",
    }[scope]
