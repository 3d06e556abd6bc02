"""Long work in small pieces: texts cut where tokens end anyway, and who is counted next."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence

LARGEST = 64 * 1024
"""Characters of a batch: 10 to 20 ms of counting. Nothing that short brings tiktoken to panic."""
_LEAST = 32
"""What a text counts for at least, in characters: a batch is a few thousand texts at most."""
_TRIES = 1000
"""Spaces that are looked at for a place to cut."""

Batch = list[tuple[int, str]]
"""Pieces of texts, each with the index of its text."""


def in_batches(texts: Sequence[str]) -> Iterator[Batch]:
    """All of ``texts`` in order, in batches of about :data:`LARGEST`."""
    batch: Batch = []
    size = 0
    for index, text in enumerate(texts):
        for piece in pieces(text):
            if batch and size + len(piece) > LARGEST:
                yield batch
                batch, size = [], 0
            batch.append((index, piece))
            size += max(len(piece), _LEAST)
    if batch:
        yield batch


def pieces(text: str) -> Iterator[str]:
    """``text`` in pieces of at most :data:`LARGEST`, which take as many tokens as it does.

    A text that has no two words with a space between them for that long is cut anyway, for which its tokens
    may be one more or less a cut.
    """
    start = 0
    while len(text) - start > LARGEST:
        end = _end_of_word(text, start, start + LARGEST)
        yield text[start:end]
        start = end
    yield text[start:]


def _end_of_word(text: str, start: int, end: int) -> int:
    """Where the last word before ``end`` ends: both encodings split there, before the space."""
    place = end
    for _ in range(_TRIES):
        place = text.rfind(" ", start + 1, place)
        if place < 0:
            break
        if text[place - 1].isalpha() and text[place + 1].isalpha():
            return place
    return end


class Turns:
    """A few places, and a queue for them in which the smallest goes first.

    So what a user writes is counted between the batches of a long chat, not behind them.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @contextlib.asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Hold a place within the block. ``size`` is of all the work, of which this is a part."""
        if self._free:
            self._free -= 1
        else:
            mine = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (size, next(self._numbers), mine))
            try:
                await mine
            except asyncio.CancelledError:
                if not mine.cancelled():
                    self._pass_on()
                raise
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, next_one = heapq.heappop(self._waiting)
            if not next_one.done():
                next_one.set_result(None)
                return
        self._free += 1
