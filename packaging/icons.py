"""The program's icon in the sizes and containers that desktops want, drawn by Qt from one SVG.

    python packaging/icons.py FOLDER

run by a Python with PySide6, writes desktop-chat-SIZE.png, desktop-chat.ico, desktop-chat.icns and
desktop-chat-sidebar.bmp, for the installer of Windows, into it.
Needs no display. The same SVG and the same Qt give the same bytes.
"""

import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from product import ICON, Failed
from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

PNG_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512, 1024)
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
"""What Windows 10 and 11 show at 100 to 250 %; it scales the largest down for all others."""

# The types that Apple's iconutil writes: fewer than the format knows, each for one size at one scale. PNG in
# icp4 and icp5 is shown wrongly in bundles (https://en.wikipedia.org/wiki/Apple_Icon_Image_format).
ICNS_ARGB = {b"ic04": 16, b"ic05": 32}
ICNS_PNG = {
    b"ic11": 32,
    b"ic12": 64,
    b"ic07": 128,
    b"ic13": 256,
    b"ic08": 256,
    b"ic14": 512,
    b"ic09": 512,
    b"ic10": 1024,
}


def render(svg: Path, sizes: Sequence[int], folder: Path) -> None:
    """Draw ``svg`` as one PNG a size, in pixels, into ``folder``. Raises :class:`Failed`, ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        (folder / f"{svg.stem}-{size}.png").write_bytes(_encoded(_drawn(svg, size), "PNG"))


def ico(svg: Path, path: Path) -> None:
    """Write ``svg`` as an icon of Windows. Raises :class:`Failed`, ``OSError``.

    A head of 6 bytes, an entry of 16 bytes a picture, the pictures: learn.microsoft.com, "Icons" (ICONDIR and
    ICONDIRENTRY). Qt writes one size a file and leaves bits of its mask to chance. The picture of 256 pixels,
    which its entry calls 0, is a PNG; compilers of resources may know only bitmaps for the others.
    """
    entries, pictures = b"", b""
    for size in ICO_SIZES:
        image = _drawn(svg, size)
        picture = _bitmap(image) if size < 256 else _encoded(image, "PNG")
        offset = 6 + 16 * len(ICO_SIZES) + len(pictures)
        entries += struct.pack("<4B2H2I", size % 256, size % 256, 0, 0, 1, 32, len(picture), offset)
        pictures += picture
    path.write_bytes(struct.pack("<3H", 0, 1, len(ICO_SIZES)) + entries + pictures)


def icns(svg: Path, path: Path) -> None:
    """Write ``svg`` as an icon of macOS. Raises :class:`Failed`, ``OSError``.

    Qt writes one size a file. The format is a list of pictures, each after its type of four letters and its
    length with these eight bytes, all after a head of the same form (see :data:`ICNS_ARGB`).
    """
    pictures = {kind: _argb(_drawn(svg, size)) for kind, size in ICNS_ARGB.items()}
    pictures |= {kind: _encoded(_drawn(svg, size), "PNG") for kind, size in ICNS_PNG.items()}
    body = b"".join(struct.pack(">4sI", kind, 8 + len(data)) + data for kind, data in pictures.items())
    path.write_bytes(struct.pack(">4sI", b"icns", 8 + len(body)) + body)


def sidebar(svg: Path, path: Path) -> None:
    """Write the picture beside the last page of the installer of Windows: ``svg`` on a pale ground.

    Twice the 164 by 314 pixels that NSIS gives it at 100 %, for sharp screens. Raises :class:`Failed`.
    """
    image = QImage(328, 628, QImage.Format.Format_RGB888)
    image.fill(QColor("#e6eefd"))
    painter = QPainter(image)
    painter.drawImage(68, 96, _drawn(svg, 192))
    painter.end()
    path.write_bytes(_encoded(image, "BMP"))


def _bitmap(image: QImage) -> bytes:
    """BITMAPINFOHEADER, which counts the rows of both parts; rows of BGRA from the bottom; a mask of zeros.

    Windows takes transparency from the alpha of such a bitmap, not from the mask, which must be there.
    """
    size = image.width()
    bgra = image.convertToFormat(QImage.Format.Format_RGBA8888).rgbSwapped()
    pixels = bytes(bgra.constBits())
    rows = [pixels[start : start + 4 * size] for start in range(0, len(pixels), 4 * size)]
    mask = bytes((size + 31) // 32 * 4 * size)
    header = struct.pack("<3I2H6I", 40, size, 2 * size, 1, 32, 0, 4 * size * size, 0, 0, 0, 0)
    return header + b"".join(reversed(rows)) + mask


def _argb(image: QImage) -> bytes:
    """The four channels one after the other, in runs of at most 128 bytes, each after its length less one."""
    rgba = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = bytes(rgba.constBits())
    data = b"ARGB"
    for channel in (pixels[3::4], pixels[0::4], pixels[1::4], pixels[2::4]):
        runs = [channel[start : start + 128] for start in range(0, len(channel), 128)]
        data += b"".join(bytes([len(run) - 1]) + run for run in runs)
    return data


def _drawn(svg: Path, size: int) -> QImage:
    """``svg`` at ``size`` pixels; at 16 and 32 its ``-small`` sister, drawn on that grid."""
    small = svg.with_stem(f"{svg.stem}-small")
    source = small if size in (16, 32) and small.exists() else svg
    renderer = QSvgRenderer(QByteArray(source.read_bytes()))
    if not renderer.isValid():
        raise Failed(f"{source} is no SVG that Qt can draw.")
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(QColor(0, 0, 0, 0))
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def _encoded(image: QImage, kind: str) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, kind):
        raise Failed(f"This Qt cannot write {kind}.")
    return bytes(buffer.data().data())


def main(arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        sys.exit(__doc__)
    folder = Path(arguments[0])
    render(ICON, PNG_SIZES, folder)
    ico(ICON, folder / f"{ICON.stem}.ico")
    icns(ICON, folder / f"{ICON.stem}.icns")
    sidebar(ICON, folder / f"{ICON.stem}-sidebar.bmp")


if __name__ == "__main__":
    main(sys.argv[1:])
