"""What can be done with a code block: copy, save, wrap, fold; by its buttons and by the menu."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QMenu, QToolTip

from desktop_chat.ui.file_saver import FileSaver
from desktop_chat.ui.safe import tool_tip
from desktop_chat.ui.transcript.code_block import CodeBlock
from desktop_chat.ui.transcript.code_header import ICONS, can_fold
from desktop_chat.ui.transcript.code_names import proposed_name, shown_language
from desktop_chat.ui.transcript.row_actions import Action, Button
from desktop_chat.ui.transcript.strip import Strip

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

COPIED_TIME = 1500
"""Milliseconds that a button says "Copied"."""
MAX_ENTRIES = 20
"""Code blocks that a submenu lists."""
MAX_LABEL = 40


class CodeActions:
    """The code blocks of a view, each named by its message, part and the index of its first block."""

    def __init__(self, view: "Transcript") -> None:
        self._view = view
        self._saver = FileSaver(view)
        self._copied: Strip | None = None
        self._copied_timer = QTimer(view, singleShot=True, interval=COPIED_TIME)
        self._copied_timer.timeout.connect(self._forget_copied)

    def trigger(self, action: Action, row: int, part: int, index: int) -> None:
        """Do what a button or a menu entry says."""
        flow = self._view.rows.row(row).flow(part)
        block = self._block(row, part, index)
        if flow is None or block is None:
            return
        if action is Action.COPY_CODE:
            self._view.copy(flow.code(index))
            self._forget_copied()
            self._copied = block.strip
            block.strip.copied = True
            self._copied_timer.start()
            self._view.refresh()
        elif action is Action.SAVE_CODE:
            code = flow.code(index)
            name = proposed_name(block.leaf.info, block.leaf.language, code)
            self._saver.ask("Save code", name, code.encode("utf-8", "replace"))
        elif action is Action.WRAP_CODE:
            self._hold(row, part, index)
            flow.set_wrapped(index, not block.strip.is_wrapped)
            self._view.refresh()
        elif action is Action.FOLD_CODE:
            # What is folded away must not leave the reader without the block.
            self._hold(row, part, index, in_view=not block.strip.folded)
            flow.set_folded(index, not block.strip.folded)
            self._view.refresh()

    def _forget_copied(self) -> None:
        if self._copied is not None:
            self._copied.copied = False
            self._copied = None
            self._view.refresh()

    def _block(self, row: int, part: int, index: int) -> CodeBlock | None:
        flow = self._view.rows.row(row).flow(part)
        block = flow.blocks[index] if flow is not None and index < len(flow.blocks) else None
        return block if isinstance(block, CodeBlock) else None

    def _hold(self, row: int, part: int, index: int, *, in_view: bool = False) -> None:
        """Keep the header in its place, or with ``in_view`` at the upper edge if it is above."""
        top = next(
            y + flow.top(index) for each, flow, _x, y in self._view.rows.row(row).flows() if each == part
        )
        self._view.rows.hold_row(row, top, in_view=in_view)

    # The menu

    def add_here(self, menu: QMenu, row: int, part: int, index: int) -> None:
        """Add the entries for the code block that a block is a part of; none where that is no code."""
        block = self._block(row, part, index)
        if block is None:
            return
        first = index - block.leaf.part
        self._add(menu, row, part, first, "Copy code", "Save code as…", "Wrap lines of code", "Fold code")
        menu.addSeparator()

    def add_list(self, menu: QMenu, row: int) -> None:
        """Add a submenu with the code blocks of the body of a message, if it has any."""
        body = self._view.rows.row(row).body
        found = body.code_blocks()[:MAX_ENTRIES]
        if not found:
            return
        submenu = menu.addMenu("Code block" if len(found) == 1 else "Code blocks")
        for index in found:
            into = submenu
            if len(found) > 1:
                leaf = body.blocks[index].leaf
                begin = body.blocks[index].plain.strip().partition("\n")[0]
                begin = begin if len(begin) <= MAX_LABEL else begin[:MAX_LABEL] + "…"
                name = " – ".join(word for word in (shown_language(leaf.language)[:MAX_LABEL], begin) if word)
                into = submenu.addMenu((name or "Code").replace("&", "&&"))
            self._add(into, row, 1, index, "Copy", "Save as…", "Wrap lines", "Fold")

    def _add(
        self, menu: QMenu, row: int, part: int, index: int, copy: str, save: str, wrap: str, fold: str
    ) -> None:
        block = self._block(row, part, index)
        if block is None:
            return
        entries: list[tuple[Action, str, bool | None]] = [
            (Action.COPY_CODE, copy, None),
            (Action.SAVE_CODE, save, None),
        ]
        if not block.strip.is_cut:
            entries.append((Action.WRAP_CODE, wrap, block.strip.is_wrapped))
        if block.strip.folded or can_fold(self._view.rows.row(row), block):
            entries.append((Action.FOLD_CODE, fold, block.strip.folded))
        for action, label, checked in entries:
            entry = menu.addAction(label)
            if checked is not None:
                entry.setCheckable(True)
                entry.setChecked(checked)
            entry.triggered.connect(
                lambda _checked=False, action=action: self.trigger(action, row, part, index)
            )

    def show_tip(self, event: QEvent, at: tuple[int, Button] | None) -> bool:
        """Say what the button ``at`` the pointer is for, where it has no words; returns True."""
        if isinstance(event, QHelpEvent) and at is not None and at[1].action in ICONS:
            QToolTip.showText(event.globalPos(), tool_tip(at[1].label), self._view.viewport())
        else:
            QToolTip.hideText()
        return True
