"""Where requests go."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

OPENAI_BASE_URL = "https://api.openai.com/v1"
REGIONS = {
    OPENAI_BASE_URL: "Global",
    "https://us.api.openai.com/v1": "United States",
    "https://eu.api.openai.com/v1": "Europe",
    "https://ae.api.openai.com/v1": "United Arab Emirates",
    "https://au.api.openai.com/v1": "Australia",
    "https://in.api.openai.com/v1": "India",
    "https://jp.api.openai.com/v1": "Japan",
}
"""Where OpenAI keeps data, by the base URL that chooses it (openai 3.52, ``_data_residency.py``)."""


class EndpointKind(StrEnum):
    OPENAI = "openai"
    AZURE = "azure"
    COMPATIBLE = "compatible"
    DEMO = "demo"


class Dialect(StrEnum):
    RESPONSES = "responses"
    CHAT_COMPLETIONS = "chat_completions"


DIALECTS = {Dialect.RESPONSES: "Responses", Dialect.CHAT_COMPLETIONS: "Chat Completions"}
"""What they are called; the one that can do more first."""


class KeySource(StrEnum):
    """Where an endpoint's key is read from."""

    KEYRING = "keyring"
    ENVIRONMENT = "environment"
    COMMAND = "command"
    """What ``token_command`` prints."""
    NONE = "none"


class ProxyMode(StrEnum):
    """How requests leave for an endpoint."""

    SYSTEM = "system"
    """As the environment and the system say."""
    NONE = "none"
    MANUAL = "manual"


