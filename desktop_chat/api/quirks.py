"""What a model of an endpoint turned out not to take, learned from what its server rejects.

Servers say it in many ways: ``error.param`` (OpenAI), ``{"detail": [{"loc": ["body", "x"], …}]}`` (FastAPI),
or in words only: "Unsupported parameter: 'x'", "Unrecognized request argument supplied: x", "unknown field
`x`", "x: Extra inputs are not permitted", "Model m does not support parameter presencePenalty".
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from desktop_chat.domain.endpoint import Dialect, Endpoint, EndpointKind
from desktop_chat.domain.parameters import PARAMETERS

log = logging.getLogger(__name__)

MAX_TOKENS_FIELDS = ("max_tokens", "max_completion_tokens")
SYSTEM_ROLES = ("system", "developer")
ENCRYPTED_REASONING = "encrypted_reasoning"
"""That reasoning is sent back. What one server cannot read of one chat says nothing of the next chat: this is
left out of one reply, and not remembered."""

_STATUSES = (400, 404, 422, 500, 501)
_LONGEST = 8000
_DEEPEST, _MOST_NODES = 6, 2000
"""Levels and values of an error that are looked at: of a real one all."""
_REFUSED = re.compile(
    r"unsupported|n[o'’]?t (?:\w+ )?(?:support|permit|allow|available|accept|compatible|implement|enabled)"
    r"|unknown|unrecogni[sz]ed|unexpected|unavailable|extra[ _]|cannot (?:be used|find)|no such|deprecated"
    r"|only the default|only \d+ is allowed|at most 1\b|no endpoints found|invalid content type"
    r"|only supported"
)
_NOT_THE_NAME = re.compile(r"invalid[ _](?:json[ _])?schema|maximum context|context_length")
"""What is wrong with a value, although the words look like those of a name that is not known."""
_VALUES = re.compile(r"(?:supported|allowed|valid|permitted) values(?: are)?\b(.*)", re.DOTALL)
_COMMON = frozenset(
    (
        *("effort", "format", "include", "metadata", "n", "reasoning", "seed", "stop", "store", "stream"),
        *("summary", "text"),
    )
)
"""Names that are words of English too: they count only where they are marked as names."""
_MARKED = (
    r"['\"`\[({{]{0}['\"`\])}}:]|(?:parameter|argument|field|property|supplied|name|option|model)s?\W+{0}\b"
    r"|^\W*{0}\W*:"
)
_CAMEL = re.compile(r"(?<=[a-z])([A-Z])(?=[a-z])")
_IMAGE = re.compile(r"\bimages?\b|image_url|input_image|vision|multimodal")
_FILE = re.compile(r"\bfiles?\b|input_file|\bpdfs?\b")
_ENCRYPTED = re.compile(r"encrypted[ _]content|\brs_\w|reasoning item|'reasoning'")
_ALSO = {
    "n": ("multiple candidates",),
    "reasoning_effort": ("thinking",),
    "frequency_penalty": ("penalty",),
    "presence_penalty": ("penalty",),
}
"""What Gemini and Ollama call a parameter where they reject it."""
_UNASKED: dict[str, tuple[str, tuple[str, ...]]] = {
    "stream_options": ("stream_options", ("stream_options", "include_usage")),
    "truncation": ("truncation", ("truncation",)),
    "include": ("include", ("include", "encrypted_content", "encrypted content")),
    "reasoning_summary": (
        "reasoning",
        ("reasoning.summary", "reasoning summaries", "summary"),
    ),
}
"""What is sent although nobody asked for it: names, the member of the body, and the words for it. Any
rejection that names it is reason enough to leave it out."""


@dataclass(slots=True)
class Quirks:
    """How requests to one model are written: without, or other than, what is ``rejected``."""

    endpoint: Endpoint
    rejected: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, endpoint: Endpoint, rejected: Iterable[str] = ()) -> "Quirks":
        return cls(endpoint, set(rejected))

    def takes(self, name: str) -> bool:
        return name not in self.rejected

    @property
    def system_role(self) -> str | None:
        """The role of instructions; None where no role is for them, so that the user says them."""
        return self._first(SYSTEM_ROLES, self.endpoint.system_role)

    @property
    def max_tokens_field(self) -> str | None:
        """What Chat Completions calls the limit of the answer; None where there is none."""
        return self._first(MAX_TOKENS_FIELDS, self.endpoint.max_tokens_field)

    def _first(self, names: tuple[str, str], wanted: str) -> str | None:
        ordered = (wanted, *(name for name in names if name != wanted))
        return next((name for name in ordered if self.takes(name)), None)

    def learn(
        self, status: int | None, said: object, body: Mapping[str, Any], dialect: Dialect
    ) -> str | None:
        """The one thing of ``body`` that the server ``said`` it does not take, which is rejected from now on.

        None where it names nothing that can be left out or written in another way.
        """
        if status not in _STATUSES:
            return None
        name = next((name for name in self._named(said, body, dialect) if self.takes(name)), None)
        if name is not None:
            self.rejected.add(name)
            log.debug("The model does not take %s; sending again without it.", name)
        return name

    def suspect(self, status: int | None, body: Mapping[str, Any]) -> str | None:
        """The role ``developer``, where a server that only speaks like OpenAI's failed without a word of why:
        some do at a role that their template of a chat does not have."""
        is_there = "developer" in _roles(body) and self.takes("developer")
        if status == 500 and self.endpoint.kind is EndpointKind.COMPATIBLE and is_there:
            self.rejected.add("developer")
            return "developer"
        return None

    def _named(self, said: object, body: Mapping[str, Any], dialect: Dialect) -> Iterator[str]:
        words = _words(said)
        paths = list(_paths(said))
        if _NOT_THE_NAME.search(words):
            return
        role = self.system_role
        if role is not None and role in _roles(body) and _is_of_role(words, paths, role):
            yield role
        items = body.get("messages", body.get("input", ()))
        if any(item.get("type") == "reasoning" for item in items) and _ENCRYPTED.search(words):
            yield ENCRYPTED_REASONING
        refused = _REFUSED.search(words) is not None
        if refused:
            yield from _of_contents(words, items)
        found: list[tuple[int, str]] = []
        for name, (member, tokens) in _UNASKED.items():
            if member in body and (at := _place(words, paths, tokens)) is not None:
                found.append((at, name))
        listed = _VALUES.search(words)
        if refused and (listed is None or len(re.findall(r"'[^']+'", listed[1])) < 2):
            for name, tokens in self._set(body, dialect):
                if (at := _place(words, paths, tokens)) is not None:
                    found.append((at, name))
        yield from (name for _, name in sorted(found, key=lambda one: one[0]))

    def _set(self, body: Mapping[str, Any], dialect: Dialect) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The parameters that are in ``body``, each with the words for it."""
        for parameter in PARAMETERS:
            path = parameter.path(dialect)
            if not path:
                continue
            if parameter.name == "max_output_tokens" and dialect is Dialect.CHAT_COMPLETIONS:
                for name in MAX_TOKENS_FIELDS:
                    if name in body:
                        yield name, (name,)
            elif _has(body, path):
                more: tuple[str, ...] = ("logprobs",) if parameter.name == "top_logprobs" else ()
                more += _ALSO.get(parameter.name, ())
                yield parameter.name, (".".join(path), path[-1], path[0], *more)


