"""Finding in a transcript: messages are searched in slices of time, and hits are known by their place."""

import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, QTimer, Signal

from desktop_chat.domain.message import PartKind, Role, State
from desktop_chat.ui.transcript.arrangement import Position
from desktop_chat.ui.transcript.citations import noted_leaves
from desktop_chat.ui.transcript.excerpt import Place
from desktop_chat.ui.transcript.find import FIELDS, Matcher, Matching, Query, parsed, search
from desktop_chat.ui.transcript.find_words import Words, WordsMatcher
from desktop_chat.ui.transcript.heights import Heights
from desktop_chat.ui.transcript.leaves import Leaf
from desktop_chat.ui.transcript.row import deadline_in
from desktop_chat.ui.transcript.text import Wash

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

SLICE = 0.004
"""Seconds of searching before the window has its turn."""
MAX_HITS = 100_000
"""Hits that are kept; searching ends there."""
TELL = 0.06
"""Seconds between two reports of a count that grows."""
LATER, COST_SHARE = 0.2, 10
"""Seconds until a message that changed is searched again; or this multiple of what it cost before."""
MARGIN = 64
"""The design's pixels between a hit and the edges of the view: more than the find bar covers."""

Hit = tuple[int, int, int, int, int]
"""Row, part, block, start and end."""


