"""How requests leave for an endpoint: which proxy, whom TLS trusts, and as whom it introduces us."""

import ipaddress
import ssl
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpcore2
import httpx2

from desktop_chat.api.guard import pace
from desktop_chat.api.retry import Failed
from desktop_chat.domain.endpoint import Endpoint, EndpointKind, ProxyMode, Secrets, proxy_origin_of
from desktop_chat.domain.errors import ProxyFailed, TlsFailed


@dataclass(frozen=True, slots=True)
class ProxyServer:
    """``url`` holds neither user nor password. Both kinds of SOCKS let the proxy look names up."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

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
    failed: Failed
    try:
        context = _trusting(endpoint.ca_bundle)
        if endpoint.client_certificate:
            _introduce(context, endpoint, secrets.passphrase)
    except _Unusable as unusable:
        failed = Failed(TlsFailed(str(unusable), host=urlsplit(endpoint.base_url).hostname))
    else:
        return context
    raise failed


class _Unusable(Exception):
    """A file of TLS that cannot be used; the message is a plain sentence."""


def _trusting(bundle: str) -> ssl.SSLContext:
    try:
        if not bundle:
            return httpcore2.default_ssl_context()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(bundle)
        return context
    except ssl.SSLError:
        raise _Unusable("The file of trusted certificates is not a PEM file with certificates.") from None
    except (OSError, ValueError) as error:
        raise _Unusable(f"The trusted certificates cannot be read: {_why(error)}.") from None


def _introduce(context: ssl.SSLContext, endpoint: Endpoint, passphrase: str) -> None:
    """Have the handshake show the client's certificate. OpenSSL says of no file which one it is about."""
    certificate, key = endpoint.client_certificate, endpoint.client_key or endpoint.client_certificate
    for what, path in (("certificate", certificate), ("key", key)):
        try:
            Path(path).open("rb").close()
        except (OSError, ValueError) as error:
            raise _Unusable(f"The client {what} cannot be read: {_why(error)}.") from None
    was_asked = False

    def answer() -> str:
        # Without a function OpenSSL asks on the terminal.
        nonlocal was_asked
        was_asked = True
        return passphrase

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(certificate)
    except ssl.SSLError:
        raise _Unusable("The client certificate is not a PEM file with a certificate.") from None
    try:
        context.load_cert_chain(certificate, key, answer)
    except (ssl.SSLError, ValueError) as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            problem = "does not belong to the client certificate"
        elif was_asked:
            problem = f"cannot be opened: its passphrase is {'not right' if passphrase else 'missing'}"
        else:
            problem = "is not in its PEM file"
        raise _Unusable(f"The client key {problem}.") from None


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "its name cannot be used"


def proxy_of(endpoint: Endpoint, secrets: Secrets) -> ProxyServer | None:
    """The proxy to ``endpoint``, None for none. Raises :class:`Failed`."""
    if endpoint.kind is EndpointKind.DEMO or endpoint.proxy is ProxyMode.NONE:
        return None
    if endpoint.proxy is ProxyMode.SYSTEM:
        url = system_proxy(endpoint.base_url)
        return None if url is None else _split(url)
    try:
        proxy_origin_of(endpoint.proxy_url)
    except ValueError:
        raise Failed(ProxyFailed("The address of the proxy cannot be used.")) from None
    return ProxyServer(_split(endpoint.proxy_url).url, endpoint.proxy_user, secrets.proxy_password)


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
