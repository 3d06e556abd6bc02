"""Which messages stand where: virtual rows, their heights, and the line that is kept in place."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from desktop_chat.domain.message import Message, Role
from desktop_chat.ui.sight import Sight
from desktop_chat.ui.transcript.days import Days
from desktop_chat.ui.transcript.flow import Budget
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.heights import Heights
from desktop_chat.ui.transcript.highlight import HighlightClient
from desktop_chat.ui.transcript.images import Images
from desktop_chat.ui.transcript.row import DAY_HEIGHT, RULE_HEIGHT, Explain, Row, deadline_in, estimate_height
from desktop_chat.ui.transcript.row_actions import FOLDED, MARKDOWN
from desktop_chat.ui.transcript.strip import Strip

PARSE_SLICE = 0.012
"""Seconds that parsing may take before the view is shown with what is there."""
LAYOUT_SLICE = 0.03
"""Processor seconds that laying out may take before; far more than what is in view of usual text needs."""
MAX_ROWS = 48
"""Messages that are kept parsed; the ones not seen for longest go first."""
MAX_BLOCKS = 400
"""Blocks of one message that keep their layout while they are out of view."""
MAX_PASSES = 40
"""Each pass lays out what the one before brought into view; estimates that are far too high need many."""
_NO_RULE = (-1, False)
AT_END = 2
"""Pixels from the end that still count as the end."""


@dataclass(slots=True)
class Anchor:
    """The line that the reader is at, and where it stands in the view.

    ``part`` -1 is a place ``offset`` pixels below the top of a row. ``text`` is a place in the text of the
    part which is turned into ``block`` and ``position`` once it is parsed; -1 where that was done.
    """

    row: int = 0
    part: int = -1
    block: int = 0
    position: int = 0
    offset: int = 0
    screen_y: int = 0
    text: int = -1


class Position(NamedTuple):
    """Where a reader is in a chat: ``offset`` counts in the text of a part of a message, ``y`` in pixels.

    It outlives the layout, and the program. ``part`` is -1 where no text was in view.
    """

    message: str
    part: int
    offset: int
    y: int


class Arrangement:
    """The rows of a path. ``top`` is how far the view is scrolled, ``sticks`` whether it follows the end.

    A reader who is not at the end has a line that stays where it is on the screen, whatever is laid out,
    added, folded or made again above and below it. It is chosen anew only when the reader scrolls.
    """

    def __init__(self, formats: Formats, highlighting: HighlightClient, explain: Explain) -> None:
        self.formats, self.highlighting, self.explain = formats, highlighting, explain
        self.messages: list[Message] = []
        self.versions: Callable[[str], list[str]] = lambda message_id: [message_id]
        self.index: dict[str, int] = {}
        self.heights = Heights()
        self.top, self.sticks = 0, True
        self.width, self.view_height = 640, 0
        self.visible: list[tuple[int, int]] = []
        """The visible rows: index, and y in the view."""
        self.is_complete = True
        self._lit: set[int] = set()
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._anchor = Anchor()
        self._may_stick = False
        self._provisional: Anchor | None = None
        """An anchor that was chosen before all that is in view was laid out."""
        self._unfolded: set[str] = set()
        self._strips: dict[str, dict[int, dict[int, Strip]]] = {}
        self.images: Images | None = None
        self.days = Days()
        self._marks: dict[str, set[str]] = {}
        self._statuses: dict[str, str] = {}
        self.sight = Sight()
        self.verdicts: dict[str, str] = {}
        """What checks of answers found, by their ids."""
        self._rule = _NO_RULE

    @property
    def max_top(self) -> int:
        return max(0, self.heights.total - self.view_height)

    def set_messages(self, messages: Sequence[Message], versions: Callable[[str], list[str]]) -> None:
        """Show other messages: another chat from its end, this one where the reader is."""
        before, after = self.messages, list(messages)
        same = next(
            (i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old is not new),
            min(len(before), len(after)),
        )
        if same or (before and after and after[0].id in self.versions(before[0].id)):
            if not self.sticks and self._anchor.row >= same:
                y = self.heights.before(same) - self.top
                self._anchor = Anchor(max(0, min(same, len(after) - 1)), screen_y=max(0, y))
        else:
            self._unfolded.clear()
            self._strips.clear()
            self._marks.clear()
            self._statuses.clear()
            self.sticks, self._anchor = True, Anchor()
        self.messages, self.versions = after, versions
        self.days.set_messages(after)
        self.index = {message.id: i for i, message in enumerate(after)}
        for index in [i for i in self._rows if i >= same]:
            del self._rows[index]
        known = [self.heights[i] for i in range(same)]
        known += map(self._estimate, range(same, len(after)))
        self.heights = Heights(known)
        for index, row in self._rows.items():
            row.refresh()
            self.place_row(index)
        if self._rule[0] >= same:
            self._rule = _NO_RULE
        self._move_rule()
        self.visible = []

    def add(self, message: Message) -> None:
        """Add a message below the others."""
        last = len(self.messages) - 1
        self.messages.append(message)
        self.index[message.id] = last + 1
        self.days.add(message)
        self.heights.append(self._estimate(last + 1))
        if last in self._rows:
            self._rows[last].is_last = False
            self.place_row(last)
        self._move_rule()

    def restyle(self, formats: Formats, width: int) -> None:
        """Fonts, colours or zoom changed: everything is made again, at the same place of the text."""
        self.formats, self.width = formats, width
        before, self._rows = self._rows, OrderedDict()
        self.heights = Heights(map(self._estimate, range(len(self.messages))))
        for index, _y in self.visible:
            if index in before:
                self.row(index).adopt(before[index])
                self.place_row(index)
        self._rule = _NO_RULE
        self._move_rule()

    def resize(self, width: int, view_height: int) -> None:
        if not self.sticks and self._anchor.screen_y >= view_height:
            self._pick()
        self.view_height = view_height
        if width != self.width:
            self.width = width
            for row in self._rows.values():
                row.set_width(width)

    def row(self, index: int) -> Row:
        """The row of a message, made if it is not there."""
        row = self._rows.get(index)
        if row is None:
            row = self._rows[index] = self.make(index)
        row.set_day(self.days.labels.get(index, ""))
        self._show_sight(index, row)
        row.is_last = index == len(self.messages) - 1
        row.versions = self.versions(row.message.id) or [row.message.id]
        return row

    def make(self, index: int) -> Row:
        """A row for a message, which is not kept."""
        message = self.messages[index]
        strips = self._strips.setdefault(message.id, {})
        marks = self._marks.setdefault(message.id, set())
        row = Row(
            message, self.formats, self.highlighting, self.width, self.explain, strips, self.images, marks
        )
        row.is_first = index == 0
        row.is_last = index == len(self.messages) - 1
        row.versions = self.versions(message.id) or [message.id]
        if message.id in self._unfolded:
            row.set_unfolded(True)
        row.status = self._statuses.get(message.id, "")
        self._show_sight(index, row)
        return row

    def set_sight(self, sight: Sight) -> None:
        """Tell what of the chat the model sees. Costs the same however many messages there are."""
        self.sight = sight
        self._move_rule()

    def _move_rule(self) -> None:
        """Take over where the line stands; what it leaves and what it comes to changes its height."""
        before, self._rule = self._rule, _NO_RULE
        if self.sight.line and self.messages:
            last = len(self.messages) - 1
            index = self.index.get(self.sight.sees_from)
            self._rule = (last, True) if index is None else (index, False)
        for (index, _below), sign in ((before, -1), (self._rule, 1)):
            if index in self._rows:
                self.row(index)
                self.place_row(index)
            elif index >= 0:
                self.heights[index] += sign * self.formats.px(RULE_HEIGHT)

    def _show_sight(self, index: int, row: Row) -> None:
        ruled, below = self._rule
        row.set_rule(self.sight.line if index == ruled else "", below=below and index == ruled)
        marks = self.verdicts.get(row.message.id, ""), self.sight.mark(row.message.id)
        row.mark = " · ".join(mark for mark in marks if mark)

    def _estimate(self, index: int) -> int:
        day = self.formats.px(DAY_HEIGHT) if index in self.days.labels else 0
        return estimate_height(self.messages[index], self.width, self.formats) + day

    def new_day(self) -> bool:
        """Take in what day it is; returns whether that changed what is shown."""
        before = self.days.labels.keys()
        if not self.days.refresh():
            return False
        for index in before ^ self.days.labels.keys():
            if index not in self._rows:
                sign = 1 if index in self.days.labels else -1
                self.heights[index] += sign * self.formats.px(DAY_HEIGHT)
        for index in self._rows:
            self.row(index)
            self.place_row(index)
        return True

    def toggle(self, index: int, mark: str) -> None:
        """Fold or unfold what ``mark`` names in a message, or switch it."""
        self.row(index).toggle(mark)
        self.place_row(index)

    def unfold(self, index: int) -> None:
        """Show the whole text of a message that the user folded."""
        if self.row(index).is_folded:
            self.toggle(index, FOLDED)

    def picture_loaded(self, name: str) -> None:
        """A picture is there."""
        for index, row in self._rows.items():
            if row.picture_loaded(name):
                self.place_row(index)

    def built(self, index: int) -> Row | None:
        """The row of a message if it is there."""
        return self._rows.get(index)

    def is_literal(self, index: int) -> bool:
        """Whether a message is shown as the user wrote it."""
        message = self.messages[index]
        return message.role is Role.USER and MARKDOWN not in self._marks.get(message.id, ())

    def is_unfolded(self, index: int) -> bool:
        """Whether the reasoning of a message is shown."""
        return self.messages[index].id in self._unfolded

    def set_unfolded(self, index: int, unfolded: bool) -> None:
        row = self.row(index)
        (self._unfolded.add if unfolded else self._unfolded.discard)(row.message.id)
        row.set_unfolded(unfolded)
        self.place_row(index)

    def set_status(self, message_id: str, status: str) -> None:
        if status:
            self._statuses[message_id] = status
        else:
            self._statuses.pop(message_id, None)
        row = self._rows.get(self.index.get(message_id, -1))
        if row is not None:
            row.status = status

    def place_row(self, index: int) -> None:
        """Take over the height of a row."""
        row = self._rows[index]
        row.arrange()
        self.heights[index] = row.height

    # Scrolling

    def scroll_to(self, top: int) -> None:
        """Scroll to ``top``: near the view by real heights, so that what was read stays in sight."""
        delta = top - self.top
        if abs(delta) <= 2 * self.view_height:
            self.scroll_by(delta)
            return
        self._go(max(0, min(top, self.max_top)))
        self.sticks = delta > 0 and self.top >= self.max_top - AT_END

    def scroll_by(self, delta: int) -> None:
        """Move what is in view up by ``delta`` pixels; one who comes to the end so follows it from then."""
        if not delta or not self.messages:
            return
        self._pick()
        self._anchor.screen_y -= delta
        self.sticks = self._may_stick = False
        self.arrange()
        self._pick()
        self._provisional = None if self.is_complete else self._anchor
        self.sticks = self.top >= self.max_top - AT_END and (delta > 0 or not self.max_top)

    def scroll_to_start(self) -> None:
        if self.max_top:
            self._go(0)

    def scroll_to_end(self) -> None:
        self.sticks = True
        self.arrange()

    def reveal(self, index: int) -> None:
        """Scroll as little as shows a row, or its top where it is taller than the view."""
        self.row(index).advance(deadline_in(PARSE_SLICE))
        self.place_row(index)
        for _attempt in range(3):
            y, height = self.heights.before(index) - self.top, self.heights[index]
            if y < 0 or height > self.view_height:
                anchor = Anchor(index)
            elif y + height > self.view_height:
                anchor = Anchor(index, offset=height, screen_y=self.view_height)
            else:
                return
            self.sticks, self._anchor = False, anchor
            self.arrange()
            self.sticks = index == len(self.messages) - 1 and self.top >= self.max_top - AT_END
            if height == self.heights[index]:
                return

    def hold(self, y: int, *, for_good: bool = False) -> None:
        """Keep the line at ``y`` of the view in its place through what changes next, at the end too.

        The end is then followed again, but not where that is ``for_good``.
        """
        line = self._line_at(y)
        if line is not None:
            self._hold(line)
            self._may_stick = not for_good

    def hold_row(self, index: int, offset: int, *, in_view: bool = False) -> None:
        """The same for what stands ``offset`` pixels below the top of a row; with ``in_view`` what is above
        the view comes to its upper edge."""
        y = self.heights.before(index) + offset - self.top
        self._hold(Anchor(index, offset=offset, screen_y=max(0, y) if in_view else y))

    def hold_place(self, row: int, part: int, block: int, position: int) -> bool:
        """The same for a place of the text, where that is in view; returns whether it is."""
        anchor = Anchor(row, part, block, position)
        if row not in dict(self.visible):
            return False
        anchor.screen_y = self._y_of(anchor) - self.top
        if not 0 <= anchor.screen_y < self.view_height:
            return False
        self._hold(anchor)
        return True

    def _hold(self, anchor: Anchor) -> None:
        self._anchor, self.sticks, self._may_stick = anchor, False, True

    def position(self) -> Position | None:
        """Where the reader is, for :meth:`restore`; None at the end."""
        if self.sticks or not self.messages or self.top >= self.max_top - AT_END:
            return None
        anchor = self._anchor
        message_id = self.messages[anchor.row].id
        row = self._rows.get(anchor.row)
        flow = row.flow(anchor.part) if row is not None and anchor.part >= 0 else None
        if anchor.text >= 0:
            return Position(message_id, anchor.part, anchor.text, anchor.screen_y)
        if flow is None:
            return Position(message_id, -1, 0, anchor.screen_y - anchor.offset)
        offset = flow.offset_of(anchor.block, anchor.position)
        return Position(message_id, anchor.part, offset, anchor.screen_y)

    def restore(self, position: Position) -> None:
        """Go back to where a reader was; where that message is gone, everything stays as it is."""
        index = self.index.get(position.message)
        if index is None:
            return
        self.sticks = False
        self._anchor = Anchor(index, position.part, screen_y=position.y, text=max(0, position.offset))
        if position.part < 0:
            self._anchor.text = -1
        self.arrange()

    def _go(self, top: int) -> None:
        index = self.heights.find(top)
        self.sticks, self._anchor = False, Anchor(index, offset=top - self.heights.before(index))
        self.arrange()

    def _target(self) -> int:
        if self.sticks:
            return self.max_top
        return max(0, min(self._y_of(self._anchor) - self._anchor.screen_y, self.max_top))

    def _y_of(self, anchor: Anchor) -> int:
        """Where a line stands, from the top of the first row."""
        y = self.heights.before(min(anchor.row, len(self.messages)))
        row = self._rows.get(anchor.row)
        if row is None or anchor.part < 0 or anchor.text >= 0:
            return y + anchor.offset
        for part, flow, _x, top in row.flows():
            if part == anchor.part and anchor.block < len(flow.blocks):
                return y + top + flow.top(anchor.block) + flow.blocks[anchor.block].y_of(anchor.position)
        return y + anchor.offset

    def _pick(self) -> None:
        """Take the first line that is in view as a whole for the one that the reader is at."""
        step, half = max(1, round(self.formats.text_pitch / 2)), self.view_height // 2
        found = None
        for y in range(0, max(1, half), step):
            line = self._line_at(y)
            if line is None:
                break
            found = line if found is None or line.screen_y < half else found
            if line.screen_y >= 0:
                break
        if found is None and self.messages:
            index = self.heights.find(self.top)
            found = Anchor(index, offset=self.top - self.heights.before(index))
        self._anchor = found or Anchor()

    def _line_at(self, y: int) -> Anchor | None:
        """The line of text at ``y`` of the view, else the next one below."""
        for index, row_y in self.visible:
            row = self._rows.get(index)
            if row is None or row_y + row.height <= y:
                continue
            for part, flow, _x, top in row.flows():
                inside = max(0, y - row_y - top)
                if not flow.blocks or inside >= flow.heights.total:
                    continue
                number = flow.heights.find(inside)
                block_y = row_y + top + flow.top(number)
                position, line = flow.blocks[number].line_top(y - block_y)
                screen_y = block_y + line
                if screen_y >= self.view_height:
                    return None
                return Anchor(index, part, number, position, screen_y - row_y, screen_y)
        return None

    def _resolve(self, parse_until: float) -> None:
        """Have the row of the anchor made and parsed, as far as there is time."""
        anchor = self._anchor
        if anchor.part < 0:
            return
        if anchor.row not in self._rows:
            self.row(anchor.row).advance(parse_until)
            self.place_row(anchor.row)
        row = self._rows[anchor.row]
        if anchor.text < 0:
            if not self._has_anchor():
                row.advance(parse_until)
                self.place_row(anchor.row)
            return
        flow = next((flow for part, flow, _x, _top in row.flows() if part == anchor.part), None)
        if flow is None:
            self._anchor = Anchor(anchor.row, screen_y=anchor.screen_y)
            return
        if not row.is_complete:
            row.advance(parse_until)
            self.place_row(anchor.row)
        last = len(flow.blocks) - 1
        if row.is_complete or (last >= 0 and flow.offset_of(last, 0) > anchor.text):
            anchor.block, anchor.position = flow.place_of(anchor.text)
            anchor.text = -1

    def _has_anchor(self) -> bool:
        """Whether the block of the anchor is there, or will not come."""
        row = self._rows.get(self._anchor.row)
        flow = row.flow(self._anchor.part) if row is not None and self._anchor.part >= 0 else None
        return flow is None or self._anchor.block < len(flow.blocks) or flow.is_complete

    def arrange(self) -> None:
        """Parse and lay out what is in view, and settle where it stands."""
        parse_until, budget = deadline_in(PARSE_SLICE), Budget(LAYOUT_SLICE)
        for _attempt in range(MAX_PASSES):
            if not self._arrange_once(parse_until, budget):
                break
        if self.messages and self.is_complete and not self.sticks:
            if self._anchor.part < 0 or self._anchor is self._provisional:
                self._pick()
            else:
                # The ends of the chat may have kept the line from its place; it stays where it is seen now.
                self._anchor.screen_y = self._y_of(self._anchor) - self.top
            if self._may_stick:
                self.sticks, self._may_stick = self.top >= self.max_top, False
        self._forget()

    def _arrange_once(self, parse_until: float, budget: Budget) -> bool:
        self.visible, self.is_complete = [], True
        if not self.messages:
            self.top = 0
            return False
        if not self.sticks:
            self._resolve(parse_until)
            self.is_complete = self._anchor.text < 0 and self._has_anchor()
        changed, top = False, self._target()
        self.top = top
        index = self.heights.find(top)
        y = self.heights.before(index) - top
        while y < self.view_height and index < len(self.messages):
            row = self.row(index)
            row.advance(parse_until)
            row.lay_out(-y, self.view_height - y, budget)
            row.arrange()
            self.is_complete &= row.is_complete and row.is_laid_out
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

    def light(self) -> bool:
        """Show the colours and formulas that came; returns whether something looks different now."""
        changed = False
        for index, _y in self.visible:
            row = self._rows.get(index)
            for _part, flow, _x, _top in row.flows() if row else ():
                if flow.unlit:
                    changed |= flow.light()
        return changed

    def has_arrivals(self) -> bool:
        """Whether messages came into view whose colours or formulas may have come while they were not."""
        before, self._lit = self._lit, {index for index, _y in self.visible}
        return bool(self._lit - before) and not self.is_lit

    @property
    def is_lit(self) -> bool:
        return not any(
            flow.unlit
            for index, _y in self.visible
            if index in self._rows
            for _part, flow, _x, _top in self._rows[index].flows()
        )
