"""The pictures of messages: loaded and decoded off the GUI thread, bounded, in formats that are safe.

What a file says about itself is not believed: the format is the one that it was stored with, its size is
checked before anything is decoded, and what is kept is no larger than what is shown.
"""

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageIOHandler, QImageReader

from desktop_chat.domain.errors import AttachmentMissing
from desktop_chat.domain.message import Attachment

Loader = Callable[[str], bytes]
"""The bytes of an attachment by its hash; raises ``AttachmentMissing`` where they are gone. Called on a
thread of its own."""

FORMATS = {"image/png": b"png", "image/jpeg": b"jpeg", "image/webp": b"webp", "image/gif": b"gif"}
MAX_PIXELS = 50_000_000
"""Pixels of the largest picture that is decoded."""
MAX_KEPT = 24
"""Pictures that are kept decoded; the ones not drawn for longest go first."""

Key = tuple[str, int, int]
"""The hash of an attachment, and the most pixels that it is wide and high."""


class Images(QObject):
    """The pictures of one view. ``loaded`` is emitted on the GUI thread, with the hash, when one is there."""

    loaded = Signal(str)
    _decoded = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.loader: Loader | None = None
        self._images: OrderedDict[Key, QImage | None] = OrderedDict()
        self._waiting: set[Key] = set()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._decoded.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def get(self, attachment: Attachment, width: int, height: int) -> QImage | None:
        """The picture at most that large in pixels; None while it is loaded, and where it cannot be had."""
        key = attachment.hash, width, height
        if key in self._images:
            self._images.move_to_end(key)
            return self._images[key]
        if self.loader is not None and key not in self._waiting:
            self._waiting.add(key)
            self._pool.start(_Job(self, self.loader, key, FORMATS.get(attachment.media_type, b"")))
        return None

    def is_missing(self, attachment: Attachment, width: int, height: int) -> bool:
        """Whether it is known that the picture cannot be shown."""
        key = attachment.hash, width, height
        return self.loader is None or (key in self._images and self._images[key] is None)

    def close(self) -> None:
        """Start nothing more, and wait for the picture that is being decoded."""
        self.loader = None
        self._pool.clear()
        self._pool.waitForDone()

    def _take(self, key: Key, image: QImage | None) -> None:
        self._waiting.discard(key)
        self._images[key] = image
        while len(self._images) > MAX_KEPT:
            self._images.popitem(last=False)
        self.loaded.emit(key[0])


class _Job(QRunnable):
    def __init__(self, images: Images, loader: Loader, key: Key, kind: bytes) -> None:
        super().__init__()
        self._images, self._loader, self._key, self._kind = images, loader, key, kind

    def run(self) -> None:
        name, width, height = self._key
        image = None
        try:
            if self._kind:
                image = decoded(self._loader(name), self._kind, width, height)
        except AttachmentMissing:
            pass  # it is told in the place of the picture
        finally:
            self._images._decoded.emit(self._key, image)


def decoded(data: bytes, kind: bytes, width: int, height: int) -> QImage | None:
    """The picture in ``data``, at most ``width`` by ``height`` pixels; None where it cannot be shown.

    ``kind`` is one of :data:`FORMATS`; data in another format is not decoded.
    """
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    reader.setAutoDetectImageFormat(False)
    reader.setAutoTransform(True)
    # Asked first, since the decoders log what they cannot read.
    size = reader.size() if reader.canRead() else QSize()
    if not size.isValid() or size.isEmpty() or size.width() * size.height() > MAX_PIXELS:
        return None
    turned = bool(reader.transformation().value & QImageIOHandler.Transformation.TransformationRotate90.value)
    room = QSize(height, width) if turned else QSize(width, height)
    if size.width() > room.width() or size.height() > room.height():
        reader.setScaledSize(size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    image = reader.read()
    return None if image.isNull() else image
