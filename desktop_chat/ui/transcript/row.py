"""One message of the transcript: caption, reasoning, body, state and actions, one below the other."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontMetricsF

from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.message import Message, PartKind, Role, State
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.highlight import Lexers
from desktop_chat.ui.transcript.leaves import Inline, Kind, clean
from desktop_chat.ui.transcript.text import Text, make_text

Explain = Callable[[ChatError], tuple[str, str]]
"""What an error is called, and what can be done about it."""


class Action(Enum):
    COPY = auto()
    COPY_CODE = auto()
    REGENERATE = auto()
    EDIT = auto()
    CONTINUE = auto()
    TRY_AGAIN = auto()
    PREVIOUS = auto()
    NEXT = auto()
    FOLD = auto()


LABELS = {
    Action.COPY: "Copy",
    Action.COPY_CODE: "Copy",
    Action.REGENERATE: "Regenerate",
    Action.EDIT: "Edit",
    Action.CONTINUE: "Continue",
    Action.TRY_AGAIN: "Try again",
}


@dataclass(frozen=True, slots=True)
class Button:
    """An action with its place in the row; ``index`` is the code block it is for."""

    action: Action
    box: QRectF
    label: str = ""
    index: int = -1
    part: int = 1
    enabled: bool = True
    on_hover: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """A text position: ``part`` 0 is the reasoning, 1 the body."""

    part: int
    block: int
    position: int


class Row:
    """A message with its layout. All places are relative to the row; x counts from the column's left edge."""

    def __init__(
        self, message: Message, formats: Formats, lexers: Lexers, width: int, explain: Explain
    ) -> None:
        self.message, self.formats, self.lexers, self.width = message, formats, lexers, width
        self.explain = explain
        self.versions: list[str] = [message.id]
        self.is_last = False
        self.is_first = False
        self.status = ""
        self.unfolded = False
        self.is_user = message.role is Role.USER
        self.body = Flow(formats, lexers, self._body_width(), literal=self.is_user)
        self.body.add(message.text)
        self.thought: Flow | None = None
        self._reasoning = message.reasoning
        self.notice: tuple[str, list[Text], Action | None] | None = None
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
        return "You" if self.is_user else clean(self.message.model or "Assistant")

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
            lengths = [len(part.text) for part in parts if part.kind is PartKind.REASONING]
            missing = sum(lengths) + 2 * (len(lengths) - 1) - len(self._reasoning)
            if missing != len(text):
                text = self.message.reasoning[len(self._reasoning) :]
            self._reasoning += text
            if self.thought is not None:
                self.thought.add(text)
        else:
            missing = sum(len(part.text) for part in parts if part.kind is not PartKind.REASONING)
            missing -= self.body.length
            self.body.add(text if missing == len(text) else self.message.text[self.body.length :])

    def refresh(self) -> bool:
        """Take over what changed in the message; returns whether its text was replaced as a whole."""
        message, replaced = self.message, False
        text, reasoning = message.text, message.reasoning
        if len(text) != self.body.length:
            self.body = Flow(self.formats, self.lexers, self._body_width(), literal=self.is_user)
            self.body.add(text)
            replaced = True
        elif self.is_streaming:
            self.body.resume(text)
        if reasoning != self._reasoning:
            self._reasoning, self.thought = reasoning, None
            self.set_unfolded(self.unfolded)
        if not self.is_streaming:
            self.body.end()
            if self.thought is not None:
                self.thought.end()
        return replaced

    def set_unfolded(self, unfolded: bool) -> None:
        """Show or hide the reasoning."""
        self.unfolded = unfolded and bool(self._reasoning)
        if self.unfolded and self.thought is None:
            self.thought = Flow(self.formats, self.lexers, self._thought_width())
            self.thought.add(self._reasoning)
            if not self.is_streaming:
                self.thought.end()

    def advance(self, deadline: float) -> bool:
        """Parse what waits, until ``deadline``; returns whether anything changed."""
        message = self.message
        changed = self.body.advance(deadline, lambda: message.text)
        if self.unfolded and self.thought is not None:
            changed |= self.thought.advance(deadline, lambda: message.reasoning)
        if changed:
            self.arrange()
        return changed

    @property
    def is_complete(self) -> bool:
        """Whether all text that can be seen is parsed."""
        return self.body.is_complete and (
            not self.unfolded or self.thought is None or self.thought.is_complete
        )

    def flows(self) -> Iterator[tuple[int, Flow, int, int]]:
        """What text is shown: part, flow, x and y."""
        if self.unfolded and self.thought is not None:
            yield 0, self.thought, self.formats.px(14), self.thought_top
        yield 1, self.body, self._body_left(), self.body_top

    def flow(self, part: int) -> Flow | None:
        return self.body if part else self.thought

    @property
    def offered(self) -> Action | None:
        """What the state row offers, if anything."""
        return self.notice[2] if self.notice is not None else None

    def code_at(self, part: int, index: int) -> str | None:
        """The whole code block at a block of a flow, or None where that is no code."""
        flow = self.flow(part)
        if flow is None or index >= len(flow.blocks) or flow.blocks[index].leaf.kind is not Kind.CODE:
            return None
        return flow.code(index)

    def codes(self) -> list[str]:
        """All code blocks of the body."""
        return [self.body.code(index) for index in self.body.code_blocks()]

    def plain_text(self) -> str:
        """The rendered text of the body, parsed to its end."""
        message = self.message
        self.body.advance(float("inf"), lambda: message.text)
        return self.body.text()

    # Places

    def _body_left(self) -> int:
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

    def arrange(self) -> None:
        """Find the places of all parts; cheap, since the flows know their heights."""
        px = self.formats.px
        y = px(22) if self.is_first else 0
        self.caption_top = self.fold_top = self.thought_top = y
        if self.is_user:
            self.bubble_top = y
            self.body_top = y + px(10)
            y = self.body_top + max(self.body.height, round(self.formats.text_pitch)) + px(10)
            self.bubble_bottom = y
            self.notice_top = self.meta_top = y + px(2)
            if len(self.versions) > 1:
                y += px(28)
            self.height = y + px(18)
            return
        y += px(19.4) + px(4)
        self.fold_top = y
        if self._reasoning:
            y += px(20) + px(8)
            self.thought_top = y
            if self.unfolded and self.thought is not None:
                y += self.thought.height + px(10)
        self.body_top = y
        if self.body.height:
            y += self.body.height + px(10)
        elif self.is_streaming:
            y += round(self.formats.text_pitch) + px(10)
        self.notice_top = y
        self._update_notice()
        if self.notice is not None:
            y += self.notice_height + px(10)
        self.meta_top = y
        self.height = y + px(19) + px(20)

    # State

    def _update_notice(self) -> None:
        message = self.message
        key = message.state, message.finish_reason, message.error, bool(self.body.length), self.width
        if (*key, self.is_last) != self._notice_key:
            self._notice_key = (*key, self.is_last)
            self.notice = self._make_notice()

    def _make_notice(self) -> tuple[str, list[Text], Action | None] | None:
        message = self.message
        state, has_text = message.state, bool(self.body.length)
        title, body, style, action = "", "", "plain", Action.CONTINUE if has_text else Action.TRY_AGAIN
        if state is State.FAILED:
            title, body = self.explain(message.error) if message.error else ("The answer failed", "")
            style, action = "error", Action.TRY_AGAIN
        elif state is State.TRUNCATED:
            filtered = message.finish_reason == "content_filter"
            title = "Stopped by a content filter" if filtered else "Cut off by the token limit"
        elif state is State.INTERRUPTED:
            title = "The answer broke off"
            body = self.explain(message.error)[1] if message.error else ""
        elif state is State.STOPPED:
            title = "Stopped"
        elif state is State.COMPLETE and not has_text and not self.is_user:
            title, action = "The model sent an empty answer", Action.TRY_AGAIN
        if not title:
            return None
        room = self.width - self.formats.px(28) - self.formats.px(96)
        texts = []
        for text, font, pitch in (
            (title, self._title_font(), self.formats.text_pitch),
            (body, self.formats.thought_font, self.formats.table_pitch),
        ):
            if text:
                texts.append(make_text(Inline(clean(text)), font, room, pitch, self.formats))
        return style, texts, action if self.is_last else None

    def _title_font(self) -> QFont:
        font = QFont(self.formats.thought_font)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    @property
    def notice_height(self) -> int:
        if self.notice is None:
            return 0
        return sum(text.height for text in self.notice[1]) + self.formats.px(16)

    @property
    def notice_text(self) -> str:
        """What the state row says, for screen readers and tests."""
        return "\n".join(text.inline.text for text in self.notice[1]) if self.notice else ""

    @property
    def figures(self) -> str:
        """Tokens and seconds of the request."""
        found = []
        if self.message.usage is not None:
            found.append(f"{self.message.usage.output:,} tokens")
        if self.message.timing is not None and self.message.state is not State.FAILED:
            found.append(f"{self.message.timing.duration:.1f} s")
        return " · ".join(found)

    # Buttons

    def buttons(self) -> list[Button]:
        """All that can be clicked, but links; later ones lie above earlier ones."""
        found: list[Button] = []
        if not self.is_user and self.thought_label:
            width = QFontMetricsF(self.formats.thought_font).horizontalAdvance(self.thought_label)
            top = self.fold_top - self.formats.px(4)
            box = QRectF(0, top, width + self.formats.px(20), self.formats.px(28))
            found.append(Button(Action.FOLD, box, self.thought_label))
        if self.notice is not None and self.notice[2] is not None:
            label = LABELS[self.notice[2]]
            width = QFontMetricsF(self.formats.thought_font).horizontalAdvance(label) + self.formats.px(24)
            height = self.formats.px(30)
            top = self.notice_top + (self.notice_height - height) // 2
            left = self.width - width - self.formats.px(8)
            found.append(Button(self.notice[2], QRectF(left, top, width, height), label))
        if not self.is_streaming:
            found += self._meta_buttons()
        return found

    def code_button(self, part: int, index: int) -> Button | None:
        """The Copy button of the code block that begins with block ``index``."""
        for number, flow, x, y in self.flows():
            block = flow.blocks[index] if number == part and index < len(flow.blocks) else None
            box = block.copy_button() if isinstance(block, CodeBlock) else None
            if box is not None:
                return Button(Action.COPY_CODE, box.translated(x, y + flow.top(index)), "Copy", index, part)
        return None

    def _meta_buttons(self) -> list[Button]:
        px, metrics = self.formats.px, QFontMetricsF(self.formats.meta_bold)
        height = px(28)
        versions = len(self.versions) > 1
        found: list[Button] = []
        if self.is_user:
            x: float = self.bubble_left - px(8)
            top: float = self.bubble_top + px(7)
            for action in (Action.EDIT, Action.COPY):
                width = metrics.horizontalAdvance(LABELS[action]) + px(12)
                x -= width
                found.append(Button(action, QRectF(x, top, width, height), LABELS[action], on_hover=True))
            x = self.width - self._versions_width(metrics)
        else:
            x, top = float(-px(7)), float(self.meta_top - px(4))
            copying = (Action.COPY,) if self.message.text else ()
            for action in (*copying, Action.REGENERATE, Action.EDIT):
                width = metrics.horizontalAdvance(LABELS[action]) + px(14)
                found.append(Button(action, QRectF(x, top, width, height), LABELS[action], on_hover=True))
                x += width
        if versions:
            top = self.meta_top - px(4)
            here = self._version_index()
            width = self._versions_width(metrics) - 2 * px(20)
            found.append(Button(Action.PREVIOUS, QRectF(x, top, px(24), height), enabled=here > 0))
            right = QRectF(x + px(16) + width, top, px(24), height)
            found.append(Button(Action.NEXT, right, enabled=here + 1 < len(self.versions)))
        return found

    def _version_index(self) -> int:
        return self.versions.index(self.message.id) if self.message.id in self.versions else 0

    @property
    def version_label(self) -> str:
        return f"{self._version_index() + 1} / {len(self.versions)}"

    def _versions_width(self, metrics: QFontMetricsF) -> float:
        return metrics.horizontalAdvance(self.version_label) + 2 * self.formats.px(20)

    # Hits

    def spot_at(self, x: float, y: float) -> Spot:
        """The text position nearest to a point."""
        best = Spot(1, 0, 0)
        for part, flow, left, top in self.flows():
            if part == 1 and y < top and best.part == 0:
                break
            if not flow.blocks:
                continue
            index = flow.heights.find(max(0, int(y) - top))
            position = flow.blocks[index].position_at(x - left, y - top - flow.top(index))
            best = Spot(part, index, position)
        return best

    def link_at(self, x: float, y: float) -> str:
        """The address of the link at a point, or ``""``."""
        for _part, flow, left, top in self.flows():
            if flow.blocks and top <= y < top + flow.heights.total:
                index = flow.heights.find(int(y) - top)
                return flow.blocks[index].link_at(x - left, y - top - flow.top(index))
        return ""

    def is_text_at(self, x: float, y: float) -> bool:
        return any(
            top <= y < top + flow.heights.total and left <= x <= left + flow.width
            for _part, flow, left, top in self.flows()
        )

    def text_between(self, start: Spot | None, end: Spot | None) -> str:
        """The plain text between two spots; None is the begin or the end of what is shown."""
        found = []
        for part, flow, _left, _top in self.flows():
            if (start is not None and part < start.part) or (end is not None and part > end.part):
                continue
            first = (start.block, start.position) if start is not None and start.part == part else (0, 0)
            last = (end.block, end.position) if end is not None and end.part == part else None
            found.append(flow.text(first, last))
        return "\n\n".join(found)

    # Painting

    def lay_out(self, top: int, bottom: int, colours_until: float) -> bool:
        """Lay out the blocks between two y; returns whether the row's height changed."""
        before = self.height
        for _part, flow, _x, y in list(self.flows()):
            if flow.lay_out(top - y, bottom - y, colours_until):
                self.arrange()
        return self.height != before

    def pieces(self, top: int, bottom: int) -> Iterator[tuple[object, int, int, object]]:
        """What is visible as (key, y, height, stamp): a piece with another stamp looks different."""
        head = (self.thought_label, self.unfolded, self.message.model)
        if self.body_top > top:
            yield (id(self), 0), 0, self.body_top, head
        for part, flow, _x, y in self.flows():
            last = len(flow.blocks) - 1 if part and self.is_streaming else -1
            for index in flow.visible(top - y, bottom - y):
                block = flow.blocks[index]
                last_part = flow.is_last_part(index)
                yield (
                    id(block),
                    y + flow.heights.before(index),
                    flow.heights[index],
                    (
                        block.stamp,
                        index == last,
                        last_part,
                    ),
                )
        end = self.body_top + self.body.heights.total
        if end < bottom:
            foot = (
                self.status,
                self.message.state,
                self.figures,
                self.notice_text,
                tuple(self.versions),
                self.is_last,
            )
            yield (id(self), 1), end, self.height - end, foot


def estimate_height(message: Message, width: int, formats: Formats) -> int:
    """About the height of a message that is not parsed yet."""
    text = sum(len(part.text) for part in message.parts if part.kind is not PartKind.REASONING)
    lines = 1 + text * formats.character_width * 1.35 / max(100, width)
    return round(lines * formats.text_pitch) + formats.px(38 if message.role is Role.USER else 78)


def deadline_in(seconds: float) -> float:
    return time.perf_counter() + seconds
