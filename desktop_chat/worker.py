"""One killable helper process, for work on untrusted text that may run away or hold the interpreter.

A regular expression or a parser that meets hostile input can hold Python's lock for seconds, and no thread
can be stopped. A job of the helper is a function that is named in :data:`JOBS` and takes and returns plain
data. Jobs run in order, one at a time; one that takes too long, crashes or eats memory takes only the helper
with it, and the next job starts another. The helper has no window, no Qt, no key and no other secret in its
environment, gives way to other processes, and ends with the program or after a minute without work.
"""

import atexit
import faulthandler
import functools
import json
import os
import pkgutil
import queue
import signal
import struct
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from desktop_chat.paths import WORKER_FLAG

if TYPE_CHECKING:
    from subprocess import Popen

JOBS = {
    "colours": "desktop_chat.rendering.colours:colour",
    "formula": "desktop_chat.rendering.formulas:draw",
    "compare": "desktop_chat.rendering.differences:compare",
    "read": "desktop_chat.attachments.reading:read",
    "count": "desktop_chat.tokens.encodings:count",
    "price": "desktop_chat.tokens.sheets:sheet",
    "prices": "desktop_chat.tokens.sheets:info",
    "check_prices": "desktop_chat.tokens.sheets:check",
    "check_answer": "desktop_chat.validation:answer_problems",
    "check_schema": "desktop_chat.validation:schema_problems",
}
"""What the helper can do, by name. Written as text: services do not import each other, the helper does."""

IDLE = 60.0
"""Seconds without work after which the helper ends, so that its memory goes back."""
START = 30.0
"""Seconds that the helper may take to start on a busy machine."""
PATIENCE = 5
"""Elapsed seconds a job may take for each second of processor time it may use."""
MEMORY = 512 * 1024 * 1024
"""Bytes of address space that the helper may use, where the system can limit it."""
LARGEST = 64 * 1024 * 1024
"""Bytes of the longest message."""
MOST_WAITING = 1000
"""Jobs that may wait."""

_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "TMPDIR")
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from desktop_chat.worker import serve; serve()"
_LENGTH = struct.Struct(">I")


class WorkerError(Exception):
    """A job failed; says why in words for a log."""


class _Job(NamedTuple):
    message: bytes
    seconds: float
    future: "Future[Any]"


