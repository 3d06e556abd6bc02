"""The icons of the program: Lucide's SVGs, tinted in a colour of the theme."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop_chat import paths

FOLDER = paths.resources() / "icons"


def icon(name: str, color: QColor, size: int = 16) -> QIcon:
    """The icon ``name``, tinted, ``size`` logical pixels wide. Raises ``OSError`` for an unknown name."""
    made = QIcon()
    for ratio in sorted({1.0, 2.0, _screen_ratio()}):
        made.addPixmap(pixmap(name, color, size, ratio))
    faded = QColor(color)
    faded.setAlphaF(color.alphaF() * 0.45)
    made.addPixmap(pixmap(name, faded, size, _screen_ratio()), QIcon.Mode.Disabled)
    return made


def pixmap(name: str, color: QColor, size: int, dpr: float = 1.0) -> QPixmap:
    """The icon ``name`` in ``color`` as a square of ``size`` logical pixels on a screen of ratio ``dpr``."""
    return _pixmap(name, color.rgba(), size, dpr)


def app_icon() -> QIcon:
    """The program's own icon, for windows and task bars."""
    renderer = QSvgRenderer(str(FOLDER / "desktop-chat.svg"))
    on_grid = QSvgRenderer(str(FOLDER / "desktop-chat-small.svg"))
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(_drawn(on_grid if size in (16, 32) else renderer, size))
    return made


def _screen_ratio() -> float:
    return max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)


@lru_cache(maxsize=512)
def _pixmap(name: str, rgba: int, size: int, dpr: float) -> QPixmap:
    color = QColor.fromRgba(rgba)
    svg = _source(name).replace("currentColor", color.name())
    drawn = _drawn(QSvgRenderer(QByteArray(svg.encode())), round(size * dpr), color.alphaF())
    drawn.setDevicePixelRatio(dpr)
    return drawn


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text("utf-8")


def _drawn(renderer: QSvgRenderer, pixels: int, opacity: float = 1.0) -> QPixmap:
    drawn = QPixmap(QSize(pixels, pixels))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setOpacity(opacity)
    renderer.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return drawn
