"""Showing a stored conversation of 10,000 messages."""

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import running

MESSAGES = 10_000


def measure(*, short: bool = False) -> list[Figure]:
    count = MESSAGES // 10 if short else MESSAGES
    runs = []
    for _ in range(1 if short else 5):
        with running("tests.benchmarks.layers", "opening", str(count)) as program:
            runs.append(program.result())
    cpu, wall, rows, longest = (min(run[name] for run in runs) for name in ("cpu", "wall", "rows", "longest"))
    what, against = f"opening {count:,} messages", "reading the rows"
    return [
        Figure(what, cpu * 1000, "ms CPU", None, rows * 1000, against),
        Figure(f"{what}, by the clock", wall * 1000, "ms"),
        Figure(f"{what}, longest gap", longest * 1000, "ms"),
    ]
