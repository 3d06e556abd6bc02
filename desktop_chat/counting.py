"""How many tokens the next request of a chat takes."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request would take. ``tokens`` is its whole input, ``limit`` how many fit (None: not known).

    ``cost`` is the price of that input in US dollars, nothing of it cached, and without the answer; None
    where the price is not known. ``is_approximate`` says that ``tokens`` is no exact count.
    """

    tokens: int
    limit: int | None
    cost: Decimal | None
    is_approximate: bool
