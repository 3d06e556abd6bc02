"""How an endpoint is told who asks: by a key, a token from a command, secret headers, or not at all."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSpinBox

from desktop_chat.domain.endpoint import Endpoint, KeySource
from desktop_chat.ui.card_parts import button
from desktop_chat.ui.endpoint_fields import text_field
from desktop_chat.ui.endpoint_values import check_command, check_headers
from desktop_chat.ui.form import Form
from desktop_chat.ui.key_field import KeyField
from desktop_chat.ui.preferences.endpoint.pairs import PairsField
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

SOURCES = {
    KeySource.KEYRING: "Key, kept in the keyring",
    KeySource.COMMAND: "Token that a command prints",
    KeySource.NONE: "None",
}
LONGEST_LIFETIME = 86_400
ENTER_AGAIN = "The address changed, so the key must be entered again: it is only sent to its own server."
HEADERS_AGAIN = "The address changed, so the values of secret headers must be entered again."


class KeySection(Form):
    title = "Key"
    edited = Signal()

    def __init__(self, theme: Theme, age: str) -> None:
        """``age`` says since when the key is in the keyring; empty where nobody knows."""
        super().__init__(theme)
        self._age = age
        self.has_stored_key = False
        self.removes_key = False
        self.origin_changed = False
        self.key_is_optional = False
        self._stored_headers: tuple[str, ...] = ()
        self.source = QComboBox()
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for source, text in SOURCES.items():
            self.source.addItem(text, source)
        self.key = KeyField(theme)
        self.remove_key = button("Remove key")
        self.remove_key.setProperty("pill", True)
        self.command = text_field(placeholder="gcloud auth print-access-token")
        self.lifetime = QSpinBox()
        self.lifetime.setRange(1, LONGEST_LIFETIME)
        self.lifetime.setValue(300)
        self.lifetime.setSuffix(" s")
        self.headers = PairsField(theme, "secret header", is_secret=True)
        self.add("key_source", "Authentication", self.source, read=self._source)
        self.add("key", "API key", self.key, " ", read=self._read_key)
        self.add("remove_key", "", self.remove_key)
        self.add(
            "token_command",
            "Command",
            self.command,
            "Its output is the token. It is run without a shell, and only once you have saved it here, on "
            "this computer.",
            read=lambda: check_command(self.command.text()),
        )
        self.add(
            "token_lifetime",
            "Token holds for",
            self.lifetime,
            "Where the token does not say itself when it ends.",
            read=self.lifetime.value,
        )
        self.add(
            "secret_headers",
            "Secret headers",
            self.headers,
            "Sent with each request. Their values are kept in the keyring.",
            read=self._read_headers,
            tall=True,
        )
        self.source.activated.connect(self._changed)
        self.remove_key.clicked.connect(self._mark_key_removed)
        self.key.textChanged.connect(self._changed)
        self.command.textEdited.connect(self._changed)
        self.lifetime.valueChanged.connect(self._changed)
        self.headers.edited.connect(self._changed)
        self.arrange()

    @property
    def key_source(self) -> KeySource:
        return KeySource(self.source.currentData())

    def fill(self, endpoint: Endpoint) -> None:
        self.set_source(endpoint.key_source)
        self.command.setText(endpoint.token_command)
        self.lifetime.setValue(endpoint.token_lifetime)
        self.headers.set_pairs((), endpoint.secret_headers)
        self._stored_headers = endpoint.secret_headers
        self.arrange()

    def set_source(self, source: KeySource) -> None:
        self.source.setCurrentIndex(self.source.findData(source))
        self.arrange()

    def entered_headers(self) -> dict[str, str]:
        """New values of secret headers, by name."""
        return {name: value for name, value in self.headers.pairs() if value}

    def set_origin_changed(self, changed: bool) -> None:
        """Whether requests now go to another host, which no secret was entered for."""
        if changed and not self.origin_changed:
            self.headers.forget_kept()
        self.origin_changed = changed
        self.arrange()

    def focus_on(self, name: str) -> None:
        """As :meth:`Form.focus_on`; where there is a command instead of a key, it is what is meant."""
        is_command = name == "key" and self.key_source is KeySource.COMMAND
        super().focus_on("token_command" if is_command else name)

    def must_enter_key_again(self) -> bool:
        return (
            self.has_stored_key
            and not self.removes_key
            and self.origin_changed
            and self.key_source is KeySource.KEYRING
        )

    def keeps_key(self) -> bool:
        """Whether the key that is in the keyring is to stay the endpoint's."""
        return (
            self.has_stored_key
            and not self.removes_key
            and not self.origin_changed
            and self.key_source is KeySource.KEYRING
        )

    def arrange(self) -> None:
        """Show what fits the choice."""
        source = self.key_source
        self.show_row("key", source is KeySource.KEYRING)
        self.show_row("token_command", source is KeySource.COMMAND)
        self.show_row("token_lifetime", source is KeySource.COMMAND)
        kept = self.keeps_key()
        self.show_row("remove_key", kept)
        if kept:
            self.key.setPlaceholderText("in the keyring; enter another to replace it")
        else:
            self.key.setPlaceholderText("optional" if self.key_is_optional else "")
        self.set_hint("key", self._key_hint(kept))

    def _key_hint(self, kept: bool) -> str:
        if kept:
            return self._age
        if self.removes_key and not self.key.text():
            return "The key is removed from the keyring when you save."
        return "" if self.must_enter_key_again() else "Sent to this server only, and kept in the keyring."

    def _source(self) -> KeySource:
        source = self.key_source
        if source is KeySource.KEYRING and not self.key.text() and not self.keeps_key():
            return KeySource.NONE
        return source

    def _read_key(self) -> str:
        key = self.key.key()
        if not key and self.must_enter_key_again():
            raise ValueError(ENTER_AGAIN)
        if not (key or self.keeps_key() or self.removes_key or self.key_is_optional):
            raise ValueError("Enter the key.")
        return key

    def _read_headers(self) -> tuple[str, ...]:
        pairs = check_headers(self.headers.pairs(), are_secret=True)
        for name, value in pairs:
            if not value and (self.origin_changed or name not in self._stored_headers):
                raise ValueError(
                    HEADERS_AGAIN if name in self._stored_headers else f"Enter the value of {one_line(name)}."
                )
        return tuple(name for name, _ in pairs)

    def _mark_key_removed(self) -> None:
        self.removes_key = True
        self._changed()
        self.focus_on("key")

    def _changed(self) -> None:
        for name in ("key", "token_command", "token_lifetime", "secret_headers"):
            self.correct(name)
        self.arrange()
        self.edited.emit()
