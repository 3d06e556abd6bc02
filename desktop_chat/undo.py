"""What the user just did, and what takes it back."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Undo:
    """``words`` say what was done: ``Archived “Dinner”``, say; titles in them are as they came from outside.
    ``undo`` takes it back, at most once; it may be called while that which was done is still being saved."""

    words: str
    undo: Callable[[], None] = field(compare=False, repr=False)
