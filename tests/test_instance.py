"""One program a profile: who is first, who hands over, and who waits."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLockFile
from PySide6.QtNetwork import QLocalServer
from pytestqt.qtbot import QtBot

from desktop_chat.instance import Claim, Instance
from desktop_chat.paths import Profile

ROOT = Path(__file__).parents[1]
SOON = 0.2
DEAD = f"999999999\ndesktop-chat\n{socket.gethostname()}\n".encode()

CLAIM = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from desktop_chat.instance import Instance
from desktop_chat.paths import Profile
application = QCoreApplication()
instance = Instance(Profile.at(Path(sys.argv[1])))
prompt, more = json.load(sys.stdin)
print(instance.claim(prompt, 30, **more).name)
instance.release()
"""

END_WHEN_RAISED = """
import gc, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from desktop_chat.instance import Instance
from desktop_chat.paths import Profile
application = QCoreApplication()
instance = Instance(Profile.at(Path(sys.argv[1])))
instance.claim()
instance.raised.connect(application.quit)
print("ready", flush=True)
application.exec()
instance.release()
del instance
gc.collect()
sys.stdin.read()
QTimer.singleShot(0, application.quit)
application.exec()
"""

Second = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile.at(tmp_path)


@pytest.fixture
def first(qapp: object, profile: Profile) -> Iterator[Instance]:
    instance = Instance(profile)
    assert instance.claim() is Claim.FIRST
    yield instance
    instance.release()


@pytest.fixture
def second(profile: Profile) -> Iterator[Second]:
    """Starts another process that claims the profile with a prompt and more, and says how that went."""
    started: list[subprocess.Popen[bytes]] = []

    def claim(prompt: str = "", **more: object) -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", CLAIM, str(profile.data)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
            )
        )
        stdin = started[-1].stdin
        assert stdin is not None
        stdin.write(json.dumps([prompt, more]).encode())
        stdin.close()
        return started[-1]

    yield claim
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def outcome(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.read().decode().strip()


@pytest.mark.parametrize("prompt", ["", "line\nline", "\udcff 日本語", "long " * 200_000, "\x01" * 1_000_000])
def test_the_prompt_is_handed_over(first: Instance, second: Second, qtbot: QtBot, prompt: str) -> None:
    with qtbot.waitSignal(first.raised, timeout=20_000) as raised:
        process = second(prompt)
    assert outcome(process) == "HANDED_OVER"
    assert raised.args == [prompt.replace("\udcff", "")]


def test_why_a_file_was_not_opened_is_told_by_the_first(
    first: Instance, second: Second, qtbot: QtBot
) -> None:
    with qtbot.waitSignals([first.raised, first.complained], timeout=20_000, order="strict"):
        complained = qtbot.waitSignal(first.complained, timeout=20_000)
        process = second(complaint="“x” was not opened.")
        complained.wait()
    assert complained.args == ["“x” was not opened."]
    assert outcome(process) == "HANDED_OVER"


def test_a_new_chat_is_asked_for(first: Instance, second: Second, qtbot: QtBot) -> None:
    with qtbot.waitSignals([first.raised, first.new_chat_wanted], timeout=20_000, order="strict"):
        process = second(new_chat=True)
    assert outcome(process) == "HANDED_OVER"
    with qtbot.assertNotEmitted(first.new_chat_wanted), qtbot.waitSignal(first.raised, timeout=20_000):
        process = second()
    assert outcome(process) == "HANDED_OVER"


def test_one_that_hangs_is_left_alone(first: Instance, profile: Profile) -> None:
    assert Instance(profile).claim(seconds=SOON) is Claim.NO_ANSWER
    assert profile.lock.exists()


def test_one_that_is_ending_takes_nothing_more(
    first: Instance, second: Second, profile: Profile, qtbot: QtBot
) -> None:
    first.stop_listening()
    assert Instance(profile).claim("Hello", seconds=SOON) is Claim.NO_ANSWER
    with qtbot.assertNotEmitted(first.raised):
        process = second("Hello")
        first.release()
        assert outcome(process) == "FIRST"


def test_one_that_ends_as_it_is_raised_ends_well(second: Second, profile: Profile) -> None:
    """The connection of the other is still open then."""
    command = [sys.executable, "-c", END_WHEN_RAISED, str(profile.data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == b"ready\n"
        assert outcome(second("Hello")) == "HANDED_OVER"
        first.stdin.close()
        assert first.wait(30) == 0


@pytest.mark.parametrize("content", [b"", b"garbage", DEAD])
def test_a_lock_that_a_crash_left(profile: Profile, content: bytes) -> None:
    profile.lock.write_bytes(content)
    instance = Instance(profile)
    assert instance.claim(seconds=SOON) is Claim.FIRST
    instance.release()
    assert not profile.lock.exists()


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        Instance(Profile.at(tmp_path / "missing")).claim()


@pytest.mark.parametrize("message", [b"\n", b"[]\n", b'{"text": 1}\n', b"\xff\xfe\n", b"x" * 9_000_000])
def test_nonsense_is_hung_up_on(first: Instance, qtbot: QtBot, profile: Profile, message: bytes) -> None:
    server = first.findChild(QLocalServer)
    with socket.socket(socket.AF_UNIX) as connection, qtbot.assertNotEmitted(first.raised):
        connection.connect(server.fullServerName())
        connection.setblocking(False)
        left = memoryview(message)

        def hung_up() -> bool:
            nonlocal left
            try:
                left = left[connection.send(left) :] if left else left
                return connection.recv(1) == b""
            except BlockingIOError:
                return False
            except (BrokenPipeError, ConnectionResetError):
                return True

        qtbot.waitUntil(hung_up, timeout=10_000)


def test_nothing_is_told_to_the_socket_of_another_user(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    holder = QLockFile(str(profile.lock))
    assert holder.tryLock(0)
    server = QLocalServer()
    instance = Instance(profile)
    assert server.listen(instance._name)
    if os.geteuid() == 0:
        os.chown(server.fullServerName(), 65534, 65534)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 65534)
    assert instance.claim("a secret", seconds=SOON) is Claim.NO_ANSWER
    assert server.waitForNewConnection(1000)
    assert server.nextPendingConnection().readAll().data() == b""
    server.close()
    holder.unlock()
