"""The built-in demo model: an httpx2 transport that answers as the API would. No socket, no key.

Its answers take the whole way of a real one: HTTP, event stream, parser, retries. Words in the prompt ask
for trouble: "fail 429 twice", "fail 500", "fail 401", "fail quota", "fail context", "wait 7 seconds",
"cut off", "stall"; and for variety: "long", "think", "sources" (a search, and where its answer is from),
or the name of one of the answers.
"""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from desktop_chat.domain.ids import new_id

MODELS = ("demo", "demo-reasoning")

_TOKEN = re.compile(r"\s*\S{1,5}|\s+")
_FAILURE = re.compile(r"\bfail (\d{3}|quota|context)(?: (once|twice|(\d+) times))?", re.IGNORECASE)
_WAIT = re.compile(r"\bwait (\d+) seconds?", re.IGNORECASE)
_LONG_REPEATS = 12
_LOOKED_AT = 10_000
"""Characters of a message in which it is looked for what the answer should be."""
_BATCH = 0.02
"""Seconds. A loop cannot sleep for the time of one token at a high speed."""

_FALLBACK = "This is the demo model. It runs inside the program, without a network."
_THOUGHTS = (
    "The question asks for an example, so the answer should show one and say what it shows.",
    "This is the demo model: there is nothing to look up, only a text to choose. Keep it short.",
)
_QUERY = "why are there tides"
_SOURCES = (
    ("Tides and water levels", "https://oceanservice.noaa.gov/education/tutorial_tides/"),
    ("Tidal force", "https://en.wikipedia.org/wiki/Tidal_force"),
)
_SOURCED = (
    "The Moon pulls the near side of the Earth more strongly than its centre, and the centre more strongly "
    "than the far side. The sea rises on both sides at once.",
    "When Sun and Moon stand in one line, the tides are highest; at half moon they are lowest.",
    "Where the coast narrows, the water can rise by **more than ten metres**.",
)
_BETWEEN = "\n\n"
_FAILURES: dict[str, tuple[int, str, str, str]] = {
    "quota": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "context": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ),
    "401": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "404": (404, "invalid_request_error", "model_not_found", "The model does not exist."),
    "429": (429, "requests", "rate_limit_exceeded", "Rate limit reached for demo. Please try again later."),
}


