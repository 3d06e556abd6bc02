"""The examples of the specifications: the same however they arrive, with the text that they should have."""

import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from desktop_chat.ui.transcript.leaves import Leaf
from desktop_chat.ui.transcript.markdown import parse
from desktop_chat.ui.transcript.stream import MarkdownStream

DATA = Path(__file__).parents[2] / "data"
EXAMPLES = [
    pytest.param(example["markdown"], example["html"], id=f"{name}-{example['section']}-{example['example']}")
    for name in ("commonmark", "gfm")
    for example in json.loads((DATA / f"{name}.json").read_text("utf-8"))
]

OTHERWISE = re.compile(r"<[A-Za-z/!?]|!\[")
"""What is shown otherwise than it says there: HTML as it stands, an image by its text and its host."""


def whole(text: str) -> list[Leaf]:
    return parse(text.replace("\0", "\ufffd"), {"references": {}})[0]


def streamed(text: str, sizes: list[int]) -> list[Leaf]:
    stream, at = MarkdownStream(), 0
    for size in sizes:
        stream.feed(text[at : at + size])
        at += size
    stream.finish()
    if stream.outdated:
        stream = stream.again()
        stream.feed(text)
        stream.finish()
    return stream.leaves


@pytest.mark.parametrize(("text", "_html"), EXAMPLES)
def test_an_example_is_the_same_however_it_arrives(text: str, _html: str) -> None:
    expected = whole(text)
    assert streamed(text, [1] * len(text)) == expected
    for at in range(1, len(text), 1 + len(text) // 12):
        assert streamed(text, [at, len(text)]) == expected
    cuts = random.Random(text)
    for _ in range(5):
        assert streamed(text, [cuts.randint(1, 9) for _ in text]) == expected


class _Text(HTMLParser):
    """The text of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


def shown(leaves: list[Leaf]) -> str:
    texts = [text for leaf in leaves for text in (leaf.inline, *(cell for row in leaf.rows for cell in row))]
    return "".join("".join(text.text for text in texts).split())


@pytest.mark.parametrize(("text", "html"), EXAMPLES)
def test_an_example_says_what_it_should(text: str, html: str) -> None:
    if "<---" in text:
        pytest.skip("no reader of HTML agrees on what its text is")
    said = text_of(html)
    if OTHERWISE.search(text):
        leaves = whole(text)
        there = shown(leaves) + " ".join(leaf.info for leaf in leaves)
        assert all(word in there for word in re.findall(r"[^\W_]+", said))
    else:
        assert shown(whole(text)) == "".join(said.split())
