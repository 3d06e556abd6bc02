"""Rows of the table, and the table."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value, in ``unit``.

    ``target`` is the largest value that is good enough; ``baseline`` the same work done by ``against``, in
    the same run, and ``ratio_target`` how many times as much may be needed.
    """

    what: str
    value: float
    unit: str
    target: float | None = None
    baseline: float | None = None
    against: str = ""
    ratio_target: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def verdict(self) -> str:
        """``ok``, ``MISSED``, or nothing where there is no target."""
        if self.target is None and self.ratio_target is None:
            return ""
        over = self.target is not None and self.value > self.target
        ratio = self.ratio
        over |= self.ratio_target is not None and ratio is not None and ratio > self.ratio_target
        return "MISSED" if over or math.isnan(self.value) else "ok"

    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} x {self.against} ({_number(self.baseline)})"
        return (
            self.what,
            f"{_number(self.value)} {self.unit}",
            "" if self.target is None else f"<= {_number(self.target)}",
            ratio,
            "" if self.ratio_target is None else f"<= {self.ratio_target:g} x",
            self.verdict,
        )


HEADER = ("figure", "value", "target", "ratio to the baseline", "target", "")


def table(figures: Iterable[Figure]) -> str:
    """The figures, one a line."""
    rows = [HEADER, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value != 0 and abs(value) < 0.1:
        return f"{value:.3g}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"
