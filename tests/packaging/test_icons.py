"""The icons of all systems, made by the script that the build runs, and read as the systems would."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage, QImageReader

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "icons.py"
BLUE, WHITE = QColor("#2f6feb"), QColor("#ffffff")


def make(folder: Path) -> dict[str, bytes]:
    """Every file that the script writes, by its name."""
    subprocess.run([sys.executable, SCRIPT, folder], check=True, timeout=60)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make(tmp_path_factory.mktemp("icons"))


def png(data: bytes) -> QImage:
    image = QImage.fromData(data, "png")
    assert not image.isNull()
    return image.convertToFormat(QImage.Format.Format_ARGB32)


def drawn(icons: dict[str, bytes], size: int) -> QImage:
    return png(icons[f"desktop-chat-{size}.png"])


def png_chunks(data: bytes) -> list[bytes]:
    found, position = [], 8
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        found.append(kind)
        position += 12 + length
    return found


def icns_pictures(data: bytes) -> dict[str, bytes]:
    magic, length = struct.unpack_from(">4sI", data)
    assert (magic, length) == (b"icns", len(data))
    found, position = {}, 8
    while position < len(data):
        kind, length = struct.unpack_from(">4sI", data, position)
        found[kind.decode()] = data[position + 8 : position + length]
        position += length
    assert position == len(data)
    return found


def unpacked(data: bytes) -> bytes:
    """The run-length code of icns: 128 and more repeats the next byte, less copies so many and one."""
    out, position = bytearray(), 0
    while position < len(data):
        code = data[position]
        if code >= 128:
            out += data[position + 1 : position + 2] * (code - 125)
            position += 2
        else:
            out += data[position + 1 : position + 2 + code]
            position += 2 + code
    return bytes(out)


@pytest.mark.parametrize("size", [16, 22, 24, 32, 48, 64, 128, 256, 512, 1024])
def test_a_png_is_the_icon_at_its_size(icons: dict[str, bytes], size: int) -> None:
    image = drawn(icons, size)
    assert (image.width(), image.height()) == (size, size)
    assert image.pixelColor(0, 0).alpha() == 0
    assert image.pixelColor(size // 2, round(size * 0.16)) == BLUE
    assert image.pixelColor(round(size * 0.72), size // 2) == WHITE


def test_the_lines_of_the_smallest_icons_are_sharp(icons: dict[str, bytes]) -> None:
    for size in (16, 32):
        image, unit = drawn(icons, size), size // 16
        column = [image.pixelColor(8 * unit, y) for y in range(5 * unit, 8 * unit)]
        assert column == [WHITE] * unit + [BLUE] * unit + [WHITE] * unit, size


def test_pngs_bear_no_time_and_no_text(icons: dict[str, bytes]) -> None:
    for name, data in icons.items():
        if name.endswith(".png"):
            assert set(png_chunks(data)) <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}, name


def test_a_second_run_makes_the_same_bytes(icons: dict[str, bytes], tmp_path: Path) -> None:
    again = make(tmp_path)
    assert again.keys() == icons.keys()
    assert [name for name in icons if icons[name] != again[name]] == []


def test_the_icon_of_windows_holds_every_size(icons: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "icon.ico"
    path.write_bytes(icons["desktop-chat.ico"])
    reader = QImageReader(str(path))
    found = {}
    for number in range(reader.imageCount()):
        assert reader.jumpToImage(number)
        image = reader.read().convertToFormat(QImage.Format.Format_ARGB32)
        found[image.width()] = image
    assert sorted(found) == [16, 20, 24, 32, 40, 48, 64, 256]
    for size in (16, 24, 32, 48, 64, 256):
        assert found[size] == drawn(icons, size), size


def test_only_the_largest_of_windows_is_a_png(icons: dict[str, bytes]) -> None:
    data = icons["desktop-chat.ico"]
    _, kind, count = struct.unpack_from("<3H", data)
    assert kind == 1
    end = 6 + 16 * count
    for number in range(count):
        width, height, _, _, planes, bits, length, offset = struct.unpack_from(
            "<4B2H2I", data, 6 + 16 * number
        )
        assert (width, planes, bits, offset) == (height, 1, 32, end)
        assert (data[offset : offset + 4] == b"\x89PNG") == (width == 0)
        end = offset + length
    assert end == len(data)


def test_the_icon_of_macos_holds_every_size_at_both_scales(icons: dict[str, bytes]) -> None:
    pictures = icns_pictures(icons["desktop-chat.icns"])
    sizes = {
        "ic11": 32,
        "ic12": 64,
        "ic07": 128,
        "ic13": 256,
        "ic08": 256,
        "ic14": 512,
        "ic09": 512,
        "ic10": 1024,
    }
    assert pictures.keys() == {"ic04", "ic05", *sizes}
    for kind, size in sizes.items():
        assert png(pictures[kind]) == drawn(icons, size), kind


@pytest.mark.parametrize(("kind", "size"), [("ic04", 16), ("ic05", 32)])
def test_the_smallest_of_macos_are_packed_channels(icons: dict[str, bytes], kind: str, size: int) -> None:
    picture = icns_pictures(icons["desktop-chat.icns"])[kind]
    assert picture[:4] == b"ARGB"
    channels = unpacked(picture[4:])
    area = size * size
    assert len(channels) == 4 * area
    image = drawn(icons, size)
    for place in range(area):
        color = image.pixelColor(place % size, place // size)
        expected = (color.alpha(), color.red(), color.green(), color.blue())
        assert tuple(channels[place + channel * area] for channel in range(4)) == expected


def test_the_installer_has_a_picture_with_the_icon(icons: dict[str, bytes]) -> None:
    image = QImage.fromData(icons["desktop-chat-sidebar.bmp"], "bmp")
    assert (image.width(), image.height()) == (2 * 164, 2 * 314)
    colors = {image.pixelColor(image.width() // 2, y).name() for y in range(image.height())}
    assert BLUE.name() in colors
    assert image.pixelColor(0, 0) == image.pixelColor(327, 627) != BLUE


def test_without_a_folder_it_says_how_to_call_it() -> None:
    answer = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert "python packaging/icons.py FOLDER" in answer.stderr
