"""Formulas: drawn by the helper process, kept here, and put into the text in place of their source.

A layout of text knows characters only. So it is given one no-break space for each formula, as wide as the
formula, over which that is painted; what is selected, copied, searched and read aloud is the source.
"""

import functools
import math
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from enum import Enum, auto
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QTextCharFormat

from desktop_chat import worker
from desktop_chat.ui.transcript.leaves import Inline, Mark, cut, units

SECONDS = 2.0
"""Processor time that the helper has for one formula; the first one has the import of the library in it."""
MAX_FORMULAS = 1000
"""Formulas that are kept; the ones not seen for longest go first."""
UNIT = 0.01
"""The helper's unit of length, in the size of the text."""
SPACER = "\u00a0"
X_HEIGHT = 0.473
"""That of the font of formulas, in its size. They are scaled so that it is that of the text around."""
SMALLEST = 0.6
"""How far a formula that is wider than its room is made smaller."""


class Missing(Enum):
    """Why there is no drawing."""

    PENDING = auto()
    FAILED = auto()


class Shape(NamedTuple):
    """An outline: filled where ``line`` is 0, else drawn so wide; ``color`` None is that of the text."""

    color: QColor | None
    line: float
    path: QPainterPath


class Formula(NamedTuple):
    """A drawing; lengths in the size of the text. Its places are relative to the left end of the baseline."""

    width: float
    ascent: float
    depth: float
    shapes: tuple[Shape, ...] = ()

    def paint(self, painter: QPainter, origin: QPointF, size: float, color: QColor) -> None:
        """Draw it with its baseline at ``origin`` for text of ``size`` pixels."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(origin)
        painter.scale(size * UNIT, size * UNIT)
        for own, line, path in self.shapes:
            if line:
                painter.strokePath(path, QPen(own or color, line))
            else:
                painter.fillPath(path, own or color)
        painter.restore()


class Formulas(QObject):
    """Drawings by source. ``ready`` is emitted, on the GUI thread, when one came or turned out impossible."""

    ready = Signal()
    _answered = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._known: OrderedDict[tuple[str, bool], Formula | Missing] = OrderedDict()
        self._answered.connect(self._take)

    def get(self, tex: str, display: bool = False) -> Formula | Missing:
        """The drawing of ``tex``, asked for if need be; ``display`` is the style of one that stands alone."""
        key = tex, display
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        while len(self._known) >= MAX_FORMULAS:
            self._known.popitem(last=False)
        self._known[key] = Missing.PENDING
        future = worker.shared().submit("formula", SECONDS, tex=tex, display=display)
        future.add_done_callback(lambda done: self._pass_on(key, done))
        return Missing.PENDING

    def _pass_on(self, key: tuple[str, bool], done: "Future[Any]") -> None:
        try:
            self._answered.emit(key, done)
        except RuntimeError:
            return  # the program ends

    def _take(self, key: tuple[str, bool], done: "Future[Any]") -> None:
        try:
            self._known[key] = _formula(done.result())
        except (worker.WorkerError, CancelledError, ValueError, TypeError, KeyError):
            self._known[key] = Missing.FAILED
        self.ready.emit()


@functools.cache
def shared() -> Formulas:
    """The formulas of this program. To be called on the GUI thread."""
    return Formulas()


def _formula(drawing: dict[str, Any]) -> Formula:
    shapes: list[Shape] = []
    for name, line, outline in drawing["shapes"]:
        color = QColor(name) if name and QColor.isValidColorName(name) else None
        if not line and shapes and shapes[-1][:2] == (color, 0.0):
            # The letters of one colour are painted at once.
            shapes[-1].path.addPath(_path(outline))
        else:
            shapes.append(Shape(color, float(line), _path(outline)))
    width, ascent, depth = (float(drawing[key]) * UNIT for key in ("width", "ascent", "depth"))
    if not all(math.isfinite(value) for value in (width, ascent, depth)):
        raise ValueError("of no size")
    return Formula(width, ascent, depth, tuple(shapes))


def _path(outline: Sequence[Any]) -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    draw: dict[str, tuple[int, Callable[..., None]]] = {
        "M": (2, path.moveTo),
        "L": (2, path.lineTo),
        "Q": (4, path.quadTo),
        "C": (6, path.cubicTo),
        "E": (4, lambda x, y, rx, ry: path.addEllipse(QPointF(x, y), rx, ry)),
        "Z": (0, path.closeSubpath),
    }
    position = 0
    while position < len(outline):
        count, add = draw[outline[position]]
        add(*outline[position + 1 : position + 1 + count])
        position += 1 + count
    return path


class Place(NamedTuple):
    """A formula in a text: ``start`` to ``end`` in the text as it is, ``at`` in the layout."""

    start: int
    end: int
    at: int
    formula: Formula
    is_pending: bool
    scale: float


class Shown(NamedTuple):
    """A text as its layout gets it: one character for each formula that is drawn."""

    text: str
    marks: tuple[tuple[int, int, int], ...]
    """In positions of the layout."""
    places: tuple[Place, ...]
    size: float
    """Pixels of the size of the formulas."""
    spacers: tuple[tuple[int, int, QTextCharFormat], ...]

    @property
    def is_pending(self) -> bool:
        return any(place.is_pending for place in self.places)

    def to_layout(self, position: int, *, up: bool = False) -> int:
        """Where a position of the text is in the layout; within a formula its begin, or ``up`` its end."""
        index = bisect_right(self.places, position, key=lambda place: place.start) - 1
        if index < 0:
            return position
        place = self.places[index]
        if position >= place.end:
            return place.at + 1 + position - place.end
        return place.at + (up and position > place.start)

    def to_text(self, position: int) -> int:
        """Where a position of the layout is in the text."""
        index = bisect_right(self.places, position, key=lambda place: place.at) - 1
        if index < 0:
            return position
        place = self.places[index]
        return place.start if position == place.at else place.end + position - place.at - 1


def shown(inline: Inline, font: QFont, room: float, *, display: bool = False) -> Shown | None:
    """``inline`` with its formulas drawn, in ``room`` pixels; None where it has none that can be.

    A formula that cannot be drawn stays as its source, marked as code.
    """
    metrics = QFontMetricsF(font)
    size = font.pixelSize() * min(1.3, max(1.0, metrics.xHeight() / font.pixelSize() / X_HEIGHT))
    space = metrics.horizontalAdvance(SPACER)
    pieces, places, spacers, position, at = [], [], [], 0, 0
    marks = list(inline.marks)
    for start, end, tex in inline.formulas:
        found = shared().get(tex, display)
        if found is Missing.FAILED:
            marks.append((start, end, int(Mark.CODE)))
            continue
        formula = _guess(tex, display) if isinstance(found, Missing) else found
        width = formula.width * size
        scale = max(SMALLEST, min(1.0, (room - 2) / width))
        before = cut(inline.text, position, start)
        pieces += [before, SPACER]
        at += units(before)
        spacer = QTextCharFormat()
        spacer.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
        spacer.setFontLetterSpacing(width * scale - space)
        spacers.append((at, at + 1, spacer))
        places.append(Place(start, end, at, formula, isinstance(found, Missing), scale))
        position, at = end, at + 1
    if not places and len(marks) == len(inline.marks):
        return None
    pieces.append(cut(inline.text, position, units(inline.text)))
    result = Shown("".join(pieces), (), tuple(places), size, tuple(spacers))
    moved = sorted(
        (result.to_layout(start), result.to_layout(end, up=True), bits) for start, end, bits in marks
    )
    return result._replace(marks=tuple(moved))


def _guess(tex: str, display: bool) -> Formula:
    """About what a formula will take."""
    width = 0.5 * sum(character.isalnum() or character in "+-=" for character in tex)
    if not display:
        return Formula(max(0.5, min(width, 12)), 0.7, 0.2)
    tall = 1 + tex.count("\\\\")
    return Formula(max(0.5, width), 0.9 * tall, 0.6 * tall)
