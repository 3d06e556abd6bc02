"""How requests leave for an endpoint: which proxy, whom TLS trusts, and as whom it introduces us."""

import ipaddress
import ssl
import urllib.request
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import httpcore2
import httpx2

from desktop_chat.api.guard import pace
from desktop_chat.api.retry import Failed
from desktop_chat.domain.endpoint import Endpoint, EndpointKind, ProxyMode, Secrets
from desktop_chat.domain.errors import ProxyFailed, TlsFailed

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


class ProxyServer(NamedTuple):
    """``url`` holds neither user nor password. Both kinds of SOCKS let the proxy look names up."""

    url: str
    user: str = ""
    password: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return (self.password, f"{self.user}:{self.password}") if self.password else ()


def transport_of(endpoint: Endpoint, secrets: Secrets) -> httpx2.AsyncHTTPTransport:
    """The way to ``endpoint``. Blocking: it reads certificates. Raises :class:`Failed`."""
    host = urlsplit(endpoint.base_url).hostname
    proxy = proxy_of(endpoint, secrets)
    context = tls_context(endpoint, secrets)
    failed: Failed
    try:
        transport = httpx2.AsyncHTTPTransport(
            verify=context,
            proxy=None
            if proxy is None
            else httpx2.Proxy(proxy.url, auth=(proxy.user, proxy.password) if proxy.user else None),
        )
    except (ImportError, ValueError, httpx2.InvalidURL):
        # Its words would quote the address, whose form is not what was expected.
        failed = Failed(ProxyFailed("The address of the proxy cannot be used.", host=host))
    else:
        pace(transport)
        return transport
    raise failed


def tls_context(endpoint: Endpoint, secrets: Secrets) -> ssl.SSLContext:
    """Whom the endpoint's certificate may be signed by, and our own certificate. Raises :class:`Failed`.

    A ``ca_bundle`` stands in place of the system's authorities, as with curl's ``--cacert``.
    """
    host = urlsplit(endpoint.base_url).hostname
    what = "file of trusted certificates" if endpoint.ca_bundle else "system's trusted certificates"
    try:
        if endpoint.ca_bundle:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(endpoint.ca_bundle)
        else:
            context = httpcore2.default_ssl_context()
        if endpoint.client_certificate:
            what = "client certificate"
            # OpenSSL does not say which of the two files it is that cannot be read.
            Path(endpoint.client_certificate).open("rb").close()
            what = "client key" if endpoint.client_key else what
            # Without a function OpenSSL asks for a passphrase on the terminal.
            context.load_cert_chain(
                endpoint.client_certificate, endpoint.client_key or None, lambda: secrets.passphrase
            )
    except ssl.SSLError as error:
        raise Failed(TlsFailed(_unusable(what, error, secrets), host=host)) from None
    except OSError as error:
        reason = error.strerror or "no reason given"
        raise Failed(TlsFailed(f"The {what} cannot be read: {reason}.", host=host)) from None
    except ValueError:
        # A passphrase of more than 1,024 bytes, or a path with a zero in it.
        raise Failed(TlsFailed(f"The {what} cannot be used.", host=host)) from None
    return context


def _unusable(what: str, error: ssl.SSLError, secrets: Secrets) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "The client key does not belong to the client certificate."
    if what.startswith("client") and error.reason in (None, "BAD_DECRYPT", "BAD_PASSWORD_READ"):
        problem = "is not right" if secrets.passphrase else "is missing, or this is not a PEM file"
        return f"The client key cannot be opened: its passphrase {problem}."
    return f"The {what} cannot be used: it is not a PEM file that holds one."


def proxy_of(endpoint: Endpoint, secrets: Secrets) -> ProxyServer | None:
    """The proxy to ``endpoint``, None for none. Raises :class:`Failed`."""
    if endpoint.kind is EndpointKind.DEMO or endpoint.proxy is ProxyMode.NONE:
        return None
    if endpoint.proxy is ProxyMode.SYSTEM:
        url = system_proxy(endpoint.base_url)
        return None if url is None else _split(url)
    proxy = _split(endpoint.proxy_url)
    parts = urlsplit(proxy.url)
    if parts.scheme not in PROXY_SCHEMES or not parts.hostname:
        raise Failed(ProxyFailed("The address of the proxy cannot be used.", host=parts.hostname))
    return ProxyServer(proxy.url, endpoint.proxy_user, secrets.proxy_password)


def _split(url: str) -> ProxyServer:
    url = url if "://" in url else f"http://{url}"
    if url.startswith("socks://"):
        url = url.replace("socks://", "socks5://", 1)
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return ProxyServer(bare, unquote(parts.username or ""), unquote(parts.password or ""))


def system_proxy(url: str) -> str | None:
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
    return proxy


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
