"""The log holds no key, whatever is logged."""

import logging
import stat
from pathlib import Path

import pytest

from desktop_chat import logs


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123",
        "key sk-proj-CANARY12345678",
        "{'api-key': 'my-own-odd-key'}",
        "url?key=my-own-odd-key&x",
    ],
)
def test_keys_are_taken_out(text: str) -> None:
    redacted = logs.redact(text, ["my-own-odd-key"])
    assert logs.REDACTED in redacted
    for secret in ("abcdef123", "CANARY", "my-own-odd-key"):
        assert secret not in redacted


def test_ordinary_words_stay() -> None:
    text = "the bearer of this task-list is a risk-taker; request req_12345678 failed"
    assert "task-list" in logs.redact(text)
    assert "req_12345678" in logs.redact(text)


def test_tracebacks_are_redacted_and_the_file_is_private(tmp_path: Path) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    path = logs.set_up(tmp_path, debug=False, keys=lambda: ["odd-secret"])
    try:
        try:
            raise ValueError("odd-secret and sk-CANARY1234567890")
        except ValueError:
            logging.getLogger("test").exception("failed")
    finally:
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
            handler.close()
        root.setLevel(level)
    written = path.read_text()
    assert "Traceback" in written
    assert "odd-secret" not in written
    assert "CANARY" not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
