"""Answers that have to be JSON, checked in the helper: a pattern of a schema can run away.

A schema is taken as JSON Schema 2020-12 where it does not name another draft by ``$schema``. Nothing is
fetched for it: a reference that leads out of it is a problem.
"""

import json
import re
from concurrent.futures import Future
from itertools import islice
from typing import Any

from desktop_chat.worker import shared

SECONDS = 3.0
"""Of processor time for one check."""
MOST_PROBLEMS = 20
NOT_JSON = "It is not JSON"
"""How the problem of a text begins that is no JSON at all."""

Problems = list[str]
"""Plain words, each with its place as JSONPath; the empty list where all is well."""


def check_answer(text: str, schema: dict[str, Any] | None) -> "Future[Problems]":
    """What keeps ``text`` from being JSON that fits ``schema`` (None: any JSON object or array).

    The future raises ``WorkerError`` where that cannot be found out.
    """
    return shared().submit("check_answer", SECONDS, text=text, schema=schema)


def check_schema(schema: dict[str, Any], *, strict: bool) -> "Future[Problems]":
    """What keeps ``schema`` from being a JSON Schema; with ``strict`` also from what the API demands of one
    (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas). As for the rest
    :func:`check_answer`."""
    return shared().submit("check_schema", SECONDS, schema=schema, strict=strict)


# In the helper


def answer_problems(text: str, schema: dict[str, Any] | None) -> Problems:
    """The job of :func:`check_answer`."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        return ["It is nested too deep."]
    except ValueError as error:
        return [f"{NOT_JSON}: {error}"]
    if schema is None:
        return [] if isinstance(value, dict | list) else ["It is neither an object nor an array."]
    return _problems(schema, value)


def schema_problems(schema: dict[str, Any], strict: bool) -> Problems:
    """The job of :func:`check_schema`."""
    import jsonschema
    import referencing.exceptions

    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    errors = kind(kind.META_SCHEMA).iter_errors(schema)
    found = _told(errors)
    if not found:
        # References are followed only where a value is checked.
        try:
            next(kind(schema, registry=_nothing_fetched()).iter_errors({}), None)
        except referencing.exceptions.Unresolvable as error:
            found = [f"A reference leads nowhere: {error}"]
        except re.error as error:
            found = [f"A pattern cannot be read: {error}"]
    return found or (_strict_problems(schema) if strict else [])


def _problems(schema: dict[str, Any], value: Any) -> Problems:
    import jsonschema
    import referencing.exceptions

    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        return _told(kind(schema, registry=_nothing_fetched()).iter_errors(value))
    except referencing.exceptions.Unresolvable as error:
        return [f"A reference of the schema leads nowhere: {error}"]
    except re.error as error:
        return [f"A pattern of the schema cannot be read: {error}"]
    except jsonschema.exceptions.UnknownType as error:
        return [f"The schema has a type that JSON has not: {error.type}"]


def _told(errors: Any) -> Problems:
    return [f"{error.json_path}: {error.message[:300]}" for error in islice(errors, MOST_PROBLEMS)]


def _nothing_fetched() -> Any:
    """A registry without a way out: jsonschema's own default fetches references from the network."""
    import referencing.jsonschema

    return referencing.jsonschema.EMPTY_REGISTRY


def _strict_problems(schema: dict[str, Any]) -> Problems:
    """What strict mode demands beyond JSON Schema: objects that name all of their members."""
    found = [] if schema.get("type") == "object" and "anyOf" not in schema else ["$: has to be an object."]
    waiting: list[tuple[str, Any]] = [("$", schema)]
    while waiting and len(found) < MOST_PROBLEMS:
        place, part = waiting.pop()
        if isinstance(part, list):
            waiting += [(f"{place}[{number}]", member) for number, member in enumerate(part)]
        if not isinstance(part, dict):
            continue
        members = part.get("properties")
        if isinstance(members, dict):
            waiting += [(f"{place}.properties.{name}", member) for name, member in members.items()]
            if part.get("additionalProperties") is not False:
                found.append(f"{place}: strict needs “additionalProperties”: false.")
            required = part.get("required")
            left_out = [name for name in members if not isinstance(required, list) or name not in required]
            if left_out:
                found.append(f"{place}: strict needs all properties to be required: {', '.join(left_out)}.")
        for name in ("items", "anyOf"):
            waiting.append((f"{place}.{name}", part.get(name)))
        for name in ("$defs", "definitions"):
            if isinstance(part.get(name), dict):
                waiting += [(f"{place}.{name}.{key}", member) for key, member in part[name].items()]
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON.")
