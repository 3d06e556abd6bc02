"""Finding in what messages show what a search of all chats looked for: any of its words, with any accents."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from desktop_chat.domain.search import Term
from desktop_chat.ui.transcript.find import Matcher, Query, in_units, unfolded

_UNSPACED = "\u0e00"
"""Thai, and with few exceptions what comes behind it, is written without spaces, or has no case to fold."""


@dataclass(frozen=True, slots=True)
class Words:
    """The terms of a search. As there, case and accents count for nothing, nor does what stands between the
    words of a term; a word is a whole one, but for a prefix, and in scripts without spaces."""

    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        """The words as one would type them."""
        return " ".join(term.text for term in self.terms)


class WordsMatcher:
    """Words made ready to be applied to many texts, as ``find.Matcher`` does a query."""

    def __init__(self, words: Words) -> None:
        patterns = [_pattern(term) for term in words.terms if term.text]
        # The longest first: of two that begin at a place, that is the one to be marked.
        self._pattern = re.compile("|".join(sorted(patterns, key=len, reverse=True)) or r"(?!)")
        self._any_of = [Matcher(Query(_folded(term.text))) for term in words.terms if term.text]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where any of the words is in ``text``, as UTF-16 positions; whole characters, none twice."""
        folded = _folded(text)
        found = [match.span() for match in self._pattern.finditer(folded)]
        if not found or text.isascii():
            return found
        if len(folded) != len(text):
            found = unfolded(found, text, _fold)
        return in_units(text, [(start, _with_accents(text, end)) for start, end in found])

    def can_be_in(self, source: str, *, literal: bool) -> bool:
        """As ``find.Matcher.can_be_in``."""
        folded = _folded(source)
        return any(matcher.can_be_in(folded, literal=literal) for matcher in self._any_of)


def _pattern(term: Term) -> str:
    words = re.findall(r"\w+", _folded(term.text))
    if not words:
        return re.escape(term.text)
    before = r"(?<!\w)" if words[0][0] < _UNSPACED else ""
    after = r"(?!\w)" if words[-1][-1] < _UNSPACED and not term.is_prefix else ""
    return before + r"\W+".join(words) + after


def _with_accents(text: str, end: int) -> int:
    """Behind the accents of their own that follow the letter before ``end``."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else "".join(map(_fold, text))


@lru_cache(4096)
def _fold(character: str) -> str:
    apart = unicodedata.normalize("NFD", character)
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold()
