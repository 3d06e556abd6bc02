"""Finds what the user looks for in all chats. Everything here runs in the thread of the reader.

The index says which documents have all words, the newest first; how well they fit is seen in their texts. A
word that a million messages have would else take seconds to rank: of more hits than ``BLOCK`` the newest are
ranked among themselves, and those before them come behind.
"""

import json
import math
import re
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.search import Filters, Found, Hit, Query, Term
from desktop_chat.domain.words import fold, is_more_than_keys, keys_of, places, spans, words
from desktop_chat.storage.errors import reading
from desktop_chat.storage.indexing import COUNT_PENDING, INDEXED, NAMED, fact

BLOCK = 150
"""Hits that are ranked among themselves."""
HITS_A_CHAT = 3
TITLES_FIRST = 8
"""Titles that stand above the messages; further ones stand below."""
ENOUGH = 0.03
"""Seconds after which what was found is shown, and not looked for what a page still lacks."""
EXCERPT = 160
"""Characters."""
HALF_LIFE = 180 * 86_400
"""Seconds after which half of what a hit has for being new is left."""
MOST_KEYS = 64
"""Of what all has to be in a hit: more make no difference to what is found, but to how long that takes."""
MOST_CHATS = 100
"""Chats that are looked for in the index by their ids: each takes 30 µs."""
MOST_LISTED = 4_000
"""Chats whose messages are listed first, so that only hits among them are read; of more chats, which have
hits soon, each hit is asked for its own."""

_AVERAGE = 1200
"""Characters of a message, to which its length is compared."""
_BEFORE = 40
"""Characters of the excerpt before what was found."""
_YEARS = range(1970, 2101)

_KINDS = ", ".join(f"'{kind.value}'" for kind in INDEXED)
_NAMED_KINDS = ", ".join(f"'{kind.value}'" for kind in NAMED)
_TEXT = (
    "(SELECT group_concat(text, char(10)) FROM (SELECT "
    f"iif(name IS NULL OR kind NOT IN ({_NAMED_KINDS}), '', name || char(10)) || "
    f"iif(kind IN ({_KINDS}), text, '') AS text FROM part WHERE message_seq = message.seq "
    f"AND kind IN ({_KINDS}, {_NAMED_KINDS}) ORDER BY position))"
)
_MESSAGES = (
    "SELECT conversation.id, message.id, title, message.created_at, role, archived, "
    f"ifnull({_TEXT}, '') FROM search_word JOIN message ON message.seq = search_word.rowid "
    "JOIN conversation ON conversation.id = message.conversation_id "
    "WHERE search_word MATCH ? AND search_word.rowid > 0 AND message.deleted_at IS NULL "
    "AND conversation.deleted_at IS NULL{conditions} ORDER BY search_word.rowid DESC"
)
# With the plus, or FTS5 would be asked once for each of the messages.
_OF_CHATS = (
    " AND +search_word.rowid IN "
    "(SELECT seq FROM message WHERE conversation_id IN (SELECT value FROM json_each(?)))"
)
_TITLES = (
    "SELECT conversation.id, NULL, title, used_at, '', archived, title FROM search_word "
    "JOIN conversation ON conversation.seq = -search_word.rowid WHERE search_word MATCH ? "
    "AND search_word.rowid < 0 AND conversation.deleted_at IS NULL{conditions} ORDER BY search_word.rowid"
)
_CHATS = (
    "SELECT id, NULL, title, used_at, '', archived, title FROM conversation "
    "WHERE deleted_at IS NULL{conditions} ORDER BY sequence DESC"
)
_LAST_MESSAGE = (
    f"SELECT ifnull({_TEXT}, '') FROM message WHERE conversation_id = ? AND deleted_at IS NULL "
    "ORDER BY seq DESC LIMIT 1"
)
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


