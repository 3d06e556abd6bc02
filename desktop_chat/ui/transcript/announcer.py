"""What a screen reader is told of an answer while it is written: politely, and never in bits of words."""

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible

from desktop_chat.ui.announcing import announce
from desktop_chat.ui.transcript import accessible
from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.leaves import Kind, Leaf, cut, plain, prefix, units
from desktop_chat.ui.transcript.readings import PATIENCE
from desktop_chat.ui.transcript.row import deadline_in

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript

INTERVAL = 1000
"""Milliseconds between two announcements, so that one is told before the next comes."""
MOST = 600
"""Characters of one announcement, about half a minute of speech; more waits for the next."""
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[”’」』）]*|\n")


def complete(flow: Flow, told: tuple[int, int], *, ended: bool) -> tuple[str, tuple[int, int]]:
    """What is complete of a text after ``told`` (block, position), in words, and up to where that is.

    Code and tables are named, not read. At most about :data:`MOST` characters.
    """
    block, position = told
    words: list[str] = []
    blocks = flow.blocks
    while block < len(blocks) and sum(map(len, words)) < MOST:
        leaf = blocks[block].leaf
        last = flow.is_last_part(block)
        closed = ended or block + 1 < len(blocks)
        if leaf.kind in (Kind.CODE, Kind.TABLE):
            if not closed:
                break
            if last:
                words.append(_named(flow, block))
        elif leaf.kind is not Kind.RULE:
            text = plain(leaf)
            rest = cut(text, position, units(text))
            ends = [match.end() for match in _END.finditer(rest)]
            if closed:
                ends.append(len(rest))
            fits = [end for end in ends if end <= MOST] or ends[:1]
            if fits:
                said = rest[: fits[-1]]
                words.append((prefix(leaf).strip() + " " if not position else "") + said)
                position += units(said)
            if not closed or position < units(text):
                break
        block, position = block + 1, 0
    return " ".join(" ".join(words).split()), (block, position)


def _named(flow: Flow, block: int) -> str:
    leaf: Leaf = flow.blocks[block].leaf
    if leaf.kind is Kind.TABLE:
        return "Table."
    lines = flow.code(block).count("\n") + 1
    return f"Code block, {lines} line{'s' if lines > 1 else ''}."


class Announcer:
    """Tells of the answer that is being written. Costs nothing while nobody listens."""

    def __init__(self, view: "Transcript") -> None:
        self._view = view
        self._message = ""
        self._told = (0, 0)
        self._last_words: str | None = None
        self._timer = QTimer(view, interval=INTERVAL, singleShot=True)
        self._timer.timeout.connect(self._tell)

    def forget(self) -> None:
        """Other messages are shown: what was not told of them is not told any more."""
        self._timer.stop()
        self._message, self._told, self._last_words = "", (0, 0), None

    def text_came(self, message_id: str) -> None:
        """A message has more text."""
        if not QAccessible.isActive():
            return
        if message_id != self._message:
            self._message, self._told, self._last_words = message_id, (0, 0), None
            self._view.rows.row(self._view.rows.index[message_id])
            accessible.begin_text(self._view, message_id)
        if not self._timer.isActive():
            self._timer.start()

    def ended(self, message_id: str, words: str) -> None:
        """A message is complete, or has failed: ``words`` say so, after all that waits."""
        if not QAccessible.isActive() or self._view.announce == "never":
            return
        if message_id != self._message:
            self._message, self._told = message_id, (0, 0)
        self._last_words = words
        self._tell()

    def _tell(self) -> None:
        view = self._view
        index = view.rows.index.get(self._message)
        if index is None:
            self.forget()
            return
        # The view parses only what it shows; the answer may be far below.
        row = view.rows.row(index)
        row.advance(deadline_in(PATIENCE))
        accessible.text_inserted(view, self._message)
        ended = self._last_words is not None
        words = ""
        if view.announce == "sentences":
            words, self._told = complete(row.body, self._told, ended=ended)
        waits = view.announce == "sentences" and self._told[0] < len(row.body.blocks)
        if self._last_words is not None and not waits:
            words = f"{words} {self._last_words}".strip()
            self._last_words = None
        elif ended:
            self._timer.start()
        if words:
            announce(view, words)