class Finder(QObject):
    """The hits of one query in the messages of a view, in reading order.

    The messages are searched from where the reader is downwards, then round from the top. ``changed`` is
    emitted when the number of hits, the current one or :attr:`is_complete` changed, ``wrapped`` when a step
    went on at the other end of the chat: True from its top, False from its end.
    """

    changed = Signal()
    wrapped = Signal(bool)

    def __init__(self, view: "Transcript") -> None:
        super().__init__(view)
        self._view, self._rows = view, view.rows
        self.query: Query | Words | None = None
        self.current: Hit | None = None
        """The hit that was gone to last, where it still is one."""
        self.counts = Heights()
        """The number of hits of each message."""
        self._matcher: Matching | None = None
        self._hits: dict[int, array[int]] = {}
        self._marks: dict[int, dict[tuple[int, int], list[tuple[int, int]]]] = {}
        self._start = self._ahead = self._behind = self._ring = 0
        self._changed: dict[int, None] = {}
        self._job: Iterator[None] | None = None
        self._step: tuple[int, Place, bool] | None = None
        self._only: int | None = None
        self._revealing = False
        self._told = self._cost = 0.0
        self._slices = QTimer(self, interval=0, singleShot=True)
        self._slices.timeout.connect(self._slice)
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._slices.start)

    # What is found

    @property
    def total(self) -> int:
        return self.counts.total

    @property
    def is_complete(self) -> bool:
        """Whether every message has been searched, or as many hits found as are kept."""
        return self._ahead + self._behind >= self._ring or self.is_full

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be searched, or on its way to be shown."""
        return not (self._slices.isActive() or self._later.isActive())

    @property
    def is_full(self) -> bool:
        return self.counts.total >= MAX_HITS

    @property
    def number(self) -> int:
        """Which hit is the current one, from 1; 0 where there is none."""
        if self.current is None:
            return 0
        index = self._before(self.current[:4])
        return index + 1 if index < self.total and self.hit(index) == self.current else 0

    def hit(self, index: int) -> Hit:
        """The hit of a number from 0. Raises IndexError where there are not so many."""
        row = self.counts.find(index)
        hits, at = self._hits.get(row), (index - self.counts.before(row)) * FIELDS
        if hits is None or not 0 <= at < len(hits):
            raise IndexError(index)
        return row, hits[at], hits[at + 1], hits[at + 2], hits[at + 3]

    def shares(self, row: int) -> list[float]:
        """About how far down a message its hits are, from 0 to 1; at most some hundred of them."""
        hits = self._hits.get(row, ())
        step = FIELDS * max(1, len(hits) // FIELDS // 500)
        return [hits[at] / 1000 for at in range(FIELDS - 1, len(hits), step)]

    def washes(self, row: int, part: int, block: int) -> list[Wash]:
        """The marks of the hits in a block."""
        if row not in self._hits:
            return []
        marks = self._marks.get(row)
        if marks is None:
            if len(self._marks) > 60:
                self._marks.clear()
            marks = self._marks[row] = {}
            hits = self._hits[row]
            for at in range(0, len(hits), FIELDS):
                known, (start, end) = marks.setdefault((hits[at], hits[at + 1]), []), hits[at + 2 : at + 4]
                if known and known[-1][1] == start:
                    # Hits that touch look like one, which is drawn as fast.
                    start = known.pop()[0]
                known.append((start, end))
        formats = self._view.rows.formats
        color, ink = formats.colors.hit, formats.ink
        return [Wash(start, end, color, ink=ink) for start, end in marks.get((part, block), ())]

    def current_wash(self, row: int, part: int, block: int) -> list[Wash]:
        """The stronger mark of the current hit, where a block has it."""
        if self.current is None or self.current[:3] != (row, part, block):
            return []
        formats = self._view.rows.formats
        return [Wash(*self.current[3:], formats.colors.hit_current, formats.colors.accent, formats.ink)]

    # What is asked

    def find(self, query: Query | Words | None, row: int | None = None) -> None:
        """Look for something else, and go to its first hit from where the reader is, or in the message at
        ``row`` and nowhere where that has none. None ends it."""
        if query is None or not query.text:
            query = None
        if query == self.query and row is None:
            return
        origin = self._origin(last=False) if row is None else (row, 0, 0, 0)
        if query is not None and self.current is not None and self._is_selected(self.current):
            self._select(origin, origin)
        self.query = query
        self._matcher = None
        if query is not None:
            self._matcher = WordsMatcher(query) if isinstance(query, Words) else Matcher(query)
        self.current = None
        if row is not None:
            self._unfold(row)
        self._restart(origin[0])
        self._only = row
        if query is not None:
            self._step = 1, origin, False
            self._slice()

    def next(self) -> None:
        self._go_on(1)

    def previous(self) -> None:
        self._go_on(-1)

    def messages_changed(self) -> None:
        """Other messages are shown."""
        self.current, self._step, self._only = None, None, None
        self._restart(self._origin(last=False)[0])

    def message_added(self) -> None:
        """One more message is shown, below the others."""
        if self.query is None:
            return
        if not self.is_complete:
            self._restart(self._start)
            return
        self.counts.append(0)
        self._start, self._ahead, self._behind = 0, self._ring, 0
        self._ring += 1
        self._slices.start()

    def message_changed(self, row: int) -> None:
        """The text of a message, or what is shown of it, is another."""
        if self.query is not None:
            self._changed[row] = None
            if not self._later.isActive():
                self._later.start(round(1000 * max(LATER, COST_SHARE * self._cost)))

    def _go_on(self, direction: int) -> None:
        if self.query is None:
            return
        origin = self._origin(last=direction > 0)
        if not self.is_complete and not self._is_searched(origin[0]):
            self._restart(origin[0])
        self._step, self._only = (direction, origin, True), None
        self._slice()

    def _unfold(self, row: int) -> None:
        """Show the reasoning of a message where what is looked for is there alone."""
        message, matcher = self._rows.messages[row], self._matcher
        if matcher is None or not message.reasoning or matcher.spans(message.text):
            return
        if matcher.spans(message.reasoning):
            self._rows.set_unfolded(row, True)
            self._view.refresh()

    def _origin(self, *, last: bool) -> Place:
        """Where to go on from: the selection, else the top of the view."""
        rows, selection = self._rows, self._view.selection
        if selection.anchor is not None and selection.head is not None:
            place = (max if last else min)(selection.anchor, selection.head)
            if place[0] < len(rows.messages):
                return place
        if not rows.messages or not rows.visible:
            return 0, 0, 0, 0
        index, y = rows.visible[0]
        for part, flow, _x, top in rows.row(index).flows():
            if flow.blocks and -y < top + flow.heights.total:
                return index, part, flow.heights.find(max(0, -y - top)), 0
        return min(index + 1, len(rows.messages) - 1), 0, 0, 0

    def _is_selected(self, hit: Hit) -> bool:
        selection = self._view.selection
        return (selection.anchor, selection.head) == (hit[:4], (*hit[:3], hit[4]))

    # Searching

    def _restart(self, row: int) -> None:
        self._hits.clear()
        self._marks.clear()
        self._changed.clear()
        self._job = None
        self._ring = len(self._rows.messages) if self.query is not None else 0
        self.counts = Heights([0] * self._ring)
        self._start, self._ahead, self._behind = min(row, max(0, self._ring - 1)), 0, 0
        self._view.viewport().update()
        self._told = 0.0
        if self._ring:
            self._slices.start()
        else:
            self._step = None
            self._slices.stop()
            self.changed.emit()

    def _slice(self) -> None:
        if self._revealing:
            # A turn of its own: laying out what is gone to takes as long as a slice.
            self._reveal()
            self._slices.start()
            return
        started = time.perf_counter()
        deadline = started + SLICE
        while time.perf_counter() < deadline:
            if self._job is None:
                self._job = self._next_job()
                if self._job is None:
                    break
            if next(self._job, self) is self:
                self._job = None
                if self._step is not None and self._take_step():
                    break
        if self._step is not None:
            self._take_step()
        if self._job is not None or self._revealing or not self.is_complete:
            self._slices.start()
        elif self._changed and not self._later.isActive():
            self._later.start(round(1000 * max(LATER, COST_SHARE * self._cost)))
        now = time.perf_counter()
        if now - self._told > TELL or not self._slices.isActive():
            self._told = now
            self.changed.emit()

    def _next_job(self) -> Iterator[None] | None:
        if self._changed and not self._later.isActive():
            row = next(iter(self._changed))
            del self._changed[row]
            if self._is_searched(row):
                return self._search_row(row)
        if self.is_complete:
            return None
        if self._step is not None and self._step[0] < 0:
            self._behind += 1
            return self._search_row((self._start - self._behind) % self._ring)
        self._ahead += 1
        return self._search_row((self._start + self._ahead - 1) % self._ring)

    def _search_row(self, index: int) -> Iterator[None]:
        """Search one message, in bounded pieces; its hits are there when it is done."""
        assert self._matcher is not None
        began = time.perf_counter()
        message = self._rows.messages[index]
        literal = message.role is Role.USER
        texts = [(1, message.text, literal)]
        # The numbers of sources are shown, but are not in the text.
        cites = any(part.kind is PartKind.CITATION for part in message.parts)
        if self._rows.is_unfolded(index):
            texts.insert(0, (0, message.reasoning, False))
        parts: list[tuple[int, list[Leaf]]] = []
        for part, source, literal in texts:
            if not cites and not self._matcher.can_be_in(source, literal=literal):
                continue
            row = self._rows.built(index)
            flow = row.flow(part) if row is not None else None
            if flow is not None and flow.is_complete and flow.length == len(source):
                parts.append((part, [block.leaf for block in flow.blocks]))
                continue
            for leaves in parsed(source, literal=literal):
                if leaves is None:
                    yield
                else:
                    parts.append((part, noted_leaves(message, leaves) if part else leaves))
        found = array("i")
        if parts:
            yield from search(self._matcher, parts, found)
        self._keep(index, found)
        if message.state is State.STREAMING:
            self._cost = time.perf_counter() - began

    def _keep(self, index: int, found: "array[int]") -> None:
        if found == self._hits.get(index, array("i")):
            return
        del found[MAX_HITS * FIELDS :]
        self.counts[index] = len(found) // FIELDS
        self._marks.pop(index, None)
        if found:
            self._hits[index] = found
        else:
            self._hits.pop(index, None)
        if self.current is not None and self.current[0] == index and not self.number:
            self.current = None
        self._view.update_row(index)

    def _is_searched(self, row: int) -> bool:
        return self._offset(row) < self._ahead + self._behind

    def _offset(self, row: int) -> int:
        return (row - self._start + self._behind) % max(1, self._ring)

    # Going to a hit

    def _before(self, place: Place) -> int:
        """How many hits begin before a place."""
        row = min(place[0], len(self.counts))
        if row == len(self.counts):
            return self.total
        hits = self._hits.get(row, array("i"))
        inside = bisect_left(
            range(len(hits) // FIELDS),
            place[1:],
            key=lambda i: (hits[FIELDS * i], hits[FIELDS * i + 1], hits[FIELDS * i + 2]),
        )
        return self.counts.before(row) + inside

    def _take_step(self) -> bool:
        """Go to the hit that is asked for, as soon as it is certain which one it is."""
        assert self._step is not None
        direction, origin, tell = self._step
        if self._only is not None and not self.counts[self._only]:
            if self._job is None:
                self._step = self._only = None
            return False
        if not self.total:
            if self.is_complete and self._job is None:
                self._step = None
            return False
        index = self._before(origin) - (direction < 0)
        wraps = not 0 <= index < self.total
        index %= self.total
        hit = self.hit(index)
        here, there = self._offset(origin[0]), self._offset(hit[0])
        reached = here <= there if direction > 0 else there <= here
        is_certain = reached and not (wraps and hit[0] == origin[0])
        if not is_certain and not (self.is_complete and self._job is None):
            return False
        self._step = None
        self._go_to(hit)
        if wraps and tell:
            self.wrapped.emit(direction > 0)
        return True

    def _go_to(self, hit: Hit) -> None:
        self.current = hit
        self._select(hit[:4], (*hit[:3], hit[4]))
        self._revealing = True
        self._told = 0.0

    def _select(self, anchor: Place, head: Place) -> None:
        self._view.selection.clear()
        self._view.selection.set(anchor, head)
        self._view.viewport().update()

    def _reveal(self) -> None:
        """Scroll to the current hit; goes on in the next slice where it has to be parsed first."""
        self._revealing = False
        if self.current is None:
            return
        index, part, block = self.current[:3]
        if not part and not self._rows.is_unfolded(index):
            self._rows.set_unfolded(index, True)
        self._rows.unfold(index)
        row = self._rows.row(index)
        row.advance(deadline_in(SLICE))
        flow = row.flow(part)
        if flow is None:
            return
        if block >= len(flow.blocks):
            self._revealing = not row.is_complete
            return
        view = self._view
        if flow.unfold(block):
            view.refresh()
        self._scroll_to(self.current, flow.offset_of(block, self.current[3]))
        view.sideways.reveal(self.current[:4], (*self.current[:3], self.current[4]))

    def _scroll_to(self, hit: Hit, offset: int) -> None:
        """Scroll to a hit that is parsed, at an offset into the text of its part."""
        rows, view, (index, part) = self._rows, self._view, hit[:2]
        height = rows.view_height
        margin = min(view.theme.px(MARGIN), height // 4)
        for _attempt in range(4):
            place = self.place_in_view(hit)
            if place is None:
                view.restore(Position(rows.messages[index].id, part, offset, height // 3))
                continue
            if margin <= place.top() and place.bottom() <= height - margin:
                if rows.sticks and rows.messages[-1].state is State.STREAMING:
                    view.restore(Position(rows.messages[index].id, part, offset, place.top()))
                return
            before = rows.top
            view.scroll_by(place.top() - height // 3)
            if rows.top == before:
                return

    def place_in_view(self, hit: Hit) -> QRect | None:
        """The place of a hit's first line in the view; None where it is not laid out."""
        index, part, number, start, end = hit
        y = dict(self._rows.visible).get(index)
        row = self._rows.built(index)
        if y is None or row is None:
            return None
        for each, flow, flow_x, flow_top in row.flows():
            if each != part or number >= len(flow.blocks):
                continue
            at = flow.blocks[number].text_of(start)
            if at is not None:
                text, text_x, text_top = at
                x = self._view.column_left + flow_x + text_x
                top = y + flow_top + flow.top(number) + text_top
                boxes = text.rectangles(start - text.offset, end - text.offset, 0)
                return boxes[0].translated(x, top).toAlignedRect() if boxes else None
        return None
