"""Days, weeks, months and hours of local time, also where the clocks change."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from desktop_chat.domain.ledger import Totals, UsageReport
from desktop_chat.ui.usage.periods import Range, Span, Unit, divided, span_of, used_span
from desktop_chat.ui.usage.wording import axis_name, period_name

BERLIN, SAO_PAULO, KATHMANDU = map(ZoneInfo, ("Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu"))
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SATURDAY = date(2026, 11, 21)
MONDAY, SUNDAY = 0, 6


@pytest.mark.parametrize(
    ("range", "first_weekday", "first"),
    [
        (Range.TODAY, MONDAY, date(2026, 11, 21)),
        (Range.WEEK, MONDAY, date(2026, 11, 16)),
        (Range.WEEK, SUNDAY, date(2026, 11, 15)),
        (Range.WEEK, 5, date(2026, 11, 21)),
        (Range.MONTH, MONDAY, date(2026, 11, 1)),
        (Range.LAST_30, MONDAY, date(2026, 10, 23)),
        (Range.YEAR, MONDAY, date(2026, 1, 1)),
    ],
)
def test_a_range_ends_today(range: Range, first_weekday: int, first: date) -> None:
    assert span_of(range, SATURDAY, first_weekday) == Span(first, SATURDAY)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (BERLIN, date(2026, 10, 26), 24),
        # At midnight, which there was none of.
        (SAO_PAULO, date(2018, 11, 4), 23),
        (SAO_PAULO, date(2019, 2, 16), 25),
        (KATHMANDU, date(2026, 3, 29), 24),
        # The clocks change by half an hour: the last hour is a long or a short one.
        (LORD_HOWE, date(2026, 4, 5), 25),
    ],
)
def test_a_day_has_the_hours_that_it_had(zone: tzinfo, day: date, hours: int) -> None:
    frame = divided(Span(day, day), MONDAY, zone)
    assert frame.unit is Unit.HOUR
    assert len(frame.begins) == hours
    assert frame.begins[0].date() == frame.begins[-1].date() == day
    assert frame.ends[-1].date() == day + timedelta(1)
    assert all(0 < end - begin <= 3600 for begin, end in pairwise(frame.boundaries))


def test_midnight_is_that_of_the_zone() -> None:
    frame = divided(Span(date(2026, 11, 1), SATURDAY), MONDAY, KATHMANDU)
    assert frame.boundaries[0] == datetime(2026, 10, 31, 18, 15, tzinfo=UTC).timestamp()
    # The day on which clocks went from 00:00 to 01:00 began at 01:00.
    spring = divided(Span(date(2018, 11, 3), date(2018, 11, 5)), MONDAY, SAO_PAULO)
    assert [begin.hour for begin in spring.begins] == [0, 1, 0]
    assert [end - begin for begin, end in pairwise(spring.boundaries)] == [86400, 82800, 86400]


def test_days_of_a_month_in_which_the_clocks_change() -> None:
    frame = divided(Span(date(2026, 10, 1), date(2026, 10, 31)), MONDAY, BERLIN)
    assert [begin.day for begin in frame.begins] == list(range(1, 32))
    assert {begin.hour for begin in frame.begins} == {0}
    lengths = [(end - begin) / 3600 for begin, end in pairwise(frame.boundaries)]
    assert lengths == [24] * 24 + [25] + [24] * 6


@pytest.mark.parametrize(
    ("days", "unit"),
    [(1, Unit.HOUR), (2, Unit.DAY), (62, Unit.DAY), (63, Unit.WEEK), (182, Unit.WEEK), (183, Unit.MONTH)],
)
def test_a_longer_time_has_longer_periods(days: int, unit: Unit) -> None:
    assert Span(SATURDAY - timedelta(days - 1), SATURDAY).unit is unit


def test_years_come_after_five_of_them_in_months() -> None:
    assert Span(date(2021, 12, 1), SATURDAY).unit is Unit.MONTH
    assert Span(date(2020, 12, 1), SATURDAY).unit is Unit.YEAR


@pytest.mark.parametrize(("first_weekday", "second"), [(MONDAY, 7), (SUNDAY, 6)])
def test_weeks_begin_on_the_users_day(first_weekday: int, second: int) -> None:
    frame = divided(Span(date(2026, 9, 1), SATURDAY), first_weekday, BERLIN)
    begins = [begin.date() for begin in frame.begins]
    assert begins[:2] == [date(2026, 9, 1), date(2026, 9, second)]
    assert {begin.weekday() for begin in begins[1:]} == {first_weekday}
    assert frame.ends[-1].date() == SATURDAY + timedelta(1)


def test_months_and_years() -> None:
    months = divided(Span(date(2025, 11, 15), SATURDAY), MONDAY, BERLIN)
    assert [begin.date() for begin in months.begins][:3] == [
        date(2025, 11, 15),
        date(2025, 12, 1),
        date(2026, 1, 1),
    ]
    assert len(months.begins) == 13
    years = divided(Span(date(2019, 6, 1), SATURDAY), MONDAY, BERLIN)
    assert [begin.year for begin in years.begins] == list(range(2019, 2027))


def test_what_periods_are_called() -> None:
    def names(first: date, last: date, zone: tzinfo = BERLIN) -> list[str]:
        frame = divided(Span(first, last), MONDAY, zone)
        return [f"{period_name(frame, at)}|{axis_name(frame, at)}" for at in (0, -1)]

    assert names(date(2026, 11, 1), SATURDAY) == ["Sun 1 Nov|1 Nov", "Sat 21 Nov|21 Nov"]
    assert names(date(2026, 8, 24), date(2026, 11, 2)) == ["24–30 Aug|24 Aug", "2 Nov|2 Nov"]
    assert names(date(2026, 8, 31), date(2026, 11, 5)) == ["31 Aug–6 Sep|31 Aug", "2–5 Nov|2 Nov"]
    assert names(date(2026, 1, 1), SATURDAY) == ["Jan 2026|Jan 2026", "Nov 2026|Nov 2026"]
    assert names(date(2010, 1, 1), SATURDAY) == ["2010|2010", "2026|2026"]


def test_all_time_begins_with_the_first_request() -> None:
    frame = divided(Span(date(2024, 1, 1), SATURDAY), MONDAY, BERLIN)
    nothing = Totals()
    periods = [nothing] * len(frame.begins)
    assert used_span(frame, UsageReport(frame.boundaries, nothing, (), tuple(periods))) == frame.span
    periods[3] = Totals(requests=1)
    report = UsageReport(frame.boundaries, periods[3], (), tuple(periods))
    assert used_span(frame, report) == Span(date(2024, 4, 1), SATURDAY)
