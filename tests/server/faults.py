"""Everything that goes wrong on the wire, each as a script."""

import asyncio
import gzip
import json
from collections.abc import Callable

from tests.server import wire
from tests.server.http import Exchange, Script

PIECES = ["The ", "quick ", "brown ", "fox"]
TEXT = "".join(PIECES)


def status(code: int, error: object = None, headers: dict[str, str] | None = None) -> Script:
    """An error with a JSON body; ``error`` is its inner object, or the words of its message."""
    if not isinstance(error, dict):
        error = {"message": error or f"Failure {code}.", "type": "test", "code": None, "param": None}
    return document(code, json.dumps({"error": error}).encode(), headers)


def document(code: int, body: bytes, headers: dict[str, str] | None = None) -> Script:
    async def play(exchange: Exchange) -> None:
        await exchange.document(code, body, {"x-request-id": "req_fault", **(headers or {})})

    return play


def html(code: int) -> Script:
    """A web page of 2 MB, with markup that must not survive."""
    page = "<!DOCTYPE html><html><head><style>b{}</style><script>alert('x')</script></head>"
    page += f"<body><h1>{code} Bad &amp; Worse</h1><img src=file:///etc/passwd>" + "<table>" * 300_000
    return document(code, page.encode(), {"content-type": "text/html; charset=utf-8"})


def raw(*items: bytes, headers: dict[str, str] | None = None) -> Script:
    """An event stream of these bytes, each sent alone, that ends with the connection."""
    return built(lambda _: list(items), headers)


def built(make: Callable[[bool], list[bytes]], headers: dict[str, str] | None = None) -> Script:
    """As :func:`raw`; ``make`` is told whether the request is one of Chat Completions."""

    async def play(exchange: Exchange) -> None:
        await exchange.head(200, {"x-request-id": "req_fault", **(headers or {})})
        for item in make(exchange.chat):
            await exchange.send(item)
            await asyncio.sleep(0)

    return play


def partial(*after: bytes) -> Script:
    """An answer that has text and no end mark; ``after`` follows the text."""
    return built(lambda chat: [*text(chat), *after])


def inside(*items: bytes) -> Script:
    """A whole answer with ``items`` in the middle of its text."""
    return built(lambda chat: [*text(chat)[:3], *items, *text(chat)[3:], *wire.ending(chat)])


def text(chat: bool) -> list[bytes]:
    """The opening and all text of an answer, without its end."""
    return [*wire.opening(chat), *(wire.delta(chat, piece, n + 1) for n, piece in enumerate(PIECES))]


async def no_answer(exchange: Exchange) -> None:
    """The request is taken, and nothing comes."""
    await exchange.closed.wait()


async def close_before_head(exchange: Exchange) -> None:
    exchange.keep_alive = False


async def stall_after_head(exchange: Exchange) -> None:
    await exchange.head()
    await exchange.closed.wait()


async def stall_in_text(exchange: Exchange) -> None:
    await exchange.head()
    for item in text(exchange.chat):
        await exchange.send(item)
    await exchange.closed.wait()


async def comments_only(exchange: Exchange) -> None:
    """Keep-alives that keep nothing alive."""
    await exchange.head()
    while not exchange.closed.is_set():
        await exchange.send(b": keep-alive\n\n")
        await asyncio.sleep(0.02)


async def reset_in_text(exchange: Exchange) -> None:
    """The connection is reset within a chunk."""
    await exchange.head(200, {"transfer-encoding": "chunked"})
    for item in text(exchange.chat):
        await exchange.chunk(item)
    await exchange.send(b"400\r\ndata: {")
    await asyncio.sleep(0.05)  # a reset takes back what the client has not read yet
    exchange.abort()


async def endless_line(exchange: Exchange) -> None:
    await exchange.head()
    await exchange.send(b'data: {"')
    while not exchange.closed.is_set():
        await exchange.send(b"x" * (1 << 20))


async def endless_error(exchange: Exchange) -> None:
    await exchange.head(400, {"content-type": "text/plain"})
    while not exchange.closed.is_set():
        await exchange.send(b"No. " * (1 << 18))


def gzip_bomb(code: int) -> Script:
    """64 MB of zeros, compressed."""
    bomb = gzip.compress(bytes(1 << 26))
    return document(code, bomb, {"content-type": "text/event-stream", "content-encoding": "gzip"})


def redirect(location: str, code: int = 307) -> Script:
    return document(code, b"", {"location": location})


def split_everywhere(pieces: list[str]) -> Script:
    """A whole answer, one byte at a time."""
    return built(lambda chat: [bytes([b]) for b in b"".join(wire.events(chat, pieces))])


def many(count: int, piece: str = "x") -> Script:
    """An answer of ``count`` tiny deltas at full speed."""

    async def play(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(b"".join(wire.events(exchange.chat, [piece] * count)))

    return play
