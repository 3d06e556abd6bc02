"""The days that a report is of, and the periods it is divided into: local time, by the rules of its zone.

A day has 23 or 25 hours where the clocks change, and begins at 01:00 where they do so at midnight. Needs no
Qt. ``zone`` is None for that of the system.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum

from desktop_chat.domain.ledger import UsageReport

EARLIEST = date(2000, 1, 1)
"""Where all time begins: an earlier entry was made by a clock that is not set."""
MOST_DAYS, MOST_WEEKS, MOST_MONTHS = 62, 26, 60
"""So many of them in one report; more are summed up by what is longer."""


class Range(Enum):
    """What the user can choose; the value is what it is called."""

    TODAY = "Today"
    WEEK = "This week"
    MONTH = "This month"
    LAST_30 = "Last 30 days"
    YEAR = "This year"
    ALL = "All time"
    CHOSEN = "Range…"


class Unit(Enum):
    """How long a period is; the value is what it is called."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Span:
    """The days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def unit(self) -> Unit:
        """What it is divided into."""
        if self.days == 1:
            return Unit.HOUR
        if self.days <= MOST_DAYS:
            return Unit.DAY
        if self.days <= MOST_WEEKS * 7:
            return Unit.WEEK
        return Unit.MONTH if self.days <= MOST_MONTHS * 30.44 else Unit.YEAR


@dataclass(frozen=True, slots=True)
class Frame:
    """``span`` divided: the Unix times at which periods begin, and the end of the last one. ``begins`` and
    ``ends`` are the local times of each period."""

    span: Span
    unit: Unit
    boundaries: tuple[float, ...]
    begins: tuple[datetime, ...]
    ends: tuple[datetime, ...]


def span_of(range: Range, today: date, first_weekday: int) -> Span:
    """The days of a range up to ``today``. ``first_weekday`` is 0 where weeks begin on Monday.

    Raises ``KeyError`` for the range whose days the user chooses.
    """
    firsts = {
        Range.TODAY: today,
        Range.WEEK: today - timedelta((today.weekday() - first_weekday) % 7),
        Range.MONTH: today.replace(day=1),
        Range.LAST_30: today - timedelta(29),
        Range.YEAR: today.replace(month=1, day=1),
        Range.ALL: EARLIEST,
    }
    return Span(firsts[range], today)


def divided(span: Span, first_weekday: int, zone: tzinfo | None = None) -> Frame:
    """``span`` in hours, days, weeks, months or years: those at its ends may be parts of one."""
    unit = span.unit
    end = midnight(span.last + timedelta(1), zone)
    if unit is Unit.HOUR:
        times = [midnight(span.first, zone)]
        while times[-1] + 3600 < end:
            times.append(times[-1] + 3600)
    else:
        days = [span.first]
        while (following := _next(days[-1], unit, first_weekday)) <= span.last:
            days.append(following)
        times = [midnight(day, zone) for day in days]
    times.append(end)
    local = tuple(local_time(at, zone) for at in times)
    return Frame(span, unit, tuple(times), local[:-1], local[1:])


def used_span(frame: Frame, report: UsageReport) -> Span:
    """The span of ``frame`` without the periods before the first in which anything was asked."""
    first = next((place for place, period in enumerate(report.periods) if period.requests), None)
    if first is None:
        return frame.span
    return Span(frame.begins[first].date(), frame.span.last)


def midnight(day: date, zone: tzinfo | None = None) -> float:
    """The Unix time at which ``day`` begins."""
    return datetime.combine(day, time(), zone).timestamp()


def local_time(at: float, zone: tzinfo | None = None) -> datetime:
    """A Unix time on the clocks of ``zone``."""
    return datetime.fromtimestamp(at, zone)


def _next(day: date, unit: Unit, first_weekday: int) -> date:
    match unit:
        case Unit.WEEK:
            return day + timedelta(7 - (day.weekday() - first_weekday) % 7)
        case Unit.MONTH:
            return (day.replace(day=1) + timedelta(32)).replace(day=1)
        case Unit.YEAR:
            return date(day.year + 1, 1, 1)
        case _:
            return day + timedelta(1)