def _has(body: object, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(body, Mapping) or name not in body:
            return False
        body = body[name]
    return True


def _roles(body: Mapping[str, Any]) -> set[object]:
    return {message.get("role") for message in body.get("messages", body.get("input", ()))}


def _is_of_role(words: str, paths: list[str], role: str) -> bool:
    if any(path.endswith(".role") for path in paths) or f"variant `{role}`" in words:
        return True
    if re.search(r"\broles?\b", words) is None:
        return False
    if re.search(rf"\b{role}\b|\bonly\b|alternate", words):
        return True
    return _REFUSED.search(words) is not None


def _of_contents(words: str, items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Files, and images of earlier messages: nothing can stand for an image that is asked about."""
    kinds = [_kinds(item.get("content")) for item in items]
    if _IMAGE.search(words) and any("image" in kind for kind in kinds) and "image" not in kinds[-1]:
        yield "images"
    if _FILE.search(words) and any("file" in kind for kind in kinds):
        yield "files"


def _kinds(content: object) -> set[str]:
    pieces = content if isinstance(content, list) else ()
    return {str(piece.get("type")).removeprefix("input_").removesuffix("_url") for piece in pieces}


def _place(words: str, paths: list[str], tokens: tuple[str, ...]) -> int | None:
    """Where one of ``tokens`` is named: its place in the words, -1 in a field for names; None nowhere."""
    if any(path == tokens[0] or path.startswith((f"{tokens[0]}.", f"{tokens[0]}[")) for path in paths):
        return -1
    places = []
    for token in tokens:
        name = re.escape(token)
        pattern = _MARKED.format(name) if token in _COMMON else rf"(?<![\w.]){name}(?!\w)"
        if found := re.search(pattern, words, re.MULTILINE):
            places.append(found.start())
    return min(places, default=None)


def _paths(said: object) -> Iterator[str]:
    """What the fields ``param`` and ``loc`` of an error name, as ``reasoning.effort``."""
    for node in islice(_nodes(said), _MOST_NODES):
        if not isinstance(node, Mapping):
            continue
        if isinstance(param := node.get("param"), str) and param:
            yield param
        if isinstance(loc := node.get("loc"), list):
            names = [str(part) for part in loc[:_DEEPEST] if not isinstance(part, int)]
            yield ".".join(names[1:] if names[:1] == ["body"] else names)


def _words(said: object) -> str:
    """A rejection as one searchable text, in lower case and the names in it as ``max_tokens``."""
    texts = (node for node in islice(_nodes(said), _MOST_NODES) if isinstance(node, str))
    return _CAMEL.sub(r"_\1", "\n".join(texts)[:_LONGEST].replace('\\"', "'")).lower()


def _nodes(said: object, depth: int = 0) -> Iterator[object]:
    """Every value of an error, in order, but not what it repeats of the request."""
    yield said
    inner: Iterable[object] = said if isinstance(said, list) else ()
    if isinstance(said, Mapping):
        inner = (value for name, value in said.items() if name not in ("input", "ctx"))
    if depth <= _DEEPEST:
        for value in inner:
            yield from _nodes(value, depth + 1)
