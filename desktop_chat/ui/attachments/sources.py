"""From where attachments come: the button with its menu, and what the clipboard or a drag has in it."""

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl, Signal
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import QMenu, QWidget

from desktop_chat.attachments import FileNotTaken, read_file
from desktop_chat.ui.buttons import LabelButton
from desktop_chat.ui.theme import Theme

IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")
"""Images in these are taken as the data that they are: Qt would decode them on the GUI thread."""

Offer = tuple[str, Callable[[], bytes | QImage]]
"""A name, and what gives the content on a thread: see ``Intake.take``."""


class Way(Enum):
    """An entry of the menu of the button."""

    FILE = "File…"
    ADDRESS = "Image from an address…"
    SCREENSHOT = "Screenshot…"
    PASTE = "Paste"


class AttachButton(LabelButton):
    """``chosen`` has the :class:`Way` that the user takes."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "plus", "Attach", color="dim", parent=parent)
        self.setObjectName("attach")
        self.setProperty("flat", True)
        self.setAccessibleName("Attach")
        self.setToolTip("Attach files and images. They can be dropped and pasted, too.")
        menu = QMenu(self)
        self.ways: dict[Way, QAction] = {}
        for way in Way:
            self.ways[way] = menu.addAction(way.value)
            self.ways[way].triggered.connect(lambda _=False, way=way: self.chosen.emit(way))
        self.setMenu(menu)


def offers(mime: QMimeData) -> list[Offer]:
    """What can be attached of a clipboard or a drag: its files, else its image.

    Spreadsheets and word processors put a picture of what is copied beside the text of it: the text is meant.
    An address is no offer, since nothing is fetched by itself.
    """
    files = [url for url in mime.urls() if url.isLocalFile() or url.scheme() == "file"]
    if files:
        return [(url.fileName() or url.toLocalFile(), _reader(url)) for url in files]
    if _is_text(mime):
        return []
    for kind in IMAGES:
        if mime.hasFormat(kind) and (data := bytes(mime.data(kind).data())):
            return [("Image.png", lambda: data)]
    if mime.hasImage():
        image = mime.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return [("Image.png", lambda: image)]
    return []


def has_offers(mime: QMimeData) -> bool:
    """As :func:`offers`, without reading anything."""
    if any(url.scheme() == "file" for url in mime.urls()):
        return True
    return not _is_text(mime) and (mime.hasImage() or any(map(mime.hasFormat, IMAGES)))


def offered_address(mime: QMimeData) -> str:
    """The address of an image that is dragged out of a browser, which gave no more of it; else empty."""
    urls = [url for url in mime.urls() if url.scheme() == "https"]
    is_picture = "<img" in mime.html().lower() if mime.hasHtml() else False
    return urls[0].toString() if len(urls) == 1 and is_picture else ""


def _is_text(mime: QMimeData) -> bool:
    """Whether a text is meant: an address alone is where an image beside it is from."""
    text = mime.text().strip() if mime.hasText() else ""
    return bool(text) and (any(map(str.isspace, text)) or not text.startswith(("http:", "https:", "data:")))


def _reader(url: QUrl) -> Callable[[], bytes]:
    def read() -> bytes:
        # A page can name a file of another computer in what is dragged, which would learn who asks.
        if url.host() not in ("", "localhost") or not url.toLocalFile():
            raise FileNotTaken("It is on another computer.")
        return read_file(Path(url.toLocalFile()))

    return read


def file_offer(path: str) -> Offer:
    """A file that the user chose."""
    return Path(path).name, lambda: read_file(Path(path))
