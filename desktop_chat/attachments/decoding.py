"""Text in any encoding: by its mark, by what it says of itself, as UTF-8, or as it is most likely meant."""

import codecs
import re
from collections.abc import Iterator

from desktop_chat.attachments.refusal import Refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark is the beginning of it.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""(?:charset|encoding|coding)\s*[=:]\s*["']?\s*([A-Za-z][\w.:-]{1,30})""")
"""HTML, CSS, XML, Python and Emacs."""
_HEAD = 1024
"""Bytes in which a text says its encoding (html.spec.whatwg.org, "prescan a byte stream")."""
_SAMPLE = 1 << 18
"""Bytes by which an encoding is guessed."""
_PIECE = 1 << 16
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b")) + b"\x7f"
_STRAY = 0.01
"""The share of control characters from which on something is not text."""
_BROKEN = 0.1
"""Broken sequences for each whole one up to which a text is UTF-8 with mistakes, and nothing else."""


def pieces(data: bytes, notes: list[str]) -> Iterator[str]:
    """All of a text. Raises :class:`Refused` for what is none."""
    text = decoded(data, notes)
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def decoded(data: bytes, notes: list[str]) -> str:
    """The text in ``data``; a guess is noted. Raises :class:`Refused` for what is no text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _replaced(data, encoding, notes)
    if data.count(0) > len(data) * _STRAY:
        return _wide(data)
    if len(data.translate(None, _CONTROLS)) < len(data) * (1 - _STRAY):
        raise Refused("It is not a text.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    if _is_almost_utf_8(data):
        return _replaced(data, "utf-8", notes)
    if (text := _as_declared(data)) is not None:
        return text
    encoding = _guessed(data)
    notes.append(f"Its encoding was guessed: {encoding}.")
    return data.decode(encoding, "replace")


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: ASCII in it has zeros, always at the same places."""
    for width, endings in ((4, ("utf-32-le", "utf-32-be")), (2, ("utf-16-le", "utf-16-be"))):
        for encoding in endings:
            if len(data) % width:
                continue
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            sample = text[:_SAMPLE]
            odd = sum(not (char.isprintable() or char.isspace()) for char in sample)
            if odd <= len(sample) * _STRAY and any(char in sample for char in " \n,."):
                return text
    raise Refused("It is not a text.")


def _is_almost_utf_8(data: bytes) -> bool:
    text = data[:_SAMPLE].decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(char > "\x7f" for char in text) - broken
    return broken <= whole * _BROKEN


def _as_declared(data: bytes) -> str | None:
    for name in _DECLARED.findall(data[:_HEAD]):
        try:
            if codecs.lookup(name.decode()).name not in ("utf-8", "utf-7"):
                return data.decode(name.decode())
        except (LookupError, ValueError):
            continue
    return None


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = data
    if len(data) > _SAMPLE:
        # At the end of a line no character is cut in two.
        sample = data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data[:_SAMPLE]
    best = from_bytes(sample).best()
    if best is None:
        raise Refused("It is not a text in an encoding that can be told.")
    return best.encoding


def _replaced(data: bytes, encoding: str, notes: list[str]) -> str:
    """Where something of ``data`` is broken, a mark stands in its place, and a note tells of it."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        notes.append("Some of its characters were broken: � stands for each.")
        return data.decode(encoding, "replace")
