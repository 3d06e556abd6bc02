"""Without a network: what is said, what is held, and what is sent when there is one again."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_chat import connectivity
from desktop_chat.api import RetryPolicy
from desktop_chat.connectivity import Connectivity, is_local
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Dialect, Endpoint, EndpointKind, ProxyMode
from desktop_chat.domain.errors import ConnectionRefused, HostNotFound, Unreachable
from desktop_chat.domain.holds import Hold, Offline
from desktop_chat.domain.message import State
from desktop_chat.session import ChatSession, Phase
from tests.helpers.bench import Bench, ask, idle, until
from tests.server import Server, faults, wire
from tests.server.proxies import SocksProxy

TEXT = "The quick brown fox jumps over the lazy dog. "
pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    async with Server(wire.answer(TEXT)) as running:
        yield running


class Remote(Bench):
    """Its endpoint has an address that is not of this machine; a proxy leads to the server all the same."""

    def __init__(
        self, folder: Path, server: Server, proxy: SocksProxy, policy: RetryPolicy | None = None
    ) -> None:
        super().__init__(folder, server, Dialect.RESPONSES, policy=policy)
        self.endpoint = replace(
            self.endpoint,
            base_url="http://api.example.invalid/v1",
            proxy=ProxyMode.MANUAL,
            proxy_url=proxy.url,
        )
        self.settings.change(endpoints=(self.endpoint,))
        self.held: list[tuple[Hold, Callable[..., asyncio.Task[bool]]]] = []
        self.chats.held.connect(lambda session, hold, again: self.held.append((hold, again)))

    async def hold(self, session: ChatSession, text: str) -> Callable[..., "asyncio.Task[bool]"]:
        """Send what is held for want of a network; gives what does it again."""
        assert not await session.send(text)
        hold, again = self.held.pop()
        assert hold == Offline()
        return again


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[SocksProxy]:
    async with SocksProxy(server.port, needs_password=False) as running:
        yield running


@pytest.fixture
async def remote(tmp_path: Path, server: Server, proxy: SocksProxy) -> AsyncIterator[Remote]:
    async with Remote(tmp_path, server, proxy) as made:
        yield made


async def test_a_message_waits_for_the_network_and_is_answered_then(remote: Remote, server: Server) -> None:
    remote.chats.connectivity.set_online(False)
    session = remote.chats.new()
    assert session.is_offline
    again = await remote.hold(session, "Hello")
    assert (len(session.tree), server.exchanges) == (0, [])
    assert await again(waive=False, when_online=True)
    await until(lambda: session.phase is Phase.OFFLINE, session.phase_changed)
    stored = (await (await remote.opening).tree(session.conversation.id)).path
    assert [m.text for m in stored] == ["Hello", ""]
    assert server.exchanges == []
    remote.chats.connectivity.set_online(True)
    await idle(session)
    assert [m.text for m in session.tree.path] == ["Hello", TEXT]
    assert len(server.exchanges) == 1
    assert await remote.chats.outbox.settle()
    assert await (await remote.opening).drafts() == {}


async def test_waiting_can_be_stopped_and_what_was_written_stays(remote: Remote, server: Server) -> None:
    remote.chats.connectivity.set_online(False)
    session = remote.chats.new()
    assert await (await remote.hold(session, "Hello"))(waive=False, when_online=True)
    await until(lambda: session.phase is Phase.OFFLINE, session.phase_changed)
    session.stop()
    await idle(session)
    answer = session.last
    assert answer is not None
    assert (answer.state, answer.text) == (State.STOPPED, "")
    remote.chats.connectivity.set_online(True)
    session.try_again(answer.id)
    await until(lambda: answer.text == TEXT, session.text_added)
    await idle(session)
    assert len(server.exchanges) == 1


async def test_what_waits_is_sent_after_a_restart(tmp_path: Path, server: Server, proxy: SocksProxy) -> None:
    async with Remote(tmp_path, server, proxy) as first:
        first.chats.connectivity.set_online(False)
        session = first.chats.new()
        assert await (await first.hold(session, "Hello"))(waive=False, when_online=True)
        await until(lambda: session.phase is Phase.OFFLINE, session.phase_changed)
    async with Remote(tmp_path, server, proxy) as second:
        assert second.chats.drafts == {}
        second.chats.connectivity.set_online(False)
        await second.chats.ask_waiting()
        again = second.chats.session(session.conversation.id)
        assert again is not None
        await until(lambda: again.phase is Phase.OFFLINE, again.phase_changed)
        second.chats.connectivity.set_online(True)
        await idle(again)
        assert [m.text for m in again.tree.path] == ["Hello", TEXT]
    async with Remote(tmp_path, server, proxy) as third:
        await third.chats.ask_waiting()
        assert third.chats.busy == []
    assert len(server.exchanges) == 1


async def test_what_waits_for_a_deleted_chat_is_forgotten(
    tmp_path: Path, server: Server, proxy: SocksProxy
) -> None:
    async with Remote(tmp_path, server, proxy) as first:
        first.chats.connectivity.set_online(False)
        session = first.chats.new()
        assert await (await first.hold(session, "Hello"))(waive=False, when_online=True)
        await until(lambda: session.phase is Phase.OFFLINE, session.phase_changed)
    async with Remote(tmp_path, server, proxy) as second:
        await (await second.opening).delete_conversations([session.conversation.id])
        await second.chats.ask_waiting()
        assert second.chats.busy == []
        assert await second.chats.outbox.settle()
        assert await (await second.opening).drafts() == {}
    assert server.exchanges == []


async def test_a_version_waits_too_and_the_user_may_try_now(remote: Remote, server: Server) -> None:
    session = remote.chats.new()
    first = await ask(session, "Hello")
    remote.chats.connectivity.set_online(False)
    session.regenerate(first.id)
    await until(lambda: remote.held, remote.chats.held)
    _hold, again = remote.held.pop()
    assert await again(when_online=True)
    await until(lambda: session.phase is Phase.OFFLINE, session.phase_changed)
    assert len(session.tree) == 3
    session.stop()
    await idle(session)
    again = await remote.hold(session, "And now?")
    assert await again()
    await idle(session)
    assert session.last is not None
    assert session.last.text == TEXT
    # The answer shows that the system was wrong.
    assert not session.is_offline


async def test_another_endpoint_ends_the_waiting(remote: Remote, server: Server) -> None:
    nearby = replace(remote.endpoint, id="e2", base_url=server.url, proxy=ProxyMode.NONE)
    remote.settings.change(endpoints=(remote.endpoint, nearby))
    remote.chats.connectivity.set_online(False)
    session = remote.chats.new()
    assert await (await remote.hold(session, "Hello"))(waive=False, when_online=True)
    await until(lambda: session.phase is Phase.OFFLINE, session.phase_changed)
    session.set_model("e2", "m-1")
    await idle(session)
    assert [m.text for m in session.tree.path] == ["Hello", TEXT]


async def test_servers_of_this_machine_are_never_offline(tmp_path: Path, server: Server) -> None:
    async with Bench(tmp_path, server, Dialect.RESPONSES) as bench:
        bench.chats.connectivity.set_online(False)
        session = bench.chats.new()
        assert not session.is_offline
        assert (await ask(session, "Hello")).text == TEXT


async def test_a_retry_does_not_wait_longer_than_the_network_is_away(
    tmp_path: Path, server: Server, proxy: SocksProxy
) -> None:
    async with Remote(tmp_path, server, proxy, RetryPolicy(initial=3600, longest=3600)) as remote:
        server.script(faults.close_before_head)
        session = remote.chats.new()
        assert await session.send("Hello")
        await until(lambda: session.phase is Phase.WAITING, session.phase_changed)
        remote.chats.connectivity.set_online(False)
        remote.chats.connectivity.set_online(True)
        await idle(session)
        assert session.last is not None
        assert session.last.text == TEXT


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.1.20:1234/v1", True),
        ("http://10.0.0.7/v1", True),
        ("http://[fe80::1]/v1", True),
        ("http://ollama:11434/v1", True),
        ("http://studio.local:1234/v1", True),
        ("http://box.home.arpa/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://8.8.8.8/v1", False),
        ("https://local.example.com/v1", False),
    ],
)
def test_what_is_local(address: str, expected: bool) -> None:
    endpoint = Endpoint("e", "Any", EndpointKind.COMPATIBLE, address, Dialect.RESPONSES)
    assert is_local(endpoint) is expected


async def test_what_requests_say_counts_where_the_system_says_nothing(remote: Remote) -> None:
    known, told = remote.chats.connectivity, []
    known.changed.connect(lambda: told.append(known.is_offline(remote.endpoint)))
    known.failed(remote.endpoint, ConnectionRefused("nothing listens"))
    assert told == []
    known.failed(remote.endpoint, HostNotFound("no address"))
    known.reached(remote.endpoint)
    known.failed(remote.endpoint, Unreachable("no route"))
    known.set_online(True)
    known.failed(remote.endpoint, HostNotFound("no address"))
    known.set_online(False)
    known.reached(remote.endpoint)
    assert told == [True, False, True, False, True, False]


async def test_where_the_system_says_nothing_the_name_is_looked_up(
    remote: Remote, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectivity, "CHECK_SECONDS", 0.001)
    asked: list[object] = []

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        if len(asked) < 3:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return []

    remote.chats.connectivity.failed(remote.endpoint, HostNotFound("no address"))
    session = remote.chats.new()
    again = await remote.hold(session, "Hello")
    assert asked == []
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert await again(waive=False, when_online=True)
    await until(lambda: len(asked) == 3, session.phase_changed)
    monkeypatch.undo()
    await idle(session)
    assert asked == ["api.example.invalid"] * 3
    assert session.last is not None
    assert session.last.text == TEXT


async def test_nothing_is_looked_up_for_nobody() -> None:
    known = Connectivity()
    await known.online(lambda: None)
    await known.online(lambda: DEMO_ENDPOINT)
