"""What the transcript is measured against: the two ways in which Qt itself can show a chat.

They are given every advantage: no highlighter, no captions, no buttons, no selection to keep.
"""

import re
from collections.abc import Sequence

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QTextBrowser, QTextEdit, QWidget

from desktop_chat.domain.message import Message, PartKind
from desktop_chat.ui.transcript import Transcript

_BOUNDARY = re.compile(r"\n\n(?=\S)")
_FENCE = re.compile(r"^```", re.MULTILINE)


class Ours:
    """The transcript, driven as the rivals are."""

    name = "the transcript"

    def __init__(self, view: Transcript) -> None:
        self.widget = view
        self._streaming: Message | None = None

    def show(self, messages: Sequence[Message], streaming: Message | None = None) -> None:
        """Show a chat; text that is added goes to ``streaming``, its last message."""
        self._streaming = streaming
        self.widget.set_path(list(messages), lambda one: [one])

    def add(self, text: str) -> None:
        assert self._streaming is not None
        self._streaming.append(PartKind.TEXT, text)
        self.widget.append_text(self._streaming.id, PartKind.TEXT, text)

    @property
    def is_settled(self) -> bool:
        return self.widget.is_settled


class SetMarkdown:
    """``QTextBrowser.setMarkdown`` of everything, whenever something came."""

    name = "setMarkdown(all)"
    is_settled = True

    def __init__(self, parent: QWidget | None = None) -> None:
        self.widget = QTextBrowser(parent)
        self._text = ""

    def show(self, messages: Sequence[Message], streaming: Message | None = None) -> None:
        self._text = _source(messages)
        self._refresh()

    def add(self, text: str) -> None:
        self._text += text
        self._refresh()

    def _refresh(self) -> None:
        self.widget.setMarkdown(self._text)
        bar = self.widget.verticalScrollBar()
        bar.setValue(bar.maximum())


class OneDocument:
    """One QTextDocument that grows: what follows the last closed block is replaced at each flush."""

    name = "one QTextDocument"
    is_settled = True

    def __init__(self, parent: QWidget | None = None) -> None:
        self.widget = QTextEdit(parent)
        self.widget.setReadOnly(True)
        self.widget.setUndoRedoEnabled(False)
        self._open, self._start = "", 0

    def show(self, messages: Sequence[Message], streaming: Message | None = None) -> None:
        self.widget.setMarkdown(_source(messages))
        self._freeze("")

    def add(self, text: str) -> None:
        self._open += text
        boundaries = [match.end() for match in _BOUNDARY.finditer(self._open)]
        if boundaries and len(_FENCE.findall(self._open[: boundaries[-1]])) % 2 == 0:
            self._replace(self._open[: boundaries[-1]])
            self._freeze(self._open[boundaries[-1] :])
        self._replace(self._open)
        bar = self.widget.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _freeze(self, rest: str) -> None:
        cursor = QTextCursor(self.widget.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertBlock()
        self._start, self._open = cursor.position(), rest

    def _replace(self, text: str) -> None:
        cursor = QTextCursor(self.widget.document())
        cursor.beginEditBlock()
        cursor.setPosition(self._start)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.insertMarkdown(text)
        cursor.endEditBlock()


Rival = Ours | SetMarkdown | OneDocument


def _source(messages: Sequence[Message]) -> str:
    return "\n\n".join(message.text for message in messages)
