"""The count of tokens that an endpoint itself makes."""

import pytest

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Dialect, Secrets
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import Message, Part, PartKind, Role
from desktop_chat.domain.request import Parameters, Request
from tests.api.conftest import KEY, endpoint_at
from tests.server import Script, Server, faults

REQUEST = Request(
    "m-1",
    (Message("1", None, Role.USER, [Part(PartKind.TEXT, "How many?")]),),
    Parameters("Be brief.", temperature=0.5, max_output_tokens=100, reasoning_effort="low"),
)
COUNT = faults.document(200, b'{"object": "response.input_tokens", "input_tokens": 17}')


@pytest.mark.anyio
async def test_the_count(server: Server, api: Api, dialect: Dialect) -> None:
    """What takes tokens is sent as an answer would be asked for, and nothing else: that is rejected."""
    server.script(COUNT)
    assert await api.count_tokens(endpoint_at(server.url, dialect), Secrets(KEY), REQUEST, Limits()) == 17
    (asked,) = server.exchanges
    assert (asked.method, asked.target) == ("POST", "/v1/responses/input_tokens")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.json == {
        "model": "m-1",
        "input": [{"role": "user", "content": "How many?"}],
        "instructions": "Be brief.",
        "reasoning": {"effort": "low"},
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (faults.status(404, {"message": "Not Found"}), errors.NotFound, "does not count tokens"),
        (faults.html(404), errors.NotFound, "does not count tokens"),
        (faults.status(405, {"message": "Method Not Allowed"}), errors.NotFound, "does not count tokens"),
        (
            faults.status(404, {"message": "The model m-1 does not exist", "code": "model_not_found"}),
            errors.ModelNotFound,
            "m-1",
        ),
        (faults.status(401), errors.KeyRejected, ""),
        (faults.document(200, b'{"input_tokens": -1}'), errors.Garbled, "no count"),
        (faults.document(200, b'{"input_tokens": true}'), errors.Garbled, "no count"),
        (faults.document(200, b"[17]"), errors.Garbled, "no count"),
        (faults.html(200), errors.Garbled, "Not JSON"),
        (faults.redirect("https://elsewhere.invalid"), errors.Redirected, "elsewhere"),
        (faults.close_before_head, errors.ConnectionLost, ""),
        (faults.no_answer, errors.NoAnswer, ""),
    ],
)
async def test_no_count(
    server: Server, api: Api, script: Script, kind: type[errors.ChatError], words: str
) -> None:
    server.script(script)
    with pytest.raises(errors.ChatError) as raised:
        await api.count_tokens(endpoint_at(server.url), Secrets(KEY), REQUEST, Limits(first_event=0.5))
    assert type(raised.value) is kind
    assert words in raised.value.message
    assert raised.value.host == "127.0.0.1"
    assert KEY not in repr(raised.value)


@pytest.mark.anyio
async def test_the_demo_model_counts_too(api: Api) -> None:
    assert await api.count_tokens(DEMO_ENDPOINT, Secrets(), REQUEST, Limits()) == len("How many?") // 4 + 4
