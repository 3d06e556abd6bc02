"""The transcript: a painted, virtual list of messages."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QMenu, QWidget

from desktop_chat.domain.message import Message, PartKind, Role, State
from desktop_chat.ui.theme import COLUMN_WIDTH, RADIUS_CONTROL, Theme
from desktop_chat.ui.transcript import accessible, formulas
from desktop_chat.ui.transcript.announcer import Announcer
from desktop_chat.ui.transcript.arrangement import Arrangement, Position
from desktop_chat.ui.transcript.caret import Caret
from desktop_chat.ui.transcript.clipboard import Copier, offer_selection
from desktop_chat.ui.transcript.code_actions import CodeActions
from desktop_chat.ui.transcript.excerpt import Place
from desktop_chat.ui.transcript.finder import Finder
from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.highlight import HighlightClient
from desktop_chat.ui.transcript.hit_bar import HitBar
from desktop_chat.ui.transcript.keyboard import Keyboard
from desktop_chat.ui.transcript.menu import fill_menu, show_context_menu, show_menu_of_current
from desktop_chat.ui.transcript.parts import Parts
from desktop_chat.ui.transcript.places import Places
from desktop_chat.ui.transcript.pointer import Pointer
from desktop_chat.ui.transcript.repaints import Repaints
from desktop_chat.ui.transcript.row import Action, Button, Explain, Row, Spot, speaker
from desktop_chat.ui.transcript.row_painter import paint as paint_row
from desktop_chat.ui.transcript.selection import Selection
from desktop_chat.ui.transcript.sideways import Sideways
from desktop_chat.ui.transcript.text import Wash
from desktop_chat.ui.transcript.triggers import trigger
from desktop_chat.ui.transcript.wheel import Wheel

MARGIN = 20
FRAME = 0.05
"""Seconds between two refreshes while text streams in: half the window's work of one for every read."""
CHEAP = 0.004
"""Seconds that a refresh may cost without making the next one wait."""
REST = 3
"""A refresh that costs more waits for this multiple of it, so that the rest of the program has its time."""