class DemoTransport(httpx2.AsyncBaseTransport):
    """Answers ``/responses``, ``/responses/input_tokens``, ``/chat/completions`` and ``/models``.

    ``answers`` is a folder of Markdown files, ``speed`` in tokens a second.
    """

    def __init__(self, answers: Path, speed: float) -> None:
        self._answers = answers
        self._speed = speed

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/models"):
            data = [{"id": model, "object": "model", "owned_by": "desktop-chat"} for model in MODELS]
            return httpx2.Response(200, json={"object": "list", "data": data})
        body = json.loads(await request.aread())
        prompt = _Prompt.of(body)
        if request.url.path.endswith("/responses/input_tokens"):
            return httpx2.Response(200, json={"input_tokens": prompt.tokens})
        retries = int(request.headers.get("x-stainless-retry-count", "0"))
        refusal = _refusal(prompt.text, retries)
        if refusal is not None:
            return refusal
        answer = prompt.title() if prompt.wants_title else await asyncio.to_thread(self._answer, prompt)
        chat = request.url.path.endswith("/chat/completions")
        events = _chat_events(body, prompt, answer) if chat else _responses_events(body, prompt, answer)
        return httpx2.Response(
            200,
            headers={"content-type": "text/event-stream", "x-request-id": f"demo_{new_id()}"},
            stream=_Paced(list(events), prompt, self._speed),
        )

    def _answer(self, prompt: "_Prompt") -> str:
        """The answer that the prompt names, else the one whose turn it is."""
        if prompt.wants_sources:
            return _BETWEEN.join(_SOURCED)
        files = sorted(self._answers.glob("*.md"), key=lambda file: (file.stem != "welcome", file.stem))
        if not files:
            return _FALLBACK
        words = set(re.findall(r"[a-z]+", prompt.text.lower()))
        named = [file for file in files if file.stem in words or file.stem + "s" in words]
        text = (named or files)[prompt.turn % len(named or files)].read_text(encoding="utf-8")
        if "long" in words:
            return "\n\n---\n\n".join(file.read_text(encoding="utf-8") for file in files * _LONG_REPEATS)
        return text


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What a request asks, whichever dialect it came in. ``turn`` counts the user's earlier messages."""

    text: str
    turn: int
    thinks: bool
    wants_title: bool
    tokens: int

    @property
    def wants_sources(self) -> bool:
        return not self.wants_title and re.search(r"\bsources?\b", self.text, re.IGNORECASE) is not None

    def annotations(self) -> list[dict[str, Any]]:
        """Where each sentence of the answer with sources is from; the last one from where the first is."""
        found, end = [], 0
        for number, sentence in enumerate(_SOURCED if self.wants_sources else ()):
            start, end = end, end + len(sentence)
            title, url = _SOURCES[number % len(_SOURCES)]
            place = {"start_index": start, "end_index": end}
            found.append({"type": "url_citation", "title": title, "url": url, **place})
            end += len(_BETWEEN)
        return found

    @classmethod
    def of(cls, body: dict[str, Any]) -> "_Prompt":
        messages = body.get("input") or body.get("messages") or []
        asked = [_text(message) for message in messages if message.get("role") == "user"]
        told = [_text(message) for message in messages if message.get("role") != "user"]
        # What is attached as text follows what is asked, and may be of millions of characters.
        text = asked[-1][:_LOOKED_AT] if asked else ""
        rulers = ("system", "developer")
        given = [_text(message) for message in messages if message.get("role") in rulers]
        rules = " ".join([str(body.get("instructions", "")), *given]).lower()
        thinks = "reasoning" in str(body.get("model")) or bool(re.search(r"\bthink\b", text, re.IGNORECASE))
        size = sum(map(len, asked + told))
        return cls(text, max(len(asked) - 1, 0), thinks, "title" in rules, size // 4 + 4)

    def title(self) -> str:
        """The first words of what is to be named: of the question, where it is an exchange."""
        asked = self.text.partition("User: ")[2].partition("\n\nAssistant: ")[0]
        words = re.findall(r"[\w'-]+", asked or self.text)[:5]
        return " ".join(words).capitalize() or "Demo"


def _text(message: dict[str, Any]) -> str:
    """What a message says; its attachments are not looked at."""
    content = message.get("content", "")
    if isinstance(content, list):
        content = "\n\n".join(str(piece["text"]) for piece in content if "text" in piece)
    return str(content)


class _Paced(httpx2.AsyncByteStream):
    """Events at the speed of a model, and the trouble that the prompt asked for."""

    def __init__(self, events: list[bytes], prompt: _Prompt, speed: float) -> None:
        self._events = events
        self._speed = speed
        self._half = (
            len(events) // 2 if re.search(r"\b(cut off|stall)\b", prompt.text, re.IGNORECASE) else None
        )
        self._stalls = re.search(r"\bstall\b", prompt.text, re.IGNORECASE) is not None
        self._closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        due = time.monotonic()
        for index, event in enumerate(self._events):
            if index == self._half:
                if self._stalls:
                    await self._closed.wait()
                return
            yield event
            due += 1 / self._speed
            ahead = due - time.monotonic()
            if ahead > _BATCH:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closed.wait(), ahead)
            if self._closed.is_set():
                return

    async def aclose(self) -> None:
        self._closed.set()


def _refusal(text: str, retries: int) -> httpx2.Response | None:
    """The error that the prompt asked for, None where it asked for none or had it already."""
    if (wait := _WAIT.search(text)) and not retries:
        return _error("429", {"retry-after": wait[1]})
    failure = _FAILURE.search(text)
    if failure is None:
        return None
    times = {"once": 1, "twice": 2}.get((failure[2] or "").lower(), int(failure[3] or 1_000_000))
    return _error(failure[1].lower(), {}) if retries < times else None


