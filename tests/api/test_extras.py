"""Citations and tool calls in both dialects, proper ones and odd ones."""

import dataclasses
import json
from collections.abc import Iterable

import pytest

from desktop_chat.api import Api
from desktop_chat.api.extras import MAX_CALLS, MAX_CITATIONS, MAX_TOOL_TEXT
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Dialect
from desktop_chat.domain.events import PartCame
from desktop_chat.domain.message import CallStatus, Citation, Message, Part, PartKind, Role, State, ToolCall
from desktop_chat.domain.request import Request
from tests.api.conftest import Result, ask, endpoint_at, message, request
from tests.server import Server, faults, wire
from tests.server.faults import TEXT

pytestmark = pytest.mark.anyio

URL = "https://example.org/a"
PAGE = {"type": "url_citation", "url": URL, "title": "A page", "start_index": 0, "end_index": 9}


def parts(result: Result) -> list[Part]:
    """The parts of the message that a session would have, without its text."""
    made = Message("", None, Role.ASSISTANT)
    for came in result.events:
        if isinstance(came, PartCame):
            made.put(came.part)
    return made.parts


def citations(result: Result) -> list[tuple[str, Citation]]:
    return [(part.name, part.data) for part in parts(result) if isinstance(part.data, Citation)]


def calls(result: Result) -> list[tuple[str, ToolCall]]:
    return [(part.name, part.data) for part in parts(result) if isinstance(part.data, ToolCall)]


def added(annotation: object, number: int = 50, **where: object) -> bytes:
    place = {"output_index": 0, "content_index": 0, **where}
    return wire.event("response.output_text.annotation.added", number, annotation=annotation, **place)


def item(ended: bool, number: int, index: int = 0, **fields: object) -> bytes:
    kind = "response.output_item.done" if ended else "response.output_item.added"
    return wire.event(kind, number, output_index=index, item=fields)


async def responses(server: Server, api: Api, *items: bytes) -> Result:
    server.script(faults.inside(*items))
    result = await ask(api, endpoint_at(server.url))
    assert (result.text(), result.finished.state) == (TEXT, State.COMPLETE)
    return result


async def chat(server: Server, api: Api, *items: bytes) -> Result:
    server.script(faults.inside(*items))
    result = await ask(api, endpoint_at(server.url, Dialect.CHAT_COMPLETIONS))
    assert (result.text(), result.finished.state) == (TEXT, State.COMPLETE)
    return result


async def test_a_web_page_is_cited_once_however_often_it_is_told(server: Server, api: Api) -> None:
    done = wire.event(
        "response.content_part.done",
        51,
        output_index=0,
        content_index=0,
        part={"type": "output_text", "text": TEXT, "annotations": [PAGE]},
    )
    ended = item(True, 52, type="message", content=[{"type": "output_text", "annotations": [PAGE]}])
    result = await responses(server, api, added(PAGE), done, ended)
    assert citations(result) == [("A page", Citation(URL, 0, 9))]


async def test_files_are_cited_by_name(server: Server, api: Api) -> None:
    file = {"type": "file_citation", "file_id": "f1", "filename": "notes.pdf", "index": 4}
    made = {
        "type": "container_file_citation",
        "container_id": "c",
        "file_id": "f2",
        "filename": "plot.csv",
        "start_index": 1,
        "end_index": 3,
    }
    result = await responses(server, api, added(file), added(made, 51))
    assert citations(result) == [("notes.pdf", Citation("", None, 4)), ("plot.csv", Citation("", 1, 3))]


async def test_the_places_of_a_second_text_count_from_where_it_begins(server: Server, api: Api) -> None:
    second = [
        wire.event("response.output_text.delta", 60, output_index=2, content_index=0, delta="More."),
        added(PAGE, 61, output_index=2),
        wire.event("response.completed", 62, response=wire.response()),
    ]
    server.script(faults.built(lambda _chat: [*wire.opening(False), wire.delta(False, "One.", 1), *second]))
    result = await ask(api, endpoint_at(server.url))
    assert result.text() == "One.\n\nMore."
    assert citations(result) == [("A page", Citation(URL, 6, 15))]


async def test_chat_completions_cite_in_deltas(server: Server, api: Api) -> None:
    nested = {"type": "url_citation", "url_citation": {k: v for k, v in PAGE.items() if k != "type"}}
    result = await chat(
        server, api, wire.chunk({"annotations": [nested]}), wire.chunk({"annotations": [PAGE]})
    )
    assert citations(result) == [("A page", Citation(URL, 0, 9))]


