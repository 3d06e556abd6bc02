"""What the two dialects have in common: an answer under construction."""

from dataclasses import replace
from typing import Any

from desktop_chat.api.extras import MAX_CALLS, MAX_CITATIONS, MAX_NAME, citation, text
from desktop_chat.domain.events import Choice, Delta, PartCame
from desktop_chat.domain.ids import new_id
from desktop_chat.domain.message import SAID, CallStatus, Message, Part, PartKind, Role, State, ToolCall
from desktop_chat.domain.usage import Usage

_LARGEST_COUNT = 10**9
"""Hundreds of times the largest context of any model: what is more was not used."""
_TRUNCATING = {
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
}
_BREAKING = frozenset(("error", "insufficient_system_resource"))


class Parser:
    """Collects the text, sources, tool calls, usage and end of one answer from the JSON values of its events.

    ``state`` is None until the server's end mark was seen. ``error`` is the error that the server reported,
    as it came. ``finished`` is True when nothing more is worth reading.
    """

    def __init__(self) -> None:
        self.model: str | None = None
        self.usage: Usage | None = None
        self.service_tier: str | None = None
        self.finish_reason: str | None = None
        self.state: State | None = None
        self.error: object = None
        self.finished = False
        self._run = new_id()
        self._said = 0
        """Characters of what was said so far."""
        self._calls: dict[str, Part] = {}
        self._citations: set[Part] = set()
        self._waiting: list[tuple[PartKind, list[str]] | Part] = []
        self._half = ""
        self._half_kind = PartKind.TEXT

    def feed(self, name: str, data: object) -> None:
        """Take in one event, whatever it holds. What is unknown or odd is passed over."""
        raise NotImplementedError

    def done(self) -> None:
        """Take in the ``[DONE]`` mark."""
        self.finished = True

    def end(self, reason: str) -> None:
        """Take in the server's end mark; the first one counts."""
        if self.state is not None:
            return
        if reason in _BREAKING:
            self.error = self.error or {"code": reason, "message": "The server could not finish the answer."}
            return
        self.finish_reason = _TRUNCATING.get(reason, reason)[:100]
        self.state = State.TRUNCATED if reason in _TRUNCATING else State.COMPLETE

    @property
    def is_over(self) -> bool:
        """Whether every answer that was asked for has come to its end; news of what was used may follow."""
        return self.state is not None

    @property
    def others(self) -> tuple[Choice, ...]:
        """The other answers to the same request, as far as they came."""
        return ()

    def collected(self) -> Choice:
        """All that came and was not taken, as one answer."""
        message = Message("", None, Role.ASSISTANT)
        for came in self.take(final=True):
            if isinstance(came, Delta):
                message.append(came.kind, came.text)
            else:
                message.put(came.part)
        return Choice(tuple(message.parts), self.finish_reason)

    def put(self, part: Part) -> None:
        """Take in a part that is told once."""
        self._waiting.append(part)

    def add(self, kind: PartKind, text: object) -> None:
        """Append streamed text; anything but a non-empty string is passed over."""
        if not text or not isinstance(text, str):
            return
        if kind in SAID:
            self._said += len(text)
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, tuple) and last[0] is kind:
            last[1].append(text)
        else:
            self._waiting.append((kind, [text]))

    def cite(self, annotations: object, start: int) -> None:
        """Take in a list of annotations, whose places count from the character ``start`` of what is said.

        One that came before, or is too many, is passed over.
        """
        for annotation in annotations if isinstance(annotations, list) else ():
            if len(self._citations) >= MAX_CITATIONS:
                return
            part = citation(annotation, start)
            if part is not None and part not in self._citations:
                self._citations.add(part)
                self._waiting.append(part)

    def call_id(self, given: object, place: object) -> str:
        """What tells a tool call from the others of an answer, also of one that was continued."""
        number = place if isinstance(place, int) else 0
        return text(given, MAX_NAME) or f"{self._run}-{number}"

    def put_call(self, part: Part) -> None:
        """Take in a tool call as it is now. What is known of it and not told again stays."""
        call = part.data
        if not isinstance(call, ToolCall):
            return
        known = self._calls.get(call.id)
        if known is None and len(self._calls) >= MAX_CALLS:
            return
        if known is not None and isinstance(known.data, ToolCall):
            call = replace(
                call,
                status=known.data.status if call.status is CallStatus.RUNNING else call.status,
                arguments=call.arguments or known.data.arguments,
                result=call.result or known.data.result,
            )
            part = replace(part, name=part.name or known.name, data=call)
            if part == known:
                return
        self._calls[call.id] = part
        if known in self._waiting:
            self._waiting[self._waiting.index(known)] = part
        else:
            self._waiting.append(part)

    def change_call(self, call_id: str, **changes: Any) -> None:
        """Take in news of a tool call that is known; of another one nothing."""
        known = self._calls.get(call_id)
        if known is not None and isinstance(known.data, ToolCall):
            self.put_call(replace(known, data=replace(known.data, **changes)))

    @property
    def is_working(self) -> bool:
        """Whether a tool is at work, so that nothing may come for a while."""
        return any(
            isinstance(part.data, ToolCall) and part.data.status is CallStatus.RUNNING
            for part in self._calls.values()
        )

    def take(self, *, final: bool = False) -> list[Delta | PartCame]:
        """What came since the last call, in its order; one delta for each run of the same kind."""
        taken: list[Delta | PartCame] = []
        for waiting in self._waiting:
            if isinstance(waiting, Part):
                taken.append(PartCame(waiting))
            elif text := self._whole(waiting[0], "".join(waiting[1])):
                taken.append(Delta(waiting[0], text))
        self._waiting.clear()
        if final and self._half:
            taken.append(Delta(self._half_kind, "\ufffd"))
            self._half = ""
        return taken

    def _whole(self, kind: PartKind, text: str) -> str:
        """``text`` without lone surrogates. One that may find its other half in the next delta waits."""
        if not self._half and text.isascii():
            return text
        text = self._half + text
        self._half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        if self._half:
            text, self._half_kind = text[:-1], kind
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def usage_of(source: object, given: str, said: str) -> Usage | None:
    """The usage in ``source``, which calls the tokens of input and output ``given`` and ``said``.

    None where there is none that makes sense: then nothing was reported, which is not the same as nothing
    used. Some servers send zeros until they know.

    Tokens that only the total has are still paid for: those read from or written to the cache where they are
    as many (Bedrock), else what was thought (Gemini; xAI:
    https://docs.x.ai/docs/key-information/consumption-and-rate-limits).
    """
    told = _count(source, f"{given}_tokens"), _count(source, f"{said}_tokens")
    if None in told or not any(told):
        return None
    took, made = (count or 0 for count in told)
    cached, written = (
        _count(source, f"{given}_tokens_details", name) or 0
        for name in ("cached_tokens", "cache_write_tokens")
    )
    cached = cached or _count(source, "prompt_cache_hit_tokens") or _count(source, "cached_tokens") or 0
    thought = _count(source, f"{said}_tokens_details", "reasoning_tokens") or 0
    apart = max((_count(source, "total_tokens") or 0) - took - made, 0)
    if apart and apart == cached + written:
        took += apart
    else:
        made += apart
        thought = max(thought, apart)
    cached = min(cached, took)
    return Usage(
        input=took,
        output=made,
        cached=cached,
        reasoning=min(thought, made),
        cache_write=min(written, took - cached),
    )


def _count(source: object, *names: str) -> int | None:
    """A token count below ``source``, None where there is none that makes sense."""
    for name in names:
        source = source.get(name) if isinstance(source, dict) else None
    if isinstance(source, bool) or not isinstance(source, int | float):
        return None
    return int(source) if 0 <= source <= _LARGEST_COUNT else None


def text_of(source: Any, name: str) -> str | None:
    """The non-empty string called ``name`` in ``source``, at most 500 characters; else None."""
    value = source.get(name) if isinstance(source, dict) else None
    return value[:500] if isinstance(value, str) and value else None
