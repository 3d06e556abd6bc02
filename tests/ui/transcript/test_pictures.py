"""What the transcript looks like, compared with what it looked like when somebody last agreed to it.

On the machine that drew the pictures (same Qt, same fonts) they are compared pixel by pixel. Everywhere, what
was drawn is compared by what it is made of: blocks, texts, indents, buttons, and colours of the theme.

``UPDATE_PICTURES=1 pytest tests/ui/transcript/test_pictures.py`` draws everything anew. Look at what changed.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, qVersion
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_chat.ui.style import Style
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript import Transcript
from tests.ui.transcript.conftest import Chat, explain
from tests.ui.transcript.scenes import SCENES, Scene

FOLDER = Path(__file__).parent / "pictures"
MADE_OF = FOLDER / "made_of.json"
MACHINE = FOLDER / "machine.json"
UPDATES = bool(os.environ.get("UPDATE_PICTURES"))
TEXT_FONT, CODE_FONT = "DejaVu Sans", "DejaVu Sans Mono"
SAMPLES = {"Latin": "Hamburgefonstiv 0123", "All": "السلام עברית 日本語 👍🏽"}

SHADES = 3
"""Bits of each colour channel that pictures leave out, so that they are small."""
MOST_DIFFERENT = {0: 0.01, 1 << SHADES: 0.0002}
"""The share of the bytes of a picture that may differ by more than so many levels of 255.

