"""The endpoints: which there are, which one is the default, and the way to their editor."""

from collections.abc import Iterable
from datetime import date, datetime

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMessageBox, QWidget

from desktop_chat.credentials import Credentials
from desktop_chat.domain.endpoint import DIALECTS, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.errors import KeyringUnavailable
from desktop_chat.settings import Settings
from desktop_chat.tasks import Tasks
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.counts import counted
from desktop_chat.ui.preferences.endpoint import EndpointEditor
from desktop_chat.ui.preferences.endpoint.entered import Entered
from desktop_chat.ui.preferences.endpoint.probe import Probe
from desktop_chat.ui.preferences.page import Page
from desktop_chat.ui.safe import message_box, one_line
from desktop_chat.ui.table import set_row_height
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.times import written


class EndpointsPage(Page):
    """``endpoint_changed`` carries the id of one that was changed or removed, or whose key was."""

    title = "Endpoints"
    names = ("endpoints", "default_endpoint")
    endpoint_changed = Signal(str)

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        tasks: Tasks,
        credentials: Credentials,
        probe: Probe,
        host: QWidget,
    ) -> None:
        """``host`` is the window that the editor is shown in."""
        super().__init__(theme, settings)
        self._tasks = tasks
        self._credentials = credentials
        self._probe = probe
        self._host = host
        self._editor: EndpointEditor | None = None
        self.column.addWidget(
            words(theme, "Where requests go. New chats use the default one.", size=12.5, color="dim")
        )
        self._list = QListWidget()
        self._list.setObjectName("endpoints")
        self._list.setAccessibleName("Endpoints")
        self._list.setSpacing(theme.px(2))
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._add = button("Add…")
        self._edit = button("Edit…")
        self._default = button("Make default")
        self._remove = button("Remove…")
        self._words = words(theme, size=12.5, color="dim")
        self.column.addWidget(self._list, 1)
        self.column.addWidget(self._words)
        self.column.addLayout(row(theme, self._add, self._edit, self._default, None, self._remove))
        self._add.clicked.connect(lambda: self._open_editor(None))
        self._edit.clicked.connect(self._edit_selected)
        self._default.clicked.connect(self.apply)
        self._remove.clicked.connect(self._ask_to_remove)
        self.theme.changed.connect(self._restyle)
        self._list.currentRowChanged.connect(self._selected)
        self._list.itemActivated.connect(self._edit_selected)
        self.load()

    def load(self) -> None:
        selected = self._current()
        default = self.settings.endpoint(None)
        blocker = QSignalBlocker(self._list)
        self._list.clear()
        for endpoint in self.settings.all_endpoints:
            item = QListWidgetItem(self._item_text(endpoint, endpoint == default))
            item.setData(Qt.ItemDataRole.UserRole, endpoint.id)
            self._list.addItem(item)
            if selected is not None and endpoint.id == selected.id:
                self._list.setCurrentItem(item)
        self._restyle()
        if self._list.currentRow() < 0 and self._list.count():
            self._list.setCurrentRow(0)
        blocker.unblock()
        self._selected()

    def _restyle(self) -> None:
        set_row_height(self._list, self.theme.px(48))

    def apply(self) -> None:
        """Make the selected endpoint the default one."""
        selected = self._current()
        if selected is not None:
            self.settings.change(default_endpoint=selected.id)

    def edit(self, endpoint_id: str, field: str = "") -> None:
        """Open the editor of an endpoint that can be edited, with the focus in ``field``."""
        for place in range(self._list.count()):
            if self._list.item(place).data(Qt.ItemDataRole.UserRole) == endpoint_id:
                self._list.setCurrentRow(place)
        selected = self._current()
        if selected is not None and selected.id == endpoint_id and _is_editable(selected):
            self._open_editor(selected, field)

    def close_editor(self) -> None:
        if self._editor is not None:
            self._editor.reject()

    def _item_text(self, endpoint: Endpoint, is_default: bool) -> str:
        name = one_line(endpoint.name) + (" · default" if is_default else "")
        if endpoint.kind is EndpointKind.DEMO:
            return f"{name}\nBuilt in: no key, no network"
        about = [one_line(endpoint.base_url), DIALECTS[endpoint.dialect]]
        if endpoint.key_source is KeySource.ENVIRONMENT:
            about.append("key from the environment")
        elif endpoint.key_source is KeySource.NONE:
            about.append("no key")
        return f"{name}\n{' · '.join(about)}"

    def _current(self) -> Endpoint | None:
        item = self._list.currentItem()
        wanted = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        return next((each for each in self.settings.all_endpoints if each.id == wanted), None)

    def _selected(self) -> None:
        selected = self._current()
        default = self.settings.endpoint(None)
        self._edit.setEnabled(selected is not None and _is_editable(selected))
        self._remove.setEnabled(selected in self.settings.endpoints)
        self._default.setEnabled(selected is not None and selected != default)
        if selected is None:
            self._words.setText("There is no endpoint yet. Add one to begin.")
        elif selected.key_source is KeySource.ENVIRONMENT:
            self._words.setText("Read from OPENAI_API_KEY and OPENAI_BASE_URL; it can only be changed there.")
        elif selected.kind is EndpointKind.DEMO:
            self._words.setText("The demo model answers from this computer and cannot be changed.")
        else:
            self._words.setText("")
        self._words.setVisible(bool(self._words.text()))

    def _edit_selected(self) -> None:
        selected = self._current()
        if selected is not None and _is_editable(selected):
            self._open_editor(selected)

    def _open_editor(self, endpoint: Endpoint | None, field: str = "") -> None:
        self.close_editor()
        editor = EndpointEditor(
            self.theme,
            self._host,
            endpoint,
            tasks=self._tasks,
            credentials=self._credentials,
            probe=self._probe,
            limits=self.settings.limits(),
            rejected=self.settings.rejected.get(endpoint.id, {}) if endpoint else {},
            key_age=_age(self.settings.key_days.get(endpoint.id, "")) if endpoint else "",
        )
        editor.saved.connect(self._saved)
        editor.finished.connect(self._editor_closed)
        self._editor = editor
        editor.show()
        if field:
            editor.focus_on(field)

    def _editor_closed(self) -> None:
        if self._editor is not None:
            self._editor.deleteLater()
            self._editor = None

    def _saved(self, entered: Entered, forgotten: Iterable[str]) -> None:
        endpoint = entered.endpoint
        others = [each for each in self.settings.endpoints if each.id != endpoint.id]
        place = next(
            (at for at, each in enumerate(self.settings.endpoints) if each.id == endpoint.id), len(others)
        )
        others.insert(place, endpoint)
        days = dict(self.settings.key_days)
        if endpoint.key_source is not KeySource.KEYRING:
            days.pop(endpoint.id, None)
        self.settings.change(endpoints=tuple(others), key_days=days)
        if entered.key:
            self.settings.key_stored(endpoint.id)
        for model in forgotten:
            self.settings.forget_rejected(endpoint.id, model)
        self.endpoint_changed.emit(endpoint.id)

    def _ask_to_remove(self) -> None:
        endpoint = self._current()
        if endpoint is None:
            return
        box = message_box(
            "Remove endpoint",
            f"Remove “{one_line(endpoint.name)}”?\n\nIts key is removed from the keyring. Your chats stay.",
            icon=QMessageBox.Icon.Question,
            buttons=QMessageBox.StandardButton.Cancel,
            parent=self._host,
        )
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        remove.clicked.connect(lambda: self._remove_now(endpoint))
        box.open()

    def _remove_now(self, endpoint: Endpoint) -> None:
        left = tuple(each for each in self.settings.endpoints if each.id != endpoint.id)
        values: dict[str, object] = {"endpoints": left}
        for name in ("rejected", "favourite_models", "key_days"):
            kept = getattr(self.settings, name)
            values[name] = {id: value for id, value in kept.items() if id != endpoint.id}
        if self.settings.default_endpoint == endpoint.id:
            values["default_endpoint"] = ""
        self.settings.change(**values)
        self.endpoint_changed.emit(endpoint.id)
        if endpoint.key_source is not KeySource.NONE or endpoint.secret_headers or endpoint.proxy_user:
            self._tasks.start(self._remove_secrets(endpoint), "remove secrets")

    async def _remove_secrets(self, endpoint: Endpoint) -> None:
        try:
            await self._credentials.remove_all(endpoint)
        except KeyringUnavailable as error:
            name, reason = one_line(endpoint.name), one_line(error.message)
            self._words.setText(f"The key of “{name}” may still be in the keyring. {reason}")
            self._words.show()


def _age(stored: str) -> str:
    """Since when a key is in the keyring, in words; ``stored`` is an ISO date, empty where nobody knows."""
    if not stored:
        return ""
    day = date.fromisoformat(stored)
    days = (datetime.now().astimezone().date() - day).days
    return f"Stored on {written(day)}, {counted(days, 'day')} ago." if days > 0 else "Stored today."


def _is_editable(endpoint: Endpoint) -> bool:
    return endpoint.kind is not EndpointKind.DEMO and endpoint.key_source is not KeySource.ENVIRONMENT
