"""Which copies are kept: all of late, then one a day, a week, a month; never too much, never none."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from desktop_chat.storage.generations import Copy, limit_for, obsolete

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LARGE = 10**15


def made(hours: float, size: int = 1, *, is_safe: bool = False) -> Copy:
    return Copy(f"{hours:09.1f}", NOW - timedelta(hours=hours), size, is_safe)


def kept(copies: list[Copy], limit: int = LARGE, good: str = "") -> list[float]:
    gone = obsolete(copies, NOW, limit, good)
    return sorted(float(copy.key) for copy in copies if copy.key not in gone)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([], []),
        ([0, 1, 2, 47], [0, 1, 2, 47]),
        # One a day: the last of it.
        ([49, 50, 51, 72.5, 73], [49, 72.5]),
        # A copy of a time to come.
        ([-100, -99, 1], [-100, -99, 1]),
        # However old, what there are few of stays.
        ([24 * 400, 24 * 800], [24 * 400, 24 * 800]),
    ],
)
def test_by_age(hours: list[float], expected: list[float]) -> None:
    assert kept([made(each) for each in hours]) == expected


def test_all_of_two_days_then_12_days_10_weeks_and_9_months() -> None:
    copies = [made(hour) for hour in range(0, 2 * 365 * 24, 6)]
    left = kept(copies)
    assert [hour for hour in left if hour < 48] == list(range(0, 48, 6))
    older = [hour / 24 for hour in left if hour >= 48]
    assert len(older) == 12 + 10 + 9
    gaps = [round(later - earlier) for earlier, later in itertools.pairwise(older)]
    assert set(gaps[:11]) == {1}
    assert set(gaps[12:21]) == {7}
    assert set(gaps[22:]) <= {28, 29, 30, 31}
    assert older[-1] > 2 + 12 + 63 + 240


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(100, [1, 2, 3, 4]), (30, [1, 2, 3]), (29, [1, 2]), (10, [1]), (5, [1]), (0, [1])],
)
def test_the_oldest_go_first_where_there_is_no_room(limit: int, expected: list[float]) -> None:
    copies = [made(hour, 10) for hour in (1, 2, 3, 4)]
    assert kept(copies, limit, copies[0].key) == expected


def test_the_newest_good_one_stays_even_where_it_is_old() -> None:
    copies = [made(1, 10), made(2, 10), made(24 * 900, 10), made(24 * 901, 10)]
    assert kept(copies, 10, copies[3].key) == [24 * 901]
    many = [made(hour) for hour in range(48, 20_000, 24)]
    assert float(many[-1].key) in kept(many, LARGE, many[-1].key)


def test_what_is_needed_to_go_back_goes_only_for_room() -> None:
    copies = [made(50), made(51, 10, is_safe=True), made(52, 10, is_safe=True)]
    assert kept(copies) == [50, 51, 52]
    assert kept(copies, 15, copies[0].key) == [50, 51]


def test_kept_up_every_hour_for_two_years_there_are_never_too_few() -> None:
    """As in life: what once went does not come back."""
    noise = random.Random(1)
    copies: list[Copy] = []
    begin = NOW - timedelta(days=730)
    for hour in range(0, 730 * 24, 3):
        now = begin + timedelta(hours=hour)
        if noise.random() < 0.7:
            copies.append(Copy(f"{hour:06}", now, 1))
        gone = set(obsolete(copies, now, LARGE, copies[-1].key if copies else ""))
        copies = [copy for copy in copies if copy.key not in gone]
    ages = sorted((NOW - copy.made_at).total_seconds() / 86400 for copy in copies)
    assert 25 <= len(ages) <= 60
    assert sum(2 <= age < 15 for age in ages) >= 11
    assert sum(15 <= age < 90 for age in ages) >= 9
    assert sum(age >= 90 for age in ages) >= 7


@pytest.mark.parametrize(("size", "limit"), [(0, 5 * 2**30), (2**30, 5 * 2**30), (2**31, 10 * 2**30)])
def test_the_limit_grows_with_the_database(size: int, limit: int) -> None:
    assert limit_for(size) == limit
