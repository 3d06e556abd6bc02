"""The checks that watch over every test do bite: each bad test here has to fail, each good one to pass."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

TESTS = Path(__file__).resolve().parent

SPECIMENS = """
import asyncio
import gc
import os
import socket
import warnings
from pathlib import Path

import pytest


def test_good():
    pass


@pytest.mark.anyio
async def test_good_async():
    await asyncio.sleep(0)


def test_bad_coroutine_never_awaited():
    async def nothing():
        pass
    nothing()


def test_bad_coroutine_never_awaited_in_a_cycle():
    async def nothing():
        pass
    ring = [nothing()]
    ring.append(ring)


def test_bad_socket_not_closed():
    socket.socket()


def test_bad_file_not_closed_in_a_cycle(tmp_path):
    ring = [(tmp_path / "x").open("w")]
    ring.append(ring)


def test_bad_task_left_pending():
    async def wait():
        await asyncio.get_running_loop().create_future()
    async def main():
        asyncio.get_running_loop().create_task(wait())
        await asyncio.sleep(0)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()


@pytest.mark.anyio
async def test_bad_task_exception_never_retrieved():
    async def fail():
        raise ValueError("unread")
    task = asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task


def test_bad_exception_in_a_finalizer():
    class Bad:
        def __del__(self):
            raise ValueError("late")
    Bad()


def test_bad_exception_in_a_thread():
    import threading
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()


def test_bad_warning():
    warnings.warn("old", DeprecationWarning)


def test_bad_qt_warning(qapp):
    from PySide6.QtCore import qWarning
    qWarning("something is off")


def test_bad_exception_in_a_slot(qapp):
    from PySide6.QtCore import QTimer
    QTimer.singleShot(0, lambda: 1 / 0)
    qapp.processEvents()


def test_good_window_with_a_fixed_size(qtbot):
    from PySide6.QtWidgets import QWidget
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.setFixedSize(100, 100)
    widget.show()
    assert widget.isVisible()


def test_good_home_is_empty_and_private():
    names = [name for name in os.environ if name.upper().endswith("_PROXY") or name.startswith("OPENAI_")]
    assert names == []
    assert "desktop-chat-outer" not in str(Path.home())
    assert sum(path.is_file() for path in Path.home().rglob("*")) == 0


def test_good_no_keyring():
    import keyring
    import keyring.errors
    with pytest.raises(keyring.errors.NoKeyringError):
        keyring.get_password("desktop-chat", "x")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_good_permission_bits_bind(ordinary_user):
    closed = ordinary_user / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        (closed / "x").write_text("x")


def test_good_last():
    assert os.name == "nt" or os.geteuid() == int(os.environ["WANTED_UID"])
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of each specimen -> what became of it, from a run of its own with this project's configuration."""
    folder = tmp_path_factory.mktemp("specimens")
    shutil.copy(TESTS / "conftest.py", folder)
    shutil.copy(TESTS.parent / "pyproject.toml", folder)
    (folder / "test_specimens.py").write_text(SPECIMENS, encoding="utf-8")
    outside = {
        "HOME": str(folder / "desktop-chat-outer"),
        "OPENAI_API_KEY": "sk-outside",
        "https_proxy": "http://127.0.0.1:9",
        "WANTED_UID": str(os.geteuid()) if os.name != "nt" else "",
    }
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--junitxml=report.xml",
            "test_specimens.py",
        ],
        cwd=folder,
        env={**os.environ, **outside},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    found: dict[str, str] = {}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error")]
        name = case.attrib["name"]
        found[name] = found.get(name, "") + "".join(f"{child.get('message')} {child.text}" for child in bad)
    return found


def test_good_specimens_pass(outcomes: dict[str, str]) -> None:
    good = {name: text for name, text in outcomes.items() if name.startswith("test_good")}
    assert len(good) == SPECIMENS.count("def test_good")
    assert {name: text for name, text in good.items() if text} == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("coroutine_never_awaited", "was never awaited"),
        ("coroutine_never_awaited_in_a_cycle", "was never awaited"),
        ("socket_not_closed", "unclosed <socket"),
        ("file_not_closed_in_a_cycle", "unclosed file"),
        ("task_left_pending", "Task was destroyed but it is pending"),
        ("task_exception_never_retrieved", "unread"),
        ("exception_in_a_finalizer", "late"),
        ("exception_in_a_thread", "ZeroDivisionError"),
        ("warning", "DeprecationWarning"),
        ("qt_warning", "something is off"),
        ("exception_in_a_slot", "ZeroDivisionError"),
    ],
)
def test_bad_specimen_fails_for_its_reason(outcomes: dict[str, str], name: str, reason: str) -> None:
    assert reason in outcomes[f"test_bad_{name}"]


def test_every_bad_specimen_is_asked_about(outcomes: dict[str, str]) -> None:
    assert sum(name.startswith("test_bad") for name in outcomes) == 11
