"""The status line: what the open chat is doing, and where its requests go."""

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desktop_chat.ui.safe import ElidedLabel, label, one_line, tool_tip
from desktop_chat.ui.theme import Theme

READY = "Ready"
WRITING = "Writing…"
OFFLINE = "Offline"


class StatusLine(QWidget):
    """A dot, the words, and before them the endpoint's name while there is room for both."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._has_endpoint = False
        self._dot = Dot(theme)
        self._endpoint = label()
        self._endpoint.setObjectName("statusEndpoint")
        self._endpoint.setProperty("role", "dim")
        self._status = ElidedLabel(READY)
        self._status.setObjectName("status")
        self._status.setProperty("role", "dim")
        self._status.setAccessibleName("Status")
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._dot)
        self._row.addWidget(self._endpoint)
        self._row.addWidget(self._status, 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_status(self, text: str, color: str, endpoint: str) -> None:
        """``color`` is the name of the dot's colour."""
        self._status.setText(text)
        self._status.setAccessibleDescription(text)
        name = one_line(endpoint)
        name = name if len(name) <= 16 else f"{name[:15]}…"
        self._endpoint.setText(f"{name} ·")
        self._has_endpoint = bool(name)
        self.setToolTip(tool_tip(f"{one_line(endpoint)} · {text}" if name else text))
        self._dot.set_color(color)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show the endpoint's name only where that cuts nothing short."""
        widths = [widget.sizeHint().width() for widget in (self._dot, self._endpoint, self._status)]
        needed = sum(widths) + 2 * self._row.spacing()
        self._endpoint.setVisible(self._has_endpoint and needed <= self.width())

    def _restyle(self) -> None:
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(self._theme.px(4))
        self._fit()


class Dot(QWidget):
    """A coloured dot; the words beside it say the same."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._color = "ok"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_color(self, color: str) -> None:
        if color != self._color:
            self._color = color
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(12), self._theme.px(12))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colors.side)
        painter.setBrush(getattr(self._theme.colors, self._color))
        radius = self._theme.px(4)
        painter.drawEllipse(QPointF(radius, self.height() / 2), radius, radius)
