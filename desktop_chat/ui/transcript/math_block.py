"""A formula that stands alone, in the middle of the column."""

from desktop_chat.ui.transcript.blocks import TextBlock
from desktop_chat.ui.transcript.highlight import Spans
from desktop_chat.ui.transcript.text import Text, make_text

SPACE = 4
"""The space above and below a formula, in the design's pixels."""


class MathBlock(TextBlock):
    """A display formula. One that is too wide is made smaller, and cut at the edge of the column."""

    def lay_out(self, width: int, colours: Spans | None = None) -> None:
        super(TextBlock, self).lay_out(width, colours)
        font, pitch = self._font()
        room = max(40, width - self.left)
        text = make_text(self.leaf.inline, font, room, pitch, self.formats, alignment="center", display=True)
        self.bands = [text]
        self.height = text.height + 2 * self.formats.px(SPACE)

    def texts(self) -> list[tuple[Text, float, float]]:
        return [(text, left, self.formats.px(SPACE)) for text, left, _top in super().texts()]
