"""A desktop session in a root: its buses, its keyring, and somebody who uses windows by what they say."""

import json
import os
from typing import NamedTuple

from smoke.program import Process
from smoke.report import Failed, expect, until
from smoke.root import Root

# Of what can give the session a bus, dbus-x11 is what does not bring systemd along.
PACKAGES = (
    "at-spi2-core",
    "dbus",
    "dbus-x11",
    "gir1.2-atspi-2.0",
    "gnome-keyring",
    "libsecret-tools",
    "python3-gi",
    "xdotool",
)
READER = "/usr/local/lib/smoke-reader.py"


class Shown(NamedTuple):
    """One object that a screen reader finds; ``text`` is its text, else its description."""

    path: list[int]
    role: str
    name: str
    text: str


class Session:
    """The session of the root's user, on an X display."""

    def __init__(self, root: Root, display: dict[str, str]) -> None:
        self._root = root
        self._running: list[Process] = []
        self.env = dict(display)
        reading, writing = os.pipe()
        bus = root.command("dbus-daemon", "--session", "--nofork", f"--print-address={writing}")
        self._running.append(Process(bus, root.env(self.env), pass_fds=(writing,)))
        os.close(writing)
        with os.fdopen(reading) as told:
            self.env["DBUS_SESSION_BUS_ADDRESS"] = told.readline().strip()
        self._run("/usr/libexec/at-spi-bus-launcher", "--launch-immediately")
        keyring = self._run("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
        # The password of a keyring that is made with it; the end of the input is the end of the password.
        keyring.popen.stdin.write("a password")
        keyring.popen.stdin.close()
        self.env |= {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
        self._pid = 0
        self._reader = self._run("python3", "-I", READER)

    def _run(self, *command: str) -> Process:
        self._running.append(self._root.start(*command, **self.env))
        return self._running[-1]

    def close(self) -> None:
        for process in reversed(self._running):
            process.popen.terminate()
            process.close()

    def _ask(self, *command: object) -> object:
        reader = self._reader.popen
        assert reader.stdin is not None
        assert reader.stdout is not None
        try:
            reader.stdin.write(json.dumps(command) + "\n")
            reader.stdin.flush()
            return json.loads(reader.stdout.readline())
        except (OSError, ValueError):
            raise Failed("the screen reader ended: " + "\n".join(self._reader.error)) from None

    def tree(self) -> list[Shown]:
        """Everything that is shown, the outermost first."""
        return [Shown(*values) for values in self._ask("tree")]  # type: ignore[attr-defined]

    def told(self) -> str:
        """The tree as text."""
        return "\n".join(f"{'  ' * len(o.path)}{o.role} {o.name!r} {o.text[:80]!r}" for o in self.tree())

    def find(self, name: str, role: str = "") -> Shown:
        """What has this name, as soon as it is there; the last one where there are several."""
        found: list[Shown] = []

        def is_there() -> bool:
            found[:] = [shown for shown in self.tree() if shown.name == name and role in ("", shown.role)]
            return bool(found)

        until(is_there, f"there is {role or 'something'} named {name!r}")
        return found[-1]

    def says(self, text: str) -> bool:
        """Whether the text is anywhere in the tree."""
        return any(text in shown.text or text in shown.name for shown in self.tree())

    def press(self, name: str, role: str = "") -> None:
        # Between being found and being pressed it may move to another place in the tree.
        until(lambda: self._ask("press", self.find(name, role).path), f"{name!r} can be pressed")

    def write(self, name: str, text: str) -> None:
        fields = ("text", "password text")
        until(
            lambda: any(s.name == name and s.role in fields for s in self.tree()),
            f"there is a field {name!r}",
        )
        path = next(s.path for s in self.tree() if s.name == name and s.role in fields)
        expect(self._ask("write", path, text), f"{name!r} cannot be written into")

    def keys(self, *keys: str) -> None:
        """Press keys in the window that has the focus."""
        for key in keys:
            pressed = self._root.run("xdotool", "key", key, **self.env)
            expect(pressed.returncode == 0, f"xdotool key {key}: {pressed.stderr}")

    def focus(self, pid: int) -> None:
        """Give the keyboard to the program's window: there is no window manager to do so."""

        self._pid = pid
        until(self._windows, "there is a window")
        focused = self._root.run("xdotool", "windowfocus", self._windows()[0], **self.env)
        expect(focused.returncode == 0, f"xdotool windowfocus: {focused.stderr}")

    def _windows(self) -> list[str]:
        found = self._root.run("xdotool", "search", "--onlyvisible", "--pid", str(self._pid), **self.env)
        return found.stdout.split()

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        typed = self._root.run("xdotool", "type", text, **self.env)
        expect(typed.returncode == 0, f"xdotool type: {typed.stderr}")

    def pop_up(self, name: str, role: str) -> None:
        """Press what opens a popup, which gets the keys then; AT-SPI does not show popups of Qt."""
        before = len(self._windows())
        self.press(name, role)
        until(lambda: len(self._windows()) > before, f"{name!r} opens a popup")

    def choose_model(self, model: str) -> None:
        """Have the chat use it."""
        self.pop_up("Model", "push button")
        self.type(model)
        self.keys("Return")
        until(lambda: self.find("Model", "push button").text == model, f"the model is {model}")

    def ask(self, prompt: str, answer: str) -> None:
        """Send a message, and wait until the answer that holds these words is complete."""
        self.write("Message", prompt)
        self.press("Send")
        until(lambda: self.says(answer), f"the answer has {answer!r}")
        until(lambda: self.find("Status").text.strip() == "Ready", "Status is Ready")
