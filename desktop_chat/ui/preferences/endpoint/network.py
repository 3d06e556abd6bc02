"""How requests reach an endpoint: through which proxy, and with which certificates."""

from pathlib import Path

from PySide6.QtCore import QDir, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QWidget

from desktop_chat.domain.endpoint import Endpoint, ProxyMode
from desktop_chat.ui.card_parts import button
from desktop_chat.ui.endpoint_fields import text_field
from desktop_chat.ui.endpoint_values import clean_proxy
from desktop_chat.ui.form import Form
from desktop_chat.ui.key_field import hide_secret
from desktop_chat.ui.preferences.endpoint.pairs import KEPT
from desktop_chat.ui.theme import Theme

PROXIES = {
    ProxyMode.SYSTEM: "As the system says",
    ProxyMode.NONE: "None",
    ProxyMode.MANUAL: "This one",
}
FILES = ("ca_bundle", "client_certificate", "client_key")


class NetworkSection(Form):
    title = "Network"
    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._old: Endpoint | None = None
        self.proxy = QComboBox()
        for mode, text in PROXIES.items():
            self.proxy.addItem(text, mode)
        self.proxy_url = text_field(placeholder="http://proxy.example:3128")
        self.proxy_user = text_field()
        self.proxy_password = _secret_field()
        self.passphrase = _secret_field()
        self.files = {name: PathField(theme) for name in FILES}
        self.add(
            "proxy",
            "Proxy",
            self.proxy,
            "The system’s is that of HTTPS_PROXY and NO_PROXY.",
            read=lambda: ProxyMode(self.proxy.currentData()),
        )
        self.add(
            "proxy_url",
            "Proxy address",
            self.proxy_url,
            "http, https, socks5 or socks5h.",
            read=lambda: clean_proxy(self.proxy_url.text()),
        )
        self.add("proxy_user", "Proxy user", self.proxy_user, read=lambda: self.proxy_user.text().strip())
        self.add("proxy_password", "Proxy password", self.proxy_password, read=self._read_proxy_password)
        for name, text, hint in (
            ("ca_bundle", "CA bundle", "Certificates (PEM) to trust instead of the system’s."),
            ("client_certificate", "Certificate", "Of this client (PEM), where the server asks for one."),
            ("client_key", "Private key", "Of that certificate, where it is in a file of its own."),
        ):
            field = self.files[name]
            self.add(name, text, field, hint, read=field.path)
            field.name_it(text)
            field.line.textEdited.connect(lambda _text, name=name: self._changed(name))
            field.chosen.connect(lambda name=name: self._changed(name))
        self.add(
            "passphrase", "Passphrase", self.passphrase, "Of the private key.", read=self.passphrase.text
        )
        for line in (self.proxy_url, self.proxy_user, self.proxy_password, self.passphrase):
            line.textEdited.connect(lambda: self.edited.emit())
        self.proxy_url.textEdited.connect(self._arrange_proxy)
        self.proxy.activated.connect(lambda: self._changed("proxy"))
        self._arrange_proxy()

    def fill(self, endpoint: Endpoint) -> None:
        self._old = endpoint
        self.proxy.setCurrentIndex(self.proxy.findData(endpoint.proxy))
        self.proxy_url.setText(endpoint.proxy_url)
        self.proxy_user.setText(endpoint.proxy_user)
        for name, field in self.files.items():
            field.line.setText(getattr(endpoint, name))
        self.passphrase.setPlaceholderText("enter to replace" if endpoint.client_certificate else "")
        self._arrange_proxy()

    def keeps_proxy_password(self) -> bool:
        """Whether the password in the keyring is that of the proxy that is entered."""
        return self._old is not None and bool(self._old.proxy_user) and self._same_proxy(self._old)

    def _same_proxy(self, old: Endpoint) -> bool:
        try:
            return clean_proxy(self.proxy_url.text()) == old.proxy_url
        except ValueError:
            return False

    def _read_proxy_password(self) -> str:
        password = self.proxy_password.text()
        if password and not self.proxy_user.text().strip():
            raise ValueError("Enter the user, too.")
        return password

    def _changed(self, name: str) -> None:
        self.correct(name)
        self._arrange_proxy()
        self.edited.emit()

    def _arrange_proxy(self) -> None:
        manual = ProxyMode(self.proxy.currentData()) is ProxyMode.MANUAL
        for name in ("proxy_url", "proxy_user", "proxy_password"):
            self.show_row(name, manual)
        self.proxy_password.setPlaceholderText(KEPT if self.keeps_proxy_password() else "")


class PathField(QWidget):
    """A path of a file, typed or chosen. ``chosen`` follows a choice in the dialog of files."""

    chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.line = QLineEdit()
        self._browse = button("Choose…")
        self._browse.clicked.connect(self._choose)
        inner = QHBoxLayout(self)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.px(8))
        inner.addWidget(self.line, 1)
        inner.addWidget(self._browse)
        self.setFocusProxy(self.line)

    def name_it(self, name: str) -> None:
        """Say which file its button is for."""
        self._browse.setAccessibleName(f"Choose the file: {name}")

    def path(self) -> str:
        """The path, empty for none. Raises ``ValueError`` with a plain sentence."""
        text = self.line.text().strip().strip('"')
        if text and not Path(text).is_absolute():
            raise ValueError("Enter the whole path of the file, from its beginning.")
        return text

    def _choose(self) -> None:
        chooser = QFileDialog(self, self.line.accessibleName(), self.line.text() or QDir.homePath())
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setNameFilters(["Certificates and keys (*.pem *.crt *.cer *.key)", "All files (*)"])
        chooser.fileSelected.connect(self._chose)
        chooser.open()

    def _chose(self, path: str) -> None:
        self.line.setText(QDir.toNativeSeparators(path))
        self.chosen.emit()


def _secret_field() -> QLineEdit:
    made = QLineEdit()
    hide_secret(made)
    return made
