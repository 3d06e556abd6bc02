"""Images as they are sent: what of a file is left, and how large it is."""

import random
import struct
import zlib

import pytest
from PySide6.QtGui import QColor, QColorSpace, QImage

from desktop_chat.ui.attachments.pictures import NotAPicture, is_picture, prepared
from tests.ui.attachments.conftest import encoded, image

SECRET = b"52.5200N 13.4050E, taken by J. Doe"


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG with an orientation (Exif 2.32, 4.6.4) and a comment that says where it was taken."""
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">H", 1) + entries + bytes(4)
    exif = b"Exif\0\0" + tiff + SECRET
    segments = b"".join(
        marker + struct.pack(">H", len(body) + 2) + body
        for marker, body in ((b"\xff\xe1", exif), (b"\xff\xfe", SECRET))
    )
    return jpeg[:2] + segments + jpeg[2:]


def decoded(data: bytes) -> QImage:
    made = QImage.fromData(data)
    assert not made.isNull()
    return made


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        found.append(kind)
        at += 12 + length
    return found


def test_nothing_is_left_of_where_and_by_whom_a_photo_was_taken() -> None:
    photo = with_exif(encoded(image(60, 40), "JPEG"), 1)
    assert SECRET in photo
    sent = prepared(photo, "gpt-4o")
    assert sent.media_type == "image/jpeg"
    assert SECRET not in sent.data
    assert b"Exif" not in sent.data
    assert b"\xff\xe1" not in sent.data


def test_a_photo_stands_upright() -> None:
    turned = image(60, 40, "#ffffff")
    for x in range(60):
        for y in range(10):
            turned.setPixelColor(x, y, QColor("#000000"))
    # 6: the top row is the right side of what is to be seen.
    sent = prepared(with_exif(encoded(turned, "JPEG"), 6), "gpt-4o")
    assert (sent.width, sent.height) == (40, 60)
    upright = decoded(sent.data)
    assert upright.pixelColor(36, 30).lightness() < 40
    assert upright.pixelColor(5, 30).lightness() > 200


def test_a_large_photo_stands_upright_in_the_size_that_is_read() -> None:
    sent = prepared(with_exif(encoded(image(4000, 3000), "JPEG"), 8), "gpt-4o")
    assert (sent.width, sent.height) == (768, 1024)


def test_texts_and_colour_profiles_of_a_png_are_gone() -> None:
    drawn = image()
    drawn.setText("Author", SECRET.decode())
    drawn.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb))
    png = encoded(drawn)
    assert {b"tEXt", b"iCCP"} <= set(chunks(png))
    sent = prepared(png, "gpt-4o")
    assert set(chunks(sent.data)) <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


def test_colours_are_those_of_srgb() -> None:
    drawn = image(color="#c86432")
    drawn.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb))
    there = decoded(prepared(encoded(drawn), "gpt-4o").data).pixelColor(5, 5)
    # Adobe RGB is wider: what is (200, 100, 50) in it is redder in sRGB.
    assert there.red() > 215
    plain = decoded(prepared(encoded(image(color="#c86432")), "gpt-4o").data)
    assert plain.pixelColor(5, 5).name() == "#c86432"


@pytest.mark.parametrize(
    ("model", "detail", "size"),
    [
        ("gpt-4o", "auto", (1024, 768)),
        ("gpt-4o", "low", (512, 384)),
        ("gpt-5.6", "auto", (2000, 1500)),
        ("llava", "high", (2000, 1500)),
    ],
)
def test_an_image_is_no_larger_than_what_the_model_reads(
    model: str, detail: str, size: tuple[int, int]
) -> None:
    sent = prepared(encoded(image(2000, 1500)), model, detail)
    assert (sent.width, sent.height) == size
    assert decoded(sent.data).size().toTuple() == size


def test_a_screenshot_stays_sharp_and_a_noisy_picture_gets_small() -> None:
    assert prepared(image(800, 600), "gpt-4o").media_type == "image/png"
    noise = QImage(random.Random(1).randbytes(4 * 800 * 600), 800, 600, QImage.Format.Format_RGB32)
    sent = prepared(noise, "llava")
    assert sent.media_type == "image/jpeg"
    assert len(sent.data) < len(encoded(noise)) / 2


def test_what_is_transparent_stays_so() -> None:
    drawn = QImage(20, 20, QImage.Format.Format_ARGB32)
    drawn.fill(QColor(255, 0, 0, 0))
    sent = prepared(encoded(drawn), "gpt-4o")
    assert sent.media_type == "image/png"
    assert decoded(sent.data).pixelColor(3, 3).alpha() == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_kinds_are_told_by_what_is_in_a_file(kind: str) -> None:
    data = encoded(image(), kind)
    assert is_picture(data)
    assert prepared(data, "gpt-4o").width == 60


@pytest.mark.parametrize("data", [b"", b"BM is a company", b"%PDF-1.7", b"<svg/>", b"GIF"])
def test_other_files_are_no_pictures(data: bytes) -> None:
    assert not is_picture(data)
    with pytest.raises(NotAPicture):
        prepared(data, "gpt-4o")


def bomb(width: int, height: int, depth: int = 8) -> bytes:
    """A PNG that says that it is so large, and has next to nothing in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def test_a_picture_that_would_fill_the_memory_is_refused_by_its_head() -> None:
    with pytest.raises(NotAPicture, match="60,000 × 60,000"):
        prepared(bomb(60_000, 60_000), "gpt-4o")


@pytest.mark.qt_log_ignore("Rejecting image as it exceeds", extend=True)
def test_a_picture_that_takes_more_memory_than_its_size_tells_is_not_called_damaged_alone() -> None:
    with pytest.raises(NotAPicture, match="too large: 7,000 × 6,000"):
        prepared(bomb(7_000, 6_000, depth=16), "gpt-4o")


def test_a_damaged_picture_is_refused() -> None:
    data = encoded(image(600, 400))
    with pytest.raises(NotAPicture, match="damaged"):
        prepared(data[:40], "gpt-4o")