async def test_one_document_has_its_sources_and_calls(server: Server, api: Api) -> None:
    text = {"type": "output_text", "text": "Hello.", "annotations": [PAGE]}
    output = [
        {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"query": "hello"}},
        {"type": "message", "content": [text]},
    ]
    server.script(faults.document(200, json.dumps(wire.response(output=output)).encode()))
    result = await ask(api, endpoint_at(server.url))
    assert result.text() == "Hello."
    assert citations(result) == [("A page", Citation(URL, 0, 9))]
    assert calls(result) == [("", ToolCall("ws", "web_search", CallStatus.DONE, "hello"))]


async def test_a_search_runs_and_ends(server: Server, api: Api) -> None:
    action = {"type": "search", "query": "tides", "sources": [{"type": "url", "url": URL}]}
    result = await responses(
        server,
        api,
        item(False, 50, id="ws", type="web_search_call", status="in_progress"),
        wire.event("response.web_search_call.searching", 51, output_index=0, item_id="ws"),
        wire.event("response.web_search_call.completed", 52, output_index=0, item_id="ws"),
        item(True, 53, id="ws", type="web_search_call", status="completed", action=action),
    )
    assert calls(result) == [("", ToolCall("ws", "web_search", CallStatus.DONE, "tides", URL))]


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        (
            {"type": "code_interpreter_call", "code": "1 + 1", "outputs": [{"type": "logs", "logs": "2"}]},
            "",
            ("code_interpreter", CallStatus.DONE, "1 + 1", "2"),
        ),
        (
            {
                "type": "file_search_call",
                "queries": ["a", "b"],
                "results": [{"filename": "x.md", "score": 1}],
            },
            "",
            ("file_search", CallStatus.DONE, "a\nb", "x.md"),
        ),
        (
            {"type": "image_generation_call", "result": "iVBORw0KGgo="},
            "",
            ("image_generation", CallStatus.DONE, "", "An image was made."),
        ),
        (
            {"type": "mcp_call", "name": "find", "server_label": "docs", "arguments": "{}", "error": "no"},
            "docs: find",
            ("mcp", CallStatus.FAILED, "{}", "no"),
        ),
        (
            {"type": "function_call", "name": "weather", "call_id": "c1", "arguments": '{"at": 1}'},
            "weather",
            ("function", CallStatus.DONE, '{"at": 1}', ""),
        ),
        (
            {"type": "shell_call", "action": {"commands": ["ls", "pwd"]}, "status": "incomplete"},
            "",
            ("shell", CallStatus.FAILED, "ls\npwd", ""),
        ),
        ({"type": "from_the_future_call"}, "", ("from_the_future", CallStatus.DONE, "", "")),
    ],
)
async def test_the_tools_of_the_api(
    server: Server, api: Api, fields: dict[str, object], name: str, expected: tuple[object, ...]
) -> None:
    result = await responses(server, api, item(True, 50, id="t", **fields))
    ((told, call),) = calls(result)
    assert told == name
    assert (call.kind, call.status, call.arguments, call.result) == expected


