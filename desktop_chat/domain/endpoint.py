"""Where requests go."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

OPENAI_BASE_URL = "https://api.openai.com/v1"


class EndpointKind(StrEnum):
    OPENAI = "openai"
    AZURE = "azure"
    COMPATIBLE = "compatible"
    DEMO = "demo"


class Dialect(StrEnum):
    RESPONSES = "responses"
    CHAT_COMPLETIONS = "chat_completions"


class KeySource(StrEnum):
    """Where an endpoint's key is read from."""

    KEYRING = "keyring"
    ENVIRONMENT = "environment"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place that requests go to. Holds no secret.

    ``base_url`` is absolute and without a trailing slash (for Azure: of the resource, or its ``/openai/v1``
    URL, in which case ``api_version`` is empty). ``system_role`` is ``"developer"`` or ``"system"``.
    ``max_tokens_field`` is the Chat Completions name of the output limit. ``title_model`` is the
    small model, for titles and summaries; empty means that titles are not asked for, and that a chat's own
    model writes its summaries.
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

    @property
    def origin(self) -> str:
        """``scheme://host:port`` of the base URL, lower case, port always given: what a key is bound to."""
        return origin_of(self.base_url)


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
