"""A part of a chat to be copied, as leaves: independent of what the view shows later."""

from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from desktop_chat.domain.message import Message, Role
from desktop_chat.ui.transcript.arrangement import Arrangement
from desktop_chat.ui.transcript.citations import noted_leaves
from desktop_chat.ui.transcript.find import parsed
from desktop_chat.ui.transcript.leaves import (
    LINE_BREAK,
    Kind,
    Leaf,
    cut,
    prefix,
    separator,
    units,
)
from desktop_chat.ui.transcript.leaves import plain as text_of

END = 1 << 40
"""As a block or a position: behind the last one."""
MAX_PARSED = 8 * 1024 * 1024
"""Characters that are parsed to copy them; past that the source is copied."""
Place = tuple[int, int, int, int]
"""Row, part, block and position; places compare in reading order."""


class Slice(NamedTuple):
    """A leaf with the positions that are taken of it; ``end`` may lie behind its text."""

    leaf: Leaf
    start: int = 0
    end: int = END

    @property
    def text(self) -> str:
        """The text that is taken, as it is shown."""
        text = text_of(self.leaf)
        if self.leaf.kind is Kind.TABLE:
            text = text.replace(LINE_BREAK, " ")
        return cut(text, self.start, self.end) if self.start or self.end < END else text

    @property
    def is_whole(self) -> bool:
        return self.start == 0 and self.end >= units(text_of(self.leaf))


class Chunk(NamedTuple):
    """What is taken of one text of a message. ``source`` is what was written, where all of it is taken.

    ``is_literal`` where that is shown as it was written.
    """

    slices: Sequence[Slice]
    source: str | None
    is_literal: bool

    @property
    def plain(self) -> str:
        """The text as it is shown, without markup."""
        return "".join(self.pieces())

    def pieces(self) -> Iterator[str]:
        """The same, block by block."""
        before: Leaf | None = None
        for item in self.slices:
            text = item.text
            between = separator(before, item.leaf) if before is not None else ""
            begins = item.start == 0 and (item.end > 0 or not text)
            yield between + (prefix(item.leaf) if begins else "") + text
            before = item.leaf


class Excerpt:
    """What is between two places of some messages; taken at once, parsed when it is asked for.

    ``leaves`` are those of the texts, by row and part, that were parsed already; ``unfolded`` are the rows
    whose reasoning is shown, ``as_markdown`` those of the user's that are not shown as they were written.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        start: Place = (0, 0, 0, 0),
        end: Place = (END, 0, 0, 0),
        leaves: dict[tuple[int, int], list[Leaf]] | None = None,
        unfolded: Set[int] = frozenset(),
        as_markdown: Set[int] = frozenset(),
    ) -> None:
        self._messages, self._start, self._end = messages, start, end
        self._leaves, self._unfolded, self._as_markdown = leaves or {}, unfolded, as_markdown

    @property
    def is_one(self) -> bool:
        """Whether all of it is from one block."""
        return self._start[:3] == self._end[:3]

    def chunks(self, most: int = MAX_PARSED) -> Iterator[Chunk | None]:
        """The texts in order; None after a step of work, where something else may be done.

        Past ``most`` characters that had to be parsed the rest is taken literally.
        """
        start, end = self._start, self._end
        for row, message in enumerate(self._messages):
            for part in (0, 1) if row in self._unfolded else (1,):
                here = (row, part)
                if not start[:2] <= here <= end[:2]:
                    continue
                source = message.text if part else message.reasoning
                is_literal = part == 1 and message.role is Role.USER and row not in self._as_markdown
                leaves = self._leaves.get(here)
                if leaves is None:
                    most -= len(source)
                    for step in parsed(source, literal=is_literal or most < 0):
                        leaves = step
                        yield None
                    if leaves and part == 1 and most >= 0:
                        leaves = noted_leaves(message, leaves)
                if leaves:
                    first = start[2:] if here == start[:2] else (0, 0)
                    last = end[2:] if here == end[:2] else (END, END)
                    yield _chunk(leaves, first, last, source, is_literal=is_literal)

    def text(self, most: int = MAX_PARSED) -> str:
        """All of it as plain text; messages are separated by an empty line."""
        found = (chunk.plain for chunk in self.chunks(most) if chunk is not None)
        return "\n\n".join(text for text in found if text)


def excerpt(rows: Arrangement, start: Place, end: Place) -> Excerpt:
    """What is between two places of what ``rows`` show."""
    first = start[0]
    messages = rows.messages[first : end[0] + 1]
    leaves: dict[tuple[int, int], list[Leaf]] = {}
    for index in range(len(messages)):
        row = rows.built(first + index)
        for part in (0, 1) if row is not None else ():
            flow = row.flow(part) if row is not None else None
            if flow is not None and flow.is_complete:
                leaves[index, part] = [block.leaf for block in flow.blocks]
    unfolded = {index for index in range(len(messages)) if rows.is_unfolded(first + index)}
    as_markdown = {index for index in range(len(messages)) if not rows.is_literal(first + index)}
    return Excerpt(messages, (0, *start[1:]), (end[0] - first, *end[1:]), leaves, unfolded, as_markdown)


def _chunk(
    leaves: list[Leaf], first: tuple[int, int], last: tuple[int, int], source: str, *, is_literal: bool
) -> Chunk:
    slices = [
        Slice(leaf, first[1] if index == first[0] else 0, last[1] if index == last[0] else END)
        for index, leaf in enumerate(leaves[first[0] : last[0] + 1], first[0])
    ]
    ends = last[0] >= len(leaves) or (last[0] == len(leaves) - 1 and slices[-1].is_whole)
    return Chunk(slices, source if first <= (0, 0) and ends else None, is_literal)