class Worker:
    """The helper as the program sees it. All methods may be called from every thread."""

    def __init__(self, jobs: Mapping[str, str] = JOBS, *, idle: float = IDLE) -> None:
        self._jobs, self._idle = jobs, idle
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: Popen[bytes] | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process id of the helper, None while none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def submit(self, job: str, seconds: float, /, **arguments: object) -> "Future[Any]":
        """Have ``job`` done with ``arguments``, which are plain data; ``seconds`` of processor time at most.

        The future gets what the function returned, or :class:`WorkerError`; its callbacks run on a thread of
        the worker. It can be cancelled while it waits. The helper is started if none runs.
        """
        future: Future[Any] = Future()
        body = json.dumps({"path": self._jobs[job], "seconds": seconds, "arguments": arguments}).encode()
        with self._lock:
            if self._closed or self._waiting.qsize() >= MOST_WAITING or len(body) > LARGEST:
                future.set_exception(WorkerError("closed" if self._closed else "too much is asked for"))
                return future
            self._waiting.put(_Job(body, seconds, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
                self._thread.start()
        return future

    def close(self) -> None:
        """End the helper at once; what waits fails."""
        with self._lock:
            self._closed = True
            self._waiting.put(None)
            thread = self._thread
        process = self._process
        if process is not None:
            process.kill()
        if thread is not None:
            thread.join(START)

    def _run(self) -> None:
        """Do what waits, until :meth:`close` or until nothing has come for a while."""
        while True:
            try:
                job = self._waiting.get(timeout=self._idle)
            except queue.Empty:
                with self._lock:
                    if not self._waiting.empty():
                        continue
                    self._thread = None
                    self._end()
                    return
            if self._closed:
                break
            if job is not None and job.future.set_running_or_notify_cancel():
                self._do(job)
        while job is not None:
            job.future.cancel()
            job = self._waiting.get()
        self._end()

    def _do(self, job: _Job) -> None:
        try:
            if self.pid is None:
                self._start()
            answer = json.loads(self._exchange(job.message, job.seconds * PATIENCE))
            failed, value = answer["failed"], answer["value"]
        except (OSError, ValueError, KeyError, TypeError, WorkerError) as error:
            self._end()
            job.future.set_exception(WorkerError(f"the helper ended: {error!r}"))
            return
        if failed:
            job.future.set_exception(WorkerError(value))
        else:
            job.future.set_result(value)

    def _start(self) -> None:
        import subprocess

        self._end()
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        self._process = subprocess.Popen(
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            cwd=Path(sys.executable).anchor or None,
            creationflags=flags,
            start_new_session=sys.platform != "win32",
        )
        if self._closed:
            self._process.kill()
        self._exchange(b"", START)

    def _exchange(self, message: bytes, seconds: float) -> bytes:
        """Send a message, if there is one, and take the answer; kills the helper after ``seconds``."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(seconds, process.kill)
        watch.daemon = True
        watch.start()
        try:
            if message:
                process.stdin.write(_LENGTH.pack(len(message)) + message)
                process.stdin.flush()
            return _read(process.stdout)
        finally:
            watch.cancel()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                continue  # what was not sent cannot be flushed any more


@functools.cache
def shared() -> Worker:
    """The one worker of this program."""
    worker = Worker()
    atexit.register(worker.close)
    return worker


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, WORKER_FLAG]
    root = Path(__file__).resolve().parent.parent
    places = [str(root), *(str(Path(place).absolute()) for place in sys.path if place)]
    return [sys.executable, "-I", "-X", "utf8", "-c", _BOOT, *places]


def _read(pipe: IO[bytes]) -> bytes:
    """One message. Raises :class:`WorkerError` where there is none, or it is cut short or too long."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise WorkerError("no more messages")
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST:
        raise WorkerError("a message is too long")
    body = pipe.read(length)
    if len(body) < length:
        raise WorkerError("a message is cut short")
    return body


# In the helper


def serve() -> None:
    """Be the helper: do what comes on standard input until it is closed.

    A frozen one, which anybody can start, does nothing but :data:`JOBS`.
    """
    with open(0, "rb", closefd=False) as requests, os.fdopen(os.dup(1), "wb") as answers:
        # What a library prints must not come between the answers.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        _give_way()
        _answer(answers, False, "ready")
        while True:
            try:
                request = json.loads(_read(requests))
            except WorkerError:
                return
            _limit(request["seconds"])
            try:
                if getattr(sys, "frozen", False) and request["path"] not in JOBS.values():
                    raise WorkerError("no such job")
                value = pkgutil.resolve_name(request["path"])(**request["arguments"])
                failed = False
            except MemoryError:
                os._exit(1)
            except Exception as error:  # noqa: BLE001 - whatever a library raises is told to who asked
                value, failed = f"{type(error).__name__}: {error}"[:500], True
            _limit(0)
            _answer(answers, failed, value)


def _answer(pipe: IO[bytes], failed: bool, value: object) -> None:
    body = json.dumps({"failed": failed, "value": value}, separators=(",", ":")).encode()
    pipe.write(_LENGTH.pack(len(body)) + body)
    pipe.flush()


def _give_way() -> None:
    """Be polite and bounded; a system that cannot limit memory leaves it unlimited."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(5)
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            continue


def _limit(seconds: float) -> None:
    """End this process after ``seconds``, whatever holds it up then; 0 lifts the limit.

    Neither way needs Python's lock, and both work when the program itself is gone.
    """
    faulthandler.cancel_dump_traceback_later()
    if seconds:
        faulthandler.dump_traceback_later(seconds * PATIENCE + 1, exit=True, file=2)
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)
