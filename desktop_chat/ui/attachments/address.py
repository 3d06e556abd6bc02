"""An image that only its address is sent of, over the chat."""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop_chat.attachments import plain_name
from desktop_chat.domain.message import Attachment, Part, PartKind
from desktop_chat.ui.addresses import host, parsed, shown
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, recolor, row, words
from desktop_chat.ui.theme import Theme

WIDTH = 460
LONGEST = 8_000
"""Characters of an address."""
_ABOUT = (
    "The address is sent as it is. Whoever serves the model fetches the image from there; this program does "
    "not, and does not show it."
)


def image_at(address: str) -> Part:
    """The image at ``address`` as an attachment. Raises ``ValueError`` with a sentence for what is none."""
    address = address.strip()
    url = parsed(address)
    if not address:
        raise ValueError("")
    if url.scheme() != "https":
        raise ValueError("The address has to begin with https://.")
    if not url.isValid() or not host(url) or len(address) > LONGEST or any(map(str.isspace, address)):
        raise ValueError("This is no address of an image.")
    if url.userInfo():
        raise ValueError("The address has a name or a password in it, which would be sent.")
    name = PurePosixPath(unquote(urlsplit(shown(address)).path)).name
    data = Attachment("", url=bytes(url.toEncoded().data()).decode("ascii"))
    return Part(PartKind.IMAGE, name=plain_name(name) if name else host(url), data=data)


class AddressCard(Card):
    """``chosen`` has the part; it deletes itself when it closes."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, window: QWidget, address: str = "") -> None:
        super().__init__(theme, window, WIDTH, modal=True)
        self.setObjectName("imageAddress")
        self.setWindowTitle("Image from an address")
        self.setAccessibleName("Image from an address")
        self.setAccessibleDescription(_ABOUT)
        self.field = QLineEdit()
        self.field.setAccessibleName("Address")
        self.field.setPlaceholderText("https://")
        self.field.textChanged.connect(self._look)
        self.field.returnPressed.connect(self._take)
        self._where = words(theme, size=12.5, color="dim")
        self._where.setObjectName("addressHost")
        self._attach = button("Attach", primary=True)
        self._attach.clicked.connect(self._take)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)
        self.body.setSpacing(theme.px(10))
        self.body.addWidget(words(theme, "Image from an address", size=16, bold=True))
        self.body.addWidget(words(theme, _ABOUT, color="dim"))
        self.body.addWidget(self.field)
        self.body.addWidget(self._where)
        self.body.addLayout(row(theme, None, cancel, self._attach))
        self.starts_at = self.field
        self.field.setText(address)
        self._look()
        self.finished.connect(self.deleteLater)

    def _look(self) -> None:
        try:
            part = image_at(self.field.text())
        except ValueError as error:
            text, color, fits = str(error), "error", False
        else:
            where = host(parsed(part.data.url)) if isinstance(part.data, Attachment) else ""
            text, color, fits = f"It will be fetched from {where}", "dim", True
        # While the scheme is still being typed nothing is wrong yet.
        if "https://".startswith(self.field.text().strip()):
            text = ""
        recolor(self._where, color)
        self._where.setText(text)
        self._attach.setEnabled(fits)

    def _take(self) -> None:
        if self._attach.isEnabled():
            part = image_at(self.field.text())
            self.accept()
            self.chosen.emit(part)
