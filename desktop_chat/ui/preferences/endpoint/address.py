"""Where the requests of an endpoint go, and in which dialect."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from desktop_chat.domain.endpoint import DIALECTS, REGIONS, Dialect, Endpoint, EndpointKind
from desktop_chat.ui.card_parts import button
from desktop_chat.ui.endpoint_fields import AddressFields, text_field
from desktop_chat.ui.endpoint_values import InvalidField
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

DIALECT_HINT = "What the server speaks. Detect asks it."


class ConnectionSection(AddressFields):
    """``detect_requested``: the server is to be asked what it speaks."""

    title = "Connection"
    detect_requested = Signal()

    def __init__(self, theme: Theme, endpoint_id: str) -> None:
        self._id = endpoint_id
        self.region = QComboBox()
        super().__init__(theme)
        for base_url, name in REGIONS.items():
            self.region.addItem(name, base_url)
        self.name = text_field("endpointName", "as the provider")
        self.organization = text_field(placeholder="of the key")
        self.project = text_field(placeholder="of the key")
        self.dialect = QComboBox()
        for dialect, name in DIALECTS.items():
            self.dialect.addItem(name, dialect)
        self.detect = button("Detect")
        self.detect.setAccessibleName("Detect the dialect")
        self.detect.clicked.connect(self.detect_requested)
        spoken = QWidget()
        inner = QHBoxLayout(spoken)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.px(8))
        inner.addWidget(self.dialect, 1)
        inner.addWidget(self.detect)
        spoken.setFocusProxy(self.dialect)
        self.add(
            "region",
            "Data residency",
            self.region,
            "Where OpenAI keeps what is sent. Others than Global need a project for it.",
        )
        self.add("name", "Name", self.name, read=lambda: one_line(self.name.text()))
        self.add(
            "organization", "Organization", self.organization, read=lambda: self.organization.text().strip()
        )
        self.add("project", "Project", self.project, read=lambda: self.project.text().strip())
        self.add("dialect", "Dialect", spoken, DIALECT_HINT, read=lambda: Dialect(self.dialect.currentData()))
        for line in (self.name, self.organization, self.project):
            line.textEdited.connect(lambda: self.edited.emit())
        for box in (self.region, self.dialect):
            box.activated.connect(lambda: self.edited.emit())
        self._arrange_for_kind()

    def fill(self, endpoint: Endpoint) -> None:
        self.set_provider(endpoint.kind, endpoint.base_url, endpoint.api_version)
        if endpoint.kind is EndpointKind.OPENAI:
            if self.region.findData(endpoint.base_url) < 0:
                self.region.addItem(one_line(endpoint.base_url), endpoint.base_url)
            self.region.setCurrentIndex(self.region.findData(endpoint.base_url))
        self.name.setText(endpoint.name)
        self.organization.setText(endpoint.organization)
        self.project.setText(endpoint.project)
        self.set_dialect(endpoint.dialect)

    def set_dialect(self, dialect: Dialect) -> None:
        self.dialect.setCurrentIndex(self.dialect.findData(dialect))

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """As :meth:`Form.read`; ``address`` is a new endpoint with what was entered here alone."""
        values, wrong = super().read()
        try:
            values["address"] = self.endpoint(self._id, has_key=True)
        except InvalidField as error:
            self.tell(error.field, str(error))
            wrong.insert(0, error.field)
        return values, wrong

    def _region(self) -> str:
        return str(self.region.currentData())

    def _provider_chosen(self) -> None:
        super()._provider_chosen()
        compatible = self.kind is EndpointKind.COMPATIBLE
        self.set_dialect(Dialect.CHAT_COMPLETIONS if compatible else Dialect.RESPONSES)

    def _arrange_for_kind(self) -> None:
        super()._arrange_for_kind()
        if self.has("dialect"):
            openai = self.kind is EndpointKind.OPENAI
            self.show_row("region", openai)
            self.show_row("organization", openai)
            self.show_row("project", openai)
