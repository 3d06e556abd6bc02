"""A desktop's portal that answers for a screenshot, on a session bus of its own: ``portal.py ANSWER FILE``.

Then asks it as the program does, in a process that has a Qt, and prints what came of it.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

NAME, ROOT = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"


def serve(answer: str, file: str) -> None:
    """Answer one request: ``done``, ``cancelled``, ``elsewhere`` (a file of another computer)."""
    with open_dbus_connection("SESSION") as bus:
        bus.send_and_get_reply(message_bus.RequestName(NAME))
        print("ready", flush=True)
        while True:
            message = bus.receive()
            fields = message.header.fields
            if message.header.message_type is MessageType.method_call:
                break
        assert fields[HeaderFields.member] == "Screenshot"
        assert message.body[0] == ""
        assert message.body[1]["interactive"] == ("b", True)
        sender = fields[HeaderFields.sender]
        token = message.body[1]["handle_token"][1]
        handle = f"{ROOT}/request/{sender[1:].replace('.', '_')}/{token}"
        bus.send_message(new_method_return(message, "o", (handle,)))
        request = DBusAddress(handle, interface="org.freedesktop.portal.Request")
        uri = f"file://evil.example{file}" if answer == "elsewhere" else Path(file).as_uri()
        body = (1, {}) if answer == "cancelled" else (0, {"uri": ("s", uri)})
        bus.send_message(new_signal(request, "Response", "ua{sv}", body))


def ask() -> str:
    from PySide6.QtGui import QGuiApplication
    from qasync import QEventLoop

    from desktop_chat.ui.attachments.portal import NoPortal, ask_for_screenshot

    application = QGuiApplication([])
    with QEventLoop(application) as loop:
        asyncio.set_event_loop(loop)
        try:
            image = loop.run_until_complete(ask_for_screenshot())
        except NoPortal as error:
            return str(error)
    return f"{image.width()} × {image.height()}" if image is not None else "nothing"


def main(answer: str, file: str) -> None:
    if answer == "none":
        print(ask())
        return
    command = [sys.executable, __file__, "serve", answer, file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as portal:
        assert portal.stdout is not None
        try:
            assert portal.stdout.readline() == "ready\n"
            print(ask())
        finally:
            portal.kill()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
