"""Dialogs drawn inside their window: a rounded card over it, with a veil behind it where it is modal.

A window of its own would be placed by the window manager, may be given the focus by it while the user types,
and has square black corners where nothing composes the screen. A card has none of that.
"""

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop_chat.ui.announcing import announce
from desktop_chat.ui.theme import RADIUS_BUBBLE, Theme

_SHADOW = 30
_SHADOW_DROP = 8
_PADDING = (22, 20)
_DIM = QColor(20, 20, 30, 46)
_DIM_DARK = QColor(0, 0, 0, 128)


class Card(QDialog):
    """A dialog inside ``host``, ``design_width`` wide at 100 % zoom; :attr:`body` takes its content.

    It keeps itself within ``host`` (and scrolls where that is too small), can be moved by its background,
    and gives the focus back to where it was. One that is not modal never takes the focus by itself, and
    waits behind one that is; a modal one keeps the focus and the keyboard shortcuts of its window to itself
    until it closes.
    """

    def __init__(self, theme: Theme, host: QWidget, design_width: int, *, modal: bool = False) -> None:
        super().__init__(host)
        self.setWindowFlags(Qt.WindowType.Widget)
        # Else Qt shows it with its window, where that is not shown yet.
        QWidget.setVisible(self, False)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.theme = theme
        self._host = host
        self._design_width = design_width
        self._is_modal = modal
        self._veil = _Veil(theme, host) if modal else None
        if self._veil is not None:
            self.destroyed.connect(self._veil.deleteLater)
        self._focus_before: QWidget | None = None
        self._moved_by = QPoint()
        self._drag_from: QPointF | None = None
        self._step = 0
        self.starts_at: QWidget | None = None
        """What has the focus first in a modal card; its first field where it is None."""

        self.body = QVBoxLayout()
        content = QWidget()
        content.setObjectName("cardContent")
        content.setLayout(self.body)
        self._content = content
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(content)
        self.setStyleSheet("QDialog { background: transparent; }")
        for transparent in (self._area.viewport(), content):
            transparent.setAutoFillBackground(False)
        self._outer = QVBoxLayout(self)
        self._outer.addWidget(self._area)
        content.installEventFilter(self)
        host.installEventFilter(self)
        theme.changed.connect(self._restyle)
        self._restyle()

    def setVisible(self, visible: bool) -> None:
        """As QWidget does it: QDialog would also tell the focused widget that it got the focus."""
        if visible is not self.isHidden():  # its window may be hidden, and come back
            return
        if visible:
            self._focus_before = self._host.window().focusWidget()
            if self._veil is not None:
                self._veil.show()
                self._veil.raise_()
            self._step = self._free_step()
            self._place()
            self.raise_()
            if not self._is_modal:
                # Above a modal card the keyboard would not get here, and what is asked there would be hidden.
                for veil in self._host.findChildren(_Veil):
                    if veil.isVisible():
                        self.stackUnder(veil)
            QWidget.setVisible(self, True)
            if self._is_modal and self.starts_at is not None:
                self.starts_at.setFocus(Qt.FocusReason.OtherFocusReason)
            elif self._is_modal:
                self.focusNextPrevChild(True)
        else:
            had_focus = self._holds_focus()
            QWidget.setVisible(self, False)
            if self._veil is not None:
                self._veil.hide()
            if had_focus and self._focus_before is not None and isValid(self._focus_before):
                self._focus_before.setFocus(Qt.FocusReason.OtherFocusReason)
            self._focus_before = None

    def announce(self, text: str) -> None:
        """Have a screen reader say ``text`` when it has finished what it says now."""
        announce(self, text)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round within a modal card."""
        if not self._is_modal:
            return super().focusNextPrevChild(forward)
        stops = [
            widget
            for widget in self._in_tab_order()
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            # The text of a spin box hands the focus back to it, and Tab would stay there.
            and widget.focusProxy() is None
            and widget.isEnabled()
            and widget.isVisibleTo(self)
        ]
        if not stops:
            return False
        at = QApplication.focusWidget()
        if at in stops:
            at = stops[(stops.index(at) + (1 if forward else -1)) % len(stops)]
        else:
            at = stops[0 if forward else -1]
        at.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        self._area.ensureWidgetVisible(at)
        return True

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (self._is_modal or event.key() == Qt.Key.Key_Escape)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if self._is_modal:
            event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.isVisible() and (
            (watched is self._host and event.type() == QEvent.Type.Resize)
            or (watched is self._content and event.type() == QEvent.Type.LayoutRequest)
        ):
            self._place()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag_from = event.globalPosition() - QPointF(self._moved_by)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is not None:
            self._moved_by = (event.globalPosition() - self._drag_from).toPoint()
            self._place()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag_from = None
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        shadow = self.theme.px(_SHADOW)
        card = QRectF(self.rect()).adjusted(shadow, shadow, -shadow, -shadow)
        paint_raised(QPainter(self), self.theme, card)

    def _free_step(self) -> int:
        """How many steps down and to the right to stand, so that no other card is covered whole."""
        others = (card for card in self._host.findChildren(Card) if card is not self and card.isVisible())
        taken = {card._step for card in others}
        return next(step for step in range(len(taken) + 1) if step not in taken)

    def _in_tab_order(self) -> list[QWidget]:
        """The widgets of the card as they are read: line by line.

        Not by ``nextInFocusChain``: PySide makes what that returns a child of what it was asked of, and when
        the card is deleted, invalidates widgets of the window behind it (seen with 6.11.3).
        """

        def place(widget: QWidget) -> tuple[int, int]:
            at = widget.mapTo(self, QPoint(0, 0))
            return at.y() + widget.height() // 2, at.x()

        return sorted(self.findChildren(QWidget), key=place)

    def _holds_focus(self) -> bool:
        focused = self._host.window().focusWidget()
        return focused is not None and (focused is self or self.isAncestorOf(focused))

    def _restyle(self) -> None:
        px = self.theme.px
        shadow = px(_SHADOW)
        self._outer.setContentsMargins(shadow + 1, shadow + 1, shadow + 1, shadow + 1)
        across, down = px(_PADDING[0]), px(_PADDING[1])
        self.body.setContentsMargins(across, down, across, down)
        self.setFont(self.theme.font())
        if self.isVisible():
            self._place()
        self.update()

    def _place(self) -> None:
        """Take the room the content needs, in the middle of the host and a little above it."""
        edge = 2 * (self.theme.px(_SHADOW) + 1)
        room = self._host.size()
        width = min(self.theme.px(self._design_width), room.width() - 2 * self.theme.px(8))
        inner = width - 2
        wanted = self.body.totalHeightForWidth(inner) if self.body.hasHeightForWidth() else -1
        if wanted < 0:
            wanted = self.body.totalSizeHint().height()
        height = min(wanted + 2, room.height() - 2 * self.theme.px(8))
        self.resize(width + edge - 2, height + edge - 2)
        shift = self._moved_by + QPoint(self._step, self._step) * self.theme.px(24)
        left = (room.width() - width) // 2 + shift.x()
        top = round((room.height() - height) * 0.35) + shift.y()
        left = max(0, min(left, room.width() - width))
        top = max(0, min(top, room.height() - height))
        margin = (edge - 2) // 2
        self.move(left - margin, top - margin)


def paint_raised(painter: QPainter, theme: Theme, card: QRectF) -> None:
    """The ground of a card, with the shadow around it."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    shadow, radius, drop = theme.px(_SHADOW), theme.px(RADIUS_BUBBLE), theme.px(_SHADOW_DROP)
    painter.setPen(Qt.PenStyle.NoPen)
    shade = QColor(0, 0, 0) if theme.dark else QColor(20, 20, 40)
    below = card.translated(0, drop)
    for step in range(shadow - drop, -shadow // 2, -2):
        strength = 1 if step > shadow // 3 else 3
        shade.setAlpha(3 * strength if theme.dark else strength)
        painter.setBrush(shade)
        rounding = radius + max(0, step)
        painter.drawRoundedRect(below.adjusted(-step, -step, step, step), rounding, rounding)
    painter.setBrush(theme.colors.raised)
    painter.setPen(QPen(theme.colors.line, 1))
    painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)


def paint_veil(painter: QPainter, theme: Theme, area: QRect) -> None:
    """What dims a window behind what is over it."""
    painter.fillRect(area, _DIM_DARK if theme.dark else _DIM)


class _Veil(QWidget):
    """Dims the host behind a modal card and takes its mouse."""

    def __init__(self, theme: Theme, host: QWidget) -> None:
        super().__init__(host)
        self._theme = theme
        self._host = host
        self.hide()
        host.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.resize(self._host.size())
        return super().eventFilter(watched, event)

    def showEvent(self, event: QEvent) -> None:
        self.resize(self._host.size())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_veil(QPainter(self), self._theme, self.rect())
