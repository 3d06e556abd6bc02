"""A request that was sent, as a command line and as a program that send it again.

Neither has a key in it: both take it from a variable of the environment.
"""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from desktop_chat.domain.evidence import Content, Evidence
from desktop_chat.domain.redaction import REDACTED, SECRET_HEADERS

KEY = "OPENAI_API_KEY"
AZURE_KEY = "AZURE_OPENAI_API_KEY"
NO_KEY = "not-needed"
"""What the SDK is given for a key where a server wants none."""

_OF_THE_CONNECTION = re.compile(
    r"(?:host|connection|content-length|transfer-encoding|user-agent|accept|accept-encoding|x-stainless-.*)",
    re.IGNORECASE,
)
"""Headers that whoever sends a request adds by itself."""

_OF_RESPONSES = """
access_programs background context_management conversation image include input instructions max_output_tokens
max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key
prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream
stream_options temperature text tool_choice tools top_logprobs top_p truncation user"""
_OF_CHAT = """
audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages
metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed
service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity
web_search_options"""
ARGUMENTS = {
    "responses": frozenset(_OF_RESPONSES.split()),
    "chat.completions": frozenset(_OF_CHAT.split()),
}
"""What ``create`` of each resource takes by name (openai 3.52); the rest of a body is its ``extra_body``."""
_REQUIRED = {"responses": frozenset[str](), "chat.completions": frozenset({"messages", "model"})}

_READ = {
    ("responses", True): (
        'for event in {}:\n    if event.type == "response.output_text.delta":\n'
        '        print(event.delta, end="", flush=True)\nprint()\n'
    ),
    ("responses", False): "print({}.output_text)\n",
    ("chat.completions", True): (
        "for chunk in {}:\n    if chunk.choices:\n"
        '        print(chunk.choices[0].delta.content or "", end="", flush=True)\nprint()\n'
    ),
    ("chat.completions", False): "print({}.choices[0].message.content)\n",
}
_DEEPEST = 60
"""Levels of brackets; the compiler of Python refuses 200."""


def curl(evidence: Evidence, contents: Mapping[str, str]) -> str:
    """The request as a command line for a POSIX shell.

    ``contents`` are the attachments of the body in base64, by hash; one that is not there leaves a note in
    its place.
    """
    has_body = evidence.body is not None
    words = ["curl --no-buffer"]
    if set(evidence.url) & set("[]{}"):
        words.append("--globoff")
    if evidence.method.upper() != ("POST" if has_body else "GET"):
        words.append(f"--request {shlex.quote(evidence.method)}")
    lines = [f"{' '.join(words)} {shlex.quote(evidence.url)}"]
    for name, value in _headers(evidence):
        secret = _secret(name, value)
        if secret is not None:
            start, variable = f"{name}: {secret[0]}", secret[1]
            plain = re.fullmatch(r"[\w :.-]+", start)
            quoted = f'"{start}${variable}"' if plain else f'{shlex.quote(start)}"${variable}"'
            lines.append(f"--header {quoted}")
        else:
            # A header without a value is written with a semicolon: with a colon curl would leave it out.
            lines.append(f"--header {shlex.quote(f'{name}: {value}' if value else f'{name};')}")
    if not has_body:
        return " \\\n  ".join(lines) + "\n"
    # The body comes from standard input: one argument holds 128 kB on Linux, and a photo is larger. JSON
    # has no line break within a text, so no line of it can end the document before its end.
    lines.append("--data-binary @- <<'JSON'")
    body = json.dumps(filled(evidence.body, contents), ensure_ascii=False, indent=2)
    # Halves of a pair, which no encoding has: escaped as JSON escapes them, and faster than by a pattern.
    body = body.encode("utf-8", "backslashreplace").decode()
    return " \\\n  ".join(lines) + f"\n{body}\nJSON\n"


def python(evidence: Evidence, contents: Mapping[str, str]) -> str:
    """The request as a program that uses the SDK; ``contents`` as for :func:`curl`."""
    parts = urlsplit(evidence.url)
    body = filled(evidence.body, contents)
    resource, root = _resource(evidence, parts.path, body)
    query = parse_qsl(parts.query, keep_blank_values=True)
    arguments: dict[str, str] = {}
    headers = dict(_headers(evidence))
    by_name = {name.lower(): name for name in headers}
    headers.pop(by_name.get("content-type", ""), None)
    server = f"{parts.scheme}://{parts.netloc}"
    version = dict(query).get("api-version")
    azure = re.fullmatch(r"(?P<before>.*)/openai(?:/deployments/(?P<deployment>[^/]+))?", root)
    is_azure = bool(version and azure and resource)
    if is_azure and azure is not None and version is not None:
        arguments["azure_endpoint"] = _text(server + azure["before"])
        deployment = azure["deployment"]
        if deployment and unquote(deployment) != body.get("model"):
            arguments["azure_deployment"] = _text(unquote(deployment))
        arguments["api_version"] = _text(version)
        query = [(name, value) for name, value in query if name != "api-version"]
        if "api-key" in by_name:
            headers.pop(by_name["api-key"])
            arguments["api_key"] = f"os.environ[{_text(AZURE_KEY)}]"
    else:
        arguments["base_url"] = _text(server + root)
    bearer = headers.get(by_name.get("authorization", ""), "")
    if bearer.lower().startswith("bearer "):
        headers.pop(by_name["authorization"])
        key = _text(NO_KEY) if bearer[7:] == NO_KEY else f"os.environ[{_text(KEY)}]"
        arguments["azure_ad_token" if is_azure else "api_key"] = key
    elif "api_key" not in arguments:
        arguments["api_key"] = _text(NO_KEY)
    for header, argument in (("openai-organization", "organization"), ("openai-project", "project")):
        if header in by_name:
            arguments[argument] = _text(headers.pop(by_name[header]))
    if headers:
        members = (f"{_text(name)}: {_header_literal(name, value)}" for name, value in headers.items())
        arguments["default_headers"] = f"{{{', '.join(members)}}}"
    if query:
        arguments["default_query"] = _literal(dict(query), 1)
    client = "AzureOpenAI" if is_azure else "OpenAI"
    call = _call(evidence, resource, root, parts.path, body)
    made = (
        f"client = {client}(\n" + "".join(f"    {name}={text},\n" for name, text in arguments.items()) + ")"
    )
    uses = {"json": "json.loads(" in call + made, "os": "os.environ" in made}
    imports = "".join(f"import {name}\n" for name, used in uses.items() if used)
    gap = "\n" if imports else ""
    return f"{imports}{gap}from openai import {client}\n\n{made}\n{call}"


