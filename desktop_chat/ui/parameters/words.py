"""Names of the values of parameters, and what is set in words."""

from collections.abc import Iterable
from typing import Any

from desktop_chat.domain.endpoint import DIALECTS, Dialect
from desktop_chat.domain.parameters import (
    PARAMETERS,
    FormatKind,
    Kind,
    Parameter,
    Parameters,
    ResponseFormat,
    is_empty,
)
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line

IN_THE_PANEL = ("temperature", "max_output_tokens", "reasoning_effort")
"""Those that the details panel shows itself."""
IN_BOTH_WAYS = ("dialect", "n", "extra_body")
"""Those that every dialect has, by a field in its body or by what the program does itself."""

FORMATS = {FormatKind.TEXT: "text", FormatKind.JSON: "JSON", FormatKind.JSON_SCHEMA: "JSON schema"}
_CHOICES: dict[str, str] = {"in_memory": "in memory", "24h": "24 hours"} | {
    str(dialect): name for dialect, name in DIALECTS.items()
}


def choice_name(choice: str) -> str:
    """What one of a parameter's choices is called."""
    return _CHOICES.get(choice, choice)


def is_set(parameters: Parameters, parameter: Parameter) -> bool:
    """Whether a parameter has a value of its own."""
    return not is_empty(getattr(parameters, parameter.name))


def has(parameter: Parameter, dialect: Dialect) -> bool:
    """Whether a parameter can be used in a dialect."""
    return parameter.name in IN_BOTH_WAYS or parameter.path(dialect) is not None


def value_words(parameter: Parameter, value: Any) -> str:
    """A value in a few words."""
    match parameter.kind:
        case Kind.NUMBER:
            return f"{value:g}"
        case Kind.INTEGER:
            return f"{value:,}"
        case Kind.SWITCH:
            return "on" if value else "off"
        case Kind.CHOICE:
            return choice_name(value)
        case Kind.TEXTS:
            return counted(len(value), "text")
        case Kind.OBJECT:
            return counted(len(value), "member")
        case Kind.FORMAT:
            assert isinstance(value, ResponseFormat)
            return FORMATS[value.kind]
    return one_line(str(value))[:40]


def beyond_the_panel(parameters: Parameters) -> list[str]:
    """What is set that the details panel does not show itself: ``Top P 0.9``."""
    return [
        f"{parameter.label} {value_words(parameter, getattr(parameters, parameter.name))}"
        for parameter in PARAMETERS
        if parameter.name not in IN_THE_PANEL and is_set(parameters, parameter)
    ]


def warnings(parameters: Parameters) -> Iterable[str]:
    """What does not go together."""
    if parameters.temperature is not None and parameters.top_p is not None:
        yield "Set the temperature or top P, not both: what they do together is hard to tell."


def range_words(parameter: Parameter) -> str:
    """What a value may be, in a few words; empty where everything may be."""
    low, high = parameter.minimum, parameter.maximum
    if parameter.kind not in (Kind.NUMBER, Kind.INTEGER) or low is None or high is None or abs(high) > 1e9:
        return ""
    return f"{low:,.10g} to {high:,.10g}"
