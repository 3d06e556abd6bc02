"""How a row is drawn."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from desktop_chat.ui.theme import RADIUS_BUBBLE, RADIUS_CONTROL
from desktop_chat.ui.transcript.code_header import paint_headers
from desktop_chat.ui.transcript.extras_painter import paint_zone
from desktop_chat.ui.transcript.row import Action, Button, Row
from desktop_chat.ui.transcript.row_actions import FOLDED
from desktop_chat.ui.transcript.shapes import chevron
from desktop_chat.ui.transcript.text import Wash

LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight

Washes = Callable[[int, int], Sequence[Wash]]
"""The colours behind the text of a block, by part and index."""


def paint(
    row: Row,
    painter: QPainter,
    x: int,
    y: int,
    clip: QRectF,
    washes: Washes,
    *,
    active: bool,
    hovered: Button | None,
    cursor: bool,
    on_paper: bool = False,
) -> None:
    """Draw the row at (x, y). ``active`` shows the actions; ``cursor`` the block behind streamed text.

    ``on_paper`` leaves out what is there to be clicked.
    """
    formats = row.formats
    colors, px = formats.colors, formats.px
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if row.day:
        painter.setFont(formats.meta_font)
        painter.setPen(colors.dim)
        box = QRectF(x, y + row.day_top + px(6), row.width, px(19))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, row.day)
    if row.is_user:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.user)
        left = row.bubble_left
        box = QRectF(x + left, y + row.bubble_top, row.width - left, row.bubble_bottom - row.bubble_top)
        painter.drawRoundedRect(box, px(RADIUS_BUBBLE), px(RADIUS_BUBBLE))
    else:
        painter.setFont(formats.caption_font)
        painter.setPen(colors.dim)
        name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, row.width)
        box = QRectF(x, y + row.caption_top, row.width, px(19.4))
        if clip.intersects(box):
            painter.drawText(box, LEFT, name)
    for part, flow, left, top in row.flows():
        if part == 0:
            bar = flow.heights.total
            painter.fillRect(x, y + top, 2, bar, colors.line)
        seen = clip
        if part == 1 and row.is_folded:
            painter.save()
            seen = clip.intersected(QRectF(x, y + top, row.width, row.body_height))
            painter.setClipRect(seen, Qt.ClipOperation.IntersectClip)
        flow.paint(
            painter,
            x + left,
            y + top,
            seen,
            lambda index, part=part: washes(part, index),  # type: ignore[misc]
            dim=part == 0,
        )
        paint_headers(row, painter, x, y, part, flow, top, seen, hovered, with_buttons=not on_paper)
        if seen is not clip:
            painter.restore()
    paint_zone(row.steps, painter, x, y + row.steps_top, clip, formats, hovered)
    paint_zone(row.things, painter, x + row.body_left, y + row.things_top, clip, formats, hovered)
    if cursor and (row.body.length or not row.has_reasoning):
        _paint_cursor(row, painter, x, y)
    if row.notice is not None and clip.bottom() > y + row.notice_top:
        _paint_notice(row, painter, x, y)
    if row.status and row.is_streaming:
        painter.setFont(formats.meta_bold)
        painter.setPen(colors.dim)
        box = QRectF(x, y + row.meta_top, row.width, px(19))
        painter.drawText(box, LEFT, row.status)
    if not on_paper or clip.intersects(QRectF(x, y + row.fold_top, row.width, px(20))):
        _paint_buttons(row, painter, x, y, active, hovered)


def _paint_cursor(row: Row, painter: QPainter, x: int, y: int) -> None:
    formats = row.formats
    height = formats.px(15)
    flow = row.body
    place = QRectF(0, 0, 0, formats.text_pitch)
    if flow.blocks:
        if not flow.blocks[-1].width:
            # Out of view, and not laid out yet.
            return
        place = flow.blocks[-1].end_of_text().translated(0, flow.top(len(flow.blocks) - 1))
    top = y + row.body_top + place.top() + (place.height() - height) / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(formats.colors.accent)
    painter.drawRoundedRect(QRectF(x + place.left() + 1, round(top), formats.px(7), height), 1, 1)


def _paint_notice(row: Row, painter: QPainter, x: int, y: int) -> None:
    if row.notice is None:
        return
    notice = row.notice
    formats = row.formats
    colors, px = formats.colors, formats.px
    box = QRectF(x, y + row.notice_top, row.width, row.notice_height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.error_soft if notice.is_error else colors.side)
    painter.drawRoundedRect(box, px(RADIUS_CONTROL), px(RADIUS_CONTROL))
    top = box.top() + px(8)
    for number, text in enumerate(notice.texts):
        painter.setPen((colors.error if notice.is_error else colors.dim) if number == 0 else colors.text)
        text.layout.draw(painter, QPointF(x + px(14), top))
        top += text.height


def _paint_rule(row: Row, painter: QPainter, x: int, box: QRectF, words: str, *, hot: bool) -> None:
    """A line across the column with words in its middle."""
    formats = row.formats
    middle, end = round(box.center().y()), x + row.width
    for left, right in ((x, box.left()), (box.right(), end)):
        painter.fillRect(QRectF(left, middle, right - left, 1), formats.colors.line)
    painter.setFont(formats.meta_font)
    painter.setPen(formats.colors.text if hot else formats.colors.dim)
    fitting = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, round(box.width()))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, fitting)


def _paint_buttons(row: Row, painter: QPainter, x: int, y: int, active: bool, hovered: Button | None) -> None:
    formats = row.formats
    colors, px = formats.colors, formats.px
    for button in row.buttons():
        if button.on_hover and not active:
            continue
        box = button.box.translated(x, y)
        hot = button == hovered and button.enabled
        if button.action is Action.CONTEXT:
            _paint_rule(row, painter, x, box, button.label, hot=hot)
        elif button.action is Action.DETAILS:
            painter.setFont(formats.meta_font)
            painter.setPen(colors.text if hot else colors.faint)
            painter.drawText(box, RIGHT, button.label)
        elif button.action is Action.FOLD:
            painter.setFont(formats.thought_font)
            color = colors.text if hot else colors.dim
            middle = QPointF(box.left() + px(4), box.center().y())
            chevron(painter, middle, px(3.5), color, 90 if row.unfolded else 0)
            painter.setPen(color)
            box.adjust(px(16), 0, px(16), 0)
            painter.drawText(box, LEFT, button.label)
        elif button.action is Action.TOGGLE and button.key == FOLDED and row.is_folded:
            painter.setFont(formats.thought_font)
            painter.setPen(colors.text if hot else colors.accent)
            painter.drawText(box, LEFT, button.label)
        elif button.action is Action.OPEN or (button.action is Action.TOGGLE and button.key != FOLDED):
            pass
        elif button.action in (Action.PREVIOUS, Action.NEXT):
            color = colors.text if hot else colors.dim if button.enabled else colors.line
            angle = 0 if button.action is Action.NEXT else 180
            chevron(painter, box.center(), px(3.5), color, angle)
            if button.action is Action.PREVIOUS:
                metrics = QFontMetricsF(formats.meta_bold)
                label = QRectF(
                    box.left() + px(20),
                    box.top(),
                    metrics.horizontalAdvance(row.version_label) + 2,
                    box.height(),
                )
                painter.setFont(formats.meta_bold)
                painter.setPen(colors.dim)
                painter.drawText(label, Qt.AlignmentFlag.AlignCenter, row.version_label)
        elif button.action in (Action.CONTINUE, Action.TRY_AGAIN):
            painter.setPen(QPen(colors.line, 1))
            painter.setBrush(colors.hover if hot else colors.raised)
            painter.drawRoundedRect(
                box.adjusted(0.5, 0.5, -0.5, -0.5), px(RADIUS_CONTROL), px(RADIUS_CONTROL)
            )
            painter.setFont(formats.thought_font)
            painter.setPen(colors.text)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, button.label)
        else:
            painter.setFont(formats.meta_bold)
            painter.setPen(colors.text if hot else colors.dim)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, button.label)
    if (active or row.mark) and not row.is_streaming:
        painter.setFont(formats.meta_font)
        painter.setPen(colors.faint)
        box = QRectF(x, y + row.meta_top - px(4), row.width, px(28))
        if row.is_user:
            # Left of the versions, and not upon what stands below a narrow bubble.
            ends = [one.box.right() for one in row.buttons() if one.on_hover and one.box.top() > row.body_top]
            right = next(
                (one.box.left() for one in row.buttons() if one.action is Action.PREVIOUS), float(row.width)
            )
            words = row.meta_words if active else row.mark
            if right - painter.fontMetrics().horizontalAdvance(words) > max(ends, default=0):
                painter.drawText(QRectF(x, y + row.meta_top, right, px(16)), RIGHT, words)
            return
        if not active:
            most = round(box.width())
            mark = painter.fontMetrics().elidedText(row.mark, Qt.TextElideMode.ElideRight, most)
            painter.drawText(box, RIGHT, mark)
