"""The server itself: raw sockets, so that every wrong byte can be sent."""

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

_REASONS = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 429: "Too Many Requests"}


@dataclass
class Exchange:
    """One request as it came, and the means to answer it.

    ``at`` and ``closed_at`` are times of ``time.monotonic``; ``closed`` is set when the client has gone.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter
    at: float = field(default_factory=time.monotonic)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    closed_at: float | None = None
    keep_alive: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def chat(self) -> bool:
        """Whether the request is one of Chat Completions."""
        return "/chat/completions" in self.target

    async def head(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Send the status line and the headers; without a length the body ends with the connection."""
        sent = {"content-type": "text/event-stream", **(headers or {})}
        if "content-length" not in sent and "transfer-encoding" not in sent:
            sent["connection"] = "close"
            self.keep_alive = False
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in sent.items() if value]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def send(self, data: bytes) -> None:
        """Send bytes. Raises ``ConnectionError`` where the client has gone, which ends the script."""
        if self.writer.is_closing():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        """Send one chunk of a chunked body; the empty one ends it."""
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def document(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole response, JSON unless the headers say otherwise."""
        length = {"content-length": str(len(body))}
        await self.head(status, {"content-type": "application/json", **length, **(headers or {})})
        await self.send(body)

    def abort(self) -> None:
        """Reset the connection."""
        self.keep_alive = False
        self.writer.transport.abort()


Script = Callable[[Exchange], Awaitable[None]]


class Server:
    """Listens on a free loopback port as long as its ``async with`` block lasts."""

    def __init__(self, default: Script | None = None, tls: ssl.SSLContext | None = None) -> None:
        from tests.server.wire import answer

        self.default: Script = default or answer()
        self.queue: deque[Script] = deque()
        self.exchanges: list[Exchange] = []
        self.arrived = asyncio.Event()
        """Set when a request has come."""
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.connections = 0

    def script(self, *scripts: Script) -> None:
        """What to do with the next requests, in order."""
        self.queue.extend(scripts)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL of an endpoint."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    async def left_alone(self) -> None:
        """Wait until no client has a connection open. Raises ``TimeoutError`` where one keeps it."""
        async with asyncio.timeout(30):
            while self._connections:
                await asyncio.wait(self._connections)

    @property
    def requests(self) -> list[Exchange]:
        """The requests for answers, without those for models."""
        return [exchange for exchange in self.exchanges if exchange.method == "POST"]

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", port, ssl=self._tls, limit=1 << 26
        )

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.connections += 1
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return
        except asyncio.CancelledError:
            return  # asyncio logs a connection's cancelled task as an error
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection may be used again."""
        first = await reader.readexactly(1)
        if not first.isalpha():  # a TLS handshake, say
            writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
            return False
        head = first + await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = request_line.split(" ", 2)
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        exchange = Exchange(method, target, headers, body, writer)
        self.exchanges.append(exchange)
        self.arrived.set()
        script = self._script_for(exchange)
        playing = asyncio.create_task(self._play(script, exchange))
        # The client sends nothing more before it has its answer, so whatever is read is its going.
        watching = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait((playing, watching), return_when=asyncio.FIRST_COMPLETED)
            if watching.done() and not playing.done():
                self._gone(exchange)
                playing.cancel()
                await asyncio.wait([playing])
                return False
            await playing
            if not exchange.keep_alive:
                writer.close()
                self._gone(exchange)
                return False
        finally:
            playing.cancel()
            watching.cancel()
            await asyncio.gather(playing, watching, return_exceptions=True)
        return True

    def _script_for(self, exchange: Exchange) -> Script:
        if exchange.method == "POST":
            return self.queue.popleft() if self.queue else self.default
        from tests.server.wire import models

        return self.queue.popleft() if self.queue else models

    @staticmethod
    async def _play(script: Script, exchange: Exchange) -> None:
        with contextlib.suppress(ConnectionError):
            await script(exchange)

    @staticmethod
    def _gone(exchange: Exchange) -> None:
        exchange.closed_at = time.monotonic()
        exchange.closed.set()


class ServerThread:
    """A :class:`Server` in a thread of its own, for tests whose loop is Qt's."""

    def __init__(self, default: Script | None = None) -> None:
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="test server", daemon=True)
        self.server = Server(default)

    def __enter__(self) -> Server:
        self._thread.start()
        assert self._ready.wait(10)
        return self.server

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with self.server:
            self._ready.set()
            await self._over.wait()
