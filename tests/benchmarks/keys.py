"""A key press in a chat of 10,000 messages: until the tokens and the price of what would be sent are told.

The first one has all of the chat counted.
"""

from statistics import median

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import running

MESSAGES = 10_000
KEYS = 60
TOLD_SECONDS = 0.05
FRAME_SECONDS = 0.016
GAP_SECONDS = 0.2
"""Of the window, while a table loads; without that 0.05."""


def measure(*, short: bool = False) -> list[Figure]:
    count = MESSAGES // 10 if short else MESSAGES
    with running(
        "tests.benchmarks.layers", "keys", str(count), str(KEYS // 10 if short else KEYS)
    ) as program:
        run = program.result()
    what = f"a key press among {count:,} messages"
    spent = median(run["with"]) * 1000
    return [
        Figure(f"{count:,} messages counted the first time", run["counted"], "s", None),
        Figure("  longest gap of the window meanwhile", run["gap"] * 1000, "ms", GAP_SECONDS * 1000),
        Figure(f"{what}, until its tokens are told", max(run["waits"]) * 1000, "ms", TOLD_SECONDS * 1000),
        Figure("  of that the window is busy", max(run["with"]) * 1000, "ms", FRAME_SECONDS * 1000),
        Figure(f"{what}, median", spent, "ms", None, median(run["without"]) * 1000, "without the meter"),
    ]
