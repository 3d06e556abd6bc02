"""Labels and message boxes for text from outside: the only place that makes them.

Qt guesses the format of a text, and its rich text opens local and network paths without a click. Whatever is
made here shows text literally.
"""

import html
from math import ceil

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget

from desktop_chat.ui.icons import pixmap

LONGEST_WORD = 24
"""Characters of a word that a label makes room for; a longer one is broken where it has less."""


def label(text: str = "", *, wrap: bool = False) -> QLabel:
    """A label that shows ``text`` literally, whatever it holds."""
    made = WrappedLabel(text) if wrap else QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


class WrappedLabel(QLabel):
    """Lines that break between words, and within a word that is too long for one: a QLabel would be as wide
    as that, and push out of the window what stands beside it.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setWordWrap(True)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        most = LONGEST_WORD * self.fontMetrics().averageCharWidth()
        return hint if hint.width() <= most else QSize(most, self.fontMetrics().height())

    def heightForWidth(self, width: int) -> int:
        edges = self.contentsMargins()
        width -= edges.left() + edges.right()
        layout = QTextLayout(self.text().replace("\n", "\u2028"), self.font())
        layout.setTextOption(self._option())
        layout.beginLayout()
        height = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            height += line.height()
        layout.endLayout()
        return ceil(height) + edges.top() + edges.bottom()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(QRectF(self.contentsRect()), self.text(), self._option())

    def _option(self) -> QTextOption:
        option = QTextOption(self.alignment())
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        return option


class ElidedLabel(QLabel):
    """One line that shows ``text`` literally, and ends in an ellipsis where it has no room for all of it.

    Its text and its accessible name stay whole.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("…"), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        area = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, self.alignment() | Qt.TextFlag.TextSingleLine, shown)


def message_box(
    title: str,
    text: str,
    *,
    details: str = "",
    icon: QMessageBox.Icon = QMessageBox.Icon.Warning,
    buttons: QMessageBox.StandardButton = QMessageBox.StandardButton.Ok,
    parent: QWidget | None = None,
) -> QMessageBox:
    """A message box, not yet shown, that shows all its texts literally. ``details`` unfold on a button."""
    box = QMessageBox(icon, title, "", buttons, parent)
    drawn = _ICONS.get(icon)
    if drawn is not None:
        color = box.palette().color(QPalette.ColorRole.Accent)
        box.setIconPixmap(pixmap(drawn, color, ICON, box.devicePixelRatioF()))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    if details:
        box.setDetailedText(details)
    return box


ICON = 28
"""Pixels."""
_ICONS = {QMessageBox.Icon.Warning: "triangle-alert", QMessageBox.Icon.Question: "circle-alert"}

_INVISIBLE = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF, *range(0x80, 0xA0)]
)


def one_line(text: str) -> str:
    """``text`` for a single line: white space folded, control and bidirectional control characters dropped.

    A title with such characters could turn around the text beside it, or pass for another.
    """
    if text.isascii() and text.isprintable():  # as thousands of names of models are
        return " ".join(text.split())
    folded = " ".join(text.translate(_INVISIBLE).split())
    return "".join(character for character in folded if character >= " " and character != "\x7f")


def in_place(text: str) -> str:
    """``text`` for a single line, of the same length: places in it stay where they are.

    What :func:`one_line` folds or drops is a space.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if c < " " or c in "\x7f\u2028\u2029" or ord(c) in _INVISIBLE else c for c in text)


def tool_tip(text: str) -> str:
    """``text`` as a tool tip that shows it literally: tool tips have no format to set.

    Screen readers tell tool tips too, as they are: where nothing could be taken for markup there is none.
    """
    return f"<qt>{html.escape(text)}</qt>" if "<" in text or "&" in text else text
