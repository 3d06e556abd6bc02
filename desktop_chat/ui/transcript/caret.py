"""The caret: moved by keys, shown while they do."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QTextLayout

from desktop_chat.ui.transcript.excerpt import Place
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.leaves import Kind, is_right_to_left, units
from desktop_chat.ui.transcript.link_places import inlines
from desktop_chat.ui.transcript.places import Line, Places
from desktop_chat.ui.transcript.text import x_of

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

STEADY = 10_000
"""Milliseconds after a move until the caret stops blinking, so that an idle window sleeps."""

Key = QKeySequence.StandardKey
Mode = QTextLayout.CursorMode


class Caret:
    """Moves the head of a view's selection, and shows it while keys do.

    With ``browsing`` the keys that scroll otherwise move the caret.
    """

    def __init__(self, view: "Transcript", places: Places) -> None:
        self._view, self._rows, self._places = view, view.rows, places
        self.browsing = False
        self._by_keyboard = False
        self._lit = True
        self._kept: tuple[Place, float] | None = None
        self._left = 0
        self._blink = QTimer(view)
        self._blink.timeout.connect(self._blinked)
        self._moves: dict[Key, Callable[[Place], Place | None]] = {
            Key.MoveToNextChar: lambda place: self._along(place, 1, Mode.SkipCharacters),
            Key.MoveToPreviousChar: lambda place: self._along(place, -1, Mode.SkipCharacters),
            Key.MoveToNextWord: lambda place: self._along(place, 1, Mode.SkipWords),
            Key.MoveToPreviousWord: lambda place: self._along(place, -1, Mode.SkipWords),
            Key.MoveToNextLine: lambda place: self._over(place, 1),
            Key.MoveToPreviousLine: lambda place: self._over(place, -1),
            Key.MoveToStartOfLine: lambda place: self._to_edge(place, -1),
            Key.MoveToEndOfLine: lambda place: self._to_edge(place, 1),
            Key.MoveToStartOfBlock: lambda place: self._to_edge(place, -1),
            Key.MoveToEndOfBlock: lambda place: self._to_edge(place, 1),
            Key.MoveToNextPage: lambda place: self._page(place, 1),
            Key.MoveToPreviousPage: lambda place: self._page(place, -1),
            Key.MoveToStartOfDocument: lambda place: self._end_of_chat(-1),
            Key.MoveToEndOfDocument: lambda place: self._end_of_chat(1),
        }
        self._extending = {getattr(Key, key.name.replace("MoveTo", "Select")): key for key in self._moves}

    def press(self, event: QKeyEvent) -> bool:
        """Move by a key, if it is one that does; whether it was."""
        extends = next((key for key in self._extending if event.matches(key)), None)
        plain = next((key for key in self._moves if event.matches(key)), None) if self.browsing else None
        key = self._extending[extends] if extends is not None else plain
        if key is None:
            return False
        self._by_keyboard = True
        here = self._places.known(self._view.selection.head)
        begun = here is not None
        if here is None:
            here = self._start()
        if here is None:
            return True
        # The first key only shows the caret that moves.
        there = self._moves[key](here) if begun or extends is not None else here
        if there is not None:
            self._go(there, extend=extends is not None, origin=here)
        return True

    def toggle_browsing(self) -> None:
        """Have keys move the caret, or scroll again."""
        self.browsing = not self.browsing
        self._by_keyboard = False
        selection = self._view.selection
        if self.browsing and selection.head is None:
            start = self._start()
            selection.set(start, start)
        self.refresh()

    def pointer_took_over(self) -> None:
        """The pointer makes the selection from now on."""
        self._by_keyboard = False
        self.refresh()

    def _go(self, there: Place, *, extend: bool, origin: Place) -> None:
        view = self._view
        anchor = (view.selection.anchor or origin) if extend else there
        view.current = there[0]
        view.selection.set(anchor, there)
        self._places.reveal(there)
        view.offer_selection()
        view.viewport().update()
        self.refresh()

    # Where keys lead

    def _start(self) -> Place | None:
        """Where the caret comes from: the current message, else the first line that is in view."""
        view = self._view
        if view.has_current() and view.current in dict(self._rows.visible):
            return self._edge(view.current, -1)
        return self._places.first_in_view()

    def _along(self, place: Place, step: int, mode: Mode) -> Place | None:
        """A character or a word on in the text, or over the edge of a block."""
        row, part, number, position = place
        flow = self._places.flow(row, part)
        if flow is None or number >= len(flow.blocks):
            return None
        plain = flow.blocks[number].plain
        layout = QTextLayout(plain)
        # The keys are named by the arrows on them: in text from right to left, the left one leads on.
        forward = (step > 0) != is_right_to_left(plain)
        if forward and position < units(plain):
            found = layout.nextCursorPosition(position, mode)
            return row, part, number, _outside(flow, number, found, 1)
        if not forward and position > 0:
            found = layout.previousCursorPosition(position, mode)
            return row, part, number, _outside(flow, number, found, -1)
        there = self._neighbour(row, part, number, 1 if forward else -1)
        if there is None:
            return None
        flow = self._places.flow(*there[:2])
        if flow is None:
            return None
        return (*there, 0 if forward else units(flow.blocks[there[2]].plain))

    def _over(self, place: Place, step: int) -> Place | None:
        """A line on, at the same x."""
        row, part, number, position = place
        found = self._line_of(place)
        if found is None:
            self._places.reveal(place)
            found = self._line_of(place)
        if found is None:
            return None
        x = found.left + x_of(found.line, found.text.to_layout(position - found.text.offset))
        if self._kept is not None and self._kept[0] == place:
            x = self._kept[1]
        there = (row, part, number)
        lines = [line for line in self._places.lines(*there) if (line.y - found.y) * step > 1]
        while not lines:
            neighbour = self._neighbour(*there, step)
            if neighbour is None:
                return self._to_edge(place, step)
            there = neighbour
            lines = self._places.lines(*there)
            x -= self._left_of(*there[:2]) - self._left_of(row, part)
            row, part = there[:2]
        best = min(lines, key=lambda line: (line.distance(x), line.y * step))
        result = (*there, best.position(x))
        self._kept = result, x
        return result

    def _left_of(self, row: int, part: int) -> int:
        return next((left for each, _flow, left, _top in self._rows.row(row).flows() if each == part), 0)

    def _to_edge(self, place: Place, step: int) -> Place | None:
        """The begin or the end of the line."""
        found = self._line_of(place)
        if found is None:
            return None
        return (*place[:3], found.start if step < 0 else found.end)

    def _page(self, place: Place, step: int) -> Place | None:
        """A page on, at the same point of the view."""
        self._places.reveal(place)
        view, point = self._view, self._places.rect(place).center()
        before = self._rows.top
        view.scroll_by(step * view.verticalScrollBar().pageStep())
        if self._rows.top == before:
            return self._end_of_chat(step)
        return self._places.at(point.toPointF())

    def _end_of_chat(self, step: int) -> Place | None:
        order = range(len(self._rows.messages))
        return next((place for row in order[::-step] if (place := self._edge(row, step)) is not None), None)

    def _edge(self, row: int, step: int) -> Place | None:
        """The first or the last place of a message, None where it has no text."""
        parts = list(self._blocks(row, -step))
        if not parts:
            return None
        part, flow = parts[0]
        number = 0 if step < 0 else len(flow.blocks) - 1
        return row, part, number, 0 if step < 0 else units(flow.blocks[number].plain)

    def _blocks(self, row: int, step: int) -> Iterator[tuple[int, Flow]]:
        """The texts of a message that are shown, from its begin or backwards."""
        for part in (0, 1)[::step]:
            flow = self._places.flow(row, part)
            if flow is not None and flow.blocks:
                yield part, flow

    def _neighbour(self, row: int, part: int, number: int, step: int) -> tuple[int, int, int] | None:
        """The next block with text, or the one before."""
        flow = self._places.flow(row, part)
        while flow is not None:
            number += step
            if not 0 <= number < len(flow.blocks):
                there = self._next_text(row, part, step)
                if there is None:
                    return None
                row, part, flow = there
                number = 0 if step > 0 else len(flow.blocks) - 1
            if flow.blocks[number].leaf.kind is not Kind.RULE:
                return row, part, number
        return None

    def _next_text(self, row: int, part: int, step: int) -> tuple[int, int, Flow] | None:
        for index in range(row, len(self._rows.messages) if step > 0 else -1, step):
            for each, flow in self._blocks(index, step):
                if ((index, each) > (row, part)) if step > 0 else ((index, each) < (row, part)):
                    return index, each, flow
        return None

    def _line_of(self, place: Place) -> Line | None:
        position = place[3]
        for found in reversed(self._places.lines(*place[:3])):
            text = found.text
            inside = text.offset <= position <= text.offset + units(text.inline.text)
            if inside and text.to_layout(position - text.offset) >= found.line.textStart():
                return found
        return None

    # Painting

    @property
    def is_shown(self) -> bool:
        """Whether the caret is painted: keys move it, and they come here."""
        return self._view.hasFocus() and (self.browsing or self._by_keyboard)

    def refresh(self) -> None:
        """The caret moved, or is shown no more."""
        self._lit = True
        half = QGuiApplication.styleHints().cursorFlashTime() // 2
        if self.is_shown and half > 0:
            self._left = STEADY // half
            self._blink.start(half)
        else:
            self._blink.stop()
        self._view.viewport().update()

    def paint(self, painter: QPainter, clip: QRect) -> None:
        """Draw the caret, if it is shown and lies in ``clip``, a part of the viewport."""
        rect = self._rect() if self._lit and self.is_shown else QRect()
        if rect.intersects(clip):
            painter.fillRect(rect, self._view.theme.colors.text)

    def _rect(self) -> QRect:
        head = self._view.selection.head
        if head is None or self._rows.built(head[0]) is None:
            return QRect()
        place = self._places.known(head)
        return QRect() if place is None else self._places.rect(place)

    def _blinked(self) -> None:
        self._left -= 1
        self._lit = not self._lit or self._left <= 0
        if self._left <= 0:
            self._blink.stop()
        self._view.viewport().update(self._rect())


def _outside(flow: Flow, number: int, position: int, step: int) -> int:
    """A position, moved on to the edge of the formula that it is in."""
    for at, inline in inlines(flow.blocks[number].leaf):
        for start, end, _tex in inline.formulas:
            if at + start < position < at + end:
                return at + (end if step > 0 else start)
    return position
