"""Chat Completions -> domain.events."""

from dataclasses import dataclass, field
from typing import Any

from desktop_chat.api.bodies import Said, data_url, said, set_parameters, streams, with_extras
from desktop_chat.api.extras import MAX_CALLS, MAX_NAME, MAX_TOOL_TEXT, text
from desktop_chat.api.parser import Parser, text_of, usage_of
from desktop_chat.api.quirks import Quirks
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.events import Choice
from desktop_chat.domain.message import Attachment, CallStatus, Part, PartKind, ToolCall
from desktop_chat.domain.request import Request
from desktop_chat.domain.usage import Usage

PATH = "/chat/completions"


def body(request: Request, quirks: Quirks) -> dict[str, Any]:
    """The JSON body of a request. Raises ``Failed`` where the endpoint's own part of it is no JSON."""
    parameters = request.parameters
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [
            {"role": one.role, "content": _content(one)}
            for one in said(request, quirks, parameters.system_prompt)
        ],
        "stream": streams(request, quirks),
    }
    if body["stream"] and quirks.takes("stream_options"):
        body["stream_options"] = {"include_usage": True}
    set_parameters(body, request, Dialect.CHAT_COMPLETIONS, quirks)
    if "top_logprobs" in body:
        body["logprobs"] = True
    return with_extras(body, request, quirks)


def _content(one: Said) -> str | list[dict[str, Any]]:
    if not one.attachments:
        return one.text
    text = [{"type": "text", "text": one.text}] if one.text else []
    return [*text, *(_attached(*attached) for attached in one.attachments)]


def _attached(part: Part, attachment: Attachment) -> dict[str, Any]:
    if part.kind is PartKind.IMAGE:
        image: dict[str, Any] = {"url": data_url(attachment) if attachment.hash else attachment.url}
        if attachment.detail != "auto":
            image["detail"] = attachment.detail
        return {"type": "image_url", "image_url": image}
    return {"type": "file", "file": {"filename": part.name or "file", "file_data": data_url(attachment)}}


@dataclass(slots=True)
class _Asked:
    """A function call whose arguments are still coming."""

    id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    size: int = 0
    is_shown: bool = False


class ChatCompletionsParser(Parser):
    """Reads the chunks of ``POST /chat/completions`` with ``stream: true``, or the one document without it.

    The usage may come on any chunk, before, with or after the one that has the finish reason. Some servers
    report on every chunk what was used until then: it is the usage of the answer once that is at its end.
    Other choices than the first are collected, each by a parser of its own.
    """

    def __init__(self, choices: int = 1) -> None:
        """``choices`` is how many answers are asked for."""
        super().__init__()
        self._choices = choices
        self._others: dict[int, ChatCompletionsParser] = {}
        self._asked: dict[object, _Asked] = {}
        self._usage: Usage | None = None

    def feed(self, name: str, data: object) -> None:
        if not isinstance(data, dict) or self.finished:
            return
        if data.get("error") or name == "error":
            if self.state is None:
                self.error = data.get("error") or data
            self.finished = True
            return
        self.model = text_of(data, "model") or self.model
        self.service_tier = text_of(data, "service_tier") or self.service_tier
        given = data.get("choices")
        choices = [choice for choice in given if isinstance(choice, dict)] if isinstance(given, list) else []
        # Moonshot reports it in the choice, older servers of Groq in an object of their own.
        places = (data, data.get("x_groq"), *choices)
        usages = (place.get("usage") for place in places if isinstance(place, dict))
        reported = next(filter(None, (usage_of(usage, "prompt", "completion") for usage in usages)), None)
        self._usage = reported or self._usage
        for choice in choices:
            self._parser_of(choice.get("index"))._choice(choice)
        if self.state is not None or self.error is not None:
            self.usage = self._usage
        self.finished = self.error is not None or (self.is_over and reported is not None)

    @property
    def is_over(self) -> bool:
        ended = sum(other.state is not None for other in self._others.values())
        return self.state is not None and ended + 1 >= self._choices

    @property
    def others(self) -> tuple[Choice, ...]:
        return tuple(self._others[index].collected() for index in sorted(self._others))

    def _parser_of(self, index: object) -> "ChatCompletionsParser":
        """The parser of the choice: this one for the first; for one that nobody asked for, one to forget."""
        if not isinstance(index, int) or index <= 0:
            return self
        if index >= self._choices:
            return ChatCompletionsParser()
        return self._others.setdefault(index, ChatCompletionsParser())

    def _choice(self, choice: dict[str, Any]) -> None:
        if self.state is not None:
            return
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            self.add(PartKind.REASONING, delta.get("reasoning_content") or delta.get("reasoning"))
            self._content(delta.get("content"))
            self.add(PartKind.REFUSAL, delta.get("refusal"))
            self.cite(delta.get("annotations"), 0)
            calls = delta.get("tool_calls")
            for number, call in enumerate(calls if isinstance(calls, list) else ()):
                self._tool_call(call, number)
            if isinstance(called := delta.get("function_call"), dict):
                self._tool_call({"function": called}, 0)
        if reason := text_of(choice, "finish_reason"):
            self.end(reason)
            for asked in self._asked.values():
                self._show_call(asked, CallStatus.DONE)

    def _tool_call(self, call: object, number: int) -> None:
        """Take in a piece of a function call: the first has its name, its arguments come in pieces."""
        if not isinstance(call, dict):
            return
        index = call.get("index")
        key: object = index if isinstance(index, int) else number
        function = call.get("function") or call.get("custom")
        asked = self._asked.get(key)
        if asked is not None and isinstance(function, dict) and function.get("name"):
            # Gemini gives all calls the same index, each whole; the name comes again only with another id.
            given = text(call.get("id"), MAX_NAME)
            if given and given != asked.id:
                key, asked = given, self._asked.get(given)
        if asked is None:
            if len(self._asked) >= MAX_CALLS:
                return
            asked = self._asked[key] = _Asked(self.call_id(call.get("id"), key))
        if isinstance(function, dict):
            asked.name = asked.name or text(function.get("name"), MAX_NAME)
            if asked.size < MAX_TOOL_TEXT:
                piece = text(function.get("arguments") or function.get("input"), MAX_TOOL_TEXT - asked.size)
                asked.size += len(piece)
                asked.arguments.append(piece)
        if not asked.is_shown:
            asked.is_shown = True
            self._show_call(asked, CallStatus.RUNNING)

    def _show_call(self, asked: "_Asked", status: CallStatus) -> None:
        arguments = "".join(asked.arguments) if status is CallStatus.DONE else ""
        call = ToolCall(asked.id, "function", status, arguments)
        self.put_call(Part(PartKind.TOOL_CALL, name=asked.name, data=call))

    def _content(self, content: object) -> None:
        """Content is a string; some servers send a list of typed parts."""
        for part in content if isinstance(content, list) else (content,):
            if not isinstance(part, dict):
                self.add(PartKind.TEXT, part)
            elif part.get("type") == "thinking":
                thinking = part.get("thinking")
                for thought in thinking if isinstance(thinking, list) else (thinking,):
                    self.add(
                        PartKind.REASONING, thought.get("text") if isinstance(thought, dict) else thought
                    )
            else:
                self.add(PartKind.TEXT, part.get("text"))
