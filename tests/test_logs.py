"""The log: structured, private, rotating, read while it is written, and without a key in it."""

import json
import logging
import stat
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from desktop_chat import logs
from desktop_chat.domain.redaction import REDACTED


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """A log that is written to, and let go afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield logs.set_up(tmp_path, debug=False, keys=lambda: ["odd-secret"])
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123",
        "key sk-proj-CANARY12345678",
        "{'api-key': 'my-own-odd-key'}",
        "url?key=my-own-odd-key&x",
        "api-key: CANARY",
        '{"x-api-key": "CANARY", "other": 1}',
        "('x-goog-api-key', 'CANARY')",
        "Set-Cookie: session=CANARY; path=/",
        "cookie=CANARY; b=CANARY",
        "Proxy-Authorization: Basic CANARY",
    ],
)
def test_keys_are_taken_out(text: str) -> None:
    redacted = logs.redact(text, ["my-own-odd-key"])
    assert REDACTED in redacted
    for secret in ("abcdef123", "CANARY", "my-own-odd-key"):
        assert secret not in redacted


def test_ordinary_words_stay() -> None:
    text = "the bearer of this task-list is a risk-taker; request req_12345678 failed; cookies are nice"
    assert "task-list" in logs.redact(text)
    assert "req_12345678" in logs.redact(text)
    assert logs.redact(text).endswith("cookies are nice")
    assert '"other": 1' in logs.redact('{"x-api-key": "CANARY", "other": 1}')


def test_a_line_is_an_object_without_a_key_in_it(log_file: Path) -> None:
    try:
        raise ValueError("odd-secret and sk-CANARY1234567890")
    except ValueError:
        logging.getLogger("test").exception(
            "failed", extra={"status": 401, "body": "odd-secret", "none": None}
        )
    (line,) = log_file.read_text("utf-8").splitlines()
    found = json.loads(line)
    assert "Traceback" in found["message"]
    assert (found["level"], found["logger"], found["status"]) == ("error", "test", 401)
    assert found["body"] == logs.REDACTED
    assert "none" not in found
    assert "odd-secret" not in line
    assert "CANARY" not in line


def test_what_is_long_or_odd_is_written_all_the_same(log_file: Path) -> None:
    # Straight to the file: what else hears of records cannot hand on a lone surrogate.
    (file,) = (each for each in logging.getLogger().handlers if isinstance(each, RotatingFileHandler))
    file.handle(logging.makeLogRecord({"levelname": "WARNING", "msg": "a\nb\ud800\x00" + "c" * 30_000}))
    (record,) = logs.Reader(log_file.parent).read()
    assert record.message.startswith("a\nb?\x00ccc")
    assert record.message.endswith("more characters]")
    assert len(record.message) < 2 * logs.LONGEST_TEXT


def test_every_file_is_private_after_a_rotation_too(log_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        logging.getLogger("test").warning("%s", f"{number} " * 6000)
    found = logs.files(log_file.parent)
    assert len(found) > 1
    assert [stat.S_IMODE(path.stat().st_mode) for path in found] == [0o600] * len(found)


def test_the_log_is_read_while_it_is_written_and_rotated(log_file: Path) -> None:
    reader, logger = logs.Reader(log_file.parent), logging.getLogger("test")
    log_file.with_name(f"{logs.LOG_NAME}.1").write_text("an old line without JSON\n[1]\n", "utf-8")
    logger.warning("first")
    assert [record.message for record in reader.read()] == ["an old line without JSON", "[1]", "first"]
    assert reader.read() == []
    with log_file.open("a") as file:
        file.write('{"message": "half')
    logger.handlers.clear()
    assert reader.read() == []
    with log_file.open("a") as file:
        file.write(' a line"}\n')
    assert [record.message for record in reader.read()] == ["half a line"]
    for number in range(25):
        logger.warning("%s", f"n{number} " * 6000)
        if number % 3 == 0:
            seen = reader.read()
            assert seen[-1].message.startswith(f"n{number} ")
    assert reader.read() == []


def test_the_level_is_what_was_chosen(log_file: Path) -> None:
    logs.set_level("warning")
    logging.getLogger("test").info("not this")
    logs.set_level("debug")
    logging.getLogger("test").debug("but this")
    assert [record.message for record in logs.Reader(log_file.parent).read()] == ["but this"]
