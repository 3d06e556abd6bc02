"""The settings in a window of their own, as the program opens them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QListWidget, QMainWindow, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import OPENAI_BASE_URL, Dialect, Endpoint, EndpointKind, KeySource, Secrets
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.model import Model
from desktop_chat.domain.probe import ProbeResult, ProbeStep, StepKind
from desktop_chat.keeping import Keeping
from desktop_chat.settings import Settings
from desktop_chat.storage import DiskFull, Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from desktop_chat.ui.endpoint_values import new_endpoint
from desktop_chat.ui.lock import AppLock
from desktop_chat.ui.preferences import SettingsDialog
from desktop_chat.ui.preferences.endpoint import EndpointEditor
from desktop_chat.ui.theme import Theme

T = TypeVar("T", bound=QWidget)
OPENAI = new_endpoint("openai", EndpointKind.OPENAI, model="gpt-5.2")
LOCAL = new_endpoint("local", EndpointKind.COMPATIBLE, base_url="localhost:11434/v1", has_key=False)
REMOTE = new_endpoint("remote", EndpointKind.COMPATIBLE, base_url="https://llm.example.com/v1")
ENVIRONMENT = Endpoint(
    "environment",
    "Environment",
    EndpointKind.OPENAI,
    OPENAI_BASE_URL,
    Dialect.RESPONSES,
    KeySource.ENVIRONMENT,
)
DEMO = Endpoint("demo", "Demo", EndpointKind.DEMO, "demo", Dialect.CHAT_COMPLETIONS, KeySource.NONE)


class Opened:
    def __init__(self, theme: Theme, settings: Settings, tasks: Tasks, qtbot: QtBot) -> None:
        self.settings = settings
        self.credentials = Credentials()
        self.asked: list[tuple[Endpoint, Secrets]] = []
        self.steps = [
            ProbeStep(StepKind.DNS, True, 0.0123, "192.0.2.7"),
            ProbeStep(StepKind.TCP, True, 0.02),
            ProbeStep(StepKind.TLS, True, 0.045, "signed by Example CA"),
        ]
        self.found = ProbeResult(
            Dialect.CHAT_COMPLETIONS, (Model("llama3"), Model("nomic-embed", chats=False))
        )
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.changed: list[str] = []
        self.tokens = Tokens(prices=settings.path.with_name("prices.json"))
        self.fetching: list[bytes | ChatError] = []
        self.cleared = 0
        self.behind = QMainWindow()
        qtbot.addWidget(self.behind)
        self.dialog = SettingsDialog(
            theme,
            settings,
            tasks=tasks,
            credentials=self.credentials,
            probe=self.probe,
            places={"Settings": settings.path, "Chats": settings.path.with_name("chats.db")},
            tokens=self.tokens,
            fetch_prices=self.fetch_prices,
            clear_answers=self.clear_answers,
            clear_evidence=self.clear_evidence,
            keeping=Keeping(
                self.opened, settings, settings.path.with_name("chats.db"), settings.path.with_name("backups")
            ),
            wipe=self.wipe,
            app_lock=AppLock(self.behind, theme, settings, tasks, settings.path.with_name("passphrase.json")),
        )
        self.dialog.endpoint_changed.connect(self.changed.append)
        qtbot.addWidget(self.dialog)
        with qtbot.waitActive(self.dialog):
            self.dialog.show()
            self.dialog.activateWindow()

    async def probe(
        self, endpoint: Endpoint, secrets: Secrets
    ) -> AsyncGenerator[ProbeStep | ProbeResult, None]:
        self.asked.append((endpoint, secrets))
        for step in self.steps:
            yield step
        await self.go_on.wait()
        yield self.found

    async def fetch_prices(self) -> bytes:
        if isinstance(found := self.fetching.pop(0), ChatError):
            raise found
        return found

    async def clear_answers(self) -> None:
        self.cleared += 1

    async def opened(self) -> Store:
        raise DiskFull("the disk is full", self.settings.path)

    async def wipe(self, *, ledger: bool) -> None:
        self.cleared += 200 if ledger else 100

    async def clear_evidence(self) -> None:
        self.cleared += 10

    def page(self, title: str) -> QWidget:
        pages = self.dialog.findChild(QListWidget, "pages")
        pages.setCurrentItem(pages.findItems(title, Qt.MatchFlag.MatchExactly)[0])
        return self.dialog

    def section(self, title: str) -> None:
        """Show a section of the editor, by its tab."""
        tabs = self.named(QTabBar, "Sections")
        tabs.setCurrentIndex(next(at for at in range(tabs.count()) if tabs.tabText(at) == title))

    def named(self, kind: type[T], name: str) -> T:
        return next(each for each in self.dialog.findChildren(kind) if each.accessibleName() == name)

    @property
    def endpoints(self) -> QListWidget:
        return self.dialog.findChild(QListWidget, "endpoints")

    @property
    def editor(self) -> EndpointEditor | None:
        return next((each for each in self.dialog.findChildren(EndpointEditor) if each.isVisible()), None)

    def press(self, text: str) -> None:
        found = [
            each
            for each in self.dialog.findChildren(QAbstractButton)
            if each.text() == text and each.isVisible()
        ]
        assert found[0].isEnabled()
        found[0].click()

    def select(self, endpoint: Endpoint) -> None:
        for place in range(self.endpoints.count()):
            if self.endpoints.item(place).data(Qt.ItemDataRole.UserRole) == endpoint.id:
                self.endpoints.setCurrentRow(place)

    def edit(self, endpoint: Endpoint) -> EndpointEditor:
        self.select(endpoint)
        self.press("Edit…")
        assert self.editor is not None
        return self.editor

    def result(self, editor: EndpointEditor) -> str:
        return editor.findChild(QLabel, "checkResult").text()
