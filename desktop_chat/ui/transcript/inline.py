"""Within a paragraph: markdown-it's inline tokens -> runs of text with marks, links and formulas."""

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from desktop_chat.ui import addresses
from desktop_chat.ui.transcript.leaves import LINE_BREAK, Inline, Mark, clean, units, visible
from desktop_chat.ui.transcript.syntax import CLOSINGS, DISPLAYS
from desktop_chat.ui.transcript.unfinished import OPEN_TARGET

if TYPE_CHECKING:
    from markdown_it.token import Token

# Plain numbers: joining two flags takes Python 5 us.
_CODE, _LINK, _RAISED = int(Mark.CODE), int(Mark.LINK), int(Mark.RAISED)
_MARKS = {"strong": int(Mark.BOLD), "em": int(Mark.ITALIC), "s": int(Mark.STRIKE)}
_SPACE = " " + LINE_BREAK
_NOT_IN_ADDRESS = "\\s<>\"'`“”‘’「」『』【】《》（）、。，；：！？"
_ADDRESS = re.compile(
    rf"https?://[^{_NOT_IN_ADDRESS}]+"
    rf"|(?<![\w.@/:-])www\.[\w-]+\.\w[^{_NOT_IN_ADDRESS}]*"
    r"|(?<![\w.+@/:-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+",
    re.ASCII | re.IGNORECASE,
)
is_allowed = functools.lru_cache(2048)(addresses.is_allowed)
_ENTITY = re.compile(r"&\w+;\Z")


def runs(tokens: "Sequence[Token]") -> list[tuple[bool, Inline]]:
    """The text of a paragraph; a formula that is a display stands by itself, marked True."""
    line = _Line()
    for token in tokens:
        line.add(token)
    line.end()
    return line.found


def joined(tokens: "Sequence[Token]") -> Inline:
    """The text of what cannot be split: all formulas stand within it."""
    line = _Line(splits=False)
    for token in tokens:
        line.add(token)
    line.end()
    return line.found[0][1] if line.found else Inline()


def formula(content: str, opening: str) -> Inline:
    """A formula by itself."""
    source = clean(opening + content + CLOSINGS[opening]).replace("\n", LINE_BREAK)
    return Inline(source, formulas=((0, units(source), content.strip()),))


class _Line:
    def __init__(self, *, splits: bool = True) -> None:
        self.splits = splits
        self.found: list[tuple[bool, Inline]] = []
        self.mark, self.url, self.linked = 0, "", False
        self.waiting: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self.texts: list[str] = []
        self.marks: list[tuple[int, int, int]] = []
        self.links: list[tuple[int, int, str]] = []
        self.formulas: list[tuple[int, int, str]] = []
        self.position = 0

    def add(self, token: "Token") -> None:
        kind = token.type
        if kind in ("text", "text_special"):
            self.waiting.append(token.content)
            return
        if self.waiting:
            self._addresses(clean("".join(self.waiting)))
            self.waiting.clear()
        if kind in ("softbreak", "hardbreak"):
            self._put(" " if kind == "softbreak" else LINE_BREAK)
        elif kind == "code_inline":
            self._put(visible(token.content), _CODE)
        elif kind == "math":
            self._formula(token)
        elif kind == "footnote_reference":
            self._put(clean(token.content), _RAISED)
        elif kind == "image":
            self._image(token)
        elif kind == "link_open":
            target = str(token.attrGet("href") or "")
            self.url = target if is_allowed(target) else ""
            self.linked = bool(self.url) or target == OPEN_TARGET
        elif kind == "link_close":
            self.url, self.linked = "", False
        elif token.nesting:
            bit = _MARKS.get(token.tag, 0)
            self.mark = self.mark | bit if token.nesting > 0 else self.mark & ~bit

    def end(self) -> None:
        if self.waiting:
            self._addresses(clean("".join(self.waiting)))
            self.waiting.clear()
        if self.texts or not self.found:
            self._flush()

    def _flush(self) -> None:
        text = "".join(self.texts)
        if self.splits:
            text = text.rstrip(_SPACE)
        if text or not self.splits:
            end = units(text)
            self.found.append(
                (
                    False,
                    Inline(
                        text,
                        tuple(
                            (first, min(last, end), bits) for first, last, bits in self.marks if first < end
                        ),
                        tuple((first, min(last, end), url) for first, last, url in self.links if first < end),
                        tuple(self.formulas),
                    ),
                )
            )
        self._begin()

    def _put(self, text: str, extra: int = 0, target: str = "") -> None:
        if self.splits and not self.texts and self.found:
            text = text.lstrip(_SPACE)
        if not text:
            return
        start, end = self.position, self.position + units(text)
        target = target or self.url
        bits = self.mark | extra | (_LINK if target or self.linked else 0)
        if bits:
            if self.marks and self.marks[-1][1] == start and self.marks[-1][2] == bits:
                self.marks[-1] = (self.marks[-1][0], end, bits)
            else:
                self.marks.append((start, end, bits))
        if target:
            if self.links and self.links[-1][1] == start and self.links[-1][2] == target:
                self.links[-1] = (self.links[-1][0], end, target)
            else:
                self.links.append((start, end, target))
        self.texts.append(text)
        self.position = end

    def _formula(self, token: "Token") -> None:
        one = formula(token.content, token.markup)
        if self.splits and token.markup in DISPLAYS:
            self._flush()
            self.found.append((True, one))
            return
        start = self.position
        self._put(one.text)
        self.formulas.append((start, self.position, one.formulas[0][2]))

    def _image(self, token: "Token") -> None:
        source = str(token.attrGet("src") or "")
        target = source if is_allowed(source) else ""
        alt = "".join(child.content for child in token.children or ())
        said = " · ".join(
            part for part in (alt, addresses.host(addresses.parsed(target)) if target else "") if part
        )
        self._put(clean(f"[image: {said}]" if said else "[image]"), target=target)

    def _addresses(self, text: str) -> None:
        """Text whose web and mail addresses become links."""
        if self.linked or self.url or ("://" not in text and "@" not in text and "www." not in text.lower()):
            self._put(text)
            return
        done = 0
        for match in _ADDRESS.finditer(text):
            shown = _without_end(match[0])
            if shown.startswith(("http", "HTTP")):
                target = shown
            elif shown[:4].lower() == "www.":
                target = "http://" + shown
            else:
                target = "mailto:" + shown if shown == match[0] and shown[-1] not in "-_" else ""
            if is_allowed(target):
                self._put(text[done : match.start()])
                self._put(shown, target=target)
                done = match.start() + len(shown)
        self._put(text[done:])


def _without_end(address: str) -> str:
    """An address without what ends the sentence around it."""
    spare = address.count(")") - address.count("(")
    while address:
        if address[-1] in ".,;:!?*_~]…":
            if address[-1] == ";" and (entity := _ENTITY.search(address)):
                address = address[: entity.start()]
                continue
        elif address[-1] == ")" and spare > 0:
            spare -= 1
        else:
            break
        address = address[:-1]
    return address
