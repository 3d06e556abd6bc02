"""The fields that say where requests go, for the welcome and for the endpoint editor."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QMessageBox, QWidget

from desktop_chat.domain.endpoint import OPENAI_BASE_URL, Endpoint, EndpointKind
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.endpoint_presets import PRESETS, Preset, preset_at
from desktop_chat.ui.endpoint_values import InvalidField, clean_base_url, is_unprotected, new_endpoint
from desktop_chat.ui.form import Form
from desktop_chat.ui.key_field import KeyField
from desktop_chat.ui.safe import message_box, one_line
from desktop_chat.ui.theme import Theme

OTHER = "Other compatible server"
UNPROTECTED = (
    "This address is not encrypted and leads outside your network: others on the way could read the key and "
    "the chats. Use https:// if the server offers it."
)


class AddressFields(Form):
    """Provider, address and API version, as far as the provider needs them.

    ``edited`` is emitted after every change by the user; ``settled`` when one is complete enough to be tried
    without being asked to. ``provider_chosen`` follows a choice of the user, once the fields fit it.
    """

    edited = Signal()
    settled = Signal()
    provider_chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.provider = QComboBox()
        self.provider.setObjectName("provider")
        self.provider.addItem("OpenAI", EndpointKind.OPENAI.value)
        self.provider.addItem("Azure OpenAI", EndpointKind.AZURE.value)
        self.provider.insertSeparator(2)
        for preset in PRESETS:
            self.provider.addItem(preset.name, preset.name)
        self.provider.insertSeparator(self.provider.count())
        self.provider.addItem(OTHER, EndpointKind.COMPATIBLE.value)
        self.provider.setMaxVisibleItems(self.provider.count())
        # Else the longest name would decide how narrow the form can be.
        self.provider.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.provider.setMinimumContentsLength(12)
        self.base_url = text_field("baseUrl")
        self.api_version = text_field("apiVersion")
        self.api_version.setPlaceholderText("empty for the v1 API")
        self.add("provider", "Provider", self.provider)
        self.add("base_url", "Base URL", self.base_url)
        self._warning = words(theme, UNPROTECTED, size=12.5, color="warn")
        self.add("warning", "", self._warning)
        self.add("api_version", "API version", self.api_version)
        self.provider.activated.connect(self._provider_chosen)
        for line in (self.base_url, self.api_version):
            line.textEdited.connect(lambda: self.edited.emit())
            line.editingFinished.connect(self._left)
        self._arrange_for_kind()

    @property
    def kind(self) -> EndpointKind:
        chosen = self.provider.currentData()
        return EndpointKind(chosen) if chosen in set(EndpointKind) else EndpointKind.COMPATIBLE

    @property
    def preset(self) -> Preset | None:
        return next((each for each in PRESETS if each.name == self.provider.currentData()), None)

    def set_provider(self, kind: EndpointKind, base_url: str = "", api_version: str = "") -> None:
        """Show an endpoint's provider and address; a well-known address as its server's own."""
        preset = preset_at(base_url) if kind is EndpointKind.COMPATIBLE else None
        self.provider.setCurrentIndex(self.provider.findData(preset.name if preset else kind.value))
        self.base_url.setText(base_url if kind is not EndpointKind.OPENAI else "")
        self.api_version.setText(api_version)
        self._arrange_for_kind()

    def endpoint(self, endpoint_id: str, *, has_key: bool) -> Endpoint:
        """What was entered, as an endpoint. Raises :class:`InvalidField`."""
        return new_endpoint(
            endpoint_id,
            self.kind,
            base_url=self.base_url.text(),
            api_version=self.api_version.text(),
            model=self._deployment(),
            has_key=has_key,
            region=self._region(),
            name=self.preset.name if self.preset else "",
        )

    def is_unprotected(self) -> bool:
        """Whether the key would be sent in the clear across the internet."""
        if self.kind is EndpointKind.OPENAI:
            return False
        try:
            return is_unprotected(clean_base_url(self.base_url.text()))
        except InvalidField:
            return False

    def _deployment(self) -> str:
        return ""

    def _region(self) -> str:
        return OPENAI_BASE_URL

    def _provider_chosen(self) -> None:
        preset = self.preset
        self.base_url.setText(preset.base_url if preset else "")
        self.api_version.clear()
        for name in ("base_url", "api_version"):
            self.correct(name)
        self._arrange_for_kind()
        self.provider_chosen.emit()
        self.edited.emit()
        if preset is not None and not preset.needs_key:
            self.settled.emit()

    def _left(self) -> None:
        self._warn()
        if self.base_url.text().strip():
            self.settled.emit()

    def _warn(self) -> None:
        self.show_row("warning", self.is_unprotected())

    def _arrange_for_kind(self) -> None:
        azure = self.kind is EndpointKind.AZURE
        self.show_row("base_url", self.kind is not EndpointKind.OPENAI)
        self.show_row("api_version", azure)
        self.base_url.setPlaceholderText(
            "https://my-resource.openai.azure.com" if azure else "http://localhost:11434/v1"
        )
        self.set_label("base_url", "Resource URL" if azure else "Base URL")
        self._warn()


class EndpointFields(AddressFields):
    """Those of the welcome: the deployment, which Azure needs, and the key too.

    Half an address is never tried by itself, since the key would go to another host.
    """

    def __init__(self, theme: Theme) -> None:
        self.model = text_field("deployment")
        self.key = KeyField(theme)
        super().__init__(theme)
        self.add("model", "Deployment", self.model)
        self.add("key", "API key", self.key)
        self.key.textChanged.connect(self._key_changed)
        self.model.textEdited.connect(lambda: self.edited.emit())
        self._arrange_for_kind()

    def entered_key(self) -> str:
        """The key, empty where none was entered. Raises :class:`InvalidField` where it cannot be one."""
        try:
            return self.key.key()
        except ValueError as error:
            raise InvalidField("key", str(error)) from None

    def _deployment(self) -> str:
        return self.model.text().strip() if self.kind is EndpointKind.AZURE else ""

    def _provider_chosen(self) -> None:
        # A key that was entered for one host is not tried at another.
        self.key.clear()
        super()._provider_chosen()

    def _key_changed(self) -> None:
        self.edited.emit()
        self.settled.emit()

    def _arrange_for_kind(self) -> None:
        super()._arrange_for_kind()
        if self.has("key"):
            self.show_row("model", self.kind is EndpointKind.AZURE)
            needs_key = self.preset.needs_key if self.preset else self.kind is not EndpointKind.COMPATIBLE
            self.key.setPlaceholderText("" if needs_key else "optional")


def text_field(object_name: str = "", placeholder: str = "") -> QLineEdit:
    made = QLineEdit()
    made.setObjectName(object_name)
    made.setPlaceholderText(placeholder)
    return made


def ask_unprotected(base_url: str, host: QWidget, go_on: Callable[[], object]) -> None:
    """Ask before anything is sent in the clear across the internet; ``go_on`` only if the user says so."""
    box = message_box(
        "Send without encryption",
        f"Send to {one_line(base_url)} without encryption?\n\n{UNPROTECTED}",
        icon=QMessageBox.Icon.Warning,
        buttons=QMessageBox.StandardButton.Cancel,
        parent=host,
    )
    anyway = box.addButton("Send anyway", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.finished.connect(box.deleteLater)
    anyway.clicked.connect(go_on)
    box.open()
