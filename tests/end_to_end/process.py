"""The program as a process: started on a profile, listened to, ended by a signal, looked at afterwards."""

import asyncio
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.message import Message
from desktop_chat.paths import Profile
from desktop_chat.storage import Store
from tests.helpers.stored import conversations_of

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds for what takes one or two on an idle machine."""


class Process:
    """A running program, and what it has said."""

    def __init__(self, command: list[str], env: Mapping[str, str]) -> None:
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **env},
        )
        self.pid = self._popen.pid
        self.error = ""
        self._lines: queue.Queue[str] = queue.Queue()
        self._readers = [threading.Thread(target=self._read_lines), threading.Thread(target=self._read_error)]
        for reader in self._readers:
            reader.start()

    def _read_lines(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._lines.put(line)

    def _read_error(self) -> None:
        assert self._popen.stderr is not None
        self.error = self._popen.stderr.read()

    def line(self) -> str:
        """The next line on standard output."""
        try:
            return self._lines.get(timeout=PATIENCE).rstrip("\n")
        except queue.Empty:
            raise AssertionError(f"it said nothing more; running: {self.is_running}; {self.error}") from None

    def said(self, word: str) -> str:
        """The rest of the next line that begins with ``word``."""
        while not (line := self.line()).startswith(word):
            pass
        return line[len(word) :].strip()

    def said_within(self, seconds: float) -> list[str]:
        """The lines that come within this time."""
        deadline = time.monotonic() + seconds
        lines = []
        with contextlib.suppress(queue.Empty):
            while (left := deadline - time.monotonic()) > 0:
                lines.append(self._lines.get(timeout=left).rstrip("\n"))
        return lines

    def everything_said(self) -> list[str]:
        """The lines not asked for so far, of a process that has ended; one that was cut off is left out."""
        lines = [self._lines.get() for _ in range(self._lines.qsize())]
        return [line.rstrip("\n") for line in lines if line.endswith("\n")]

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """Send a signal; gives the exit code and the seconds it took to end."""
        began = time.monotonic()
        self.send(number)
        return self.wait(), time.monotonic() - began

    def wait(self) -> int:
        """Wait for the end; the exit code."""
        code = self._popen.wait(PATIENCE)
        for reader in self._readers:
            reader.join()
        return code

    def close(self) -> None:
        """Kill it where it still runs."""
        self._popen.kill()
        self.wait()
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self._popen.stdout.close()
        self._popen.stderr.close()


Start = Callable[..., Process]


@contextlib.contextmanager
def starting() -> Iterator[Start]:
    """Gives a function that starts the program; what it started is gone after the block."""
    started: list[Process] = []

    def start(*arguments: object, steps: str = "", env: Mapping[str, str] | None = None) -> Process:
        """``steps`` are those of :mod:`tests.end_to_end.child`; without any it is the plain program."""
        module = ["tests.end_to_end.child", steps] if steps else ["desktop_chat"]
        command = [sys.executable, "-m", *module, *map(str, arguments)]
        started.append(Process(command, env or {}))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.close()


def write_endpoint(folder: Path, endpoint: Endpoint) -> None:
    """Make a profile in ``folder`` that has this endpoint."""
    Profile.at(folder).create()
    settings = {"version": 1, "endpoints": [asdict(endpoint)], "default_endpoint": endpoint.id}
    (folder / "settings.json").write_text(json.dumps(settings))


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for something outside of this process."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        pause.wait(0.01)


def stored(folder: Path) -> list[Message]:
    """The messages of the profile's last used chat, none where there is no chat."""
    profile = Profile.at(folder)

    async def read() -> list[Message]:
        store = await Store.open(profile.database, profile.backups)
        try:
            conversations = await conversations_of(store)
            return (await store.tree(conversations[0].id)).path if conversations else []
        finally:
            await store.close()

    return asyncio.run(read())


def stored_drafts(folder: Path) -> dict[str, str]:
    """The profile's unsent texts."""
    profile = Profile.at(folder)

    async def read() -> dict[str, str]:
        store = await Store.open(profile.database, profile.backups)
        try:
            return {key: draft.text for key, draft in (await store.drafts()).items()}
        finally:
            await store.close()

    return asyncio.run(read())
