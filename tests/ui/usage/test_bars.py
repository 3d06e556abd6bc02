"""A report as bars, figures and words."""

from datetime import UTC, date
from decimal import Decimal

import pytest

from desktop_chat.domain.ledger import Group, Grouping, LedgerEntry, Outcome, Purpose, Totals, UsageReport
from desktop_chat.ui.times import seconds
from desktop_chat.ui.usage.bars import Measure, stacked
from desktop_chat.ui.usage.cards import figures
from desktop_chat.ui.usage.periods import Span, divided
from desktop_chat.ui.usage.wording import chat_name, failure, group_name

from .conftest import FAILED, STOPPED, entry

FRAME = divided(Span(date(2026, 11, 20), date(2026, 11, 21)), 0, UTC)
NOTHING = Totals()


def spent(cost: str, tokens: int = 100, **more: object) -> Totals:
    return Totals(requests=1, input=tokens, cost=Decimal(cost), **more)  # type: ignore[arg-type]


def added(*totals: Totals) -> Totals:
    return Totals(*(sum(getattr(each, name) for each in totals) for name in Totals.__slots__))


def report(**groups: tuple[Totals, Totals]) -> UsageReport:
    made = tuple(Group(key, key, added(*periods), periods) for key, periods in groups.items())
    periods = tuple(added(*(group.periods[at] for group in made)) for at in (0, 1))
    return UsageReport(FRAME.boundaries, added(*periods), made, periods)


def test_bars_tell_their_periods_and_parts() -> None:
    shown = report(large=(spent("1.5"), spent("2")), small=(NOTHING, spent("0.031", 5000)))
    bars = stacked(shown, FRAME, Grouping.MODEL, Measure.COST, {})
    assert bars.highest == 1
    assert bars.caption == "By day, highest $2.03 on Sat 21 Nov"
    assert bars.parts(1) == [(0, "large", "$2.00"), (1, "small", "$0.031")]
    assert bars.sentence(0) == "Fri 20 Nov: $1.50. large $1.50"
    assert bars.table() == (
        ["Day", "large", "small", "Total"],
        [["Fri 20 Nov", "$1.50", "–", "$1.50"], ["Sat 21 Nov", "$2.00", "$0.031", "$2.03"]],
    )


def test_by_tokens_the_order_is_another() -> None:
    shown = report(dear=(spent("1.5"), NOTHING), busy=(NOTHING, spent("0.01", 5000)))
    bars = stacked(shown, FRAME, Grouping.MODEL, Measure.TOKENS, {})
    assert [series.name for series in bars.series] == ["busy", "dear"]
    assert bars.sentence(1) == "Sat 21 Nov: 5,000 tokens. busy 5,000"


@pytest.mark.parametrize(("count", "names"), [(7, 7), (8, 7)])
def test_what_has_no_colour_is_one_series(count: int, names: int) -> None:
    shown = report(**{f"m{number}": (spent(f"{9 - number}"), spent("0")) for number in range(count)})
    bars = stacked(shown, FRAME, Grouping.MODEL, Measure.COST, {})
    assert len(bars.series) == names
    last = bars.series[-1]
    if count == names:
        assert (last.name, last.color) == ("m6", 6)
    else:
        assert (last.name, last.color) == ("Other (2)", 6)
        assert last.periods[0].value == 3 + 2
    assert sum(series.periods[0].value for series in bars.series) == bars.totals[0].value


def test_a_group_keeps_its_colour() -> None:
    colors: dict[str, int] = {}

    def shown(**costs: int) -> list[tuple[str, int]]:
        made = report(**{name: (spent(str(cost)), NOTHING) for name, cost in costs.items()})
        bars = stacked(made, FRAME, Grouping.MODEL, Measure.COST, colors)
        return [(series.name, series.color) for series in bars.series]

    assert shown(a=3, b=2, c=1) == [("a", 0), ("b", 1), ("c", 2)]
    assert shown(d=9, c=3, a=1) == [("d", 1), ("c", 2), ("a", 0)]
    seven = shown(a=7, b=6, c=5, d=4, e=3, f=2, g=1)
    assert sorted(color for _, color in seven) == list(range(7))
    assert dict(seven)["c"] == 2
    eight = shown(g=9, a=7, b=6, c=5, d=4, e=3, f=2, h=1)
    assert sorted(color for _, color in eight) == list(range(7))
    assert eight[-1] == ("Other (2)", 6)


