"""One message of the transcript: caption, reasoning, body, state and actions, one below the other."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from desktop_chat.domain.message import SAID, Attachment, Message, PartKind, Role, State
from desktop_chat.ui.transcript.blocks import PAINTED, Block
from desktop_chat.ui.transcript.citations import Citations
from desktop_chat.ui.transcript.days import clock
from desktop_chat.ui.transcript.flow import Budget, Flow
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.highlight import HighlightClient
from desktop_chat.ui.transcript.images import Images
from desktop_chat.ui.transcript.leaves import clean
from desktop_chat.ui.transcript.row_actions import FOLDED, LABELS, MARKDOWN, Action, Button, buttons
from desktop_chat.ui.transcript.row_extras import Item, Zone, call_words, steps, things
from desktop_chat.ui.transcript.row_state import Explain, Notice, figures, make_notice
from desktop_chat.ui.transcript.strip import Strip

__all__ = ["LABELS", "Action", "Button", "Explain", "Row", "Spot", "deadline_in", "estimate_height"]

LONG_TEXT, LONG_HEIGHT = 12_000, 4_000
"""Characters, and pixels of the design, from which on a message can be folded."""
FOLDED_HEIGHT = 240
"""About what is seen of a folded message, in the design's pixels."""
DAY_HEIGHT = 44
"""What the name of a day takes above a message, in the design's pixels."""
RULE_HEIGHT = 40
"""The same of the line from which on the model sees the chat."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A text position: ``part`` 0 is the reasoning, 1 the body."""

    part: int
    block: int
    position: int


class Piece(NamedTuple):
    """A part of a row that is painted as one. Where ``look`` is another one, all of it has to be painted
    again; else what is below ``fresh``, counted from its top."""

    key: object
    top: int
    height: int
    look: object
    fresh: int = PAINTED


