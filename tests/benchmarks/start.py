"""From the start of the process to the first paint, and what it weighs, beside a bare Qt window."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import environment, profile, running

PAINT_SECONDS = 0.5
IDLE_MEGABYTES = 110
GAP_SECONDS = 0.2
"""While libraries load, once."""


def measure(*, short: bool = False) -> list[Figure]:
    if not short:
        _program(environment(), 0)  # compiles the byte code
    figures = _platform("offscreen", environment(), repeats=1 if short else 5, idle=1 if short else 5)
    if not short and sys.platform.startswith("linux") and shutil.which("Xvfb"):
        with _xvfb() as display:
            figures += _platform("Xvfb", environment("xcb", display), repeats=5, idle=5)
    return [*figures, _gap(1 if short else 3)]


def _platform(name: str, env: dict[str, str], *, repeats: int, idle: int) -> list[Figure]:
    bare = [_bare(env) for _ in range(repeats)]
    ours = [_program(env, idle if number == 0 else 0) for number in range(repeats)]
    paint, wall, painted, loaded, weight = (
        min(column) for column in zip(*(one[:5] for one in ours), strict=True)
    )
    asking, asking_weight = _asking(env)
    bare_paint, bare_wall, bare_weight = (min(column) for column in zip(*bare, strict=True))
    window = "a bare window"
    return [
        Figure(f"first paint, {name}", paint, "s CPU", PAINT_SECONDS, bare_paint, window),
        Figure(f"first paint, {name}, by the clock", wall, "s", None, bare_wall, window),
        Figure(f"ready to read, {name}", loaded, "s CPU"),
        Figure(f"ready to ask, {name}", asking, "s CPU"),
        Figure(f"memory when painted, {name}", painted, "MB", None, bare_weight, window),
        Figure(f"memory while idle, {name}", weight, "MB", IDLE_MEGABYTES, bare_weight, window),
        Figure(f"memory when ready to ask, {name}", asking_weight, "MB", None, bare_weight, window),
        Figure(f"CPU while idle, {name}", ours[0][5], "%", 0.0),
    ]


def _bare(env: dict[str, str]) -> tuple[float, float, float]:
    with running("tests.benchmarks.bare", "window", env=env) as program:
        paint = paint_seconds(program.line("first paint"))
        return paint, time.monotonic() - program.began, program.rss()


def _program(env: dict[str, str], idle: int) -> tuple[float, float, float, float, float, float]:
    """CPU and clock seconds to the paint, MB then, CPU seconds to the end of loading, MB then, % idle."""
    with profile() as folder:
        with running("desktop_chat", "--demo", "--profile", str(folder), "--debug", env=env) as program:
            paint = paint_seconds(program.line("first paint"))
            wall, painted = time.monotonic() - program.began, program.rss()
            loaded = paint_seconds(program.line("ready to read"))
            time.sleep(0.5)
            weight, before = program.rss(), program.cpu()
            time.sleep(idle)
            used = (program.cpu() - before) / idle * 100 if idle else 0.0
        return paint, wall, painted, loaded, weight, used


def _asking(env: dict[str, str]) -> tuple[float, float]:
    """CPU seconds until the SDK is loaded, where there is text to send from the start, and MB then."""
    with profile() as folder:
        arguments = ("desktop_chat", "--demo", "--profile", str(folder), "--debug", "Hello")
        with running(*arguments, env=env) as program:
            loaded = paint_seconds(program.line("ready to ask"))
            return loaded, program.rss()


def paint_seconds(line: str) -> float:
    found = re.search(r"after ([\d.]+) s of CPU", line)
    assert found, line
    return float(found[1])


def _gap(repeats: int) -> Figure:
    """The database and a server that is never asked: what counts is the time until all is loaded."""
    longest = []
    for _ in range(repeats):
        with running(
            "tests.benchmarks.layers", "loading_gap", "http://127.0.0.1:9/v1", "responses"
        ) as program:
            longest.append(program.result()["longest"])
    with running("tests.benchmarks.layers", "idle_gaps", "1") as program:
        idle = program.result()["longest"]
    return Figure(
        "longest gap of the window while libraries load",
        min(longest) * 1000,
        "ms",
        GAP_SECONDS * 1000,
        idle * 1000,
        "an idle loop",
    )


@contextlib.contextmanager
def _xvfb() -> Iterator[str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with Path(f"/dev/fd/{reading}").open() as told:
            yield f":{told.readline().strip()}"
    finally:
        os.close(reading)
        server.terminate()
        server.wait()
