"""Every fault on the wire: what is told, what is kept, and how many requests it took."""

import json
import socket
import ssl

import pytest
import trustme

from desktop_chat.api import Api, guard
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import State
from tests.api.conftest import KEY, Result, ask, endpoint_at
from tests.server import Script, Server, faults, wire
from tests.server.faults import TEXT

pytestmark = pytest.mark.anyio

ATTEMPTS = 3


def failed_with(result: Result, kind: type[ChatError]) -> ChatError:
    """The error of a reply of which nothing came."""
    finished = result.finished
    assert (finished.state, result.text()) == (State.FAILED, "")
    error = finished.error
    assert error is not None
    assert type(error) is kind, repr(error)
    assert KEY not in repr(error)
    return error


def broken_with(result: Result, kind: type[ChatError]) -> ChatError:
    """The error of a reply whose text was kept."""
    finished = result.finished
    assert (finished.state, result.text()) == (State.INTERRUPTED, TEXT)
    assert type(finished.error) is kind, repr(finished.error)
    assert (result.attempts, result.retries) == (1, [])
    return finished.error


@pytest.mark.parametrize(
    ("code", "inner", "kind"),
    [
        (400, None, errors.BadRequest),
        (401, {"message": "Incorrect API key provided.", "code": "invalid_api_key"}, errors.KeyRejected),
        (402, None, errors.QuotaExhausted),
        (403, None, errors.AccessDenied),
        (404, {"message": "The model `x` does not exist", "code": "model_not_found"}, errors.ModelNotFound),
        (404, None, errors.NotFound),
        (413, None, errors.RequestTooLarge),
        (418, None, errors.BadRequest),
        (422, None, errors.BadRequest),
        (400, {"message": "Too long.", "code": "context_length_exceeded"}, errors.ContextExceeded),
        (400, {"message": "This model's maximum context length is 8192 tokens."}, errors.ContextExceeded),
        (400, {"message": "No.", "code": "content_filter"}, errors.ContentRefused),
        (429, {"message": "No credit.", "code": "insufficient_quota"}, errors.QuotaExhausted),
        (429, {"message": "No credit.", "type": "insufficient_quota", "code": None}, errors.QuotaExhausted),
    ],
)
async def test_rejections_are_told_at_once(
    server: Server, api: Api, dialect: Dialect, code: int, inner: object, kind: type[ChatError]
) -> None:
    server.script(faults.status(code, inner))
    result = await ask(api, endpoint_at(server.url, dialect))
    error = failed_with(result, kind)
    assert (error.status, error.request_id, error.host) == (code, "req_fault", "127.0.0.1")
    assert error.message == (inner["message"] if isinstance(inner, dict) else f"Failure {code}.")
    assert (len(server.requests), result.attempts, result.retries) == (1, 1, [])


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (408, errors.RequestTimedOut),
        (409, errors.Conflict),
        (429, errors.RateLimited),
        (500, errors.ServerFault),
        (502, errors.ServerFault),
        (503, errors.Overloaded),
        (529, errors.Overloaded),
    ],
)
async def test_what_heals_is_tried_again(
    server: Server, api: Api, dialect: Dialect, code: int, kind: type[ChatError]
) -> None:
    server.script(*[faults.status(code)] * ATTEMPTS)
    result = await ask(api, endpoint_at(server.url, dialect))
    assert failed_with(result, kind).status == code
    assert len(server.requests) == result.attempts == ATTEMPTS
    assert [request.headers["x-stainless-retry-count"] for request in server.requests] == ["0", "1", "2"]
    assert [(retry.attempt, retry.attempts) for retry in result.retries] == [(2, 3), (3, 3)]


async def test_it_heals(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.status(503), faults.close_before_head)
    result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state, result.attempts) == (wire.WORDS, State.COMPLETE, 3)
    assert [type(retry.error) for retry in result.retries] == [errors.Overloaded, errors.ConnectionLost]


async def test_a_page_of_html_becomes_words(server: Server, api: Api) -> None:
    server.script(*[faults.html(502)] * ATTEMPTS)
    error = failed_with(await ask(api, endpoint_at(server.url)), errors.ServerFault)
    assert error.message == "502 Bad & Worse"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}, "Field required"),
        ({"detail": "No such model"}, "No such model"),
        ({"error": "unexpected"}, "unexpected"),
        ([{"error": {"code": 400, "message": "Wrapped", "status": "INVALID_ARGUMENT"}}], "Wrapped"),
        ({"message": "a\u202eb\x00c\ud800"}, "ab c\ufffd"),
        ({"message": "x" * 5000}, "x" * 1999 + "…"),
        ({}, "HTTP 400"),
        (5, "5"),
    ],
)
async def test_the_servers_words(server: Server, api: Api, body: object, message: str) -> None:
    server.script(faults.document(400, json.dumps(body).encode()))
    assert failed_with(await ask(api, endpoint_at(server.url)), errors.BadRequest).message == message


