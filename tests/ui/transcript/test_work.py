"""No text makes the parser read much at once, or the same again and again: counted, not timed."""

import pytest

from desktop_chat.ui.transcript import stream as module
from desktop_chat.ui.transcript.leaves import LINE, PROSE_CHARACTERS, weight
from desktop_chat.ui.transcript.stream import MAX_OPEN, PIECE, MarkdownStream, piece_end, pieces
from tests.ui.transcript.hostile import TEXTS

SIZE = 50_000
SLACK = PROSE_CHARACTERS + 2 * LINE
"""A table's head, or what holds a list item open, stands before the text that is read."""


@pytest.mark.parametrize("name", TEXTS)
def test_the_work_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    parse = module.parse

    def counting(text: str, *arguments: object, **options: object) -> object:
        read.append(weight(text))
        return parse(text, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "parse", counting)
    text = TEXTS[name](SIZE)
    stream, steps = MarkdownStream(), 0
    for piece in pieces(text):
        before = len(read)
        stream.feed(piece)
        assert len(read) - before <= 8
        steps += 1
    stream.finish()
    assert max(read, default=0) <= MAX_OPEN + SLACK
    assert sum(read) <= 4 * (weight(text.replace("\r", "\n")) + steps * PIECE) + MAX_OPEN
    assert stream.open_length <= MAX_OPEN


@pytest.mark.parametrize("name", TEXTS)
def test_pieces_are_the_text(name: str) -> None:
    text = TEXTS[name](20_000)
    found = list(pieces(text))
    assert "".join(found) == text
    assert found[0] == text[: piece_end(text)]
    assert all(weight(piece) <= PIECE + LINE for piece in found)
