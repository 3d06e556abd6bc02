"""What an endpoint still allows, as its last answer said: requests and tokens, each with a bar."""

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_chat.domain.evidence import Allowance, RateLimits
from desktop_chat.ui.counts import short_count
from desktop_chat.ui.gauge import Bar
from desktop_chat.ui.safe import label, tool_tip
from desktop_chat.ui.theme import Theme

TICK = 1000
"""Milliseconds between two looks at the clock while it is shown."""


class RateGauge(QWidget):
    """Two rows, of which those are shown that the server says something of."""

    def __init__(
        self, theme: Theme, clock: Callable[[], float] = time.time, parent: QWidget | None = None
    ) -> None:
        """``clock`` gives the Unix time in seconds."""
        super().__init__(parent)
        self._theme, self._clock = theme, clock
        self._limits = RateLimits()
        self.requests = _Row(theme, "Requests left", "requestsLeft")
        self.tokens = _Row(theme, "Tokens left", "tokensLeft")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.requests)
        self._column.addWidget(self.tokens)
        self._tick = QTimer(self, interval=TICK)
        self._tick.timeout.connect(self.refresh)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_limits(None)

    def set_limits(self, limits: RateLimits | None) -> None:
        """Show these; None where the endpoint never told any."""
        self._limits = limits or RateLimits()
        self.refresh()
        self.setVisible(limits is not None)

    def refresh(self) -> None:
        """Show what is left by now."""
        age = self._clock() - self._limits.seen_at
        is_waiting = [
            row.show_allowance(allowance, age)
            for row, allowance in ((self.requests, self._limits.requests), (self.tokens, self._limits.tokens))
        ]
        if not any(is_waiting):
            self._tick.stop()
        elif self.isVisible():
            self._tick.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        self._tick.stop()
        super().hideEvent(event)

    def _restyle(self) -> None:
        self._column.setSpacing(self._theme.px(2))


class _Row(QWidget):
    """A name, what is left, and a bar that is full where nothing is."""

    def __init__(self, theme: Theme, name: str, object_name: str) -> None:
        super().__init__()
        self._theme, self._name = theme, name
        caption = label(name)
        caption.setProperty("role", "detail")
        self.value = label()
        self.value.setProperty("role", "dim")
        self.value.setObjectName(object_name)
        self.bar = Bar(theme)
        caption.setBuddy(self.value)
        self._line = QHBoxLayout()
        self._line.addWidget(caption)
        self._line.addStretch(1)
        self._line.addWidget(self.value)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._line)
        self._column.addWidget(self.bar)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_allowance(self, allowance: Allowance, age: float) -> bool:
        """Show what is left ``age`` seconds after it was told; whether that changes with time."""
        limit, remaining, resets_in = allowance.limit, allowance.remaining, allowance.resets_in
        waits = max((resets_in or 0.0) - age, 0.0)
        if remaining is None and limit is None:
            self.hide()
            return False
        if resets_in is not None and not waits:
            remaining = limit if limit is not None else remaining
        left = short_count(remaining) if remaining is not None else "?"
        self.value.setText(f"{left} / {short_count(limit)}" if limit is not None else left)
        share = 1 - remaining / limit if limit and remaining is not None else 0.0
        self.bar.set_share(share)
        self.bar.setVisible(bool(limit))
        again = f", all again in {_span(waits)}" if waits and remaining != limit else ""
        self.value.setToolTip(tool_tip(f"{self._name}: {left}{again}"))
        self.value.setAccessibleDescription(f"{self._name}: {left}{again}")
        self.show()
        return bool(waits)

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(0, 0, px(8), px(6))
        self._column.setSpacing(0)


def _span(seconds: float) -> str:
    """``45 s``, ``6 min``, ``2 h``: in the larger unit, rounded up."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds > size:
            return f"{-(-seconds // size):.0f} {unit}"
    return f"{-(-seconds // 1):.0f} s"
