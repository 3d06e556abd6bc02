"""What the chart shows: a report as stacked bars, by cost or by tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from desktop_chat.domain.ledger import Grouping, Totals, UsageReport
from desktop_chat.ui.money import total_in_dollars
from desktop_chat.ui.times import NOTHING
from desktop_chat.ui.usage.periods import Frame
from desktop_chat.ui.usage.wording import axis_name, group_name, period_name

MOST_SERIES = 6
"""Groups that have a colour of their own; the others are one."""


class Measure(Enum):
    """How high a bar is; the value is what it is called."""

    COST = "Cost"
    TOKENS = "Tokens"


@dataclass(frozen=True, slots=True)
class Sum:
    """One period of one series: US dollars or tokens. ``estimated`` dollars rest on our own count of tokens;
    ``unpriced`` counts requests whose price is unknown."""

    value: Decimal = Decimal(0)
    estimated: Decimal = Decimal(0)
    unpriced: int = 0

    def __sub__(self, other: "Sum") -> "Sum":
        return Sum(self.value - other.value, self.estimated - other.estimated, self.unpriced - other.unpriced)


@dataclass(frozen=True, slots=True)
class Series:
    """One part of the bars, in the colour of that number: ``MOST_SERIES`` where it is what the others
    leave, or the last of one more."""

    name: str
    periods: tuple[Sum, ...]
    color: int


@dataclass(frozen=True, slots=True)
class Bars:
    """``periods`` and ``labels`` are the names of the periods, whole and short; ``series`` begins with the
    largest, ``totals`` are those of all series."""

    measure: Measure
    unit: str
    periods: tuple[str, ...]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    totals: tuple[Sum, ...]

    @property
    def caption(self) -> str:
        """What is shown, and its scale: there is no axis beside the bars. Empty where all are."""
        if (place := self.highest) is None:
            return ""
        when = {"hour": "at", "day": "on"}.get(self.unit, "in")
        return f"By {self.unit}, highest {self._whole(place)} {when} {self.periods[place]}"

    @property
    def highest(self) -> int | None:
        """The place of the highest bar; None where all are empty."""
        place = max(range(len(self.totals)), key=lambda at: self.totals[at].value, default=None)
        return place if place is not None and self.totals[place].value else None

    def shown(self, sum: Sum) -> str:
        """A value in words."""
        if self.measure is Measure.TOKENS:
            return f"{int(sum.value):,}"
        return total_in_dollars(Totals(cost=sum.value, estimated=sum.estimated, unpriced=sum.unpriced))

    def parts(self, place: int) -> list[tuple[int, str, str]]:
        """What a bar is made of: the place of the series, its name and its value, for those that have any."""
        return [
            (number, series.name, self.shown(part))
            for number, series in enumerate(self.series)
            if (part := series.periods[place]).value or part.unpriced
        ]

    def sentence(self, place: int) -> str:
        """A bar in words, for those who do not see it."""
        parts = ", ".join(f"{name} {value}" for _, name, value in self.parts(place))
        whole = f"{self.periods[place]}: {self._whole(place)}"
        return f"{whole}. {parts}" if parts else whole

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The same in a table: what stands at the head of its columns, and a row a period."""
        heads = [self.unit.capitalize(), *(series.name for series in self.series), "Total"]
        rows = [
            [name, *(self._cell(series.periods[place]) for series in self.series), self._cell(total)]
            for place, (name, total) in enumerate(zip(self.periods, self.totals, strict=True))
        ]
        return heads, rows

    def _whole(self, place: int) -> str:
        unit = " tokens" if self.measure is Measure.TOKENS else ""
        return f"{self.shown(self.totals[place])}{unit}"

    def _cell(self, sum: Sum) -> str:
        return self.shown(sum) if sum != Sum() else NOTHING


def stacked(
    report: UsageReport, frame: Frame, by: Grouping, measure: Measure, colors: dict[str, int]
) -> Bars:
    """The bars of ``report``, whose boundaries are those of ``frame``.

    ``colors`` has the colour of each group, by its key, as it was shown last: it keeps that. It is brought
    up to date.
    """
    groups = sorted(report.groups, key=lambda group: _sum(group.totals, measure).value, reverse=True)
    groups = [group for group in groups if _sum(group.totals, measure) != Sum()]
    # One more colour says more than "Other (1)".
    most = MOST_SERIES + 1 if len(groups) == MOST_SERIES + 1 else MOST_SERIES
    own = [group for group in groups if group.periods][:most]
    known = {group.key: colors[group.key] for group in own if colors.get(group.key, most) < most}
    free = (number for number in range(most) if number not in known.values())
    colors.clear()
    colors.update({group.key: known[group.key] if group.key in known else next(free) for group in own})
    series = [
        Series(group_name(by, group), _sums(group.periods, measure), colors[group.key]) for group in own
    ]
    totals = rest = _sums(report.periods, measure)
    if len(own) < len(groups):
        for each in series:
            rest = tuple(left - part for left, part in zip(rest, each.periods, strict=True))
        series.append(Series(f"Other ({len(groups) - len(own)})", rest, MOST_SERIES))
    places = range(len(frame.begins))
    return Bars(
        measure,
        frame.unit.value,
        tuple(period_name(frame, place) for place in places),
        tuple(axis_name(frame, place) for place in places),
        tuple(series),
        totals,
    )


def _sums(periods: Sequence[Totals], measure: Measure) -> tuple[Sum, ...]:
    return tuple(_sum(totals, measure) for totals in periods)


def _sum(totals: Totals, measure: Measure) -> Sum:
    if measure is Measure.TOKENS:
        return Sum(Decimal(totals.input + totals.output))
    return Sum(totals.cost, totals.estimated, totals.unpriced)