async def test_endless_error_body(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.endless_error)
    error = failed_with(await ask(api, endpoint_at(server.url, dialect)), errors.BadRequest)
    assert error.message.startswith("No. No.")
    assert len(error.message) == 2000


async def test_refused(api: Api, dialect: Dialect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = await ask(api, endpoint_at(f"http://127.0.0.1:{port}/v1", dialect))
    failed_with(result, errors.ConnectionRefused)
    assert result.attempts == ATTEMPTS


async def test_unknown_host(api: Api, dialect: Dialect, monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*args: object, **kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    result = await ask(api, endpoint_at("http://nowhere.invalid/v1", dialect))
    error = failed_with(result, errors.HostNotFound)
    assert (error.host, result.attempts) == ("nowhere.invalid", ATTEMPTS)


async def test_self_signed_certificate(api: Api, dialect: Dialect) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with Server(tls=context) as server:
        error = failed_with(await ask(api, endpoint_at(server.url, dialect)), errors.TlsFailed)
        assert "certificate" in error.message
        assert server.exchanges == []


async def test_a_trusted_certificate(
    api: Api, dialect: Dialect, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with authority.cert_pem.tempfile(str(tmp_path)) as trusted:
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        async with Server(tls=context) as server:
            result = await ask(api, endpoint_at(server.url, dialect))
    assert (result.text(), result.finished.state) == (wire.WORDS, State.COMPLETE)


async def test_a_certificate_file_that_is_not_there(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certs.pem")
    failed_with(await ask(api, endpoint_at("https://127.0.0.1:1/v1")), errors.TlsFailed)


async def test_plain_http_on_a_tls_address(server: Server, api: Api) -> None:
    url = server.url.replace("http:", "https:")
    failed_with(await ask(api, endpoint_at(url)), errors.TlsFailed)


async def test_connection_closed_before_the_head(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(*[faults.close_before_head] * ATTEMPTS)
    result = await ask(api, endpoint_at(server.url, dialect))
    failed_with(result, errors.ConnectionLost)
    assert len(server.requests) == ATTEMPTS


async def test_no_answer_in_time(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(*[faults.no_answer] * 2)
    result = await ask(api, endpoint_at(server.url, dialect), limits=Limits(attempts=2, first_event=0.5))
    failed_with(result, errors.NoAnswer)
    assert len(server.requests) == 2
    for request in server.requests:
        await request.closed.wait()


@pytest.mark.parametrize("script", [faults.stall_after_head, faults.comments_only])
async def test_stall_before_the_first_event(
    server: Server, api: Api, dialect: Dialect, script: Script
) -> None:
    server.script(script)
    result = await ask(api, endpoint_at(server.url, dialect), limits=Limits(first_event=0.1, idle=30))
    failed_with(result, errors.Stalled)
    assert len(server.requests) == 1
    await server.requests[0].closed.wait()


async def test_stall_in_the_text(server: Server, api: Api, dialect: Dialect) -> None:
    server.script(faults.stall_in_text)
    result = await ask(api, endpoint_at(server.url, dialect), limits=Limits(first_event=30, idle=0.1))
    broken_with(result, errors.Stalled)
    await server.requests[0].closed.wait()


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (faults.partial(), errors.CutOff),
        (faults.partial(wire.DONE), errors.CutOff),
        (faults.partial(b'data: {"half": "ev'), errors.CutOff),
        (faults.partial(b'data: {"half": "event"}'), errors.CutOff),
        (faults.reset_in_text, errors.CutOff),
        (faults.partial(b"data: {broken}\n\n"), errors.Garbled),
        (faults.partial(b"data: " + b"[" * 200_000 + b"\n\n"), errors.Garbled),
        (faults.partial(b"data: " + b"7" * 5_000 + b"\n\n"), errors.Garbled),
    ],
    ids=["end", "done", "half", "no-blank-line", "reset", "bad-json", "deep-json", "huge-integer"],
)
async def test_broken_streams_keep_their_text(
    server: Server, api: Api, dialect: Dialect, script: Script, kind: type[ChatError]
) -> None:
    server.script(script)
    result = await ask(api, endpoint_at(server.url, dialect))
    broken_with(result, kind)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("item", "kind", "message"),
    [
        (wire.sse({"error": {"message": "Boom", "code": "server_error"}}), errors.StreamError, "Boom"),
        (wire.sse({"error": "Boom"}), errors.StreamError, "Boom"),
        (wire.sse({"type": "error", "error": {"message": "Boom"}}), errors.StreamError, "Boom"),
        (wire.sse({"message": "Boom"}, "error"), errors.StreamError, "Boom"),
        (wire.sse("Boom", "error"), errors.StreamError, "Boom"),
        (
            wire.sse({"error": {"message": "Boom", "code": "insufficient_quota"}}),
            errors.QuotaExhausted,
            "Boom",
        ),
    ],
    ids=["error", "text", "nested", "named", "plain", "quota"],
)
async def test_errors_within_the_stream(
    server: Server, api: Api, dialect: Dialect, item: bytes, kind: type[ChatError], message: str
) -> None:
    server.script(faults.partial(item))
    assert broken_with(await ask(api, endpoint_at(server.url, dialect)), kind).message == message


@pytest.mark.parametrize(
    "item",
    [
        wire.event("error", 9, code="server_error", message="Boom"),
        wire.event("response.failed", 9, response=wire.response("failed", error={"message": "Boom"})),
    ],
    ids=["flat", "failed"],
)
async def test_errors_of_the_responses_stream(server: Server, api: Api, item: bytes) -> None:
    server.script(faults.partial(item))
    assert broken_with(await ask(api, endpoint_at(server.url)), errors.StreamError).message == "Boom"


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (faults.html(200), errors.NotAStream, "text/html"),
        (faults.document(200, b'{"error": {"message": "Boom"}}'), errors.StreamError, "Boom"),
        (
            faults.document(200, b'{"error": {"message": "Boom", "code": "context_length_exceeded"}}'),
            errors.ContextExceeded,
            "Boom",
        ),
        (faults.document(200, b'{"hello": "world"}'), errors.NotAStream, "application/json"),
        (faults.document(200, b"[" * 200_000), errors.NotAStream, "application/json"),
        (faults.document(200, b"", {"content-type": ""}), errors.NotAStream, "nothing"),
        (
            faults.document(200, b"hello", {"content-type": "text/plain"}),
            errors.NotAStream,
            "text/plain: hello",
        ),
        (faults.document(204, b"", {"content-type": ""}), errors.NotAStream, "nothing"),
        (faults.raw(), errors.CutOff, "end mark"),
    ],
    ids=["html", "error", "context", "json", "deep", "empty", "text", "204", "no-events"],
)
async def test_status_200_and_no_answer(
    server: Server, api: Api, dialect: Dialect, script: Script, kind: type[ChatError], words: str
) -> None:
    server.script(script)
    error = failed_with(await ask(api, endpoint_at(server.url, dialect)), kind)
    assert words in error.message
    assert len(server.requests) == 1


async def test_endless_line(
    server: Server, api: Api, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LONGEST_LINE", 1 << 20)
    server.script(faults.endless_line)
    failed_with(await ask(api, endpoint_at(server.url, dialect)), errors.TooLarge)
    await server.requests[0].closed.wait()


async def test_endless_stream(
    server: Server, api: Api, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LARGEST_STREAM", 1 << 20)
    server.script(faults.many(20_000))
    result = await ask(api, endpoint_at(server.url, dialect))
    assert result.finished.state is State.INTERRUPTED
    assert type(result.finished.error) is errors.TooLarge


async def test_endless_document(server: Server, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LARGEST_DOCUMENT", 1 << 10)
    server.script(faults.document(200, b'{"x": "' + b"x" * 2000 + b'"}'))
    failed_with(await ask(api, endpoint_at(server.url)), errors.TooLarge)


@pytest.mark.parametrize(("code", "kind"), [(200, errors.Garbled), (400, errors.BadRequest)])
async def test_gzip_bomb(
    server: Server, api: Api, dialect: Dialect, code: int, kind: type[ChatError]
) -> None:
    server.script(faults.gzip_bomb(code))
    failed_with(await ask(api, endpoint_at(server.url, dialect)), kind)
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_told_and_not_followed(
    server: Server, api: Api, dialect: Dialect, code: int
) -> None:
    async with Server() as other:
        server.script(faults.redirect(other.url, code))
        error = failed_with(await ask(api, endpoint_at(server.url, dialect)), errors.Redirected)
        assert other.url in error.message
        assert other.connections == 0
