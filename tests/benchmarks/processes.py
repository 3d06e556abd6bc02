"""Processes of their own: the server, the program, and the programs it is measured against."""

import atexit
import contextlib
import functools
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.sample import CHARACTERS_PER_TOKEN, markdown

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT = 120.0
"""Seconds for one measurement."""


def environment(platform: str = "offscreen", display: str = "") -> dict[str, str]:
    """Without a keyring, a proxy or a key: a measurement asks nobody but its own server."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith("_PROXY") and not name.startswith(("OPENAI_", "AZURE_", "DESKTOP_CHAT_"))
    }
    kept |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "QT_QPA_PLATFORM": platform}
    # An installed program has its byte code compiled; a checkout may not, or may not be allowed to.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept["PYTHONPYCACHEPREFIX"] = _byte_code()
    return kept | ({"DISPLAY": display} if display else {})


@functools.cache
def _byte_code() -> str:
    """A folder for compiled byte code, for this run."""
    folder = tempfile.mkdtemp(prefix="desktop-chat-byte-code-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Program:
    """A running Python module whose lines on both streams can be waited for."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", *arguments],
            cwd=ROOT,
            env=(env or environment()) | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self, holding: str = "", seconds: float = TIME_LIMIT) -> str:
        """The next line that holds this. Raises ``RuntimeError`` where the process ends without it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError(f"{self.process.args} never said {holding!r}:\n" + "\n".join(self._seen))
            self._seen.append(line)
            if holding in line:
                return line

    def result(self) -> Any:
        """The JSON that the program prints last."""
        return json.loads(self.line("RESULT ").partition("RESULT ")[2])

    @property
    def usage(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def cpu(self) -> float:
        """CPU seconds so far."""
        times = self.usage.cpu_times()
        return times.user + times.system

    def rss(self) -> float:
        """Resident MB."""
        return self.usage.memory_info().rss / 1e6

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()


@contextlib.contextmanager
def running(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Program]:
    program = Program(*arguments, env=env)
    try:
        yield program
    finally:
        program.end()


@contextlib.contextmanager
def server(tokens: int, rate: float = 0.0) -> Iterator[tuple[Program, str]]:
    """The test server, and its URL. It answers ``tokens`` tokens of Markdown, one event a token.

    ``rate`` is in tokens a second; 0 sends all at once.
    """
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "answer.md"
        text.write_text(markdown(tokens), "utf-8")
        how = ("--text-file", str(text), "--piece", str(CHARACTERS_PER_TOKEN), "--rate", str(rate), "--log")
        with running("tests.server", *how) as program:
            yield program, program.line("http")


def report(value: object) -> None:
    """Tell the process that measures."""
    print("RESULT", json.dumps(value), flush=True)


@contextlib.contextmanager
def profile() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="desktop-chat-benchmark-") as folder:
        yield Path(folder)
