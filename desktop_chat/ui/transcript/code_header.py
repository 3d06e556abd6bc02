"""The header of a code block, and the row that unfolds one: buttons, and how they are drawn."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.row_actions import Action, Button

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.row import Row

FOLDABLE = 30
"""A block of more lines can be folded, but in the newest message."""
ICON = 15
ICONS = {Action.WRAP_CODE: "wrap-text", Action.SAVE_CODE: "download"}
CODE_ACTIONS = (Action.COPY_CODE, Action.SAVE_CODE, Action.WRAP_CODE, Action.FOLD_CODE)
LEAST_NAME = 40
"""The room that stays for the name of the language; of the buttons, Copy alone never gives way."""


def can_fold(row: "Row", block: CodeBlock) -> bool:
    return block.strip.lines > FOLDABLE and not row.is_last


def code_buttons(row: "Row", part: int, index: int) -> list[Button]:
    """The buttons of the code block that begins with block ``index``, the Copy button first."""
    for number, flow, x, y in row.flows():
        block = flow.blocks[index] if number == part and index < len(flow.blocks) else None
        if isinstance(block, CodeBlock) and not block.leaf.part:
            top = y + flow.top(index)
            return [
                Button(action, box.translated(x, top), label, index, part)
                for action, box, label in _places(row, block)
            ]
    return []


def _places(row: "Row", block: CodeBlock) -> list[tuple[Action, QRectF, str]]:
    """Each button with its place in the block; all of them where that was not laid out yet."""
    formats, strip = row.formats, block.strip
    px, metrics = formats.px, QFontMetricsF(formats.meta_font)
    wanted = [(Action.COPY_CODE, "Copied" if strip.copied else "Copy"), (Action.SAVE_CODE, "Save…")]
    if strip.is_too_wide and not strip.is_cut:
        wanted.append((Action.WRAP_CODE, "Do not wrap" if strip.is_wrapped else "Wrap lines"))
    if can_fold(row, block) and not strip.folded:
        wanted.append((Action.FOLD_CODE, "Fold"))
    found = []
    right: float = block.width - px(5)
    for action, label in wanted:
        # As wide for "Copy" as for "Copied": what stands beside it stays where it is.
        widest = "Copied" if action is Action.COPY_CODE else label
        width = px(28) if action in ICONS else metrics.horizontalAdvance(widest) + px(16)
        is_tight = block.width and right - width < block.left + px(13 + LEAST_NAME)
        if is_tight and action is not Action.COPY_CODE:
            continue
        right -= width
        found.append((action, QRectF(right, 0, width, formats.code_header), label))
    if strip.folded:
        found.append((Action.FOLD_CODE, block.fold_row(), f"Show all {strip.lines:,} lines"))
    return found


def paint_headers(
    row: "Row",
    painter: QPainter,
    x: int,
    y: int,
    part: int,
    flow: Flow,
    top: int,
    clip: QRectF,
    hovered: Button | None,
    *,
    with_buttons: bool,
) -> None:
    """Draw what stands in the headers of the code blocks that ``clip`` touches."""
    for index in flow.visible(int(clip.top()) - y - top, int(clip.bottom()) - y - top + 1):
        block = flow.blocks[index]
        if not isinstance(block, CodeBlock) or block.leaf.part or not block.width:
            continue
        right = float(row.width)
        for button in code_buttons(row, part, index) if with_buttons else ():
            box = button.box.translated(x, y)
            _paint_button(painter, block, button, box, button == hovered)
            right = min(right, box.left()) if box.height() == row.formats.code_header else right
        _part, _flow, left, _top = next(item for item in row.flows() if item[0] == part)
        block.paint_name(painter, x + left, y + top + flow.top(index), right)


def _paint_button(painter: QPainter, block: CodeBlock, button: Button, box: QRectF, hot: bool) -> None:
    formats, strip = block.formats, block.strip
    colors, px = formats.colors, formats.px
    if button.action in ICONS:
        on = button.action is Action.WRAP_CODE and strip.is_wrapped
        color = colors.accent if on or hot else colors.dim
        size = px(ICON)
        ratio = painter.device().devicePixelRatioF()
        icon = pixmap(ICONS[button.action], color, size, ratio)
        center = box.center()
        painter.drawPixmap(round(center.x() - size / 2), round(center.y() - size / 2), icon)
        return
    painter.setFont(formats.meta_font)
    if box.top() and button.action is Action.FOLD_CODE and strip.folded:
        painter.fillRect(QRectF(box.left(), box.top(), box.width(), 1), colors.line)
        painter.setPen(colors.accent if hot else colors.text)
    else:
        painter.setPen(
            colors.accent if hot or (strip.copied and button.action is Action.COPY_CODE) else colors.text
        )
    if button.action is Action.COPY_CODE:
        box = box.adjusted(0, 0, -px(8), 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, button.label)
    else:
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, button.label)
