"""Formulas: ziamath, from TeX to outlines.

What comes out is numbers and checked names of colours, not SVG: the window has nothing to parse that could
refer to something outside. Lengths are in :data:`EM` parts of the size of the text, y counts down from the
baseline.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from ziamath.config import config
from ziamath.tex import tex2mml
from ziamath.zmath import Math

EM = 100
MAX_TEX = 4000
"""Characters of the longest formula that is drawn."""
MAX_SIDE = 300 * EM
"""The largest width or height."""
MAX_NUMBERS = 200_000

Shape = tuple[str, float, list[str | float]]
"""Colour, ``""`` for that of the text; the width of the line, 0 where the outline is filled; the outline."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|[a-zA-Z]{3,20}")
_ARITY = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}

config.svg2 = False
config.precision = 1


def draw(tex: str, display: bool) -> dict[str, Any]:
    """The drawing of a formula: ``width``, ``ascent``, ``depth`` and ``shapes``.

    ``display`` is the style of a formula that stands alone. Raises various exceptions where ``tex`` is none,
    or too large.
    """
    if len(tex) > MAX_TEX:
        raise ValueError("too long")
    formula = Math(_spaced(tex2mml(_adapted(tex, display), inline=not display)), size=EM, margin=0)
    if any(character > "~" and not formula.font.glyphindex(character) for character in tex):
        raise ValueError("has characters that its font lacks")
    box = formula.node.bbox
    width, ascent, depth = box.xmax - box.xmin, box.ymax, -box.ymin
    if not (0 < width <= MAX_SIDE and 0 < ascent + depth <= MAX_SIDE and abs(depth) <= MAX_SIDE):
        raise ValueError(f"of impossible size: {width} x {ascent} + {depth}")
    shapes = [shape for element in formula.svgxml() for shape in _shapes(element, -box.xmin)]
    if sum(len(outline) for _colour, _line, outline in shapes) > MAX_NUMBERS:
        raise ValueError("too large")
    return {"width": width, "ascent": ascent, "depth": depth, "shapes": shapes}


def _adapted(tex: str, display: bool) -> str:
    """``tex`` without what ziamath 0.13 stumbles over."""
    for pattern, replacement in _STUMBLES:
        tex = pattern.sub(replacement, tex)
    # It cuts the arguments of this one at the first brace.
    return re.sub(r"\\binom(?![A-Za-z])", r"\\dbinom" if display else r"\\tbinom", tex)


def _spaced(mathml: str) -> str:
    """MathML with rows and columns as far apart as TeX has them; in pt they would not grow with the text."""
    mathml = mathml.replace('rowspacing="3pt"', 'rowspacing="0.4em"')
    return mathml.replace("<mtable>", '<mtable rowspacing="0.5em" columnspacing="0.8em">')


def _literal(found: re.Match[str]) -> str:
    text = found[2].replace(r"\&", "&").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{found[1]}{text}}}"


_STUMBLES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    # Text goes into its MathML as it is.
    (re.compile(r"(\\(?:text|mbox|textbf|textit|textrm)\s*\{)([^{}]*)\}"), _literal),
    # Numbers of equations are not drawn, and break what is aligned.
    (re.compile(r"\\tag\*?\s*\{([^{}]*)\}"), r"\\qquad (\1)"),
    (re.compile(r"\\(?:label\s*\{[^{}]*\}|nonumber(?![A-Za-z])|notag(?![A-Za-z]))"), ""),
    # A matrix cannot have an exponent, a group can.
    (re.compile(r"(\\begin\{(\w*matrix)\}.*?\\end\{\2\})(?=\s*[\^_])", re.DOTALL), r"{\1}"),
]


def _shapes(element: Element, shift: float) -> Iterator[Shape]:
    if element.tag == "g":
        for child in element:
            yield from _shapes(child, shift)
        return
    outline = _outline(element, shift)
    if not outline:
        return
    line = float(element.get("stroke-width", "0"))
    stroke, fill = element.get("stroke", ""), element.get("fill", "")
    if fill != "none" and not (line and element.tag == "path"):
        yield _colour(fill), 0.0, outline
    if line and stroke != "none":
        yield _colour(stroke), line, outline


def _colour(name: str) -> str:
    return name if name != "black" and _COLOUR.fullmatch(name) else ""


def _outline(element: Element, shift: float) -> list[str | float]:
    if element.tag == "path":
        return _path(element.get("d", ""), shift)
    if element.tag == "rect":
        x, y, width, height = (_number(element.get(name, "0")) for name in ("x", "y", "width", "height"))
        x += shift
        return ["M", x, y, "L", x + width, y, "L", x + width, y + height, "L", x, y + height, "Z"]
    if element.tag == "ellipse":
        x, y, rx, ry = (_number(element.get(name, "0")) for name in ("cx", "cy", "rx", "ry"))
        return ["E", x + shift, y, rx, ry]
    return []


def _path(d: str, shift: float) -> list[str | float]:
    outline: list[str | float] = []
    words = iter(d.split())
    for command in words:
        outline.append(command)
        for place in range(_ARITY[command]):
            outline.append(_number(next(words)) + (shift if place % 2 == 0 else 0.0))
    return outline


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or abs(number) > 2 * MAX_SIDE:
        raise ValueError("a place outside")
    return round(number, 1)
