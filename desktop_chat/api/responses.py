"""The Responses API -> domain.events."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from desktop_chat.api.bodies import data_url, put, said, set_parameters, streams, with_extras
from desktop_chat.api.extras import MAX_NAME, MAX_TOOL_TEXT, output, status, text, tool_call
from desktop_chat.api.parser import Parser, text_of, usage_of
from desktop_chat.api.quirks import ENCRYPTED_REASONING, Quirks
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.message import (
    Attachment,
    CallStatus,
    Message,
    Part,
    PartKind,
    ReasoningItem,
    Role,
    State,
    ToolCall,
)
from desktop_chat.domain.request import Request

PATH = "/responses"

_MAX_ENCRYPTED, _MAX_THOUGHTS = 1 << 20, 100
"""Characters of one encrypted reasoning, which cannot be cut, and how many of an answer are kept."""

_DELTAS = {
    "response.output_text.delta": PartKind.TEXT,
    "response.refusal.delta": PartKind.REFUSAL,
    "response.reasoning_summary_text.delta": PartKind.REASONING,
    "response.reasoning_text.delta": PartKind.REASONING,
}
_WHOLES = {
    "response.output_text.done": ("text", PartKind.TEXT),
    "response.refusal.done": ("refusal", PartKind.REFUSAL),
    "response.reasoning_summary_text.done": ("text", PartKind.REASONING),
    "response.reasoning_text.done": ("text", PartKind.REASONING),
}
_ARGUMENTS = {
    "response.function_call_arguments.done": "arguments",
    "response.mcp_call_arguments.done": "arguments",
    "response.custom_tool_call_input.done": "input",
    "response.code_interpreter_call_code.done": "code",
}


def body(request: Request, quirks: Quirks) -> dict[str, Any]:
    """The JSON body of a request. Nothing is stored on the server, unless that is wanted.

    Only what was said is sent: a tool call without its result, or the result of a tool that this request
    does not offer, would be rejected. Raises ``Failed`` where the endpoint's own part of it is no JSON.
    """
    parameters = request.parameters
    body: dict[str, Any] = {
        "model": request.model,
        "input": list(_items(request, quirks)),
        "stream": streams(request, quirks),
    }
    if parameters.store is None and quirks.takes("store"):
        body["store"] = False
    if parameters.system_prompt:
        body["instructions"] = parameters.system_prompt
    set_parameters(body, request, Dialect.RESPONSES, quirks)
    summary = _summary(request, quirks)
    if summary is not None:
        put(body, ("reasoning", "summary"), summary)
    include = _include(body)
    if include and quirks.takes("include"):
        body["include"] = include
    if request.truncates and quirks.takes("truncation"):
        body["truncation"] = "auto"
    return with_extras(body, request, quirks)


def _items(request: Request, quirks: Quirks) -> Iterator[dict[str, Any]]:
    for one in said(request, quirks):
        if one.role == Role.ASSISTANT and one.message is not None and quirks.takes(ENCRYPTED_REASONING):
            yield from _reasoning(one.message, quirks.endpoint.origin, request.model)
        content: Any = one.text
        if one.attachments:
            content = [{"type": "input_text", "text": one.text}] if one.text else []
            content += [_attached(*attached) for attached in one.attachments]
        yield {"role": one.role, "content": content}


def _attached(part: Part, attachment: Attachment) -> dict[str, Any]:
    if part.kind is PartKind.IMAGE:
        url = data_url(attachment) if attachment.hash else attachment.url
        return {"type": "input_image", "image_url": url, "detail": attachment.detail}
    if attachment.hash:
        return {"type": "input_file", "filename": part.name or "file", "file_data": data_url(attachment)}
    return {"type": "input_file", "file_url": attachment.url}


def _reasoning(message: Message, origin: str, model: str) -> Iterator[dict[str, Any]]:
    """What the very model thought before it said ``message``; nobody else can read it."""
    for part in message.parts:
        item = part.data
        if isinstance(item, ReasoningItem) and (item.origin, item.model) == (origin, model):
            yield {
                "type": "reasoning",
                "id": item.id,
                "summary": [],
                "encrypted_content": item.encrypted,
            }


def _summary(request: Request, quirks: Quirks) -> str | None:
    """How much is told of the reasoning: where only an effort is set, what the server thinks fit."""
    effort, wanted = request.parameters.reasoning_effort, request.parameters.reasoning_summary
    if wanted == "none" or not quirks.takes("reasoning_summary"):
        return None
    thinks = effort not in (None, "none") and quirks.takes("reasoning_effort")
    return wanted or ("auto" if thinks else None)


def _include(body: dict[str, Any]) -> list[str]:
    """What is wanted beside the answer. Reasoning only where the request shows that the model thinks: one
    that does not rejects the wish."""
    reasoning = body.get("reasoning", {})
    thinks = reasoning.get("effort", "none") != "none" or "summary" in reasoning
    thinks = thinks or any(item.get("type") == "reasoning" for item in body["input"])
    include = []
    if thinks and body.get("store") is not True:
        include.append("reasoning.encrypted_content")
    if "top_logprobs" in body:
        include.append("message.output_text.logprobs")
    return include


class ResponsesParser(Parser):
    """Reads the events of ``POST /responses`` with ``stream: true``, or the one document without it."""

    def __init__(self, origin: str = "", model: str = "") -> None:
        """``origin`` and ``model`` are what is asked: nobody else can read its encrypted reasoning."""
        super().__init__()
        self._asked = (origin, model)
        self._thoughts: set[str] = set()
        """The ids of the reasoning items that came."""
        self._seen: dict[int, tuple[object, object]] | None = {}
        self._parts: set[tuple[object, ...]] = set()
        self._last: dict[PartKind, tuple[object, ...]] = {}
        self._starts: dict[tuple[object, ...], int] = {}
        """Where each text of the output begins in what is said, by output and content index."""
        self._call_ids: dict[str, str] = {}
        """The id of the item of each tool call, by the id that its output names."""

    def feed(self, name: str, data: object) -> None:
        if not isinstance(data, dict) or self.finished or self._repeated(data):
            return
        kind = data.get("type")
        if not isinstance(kind, str):
            kind = name
            if data.get("object") == "response" and isinstance(data.get("status"), str):
                kind, data = f"response.{data['status']}", {"response": data}
        if (part := _DELTAS.get(kind)) is not None:
            self._piece(kind.removesuffix(".delta"), part, data, data.get("delta"))
        elif kind in _WHOLES:
            field, part = _WHOLES[kind]
            place = self._place(kind.removesuffix(".done"), data)
            if place not in self._parts:
                self._piece(place[0], part, data, data.get(field))
            if part is PartKind.TEXT:
                self._cite(data.get("annotations"), data)
        elif kind == "response.output_text.annotation.added":
            self._cite([data.get("annotation")], data)
        elif kind == "response.content_part.done":
            self._cite(_field(data.get("part"), "annotations"), data)
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._item(data.get("item"), data.get("output_index"), ended=kind.endswith("done"))
        elif kind in _ARGUMENTS:
            given = text(data.get(_ARGUMENTS[kind]), MAX_TOOL_TEXT)
            self.change_call(self._id(data.get("item_id"), data), arguments=given)
        elif "_call." in kind or kind.startswith("response.mcp_list_tools."):
            self.change_call(self._id(data.get("item_id"), data), status=status(kind.rpartition(".")[2]))
        elif kind in ("response.created", "response.in_progress", "response.queued"):
            self.model = text_of(data.get("response"), "model") or self.model
        elif kind in ("response.completed", "response.incomplete", "response.failed", "response.cancelled"):
            self._closed(kind, data.get("response"))
        elif kind == "error" or name == "error" or (data.get("error") and not kind):
            self.error = data.get("error") or data
            self.finished = True

    def _repeated(self, data: dict[str, Any]) -> bool:
        """Whether this very event came before. A server that does not count its events ends the check."""
        number = data.get("sequence_number")
        if self._seen is None or not isinstance(number, int):
            return False
        mark = (data.get("type"), data.get("delta"))
        known = self._seen.setdefault(number, mark)
        if known is mark:
            return False
        if known != mark:
            self._seen = None
            return False
        return True

    @staticmethod
    def _place(what: object, data: dict[str, Any]) -> tuple[object, ...]:
        places = (data.get("output_index"), data.get("content_index"), data.get("summary_index"))
        return (what, *(place if isinstance(place, int) else 0 for place in places))

    def _piece(self, what: object, kind: PartKind, data: dict[str, Any], text: object) -> None:
        """Append a piece; the paragraphs of different output items and summaries are set apart."""
        place = self._place(what, data)
        last = self._last.get(kind)
        if last is not None and last != place:
            apart = kind is PartKind.REASONING or last[1] != place[1]
            if apart and text:
                self.add(kind, "\n\n")
        if text:
            self._last[kind] = place
            self._parts.add(place)
            if kind is PartKind.TEXT:
                self._starts.setdefault(place[1:3], self._said)
            self.add(kind, text)

    def _cite(self, annotations: object, where: dict[str, Any]) -> None:
        """Take in the annotations of a text of the output; their places count from where it begins."""
        if annotations:
            self.cite(annotations, self._starts.get(self._place("", where)[1:3], self._said))

    def _id(self, given: object, data: dict[str, Any]) -> str:
        return self.call_id(given, data.get("output_index"))

    def _item(self, item: object, index: object, *, ended: bool) -> None:
        """Take in an output item: a tool call, the output of one, or a message with its annotations."""
        if not isinstance(item, dict):
            return
        if str(item.get("type")).endswith("_call_output"):
            call = self._call_ids.get(str(item.get("call_id")))
            if call is not None:
                self.change_call(call, result=output(item.get("output")), status=CallStatus.DONE)
            return
        if item.get("type") == "reasoning" and ended:
            # What the event of its beginning has may not be whole (``response_reasoning_item_param.py``).
            self._thought(item)
        item_id = self.call_id(item.get("id"), index)
        part = tool_call(item, item_id)
        if part is not None and isinstance(part.data, ToolCall):
            self._call_ids[str(item.get("call_id"))] = item_id
            if ended and part.data.status is CallStatus.RUNNING:
                part = replace(part, data=replace(part.data, status=CallStatus.DONE))
            self.put_call(part)
        elif ended:
            content = item.get("content")
            for number, piece in enumerate(content if isinstance(content, list) else ()):
                where = {"output_index": index, "content_index": number}
                self._cite(_field(piece, "annotations"), where)

    def _thought(self, item: dict[str, Any]) -> None:
        """Take in reasoning that only its server reads."""
        item_id, encrypted = text(item.get("id"), MAX_NAME), item.get("encrypted_content")
        if not isinstance(encrypted, str) or not (
            encrypted.isascii() and 0 < len(encrypted) <= _MAX_ENCRYPTED
        ):
            return
        if item_id and item_id not in self._thoughts and len(self._thoughts) < _MAX_THOUGHTS:
            self._thoughts.add(item_id)
            data = ReasoningItem(item_id, encrypted, *self._asked)
            self.put(Part(PartKind.REASONING, data=data))

    def _closed(self, kind: str, response: object) -> None:
        response = response if isinstance(response, dict) else {}
        self.model = text_of(response, "model") or self.model
        self.usage = usage_of(response.get("usage"), "input", "output") or self.usage
        self.service_tier = text_of(response, "service_tier") or self.service_tier
        self.finished = True
        if kind == "response.failed":
            self.error = response.get("error") or {"message": "The server gave up on the answer."}
            return
        if kind == "response.cancelled":
            self.error = {"code": "cancelled", "message": "The server cancelled the answer."}
            return
        output = response.get("output")
        output = output if isinstance(output, list) else []
        if not self._parts:
            self._output(output)
        for index, item in enumerate(output):
            self._item(item, index, ended=True)
        if kind == "response.completed":
            self.end("stop")
        else:
            details = response.get("incomplete_details")
            reason = text_of(details, "reason") or "length"
            self.end(reason)
            self.state = State.TRUNCATED

    def _output(self, output: list[object]) -> None:
        """The answer of a server that sent no deltas."""
        for index, item in enumerate(output):
            if not isinstance(item, dict):
                continue
            for field in ("summary", "content"):
                parts = item.get(field)
                for number, part in enumerate(parts if isinstance(parts, list) else ()):
                    if not isinstance(part, dict):
                        continue
                    where = {"output_index": index, "content_index": number}
                    if item.get("type") == "reasoning":
                        self._piece("reasoning", PartKind.REASONING, where, part.get("text"))
                    elif part.get("type") == "refusal":
                        self._piece("refusal", PartKind.REFUSAL, where, part.get("refusal"))
                    else:
                        self._piece("text", PartKind.TEXT, where, part.get("text"))


def _field(source: object, name: str) -> object:
    return source.get(name) if isinstance(source, dict) else None
