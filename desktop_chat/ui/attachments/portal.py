"""The desktop's own screenshot, by ``org.freedesktop.portal.Screenshot``: the only way on Wayland.

https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Screenshot.html
"""

import asyncio
import uuid
from typing import Any

from PySide6.QtCore import SLOT, QObject, QUrl, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from PySide6.QtGui import QImage, QImageReader

SERVICE, OBJECT = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
INTERFACE, REQUEST = "org.freedesktop.portal.Screenshot", "org.freedesktop.portal.Request"
PATIENCE = 600.0
"""Seconds that the user may take."""
_DONE, _CANCELLED = 0, 1


class NoPortal(Exception):
    """Says in a sentence why the desktop gave no screenshot."""


class _Answer(QObject):
    """Hears the answer of the portal to one request."""

    def __init__(self, answered: "asyncio.Future[tuple[int, object]]") -> None:
        super().__init__()
        self._answered = answered

    @Slot("uint", "QVariantMap")
    def take(self, code: int, results: dict[str, object]) -> None:
        if not self._answered.done():
            self._answered.set_result((code, results.get("uri")))


async def ask_for_screenshot() -> QImage | None:
    """Have the desktop ask the user for a part of the screen; None where they want none after all.

    Raises :class:`NoPortal`.
    """
    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        raise NoPortal("There is no session bus to ask the desktop on.")
    token = f"desktop_chat_{uuid.uuid4().hex}"
    sender = bus.baseService().removeprefix(":").replace(".", "_")
    path = f"{OBJECT}/request/{sender}/{token}"
    answered: asyncio.Future[tuple[int, object]] = asyncio.get_running_loop().create_future()
    answer = _Answer(answered)
    # PySide's own stubs ask for bytes here, which it then refuses (seen with 6.11.3).
    response: Any = (SERVICE, path, REQUEST, "Response", answer, SLOT("take(uint,QVariantMap)"))
    # Before it is asked, or the answer may be missed.
    bus.connect(*response)
    try:
        call = QDBusMessage.createMethodCall(SERVICE, OBJECT, INTERFACE, "Screenshot")
        call.setArguments(["", {"handle_token": token, "interactive": True}])
        reply = await asyncio.to_thread(bus.call, call)
        if reply.type() == QDBusMessage.MessageType.ErrorMessage:
            raise NoPortal("This desktop takes no screenshots for programs.")
        async with asyncio.timeout(PATIENCE):
            code, uri = await answered
    except TimeoutError as error:
        raise NoPortal("The desktop did not answer.") from error
    finally:
        bus.disconnect(*response)
    if code == _CANCELLED:
        return None
    if code != _DONE or not isinstance(uri, str):
        raise NoPortal("The desktop did not take it.")
    return await asyncio.to_thread(_read, QUrl(uri))


def _read(url: QUrl) -> QImage:
    image = QImageReader(url.toLocalFile()).read() if url.isLocalFile() and not url.host() else QImage()
    if image.isNull():
        raise NoPortal("What the desktop took cannot be read.")
    return image
