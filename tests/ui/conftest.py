"""What the tests of windows and dialogs share: a Qt event loop for tests that are coroutines."""

import asyncio
import inspect
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimerEvent
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop, _SimpleTimer

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


class OnlyInTheLoop(_SimpleTimer):
    """Calls back while the loop runs, and not from within a task.

    pytest-qt, qasync and QTest work off Qt's events at other times too. What is called back then finds no
    running loop, or another task that is running, and is lost; a timer that was not killed fires again.
    """

    def timerEvent(self, event: QTimerEvent) -> None:
        if asyncio._get_running_loop() is not None and asyncio.current_task() is None:
            super().timerEvent(event)


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[QEventLoop]:
    with QEventLoop(qapp) as made:
        made._timer = OnlyInTheLoop()
        yield made
    asyncio.set_event_loop(None)


@pytest.fixture
def tasks(loop: QEventLoop) -> Iterator[Tasks]:
    failures: list[BaseException] = []
    made = Tasks(failures.append)
    yield made
    loop.run_until_complete(made.close())
    assert failures == []
