"""Images as they are sent: drawn anew, so that nothing of the file they came from is left but the picture.

What is written has no EXIF (place, camera, owner), no text and no thumbnail; it stands upright, in sRGB, and
no larger than the model reads. All of it blocks, and is for a thread.
"""

from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColorSpace, QImage, QImageIOHandler, QImageReader, QImageWriter, QPainter

from desktop_chat.domain.counting import read_size

FORMATS = (b"png", b"jpeg", b"webp", b"gif", b"bmp")
"""What is read, in the names of Qt. The format is found by the data, whatever the file is called."""
MAX_BYTES = 50_000_000
"""Of a file that is read as an image."""
MAX_PIXELS, MAX_JPEG_PIXELS = 60_000_000, 300_000_000
"""Pixels of the largest image that is decoded: Qt gives one at most 256 MB. A JPEG is scaled while it is."""
MAX_SENT_PIXELS = 50_000_000
"""What the transcript still shows."""
JPEG_QUALITY = 90
LARGE_PNG = 500_000
"""Bytes above which an image without transparency is sent as JPEG where that is smaller by half."""


class NotAPicture(Exception):
    """Says in a plain sentence why something was not read as an image."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as it is sent."""

    data: bytes
    media_type: str
    width: int
    height: int


def is_picture(data: bytes) -> bool:
    """Whether ``data`` begins as an image of one of :data:`FORMATS` does."""
    return _format(data) in FORMATS


def _format(data: bytes) -> bytes:
    starts = {b"\x89PNG\r\n\x1a\n": b"png", b"\xff\xd8\xff": b"jpeg", b"GIF8": b"gif"}
    for start, name in starts.items():
        if data.startswith(start):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return b"webp"
    # Two letters alone begin many a text.
    return b"bmp" if data[:2] == b"BM" and data[6:10] == bytes(4) else b""


def prepared(source: bytes | QImage, model: str, detail: str = "auto") -> Picture:
    """``source`` as it is sent to ``model``. Raises :class:`NotAPicture`."""
    is_photo = False
    if isinstance(source, QImage):
        image = source
    else:
        is_photo = _format(source) in (b"jpeg", b"webp")
        image = _read(source, model, detail)
    image = _plain(image)
    image = _scaled(image, *_size(image.width(), image.height(), model, detail))
    return _written(image, is_photo=is_photo)


def _size(width: int, height: int, model: str, detail: str) -> tuple[int, int]:
    width, height = read_size(model, width, height, detail)
    if width * height > MAX_SENT_PIXELS:
        shrink = (MAX_SENT_PIXELS / (width * height)) ** 0.5
        return max(1, int(width * shrink)), max(1, int(height * shrink))
    return width, height


def _read(data: bytes, model: str, detail: str) -> QImage:
    kind = _format(data)
    if len(data) > MAX_BYTES:
        raise NotAPicture(f"The image is larger than {MAX_BYTES // 1_000_000} MB.")
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    reader.setAutoDetectImageFormat(False)
    reader.setAutoTransform(True)
    # Asked first, since the decoders log what they cannot read.
    size = reader.size() if kind and reader.canRead() else QSize()
    if not size.isValid() or size.isEmpty():
        raise NotAPicture("The image is damaged or of a kind that cannot be read.")
    if size.width() * size.height() > (MAX_JPEG_PIXELS if kind == b"jpeg" else MAX_PIXELS):
        raise NotAPicture(f"The image is too large: {size.width():,} × {size.height():,} pixels.")
    if kind == b"jpeg":
        turned = _is_turned(reader)
        upright = size.transposed() if turned else size
        wanted = QSize(*_size(upright.width(), upright.height(), model, detail))
        if wanted != upright:
            reader.setScaledSize(wanted.transposed() if turned else wanted)
    image = reader.read()
    if image.isNull():
        # Qt takes less of what has more than eight bits a colour, or is a JPEG in several passes.
        raise NotAPicture(f"The image is damaged or too large: {size.width():,} × {size.height():,} pixels.")
    return image


def _is_turned(reader: QImageReader) -> bool:
    return bool(reader.transformation().value & QImageIOHandler.Transformation.TransformationRotate90.value)


def _plain(image: QImage) -> QImage:
    """The pixels of ``image`` in sRGB, and nothing else of it."""
    if image.isNull():
        raise NotAPicture("The image is empty.")
    space = image.colorSpace()
    has_alpha = image.hasAlphaChannel()
    kind = QImage.Format.Format_ARGB32 if has_alpha else QImage.Format.Format_RGB32
    srgb = QColorSpace(QColorSpace.NamedColorSpace.SRgb)
    if space.isValid() and space != srgb:
        converted = image.convertedToColorSpace(srgb, kind)
        image = image if converted.isNull() else converted
    image = image.convertToFormat(kind)
    made = QImage(image.size(), kind)
    # Else it would tell the resolution of this screen.
    made.setDotsPerMeterX(2835)
    made.setDotsPerMeterY(2835)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    image.setDevicePixelRatio(1)
    painter.drawImage(0, 0, image)
    painter.end()
    return made


def _scaled(image: QImage, width: int, height: int) -> QImage:
    if (width, height) == (image.width(), image.height()):
        return image
    ignore, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(width, height, ignore, smooth)


def _written(image: QImage, *, is_photo: bool) -> Picture:
    size = image.width(), image.height()
    if not image.hasAlphaChannel():
        if is_photo:
            return Picture(_encoded(image, b"jpeg", JPEG_QUALITY), "image/jpeg", *size)
        png = _encoded(image, b"png")
        if len(png) > LARGE_PNG and len(jpeg := _encoded(image, b"jpeg", JPEG_QUALITY)) < len(png) / 2:
            return Picture(jpeg, "image/jpeg", *size)
        return Picture(png, "image/png", *size)
    return Picture(_encoded(image, b"png"), "image/png", *size)


def _encoded(image: QImage, kind: bytes, quality: int = -1) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(kind))
    writer.setQuality(quality)
    if not writer.write(image):
        raise NotAPicture(f"The image cannot be written: {writer.errorString()}")
    return bytes(buffer.data().data())
