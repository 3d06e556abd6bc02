"""The log of a profile: a JSON object a line, rotating, readable by its owner alone, and without a key in it.

``time``, ``level``, ``logger`` and ``message`` are in every line; what a record was given as ``extra`` stands
beside them under its own names.
"""

import atexit
import faulthandler
import json
import logging
import logging.handlers
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from desktop_chat.domain.redaction import REDACTED, SECRET_HEADERS, without_keys

BODIES = ("request", "response")
"""The fields of a record that hold what was asked and answered; only written where the user wants that."""
LOG_NAME = "desktop-chat.log"
LOG_BYTES, LOG_FILES = 1_000_000, 3
LONGEST_TEXT = 20_000
"""Characters of one message or field; what follows is cut, and said to be."""

_SCHEMES = re.compile(r"\b(bearer|basic)\s+[^\s'\",]+", re.IGNORECASE)
_HEADERS = re.compile(
    rf"\b({'|'.join(sorted(SECRET_HEADERS))})\b(['\"]?\s*[:=,]\s*)"
    r"(?:\"[^\"\r\n]*\"|'[^'\r\n]*'|[^'\"\r\n]+)",
    re.IGNORECASE,
)
"""Headers whose values are secret, as they stand in a dump of headers, a dictionary or a command line."""

# What every record has: the rest was given as extra (https://docs.python.org/3/library/logging.html).
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str, keys: Iterable[str] = ()) -> str:
    """``text`` without ``keys``, without values of secret headers and anything that looks like a key."""
    for key in keys:
        if len(key) >= 6:
            text = text.replace(key, REDACTED)
    text = _HEADERS.sub(rf"\1\2{REDACTED}", text)
    return without_keys(_SCHEMES.sub(rf"\1 {REDACTED}", text), REDACTED)


class _JsonFormatter(logging.Formatter):
    def __init__(self, keys: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._keys = keys

    def format(self, record: logging.LogRecord) -> str:
        keys = list(self._keys())
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _clean(super().format(record), keys),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and name not in line and value is not None:
                number = isinstance(value, bool | int | float)
                line[name] = value if number else _clean(str(value), keys)
        return json.dumps(line, ensure_ascii=False)


class _PlainFormatter(logging.Formatter):
    def __init__(self, keys: Callable[[], Iterable[str]]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._keys = keys

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self._keys())


def _clean(text: str, keys: Iterable[str]) -> str:
    text = redact(text, keys).encode("utf-8", "replace").decode()
    left = len(text) - LONGEST_TEXT
    return text if left <= 0 else f"{text[:LONGEST_TEXT]}… [{left:,} more characters]"


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A file that only its owner reads, after each rotation too."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")


def set_up(folder: Path, *, debug: bool, keys: Callable[[], Iterable[str]]) -> Path:
    """Log into ``folder``, with ``debug`` to standard error too. Returns the file. Raises ``OSError``.

    ``keys`` gives the keys that are in memory at that moment.
    """
    path = folder / LOG_NAME
    file = _PrivateFile(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    file.setFormatter(_JsonFormatter(keys))
    handlers: list[logging.Handler] = [file]
    if debug:
        handlers.append(logging.StreamHandler(sys.stderr))
        handlers[-1].setFormatter(_PlainFormatter(keys))
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    # They write every URL or selector event at these levels.
    for noisy in ("httpx2", "httpcore2", "openai", "qasync", "asyncio", "markdown_it", "keyring"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    path.chmod(0o600)
    # Kept from run to run: who looks for the reason of a crash has started the program again by then.
    crash_log = (folder / "crash.log").open("a", encoding="utf-8")
    faulthandler.enable(crash_log)
    atexit.register(crash_log.close)
    atexit.register(faulthandler.disable)
    return path


def set_level(level: str) -> None:
    """Write what is at least as grave as ``level``: ``debug``, ``info`` or ``warning``."""
    logging.getLogger().setLevel(level.upper())


_NAMES = ("time", "level", "logger", "message")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the log. ``time`` is ISO 8601 with the offset of its zone, empty where a line has none."""

    time: str
    level: str
    logger: str
    message: str
    fields: dict[str, Any] = field(default_factory=dict)


def files(folder: Path) -> list[Path]:
    """The files of the log that are there, the oldest first."""
    names = [*(f"{LOG_NAME}.{number}" for number in range(LOG_FILES, 0, -1)), LOG_NAME]
    return [folder / name for name in names if (folder / name).is_file()]


class Reader:
    """Reads the log in ``folder`` while it is written. Blocks: for a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: tuple[int, int] | None = None
        """Device and inode of the file that was read last."""
        self._at = 0

    def read(self) -> list[Record]:
        """What was written since the last call, the oldest first; at the first call all that is there.

        Raises ``OSError``.
        """
        found: list[Record] = []
        paths = files(self._folder)
        known = [path for path in paths if self._file is not None and _identity(path) == self._file]
        begin = paths.index(known[0]) if known else 0
        if not known:
            self._at = 0
        for path in paths[begin:]:
            with path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
            # A line that is still being written is read with the next call.
            whole = data[: data.rfind(b"\n") + 1]
            found += _records(whole.decode("utf-8", "replace"))
            self._file, self._at = _identity(path), self._at + len(whole)
            if path is not paths[-1]:
                self._at = 0
        return found


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _records(text: str) -> Iterator[Record]:
    """The records of some lines. A line that is no JSON, from a version that wrote none, is a message."""
    for line in text.split("\n"):
        if not line:
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if isinstance(values, dict):
            time, level, logger, message = (str(values.pop(name, "")) for name in _NAMES)
            yield Record(time, level, logger, message, values)
        else:
            yield Record("", "", "", line)