def test_groups_whose_periods_are_not_told_are_in_the_rest() -> None:
    own = Group("a", "a", spent("5"), (spent("5"), NOTHING))
    untold = Group("b", "b", spent("2"), ())
    shown = UsageReport(FRAME.boundaries, spent("7"), (own, untold), (spent("5"), spent("2")))
    bars = stacked(shown, FRAME, Grouping.CHAT, Measure.COST, {})
    assert [(series.name, series.periods[1].value) for series in bars.series] == [("a", 0), ("Other (1)", 2)]


def test_what_is_estimated_or_unknown_is_marked() -> None:
    guessed = spent("0.5", estimated=Decimal("0.2"))
    shown = report(a=(guessed, NOTHING), b=(NOTHING, spent("0", unpriced=1)))
    bars = stacked(shown, FRAME, Grouping.MODEL, Measure.COST, {})
    assert bars.sentence(0) == "Fri 20 Nov: ≈ $0.50. a ≈ $0.50"
    assert bars.sentence(1) == "Sat 21 Nov: unknown. b unknown"


def values(totals: Totals, budget: Decimal | None = None) -> list[tuple[str, str]]:
    shown = UsageReport((0.0, 1.0), totals, (), (totals,), 0.44, 1.9)
    return [(figure.value, figure.note) for figure in figures(shown, budget)]


def test_figures_as_in_the_design() -> None:
    totals = Totals(318, 4, 11, 1_900_000, 214_000, 1_159_000, cost=Decimal("4.12"))
    assert values(totals, Decimal(20)) == [
        ("$4.12", "of $20 budget"),
        ("318", "4 failed, 11 retried"),
        ("1.9M / 214k", "61% of input cached"),
        ("0.44 s", "p95 1.9 s"),
    ]


def test_figures_say_what_is_not_sure() -> None:
    totals = Totals(5, cost=Decimal(3), estimated=Decimal(1), unpriced=1)
    assert values(totals)[0] == ("≥ $3.00", "$1.00 estimated, 1 request without a known price")
    assert values(Totals(3, unpriced=3))[0] == ("unknown", "3 requests without a known price")
    assert values(Totals(3, cost=Decimal(3), estimated=Decimal(1)))[0][0] == "≈ $3.00"
    assert values(totals, Decimal("2.5"))[0][1].startswith("of $2.50 budget")
    assert values(totals)[1] == ("5", "none failed")


@pytest.mark.parametrize(
    ("time", "text"), [(None, "–"), (0.0, "0.00 s"), (0.994, "0.99 s"), (0.996, "1.0 s"), (12.3, "12 s")]
)
def test_seconds(time: float | None, text: str) -> None:
    assert seconds(time) == text


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (entry(), ""),
        (STOPPED, "Stopped"),
        (FAILED, "Rate limit reached (429)"),
        (entry(outcome=Outcome.FAILED, status=None, error_kind="Unreachable"), "No connection"),
        # Of a version to come.
        (entry(outcome=Outcome.FAILED, status=200, error_kind="Eclipse"), "The request failed"),
    ],
)
def test_failures_in_words(made: LedgerEntry, text: str) -> None:
    assert failure(made) == text


def test_groups_and_chats_in_words() -> None:
    def name(by: Grouping, key: str, label: str) -> str:
        return group_name(by, Group(key, label, NOTHING, ()))

    assert name(Grouping.PURPOSE, "summary", "summary") == "Summaries"
    assert name(Grouping.CHAT, "1", "") == "deleted chat"
    assert name(Grouping.MODEL, "", "") == "unknown"
    assert name(Grouping.MODEL, "m", "a\u202eb\nc") == "ab c"
    assert chat_name(entry(chat="Trip", purpose=Purpose.TITLE)) == "Trip · title"
    assert chat_name(entry()) == "deleted chat"
