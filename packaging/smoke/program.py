"""A process of the smoke test: the installed program or one of its helpers, listened to and ended."""

import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from smoke.report import PATIENCE, Failed, expect, verdict

QUIT_SECONDS = 2.0


class Process:
    """A running command; the lines it writes to standard error are kept."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
    ) -> None:
        self.popen = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            pass_fds=pass_fds,
        )
        self.error: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            self.error.append(line.rstrip("\n"))
            self._lines.put(self.error[-1])
        self._lines.put(None)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def line(self, holding: str, seconds: float = PATIENCE) -> str:
        """The next line on standard error that holds this. Raises :class:`Failed`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise Failed(f"it never said {holding!r}:\n" + "\n".join(self.error))
            if holding in line:
                return line

    def end(self, number: int = signal.SIGTERM) -> str:
        """Ask it to end, and see that it does cleanly and soon; gives the time beside its limit."""
        if sys.platform == "win32":
            # Windows has no SIGTERM: this asks the windows of the process to close.
            subprocess.run(["taskkill", "/PID", str(self.pid)], check=True, capture_output=True)
        else:
            self.popen.send_signal(number)
        return self.ended(f"signal {number}")

    def ended(self, why: str) -> str:
        """See that it ends with 0 and soon; gives the time beside its limit."""
        began = time.monotonic()
        try:
            code = self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"it still runs {PATIENCE:.0f} s after {why}") from None
        seconds = time.monotonic() - began
        self._reader.join(PATIENCE)
        expect(code == 0, f"exit code {code} after {why}:\n" + "\n".join(self.error))
        return verdict("ended within", seconds, QUIT_SECONDS, "s")

    def close(self) -> None:
        """Kill it where it still runs."""
        if self.is_running:
            self.popen.kill()
        self.popen.wait(PATIENCE)
        self._reader.join(PATIENCE)


def seconds_of_cpu(line: str) -> float:
    """What a line of the program's log says that it used so far."""
    found = re.search(r"after ([\d.]+) s of CPU", line)
    expect(found, f"no time in {line!r}")
    assert found is not None
    return float(found[1])


def resident(pid: int) -> float:
    """Megabytes that a process has in memory, of Linux."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
