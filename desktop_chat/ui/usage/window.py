"""The usage window: what was asked of models, when, how fast, and what it cost."""

import asyncio
import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path

from PySide6.QtCore import QLocale, QSize
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop_chat.domain.holds import Scope
from desktop_chat.domain.ledger import Grouping
from desktop_chat.settings import Settings
from desktop_chat.storage import ExportKind, StorageError
from desktop_chat.tasks import Tasks
from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.card import Card
from desktop_chat.ui.choice import Choice
from desktop_chat.ui.notice_bar import NoticeBar
from desktop_chat.ui.notices import storage_reason
from desktop_chat.ui.safe import ElidedLabel
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.usage import export
from desktop_chat.ui.usage.bar_table import BarTable, copy_table
from desktop_chat.ui.usage.bars import Bars, Measure, stacked
from desktop_chat.ui.usage.cards import Cards
from desktop_chat.ui.usage.chart import Chart
from desktop_chat.ui.usage.head import Head
from desktop_chat.ui.usage.periods import Range, local_time, span_of
from desktop_chat.ui.usage.reading import Query, Reading, Result, Source
from desktop_chat.ui.usage.table import RequestTable
from desktop_chat.ui.usage.wording import span_name

WIDTH = 900
NOTHING_EVER = "No requests yet. What each of them took and cost will be here."
NOTHING_THEN = "No requests in this time."
BUDGETS = {Range.TODAY: Scope.DAY, Range.MONTH: Scope.MONTH}
"""The times for which the user may have set a budget."""


