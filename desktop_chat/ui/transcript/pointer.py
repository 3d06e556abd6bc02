"""What the pointer does in the transcript: hovering, clicking, selecting."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QDrag, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.addresses import shown
from desktop_chat.ui.links import open_link
from desktop_chat.ui.transcript.clipboard import Offer
from desktop_chat.ui.transcript.code_header import code_buttons
from desktop_chat.ui.transcript.excerpt import Place
from desktop_chat.ui.transcript.link_places import Link, link_at
from desktop_chat.ui.transcript.row import Button, Spot
from desktop_chat.ui.transcript.selection import line, word

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
        self._lifts = False
        """Whether what is selected was pressed, and is dragged out or clicked away."""
        self._double = 0, QPointF()
        """When the last double click was, in the time of events, and where."""
        self._drag_timer = QTimer(view, interval=DRAG_INTERVAL)
        self._drag_timer.timeout.connect(self._drag_on)

    def forget(self) -> None:
        """Other messages are shown."""
        self.row, self.button, self._pressed, self._lifts = -1, None, None, False
        self._drag_timer.stop()
        self._view.sideways.forget()
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
        for button in code_buttons(row, spot.part, spot.block):
            if button.box.contains(x, y):
                return index, button
        return None

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
        y = point.y() - dict(self._view.rows.visible)[row]
        source = self._view.rows.row(row).source_at(point.x() - self._view.column_left, y)
        if source is not None:
            return source.label
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
        at_bar = view.sideways.hover(point)
        if link or button:
            shape = Qt.CursorShape.PointingHandCursor
        elif self._is_on_text(point) and not at_bar:
            shape = Qt.CursorShape.IBeamCursor
        view.viewport().setCursor(shape)

    def leave(self) -> None:
        """The pointer left the view."""
        self._view.sideways.leave()
        self._view.update_row(self.row)
        self.button, self.row = None, -1
        self._set_link("")

    def _set_link(self, link: str) -> None:
        if link != self.link:
            self.link = link
            self._view.link_hovered.emit(shown(link) if link else "")

    def caret_moved(self) -> None:
        """Tell where the link leads that the caret is in."""
        link = self.link_at_caret()
        self._set_link(link.url if link is not None else "")

    def link_at_caret(self) -> Link | None:
        """The link that the caret is in."""
        view = self._view
        row, part, block, position = view.selection.head or (-1, 0, 0, 0)
        if view.selection.is_empty and 0 <= row < len(view.rows.messages):
            return link_at(view.rows.row(row).flow(part), block, position)
        return None

    def open_at_caret(self) -> bool:
        """Open the link that the caret is in; whether there is one."""
        link = self.link_at_caret()
        if link is not None:
            open_link(link.url, self._view, link.text)
        return link is not None

    def move(self, event: QMouseEvent) -> None:
        point = event.position()
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self.hover(point)
            return
        if self._view.sideways.move(point):
            return
        selection = self._view.selection
        far = (point - self._press_point).manhattanLength() >= QApplication.startDragDistance()
        if self._lifts:
            if far:
                self._drag_out()
        elif selection.is_dragging and (far or not selection.is_empty):
            self._pressed = None
            self._drag_to(point)
            self._view.sideways.drag(point)

    def press(self, event: QMouseEvent) -> None:
        point = self._press_point = event.position()
        self._pressed = None
        if self._view.sideways.press(point):
            return
        self._pressed = self.button_at(point)
        if self._pressed is not None:
            return
        self._pressed = self.link_at(point) or None
        at = self.spot_at(point)
        if at is None:
            return
        view, place = self._view, _place(at)
        view.current = at[0]
        extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        third = self._is_third(event)
        self._lifts = not extends and not third and view.selection.covers(place) and self._is_on_text(point)
        if not self._lifts:
            view.selection.press(place, extend=extends, grain=line if third else None)
            view.viewport().update()

    def double_click(self, event: QMouseEvent) -> None:
        at = self.spot_at(event.position())
        if self.button_at(event.position()) is not None or self._view.sideways.at_bar(event.position()):
            self.press(event)
        elif at is not None:
            self._lifts = False
            self._view.selection.press(_place(at), grain=word)
            self._double = event.timestamp(), event.position()
            self._pressed = None
            self._view.offer_selection()

    def _is_third(self, event: QMouseEvent) -> bool:
        """Whether a click comes so soon after a double click that it is one more."""
        (when, where), self._double = self._double, (0, QPointF())
        near = (event.position() - where).manhattanLength() < QApplication.startDragDistance()
        return near and 0 < event.timestamp() - when < QGuiApplication.styleHints().mouseDoubleClickInterval()

    def _is_on_text(self, point: QPointF) -> bool:
        at = self._view.row_at(point.y())
        if at is None:
            return False
        return self._view.rows.row(at[0]).is_text_at(point.x() - self._view.column_left, point.y() - at[1])

    def _drag_out(self) -> None:
        """Give what is selected to where it is dropped; it stays here as well."""
        self._lifts, self._pressed = False, None
        excerpt = self._view.selection.excerpt()
        if excerpt is not None:
            drag = QDrag(self._view)
            drag.setMimeData(Offer(excerpt))
            drag.exec(Qt.DropAction.CopyAction)

    def release(self, event: QMouseEvent) -> None:
        self._drag_timer.stop()
        if self._view.sideways.release():
            return
        pressed, self._pressed = self._pressed, None
        lifted, self._lifts = self._lifts, False
        if lifted:
            # It was a click on what is selected, and no drag.
            self._view.selection.clear()
            at = self.spot_at(event.position())
            if at is not None:
                self._view.selection.press(_place(at))
        self._view.selection.release()
        if isinstance(pressed, str):
            if self.link_at(event.position()) == pressed:
                open_link(pressed, self._view, self.link_text_at(event.position()))
        elif pressed is not None:
            if self.button_at(event.position()) == pressed and pressed[1].enabled:
                self._view.trigger(pressed[0], pressed[1].action, pressed[1])
        else:
            self._view.offer_selection()

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
            view.scroll_by(max(-MAX_DRAG_STEP, min(MAX_DRAG_STEP, int(over))))
            self._drag_to(point)
        else:
            self._drag_timer.stop()


def _place(at: tuple[int, Spot]) -> Place:
    row, spot = at
    return row, spot.part, spot.block, spot.position