def filled(body: Any, contents: Mapping[str, str]) -> Any:
    """The body as it was sent, its attachments in their places."""
    if isinstance(body, Content):
        return body.prefix + contents.get(body.hash, f"[the attachment {body.hash[:12]} is gone]")
    if isinstance(body, Mapping):
        return {name: filled(value, contents) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [filled(value, contents) for value in body]
    return body


def _headers(evidence: Evidence) -> list[tuple[str, str]]:
    """The headers that say something of the request."""
    return [
        (name, value) for name, value in evidence.request_headers if not _OF_THE_CONNECTION.fullmatch(name)
    ]


def _secret(name: str, value: str) -> tuple[str, str] | None:
    """What stands before the secret of a header, and the variable that has it; None where there is none."""
    if REDACTED not in value and name.lower() not in SECRET_HEADERS:
        return None
    if name.lower() == "authorization":
        scheme, _, _ = value.partition(" ")
        return f"{scheme} " if scheme.isalpha() else "Bearer ", KEY
    if name.lower() == "api-key":
        return "", AZURE_KEY
    return value.partition(REDACTED)[0] if REDACTED in value else "", re.sub(r"\W", "_", name).upper()


def _header_literal(name: str, value: str) -> str:
    secret = _secret(name, value)
    if secret is None:
        return _text(value)
    start, variable = secret
    return f"{f'{_text(start)} + ' if start else ''}os.environ[{_text(variable)}]"


def _resource(evidence: Evidence, path: str, body: Any) -> tuple[str, str]:
    """The SDK's name for what was asked, and the path of the base URL; no name where it has none."""
    if evidence.method.upper() == "POST" and isinstance(body, dict):
        for resource, end in (("chat.completions", "/chat/completions"), ("responses", "/responses")):
            if path.endswith(end) and _REQUIRED[resource] <= body.keys():
                return resource, path.removesuffix(end)
    before, version, _ = path.partition("/v1/")
    return "", f"{before}/v1" if version else ""


def _call(evidence: Evidence, resource: str, root: str, path: str, body: Any) -> str:
    if not resource:
        given = "" if body is None else f", body={_literal(body, 0)}"
        method = evidence.method.lower()
        return f"print(client.{method}({_text(path.removeprefix(root))}, cast_to=object{given}))\n"
    known = ARGUMENTS[resource]
    extra = {name: value for name, value in body.items() if name not in known}
    arguments = {name: value for name, value in body.items() if name in known}
    if extra:
        arguments["extra_body"] = extra
    lines = "".join(f"    {name}={_literal(value, 1)},\n" for name, value in arguments.items())
    streams = body.get("stream") is True
    name = "stream" if streams else "answer"
    return f"{name} = client.{resource}.create(\n{lines})\n{_READ[resource, streams].format(name)}"


def _literal(value: Any, level: int) -> str:
    """``value`` as Python writes it, as it stands ``level`` levels in."""
    if _depth(value) > _DEEPEST:
        return f"json.loads({json.dumps(value)!r})"
    return _indented(value, level)


def _text(value: str) -> str:
    """A text in double quotes, as formatters write them, where it has none in it."""
    made = repr(value)
    if made.startswith('"') or '"' in made:
        return made
    return '"' + made[1:-1] + '"'


def _indented(value: Any, level: int) -> str:
    inner, outer = "    " * (level + 1), "    " * level
    if isinstance(value, dict) and value:
        members = (
            f"{inner}{_text(name)}: {_indented(member, level + 1)},\n" for name, member in value.items()
        )
        return f"{{\n{''.join(members)}{outer}}}"
    if isinstance(value, list) and value:
        items = (f"{inner}{_indented(item, level + 1)},\n" for item in value)
        return f"[\n{''.join(items)}{outer}]"
    return _text(value) if isinstance(value, str) else repr(value)


def _depth(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, members), default=0)