class Row:
    """A message with its layout. All places are relative to the row; x counts from the column's left edge."""

    def __init__(
        self,
        message: Message,
        formats: Formats,
        highlighting: HighlightClient,
        width: int,
        explain: Explain,
        strips: dict[int, dict[int, Strip]] | None = None,
        images: Images | None = None,
        marks: set[str] | None = None,
    ) -> None:
        """``strips`` is what is known of the code blocks and tables of each part, ``marks`` what the user
        folded, unfolded or switched in this message; the caller keeps both."""
        self.message, self.formats, self.highlighting, self.width = message, formats, highlighting, width
        self.explain = explain
        self.versions: list[str] = [message.id]
        self.is_last = False
        self.is_first = False
        self.status = ""
        self.unfolded = False
        self.images, self.marks = images, marks if marks is not None else set()
        self.day = self.rule = self.mark = ""
        """The name of the day, the words of the line from which on the model sees the chat, and what is said
        of a message that the user chose; each may be empty."""
        self._rule_below = False
        self.is_user = message.role is Role.USER
        self.citations = Citations()
        self._cited = 0
        self.steps, self.things = Zone(), Zone()
        self._extras = 0
        self._extras_key: tuple[object, ...] = ()
        self.strips: dict[int, dict[int, Strip]] = {} if strips is None else strips
        self.body = self._new_body(message.text)
        self.thought: Flow | None = None
        self._reasoning = message.reasoning
        self.notice: Notice | None = None
        self._notice_key: tuple[object, ...] = ()
        if message.state is not State.STREAMING:
            self.body.end()
        self.arrange()

    # Content

    @property
    def is_streaming(self) -> bool:
        return self.message.state is State.STREAMING

    @property
    def has_reasoning(self) -> bool:
        return bool(self._reasoning)

    @property
    def name(self) -> str:
        return speaker(self.message)

    @property
    def thought_label(self) -> str:
        """What stands on the fold of the reasoning, or ``""`` where there is none."""
        if not self._reasoning:
            return ""
        if self.is_streaming and not self.body.length:
            return "Thinking…"
        seconds = [p.seconds for p in self.message.parts if p.kind is PartKind.REASONING and p.seconds]
        if not seconds:
            return "Thought"
        total = round(sum(seconds))
        return f"Thought for {total} s" if total < 60 else f"Thought for {total // 60} min {total % 60} s"

    def append(self, kind: PartKind, text: str) -> None:
        """Add text that the message has by now; what the row took from the message is not added again."""
        parts = self.message.parts
        if kind is PartKind.REASONING:
            lengths = [len(part.text) for part in parts if part.kind is PartKind.REASONING and part.text]
            missing = sum(lengths) + 2 * (len(lengths) - 1) - len(self._reasoning)
            if missing != len(text):
                text = self.message.reasoning[len(self._reasoning) :]
            self._reasoning += text
            if self.thought is not None:
                self.thought.add(text)
        else:
            missing = sum(len(part.text) for part in parts if part.kind in SAID) - self.body.length
            self.body.add(text if missing == len(text) else self.message.text[self.body.length :])

    def _new_body(self, text: str) -> Flow:
        literal = self.is_user and MARKDOWN not in self.marks
        strips = self.strips.setdefault(1, {})
        body = Flow(self.formats, self.highlighting, self._body_width(), literal=literal, strips=strips)
        self.citations.is_settled = False
        body.add(text)
        return body

    def parts_changed(self) -> None:
        """Take over citations, tool calls and attachments that the message has by now."""
        parts = self.message.parts
        if self._cited > len(parts):
            self.citations, self._cited = Citations(), 0
        self.citations.add(parts[self._cited :])
        self._cited = len(parts)
        self._extras += 1
        self._place_notes()

    def _place_notes(self) -> None:
        """Find where citations belong in the text that is parsed; for good once it is complete."""
        body, citations = self.body, self.citations
        final = body.has_ended and body.is_complete
        if self.is_user or not (final or citations.is_pending) or citations.is_settled:
            return
        text = self.message.text
        if citations.place(body.leaves, text[: body.length - len(body.waiting)], final=final):
            body.set_notes(citations.notes)

    def toggle(self, mark: str) -> None:
        """Fold or unfold what ``mark`` names, or switch it on or off."""
        self.marks.symmetric_difference_update((mark,))
        self._extras += 1
        if mark == MARKDOWN:
            self.strips[1].clear()
            self.body = self._new_body(self.message.text)
            self.body.end()
        self.arrange()

    def picture_loaded(self, name: str) -> bool:
        """A picture is there; returns whether it is one of this message."""
        shown = any(
            isinstance(part.data, Attachment) and part.data.hash == name for part in self.message.parts
        )
        self._extras += shown
        return shown

    def refresh(self) -> bool:
        """Take over what changed in the message; returns whether its text was replaced as a whole."""
        message, replaced = self.message, False
        text, reasoning = message.text, message.reasoning
        if len(text) != self.body.length:
            self.strips[1].clear()
            self.body = self._new_body(text)
            replaced = True
        elif self.is_streaming:
            self.body.resume(text)
            self.citations.is_settled = False
        if reasoning != self._reasoning:
            self._reasoning, self.thought = reasoning, None
            self.set_unfolded(self.unfolded)
        if not self.is_streaming:
            self.body.end()
            if self.thought is not None:
                self.thought.end()
        self.parts_changed()
        return replaced

    def set_unfolded(self, unfolded: bool) -> None:
        """Show or hide the reasoning."""
        self.unfolded = unfolded and bool(self._reasoning)
        if self.unfolded and self.thought is None:
            strips = self.strips.setdefault(0, {})
            self.thought = Flow(self.formats, self.highlighting, self._thought_width(), strips=strips)
            self.thought.add(self._reasoning)
            if not self.is_streaming:
                self.thought.end()

    def adopt(self, other: "Row") -> None:
        """Take over what another row of the same message has parsed."""
        self.body.adopt(other.body)
        if self.thought is not None and other.thought is not None:
            self.thought.adopt(other.thought)
        self._place_notes()
        self.arrange()

    def advance(self, deadline: float) -> bool:
        """Parse what waits, until ``deadline``; returns whether anything changed."""
        message = self.message
        changed = self.body.advance(deadline, lambda: message.text)
        if self.unfolded and self.thought is not None:
            changed |= self.thought.advance(deadline, lambda: message.reasoning)
        if changed:
            self._place_notes()
            self.arrange()
        return changed

    @property
    def is_complete(self) -> bool:
        """Whether all text that can be seen is parsed."""
        return self.body.is_complete and (
            not self.unfolded or self.thought is None or self.thought.is_complete
        )

    @property
    def is_laid_out(self) -> bool:
        """Whether all that was asked for last is laid out."""
        return all(flow.is_laid_out for _part, flow, _x, _y in self.flows())

    def flows(self) -> Iterator[tuple[int, Flow, int, int]]:
        """What text is shown: part, flow, x and y."""
        if self.unfolded and self.thought is not None:
            yield 0, self.thought, self.formats.px(14), self.thought_top
        yield 1, self.body, self.body_left, self.body_top

    def flow(self, part: int) -> Flow | None:
        return self.body if part else self.thought

    @property
    def offered(self) -> Action | None:
        """What the state row offers, if anything."""
        return self.notice.action if self.notice is not None else None

    def plain_text(self) -> str:
        """The rendered text of the body, parsed to its end."""
        message = self.message
        self.body.advance(float("inf"), lambda: message.text)
        self._place_notes()
        return self.body.text()

    # Places

    @property
    def body_left(self) -> int:
        return self.bubble_left + self.formats.px(14) if self.is_user else 0

    @property
    def bubble_left(self) -> int:
        return min(self.formats.px(96), self.width // 5)

    def _body_width(self) -> int:
        if self.is_user:
            return max(40, self.width - self.bubble_left - 2 * self.formats.px(14))
        return self.width

    def _thought_width(self) -> int:
        return max(40, self.width - self.formats.px(14))

    def set_width(self, width: int) -> None:
        self.width = width
        self.body.set_width(self._body_width())
        if self.thought is not None:
            self.thought.set_width(self._thought_width())
        self.arrange()

    def set_day(self, day: str) -> None:
        """The name of the day that begins with this message, or ``""``."""
        if day != self.day:
            self.day = day
            self.arrange()

    def set_rule(self, words: str, *, below: bool = False) -> None:
        """The words of the line above this message, or ``below`` it; ``""`` where there is none."""
        if (words, below) != (self.rule, self._rule_below):
            self.rule, self._rule_below = words, below
            self.arrange()

    @property
    def is_foldable(self) -> bool:
        """Whether the message is long enough, and not the one that is being read as it comes."""
        is_long = self.body.length >= LONG_TEXT or self.body.heights.total >= self.formats.px(LONG_HEIGHT)
        return is_long and not self.is_last and not self.is_streaming

    @property
    def is_folded(self) -> bool:
        return FOLDED in self.marks and self.is_foldable

    def _fold_at(self) -> int:
        """Where a folded body ends: above the line that stands across the height of a fold."""
        flow, most = self.body, self.formats.px(FOLDED_HEIGHT)
        if flow.heights.total <= most:
            return flow.heights.total
        index = flow.heights.find(most)
        block, top = flow.blocks[index], flow.top(index)
        return max(top + block.line_top(most - top)[1] if block.width else top, most // 3)

    def _update_extras(self) -> None:
        key = self._extras, self.width, self.is_streaming
        if key != self._extras_key:
            self._extras_key = key
            if len(self.message.parts) != self._cited:
                self.parts_changed()
                self._extras_key = (self._extras, *key[1:])
            self.steps = Zone() if self.is_user else steps(self)
            self.things = things(self, self._body_width())

    def arrange(self) -> None:
        """Find the places of all parts; cheap, since the flows know their heights."""
        px = self.formats.px
        y = px(22) if self.is_first else 0
        self._update_extras()
        self.rule_top, rule = y, px(RULE_HEIGHT) if self.rule else 0
        y += 0 if self._rule_below else rule
        self.day_top = y
        if self.day:
            y += px(DAY_HEIGHT)
        self.body_height = self._fold_at() if self.is_folded else self.body.height
        fold = px(32) if self.is_folded else 0
        self.caption_top = self.fold_top = self.thought_top = y
        if self.is_user:
            self.bubble_top = y
            self.body_top = y + px(10)
            self.steps_top = self.body_top
            y = self.body_top + fold
            if self.body_height or not self.things.items:
                y += max(self.body_height, round(self.formats.text_pitch)) + px(10)
            self.things_top = y
            y += self.things.height + (px(4) if self.things.items else 0)
            self.bubble_bottom = y
            self.notice_top = self.meta_top = y + px(2)
            if len(self.versions) > 1:
                y += px(28)
            self._end(y + px(18), rule)
            return
        y += px(19.4) + px(4)
        self.fold_top = y
        if self._reasoning:
            y += px(20) + px(8)
            self.thought_top = y
            if self.unfolded and self.thought is not None:
                y += self.thought.height + px(10)
        self.steps_top = y
        y += self.steps.height
        self.body_top = y
        if self.body.height:
            y += self.body_height + px(10) + fold
        elif self.is_streaming:
            y += round(self.formats.text_pitch) + px(10)
        self.things_top = y
        y += self.things.height
        self.notice_top = y
        self._update_notice()
        if self.notice is not None:
            y += self.notice_height + px(10)
        self.meta_top = y
        self._end(y + px(19) + px(20), rule)

    def _end(self, y: int, rule: int) -> None:
        """The row ends at ``y``, or a line below that."""
        self.height = y
        if self._rule_below:
            self.rule_top, self.height = y, y + rule

    # State

    def _update_notice(self) -> None:
        message = self.message
        key = message.state, message.finish_reason, message.error, bool(self.body.length), self.width
        if (*key, self.is_last) != self._notice_key:
            self._notice_key = (*key, self.is_last)
            self.notice = make_notice(message, self.formats, self.width, self.explain, is_last=self.is_last)

    @property
    def notice_height(self) -> int:
        return 0 if self.notice is None else self.notice.height

    @property
    def notice_text(self) -> str:
        """What the state row says, for screen readers and tests."""
        return "" if self.notice is None else self.notice.words

    @property
    def figures(self) -> str:
        """Tokens and seconds of the request, and what the answer cost."""
        return figures(self.message)

    @property
    def clock(self) -> str:
        """The local time of the message."""
        return clock(self.message.created_at)

    @property
    def meta_words(self) -> str:
        """What stands at the end of the line of actions."""
        return " · ".join(words for words in (self.mark, self.figures, self.clock) if words)

    @property
    def told(self) -> str:
        """What a screen reader is told beside the text: how the message ended, and what becomes of it."""
        return "\n".join(words for words in (self.notice_text, self.rule, self.mark, self.figures) if words)

    @property
    def extras_words(self) -> str:
        """What tools did, and what is shown beside the text, in words."""
        parts = self.message.parts
        found = [call_words(part, streaming=self.is_streaming) for part in parts]
        names = [clean(part.name) for part in parts if isinstance(part.data, Attachment) and part.name]
        count = len(self.citations.sources)
        sources = ["1 source" if count == 1 else f"{count} sources"] if count and not self.is_user else []
        return "\n".join(words for words in (*found, *names, *sources) if words)

    # Buttons

    def buttons(self) -> list[Button]:
        """All that can be clicked, but links; later ones lie above earlier ones."""
        return buttons(self)

    @property
    def version_index(self) -> int:
        return self.versions.index(self.message.id) if self.message.id in self.versions else 0

    @property
    def version_label(self) -> str:
        return f"{self.version_index + 1} / {len(self.versions)}"

    # Hits

    def spot_at(self, x: float, y: float) -> Spot:
        """The text position nearest to a point."""
        best = Spot(1, 0, 0)
        for part, flow, left, top in self.flows():
            if part == 1 and y < top and best.part == 0:
                break
            if not flow.blocks:
                continue
            if part == 1 and self.is_folded:
                y = min(y, top + self.body_height - 1)
            index = flow.heights.find(max(0, int(y) - top))
            position = flow.blocks[index].position_at(x - left, y - top - flow.top(index))
            best = Spot(part, index, position)
        return best

    def link_at(self, x: float, y: float) -> str:
        """The address of the link at a point, or ``""``."""
        source = self.source_at(x, y)
        if source is not None:
            return source.url
        found = self._block_at(x, y)
        return found[0].link_at(*found[1:]) if found else ""

    def source_at(self, x: float, y: float) -> Item | None:
        """The source at a point of the list below the text."""
        return self.things.source_at(x - self.body_left, y - self.things_top)

    def formula_at(self, x: float, y: float) -> str:
        """The TeX of the formula at a point, or ``""``."""
        found = self._block_at(x, y)
        return found[0].formula_at(*found[1:]) if found else ""

    def _block_at(self, x: float, y: float) -> tuple[Block, float, float] | None:
        """The block at a point, and the point relative to it."""
        for part, flow, left, top in self.flows():
            if flow.blocks and top <= y < top + self._seen(part, flow):
                index = flow.heights.find(int(y) - top)
                return flow.blocks[index], x - left, y - top - flow.top(index)
        return None

    def is_text_at(self, x: float, y: float) -> bool:
        return any(
            top <= y < top + self._seen(part, flow) and left <= x <= left + flow.width
            for part, flow, left, top in self.flows()
        )

    def _seen(self, part: int, flow: Flow) -> int:
        """How much of the height of a flow is seen."""
        return min(flow.heights.total, self.body_height) if part else flow.heights.total

    # Painting

    def lay_out(self, top: int, bottom: int, budget: Budget | None = None) -> bool:
        """Lay out the blocks between two y, all or as far as ``budget`` goes; returns whether the row's
        height changed."""
        before = self.height
        for _part, flow, _x, y in list(self.flows()):
            if flow.lay_out(top - y, bottom - y, budget):
                self.arrange()
        return self.height != before

    def take_pieces(self, top: int, bottom: int) -> Iterator[Piece]:
        """What is visible. What a block says of itself to be fresh is taken as painted by this."""
        extras = (self._extras_key, self.is_folded)
        head = (self.thought_label, self.unfolded, self.message.model, self.day, self.rule, extras)
        if self.body_top > top:
            yield Piece((id(self), 0), 0, self.body_top, head)
        for part, flow, _x, y in self.flows():
            last = len(flow.blocks) - 1 if part and self.is_streaming else -1
            for index in flow.visible(top - y, min(bottom - y, self._seen(part, flow))):
                block, place = flow.blocks[index], y + flow.heights.before(index)
                look = (block.look, index == last, flow.is_last_part(index), self.is_last)
                yield Piece(id(block), place, flow.heights[index], look, flow.gap(index) + block.fresh)
                block.fresh = PAINTED
                height, head_look = block.head
                if height:
                    yield Piece((id(block), 0), place, flow.gap(index) + height, head_look)
        end = self.body_top + self._seen(1, self.body)
        if end < bottom:
            foot = (
                self.status,
                self.message.state,
                self.figures,
                self.notice_text,
                self.mark,
                self._rule_below,
                tuple(self.versions),
                self.is_last,
                extras,
            )
            yield Piece((id(self), 1), end, self.height - end, foot)


def speaker(message: Message) -> str:
    """Whose message it is: "You", or the model's name."""
    return "You" if message.role is Role.USER else clean(message.model or "Assistant")


def estimate_height(message: Message, width: int, formats: Formats) -> int:
    """About the height of a message that is not parsed yet."""
    text = sum(len(part.text) for part in message.parts if part.kind in SAID)
    lines = 1 + text * formats.character_width * 1.35 / max(100, width)
    return round(lines * formats.text_pitch) + formats.px(38 if message.role is Role.USER else 78)


def deadline_in(seconds: float) -> float:
    return time.perf_counter() + seconds
