"""Reading a key from a .env file: only what is asked for, and nothing that could hang or mislead."""

import os
from pathlib import Path

import pytest

from desktop_chat.credentials import LARGEST_ENV_FILE, EnvFile, InvalidKey, read_env_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("text", "key", "base_url"),
    [
        ("OPENAI_API_KEY=sk-1", "sk-1", ""),
        ("export OPENAI_API_KEY='sk-1'  # mine\nOTHER=2\n", "sk-1", ""),
        (
            "\ufeffOPENAI_API_KEY=sk-1\r\nOPENAI_BASE_URL=https://x.example/v1\r\n",
            "sk-1",
            "https://x.example/v1",
        ),
        ('OPENAI_API_KEY="Bearer sk-1"', "sk-1", ""),
    ],
)
def test_key_and_address_are_read(file: Path, text: str, key: str, base_url: str) -> None:
    file.write_bytes(text.encode())

    assert read_env_file(file) == EnvFile(key, base_url)


def test_nothing_is_expanded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "taken")
    file.write_text("OPENAI_API_KEY=sk-${CANARY}$(id)")

    assert read_env_file(file).key == "sk-${CANARY}$(id)"


@pytest.mark.parametrize("text", ["", "OTHER=1", "OPENAI_API_KEY=", "OPENAI_API_KEY"])
def test_no_key_is_told(file: Path, text: str) -> None:
    file.write_text(text)

    with pytest.raises(ValueError, match="no OPENAI_API_KEY"):
        read_env_file(file)


def test_a_key_that_cannot_be_one_is_refused(file: Path) -> None:
    file.write_text("OPENAI_API_KEY=sk-schlüssel", encoding="utf-8")

    with pytest.raises(InvalidKey) as refused:
        read_env_file(file)
    assert "schl" not in str(refused.value)


def test_what_is_not_a_small_text_file_is_refused(tmp_path: Path, file: Path) -> None:
    with pytest.raises(ValueError, match=r"not a file|could not be read"):
        read_env_file(tmp_path)
    with pytest.raises(ValueError, match="could not be read"):
        read_env_file(tmp_path / "missing")
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text file"):
        read_env_file(file)
    file.write_bytes(b"#" * (LARGEST_ENV_FILE + 1))
    with pytest.raises(ValueError, match="too large"):
        read_env_file(file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang(file: Path) -> None:
    os.mkfifo(file)

    with pytest.raises(ValueError, match="not a file"):
        read_env_file(file)


def test_the_key_is_not_in_its_text() -> None:
    assert "sk-1" not in repr(EnvFile("sk-1", ""))
