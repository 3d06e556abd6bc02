"""The shape of the transcript's costs: flat where they should be, and less than those of Qt's own views.

Medians of CPU times within one run, with wide margins and a second chance: a cost that grows with the text is
off by far more. ``python -m tests.benchmarks.transcript`` prints the figures themselves.
"""

from collections.abc import Callable, Iterator
from statistics import median

import pytest
from PySide6.QtWidgets import QApplication

from tests.benchmarks.rivals import OneDocument, SetMarkdown
from tests.benchmarks.sample import markdown
from tests.benchmarks.transcript import SHAPES, Bench, conversation

pytestmark = pytest.mark.timeout(300)
ATTEMPTS = 3
GROWTH = 3.0
"""How many times as much the end may cost as the middle, where it should cost the same."""


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Bench]:
    made = Bench()
    yield made
    made.view.close()


def best(ratio: Callable[[], float]) -> float:
    """The smallest of some attempts: another program may have been busy during one."""
    return min(ratio() for _ in range(ATTEMPTS))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_flush_costs_the_same_at_the_end(bench: Bench, shape: str) -> None:
    text = SHAPES[shape](0.1)

    def ratio() -> float:
        flushes = bench.stream(bench.ours, text, tokens_a_flush=40)
        third = len(flushes) // 3
        return median(flushes[-third:]) / median(flushes[third : 2 * third])

    assert best(ratio) < GROWTH


def test_streaming_costs_less_than_setting_the_markdown_anew(bench: Bench) -> None:
    text, rival = markdown(1_500), SetMarkdown()
    bench.place(rival)
    theirs = sum(bench.stream(rival, text, tokens_a_flush=40))
    assert best(lambda: sum(bench.stream(bench.ours, text, tokens_a_flush=40)) / theirs) < 1
    rival.widget.close()


def test_a_long_chat_opens_faster_than_a_short_document(bench: Bench) -> None:
    rival = OneDocument()
    bench.place(rival)
    theirs = bench.cpu(lambda: rival.show(conversation(100)))
    messages = conversation(2_000)
    assert best(lambda: bench.cpu(lambda: bench.ours.show(messages)) / theirs) < 1
    rival.widget.close()


def test_scrolling_costs_the_same_in_a_long_chat(bench: Bench) -> None:
    def steps(count: int) -> float:
        bench.show(bench.ours, conversation(count))
        bar = bench.view.verticalScrollBar()
        return median(bench.cpu(lambda: bar.setValue(bar.value() - 120)) for _ in range(40))

    assert best(lambda: steps(5_000) / steps(100)) < GROWTH
