"""One program a profile: the second start hands its prompt to the first and ends."""

import hashlib
import json
import logging
import os
import time
from enum import Enum, auto
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop_chat.paths import Profile

ANSWER_SECONDS = 5.0
"""How long a second start waits for the first to answer, or to end."""

_LONGEST_MESSAGE = 8_000_000
"""Bytes. JSON makes up to 6 of 1 of an opened file, which has 1,000,000 at most."""
_ANSWER = b"ok\n"

log = logging.getLogger(__name__)


class Claim(Enum):
    """How a start ended up on its profile."""

    FIRST = auto()
    HANDED_OVER = auto()
    """Another process has the profile and took the prompt."""
    NO_ANSWER = auto()
    """Another process has the profile and does not answer."""


class Instance(QObject):
    """The claim of one process on a profile.

    ``raised`` is emitted in the first process when another was started; it carries that one's prompt, or "".
    ``new_chat_wanted`` follows where that one was asked for a new chat, and ``complained`` where it could not
    open a file; it says why.
    """

    raised = Signal(str)
    new_chat_wanted = Signal()
    complained = Signal(str)

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        # Windows has no uid, and gives every user pipes of their own.
        user = os.getuid() if hasattr(os, "getuid") else 0
        digest = hashlib.sha256(str(profile.data.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
        self._name = f"desktop-chat-{user}-{digest}"
        self._lock = QLockFile(str(profile.lock))
        # A lock is stale when its process is gone, never because it is old: chats stay open for weeks.
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    def claim(
        self,
        prompt: str = "",
        seconds: float = ANSWER_SECONDS,
        *,
        new_chat: bool = False,
        complaint: str = "",
    ) -> Claim:
        """Become the first process of the profile, or have the first one show its window with ``prompt``, and
        emit what is told of the signals.

        One that is ending answers no more; then this one waits for its place. Raises ``OSError`` where the
        profile cannot be written.
        """
        message = {"prompt": prompt, "new_chat": new_chat, "complaint": complaint}
        deadline = time.monotonic() + seconds
        while not self._lock.tryLock(0):
            if self._lock.error() is not QLockFile.LockError.LockFailedError:
                raise OSError(f"the lock {self._lock.fileName()} cannot be written")
            if self._hand_over(message, deadline):
                return Claim.HANDED_OVER
            if time.monotonic() >= deadline:
                # A power cut can leave a lock that names no process, which Qt never takes for stale. Nothing
                # is removed that a living process holds.
                if not self._names_a_process() and self._lock.removeStaleLockFile() and self._lock.tryLock(0):
                    break
                return Claim.NO_ANSWER
            time.sleep(0.05)
        self._listen()
        return Claim.FIRST

    def claim_in_silence(self) -> bool:
        """Become the only process of the profile for a while, without a window to show; False where another
        has it, which is not told of this one. Raises ``OSError`` where the profile cannot be written."""
        if self._lock.tryLock(0):
            return True
        if self._lock.error() is not QLockFile.LockError.LockFailedError:
            raise OSError(f"the lock {self._lock.fileName()} cannot be written")
        return False

    def stop_listening(self) -> None:
        """Let the next start wait for its own turn: what is handed over from now on would be lost."""
        if self._server is not None:
            self._server.close()

    def release(self) -> None:
        self.stop_listening()
        self._lock.unlock()

    def _listen(self) -> None:
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        if not self._server.listen(self._name):
            log.warning("a second start will get no answer: %s", self._server.errorString())

    def _names_a_process(self) -> bool:
        process_id, *_ = self._lock.getLockInfo()
        return bool(process_id)

    def _hand_over(self, message: dict[str, object], deadline: float) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(500) or not _is_ours(socket):
            return False
        socket.write(json.dumps(message).encode() + b"\n")
        # One connection lasts to the end, so that a first process that was busy gets the prompt only once.
        left = max(1, round((deadline - time.monotonic()) * 1000))
        return socket.waitForReadyRead(left) and socket.readAll().data() == _ANSWER

    def _greet(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            # Not a lambda with the socket in it: PySide crashes where both end with the server.
            socket.readyRead.connect(self._read_sender)
            socket.disconnected.connect(socket.deleteLater)
            if socket.bytesAvailable():
                self._read(socket)

    def _read_sender(self) -> None:
        socket = self.sender()
        assert isinstance(socket, QLocalSocket)
        self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        assert self._server is not None
        if socket.bytesAvailable() > _LONGEST_MESSAGE or not self._server.isListening():
            socket.abort()
            return
        if not socket.canReadLine():
            return
        try:
            message = json.loads(bytes(socket.readLine().data()))
            prompt, new_chat = message["prompt"], message.get("new_chat", False)
            complaint = message.get("complaint", "")
        except (ValueError, KeyError, TypeError, AttributeError):
            socket.abort()
            return
        socket.write(_ANSWER)
        socket.flush()
        self.raised.emit(str(prompt))
        if new_chat:
            self.new_chat_wanted.emit()
        if complaint:
            self.complained.emit(str(complaint))


def _is_ours(socket: QLocalSocket) -> bool:
    """Whether the socket belongs to this user: anyone can make one of its name in the folder for all."""
    if not hasattr(os, "getuid"):
        return True
    try:
        return Path(socket.fullServerName()).stat().st_uid == os.getuid()
    except OSError:
        return False
