"""Days, times of day and lengths of time in words.

Days are in English, as all else is: ``strftime`` has names of months in the language of the system.
"""

from datetime import date, datetime

from PySide6.QtCore import QDate, QLocale, QTime

NOTHING = "–"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def seconds(length: float | None) -> str:
    """``0.44 s``, ``1.9 s``, ``12 s``."""
    if length is None:
        return NOTHING
    decimals = 2 if length < 0.995 else 1 if length < 9.95 else 0
    return f"{length:,.{decimals}f} s"


def clock(when: datetime, *, seconds: bool = False) -> str:
    """The time of day as the user's system writes it."""
    locale = QLocale.system()
    form = locale.timeFormat(QLocale.FormatType.ShortFormat)
    if seconds and "s" not in form:
        form = form.replace("mm", "mm:ss")
    return locale.toString(QTime(when.hour, when.minute, when.second), form)


def day(when: date, *, year: bool = False) -> str:
    """``21 Nov``, ``21 Nov 2026``."""
    return f"{when.day} {MONTHS[when.month - 1]}{f' {when.year}' if year else ''}"


def moment(when: datetime, today: datetime) -> str:
    """When a request was: its time where that is today, else the day and the time, or the year."""
    if when.date() == today.date():
        return clock(when, seconds=True)
    return f"{day(when)} {clock(when)}" if when.year == today.year else day(when, year=True)


def recent(when: datetime, now: datetime) -> str:
    """``Today 09:12``, ``Yesterday 18:40``, ``12 Oct``, ``3 Sep 2025``."""
    days = (now.date() - when.date()).days
    if days in (0, 1):
        return f"{'Yesterday' if days else 'Today'} {clock(when)}"
    return day(when, year=when.year != now.year)


def whole_moment(when: datetime) -> str:
    return f"{DAYS[when.weekday()]} {day(when, year=True)}, {clock(when, seconds=True)}"


def written(day: date) -> str:
    """``14 January 2027``."""
    english = QLocale(QLocale.Language.English)
    return english.toString(QDate(day.year, day.month, day.day), "d MMMM yyyy")
