"""One AsyncOpenAI per endpoint: built off the GUI thread, bound to its address, closed on change and exit."""

import asyncio
import contextlib
import ipaddress
import json
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import anyio
import anyio.lowlevel
import httpx2
import openai

from desktop_chat.api import errors, responses
from desktop_chat.api.demo import DemoTransport
from desktop_chat.api.guard import Guard, pace, unwind
from desktop_chat.api.quirks import Quirks
from desktop_chat.api.retry import Failed
from desktop_chat.api.server_errors import Redactor, request_id
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Endpoint, EndpointKind
from desktop_chat.domain.errors import Garbled, KeyRejected, NoAnswer, ProxyFailed, TlsFailed
from desktop_chat.domain.limits import Limits

_NO_KEY = "not-needed"
_NO_TIME_LIMITS = httpx2.Timeout(None)


class Opened:
    """A response whose head has come and whose body is still to be read."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.request_id = request_id(response.headers)
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
    """Sends requests to one endpoint with one key. Raises :class:`Failed`, never an exception of the SDK.

    ``quirks`` outlive a client: they belong to the endpoint.
    """

    def __init__(self, endpoint: Endpoint, key: str | None, quirks: Quirks, demo: DemoTransport) -> None:
        """Blocking (TLS context, first use of the SDK): call it in a thread. Raises :class:`Failed`."""
        self.endpoint = endpoint
        self.quirks = quirks
        self.host = urlsplit(endpoint.base_url).hostname or endpoint.base_url
        if key is not None and not (key.isascii() and key.isprintable()):
            raise Failed(KeyRejected("The key has characters that cannot be sent.", host=self.host))
        proxy = None if endpoint.kind is EndpointKind.DEMO else proxy_for(endpoint.base_url)
        self._proxied = proxy is not None
        self.redact = Redactor(key, unquote(urlsplit(proxy).password or "") if proxy else None)
        if endpoint.kind is EndpointKind.DEMO:
            transport: httpx2.AsyncBaseTransport = demo
        else:
            transport = transport_to(proxy, self.host, self.redact)
        http = httpx2.AsyncClient(
            transport=Guard(transport), follow_redirects=False, trust_env=False, timeout=_NO_TIME_LIMITS
        )
        self._headers: dict[str, Any] = {} if key else {"Authorization": openai.omit}
        self._openai = _sdk_client(endpoint, key, http)

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, body: Mapping[str, Any], *, retries_taken: int, limits: Limits
    ) -> AsyncIterator[Opened]:
        """Post ``body`` and give the response when its head has come. Its connection ends with the block."""
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
                    body=body,
                    options={
                        "headers": {
                            **self._headers,
                            "Accept": "text/event-stream",
                            "x-stainless-retry-count": str(retries_taken),
                        },
                        "timeout": httpx2.Timeout(None, connect=limits.connect),
                    },
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                ),
            )
            yield Opened(response)
        except errors.EXCEPTIONS as raised:
            failed = self._failed(raised, began=response is not None)
        finally:
            if response is not None:
                await response.aclose()
        if failed is not None:
            raise failed

    async def get(self, path: str, limits: Limits) -> object:
        """The JSON document at ``path``. Raises :class:`Failed`."""
        asked = self._openai.get(path, cast_to=httpx2.Response, options=self._options(limits))
        return await self._document(asked, limits)

    async def post(self, path: str, body: Mapping[str, Any], limits: Limits) -> object:
        """The JSON document that answers ``body``. Raises :class:`Failed`."""
        options = self._options(limits)
        asked = self._openai.post(path, cast_to=httpx2.Response, body=body, options=options)
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
                kind = response.headers.get("content-type", "something without a type")
                start = self.redact.plain(response.content[:65536].decode("utf-8", "replace"), 500)
                failed = Failed(Garbled(f"Not JSON but {kind}: {start}", host=self.host))
        raise failed

    def _failed(self, raised: BaseException, *, began: bool) -> Failed:
        return errors.failure(raised, self.host, self.redact, proxied=self._proxied, began=began)

    async def close(self) -> None:
        """Close the connections; requests under way end as broken."""
        await self._openai.close()


def transport_to(proxy: str | None, host: str, redact: Redactor) -> httpx2.AsyncHTTPTransport:
    """The way to ``host``. Blocking: it reads the trusted certificates. Raises :class:`Failed`."""
    failed: Failed
    try:
        transport = httpx2.AsyncHTTPTransport(proxy=proxy)
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        failed = Failed(ProxyFailed(redact.plain(str(error)), host=host))
    except OSError as error:
        failed = Failed(TlsFailed(f"The trusted certificates cannot be read: {error}", host=host))
    else:
        pace(transport)
        return transport
    raise failed


def warm_up() -> None:
    """Send one request to the demo model, in a loop of this thread.

    It builds what the SDK builds on first use, which takes longer than a frame, and which pydantic must not
    do in two threads at once. The demo model needs no socket, so what anyio imports for the first one (40 ms)
    is asked for by name.
    """

    async def first_request() -> None:
        await anyio.lowlevel.checkpoint()
        assert callable(anyio.connect_tcp)
        client = Client(DEMO_ENDPOINT, None, Quirks.of(DEMO_ENDPOINT), DemoTransport(Path(), speed=1e6))
        async with client.stream(responses.PATH, {"model": "demo"}, retries_taken=0, limits=Limits()):
            pass
        await client.close()

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(first_request())


def _sdk_client(endpoint: Endpoint, key: str | None, http: httpx2.AsyncClient) -> openai.AsyncOpenAI:
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
        "api_key": key or _NO_KEY,
        "admin_api_key": "",
        "organization": "",
        "project": "",
        "webhook_secret": "",
        "max_retries": 0,
        "http_client": http,
        "default_headers": headers,
    }
    client: openai.AsyncOpenAI
    if endpoint.kind is EndpointKind.AZURE and endpoint.api_version:
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


def proxy_for(url: str) -> str | None:
    """The proxy that the environment or the system sets for ``url``, None for none.

    httpx2 asks itself only where it makes the transport. The machine's own addresses never go to a proxy,
    which would take them for its own.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(f"{host}:{parts.port}" if parts.port else host):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    return proxy.replace("socks://", "socks5://", 1) if proxy.startswith("socks://") else proxy


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
