"""A chat on paper: the same rows as on the screen, cut into pages, drawn in slices of time."""

import time
from collections.abc import Generator, Iterator, Sequence

from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPagedPaintDevice, QPainter

from desktop_chat.domain.message import Message, Role
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.highlight import HighlightClient
from desktop_chat.ui.transcript.pages import Fragment, Frame, Pages, pieces
from desktop_chat.ui.transcript.row import Explain, Row
from desktop_chat.ui.transcript.row_painter import paint as paint_row

DPI = 96
"""Pixels of the design in an inch: its text of 14 pixels is then 10.5 points high."""
SLICE = 0.008
"""Seconds of work before the window has its turn."""
STEP = 400
"""Pixels of a message that are laid out before the clock is looked at."""
PATIENCE = 5.0
"""Seconds that a message waits for its colours and formulas."""
PAUSE = 10
"""Milliseconds until what is waited for is looked at again."""
MAX_ROWS = 100
"""Messages that stay laid out between the two passes."""
HEADER, FOOTER = 34, 30
WITHIN_LINE = 1.5
"""A line that reaches so far into a fragment belongs to the fragment beside it."""


class PrintJob(QObject):
    """Prints messages on ``device``, which stays the caller's. Either signal ends it.

    First all of it is laid out to know the pages, then they are drawn. ``progressed`` has the messages or
    pages done and how many there are in all; ``finished`` whether the device took everything. ``chosen`` are
    the first and the last page to print, from 1.
    """

    progressed = Signal(int, int)
    finished = Signal(bool)

    def __init__(
        self,
        messages: Sequence[Message],
        title: str,
        theme: Theme,
        explain: Explain,
        device: QPagedPaintDevice,
        chosen: tuple[int, int] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._messages = [message for message in messages if message.role is not Role.SYSTEM]
        self._title, self._explain, self._device, self._chosen = title, explain, device, chosen
        self._theme = theme.on_paper()
        self._formats = Formats(self._theme)
        self._highlighting = HighlightClient(self)
        self._rows: dict[int, Row] = {}
        self._painter = QPainter()
        self.pages: list[list[Fragment]] = []
        self._steps = self._work()
        self._timer = QTimer(self, interval=0, singleShot=True)
        self._timer.timeout.connect(self._go_on)

    def start(self) -> None:
        self._timer.start()

    def cancel(self) -> None:
        """Stop where it is; what is on the device so far is of no use."""
        self._timer.stop()
        self._steps.close()
        if self._painter.isActive():
            self._painter.end()
        self._rows.clear()

    def _go_on(self) -> None:
        until = time.perf_counter() + SLICE
        for goes_on in self._steps:
            if not goes_on or time.perf_counter() > until:
                self._timer.start(0 if goes_on else PAUSE)
                return

    def _work(self) -> Generator[bool, None, None]:
        """Yields after each step: True to go on, False to wait a little."""
        paper = self._device.pageLayout()
        scale = self._device.logicalDpiX() / DPI
        area = paper.paintRectPixels(DPI)
        self._width, height = area.width(), area.height()
        layout = Pages(max(STEP // 4, height - HEADER - FOOTER))
        for index in range(len(self._messages)):
            yield from self._lay_out(index)
            layout.add(index, pieces(self._rows[index]))
            if len(self._rows) > MAX_ROWS:
                del self._rows[index]
            self.progressed.emit(index + 1, 2 * len(self._messages))
            yield True
        self.pages = layout.made
        if not self._painter.begin(self._device):
            self.finished.emit(False)
            return
        self._painter.scale(scale, scale)
        done = True
        first, last = self._chosen or (1, len(self.pages))
        for number, page in enumerate(self.pages):
            if not first <= number + 1 <= last:
                continue
            if number + 1 > first:
                done = self._device.newPage() and done
            self._paint_margins(number, height)
            for fragment in page:
                yield from self._lay_out(fragment.row)
                self._paint(fragment)
                yield True
            for index in [i for i in self._rows if page and i < page[-1].row]:
                del self._rows[index]
            self.progressed.emit(len(self.pages) + number + 1, 2 * len(self.pages))
        done = self._painter.end() and done
        self._rows.clear()
        self.finished.emit(done)

    def _lay_out(self, index: int) -> Iterator[bool]:
        """Have a message laid out as a whole, with its colours and formulas."""
        if index in self._rows:
            return
        row = Row(self._messages[index], self._formats, self._highlighting, self._width, self._explain)
        row.set_unfolded(True)
        row.body.end()
        while not row.is_complete:
            row.advance(time.perf_counter() + SLICE / 2)
            yield True
        for _part, flow, _x, _top in row.flows():
            y = 0
            while y < flow.heights.total:
                flow.lay_out(y, y + STEP)
                y += STEP
                yield True
            patience = time.perf_counter() + PATIENCE
            while flow.unlit and time.perf_counter() < patience:
                yield False
                flow.light()
        row.arrange()
        self._rows[index] = row

    def _paint(self, fragment: Fragment) -> None:
        painter, top = self._painter, HEADER + fragment.y
        height = fragment.bottom - fragment.top
        painter.save()
        painter.setClipRect(QRectF(-8, top, self._width + 16, height))
        clip = QRectF(0, top + WITHIN_LINE, self._width, height - 2 * WITHIN_LINE)
        paint_row(
            self._rows[fragment.row],
            painter,
            0,
            top - fragment.top,
            clip,
            lambda _part, _block: (),
            active=False,
            hovered=None,
            cursor=False,
            on_paper=True,
        )
        painter.restore()
        for frame, y in ((fragment.above, top), (fragment.below, top + height - 1)):
            if frame is not None:
                self._paint_edge(frame, y)

    def _paint_edge(self, frame: Frame, y: int) -> None:
        self._painter.fillRect(frame.left, y, frame.right - frame.left, 1, self._formats.colors.line)

    def _paint_margins(self, number: int, height: int) -> None:
        painter, formats = self._painter, self._formats
        painter.setFont(formats.meta_font)
        painter.setPen(formats.colors.dim)
        title = painter.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, self._width)
        painter.drawText(QRectF(0, 0, self._width, 18), Qt.AlignmentFlag.AlignLeft, title)
        painter.fillRect(0, 21, self._width, 1, formats.colors.line)
        footer = QRectF(0, height - 18, self._width, 18)
        words = f"Page {number + 1} of {len(self.pages)}"
        painter.drawText(footer, Qt.AlignmentFlag.AlignHCenter, words)
