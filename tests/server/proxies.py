"""Proxies on the loopback interface: HTTP with tunnels, and SOCKS 5, each with a user and a password."""

import asyncio
import base64
import struct
from typing import Self

USER, PASSWORD = "me", "hunter22-canary"


class Proxy:
    """Connects to ``port`` of this machine, whatever it is asked for, and remembers what that was.

    ``asked`` holds ``host:port`` of each tunnel; ``refused`` counts those whose user or password was wrong.
    """

    scheme = ""

    def __init__(self, port: int, *, needs_password: bool = True) -> None:
        self.asked: list[str] = []
        self.refused = 0
        self._to = port
        self._needs_password = needs_password
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"{self.scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            target = await self._agree(reader, writer)
            if target is not None:
                self.asked.append(target)
                await self._tunnel(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            self._connections.discard(task)
            writer.close()

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
        raise NotImplementedError

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            back.close()


class HttpProxy(Proxy):
    scheme = "http"

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split(" ", 2)
        assert method == "CONNECT"
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self._needs_password and f"Basic {credentials}\r\n" not in head:
            self.refused += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            return None
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return target


class SocksProxy(Proxy):
    """RFC 1928 with the passwords of RFC 1929."""

    scheme = "socks5"

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        method = 2 if self._needs_password else 0
        if method not in methods:
            self.refused += 1
            writer.write(b"\x05\xff")
            await writer.drain()
            return None
        writer.write(bytes([5, method]))
        if self._needs_password:
            await reader.readexactly(1)
            given = [await self._text(reader) for _ in range(2)]
            right = given == [USER, PASSWORD]
            writer.write(bytes([1, not right]))
            if not right:
                self.refused += 1
                await writer.drain()
                return None
        _, _, _, kind = await reader.readexactly(4)
        host = await self._text(reader) if kind == 3 else ".".join(map(str, await reader.readexactly(4)))
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        return f"{host}:{port}"

    @staticmethod
    async def _text(reader: asyncio.StreamReader) -> str:
        (length,) = await reader.readexactly(1)
        return (await reader.readexactly(length)).decode()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()
