"""openai, httpx2 and operating system exceptions -> domain.errors.

The exceptions of the SDK hold the request, and that holds the key: they end here, and none of them is
kept, logged or chained to what is raised instead.
"""

import errno
import json
import socket
import ssl
from collections.abc import Iterator

import anyio
import httpcore2
import httpx2
import openai

from desktop_chat.api.guard import Refused
from desktop_chat.api.retry import Failed, heals
from desktop_chat.api.server_errors import Redactor, rejection
from desktop_chat.domain import errors
from desktop_chat.domain.errors import ChatError

EXCEPTIONS = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    OSError,
    ValueError,
    RecursionError,
)
"""Everything that a request can raise: ``ValueError`` has the JSON and the Unicode errors below it."""

_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


def failure(raised: BaseException, host: str, redact: Redactor, *, proxied: bool, began: bool) -> Failed:
    """What ended an attempt. ``began``: its answer had begun, so that nothing is sent again by itself."""
    causes = list(_causes(raised))
    for cause in causes:
        if isinstance(cause, Refused):
            cause.error.host = host
            return Failed(cause.error)
        if isinstance(cause, openai.APIStatusError):
            body = _body(cause.response)
            headers = cause.response.headers
            error = rejection(cause.status_code, body, headers, host, redact)
            return Failed(error, heals=heals(error, headers.get("x-should-retry")), said=body)
    error = _network(causes, proxied=proxied, began=began)
    error.message = redact.plain(error.message)
    error.host = host
    return Failed(error, heals=not began and heals(error))


def _causes(raised: BaseException) -> Iterator[BaseException]:
    """``raised`` and all that led to it, nearest first."""
    waiting, seen = [raised], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen or len(seen) > 100:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cause.exceptions)
        waiting.extend(inner for inner in (cause.__cause__, cause.__context__) if inner is not None)


def _body(response: httpx2.Response) -> object:
    text = response.content.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _network(causes: list[BaseException], *, proxied: bool, began: bool) -> ChatError:
    """The error of a request that got no status, by the deepest cause that says anything."""
    for cause in causes:
        if isinstance(cause, httpcore2.ProxyError | httpx2.ProxyError):
            return errors.ProxyFailed(str(cause))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return errors.TlsFailed(_tls_reason(cause))
    if began:
        if any(isinstance(cause, httpx2.TransportError | OSError | anyio.EndOfStream) for cause in causes):
            return errors.CutOff(_words(causes, "The connection broke."))
        return errors.Garbled(_words(causes, "The answer could not be read."))
    error = _connecting(causes)
    if error is not None:
        return errors.ProxyFailed(error.message) if proxied else error
    for cause in causes:
        if isinstance(cause, httpx2.TimeoutException):
            return errors.NoAnswer("No answer began in time.")
        if isinstance(cause, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol | httpx2.InvalidURL):
            return errors.BadRequest(f"The request cannot be sent: {cause}")
        if isinstance(cause, httpx2.TransportError | OSError | anyio.EndOfStream):
            return errors.ConnectionLost(_words(causes, "The connection ended before an answer began."))
    return errors.BadRequest(_words(causes, "The request cannot be sent."))


def _connecting(causes: list[BaseException]) -> ChatError | None:
    """The error of a connection that never stood; None where it stood."""
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return errors.HostNotFound(cause.strerror or "The name has no address.")
        if isinstance(cause, ConnectionRefusedError):
            return errors.ConnectionRefused("Nothing listens at this address.")
        if isinstance(cause, httpx2.ConnectTimeout):
            return errors.ConnectTimedOut("No connection in time.")
        if isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT:
            return errors.ConnectTimedOut("No connection in time.")
        if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
            return errors.Unreachable(cause.strerror or "The network cannot be reached.")
    if any(isinstance(cause, httpx2.ConnectError) for cause in causes):
        return errors.Unreachable(_words(causes, "No connection could be made."))
    return None


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate was not accepted: {error.verify_message}"
    reason = (error.reason or error.strerror or "no reason given").replace("_", " ").lower()
    return f"No secure connection: {reason}"


def _words(causes: list[BaseException], otherwise: str) -> str:
    """What the libraries and the system said, without the SDK's own summary."""
    said = [str(cause) for cause in causes if not isinstance(cause, openai.OpenAIError)]
    return next((words for words in said if words), otherwise)
