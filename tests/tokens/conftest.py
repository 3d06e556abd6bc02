"""``Tokens`` with a helper that cannot reach anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_chat.tokens import Tokens
from desktop_chat.worker import JOBS, Worker
from tests.helpers import jobs

EXTRA = ("forbid_network", "what_was_reached", "reach", "sleep", "crash", "surroundings")


@pytest.fixture
def worker() -> Iterator[Worker]:
    """At its end nothing was fetched, or tried to be."""
    worker = Worker({**JOBS, **{name: f"{jobs.__name__}:{name}" for name in EXTRA}})
    worker.submit("forbid_network", 20).result()
    yield worker
    worker.close()


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """Where fetched prices are kept."""
    return tmp_path / "prices.json"


@pytest.fixture
def tokens(worker: Worker, profile: Path) -> Tokens:
    return Tokens(worker, profile)
