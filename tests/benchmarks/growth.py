"""An answer of 40,000 tokens: does a token cost more the more there are?"""

import itertools
from collections.abc import Sequence

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import running, server

TOKENS = 40_000
RATIO = 1.3


def measure(*, short: bool = False) -> list[Figure]:
    tokens = TOKENS // 10 if short else TOKENS
    found = []
    with server(tokens) as (_, url):
        for _ in range(1 if short else 5):
            with running("tests.benchmarks.layers", "growth", url, "responses") as program:
                marks = program.result()["marks"]
            total = marks[-1][0]
            first = _cpu_at(marks, total * 0.1) - marks[0][1]
            share = (total * 0.1 - marks[0][0]) / (total * 0.1)
            last = marks[-1][1] - _cpu_at(marks, total * 0.9)
            found.append((last * share / first, last, first / share))
    found.sort()
    _, last, first = found[len(found) // 2]
    scale = 1e6 / (tokens / 10)
    what = f"the last tenth of {tokens:,} tokens"
    return [
        Figure(what, last * scale, "µs/token", None, first * scale, "the first tenth", RATIO),
    ]


def _cpu_at(marks: Sequence[Sequence[float]], characters: float) -> float:
    """The CPU seconds when that much had come, between two marks in proportion."""
    for (before, began), (after, ended) in itertools.pairwise(marks):
        if after >= characters:
            return began + (ended - began) * max(0.0, characters - before) / (after - before)
    return marks[-1][1]
