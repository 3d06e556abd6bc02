"""A server, an Api that waits only milliseconds, and the environment without proxies and OPENAI variables."""

import dataclasses
import os
from collections.abc import AsyncIterator

import pytest

from desktop_chat.api import Api, RetryPolicy
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, Secrets
from desktop_chat.domain.events import (
    AttemptEnded,
    AttemptStarted,
    Delta,
    Finished,
    ReplyEvent,
    RetryScheduled,
)
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.request import Parameters, Request
from tests.server import Server

KEY = "sk-CANARY-0123456789abcdef"
QUICK = RetryPolicy(initial=0.001, longest=0.002)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("OPENAI_", "AZURE_")):
            monkeypatch.delenv(name)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api(QUICK, demo_speed=100_000)
    yield api
    await api.close()


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Both, one after the other."""
    value: Dialect = request.param
    return value


def endpoint_at(url: str, dialect: Dialect = Dialect.RESPONSES, **fields: object) -> Endpoint:
    plain = Endpoint("test", "Test", EndpointKind.COMPATIBLE, url, dialect)
    return dataclasses.replace(plain, **fields)  # type: ignore[arg-type]


def message(text: str, role: Role = Role.USER, **fields: object) -> Message:
    return Message("id", None, role, [Part(PartKind.TEXT, text)], **fields)  # type: ignore[arg-type]


def request(text: str = "Hello", **parameters: object) -> Request:
    return Request("m-1", (message(text),), Parameters(**parameters))  # type: ignore[arg-type]


@dataclasses.dataclass
class Result:
    """All events of a reply, and what is asked of them most."""

    events: list[ReplyEvent]

    @property
    def finished(self) -> Finished:
        last = self.events[-1]
        assert isinstance(last, Finished)
        assert sum(isinstance(event, Finished) for event in self.events) == 1
        return last

    @property
    def deltas(self) -> list[Delta]:
        return [event for event in self.events if isinstance(event, Delta)]

    def text(self, kind: PartKind = PartKind.TEXT) -> str:
        return "".join(delta.text for delta in self.deltas if delta.kind is kind)

    @property
    def retries(self) -> list[RetryScheduled]:
        return [event for event in self.events if isinstance(event, RetryScheduled)]

    @property
    def attempts(self) -> int:
        started = [event for event in self.events if isinstance(event, AttemptStarted)]
        ended = [event for event in self.events if isinstance(event, AttemptEnded)]
        assert [event.attempt for event in started] == [event.attempt for event in ended]
        return len(started)


async def ask(
    api: Api,
    endpoint: Endpoint,
    asked: Request | None = None,
    *,
    key: str | None = KEY,
    limits: Limits | None = None,
) -> Result:
    """Read a reply to its end; a scheduled retry is not waited for longer than the test's policy says."""
    reply = api.reply(endpoint, Secrets(key), asked or request(), limits or Limits(attempts=3))
    events: list[ReplyEvent] = []
    async for event in reply.events():
        events.append(event)
        if isinstance(event, RetryScheduled) and event.delay > QUICK.longest:
            reply.retry_now()
    return Result(events)
