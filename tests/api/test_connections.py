"""Clients and their connections: Stop, change, exit, proxies, pace, and where the key may go."""

import asyncio
import base64
import contextlib
import gc
import logging
import subprocess
import sys
import time

import anyio.abc
import pytest

from desktop_chat.api import Api, guard
from desktop_chat.api.server_errors import Redactor
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect, Secrets
from desktop_chat.domain.events import Delta, Finished, Started
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import State
from tests.api.conftest import KEY, ask, endpoint_at, request
from tests.server import Exchange, Script, Server, faults, wire

pytestmark = pytest.mark.anyio


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, desktop_chat.api; print([n for n in ('openai', 'httpx2', 'anyio') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("script", [faults.no_answer, faults.stall_after_head, faults.stall_in_text])
@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_stop_closes_the_connection(
    server: Server, api: Api, dialect: Dialect, script: Script, how: str
) -> None:
    server.script(script)
    events = api.reply(endpoint_at(server.url, dialect), Secrets(KEY), request(), Limits()).events()
    reached = {faults.no_answer: None, faults.stall_after_head: Started, faults.stall_in_text: Delta}[script]

    async def read() -> None:
        async for event in events:
            if how == "close" and reached is not None and isinstance(event, reached):
                await events.aclose()

    task = asyncio.create_task(read())
    await server.arrived.wait()
    if how == "cancel" or reached is None:
        task.cancel()
    await asyncio.wait([task])
    await server.requests[0].closed.wait()
    assert len(server.requests) == 1


async def test_stop_leaves_nothing_behind(server: Server, api: Api, dialect: Dialect) -> None:
    for _ in range(20):
        server.script(faults.stall_in_text)
        events = api.reply(endpoint_at(server.url, dialect), Secrets(KEY), request(), Limits()).events()
        async for event in events:
            if isinstance(event, Delta):
                break
        await events.aclose()
        await server.requests[-1].closed.wait()
    assert (await ask(api, endpoint_at(server.url, dialect))).finished.state is State.COMPLETE
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("POST")]


@pytest.mark.parametrize(
    "script",
    [
        faults.stall_in_text,
        faults.endless_line,
        faults.endless_error,
        faults.many(50_000),
        faults.partial(b"data: {broken}\n\n", b"data: 1\n\n" * 100_000),
    ],
    ids=["stall", "line", "error", "unread", "garbled"],
)
async def test_no_generator_is_left_half_way(
    server: Server, api: Api, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    """Qt's event loop ends no forgotten generator, and Python complains about each on stderr."""
    monkeypatch.setattr(guard, "LONGEST_LINE", 1 << 20)
    lost: list[object] = []
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(finalizer=lost.append)
    try:
        server.script(script)
        reply = api.reply(endpoint_at(server.url), Secrets(KEY), request(), Limits(attempts=1))
        async with contextlib.aclosing(reply.events()) as events:
            async for event in events:
                if isinstance(event, Delta):
                    break
        await server.requests[0].closed.wait()
        gc.collect()
    finally:
        sys.set_asyncgen_hooks(*hooks)
    assert lost == []


async def test_a_changed_endpoint_gets_a_new_client(server: Server, api: Api) -> None:
    await ask(api, endpoint_at(server.url), key="sk-first-key-of-all")
    await ask(api, endpoint_at(server.url), key="sk-second-key")
    await ask(api, endpoint_at(server.url, organization="org-1"), key="sk-second-key")
    assert [sent.headers["authorization"] for sent in server.requests] == [
        "Bearer sk-first-key-of-all",
        "Bearer sk-second-key",
        "Bearer sk-second-key",
    ]
    assert server.connections == 3


async def test_forgetting_an_endpoint_lets_its_reply_end(server: Server, api: Api) -> None:
    go_on = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.head()
        first, *rest = wire.events(exchange.chat, faults.PIECES)
        await exchange.send(first)
        await go_on.wait()
        await exchange.send(b"".join(rest))

    server.script(script)
    finished = None
    async for event in api.reply(endpoint_at(server.url), Secrets(KEY), request(), Limits()).events():
        if isinstance(event, Started):
            await api.forget("test")
            go_on.set()
        finished = event
    assert isinstance(finished, Finished)
    assert finished.state is State.COMPLETE
    await server.requests[0].closed.wait()


async def test_close_ends_what_is_under_way(server: Server, api: Api) -> None:
    server.script(faults.stall_in_text)
    finished = None
    async for event in api.reply(endpoint_at(server.url), Secrets(KEY), request(), Limits()).events():
        if isinstance(event, Delta):
            await api.close()
        finished = event
    assert isinstance(finished, Finished)
    assert finished.state is State.INTERRUPTED


async def test_the_proxy_of_the_environment(
    server: Server, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request for another host goes to the proxy; one for this machine never does."""
    proxy = server.url.removesuffix("/v1")
    monkeypatch.setenv("http_proxy", proxy.replace("http://", "http://user:hunter22@"))
    result = await ask(api, endpoint_at("http://api.example.invalid/v1"))
    assert result.finished.state is State.COMPLETE
    (sent,) = server.requests
    assert sent.target == "http://api.example.invalid/v1/responses"
    assert base64.b64decode(sent.headers["proxy-authorization"].split()[1]) == b"user:hunter22"
    async with Server() as local:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        assert (await ask(api, endpoint_at(local.url, id="local"))).finished.state is State.COMPLETE


async def test_no_proxy(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop_chat.api.connections import system_proxy

    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert system_proxy("https://api.openai.com/v1") == "proxy.example:3128"
    for inside in ("https://inside.example/v1", "https://localhost:8080/v1", "https://[::1]/v1"):
        assert system_proxy(inside) is None


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_dead_proxy(api: Api, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    target = "http" if scheme == "http" else "https"
    monkeypatch.setenv(f"{target}_proxy", f"{scheme.replace('https', 'http')}://user:hunter22@127.0.0.1:1")
    error = (await ask(api, endpoint_at(f"{target}://api.example.invalid/v1"))).finished.error
    assert isinstance(error, errors.ProxyFailed)
    assert "hunter22" not in repr(error)


async def test_a_proxy_that_wants_another_password(
    server: Server, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url.removesuffix("/v1"))
    server.default = faults.document(407, b"")

    server.script(*[faults.document(407, b"")] * 3)
    error = (await ask(api, endpoint_at("https://api.example.invalid/v1"))).finished.error
    assert isinstance(error, errors.ProxyFailed)
    assert "407" in error.message


async def test_a_slow_stream_is_read_in_batches(
    server: Server, api: Api, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred events, each sent alone, are a few reads; the text is whole."""
    monkeypatch.setattr(guard, "PACE", 0.3)
    text = "word " * 100
    server.script(wire.answer(text, pause=0.003))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state) == (text, State.COMPLETE)
    assert len(result.deltas) < 30


class Source(anyio.abc.ByteStream):
    """A byte stream that has the given reads ready, and knows when it was read."""

    def __init__(self, *reads: bytes) -> None:
        self.reads = list(reads)
        self.times: list[float] = []

    async def receive(self, max_bytes: int = 65536) -> bytes:
        self.times.append(time.monotonic())
        return self.reads.pop(0)

    async def send(self, item: bytes) -> None: ...

    async def send_eof(self) -> None: ...

    async def aclose(self) -> None: ...


async def test_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "PACE", 0.2)
    large = b"x" * guard.SMALL_READ
    source = Source(b"head", b"first", b"second", b"third", large, large, b"head", b"first")
    stream = guard.PacedStream(source)
    for _ in range(6):
        await stream.receive()
    await stream.send(b"the next request")
    await stream.receive()
    await stream.receive()
    waits = [after - before for before, after in zip(source.times, source.times[1:], strict=False)]
    slow = [wait > guard.PACE * 0.9 for wait in waits]
    assert slow == [False, True, True, True, False, False, False]


async def test_the_key_is_told_to_nobody(
    server: Server, api: Api, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Servers that echo it, debug logs, representations: none holds the key or its start."""
    caplog.set_level(logging.DEBUG)
    # It writes the headers of responses; the program's own log has it at this level too.
    caplog.set_level(logging.WARNING, "httpcore2")
    echoes = [
        faults.status(401, f"Incorrect API key provided: {KEY}. Bearer {KEY}"),
        faults.status(400, {"message": f"at {KEY[:14]}**** and {base64.b64encode(KEY.encode()).decode()}"}),
        faults.document(500, f"<html>{KEY}".encode(), {"x-should-retry": "false"}),
        faults.document(200, KEY.encode(), {"content-type": "text/plain"}),
        faults.partial(wire.sse({"error": {"message": KEY, "code": KEY}})),
        faults.partial(f"data: {KEY}\n\n".encode()),
        faults.redirect(f"https://elsewhere.invalid/?key={KEY}"),
        faults.close_before_head,
    ]
    for echo in echoes:
        server.script(echo)
        result = await ask(api, endpoint_at(server.url), limits=Limits(attempts=1))
        assert result.finished.error is not None
        assert KEY[:12] not in repr(result.events)
        assert KEY[:12] not in str(result.finished.error.to_json())
        assert result.finished.error.__context__ is None
    gc.collect()
    written = "\n".join(record.getMessage() for record in caplog.records) + "".join(capfd.readouterr())
    assert KEY[:12] not in written
    assert KEY not in repr(api) + repr(vars(api))


async def test_the_key_goes_to_its_host_alone(server: Server, api: Api) -> None:
    async with Server() as other:
        server.script(faults.redirect(other.url))
        await ask(api, endpoint_at(server.url, id="a"))
        await ask(api, endpoint_at(other.url, id="b"), key="sk-other-key")
        assert KEY not in str([exchange.headers for exchange in other.exchanges])
        assert len(other.exchanges) == 1


@pytest.mark.parametrize("key", ["sk-ключ", "sk-line\nbreak", "sk-\x00"])
async def test_a_key_that_cannot_be_sent(server: Server, api: Api, key: str) -> None:
    error = (await ask(api, endpoint_at(server.url), key=key)).finished.error
    assert isinstance(error, errors.KeyRejected)
    assert server.connections == 0


def test_redaction() -> None:
    redact = Redactor(KEY)
    assert (
        redact("sk-proj-ab**cd ask-me-not Bearer abcdef") == "[key removed] ask-me-not Bearer [key removed]"
    )
    assert "CANARY" not in redact.plain(f"{KEY}x and {KEY[:12]}…")
