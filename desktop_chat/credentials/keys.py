"""Keys that a user pastes, and those of a ``.env`` file."""

import io
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_KEY = 1280
"""Characters. The Windows Credential Manager takes 2,560 bytes, and stores UTF-16."""
LARGEST_ENV_FILE = 1_000_000
"""Bytes."""


class InvalidKey(ValueError):
    """A text that cannot be a key; its message is a plain sentence that does not hold the text."""


def clean_key(text: str) -> str:
    """A pasted key without the white space, quotes and ``Bearer`` that often come along."""
    text = text.strip().strip("\"'`").strip()
    if text[:7].lower() == "bearer ":
        text = text[7:].strip().strip("\"'`")
    return text


def check_key(key: str) -> None:
    """Raise :class:`InvalidKey` where ``key`` cannot be sent in a header or stored everywhere."""
    if not key:
        raise InvalidKey("The key is empty.")
    if any(character in key for character in "\r\n"):
        raise InvalidKey("The key has a line break in it. Paste one key, on one line.")
    if not key.isascii():
        raise InvalidKey("The key has characters that no key has. Was something else copied?")
    if not key.isprintable() or " " in key:
        raise InvalidKey("The key has a space or a control character in it.")
    if len(key) > LONGEST_KEY:
        raise InvalidKey(f"The key is longer than {LONGEST_KEY:,} characters.")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a ``.env`` file says about the API; ``base_url`` is empty where it says nothing."""

    key: str = field(repr=False)
    base_url: str


def read_env_file(path: Path) -> EnvFile:
    """``OPENAI_API_KEY`` and ``OPENAI_BASE_URL`` of a ``.env`` file; nothing in it is expanded or executed.

    Raises ``ValueError`` with a plain sentence, which holds nothing of the file's content.
    """
    import dotenv

    try:
        # A FIFO would block the opening for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("This is not a file.")
            content = file.read(LARGEST_ENV_FILE + 1)
    except OSError as error:
        raise ValueError(f"The file could not be read ({error.strerror}).") from error
    if len(content) > LARGEST_ENV_FILE:
        raise ValueError("The file is too large for a .env file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("The file is not a text file.") from None
    values = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
    key = clean_key(values.get("OPENAI_API_KEY") or "")
    if not key:
        raise ValueError("The file has no OPENAI_API_KEY.")
    check_key(key)
    return EnvFile(key, (values.get("OPENAI_BASE_URL") or "").strip())
