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
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "mac_roman", "cp850")
_COMMON = (
    *("cp1252", "cp932", "gb18030", "big5", "euc_kr", "euc_jp", "cp1251", "koi8_r", "cp1253", "cp1256"),
    *("cp1255", "cp874", *_LATIN[1:]),
)
"""What files are written in that are not Unicode; of those that fit alike the first is taken."""
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b")) + b"\x7f"
_HIGH = re.compile(rb"[\x80-\xff]+")
_FEW, _ALONE = 0.25, 0.8
"""Letters with accents are few, and stand alone: shares of all bytes, and of their runs."""
_ALIKE = 0.03
"""By how much one encoding may fit a language better than another that is more common."""
_ASCII = bytes(range(32, 127)) + b"\n\r\t"
_ALL_BUT_ASCII = 0.25
"""The share of other bytes from which on a text of one line is not ASCII; in kana there are few."""
_STRAY = 0.01
"""The share of control characters from which on something is not text."""
_BROKEN = 0.5
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
    if (text := _wide(data) or _escaped(data)) is not None:
        return text
    if len(data.translate(None, _CONTROLS)) < len(data) * (1 - _STRAY):
        raise Refused("It is not a text.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        sample = _around(data, error.start)
    if _is_almost_utf_8(sample):
        return _replaced(data, "utf-8", notes)
    if (text := _as_declared(data)) is not None:
        return text
    encoding = _guessed(sample)
    notes.append(f"Its encoding was guessed: {encoding}.")
    return data.decode(encoding, "replace")


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: ASCII in it has zeros, always at the same places."""
    evens, odds = data[::2].count(0), data[1::2].count(0)
    if not (evens or odds):
        return None
    for width, encoding in (
        (4, "utf-32-le"),
        (4, "utf-32-be"),
        (2, "utf-16-le" if odds > evens else "utf-16-be"),
    ):
        try:
            text = data.decode(encoding) if len(data) % width == 0 else ""
        except UnicodeDecodeError:
            continue
        sample = text[:_SAMPLE]
        odd = sum(not (char.isprintable() or char.isspace()) for char in sample)
        if sample and odd <= len(sample) * _STRAY and _is_no_ascii(data, text):
            return text
    return None


def _is_no_ascii(data: bytes, text: str) -> bool:
    """Whether ``data`` is no ASCII with a zero in it, pairs of which would mostly be Chinese characters."""
    lines = text.count("\n")
    few = len(data.translate(None, _ASCII)) < len(data) * _ALL_BUT_ASCII
    # The byte of a line feed is in other characters of UTF-16 too, such as U+4E0A.
    return lines * 4 >= data.count(b"\n") and (lines > 0 or not few)


def _escaped(data: bytes) -> str | None:
    """Japanese and Korean mail (RFC 1468, RFC 1557), which looks like ASCII with escape sequences."""
    if b"\x1b$" in data[:_SAMPLE]:
        for encoding in ("iso2022_jp_ext", "iso2022_kr"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    return None


def _around(data: bytes, place: int) -> bytes:
    """What is around ``place``: whole lines where it can be, whose ends cut no character in two."""
    low = max(0, place - _SAMPLE // 2)
    start = data.find(b"\n", low, place) + 1 if low else 0
    start = start or low
    end = start + _SAMPLE
    return data[start : data.rfind(b"\n", place, end) + 1 or end]


def _is_almost_utf_8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(char > "\x7f" for char in text) - broken
    return broken <= whole * _BROKEN


def _as_declared(data: bytes) -> str | None:
    for name in _DECLARED.findall(data[:_HEAD]):
        try:
            if not codecs.lookup(name.decode()).name.startswith("utf"):
                return data.decode(name.decode())
        except (LookupError, ValueError):
            continue
    return None


def _guessed(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    runs = _HIGH.findall(sample)
    is_latin = (
        sum(map(len, runs)) < len(sample) * _FEW and sum(len(run) == 1 for run in runs) > len(runs) * _ALONE
    )
    matches = list(from_bytes(sample, cp_isolation=list(_LATIN if is_latin else _COMMON)))
    if not matches:
        raise Refused("It is not a text in an encoding that can be told.")
    best = matches[0]
    alike = [
        match.encoding
        for match in matches
        if match.chaos == best.chaos and match.coherence > best.coherence - _ALIKE
    ]
    return min(alike, key=_COMMON.index)


def _replaced(data: bytes, encoding: str, notes: list[str]) -> str:
    """Where something of ``data`` is broken, a mark stands in its place, and a note tells of it."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        notes.append("Some of its characters were broken: � stands for each.")
        return data.decode(encoding, "replace")
