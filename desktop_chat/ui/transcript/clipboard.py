"""Copying: what is selected as plain text, HTML and Markdown, made in slices while the window lives on."""

import time
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QByteArray, QMimeData, QObject, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication

from desktop_chat.ui.transcript import markup
from desktop_chat.ui.transcript.excerpt import Excerpt

PLAIN, HTML, MARKDOWN = "text/plain", "text/html", "text/markdown"
SLICE = 0.008
"""Seconds of work before the window has its turn."""
MOST_AT_ONCE = 32 * 1024
"""Characters that are parsed where a program asks for the text and waits; past that it gets the source."""


class Copier(QObject):
    """Puts texts into the clipboard. What is short is there at once; what is copied later takes the place of
    what is still being made."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Iterator[QMimeData | None] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._step)

    @property
    def is_busy(self) -> bool:
        """Whether something is still being made."""
        return self._work is not None

    def copy_text(self, text: str) -> None:
        """Copy plain text alone."""
        self.stop()
        QGuiApplication.clipboard().setText(text)

    def copy(self, excerpt: Excerpt, *formats: str) -> None:
        """Copy an excerpt, in all formats or those given.

        Markdown alone is given as plain text too, for that is what its target asks for.
        """
        self.stop()
        self._work = _make(excerpt, formats or (PLAIN, HTML, MARKDOWN))
        self._step()

    def stop(self) -> None:
        self._work = None
        self._timer.stop()

    def _step(self) -> None:
        until = time.perf_counter() + SLICE
        while self._work is not None:
            found = next(self._work)
            if found is not None:
                self.stop()
                QGuiApplication.clipboard().setMimeData(found)
            elif time.perf_counter() > until:
                self._timer.start()
                return


def _make(excerpt: Excerpt, formats: tuple[str, ...]) -> Iterator[QMimeData | None]:
    """The texts in each format; None after a step of work."""
    plain: list[str] = []
    html: list[str] = [markup.HEAD]
    markdown: list[str] = []
    for chunk in excerpt.chunks():
        if chunk is not None and PLAIN in formats:
            if plain:
                plain.append("\n\n")
            for piece in chunk.pieces():
                plain.append(piece)
                yield None
        yield None
        if chunk is not None and HTML in formats:
            for piece in markup.html(chunk, alone=excerpt.is_one):
                html.append(piece)
                yield None
        if chunk is not None and MARKDOWN in formats:
            if markdown:
                markdown.append("\n\n")
            for piece in markup.markdown(chunk, alone=excerpt.is_one):
                markdown.append(piece)
                yield None
    data = QMimeData()
    if MARKDOWN in formats:
        text = "".join(markdown)
        data.setData(MARKDOWN, QByteArray(text.encode("utf-8", "replace")))
        if PLAIN not in formats:
            data.setText(text)
    if PLAIN in formats:
        data.setText("".join(plain))
    yield None
    if HTML in formats:
        data.setData(HTML, QByteArray("".join([*html, markup.TAIL]).encode("utf-8", "replace")))
    yield data


class Offer(QMimeData):
    """An excerpt for a program that may ask for it: nothing is made before it does."""

    def __init__(self, excerpt: Excerpt, kinds: tuple[str, ...] = (PLAIN, HTML, MARKDOWN)) -> None:
        super().__init__()
        self._excerpt, self._kinds = excerpt, kinds
        self._made: dict[str, str] = {}

    def formats(self) -> list[str]:
        return list(self._kinds)

    def hasFormat(self, mimetype: str) -> bool:
        return mimetype in self._kinds

    def retrieveData(self, mimetype: str, preferredType: Any) -> Any:
        if mimetype not in self._kinds:
            return None
        if mimetype not in self._made:
            self._made[mimetype] = _text(self._excerpt, mimetype)
        text = self._made[mimetype]
        return QByteArray(text.encode("utf-8", "replace")) if mimetype == MARKDOWN else text


def _text(excerpt: Excerpt, kind: str) -> str:
    if kind == PLAIN:
        return excerpt.text(MOST_AT_ONCE)
    make = markup.html if kind == HTML else markup.markdown
    found = (make(chunk, alone=excerpt.is_one) for chunk in excerpt.chunks(MOST_AT_ONCE) if chunk is not None)
    if kind == HTML:
        return markup.HEAD + "".join(piece for pieces in found for piece in pieces) + markup.TAIL
    return "\n\n".join("".join(pieces) for pieces in found)


def offer_selection(excerpt: Excerpt) -> None:
    """Offer an excerpt to a middle click, where that is the custom."""
    clipboard = QGuiApplication.clipboard()
    if clipboard.supportsSelection():
        clipboard.setMimeData(Offer(excerpt, (PLAIN,)), QClipboard.Mode.Selection)
