"""What cards are made of: texts, boxes of details, rows of buttons."""

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop_chat.ui import icons
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

MOST_LINES = 4
"""Lines of a box of details; what is longer is elided there and whole in the copy."""


class Badge(QWidget):
    """An icon in a soft disc. ``color`` names one of the theme's colours that has a soft twin: ``"warn"``,
    ``"error"`` or ``"accent"``.
    """

    def __init__(self, theme: Theme, icon: str, color: str = "warn") -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self._color = color
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(26), self._theme.px(26))

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = self._theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(getattr(colors, f"{self._color}_soft"))
        painter.drawEllipse(self.rect())
        size = self._theme.px(15)
        left, top = (self.width() - size) // 2, (self.height() - size) // 2
        color = getattr(colors, self._color)
        painter.drawPixmap(left, top, icons.pixmap(self._icon, color, size, self.devicePixelRatioF()))


class DetailsBox(QWidget):
    """Plain text in the code font on a tinted ground, at most :data:`MOST_LINES` lines, elided.

    Its accessible name is the whole text.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._text = ""
        self._lines = [label() for _ in range(MOST_LINES)]
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(0)
        for line in self._lines:
            line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self._layout.addWidget(line)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_text(self, text: str) -> None:
        """Show ``text``; an empty one hides the box."""
        self._text = text
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colors.code)
        radius = self._theme.px(RADIUS_CONTROL)
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)

    def _restyle(self) -> None:
        px = self._theme.px
        self._layout.setContentsMargins(px(10), px(8), px(10), px(8))
        for line in self._lines:
            line.setFont(self._theme.code_font(12))
            line.setFixedHeight(round(px(12) * 1.6))
            palette = line.palette()
            palette.setColor(QPalette.ColorRole.WindowText, self._theme.colors.dim)
            line.setPalette(palette)
        self._arrange()

    def _arrange(self) -> None:
        metrics = QFontMetrics(self._theme.code_font(12))
        width = max(self._theme.px(80), self.width() - self._theme.px(20))
        shown = _wrapped(self._text, metrics, width)
        for place, line in enumerate(self._lines):
            line.setText(shown[place] if place < len(shown) else "")
            line.setVisible(place < len(shown))


class _Look(QObject):
    """Keeps a label's font and colour in step with the theme for as long as the label lives."""

    def __init__(self, made: QLabel, theme: Theme, size: float, color: str, bold: bool) -> None:
        super().__init__(made)
        self._label = made
        self._theme = theme
        self._size = size
        self.color = color
        self._weight = QFont.Weight.DemiBold if bold else QFont.Weight.Normal
        theme.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        self._label.setFont(self._theme.font(self._size, self._weight))
        palette = self._label.palette()
        palette.setColor(QPalette.ColorRole.WindowText, getattr(self._theme.colors, self.color))
        self._label.setPalette(palette)


def words(
    theme: Theme, text: str = "", *, size: float = 14, color: str = "text", bold: bool = False
) -> QLabel:
    """A label that wraps and shows ``text`` literally, ``size`` pixels of the design high.

    ``color`` is a name of :class:`~desktop_chat.ui.theme.Colors`.
    """
    made = label(text, wrap=True)
    _Look(made, theme, size, color, bold)
    return made


def recolor(made: QLabel, color: str) -> None:
    """Give a label of :func:`words` another of the theme's colours."""
    for look in made.findChildren(_Look):
        look.color = color
        look.apply()


def button(text: str, *, primary: bool = False) -> QPushButton:
    """A button; Enter presses the one that has the focus, else the primary one."""
    made = QPushButton(text)
    made.setAutoDefault(True)
    made.setDefault(primary)
    made.setProperty("primary", primary)
    return made


def row(theme: Theme, *items: QWidget | None) -> QHBoxLayout:
    """``items`` side by side; None is room that stretches."""
    made = QHBoxLayout()
    made.setSpacing(theme.px(8))
    for item in items:
        if item is None:
            made.addStretch(1)
        else:
            made.addWidget(item, 0 if isinstance(item, QPushButton | Badge) else 1)
    return made


def _wrapped(text: str, metrics: QFontMetrics, width: int) -> list[str]:
    """``text`` in lines no wider than ``width``, broken anywhere where there is no space."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        rest = paragraph
        while rest:
            if len(lines) == MOST_LINES:
                lines[-1] = metrics.elidedText(
                    lines[-1] + " " + rest[:200], Qt.TextElideMode.ElideRight, width
                )
                return lines
            if metrics.horizontalAdvance(rest[:400]) <= width and len(rest) <= 400:
                lines.append(rest)
                break
            fits = _fitting(rest[:400], metrics, width)
            space = rest.rfind(" ", fits // 2, fits + 1)
            cut = space if space > 0 else fits
            lines.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
    return lines


def _fitting(text: str, metrics: QFontMetrics, width: int) -> int:
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if metrics.horizontalAdvance(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low
