"""An httpx2 transport that bounds what a server can do to us, and how often it wakes us.

The SDK's SSE decoder has no size limit, httpx2 unpacks compressed bodies without one, and a stream of
small packets wakes the program once a packet.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Protocol

import anyio.abc
import httpcore2
import httpx2

from desktop_chat.api.wire import RECORD, WATCHER, WORK_BUDGET, Record
from desktop_chat.domain.errors import ChatError, Garbled, TooLarge

LONGEST_LINE = 16 << 20
"""Bytes of one line of an event stream."""
LARGEST_STREAM = 256 << 20
"""Bytes of one event stream."""
LARGEST_DOCUMENT = 16 << 20
"""Bytes of a body that is not an event stream."""
LARGEST_ERROR = 1 << 18
"""Bytes read of the body of an error; the rest is left unread."""

PACE = 0.033
"""Seconds between two reads of a slow stream: 30 wake-ups a second instead of one for each token. Each read
becomes a save and a repaint."""
SMALL_READ = 16 << 10
"""Bytes. After a larger read the next one follows at once, since the data waits for us, not we for it."""
_UNPACED_READS = 2
"""The head of a response and its first data are read as soon as they come."""


class Refused(httpx2.TransportError):
    """The guard ended a response; ``error`` says why."""

    def __init__(self, error: ChatError) -> None:
        super().__init__(error.message)
        self.error = error


class Guard(httpx2.AsyncBaseTransport):
    """Wraps the transport that does the work."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        record, watcher = RECORD.get(), WATCHER.get()
        if record is not None:
            record.method, record.url = request.method, str(request.url)
            record.request_headers = list(request.headers.raw)
        to_proxy: list[httpcore2.AsyncNetworkStream] = []

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            if record is not None and event.endswith("send_request_body.complete"):
                record.has_left = True
            elif event == "socks.connect_tcp.complete":
                to_proxy.append(info["return_value"])
            elif event == "socks.setup_socks5_connection.failed":
                # httpcore2 2.16 leaves the connection to a SOCKS proxy that refuses us open.
                await to_proxy.pop().aclose()
            if watcher is not None:
                watcher(event, info)

        request.extensions = {**request.extensions, "trace": trace}
        response = await self._inner.handle_async_request(request)
        if record is not None:
            record.status, record.response_headers = response.status_code, list(response.headers.raw)
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            await stream.aclose()
            if response.is_success:
                raise Refused(Garbled("The server sent a compressed answer, which was not asked for."))
            del response.headers["content-encoding"]
            response.stream = httpx2.ByteStream(b"")
        elif not response.is_success:
            response.stream = _Bounded(stream, record, LARGEST_ERROR, truncate=True)
        elif is_event_stream(response.headers):
            response.stream = _Bounded(stream, record, LARGEST_STREAM, LONGEST_LINE)
        else:
            response.stream = _Bounded(stream, record, LARGEST_DOCUMENT)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def is_event_stream(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").split(";")[0].strip().lower() == "text/event-stream"


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in :class:`Refused` over its limits, or just ends there with ``truncate``."""

    def __init__(
        self,
        inner: httpx2.AsyncByteStream,
        record: Record | None,
        limit: int,
        line_limit: int = 0,
        *,
        truncate: bool = False,
    ) -> None:
        self._inner = inner
        self._record = record
        self._limit = limit
        self._line_limit = line_limit
        self._truncate = truncate

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = line = 0
        turn = time.monotonic()
        chunks = aiter(self._inner)
        async for data in chunks:
            total += len(data)
            if time.monotonic() - turn > WORK_BUDGET:
                # One read of the socket may hold ten thousand chunks, which all come without waiting.
                await asyncio.sleep(0)
                turn = time.monotonic()
            if self._record is not None:
                self._record.keep(data)
            if total > self._limit:
                await unwind(self._inner, chunks)
                if self._truncate:
                    yield data[: len(data) - (total - self._limit)]
                    return
                raise Refused(TooLarge(f"The answer is larger than {self._limit >> 20} MB."))
            if self._line_limit:
                end = max(data.rfind(b"\n"), data.rfind(b"\r"))
                line = line + len(data) if end < 0 else len(data) - end - 1
                if line > self._line_limit:
                    await unwind(self._inner, chunks)
                    raise Refused(
                        TooLarge(f"One line of the answer is longer than {self._line_limit >> 20} MB.")
                    )
            yield data

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Closes(Protocol):
    async def aclose(self) -> None: ...


async def unwind(stream: _Closes, chunks: AsyncIterator[bytes]) -> None:
    """Close ``stream`` and run the half-read ``chunks`` of it to their end.

    A body is read through a chain of generators. Dropped half-way they are left to the garbage collector,
    which cannot end them without an event loop's help, and says so on stderr.
    """
    await stream.aclose()
    with contextlib.suppress(httpx2.HTTPError, httpx2.StreamError, OSError):
        async for _ in chunks:
            continue


def pace(transport: httpx2.AsyncHTTPTransport) -> None:
    """Make ``transport`` read slow streams at most once every :data:`PACE` seconds.

    httpx2 has no setting for the network back end of its pool, so its attribute is set; without it all
    works, with more wake-ups.
    """
    transport._pool._network_backend = _PacedBackend()


class _PacedBackend(httpcore2.AnyIOBackend):
    """Paces below TLS: one read of the socket may hold many TLS records and HTTP chunks."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        stream: Any = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        stream._stream = PacedStream(stream._stream)
        return stream  # type: ignore[no-any-return]


class PacedStream(anyio.abc.ByteStream):
    """A byte stream that is read no sooner than :data:`PACE` after its last small read."""

    def __init__(self, inner: anyio.abc.ByteStream) -> None:
        self._inner = inner
        self._reads = 0
        self._next = 0.0

    async def receive(self, max_bytes: int = 65536) -> bytes:
        wait = self._next - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        data = await self._inner.receive(max_bytes)
        self._reads += 1
        slow = len(data) < SMALL_READ and self._reads >= _UNPACED_READS
        self._next = time.monotonic() + PACE if slow else 0.0
        return data

    async def send(self, item: bytes) -> None:
        self._reads = 0
        self._next = 0.0
        await self._inner.send(item)

    async def send_eof(self) -> None:
        await self._inner.send_eof()

    async def aclose(self) -> None:
        await self._inner.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._inner.extra_attributes
