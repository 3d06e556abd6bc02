"""A paragraph laid out in bands of a few lines, so that one that grows is measured only where it changes.

Lines are broken one after the other: broken from the begin of any line on, they fall the same. So a band
whose text did not change, nor the line after it, stands as it is.
"""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtGui import QFont

from desktop_chat.ui.transcript.formats import Formats
from desktop_chat.ui.transcript.leaves import LINE_BREAK, Inline, clip, is_right_to_left, units
from desktop_chat.ui.transcript.text import Text, make_text

BAND_LINES = 6
SHORT = 300
"""Characters of a paragraph that is one band anyway."""


def lay_out_bands(
    inline: Inline, font: QFont, width: float, pitch: float, formats: Formats, known: Sequence[Text] = ()
) -> list[Text]:
    """The bands of a paragraph, one below the other; ``known`` are those of what it said before."""
    length = units(inline.text)
    if length <= SHORT:
        return [make_text(inline, font, width, pitch, formats)]
    bands = _unchanged(inline, known)
    start = bands[-1].offset + units(bands[-1].inline.text) if bands else 0
    most = 40 + round(1.3 * BAND_LINES * width / formats.character_width)
    mirrored = None if inline.text.isascii() else is_right_to_left(inline.text)
    while True:
        rest = clip(inline, start, start + most)
        band = make_text(
            rest, font, width, pitch, formats, mirrored=mirrored, lines=BAND_LINES, more=start + most < length
        )
        shown = units(band.inline.text)
        band.offset = start
        bands.append(band)
        start += shown
        if start >= length and not (inline.text.endswith(LINE_BREAK) and shown and band.is_full):
            return bands


def _unchanged(inline: Inline, known: Sequence[Text]) -> list[Text]:
    kept: list[Text] = []
    for band, after in pairwise(known):
        end = band.offset + units(band.inline.text)
        # Where a line ends depends on the word after it.
        line = min(units(after.inline.text), after.to_text(after.layout.lineAt(0).textLength()))
        same = clip(inline, band.offset, end) == band.inline
        same = same and clip(inline, end, end + line) == clip(after.inline, 0, line)
        open_line = after is known[-1] and after.layout.lineCount() < 2
        if not same or open_line or band.is_pending:
            break
        kept.append(band)
    return kept
