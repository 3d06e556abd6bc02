"""Periods and groups of the usage window in words."""

from datetime import datetime, time

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.ledger import Group, Grouping, LedgerEntry, Outcome, Purpose
from desktop_chat.ui.money import UNKNOWN
from desktop_chat.ui.notice_words import WORDS
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.times import DAYS, MONTHS, clock, day
from desktop_chat.ui.usage.periods import Frame, Unit, local_time

GONE = "deleted chat"
PURPOSES = {
    Purpose.CHAT: "Chats",
    Purpose.TITLE: "Titles",
    Purpose.SUMMARY: "Summaries",
    Purpose.TOOL: "Tools",
    Purpose.IMAGE: "Images",
}
_FAILURES = {kind.__name__: words.title for kind, words in WORDS.items()}


def period_name(frame: Frame, place: int) -> str:
    """What a period is called: ``14:00–15:00``, ``Sat 21 Nov``, ``16–22 Nov``, ``Nov 2026``."""
    begin, end = frame.begins[place], frame.ends[place]
    match frame.unit:
        case Unit.HOUR:
            return f"{clock(begin)}–{clock(end)}"
        case Unit.DAY:
            return f"{DAYS[begin.weekday()]} {day(begin)}"
        case Unit.WEEK:
            last = local_time(end.timestamp() - 1, end.tzinfo)
            if last.date() == begin.date():
                return day(begin)
            first = str(begin.day) if last.month == begin.month else day(begin)
            return f"{first}–{day(last)}"
        case Unit.MONTH:
            return f"{MONTHS[begin.month - 1]} {begin.year}"
        case Unit.YEAR:
            return str(begin.year)


def span_name(frame: Frame) -> str:
    """``21 Nov 2026``, ``1 Nov 2026 – 21 Nov 2026``."""
    first, last = (datetime.combine(date, time()) for date in (frame.span.first, frame.span.last))
    return day(first, year=True) if first == last else f"{day(first, year=True)} – {day(last, year=True)}"


def axis_name(frame: Frame, place: int) -> str:
    """A period in the few letters that fit below a bar."""
    begin = frame.begins[place]
    if frame.unit is Unit.HOUR:
        return clock(begin)
    return day(begin) if frame.unit in (Unit.DAY, Unit.WEEK) else period_name(frame, place)


def group_name(by: Grouping, group: Group) -> str:
    if by is Grouping.PURPOSE:
        return PURPOSES[Purpose(group.key)]
    return one_line(group.label) or (GONE if by is Grouping.CHAT else UNKNOWN)


def chat_name(entry: LedgerEntry) -> str:
    """The chat that a request was for, and for what where it was for no answer."""
    name = one_line(entry.chat) or GONE
    return name if entry.purpose is Purpose.CHAT else f"{name} · {entry.purpose.value}"


def failure(entry: LedgerEntry) -> str:
    """Why a request has no whole answer, in a few words; empty where it has."""
    if entry.outcome is Outcome.STOPPED:
        return "Stopped"
    if entry.outcome is Outcome.OK:
        return ""
    title = _FAILURES.get(entry.error_kind or "", _FAILURES[ChatError.__name__])
    return f"{title} ({entry.status})" if entry.status and entry.status >= 400 else title
