"""The chart by pointer, by keys and without eyes, and its colours."""

from collections.abc import Callable, Iterator
from datetime import UTC, date
from decimal import Decimal
from itertools import combinations
from math import dist

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAccessible, QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_chat.domain.ledger import Group, Grouping, Totals, UsageReport
from desktop_chat.ui.theme import DARK as DARK_THEME
from desktop_chat.ui.theme import LIGHT as LIGHT_THEME
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.usage.bars import Bars, Measure, stacked
from desktop_chat.ui.usage.chart import DARK, HEIGHT, LIGHT, Chart
from desktop_chat.ui.usage.periods import Span, divided

FRAME = divided(Span(date(2026, 11, 1), date(2026, 11, 4)), 0, UTC)
COSTS = {"large": (4, 8, 0, 2), "small": (4, 0, 0, 2)}


def bars(costs: dict[str, tuple[int, ...]] = COSTS) -> Bars:
    groups = []
    for name, values in costs.items():
        periods = tuple(Totals(requests=1, cost=Decimal(value)) for value in values)
        groups.append(Group(name, name, Totals(requests=4, cost=Decimal(sum(values))), periods))
    totals = tuple(Totals(cost=Decimal(sum(values))) for values in zip(*costs.values(), strict=True))
    report = UsageReport(FRAME.boundaries, Totals(), tuple(groups), totals)
    return stacked(report, FRAME, Grouping.MODEL, Measure.COST, {})


@pytest.fixture
def chart(theme: Theme) -> Iterator[Chart]:
    made = Chart(theme)
    made.set_bars(bars())
    made.resize(400, 260)
    made.show()
    made.activateWindow()
    yield made
    made.hide()
    made.deleteLater()


def column(chart: Chart, bar: int) -> list[QColor]:
    """The colours from top to bottom in the middle of a bar, without the names below it."""
    image = chart.picture("").copy()
    image.setDevicePixelRatio(1)
    step = chart.width() / 4
    left = (image.width() - 2 * chart.width()) / 2
    x = round(left + 2 * step * (bar + 0.5))
    names = chart.minimumHeight() - HEIGHT + 16
    return [image.pixelColor(x, y) for y in range(image.height() - 2 * names)]


def heights(chart: Chart, bar: int) -> tuple[int, int]:
    """How high the parts of both series are, in the design's pixels."""
    seen = column(chart, bar)
    return seen.count(LIGHT[0]) // 2, seen.count(LIGHT[1]) // 2


def test_bars_are_as_high_as_what_they_show(chart: Chart) -> None:
    whole = HEIGHT - 4
    assert heights(chart, 1) == (pytest.approx(whole, abs=3), 0)
    assert heights(chart, 0) == (pytest.approx(whole / 2, abs=3), pytest.approx(whole / 2, abs=3))
    assert heights(chart, 2) == (0, 0)
    assert heights(chart, 3) == (pytest.approx(whole / 4, abs=3), pytest.approx(whole / 4, abs=3))


def test_the_pointer_tells_a_bar(chart: Chart, qtbot: QtBot) -> None:
    before = chart.grab().toImage()
    qtbot.mouseMove(chart, QPoint(150, 100))
    assert chart.at == 1
    assert chart.accessibleDescription() == "Mon 2 Nov: $8.00. large $8.00"
    assert chart.grab().toImage() != before
    # What is copied does not show where the pointer is.
    assert heights(chart, 0)[0] > 0
    QApplication.sendEvent(chart, QEvent(QEvent.Type.Leave))
    assert chart.at is None
    assert chart.accessibleDescription() == "Highest: Sun 1 Nov: $8.00. large $4.00, small $4.00"


def test_keys_walk_the_bars(chart: Chart, qtbot: QtBot) -> None:
    chart.setFocus()
    without = chart.grab().toImage()
    for key, at in (
        (Qt.Key.Key_Left, 3),
        (Qt.Key.Key_Right, 3),
        (Qt.Key.Key_Left, 2),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_End, 3),
    ):
        qtbot.keyClick(chart, key)
        assert chart.at == at
    assert chart.accessibleDescription() == "Wed 4 Nov: $4.00. large $2.00, small $2.00"
    assert chart.grab().toImage() != without
    chart.clearFocus()
    assert chart.at is None


def test_a_refresh_leaves_the_keys_where_they_are(chart: Chart, qtbot: QtBot) -> None:
    chart.setFocus()
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    chart.set_bars(bars({"large": (5, 8, 0, 2)}))
    assert chart.at == 0
    assert chart.accessibleDescription() == "Sun 1 Nov: $5.00. large $5.00"
    chart.set_bars(None, "No requests in this time.")
    assert chart.at is None
    assert chart.accessibleName() == "Chart: No requests in this time."


def test_focus_is_seen(chart: Chart) -> None:
    chart.clearFocus()
    without = chart.grab().toImage()
    chart.setFocus()
    assert chart.grab().toImage() != without


@pytest.mark.parametrize("width", [120, 400, 900])
def test_every_name_of_the_legend_has_room(chart: Chart, width: int) -> None:
    chart.set_bars(bars({f"a model with a long name {number}": (7 - number,) * 4 for number in range(7)}))
    chart.resize(width, chart.minimumHeight())
    QApplication.sendPostedEvents()
    chart.resize(width, chart.minimumHeight())
    seen = chart.picture("")
    seen.setDevicePixelRatio(1)
    below = [
        seen.pixelColor(x, y)
        for x in range(0, seen.width(), 3)
        for y in range(seen.height() - 2 * (chart.height() - HEIGHT), seen.height(), 3)
    ]
    assert {color.name() for color in LIGHT} <= {color.name() for color in below}


def linear(color: QColor) -> list[float]:
    return [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (color.redF(), color.greenF(), color.blueF())
    ]


def contrast(one: QColor, other: QColor) -> float:
    """As WCAG 2 defines it."""
    lights = sorted(
        sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))
        for color in (one, other)
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


Rows = tuple[tuple[float, ...], ...]

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency"
# (2009), table 1, at a severity of 1.
BLINDNESS: dict[str, Rows] = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# Ottosson, "A perceptual color space for image processing" (2020).
TO_LMS: Rows = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB: Rows = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
TOLD_APART = 0.075
"""In Oklab, where black and white are 1 apart."""


def times(rows: Rows, values: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, values, strict=True)) for row in rows]


def seen_by(kind: str) -> Callable[[QColor], list[float]]:
    def lab(color: QColor) -> list[float]:
        shown = [min(1.0, max(0.0, value)) for value in times(BLINDNESS[kind], linear(color))]
        return times(TO_LAB, [value ** (1 / 3) for value in times(TO_LMS, shown)])

    return lab


@pytest.mark.parametrize(
    ("colors", "ground"), [(LIGHT, LIGHT_THEME.raised), (DARK, DARK_THEME.raised)], ids=["light", "dark"]
)
def test_colours_are_seen_and_told_apart(colors: tuple[QColor, ...], ground: QColor) -> None:
    for color in colors:
        assert contrast(color, ground) >= 3, color.name()
    for kind in BLINDNESS:
        lab = seen_by(kind)
        for one, other in combinations(colors, 2):
            assert dist(lab(one), lab(other)) >= TOLD_APART, f"{one.name()} {other.name()} {kind}"


def test_screen_readers_do_not_pass_over_it(chart: Chart) -> None:
    assert QAccessible.queryAccessibleInterface(chart).role() != QAccessible.Role.Client
