"""How messages look in files: as HTML and plain text by the transcript's own parser, and as a PDF."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path

from desktop_chat.domain.archive import History
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.titles import UNTITLED
from desktop_chat.exporting import Cancelled
from desktop_chat.ui.paper import write_pdf
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import markup
from desktop_chat.ui.transcript.excerpt import Excerpt
from desktop_chat.ui.transcript.row import Explain


class Look:
    """What an export asks of the windows. Made in the loop's thread, called in that of the export."""

    def __init__(self, theme: Theme, explain: Explain) -> None:
        self._theme, self._explain = theme, explain
        self._loop = asyncio.get_running_loop()
        self._drawing: Future[None] | None = None
        self._is_stopped = False

    def html(self, message: Message) -> Iterator[str]:
        for chunk in Excerpt([message]).chunks():
            if chunk is not None:
                yield from markup.html(chunk)

    def html_of(self, text: str) -> Iterator[str]:
        return self.html(Message("", None, Role.ASSISTANT, [Part(PartKind.TEXT, text)]))

    def plain(self, message: Message) -> Iterator[str]:
        for chunk in Excerpt([message]).chunks():
            if chunk is not None:
                yield from chunk.pieces()

    def draw(self, history: History, path: Path) -> None:
        title = one_line(history.conversation.title) or UNTITLED
        work = write_pdf(path, history.tree().path, title, self._theme, self._explain)
        self._drawing = asyncio.run_coroutine_threadsafe(work, self._loop)
        if self._is_stopped:
            self._drawing.cancel()
        try:
            self._drawing.result()
        except CancelledError:
            raise Cancelled from None

    def stop(self) -> None:
        self._is_stopped = True
        if self._drawing is not None:
            self._drawing.cancel()
