import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QApplication, QWidget
from qasync import QEventLoop

from desktop_chat import diagnostics
from desktop_chat.api import Api
from desktop_chat.attachments import Attachments
from desktop_chat.chats import Chats
from desktop_chat.credentials import Credentials
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import DEMO_ENDPOINT
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.keeping import Keeping
from desktop_chat.paths import Profile
from desktop_chat.settings import Settings
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.ui.dialogs import Dialogs
from desktop_chat.ui.main_window import MainWindow
from desktop_chat.ui.style import Style
from desktop_chat.ui.theme import Theme
from desktop_chat.worker import Worker


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme("light")
    style = Style(qapp, made)
    yield made
    style.deleteLater()
    qapp.setStyleSheet("")


def closed_worker() -> Worker:
    """A helper that does nothing. A working one would go on with the chat after a test has left its loop."""
    worker = Worker()
    worker.close()
    return worker


@dataclass
class Running:
    """A window on a profile of its own, with the demo model."""

    window: MainWindow
    chats: Chats
    settings: Settings
    theme: Theme
    tasks: Tasks
    store: Store

    async def chat(self, title: str) -> str:
        """A stored chat of that title with a question and its answer, open in the window. Returns its id."""
        question = Message(new_id(), None, Role.USER, [Part(PartKind.TEXT, "Say hello")])
        answer = Message(new_id(), question.id, Role.ASSISTANT, [Part(PartKind.TEXT, "Hello.")], model="demo")
        conversation = Conversation(new_id(), title, title_source="user", used_at=time.time())
        conversation.active_leaf = answer.id
        await self.store.begin_turn(conversation, [question, answer])
        await self.chats.load()
        self.window.open_chat(conversation.id)
        await until(lambda: self.shown_id == conversation.id)
        return conversation.id

    @property
    def shown_id(self) -> str:
        assert self.window.session is not None
        return self.window.session.conversation.id


@pytest.fixture
def running(
    loop: QEventLoop, tasks: Tasks, theme: Theme, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Running]:
    """Files are read where a test has a fixture ``reader``, a helper that works."""
    reads = "reader" in request.fixturenames
    reader: Worker = request.getfixturevalue("reader") if reads else closed_worker()
    settings = Settings(tmp_path / "settings.json", (DEMO_ENDPOINT,))
    api = Api()

    async def begin() -> Running:
        store = await Store.open(tmp_path / "chats.db", tmp_path / "backups")

        async def opened() -> Store:
            return store

        chats = Chats(
            opened(),
            api=api,
            credentials=Credentials(),
            settings=settings,
            tasks=tasks,
            tokens=Tokens(closed_worker()),
            attachments=Attachments(tmp_path / "attachments", reader),
        )
        await chats.load()
        window = MainWindow(chats, settings, theme, tasks)
        window.show()
        return Running(window, chats, settings, theme, tasks, store)

    async def end(made: Running) -> None:
        made.window.hide()
        made.window.chat.leave()
        await made.chats.close()
        await tasks.close()
        await api.close()
        await made.store.close()
        made.window.deleteLater()

    made = loop.run_until_complete(begin())
    yield made
    loop.run_until_complete(end(made))
    settings.close()


@pytest.fixture
def dialogs(running: Running, loop: QEventLoop, tmp_path: Path) -> Iterator[Dialogs]:
    """What shows the dialogs of the window."""

    async def opened() -> Store:
        return running.store

    keeping = Keeping(opened, running.settings, tmp_path / "chats.db", tmp_path / "backups")
    made = Dialogs(
        running.window,
        chats=running.chats,
        settings=running.settings,
        credentials=Credentials(),
        api=Api(),
        theme=running.theme,
        tasks=running.tasks,
        tokens=Tokens(closed_worker()),
        places={"Logs": tmp_path},
        diagnose=lambda facts: diagnostics.collect(Profile.at(tmp_path), facts),
        keeping=keeping,
        passphrase=tmp_path / "passphrase.json",
    )
    yield made
    loop.run_until_complete(made.close())


@pytest.fixture
def shown(qapp: QApplication, request: pytest.FixtureRequest) -> Callable[[QWidget], None]:
    """Shows a widget with the keyboard's focus, and takes it away after the test."""

    def show(widget: QWidget) -> None:
        request.addfinalizer(lambda: (widget.hide(), widget.deleteLater()))
        widget.show()
        widget.activateWindow()
        widget.setFocus()

    return show


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Let the loop run until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what a widget shows has no event to wait for
            await asyncio.sleep(0.005)


def record(signal: SignalInstance) -> list[tuple[object, ...]]:
    """The arguments of each time that ``signal`` is emitted from now on."""
    heard: list[tuple[object, ...]] = []
    signal.connect(lambda *arguments: heard.append(arguments))
    return heard
