"""What a request can set: every parameter of both dialects once, with its range and where it stands.

The paths and ranges are those of the API reference of Chat Completions and Responses, as openai 3.52 types
them (``completion_create_params.py``, ``response_create_params.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from desktop_chat.domain.endpoint import Dialect

REASONING_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""The efforts of the OpenAI API, least first; a model may know only some of them."""


class FormatKind(StrEnum):
    """What an answer has to be, in the words of the API."""

    TEXT = "text"
    JSON = "json_object"
    JSON_SCHEMA = "json_schema"


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """``name`` (at most 64 of a-z, A-Z, 0-9, _ and -), ``schema`` (a JSON Schema) and ``strict`` are for
    ``JSON_SCHEMA``."""

    kind: FormatKind
    name: str = "answer"
    schema: Mapping[str, Any] | None = None
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a conversation sets for its requests. None, or what is empty, is not sent, so that the server's
    default holds. :data:`PARAMETERS` tells what each means and may be.

    ``dialect`` is that of the conversation where it is not its endpoint's. ``extra_body`` is a JSON object
    that is laid over the body in the end: for what has no name here.
    """

    system_prompt: str = ""
    temperature: float | None = None
    max_output_tokens: int | None = None
    reasoning_effort: str | None = None
    reasoning_summary: str | None = None
    verbosity: str | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logit_bias: Mapping[str, float] | None = None
    top_logprobs: int | None = None
    response_format: ResponseFormat | None = None
    n: int | None = None
    stream: bool | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    metadata: Mapping[str, str] | None = None
    safety_identifier: str | None = None
    store: bool | None = None
    dialect: Dialect | None = None
    extra_body: Mapping[str, Any] | None = None


class Group(StrEnum):
    """Parameters that are shown together, in this order."""

    SAMPLING = "Sampling"
    LENGTH = "Length"
    REASONING = "Reasoning"
    FORMAT = "Answer"
    SERVICE = "Service"
    ADVANCED = "Advanced"


class Kind(StrEnum):
    """What a value is."""

    NUMBER = "number"
    INTEGER = "integer"
    CHOICE = "choice"
    """One of ``choices``."""
    SWITCH = "switch"
    TEXT = "text"
    TEXTS = "texts"
    """At most ``maximum`` texts."""
    OBJECT = "object"
    """A JSON object; with ``choices`` of ``("string",)`` or ``("number",)`` its values are of that type."""
    FORMAT = "format"
    """A :class:`ResponseFormat`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One attribute of :class:`Parameters`, and where it stands in a body of each dialect.

    ``responses`` and ``chat`` are paths of names, None where the dialect does not have it. ``minimum`` and
    ``maximum`` are inclusive: of a number, of the characters of a text, of the number of texts or members.
    ``help`` is one sentence for the user.
    """

    name: str
    label: str
    group: Group
    kind: Kind
    help: str
    responses: tuple[str, ...] | None = None
    chat: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float = 1
    choices: tuple[str, ...] = ()

    def path(self, dialect: Dialect) -> tuple[str, ...] | None:
        """Where it stands in a body of this dialect; None where it does not."""
        return self.responses if dialect is Dialect.RESPONSES else self.chat

    def check(self, value: Any) -> Any:
        """``value``, which may come from JSON, as the attribute's type.

        Raises ``ValueError`` with a plain sentence where it cannot be one.
        """
        match self.kind, value:
            case Kind.NUMBER, int() | float() if not isinstance(value, bool):
                self._within(value, "")
                return float(value)
            case Kind.INTEGER, int() if not isinstance(value, bool):
                self._within(value, "")
                return value
            case Kind.CHOICE, str() if value in self.choices:
                return Dialect(value) if self.name == "dialect" else str(value)
            case Kind.SWITCH, bool():
                return value
            case Kind.TEXT, str():
                self._within(len(value), " characters")
                return value
            case Kind.TEXTS, list() | tuple() if all(isinstance(item, str) and item for item in value):
                self._within(len(value), " texts")
                return tuple(value)
            case Kind.OBJECT, dict() if all(self._fits(member) for member in value.values()):
                self._within(len(value), " members")
                return value
            case Kind.FORMAT, ResponseFormat():
                return value
            case Kind.FORMAT, dict():
                return _format_from(value)
        raise ValueError(f"{self.label} cannot be {str(value)[:80]}.")

    def _within(self, number: float, of: str) -> None:
        if (self.minimum is not None and not number >= self.minimum) or (
            self.maximum is not None and not number <= self.maximum
        ):
            low = "any" if self.minimum is None else f"{self.minimum:,.10g}"
            high = "any" if self.maximum is None else f"{self.maximum:,.10g}"
            raise ValueError(f"{self.label}: between {low} and {high}{of}.")

    def _fits(self, member: object) -> bool:
        if not self.choices:
            return True
        if self.choices == ("number",):
            return isinstance(member, int | float) and not isinstance(member, bool)
        return isinstance(member, str)


def _format_from(value: dict[str, Any]) -> ResponseFormat:
    schema, name = value.get("schema"), value.get("name")
    return ResponseFormat(
        FormatKind(str(value.get("kind"))),
        name if isinstance(name, str) and name else "answer",
        schema if isinstance(schema, dict) else None,
        value.get("strict") is not False,
    )


PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "temperature",
        "Temperature",
        Group.SAMPLING,
        Kind.NUMBER,
        "Higher is more varied, lower more predictable.",
        ("temperature",),
        ("temperature",),
        0,
        2,
        0.1,
    ),
    Parameter(
        "top_p",
        "Top P",
        Group.SAMPLING,
        Kind.NUMBER,
        "Only the likeliest words, up to this share, are drawn from. Set this or the temperature, not both.",
        ("top_p",),
        ("top_p",),
        0,
        1,
        0.05,
    ),
    Parameter(
        "frequency_penalty",
        "Frequency penalty",
        Group.SAMPLING,
        Kind.NUMBER,
        "Above 0, words become less likely the more often they were used.",
        None,
        ("frequency_penalty",),
        -2,
        2,
        0.1,
    ),
    Parameter(
        "presence_penalty",
        "Presence penalty",
        Group.SAMPLING,
        Kind.NUMBER,
        "Above 0, words that were used at all become less likely.",
        None,
        ("presence_penalty",),
        -2,
        2,
        0.1,
    ),
    Parameter(
        "seed",
        "Seed",
        Group.SAMPLING,
        Kind.INTEGER,
        "The same seed and request give the same answer, as far as the server can.",
        None,
        ("seed",),
        -(2**63),
        2**63 - 1,
    ),
    Parameter(
        "max_output_tokens",
        "Max output tokens",
        Group.LENGTH,
        Kind.INTEGER,
        "The answer ends there, its reasoning included.",
        ("max_output_tokens",),
        ("max_completion_tokens",),
        1,
        10_000_000,
        256,
    ),
    Parameter(
        "stop",
        "Stop at",
        Group.LENGTH,
        Kind.TEXTS,
        "The answer ends before any of these texts.",
        None,
        ("stop",),
        0,
        4,
    ),
    Parameter(
        "n",
        "Answers",
        Group.LENGTH,
        Kind.INTEGER,
        "So many answers are written, as versions of one message. Each is paid for.",
        None,
        ("n",),
        1,
        8,
    ),
    Parameter(
        "reasoning_effort",
        "Reasoning effort",
        Group.REASONING,
        Kind.CHOICE,
        "How much the model thinks before it answers.",
        ("reasoning", "effort"),
        ("reasoning_effort",),
        choices=REASONING_EFFORTS,
    ),
    Parameter(
        "reasoning_summary",
        "Reasoning summary",
        Group.REASONING,
        Kind.CHOICE,
        "How much of its reasoning the model tells.",
        ("reasoning", "summary"),
        None,
        choices=("none", "auto", "concise", "detailed"),
    ),
    Parameter(
        "verbosity",
        "Verbosity",
        Group.FORMAT,
        Kind.CHOICE,
        "How long answers are.",
        ("text", "verbosity"),
        ("verbosity",),
        choices=("low", "medium", "high"),
    ),
    Parameter(
        "response_format",
        "Format",
        Group.FORMAT,
        Kind.FORMAT,
        "Text, any JSON, or JSON that fits a schema.",
        ("text", "format"),
        ("response_format",),
    ),
    Parameter(
        "stream",
        "Stream",
        Group.FORMAT,
        Kind.SWITCH,
        "Show the answer while it is written.",
        ("stream",),
        ("stream",),
    ),
    Parameter(
        "service_tier",
        "Service tier",
        Group.SERVICE,
        Kind.CHOICE,
        "Flex is cheaper and slower, priority is faster and costs more.",
        ("service_tier",),
        ("service_tier",),
        choices=("auto", "default", "flex", "priority", "fast"),
    ),
    Parameter(
        "prompt_cache_key",
        "Prompt cache key",
        Group.SERVICE,
        Kind.TEXT,
        "Requests with the same key and beginning are likelier to be read from the cache, which is cheaper.",
        ("prompt_cache_key",),
        ("prompt_cache_key",),
        1,
        512,
    ),
    Parameter(
        "prompt_cache_retention",
        "Keep prompt cache",
        Group.SERVICE,
        Kind.CHOICE,
        "How long the server keeps the beginning of a request.",
        ("prompt_cache_retention",),
        ("prompt_cache_retention",),
        choices=("in_memory", "24h"),
    ),
    Parameter(
        "store",
        "Keep on the server",
        Group.SERVICE,
        Kind.SWITCH,
        "The provider keeps the answer, and may show it in its dashboard.",
        ("store",),
        ("store",),
    ),
    Parameter(
        "metadata",
        "Metadata",
        Group.SERVICE,
        Kind.OBJECT,
        "Up to 16 names with a text each, which the provider keeps with the answer.",
        ("metadata",),
        ("metadata",),
        0,
        16,
        choices=("string",),
    ),
    Parameter(
        "safety_identifier",
        "Safety identifier",
        Group.SERVICE,
        Kind.TEXT,
        "Tells the provider which of your users asks, without a name.",
        ("safety_identifier",),
        ("safety_identifier",),
        1,
        512,
    ),
    Parameter(
        "dialect",
        "Dialect",
        Group.ADVANCED,
        Kind.CHOICE,
        "How this chat speaks to its endpoint.",
        choices=tuple(Dialect),
    ),
    Parameter(
        "top_logprobs",
        "Top logprobs",
        Group.ADVANCED,
        Kind.INTEGER,
        "The server tells how likely so many words were at each place; see the response.",
        ("top_logprobs",),
        ("top_logprobs",),
        0,
        20,
    ),
    Parameter(
        "logit_bias",
        "Logit bias",
        Group.ADVANCED,
        Kind.OBJECT,
        "Numbers of tokens, with -100 (never) to 100 (only these).",
        None,
        ("logit_bias",),
        0,
        1024,
        choices=("number",),
    ),
    Parameter(
        "extra_body",
        "More, as JSON",
        Group.ADVANCED,
        Kind.OBJECT,
        "Laid over the body of each request: for what has no field here.",
        (),
        (),
    ),
)
"""Every parameter but the system prompt, in the order in which they are shown."""

BY_NAME: dict[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}


def is_empty(value: object) -> bool:
    """Whether a parameter with this value is not sent."""
    return value is None or (isinstance(value, str | tuple | Mapping) and not value)


def parameters_to_json(parameters: Parameters) -> dict[str, Any]:
    """A JSON object of what is set, for :func:`parameters_from_json`."""
    values = {field.name: getattr(parameters, field.name) for field in fields(parameters)}
    found = {name: value for name, value in values.items() if not is_empty(value)}
    if parameters.response_format is not None:
        given = parameters.response_format
        found["response_format"] = {field.name: getattr(given, field.name) for field in fields(given)}
    return found


def parameters_from_json(values: Mapping[str, Any]) -> Parameters:
    """What :func:`parameters_to_json` wrote; what this version does not know, or may not be, is left out."""
    found: dict[str, Any] = {}
    if isinstance(prompt := values.get("system_prompt"), str):
        found["system_prompt"] = prompt
    for name, parameter in BY_NAME.items():
        if values.get(name) is not None:
            try:
                found[name] = parameter.check(values[name])
            except ValueError:
                continue
    return Parameters(**found)
