from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from qasync import QEventLoop

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.ledger import LedgerEntry, Outcome, Purpose
from desktop_chat.domain.message import Message, Role
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.settings import Settings
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.ui.theme import Theme
from desktop_chat.ui.usage import UsageCard
from tests.ui.shell.conftest import theme, until

__all__ = ["theme", "until"]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""A Saturday."""
LISBON = "01234567"


def entry(ago: timedelta = timedelta(), **changes: Any) -> LedgerEntry:
    """A request for an answer, 11,204 tokens in and 1,231 out for $0.031."""
    made = LedgerEntry(
        conversation_id=LISBON,
        message_id="m",
        endpoint_id="e",
        endpoint_name="OpenAI",
        dialect="responses",
        purpose=Purpose.CHAT,
        attempt=1,
        started_at=(NOW - ago).timestamp(),
        timing=Timing(0.41, 3.8),
        outcome=Outcome.OK,
        model="gpt-5.2",
        request_id="req_8f2c41d09b",
        status=200,
        usage=Usage(11_204, 1_231, 8_960),
        cost=Decimal("0.031"),
    )
    return replace(made, **changes)


FAILED = entry(
    timedelta(hours=1),
    outcome=Outcome.FAILED,
    status=429,
    usage=None,
    cost=None,
    error_kind="RateLimited",
    request_id=None,
    timing=Timing(None, 0.2),
)
STOPPED = entry(timedelta(days=1), outcome=Outcome.STOPPED, is_exact=False)
UNPRICED = entry(timedelta(days=2), model="llama-3", cost=None)


@pytest.fixture
def store(loop: QEventLoop, tmp_path: Path) -> Iterator[Store]:
    async def begin() -> Store:
        made = await Store.open(tmp_path / "chats.db", tmp_path / "backups")
        await made.begin_turn(Conversation(LISBON, "Trip to Lisbon"), [Message("q", None, Role.USER)])
        return made

    made = loop.run_until_complete(begin())
    yield made
    loop.run_until_complete(made.close())


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    made = Settings(tmp_path / "settings.json")
    yield made
    made.close()


@pytest.fixture
def host(qapp: QApplication) -> Iterator[QWidget]:
    """A window with a button that has the focus."""
    window = QWidget()
    window.resize(1280, 820)
    button = QPushButton("Behind", window)
    window.show()
    window.activateWindow()
    button.setFocus()
    yield window
    window.hide()
    window.deleteLater()


Show = Callable[..., UsageCard]


@pytest.fixture
def card(theme: Theme, host: QWidget, store: Store, settings: Settings, tasks: Tasks) -> Iterator[Show]:
    """Shows the usage of ``store``, or of another source, at noon of :data:`NOW`."""
    made: list[UsageCard] = []

    def show(source: Any = store) -> UsageCard:
        card = UsageCard(theme, host, source, settings, tasks, clock=NOW.timestamp, zone=UTC)
        made.append(card)
        card.show()
        return card

    yield show
    for card in made:
        card.reject()