def _error(name: str, headers: dict[str, str]) -> httpx2.Response:
    known = _FAILURES.get(name)
    if known is None:
        known = (
            int(name) if 400 <= int(name) <= 599 else 500,
            "server_error",
            "server_error",
            "The demo failed.",
        )
    status, kind, code, message = known
    return httpx2.Response(
        status,
        headers={"x-request-id": f"demo_{new_id()}", **headers},
        json={"error": {"message": message, "type": kind, "param": None, "code": code}},
    )


def _sse(event: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _responses_events(body: dict[str, Any], prompt: _Prompt, answer: str) -> Iterator[bytes]:
    number = -1
    response: dict[str, Any] = {
        "id": f"resp_{new_id()}",
        "object": "response",
        "status": "in_progress",
        "model": body.get("model"),
        "output": [],
    }

    def event(kind: str, **fields: Any) -> bytes:
        nonlocal number
        number += 1
        return _sse({"type": kind, "sequence_number": number, **fields}, kind)

    yield event("response.created", response=response)
    yield event("response.in_progress", response=response)
    thoughts = _THOUGHTS if prompt.thinks else ()
    where: dict[str, Any] = {"item_id": "rs_demo", "output_index": 0}
    for index, thought in enumerate(thoughts):
        for piece in _TOKEN.findall(thought):
            yield event("response.reasoning_summary_text.delta", **where, summary_index=index, delta=piece)
        yield event("response.reasoning_summary_text.done", **where, summary_index=index, text=thought)
    where = {"item_id": "msg_demo", "output_index": 1 if thoughts else 0, "content_index": 0}
    annotations = prompt.annotations()
    if annotations:
        item: dict[str, Any] = {"id": "ws_demo", "type": "web_search_call", "status": "in_progress"}
        index = where["output_index"]
        yield event("response.output_item.added", output_index=index, item=item)
        for state in ("in_progress", "searching", "completed"):
            yield event(f"response.web_search_call.{state}", output_index=index, item_id="ws_demo")
        sources = [{"type": "url", "url": url} for _title, url in _SOURCES]
        action: dict[str, Any] = {"type": "search", "query": _QUERY, "sources": sources}
        item |= {"status": "completed", "action": action}
        yield event("response.output_item.done", output_index=index, item=item)
        where["output_index"] += 1
    said = 0
    waiting = list(enumerate(annotations))
    for piece in _TOKEN.findall(answer):
        yield event("response.output_text.delta", **where, delta=piece)
        said += len(piece)
        while waiting and waiting[0][1]["end_index"] <= said:
            number_of, annotation = waiting.pop(0)
            fields: dict[str, Any] = {"annotation_index": number_of, "annotation": annotation}
            yield event("response.output_text.annotation.added", **where, **fields)
    yield event("response.output_text.done", **where, text=answer)
    output, reasoning = _tokens(answer), sum(map(_tokens, thoughts))
    usage = {
        "input_tokens": prompt.tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output + reasoning,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt.tokens + output + reasoning,
    }
    yield event("response.completed", response={**response, "status": "completed", "usage": usage})


def _chat_events(body: dict[str, Any], prompt: _Prompt, answer: str) -> Iterator[bytes]:
    shared = {"id": f"chatcmpl-{new_id()}", "object": "chat.completion.chunk", "model": body.get("model")}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _sse({**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    thoughts = _THOUGHTS if prompt.thinks else ()
    for thought in thoughts:
        for piece in _TOKEN.findall(thought + "\n\n"):
            yield chunk({"reasoning_content": piece})
    for piece in _TOKEN.findall(answer):
        yield chunk({"content": piece})
    annotations = [
        {"type": "url_citation", "url_citation": {k: v for k, v in annotation.items() if k != "type"}}
        for annotation in prompt.annotations()
    ]
    yield chunk({"annotations": annotations} if annotations else {}, "stop")
    output, reasoning = _tokens(answer), sum(map(_tokens, thoughts))
    usage = {
        "prompt_tokens": prompt.tokens,
        "completion_tokens": output + reasoning,
        "total_tokens": prompt.tokens + output + reasoning,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    yield _sse({**shared, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _tokens(text: str) -> int:
    return len(_TOKEN.findall(text))
