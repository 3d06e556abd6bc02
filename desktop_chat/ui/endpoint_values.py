"""What a user enters for an endpoint, cleaned and checked before any request is made with it."""

import ipaddress
import re
import shlex
from collections.abc import Iterable
from urllib.parse import urlsplit

from desktop_chat.domain.endpoint import (
    OPENAI_BASE_URL,
    Dialect,
    Endpoint,
    EndpointKind,
    KeySource,
    Pairs,
    origin_of,
)
from desktop_chat.domain.model import Model
from desktop_chat.domain.redaction import SECRET_HEADERS
from desktop_chat.ui.json_object import read_object

API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_PRIVATE_NAMES = (".localhost", ".local", ".lan", ".internal", ".home.arpa")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, section 5.6.2."""
_OWN_HEADERS = {
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "accept-encoding",
}
_PROXIES = ("http", "https", "socks5", "socks5h")
_METHODS = ("/chat/completions", "/responses", "/models")
_GENERAL_MODEL = re.compile(r"gpt-\d+(\.\d+)?")


class InvalidField(ValueError):
    """A value that cannot be used; its message is a plain sentence, ``field`` the name of what to correct."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def clean_base_url(text: str) -> str:
    """A typed or pasted address as a base URL, without the method name that often comes along.

    An address without ``http://`` or ``https://`` gets the one that fits its host. Raises
    :class:`InvalidField` for what is no web address, or holds a name, a password or a query.
    """
    url = "".join(text.split()).strip("\"'`<>")
    if not url:
        raise InvalidField("base_url", "Enter the address of the server.")
    if "://" not in url:
        url = f"http://{url}" if _is_private_host(urlsplit(f"//{url}").hostname or "") else f"https://{url}"
    try:
        parts = urlsplit(url)
        origin_of(url)
        if not re.fullmatch(r"[\w.:%-]+", parts.hostname or ""):
            raise ValueError
    except ValueError:
        raise InvalidField(
            "base_url", "This is not a web address. It begins with https:// or http:// and a name."
        ) from None
    if parts.username or parts.password:
        raise InvalidField("base_url", "Leave name and password out of the address.")
    if parts.query or parts.fragment:
        raise InvalidField("base_url", "Leave out what follows “?” or “#” in the address.")
    path = parts.path.rstrip("/")
    for method in _METHODS:
        path = path.removesuffix(method)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path.rstrip('/')}"


def is_unprotected(url: str) -> bool:
    """Whether what is sent to ``url`` crosses the internet in the clear."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_private_host(parts.hostname or "")


def new_endpoint(
    endpoint_id: str,
    kind: EndpointKind,
    *,
    base_url: str = "",
    api_version: str = "",
    model: str = "",
    has_key: bool = True,
    region: str = OPENAI_BASE_URL,
    name: str = "",
) -> Endpoint:
    """An endpoint of what was entered, with the usual settings of its kind. Raises :class:`InvalidField`.

    ``region`` is the base URL of OpenAI's own, ``name`` that of a compatible server.
    """
    key_source = KeySource.KEYRING if has_key else KeySource.NONE
    if kind is EndpointKind.OPENAI:
        return Endpoint(
            endpoint_id,
            "OpenAI",
            kind,
            region,
            Dialect.RESPONSES,
            key_source,
            default_model=model,
            system_role="developer",
            max_tokens_field="max_completion_tokens",
        )
    url = clean_base_url(base_url)
    if kind is EndpointKind.AZURE:
        api_version = api_version.strip()
        if api_version and not API_VERSION.fullmatch(api_version):
            raise InvalidField("api_version", "An API version looks like 2025-04-01-preview.")
        if not api_version and not url.endswith("/openai/v1"):
            url = f"{url.removesuffix('/openai')}/openai/v1"
        return Endpoint(
            endpoint_id,
            "Azure OpenAI",
            kind,
            url,
            Dialect.CHAT_COMPLETIONS if api_version else Dialect.RESPONSES,
            key_source,
            default_model=model,
            api_version=api_version,
            max_tokens_field="max_completion_tokens",
        )
    name = name or urlsplit(url).netloc
    return Endpoint(endpoint_id, name, kind, url, Dialect.CHAT_COMPLETIONS, key_source, default_model=model)


def check_headers(pairs: Pairs, *, are_secret: bool = False) -> Pairs:
    """Headers that can be sent. Raises ``ValueError`` with a plain sentence.

    What is no secret is kept in a file, so a header that is known to hold one is refused there. A secret's
    value may be empty: it is in the keyring then.
    """
    seen = set()
    for name, value in pairs:
        low = name.lower()
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"“{name}” is not the name of a header." if name else "A header has no name.")
        if low in _OWN_HEADERS:
            raise ValueError(f"{name} cannot be set: it follows from each request.")
        if low in SECRET_HEADERS and not are_secret:
            raise ValueError(f"{name} holds a secret. Enter it under Key, as a secret header.")
        if low in seen:
            raise ValueError(f"{name} stands here twice.")
        if not value.isascii() or not all(character.isprintable() for character in value):
            raise ValueError(f"The value of {name} has characters that no header can have.")
        seen.add(low)
    return pairs


def check_query(pairs: Pairs) -> Pairs:
    """What follows “?” in addresses, as names and values. Raises ``ValueError`` with a plain sentence."""
    if not all(name for name, _ in pairs):
        raise ValueError("A value has no name.")
    return pairs


def check_body(text: str) -> str:
    """A JSON object as text, empty for none. Raises ``ValueError`` with a plain sentence."""
    read_object(text)
    return text.strip()


def check_command(text: str) -> str:
    """A command line. Raises ``ValueError`` with a plain sentence."""
    text = text.strip()
    if not text:
        raise ValueError("Enter the command that prints the token.")
    try:
        shlex.split(text)
    except ValueError:
        raise ValueError("A quotation mark is not closed.") from None
    return text


def clean_proxy(text: str) -> str:
    """The address of a proxy, ``scheme://host:port``. Raises ``ValueError`` with a plain sentence."""
    url = text.strip().rstrip("/")
    if not url:
        raise ValueError("Enter the address of the proxy.")
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PROXIES and parts.hostname and parts.port is not None
    except ValueError:
        usable = False
    if not usable or parts.path or parts.query or parts.fragment:
        raise ValueError(
            "This is not the address of a proxy. It looks like http://proxy.example:3128 or socks5://…"
        )
    if parts.username or parts.password:
        raise ValueError("Enter name and password below, not in the address.")
    return url.lower()


def suggested_model(models: Iterable[Model]) -> str:
    """The model a new endpoint begins with: the newest general one, else the newest that chats, else none."""
    chatting = [model for model in models if model.chats]
    general = [model for model in chatting if _GENERAL_MODEL.fullmatch(model.id)]
    return max(general or chatting, key=lambda model: model.created).id if chatting else ""


def suggested_title_model(models: Iterable[Model]) -> str:
    """The newest of the smallest models that OpenAI names so, the small model; empty where none is listed."""
    chatting = [model for model in models if model.chats]
    for size in ("-nano", "-mini"):
        small = [model for model in chatting if model.id.startswith("gpt-") and model.id.endswith(size)]
        if small:
            return max(small, key=lambda model: model.created).id
    return ""


def _is_private_host(host: str) -> bool:
    """Whether ``host`` is this machine or one of a private network, by its address or its name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_PRIVATE_NAMES)
    return address.is_private or address.is_loopback or address.is_link_local
