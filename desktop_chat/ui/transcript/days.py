"""On which messages another day begins, and what it is called. Needs no rows."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from PySide6.QtCore import QDate, QLocale, QTime

from desktop_chat.domain.message import Message

_LATEST = 32e9
"""A time that no system's clock has: a damaged file may name any."""
_ENGLISH = QLocale(QLocale.Language.English)


class Days:
    """The days of the messages of a chat, in local time. A message without a time is of the day before it.

    ``labels`` has the index of each message that begins a day, and what stands above it. The first message
    begins none where it is of today.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives the Unix time in seconds."""
        self.clock = clock
        self.labels: dict[int, str] = {}
        self._begins: list[tuple[int, date]] = []
        self._first = self._last = 0.0
        """The day of the last message, as the seconds at its begin and at the begin of the next one."""
        self._count = 0

    def set_messages(self, messages: Sequence[Message]) -> None:
        """Other messages are shown."""
        self._begins, self._count = [], 0
        self._first = self._last = 0.0
        for message in messages:
            self._take(message.created_at)
        self.refresh()

    def add(self, message: Message) -> None:
        """Another message came, below the others."""
        known = len(self._begins)
        self._take(message.created_at)
        if len(self._begins) != known:
            self.refresh()

    def refresh(self) -> bool:
        """Take in that today is another day now; returns whether a label changed."""
        today = self._today
        before = self.labels
        self.labels = {
            index: day_name(day, today) for index, day in self._begins if index > 0 or day != today
        }
        return self.labels != before

    def seconds_to_midnight(self) -> float:
        return max(1.0, _begin(self._today + timedelta(1)) - self.clock())

    @property
    def _today(self) -> date:
        return datetime.fromtimestamp(self.clock(), UTC).astimezone().date()

    def _take(self, created_at: float) -> None:
        # Most messages are of the day of the one before, and ten thousand are opened at once.
        if not self._first <= created_at < self._last and (when := local(created_at)) is not None:
            day = when.date()
            self._begins.append((self._count, day))
            self._first, self._last = _begin(day), _begin(day + timedelta(1))
        self._count += 1


def _begin(day: date) -> float:
    return time.mktime(day.timetuple())


def local(created_at: float) -> datetime | None:
    """The local time of a message; None where it is not known."""
    return datetime.fromtimestamp(created_at, UTC).astimezone() if 0 < created_at < _LATEST else None


def day_name(day: date, today: date) -> str:
    """``Today``, ``Yesterday``, else ``Monday 16 November``, with the year where it is not this one."""
    ago = (today - day).days
    if ago in (0, 1):
        return "Yesterday" if ago else "Today"
    return _written(day, "dddd d MMMM" if day.year == today.year else "dddd d MMMM yyyy")


def clock(created_at: float) -> str:
    """The local time of day, as the system writes it; ``""`` where the time is not known."""
    when = local(created_at)
    if when is None:
        return ""
    return QLocale.system().toString(QTime(when.hour, when.minute), QLocale.FormatType.ShortFormat)


def whole_time(created_at: float) -> str:
    """The day and the local time, for a screen reader; ``""`` where the time is not known."""
    when = local(created_at)
    return "" if when is None else f"{_written(when.date(), 'dddd d MMMM yyyy')} {clock(created_at)}"


def _written(day: date, how: str) -> str:
    return _ENGLISH.toString(QDate(day.year, day.month, day.day), how)
