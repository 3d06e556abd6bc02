"""The attachments of a message that is being written: chips above its text."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QFrame, QMenu, QScrollArea, QWidget

from desktop_chat.domain.message import Part, PartKind
from desktop_chat.ui.attachments.words import aside_of, attachment_of, name_of, sent_as
from desktop_chat.ui.icons import pixmap
from desktop_chat.ui.safe import tool_tip
from desktop_chat.ui.theme import RADIUS_CONTROL, Theme

ROWS = 3
"""Rows of chips that are shown before they scroll."""
WIDEST = 260
HEIGHT, GAP = 28, 8


class Chip(QAbstractButton):
    """One attachment. A click opens it, its cross and Delete remove it, arrows go to the next.

    One that does not open is still being read.
    """

    removed = Signal()
    stepped = Signal(int)
    """The user goes to the chip so many further."""

    def __init__(
        self, theme: Theme, name: str, aside: str, icon: str, parent: QWidget, *, opens: bool = True
    ) -> None:
        super().__init__(parent)
        self._theme, self._name, self._aside, self._icon = theme, name, aside, icon
        self._opens = opens
        self._hot = False
        """Whether the pointer is at the cross."""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(f"{name}, {aside}")
        self.setFont(theme.font(12.5))

    @property
    def name(self) -> str:
        return self._name

    def sizeHint(self) -> QSize:
        px, metrics = self._theme.px, self.fontMetrics()
        text = metrics.horizontalAdvance(self._name) + metrics.horizontalAdvance(f" · {self._aside}")
        return QSize(min(px(WIDEST), px(30) + text + px(28)), px(HEIGHT))

    def menu(self) -> QMenu:
        """What can be done with it; the caller shows it."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._opens:
            menu.addAction("Open").triggered.connect(self.click)
        menu.addAction("Remove\tDel").triggered.connect(self.removed)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.mapToGlobal(QPoint(0, self.height()))
        self.menu().popup(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            # One that is held down would take all of them.
            if not event.isAutoRepeat():
                self.removed.emit()
        elif key in steps:
            self.stepped.emit(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())
        super().mouseMoveEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._point_at(event.position())
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hot = False
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())
        if self._hot and event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.removed.emit()
        else:
            super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, px = self._theme.colors, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.hasFocus()
        painter.setPen(QPen(colors.accent if focused else colors.line, 2 if focused else 1))
        painter.setBrush(colors.hover if self.underMouse() and not self._hot else colors.raised)
        inset = 1.0 if focused else 0.5
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, px(RADIUS_CONTROL), px(RADIUS_CONTROL))
        size, ratio = px(14), self.devicePixelRatioF()
        middle = (self.height() - size) // 2
        painter.drawPixmap(px(9), middle, pixmap(self._icon, colors.dim, size, ratio))
        painter.setPen(colors.dim)
        metrics = self.fontMetrics()
        aside = f" · {self._aside}"
        room = self._cross.left() - px(30)
        name_room = room - metrics.horizontalAdvance(aside)
        # Whatever is short of room, some of the name is left.
        if name_room < min(px(50), metrics.horizontalAdvance(self._name)):
            aside, name_room = "", room
        name = metrics.elidedText(self._name, Qt.TextElideMode.ElideMiddle, name_room)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
        painter.drawText(self.rect().adjusted(px(30), 0, 0, 0), flags, name + aside)
        cross, color = px(12), colors.text if self._hot else colors.dim
        at = self._cross.center() - QPoint(cross // 2, cross // 2)
        painter.drawPixmap(QPointF(at), pixmap("x", color, cross, ratio))

    @property
    def _cross(self) -> QRect:
        width = self._theme.px(26)
        return QRect(self.width() - width, 0, width, self.height())

    def _point_at(self, point: QPointF) -> None:
        hot = self._cross.contains(point.toPoint())
        if hot != self._hot:
            self._hot = hot
            self.update()


class Chips(QScrollArea):
    """Rows of chips, hidden while there are none. The keyboard stops once at all of them, by Tab."""

    opened = Signal(int)
    removed = Signal(int)
    """The place of an attachment among those that were set."""
    cancelled = Signal(object)
    """What was given for one that is being read."""
    left = Signal()
    """The focus is to go on to the text: the last chip is gone, or the user went past it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attachments")
        self.setAccessibleName("Attachments")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._theme = theme
        self._inner = QWidget()
        self.setWidget(self._inner)
        for clear in (self, self.viewport(), self._inner):
            clear.setAutoFillBackground(False)
        self.setStyleSheet("QScrollArea { background: transparent; }")
        self.chips: list[Chip] = []
        self._shown: tuple[object, ...] = ()
        theme.changed.connect(self._restyle)
        self.hide()

    def show_parts(self, parts: Sequence[Part], reading: Sequence[tuple[str, object]], model: str) -> None:
        """Show ``parts``, and behind them what is being read: names, and what ``cancelled`` is to tell."""
        shown = (tuple(parts), tuple(reading), model)
        if shown == self._shown:
            return
        self._shown = shown
        at = next((i for i, chip in enumerate(self.chips) if chip.hasFocus()), None)
        fewer = len(parts) + len(reading) < len(self.chips)
        for chip in self.chips:
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for index, part in enumerate(parts):
            self._add_part(index, part, model)
        for name, what in reading:
            chip = self._add(name, "reading…", "file", opens=False)
            chip.setAccessibleDescription("Delete stops it")
            chip.removed.connect(lambda what=what: self.cancelled.emit(what))
        self._arrange()
        self.setVisible(bool(self.chips))
        if at is not None and self.chips:
            self.focus(min(at, len(self.chips) - 1))
        elif at is not None or (fewer and not self.chips):
            self.left.emit()

    def focus(self, index: int) -> None:
        """Put the keyboard at a chip; -1 is the last."""
        if self.chips:
            chip = self.chips[index]
            for one in self.chips:
                one.setFocusPolicy(Qt.FocusPolicy.TabFocus if one is chip else Qt.FocusPolicy.NoFocus)
            chip.setFocus(Qt.FocusReason.OtherFocusReason)
            self.ensureWidgetVisible(chip, 0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def _add_part(self, index: int, part: Part, model: str) -> None:
        data = attachment_of(part)
        icon = "link" if data.url else "image" if part.kind is PartKind.IMAGE else "file"
        chip = self._add(name_of(part), aside_of(part, model), icon)
        chip.setToolTip(tool_tip(f"{name_of(part)}\n{sent_as(part, model)}"))
        chip.setAccessibleDescription(f"{sent_as(part, model)} Enter shows it, Delete removes it.")
        chip.clicked.connect(lambda: self.opened.emit(index))
        chip.removed.connect(lambda: self.removed.emit(index))

    def _add(self, name: str, aside: str, icon: str, *, opens: bool = True) -> Chip:
        chip = Chip(self._theme, name, aside, icon, self._inner, opens=opens)
        place = len(self.chips)
        chip.setFocusPolicy(Qt.FocusPolicy.NoFocus if place else Qt.FocusPolicy.TabFocus)
        chip.stepped.connect(lambda step: self._step(place + step))
        self.chips.append(chip)
        return chip

    def _step(self, place: int) -> None:
        if place >= len(self.chips):
            self.left.emit()
        else:
            self.focus(max(0, place))

    def _arrange(self) -> None:
        px = self._theme.px
        width = self.viewport().width()
        x = y = 0
        height, gap = px(HEIGHT), px(GAP)
        for chip in self.chips:
            wide = min(chip.sizeHint().width(), width)
            if x and x + wide > width:
                x, y = 0, y + height + gap
            chip.setGeometry(x, y, wide, height)
            chip.show()
            x += wide + gap
        total = y + height if self.chips else 0
        self._inner.resize(width, total)
        self.setFixedHeight(min(total, ROWS * (height + gap) - gap))

    def _restyle(self) -> None:
        for chip in self.chips:
            chip.setFont(self._theme.font(12.5))
        self._arrange()