Pairs = tuple[tuple[str, str], ...]
"""Names and values, in order."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place that requests go to. Holds no secret.

    ``base_url`` is absolute and without a trailing slash (for Azure: of the resource, or its ``/openai/v1``
    URL, in which case ``api_version`` is empty). ``system_role`` is ``"developer"`` or ``"system"``.
    ``max_tokens_field`` is the Chat Completions name of the output limit. ``title_model`` is the
    small model, for titles and summaries; empty means that titles are not asked for, and that a chat's own
    model writes its summaries.

    ``headers`` and ``query`` go with each request, ``secret_headers`` are names of headers whose values are
    in the keyring, and ``extra_body`` is a JSON object as text that is laid over each body. ``token_command``
    is a command line, never given to a shell; its token is used for ``token_lifetime`` seconds, or until it
    says itself that it expires. ``proxy_url`` has no name or password in it; files are named by absolute
    paths. Of the time limits (seconds) and ``attempts`` None is that of the settings; ``total_timeout`` is
    for one attempt, None for no limit. ``requests_per_minute`` and ``parallel_requests`` are our own limits,
    0 for none. ``fallback_models`` stand in, in this order, where a model is overloaded or gone: taken by
    themselves with ``falls_back``, else offered. ``takes_images`` and ``takes_files`` say what may be sent as
    it is.
    """

    id: str
    name: str
    kind: EndpointKind
    base_url: str
    dialect: Dialect
    key_source: KeySource = KeySource.KEYRING
    default_model: str = ""
    title_model: str = ""
    api_version: str = ""
    organization: str = ""
    project: str = ""
    system_role: str = "system"
    max_tokens_field: str = "max_tokens"
    headers: Pairs = ()
    secret_headers: tuple[str, ...] = ()
    query: Pairs = ()
    extra_body: str = ""
    token_command: str = ""
    token_lifetime: int = 300
    proxy: ProxyMode = ProxyMode.SYSTEM
    proxy_url: str = ""
    proxy_user: str = ""
    ca_bundle: str = ""
    client_certificate: str = ""
    client_key: str = ""
    attempts: int | None = None
    connect_timeout: float | None = None
    first_event_timeout: float | None = None
    idle_timeout: float | None = None
    total_timeout: float | None = None
    requests_per_minute: int = 0
    parallel_requests: int = 0
    fallback_models: tuple[str, ...] = ()
    falls_back: bool = False
    takes_images: bool = True
    takes_files: bool = False

    @property
    def origin(self) -> str:
        """``scheme://host:port`` of the base URL, lower case, port always given: what a key is bound to."""
        return origin_of(self.base_url)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an endpoint needs and settings never hold: its key or token, values of headers, the password of
    its proxy and the passphrase of its client key.

    ``renew`` gives those to try once where the server does not take the key (401); None where there are no
    others. It raises ``KeyProblem``.
    """

    key: str | None = field(default=None, repr=False)
    headers: Pairs = field(default=(), repr=False)
    proxy_password: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    renew: "Callable[[], Awaitable[Secrets]] | None" = field(default=None, repr=False, compare=False)


DEMO_ENDPOINT = Endpoint(
    id="demo",
    name="Demo",
    kind=EndpointKind.DEMO,
    base_url="http://demo.invalid/v1",
    dialect=Dialect.RESPONSES,
    key_source=KeySource.NONE,
    default_model="demo",
    title_model="demo",
)
"""The demo model inside the program; its address is never connected to."""


def origin_of(url: str) -> str:
    """``scheme://host:port`` of a URL; raises ``ValueError`` for another scheme, no host or a bad port."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not an http or https address: {url!r}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def proxy_origin_of(url: str) -> str:
    """``scheme://host:port`` of a proxy's address: what its password is bound to.

    Raises ``ValueError`` for another scheme, no host or a bad port.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    scheme = "socks5" if parts.scheme in ("socks", "socks5h") else parts.scheme
    default = {"http": 80, "https": 443, "socks5": 1080}.get(scheme)
    if default is None or not parts.hostname:
        raise ValueError(f"not the address of a proxy: {url!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{host}:{parts.port or default}"


def endpoint_to_json(endpoint: Endpoint) -> dict[str, Any]:
    """A JSON object of what differs from the defaults, for :func:`endpoint_from_json`."""
    found = {}
    for known in fields(Endpoint):
        value = getattr(endpoint, known.name)
        if known.default is MISSING or value != known.default:
            found[known.name] = value
    return found


def endpoint_from_json(data: Any) -> Endpoint:
    """What :func:`endpoint_to_json` wrote; names that this version does not know are left out.

    Raises ``ValueError`` with a plain sentence where a value cannot be what it is for.
    """
    if not isinstance(data, dict):
        raise ValueError("an endpoint is not an object")
    values = {known.name: _read(known.name, data) for known in fields(Endpoint) if known.name in data}
    try:
        endpoint = Endpoint(**values)
    except TypeError as error:
        raise ValueError(f"an endpoint lacks something: {error}") from error
    if endpoint.kind is not EndpointKind.DEMO:
        origin_of(endpoint.base_url)
    return endpoint


_ENUMS: dict[str, type[StrEnum]] = {
    "kind": EndpointKind,
    "dialect": Dialect,
    "key_source": KeySource,
    "proxy": ProxyMode,
}
_PAIRS = ("headers", "query")
_TEXTS = ("secret_headers", "fallback_models")
_SWITCHES = ("falls_back", "takes_images", "takes_files")
_WHOLE = ("token_lifetime", "requests_per_minute", "parallel_requests", "attempts")
_SECONDS = ("connect_timeout", "first_event_timeout", "idle_timeout", "total_timeout")


def _read(name: str, data: Mapping[str, Any]) -> Any:
    match data[name]:
        case str() as text if name in _ENUMS:
            return _ENUMS[name](text)
        case list() as items if name in _PAIRS and all(map(_is_pair, items)):
            return tuple((key, value) for key, value in items)
        case list() as items if name in _TEXTS and all(isinstance(item, str) for item in items):
            return tuple(items)
        case bool() as switch if name in _SWITCHES:
            return switch
        case None if name == "attempts" or name in _SECONDS:
            return None
        case int() | float() as number if name in _SECONDS and 0 < number <= 86_400:
            return float(number)
        case int() as number if name in _WHOLE and not isinstance(number, bool) and 0 <= number <= 1_000_000:
            return number
        case str() as text if not any(name in names for names in (_ENUMS, _PAIRS, _TEXTS, _SWITCHES)) and (
            name not in _WHOLE + _SECONDS
        ):
            return text
    raise ValueError(f"{name} of an endpoint cannot be {str(data[name])[:80]!r}")


def _is_pair(item: object) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)
