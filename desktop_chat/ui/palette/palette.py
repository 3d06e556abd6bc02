"""The palette: a field, what was found for it, and what the keys do, over a window."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.chats import Chats
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.listing import View
from desktop_chat.domain.search import Found, Hit, Query, Term
from desktop_chat.domain.search_query import parse
from desktop_chat.storage import StorageError
from desktop_chat.tasks import OneTask, Tasks
from desktop_chat.ui.announcing import announce
from desktop_chat.ui.card import paint_raised, paint_veil
from desktop_chat.ui.notices import storage_reason
from desktop_chat.ui.palette.commands import command_rows
from desktop_chat.ui.palette.filters import Completion, completions, example_rows
from desktop_chat.ui.palette.painter import SIDE, RowDelegate
from desktop_chat.ui.palette.rows import Row, RowKind, RowsModel
from desktop_chat.ui.palette.searching import PAGE, Searching
from desktop_chat.ui.palette.words import (
    chat_rows,
    count_words,
    hit_rows,
    nothing_row,
    told_count,
    waiting_words,
)
from desktop_chat.ui.safe import ElidedLabel, label
from desktop_chat.ui.theme import Theme

if TYPE_CHECKING:
    from desktop_chat.ui.actions import Actions
    from desktop_chat.ui.window import Window

WIDTH, TOP, EDGE = 640, 110, 8
"""The design's pixels: of the card, from the upper edge of its window to it, and least to the other edges."""
FIELD_HEIGHT, FOOT_HEIGHT = 52, 38
RECENT = 6
"""Chats that are offered before anything is typed."""
MOST_HEIGHT = 480
AGAIN_MILLISECONDS = 400
"""Between two searches for the same while there are messages to be indexed."""
SAY_MILLISECONDS = 500
"""How long a count stays the same before screen readers are told."""
COMMANDS = ">"
"""What begins a text that commands are looked for with."""

_CTRL_ENTER = "⌘ ↵" if sys.platform == "darwin" else "Ctrl ↵"
_SEARCH_KEYS = ("↑↓ move", "↵ open at message", f"{_CTRL_ENTER} new window", "Tab commands")
_COMMAND_KEYS = ("↑↓ move", "↵ run", "Tab search")


