"""The four figures of a report, each in a frame of its own."""

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from desktop_chat.domain.ledger import UsageReport
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.counts import counted, short_count
from desktop_chat.ui.money import in_dollars, round_dollars, total_in_dollars
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.times import NOTHING, seconds

RADIUS = 12
SPACE = 12
NARROW, NARROWEST = 640, 300
"""Widths of all in the design's pixels below which two figures stand side by side, and one."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and what else there is to say of it."""

    value: str = NOTHING
    note: str = ""


def figures(report: UsageReport, budget: Decimal | None) -> tuple[Figure, Figure, Figure, Figure]:
    """Cost, requests, tokens and the time until the first token. ``budget`` is for the time of the report."""
    totals = report.totals
    notes = [f"of {round_dollars(budget)} budget"] if budget is not None else []
    if totals.estimated:
        notes.append(f"{in_dollars(totals.estimated)} estimated")
    if totals.unpriced:
        notes.append(f"{counted(totals.unpriced, 'request')} without a known price")
    ended = [f"{totals.failed:,} failed"] if totals.failed else []
    ended += [f"{totals.retried:,} retried"] if totals.retried else []
    share = f"{100 * totals.cached // totals.input}% of input cached" if totals.input else ""
    last = report.first_token_p95
    return (
        Figure(total_in_dollars(totals), ", ".join(notes)),
        Figure(f"{totals.requests:,}", ", ".join(ended) or ("none failed" if totals.requests else "")),
        Figure(f"{short_count(totals.input)} / {short_count(totals.output)}", share),
        Figure(seconds(report.first_token_median), "" if last is None else f"p95 {seconds(last)}"),
    )


class FigureCard(QWidget):
    """One figure. A screen reader finds it whole, as ``title: value, note``."""

    def __init__(self, theme: Theme, name: str, title: str) -> None:
        super().__init__()
        self._theme, self._title = theme, title
        self.setObjectName(name)
        self._value = words(theme, NOTHING, size=22, bold=True)
        self._note = words(theme, size=12.5, color="dim")
        self._layout = QVBoxLayout(self)
        self._layout.addWidget(words(theme, title, size=12.5, color="dim"))
        self._layout.addWidget(self._value)
        self._layout.addWidget(self._note)
        self._layout.addStretch(1)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_figure(Figure())

    def set_figure(self, figure: Figure) -> None:
        self._value.setText(figure.value)
        # A line in any case: what stands below does not move when there is something to say.
        self._note.setText(figure.note or " ")
        parts = f"{figure.value}, {figure.note}" if figure.note else figure.value
        self.setAccessibleName(f"{self._title}: {parts}")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colors.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = self._theme.px(RADIUS)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _restyle(self) -> None:
        px = self._theme.px
        self._layout.setContentsMargins(px(14), px(14), px(14), px(14))
        self._layout.setSpacing(px(7))
        self.update()


class Cards(QWidget):
    """The figures side by side, or below each other where there is no room."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.cards = (
            FigureCard(theme, "usageCost", "Cost"),
            FigureCard(theme, "usageRequests", "Requests"),
            FigureCard(theme, "usageTokens", "Tokens in / out"),
            FigureCard(theme, "usageFirstToken", "First token, median"),
        )
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._columns = 0
        self.arrange(NARROW)

    def set_report(self, report: UsageReport, budget: Decimal | None) -> None:
        for card, figure in zip(self.cards, figures(report, budget), strict=True):
            card.set_figure(figure)

    def arrange(self, width: float) -> None:
        """Stand as fits into ``width`` of the design's pixels."""
        self._grid.setSpacing(self._theme.px(SPACE))
        columns = 4 if width >= NARROW else 2 if width >= NARROWEST else 1
        if columns == self._columns:
            return
        self._columns = columns
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns)
        for column in range(4):
            self._grid.setColumnStretch(column, int(column < columns))
