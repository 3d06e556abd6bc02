"""What every installed program has to do, on each system, without a display and without being root."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from smoke import helper
from smoke.program import Process
from smoke.report import Report, expect

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SECONDS = 120
"""For one start on a slow machine."""
NO_DISPLAY = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}


class Png(NamedTuple):
    """Size of a picture in pixels, and its bytes."""

    width: int
    height: int
    data: bytes

    @classmethod
    def read(cls, path: Path) -> "Png":
        """Raises :class:`Failed` where it is none."""
        data = path.read_bytes() if path.exists() else b""
        whole = data.startswith(b"\x89PNG\r\n\x1a\n") and data.rstrip().endswith(b"IEND\xaeB`\x82")
        expect(whole, f"{path.name} is no whole PNG")
        return cls(*struct.unpack_from(">II", data, 16), data)


def without_a_display(report: Report, run: Run, folder: Path, seen: Callable[[Path], str] = str) -> None:
    """``run`` runs the program with arguments and variables. It can write into ``folder``, whose files it
    knows by the names that ``seen`` gives."""

    def told(*arguments: str, code: int = 0, **env: str) -> tuple[str, str]:
        done = run(*arguments, **NO_DISPLAY | env)
        what = f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        expect(done.returncode == code, f"{' '.join(arguments)}: {what}")
        return done.stdout, done.stderr

    with report.step("--version without a display") as details:
        output, error = told("--version")
        expect(output.startswith("desktop-chat ") and not error, f"{output}{error}")
        details.append(output.strip())
    with report.step("--help, and bad usage"):
        output, _ = told("--help")
        expect("--screenshot" in output, output)
        _, error = told("--no-such-option", code=2)
        expect("--no-such-option" in error, error)
    if sys.platform.startswith("linux"):
        with report.step("no display: one line, no abort"):
            for display in ("", ":987"):
                _, error = told("--profile", seen(folder / "unused"), code=1, DISPLAY=display)
                expect(error.count("\n") == 1 and "--screenshot" in error, error)
            shutil.rmtree(folder / "unused", ignore_errors=True)
    with report.step("--demo --screenshot") as details:
        pictures = []
        for name, prompt in (("empty.png", ()), ("answered.png", ("Show me a table",))):
            _, error = told("--demo", "--screenshot", seen(folder / name), *prompt)
            expect(not error, error)
            pictures.append(Png.read(folder / name))
        empty, answered = pictures
        expect(empty.data != answered.data, "the answer is not to be seen")
        expect(min(len(picture.data) for picture in pictures) > 5_000, "a picture is blank")
        details.append(f"{answered.width} x {answered.height}")
    with report.step("a screenshot that cannot be written"):
        _, error = told("--demo", "--screenshot", seen(folder / "none" / "x.png"), code=1)
        expect("cannot be written" in error and error.count("\n") == 1, error)


def check(report: Report, command: str) -> None:
    """All that can be told of an installed program on any system."""
    with tempfile.TemporaryDirectory(prefix="smoke-") as name:
        folder = Path(name)
        # The user's own settings, keys and keyring have no part in it.
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "DESKTOP_"))
        }
        program = shutil.which(command) or command

        def run(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [program, *arguments],
                env=env | more,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
                encoding="utf-8",
                errors="replace",
                stdin=subprocess.DEVNULL,
            )

        without_a_display(report, run, folder)
        helper.check(report, program, env, folder)
        with report.step("a start, and its end by a signal") as told:
            arguments = ("--demo", "--debug", "--profile", str(folder / "profile"))
            # Windows ends it by closing its window, so there has to be one.
            platform = {} if sys.platform == "win32" else {"QT_QPA_PLATFORM": "offscreen"}
            process = Process([program, *arguments], env | platform)
            try:
                process.line("ready to read")
                told.append(process.end())
            finally:
                process.close()
            expect((folder / "profile" / "chats.db").exists(), "it made no database")
