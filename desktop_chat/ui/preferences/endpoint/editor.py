"""One endpoint: its sections, its test, and what becomes of what was entered on Save."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import DIALECTS, Dialect, Endpoint, EndpointKind, KeySource, Secrets
from desktop_chat.domain.errors import ChatError, KeyMissing, KeyringUnavailable, TokenCommandFailed
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.probe import ProbeResult
from desktop_chat.tasks import OneTask, Tasks
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.check_line import MessageLine
from desktop_chat.ui.endpoint_fields import ask_unprotected
from desktop_chat.ui.endpoint_values import is_unprotected
from desktop_chat.ui.notices import explain
from desktop_chat.ui.preferences.endpoint.address import DIALECT_HINT, ConnectionSection
from desktop_chat.ui.preferences.endpoint.entered import Entered, keep, keep_for_session
from desktop_chat.ui.preferences.endpoint.key import ENTER_AGAIN, KeySection
from desktop_chat.ui.preferences.endpoint.models import ModelsSection
from desktop_chat.ui.preferences.endpoint.network import FILES, NetworkSection
from desktop_chat.ui.preferences.endpoint.probe import Probe, ProbeList
from desktop_chat.ui.preferences.endpoint.sending import RequestsSection
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

WIDTH = 620
AREA = (400, 380)
LEAST_AREA = (160, 130)
KEPT_SECRETS = ("address", "key", "proxy_password", "passphrase")
SAVE_FIRST = "Save first, then test: a command is only run once you have saved it here."

SECTION_KEYS = (QKeySequence("Ctrl+PgDown"), QKeySequence("Ctrl+PgUp"))

Section = ConnectionSection | KeySection | ModelsSection | RequestsSection | NetworkSection


class EndpointEditor(Card):
    """Edits ``endpoint``, or a new one where it is None; nothing is changed before Save.

    ``saved`` carries what was entered (:class:`Entered`) when its secrets are in the keyring, or are kept for
    this session, and the models whose rejections are to be forgotten.
    """

    saved = Signal(object, object)

    def __init__(
        self,
        theme: Theme,
        host: QWidget,
        endpoint: Endpoint | None,
        *,
        tasks: Tasks,
        credentials: Credentials,
        probe: Probe,
        limits: Limits,
        rejected: Mapping[str, Iterable[str]],
        key_age: str = "",
    ) -> None:
        """``limits`` are those of the settings; ``rejected`` is what models did not take, by model;
        ``key_age`` says since when the key is in the keyring, empty where nobody knows."""
        super().__init__(theme, host, WIDTH, modal=True)
        title = "Edit endpoint" if endpoint else "Add endpoint"
        self.setObjectName("endpoint")
        self.setAccessibleName("Endpoint")
        self.setWindowTitle(title)
        self._old = endpoint
        self._id = endpoint.id if endpoint else new_id()
        self._credentials = credentials
        self._probe = probe
        self._task = OneTask(tasks)
        self._allowed = ""
        self._is_testing = False

        self.connection = ConnectionSection(theme, self._id)
        self.key = KeySection(theme, key_age)
        self.models = ModelsSection(theme)
        self.requests = RequestsSection(theme, limits)
        self.network = NetworkSection(theme)
        self.sections: tuple[Section, ...] = (
            *(self.connection, self.key, self.models),
            *(self.requests, self.network),
        )
        self.steps = ProbeList(theme)
        self._build(title)
        # Until the keyring has answered; else a quick Save would make this an endpoint without a key.
        self.key.has_stored_key = endpoint is not None and endpoint.key_source is KeySource.KEYRING
        if endpoint is not None:
            for section in self.sections:
                section.fill(endpoint)
        self.models.set_rejected(rejected)
        self._provider_fits()
        if self.key.has_stored_key and endpoint is not None:
            self.key.key.setPlaceholderText("Waiting for the keyring…")
            self._task.start(self._look_for_key(endpoint), "look for key")
        self.connection.provider_chosen.connect(self._provider_chosen)
        self.connection.detect_requested.connect(self._detect_pressed)
        for section in self.sections:
            section.edited.connect(self._edited)

    def focus_on(self, name: str) -> None:
        """Put the cursor into the field of that name."""
        for place, section in enumerate(self.sections):
            if section.has(name):
                self._tabs.setCurrentIndex(place)
                section.focus_on(name)
                focused = self.focusWidget()
                if focused is not None:
                    # With what is said below it.
                    self._areas[place].ensureWidgetVisible(focused, 0, self.theme.px(60))

    def reject(self) -> None:
        self._leave()
        super().reject()

    def event(self, event: QEvent) -> bool:
        """A modal card keeps shortcuts from what is behind it, but not its own."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and QKeySequence(event.keyCombination()) in SECTION_KEYS
        ):
            event.ignore()
            return False
        return super().event(event)

    def _build(self, title: str) -> None:
        theme, px = self.theme, self.theme.px
        self._tabs = QTabBar()
        self._tabs.setAccessibleName("Sections")
        self._tabs.setExpanding(False)
        self._tabs.setDrawBase(False)
        self._tabs.setUsesScrollButtons(True)
        self._stack = QStackedWidget()
        self._areas: list[_Area] = []
        for section, name in (*((each, each.title) for each in self.sections), (self.steps, "Test")):
            area = _Area(theme, section)
            self._areas.append(area)
            self._stack.addWidget(area)
            self._tabs.addTab(name)
        self._tabs.setTabVisible(len(self.sections), False)
        self._tabs.currentChanged.connect(self._stack.setCurrentIndex)
        # As shortcuts: a list of choices takes Page Down for one of its own.
        for sequence, act in zip(SECTION_KEYS, (self._next_section, self._previous_section), strict=True):
            QShortcut(sequence, self, act)
        # Nothing in it takes the focus, so that it takes it itself to be scrolled by keys.
        self._areas[-1].setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._areas[-1].setAccessibleName("Steps of the test")
        # What was added last is what is waited for.
        bar = self._areas[-1].verticalScrollBar()
        bar.rangeChanged.connect(lambda _least, most: bar.setValue(most))
        self.starts_at = self.connection.provider
        self._line = MessageLine(theme)
        self._session = button("Use for this session only")
        self._session.setProperty("pill", True)
        self._session.clicked.connect(self._keep_for_session)
        self._session.hide()
        self._test = button("Test")
        self._test.clicked.connect(self._test_pressed)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)
        self._save = button("Save", primary=True)
        self._save.clicked.connect(self._save_pressed)
        self.body.setSpacing(px(10))
        self.body.addWidget(words(theme, title, size=16, bold=True))
        self.body.addWidget(self._tabs)
        self.body.addWidget(self._stack, 1)
        self.body.addWidget(self._line)
        self.body.addWidget(self._session, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addLayout(row(theme, self._test, None, cancel, self._save))

    def _place(self) -> None:
        """Let the section be as high as there is room for, so that the buttons stay in view."""
        px = self.theme.px
        inner = self._content.width()
        rest = self.body.totalHeightForWidth(inner) - self._stack.sizeHint().height()
        room = self._host.height() - 2 * px(8) - 2 - rest
        height = max(px(LEAST_AREA[1]), min(px(AREA[1]), room))
        for area in self._areas:
            area.set_height(height)
        super()._place()

    def _next_section(self) -> None:
        self._go(1)

    def _previous_section(self) -> None:
        self._go(-1)

    def _go(self, step: int) -> None:
        shown = [at for at in range(self._tabs.count()) if self._tabs.isTabVisible(at)]
        self._tabs.setCurrentIndex(shown[(shown.index(self._tabs.currentIndex()) + step) % len(shown)])
        self._tabs.setFocus(Qt.FocusReason.OtherFocusReason)

    def _in_tab_order(self) -> list[QWidget]:
        """From the tabs through the section, also through what is scrolled out of view, to the buttons."""

        def part(widget: QWidget) -> int:
            return 0 if widget is self._tabs else 1 if self._stack.isAncestorOf(widget) else 2

        return sorted(super()._in_tab_order(), key=part)

    # What was entered

    def _edited(self) -> None:
        if self._is_testing:
            self._task.cancel()
            self._set_testing(False)
            self.steps.stop()
        self._session.hide()
        self._line.say("")
        self.steps.mark_old()
        self.connection.set_hint("dialect", DIALECT_HINT)
        self.key.set_origin_changed(self._origin_changed())
        if self.key.must_enter_key_again() and not self.key.key.text():
            self._line.say(ENTER_AGAIN, "warn")

    def _provider_chosen(self) -> None:
        # A key that was entered for one host is not tried at another.
        self.key.key.clear()
        self._provider_fits()

    def _provider_fits(self) -> None:
        preset = self.connection.preset
        self.key.key_is_optional = self.connection.kind is EndpointKind.COMPATIBLE
        if self._old is None:
            no_key = preset is not None and not preset.needs_key
            self.key.set_source(KeySource.NONE if no_key else KeySource.KEYRING)
        self.key.arrange()

    def _origin_changed(self) -> bool:
        if self._old is None:
            return False
        try:
            return self.connection.endpoint(self._id, has_key=True).origin != self._old.origin
        except ValueError:
            return True

    def _entered(self) -> Entered | None:
        """None where something cannot be used; that is told, and the cursor put there."""
        values: dict[str, Any] = {}
        first = ""
        for section in self.sections:
            found, wrong = section.read()
            values |= found
            if wrong and not first:
                first = wrong[0]
        secret = {name.lower() for name in values.get("secret_headers", ())}
        if not first and (twice := [name for name, _ in values["headers"] if name.lower() in secret]):
            first = "headers"
            self.requests.tell(first, f"{one_line(twice[0])} is among the secret headers, too.")
        if first:
            self._line.say("")
            self.focus_on(first)
            self.announce(next(each.complaint(first) for each in self.sections if each.has(first)))
            return None
        address: Endpoint = values["address"]
        if self._old is not None and self._old.kind is address.kind:
            address = replace(
                address,
                system_role=self._old.system_role,
                max_tokens_field=self._old.max_tokens_field,
            )
        known = {name: value for name, value in values.items() if name not in KEPT_SECRETS}
        endpoint = replace(address, **{**known, "name": known["name"] or address.name})
        return Entered(
            endpoint,
            values.get("key", ""),
            self.key.entered_headers(),
            values.get("proxy_password", ""),
            values.get("passphrase", ""),
        )

    def _allowed_to_send(self, endpoint: Endpoint, go_on: Callable[[], object]) -> bool:
        """Whether requests may go there as it is; else the user is asked, and ``go_on`` follows a yes."""
        if not is_unprotected(endpoint.base_url) or endpoint.origin == self._allowed:
            return True
        if self._old is not None and self._old.origin == endpoint.origin:
            return True

        def allowed() -> None:
            self._allowed = endpoint.origin
            go_on()

        ask_unprotected(endpoint.base_url, self, allowed)
        return False

    # The test

    def _test_pressed(self) -> None:
        if self._is_testing:
            self._task.cancel()
            self._set_testing(False)
            self.steps.stop()
            return
        entered = self._entered()
        if entered is not None and self._allowed_to_send(entered.endpoint, self._test_pressed):
            at = len(self.sections)
            self._tabs.setTabVisible(at, True)
            self._tabs.setCurrentIndex(at)
            self._line.say("")
            self.steps.begin(entered.endpoint.name)
            self._set_testing(True)
            self._task.start(self._run_test(entered), "test endpoint")

    async def _run_test(self, entered: Entered) -> None:
        try:
            secrets = await self._secrets(entered)
            async with aclosing(self._probe(replace(entered.endpoint, id=new_id()), secrets)) as probe:
                async for found in probe:
                    if isinstance(found, ProbeResult):
                        self.steps.end(found)
                        self.models.offer(found.models or ())
                    else:
                        self.steps.add(found)
        except ChatError as error:
            self.steps.fail(self._no_secret(error, entered.endpoint))
        self._task.let_go()
        self._set_testing(False)

    def _detect_pressed(self) -> None:
        entered = self._entered()
        if entered is not None and self._allowed_to_send(entered.endpoint, self._detect_pressed):
            self.connection.set_hint("dialect", "Asking the server…")
            self._task.start(self._detect(entered), "detect dialect")

    async def _detect(self, entered: Entered) -> None:
        dialect: Dialect | None = None
        said = "The server answered in neither dialect. Test shows why."
        try:
            secrets = await self._secrets(entered)
            async with aclosing(self._probe(replace(entered.endpoint, id=new_id()), secrets)) as probe:
                async for found in probe:
                    if isinstance(found, ProbeResult):
                        dialect = found.dialect
                        self.models.offer(found.models or ())
        except ChatError as error:
            said = self._no_secret(error, entered.endpoint)
        self._task.let_go()
        if dialect is not None:
            self.connection.set_dialect(dialect)
            said = f"The server speaks {DIALECTS[dialect]}."
        self.connection.set_hint("dialect", said)
        self.announce(said)

    async def _secrets(self, entered: Entered) -> Secrets:
        """What was entered, and what is in the keyring of the rest. Raises ``ChatError``."""
        endpoint = entered.endpoint
        if endpoint.key_source is KeySource.COMMAND and not await self._credentials.is_approved(endpoint):
            raise TokenCommandFailed(SAVE_FIRST)
        stored = replace(
            endpoint,
            key_source=KeySource.NONE if entered.key else endpoint.key_source,
            secret_headers=tuple(name for name in endpoint.secret_headers if name not in entered.headers),
            proxy_user="" if entered.proxy_password else endpoint.proxy_user,
        )
        found = await self._credentials.secrets(stored)
        return replace(
            found,
            key=entered.key or found.key,
            headers=(*found.headers, *entered.headers.items()),
            proxy_password=entered.proxy_password or found.proxy_password,
            passphrase=entered.passphrase or found.passphrase,
        )

    def _no_secret(self, error: ChatError, endpoint: Endpoint) -> str:
        if isinstance(error, KeyringUnavailable):
            return f"The keyring cannot be read. {one_line(error.message)}"
        if isinstance(error, KeyMissing):
            return one_line(error.message) or "Enter the key."
        if isinstance(error, TokenCommandFailed) and error.message == SAVE_FIRST:
            return SAVE_FIRST
        return explain(error, endpoint.name).brief

    def _set_testing(self, testing: bool) -> None:
        self._is_testing = testing
        self._test.setText("Stop" if testing else "Test")
        self.connection.detect.setEnabled(not testing)

    # The keyring

    async def _look_for_key(self, endpoint: Endpoint) -> None:
        try:
            self.key.has_stored_key = await self._credentials.has_key(endpoint)
        except KeyringUnavailable as error:
            self._line.say(f"The keyring cannot be read. {one_line(error.message)}", "warn")
        self._task.let_go()
        self.key.arrange()

    def _save_pressed(self) -> None:
        entered = self._entered()
        if entered is not None and self._allowed_to_send(entered.endpoint, self._save_pressed):
            self._line.say("Saving…")
            self._set_storing(True)
            self._task.start(self._store(entered), "save endpoint")

    async def _store(self, entered: Entered) -> None:
        endpoint = entered.endpoint
        missing = await asyncio.to_thread(_missing_file, endpoint)
        if missing:
            self._set_storing(False)
            self._line.say("")
            self.network.tell(missing, "There is no file at this place.")
            self.focus_on(missing)
            return
        try:
            await keep(self._credentials, self._old, entered)
        except KeyringUnavailable as error:
            self._set_storing(False)
            self._line.say(f"The keyring was not changed. {one_line(error.message)}", "error")
            self._session.show()
            return
        self._task.let_go()
        self._finish(entered)

    def _keep_for_session(self) -> None:
        entered = self._entered()
        if entered is not None:
            keep_for_session(self._credentials, entered)
            self._finish(entered)

    def _finish(self, entered: Entered) -> None:
        self._leave()
        self.saved.emit(entered, tuple(self.models.forgotten))
        self.accept()

    def _set_storing(self, storing: bool) -> None:
        if storing:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        for widget in (self._stack, self._test, self._save):
            widget.setEnabled(not storing)

    def _leave(self) -> None:
        """Drop what is under way, and every secret."""
        self._task.cancel()
        for secret in (self.key.key, self.network.proxy_password, self.network.passphrase):
            secret.blockSignals(True)
            secret.clear()
            secret.blockSignals(False)
        self.key.headers.set_pairs(())


class _Area(QScrollArea):
    """A section that scrolls by itself, so that the buttons below stay where they are."""

    def __init__(self, theme: Theme, section: QWidget) -> None:
        super().__init__()
        self._theme = theme
        self._height = theme.px(AREA[1])
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        column = QVBoxLayout(inner)
        # Room for the bar beside the fields, and for a focus ring at the top.
        column.setContentsMargins(theme.px(2), theme.px(4), theme.px(12), theme.px(4))
        column.addWidget(section)
        self.setWidget(inner)
        self.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)

    def set_height(self, height: int) -> None:
        """Take ``height`` pixels where there is room for them."""
        if height != self._height:
            self._height = height
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(AREA[0]), self._height)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(LEAST_AREA[0]), self._theme.px(LEAST_AREA[1]))


def _missing_file(endpoint: Endpoint) -> str:
    """The name of the first field whose file is not there; empty where all are."""
    for name in FILES:
        path = getattr(endpoint, name)
        if path and not Path(path).is_file():
            return name
    return ""
