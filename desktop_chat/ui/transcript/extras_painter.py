"""How steps, pictures, files and sources are drawn."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from desktop_chat.domain.message import CallStatus
from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.theme import RADIUS_CONTROL
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.row_actions import Button
from desktop_chat.ui.transcript.row_extras import Item, Shape, Zone
from desktop_chat.ui.transcript.shapes import chevron

LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


def paint_zone(
    zone: Zone, painter: QPainter, x: float, y: float, clip: QRectF, formats: Formats, hovered: Button | None
) -> None:
    """Draw a zone with its top left corner at (x, y)."""
    for item in zone.items:
        box = item.box.translated(x, y)
        if not box.intersects(clip):
            continue
        hot = hovered is not None and hovered.key == (item.mark or item.part) != ""
        match item.shape:
            case Shape.STEP:
                _paint_step(item, box, painter, formats, hot)
            case Shape.PICTURE if item.image is not None:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(box, item.image)
            case Shape.PICTURE | Shape.FILE:
                _paint_chip(item, box, painter, formats, hot)
            case Shape.HEADING:
                painter.setFont(formats.meta_bold)
                painter.setPen(formats.colors.dim)
                painter.drawText(box, LEFT, item.label)
            case Shape.SOURCE:
                _paint_source(item, box, painter, formats)
            case Shape.MORE:
                _paint_more(item, box, painter, formats, hot)
            case Shape.NOTE:
                _icon(item.icon, painter, box.left(), box, formats, formats.colors.dim.name())
                _text(
                    painter, item.label, formats.thought_font, formats.colors.dim.name(), box, formats.px(22)
                )


def _text(
    painter: QPainter, text: str, font: QFont, color: str, box: QRectF, left: float, right: float = 0
) -> float:
    """Draw one line, elided, ``left`` and ``right`` from the sides of the box; returns where it ends."""
    painter.setFont(font)
    painter.setPen(color)
    area = box.adjusted(left, 0, -right, 0)
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, area.width()))
    painter.drawText(area, LEFT | Qt.TextFlag.TextSingleLine, shown)
    return area.left() + QFontMetricsF(font).horizontalAdvance(shown)


def _icon(name: str, painter: QPainter, left: float, box: QRectF, formats: Formats, color: str) -> None:
    size = formats.px(14)
    from PySide6.QtGui import QColor

    drawn = pixmap(name, QColor(color), size, painter.device().devicePixelRatioF())
    painter.drawPixmap(QPointF(round(left), round(box.center().y() - size / 2)), drawn)


def _paint_step(item: Item, box: QRectF, painter: QPainter, formats: Formats, hot: bool) -> None:
    colors, px = formats.colors, formats.px
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.side)
    painter.drawRoundedRect(box, px(RADIUS_CONTROL), px(RADIUS_CONTROL))
    head = QRectF(box.left(), box.top(), box.width(), px(32))
    if item.status is CallStatus.RUNNING:
        size = px(7)
        painter.setBrush(colors.accent)
        painter.drawEllipse(QRectF(head.left() + px(15.5), head.center().y() - size / 2, size, size))
    else:
        failed = item.status is CallStatus.FAILED
        name = "circle-alert" if failed or item.status is None else "check"
        color = colors.error if failed else colors.dim
        _icon(name, painter, head.left() + px(12), head, formats, color.name())
    right = px(14)
    if item.mark:
        chevron(
            painter,
            QPointF(head.right() - px(17), head.center().y()),
            px(3.5),
            colors.text if hot else colors.dim,
            90 if item.is_open else 0,
        )
        right = px(32)
    if item.aside:
        painter.setFont(formats.meta_font)
        painter.setPen(colors.faint)
        painter.drawText(head.adjusted(0, 0, -right, 0), RIGHT, item.aside)
        right += round(QFontMetricsF(formats.meta_font).horizontalAdvance(item.aside)) + px(10)
    end = _text(painter, item.label, formats.thought_font, colors.text.name(), head, px(34), right)
    left = end - head.left() + px(10)
    if item.detail and left + right + px(30) < head.width():
        _text(painter, item.detail, formats.thought_font, colors.dim.name(), head, left, right)
    for number, (text, text_x, text_y) in enumerate(item.texts):
        is_heading = number % 2 == 0
        painter.setPen(colors.dim if is_heading else colors.text)
        text.layout.draw(painter, QPointF(box.left() + text_x, box.top() + text_y))


def _paint_chip(item: Item, box: QRectF, painter: QPainter, formats: Formats, hot: bool) -> None:
    colors, px = formats.colors, formats.px
    painter.setPen(QPen(colors.line, 1))
    painter.setBrush(colors.hover if hot else colors.window)
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), px(RADIUS_CONTROL), px(RADIUS_CONTROL))
    _icon(item.icon, painter, box.left() + px(12), box, formats, colors.dim.name())
    metrics = QFontMetricsF(formats.thought_font)
    detail = metrics.horizontalAdvance(item.detail) + px(10) if item.detail else 0
    end = _text(painter, item.label, formats.thought_font, colors.text.name(), box, px(34), detail + px(12))
    if item.detail:
        _text(
            painter, item.detail, formats.thought_font, colors.dim.name(), box, end - box.left() + px(10), 0
        )


def _paint_source(item: Item, box: QRectF, painter: QPainter, formats: Formats) -> None:
    colors, px = formats.colors, formats.px
    painter.setFont(formats.thought_font)
    painter.setPen(colors.accent if item.url else colors.dim)
    painter.drawText(QRectF(box.left(), box.top(), px(18), box.height()), RIGHT, item.aside)
    host_width = (
        QFontMetricsF(formats.thought_font).horizontalAdvance(item.detail) + px(10) if item.detail else 0
    )
    host_width = min(host_width, box.width() / 2)
    end = _text(painter, item.label, formats.thought_font, colors.text.name(), box, px(28), host_width)
    if item.detail:
        _text(
            painter, item.detail, formats.thought_font, colors.dim.name(), box, end - box.left() + px(10), 0
        )


def _paint_more(item: Item, box: QRectF, painter: QPainter, formats: Formats, hot: bool) -> None:
    color = formats.colors.text if hot else formats.colors.dim
    middle = QPointF(box.left() + formats.px(4), box.center().y())
    chevron(painter, middle, formats.px(3.5), color, 90 if item.is_open else 0)
    _text(painter, item.label, formats.thought_font, color.name(), box, formats.px(16))
