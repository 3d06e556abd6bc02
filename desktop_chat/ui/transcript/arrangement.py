"""Which messages stand where: virtual rows, their heights, and the line that is kept in place."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop_chat.domain.message import Message
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.heights import Heights
from desktop_chat.ui.transcript.highlight import SLICE, Lexers
from desktop_chat.ui.transcript.row import Explain, Row, deadline_in, estimate_height

PARSE_SLICE = 0.012
"""Seconds that parsing may take before the view is shown with what is there."""
MAX_ROWS = 48
"""Messages that are kept parsed; the ones not seen for longest go first."""
MAX_BLOCKS = 400
"""Blocks of one message that keep their layout while they are out of view."""


@dataclass(slots=True)
class Anchor:
    """A line of the text, and where it stands in the view. ``part`` -1 is a place above the row's text."""

    row: int = 0
    part: int = -1
    block: int = 0
    position: int = 0
    offset: int = 0
    screen_y: int = 0


class Arrangement:
    """The rows of a path. ``top`` is how far the view is scrolled, ``sticks`` whether it follows the end."""

    def __init__(self, formats: Formats, lexers: Lexers, explain: Explain) -> None:
        self.formats, self.lexers, self.explain = formats, lexers, explain
        self.messages: list[Message] = []
        self.versions: Callable[[str], list[str]] = lambda message_id: [message_id]
        self.index: dict[str, int] = {}
        self.heights = Heights()
        self.top, self.sticks = 0, True
        self.width, self.view_height = 640, 0
        self.visible: list[tuple[int, int]] = []
        """The visible rows: index, and y in the view."""
        self.is_complete = True
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._anchor = Anchor()
        self._unfolded: set[str] = set()
        self._statuses: dict[str, str] = {}

    @property
    def max_top(self) -> int:
        return max(0, self.heights.total - self.view_height)

    def set_messages(self, messages: Sequence[Message], versions: Callable[[str], list[str]]) -> None:
        """Show other messages, from their end."""
        self.messages, self.versions = list(messages), versions
        self.index = {message.id: i for i, message in enumerate(self.messages)}
        self._rows.clear()
        self._unfolded.clear()
        self._statuses.clear()
        self.heights = Heights(estimate_height(m, self.width, self.formats) for m in self.messages)
        self.sticks, self._anchor = True, Anchor()

    def add(self, message: Message) -> None:
        """Add a message below the others."""
        last = len(self.messages) - 1
        self.messages.append(message)
        self.index[message.id] = last + 1
        self.heights.append(estimate_height(message, self.width, self.formats))
        if last in self._rows:
            self._rows[last].is_last = False
            self._place(last)

    def restyle(self, formats: Formats, width: int) -> None:
        """Fonts, colours or zoom changed: everything is made again, at the same place of the text."""
        self.formats, self.width = formats, width
        self._rows.clear()
        self.heights = Heights(estimate_height(m, width, formats) for m in self.messages)

    def resize(self, width: int, view_height: int) -> None:
        self.view_height = view_height
        if width != self.width:
            self.width = width
            for row in self._rows.values():
                row.set_width(width)

    def row(self, index: int) -> Row:
        """The row of a message, made if it is not there."""
        row = self._rows.get(index)
        if row is None:
            message = self.messages[index]
            row = Row(message, self.formats, self.lexers, self.width, self.explain)
            row.is_first = index == 0
            self._rows[index] = row
            if message.id in self._unfolded:
                row.set_unfolded(True)
            row.status = self._statuses.get(message.id, "")
        row.is_last = index == len(self.messages) - 1
        row.versions = self.versions(row.message.id) or [row.message.id]
        return row

    def built(self, index: int) -> Row | None:
        """The row of a message if it is there."""
        return self._rows.get(index)

    def set_unfolded(self, index: int, unfolded: bool) -> None:
        row = self.row(index)
        (self._unfolded.add if unfolded else self._unfolded.discard)(row.message.id)
        row.set_unfolded(unfolded)
        self._place(index)

    def set_status(self, message_id: str, status: str) -> None:
        if status:
            self._statuses[message_id] = status
        else:
            self._statuses.pop(message_id, None)
        row = self._rows.get(self.index.get(message_id, -1))
        if row is not None:
            row.status = status

    def _place(self, index: int) -> None:
        row = self._rows[index]
        row.arrange()
        self.heights[index] = row.height

    # Scrolling

    def scroll_to(self, top: int) -> None:
        """Scroll to ``top``: near the view by real heights, so that what was read stays in sight."""
        delta = top - self.top
        if not delta:
            return
        if delta < 0:
            self.sticks = False
        if abs(delta) > 2 * self.view_height:
            self.top = max(0, min(top, self.max_top))
            self._pick_anchor()
        else:
            self._anchor.screen_y -= delta
        follow = delta > 0 and top >= self.max_top - 2
        self.arrange()
        if follow and self.top >= self.max_top - 2:
            self.sticks = True
            self.arrange()

    def scroll_to_end(self) -> None:
        self.sticks = True
        self.arrange()

    def reveal(self, index: int) -> None:
        """Scroll as little as shows a row, or its top where it is taller than the view."""
        self.row(index).advance(deadline_in(PARSE_SLICE))
        self._place(index)
        top, bottom = self.heights.before(index), self.heights.before(index + 1)
        if top < self.top or bottom - top > self.view_height:
            self.scroll_to(top)
        elif bottom > self.top + self.view_height:
            self.scroll_to(bottom - self.view_height)

    def _target(self) -> int:
        if self.sticks:
            return self.max_top
        return max(0, min(self._anchor_y() - self._anchor.screen_y, self.max_top))

    def _anchor_y(self) -> int:
        anchor = self._anchor
        if anchor.row >= len(self.messages):
            return self.heights.total
        y = self.heights.before(anchor.row)
        row = self._rows.get(anchor.row)
        if row is None or anchor.part < 0:
            return y + anchor.offset
        for part, flow, _x, top in row.flows():
            if part == anchor.part and anchor.block < len(flow.blocks):
                return y + top + flow.top(anchor.block) + flow.blocks[anchor.block].y_of(anchor.position)
        return y + anchor.offset

    def _pick_anchor(self) -> None:
        if not self.messages:
            self._anchor = Anchor()
            return
        index = self.heights.find(self.top)
        inside = self.top - self.heights.before(index)
        self._anchor = Anchor(index, offset=inside)
        row = self._rows.get(index)
        if row is None:
            return
        for part, flow, _x, top in row.flows():
            if flow.blocks and top <= inside < top + flow.heights.total:
                number = flow.heights.find(inside - top)
                block = flow.blocks[number]
                position, line = block.line_top(inside - top - flow.top(number))
                y = top + flow.top(number) + line
                self._anchor = Anchor(index, part, number, position, inside, y - inside)

    def arrange(self) -> None:
        """Parse and lay out what is in view, and settle where it stands."""
        parse_until, colours_until = deadline_in(PARSE_SLICE), deadline_in(SLICE)
        for _attempt in range(16):
            if not self._arrange_once(parse_until, colours_until):
                break
        self.top = self._target()
        self._pick_anchor()
        self._forget()

    def _arrange_once(self, parse_until: float, colours_until: float) -> bool:
        top, changed = self._target(), False
        self.visible, self.is_complete = [], True
        if not self.messages:
            return False
        if not self.sticks and self._anchor.part >= 0 and self._rows.get(self._anchor.row) is None:
            self.row(self._anchor.row).advance(parse_until)
            self._place(self._anchor.row)
            return True
        index = self.heights.find(top)
        y = self.heights.before(index) - top
        while y < self.view_height and index < len(self.messages):
            row = self.row(index)
            row.advance(parse_until)
            row.lay_out(-y, self.view_height - y, colours_until)
            row.arrange()
            self.is_complete &= row.is_complete
            self._rows.move_to_end(index)
            self.visible.append((index, y))
            if row.height != self.heights[index]:
                self.heights[index] = row.height
                changed = True
            y += row.height
            index += 1
        return changed or top != self._target()

    def _forget(self) -> None:
        """Drop what has not been seen for longest."""
        visible = dict(self.visible)
        for index, y in self.visible:
            row = self._rows[index]
            for _part, flow, _x, top in row.flows():
                if flow.laid_out > MAX_BLOCKS:
                    flow.release(-y - top - self.view_height, 2 * self.view_height - y - top)
        for index in list(self._rows):
            if len(self._rows) <= MAX_ROWS:
                return
            if index not in visible and not self._rows[index].is_streaming:
                del self._rows[index]

    def lexer_loaded(self) -> None:
        for row in self._rows.values():
            for _part, flow, _x, _top in row.flows():
                flow.lexer_loaded()

    def light(self) -> bool:
        """A time slice of colouring code in view; returns whether something looks different now."""
        changed = False
        for index, _y in self.visible:
            row = self._rows.get(index)
            for _part, flow, _x, _top in row.flows() if row else ():
                if flow.unlit:
                    changed |= flow.light()
        return changed

    @property
    def is_lit(self) -> bool:
        return not any(
            flow.unlit
            for index, _y in self.visible
            if index in self._rows
            for _part, flow, _x, _top in self._rows[index].flows()
        )
