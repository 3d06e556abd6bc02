"""Colours, fonts and sizes of both themes.

The values are those of the design's style sheet; both themes were checked for 4.5:1 text contrast.
"""

from dataclasses import dataclass, fields

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication

from desktop_chat.domain.listing import COLORS
from desktop_chat.settings import Settings

SPACE = 4
RADIUS_CONTROL, RADIUS_CODE, RADIUS_BUBBLE, RADIUS_COMPOSER = 8, 10, 14, 16
TEXT_SIZE = 14
"""Of the text of a chat, in the design's pixels."""
LINE_HEIGHT = 1.55
COLUMN_WIDTH = 640
"""Width of the transcript column at 100 % zoom and the text size of the design, in logical pixels."""


@dataclass(frozen=True, slots=True)
class Colors:
    """The named colours of one theme."""

    window: QColor
    side: QColor
    raised: QColor
    line: QColor
    text: QColor
    dim: QColor
    faint: QColor
    accent: QColor
    accent_soft: QColor
    on_accent: QColor
    user: QColor
    code: QColor
    hover: QColor
    ok: QColor
    warn: QColor
    warn_soft: QColor
    error: QColor
    error_soft: QColor
    hit: QColor
    hit_current: QColor
    code_keyword: QColor
    code_string: QColor
    code_function: QColor
    code_comment: QColor
    code_number: QColor


def _colors(values: str) -> Colors:
    names = [field.name for field in fields(Colors)]
    return Colors(**{name: QColor(value) for name, value in zip(names, values.split(), strict=True)})


LIGHT = _colors("""
    #ffffff #f6f6f7 #ffffff #e4e4e7  #1b1b1f #6a6a75 #6f6f7a  #2461e0 #e8f0fe #ffffff
    #f1f3f7 #f7f7f9 #ececef  #1a7f4b #9a6700 #fff4d6 #c62f2f #fdeaea
    #ffefb8 #ffdf7a
    #8250df #0a7d55 #1f5fd0 #6f6f7a #0a7d55
""")
DARK = _colors("""
    #1a1b1f #141518 #232429 #2f3037  #ececf1 #a0a1ab #9495a0  #6ea1ff #223150 #0f1420
    #26282e #141518 #26272d  #5ec48f #e6b450 #3a3118 #ff7b72 #3d2020
    #453a16 #63501a
    #d2a8ff #7ee0b0 #8ab6ff #9495a0 #7ee0b0
""")


LIGHT_TAGS = ["#d43a3a", "#c05600", "#9a7a00", "#1f8a4c", "#0b8577", "#0a78b5", "#8a4fd8", "#6f6f7a"]
DARK_TAGS = ["#ff7b72", "#ff9e5e", "#e6c34d", "#5ec48f", "#4fd0bd", "#4fb8f0", "#c08cff", "#a0a1ab"]
"""What the colours of tags look like, at least 3:1 on all that a row can stand on."""


class Theme(QObject):
    """The theme in force: colours, fonts and zoom. ``changed`` is emitted after any of them changed."""

    changed = Signal()

    def __init__(self, mode: str = "system", zoom: int = 100, parent: QObject | None = None) -> None:
        """``mode`` is ``"system"``, ``"light"`` or ``"dark"``; ``zoom`` is in per cent."""
        super().__init__(parent)
        self._mode = mode
        self.zoom = zoom
        self.text_family = self.code_family = ""
        self.text_size = TEXT_SIZE
        self.paper = self.wrap_code = False
        self._system_font = QFont(QGuiApplication.font())
        self.dark = self._wants_dark()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def colors(self) -> Colors:
        return DARK if self.dark else LIGHT

    def tag_color(self, name: str) -> QColor:
        """What one of ``domain.listing.COLORS`` looks like; gray where it is none of them."""
        place = COLORS.index(name) if name in COLORS else -1
        return QColor((DARK_TAGS if self.dark else LIGHT_TAGS)[place])

    def px(self, size: float) -> int:
        """A length of the design in logical pixels, zoomed."""
        return round(size * self.zoom / 100)

    def font(self, size: float = 14, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """The font of texts at ``size`` of the design's pixels, zoomed."""
        font = self._family(self._system_font, self.text_family)
        font.setPixelSize(max(6, self.px(size)))
        font.setWeight(weight)
        return font

    def code_font(self, size: float = 12.5) -> QFont:
        """The font of code at ``size`` of the design's pixels, zoomed."""
        font = self._family(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont), self.code_family)
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPixelSize(max(6, self.px(size)))
        return font

    def on_paper(self) -> "Theme":
        """The same fonts in light colours, for a device where a pixel of the design is 1/96 inch."""
        made = Theme("light", 100)
        made.text_family, made.code_family = self.text_family, self.code_family
        made._system_font = self._system_font
        made.paper = True
        return made

    def take(self, settings: Settings) -> None:
        """Look as the settings say."""
        self.set_mode(settings.theme)
        self.set_zoom(settings.zoom)
        self.set_fonts(settings.text_font, settings.code_font, settings.text_size)
        self.set_wrap_code(settings.wrap_code)

    def set_fonts(self, text_family: str, code_family: str, text_size: int) -> None:
        """Families by name, ``""`` for the system's own; the size of a chat's text in the design's pixels."""
        if (text_family, code_family, text_size) != (self.text_family, self.code_family, self.text_size):
            self.text_family, self.code_family, self.text_size = text_family, code_family, text_size
            self.changed.emit()

    def set_mode(self, mode: str) -> None:
        self._mode = mode
        self._system_changed()

    def set_zoom(self, zoom: int) -> None:
        if zoom != self.zoom:
            self.zoom = zoom
            self.changed.emit()

    def _family(self, default: QFont, family: str) -> QFont:
        """``default`` with another family; one that is no longer installed changes nothing."""
        font = QFont(default)
        if family and QFontDatabase.hasFamily(family):
            font.setFamilies([family, *default.families()])
        if self.paper:
            # What fits the pixels of a screen gives uneven spaces on paper.
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def set_wrap_code(self, wraps: bool) -> None:
        """Whether long lines of code wrap where the reader did not choose; else they are scrolled."""
        if wraps != self.wrap_code:
            self.wrap_code = wraps
            self.changed.emit()

    def _wants_dark(self) -> bool:
        if self._mode == "system":
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._mode == "dark"

    def _system_changed(self) -> None:
        dark = self._wants_dark()
        if dark != self.dark:
            self.dark = dark
            self.changed.emit()
