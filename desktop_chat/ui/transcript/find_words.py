"""Where a text has what a search of all chats looked for: any of its words, with any accents."""

from dataclasses import dataclass

from desktop_chat.domain.search import Term
from desktop_chat.domain.words import fold, spans
from desktop_chat.ui.transcript.find import Matcher, Query, in_units


@dataclass(frozen=True, slots=True)
class Words:
    """The terms of a search, which are found as the search finds them: see ``domain.words``."""

    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        """The words as one would type them."""
        return " ".join(term.text for term in self.terms)


class WordsMatcher:
    """Words made ready to be applied to many texts, as ``find.Matcher`` does a query."""

    def __init__(self, words: Words) -> None:
        self._terms = words.terms
        self._any_of = [Matcher(Query(fold(term.text))) for term in words.terms]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where any of the words is in ``text``, as UTF-16 positions; whole characters, none twice."""
        found = spans(text, self._terms)
        return in_units(text, found) if found and max(text) > "\uffff" else found

    def can_be_in(self, source: str, *, literal: bool) -> bool:
        """As ``find.Matcher.can_be_in``."""
        folded = fold(source)
        return any(matcher.can_be_in(folded, literal=literal) for matcher in self._any_of)
