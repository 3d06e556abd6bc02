"""A test of an endpoint: a real connection, the list of its models, and one short answer, step by step."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from desktop_chat.api import model_lists
from desktop_chat.api.reply import Reply
from desktop_chat.api.retry import Failed, RetryPolicy
from desktop_chat.api.wire import WATCHER
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import DIALECTS, Dialect, Endpoint, EndpointKind, Secrets
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.events import Delta, Finished
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.model import Model
from desktop_chat.domain.parameters import Parameters
from desktop_chat.domain.probe import ProbeResult, ProbeStep, StepKind
from desktop_chat.domain.request import Request

if TYPE_CHECKING:
    from desktop_chat.api.client import Client

_TOKENS = 32
"""Asked for at most: the Responses API takes no fewer than 16."""
_LONGEST_DETAIL = 300
_ADDRESSES = 3
"""That are told of a name."""

_WITHOUT_A_LIST = (errors.NotFound, errors.BadRequest, errors.AccessDenied, errors.Garbled)
"""A server may have no list of models, or show it to nobody, and answer all the same."""
_OTHER_DIALECT = (
    *(errors.BadRequest, errors.NotFound, errors.ModelNotFound, errors.ContentRefused, errors.Redirected),
    *(errors.ServerFault, errors.Overloaded, errors.Broken),
)
"""What servers say to a dialect that they do not speak: of 400, 404 and 500 each was seen."""
_PLAIN = ProbeStep(StepKind.TLS, None, 0.0, "Not encrypted.")
_WORKS = (State.COMPLETE, State.TRUNCATED)


class Probe:
    """One test of one endpoint, with connections of its own."""

    def __init__(
        self,
        endpoint: Endpoint,
        secrets: Secrets,
        limits: Limits,
        build: "Callable[[Endpoint, Secrets], Client]",
    ) -> None:
        """``build`` is blocking, and called in a thread."""
        self._endpoint = endpoint
        self._secrets = secrets
        self._limits = replace(limits, attempts=1)
        self._build = build
        self._clients: list[Client] = []
        self._models: tuple[Model, ...] | None = None

    async def steps(self) -> AsyncGenerator[ProbeStep | ProbeResult, None]:
        """Each step when it has ended, each kind at most once; then the result. Raises no ``ChatError``."""
        try:
            async with contextlib.aclosing(self._steps()) as steps:
                async for step in steps:
                    yield step
                    if isinstance(step, ProbeStep) and step.ok is False:
                        yield ProbeResult(None, self._models, step.error)
                        return
        finally:
            for client in self._clients:
                await client.close()

    async def _steps(self) -> AsyncGenerator[ProbeStep | ProbeResult, None]:
        """As :meth:`steps`, without a result where a step failed: it is not read on then."""
        try:
            client = await self._connect(self._secrets)
        except Failed as failed:
            yield ProbeStep(_at_fault(failed.error), False, 0.0, error=failed.error)
            return
        if self._endpoint.kind is not EndpointKind.DEMO:
            yield await self._look_up(client)
        way = _Way(client)
        listing = asyncio.create_task(self._list(client, way), name="list models")
        try:
            async for step in way.steps(listing):
                yield step
            self._models = tuple(await listing)
        except Failed as failed:
            if not isinstance(failed.error, _WITHOUT_A_LIST):
                yield ProbeStep(way.waits_for(failed.error), False, way.waited, error=failed.error)
                return
            yield ProbeStep(StepKind.AUTH, None, 0.0, "An answer will tell.")
            yield ProbeStep(StepKind.MODELS, None, 0.0, "The server lists no models.")
        except ChatError as problem:  # the token's command, asked for another
            yield ProbeStep(StepKind.AUTH, False, 0.0, error=problem)
            return
        else:
            has_key = "The key is accepted." if self._secrets.key else "No key is sent."
            yield ProbeStep(StepKind.AUTH, True, way.waited, has_key)
            number = len(self._models)
            count = f"{number:,} model{'s' * (number != 1)}"
            yield ProbeStep(
                StepKind.MODELS, bool(number) or None, max(time.monotonic() - way.answered_at, 0.0), count
            )
        async with contextlib.aclosing(self._answers()) as steps:
            async for found in steps:
                yield found

    async def _connect(self, secrets: Secrets) -> "Client":
        client = await asyncio.to_thread(self._build, self._endpoint, secrets)
        self._clients.append(client)
        return client

    async def _look_up(self, client: "Client") -> ProbeStep:
        """Find the address of whom we connect to: of the proxy where there is one."""
        url = urlsplit(client.proxy or self._endpoint.base_url)
        host, began = url.hostname or "", time.monotonic()
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(host)
            return ProbeStep(StepKind.DNS, None, 0.0, f"{host} is an address, not a name.")
        error: ChatError
        try:
            async with asyncio.timeout(self._limits.connect):
                found = await asyncio.get_running_loop().getaddrinfo(host, url.port, type=socket.SOCK_STREAM)
        except TimeoutError:
            error = errors.HostNotFound("The name was not found in time.", host=host)
        except (socket.gaierror, UnicodeError) as raised:
            error = errors.HostNotFound(getattr(raised, "strerror", None) or "No such name.", host=host)
        else:
            addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
            shown = ", ".join(addresses[:_ADDRESSES]) + (", …" if len(addresses) > _ADDRESSES else "")
            return ProbeStep(StepKind.DNS, True, time.monotonic() - began, f"{host}: {shown}")
        if client.proxy:
            error = errors.ProxyFailed(error.message, host=host)
        return ProbeStep(StepKind.DNS, False, time.monotonic() - began, error=error)

    async def _list(self, client: "Client", way: "_Way") -> list[Model]:
        """The models, asked for on a connection that is watched. Raises ``Failed``, ``KeyProblem``."""
        WATCHER.set(way.saw)
        try:
            return await model_lists.ask(client, self._limits)
        except Failed as failed:
            if not isinstance(failed.error, errors.KeyRejected) or self._secrets.renew is None:
                raise
        WATCHER.set(None)
        self._secrets = replace(await self._secrets.renew(), renew=None)
        return await model_lists.ask(await self._connect(self._secrets), self._limits)

    async def _answers(self) -> AsyncGenerator[ProbeStep | ProbeResult, None]:
        """Ask for a short answer in each dialect until one comes; the one that can do more first."""
        model = self._model()
        if model is None:
            yield ProbeStep(StepKind.TOKEN, None, 0.0, "Name a model to ask it for one token.")
            yield ProbeResult(None, self._models)
            return
        began = time.monotonic()
        said: list[str] = []
        failures: list[ChatError] = []
        for dialect, name in DIALECTS.items():
            finished, text = await self._ask(dialect, model)
            if finished.state in _WORKS:
                took = finished.timing.duration if finished.timing else 0.0
                first = finished.timing.first_token if finished.timing else None
                tried = time.monotonic() - began - took
                yield ProbeStep(StepKind.DIALECT, True, tried, "; ".join([name, *said]))
                shown = f"{model}: “{text}”" if text else f"{model} answered without a word."
                yield ProbeStep(StepKind.TOKEN, True, took if first is None else first, _short(shown))
                yield ProbeResult(dialect, self._models)
                return
            error = finished.error or errors.Broken("The answer did not end well.")
            failures.append(error)
            said.append(f"{name} is not spoken ({error.status or type(error).__name__})")
            if not isinstance(error, _OTHER_DIALECT):
                break
        # The second says most where both are known: the first may only say that it does not know the dialect.
        telling = [error for error in failures if type(error) is not errors.NotFound]
        error = (telling or failures)[-1]
        yield ProbeStep(StepKind.TOKEN, False, time.monotonic() - began, _short(model), error)

    def _model(self) -> str | None:
        """Whom to ask: what the endpoint names, else a small one of the list."""
        endpoint = self._endpoint
        named = endpoint.default_model or endpoint.title_model
        # The list of Azure names models, and requests name deployments.
        if named or (endpoint.kind is EndpointKind.AZURE and endpoint.api_version):
            return named or None
        chatty = [model.id for model in self._models or () if model.chats]
        small = [name for name in chatty if any(word in name.lower() for word in ("mini", "nano", "small"))]
        return next(iter(small or chatty), None)

    async def _ask(self, dialect: Dialect, model: str) -> tuple[Finished, str]:
        """The end of a short answer, and how it began."""
        request = Request(
            model,
            (Message("probe", None, Role.USER, [Part(PartKind.TEXT, "Say hello.")]),),
            Parameters(max_output_tokens=_TOKENS),
        )
        reply = Reply(
            self._connect,
            _keep_open,
            replace(self._endpoint, dialect=dialect),
            self._secrets,
            request,
            self._limits,
            RetryPolicy(),
        )
        finished, text = Finished(State.FAILED), ""
        async with contextlib.aclosing(reply.events()) as events:
            async for event in events:
                if isinstance(event, Finished):
                    finished = event
                elif isinstance(event, Delta) and event.kind is PartKind.TEXT and len(text) < 60:
                    text += event.text
        return finished, " ".join(text.split())[:60]


async def _keep_open(_client: "Client") -> None:
    """Clients of a probe are closed at its end."""


class _Way:
    """Watches a connection come into being, by the events of httpcore2's ``trace`` extension."""

    def __init__(self, client: "Client") -> None:
        self._is_proxied = bool(client.proxy)
        self._is_tls = urlsplit(client.endpoint.base_url).scheme == "https"
        self._ended: asyncio.Queue[ProbeStep | None] = asyncio.Queue()
        self._stage = StepKind.TCP
        self._since = time.monotonic()
        self._head_at: float | None = None

    @property
    def waited(self) -> float:
        """Seconds from the end of the last step to the head of an answer, or to now."""
        return self.answered_at - self._since

    @property
    def answered_at(self) -> float:
        """When the head of an answer came; now where none did."""
        return self._head_at or time.monotonic()

    def waits_for(self, error: ChatError) -> StepKind:
        """The step that ``error`` ended."""
        if self._stage is StepKind.TCP:
            return StepKind.TCP
        fault = _at_fault(error)
        return self._stage if fault is StepKind.AUTH else fault

    async def steps(self, request: "asyncio.Task[Any]") -> AsyncGenerator[ProbeStep, None]:
        """The steps up to the answer to ``request``, as they end; none after one that failed."""
        request.add_done_callback(lambda _: self._ended.put_nowait(None))
        try:
            while (step := await self._ended.get()) is not None:
                yield step
        finally:
            if not request.done():
                request.cancel()
                await asyncio.wait([request])
        if self._stage is StepKind.PROXY and not request.cancelled() and _was_answered(request):
            # A proxy that is asked without a tunnel has done its part when an answer comes.
            yield self._end(StepKind.PROXY, "It passed the request on.", then=StepKind.AUTH)
            yield _PLAIN

    def saw(self, event: str, info: Mapping[str, Any]) -> None:
        """One event of the connection that the request is made on."""
        what = event.partition(".")[2]
        stream = info.get("return_value")
        if what == "connect_tcp.started":
            self._since = time.monotonic()
        elif what == "connect_tcp.complete" and self._stage is StepKind.TCP:
            address = stream.get_extra_info("server_addr") if stream is not None else None
            shown = f"{address[0]} port {address[1]}" if address else ""
            self._tell(StepKind.TCP, shown, StepKind.PROXY if self._is_proxied else self._after_proxy())
        elif event in ("socks.setup_socks5_connection.complete", "proxy.start_tls.started"):
            self._tell(StepKind.PROXY, "It connected us.", self._after_proxy())
        elif what == "receive_response_headers.complete" and self._stage is StepKind.AUTH:
            self._head_at = self._head_at or time.monotonic()
        elif what == "start_tls.complete" and self._stage is StepKind.TLS and stream is not None:
            self._tell(StepKind.TLS, _certificate(stream.get_extra_info("ssl_object")), StepKind.AUTH)

    def _after_proxy(self) -> StepKind:
        return StepKind.TLS if self._is_tls else StepKind.AUTH

    def _tell(self, kind: StepKind, detail: str, then: StepKind) -> None:
        self._ended.put_nowait(self._end(kind, detail, then))
        if not self._is_tls and then is StepKind.AUTH:
            self._ended.put_nowait(_PLAIN)

    def _end(self, kind: StepKind, detail: str, then: StepKind) -> ProbeStep:
        step = ProbeStep(kind, True, self.waited, _short(detail))
        self._stage, self._since = then, time.monotonic()
        return step