The first is less than a pale ground, the second less than a syllable or a thin bar; antialiasing on another
processor may differ by one shade here and there.
"""
FEWEST, MANY = 10, 100
"""Pixels of a colour that are too few to count, and that must not be gone: between them the font decides."""

Draw = Callable[[Scene, str], tuple[QImage, dict[str, Any]]]


def machine(scene: Scene) -> dict[str, str]:
    """What decides how text is drawn here."""
    found = {"Qt": qVersion()}
    for family in (TEXT_FONT, CODE_FONT):
        for name in {"Latin", scene.language}:
            font = QFont(family)
            font.setPixelSize(100)
            metrics = QFontMetricsF(font)
            width = metrics.horizontalAdvance(SAMPLES[name])
            found[f"{family}, {name}"] = f"{width:.1f} × {metrics.height():.1f}"
    return found


@pytest.fixture
def draw(qapp: QApplication, qtbot: QtBot) -> Iterator[Draw]:
    styles: list[Style] = []

    def drawn(scene: Scene, mode: str) -> tuple[QImage, dict[str, Any]]:
        theme = Theme(mode, scene.zoom)
        theme.set_fonts(TEXT_FONT, CODE_FONT, theme.text_size)
        styles.append(Style(qapp, theme))
        view = Transcript(theme, explain)
        qtbot.addWidget(view)
        view.resize(scene.width, scene.height)
        view.show()
        qtbot.waitExposed(view)
        chat = Chat(view, qtbot)
        versions = list(scene.versions)
        chat.show(*scene.messages, versions=lambda one: versions if one in versions else [one])
        view.scroll_to_start()
        if scene.then is not None:
            scene.then(chat)
        chat.settle()
        qtbot.waitUntil(lambda: view.is_settled)
        # Where a scene clicked, the pointer stays, or not: that depends on the windows of tests before.
        QApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.Leave))
        image = view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        return image, made_of(view, image)

    yield drawn
    for style in styles:
        style.deleteLater()
    qapp.setStyleSheet("")


def made_of(view: Transcript, image: QImage) -> dict[str, Any]:
    """What a picture is made of, as far as no font decides it."""
    rows = []
    for index, _y in view.rows.visible:
        row = view.rows.row(index)
        blocks = [
            f"{block.leaf.kind.value} +{x + block.left} {block.leaf.marker} {block.plain[:40]!r}"
            for _part, flow, x, _top in row.flows()
            for block in flow.blocks[:12]
        ]
        buttons = [button.label or button.action.name for button in row.buttons()]
        rows.append({"blocks": blocks, "buttons": buttons, "notice": row.notice_text})
    return {"rows": rows, "colors": colors(view.theme, image)}


def colors(theme: Theme, image: QImage) -> dict[str, int]:
    """How many pixels of a picture have each colour of the theme; what looks the same counts once."""
    wide = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = bytes(wide.constBits()[: wide.sizeInBytes()])
    names: dict[str, str] = {}
    for field in fields(theme.colors):
        names.setdefault(getattr(theme.colors, field.name).name(), field.name)
    found = {
        name: pixels.count(bytes.fromhex(color[5:7] + color[3:5] + color[1:3]) + b"\xff")
        for color, name in names.items()
    }
    return {name: count for name, count in found.items() if count}


def changed_colors(before: dict[str, int], now: dict[str, int]) -> set[str]:
    """The colours that came or went."""
    return {
        name
        for name in before.keys() | now.keys()
        for one, other in ((before.get(name, 0), now.get(name, 0)), (now.get(name, 0), before.get(name, 0)))
        if one >= MANY and other < FEWEST
    }


def few_shades(image: QImage) -> QImage:
    """A picture without the last bits of its colours; with a palette where that is enough for it."""
    half = 1 << SHADES >> 1
    levels = bytes((value >> SHADES << SHADES) + half for value in range(256))
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    data = bytes(rgb.constBits()[: rgb.sizeInBytes()]).translate(levels)
    format_ = QImage.Format.Format_RGB888
    merged = QImage(data, image.width(), image.height(), rgb.bytesPerLine(), format_).copy()
    wide = merged.convertToFormat(QImage.Format.Format_RGB32)
    few = len(set(memoryview(wide.constBits()[: wide.sizeInBytes()]).cast("I"))) <= 256
    return merged.convertToFormat(QImage.Format.Format_Indexed8) if few else merged


def differences(one: QImage, other: QImage) -> dict[int, float]:
    """The share of bytes that differ by more than each number of levels; 1 where the sizes differ."""
    if one.size() != other.size():
        return dict.fromkeys(MOST_DIFFERENT, 1.0)
    image = few_shades(one).convertToFormat(QImage.Format.Format_RGB888)
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Difference)
    painter.drawImage(0, 0, few_shades(other).convertToFormat(QImage.Format.Format_RGB888))
    painter.end()
    # Four bytes a pixel: lines of three end in bytes that belong to none.
    wide = image.convertToFormat(QImage.Format.Format_RGB32)
    data = bytes(wide.constBits()[: wide.sizeInBytes()])
    opaque = len(data) // 4
    return {
        most: (data.translate(bytes(value > most for value in range(256))).count(1) - opaque) / (3 * opaque)
        for most in MOST_DIFFERENT
    }


def is_another(one: QImage, other: QImage) -> bool:
    return any(share > MOST_DIFFERENT[most] for most, share in differences(one, other).items())


def known(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def keep(file: Path, key: str, value: object) -> None:
    entries = {**known(file), key: value}
    file.write_text(json.dumps(entries, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_looks_as_agreed(scene: Scene, mode: str, draw: Draw, tmp_path: Path) -> None:
    name = f"{scene.name.replace(' ', '-')}-{mode}"
    image, parts = draw(scene, mode)
    picture = FOLDER / f"{name}.png"
    if UPDATES:
        keep(MADE_OF, name, parts)
        keep(MACHINE, scene.language, machine(scene))
        assert few_shades(image).save(str(picture), "PNG", 0)
        return
    agreed_parts = known(MADE_OF)[name]
    assert parts["rows"] == agreed_parts["rows"]
    assert changed_colors(agreed_parts["colors"], parts["colors"]) == set()
    if machine(scene) != known(MACHINE)[scene.language]:
        pytest.skip(
            "the pictures were drawn with another Qt or other fonts; what they are made of was compared"
        )
    agreed = QImage(str(picture))
    if is_another(image, agreed):
        image.save(str(tmp_path / picture.name))
        pytest.fail(f"{picture} is another now, {differences(image, agreed)}: {tmp_path / picture.name}")


def test_what_was_agreed_belongs_to_a_scene() -> None:
    names = {f"{scene.name.replace(' ', '-')}-{mode}" for scene in SCENES for mode in ("light", "dark")}
    assert {file.stem for file in FOLDER.glob("*.png")} == names == set(known(MADE_OF))


def _without_bar(painter: QPainter, theme: Theme) -> None:
    painter.fillRect(50, 150, 10, 100, theme.colors.window)


def _other_ground(painter: QPainter, theme: Theme) -> None:
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Darken)
    painter.fillRect(200, 300, 120, 40, theme.colors.user)


def _clipped_word(painter: QPainter, theme: Theme) -> None:
    painter.fillRect(70, 164, 70, 12, theme.colors.window)


@pytest.mark.parametrize("spoil", [_without_bar, _other_ground, _clipped_word])
def test_what_breaks_is_noticed(draw: Draw, spoil: Callable[[QPainter, Theme], None]) -> None:
    scene = next(scene for scene in SCENES if scene.name == "lists and quotes")
    image, _parts = draw(scene, "light")
    broken = image.copy()
    painter = QPainter(broken)
    spoil(painter, Theme("light"))
    painter.end()
    assert not is_another(image, image.copy())
    assert is_another(image, broken)
