"""Small shapes that are drawn, not loaded."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen


def chevron(painter: QPainter, center: QPointF, size: float, color: QColor, angle: float) -> None:
    """An angle bracket that points to the right, turned by ``angle`` degrees clockwise."""
    painter.save()
    painter.translate(center)
    painter.rotate(angle)
    pen = QPen(color, 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolyline([QPointF(-size / 2, -size), QPointF(size / 2, 0), QPointF(-size / 2, size)])
    painter.restore()
