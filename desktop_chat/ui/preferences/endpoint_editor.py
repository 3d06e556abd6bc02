"""One endpoint: where it is, its key, how it is spoken to, and its models."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.errors import KeyMissing, KeyringUnavailable
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.model import Model
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.check_line import Check, CheckLine
from desktop_chat.ui.endpoint_fields import LABEL_WIDTH, EndpointFields
from desktop_chat.ui.endpoint_values import InvalidField
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

WIDTH = 520
ENTER_AGAIN = "The address changed, so the key must be entered again: it is only sent to its own server."


class EndpointEditor(Card):
    """Edits ``endpoint``, or a new one where it is None; nothing is changed before Save.

    ``saved`` carries the endpoint when its key is in the keyring, or kept for this session.
    """

    saved = Signal(object)

    def __init__(
        self,
        theme: Theme,
        host: QWidget,
        endpoint: Endpoint | None,
        *,
        tasks: Tasks,
        credentials: Credentials,
        check: Check,
    ) -> None:
        super().__init__(theme, host, WIDTH, modal=True)
        title = "Edit endpoint" if endpoint else "Add endpoint"
        self.setObjectName("endpoint")
        self.setAccessibleName("Endpoint")
        self.setWindowTitle(title)
        self._old = endpoint
        self._id = endpoint.id if endpoint else new_id()
        self._tasks = tasks
        self._credentials = credentials
        self._task: asyncio.Task[None] | None = None
        # Until the keyring has answered; else a quick Save would make this an endpoint without a key.
        self._has_stored_key = endpoint is not None and endpoint.key_source is KeySource.KEYRING
        self._removes_key = False

        self.fields = EndpointFields(theme, asks_model=False)
        self._name = QLineEdit()
        self._name.setObjectName("endpointName")
        self._name.setAccessibleName("Name")
        self._name.setPlaceholderText("as the provider")
        self._dialect = QComboBox()
        self._dialect.setAccessibleName("Dialect")
        self._dialect.addItem("Responses", Dialect.RESPONSES)
        self._dialect.addItem("Chat Completions", Dialect.CHAT_COMPLETIONS)
        self._model = self._models_box("Default model", "none")
        self._title_model = self._models_box("Small model", "none")
        for text, field, hint in (
            ("Name", self._name, ""),
            ("Dialect", self._dialect, ""),
            ("Default model", self._model, ""),
            ("Small model", self._title_model, "For titles and summaries."),
        ):
            self.fields.add_row(text, field, hint)
        self._line = CheckLine(theme, tasks, check)
        self._line.checked.connect(self._checked)
        self._remove_key = button("Remove key")
        self._remove_key.setProperty("pill", True)
        self._remove_key.clicked.connect(self._mark_key_removed)
        self._remove_key.hide()
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

        px = theme.px
        below = row(theme, self._remove_key, self._session, None)
        result = QHBoxLayout()
        result.addSpacing(px(LABEL_WIDTH + 16))
        result.addWidget(self._line, 1)
        below.insertSpacing(0, px(LABEL_WIDTH + 8))
        self.body.setSpacing(px(10))
        self.body.addWidget(words(theme, title, size=16, bold=True))
        self.body.addWidget(self.fields)
        self.body.addLayout(result)
        self.body.addLayout(below)
        self.body.addSpacing(px(4))
        self.body.addLayout(row(theme, self._test, None, cancel, self._save))

        if endpoint is not None:
            self._fill(endpoint)
        self.fields.provider.activated.connect(self._provider_chosen)
        self.fields.edited.connect(self._edited)

    def reject(self) -> None:
        self._leave()
        super().reject()

    def _models_box(self, name: str, placeholder: str) -> QComboBox:
        made = QComboBox()
        made.setEditable(True)
        made.setAccessibleName(name)
        made.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        line = made.lineEdit()
        if line is not None:
            line.setPlaceholderText(placeholder)
        return made

    def _fill(self, endpoint: Endpoint) -> None:
        self.fields.set_provider(endpoint.kind)
        self.fields.set_address(endpoint.base_url, endpoint.api_version)
        self._name.setText(endpoint.name)
        self._dialect.setCurrentIndex(self._dialect.findData(endpoint.dialect))
        self._model.setEditText(endpoint.default_model)
        self._title_model.setEditText(endpoint.title_model)
        if endpoint.key_source is KeySource.KEYRING:
            self.fields.key.setPlaceholderText("Waiting for the keyring…")
            self._run(self._look_for_key(endpoint), "look for key")

    async def _look_for_key(self, endpoint: Endpoint) -> None:
        try:
            self._has_stored_key = await self._credentials.has_key(endpoint)
        except KeyringUnavailable as error:
            self._line.say(f"The keyring cannot be read. {one_line(error.message)}", "warn")
        self._tell_key()

    def _tell_key(self) -> None:
        """Say in the empty key field whether there is one already."""
        kept = self._has_stored_key and not self._removes_key and not self._origin_changed()
        self.fields.key.setPlaceholderText("in the keyring; enter another to replace it" if kept else "")
        self._remove_key.setVisible(kept)

    def _provider_chosen(self) -> None:
        usual = Dialect.CHAT_COMPLETIONS if self.fields.kind is EndpointKind.COMPATIBLE else Dialect.RESPONSES
        self._dialect.setCurrentIndex(self._dialect.findData(usual))

    def _edited(self) -> None:
        self._line.cancel()
        self._session.hide()
        self._tell_key()
        if self._must_enter_key_again() and not self.fields.key.text():
            self._line.say(ENTER_AGAIN, "warn")
        else:
            self._line.say("")

    def _origin_changed(self) -> bool:
        if self._old is None:
            return False
        try:
            return self.fields.endpoint(self._id, has_key=True).origin != self._old.origin
        except (InvalidField, ValueError):
            return True

    def _must_enter_key_again(self) -> bool:
        return self._has_stored_key and not self._removes_key and self._origin_changed()

    def _mark_key_removed(self) -> None:
        self._removes_key = True
        self._tell_key()
        self._line.say("The key is removed from the keyring when you save.")

    def _entered(self) -> tuple[Endpoint, str]:
        """The endpoint and a new key, empty for none. Raises :class:`InvalidField`."""
        key = self.fields.entered_key()
        kept = self._has_stored_key and not self._removes_key
        made = self.fields.endpoint(self._id, has_key=bool(key) or kept)
        if not key:
            if self._must_enter_key_again():
                raise InvalidField("key", ENTER_AGAIN)
            if not kept and not self._removes_key and self.fields.kind is not EndpointKind.COMPATIBLE:
                raise InvalidField("key", "Enter the key.")
        if self._old is not None and self._old.kind is made.kind:
            made = replace(
                made,
                organization=self._old.organization,
                project=self._old.project,
                system_role=self._old.system_role,
                max_tokens_field=self._old.max_tokens_field,
            )
        return (
            replace(
                made,
                name=one_line(self._name.text()) or made.name,
                dialect=Dialect(self._dialect.currentData()),
                default_model=self._model.currentText().strip(),
                title_model=self._title_model.currentText().strip(),
            ),
            key,
        )

    def _entered_or_told(self) -> tuple[Endpoint, str] | None:
        try:
            return self._entered()
        except InvalidField as error:
            self._line.say(str(error), "error")
            self.fields.focus_on(error.field)
            return None

    def _test_pressed(self) -> None:
        entered = self._entered_or_told()
        if entered is not None:
            self._run(self._start_test(*entered), "test endpoint")

    async def _start_test(self, endpoint: Endpoint, key: str) -> None:
        if not key and endpoint.key_source is KeySource.KEYRING:
            self._line.say("Waiting for the keyring…")
            try:
                key = await self._credentials.key(endpoint) or ""
            except KeyMissing:
                self._line.say("Enter the key.", "error")
                return
            except KeyringUnavailable as error:
                self._line.say(f"The keyring cannot be read. {one_line(error.message)}", "error")
                return
        self._line.start(endpoint, key)

    def _checked(self, models: list[Model] | None, _error: object) -> None:
        names = [model.id for model in models or () if model.chats]
        for box in (self._model, self._title_model):
            text = box.currentText()
            box.clear()
            box.addItems([one_line(name) for name in names])
            box.setEditText(text)

    def _save_pressed(self) -> None:
        entered = self._entered_or_told()
        if entered is None:
            return
        self._line.cancel()
        self._line.say("Waiting for the keyring…")
        self._set_storing(True)
        self._run(self._store(*entered), "store key")

    async def _store(self, endpoint: Endpoint, key: str) -> None:
        try:
            if key:
                await self._credentials.store(endpoint, key)
            if self._old is not None and self._has_stored_key and self._loses_old_key(endpoint):
                await self._credentials.remove(self._old)
        except KeyringUnavailable as error:
            self._set_storing(False)
            self._line.say(f"The keyring was not changed. {one_line(error.message)}", "error")
            self._session.setVisible(bool(key))
            return
        self._task = None
        self._finish(endpoint)

    def _loses_old_key(self, endpoint: Endpoint) -> bool:
        old = self._old
        return old is not None and (
            (self._removes_key and not self.fields.key.text()) or old.origin != endpoint.origin
        )

    def _keep_for_session(self) -> None:
        entered = self._entered_or_told()
        if entered is not None:
            self._credentials.keep_for_session(*entered)
            self._finish(entered[0])

    def _finish(self, endpoint: Endpoint) -> None:
        self._leave()
        self.saved.emit(endpoint)
        self.accept()

    def _set_storing(self, storing: bool) -> None:
        if storing:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        for widget in (self.fields, self._test, self._save, self._remove_key):
            widget.setEnabled(not storing)

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._tasks.start(work, name)

    def _leave(self) -> None:
        self._line.cancel()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.fields.key.blockSignals(True)
        self.fields.key.clear()
        self.fields.key.blockSignals(False)