class UsageCard(Card):
    """Reads from ``source`` when it is shown, and again soon after :meth:`refresh`."""

    def __init__(
        self,
        theme: Theme,
        host: QWidget,
        source: Source,
        settings: Settings,
        tasks: Tasks,
        clock: Callable[[], float] = time.time,
        zone: tzinfo | None = None,
    ) -> None:
        """``clock`` gives the Unix time in seconds; ``zone`` is None for that of the system."""
        super().__init__(theme, host, WIDTH, modal=True)
        self.setObjectName("usage")
        self.setAccessibleName("Usage")
        self._source, self._settings, self._tasks = source, settings, tasks
        # Qt counts from 1, for Monday.
        self._first_weekday = QLocale.system().firstDayOfWeek().value - 1
        self._zone = zone
        # A child, so that what its signals call goes with this card.
        self._reading = Reading(source, tasks, self._first_weekday, clock, zone, self)
        self._writing: asyncio.Task[None] | None = None
        self._result: Result | None = None
        self._bars: Bars | None = None
        self._measure: Measure | None = None
        self._colors: dict[Grouping, dict[str, int]] = {by: {} for by in Grouping}

        self.head = Head(theme)
        self.notice = NoticeBar(theme)
        self.notice.setObjectName("usageProblem")
        self.cards = Cards(theme)
        self.chart = Chart(theme)
        self.chart_table = BarTable(theme)
        self.chart_table.hide()
        self.requests = RequestTable(theme, lambda: local_time(clock(), zone))
        self.caption = ElidedLabel()
        self.caption.setProperty("role", "dim")
        self.caption.setObjectName("usageCaption")
        self.measure = Choice(theme, "Height of bars", ((measure.value, measure) for measure in Measure))
        self.measure.setProperty("pill", False)
        self.measure.setProperty("flat", True)
        self.measure.setObjectName("usageMeasure")
        self.measure.show_value(Measure.COST)
        self.as_table = IconButton(theme, "table", "Show as a table")
        self.as_table.setCheckable(True)
        self.as_table.setObjectName("usageAsTable")
        self.copy_picture = IconButton(theme, "image", "Copy the chart as a picture")
        self.copy_picture.setObjectName("usageCopyPicture")
        self.copy_values = IconButton(theme, "copy", "Copy the chart as a table")
        self.copy_values.setObjectName("usageCopyTable")
        self._tools = QHBoxLayout()
        self._tools.addWidget(self.caption, 1)
        for button in (self.measure, self.as_table, self.copy_picture, self.copy_values):
            self._tools.addWidget(button)

        content = _Content(theme, self._arrange)
        self._column = content.column
        self._column.addWidget(self.head)
        self._column.addWidget(self.notice)
        self._column.addWidget(self.cards)
        self._column.addLayout(self._tools)
        self._column.addWidget(self.chart)
        self._column.addWidget(self.chart_table)
        self._column.addWidget(self.requests, 1)
        self.body.addWidget(content)
        self.starts_at = self.head.range

        self.head.range.show_value(Range.MONTH)
        self.head.by.show_value(Grouping.MODEL)
        self.head.dates.set_span(span_of(Range.MONTH, local_time(clock(), zone).date(), self._first_weekday))
        self.head.export.setEnabled(False)
        self.head.changed.connect(self._ask)
        self.head.exported.connect(self._export)
        self.head.cancel_requested.connect(self._cancel)
        self.head.close_requested.connect(self.reject)
        self.measure.chosen.connect(self._set_measure)
        self.as_table.toggled.connect(self._show_table)
        self.copy_picture.clicked.connect(self._copy_picture)
        self.copy_values.clicked.connect(self._copy_values)
        self.notice.pressed.connect(self._reading.reread)
        self._reading.came.connect(self._show)
        self._reading.failed.connect(self._failed)
        self._reading.waits.connect(self._waits)
        self._reading.more_came.connect(self.requests.requests.add)
        self.requests.requests.more_wanted.connect(self._reading.read_more)
        self.requests.requests.has_more = lambda: self._reading.has_more
        self.finished.connect(self._reading.close)
        theme.changed.connect(self._restyle_parts)
        self._restyle_parts()
        self._ask()

    def refresh(self) -> None:
        """A request was made: show it soon."""
        if self.isVisible():
            self._reading.refresh()

    @property
    def latest(self) -> Result | None:
        """What is shown."""
        return self._result

    def _ask(self) -> None:
        range = self.head.range.value
        chosen = self.head.dates.span if range is Range.CHOSEN else None
        self._reading.ask(Query(range, self.head.by.value, chosen))

    def _show(self, result: Result) -> None:
        self._result = result
        self.notice.clear()
        scope = BUDGETS.get(result.query.range)
        self.cards.set_report(result.report, self._settings.budget(scope) if scope is not None else None)
        if result.query.range is not Range.CHOSEN:
            self.head.dates.set_span(result.frame.span)
        self.requests.set_entries(result.entries)
        self.head.export.setEnabled(bool(result.entries))
        self._show_bars()

    def _show_bars(self) -> None:
        result = self._result
        if result is None:
            return
        # Bars of cost would all be empty where no price is known.
        measure = self._measure or (Measure.COST if result.report.totals.cost else Measure.TOKENS)
        self.measure.show_value(measure)
        bars = stacked(result.report, result.frame, result.query.by, measure, self._colors[result.query.by])
        self._bars = bars
        if result.report.totals.requests:
            message = "Nothing of this time has a known cost." if measure is Measure.COST else "No tokens."
        else:
            message = NOTHING_THEN if result.was_used else NOTHING_EVER
        has_any = bars.highest is not None
        self.chart.set_bars(bars if has_any else None, message)
        self.chart_table.set_bars(bars if has_any else None)
        self.caption.setText(bars.caption)
        for button in (self.measure, self.as_table, self.copy_picture, self.copy_values):
            button.setEnabled(bool(result.report.totals.requests))

    def _set_measure(self, measure: Measure) -> None:
        self._measure = measure
        self._show_bars()

    def _failed(self, error: StorageError) -> None:
        self.notice.show_notice(f"The usage could not be read. {storage_reason(error)}", "Try again")

    def _show_table(self, shown: bool) -> None:
        self.chart_table.setFixedHeight(self.chart.height())
        self.chart_table.setVisible(shown)
        self.chart.setVisible(not shown)

    def _copy_picture(self) -> None:
        if self._bars is not None and self._result is not None:
            title = f"{self._bars.measure.value}, {span_name(self._result.frame)}. {self._bars.caption}"
            QGuiApplication.clipboard().setImage(self.chart.picture(title))
            self._say("The chart was copied as a picture")

    def _copy_values(self) -> None:
        if self._bars is not None:
            copy_table(self._bars)
            self._say("The chart was copied as a table")

    def _export(self, kind: ExportKind) -> None:
        if self._result is not None:
            result = self._result
            export.ask(self._host, result, kind, lambda path: self._write(path, kind, result))

    def _write(self, path: Path, kind: ExportKind, result: Result) -> None:
        """Goes on where this card is closed: the file was asked for."""
        work = export.write(self._host, self._source, path, kind, result, self._say)
        self._writing = self._tasks.start(work, "export the usage")
        if isValid(self):
            self.head.wait(f"Writing {path.name}…")
            self.announce(f"Writing {path.name}…")

    def _cancel(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._writing.cancel()
            self._say("The export was cancelled")
        else:
            self._reading.cancel()

    def _waits(self, waits: bool) -> None:
        if waits:
            self.head.wait("Adding up…")
            self.announce("Adding up…")
        else:
            self.head.say("")

    def _say(self, text: str) -> None:
        if isValid(self):
            self.head.say(text)
            if text:
                self.announce(text)

    def _arrange(self, width: int) -> None:
        self.cards.arrange(width * 100 / self.theme.zoom)

    def _restyle_parts(self) -> None:
        px = self.theme.px
        self._column.setSpacing(px(8))
        self._tools.setSpacing(px(4))
        if self.chart_table.isVisibleTo(self):
            self.chart_table.setFixedHeight(self.chart.sizeHint().height())


class _Content(QWidget):
    """All that the card holds. Says how high it is at its own width, and how low it can be made: a layout
    that wraps has no such lowest height, and the table would never give room."""

    def __init__(self, theme: Theme, arrange: Callable[[int], None]) -> None:
        super().__init__()
        self._theme, self._arrange = theme, arrange
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)

    def hasHeightForWidth(self) -> bool:
        return False

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(240), self.column.totalHeightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(240), self.column.totalMinimumHeightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange(event.size().width())
            self.updateGeometry()
