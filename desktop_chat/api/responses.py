"""The Responses API -> domain.events."""

from dataclasses import replace
from typing import Any

from desktop_chat.api.extras import MAX_TOOL_TEXT, output, status, text, tool_call
from desktop_chat.api.parser import Parser, text_of, usage_of
from desktop_chat.api.quirks import Quirks
from desktop_chat.domain.message import CallStatus, Message, PartKind, Role, State, ToolCall
from desktop_chat.domain.request import Request

PATH = "/responses"

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
    """The JSON body of a streamed request. Nothing is stored on the server.

    Only what was said is sent: a tool call without its result, or the result of a tool that this request
    does not offer, would be rejected.
    """
    parameters = request.parameters
    body: dict[str, Any] = {
        "model": request.model,
        "input": [
            {"role": role(message, quirks), "content": message.text} for message in sendable(request.messages)
        ],
        "stream": True,
        "store": False,
    }
    if parameters.system_prompt:
        body["instructions"] = parameters.system_prompt
    if parameters.temperature is not None:
        body["temperature"] = parameters.temperature
    if parameters.max_output_tokens is not None:
        body["max_output_tokens"] = parameters.max_output_tokens
    if parameters.reasoning_effort is not None:
        body["reasoning"] = {"effort": parameters.reasoning_effort}
        if quirks.reasoning_summary and parameters.reasoning_effort != "none":
            body["reasoning"]["summary"] = "auto"
    if request.truncates and quirks.truncation:
        body["truncation"] = "auto"
    return body


def role(message: Message, quirks: Quirks) -> str:
    """What the endpoint calls the one who says ``message``."""
    return quirks.system_role if message.role is Role.SYSTEM else message.role.value


def sendable(messages: tuple[Message, ...]) -> list[Message]:
    """The messages that say something: failed and empty ones are left out."""
    return [message for message in messages if message.state is not State.FAILED and message.text.strip()]


class ResponsesParser(Parser):
    """Reads the events of ``POST /responses`` with ``stream: true``, or the one document without it."""

    def __init__(self) -> None:
        super().__init__()
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
