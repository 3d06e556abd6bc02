"""The helper process: what its jobs can do to it, and that it takes nobody with it."""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from desktop_chat.paths import WORKER_FLAG
from desktop_chat.worker import JOBS, Worker, WorkerError
from tests.helpers import jobs

NAMES = ("echo", "fail", "spin", "sleep", "crash", "hoard", "garbage", "chatter", "surroundings", "misfit")
POSIX = sys.platform != "win32"


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker({name: f"{jobs.__name__}:{name}" for name in NAMES})
    yield worker
    worker.close()


def test_a_job_takes_and_returns_plain_data(worker: Worker) -> None:
    assert worker.pid is None
    sent = {"text": "é😀\ud800\0", "list": [1, 2.5, None, True], "long": "x" * 1_000_000}
    assert worker.submit("echo", 5, **sent).result() == sent
    assert worker.pid is not None


def test_jobs_run_in_order_in_one_process(worker: Worker) -> None:
    futures = [worker.submit("echo", 5, n=n) for n in range(50)]
    assert [future.result()["n"] for future in futures] == list(range(50))
    pids = {worker.submit("surroundings", 5).result()["pid"] for _ in range(3)}
    assert pids == {worker.pid}


def test_what_a_job_raises_is_told_and_harms_nothing(worker: Worker) -> None:
    pid = worker.submit("surroundings", 5).result()["pid"]
    with pytest.raises(WorkerError, match="ValueError: no such thing"):
        worker.submit("fail", 5).result()
    assert worker.submit("surroundings", 5).result()["pid"] == pid


@pytest.mark.parametrize("name", ["spin", "sleep", "crash", "garbage", "misfit"])
def test_a_job_that_goes_wrong_takes_only_the_helper_with_it(worker: Worker, name: str) -> None:
    before = worker.submit("surroundings", 5).result()["pid"]
    failed, following = worker.submit(name, 0.1), worker.submit("surroundings", 5)
    with pytest.raises(WorkerError):
        failed.result()
    assert following.result()["pid"] != before
    assert not psutil.pid_exists(before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory has no limit here")
def test_memory_has_a_limit(worker: Worker) -> None:
    with pytest.raises(WorkerError):
        worker.submit("hoard", 5).result()
    assert worker.submit("echo", 5).result() == {}


def test_what_a_job_prints_is_no_answer(worker: Worker) -> None:
    assert worker.submit("chatter", 5).result() == "the answer"


def test_the_helper_sees_no_secret_and_no_window(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("SOME_TOKEN", "secret")
    seen = worker.submit("surroundings", 5).result()
    assert not {"OPENAI_API_KEY", "SOME_TOKEN", "HOME"} & set(seen["environment"])
    assert not {"PySide6", "shiboken6", "openai", "apsw", "keyring", "qasync"} & set(seen["modules"])
    assert seen["nice"] > os.nice(0) if POSIX else True


def test_the_helper_ends_when_nothing_is_to_do(qtbot: QtBot) -> None:
    worker = Worker({"echo": f"{jobs.__name__}:echo"}, idle=0.1)
    worker.submit("echo", 5).result()
    qtbot.waitUntil(lambda: worker.pid is None)
    assert worker.submit("echo", 5, again=True).result() == {"again": True}
    worker.close()


def test_a_job_that_waits_can_be_cancelled(worker: Worker) -> None:
    running, waiting = worker.submit("spin", 0.3), worker.submit("echo", 5)
    assert waiting.cancel()
    with pytest.raises(WorkerError):
        running.result()
    assert worker.submit("echo", 5).result() == {}


def test_closing_ends_the_helper_and_fails_what_waits(worker: Worker, qtbot: QtBot) -> None:
    worker.submit("echo", 5).result()
    pid = worker.pid
    assert pid is not None
    running, waiting = worker.submit("sleep", 60), worker.submit("echo", 5)
    qtbot.waitUntil(running.running)
    worker.close()
    assert not psutil.pid_exists(pid)
    with pytest.raises(WorkerError):
        running.result()
    assert waiting.cancelled()
    with pytest.raises(WorkerError, match="closed"):
        worker.submit("echo", 5).result()


def test_callbacks_come_with_the_result(worker: Worker, qtbot: QtBot) -> None:
    seen: list[Future[object]] = []
    future = worker.submit("echo", 5)
    future.add_done_callback(seen.append)
    qtbot.waitUntil(lambda: seen == [future])


PROGRAM = """
import sys, time
import psutil
sys.path.insert(0, sys.argv[2])
from desktop_chat.worker import Worker
worker = Worker({"job": "tests.helpers.jobs:" + sys.argv[1], "echo": "tests.helpers.jobs:echo"})
worker.submit("echo", 5).result()
if sys.argv[1] != "echo":
    helper = psutil.Process(worker.pid)
    idle = helper.cpu_times().user
    worker.submit("job", 2)
    while sys.argv[1] == "spin" and helper.cpu_times().user < idle + 0.1:
        time.sleep(0.01)
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("job", ["echo", "spin"])
def test_the_helper_ends_with_a_program_that_was_killed(job: str) -> None:
    root = str(Path(__file__).parent.parent)
    with subprocess.Popen([sys.executable, "-c", PROGRAM, job, root], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        helper = psutil.Process(int(program.stdout.readline()))
        assert helper.parent() == psutil.Process(program.pid)
        program.kill()
    helper.wait(30)


def test_a_frozen_program_is_its_own_helper() -> None:
    """Before anything of Qt is imported, and it ends when its input does."""
    code = (
        "import sys; sys.frozen = True\n"
        f"from desktop_chat.app import main; code = main([{WORKER_FLAG!r}])\n"
        "sys.exit(code or 'PySide6' in sys.modules or 'openai' in sys.modules)"
    )
    request = json.dumps({"path": "builtins:len", "seconds": 5, "arguments": {}}).encode()
    sent = struct.pack(">I", len(request)) + request
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b'"ready"' in done.stdout
    assert b"no such job" in done.stdout


def test_only_a_frozen_program_is_its_own_helper() -> None:
    code = f"from desktop_chat.app import main; main([{WORKER_FLAG!r}])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60).returncode == 2


def test_each_job_exists() -> None:
    for path in JOBS.values():
        code = f"import pkgutil, sys; pkgutil.resolve_name({path!r}); sys.exit('PySide6' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