@dataclass(slots=True)
class _Candidate:
    """``text`` is that of the message, or the title; it is folded when it is ranked."""

    chat: str
    message: str | None
    title: str
    time: float
    role: str
    is_archived: int
    text: str
    folded: str = ""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which chats may have hits: ``conditions`` of SQL with their ``bindings``. ``chats`` are their ids, of
    no more than ``MOST_LISTED``; None where there are more, or none is left out."""

    conditions: str = ""
    bindings: tuple[str, ...] = ()
    chats: tuple[str, ...] | None = None

    @property
    def keys(self) -> list[str]:
        """What the index has their messages under, where so few keys are faster than a list of messages."""
        chats = self.chats or ()
        return [fact("chat", chat) for chat in chats] if len(chats) <= MOST_CHATS else []


def search(connection: apsw.Connection, path: Path, query: Query, limit: int, offset: int) -> Found:
    """Hits ``offset`` to ``offset + limit`` for ``query`` in the database ``path``."""
    began = time.perf_counter()
    with reading(path):
        ((chats,),) = connection.execute("SELECT count(*) FROM conversation WHERE deleted_at IS NULL")
        ((waiting,),) = connection.execute(COUNT_PENDING)
        found = _Search(connection, query).page(limit, offset) if query else Found()
    seconds = time.perf_counter() - began
    return replace(found, chats=chats, waiting=waiting, seconds=seconds)


class _Search:
    """One query at work."""

    def __init__(self, connection: apsw.Connection, query: Query) -> None:
        self._connection = connection
        self._query = query
        self._now = time.time()
        terms = query.terms
        self._words = [word for term in terms for word in words(fold(term.text))]
        # What was typed one behind the other counts more where it stands so.
        self._in_a_row = (
            Term(" ".join(term.text for term in terms), terms[-1].is_prefix) if terms[1:] else None
        )
        self._must_look = any(map(is_more_than_keys, terms))
        filters = query.filters
        times = filters.before, filters.after
        self._of_messages = bool(filters.roles or filters.models or filters.has) or times != (None, None)
        self._scope = self._scope_of(filters)

    def page(self, limit: int, offset: int) -> Found:
        """The hits, how many chats have one, and whether there may be more."""
        wanted, enough = offset + limit, time.perf_counter() + ENOUGH
        titles, messages = self._titles(), self._messages()
        newest = self._ranked(list(islice(titles, BLOCK)))
        hits = newest[:TITLES_FIRST]
        chats = {each.chat for each in newest}
        taken: Counter[str] = Counter()
        for candidates in (messages, chain(newest[TITLES_FIRST:], titles)):
            while rows := list(islice(candidates, BLOCK)):
                block = self._ranked(rows)
                chats.update(each.chat for each in block)
                for each in block:
                    taken[each.chat] += each.message is not None
                    if each.message is None or taken[each.chat] <= HITS_A_CHAT:
                        hits.append(each)
                if len(hits) >= wanted or (len(hits) > offset and time.perf_counter() > enough):
                    break
            else:
                continue
            break
        # The rest of the newest titles was counted.
        is_more = any(next(iterator, None) is not None for iterator in (messages, titles))
        return Found(tuple(self._hit(each) for each in hits[offset:wanted]), len(chats), is_more)

    def _ranked(self, rows: list[_Candidate]) -> list[_Candidate]:
        """Those with all terms, the best first."""
        for each in rows:
            each.folded = fold(each.text)
        having = rows if not self._must_look else [each for each in rows if self._has_all(each.folded)]
        return sorted(having, key=self._score, reverse=True)

    def _titles(self) -> Iterator[_Candidate]:
        """A title has no role, no time and so on: it is none of a message."""
        if self._of_messages or self._scope.chats == ():
            return iter(())
        if self._query.terms:
            return self._looked_for(_TITLES, self._expression())
        return self._looked_for(_CHATS)

    def _messages(self) -> Iterator[_Candidate]:
        if not (self._query.terms or self._of_messages) or self._scope.chats == ():
            return iter(())
        return self._looked_for(_MESSAGES, self._expression(messages=True))

    def _looked_for(self, sql: str, *expression: str) -> Iterator[_Candidate]:
        conditions, bindings = self._scope.conditions, [*expression, *self._scope.bindings]
        filters = self._query.filters
        if sql is _MESSAGES:
            if self._scope.chats and not self._scope.keys:
                conditions, bindings[1:] = _OF_CHATS, [json.dumps(self._scope.chats)]
            for operator, border in ((">=", filters.after), ("<", filters.before)):
                if border is not None:
                    conditions += f" AND message.created_at {operator} {border!r}"
        for row in self._connection.execute(sql.format(conditions=conditions), bindings):
            yield _Candidate(*row)

    def _has_all(self, folded: str) -> bool:
        return all(next(places(term, folded), None) for term in self._query.terms)

    def _expression(self, *, messages: bool = False) -> str:
        """What FTS5 is asked for: all keys, each in quotation marks, which no key has in it."""
        needed = dict.fromkeys(key for term in self._query.terms for key in keys_of(term))
        parts = [f'"{key}"{" *" if is_prefix else ""}' for key, is_prefix in islice(needed, MOST_KEYS)]
        if messages:
            filters = self._query.filters
            parts += [f'"{fact("has", kind)}"' for kind in filters.has]
            choices = [
                [fact("role", role) for role in filters.roles],
                [fact("model", model) for model in filters.models],
                list(_months(filters.after, filters.before)),
                self._scope.keys,
            ]
            for keys in filter(None, choices):
                either = " OR ".join(f'"{key}"' for key in keys)
                parts.append(f"({either})")
        return " AND ".join(parts).encode("utf-8", "replace").decode()

    def _scope_of(self, filters: Filters) -> _Scope:
        conditions, bindings = "", list[str]()
        if filters.folders:
            conditions += " AND conversation.folder_id IN (SELECT value FROM json_each(?))"
            bindings.append(json.dumps(self._folders(filters.folders)))
        if filters.tags:
            names = self._connection.execute("SELECT seq, name FROM tag").fetchall()
            for tag in filters.tags:
                conditions += (
                    " AND conversation.seq IN (SELECT conversation_seq FROM conversation_tag "
                    "WHERE tag_seq IN (SELECT value FROM json_each(?)))"
                )
                bindings.append(json.dumps(_named(tag, names)))
        for name, is_asked in (("pinned", filters.pinned), ("archived", filters.archived)):
            conditions += f" AND conversation.{name} = 1" if is_asked else ""
        if not conditions:
            return _Scope()
        ids = self._connection.execute(
            f"SELECT id FROM conversation WHERE deleted_at IS NULL{conditions} LIMIT {MOST_LISTED + 1}",
            bindings,
        ).fetchall()
        chats = tuple(str(id) for (id,) in ids) if len(ids) <= MOST_LISTED else None
        return _Scope(conditions, tuple(bindings), chats)

    def _folders(self, names: Sequence[str]) -> list[str]:
        """The ids of the folders with one of ``names``, and of those that lie in them."""
        folders = self._connection.execute("SELECT id, name, parent_id FROM folder").fetchall()
        named = [(id, name) for id, name, _ in folders]
        found = {id for name in names for id in _named(name, named)}
        while inner := {id for id, _, parent in folders if parent in found} - found:
            found |= inner
        return sorted(found)

    def _score(self, candidate: _Candidate) -> float:
        """Between 0 and 1.8: how often it has the words for its length, as BM25 sees it, whether they stand
        in a row, and how new it is. All hits have all words, so how rare those are makes no difference."""
        folded = candidate.folded
        fit = 0.0
        for word in self._words:
            often = folded.count(word)
            fit += often / (often + 0.3 + 0.9 * len(folded) / _AVERAGE)
        fit /= len(self._words) or 1
        in_a_row = 0.5 if self._in_a_row is not None and next(places(self._in_a_row, folded), None) else 0.0
        age: float = max(0.0, self._now - candidate.time)
        return fit + in_a_row + 0.3 * math.exp2(-age / HALF_LIFE)

    def _hit(self, candidate: _Candidate) -> Hit:
        text, folded = candidate.text, candidate.folded
        if candidate.message is None:
            text = "".join(text for (text,) in self._connection.execute(_LAST_MESSAGE, (candidate.chat,)))
            folded = fold(text)
        excerpt, marks = _excerpt(text, folded, self._query.terms)
        return Hit(
            candidate.chat,
            candidate.message,
            candidate.title,
            excerpt,
            marks,
            tuple(spans(candidate.title, self._query.terms)),
            candidate.time,
            candidate.role,
            bool(candidate.is_archived),
        )


def _months(after: float | None, before: float | None) -> Iterator[str]:
    """What is indexed for all months of UTC that have a part between two times; no key where all have."""
    if after is None and before is None:
        return
    first, last = (
        _month(time)
        for time in (-math.inf if after is None else after, math.inf if before is None else before)
    )
    for year in range(max(first[0], _YEARS[0]), min(last[0], _YEARS[-1]) + 1):
        months = [month for month in range(1, 13) if first <= (year, month) <= last]
        if len(months) == 12:
            yield fact("year", str(year))
        else:
            yield from (fact("month", f"{year}{month:02}") for month in months)


def _month(time: float) -> tuple[int, int]:
    """The year and the month of a Unix time, in UTC."""
    try:
        moment = datetime.fromtimestamp(time, UTC)
    except (OverflowError, OSError, ValueError):
        return (_YEARS[0], 1) if time < 0 else (_YEARS[-1], 12)
    return moment.year, moment.month


def _named(name: str, known: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Which of what is known is called ``name``; where none is, what begins so."""
    wanted = fold(name)
    folded = [(id, fold(each)) for id, each in known]
    return [id for id, each in folded if each == wanted] or [
        id for id, each in folded if each.startswith(wanted)
    ]


def _excerpt(text: str, folded: str, terms: Sequence[Term]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """One line of a text around where the most of ``terms`` stand close together, and their places in it."""
    found = spans(text, terms, folded)
    start = 0
    if found:
        starts = [start for start, _ in found]
        most = max(
            range(len(starts)), key=lambda at: (bisect_right(starts, starts[at] + EXCERPT // 2) - at, -at)
        )
        start = max(0, starts[most] - _BEFORE)
        if start:
            space = text.find(" ", start, starts[most])
            start = space + 1 if space >= 0 else start
    piece = text[start : start + 2 * EXCERPT]
    line = " ".join(piece.replace("`", "").replace("**", "").split())
    if not line.isprintable():
        line = _NOT_SHOWN.sub(" ", line).strip()
    is_cut = len(line) > EXCERPT or start + 2 * EXCERPT < len(text)
    if is_cut:
        line = line[:EXCERPT].rstrip()
    before, behind = "…" if start else "", "…" if is_cut else ""
    marks = tuple((first + len(before), last + len(before)) for first, last in spans(line, terms))
    return f"{before}{line}{behind}", marks
