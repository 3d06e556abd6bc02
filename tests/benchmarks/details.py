"""The details of an answer to 10,000 messages: opening them, showing the request, copying it.

What counts is how long the window is away at the longest. ``python -m tests.benchmarks.details COUNT`` does
each once, in a window of its own over a real store.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog

from desktop_chat.application import Application, make_loop
from desktop_chat.domain.evidence import Attempt, Evidence
from desktop_chat.domain.message import Message, Role
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.ui.message_details import MessageDetails
from desktop_chat.ui.theme import Theme
from tests.benchmarks.evidence import _begun, _items, _keep
from tests.benchmarks.figures import Figure
from tests.benchmarks.layers import Heartbeat, seldom
from tests.benchmarks.processes import report, running

MESSAGES = 10_000
FRAME_SECONDS = 0.016
COPIES = ("Request as curl", "Request as Python", "Request as JSON")


def measure(*, short: bool = False) -> list[Figure]:
    count = MESSAGES // 10 if short else MESSAGES
    runs = []
    for _ in range(1 if short else 5):
        with running("tests.benchmarks.details", str(count)) as program:
            runs.append(program.result())
    idle = min(run["idle"] for run in runs) * 1000
    return [
        Figure(
            f"longest gap, {what}, {count:,} messages",
            min(run[what] for run in runs) * 1000,
            "ms",
            FRAME_SECONDS * 1000,
            idle,
            "an idle loop",
        )
        for what in runs[0]
        if what != "idle"
    ]


class _Source:
    """The store alone."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def attempts(self, message_id: str) -> list[Attempt]:
        return await self.store.attempts(message_id)

    async def evidence(self, attempt: Attempt) -> Evidence | None:
        return await self.store.evidence(attempt)

    async def content(self, hash: str) -> str:
        raise NotImplementedError


async def main(count: str) -> None:
    found: dict[str, float] = {}
    beat = Heartbeat()

    async def timed(name: str, work: Callable[[], Awaitable[object]]) -> None:
        await asyncio.sleep(0.1)
        beat.start()
        await work()
        found[name] = beat.stop()

    with tempfile.TemporaryDirectory() as folder:
        failures: list[BaseException] = []
        tasks = Tasks(failures.append)
        store = await Store.open(Path(folder) / "chats.db", Path(folder) / "backups")
        try:
            entry = await _begun(store)
            items = _items(int(count))
            await timed("evidence is kept", lambda: _keep(store, entry, items))
            details = MessageDetails(Theme(), _Source(store), tasks)
            details.show()
            message = Message(entry.message_id, None, Role.ASSISTANT)
            await timed("idle", lambda: asyncio.sleep(0.3))

            async def opened() -> None:
                details.show_message(message)
                await seldom(lambda: details.is_complete, 0.005)

            await timed("details open", opened)

            async def shown() -> None:
                details.show_request.click()
                await seldom(lambda: details.findChild(QDialog, "jsonWindow") is not None, 0.005)
                await asyncio.sleep(0.3)

            await timed("request is shown", shown)
            window = details.findChild(QDialog, "jsonWindow")
            assert isinstance(window, QDialog)
            window.close()
            for action in details.copy.menu().actions():
                if action.text() in COPIES:

                    async def copied(trigger: Callable[[], None] = action.trigger) -> None:
                        QGuiApplication.clipboard().setText("")
                        trigger()
                        await seldom(lambda: bool(QGuiApplication.clipboard().text()), 0.005)

                    await timed(f"{action.text()} is copied", copied)
            QGuiApplication.clipboard().setText("")
            details.close()
        finally:
            await tasks.close()
            await store.close()
        assert failures == []
    report(found)


if __name__ == "__main__":
    application = Application()
    with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
        runner.run(main(*sys.argv[1:]))
