"""One AsyncOpenAI per endpoint: built off the GUI thread, bound to its address, closed on change and exit."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

import anyio
import anyio.lowlevel
import httpx2
import openai

from desktop_chat.api import chat_completions, errors, responses
from desktop_chat.api.connections import proxy_of, transport_of
from desktop_chat.api.demo import DemoTransport
from desktop_chat.api.guard import Guard, unwind
from desktop_chat.api.limiter import Limiter
from desktop_chat.api.retry import Failed
from desktop_chat.api.server_errors import Redactor, request_id, visible
from desktop_chat.api.wire import Pieces
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Endpoint, EndpointKind, KeySource, Secrets
from desktop_chat.domain.errors import BadRequest, Garbled, KeyRejected, NoAnswer
from desktop_chat.domain.evidence import RateLimits
from desktop_chat.domain.limits import Limits

_NO_KEY = "not-needed"
_NO_TIME_LIMITS = httpx2.Timeout(None)


class Opened:
    """A response whose head has come and whose body is still to be read."""

    def __init__(self, response: httpx2.Response, redact: Redactor) -> None:
        self._response = response
        self.request_id = request_id(response.headers, redact)
        self.content_type: str = response.headers.get("content-type", "").split(";")[0].strip().lower()

    async def read(self, take: Callable[[bytes], Awaitable[None]]) -> None:
        """Give every piece of the body to ``take``, as it comes."""
        chunks = self._response.aiter_raw()
        try:
            async for chunk in chunks:
                await take(chunk)
        finally:
            await unwind(self._response, chunks)


class Client:
    """Sends requests to one endpoint with its secrets. Raises :class:`Failed`, never an exception of the SDK.

    The ``limiter`` outlives a client: it belongs to the endpoint. ``saw`` is told what the headers of a
    response say of the endpoint's limits.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        secrets: Secrets,
        demo: DemoTransport,
        limiter: Limiter | None = None,
        saw: Callable[[RateLimits], None] = lambda limits: None,
    ) -> None:
        """Blocking (TLS context, first use of the SDK): call it in a thread. Raises :class:`Failed`."""
        self.endpoint = endpoint
        self.key = secrets.key
        self.host = urlsplit(endpoint.base_url).hostname or endpoint.base_url
        self.limiter = limiter or Limiter()
        self.saw = saw
        self._check(secrets)
        proxy = proxy_of(endpoint, secrets)
        self.proxy = None if proxy is None else proxy.url
        self.secrets = _values(endpoint, secrets) + (proxy.secrets if proxy else ())
        self.redact = Redactor(*self.secrets)
        is_demo = endpoint.kind is EndpointKind.DEMO
        http = httpx2.AsyncClient(
            transport=Guard(demo if is_demo else transport_of(endpoint, secrets)),
            params=list(endpoint.query) or None,
            follow_redirects=False,
            trust_env=False,
            timeout=_NO_TIME_LIMITS,
        )
        self._headers = _own_headers(endpoint, secrets)
        self._openai = _sdk_client(endpoint, secrets, http)

    def _check(self, secrets: Secrets) -> None:
        if secrets.key is not None and not _can_be_sent(secrets.key):
            raise Failed(KeyRejected("The key has characters that cannot be sent.", host=self.host))
        for name, value in (*self.endpoint.headers, *secrets.headers):
            if not (_can_be_sent(name) and _can_be_sent(value) and " " not in name):
                shown = visible(name)[:80]
                raise Failed(BadRequest(f"The header {shown} has characters that cannot be sent."))

    def path_for(self, path: str, model: str) -> str:
        """Where requests to ``model`` go: Azure with an API version has a path for each deployment of Chat
        Completions. The SDK finds the name of the model only in a body that it encodes itself."""
        endpoint = self.endpoint
        is_azure = endpoint.kind is EndpointKind.AZURE and endpoint.api_version
        if is_azure and path == chat_completions.PATH and "/deployments/" not in endpoint.base_url:
            return f"/deployments/{quote(model, safe='')}{path}"
        return path

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, content: bytes | Pieces, *, streams: bool, retries_taken: int, limits: Limits
    ) -> AsyncIterator[Opened]:
        """Post ``content``, which is JSON, and give the response when its head has come. Its connection ends
        with the block."""
        response: httpx2.Response | None = None
        failed: Failed | None = None
        try:
            # A raw response, since the SDK's stream takes a broken stream for a complete one and costs
            # twice the time an event.
            response = cast(
                "httpx2.Response",
                await self._openai.post(
                    path,
                    cast_to=httpx2.Response,
                    content=content,
                    options={
                        "headers": {
                            **self._headers,
                            "Accept": "text/event-stream" if streams else "application/json",
                            "x-stainless-retry-count": str(retries_taken),
                            **_length(content),
                        },
                        "timeout": httpx2.Timeout(None, connect=limits.connect),
                    },
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                ),
            )
            yield Opened(response, self.redact)
        except errors.EXCEPTIONS as raised:
            failed = self._failed(raised, began=response is not None)
        finally:
            if response is not None:
                await response.aclose()
        if failed is not None:
            raise failed

    async def get(
        self,
        path: str,
        limits: Limits,
        *,
        query: Mapping[str, str] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> object:
        """The JSON document at ``path``, or at an address of the same server. Raises :class:`Failed`."""
        options = self._options(limits)
        options["headers"] = {**options["headers"], **headers}
        options["params"] = dict(query)
        asked = self._openai.get(path, cast_to=httpx2.Response, options=options)
        return await self._document(asked, limits)

    async def post(self, path: str, content: bytes | Pieces, limits: Limits) -> object:
        """The JSON document that answers ``content``, which is JSON. Raises :class:`Failed`."""
        options = self._options(limits)
        options["headers"] = {**self._headers, **_length(content)}
        asked = self._openai.post(path, cast_to=httpx2.Response, content=content, options=options)
        return await self._document(asked, limits)

    def _options(self, limits: Limits) -> Any:
        return {"headers": self._headers, "timeout": httpx2.Timeout(None, connect=limits.connect)}

    async def _document(self, asked: Awaitable[httpx2.Response], limits: Limits) -> object:
        failed: Failed
        try:
            async with asyncio.timeout(limits.first_event):
                response = await asked
        except TimeoutError:
            failed = Failed(NoAnswer("No answer came in time.", host=self.host))
        except errors.EXCEPTIONS as raised:
            failed = self._failed(raised, began=False)
        else:
            try:
                return cast("object", json.loads(response.content))
            except (ValueError, RecursionError):
                kind = self.redact.plain(
                    response.headers.get("content-type", "something without a type"), 100
                )
                start = self.redact.plain(response.content[:65536].decode("utf-8", "replace"), 500)
                failed = Failed(Garbled(f"Not JSON but {kind}: {start}", host=self.host))
        raise failed

    def _failed(self, raised: BaseException, *, began: bool) -> Failed:
        return errors.failure(raised, self.host, self.redact, proxied=self.proxy is not None, began=began)

    async def close(self) -> None:
        """Close the connections; requests under way end as broken."""
        await self._openai.close()


def warm_up() -> None:
    """Send one request to the demo model, in a loop of this thread.

    It builds what the SDK builds on first use, which takes longer than a frame, and which pydantic must not
    do in two threads at once. The demo model needs no socket, so what anyio imports for the first one (40 ms)
    is asked for by name.
    """

    async def first_request() -> None:
        await anyio.lowlevel.checkpoint()
        assert callable(anyio.connect_tcp)
        client = Client(DEMO_ENDPOINT, Secrets(), DemoTransport(Path(), speed=1e6))
        content = b'{"model":"demo"}'
        async with client.stream(responses.PATH, content, streams=True, retries_taken=0, limits=Limits()):
            pass
        await client.close()

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(first_request())


def _length(content: bytes | Pieces) -> dict[str, str]:
    """Without it a body in pieces is sent chunked, which not every server reads."""
    return {"Content-Length": str(len(content))} if isinstance(content, Pieces) else {}


def _can_be_sent(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _values(endpoint: Endpoint, secrets: Secrets) -> tuple[str, ...]:
    """What must not be shown. An address that was not entered here may have a password in it."""
    values = (secrets.key or "", *(value for _, value in secrets.headers))
    in_address = urlsplit(endpoint.base_url).password or ""
    return (*values, secrets.proxy_password, secrets.passphrase, in_address, unquote(in_address))


def _own_headers(endpoint: Endpoint, secrets: Secrets) -> dict[str, Any]:
    """What goes with each request in place of what the SDK would send. Names have no case."""
    headers: dict[str, tuple[str, Any]] = {}
    if not secrets.key:
        headers = {name.lower(): (name, openai.omit) for name in ("Authorization", "api-key")}
    for name, value in (*endpoint.headers, *secrets.headers):
        headers[name.lower()] = (name, value)
    return dict(headers.values())


def _sdk_client(endpoint: Endpoint, secrets: Secrets, http: httpx2.AsyncClient) -> openai.AsyncOpenAI:
    """An SDK client that takes nothing from the environment.

    Every argument that the SDK would else read from an ``OPENAI_`` or ``AZURE_`` variable is given. There is
    none for OPENAI_CUSTOM_HEADERS, which it adds to ours; hence the attribute.
    """
    headers: dict[str, Any] = {
        "OpenAI-Organization": endpoint.organization or openai.omit,
        "OpenAI-Project": endpoint.project or openai.omit,
        "User-Agent": f"desktop-chat (openai-python {openai.__version__})",
    }
    shared: dict[str, Any] = {
        "api_key": secrets.key or _NO_KEY,
        "admin_api_key": "",
        "workload_identity": None,
        "organization": "",
        "project": "",
        "webhook_secret": "",
        "max_retries": 0,
        "http_client": http,
        "default_headers": headers,
    }
    client: openai.AsyncOpenAI
    if endpoint.kind is EndpointKind.AZURE and endpoint.api_version:
        if endpoint.key_source is KeySource.COMMAND and secrets.key:
            # A token of Entra goes where OAuth has it; "api-key" is for the keys of the resource.
            shared |= {"api_key": None, "azure_ad_token": secrets.key}
        base = endpoint.base_url.rstrip("/")
        if "/deployments/" in base:
            client = openai.AsyncAzureOpenAI(base_url=base, api_version=endpoint.api_version, **shared)
        else:
            resource = base.removesuffix("/openai")
            client = openai.AsyncAzureOpenAI(
                azure_endpoint=resource, api_version=endpoint.api_version, **shared
            )
    else:
        client = openai.AsyncOpenAI(base_url=endpoint.base_url, **shared)
    client._custom_headers = headers
    return client
