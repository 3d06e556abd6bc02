"""The context inspector of a chat of 10,000 messages: opening it, and changing what becomes of one.

``python -m tests.benchmarks.context COUNT`` does it once, with the whole program.
"""

import asyncio
import sys
import time
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.application import Application, make_loop
from desktop_chat.domain.context import Strategy
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.storage import Store
from desktop_chat.ui.context import ContextDialog
from tests.benchmarks.figures import Figure
from tests.benchmarks.layers import _long_chat, _shown, loaded, seldom
from tests.benchmarks.processes import profile, report, running

MESSAGES = 10_000
OPEN_SECONDS = 0.1


def measure(*, short: bool = False) -> list[Figure]:
    count = MESSAGES // 10 if short else MESSAGES
    runs = []
    for _ in range(1 if short else 5):
        with running("tests.benchmarks.context", str(count)) as program:
            runs.append(program.result())
    best = {name: min(run[name] for run in runs) * 1000 for name in runs[0]}
    what = f"the context of {count:,} messages"
    return [
        Figure(what, best["open"], "ms CPU", OPEN_SECONDS * 1000),
        Figure(f"{what}, one pinned", best["pin"], "ms CPU"),
        Figure(f"{what}, another strategy", best["strategy"], "ms CPU"),
    ]


async def main(count: str) -> None:
    conversation, messages = _long_chat(int(count))
    with profile() as folder:
        store = await Store.open(folder / "chats.db", folder / "backups")
        await store.begin_turn(conversation, messages)
        await store.close()
        async with loaded("http://127.0.0.1:9/v1", Dialect.RESPONSES.value, folder) as driver:
            window = driver.window
            window.open_chat(conversation.id)
            await seldom(lambda: _shown(driver) == conversation.id, 0.002)
            session = window.session
            assert session is not None
            await seldom(lambda: window.chat.transcript.is_settled, 0.02)
            window.open_context()  # imports what it needs, and is closed again
            inspector = window.findChild(ContextDialog)
            inspector.close()
            began = time.process_time()
            window.open_context()
            inspector.list.viewport().repaint()
            opened = time.process_time() - began
            assert inspector.list.model().rowCount() == int(count)
            inspector.list.setCurrentIndex(inspector.list.model().index(5, 0))
            began = time.process_time()
            QTest.keyClick(inspector.list, Qt.Key.Key_P)
            inspector.list.viewport().repaint()
            pinned = time.process_time() - began
            began = time.process_time()
            session.set_context(replace(session.context, strategy=Strategy.LAST_TURNS))
            await asyncio.sleep(0)
            inspector._refresh()
            inspector.list.viewport().repaint()
            chosen = time.process_time() - began
            inspector.close()
            report({"open": opened, "pin": pinned, "strategy": chosen})


if __name__ == "__main__":
    application = Application()
    with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
        runner.run(main(*sys.argv[1:]))
