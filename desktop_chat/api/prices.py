"""Fetches the published list of prices, which only the user's own wish ever does."""

import asyncio
from urllib.parse import urlsplit

import httpx2

from desktop_chat.api import errors
from desktop_chat.api.connections import proxy_of, transport_of
from desktop_chat.api.guard import Guard
from desktop_chat.api.retry import Failed
from desktop_chat.api.server_errors import Redactor, rejection
from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind, KeySource, Secrets
from desktop_chat.domain.errors import NoAnswer
from desktop_chat.domain.limits import Limits


async def fetch(url: str, limits: Limits) -> bytes:
    """The document at ``url``, asked for without a key or anything else that tells of the user.

    Redirects are not followed, and the guard bounds its size. Raises :class:`Failed`.
    """
    host = urlsplit(url).hostname or url
    server = Endpoint("prices", host, EndpointKind.COMPATIBLE, url, Dialect.CHAT_COMPLETIONS, KeySource.NONE)
    proxy = proxy_of(server, Secrets())
    redact = Redactor(*(proxy.secrets if proxy else ()))
    transport = await asyncio.to_thread(transport_of, server, Secrets())
    http = httpx2.AsyncClient(
        transport=Guard(transport),
        follow_redirects=False,
        trust_env=False,
        timeout=httpx2.Timeout(None, connect=limits.connect),
        headers={"User-Agent": "desktop-chat", "Accept": "application/json, text/plain"},
    )
    failed: Failed
    async with http:
        try:
            async with asyncio.timeout(limits.first_event):
                response = await http.get(url)
        except TimeoutError:
            failed = Failed(NoAnswer("No answer came in time.", host=host))
        except errors.EXCEPTIONS as raised:
            failed = errors.failure(raised, host, redact, proxied=proxy is not None, began=False)
        else:
            if response.is_success:
                return response.content
            failed = Failed(rejection(response.status_code, response.text, response.headers, host, redact))
    raise failed
