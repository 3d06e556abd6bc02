"""What differs between two messages: versions of one, or the answers of two models."""

import asyncio

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QKeySequence,
    QShortcut,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_chat.domain.conversation import Tree
from desktop_chat.domain.message import Message
from desktop_chat.tasks import OneTask, Tasks
from desktop_chat.ui.buttons import IconButton
from desktop_chat.ui.card_parts import button, words
from desktop_chat.ui.choice import Choice
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.versions.rows import when, who
from desktop_chat.worker import WorkerError, shared

SIZE, SMALLEST = (760, 600), (420, 320)
SECONDS = 8.0
"""Of processor time for one comparison."""
LONGEST = 300_000
"""Characters of both texts together: longer ones would hold up the window while they are laid out."""
MARKS = {"=": "  ", "-": "− ", "+": "+ "}
"""Before each line, since a colour alone says nothing to a screen reader or to who sees no red."""
TINT = 0.16
"""How much of its colour is in the ground of a line, from 0 to 1; twice as much below a word that differs."""

Lines = list[tuple[str, list[tuple[str, str]]]]
"""What ``rendering.differences.compare`` gives."""


class CompareWindow(QDialog):
    """A window of its own, not modal, with the difference of two messages of a chat."""

    def __init__(self, theme: Theme, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare")
        self.setAccessibleName("Compare")
        self.setWindowTitle("Compare")
        self._theme = theme
        self._comparing = OneTask(tasks)
        self._tree = Tree()
        self._offered: list[str] = []
        self._pair = ("", "")
        self._lines: Lines = []
        self._changes: list[int] = []
        """Where each change begins, as numbers of lines."""
        self.choices: list[Choice] = []
        self.about = words(theme, size=12.5, color="dim")
        self.about.setObjectName("compareAbout")
        self.text = QPlainTextEdit()
        self.text.setObjectName("differences")
        self.text.setAccessibleName("Differences")
        self.text.setReadOnly(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.swap = IconButton(theme, "arrow-left-right", "Swap")
        self.swap.clicked.connect(lambda: self._show_pair(self._pair[1], self._pair[0]))
        self.next = IconButton(theme, "chevron-down", "Next difference (F3)")
        self.next.clicked.connect(lambda: self._step(1))
        self.previous = IconButton(theme, "chevron-up", "Previous difference (Shift+F3)")
        self.previous.clicked.connect(lambda: self._step(-1))
        for keys, step in (("F3", 1), ("Shift+F3", -1)):
            QShortcut(QKeySequence(keys), self).activated.connect(lambda step=step: self._step(step))
        close = button("Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        self._head = QHBoxLayout()
        self._foot = QHBoxLayout()
        self._foot.addWidget(self.about, 1)
        for each in (self.previous, self.next, close):
            self._foot.addWidget(each)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._head)
        self._column.addWidget(self.text, 1)
        self._column.addLayout(self._foot)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(SIZE[0]), self._theme.px(SIZE[1]))

    def compare(self, tree: Tree, old: str, new: str) -> None:
        """Show what differs from ``old`` to ``new``, messages of ``tree``; the versions of both are offered
        beside them."""
        self._tree = tree
        offered = [*tree.versions(old), *tree.versions(new)]
        self._offered = list(dict.fromkeys(offered))
        self._show_pair(old, new)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._comparing.cancel()
        super().closeEvent(event)

    def _show_pair(self, old: str, new: str) -> None:
        self._pair = (old, new)
        for choice in self.choices:
            self._head.removeWidget(choice)
            choice.deleteLater()
        self._head.removeWidget(self.swap)
        options = [(self._label(id), id) for id in self._offered if id in self._tree]
        self.choices = [Choice(self._theme, name, options) for name in ("First version", "Second version")]
        for choice, shown in zip(self.choices, self._pair, strict=True):
            choice.show_value(shown)
        first, second = self.choices
        first.chosen.connect(lambda id: self._show_pair(id, self._pair[1]))
        second.chosen.connect(lambda id: self._show_pair(self._pair[0], id))
        for place, widget in enumerate((first, self.swap, second)):
            self._head.insertWidget(place, widget)
        if self._head.count() == 3:
            self._head.addStretch(1)
        self._comparing.start(self._compare(self._tree[old], self._tree[new]), "compare")

    def _label(self, message_id: str) -> str:
        message = self._tree[message_id]
        versions = self._tree.versions(message_id)
        number = f"{versions.index(message_id) + 1} / {len(versions)}"
        return " · ".join(filter(None, (number, who(message), when(message)))).replace("&", "&&")

    async def _compare(self, old: Message, new: Message) -> None:
        self.about.setText("Comparing…")
        if len(old.text) + len(new.text) > LONGEST:
            self._show([], "They are too long to be compared.")
            return
        job = shared().submit("compare", SECONDS, old=old.text, new=new.text)
        try:
            lines: Lines = await asyncio.wrap_future(job)
        except WorkerError:
            self._show([], "They could not be compared: it took too long.")
            return
        removed, added = (sum(_words(lines, mark)) for mark in "-+")
        same = "Both say the same." if lines else ""
        found = f"{removed:,} words removed, {added:,} added" if removed or added else same
        self._show(lines, found)

    def _show(self, lines: Lines, about: str) -> None:
        self._lines = lines
        self.about.setText(about)
        changed = [kind != "=" for kind, _ in lines]
        self._changes = [
            number
            for number, is_change in enumerate(changed)
            if is_change and not (number and changed[number - 1])
        ]
        for each in (self.next, self.previous):
            each.setEnabled(bool(self._changes))
        self._paint()

    def _paint(self) -> None:
        colors = self._theme.colors
        grounds = {"-": colors.error, "+": colors.ok}
        self.text.clear()
        self.text.setFont(self._theme.font(13.5))
        cursor = QTextCursor(self.text.document())
        cursor.beginEditBlock()
        for number, (kind, runs) in enumerate(self._lines):
            block = QTextBlockFormat()
            if kind in grounds:
                block.setBackground(_tinted(grounds[kind], TINT))
            if number:
                cursor.insertBlock(block)
            else:
                cursor.setBlockFormat(block)
            plain = QTextCharFormat()
            plain.setForeground(colors.text if kind in grounds else colors.dim)
            cursor.insertText(MARKS[kind], plain)
            for mark, text in runs:
                form = QTextCharFormat(plain)
                if mark in grounds and len(runs) > 1:
                    form.setBackground(_tinted(grounds[mark], 2 * TINT))
                cursor.insertText(text, form)
        cursor.endEditBlock()
        self.text.moveCursor(QTextCursor.MoveOperation.Start)

    def _step(self, step: int) -> None:
        """Go to the next change, round the ends."""
        if not self._changes:
            return
        here = self.text.textCursor().blockNumber()
        if step > 0:
            there = next((number for number in self._changes if number > here), self._changes[0])
        else:
            there = next((number for number in self._changes[::-1] if number < here), self._changes[-1])
        cursor = QTextCursor(self.text.document().findBlockByNumber(there))
        self.text.setTextCursor(cursor)
        self.text.centerCursor()
        self.text.setFocus()

    def _restyle(self) -> None:
        px = self._theme.px
        self.setMinimumSize(px(SMALLEST[0]), px(SMALLEST[1]))
        self._column.setContentsMargins(px(20), px(16), px(20), px(16))
        self._column.setSpacing(px(12))
        for line in (self._head, self._foot):
            line.setSpacing(px(8))
        self._paint()


def _words(lines: Lines, mark: str) -> list[int]:
    """How many words each run has that is only on one side."""
    return [len(text.split()) for _, runs in lines for kind, text in runs if kind == mark]


def _tinted(color: QColor, part: float) -> QColor:
    tinted = QColor(color)
    tinted.setAlphaF(part)
    return tinted
