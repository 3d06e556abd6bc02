"""Long work on the GUI thread in slices, so that the window answers meanwhile."""

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

SLICE = 0.006
"""Seconds: a frame has 16 ms."""


class Slices(QObject):
    """Runs one piece of work at a time; a new one takes the place of the one before."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Iterator[object] | None = None
        self._done: Callable[[], None] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_busy(self) -> bool:
        return self._work is not None

    def start(self, work: Iterator[object], done: Callable[[], None] | None = None) -> None:
        """Work off ``work``, whose steps are short, then call ``done``. The first slice is done at once."""
        self._work, self._done = work, done
        self._timer.start()
        self._go_on()

    def stop(self) -> None:
        self._work = self._done = None
        self._timer.stop()

    def _go_on(self) -> None:
        work = self._work
        end = time.perf_counter() + SLICE
        while work is not None and self._work is work:
            try:
                next(work)
            except StopIteration:
                done = self._done
                self.stop()
                if done is not None:
                    done()
                return
            if time.perf_counter() > end:
                return
