from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from desktop_chat.attachments import Attachments
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import Overloaded
from desktop_chat.domain.evidence import Attempt, Evidence
from desktop_chat.domain.ledger import Outcome
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.ui.message_details import MessageDetails
from desktop_chat.ui.theme import Theme
from desktop_chat.worker import Worker
from tests.storage.samples import entry
from tests.ui.shell.conftest import dialogs, running, theme, until

__all__ = ["dialogs", "running", "theme"]

BODY = {"model": "m-1", "input": [{"role": "user", "content": "Why?"}], "stream": True}
EVIDENCE = Evidence(
    "POST",
    "https://example.org/v1/responses",
    (("Authorization", "Bearer [redacted]"), ("content-type", "application/json")),
    BODY,
    200,
    (
        *(("x-request-id", "r1"), ("X-RateLimit-Remaining-Tokens", "998"), ("retry-after-ms", "20")),
        ("OpenAI-Processing-Ms", "412"),
    ),
    b'data: {"type": "response.created", "response": {"model": "m-1-2026"}}\n\ndata: [DONE]\n\n',
)
ANSWER = Message(
    "m2",
    "m1",
    Role.ASSISTANT,
    [Part(PartKind.TEXT, "The Moon.")],
    created_at=5.0,
    model="m-1",
    finish_reason="stop",
    request_id="r1",
    usage=Usage(1200, 240, 300, 40),
    timing=Timing(0.5, 2.5),
    cost=Decimal("0.0123"),
)


def attempt(**changes: Any) -> Any:
    """A row of the ledger for ``ANSWER``."""
    told = entry(usage=ANSWER.usage, timing=ANSWER.timing, cost=ANSWER.cost)
    return replace(told, **changes)


class Kept:
    """The store and the files of a profile, as the window asks for them."""

    def __init__(self, store: Store, attachments: Attachments) -> None:
        self.store, self.files = store, attachments

    async def attempts(self, message_id: str) -> list[Attempt]:
        return await self.store.attempts(message_id)

    async def evidence(self, attempt: Attempt) -> Evidence | None:
        return await self.store.evidence(attempt)

    async def content(self, hash: str) -> str:
        return await self.files.base64(hash)

    async def refused_and_answered(self) -> None:
        """An attempt that the server refused, and the one that it answered."""
        refused = replace(EVIDENCE, status=503, response=b'{"error": {"message": "busy"}}')
        failed = attempt(
            outcome=Outcome.FAILED, status=503, usage=None, cost=Decimal(0), error_kind="Overloaded"
        )
        await self.store.record_attempt(failed, Overloaded("Come back later", 503), refused)
        await self.store.record_attempt(attempt(attempt=2), None, EVIDENCE)


@pytest.fixture
def kept(loop: QEventLoop, tmp_path: Path) -> Iterator[Kept]:
    async def begin() -> Kept:
        store = await Store.open(tmp_path / "details.db", tmp_path / "copies")
        question = Message("m1", None, Role.USER, [Part(PartKind.TEXT, "Why?")])
        await store.begin_turn(Conversation("c1", "Tides"), [question, ANSWER])
        worker = Worker()
        worker.close()
        return Kept(store, Attachments(tmp_path / "files", worker))

    made = loop.run_until_complete(begin())
    yield made
    loop.run_until_complete(made.store.close())


@pytest.fixture
def window(kept: Kept, theme: Theme, tasks: Tasks) -> Iterator[MessageDetails]:
    made = MessageDetails(theme, kept, tasks, zone=UTC)
    yield made
    made.close()
    made.deleteLater()


def told(window: MessageDetails) -> dict[str, str]:
    """The facts that are shown, without the headings."""
    model = window.table.facts
    rows = range(model.rowCount())
    return {
        model.index(row, 0).data(): model.index(row, 1).data()
        for row in rows
        if model.index(row, 1).flags() & Qt.ItemFlag.ItemIsSelectable
    }


async def shown(window: MessageDetails, message: Message = ANSWER) -> None:
    window.show_message(message)
    window.show()
    await until(lambda: window.is_complete)


async def copied(words: str) -> str:
    """What the clipboard has once ``words`` are in it."""
    await until(lambda: words in QApplication.clipboard().text())
    return QApplication.clipboard().text()
