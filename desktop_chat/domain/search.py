"""What the user looks for in all chats, and what was found."""

from dataclasses import dataclass, field
from enum import StrEnum


class Has(StrEnum):
    """What a message can have beside its words, as filters name it."""

    IMAGE = "image"
    FILE = "file"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Term:
    """Words that are looked for: one, or several in a row that were quoted. With ``is_prefix`` the last of
    them may go on, as that which is just being typed does."""

    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit has to be beside its words. Names are as they were typed; times are Unix times in seconds of
    the message: at ``after`` or later, earlier than ``before``. Several tags, and several things to have,
    hold together."""

    folders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    before: float | None = None
    after: float | None = None
    has: tuple[Has, ...] = ()
    pinned: bool = False
    archived: bool = False

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, understood: every text is a query. A hit has all ``terms``."""

    terms: tuple[Term, ...] = ()
    filters: Filters = field(default_factory=Filters)

    def __bool__(self) -> bool:
        """Whether anything is looked for at all."""
        return bool(self.terms or self.filters)


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, or with no ``message_id`` a chat by its title.

    ``excerpt`` is one line of the message; ``marks`` and ``title_marks`` are the places of what was looked
    for in the excerpt and in the title, as start and end. ``time`` is Unix time in seconds of the message, of
    a title that of the last turn.
    """

    conversation_id: str
    message_id: str | None
    title: str
    excerpt: str
    marks: tuple[tuple[int, int], ...] = ()
    title_marks: tuple[tuple[int, int], ...] = ()
    time: float = 0.0
    role: str = ""
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, the best first. ``total`` is how many chats have one, ``is_more`` that it was not
    counted further; ``chats`` is how many were searched, ``waiting`` how many messages and titles are
    still to be indexed, 10,000 where they are more, ``seconds`` how long it took."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    is_more: bool = False
    chats: int = 0
    waiting: int = 0
    seconds: float = 0.0
