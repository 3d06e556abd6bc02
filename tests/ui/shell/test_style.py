import re

import pytest
from PySide6.QtGui import QColor, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QPushButton

from desktop_chat.ui.icons import FOLDER, app_icon, icon, pixmap
from desktop_chat.ui.style import focused_fill, mixed, palette, style_sheet
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.transcript.formats import Formats

CODE = FOLDER.parent.parent / "desktop_chat" / "ui"


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.2's contrast ratio."""

    def luminance(color: QColor) -> float:
        parts = (color.redF(), color.greenF(), color.blueF())
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_contrast(qapp: QApplication, mode: str) -> None:
    theme = Theme(mode)
    c = theme.colors
    for ground in (c.window, c.side, c.raised, c.hover, c.accent_soft):
        assert contrast(c.text, ground) >= 4.5
    for text in (c.dim, c.faint):
        for ground in (c.window, c.side, c.raised):
            assert contrast(text, ground) >= 4.5
    assert contrast(c.on_accent, c.accent) >= 4.5
    assert contrast(c.on_accent, mixed(c.accent, c.text, 0.88)) >= 4.5
    for ground in (c.window, c.side, c.raised, c.accent_soft, c.hover, c.user, c.code):
        assert contrast(c.accent, ground) >= 4.5, "links, and labels that are on or below the pointer"
    assert contrast(c.dim, c.hover) >= 4.5, "code in quotes"
    for ground in (c.hit, c.hit_current):
        assert contrast(Formats(theme).ink.foreground().color(), ground) >= 4.5
    assert contrast(c.text, focused_fill(theme)) >= 3, "the focus ring of a primary button"
    assert contrast(c.on_accent, focused_fill(theme)) >= 4.5
    assert contrast(mixed(c.faint, c.window, 0.75), c.window) >= 3, "scroll bars"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_palette_leaves_no_colour_to_the_platform(qapp: QApplication, mode: str) -> None:
    theme = Theme(mode)
    made = palette(theme)
    for role in (QPalette.ColorRole.Window, QPalette.ColorRole.Base, QPalette.ColorRole.Text):
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
            assert made.isBrushSet(group, role)
    assert made.color(QPalette.ColorRole.Window) == theme.colors.window


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_images_of_the_style_sheet_have_the_colours_of_the_theme(qapp: QApplication, mode: str) -> None:
    theme = Theme(mode)
    c = theme.colors
    used = re.findall(r'url\("([^"]+)"\)', style_sheet(theme))
    assert used
    expected = {"check": c.on_accent, "down": c.dim, "up": c.dim, "tick": c.text}
    for path in used:
        name = path.rsplit("/", 1)[-1].removesuffix(".svg")
        assert expected[name].name() in (FOLDER / mode / f"{name}.svg").read_text("utf-8")


def test_switching_the_theme_and_the_zoom_changes_what_is_on_screen(qapp: QApplication, theme: Theme) -> None:
    button = QPushButton("A button")
    before = button.grab().toImage()
    theme.set_mode("dark")
    dark = button.grab().toImage()
    assert dark.pixelColor(20, 4) != before.pixelColor(20, 4)
    theme.set_zoom(150)
    assert button.sizeHint().height() > before.height() * 1.4
    assert qapp.font().pixelSize() == 21


def test_controls_are_big_enough_to_hit(theme: Theme) -> None:
    for name, size in (("", 34), ("pill", 30), ("flat", 28)):
        button = QPushButton("A button")
        if name:
            button.setProperty(name, True)
        button.ensurePolished()
        assert button.sizeHint().height() == size


def test_every_icon_that_is_named_exists_and_none_lies_about(qapp: QApplication) -> None:
    there = {path.stem for path in FOLDER.glob("*.svg")} - {"desktop-chat", "desktop-chat-small"}
    source = "\n".join(path.read_text("utf-8") for path in CODE.rglob("*.py"))
    named = {name for name in there if re.search(rf'"{re.escape(name)}"', source)}
    assert there - named == set(), "icons that nothing uses"


def test_icons_are_tinted(qapp: QApplication) -> None:
    red = pixmap("stop", QColor("#ff0000"), 16, 2.0)
    assert (red.width(), red.deviceIndependentSize().width()) == (32, 16)
    assert red.toImage().pixelColor(16, 16).name() == "#ff0000"
    assert not icon("check", QColor("#123456")).isNull()
    assert not app_icon().isNull()
    assert app_icon().pixmap(16, 16).toImage().pixelColor(8, 6).name() == "#2f6feb", "drawn on the grid"
    with pytest.raises(OSError, match="nothing"):
        pixmap("nothing", QColor("#000000"), 16)


def test_fonts_are_the_users_and_a_missing_one_falls_back(qapp: QApplication, theme: Theme) -> None:
    system, code = theme.font().family(), theme.code_font().family()
    family = next(name for name in QFontDatabase.families() if name not in (system, code))
    theme.set_fonts(family, family, 20)
    assert theme.font().family() == theme.code_font().family() == family
    assert qapp.font().family() == family
    formats = Formats(theme)
    assert formats.text_font.pixelSize() == 20
    assert formats.code_font.pixelSize() == 18
    assert formats.px(14) == 20
    theme.set_fonts("A font that is gone", "Another one", 14)
    assert (theme.font().family(), theme.code_font().family()) == (system, code)
    theme.set_fonts("", "", 14)
    assert theme.font().family() == system