class Palette(QDialog):
    """Over ``host``, until something is chosen, Esc, or a click beside it; then the focus goes back.

    The text is a search of all chats, or where it begins with ">" one of the host's commands. ``opened`` and
    ``window_requested`` carry a chat's id, a message's (empty for the chat as it was left) and the terms to
    be marked.
    """

    opened = Signal(str, str, object)
    window_requested = Signal(str, str, object)

    def __init__(
        self,
        theme: Theme,
        host: "Window",
        chats: Chats,
        tasks: Tasks,
        actions: "Actions",
        models: Callable[[], Iterable[str]],
    ) -> None:
        """``models`` are the names that the filter of that name is completed to."""
        super().__init__(host)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setObjectName("palette")
        self.setStyleSheet("QDialog { background: transparent; }")
        self._theme, self._host, self._chats = theme, host, chats
        self._actions, self._models = actions, models
        self._came_from: QWidget | None = None
        self._search_text = ""
        self._query = Query()
        self._found: Found | None = None
        self._hits: list[Hit] = []
        self._recent: list[Conversation] = []
        self._choosing: bool | None = None
        self._has_moved = self._repeats = False
        self._hints: Sequence[str] = ()
        self._pointer = QPoint(-1, -1)
        self._reading = OneTask(tasks)
        self._searching = Searching(chats.search, tasks, self)
        self._searching.found.connect(self._show_found)
        self._searching.found_more.connect(self._show_more)
        self._searching.failed.connect(self._show_failure)

        self.field = QLineEdit()
        self.field.setObjectName("paletteField")
        self.field.setProperty("bare", True)
        self.field.textChanged.connect(self._typed)
        self.field.installEventFilter(self)
        self.rows = RowsModel(self)
        self.rows.more_wanted.connect(self._searching.more)
        self.list = QListView()
        self.list.setObjectName("paletteRows")
        self.list.setAccessibleName("Results")
        self.list.setModel(self.rows)
        self._delegate = RowDelegate(theme, self.list)
        self.list.setItemDelegate(self._delegate)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.list.viewport().installEventFilter(self)
        self._waiting = ElidedLabel()
        self._waiting.setObjectName("paletteWaiting")
        self._waiting.setProperty("role", "dim")
        self.count = label()
        self.count.setObjectName("paletteCount")
        self.count.setProperty("role", "dim")
        self._keys = label()
        self._keys.setObjectName("paletteKeys")
        self._keys.setProperty("role", "dim")

        self._card = QWidget(self)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._line = QFrame()
        self._line.setFixedHeight(1)
        self._foot_line = QFrame()
        self._foot_line.setFixedHeight(1)
        self._foot = QWidget()
        self._foot_row = QHBoxLayout(self._foot)
        self._foot_row.addWidget(self.count)
        self._foot_row.addStretch(1)
        self._foot_row.addWidget(self._keys)
        column.addWidget(self.field)
        column.addWidget(self._line)
        column.addWidget(self.list, 1)
        column.addWidget(self._foot_line)
        column.addWidget(self._waiting)
        column.addWidget(self._foot)

        self._again = QTimer(self, interval=AGAIN_MILLISECONDS, singleShot=True)
        self._again.timeout.connect(self._look_again)
        self._say_time = QTimer(self, interval=SAY_MILLISECONDS, singleShot=True)
        self._say_time.timeout.connect(self._say)
        host.installEventFilter(self)
        theme.changed.connect(self._restyle)
        self.hide()
        self._restyle()

    def open_for(self, text: str = "") -> None:
        """Show the palette for ``text``; ">" shows the commands."""
        if self.isHidden():
            self._came_from = self._host.focusWidget()
            self._reading.start(self._read_recent(), "recent chats")
        self.field.blockSignals(True)
        self.field.setText(text)
        self.field.blockSignals(False)
        self.setGeometry(self._host.rect())
        self.raise_()
        QWidget.setVisible(self, True)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._typed()

    def setVisible(self, visible: bool) -> None:
        """Hiding gives the focus back; as QWidget does it: QDialog would move itself."""
        if not visible and not self.isHidden():
            self._searching.stop()
            self._reading.cancel()
            self._say_time.stop()
            self._again.stop()
            self._choosing = None
            back, self._came_from = self._came_from, None
            had_focus = self.field.hasFocus() or not self._host.isActiveWindow()
            QWidget.setVisible(self, False)
            if had_focus and back is not None and back.isVisible():
                back.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            QWidget.setVisible(self, visible)

    @property
    def current(self) -> Row | None:
        """The row that Enter takes."""
        index = self.list.currentIndex()
        return self.rows.rows[index.row()] if index.isValid() else None

    @property
    def shows_commands(self) -> bool:
        return self.field.text().startswith(COMMANDS)

    # Keys and mouse

    def event(self, event: QEvent) -> bool:
        """While it is open, keys are no commands of the window."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host:
            if event.type() == QEvent.Type.Resize and self.isVisible():
                self.setGeometry(self._host.rect())
                self._fit()
        elif watched is self.field:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            return event.type() == QEvent.Type.KeyPress and self._takes_key(event)
        elif isinstance(event, QMouseEvent):
            index = self.list.indexAt(event.position().toPoint())
            if event.type() == QEvent.Type.MouseMove and event.pos() != self._pointer:
                # A list that changes under a pointer that rests is not what the user pointed at.
                self._pointer = event.pos()
                if index.isValid() and self.rows.rows[index.row()].can_be_chosen:
                    self.list.setCurrentIndex(index)
            elif event.type() == QEvent.Type.MouseButtonPress:
                return True
            elif event.type() == QEvent.Type.MouseButtonRelease and index.isValid():
                if event.button() == Qt.MouseButton.LeftButton:
                    self.list.setCurrentIndex(index)
                    self._choose(in_window=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
                return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the card."""
        if not self._card.geometry().contains(event.position().toPoint()):
            self.reject()

    def focusNextPrevChild(self, forward: bool) -> bool:
        return True

    def _takes_key(self, event: QEvent) -> bool:
        assert isinstance(event, QKeyEvent)
        page = max(1, self.list.viewport().height() // self._theme.px(60) - 1)
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_PageUp: -page,
        }
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        key = Qt.Key(event.key())
        if key in steps:
            self._move(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(in_window=ctrl)
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._complete_or_switch()
        elif key == Qt.Key.Key_Escape:
            self.reject()
        elif key == Qt.Key.Key_K and ctrl:
            self.field.selectAll()
        else:
            return False
        return True

    def _move(self, step: int) -> None:
        choices = [number for number, row in enumerate(self.rows.rows) if row.can_be_chosen]
        if not choices:
            return
        at = self.list.currentIndex().row()
        place = choices.index(at) if at in choices else -1
        to = place + step
        if abs(step) == 1 and not self.rows.is_more:
            to %= len(choices)
        self._has_moved = True
        self._select(choices[max(0, min(to, len(choices) - 1))])
        announce(self.field, self.rows.rows[self.list.currentIndex().row()].told, at_once=True)

    def _select(self, number: int) -> None:
        self.list.setCurrentIndex(self.rows.index(number))
        if number and self.rows.rows[number - 1].kind is RowKind.GROUP:
            self.list.scrollTo(self.rows.index(number - 1))
            self.list.scrollTo(self.rows.index(number))

    def _complete_or_switch(self) -> None:
        row = self.current
        if row is not None and isinstance(row.value, Completion) and self.field.text():
            self._complete(row.value)
        elif self.shows_commands:
            self.field.setText(self._search_text)
        else:
            self._search_text = self.field.text()
            self.field.setText(COMMANDS)

    # What is chosen

    def _choose(self, *, in_window: bool) -> None:
        if self._searching.is_running:
            # What is shown is for what was typed before.
            self._choosing = in_window
            return
        row = self.current
        if row is None or not row.can_be_chosen:
            return
        match row.value:
            case Completion():
                self._complete(row.value)
            case QAction():
                self.accept()
                row.value.trigger()
            case Hit() as hit:
                terms: tuple[Term, ...] = self._query.terms if hit.message_id else ()
                self.accept()
                asked = self.window_requested if in_window else self.opened
                asked.emit(hit.conversation_id, hit.message_id or "", terms)

    def _complete(self, completion: Completion) -> None:
        self.field.setText(completion.text)
        self.field.setCursorPosition(completion.caret)
        self._typed()

    # What is shown

    def _typed(self) -> None:
        text = self.field.text()
        self._choosing = None
        self._has_moved = self._repeats = False
        self._again.stop()
        self._query = Query() if self.shows_commands else parse(text, time.time())
        in_commands = self.shows_commands
        self._hints = _COMMAND_KEYS if in_commands else _SEARCH_KEYS
        self.field.setAccessibleName("Run a command" if in_commands else "Search all chats")
        if self._query:
            self._searching.look_for(self._query)
            if self._found is None or self._completions()[0]:
                self._show(hit_rows(self._hits))
            return
        self._searching.stop()
        self._found, self._hits = None, []
        self._show([])

    def _show_found(self, found: Found) -> None:
        is_same = self._repeats and self._found is not None and self._found.hits == found.hits
        kept = self.current if self._has_moved else None
        self._found, self._hits = found, list(found.hits)
        if is_same:
            self._show_count()
            self._fit()
        else:
            self._show(hit_rows(found.hits), is_more=self._is_more(found))
            same = (n for n, row in enumerate(self.rows.rows) if kept is not None and row.value == kept.value)
            if (number := next(same, None)) is not None:
                self._select(number)
        if found.waiting:
            self._again.start()
        if self._choosing is not None:
            in_window, self._choosing = self._choosing, None
            self._choose(in_window=in_window)

    def _look_again(self) -> None:
        """More may be indexed by now. Who went on to further pages is left there."""
        if self._query and not self._searching.is_running and len(self._hits) <= PAGE:
            self._repeats = True
            self._searching.look_for(self._query)

    def _show_more(self, found: Found) -> None:
        self._hits += found.hits
        self.rows.add_rows(hit_rows(found.hits), is_more=self._is_more(found))
        self._show_count()

    def _is_more(self, page: Found) -> bool:
        return bool(page.hits) and (
            page.is_more or len({hit.conversation_id for hit in self._hits}) < page.total
        )

    def _show_failure(self, error: StorageError) -> None:
        self._found, self._hits = None, []
        self._show([Row(RowKind.WORDS, "The search failed", storage_reason(error))])

    def _show(self, found: list[Row], *, is_more: bool = False) -> None:
        """Show what was found below what the filter before the caret can be."""
        text = self.field.text()
        first = 0
        if self.shows_commands:
            rows = command_rows(self._actions, text.removeprefix(COMMANDS))
            rows = rows or [Row(RowKind.WORDS, "No such command", "Try fewer letters.")]
        elif not self._query and not text.strip():
            recent = chat_rows(self._recent)
            rows = [Row(RowKind.GROUP, "Recent chats"), *recent] if recent else []
            rows += [Row(RowKind.GROUP, "Narrow a search with"), *example_rows()]
        else:
            rows, is_whole = self._completions()
            first = len(rows) if is_whole and found else 0
            if not rows and not found and (self._found is not None or not self._query):
                found = [nothing_row(self._query)]
            rows += found
        self.rows.set_rows(rows, is_more=is_more)
        choices = [n for n, row in enumerate(rows) if row.can_be_chosen]
        if choices:
            self._select(next((n for n in choices if n >= first), choices[0]))
        self._show_count()
        self._fit()
        self.list.scrollToTop()

    def _completions(self) -> tuple[list[Row], bool]:
        chats = self._chats
        names = {
            "in": [folder.name for folder in chats.folders],
            "tag": [tag.name for tag in chats.tags],
            "model": sorted(self._models()),
        }
        return completions(self.field.text(), self.field.cursorPosition(), names, date.today())  # noqa: DTZ011

    def _show_count(self) -> None:
        found = self._found
        shown = len({hit.conversation_id for hit in self._hits})
        words = count_words(found, shown) if found is not None and self._query else ""
        self.count.setText(words)
        self._waiting.setText(waiting_words(found.waiting) if found is not None and self._query else "")
        self._waiting.setVisible(bool(self._waiting.text()))
        self._say_time.start()
        self._fit_keys()

    def _say(self) -> None:
        """Tell a screen reader what came of the typing."""
        if self._found is not None and self._query:
            words = [told_count(self._found), self._waiting.text()]
        else:
            commands = sum(row.kind is RowKind.COMMAND for row in self.rows.rows)
            words = [f"{commands} commands" if self.shows_commands else ""]
        row = self.current
        told = ". ".join(filter(None, (*words, row.told if row is not None else "")))
        self.field.setAccessibleDescription(words[0])
        if told:
            announce(self.field, told)

    async def _read_recent(self) -> None:
        try:
            listing = await self._chats.listing(View())
            recent = await self._chats.page(listing.seqs[listing.pinned :][: RECENT + 1])
        except StorageError:
            return
        shown = self._host.session.conversation.id if self._host.session is not None else ""
        self._recent = [chat for chat in recent if chat.id != shown][:RECENT]
        if not self.field.text():
            self._show([])

    # Looks

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_veil(painter, self._theme, self.rect())
        paint_raised(painter, self._theme, QRectF(self._card.geometry()))

    def _fit(self) -> None:
        """Take the room that the rows need, below the upper edge of the window."""
        px, room = self._theme.px, self.size()
        width = min(px(WIDTH), room.width() - 2 * px(EDGE))
        self._fit_keys(width)
        waiting = self._waiting.sizeHint().height() if self._waiting.text() else 0
        fixed = px(FIELD_HEIGHT) + 2 + px(FOOT_HEIGHT) + waiting
        rows, most = 0, px(MOST_HEIGHT)
        for row in self.rows.rows:
            rows += self._delegate.height(row)
            if rows >= most:
                rows = most
                break
        top = max(px(EDGE), min(px(TOP), room.height() - px(EDGE) - fixed - rows))
        height = min(fixed + rows, room.height() - top - px(EDGE))
        self._card.setGeometry(QRect((room.width() - width) // 2, top, width, height))
        self.update()

    def _fit_keys(self, width: int = 0) -> None:
        """Name as many keys as there is room for beside the count, the last ones first of those that are
        hard to guess."""
        metrics = self._keys.fontMetrics()
        room = (width or self._card.width()) - 2 * self._theme.px(SIDE)
        if self.count.text():
            room -= metrics.horizontalAdvance(self.count.text()) + self._theme.px(20)
        hints = list(self._hints)
        while hints and metrics.horizontalAdvance(" · ".join(hints)) > room:
            del hints[0]
        self._keys.setText(" · ".join(hints))

    def _restyle(self) -> None:
        px, colors = self._theme.px, self._theme.colors
        self.field.setFont(self._theme.font(16))
        self.field.setTextMargins(px(SIDE) - 2, 0, px(SIDE) - 2, 0)
        self.field.setPlaceholderText("Search all chats")
        for line in (self._line, self._foot_line):
            line.setStyleSheet(f"background: {colors.line.name()};")
        self._foot.setFixedHeight(px(FOOT_HEIGHT))
        self._foot_row.setContentsMargins(px(SIDE), 0, px(SIDE), 0)
        self._waiting.setContentsMargins(px(SIDE), px(8), px(SIDE), 0)
        self.list.scheduleDelayedItemsLayout()
        if self.isVisible():
            self._fit()
