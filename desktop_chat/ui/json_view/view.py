"""JSON as a tree and as text, with find and copy."""

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QTextCursor,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from desktop_chat.ui.announcing import announce
from desktop_chat.ui.buttons import IconButton, LabelButton
from desktop_chat.ui.json_view.model import Place, values
from desktop_chat.ui.json_view.slices import Slices
from desktop_chat.ui.json_view.tree import JsonTree
from desktop_chat.ui.json_view.writing import lines, to_copy
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

TREE, TEXT = 0, 1
LONGEST_LINE = 5_000
"""Characters of a line that the text shows: the layout of a photo in one line takes seconds."""
LINES_AT_ONCE = 100
VALUES_AT_ONCE = 50
MOST_HITS = 10_000
SAY_MILLISECONDS = 500
"""How long a count stays the same before screen readers are told."""


class JsonView(QWidget):
    """Shows one value, or with :meth:`set_text` a text that is no JSON. Nothing in it is ever followed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jsonView")
        self._theme = theme
        self._value: Any = None
        self._lines: list[str] = []
        self._is_written = False
        self._hits: list[Place] = []
        self._hit = -1

        self.tabs = QTabBar()
        self.tabs.setAccessibleName("How it is shown")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        for name in ("Tree", "Text"):
            self.tabs.addTab(name)
        self.field = QLineEdit()
        self.field.setObjectName("jsonFind")
        self.field.setAccessibleName("Find")
        self.field.setPlaceholderText("Find")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._look)
        self.field.installEventFilter(self)
        self.count = label()
        self.count.setProperty("role", "dim")
        self._previous = IconButton(theme, "chevron-up", "Previous hit (Shift+Enter)")
        self._previous.clicked.connect(lambda: self._go(-1))
        self._next = IconButton(theme, "chevron-down", "Next hit (Enter)")
        self._next.clicked.connect(lambda: self._go(1))
        self.copy_button = LabelButton(theme, "copy", "Copy", color="dim", size=13)
        self.copy_button.setProperty("flat", True)
        menu = QMenu(self.copy_button)
        menu.aboutToShow.connect(lambda: self._fill(menu))
        self.copy_button.setMenu(menu)

        self.tree = JsonTree(theme)
        self.tree.menu_requested.connect(self._fill)
        self.text = QPlainTextEdit()
        self.text.setObjectName("jsonText")
        self.text.setAccessibleName("JSON text")
        self.text.setReadOnly(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self.text)
        self.tabs.currentChanged.connect(self._show)

        self._bar = QHBoxLayout()
        self._bar.addWidget(self.tabs)
        self._bar.addWidget(self.field, 1)
        for part in (self.count, self._previous, self._next, self.copy_button):
            self._bar.addWidget(part)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(self._bar)
        self._column.addWidget(self._stack, 1)

        self._writing, self._looking, self._copying = Slices(self), Slices(self), Slices(self)
        self._say_time = QTimer(self, interval=SAY_MILLISECONDS, singleShot=True)
        self._say_time.timeout.connect(self._say)
        for keys, act in (
            (QKeySequence.StandardKey.Find, self._ask),
            (QKeySequence.StandardKey.FindNext, lambda: self._go(1)),
            (QKeySequence.StandardKey.FindPrevious, lambda: self._go(-1)),
        ):
            self._add_action(self, QKeySequence(keys), act)
        self._add_action(self.tree, QKeySequence(QKeySequence.StandardKey.Copy), self.copy_value)
        self._add_action(self.tree, QKeySequence("Ctrl+Shift+C"), self.copy_path)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_value(None)

    def set_value(self, value: object) -> None:
        """Show ``value``: what JSON can be, of any size and depth."""
        self._begin(value)
        self.tabs.setTabVisible(TREE, True)
        self.tree.show_value(value)
        self.tabs.setCurrentIndex(TREE)
        self._show(TREE)

    def set_text(self, text: str) -> None:
        """Show a text as it is, without a tree."""
        self._begin(text)
        self._lines = text.splitlines()
        self.tabs.setTabVisible(TREE, False)
        self.tree.show_value(None)
        self.tabs.setCurrentIndex(TEXT)
        self._show(TEXT)

    def copy_value(self) -> None:
        """Copy the current value: a text without its quotes, all else as JSON."""
        self._copy(self.tree.json.value_at(self.tree.currentIndex()))

    def copy_path(self) -> None:
        """Copy where the current value is."""
        QGuiApplication.clipboard().setText(self.tree.json.path_at(self.tree.currentIndex()))

    def copy_all(self) -> None:
        """Copy everything, as JSON; a text that is no JSON as it is."""
        self._copy(self._value)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Enter goes to the next hit; Esc empties the field, then gives the focus back."""
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() == Qt.Key.Key_Escape and self.field.text():
                self.field.clear()
                self._shown.setFocus()
                return True
        return False

    @property
    def _shown(self) -> QWidget:
        return self.text if self.tabs.currentIndex() == TEXT else self.tree

    def _begin(self, value: object) -> None:
        for work in (self._writing, self._looking, self._copying):
            work.stop()
        self._value, self._lines, self._is_written = value, [], False
        self.text.clear()
        self.field.clear()

    def _show(self, tab: int) -> None:
        self._stack.setCurrentIndex(tab)
        if tab == TEXT and not self._is_written:
            self._is_written = True
            self._writing.start(self._write(), self._look)
        else:
            self._look()

    def _write(self) -> Iterator[None]:
        """Put the lines into the text, some at once."""
        cursor = QTextCursor(self.text.document())
        made = iter(self._lines or lines(self._value))
        self._lines = []
        waiting: list[str] = []
        for line in made:
            if len(line) > LONGEST_LINE:
                more = len(line) - LONGEST_LINE
                line = f"{line[:LONGEST_LINE]}… {more:,} more characters, which are copied too"
            self._lines.append(line)
            waiting.append(line)
            if len(waiting) == LINES_AT_ONCE:
                cursor.insertText("\n".join(waiting) + "\n")
                waiting = []
                yield
        cursor.insertText("\n".join(waiting))

    def _ask(self) -> None:
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def _look(self) -> None:
        """Look for what is in the field, from the top, where it is shown now."""
        self._hits, self._hit = [], -1
        query = self.field.text().casefold()
        if query:
            in_text = self.tabs.currentIndex() == TEXT
            self._looking.start(self._find_lines(query) if in_text else self._find_values(query), self._tell)
        else:
            self._looking.stop()
        self._tell()

    def _find_values(self, query: str) -> Iterator[None]:
        for number, (name, text, place) in enumerate(values(self._value)):
            if query in name.casefold() or query in text.casefold():
                self._found(tuple(place))
                if len(self._hits) == MOST_HITS:
                    return
            # A long text is a step of its own.
            if len(text) > LONGEST_LINE or not number % VALUES_AT_ONCE:
                yield

    def _find_lines(self, query: str) -> Iterator[None]:
        for number, line in enumerate(self._lines):
            folded = line.casefold()
            start = folded.find(query)
            while start >= 0:
                self._found((number, start))
                if len(self._hits) == MOST_HITS:
                    return
                start = folded.find(query, start + len(query))
            yield

    def _found(self, place: Place) -> None:
        self._hits.append(place)
        if len(self._hits) == 1:
            self._go(1)

    def _go(self, by: int) -> None:
        if not self._hits:
            return
        self._hit = (self._hit + by) % len(self._hits) if self._hit >= 0 else 0
        place = self._hits[self._hit]
        if self.tabs.currentIndex() == TREE:
            self.tree.show_place(place)
        else:
            self._select(*place)
        self._tell()

    def _select(self, number: int, start: int) -> None:
        block = self.text.document().findBlockByNumber(number)
        line = self._lines[number]
        cursor = QTextCursor(block)
        # Qt counts in UTF-16.
        cursor.setPosition(block.position() + _units(line[:start]))
        end = start + len(self.field.text())
        cursor.setPosition(block.position() + _units(line[:end]), QTextCursor.MoveMode.KeepAnchor)
        self.text.setTextCursor(cursor)
        self.text.centerCursor()

    def _tell(self) -> None:
        total, is_open = len(self._hits), self._looking.is_busy or len(self._hits) == MOST_HITS
        if not self.field.text():
            words = ""
        elif not total:
            words = "Searching…" if self._looking.is_busy else "No results"
        else:
            words = f"{self._hit + 1:,} of {total:,}{'+' if is_open else ''}"
        for arrow in (self._previous, self._next):
            arrow.setEnabled(total > 0)
        if words != self.count.text():
            self.count.setText(words)
            self.field.setAccessibleDescription(words)
            self._say_time.start()

    def _say(self) -> None:
        if self.count.text():
            announce(self.field, self.count.text())

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        if self.tabs.currentIndex() == TREE and self.tree.currentIndex() != QModelIndex():
            value = menu.addAction("Copy value")
            value.setShortcut(QKeySequence.StandardKey.Copy)
            value.triggered.connect(self.copy_value)
            path = menu.addAction("Copy path")
            path.setShortcut(QKeySequence("Ctrl+Shift+C"))
            path.triggered.connect(self.copy_path)
        menu.addAction("Copy all").triggered.connect(self.copy_all)

    def _copy(self, value: object) -> None:
        pieces: list[str] = []

        def collect() -> Iterator[None]:
            for piece in to_copy(value):
                pieces.append(piece)
                yield

        self._copying.start(collect(), lambda: QGuiApplication.clipboard().setText("".join(pieces)))

    def _add_action(self, widget: QWidget, keys: QKeySequence, act: Any) -> None:
        action = QAction(widget)
        action.setShortcut(keys)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda: act())
        widget.addAction(action)

    def _restyle(self) -> None:
        px = self._theme.px
        self.text.setFont(self._theme.code_font(12.5))
        self._bar.setSpacing(px(4))
        self._bar.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(px(8))
        self.field.setMinimumWidth(px(110))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
