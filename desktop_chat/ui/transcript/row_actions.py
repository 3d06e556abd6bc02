"""What can be done with a message, and where in its row."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from desktop_chat.domain.structured import looks_like_json

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.row import Row


FOLDED, MARKDOWN = "folded", "markdown"
"""Marks of a row: its text is folded; the user's words are shown as Markdown."""


class Action(Enum):
    COPY = auto()
    COPY_CODE = auto()
    SAVE_CODE = auto()
    WRAP_CODE = auto()
    FOLD_CODE = auto()
    REGENERATE = auto()
    EDIT = auto()
    CONTINUE = auto()
    TRY_AGAIN = auto()
    PREVIOUS = auto()
    NEXT = auto()
    FOLD = auto()
    DETAILS = auto()
    """See what is known of an answer and its request."""
    TREE = auto()
    """Show an answer that is JSON as a tree."""
    CONTEXT = auto()
    """See what goes into the next request."""
    TOGGLE = auto()
    """Fold or unfold what the ``key`` of the button names."""
    COMPARE = auto()
    """See what differs between versions."""
    BRANCHES = auto()
    """See every branch of the chat."""
    FORK = auto()
    """Go on from here in a chat of its own."""
    DELETE = auto()
    OPEN = auto()
    """Show a file or an image in a window of its own; ``key`` is its place among the parts."""


LABELS = {
    Action.COPY: "Copy",
    Action.COPY_CODE: "Copy",
    Action.REGENERATE: "Regenerate",
    Action.EDIT: "Edit",
    Action.CONTINUE: "Continue",
    Action.TRY_AGAIN: "Try again",
    Action.DETAILS: "Details…",
    Action.TREE: "Show as tree",
    Action.COMPARE: "Compare versions…",
    Action.BRANCHES: "Branches…",
    Action.FORK: "Fork chat from here",
    Action.DELETE: "Delete message",
}
BRANCHING = (Action.COMPARE, Action.BRANCHES, Action.FORK, Action.DELETE)
"""What is done with versions and branches."""


@dataclass(frozen=True, slots=True)
class Button:
    """An action with its place in the row; ``index`` is the code block it is for, ``key`` what it toggles."""

    action: Action
    box: QRectF
    label: str = ""
    index: int = -1
    part: int = 1
    enabled: bool = True
    on_hover: bool = False
    key: str = ""


def buttons(row: "Row") -> list[Button]:
    """All that can be clicked in a row, but links and code; later ones lie above earlier ones."""
    formats = row.formats
    px = formats.px
    found: list[Button] = []
    if row.rule:
        width = min(float(row.width), QFontMetricsF(formats.meta_font).horizontalAdvance(row.rule) + px(24))
        box = QRectF((row.width - width) / 2, row.rule_top + px(4), width, px(28))
        found.append(Button(Action.CONTEXT, box, row.rule))
    if not row.is_user and row.thought_label:
        width = QFontMetricsF(formats.thought_font).horizontalAdvance(row.thought_label)
        box = QRectF(0, row.fold_top - px(4), width + px(24), px(28))
        found.append(Button(Action.FOLD, box, row.thought_label))
    if row.notice is not None and row.notice.action is not None:
        action = row.notice.action
        width = QFontMetricsF(formats.thought_font).horizontalAdvance(LABELS[action]) + px(24)
        height = px(30)
        top = row.notice_top + (row.notice_height - height) // 2
        box = QRectF(row.width - width - px(8), top, width, height)
        found.append(Button(action, box, LABELS[action]))
    found += row.steps.buttons(0, row.steps_top)
    found += row.things.buttons(row.body_left, row.things_top)
    if row.is_folded:
        label = "Show all"
        width = QFontMetricsF(formats.thought_font).horizontalAdvance(label) + px(20)
        box = QRectF(row.body_left, row.body_top + row.body_height + px(2), width, px(28))
        found.append(Button(Action.TOGGLE, box, label, key=FOLDED))
    if not row.is_streaming:
        found += _meta_buttons(row)
    return found


def _meta_buttons(row: "Row") -> list[Button]:
    px, metrics = row.formats.px, QFontMetricsF(row.formats.meta_bold)
    height = px(28)
    found: list[Button] = []
    if row.is_user:
        widths = {one: metrics.horizontalAdvance(LABELS[one]) + px(12) for one in (Action.COPY, Action.EDIT)}
        x: float = row.bubble_left - px(8) - sum(widths.values())
        top: float = row.bubble_top + px(7)
        if x < -px(6):
            # No room beside the bubble, so below it.
            x, top = float(row.bubble_left + px(8)), float(row.meta_top - px(6))
        for action, width in widths.items():
            found.append(Button(action, QRectF(x, top, width, height), LABELS[action], on_hover=True))
            x += width
        x = row.width - _versions_width(row, metrics)
    else:
        x, top = float(-px(7)), float(row.meta_top - px(4))
        copying = (Action.COPY,) if row.message.text else ()
        as_tree = (Action.TREE,) if looks_like_json(row.message.text) else ()
        for action in (*copying, Action.REGENERATE, Action.EDIT, *as_tree):
            width = metrics.horizontalAdvance(LABELS[action]) + px(14)
            found.append(Button(action, QRectF(x, top, width, height), LABELS[action], on_hover=True))
            x += width
        if row.is_foldable and not row.is_folded:
            width = metrics.horizontalAdvance("Show less") + px(14)
            box = QRectF(x, top, width, height)
            found.append(Button(Action.TOGGLE, box, "Show less", on_hover=True, key=FOLDED))
            x += width
    if len(row.versions) > 1:
        top = row.meta_top - px(6 if row.is_user else 4)
        here = row.version_index
        width = _versions_width(row, metrics) - 2 * px(20)
        found.append(Button(Action.PREVIOUS, QRectF(x, top, px(24), height), enabled=here > 0))
        right = QRectF(x + px(16) + width, top, px(24), height)
        found.append(Button(Action.NEXT, right, enabled=here + 1 < len(row.versions)))
    if not row.is_user:
        found += _details_button(row, max((button.box.right() for button in found), default=0.0), top, height)
    return found


def _details_button(row: "Row", used: float, top: float, height: float) -> list[Button]:
    """What stands at the end of the line of actions, as much of it as there is room for."""
    metrics = QFontMetricsF(row.formats.meta_font)
    room = row.width - used - row.formats.px(12)
    mark = metrics.elidedText(row.mark, Qt.TextElideMode.ElideRight, room) if room > 0 else ""
    for words in (row.meta_words, mark or row.figures, row.clock):
        width = metrics.horizontalAdvance(words)
        if words and width + used <= row.width:
            box = QRectF(row.width - width, top, width, height)
            return [Button(Action.DETAILS, box, words, on_hover=True)]
    return []


def _versions_width(row: "Row", metrics: QFontMetricsF) -> float:
    return metrics.horizontalAdvance(row.version_label) + 2 * row.formats.px(20)
