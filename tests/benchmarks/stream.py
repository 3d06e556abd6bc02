"""An answer of 4,000 tokens, one event a token: what each layer costs, and how long the window is away."""

from collections.abc import Sequence

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import running, server

TOKENS = 4_000
GAP_SECONDS = 0.05
SPEEDS = {0: (200, 4.5), 200: (800, 1.8)}
"""Tokens a second (0 is all at once), and how many µs a token may need, and how many times the baseline."""
BARE = "the bare SDK"


def measure(*, short: bool = False) -> list[Figure]:
    figures = []
    for rate, (target, ratio) in SPEEDS.items():
        tokens = TOKENS if not short else 1_000 if not rate else 100
        repeats = 1 if short else 2 if rate else 7
        for dialect in ("responses",) if short else ("responses", "chat_completions"):
            figures += _speed(tokens, rate, dialect, repeats, target, ratio)
    return figures


def _speed(
    tokens: int, rate: int, dialect: str, repeats: int, target: float, ratio_target: float
) -> list[Figure]:
    how = f"{dialect}, {rate} tokens/s" if rate else f"{dialect}, full speed"
    with server(tokens, rate) as (_, url):

        def cheapest(module: str, verb: str) -> tuple[float, dict[str, float]]:
            with running(f"tests.benchmarks.{module}", verb, url, dialect, str(repeats)) as program:
                result = program.result()
            return min(result["cpu"]) / tokens * 1e6, result

        bare, _ = cheapest("bare", "stream")
        api, _ = cheapest("layers", "api")
        session, _ = cheapest("layers", "session")
        whole, result = cheapest("layers", "window")
        with running("tests.benchmarks.layers", "gaps", url, dialect, str(min(repeats, 3))) as program:
            longest: Sequence[float] = program.result()["longest"]
    unit = "µs/token"
    figures = [
        Figure(f"whole program, {how}", whole, unit, target, bare, BARE, ratio_target),
        Figure("  of it the wire and the SDK", api, unit, None, bare, BARE),
        Figure("  of it the session and the database", session - api, unit, None, bare, BARE),
        Figure("  of it the window", whole - session, unit, None, bare, BARE),
        Figure(f"longest gap, first answer, {how}", longest[0] * 1000, "ms", GAP_SECONDS * 1000),
    ]
    if len(longest) > 1:
        figures.append(
            Figure(f"longest gap, later answers, {how}", min(longest[1:]) * 1000, "ms", GAP_SECONDS * 1000)
        )
    if not rate:
        figures.append(Figure(f"memory after the first answer, {dialect}", result["rss"], "MB"))
    return figures
