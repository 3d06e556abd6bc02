"""The benchmarks run and print every row. What they measure is for people to read."""

import math
import re

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.figures import Figure, table

ROWS = {
    "start": (
        "first paint, offscreen",
        "memory while idle, offscreen",
        "CPU while idle, offscreen",
        "longest gap of the window while libraries load",
    ),
    "stream": (
        "whole program, responses, full speed",
        "whole program, responses, 200 tokens/s",
        "  of it the wire and the SDK",
        "  of it the session and the database",
        "  of it the window",
        "memory after the first answer, responses",
    ),
    "growth": ("the last tenth of 4,000 tokens",),
    "response": ("Enter to the first request", "Esc to the closed connection"),
    "opening": ("opening 1,000 messages",),
    "keys": ("a key press among 1,000 messages, median",),
    "tokens": ("counting 500 messages, o200k_base", "counting a draft beside a long chat"),
    "context": ("1,000 messages counted the first time", "the context of 1,000 messages"),
    "evidence": (),
    "history": (
        "first paint with a long history",
        "searching, all of that, median",
        "searching a word with a filter, 99 of 100",
        "opening a chat among",
        "index of",
    ),
    "details": ("longest gap, details open, 1,000 messages",),
}
SLOW = ("stream", "response", "history")
"""They start the whole program many times."""


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(tuple(name for name in ROWS if name not in SLOW), id="others"),
        pytest.param(SLOW, id="slow", marks=pytest.mark.slow),
    ],
)
def test_the_short_form_measures_everything(
    names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    figures = main(["--short", *names])
    printed = capsys.readouterr().out
    for row in (row for name in names for row in ROWS[name]):
        assert re.search(rf"^{re.escape(row)}.*? {{2,}}-?\d", printed, re.MULTILINE), row
    assert all(math.isfinite(figure.value) for figure in figures)


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("a", 1, "s"), ""),
        (Figure("a", 1, "s", 1), "ok"),
        (Figure("a", 1.01, "s", 1), "MISSED"),
        (Figure("a", math.nan, "s", 1), "MISSED"),
        (Figure("a", 3, "s", 5, 2, "b", 1.5), "ok"),
        (Figure("a", 3, "s", 5, 1, "b", 1.5), "MISSED"),
        (Figure("a", 0.2, "%", 0.0), "MISSED"),
    ],
)
def test_a_missed_target_is_told(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict
    assert table([figure]).endswith(verdict)