async def test_the_output_of_a_call_finds_it(server: Server, api: Api) -> None:
    output = [{"stdout": "a.txt", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]
    result = await responses(
        server,
        api,
        item(True, 50, id="s1", type="shell_call", call_id="c9", action={"commands": ["ls"]}),
        item(True, 51, id="s2", type="shell_call_output", call_id="c9", output=output),
    )
    assert calls(result) == [("", ToolCall("s1", "shell", CallStatus.DONE, "ls", "a.txt"))]


async def test_function_calls_of_chat_completions_come_in_pieces(server: Server, api: Api) -> None:
    def piece(arguments: str, **fields: object) -> bytes:
        return wire.chunk(
            {"tool_calls": [{"index": 0, **fields, "function": {"name": None, "arguments": arguments}}]}
        )

    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    result = await chat(server, api, wire.chunk({"tool_calls": [first]}), piece('{"at'), piece('": 1}'))
    assert calls(result) == [("weather", ToolCall("call_1", "function", CallStatus.DONE, '{"at": 1}'))]


ODD: list[object] = [None, [], {}, 5, "text", True, [None], [[]], {"type": None}, {"type": []}, "\ud800"]


def odd_annotations() -> Iterable[object]:
    yield from ODD
    for value in ODD:
        for name in PAGE:
            yield {**PAGE, name: value}
        yield {"type": "url_citation", "url_citation": value}
        yield {"type": "file_citation", "filename": value, "file_id": value, "index": value}
    for place in (-1, 2**40, 1e300, 10**400, True):
        yield {**PAGE, "start_index": place, "end_index": place}
    yield {**PAGE, "url": "https://" + "a" * 100_000, "title": "t" * 100_000}


def odd_items() -> Iterable[dict[str, object]]:
    kinds = ("web_search", "code_interpreter", "mcp", "function", "shell", "image_generation", "file_search")
    names = (
        "id",
        "status",
        "action",
        "arguments",
        "code",
        "queries",
        "results",
        "outputs",
        "output",
        "error",
    )
    for kind in kinds:
        for value in ODD:
            yield {"type": f"{kind}_call", "id": "x", **dict.fromkeys(names, value)}
            yield {"type": f"{kind}_call_output", "call_id": value, "output": value}
    for value in ODD:
        yield {"type": value, "content": value}
        yield {"type": "message", "content": [{"annotations": value}]}


async def test_odd_annotations_and_items_never_raise(server: Server, api: Api) -> None:
    odd = [added(annotation, 100 + number) for number, annotation in enumerate(odd_annotations())]
    odd += [item(number % 2 == 0, 5000 + number, **fields) for number, fields in enumerate(odd_items())]
    for number, value in enumerate(ODD):
        odd.append(wire.event("response.output_item.done", 9000 + number, output_index=value, item=value))
        odd.append(wire.event("response.web_search_call.completed", 9100 + number, item_id=value))
        odd.append(
            wire.event("response.mcp_call_arguments.done", 9200 + number, item_id="x", arguments=value)
        )
        odd.append(wire.event("response.content_part.done", 9300 + number, part=value))
    result = await responses(server, api, *odd)
    for part in parts(result):
        part.name.encode()
        match part.data:
            case Citation(url, start, end):
                url.encode()
                assert len(url) <= 8192
                assert all(at is None or 0 <= at < 2**32 for at in (start, end))
            case ToolCall() as call:
                (call.id + call.arguments + call.result).encode()
        assert len(part.name) <= 1100


async def test_odd_tool_calls_of_chat_completions_never_raise(server: Server, api: Api) -> None:
    odd = [wire.chunk({"annotations": list(odd_annotations())})]
    for value in ODD:
        odd.append(wire.chunk({"tool_calls": value, "annotations": value, "function_call": value}))
        for name in ("index", "id", "function"):
            odd.append(
                wire.chunk({"tool_calls": [{name: value}, {"function": {"name": value, "arguments": value}}]})
            )
    await chat(server, api, *odd)


async def test_floods_are_bounded(server: Server, api: Api, dialect: Dialect) -> None:
    many = [{**PAGE, "url": f"{URL}/{number}"} for number in range(10_000)]
    long = "x" * (MAX_TOOL_TEXT + 10)
    if dialect is Dialect.RESPONSES:
        flood = [wire.event("response.content_part.done", 50, part={"annotations": many})]
        flood += [
            item(True, 60 + number, id=f"t{number}", type="function_call", name="f", arguments=long)
            for number in range(MAX_CALLS + 20)
        ]
    else:
        asked = [
            {"index": number, "function": {"name": "f", "arguments": long}}
            for number in range(MAX_CALLS + 20)
        ]
        flood = [wire.chunk({"annotations": many}), wire.chunk({"tool_calls": asked})]
    server.script(faults.inside(*flood))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert result.finished.state is State.COMPLETE
    assert len(citations(result)) == MAX_CITATIONS
    assert len(calls(result)) == MAX_CALLS
    assert {len(call.arguments) for _name, call in calls(result)} == {MAX_TOOL_TEXT}


async def test_only_what_was_said_is_sent_again(server: Server, api: Api, dialect: Dialect) -> None:
    """A function call without its result would be rejected, and so would tools that are not offered."""
    call = Part(PartKind.TOOL_CALL, name="f", data=ToolCall("c1", "function", CallStatus.DONE, "{}"))
    source = Part(PartKind.CITATION, name="A page", data=Citation(URL, 0, 3))
    said = Message("a", None, Role.ASSISTANT, [call, Part(PartKind.TEXT, "Yes."), source])
    silent = Message("b", None, Role.ASSISTANT, [call])
    asked = Request("m-1", (message("One"), said, message("Two"), silent, message("Three")))
    await ask(api, endpoint_at(server.url, dialect), asked)
    body = json.loads(server.requests[-1].body)
    sent = [(m["role"], m["content"]) for m in body.get("input") or body["messages"]]
    assert sent == [("user", "One"), ("assistant", "Yes."), ("user", "Two"), ("user", "Three")]


async def test_the_demo_shows_sources(api: Api, dialect: Dialect) -> None:
    demo = dataclasses.replace(DEMO_ENDPOINT, dialect=dialect)
    result = await ask(api, demo, request("Tell me with sources"), key=None)
    text, found = result.text(), citations(result)
    assert len({citation.url for _name, citation in found}) == 2
    for _name, citation in found:
        assert text[: citation.end].endswith(".")
    if dialect is Dialect.RESPONSES:
        ((_name, call),) = calls(result)
        assert (call.kind, call.status) == ("web_search", CallStatus.DONE)
