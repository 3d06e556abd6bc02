"""The only home of ``openai`` and ``httpx2``: asks endpoints for answers and for their models.

Importing this package imports neither of them, nor what else only a request needs; :meth:`Api.load` does, in
a thread.
"""

import asyncio
import contextlib
import functools
import importlib
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from desktop_chat.api.retry import Failed, RetryPolicy
from desktop_chat.domain.endpoint import Endpoint, Secrets
from desktop_chat.domain.errors import KeyRejected
from desktop_chat.domain.evidence import RateLimits
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.model import Model
from desktop_chat.domain.request import Request
from desktop_chat.paths import resources

if TYPE_CHECKING:
    from desktop_chat.api.client import Client
    from desktop_chat.api.limiter import Limiter
    from desktop_chat.api.reply import Reply
    from desktop_chat.domain.probe import ProbeResult, ProbeStep

T = TypeVar("T")

__all__ = ["PRICES_URL", "Api", "RetryPolicy"]

PRICES_URL = (
    "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json"
)
"""Where genai-prices publishes what its next release will hold: its own ``DEFAULT_UPDATE_URL``."""

DEMO_SPEED = 80.0
"""Tokens a second."""


class Api:
    """The endpoints in use, one client each. Belongs to one event loop."""

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        demo_speed: float = DEMO_SPEED,
        demo_answers: Path | None = None,
    ) -> None:
        """``demo_speed`` is in tokens a second; ``demo_answers`` the folder of the demo model's answers."""
        self._policy = policy or RetryPolicy()
        self._demo_speed = demo_speed
        self._demo_answers = demo_answers or resources() / "demo"
        self._loading: asyncio.Task[None] | None = None
        self._building = asyncio.Lock()
        self._in_use: dict[str, _InUse] = {}
        self._retired: set[_InUse] = set()
        self._limiters: dict[str, Limiter] = {}
        self.rate_limits: dict[str, RateLimits] = {}
        """What an endpoint said last of its limits, by its id."""
        self.on_rate_limits: Callable[[str], None] | None = None
        """Called with the id of an endpoint whose ``rate_limits`` came anew."""

    async def load(self) -> None:
        """Import the SDK and warm it up in a thread: about a second of CPU, once."""
        if self._loading is None or (self._loading.done() and not _went_well(self._loading)):
            self._loading = asyncio.get_running_loop().create_task(
                asyncio.to_thread(_load), name="load the SDK"
            )
        await asyncio.shield(self._loading)

    def reply(self, endpoint: Endpoint, secrets: Secrets, request: Request, limits: Limits) -> "Reply":
        """An answer to ``request``; nothing is sent before its events are read."""
        from desktop_chat.api.reply import Reply

        async def connect(secrets: Secrets) -> "Client":
            return await self._client(endpoint, secrets)

        return Reply(connect, self._release, endpoint, secrets, request, limits, self._policy)

    async def models(self, endpoint: Endpoint, secrets: Secrets, limits: Limits) -> list[Model]:
        """The models that the endpoint lists, by id. Raises ``ChatError``."""

        async def ask(client: "Client") -> list[Model]:
            from desktop_chat.api import model_lists

            return await model_lists.ask(client, limits)

        return await self._ask(endpoint, secrets, ask)

    async def probe(
        self, endpoint: Endpoint, secrets: Secrets, limits: Limits
    ) -> "AsyncGenerator[ProbeStep | ProbeResult, None]":
        """Test ``endpoint``: each step when it has ended, then the result. Raises no ``ChatError``.

        It has connections of its own, and asks for an answer of a few tokens. One who may stop half-way
        reads it within ``contextlib.aclosing``.
        """
        await self.load()
        from desktop_chat.api.client import Client
        from desktop_chat.api.demo import DemoTransport
        from desktop_chat.api.probe import Probe

        def build(endpoint: Endpoint, secrets: Secrets) -> Client:
            return Client(endpoint, secrets, DemoTransport(self._demo_answers, self._demo_speed))

        async with contextlib.aclosing(Probe(endpoint, secrets, limits, build).steps()) as steps:
            async for step in steps:
                yield step

    async def count_tokens(
        self, endpoint: Endpoint, secrets: Secrets, request: Request, limits: Limits
    ) -> int:
        """The tokens of ``request`` as the endpoint itself counts them.

        Raises ``ChatError``: ``NotFound`` where the endpoint has no such count, as most have not.
        """

        async def ask(client: "Client") -> int:
            from desktop_chat.api import counting, wire
            from desktop_chat.api.quirks import Quirks

            body = counting.body(request, Quirks.of(endpoint, request.rejected))
            content = await asyncio.to_thread(wire.encode, body, request.contents)
            failed: Failed
            try:
                return counting.read(await client.post(counting.PATH, content, limits), client.host)
            except Failed as raised:
                failed = counting.explained(raised)
            raise failed

        return await self._ask(endpoint, secrets, ask)

    async def _ask(self, endpoint: Endpoint, secrets: Secrets, ask: "Callable[[Client], Awaitable[T]]") -> T:
        """What ``ask`` gets from the endpoint's client; once more with renewed secrets where the server does
        not take the key. Raises ``ChatError``."""
        failed: Failed | None = None
        for renewal in (None, secrets.renew):
            if failed is not None:
                if renewal is None or not isinstance(failed.error, KeyRejected):
                    break
                secrets = await renewal()
            try:
                client = await self._client(endpoint, secrets)
                try:
                    return await ask(client)
                finally:
                    await self._release(client)
            except Failed as raised:
                failed = raised
        assert failed is not None
        # Not from within the handler: the failure's own context holds the request, and that the key.
        raise failed.error

    async def fetch_prices(self, url: str = PRICES_URL, limits: Limits | None = None) -> bytes:
        """The prices that are published at ``url``, for ``Tokens.refresh``. Raises ``ChatError``."""
        await self.load()
        from desktop_chat.api import prices

        failed: Failed
        try:
            return await prices.fetch(url, limits or Limits())
        except Failed as raised:
            failed = raised
        raise failed.error

    async def forget(self, endpoint_id: str) -> None:
        """Close the client of an endpoint that changed or is gone; replies under way may end first."""
        used = self._in_use.pop(endpoint_id, None)
        if used is not None:
            await self._retire(used)

    def limit(self, endpoints: Iterable[Endpoint]) -> None:
        """Have our own limits of these endpoints as they are now hold for requests that wait, too."""
        for endpoint in endpoints:
            if (limiter := self._limiters.get(endpoint.id)) is not None:
                limiter.change(endpoint)

    async def close(self) -> None:
        """Close every connection."""
        if self._loading is not None:
            await asyncio.wait([self._loading])
        everything = [*self._in_use.values(), *self._retired]
        self._in_use.clear()
        self._retired.clear()
        for used in everything:
            await used.client.close()

    async def _client(self, endpoint: Endpoint, secrets: Secrets) -> "Client":
        """The endpoint's client, made anew where the endpoint or its key changed. Raises ``Failed``."""
        await self.load()
        async with self._building:
            used = self._in_use.get(endpoint.id)
            made_for = (secrets, *(getattr(endpoint, name) for name in _CONNECTION))
            if used is None or used.made_for != made_for:
                await self.forget(endpoint.id)
                client = await asyncio.to_thread(self._build, endpoint, secrets)
                used = self._in_use[endpoint.id] = _InUse(made_for, client)
            used.client.limiter.change(endpoint)
            used.replies += 1
            return used.client

    def _build(self, endpoint: Endpoint, secrets: Secrets) -> "Client":
        from desktop_chat.api.client import Client
        from desktop_chat.api.demo import DemoTransport
        from desktop_chat.api.limiter import Limiter

        return Client(
            endpoint,
            secrets,
            DemoTransport(self._demo_answers, self._demo_speed),
            self._limiters.setdefault(endpoint.id, Limiter()),
            functools.partial(self._saw, endpoint.id),
        )

    def _saw(self, endpoint_id: str, limits: RateLimits) -> None:
        self.rate_limits[endpoint_id] = limits
        if self.on_rate_limits is not None:
            self.on_rate_limits(endpoint_id)

    async def _release(self, client: "Client") -> None:
        for used in (*self._in_use.values(), *self._retired):
            if used.client is client:
                used.replies -= 1
                if used in self._retired and not used.replies:
                    self._retired.discard(used)
                    await client.close()
                return

    async def _retire(self, used: "_InUse") -> None:
        if used.replies:
            self._retired.add(used)
        else:
            await used.client.close()


