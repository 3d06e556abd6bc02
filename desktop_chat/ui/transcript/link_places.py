"""The links of a message, with their places in its text."""

from collections.abc import Iterator
from typing import NamedTuple

from desktop_chat.ui.transcript.flow import Flow
from desktop_chat.ui.transcript.leaves import Inline, Leaf, cut, units


class Link(NamedTuple):
    """A link from ``start`` to ``end``, in positions of the block ``block``; ``text`` is what it says."""

    block: int
    start: int
    end: int
    url: str
    text: str


def inlines(leaf: Leaf) -> Iterator[tuple[int, Inline]]:
    """Every run of text of a leaf, with its position in the text of the block."""
    if not leaf.rows:
        yield 0, leaf.inline
    position = 0
    for row in leaf.rows:
        for cell in row:
            yield position, cell
            position += units(cell.text) + 1


def links(flow: Flow) -> list[Link]:
    """All links of a flow, in reading order."""
    return [link for index in range(len(flow.blocks)) for link in links_of_block(flow, index)]


def addresses(flow: Flow) -> list[str]:
    """Where the links of a flow lead, in reading order, each once."""
    found = (inline.links for block in flow.blocks for _position, inline in inlines(block.leaf))
    return list(dict.fromkeys(url for links in found for _start, _end, url in links))


def links_of_block(flow: Flow, index: int) -> Iterator[Link]:
    for position, inline in inlines(flow.blocks[index].leaf):
        for start, end, url in inline.links:
            yield Link(index, position + start, position + end, url, cut(inline.text, start, end))


def link_at(flow: Flow | None, block: int, position: int) -> Link | None:
    """The link that a position is in or at an edge of."""
    if flow is None or not 0 <= block < len(flow.blocks):
        return None
    found = [link for link in links_of_block(flow, block) if link.start <= position <= link.end]
    return found[-1] if found else None
