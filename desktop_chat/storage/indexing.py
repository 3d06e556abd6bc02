"""Keeps the search index up to date, in slices. Everything here runs in the storage thread.

What is to be done stands in ``search_pending`` and ``search_gone``, which triggers fill.
"""

import json
import re
import time
from collections.abc import Iterable
from functools import lru_cache

import apsw

from desktop_chat.domain.message import PartKind
from desktop_chat.domain.search import Has
from desktop_chat.domain.words import fold, keys
from desktop_chat.storage.database import Database, Row
from desktop_chat.storage.search_schema import FACTS

SLICE = 0.03
"""Seconds in which documents are put into a transaction; to commit it takes about as long."""

AT_ONCE = 512
"""Documents in a transaction at most: some 600 KB of text."""

MOST_COUNTED = 10_000
COUNT_PENDING = f"SELECT count(*) FROM (SELECT 1 FROM search_pending LIMIT {MOST_COUNTED})"
"""To count a million takes as long as a search."""

_ENCODED = re.compile(r"[^0-9a-z\x80-\U0010ffff]")
_FACT, _NO_LETTER = "\ue001", "\ue002"
"""Of private use, so no word has them."""

INDEXED = (PartKind.TEXT, PartKind.REFUSAL, PartKind.REASONING, PartKind.FILE)
"""The kinds of parts whose texts are searched."""
NAMED = (PartKind.IMAGE, PartKind.FILE, PartKind.CITATION)
"""The kinds whose names are."""
_TEXTS = {kind.value for kind in INDEXED}
_NAMED = {kind.value for kind in NAMED}
_HAS = {PartKind.IMAGE.value: Has.IMAGE, PartKind.FILE.value: Has.FILE}

_PARTS = "SELECT kind, text, name FROM part WHERE message_seq = ? ORDER BY position"
_MESSAGE = f"SELECT 'message', {FACTS.format('message')}, NULL FROM message WHERE seq = ?"
_TITLE = "SELECT 'title', title, NULL FROM conversation WHERE seq = -?"


@lru_cache(1024)
def fact(kind: str, value: str) -> str:
    """What everything is indexed under of which ``value`` holds."""
    return f"{_FACT}{kind}{_ENCODED.sub(_NO_LETTER, fold(value))}"


def keys_of_rows(rows: Iterable[Row]) -> set[str]:
    """What a document is indexed under, whose rows are ``kind, text, name``."""
    found: set[str] = set()
    for kind, text, name in rows:
        if kind == "message":
            found |= _facts(text)
        elif kind == "title" or kind in _TEXTS:
            found |= keys(text)
        if name and kind in _NAMED:
            found |= keys(name)
        if has := _HAS.get(kind):
            found.add(fact("has", has))
        if kind == PartKind.TEXT and "```" in text:
            found.add(fact("has", Has.CODE))
    return found


def _facts(text: str) -> set[str]:
    role, model, month, chat = json.loads(text)
    found = {fact("role", role), fact("chat", chat)}
    if month is not None:
        found |= {fact("year", month[:4]), fact("month", month)}
    if model is not None:
        found |= _model_facts(model)
    return found


@lru_cache(256)
def _model_facts(model: str) -> frozenset[str]:
    """A model is found with and without its maker, by its name as a whole and cut before a hyphen, say."""
    names = {model, model.rsplit("/", 1)[-1]}
    names |= {name[: at.start()] for name in names for at in re.finditer(r"(?<=\w)(?!\w)", name)}
    return frozenset(fact("model", name) for name in names)


def index_slice(db: Database, seconds: float = SLICE, most: int = AT_ONCE) -> int:
    """Bring some documents up to date, at most so many as may be and as fit into the time; how many are
    left, as ``COUNT_PENDING`` counts them."""
    until = time.monotonic() + seconds
    try:
        with db.transaction(durable=False):
            while time.monotonic() < until and _take_one_out(db):
                pass
            # Ascending: FTS5 writes what it has at each step back.
            for doc in sorted(_most_wanted(db, most)):
                if time.monotonic() > until:
                    break
                _put_in(db, doc)
    except apsw.CorruptError:
        # There is nothing in the index that is not in the messages.
        rebuild(db)
    ((left,),) = db.execute(COUNT_PENDING)
    return int(left)


def forget_slice(db: Database) -> bool:
    """Take words of what was deleted out of the index, also out of the file; whether any may be left."""
    until = time.monotonic() + SLICE
    with db.transaction(durable=False):
        while time.monotonic() < until:
            if not _take_one_out(db):
                return False
    return True


def _most_wanted(db: Database, most: int) -> list[int]:
    """Titles, then the newest messages."""
    wanted = "SELECT doc FROM search_pending WHERE doc NOT IN (SELECT doc FROM search_gone) AND "
    titles = db.execute(f"{wanted} doc < 0 ORDER BY doc LIMIT ?", (most,))
    messages = db.execute(f"{wanted} doc > 0 ORDER BY doc DESC LIMIT ?", (most - len(titles),))
    return [doc for (doc,) in titles + messages]


def _take_one_out(db: Database) -> bool:
    """Whether there was one that is changed or gone."""
    gone = db.execute("SELECT doc FROM search_gone LIMIT 1")
    if not gone:
        return False
    doc = gone[0][0]
    rows = db.execute("SELECT kind, text, name FROM search_gone WHERE doc = ?", (doc,))
    # What is still there is put in again. To take out what never was in does nothing.
    words = " ".join(keys_of_rows(rows + _rows(db, doc)))
    db.execute("INSERT INTO search_word (search_word, rowid, words) VALUES ('delete', ?, ?)", (doc, words))
    db.execute("DELETE FROM search_gone WHERE doc = ?", (doc,))
    db.execute("UPDATE search_pending SET is_indexed = 0 WHERE doc = ?", (doc,))
    return True


def _put_in(db: Database, doc: int) -> None:
    if rows := _rows(db, doc):
        words = " ".join(keys_of_rows(rows))
        db.execute("INSERT INTO search_word (rowid, words) VALUES (?, ?)", (doc, words))
    db.execute("DELETE FROM search_pending WHERE doc = ?", (doc,))


def _rows(db: Database, doc: int) -> list[Row]:
    if doc < 0:
        return db.execute(_TITLE, (doc,))
    rows = db.execute(_MESSAGE, (doc,))
    return rows + db.execute(_PARTS, (doc,)) if rows else rows


def rebuild(db: Database) -> None:
    """Empty the index; everything is to be indexed anew."""
    with db.transaction():
        db.execute("INSERT INTO search_word (search_word) VALUES ('delete-all')")
        db.execute("DELETE FROM search_gone")
        db.execute("DELETE FROM search_pending")
        db.execute("INSERT INTO search_pending SELECT seq, 0 FROM message")
        db.execute("INSERT INTO search_pending SELECT -seq, 0 FROM conversation")
