"""On which messages another day begins, and what it is called. Needs no rows."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QDate, QDateTime, QLocale

from desktop_chat.domain.message import Message

_DAY = 24 * 3600
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
        self._begins: list[tuple[int, QDate]] = []
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
        today = QDateTime.fromSecsSinceEpoch(int(self.clock())).date()
        before = self.labels
        self.labels = {
            index: day_name(day, today) for index, day in self._begins if index > 0 or day != today
        }
        return self.labels != before

    def seconds_to_midnight(self) -> float:
        now = self.clock()
        tomorrow = QDateTime.fromSecsSinceEpoch(int(now)).date().addDays(1)
        return max(1.0, tomorrow.startOfDay().toSecsSinceEpoch() - now)

    def _take(self, created_at: float) -> None:
        # Most messages are of the day of the one before, and ten thousand are opened at once.
        if not self._first <= created_at < self._last and created_at > 0:
            day = QDateTime.fromSecsSinceEpoch(int(created_at)).date()
            self._begins.append((self._count, day))
            self._first = day.startOfDay().toSecsSinceEpoch()
            self._last = day.addDays(1).startOfDay().toSecsSinceEpoch()
        self._count += 1


def day_name(day: QDate, today: QDate) -> str:
    """``Today``, ``Yesterday``, else ``Monday 16 November``, with the year where it is not this one."""
    ago = day.daysTo(today)
    if ago in (0, 1):
        return "Yesterday" if ago else "Today"
    return _ENGLISH.toString(day, "dddd d MMMM" if day.year() == today.year() else "dddd d MMMM yyyy")


def whole_time(created_at: float) -> str:
    """The day and the local time, for a screen reader; ``""`` where the time is not known."""
    if created_at <= 0:
        return ""
    when = QDateTime.fromSecsSinceEpoch(int(created_at))
    clock = QLocale.system().toString(when.time(), QLocale.FormatType.ShortFormat)
    return f"{_ENGLISH.toString(when.date(), 'dddd d MMMM yyyy')} {clock}"
