"""A profile with one endpoint, as the program builds it, without a window; and what tests wait for."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from desktop_chat import worker
from desktop_chat.api import Api, RetryPolicy
from desktop_chat.attachments import Attachments
from desktop_chat.chats import Chats
from desktop_chat.credentials import Credentials
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.ledger import LedgerEntry, Purpose
from desktop_chat.domain.listing import View
from desktop_chat.domain.message import Message
from desktop_chat.session import ChatSession
from desktop_chat.settings import Settings
from desktop_chat.storage import Store
from desktop_chat.tasks import Tasks
from desktop_chat.tokens import Tokens
from tests.server import Server


class Bench:
    """Its database is being opened; ``async with`` also reads its chats, and closes it."""

    def __init__(
        self,
        folder: Path,
        server: Server,
        dialect: Dialect,
        tokens: Tokens | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        self.settings = Settings(folder / "settings.json")
        self.endpoint = Endpoint(
            "e1", "Test", EndpointKind.COMPATIBLE, server.url, dialect, KeySource.NONE, default_model="m-1"
        )
        self.settings.change(endpoints=(self.endpoint,))
        self.api = Api(policy or RetryPolicy(initial=0.001, longest=0.002))
        self.opening = asyncio.ensure_future(Store.open(folder / "chats.db", folder / "backups"))
        self.credentials = Credentials()
        self.attachments = Attachments(folder / "attachments", grace=0)
        self.chats = Chats(
            self.opening,
            api=self.api,
            credentials=self.credentials,
            settings=self.settings,
            tasks=self.tasks,
            tokens=tokens or Tokens(worker.shared()),
            attachments=self.attachments,
        )

    def price(self, model: str = "m-1", **amounts: str) -> None:
        """What the user says that a model costs: ``input``, ``output``, ``cached``; and its ``context``."""
        prices = self.settings.own_prices.get("e1", {})
        self.settings.change(own_prices={"e1": {**prices, model: amounts}})

    async def ledger(self, *purposes: Purpose) -> list[LedgerEntry]:
        """The rows of the ledger, oldest first; of some purposes, or of all."""
        assert await self.chats.outbox.settle()
        entries = await (await self.opening).ledger(0, time.time() + 10, limit=1_000_000)
        return [entry for entry in reversed(entries) if not purposes or entry.purpose in purposes]

    async def __aenter__(self) -> Self:
        await self.chats.load()
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self.chats.close()
        await self.tasks.close()
        await self.api.close()
        await (await self.opening).close()
        self.attachments.close()
        self.settings.close()
        assert self.failures == []


async def until(condition: Callable[[], object], *signals: Any) -> None:
    """Wait until ``condition`` holds; it is looked at whenever one of ``signals`` is emitted."""
    happened = asyncio.Event()
    for signal in signals:
        signal.connect(happened.set)
    try:
        async with asyncio.timeout(20):
            while not condition():
                await happened.wait()
                happened.clear()
    finally:
        for signal in signals:
            signal.disconnect(happened.set)


async def idle(session: ChatSession) -> None:
    await until(lambda: not session.is_busy, session.phase_changed)


async def ask(session: ChatSession, text: str = "Hello") -> Message:
    assert await session.send(text)
    await idle(session)
    assert session.last is not None
    return session.last


async def count(session: ChatSession, text: str = "Hello") -> None:
    """Have the helper count what ``text`` would take, and all else of the chat, as the composer does."""
    await session.count_draft(text)
    await until(lambda: not session.is_counting, session.counts_changed)


async def listed(chats: Chats, view: View | None = None) -> list[Conversation]:
    """The conversations of a view, in its order."""
    return await chats.page((await chats.listing(view or View())).seqs)


async def until_listed(chats: Chats, *ids: str) -> None:
    """Wait until the list of chats holds just these, in this order."""
    happened = asyncio.Event()
    chats.listed.connect(happened.set)
    try:
        async with asyncio.timeout(20):
            while [c.id for c in await listed(chats)] != list(ids):
                await happened.wait()
                happened.clear()
    finally:
        chats.listed.disconnect(happened.set)


async def reread(bench: Bench, session: ChatSession) -> list[Message]:
    store = await bench.opening
    return (await store.tree(session.conversation.id)).path
