"""The log of a profile: rotating, readable by its owner alone, and without a key in it."""

import atexit
import faulthandler
import logging
import logging.handlers
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

_SECRETS = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|AIza|hf|key)[-_][A-Za-z0-9_\-]{8,}|\b(?:bearer|basic)\s+[^\s'\",]+", re.IGNORECASE
)
REDACTED = "[redacted]"

LOG_BYTES, LOG_FILES = 1_000_000, 3


def redact(text: str, keys: Iterable[str] = ()) -> str:
    """``text`` without ``keys`` and without anything that looks like a key."""
    for key in keys:
        if len(key) >= 6:
            text = text.replace(key, REDACTED)
    return _SECRETS.sub(REDACTED, text)


class _RedactingFormatter(logging.Formatter):
    def __init__(self, keys: Callable[[], Iterable[str]]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._keys = keys

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self._keys())


def set_up(folder: Path, *, debug: bool, keys: Callable[[], Iterable[str]]) -> Path:
    """Log into ``folder``, with ``debug`` to standard error too. Returns the file. Raises ``OSError``.

    ``keys`` gives the keys that are in memory at that moment.
    """
    path = folder / "desktop-chat.log"
    handlers: list[logging.Handler] = [
        logging.handlers.RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
    ]
    if debug:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(_RedactingFormatter(keys))
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
