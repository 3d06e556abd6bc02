"""A desktop of its own: an X server without a screen, a session bus, and the bus of the screen readers."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.process import ROOT, until

SCREEN = (1400, 900)
KEY_MILLISECONDS = 150
"""xdotool lends a key to a character that has none, for this long: the window must have read it by then."""

SYSTEM_PYTHON = "/usr/bin/python3"
_LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")


def missing(*programs: str) -> str:
    """Which of these programs this machine lacks, for a skipped test to say; empty where it has all."""
    return ", ".join(name for name in programs if shutil.which(name) is None)


def missing_for_screen_readers() -> str:
    """As :func:`missing`, of all that is needed to read a window over AT-SPI."""
    lacking = missing("Xvfb", "dbus-daemon", SYSTEM_PYTHON)
    if lacking:
        return lacking
    if _launcher() is None:
        return "at-spi-bus-launcher"
    script = "import gi; gi.require_version('Atspi', '2.0')"
    works = subprocess.run([SYSTEM_PYTHON, "-c", script], capture_output=True, check=False).returncode == 0
    return "" if works else "PyGObject and the Atspi typelib for /usr/bin/python3"


def _launcher() -> str | None:
    return next((path for path in _LAUNCHERS if Path(path).exists()), None)


@contextlib.contextmanager
def x_server() -> Iterator[dict[str, str]]:
    """Gives the environment of programs that are to show their windows on it."""
    read, write = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "{}x{}x24".format(*SCREEN),
        "-nolisten",
        "tcp",
    ]
    with _running(command, pass_fds=(write,)):
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        yield {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb", "WAYLAND_DISPLAY": ""}


@contextlib.contextmanager
def window_manager(env: dict[str, str]) -> Iterator[None]:
    """Windows on this display get a frame and can be activated."""
    with _running(["openbox"], env={**os.environ, **env}):
        yield


class Keyboard:
    """Keys for the window that is active on a display."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = {**os.environ, **env}

    def activate(self, pid: int) -> None:
        """Give the process's window the focus, as soon as it and the window manager are there."""

        def activated() -> bool:
            window = self._do("search", "--onlyvisible", "--pid", str(pid)).stdout.decode().split()
            return bool(window) and self._do("windowactivate", "--sync", window[0]).returncode == 0

        until(activated, "the window is active")

    def type(self, text: str) -> None:
        self._do("type", "--delay", str(KEY_MILLISECONDS), text).check_returncode()

    def press(self, keys: str) -> None:
        self._do("key", keys).check_returncode()

    def _do(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        command = ["xdotool", *arguments]
        return subprocess.run(command, env=self._env, check=False, timeout=30, capture_output=True)


def photograph(env: dict[str, str], picture: Path) -> None:
    """Write what is on the display into ``picture``."""
    script = (
        "import sys\n"
        "from PySide6.QtGui import QGuiApplication\n"
        "application = QGuiApplication()\n"
        "assert application.primaryScreen().grabWindow(0).save(sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", script, str(picture)], env={**os.environ, **env}, check=True)


@contextlib.contextmanager
def buses() -> Iterator[dict[str, str]]:
    """A session bus with the launcher of the accessibility bus; gives the environment of its programs."""
    read, write = os.pipe()
    command = ["dbus-daemon", "--session", "--nofork", f"--print-address={write}"]
    with _running(command, pass_fds=(write,)):
        os.close(write)
        with os.fdopen(read) as pipe:
            env = {"DBUS_SESSION_BUS_ADDRESS": pipe.readline().strip()}
        launcher = _launcher()
        assert launcher is not None
        with _running([launcher, "--launch-immediately"], env={**os.environ, **env}):
            yield env | {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}


@contextlib.contextmanager
def _running(command: list[str], **options: Any) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@dataclass(frozen=True)
class Shown:
    """One accessible object, as it was when it was read."""

    path: list[int]
    role: str
    name: str
    description: str
    text: str | None
    actions: list[str]
    states: list[str]


class ScreenReader:
    """What is shown, for one who does not see it."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(ROOT / "tests" / "end_to_end" / "screen_reader.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
        )

    def close(self) -> str:
        """End it; gives what went wrong."""
        return self._process.communicate()[1]

    def _do(self, **command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def tree(self) -> list[Shown]:
        """Everything that is shown, the outermost first."""
        return [Shown(**values) for values in self._do(do="tree")]

    def all(self, name: str, role: str = "") -> list[Shown]:
        return [shown for shown in self.tree() if shown.name == name and role in ("", shown.role)]

    def find(self, name: str, role: str = "") -> Shown:
        """The object of this name, as soon as there is one."""
        until(lambda: self.all(name, role), f"{name} {role}")
        return self.all(name, role)[0]

    def below(self, above: Shown, role: str = "") -> list[Shown]:
        """What is shown within ``above``."""
        depth = len(above.path)
        return [
            shown
            for shown in self.tree()
            if len(shown.path) > depth and shown.path[:depth] == above.path and role in ("", shown.role)
        ]

    def press(self, shown: Shown) -> None:
        assert self._do(do="press", path=shown.path)

    def ask(self, shown: Shown, what: str, **values: Any) -> Any:
        """Have something done with an object, as ``tests/end_to_end/screen_reader.py`` says."""
        return self._do(do=what, path=shown.path, **values)

    def heard(self, *kinds: str) -> list[list[Any]]:
        """What happened since the last time: kind, detail and text. The first call begins to listen."""
        return list(self._do(**{"do": "heard", "for": kinds}))

    def write(self, shown: Shown, text: str) -> None:
        assert self._do(do="write", path=shown.path, text=text)
