"""What is typed into the search, understood. Every text is a query."""

import re
import time
from dataclasses import replace
from datetime import datetime, timedelta

from desktop_chat.domain.message import Role
from desktop_chat.domain.search import Filters, Has, Query, Term
from desktop_chat.domain.words import fold, words

MOST_TERMS = 32
"""Of a long text that is pasted, the first of its words are looked for."""

_PIECE = re.compile(r'(?:(?P<name>[A-Za-z]+):)?["“”„](?P<quoted>[^"“”„]*)(?P<closed>["“”„]?)|(?P<word>\S+)')
_FILTER = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_AGO = re.compile(r"(\d{1,4})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_NAMES = {"in", "tag", "model", "role", "before", "after", "has", "is"}


def parse(text: str, now: float) -> Query:
    """What ``text`` asks for; ``now`` is Unix time in seconds.

    Words are looked for in any order; those between quotation marks in a row. The last one that is typed is a
    prefix, as is one with an asterisk behind it. ``in:`` a folder, ``tag:``, ``model:``, ``role:user``,
    ``has:image``, ``file`` or ``code``, ``is:pinned`` or ``archived``, and ``before:`` and ``after:`` a time
    are filters; names with spaces stand in quotation marks. A time is a year, month or day (``2026``,
    ``2026-05``, ``2026-05-01``), of the local zone, its beginning; ``today``, ``yesterday``, or so long ago
    as ``3d``, ``2w``, ``6m`` or ``1y`` say. A filter with nothing behind it is left out; what is no filter
    is words.
    """
    terms: list[Term] = []
    filters = Filters()
    for piece in _PIECE.finditer(text):
        name, quoted, word = piece["name"], piece["quoted"], piece["word"]
        if word is not None and (filter := _FILTER.fullmatch(word)):
            name, value = filter[1], filter[2]
        else:
            value = quoted or ""
        if name is not None and name.lower() in _NAMES:
            changed = _filtered(filters, name.lower(), value.strip(), now)
            if changed is not None:
                filters = changed
                continue
        if quoted is not None:
            if name is not None:
                _add(terms, name, is_prefix=False)
            _add(terms, quoted, is_prefix=not piece["closed"] and not quoted[-1:].isspace())
        else:
            _add(terms, word, is_prefix=piece.end() == len(text) or word.endswith("*"))
    return Query(tuple(terms), filters)


def _add(terms: list[Term], text: str, *, is_prefix: bool) -> None:
    term = Term(text.strip().rstrip("*"), is_prefix)
    if len(terms) < MOST_TERMS and term not in terms and words(fold(term.text)):
        terms.append(term)


def _filtered(filters: Filters, name: str, value: str, now: float) -> Filters | None:
    """``filters`` with one more; None where it is none."""
    if not value:
        return filters
    match name, value.lower():
        case "in", _:
            return replace(filters, folders=(*filters.folders, value))
        case "tag", _:
            return replace(filters, tags=(*filters.tags, value))
        case "model", _:
            return replace(filters, models=(*filters.models, value))
        case "role", role if role in tuple(Role):
            return replace(filters, roles=(*filters.roles, role))
        case "has", kind if kind in tuple(Has):
            return replace(filters, has=(*filters.has, Has(kind)))
        case "is", "pinned":
            return replace(filters, pinned=True)
        case "is", "archived":
            return replace(filters, archived=True)
        case "before", words:
            before = _time(words, now)
            return None if before is None else replace(filters, before=before)
        case "after", words:
            after = _time(words, now)
            return None if after is None else replace(filters, after=after)
    return None


def _time(words: str, now: float) -> float | None:
    """The Unix time of a date in words, at its beginning in the local zone; None where it is none."""
    midnight = datetime(*time.localtime(now)[:3])  # noqa: DTZ001 - of the local zone, as the user means it
    try:
        if words in ("today", "yesterday"):
            return (midnight - timedelta(days=words == "yesterday")).timestamp()
        if found := _AGO.fullmatch(words):
            return (midnight - timedelta(days=int(found[1]) * _DAYS[found[2]])).timestamp()
        if found := _DATE.fullmatch(words):
            year, month, day = (int(number or 1) for number in found.groups())
            return datetime(year, month, day).timestamp()  # noqa: DTZ001 - as above
    except (ValueError, OverflowError, OSError):
        return None
    return None
