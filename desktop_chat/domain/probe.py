"""What a test of an endpoint finds, step by step."""

from dataclasses import dataclass
from enum import StrEnum

from desktop_chat.domain.endpoint import Dialect
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.model import Model


class StepKind(StrEnum):
    """In the order in which they are tried."""

    DNS = "dns"
    TCP = "tcp"
    PROXY = "proxy"
    TLS = "tls"
    AUTH = "auth"
    MODELS = "models"
    DIALECT = "dialect"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """One step that has ended. ``ok`` is None where it says neither: it was left out, or cannot be told.

    ``seconds`` is what it took. ``detail`` is what was found, plain text of at most 300 characters:
    addresses, who signed the certificate, how many models. ``error`` is why it is not ``ok``; a step that
    fails ends the probe where the next ones cannot go well without it.
    """

    kind: StepKind
    ok: bool | None
    seconds: float
    detail: str = ""
    error: ChatError | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The end of a probe. ``dialect`` is None where neither dialect answered, ``models`` None where the
    endpoint lists none. ``error`` is that of the step that failed, None where a token came."""

    dialect: Dialect | None
    models: tuple[Model, ...] | None = None
    error: ChatError | None = None
