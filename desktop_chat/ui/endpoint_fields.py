"""The fields that say where requests go and with which key, for the welcome and for the endpoint editor."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QWidget

from desktop_chat.domain.endpoint import Endpoint, EndpointKind
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.endpoint_values import InvalidField, clean_base_url, is_unprotected, new_endpoint
from desktop_chat.ui.key_field import KeyField
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

PROVIDERS = {
    EndpointKind.OPENAI: "OpenAI",
    EndpointKind.AZURE: "Azure OpenAI",
    EndpointKind.COMPATIBLE: "Other compatible server",
}
LABEL_WIDTH = 110
UNPROTECTED = (
    "This address is not encrypted and leads outside your network: others on the way could read the key and "
    "the chats. Use https:// if the server offers it."
)


class EndpointFields(QWidget):
    """Provider, address, API version, model and key, as far as the provider needs them.

    ``edited`` is emitted after every change by the user; ``settled`` when one is complete enough to be tried
    without being asked to: a key, or an address that was left. Half an address is never tried, since the key
    would go to another host.
    """

    edited = Signal()
    settled = Signal()

    def __init__(self, theme: Theme, *, asks_model: bool = True) -> None:
        """``asks_model``: whether the deployment, which Azure needs, is asked for here."""
        super().__init__()
        self._asks_model = asks_model
        self._theme = theme
        self.provider = QComboBox()
        self.provider.setObjectName("provider")
        self.provider.setAccessibleName("Provider")
        for kind, name in PROVIDERS.items():
            self.provider.addItem(name, kind)
        self.base_url = self._line("Base URL", "baseUrl")
        self.api_version = self._line("API version", "apiVersion")
        self.api_version.setPlaceholderText("empty for the v1 API")
        self.model = self._line("Deployment", "deployment")
        self.key = KeyField(theme)
        self._warning = words(theme, UNPROTECTED, size=12.5, color="warn")
        self._warning.hide()

        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(theme.px(10))
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnMinimumWidth(0, theme.px(LABEL_WIDTH))
        self._labels = {
            field: self.add_row(text, field)
            for text, field in (
                ("Provider", self.provider),
                ("Base URL", self.base_url),
                ("API version", self.api_version),
                ("Deployment", self.model),
                ("API key", self.key),
            )
        }
        self._grid.addWidget(self._warning, self._grid.rowCount(), 1)

        self.provider.activated.connect(self._provider_chosen)
        self.key.textChanged.connect(self._key_changed)
        for line in (self.base_url, self.api_version, self.model):
            line.textEdited.connect(lambda: self.edited.emit())
        for line in (self.base_url, self.api_version):
            line.editingFinished.connect(self._left)
        self._arrange()

    @property
    def kind(self) -> EndpointKind:
        return EndpointKind(self.provider.currentData())

    def add_row(self, text: str, field: QWidget, hint: str = "") -> QLabel:
        """Add a labelled row at the end, with a dim line below it that says more; gives its label."""
        made = label(text)
        made.setBuddy(field)
        row = self._grid.rowCount()
        self._grid.addWidget(made, row, 0, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(field, row, 1)
        if hint:
            field.setAccessibleDescription(hint)
            self._grid.addWidget(words(self._theme, hint, size=12.5, color="dim"), row + 1, 1)
        return made

    def set_provider(self, kind: EndpointKind) -> None:
        self.provider.setCurrentIndex(self.provider.findData(kind))
        self._arrange()

    def set_address(self, base_url: str, api_version: str = "") -> None:
        self.base_url.setText(base_url)
        self.api_version.setText(api_version)
        self._warn()

    def entered_key(self) -> str:
        """The key, empty where none was entered. Raises :class:`InvalidField` where it cannot be one."""
        try:
            return self.key.key()
        except ValueError as error:
            raise InvalidField("key", str(error)) from None

    def endpoint(self, endpoint_id: str, *, has_key: bool) -> Endpoint:
        """What was entered, as an endpoint. Raises :class:`InvalidField`."""
        return new_endpoint(
            endpoint_id,
            self.kind,
            base_url=self.base_url.text(),
            api_version=self.api_version.text(),
            model=self.model.text().strip() if self.kind is EndpointKind.AZURE else "",
            has_key=has_key,
        )

    def is_unprotected(self) -> bool:
        """Whether the key would be sent in the clear across the internet."""
        if self.kind is EndpointKind.OPENAI:
            return False
        try:
            return is_unprotected(clean_base_url(self.base_url.text()))
        except InvalidField:
            return False

    def focus_on(self, field: str) -> None:
        """Put the cursor where :class:`InvalidField` says."""
        widget: QWidget = getattr(self, field)
        widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _line(self, name: str, object_name: str) -> QLineEdit:
        made = QLineEdit()
        made.setObjectName(object_name)
        made.setAccessibleName(name)
        return made

    def _provider_chosen(self) -> None:
        # A key that was entered for one host is not tried at another.
        self.key.clear()
        self.base_url.clear()
        self.api_version.clear()
        self._arrange()
        self.edited.emit()

    def _key_changed(self) -> None:
        self.edited.emit()
        self.settled.emit()

    def _left(self) -> None:
        self._warn()
        if self.base_url.text().strip():
            self.settled.emit()

    def _warn(self) -> None:
        self._warning.setVisible(self.is_unprotected())

    def _arrange(self) -> None:
        azure, compatible = self.kind is EndpointKind.AZURE, self.kind is EndpointKind.COMPATIBLE
        for field, wanted in (
            (self.base_url, azure or compatible),
            (self.api_version, azure),
            (self.model, azure and self._asks_model),
        ):
            field.setVisible(wanted)
            self._labels[field].setVisible(wanted)
        self.base_url.setPlaceholderText(
            "https://my-resource.openai.azure.com" if azure else "http://localhost:11434/v1"
        )
        self.base_url.setAccessibleName("Resource URL" if azure else "Base URL")
        self._labels[self.base_url].setText(self.base_url.accessibleName())
        self.key.setPlaceholderText("optional" if compatible else "")
        self._warn()
