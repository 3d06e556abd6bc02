"""Fixtures of the end-to-end tests."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from desktop_chat.application import make_loop
from tests.end_to_end.process import Start, starting
from tests.server import Server, ServerThread


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Programs that are measured by the clock must not wait for each other."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            item.add_marker(pytest.mark.xdist_group("programs"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=5, help="how often test_kill.py kills the program")


@pytest.fixture
def play(qapp: QApplication) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs a coroutine in the program's own kind of loop."""

    def run(story: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=lambda: make_loop(qapp)) as runner:
            runner.run(story)

    return run


@pytest.fixture
def server() -> Iterator[Server]:
    with ServerThread() as running:
        yield running


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the program as a process; see :func:`tests.end_to_end.process.starting`."""
    with starting() as start:
        yield start
