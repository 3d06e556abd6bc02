"""What the tests of windows and dialogs share: a Qt event loop for tests that are coroutines."""

import asyncio
import inspect
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from desktop_chat.tasks import Tasks


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine in a Qt event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    pyfuncitem.funcargs["loop"].run_until_complete(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[QEventLoop]:
    with QEventLoop(qapp) as made:
        yield made
    asyncio.set_event_loop(None)


@pytest.fixture
def tasks(loop: QEventLoop) -> Iterator[Tasks]:
    failures: list[BaseException] = []
    made = Tasks(failures.append)
    yield made
    loop.run_until_complete(made.close())
    assert failures == []
