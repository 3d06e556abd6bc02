"""What a word is to the search: folded, and in scripts without spaces three characters at a time."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate, pairwise
from zlib import crc32

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
_MARKS = "\u0300-\u036f\u0483-\u0487\u07a6-\u07b0\u0900-\u0963\u0966-\u0dff"
"""What belongs to a word and is no letter to Python: the vowels of Indic scripts above all."""
_SYMBOLS = "\u2600-\u27bf\U0001f000-\U0001faff"
"""Emoji and their like: each is a word."""
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u00ad\u200b-\u200d\u2060]"
)
_LETTER = rf"(?:[^\W_{_UNSPACED}]|[{_MARKS}])"
# C++ and C# are words of their own, also in C++17, which "C" finds as well.
_WORD = re.compile(rf"[{_UNSPACED}]+|{_LETTER}+(?:\+\+(?![^\W\d_{_UNSPACED}])|#(?!{_LETTER}))?|[{_SYMBOLS}]")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:\+\+(?![a-z])|#(?![a-z0-9]))?")
"""What ``_WORD`` finds in ASCII, five times as fast."""
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_IS_SPACED = re.compile(_LETTER)
_SHORT = "\ue000"
"""Before the first characters of words: what is typed of one finds it without a look at all that begin so.
Of private use, so no word has it."""
_SHORT_LENGTHS = (3, 2, 1)
_GRAM = 3
_PAIR, _PAIRS = 0xF0000, 16_381
"""Two words in a row have one of so many characters of private use: of a hundred messages with both words
somewhere about one has that of a phrase and not the phrase. More take room, fewer time."""


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
    in_order = words(folded)
    found = set(in_order)
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
    found.update(_pairs(in_order))
    found.update([_SHORT + beginning for beginning in beginnings])
    return found


def _pairs(found: Iterable[str]) -> set[str]:
    """What each two of the words that stand in a row are indexed under. Emoji between them do not count, and
    runs of a script without spaces have their own keys."""
    numbers = [
        crc32(word[:LONGEST_WORD].rstrip("+#").encode()) if word.isascii() or not is_unspaced(word) else None
        for word in found
        if word[0].isalnum()
    ]
    return {
        chr(_PAIR + (31 * one + other) % _PAIRS)
        for one, other in pairwise(numbers)
        if one is not None and other is not None
    }


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
    keys += [(pair, False) for pair in sorted(_pairs(found[: len(found) - term.is_prefix]))]
    return keys


def is_more_than_keys(term: Term) -> bool:
    """Whether a text can have all keys of a term without the term: where they have to stand in a row."""
    found = words(fold(term.text))
    return len(found) > 1 or any(
        len(word) > _GRAM if is_unspaced(word) else len(word) >= LONGEST_WORD for word in found
    )


@lru_cache(256)
def _pattern(term: Term) -> tuple[re.Pattern[str], bool, bool]:
    """Finds a term in folded texts, and whether it has to begin and to end there as a word does: in ASCII it
    does. What stands between its words does not count."""
    found = words(fold(term.text))
    are_spaced = [_IS_SPACED.match(word) is not None for word in found]
    parts: list[str] = []
    for number, (word, is_spaced) in enumerate(zip(found, are_spaced, strict=True)):
        if number:
            is_apart = is_spaced and are_spaced[number - 1] and not found[number - 1].endswith("++")
            parts.append(rf"(?![{_MARKS}])[\W_]+" if is_apart else r"[\W_]*")
        parts.append(re.escape(word))
        if not number and is_spaced:
            # Behind the word: a pattern that begins with letters is looked for many times as fast.
            parts.append(rf"(?<![a-z0-9]{re.escape(word)})")
    is_whole = bool(found) and are_spaced[-1] and not term.is_prefix
    if is_whole:
        parts.append(r"(?![a-z])" if found[-1].endswith("++") else r"(?![a-z0-9])")
    return re.compile("".join(parts) or r"(?!)"), bool(found) and are_spaced[0], is_whole


def places(term: Term, folded: str) -> Iterator[tuple[int, int]]:
    """Where a term is in a folded text, as start and end, one behind the other."""
    pattern, begins, ends = _pattern(term)
    if folded.isascii() or not (begins or ends):
        yield from (match.span() for match in pattern.finditer(folded))
        return
    at = 0
    while match := pattern.search(folded, at):
        start, end = match.span()
        # Not in the pattern: to compile such a range of letters takes milliseconds.
        is_within = (begins and start and _is_letter(folded[start - 1])) or (
            ends and _is_letter(folded[end : end + 1])
        )
        at = start + 1 if is_within else end
        if not is_within:
            yield start, end


def _is_letter(character: str) -> bool:
    return not character.isascii() and _IS_SPACED.match(character) is not None


def spans(text: str, terms: Iterable[Term], folded: str | None = None) -> list[tuple[int, int]]:
    """Where any of ``terms`` is in ``text``, as start and end, ascending, none within another; ``folded`` is
    the text folded, where that was done."""
    folded = fold(text) if folded is None else folded
    apart = list(_apart(sorted(place for term in terms for place in places(term, folded))))
    if not apart or text.isascii() or _folding.uneven.isdisjoint(text):
        return apart
    lengths = [1] * len(text)
    for at, each in enumerate(text):
        if each in _folding.uneven:
            lengths[at] = len(_folding[ord(each)])
    return list(_unfolded(apart, list(accumulate(lengths))))


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
