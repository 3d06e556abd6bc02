"""One program a profile: the second start hands its prompt to the first and ends."""

import hashlib
import json
import os
import time

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop_chat.paths import Profile

_LONGEST_MESSAGE = 4_000_000
_ANSWER = b"ok\n"


class Instance(QObject):
    """The claim of one process on a profile.

    ``raised`` is emitted in the first process when another was started; it carries that one's prompt, or "".
    """

    raised = Signal(str)

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        # Windows has no uid, and gives every user pipes of their own.
        user = os.getuid() if hasattr(os, "getuid") else 0
        digest = hashlib.sha256(str(profile.data.resolve()).encode()).hexdigest()[:16]
        self._name = f"desktop-chat-{user}-{digest}"
        self._lock = QLockFile(str(profile.lock))
        # A lock is stale when its process is gone, never because it is old: chats stay open for weeks.
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """Become the first process of the profile. False where another one is."""
        if not self._lock.tryLock(0):
            return False
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        self._server.listen(self._name)
        return True

    def hand_over(self, prompt: str, seconds: float = 5.0) -> bool:
        """Ask the first process to show its window with ``prompt``. False where it does not answer."""
        deadline = time.monotonic() + seconds
        message = json.dumps({"prompt": prompt}).encode() + b"\n"
        while time.monotonic() < deadline:
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(500):
                socket.write(message)
                if socket.waitForBytesWritten(1000) and socket.waitForReadyRead(2000):
                    return socket.readAll().data() == _ANSWER
            # The first process holds the lock and does not listen yet, or is ending.
            time.sleep(0.05)
        return False

    def release(self) -> None:
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _greet(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            if socket.bytesAvailable():
                self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > _LONGEST_MESSAGE:
            socket.abort()
            return
        if not socket.canReadLine():
            return
        try:
            prompt = json.loads(bytes(socket.readLine().data()))["prompt"]
        except (ValueError, KeyError, TypeError):
            socket.abort()
            return
        socket.write(_ANSWER)
        socket.flush()
        self.raised.emit(str(prompt))
