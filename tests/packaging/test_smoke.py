"""The smoke test's own parts, and what it says of programs that are not as they should be."""

import os
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_chat import __version__

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
SCRIPT = PACKAGING / "smoke_test.py"

posix = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for a broken program")


@pytest.fixture(autouse=True)
def _imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The smoke test's modules, as it imports them."""
    monkeypatch.syspath_prepend(str(PACKAGING))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "smoke"]:
        del sys.modules[name]


def smoke_test(*arguments: object, **env: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=110, env={**os.environ, **env}
    )


@pytest.mark.slow
def test_the_program_of_the_checkout_passes() -> None:
    program = Path(sys.executable).with_name(
        "desktop-chat.exe" if sys.platform == "win32" else "desktop-chat"
    )
    done = smoke_test("--installed", program)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed"
    assert len(lines) > 4
    assert lines[0].startswith(f"ok     --version without a display; desktop-chat {__version__} (")


@posix
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "exit code 3"),
        ("echo something else", "FAILED --version"),
        ("echo desktop-chat 1.2.3; echo oops >&2", "oops"),
    ],
)
def test_a_broken_program_fails(tmp_path: Path, script: str, said: str) -> None:
    program = tmp_path / "desktop-chat"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    done = smoke_test("--installed", program)
    assert done.returncode == 1
    assert said in done.stdout
    assert done.stdout.splitlines()[-1].startswith("0 passed, ")


def test_a_program_that_is_not_there_fails(tmp_path: Path) -> None:
    done = smoke_test("--installed", tmp_path / "none")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("0 passed, ")


@posix
def test_a_machine_that_lacks_something_tests_nothing(tmp_path: Path) -> None:
    done = smoke_test("--deb", tmp_path / "none.deb", PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("smoke_test.py: not tested: ")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("etc/old", "usr/bin/kept", "var/cache/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_changes_of_files_are_told(tree: Path) -> None:
    from smoke import files

    before = files.listing(tree)
    (tree / "etc/old").unlink()
    (tree / "etc/new").write_text("new")
    (tree / "usr/bin/kept").write_text("another")
    (tree / "var/cache/x").write_text("a cache")
    (tree / "usr/lib/empty").mkdir(parents=True)
    lines = files.changes(before, files.listing(tree), ["var/cache/*"])
    assert [line.split()[:2] for line in lines] == [
        ["new:", "etc/new"],
        ["gone:", "etc/old"],
        ["changed:", "usr/bin/kept"],
        ["new:", "usr/lib"],
        ["new:", "usr/lib/empty"],
    ]


@posix
def test_modes_and_links_are_told(tree: Path) -> None:
    from smoke import files

    (tree / "link").symlink_to("etc/old")
    (tree / "folder").symlink_to("etc")
    before = files.listing(tree)
    assert "folder/old" not in before
    (tree / "usr/bin/kept").chmod(0o4755)
    (tree / "link").unlink()
    (tree / "link").symlink_to("etc")
    changed = [line.split()[1] for line in files.changes(before, files.listing(tree))]
    assert changed == ["link", "usr/bin/kept"]


def test_folders_that_are_left_out(tree: Path) -> None:
    from smoke import files

    assert set(files.listing(tree, ("var", "usr/bin"))) == {"etc", "etc/old", "usr"}


def test_a_frame_buffer_becomes_a_picture(tmp_path: Path) -> None:
    from PySide6.QtGui import QImage
    from smoke.screen import Picture

    pixels = [[(255, 0, 255), (255, 255, 255)], [(10, 20, 30), (0, 0, 0)], [(0, 128, 0), (250, 250, 250)]]
    width, height, name = 2, 3, b"Xvfb screen\0"
    header = [0] * 25
    header[0], header[1], header[4], header[5] = 100 + len(name), 7, width, height
    header[11], header[12], header[19] = 32, width * 4, 1
    body = b"".join(bytes((blue, green, red, 0)) for row in pixels for red, green, blue in row)
    picture = Picture.of_xwd(struct.pack(">25I", *header) + name + bytes(12) + body)
    assert picture.colors()[bytes((255, 0, 255))] == 1
    assert picture.hues(least=1) == {2 * 3 + 0, 1 * 3 + 2}
    picture.save(tmp_path / "x.png")
    image = QImage(str(tmp_path / "x.png"))
    read = [[image.pixelColor(x, y).getRgb()[:3] for x in range(width)] for y in range(height)]
    assert read == pixels


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.4, "paint 0.4 s, limit 0.5"), (0.6, "paint 0.6 s, limit 0.5: OVER THE LIMIT"), (1.1, None)],
)
def test_a_figure_beside_its_limit(value: float, told: str | None) -> None:
    from smoke.report import Failed, verdict

    if told is None:
        with pytest.raises(Failed, match="more than"):
            verdict("paint", value, 0.5, "s")
    else:
        assert verdict("paint", value, 0.5, "s") == told


def test_a_step_that_fails_is_told_with_the_logs(capsys: pytest.CaptureFixture[str]) -> None:
    from smoke.report import Failed, Report, expect

    report = Report()
    report.logs = lambda: "the log\nof the program"
    with report.step("first"):
        pass
    with report.step("second"):
        expect(False, "it was not so")
    with pytest.raises(Failed), report.step("third", needed=True):
        raise OSError("gone")
    assert report.summary() == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "ok     first",
        "FAILED second",
        "        it was not so",
        "        the log",
        "        of the program",
        "FAILED third",
        "        gone",
        "        the log",
        "        of the program",
        "1 passed, 2 failed",
    ]


def test_the_loopback_server_speaks_both_dialects() -> None:
    from smoke.server import Server

    server = Server("Some words of an answer.")
    try:
        for path, field in (("responses", "input"), ("chat/completions", "messages")):
            body = f'{{"model": "m", "{field}": [{{"role": "user", "content": "Hi"}}], "stream": true}}'
            url = f"{server.url}/{path}"
            request = urllib.request.Request(url, body.encode(), {"Authorization": "Bearer sk-1"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read().decode()
            assert text.count("data: ") > 4
            assert server.requests[-1] == (f"/v1/{path}", "Bearer sk-1", '"Hi"')
    finally:
        server.close()
