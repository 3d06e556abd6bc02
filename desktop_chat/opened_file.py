"""A file that the user opens with the program, as text for the composer."""

import os
import re
import stat
import sys
from pathlib import Path

from desktop_chat.ui.safe import one_line

LARGEST = 1_000_000
"""Bytes. More than any model reads at once, and little enough to be edited."""

_PLAIN = (".txt", ".text", ".md", ".markdown")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class NotOpened(Exception):
    """Says in a plain sentence which file was not opened, and why."""


def composed(prompt: str, path: Path) -> str:
    """``prompt``, then the text of the file: as it is of ``.txt`` and ``.md``, else as a code block below its
    name. Blocks while the file is read. Raises :class:`NotOpened` for all but a local, regular file of text.
    """
    name = one_line(path.name.encode("utf-8", "replace").decode())
    try:
        text = _text(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotOpened(f"“{name}” was not opened: {reason}.") from error
    if path.suffix.lower() not in _PLAIN:
        text = _code_block(text, name, path.suffix.lower().removeprefix("."))
    return f"{prompt}\n\n{text}" if prompt.strip() else text


def _text(path: Path) -> str:
    """Raises ``ValueError`` with the reason, and ``OSError``."""
    if sys.platform == "win32" and str(path).startswith(("\\\\", "//")):
        # Windows would tell that computer who the user is.
        raise ValueError("it is on another computer")
    # Whoever opened a pipe for reading would wait for one that writes.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a regular file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError("it is not text in UTF-8 or UTF-16")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _code_block(text: str, name: str, suffix: str) -> str:
    """In a fence that is longer than any in ``text`` (https://spec.commonmark.org/0.31.2/#fenced-code-blocks)."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    language = suffix if re.fullmatch(r"[a-z0-9+]+", suffix) else ""
    text = text.removesuffix("\n")
    named = name.replace("`", "'")
    return f"`{named}`:\n\n{fence}{language}\n{text}\n{fence}"
