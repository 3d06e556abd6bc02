"""The first start: where to send requests, and with which key."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QDir, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QSizePolicy, QSpacerItem, QWidget

from desktop_chat.credentials import Credentials, read_env_file
from desktop_chat.domain.endpoint import OPENAI_BASE_URL, Endpoint, EndpointKind
from desktop_chat.domain.errors import ChatError, KeyProblem, KeyRejected, KeyringUnavailable
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.model import Model
from desktop_chat.tasks import OneTask, Tasks
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.check_line import Check, CheckLine
from desktop_chat.ui.endpoint_fields import EndpointFields, ask_unprotected
from desktop_chat.ui.endpoint_values import InvalidField, suggested_model, suggested_title_model
from desktop_chat.ui.form import LABEL_WIDTH
from desktop_chat.ui.notices import explain
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

WIDTH = 520
KEYS_URL = "https://platform.openai.com/api-keys"
CHECK_DELAY = 600
"""Milliseconds between the last change and the check that follows it by itself."""
SLOW_KEYRING = 2000
"""Milliseconds after which keeping the key for this session is offered instead."""


class Welcome(Card):
    """Asks for an endpoint and its key over the dimmed window, and tries them.

    ``finished_with`` carries the endpoint and its key (empty where it needs none) after the key is in the
    keyring, or kept for this session where the user chose so. ``demo_chosen``: the demo model instead.
    ``rejected`` (Escape): neither.
    """

    finished_with = Signal(object, str)
    demo_chosen = Signal()

    def __init__(
        self,
        theme: Theme,
        host: QWidget,
        *,
        tasks: Tasks,
        credentials: Credentials,
        check: Check,
        open_link: Callable[[str], object],
    ) -> None:
        super().__init__(theme, host, WIDTH, modal=True)
        self.setObjectName("welcome")
        self.setAccessibleName("Welcome")
        self.setWindowTitle("Welcome")
        self._credentials = credentials
        self._endpoint_id = new_id()
        self._works: tuple[Endpoint, str] | None = None
        self._unproved: tuple[Endpoint, str] | None = None
        self._models: list[Model] = []
        self._start_wanted = False
        self._allowed = ""
        self._task = OneTask(tasks)
        self._is_storing = False

        intro = (
            "Connect a model to begin. Your key is kept in this computer’s keyring, your chats in a file "
            "only you can read."
        )
        self.setAccessibleDescription(intro)
        self.fields = EndpointFields(theme)
        self.starts_at = self.fields.key
        self._line = CheckLine(theme, tasks, check)
        self._line.checked.connect(self._checked)
        self._demo = button("Try the demo model, no key")
        self._demo.clicked.connect(self._choose_demo)
        self._session = button("Use for this session only")
        self._session.clicked.connect(self._keep_for_session)
        self._session.setProperty("pill", True)
        self._session.hide()
        self._start = button("Start chatting", primary=True)
        self._start.clicked.connect(self._start_pressed)
        self._get_key = self._link("Get a key")
        self._get_key.clicked.connect(lambda: open_link(KEYS_URL))
        self._import = self._link("Import from a .env file…")
        self._import.clicked.connect(self._choose_env_file)

        px = theme.px
        result = QHBoxLayout()
        result.addSpacing(px(LABEL_WIDTH + 16))
        result.addWidget(self._line, 1)
        links = row(theme, self._get_key, self._import, None)
        # Below the fields, or further left where there is no room.
        indent = QSpacerItem(px(LABEL_WIDTH + 16 - 8), 0, QSizePolicy.Policy.Maximum)
        links.insertItem(0, indent)
        self._source = words(theme, size=12.5, color="dim")
        self._source.setContentsMargins(px(LABEL_WIDTH + 16), 0, 0, 0)
        self._source.hide()
        self.body.setSpacing(0)
        self.body.addWidget(words(theme, "Welcome", size=20, bold=True))
        self.body.addSpacing(px(6))
        self.body.addWidget(words(theme, intro, color="dim"))
        self.body.addSpacing(px(16))
        self.body.addWidget(self.fields)
        self.body.addSpacing(px(8))
        self.body.addLayout(result)
        session = QHBoxLayout()
        session.addSpacing(px(LABEL_WIDTH + 16))
        session.addWidget(self._session)
        session.addStretch(1)
        session.setContentsMargins(0, px(6), 0, 0)
        self.body.addLayout(session)
        self.body.addSpacing(px(4))
        self.body.addLayout(links)
        self.body.addWidget(self._source)
        self.body.addSpacing(px(14))
        self.body.addLayout(row(theme, self._demo, None, self._start))
        self.body.addSpacing(px(14))
        hint = "Azure OpenAI, Ollama, OpenRouter or another compatible server? Choose it under Provider."
        self.body.addWidget(words(theme, hint, size=12.5, color="dim"))

        self._slow = QTimer(self, singleShot=True, interval=SLOW_KEYRING)
        self._slow.timeout.connect(self._session.show)
        self._delay = QTimer(self, singleShot=True, interval=CHECK_DELAY)
        self._delay.timeout.connect(self.check_by_itself)
        self.fields.edited.connect(self._edited)
        self.fields.settled.connect(self._delay.start)

    def import_env_file(self, path: Path) -> None:
        """Fill the fields in from a ``.env`` file."""
        self._task.start(self._read_env_file(path), "read .env file")

    def reject(self) -> None:
        """Escape: end the wait for the keyring where there is one, else leave."""
        if self._is_storing:
            self._task.cancel()
            self._set_storing(False)
            self._line.say("The key was not stored.")
            return
        self._leave()
        super().reject()

    def _link(self, text: str) -> QPushButton:
        made = button(text)
        made.setProperty("flat", True)
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        return made

    def _edited(self) -> None:
        self._delay.stop()
        self._line.cancel()
        self._line.say("")
        self._works = self._unproved = None
        self._start_wanted = False
        self._session.hide()
        self._source.hide()
        self._start.setText("Start chatting")
        self._get_key.setVisible(self.fields.kind is EndpointKind.OPENAI)

    def _entered(self) -> tuple[Endpoint, str]:
        """Raises :class:`InvalidField` with what to correct."""
        key = self.fields.entered_key()
        if not key and self.fields.kind is not EndpointKind.COMPATIBLE:
            raise InvalidField("key", "Enter the key.")
        return self.fields.endpoint(self._endpoint_id, has_key=bool(key)), key

    def check_by_itself(self) -> None:
        """Try what was entered, if it is complete and nothing speaks against it."""
        try:
            endpoint, key = self._entered()
        except InvalidField as error:
            if self.fields.key.text() and error.field == "key":
                self._line.say(str(error), "error")
            return
        # In the clear across the internet: only when the user says so after reading the warning.
        if not self.fields.is_unprotected():
            self._line.start(endpoint, key)

    def _start_pressed(self) -> None:
        self._delay.stop()
        try:
            entered = self._entered()
        except InvalidField as error:
            self._line.say(str(error), "error")
            self.fields.focus_on(error.field)
            return
        if self.fields.is_unprotected() and entered[0].origin != self._allowed:
            self._ask_unprotected(entered[0])
            return
        if entered in (self._works, self._unproved):
            self._store(*entered)
            return
        self._start_wanted = True
        if not self._line.is_checking:
            self._line.start(*entered)

    def _ask_unprotected(self, endpoint: Endpoint) -> None:
        def allowed() -> None:
            self._allowed = endpoint.origin
            self._start_pressed()

        ask_unprotected(endpoint.base_url, self, allowed)

    def _checked(self, models: list[Model] | None, error: ChatError | None) -> None:
        entered = self._entered()
        if models is not None:
            self._works, self._models = entered, list(models)
            if self._start_wanted:
                self._store(*entered)
            return
        self._start_wanted = False
        if not isinstance(error, KeyRejected | KeyProblem):
            self._unproved = entered
            self._start.setText("Start anyway")

    def _store(self, endpoint: Endpoint, key: str) -> None:
        if not key:
            self._finish()
            return
        self._line.say("Waiting for the keyring…")
        self._set_storing(True)
        self._task.start(self._store_key(endpoint, key), "store key")

    async def _store_key(self, endpoint: Endpoint, key: str) -> None:
        try:
            await self._credentials.store(endpoint, key)
        except KeyringUnavailable as error:
            self._set_storing(False)
            reason = one_line(error.message) or explain(error, endpoint.name).title
            self._line.say(f"The key was not stored. {reason} Try again, or keep it until you quit.", "error")
            self._start.setText("Try again")
            self._works = (endpoint, key)
            self._session.show()
            return
        self._task.let_go()
        self._finish()

    def _keep_for_session(self) -> None:
        endpoint, key = self._entered()
        self._credentials.keep_for_session(endpoint, key)
        self._finish()

    def _finish(self) -> None:
        endpoint, key = self._entered()
        if not endpoint.default_model:
            endpoint = replace(endpoint, default_model=suggested_model(self._models))
        if endpoint.kind is EndpointKind.OPENAI:
            endpoint = replace(endpoint, title_model=suggested_title_model(self._models))
        self._leave()
        self.accept()
        self.finished_with.emit(endpoint, key)

    def _choose_demo(self) -> None:
        self._leave()
        self.accept()
        self.demo_chosen.emit()

    def _choose_env_file(self) -> None:
        chooser = QFileDialog(self, "Import from a .env file", QDir.homePath())
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setFilter(QDir.Filter.AllEntries | QDir.Filter.NoDotAndDotDot | QDir.Filter.Hidden)
        chooser.setNameFilters([".env files (.env *.env .env.*)", "All files (*)"])
        chooser.fileSelected.connect(lambda path: self.import_env_file(Path(path)))
        chooser.open()

    async def _read_env_file(self, path: Path) -> None:
        try:
            found = await asyncio.to_thread(read_env_file, path)
        except ValueError as error:
            self._line.say(str(error), "error")
            return
        is_openai = not found.base_url or found.base_url.rstrip("/") == OPENAI_BASE_URL
        kind = EndpointKind.OPENAI if is_openai else EndpointKind.COMPATIBLE
        self.fields.set_provider(kind, "" if is_openai else found.base_url)
        self.fields.key.setText(found.key)
        self._edited()
        self._source.setText(f"Read from {one_line(str(path))}")
        self._source.show()
        # Where the file chose the host, the key waits until the user has looked at it.
        if is_openai:
            self._delay.start()

    def _set_storing(self, storing: bool) -> None:
        """A keyring may ask for a password, or hang: Escape ends the wait, after a while a button too."""
        self._is_storing = storing
        if storing:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            self._slow.start()
        else:
            self._slow.stop()
        for widget in (self.fields, self._demo, self._start, self._get_key, self._import):
            widget.setEnabled(not storing)

    def _leave(self) -> None:
        """Drop what is under way, and the key."""
        self._delay.stop()
        self._slow.stop()
        self._line.cancel()
        self._task.cancel()
        self.fields.key.blockSignals(True)
        self.fields.key.clear()
        self.fields.key.blockSignals(False)