class Transcript(QAbstractScrollArea):
    """Shows the messages of a conversation, and the answer that is being written.

    ``explain`` turns an error into a title and a body of plain words. Ids in signals are message ids;
    ``version_requested`` has the id of the version to show, ``edit_requested`` that of the user's message.
    ``link_hovered`` has the address under the pointer as it is really asked for, or ``""``.
    """

    regenerate_requested = Signal(str)
    edit_requested = Signal(str)
    continue_requested = Signal(str)
    try_again_requested = Signal(str)
    version_requested = Signal(str)
    details_requested = Signal(str)
    """The user wants to see what is known of an answer."""
    tree_requested = Signal(str)
    """The user wants to see an answer that is JSON as a tree."""
    context_requested = Signal()
    """The user wants to see what goes into the next request."""
    place_requested = Signal(str, object)
    """The ``Place`` that a message is to have in requests; ``SENT`` leaves it to the chat's strategy."""
    branch_requested = Signal(str, object)
    """A message, and which ``Action`` of ``BRANCHING`` is wanted."""
    attachment_requested = Signal(object)
    """The user wants to see a part that is a file or an image."""
    link_hovered = Signal(str)
    end_far_changed = Signal(bool)
    """Whether a way to the end is of use: it is a screen or more away, or new text came there."""
    selection_changed = Signal()
    told = Signal(str)
    """What keys do from now on, in words to be shown for a moment."""

    def __init__(self, theme: Theme, explain: Explain, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setAccessibleName("Transcript")
        accessible.install()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.theme = theme
        theme.changed.connect(self._theme_changed)
        self._highlighting = HighlightClient(self)
        self._highlighting.answered.connect(self._rendered)
        formulas.shared().ready.connect(self._rendered)
        self.rows = Arrangement(Formats(theme), self._highlighting, explain)
        self.selection = Selection(self.rows, self)
        self.selection.changed.connect(self.selection_changed)
        self._places = Places(self)
        self.copier = Copier(self)
        self.caret = Caret(self, self._places)
        self.selection.changed.connect(self._places.hold_selected)
        self.finder = Finder(self)
        self.parts = Parts(self)
        self.setVerticalScrollBar(HitBar(self))
        self.current = -1
        """The message that the keyboard is at, or -1."""
        self._by_keyboard = False
        self.sideways = Sideways(self)
        self.selection_changed.connect(self.sideways.follow_caret)
        self.code = CodeActions(self)
        self._pointer = Pointer(self)
        self.selection_changed.connect(self._pointer.caret_moved)
        self.selection_changed.connect(lambda: accessible.selection_changed(self))
        self._keyboard = Keyboard(self)
        self.announcer = Announcer(self)
        self.announce = "sentences"
        """When a screen reader is told an answer: with its ``sentences``, at its ``end``, or ``never``."""
        self._repaints = Repaints(self.rows, self.viewport())
        self._moving = False
        self._new_below = self._end_far = False
        self._cost, self._ended_at = 0.0, 0.0
        self._refresh_timer = QTimer(self, singleShot=True)
        self._refresh_timer.timeout.connect(self._refresh_in_turn)
        self._idle = QTimer(self, interval=0, singleShot=True)
        self._idle.timeout.connect(self._work)
        self._text_came = False
        self._wheel = Wheel()
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._bar_moved)

    # What the session tells

    def set_path(self, messages: Sequence[Message], versions: Callable[[str], list[str]]) -> None:
        """Show a whole conversation, from its end; nothing of the one before is kept."""
        self.current = -1
        self._pointer.forget()
        self.selection.clear()
        self._measure()
        shown = [message for message in messages if message.role is not Role.SYSTEM]
        self.rows.set_messages(shown, versions)
        self.announcer.forget()
        self.finder.messages_changed()
        self._repaints.forget()
        accessible.children_changed(self)
        self.refresh()

    def add_message(self, message: Message) -> None:
        """Add a message below the others."""
        if message.role is Role.SYSTEM or message.id in self.rows.index:
            return
        self.rows.add(message)
        self.finder.message_added()
        self._text_came = True
        accessible.children_changed(self)
        self.refresh_soon()

    def append_text(self, message_id: str, kind: PartKind, text: str) -> None:
        """Show text that was just added to a message."""
        index = self.rows.index.get(message_id)
        if index is None:
            return
        row = self.rows.built(index)
        if row is not None:
            row.append(kind, text)
        self.finder.message_changed(index)
        self._text_came = True
        self.announcer.text_came(message_id)
        self.refresh_soon()

    def update_message(self, message_id: str) -> None:
        """Show what changed in a message beside its streamed text: state, usage, error, versions."""
        index = self.rows.index.get(message_id)
        if index is None:
            return
        row = self.rows.built(index)
        if row is not None:
            was_streaming = not row.body.has_ended
            if row.refresh() and self.selection.touches(index):
                self.selection.clear()
            if was_streaming and row.message.state is not State.STREAMING:
                self._announce(row)
        if self.rows.messages[index].state is not State.STREAMING:
            self.rows.set_status(message_id, "")
        self.finder.message_changed(index)
        accessible.text_changed(self, index)
        self.refresh()

    def set_status(self, message_id: str | None, text: str) -> None:
        """The line under an answer that is being written; None takes no message."""
        if message_id is not None and message_id in self.rows.index:
            self.rows.set_status(message_id, text)
            self.refresh_soon()

    @property
    def is_settled(self) -> bool:
        """Whether all that is in view is parsed, laid out and coloured as it will stay."""
        return self.rows.is_complete and self.rows.is_lit and not self._refresh_timer.isActive()

    def show_message(self, message_id: str, *, framed: bool = True) -> None:
        """Go to a message, its begin near the upper edge; the keyboard is there then, with a frame around it
        or, where something in it is marked, without."""
        if (index := self.rows.index.get(message_id)) is not None:
            self.rows.restore(Position(message_id, -1, 0, self.theme.px(MARGIN)))
            self.set_current(index)
            self._by_keyboard = framed

    def scroll_to_end(self) -> None:
        self.rows.scroll_to_end()
        self.refresh()

    def scroll_to_start(self) -> None:
        self.rows.scroll_to_start()
        self._show()

    def scroll_by(self, pixels: int) -> None:
        """Move what is in view up by ``pixels``, exactly, also where heights were only estimated."""
        self.rows.scroll_by(pixels)
        self._show()

    def position(self) -> Position | None:
        """Where the reader is, for :meth:`restore`; None at the end."""
        return self.rows.position()

    def restore(self, position: Position) -> None:
        """Go back to where a reader was; where that message is gone, nothing happens."""
        self.rows.restore(position)
        self.refresh()

    def selected_text(self) -> str:
        """The selected text as it is shown, without markup."""
        return self.selection.text()

    # Places of the text

    @property
    def caret_place(self) -> Place | None:
        """Where the caret is; None where there is none."""
        return self._places.known(self.selection.head)

    def place_rect(self, place: Place) -> QRect:
        """Where a caret at a place is in the viewport; null where that is not in view."""
        return self._places.rect(place)

    def place_at(self, point: QPointF) -> Place | None:
        """The place nearest to a point of the viewport; None in an empty chat."""
        return self._places.at(point)

    # What screen readers ask

    def speaker(self, index: int) -> str:
        """Whose message it is: "You", or the model's name."""
        return speaker(self.rows.messages[index])

    def rendered_text(self, index: int) -> str:
        """The text of a message as it is shown."""
        return self.rows.row(index).plain_text()

    def notice(self, index: int) -> str:
        """How a message ended, what is shown beside its text, and when it was."""
        return self.parts.describe(index)

    def row_index_at(self, y: float) -> int | None:
        """The message at a y of the viewport."""
        at = self.row_at(y)
        return None if at is None else at[0]

    def spot_at(self, point: QPointF) -> tuple[int, Spot] | None:
        """The message and the text position nearest to a point of the viewport."""
        return self._pointer.spot_at(point)

    def open_link_at_caret(self) -> bool:
        """Open the link that the caret is in, as a click does; whether there is one."""
        return self._pointer.open_at_caret()

    def row_rect_on_screen(self, index: int) -> QRect:
        top = self.rows.heights.before(index) - self.rows.top
        rect = QRect(self.column_left, top, self.rows.width, self.rows.heights[index])
        return rect.translated(self.viewport().mapToGlobal(QPoint(0, 0)))

    def _announce(self, row: Row) -> None:
        row.arrange()
        if row.message.state is State.COMPLETE:
            words = f"{row.name} has answered"
        else:
            words = row.notice_text.partition("\n")[0] or "The answer ended"
        self.announcer.ended(row.message.id, words)

    # Layout

    @property
    def column_left(self) -> int:
        """The x of the column: the middle of the whole view, so that a scroll bar shifts nothing."""
        middle = (self.width() - self.rows.width) // 2
        return max(0, min(middle, self.viewport().width() - self.rows.width))

    def _measure(self) -> None:
        room = self.viewport().width() - 2 * self.rows.formats.px(MARGIN)
        width = max(120, min(self.rows.formats.px(COLUMN_WIDTH), room))
        self.rows.resize(width, self.viewport().height())

    def refresh_soon(self) -> None:
        rest = max(FRAME, REST * self._cost if self._cost >= CHEAP else 0.0)
        wait = rest - (time.perf_counter() - self._ended_at)
        if wait <= 0:
            self._refresh_timer.stop()
            self._refresh_in_turn()
        elif not self._refresh_timer.isActive():
            self._refresh_timer.start(int(wait * 1000) + 1)

    def _refresh_in_turn(self) -> None:
        started = time.perf_counter()
        self.refresh()
        self._ended_at = time.perf_counter()
        self._cost = self._ended_at - started

    def refresh(self) -> None:
        """Lay out what is in view, and have repainted what changed."""
        self.rows.arrange()
        self._show()
        self._cost = 0.0

    def _show(self) -> None:
        rows = self.rows
        self._moving = True
        bar = self.verticalScrollBar()
        bar.setRange(0, rows.max_top)
        line = max(1, round(rows.formats.text_pitch))
        bar.setPageStep(max(line, rows.view_height - line))
        bar.setSingleStep(line)
        bar.setValue(rows.top)
        self._moving = False
        self._repaints.update()
        at_bottom = rows.top >= rows.max_top - 2
        self._new_below = not at_bottom and (self._new_below or self._text_came)
        self._text_came = False
        end_far = self._new_below or rows.max_top - rows.top > rows.view_height
        if end_far != self._end_far:
            self._end_far = end_far
            self.end_far_changed.emit(end_far)
        if not rows.is_complete or rows.has_arrivals():
            self._idle.start()

    def _rendered(self) -> None:
        """Colours or formulas came; several at once cost one refresh."""
        self._idle.start()

    def _work(self) -> None:
        """A slice of what can wait: parsing long messages, showing colours and formulas that came."""
        if not self.rows.is_complete:
            self.refresh()
        if self.rows.light():
            self.refresh()

    def _theme_changed(self) -> None:
        self._hold()
        self.rows.restyle(Formats(self.theme), self.rows.width)
        self._measure()
        self._repaints.forget()
        self.refresh()

    def _hold(self) -> None:
        """Have the line at the pointer of a zooming wheel stay in its place, else the one with the caret."""
        streams = bool(self.rows.messages) and self.rows.messages[-1].state is State.STREAMING
        if self.rows.sticks and streams:
            return
        y, head = self._wheel.zoom_y, self.selection.head
        if y is not None:
            self.rows.hold(y)
        elif head is not None and not self.rows.sticks:
            self.rows.hold_place(*head)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        self._repaints.forget()
        self.refresh()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Nothing: :meth:`refresh` moves the pixels."""

    def _bar_moved(self, value: int) -> None:
        if self._moving:
            return
        bar = self.verticalScrollBar()
        if bar.isSliderDown() and value in (bar.minimum(), bar.maximum()):
            # The reader asks for the end, not for the pixels up to where it was thought to be.
            (self.rows.scroll_to_start if value == bar.minimum() else self.rows.scroll_to_end)()
        else:
            self.rows.scroll_to(value)
        self._show()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        started = time.perf_counter()
        painter = QPainter(self.viewport())
        colors = self.theme.colors
        left = self.column_left
        for rect in event.region():  # type: ignore[attr-defined]
            painter.setClipRect(rect)
            painter.fillRect(rect, colors.window)
            clip = QRectF(rect)
            for index, y in self.rows.visible:
                row = self.rows.row(index)
                if y + row.height < rect.top() or y > rect.bottom():
                    continue
                button = self._pointer.button
                paint_row(
                    row,
                    painter,
                    left,
                    y,
                    clip,
                    lambda part, block, index=index: self._washes(index, part, block),  # type: ignore[misc]
                    active=self.is_active(index),
                    hovered=button[1] if button and button[0] == index else None,
                    cursor=row.is_streaming,
                )
                if index == self.current and self._by_keyboard and self.hasFocus():
                    self._paint_focus(painter, self.row_rect(index, y))
            self.caret.paint(painter, rect)
        painter.end()
        self._cost += time.perf_counter() - started

    def _washes(self, index: int, part: int, block: int) -> list[Wash]:
        """The colours behind the text of a block: what was found, what is selected, the hit gone to."""
        found = self.finder.washes(index, part, block)
        selected = self.selection.range(index, part, block)
        if selected is not None:
            found.append(Wash(*selected, self.rows.formats.selection))
        return found + self.finder.current_wash(index, part, block)

    def _paint_focus(self, painter: QPainter, rect: QRect) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.theme.colors.accent, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = self.theme.px(RADIUS_CONTROL)
        painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), radius, radius)

    def row_rect(self, index: int, y: int) -> QRect:
        """The frame of a message whose row is at ``y`` of the viewport."""
        row = self.rows.row(index)
        top = y + row.caption_top - self.theme.px(6)
        bottom = y + row.height - self.theme.px(12)
        left = self.column_left - self.theme.px(12)
        return QRect(left, top, self.rows.width + 2 * self.theme.px(12), bottom - top)

    def is_active(self, index: int) -> bool:
        """Whether the actions of a message are shown."""
        if index == self._pointer.row or (index == self.current and self._by_keyboard and self.hasFocus()):
            return True
        return index == len(self.rows.messages) - 1

    def update_row(self, index: int) -> None:
        """Have a message repainted, if it is in view."""
        for number, y in self.rows.visible:
            if number == index:
                row = self.rows.row(index)
                self.viewport().update(0, y - 8, self.viewport().width(), row.height + 16)

    # Mouse

    def row_at(self, y: float) -> tuple[int, int] | None:
        """The row at a y of the viewport, the nearest one where there is none, and its y."""
        found = None
        for index, top in self.rows.visible:
            if found is None or top <= y:
                found = index, top
        return found

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._by_keyboard = False
            self.caret.pointer_took_over()
            self._pointer.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pointer.double_click(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pointer.release(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._pointer.leave()
        if event.type() == QEvent.Type.ToolTip:
            return self.code.show_tip(event, self._pointer.button)
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.sideways.wheel(event):
            self.scroll_by(self._wheel.turned(event, self.verticalScrollBar()))
        self._pointer.hover(event.position())

    # Keyboard

    def event(self, event: QEvent) -> bool:
        # Esc takes the selection away before it is the window's Stop.
        if event.type() == QEvent.Type.ShortcutOverride and self._keyboard.claims(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._keyboard.press(event)

    def has_current(self) -> bool:
        return 0 <= self.current < len(self.rows.messages)

    def set_current(self, index: int) -> None:
        """Move the keyboard to a message, and show it."""
        self._by_keyboard = True
        self.current = index
        self.rows.reveal(index)
        self._repaints.forget()
        self._show()
        accessible.focus_changed(self, index)

    def focusInEvent(self, event: QFocusEvent) -> None:
        by_keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_keyboard and self.rows.visible:
            self._by_keyboard = True
            if self.current not in [index for index, _y in self.rows.visible]:
                self.current = self.rows.visible[-1][0]
        self.caret.refresh()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.caret.refresh()
        super().focusOutEvent(event)

    # Actions

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        show_context_menu(self, self._pointer, event)

    def menu_of_current(self) -> None:
        self.rows.reveal(self.current)
        self._show()
        show_menu_of_current(self)

    def menu(
        self, index: int, *, link: str = "", link_text: str = "", code: tuple[int, int] | None = None
    ) -> QMenu:
        """The menu of a message; ``link`` and ``code`` are what the pointer is at."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_menu(menu, self, index, link, code, link_text)
        return menu

    def trigger(self, index: int, action: Action, button: Button | None = None) -> None:
        """Do what a button or a menu entry of a message says."""
        trigger(self, index, action, button)

    def copy(self, text: str) -> None:
        self.copier.copy_text(text)

    def copy_message(self, message_id: str) -> None:
        """Copy a message in all formats, as its button does."""
        index = self.rows.index.get(message_id)
        if index is not None:
            self.trigger(index, Action.COPY)

    def copy_selection(self, *formats: str) -> None:
        """Copy what is selected, in all formats or some of those of ``clipboard``."""
        excerpt = self.selection.excerpt()
        if excerpt is not None:
            self.copier.copy(excerpt, *formats)

    def select_all(self) -> None:
        self.selection.select_all()
        self.offer_selection()

    def select_message(self, index: int) -> None:
        self.selection.select_message(index)
        self.offer_selection()

    def offer_selection(self) -> None:
        """The selection is made: show it, and offer it to a middle click where that is the custom."""
        self.viewport().update()
        excerpt = self.selection.excerpt()
        if excerpt is not None:
            offer_selection(excerpt)
