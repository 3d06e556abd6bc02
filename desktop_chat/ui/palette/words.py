"""What was found, as rows of the palette and in words."""

import time
from collections.abc import Iterable
from datetime import datetime

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.search import Found, Hit, Query
from desktop_chat.ui.conversation_list import UNTITLED
from desktop_chat.ui.counts import counted
from desktop_chat.ui.palette.rows import Row, RowKind
from desktop_chat.ui.safe import in_place
from desktop_chat.ui.times import recent


def hit_rows(hits: Iterable[Hit]) -> list[Row]:
    """A row for each hit."""
    return [
        Row(
            RowKind.HIT,
            in_place(hit.title) or UNTITLED,
            in_place(hit.excerpt),
            _when(hit.time, is_archived=hit.is_archived),
            hit.title_marks,
            hit.marks,
            hit,
        )
        for hit in hits
    ]


def chat_rows(conversations: Iterable[Conversation]) -> list[Row]:
    """A row for each chat, as for one that was found by its title."""
    return [
        Row(
            RowKind.HIT,
            in_place(c.title) or UNTITLED,
            right=_when(c.used_at),
            value=Hit(c.id, None, c.title, ""),
        )
        for c in conversations
    ]


def nothing_row(query: Query) -> Row:
    """What stands where hits would."""
    if query.filters and query.terms:
        help_ = "Try fewer words or filters."
    elif query.filters:
        help_ = "No message is like that. Try fewer filters."
    elif not query:
        return Row(RowKind.WORDS, "Nothing to look for yet", "Type a word, or the beginning of one.")
    else:
        help_ = "A message has to have all of the words. Try fewer, or only how they begin."
    return Row(RowKind.WORDS, "Nothing found", help_)


def count_words(found: Found, shown: int) -> str:
    """``3 of 3 in 18,402 chats · 6 ms``; ``shown`` chats have a row."""
    more = "+" if found.is_more else ""
    milliseconds = max(1, round(found.seconds * 1000))
    return f"{shown:,} of {found.total:,}{more} in {counted(found.chats, 'chat')} · {milliseconds:,} ms"


def told_count(found: Found) -> str:
    """What a screen reader is told was found."""
    if not found.hits:
        return "Nothing found"
    return f"More than {counted(found.total, 'chat')}" if found.is_more else counted(found.total, "chat")


def waiting_words(waiting: int) -> str:
    """Of messages that cannot be found yet; empty where there are none."""
    return f"Still indexing {counted(waiting, 'message')}; they are found a little later." if waiting else ""


def _when(seconds: float, *, is_archived: bool = False) -> str:
    day = recent(datetime.fromtimestamp(seconds), datetime.fromtimestamp(time.time())) if seconds else ""  # noqa: DTZ006
    return " · ".join(filter(None, ("Archived" if is_archived else "", day)))