def _was_answered(request: "asyncio.Task[Any]") -> bool:
    error = request.exception()
    return error is None or (isinstance(error, Failed) and not isinstance(error.error, errors.Unreachable))


def _at_fault(error: ChatError) -> StepKind:
    if isinstance(error, errors.TlsFailed):
        return StepKind.TLS
    return StepKind.PROXY if isinstance(error, errors.ProxyFailed) else StepKind.AUTH


def _certificate(tls: ssl.SSLObject | None) -> str:
    """Who signed the server's certificate, for whom, and until when."""
    certificate = tls.getpeercert() if tls is not None else None
    version = (tls.version() or "") if tls is not None else ""
    if not certificate:
        # Where the system itself checks certificates (truststore), it does not hand them out.
        return f"{version}, trusted by this system"
    issuer, subject = _names(certificate.get("issuer")), _names(certificate.get("subject"))
    signer = issuer.get("organizationName") or issuer.get("commonName") or "somebody without a name"
    if issuer.get("organizationName") and issuer.get("commonName"):
        signer += f" ({issuer['commonName']})"
    named = [str(name[1]) for name in certificate.get("subjectAltName", ()) if len(name) == 2]
    found = [version, f"signed by {signer}"]
    if whom := subject.get("commonName") or next(iter(named), ""):
        found.append(f"for {whom}")
    if isinstance(until := certificate.get("notAfter"), str):
        found.append(f"until {datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC):%Y-%m-%d}")
    return ", ".join(filter(None, found))


def _names(name: Any) -> dict[str, str]:
    """The parts of a distinguished name as ``ssl`` gives it: tuples of tuples of pairs."""
    return {key: value for group in name or () for key, value in group}


def _short(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= _LONGEST_DETAIL else shown[: _LONGEST_DETAIL - 1] + "…"
