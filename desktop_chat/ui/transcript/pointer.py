"""What the pointer does in the transcript: hovering, clicking, selecting."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.addresses import shown
from desktop_chat.ui.links import open_link
from desktop_chat.ui.transcript.excerpt import Place
from desktop_chat.ui.transcript.link_places import link_at
from desktop_chat.ui.transcript.row import Button, Spot
from desktop_chat.ui.transcript.selection import word

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

DRAG_INTERVAL = 40
"""Milliseconds between two steps of scrolling while a selection is dragged beyond the view."""
MAX_DRAG_STEP = 120


class Pointer:
    """The state of the pointer over a view. Points are those of the viewport."""

    def __init__(self, view: "Transcript") -> None:
        self._view = view
        self.row = -1
        """The message below the pointer, or -1."""
        self.button: tuple[int, Button] | None = None
        """The message and the button below the pointer."""
        self.link = ""
        self._pressed: tuple[int, Button] | str | None = None
        self._press_point = QPointF()
        self._drag_timer = QTimer(view, interval=DRAG_INTERVAL)
        self._drag_timer.timeout.connect(self._drag_on)

    def forget(self) -> None:
        """Other messages are shown."""
        self.row, self.button, self._pressed = -1, None, None
        self._drag_timer.stop()
        self._set_link("")

    def button_at(self, point: QPointF) -> tuple[int, Button] | None:
        """The message and the button at a point; a button that shows only on hover counts when it shows."""
        at = self._view.row_at(point.y())
        if at is None:
            return None
        index, top = at
        row = self._view.rows.row(index)
        x, y = point.x() - self._view.column_left, point.y() - top
        for button in reversed(row.buttons()):
            if button.box.contains(x, y) and (not button.on_hover or self._view.is_active(index)):
                return index, button
        spot = row.spot_at(x, y)
        code = row.code_button(spot.part, spot.block)
        return (index, code) if code is not None and code.box.contains(x, y) else None

    def link_at(self, point: QPointF) -> str:
        at = self._view.row_at(point.y())
        if at is None:
            return ""
        return self._view.rows.row(at[0]).link_at(point.x() - self._view.column_left, point.y() - at[1])

    def link_text_at(self, point: QPointF) -> str:
        """What the link at a point says."""
        at = self.spot_at(point)
        if at is None:
            return ""
        row, spot = at
        link = link_at(self._view.rows.row(row).flow(spot.part), spot.block, spot.position)
        return link.text if link is not None else ""

    def spot_at(self, point: QPointF) -> tuple[int, Spot] | None:
        """The message and the text position nearest to a point."""
        at = self._view.row_at(point.y())
        if at is None:
            return None
        row = self._view.rows.row(at[0])
        return at[0], row.spot_at(point.x() - self._view.column_left, point.y() - at[1])

    def hover(self, point: QPointF) -> None:
        """The pointer is at a point, with no button held."""
        view = self._view
        at = view.row_at(point.y())
        row = -1 if at is None else at[0]
        if row != self.row:
            view.update_row(self.row)
            self.row = row
            view.update_row(row)
        button = self.button_at(point)
        if button != self.button:
            for item in (self.button, button):
                if item is not None:
                    view.update_row(item[0])
            self.button = button
        link = "" if button else self.link_at(point)
        self._set_link(link)
        shape = Qt.CursorShape.ArrowCursor
        if link or button:
            shape = Qt.CursorShape.PointingHandCursor
        elif at is not None and view.rows.row(row).is_text_at(
            point.x() - view.column_left, point.y() - at[1]
        ):
            shape = Qt.CursorShape.IBeamCursor
        view.viewport().setCursor(shape)

    def leave(self) -> None:
        """The pointer left the view."""
        self._view.update_row(self.row)
        self.button, self.row = None, -1
        self._set_link("")

    def _set_link(self, link: str) -> None:
        if link != self.link:
            self.link = link
            self._view.link_hovered.emit(shown(link) if link else "")

    def caret_moved(self) -> None:
        """Tell where the link leads that the caret is in."""
        view = self._view
        row, part, block, position = view.selection.head or (-1, 0, 0, 0)
        link = None
        if view.selection.is_empty and 0 <= row < len(view.rows.messages):
            link = link_at(view.rows.row(row).flow(part), block, position)
        self._set_link(link.url if link is not None else "")

    def move(self, event: QMouseEvent) -> None:
        point = event.position()
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self.hover(point)
            return
        selection = self._view.selection
        far = (point - self._press_point).manhattanLength() >= QApplication.startDragDistance()
        if selection.is_dragging and (far or not selection.is_empty):
            self._pressed = None
            self._drag_to(point)

    def press(self, event: QMouseEvent) -> None:
        point = self._press_point = event.position()
        self._pressed = self.button_at(point)
        if self._pressed is not None:
            return
        self._pressed = self.link_at(point) or None
        at = self.spot_at(point)
        if at is not None:
            self._view.current = at[0]
            extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._view.selection.press(_place(at), extend=extend)
            self._view.viewport().update()

    def double_click(self, event: QMouseEvent) -> None:
        at = self.spot_at(event.position())
        if self.button_at(event.position()) is not None:
            self.press(event)
        elif at is not None:
            self._view.selection.press(_place(at), grain=word)
            self._pressed = None
            self._view.offer_selection()

    def release(self, event: QMouseEvent) -> None:
        self._drag_timer.stop()
        pressed, self._pressed = self._pressed, None
        self._view.selection.release()
        if isinstance(pressed, str):
            if self.link_at(event.position()) == pressed:
                open_link(pressed, self._view, self.link_text_at(event.position()))
        elif pressed is not None:
            if self.button_at(event.position()) == pressed and pressed[1].enabled:
                self._view.trigger(pressed[0], pressed[1].action, pressed[1])
        else:
            self._view.offer_selection()

    def offer(self) -> None:
        """Offer what is selected to a middle click, where that is the custom."""
        clipboard = QGuiApplication.clipboard()
        if clipboard.supportsSelection() and not self._view.selection.is_empty:
            clipboard.setText(self._view.selection.text(), clipboard.Mode.Selection)

    def _drag_to(self, point: QPointF) -> None:
        at = self.spot_at(point)
        if at is not None:
            self._view.selection.drag(_place(at))
            self._view.viewport().update()
        if not 0 <= point.y() <= self._view.viewport().height():
            if not self._drag_timer.isActive():
                self._drag_timer.start()
        else:
            self._drag_timer.stop()

    def _drag_on(self) -> None:
        """Scroll while the pointer is held beyond the view."""
        view = self._view
        point = QPointF(view.viewport().mapFromGlobal(view.cursor().pos()))
        over = point.y() if point.y() < 0 else max(0.0, point.y() - view.viewport().height())
        if over:
            bar = view.verticalScrollBar()
            bar.setValue(bar.value() + max(-MAX_DRAG_STEP, min(MAX_DRAG_STEP, int(over))))
            self._drag_to(point)
        else:
            self._drag_timer.stop()


def _place(at: tuple[int, Spot]) -> Place:
    row, spot = at
    return row, spot.part, spot.block, spot.position
