"""What went over the wire, as the user may see it: all of it, and no secret in it."""

import socket

import pytest

from desktop_chat.api import Api
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Dialect, Secrets
from desktop_chat.domain.events import AttemptEnded, Delta, Started
from desktop_chat.domain.evidence import LARGEST_RESPONSE, Content, Evidence
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role
from desktop_chat.domain.redaction import REDACTED
from desktop_chat.domain.request import Request
from tests.api.conftest import KEY, Result, ask, endpoint_at, request
from tests.server import Exchange, Server, faults, wire

pytestmark = pytest.mark.anyio

TOKEN = "header-CANARY-42"


def evidence(result: Result) -> list[Evidence | None]:
    return [event.evidence for event in result.events if isinstance(event, AttemptEnded)]


async def test_what_was_sent_and_received(server: Server, api: Api, dialect: Dialect) -> None:
    result = await ask(api, endpoint_at(server.url, dialect, query=(("v", "1"),)), request("Hello"))
    (shown,) = evidence(result)
    (sent,) = server.requests
    assert shown is not None
    assert (shown.method, shown.status, shown.is_cut) == ("POST", 200, False)
    assert shown.url == server.url.removesuffix("/v1") + sent.target
    assert shown.url.endswith("?v=1")
    assert shown.body == sent.json
    assert shown.response == b"".join(wire.events(sent.chat, wire.pieces_of(wire.WORDS)))
    headers = {name.lower(): value for name, value in shown.request_headers}
    assert headers["authorization"] == f"Bearer {REDACTED}"
    assert headers | {"authorization": f"Bearer {KEY}"} == sent.headers
    assert dict(shown.response_headers)["x-request-id"] == "req_test"


async def test_every_attempt_has_its_own(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.status(503, "Later."), faults.close_before_head)
    first, second, third = evidence(await ask(api, endpoint_at(server.url, dialect)))
    assert first is not None
    assert (first.status, b"Later." in first.response) == (503, True)
    assert second is not None
    assert (second.status, second.response, second.response_headers) == (None, b"", ())
    assert third is not None
    assert (third.status, third.response != b"") == (200, True)


async def test_a_connection_that_never_stood_shows_what_would_have_been_sent(
    api: Api, dialect: Dialect
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        (shown,) = evidence(await ask(api, endpoint_at(url, dialect), limits=Limits(attempts=1)))
    assert shown is not None
    assert (shown.url.startswith(url), shown.status, shown.body["model"]) == (True, None, "m-1")


async def test_no_secret_is_in_it(server: Server, api: Api, dialect: Dialect) -> None:
    async def echo(exchange: Exchange) -> None:
        headers = {"set-cookie": "session=abc", "x-echo": f"token {TOKEN}", "x-plain": "shown"}
        body = f'{{"error": {{"message": "Bad: {KEY} {TOKEN}"}}}}'.encode()
        await exchange.document(400, body, headers)

    server.script(echo)
    endpoint = endpoint_at(
        server.url, dialect, secret_headers=("X-Gate", "X-Pin"), headers=(("X-Open", "open"),)
    )
    secrets = Secrets(KEY, headers=(("X-Gate", TOKEN), ("X-Pin", "123")))
    reply = api.reply(endpoint, secrets, request(f"My key is {KEY}, isn't it?"), Limits(attempts=1))
    (ended,) = [event async for event in reply.events() if isinstance(event, AttemptEnded)]
    assert ended.evidence is not None
    for secret in (KEY, TOKEN, "session=abc"):
        assert secret not in repr(ended.evidence) + ended.evidence.response.decode()
    headers = {name.lower(): value for name, value in ended.evidence.request_headers}
    assert (headers["x-gate"], headers["x-pin"], headers["x-open"]) == (REDACTED, REDACTED, "open")
    received = {name.lower(): value for name, value in ended.evidence.response_headers}
    assert (received["set-cookie"], received["x-echo"]) == (REDACTED, f"token {REDACTED}")
    assert received["x-plain"] == "shown"
    assert ended.evidence.response.decode() == f'{{"error": {{"message": "Bad: {REDACTED} {REDACTED}"}}}}'
    name = "messages" if server.requests[0].chat else "input"
    assert ended.evidence.body[name][0]["content"] == f"My key is {REDACTED}, isn't it?"
    assert KEY in server.requests[0].json[name][0]["content"]


async def test_attachments_stay_where_they_are_kept(server: Server, api: Api, dialect: Dialect) -> None:
    picture = Part(PartKind.IMAGE, name="a.png", data=Attachment("h1", "image/png", 9))
    contents = {"h1": "QUJD" * 100_000}
    asked = Request("m-1", (Message("id", None, Role.USER, [picture]),), contents=contents)
    (shown,) = evidence(await ask(api, endpoint_at(server.url, dialect), asked))
    assert shown is not None
    content = Content("h1", "data:image/png;base64,")
    name = "messages" if server.requests[0].chat else "input"
    (piece,) = shown.body[name][0]["content"]
    url = piece["image_url"]
    assert (url["url"] if isinstance(url, dict) else url) == content
    assert len(server.requests[0].body) > 400_000


async def test_a_response_is_kept_up_to_a_limit(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.many(60_000, "x" * 20))
    (shown,) = evidence(await ask(api, endpoint_at(server.url, dialect)))
    assert shown is not None
    assert (len(shown.response), shown.is_cut) == (LARGEST_RESPONSE, True)


async def test_a_reply_that_is_stopped_can_be_asked_for_it(
    server: Server, api: Api, dialect: Dialect
) -> None:
    server.script(faults.stall_in_text)
    reply = api.reply(endpoint_at(server.url, dialect), Secrets(KEY), request(), Limits())
    assert reply.evidence() is None
    events = reply.events()
    said = ""
    async for event in events:
        if isinstance(event, Started):
            shown = reply.evidence()
            assert shown is not None
            assert shown.status == 200
        said += event.text if isinstance(event, Delta) else ""
        if said == faults.TEXT:
            break
    shown = reply.evidence()
    await events.aclose()
    assert shown is not None
    assert shown.response == b"".join(faults.text(server.requests[0].chat))


async def test_the_demo_has_evidence_too(api: Api) -> None:
    (shown,) = evidence(await ask(api, DEMO_ENDPOINT, Request("demo", request().messages), key=None))
    assert shown is not None
    assert (shown.url, shown.status) == ("http://demo.invalid/v1/responses", 200)
    assert shown.response.endswith(b"\n\n")
