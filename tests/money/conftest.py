"""A profile with one endpoint of known prices, and the server behind it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop_chat.domain.endpoint import Dialect
from tests.helpers.bench import Bench
from tests.server import Server, wire

TEXT = "The quick brown fox jumps over the lazy dog. "


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer(TEXT)) as running:
        yield running


@pytest.fixture(params=list(Dialect))
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, server: Server, anyio_backend: str
) -> AsyncIterator[Bench]:
    """A million tokens cost 2 dollars, cached ones 0.5, and the answer 8."""
    async with Bench(tmp_path, server, request.param) as made:
        made.price(input="2", output="8", cached="0.5", context="100000")
        yield made
