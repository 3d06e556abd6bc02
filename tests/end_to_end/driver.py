"""Drives the program as a user would: through its widgets, found by the names that the outside relies on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton, QWidget

from desktop_chat.application import Program
from desktop_chat.command_line import Options
from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.message import Message
from desktop_chat.paths import Profile

W = TypeVar("W", bound=QWidget)


def options(**values: Any) -> Options:
    given = {"profile": None, "demo": False, "debug": False, "screenshot": None, "prompt": ""} | values
    return Options(**given)


class Driver:
    """One run of the program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.window = program.window

    def find(self, kind: type[W], name: str, within: QObject | None = None) -> W:
        """The visible widget with this object name; fails where there is not exactly one."""
        found = [
            widget
            for widget in (within or self.window).findChildren(kind, name)
            if isinstance(widget, kind) and widget.isVisible()
        ]
        assert len(found) == 1, f"{len(found)} visible widgets named {name}"
        return found[0]

    def button(self, text: str) -> QPushButton:
        """The visible button with this text, in the window or a dialog of it."""
        found = [
            widget
            for top in QApplication.topLevelWidgets()
            for widget in top.findChildren(QPushButton)
            if widget.isVisible() and widget.text().replace("&", "") == text
        ]
        assert len(found) == 1, f"{len(found)} visible buttons {text!r}"
        return found[0]

    def is_shown(self, name: str) -> bool:
        return any(widget.isVisible() for widget in self.window.findChildren(QWidget, name))

    def press(self, text: str) -> None:
        QTest.mouseClick(self.button(text), Qt.MouseButton.LeftButton)

    def type(self, text: str, into: QWidget | None = None) -> None:
        QTest.keyClicks(into or self.composer, text)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    @property
    def composer(self) -> QPlainTextEdit:
        return self.find(QPlainTextEdit, "message")

    @property
    def path(self) -> list[Message]:
        session = self.window.session
        return session.tree.path if session else []

    @property
    def answer(self) -> Message:
        session = self.window.session
        assert session is not None
        assert session.last is not None
        return session.last

    def send(self, text: str) -> None:
        """Type and press Enter."""
        self.composer.setFocus()
        self.type(text)
        QTest.keyClick(self.composer, Qt.Key.Key_Return)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Let the program run until ``condition`` holds."""
        try:
            async with asyncio.timeout(30):
                while not condition():  # noqa: ASYNC110 - any condition, so there is no one event
                    await asyncio.sleep(0)
        except TimeoutError:
            raise AssertionError(f"never happened: {what or condition}") from None

    async def ask(self, text: str) -> Message:
        """Send, and wait for the end of the answer."""
        before = len(self.path)
        self.send(text)
        session = self.window.session
        assert session is not None
        await self.until(lambda: len(self.path) > before and not session.is_busy, f"an answer to {text!r}")
        return self.answer

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    *,
    endpoint: Endpoint | None = None,
    credentials: Credentials | None = None,
    environment_endpoint: Endpoint | None = None,
    opens: bool = True,
    **values: Any,
) -> AsyncIterator[Driver]:
    """The program on the profile ``folder``, from its first paint to its clean end.

    Not ``opens``: its database cannot be opened at first, so that there is nothing to wait for.
    """
    profile = Profile.at(folder)
    profile.create()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    program = Program(
        options(profile=folder, **values),
        profile,
        application,
        credentials=credentials or Credentials(),
        environment_endpoint=environment_endpoint,
    )
    mistakes: list[BaseException] = []
    program.report = mistakes.append  # type: ignore[method-assign]
    program.tasks._report = mistakes.append
    if endpoint is not None:
        program.settings.change(endpoints=(endpoint,), default_endpoint=endpoint.id)
    starting = asyncio.ensure_future(program.start())
    try:
        if opens:
            await starting
        yield Driver(program)
    finally:
        program.window.save_state()
        # As the program does it, or what starts late finds a database that is closed.
        starting.cancel()
        await program.close()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
    assert mistakes == [], [repr(mistake) for mistake in mistakes]


def server_endpoint(url: str, dialect: Dialect = Dialect.RESPONSES, **values: Any) -> Endpoint:
    """An endpoint for the loopback server, without a key."""
    given: dict[str, Any] = {"key_source": KeySource.NONE, "default_model": "m-1"} | values
    return Endpoint("e1", "Test", EndpointKind.COMPATIBLE, url, dialect, **given)
