"""What a smoke test says: one line a step, what failed with the logs, a summary."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator

PATIENCE = 20.0
"""Seconds for what takes a few on an idle machine."""
PAUSE = 0.1
LAST_LINES, MOST_LINES = 50, 500


class Failed(Exception):
    """What should have happened did not: what was expected, and what there was instead."""


class Report:
    """Prints as it goes."""

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self.logs: Callable[[], str] = str
        """Gives what may explain a failure."""

    @contextlib.contextmanager
    def step(self, what: str, *, needed: bool = False) -> Iterator[list[str]]:
        """One thing that has to hold; what the block adds to the list is told beside it.

        Where it fails the next step follows, unless this one is ``needed`` by all that follow.
        """
        began = time.monotonic()
        details: list[str] = []
        try:
            yield details
        except (Failed, OSError, subprocess.SubprocessError) as error:
            self.failed += 1
            self._line("FAILED", what, began, details)
            told = indented(str(error) or repr(error), MOST_LINES)
            print(told, indented(self.logs()), sep="\n", flush=True)
            if needed:
                raise Failed(f"nothing more can be tested here: {what}") from error
        else:
            self.passed += 1
            self._line("ok    ", what, began, details)

    def _line(self, verdict: str, what: str, began: float, details: list[str]) -> None:
        told = "".join(f"; {detail}" for detail in details)
        print(f"{verdict} {what}{told} ({time.monotonic() - began:.1f} s)", flush=True)

    def summary(self) -> int:
        """Print it; gives the exit code."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def expect(condition: object, otherwise: str) -> None:
    """Raise :class:`Failed` with these words where the condition does not hold."""
    if not condition:
        raise Failed(otherwise)


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something in another process. Raises :class:`Failed`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"never happened: {what}")
        time.sleep(PAUSE)


def verdict(name: str, value: float, limit: float, unit: str, *, worst: float = 2) -> str:
    """A figure beside its limit. Raises :class:`Failed` where it is more than ``worst`` times the limit."""
    told = f"{name} {value:.3g} {unit}, limit {limit:g}"
    expect(value <= limit * worst, f"{told}: more than {worst:g} times the limit")
    return told if value <= limit else f"{told}: OVER THE LIMIT"


def indented(text: str, last: int = LAST_LINES) -> str:
    """The last lines of a text, as they stand below a step that failed."""
    return "\n".join(f"        {line}" for line in text.strip().splitlines()[-last:])
