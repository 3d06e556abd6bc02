"""Proper answers in both dialects: their events, and scripts that send them."""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any

from tests.server.http import Exchange, Script

WORDS = "The quick brown fox jumps over the lazy dog. "
USAGE_IN, USAGE_OUT, USAGE_CACHED, USAGE_REASONING = 11, 7, 3, 2


def sse(event: object, name: str = "") -> bytes:
    """One event; ``event`` is JSON unless it is a string."""
    data = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode(
        "utf-8", "surrogatepass"
    )


DONE = sse("[DONE]")


def delta(chat: bool, text: str, number: int = 0, **fields: Any) -> bytes:
    """A piece of text."""
    if chat:
        return chunk({"content": text}, **fields)
    return event("response.output_text.delta", number, output_index=0, content_index=0, delta=text, **fields)


def chunk(delta: object, finish: str | None = None, **fields: Any) -> bytes:
    """A chunk of Chat Completions."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return sse({"id": "c1", "object": "chat.completion.chunk", "model": "m-1", "choices": choices, **fields})


def event(kind: str, number: int, **fields: Any) -> bytes:
    """An event of the Responses API."""
    return sse({"type": kind, "sequence_number": number, **fields}, kind)


def response(status: str = "completed", **fields: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": USAGE_IN,
        "output_tokens": USAGE_OUT,
        "input_tokens_details": {"cached_tokens": USAGE_CACHED},
        "output_tokens_details": {"reasoning_tokens": USAGE_REASONING},
    }
    done = {"usage": usage} if status in ("completed", "incomplete") else {}
    return {
        "id": "r1",
        "object": "response",
        "model": "m-1",
        "status": status,
        "output": [],
        **done,
        **fields,
    }


def chat_usage() -> dict[str, Any]:
    return {
        "prompt_tokens": USAGE_IN,
        "completion_tokens": USAGE_OUT,
        "prompt_tokens_details": {"cached_tokens": USAGE_CACHED},
        "completion_tokens_details": {"reasoning_tokens": USAGE_REASONING},
    }


def opening(chat: bool) -> list[bytes]:
    """What comes before the text."""
    if chat:
        return [chunk({"role": "assistant", "content": ""})]
    return [event("response.created", 0, response=response("in_progress"))]


def ending(chat: bool, finish: str = "stop") -> list[bytes]:
    """The end marks and the usage."""
    if chat:
        usage = sse({"id": "c1", "model": "m-1", "choices": [], "usage": chat_usage()})
        return [chunk({}, finish), usage, DONE]
    if finish == "stop":
        return [event("response.completed", 999_999, response=response())]
    reason = "max_output_tokens" if finish == "length" else finish
    details = {"reason": reason}
    return [
        event("response.incomplete", 999_999, response=response("incomplete", incomplete_details=details))
    ]


def events(chat: bool, pieces: Sequence[str], finish: str = "stop") -> list[bytes]:
    """A whole answer, one item an event."""
    texts = [delta(chat, piece, number + 1) for number, piece in enumerate(pieces)]
    return [*opening(chat), *texts, *ending(chat, finish)]


def pieces_of(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+", text)


def answer(text: str = WORDS, *, pause: float = 0.0, finish: str = "stop") -> Script:
    """A proper answer; ``pause`` is in seconds between its events."""

    async def play(exchange: Exchange) -> None:
        await exchange.head(200, {"transfer-encoding": "chunked", "x-request-id": "req_test"})
        for item in events(exchange.chat, pieces_of(text), finish):
            await exchange.chunk(item)
            if pause:
                await asyncio.sleep(pause)
        await exchange.chunk(b"")

    return play


def steady(pieces: Sequence[str], rate: float) -> Script:
    """A proper answer, ``rate`` pieces a second by the clock; 0 sends all of them at once."""

    async def play(exchange: Exchange) -> None:
        await exchange.head(200, {"transfer-encoding": "chunked", "x-request-id": "req_test"})
        made = events(exchange.chat, pieces)
        if not rate:
            await exchange.send(b"".join(b"%x\r\n%s\r\n" % (len(item), item) for item in made))
        else:
            loop = asyncio.get_running_loop()
            due = loop.time()
            for item in made:
                await exchange.chunk(item)
                due += 1 / rate
                await asyncio.sleep(due - loop.time())
        await exchange.chunk(b"")

    return play


async def models(exchange: Exchange) -> None:
    """The model list."""
    listed = ["m-1", "m-2", "text-embedding-3-small"]
    data = [{"id": name, "object": "model", "created": 1700000000, "owned_by": "test"} for name in listed]
    await exchange.document(200, json.dumps({"object": "list", "data": data}).encode())
