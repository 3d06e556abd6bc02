"""Why a request is held back before anything leaves: the user is asked, and may let it go all the same."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Scope(StrEnum):
    """What a budget is for. ``DAY`` and ``MONTH`` are the user's local ones, ``ENDPOINT`` is a month of one
    endpoint, ``CHAT`` all of one chat."""

    DAY = "day"
    MONTH = "month"
    CHAT = "chat"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class Budget:
    """US dollars that may be spent, that are spent, and that requests under way may still cost."""

    scope: Scope
    amount: Decimal
    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    @property
    def share(self) -> float:
        """How much of it is spent: 1.0 is all."""
        return float(self.spent / self.amount) if self.amount else 1.0

    def holds(self, cost: Decimal) -> bool:
        """Whether a request that may cost ``cost`` would pass the budget."""
        return self.spent + self.reserved + cost > self.amount


@dataclass(frozen=True, slots=True)
class OverLimit:
    """The request is longer than the model's window. Both are tokens.

    ``turns`` is how many of the last turns would fit, 0 where not even the newest one does.
    """

    tokens: int
    limit: int
    is_approximate: bool
    turns: int = 0


@dataclass(frozen=True, slots=True)
class OverBudget:
    """The request could pass ``budget``: it may cost ``cost``."""

    budget: Budget
    cost: Decimal


@dataclass(frozen=True, slots=True)
class LooksSecret:
    """What is about to be sent has something in it that looks like a secret.

    ``found`` are what each seems to be and how it begins, for the user to recognise: never the whole.
    """

    found: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The endpoint or the model will hardly take the attachments: ``reasons``, plain sentences.

    ``as_text`` says that all of them could go as text instead.
    """

    reasons: tuple[str, ...]
    as_text: bool = False


@dataclass(frozen=True, slots=True)
class Offline:
    """There is no network. The request can be made when there is one again."""


Hold = OverLimit | OverBudget | LooksSecret | NotTaken | Offline