_CONNECTION = (
    *("kind", "base_url", "key_source", "api_version", "organization", "project", "headers", "query"),
    *("proxy", "proxy_url", "proxy_user", "ca_bundle", "client_certificate", "client_key"),
)
"""What of an endpoint its client is made of; the rest can change without a new one."""


class _InUse:
    """A client, what it was made for, and how many replies use it."""

    def __init__(self, made_for: tuple[object, ...], client: "Client") -> None:
        self.made_for = made_for
        self.client = client
        self.replies = 0


_IMPORTED_TOGETHER = frozenset({"openai", "pydantic"})
"""What is forgotten when importing it failed, so that it can be tried again from the start."""


def _went_well(task: "asyncio.Task[None]") -> bool:
    return not task.cancelled() and task.exception() is None


def _load() -> None:
    for last in (False, False, True):
        try:
            importlib.import_module("desktop_chat.api.reply")
            client = importlib.import_module("desktop_chat.api.client")
        except ImportError:
            # PySide looks at each module that is imported, at one in one thread only: pydantic.errors then
            # seems unknown to it the next time, and is asked for an attribute amid its own import, which
            # fails ("partially initialized module"). It was seen once in thirty starts of a busy machine.
            if last:
                raise
            for name in list(sys.modules):
                if name.partition(".")[0] in _IMPORTED_TOGETHER:
                    del sys.modules[name]
        else:
            client.warm_up()
            return
