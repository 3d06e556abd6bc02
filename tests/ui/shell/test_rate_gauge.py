"""What an endpoint still allows, as time goes by."""

import pytest
from pytestqt.qtbot import QtBot

from desktop_chat.domain.evidence import Allowance, RateLimits
from desktop_chat.ui.rate_gauge import RateGauge
from desktop_chat.ui.theme import Theme


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gauge(qtbot: QtBot, theme: Theme, clock: Clock) -> RateGauge:
    made = RateGauge(theme, clock)
    qtbot.addWidget(made)
    made.show()
    return made


def test_nothing_is_shown_of_an_endpoint_that_tells_nothing(gauge: RateGauge) -> None:
    gauge.set_limits(RateLimits(Allowance(60, 30, 6), Allowance(), 1000))
    gauge.set_limits(None)
    assert not gauge.isVisible()


def test_what_is_left_is_shown_until_all_is_there_again(gauge: RateGauge, clock: Clock) -> None:
    gauge.set_limits(RateLimits(Allowance(60, 12, 90), Allowance(200_000, 150_000, 6), 1000))
    assert gauge.requests.value.text() == "12 / 60"
    assert gauge.requests.bar.share == pytest.approx(0.8)
    assert gauge.requests.value.accessibleDescription() == "Requests left: 12, all again in 2 min"
    assert gauge.tokens.value.text() == "150k / 200k"
    assert gauge._tick.isActive()
    clock.now += 10
    gauge.refresh()
    assert gauge.tokens.value.text() == "200k / 200k"
    assert gauge.tokens.bar.share == 0
    assert gauge.requests.value.text() == "12 / 60"
    clock.now += 81
    gauge.refresh()
    assert gauge.requests.value.text() == "60 / 60"
    assert not gauge._tick.isActive()


def test_a_server_may_tell_only_a_part(gauge: RateGauge) -> None:
    gauge.set_limits(RateLimits(Allowance(remaining=3), Allowance(limit=0), 1000))
    assert gauge.requests.value.text() == "3"
    assert not gauge.requests.bar.isVisible()
    assert gauge.tokens.value.text() == "? / 0"
    gauge.set_limits(RateLimits(Allowance(60, 0, None), Allowance(), 1000))
    assert gauge.requests.bar.share == 1
    assert not gauge.tokens.isVisible()


def test_the_clock_is_looked_at_only_while_it_is_seen(gauge: RateGauge) -> None:
    gauge.set_limits(RateLimits(Allowance(60, 12, 90), Allowance(), 1000))
    gauge.hide()
    assert not gauge._tick.isActive()
    gauge.show()
    assert gauge._tick.isActive()
