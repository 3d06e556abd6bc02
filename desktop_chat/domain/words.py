"""What a word is to the search: folded, and in scripts without spaces three characters at a time."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from desktop_chat.domain.search import Term

LONGEST_WORD = 64
"""Characters of a word that count: what is longer is no word but data."""

_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
    "\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Thai, Lao, Tibetan, Myanmar, Khmer, Tai, Kana, Han and Yi: scripts that put no space between words
(https://www.unicode.org/reports/tr14/#SA, and #ID)."""
_MARKS = "\u0300-\u036f\u0483-\u0487\u07a6-\u07b0\u0900-\u0963\u0966-\u0dff\u3099\u309a"
"""What belongs to a word and is no letter to Python: the vowels of Indic scripts above all."""
_SYMBOLS = "\u2600-\u27bf\U0001f000-\U0001faff"
"""Emoji and their like: each is a word."""
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u00ad\u200b-\u200d\u2060]"
)
# C++ and C# are words of their own, which "C" finds as well.
_WORD = re.compile(rf"[{_UNSPACED}]+|(?:[^\W_{_UNSPACED}]|[{_MARKS}])+(?:(?:\+\+|#)(?![^\W_]))?|[{_SYMBOLS}]")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:(?:\+\+|#)(?![a-z0-9]))?")
"""What ``_WORD`` finds in ASCII, five times as fast."""
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_SHORT = "\ue000"
"""Before the first characters of words: what is typed of one finds it without a look at all that begin so.
Of private use, so no word has it."""
_SHORT_LENGTHS = (3, 2, 1)
_GRAM = 3


class _Folding(dict[int, str]):
    """What becomes of each character, found when it is met first; ``uneven`` are those that become none or
    several."""

    def __init__(self) -> None:
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold())
        folded = unicodedata.normalize("NFC", _ACCENTS.sub("", apart))
        self[code] = folded
        if len(folded) != 1:
            self.uneven.add(chr(code))
        return folded


_folding = _Folding()


def fold(text: str) -> str:
    """``text`` in any case, without accents and in the plain form of each character (NFKC). Each character
    is folded for itself."""
    return text.lower() if text.isascii() else text.translate(_folding)


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script without spaces, and so any part of it one, too."""
    return _IS_UNSPACED.match(word) is not None


def words(folded: str) -> list[str]:
    """The words of a folded text, in their order; a run of a script without spaces is one."""
    return (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)


def keys(text: str) -> set[str]:
    """What a text is indexed under, so that every :func:`key_of` a part of it finds it."""
    folded = fold(text)
    found = set(words(folded))
    beginnings: set[str] = set()
    if not folded.isascii():
        for word in filter(is_unspaced, tuple(found)):
            found.discard(word)
            for length in range(1, _GRAM):
                beginnings.update(word[at : at + length] for at in range(len(word) - length + 1))
            found.update(word[at : at + _GRAM] for at in range(len(word) - _GRAM + 1))
    if max(map(len, found), default=0) > LONGEST_WORD:
        found = {word[:LONGEST_WORD] for word in found}
    if "+" in folded or "#" in folded:
        found |= {word.rstrip("+#") for word in found}
    # A word with fewer characters is all of its beginning.
    spaced = found if folded.isascii() else {word for word in found if not is_unspaced(word)}
    for length in _SHORT_LENGTHS:
        spaced = {word[:length] for word in spaced}
        beginnings |= spaced
    return found | {_SHORT + beginning for beginning in beginnings}


def keys_of(term: Term) -> list[tuple[str, bool]]:
    """What everything that has ``term`` is indexed under; a key that is a prefix may go on."""
    found = words(fold(term.text))
    keys: list[tuple[str, bool]] = []
    for number, word in enumerate(found):
        if is_unspaced(word):
            if len(word) < _GRAM:
                keys.append((_SHORT + word, False))
            keys += [(word[at : at + _GRAM], False) for at in range(len(word) - _GRAM + 1)]
        elif term.is_prefix and number == len(found) - 1:
            short = len(word) in _SHORT_LENGTHS
            keys.append((_SHORT + word, False) if short else (word[:LONGEST_WORD], True))
        else:
            keys.append((word[:LONGEST_WORD], False))
    return keys


def is_more_than_keys(term: Term) -> bool:
    """Whether a text can have all keys of a term without the term: where they have to stand in a row."""
    found = words(fold(term.text))
    return len(found) > 1 or any(len(word) > (_GRAM if is_unspaced(word) else LONGEST_WORD) for word in found)


@lru_cache(256)
def pattern(term: Term) -> re.Pattern[str]:
    """Finds a term in folded texts. What stands between its words does not count."""
    found = words(fold(term.text))
    parts: list[str] = []
    for number, word in enumerate(found):
        unspaced = is_unspaced(word)
        if number:
            parts.append(r"[\W_]*" if unspaced or is_unspaced(found[number - 1]) else r"[\W_]+")
        parts.append(re.escape(word))
        if not number and not unspaced and word[0].isalnum():
            # Behind the word: a pattern that begins with letters is looked for many times as fast.
            parts.append(rf"(?<![^\W_]{re.escape(word)})")
    last = found[-1] if found else ""
    if last and last[-1].isalnum() and not (term.is_prefix or is_unspaced(last)):
        parts.append(rf"(?![^\W_]|[{_MARKS}])")
    return re.compile("".join(parts) or r"(?!)")


def spans(text: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Where any of ``terms`` is in ``text``, as start and end, ascending, none within another."""
    folded = fold(text)
    found = sorted(match.span() for term in terms for match in pattern(term).finditer(folded))
    apart = list(_apart(found))
    if not apart or text.isascii() or _folding.uneven.isdisjoint(text):
        return apart
    ends = list(accumulate(len(_folding[ord(each)]) for each in text))
    return list(_unfolded(apart, ends))


def _apart(found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last = 0
    for start, end in found:
        if start >= last and end > start:
            last = end
            yield start, end


def _unfolded(found: Iterable[tuple[int, int]], ends: list[int]) -> Iterator[tuple[int, int]]:
    """``ends`` is how long the folded text is behind each character."""
    at = last = 0
    for start, end in found:
        while at < len(ends) and ends[at] <= start:
            at += 1
        first = at
        while at < len(ends) and ends[at] < end:
            at += 1
        # Accents of their own, which folding takes away, belong to the letter before them.
        behind = at + 1
        while behind < len(ends) and ends[behind] == ends[behind - 1]:
            behind += 1
        # One character may be several words: ¼, say.
        if first >= last:
            last = behind
            yield first, behind
