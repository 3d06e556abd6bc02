"""Attachments in a folder of their own, with one helper for the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_chat.attachments import Attachments
from desktop_chat.worker import Worker


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def attachments(tmp_path: Path, worker: Worker) -> Attachments:
    return Attachments(tmp_path / "attachments", worker)
