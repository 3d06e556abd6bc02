"""The demo model takes the whole way of a real one."""

import dataclasses

import pytest

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Dialect, Endpoint, Secrets
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import Attachment, Part, PartKind, Role, State
from desktop_chat.domain.request import Parameters, Request
from desktop_chat.paths import resources
from tests.api.conftest import Result, ask, message

pytestmark = pytest.mark.anyio

ANSWERS = {file.stem: file.read_text("utf-8") for file in sorted((resources() / "demo").glob("*.md"))}


@pytest.fixture
def endpoint(dialect: Dialect) -> Endpoint:
    return dataclasses.replace(DEMO_ENDPOINT, dialect=dialect)


async def say(
    api: Api, endpoint: Endpoint, text: str, model: str = "demo", limits: Limits | None = None
) -> Result:
    return await ask(api, endpoint, Request(model, (message(text),)), key=None, limits=limits)


@pytest.mark.parametrize("name", ANSWERS)
async def test_answers(api: Api, endpoint: Endpoint, name: str) -> None:
    result = await say(api, endpoint, f"Show me some {name}, please")
    assert result.text() == ANSWERS[name]
    assert "demo model" in result.text()
    finished = result.finished
    assert (finished.state, finished.model) == (State.COMPLETE, "demo")
    assert finished.usage is not None
    assert min(finished.usage.input, finished.usage.output) > 0


async def test_reasoning(api: Api, endpoint: Endpoint) -> None:
    for prompt, model in (("think", "demo"), ("hello", "demo-reasoning")):
        result = await say(api, endpoint, prompt, model)
        assert result.text(PartKind.REASONING)
        assert result.finished.usage is not None
        assert result.finished.usage.reasoning > 0


@pytest.mark.parametrize(
    ("prompt", "kinds", "state"),
    [
        ("fail 429 twice", [errors.RateLimited] * 2, State.COMPLETE),
        ("fail 503 once", [errors.Overloaded], State.COMPLETE),
        ("wait 7 seconds", [errors.RateLimited], State.COMPLETE),
        ("fail 500", [errors.ServerFault] * 2, State.FAILED),
        ("fail 401", [], State.FAILED),
        ("fail quota", [], State.FAILED),
        ("fail context", [], State.FAILED),
        ("cut off", [], State.INTERRUPTED),
    ],
)
async def test_trouble(
    api: Api, endpoint: Endpoint, prompt: str, kinds: list[type[errors.ChatError]], state: State
) -> None:
    result = await say(api, endpoint, prompt)
    assert [type(retry.error) for retry in result.retries] == kinds
    assert result.finished.state is state
    assert [retry.delay for retry in result.retries if "wait" in prompt] == [7.0] * ("wait" in prompt)


async def test_stall(api: Api, endpoint: Endpoint) -> None:
    result = await say(api, endpoint, "stall", limits=Limits(idle=0.1))
    assert result.text()
    assert isinstance(result.finished.error, errors.Stalled)


async def test_long(api: Api, endpoint: Endpoint) -> None:
    assert len((await say(api, endpoint, "a long one")).text()) > 20_000


async def test_title(api: Api, endpoint: Endpoint) -> None:
    asked = Request(
        "demo",
        (message("how do I boil an egg without water"),),
        Parameters("Write a title for this conversation."),
        "title",
    )
    assert (await ask(api, endpoint, asked, key=None)).text() == "How do i boil an"


async def test_an_answer_about_titles_is_no_request_for_one(api: Api, endpoint: Endpoint) -> None:
    said = message("A title.", Role.ASSISTANT)
    asked = Request("demo", (message("hello"), said, message("a table")))
    assert (await ask(api, endpoint, asked, key=None)).text() == ANSWERS["table"]


async def test_models(api: Api, endpoint: Endpoint) -> None:
    models = await api.models(endpoint, Secrets(), Limits())
    assert [model.id for model in models] == ["demo", "demo-reasoning"]


async def test_it_reads_the_words_beside_an_attachment(api: Api, endpoint: Endpoint) -> None:
    picture = Part(PartKind.IMAGE, name="a.png", data=Attachment("", url="https://example.com/a.png"))
    name = next(iter(ANSWERS))
    asked = message(f"Show me some {name}")
    asked.parts.append(picture)
    result = await ask(api, endpoint, Request("demo", (asked,)), key=None)
    assert result.text() == ANSWERS[name]
