"""Scrolling code and wide tables sideways: by wheel, by the bar, by keys, and where the caret goes."""

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.transcript.blocks import Block
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.excerpt import Place
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.strip import MIN_THUMB, Strip
from desktop_chat.ui.transcript.wheel import NOTCH

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

LINE = 20
"""What one line of a wheel is sideways, in the design's pixels."""
STEP = 60
"""What one key is."""
MARGIN = 24
"""What stays in sight beside the caret."""
DRAG_INTERVAL = 40
"""Milliseconds between two steps while a selection is dragged over an edge."""
MAX_DRAG_STEP = 60


class Found(NamedTuple):
    """A block that can scroll, and where its flow's left edge and its own top are in the viewport."""

    flow: Flow
    number: int
    block: Block
    strip: Strip
    left: float
    top: float

    @property
    def track(self) -> QRectF | None:
        """Where the bar is, if it is below this piece."""
        if not self.strip.scrolls or not self.flow.is_last_shown(self.number):
            return None
        return self.block.bar().translated(self.left, self.top)

    @property
    def window(self) -> QRectF:
        return (self.block.window() or QRectF()).translated(self.left, self.top)


class Sideways:
    """What moves the strips of a view. Points are those of the viewport."""

    def __init__(self, view: "Transcript") -> None:
        self._view = view
        self._hot: Strip | None = None
        self._held: tuple[Strip, QRectF, float] | None = None
        self._dragged_to = QPointF()
        self._drag_timer = QTimer(view, interval=DRAG_INTERVAL)
        self._drag_timer.timeout.connect(self._drag_on)

    def forget(self) -> None:
        """Other messages are shown."""
        self._hot, self._held = None, None
        self._drag_timer.stop()

    def at(self, point: QPointF, *, beside: bool = False) -> Found | None:
        """What can scroll at a point, or with ``beside`` at its height."""
        at = self._view.row_at(point.y())
        if at is None:
            return None
        y = point.y() - at[1]
        for _part, flow, x, top in self._view.rows.row(at[0]).flows():
            if not flow.blocks or not top <= y < top + flow.heights.total:
                continue
            index = flow.heights.find(int(y) - top)
            block, left = flow.blocks[index], self._view.column_left + x
            if block.strip is None or not block.strip.scrolls or not block.width:
                return None
            inside = left + block.left <= point.x() <= left + block.width
            if y < top + flow.top(index) or not (inside or beside):
                return None
            return Found(flow, index, block, block.strip, left, at[1] + top + flow.top(index))
        return None

    def _scroll(self, strip: Strip, offset: float) -> None:
        if strip.scroll_to(offset):
            self._view.refresh()

    # Wheel and touch-pad

    def wheel(self, event: QWheelEvent) -> bool:
        """Scroll what the pointer is at, if the wheel is turned sideways or with Shift; whether it was."""
        modifiers = event.modifiers()
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta()
        sideways, upright = delta.x(), delta.y()
        if modifiers & Qt.KeyboardModifier.ShiftModifier and not sideways:
            sideways, upright = upright, 0
        if modifiers & Qt.KeyboardModifier.ControlModifier or abs(sideways) <= abs(upright):
            return False
        found = self.at(event.position())
        if found is None:
            return False
        pixels = float(sideways)
        if event.pixelDelta().isNull():
            pixels *= QApplication.wheelScrollLines() * found.block.formats.px(LINE) / NOTCH
        self._scroll(found.strip, found.strip.offset - pixels)
        event.accept()
        return True

    # The bar

    def _bar_at(self, point: QPointF) -> tuple[Found, QRectF] | None:
        found = self.at(point)
        track = found.track if found is not None else None
        if found is None or track is None or not track.contains(point):
            return None
        return found, track

    def press(self, point: QPointF) -> bool:
        """Take hold of the bar at a point; the thumb comes to a press beside it."""
        at = self._bar_at(point)
        if at is None:
            return False
        (found, track), least = at, at[0].block.formats.px(MIN_THUMB)
        thumb = found.strip.thumb(track, least)
        inside = thumb.left() <= point.x() <= thumb.right()
        self._held = found.strip, track, point.x() - thumb.left() if inside else thumb.width() / 2
        self._heat(found.strip)
        self.move(point)
        return True

    def move(self, point: QPointF) -> bool:
        """The pointer moves with the button held; returns whether it holds a bar."""
        if self._held is None:
            return False
        strip, track, grip = self._held
        least = self._view.rows.formats.px(MIN_THUMB)
        self._scroll(strip, strip.offset_at(point.x() - grip, track, least))
        return True

    def release(self) -> bool:
        held, self._held = self._held, None
        self._drag_timer.stop()
        return held is not None

    def hover(self, point: QPointF) -> bool:
        """The pointer is at a point; returns whether that is a bar."""
        at = self._bar_at(point)
        self._heat(at[0].strip if at is not None else None)
        return at is not None

    def at_bar(self, point: QPointF) -> bool:
        """Whether a point is at a bar."""
        return self._bar_at(point) is not None

    def leave(self) -> None:
        """The pointer left the view."""
        if self._held is None:
            self._heat(None)

    def _heat(self, strip: Strip | None) -> None:
        if strip is not self._hot:
            for one, hot in ((self._hot, False), (strip, True)):
                if one is not None:
                    one.is_hot = hot
            self._hot = strip
            self._view.refresh()

    # Selecting

    def drag(self, point: QPointF) -> None:
        """A selection is dragged to a point: where that is beside the text, the text comes."""
        self._dragged_to = point
        found = self.at(point, beside=True)
        if found is None or found.window.left() <= point.x() <= found.window.right():
            self._drag_timer.stop()
        elif not self._drag_timer.isActive():
            self._drag_timer.start()

    def _drag_on(self) -> None:
        point = self._dragged_to
        found = self.at(point, beside=True)
        if found is None or not self._view.selection.is_dragging:
            self._drag_timer.stop()
            return
        window = found.window
        over = min(0.0, point.x() - window.left()) + max(0.0, point.x() - window.right())
        self._scroll(found.strip, found.strip.shift + max(-MAX_DRAG_STEP, min(MAX_DRAG_STEP, over)))
        place = self._view.place_at(point)
        if place is not None:
            self._view.selection.drag(place)
            self._view.viewport().update()

    def follow_caret(self) -> None:
        """Bring the caret into sight, unless the pointer moves it."""
        if not self._view.selection.is_dragging:
            place = self._view.selection.head
            if place is not None:
                self._unfold_at(place)
                self.reveal(place)

    def _unfold_at(self, place: Place) -> None:
        """Show the code that the caret is in; a selection may end in what is folded."""
        view, (row, part, index, position) = self._view, place
        built = view.rows.built(row) if view.selection.is_empty else None
        flow = built.flow(part) if built is not None else None
        block = flow.blocks[index] if flow is not None and index < len(flow.blocks) else None
        if flow is not None and isinstance(block, CodeBlock) and not block.shows(position):
            flow.unfold(index)
            view.refresh()

    def reveal(self, place: Place, until: Place | None = None) -> None:
        """Scroll as little as shows a place of text that is laid out, and what follows up to ``until``."""
        view = self._view
        row, part, index, _position = place
        if row not in dict(view.rows.visible):
            return
        flows = view.rows.row(row).flows()
        flow, x = next(((flow, x) for each, flow, x, _y in flows if each == part), (None, 0))
        block = flow.blocks[index] if flow is not None and index < len(flow.blocks) else None
        if block is None or block.strip is None or not block.strip.scrolls or not block.width:
            return
        window = (block.window() or QRectF()).translated(view.column_left + x, 0)
        margin = min(block.formats.px(MARGIN), window.width() / 3)
        for end in (until, place):
            rect = view.place_rect(end) if end is not None else None
            if rect is None or rect.isNull():
                continue
            shift = block.strip.shift
            if rect.left() < window.left() + margin:
                self._scroll(block.strip, shift + rect.left() - window.left() - margin)
            elif rect.right() > window.right() - margin:
                self._scroll(block.strip, shift + rect.right() - window.right() + margin)

    # Keys

    def step(self, direction: int) -> bool:
        """Scroll by a step what can scroll and is nearest to the middle of the view: of the current message,
        if it has any in view. Returns whether there was any."""
        view = self._view
        middle = view.rows.view_height / 2
        best: tuple[bool, float, Strip] | None = None
        for row, y in view.rows.visible:
            for _part, flow, _x, top in view.rows.row(row).flows():
                for index in flow.visible(-y - top, view.rows.view_height - y - top):
                    strip = flow.blocks[index].strip
                    if strip is None or not strip.scrolls:
                        continue
                    start = y + top + flow.top(index)
                    end = start + flow.blocks[index].height
                    key = row != view.current, max(start - middle, middle - end, 0.0), strip
                    if best is None or key[:2] < best[:2]:
                        best = key
        if best is None:
            return False
        strip = best[2]
        self._scroll(strip, strip.shift + direction * view.rows.formats.px(STEP))
        return True
