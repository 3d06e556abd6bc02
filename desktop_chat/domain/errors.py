"""What can go wrong between Enter and the last word, by what the user can do about it.

ChatError
├── KeyProblem            nothing was sent: the endpoint's key cannot be had
│   ├── EndpointGone          the endpoint of the conversation is not set up: choose a model of another
│   ├── KeyMissing            no key is stored: enter one
│   ├── KeyringUnavailable    no keyring, or a locked, denied or hanging one: a key for this session
│   └── TokenCommandFailed    the command that prints the token failed: what it said is the message
├── AttachmentMissing     nothing was sent: a file of the conversation is not on the disk any more
├── Unreachable           no answer: check address, network, proxy; heals by itself, so it is retried
│   ├── HostNotFound          the name has no address
│   ├── ConnectionRefused     nothing listens there
│   ├── ConnectionLost        the connection ended before an answer began
│   ├── ConnectTimedOut       no connection in time
│   ├── TlsFailed             the certificate or the handshake is not acceptable
│   ├── ProxyFailed           the proxy did not connect
│   └── NoAnswer              connected and sent, but no answer began in time
├── Busy                  the server says "later": retried
│   ├── RateLimited           429
│   ├── Overloaded            503, 529
│   ├── ServerFault           other 5xx
│   ├── Conflict              409
│   └── RequestTimedOut       408
├── Rejected              the same request would be rejected again: told, with the way out
│   ├── BadRequest            400, 422 and other 4xx
│   ├── KeyRejected           401
│   ├── AccessDenied          403
│   ├── ModelNotFound         404 that names the model
│   ├── NotFound              other 404
│   ├── RequestTooLarge       413
│   ├── ContextExceeded       the conversation is longer than the model's window
│   ├── QuotaExhausted        429 insufficient_quota: the account has no credit
│   ├── ContentRefused        a filter refused the request
│   └── Redirected            3xx: not followed, since it would post the conversation to another host
└── Broken                an answer began and did not end well: what came is kept, the user decides
    ├── Stalled               no data event within the watchdog's time
    ├── TookTooLong           not at its end within the endpoint's time for a whole answer
    ├── CutOff                the stream ended or broke without its end mark
    ├── NotAStream            200, but a web page, a JSON document or nothing at all
    ├── Garbled               what came cannot be read
    ├── TooLarge              over one of the caps on line, body or answer
    └── StreamError           the server reported an error within the stream

Whether an error is *retried* is decided per request by ``api.retry`` (a server may say otherwise by header).
Only ``ui.notices`` turns a kind into words.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(eq=False)
class ChatError(Exception):
    """The base. All fields are data from outside: plain text, never markup.

    ``message`` is what the server or the system said, at most 2,000 characters. ``code`` is the server's own
    error code. ``retry_after`` is what the server asked to wait, in seconds. ``host`` is the host concerned.
    """

    message: str = ""
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :func:`error_from_json` makes an equal error."""
        return {"kind": type(self).__name__, **{k: v for k, v in asdict(self).items() if v is not None}}


class KeyProblem(ChatError): ...


class EndpointGone(KeyProblem): ...


class KeyMissing(KeyProblem): ...


class KeyringUnavailable(KeyProblem): ...


class TokenCommandFailed(KeyProblem): ...


class AttachmentMissing(ChatError): ...


class Unreachable(ChatError): ...


class HostNotFound(Unreachable): ...


class ConnectionRefused(Unreachable): ...


class ConnectionLost(Unreachable): ...


class ConnectTimedOut(Unreachable): ...


class TlsFailed(Unreachable): ...


class ProxyFailed(Unreachable): ...


class NoAnswer(Unreachable): ...


class Busy(ChatError): ...


class RateLimited(Busy): ...


class Overloaded(Busy): ...


class ServerFault(Busy): ...


class Conflict(Busy): ...


class RequestTimedOut(Busy): ...


class Rejected(ChatError): ...


class BadRequest(Rejected): ...


class KeyRejected(Rejected): ...


class AccessDenied(Rejected): ...


class ModelNotFound(Rejected): ...


class NotFound(Rejected): ...


class RequestTooLarge(Rejected): ...


class ContextExceeded(Rejected): ...


class QuotaExhausted(Rejected): ...


class ContentRefused(Rejected): ...


class Redirected(Rejected): ...


class Broken(ChatError): ...


class Stalled(Broken): ...


class TookTooLong(Broken): ...


class CutOff(Broken): ...


class NotAStream(Broken): ...


class Garbled(Broken): ...


class TooLarge(Broken): ...


class StreamError(Broken): ...


def _all_kinds(cls: type[ChatError]) -> dict[str, type[ChatError]]:
    kinds = {cls.__name__: cls}
    for sub in cls.__subclasses__():
        kinds |= _all_kinds(sub)
    return kinds


KINDS = _all_kinds(ChatError)
"""Every kind by its name."""

_FIELDS = frozenset(field.name for field in fields(ChatError))


def error_from_json(data: dict[str, Any]) -> ChatError:
    """The error that :meth:`ChatError.to_json` wrote; an unknown kind becomes a plain ``ChatError``."""
    kind = KINDS.get(str(data.get("kind")), ChatError)
    return kind(**{name: value for name, value in data.items() if name in _FIELDS})
