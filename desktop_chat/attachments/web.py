"""The text of a web page: what a browser would show of it without its scripts."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from desktop_chat.attachments import decoding

_HIDDEN = {"script", "style", "template", "noscript", "svg", "iframe", "object"}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt", "fieldset"),
    *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li"),
    *("main", "nav", "ol", "p", "pre", "section", "summary", "table", "title", "tr", "ul"),
}
_LINES = {"br", "dd", "dt", "li", "tr"}
"""Blocks that end where the next begins, often without an end of their own."""
_CELLS = {"td", "th"}
_PIECE = 1 << 14
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLANK = re.compile(r"[ \t]+\n")
_GAPS = re.compile(r"\n{3,}")


def pieces(data: bytes, notes: list[str]) -> Iterator[str]:
    """Headings with ``#``, entries of lists with ``-``, cells with tabs between them."""
    source = decoding.decoded(data, notes)
    page = _Page()
    for start in range(0, len(source), _PIECE):
        page.feed(source[start : start + _PIECE])
        yield from page.taken()
    page.close()
    yield from page.taken(is_end=True)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []
        self._hidden: list[str] = []
        self._in_pre = False

    def taken(self, is_end: bool = False) -> Iterator[str]:
        """What was found; the last line stays until it is whole."""
        text = "".join(self._found)
        end = len(text) if is_end else text.rfind("\n")
        self._found = [text[max(end, 0) :]]
        if end > 0:
            yield _GAPS.sub("\n\n", _BLANK.sub("\n", text[:end]))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.append(tag)
            return
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BLOCKS:
            level = int(tag[1]) if re.fullmatch("h[1-6]", tag) else 0
            self._found.append("\n" + ("\n" + "#" * level + " " if level else "- " if tag == "li" else ""))
            self._in_pre = self._in_pre or tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
        elif tag in _CELLS:
            self._found.append("\t")
        elif tag in _BLOCKS - _LINES:
            self._found.append("\n\n" if tag == "p" else "\n")
            self._in_pre = self._in_pre and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if not self._in_pre:
            data = _SPACE.sub(" ", data)
            if not self._found or self._found[-1].endswith(("\n", " ")):
                data = data.lstrip(" ")
        if data:
            self._found.append(data)
