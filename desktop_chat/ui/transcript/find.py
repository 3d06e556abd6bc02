"""Finding in what messages show: where a query is in a text, and which sources cannot have it."""

import html
import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Protocol

from desktop_chat.ui.transcript.leaves import Leaf, plain, units
from desktop_chat.ui.transcript.markdown import parse
from desktop_chat.ui.transcript.stream import MAX_MARKDOWN, MarkdownStream, pieces

PIECE = 2048
"""Characters that are parsed, or leaves that are searched times 32, before the clock is looked at."""
AT_ONCE = 4096
"""Characters of a message that is parsed in one go; of a longer one some text is parsed twice."""
FIELDS = 5
"""Numbers of one hit in an array: part, block, start, end, and the thousandths of the message before it."""

_NOT_WORDS = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_NOT_WORDS_IN = re.compile(r"[\x00-/:-@\[-`{-\x7f]+")
_ENTITY = re.compile(r"&[0-9A-Za-z]+;")
_ESCAPED_BYTE = re.compile("%[0-9a-f]{2}")
_REMOVED = re.compile("[\x80-\x9f]")
_AFTER_LINK = re.compile(r"[)\]][*_~`\[!\\&<$^]*[0-9a-z\x80-\U0010ffff]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_NAMES_A_CHARACTER = re.compile(r"[u0-9a-f+]+|.*[⟨⟩].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, literally. Without ``case``, letters match by Unicode's full case folding."""

    text: str
    case: bool = False
    word: bool = False

    def folded(self, text: str) -> str:
        return text if self.case else text.casefold()

    @property
    def pattern(self) -> re.Pattern[str]:
        text = self.folded(self.text)
        before = r"(?<!\w)" if self.word and re.match(r"\w", text) else ""
        after = r"(?!\w)" if self.word and re.search(r"\w\Z", text) else ""
        return re.compile(before + re.escape(text) + after)


class Matching(Protocol):
    """What is looked for, made ready to be applied to many texts: see :class:`Matcher`."""

    def spans(self, text: str) -> list[tuple[int, int]]: ...
    def can_be_in(self, source: str, *, literal: bool) -> bool: ...


class Matcher:
    """A query made ready to be applied to many texts."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._pattern = query.pattern
        folded = query.text.casefold()
        self._needles = [needle.encode(errors="replace") for needle in _NOT_WORDS_IN.split(folded) if needle]
        self._names_a_character = _NAMES_A_CHARACTER.fullmatch(folded.strip()) is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the query is in ``text``, as UTF-16 positions; whole characters, none twice."""
        folded = self._query.folded(text)
        found = [match.span() for match in self._pattern.finditer(folded)]
        if not found:
            return found
        if len(folded) != len(text):
            # Folding made some characters longer: back to the ones they come from.
            ends = list(accumulate(len(character.casefold()) for character in text))
            spread = [(bisect_right(ends, start), bisect_right(ends, end - 1) + 1) for start, end in found]
            found = [spread[0]]
            found += [span for before, span in pairwise(spread) if span[0] >= before[1]]
        if not text.isascii():
            # An accent of its own belongs to the letter before it.
            found = [s for s in found if s[1] >= len(text) or not unicodedata.combining(text[s[1]])]
            if found and max(text) > "\uffff":
                return in_units(text, found)
        return found

    def can_be_in(self, source: str, *, literal: bool) -> bool:
        """Whether ``source`` may show the query; True also where only parsing can tell.

        What is shown has the letters and digits of its source in their order, but for a few constructs. So
        each run of letters of the query must be in the source without anything else.
        """
        try:
            folded = source.casefold()
            shown = folded.encode().translate(None, _NOT_WORDS)
        except UnicodeEncodeError:
            return True
        missing = [needle for needle in self._needles if needle not in shown]
        if not missing or (b"\xc2" in shown and _REMOVED.search(folded)):
            return True
        if not literal:
            if "&#" in folded or "![" in folded or "[^" in folded or "xn--" in folded:
                return True
            if "%" in folded and _ESCAPED_BYTE.search(folded):
                return True
            if ("](" in folded or "][" in folded) and _AFTER_LINK.search(folded):
                return True
            if "&" in folded and _ENTITY.search(folded):
                decoded = _ENTITY.sub(lambda match: html.unescape(match[0]), source).casefold()
                shown = decoded.encode().translate(None, _NOT_WORDS)
                if all(needle in shown for needle in missing):
                    return True
        return self._names_a_character and _INVISIBLE.search(source) is not None


def in_units(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of characters of ``text`` as UTF-16 positions."""
    found, position, here = [], 0, 0
    for start, end in spans:
        here += units(text[position:start])
        first = here
        here += units(text[start:end])
        position = end
        found.append((first, here))
    return found


def parsed(source: str, *, literal: bool) -> Iterator[list[Leaf] | None]:
    """The leaves of a message as the last thing yielded; before that None, for each bounded piece of work."""
    if not literal and len(source) <= AT_ONCE:
        text = source.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        yield parse(text, {"references": {}})[0]
        return
    stream = MarkdownStream(limit=0 if literal else MAX_MARKDOWN)
    for _round in range(2):
        for piece in pieces(source):
            stream.feed(piece)
            yield None
        stream.finish()
        if not stream.outdated:
            break
        stream = stream.again()
    yield stream.leaves


def search(matcher: Matching, parts: list[tuple[int, list[Leaf]]], hits: "array[int]") -> Iterator[None]:
    """Add the hits in the parts of a message to ``hits``; yields after each bounded piece of work."""
    total = max(1, sum(_weight(leaf) for _part, leaves in parts for leaf in leaves))
    done = work = 0
    for part, leaves in parts:
        for block, leaf in enumerate(leaves):
            text, weight = plain(leaf), _weight(leaf)
            for start, end in matcher.spans(text):
                share = (done + weight * start // (len(text) + 1)) * 1000 // total
                hits.extend((part, block, start, end, min(share, 999)))
            done += weight
            work += len(text) + 64
            if work > 32 * PIECE:
                work = 0
                yield


def _weight(leaf: Leaf) -> int:
    return 60 + len(leaf.inline.text) + 40 * len(leaf.rows)
