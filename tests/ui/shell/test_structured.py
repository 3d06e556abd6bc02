"""Answers that have to be JSON, from a real server to what stands below them and the tree of them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QMenu

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource
from desktop_chat.domain.message import Message
from desktop_chat.domain.parameters import FormatKind, Parameters, ResponseFormat
from desktop_chat.domain.structured import asked_format, json_text, looks_like_json
from desktop_chat.ui.json_view import JsonWindow
from desktop_chat.ui.transcript.row_actions import Action
from tests.server import Server, ServerThread
from tests.server.wire import answer

from .conftest import Running, until

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PERSON = ResponseFormat(FormatKind.JSON_SCHEMA, "person", SCHEMA)


@pytest.fixture
def server() -> Iterator[Server]:
    with ServerThread() as server:
        yield server


def use(running: Running, server: Server, dialect: Dialect) -> None:
    endpoint = Endpoint(
        "local", "Local", EndpointKind.COMPATIBLE, server.url, dialect, KeySource.NONE, default_model="m-1"
    )
    running.settings.change(endpoints=(endpoint,), default_endpoint="local")


async def asked(running: Running, server: Server, wanted: ResponseFormat | None, text: str) -> Message:
    """The answer ``text`` to a request that demanded ``wanted``."""
    server.script(answer(text))
    session = running.window.session
    assert session is not None
    session.set_parameters(Parameters(response_format=wanted))
    assert await session.send("Who?")
    await until(lambda: not session.is_busy, 60)
    assert session.last is not None
    assert session.last.text == text
    return session.last


def below(running: Running, message: Message) -> str:
    """What stands below an answer."""
    rows = running.window.chat.transcript.rows
    return rows.row(rows.index[message.id]).mark


def menu_of(running: Running, message: Message) -> list[str]:
    view = running.window.chat.transcript
    menu: QMenu = view.menu(view.rows.index[message.id])
    found = [action.text().partition("\t")[0] for action in menu.actions()]
    menu.deleteLater()
    return found


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("wanted", "text", "verdict"),
    [
        (PERSON, '{"name": "Ada", "age": 36}', "Fits the schema “person”"),
        (PERSON, '```json\n{"name": "Ada", "age": 36}\n```', "Fits the schema “person”"),
        (PERSON, '{"name": "Ada"}', "Does not fit the schema “person”: $: 'age' is a required property"),
        (PERSON, "Ada is 36.", "Not valid JSON"),
        (ResponseFormat(FormatKind.JSON), "[1, 2]", "Valid JSON"),
        (ResponseFormat(FormatKind.JSON), '{"a": 1', "Not valid JSON"),
    ],
)
async def test_what_was_found_stands_below_the_answer(
    running: Running, server: Server, dialect: Dialect, wanted: ResponseFormat, text: str, verdict: str
) -> None:
    use(running, server, dialect)
    last = await asked(running, server, wanted, text)
    await until(lambda: below(running, last) == verdict, 60)
    row = running.window.chat.transcript.rows.row(1)
    assert verdict in row.told


async def test_nothing_is_said_of_an_answer_that_may_be_any_text(running: Running, server: Server) -> None:
    use(running, server, Dialect.RESPONSES)
    for wanted in (None, ResponseFormat(FormatKind.TEXT)):
        last = await asked(running, server, wanted, '{"a": 1}')
        assert below(running, last) == ""
    checked = await asked(running, server, PERSON, "[]")
    await until(lambda: below(running, checked), 60)
    assert below(running, last) == ""


async def test_an_answer_as_a_tree(running: Running, server: Server) -> None:
    use(running, server, Dialect.RESPONSES)
    last = await asked(running, server, PERSON, '{"name": "Ada"}')
    await until(lambda: below(running, last), 60)
    view = running.window.chat.transcript
    index = view.rows.index[last.id]
    assert "Show as tree" in menu_of(running, last)
    (button,) = [each for each in view.rows.row(index).buttons() if each.action is Action.TREE]
    view.trigger(index, button.action)
    (window,) = running.window.findChildren(JsonWindow)
    assert window.isVisible()
    assert window.view.tree.json.value == {"name": "Ada"}
    assert "'age' is a required property" in window.note.text()
    window.close()


async def test_what_is_no_json_is_shown_as_the_text_that_it_is(running: Running, server: Server) -> None:
    use(running, server, Dialect.RESPONSES)
    last = await asked(running, server, None, '{"a": 1')
    view = running.window.chat.transcript
    view.trigger(view.rows.index[last.id], Action.TREE)
    (window,) = running.window.findChildren(JsonWindow)
    assert window.view.text.toPlainText() == '{"a": 1'
    assert "not JSON" in window.note.text()
    window.close()
    plain = await asked(running, server, None, "No.")
    assert "Show as tree" not in menu_of(running, plain)


async def test_answers_of_before_are_checked_by_what_was_asked_then(running: Running, server: Server) -> None:
    use(running, server, Dialect.CHAT_COMPLETIONS)
    last = await asked(running, server, PERSON, '{"name": "Ada"}')
    await until(lambda: below(running, last), 60)
    session = running.window.session
    assert session is not None
    session.set_parameters(Parameters())
    # As in a program that has just been started.
    chat = running.window.chat
    chat._structured._verdicts.clear()
    chat.transcript.rows.verdicts.clear()
    chat.set_session(session)
    await until(lambda: below(running, last).startswith("Does not fit the schema “person”"), 60)


def test_json_in_an_answer() -> None:
    assert looks_like_json(' \n{"a"')
    assert looks_like_json("```json\n[1]\n```")
    assert not looks_like_json("```python\nprint()\n```")
    for begun in ("{", "[", "[\n  true", "[-1", "[[]]", '[\n"a"'):
        assert looks_like_json(begun)
    assert not looks_like_json("Sure: {}")
    assert not looks_like_json("[a link](https://example.org) and [nullable](https://example.org)")
    assert not looks_like_json("{'a': 1}")
    assert json_text("```\n{}\n```\n") == "{}"
    assert json_text("{}\n```\n") == "{}\n```\n"


def test_what_a_body_demands() -> None:
    named = {"type": "json_schema", "name": "person", "schema": SCHEMA, "strict": True}
    for body in (
        {"text": {"format": named, "verbosity": "low"}},
        {"response_format": {"type": "json_schema", "json_schema": {**named, "type": None}}},
    ):
        found = asked_format(json.loads(json.dumps(body)))
        assert found == ResponseFormat(FormatKind.JSON_SCHEMA, "person", SCHEMA)
    assert asked_format({"response_format": {"type": "json_object"}}) == ResponseFormat(FormatKind.JSON)
    others: list[Any] = [
        None,
        [],
        {},
        {"text": {"format": {"type": "text"}}},
        {"text": 3, "response_format": "x"},
    ]
    for body in others:
        assert asked_format(body) is None
