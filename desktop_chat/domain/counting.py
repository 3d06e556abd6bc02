"""What a request takes in tokens beyond the texts in it, by the formulas that OpenAI published.

They are: for messages and functions the notebook "How to count tokens with tiktoken" of OpenAI's cookbook,
whose counts are those of the API for the models it names; for images the guide "Images and vision", sections
"Model sizing behavior" and "Calculating costs", as of autumn 2026. Servers of others may count otherwise.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desktop_chat.domain.message import Attachment, Message, Part, PartKind, Role, is_sent_as_text

FRAME = 3
"""Tokens of every request: the answer is begun with ``<|start|>assistant<|message|>``."""
CHARACTERS_PER_TOKEN = 4
"""OpenAI's rule of thumb for English."""
BYTES_PER_TOKEN = 100
"""Of a file that nobody read, most of which is pictures: a scanned page has 100 kB and takes 1,000 tokens."""
UNSEEN = (1024, 1024)
"""Pixels of an image whose size is not known."""
UNKNOWN_SIDE = 2048
"""Pixels of the longer side of an image for a model of which nothing is published: what most of them read."""

_KNOWN = (
    (re.compile(r"(gpt-(5|4o|4\.1|4\.5|oss)|chatgpt-4o|o[134])(?![0-9])"), "o200k_base"),
    (re.compile(r"gpt-(4|3\.5|35)(?![0-9.])"), "cl100k_base"),
)
"""Families by how their names begin, as ``tiktoken.model`` has them."""


def encoding_of(model: str) -> tuple[str, bool]:
    """The encoding of a model, and whether it is known to be the model's: else counts are approximate."""
    name = _plain(model)
    for pattern, encoding in _KNOWN:
        if pattern.match(name):
            return encoding, True
    return "o200k_base", False


def _plain(model: str) -> str:
    """The name that OpenAI gave a model, without what others and fine-tuning put before it."""
    return model.lower().removeprefix("openai/").removeprefix("ft:")


def approximate(text: str) -> int:
    """About as many tokens as ``text`` takes: 4 characters each, at least 1 for a text."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def frame_tokens(name_tokens: int = 0) -> int:
    """What a message takes beside its content: three tokens that set it apart, and its role.

    ``name_tokens`` are those of the name of who speaks, 0 without one; a name takes one more.
    """
    return 4 + (name_tokens + 1 if name_tokens else 0)


def message_tokens(model: str, message: Message, text_tokens: int) -> int:
    """What ``message`` takes in a request: ``text_tokens`` of its text, its frame, the user's images and
    files. That of a file is a guess (:func:`file_tokens`)."""
    return frame_tokens() + text_tokens + sum(_attached(model, message))


def has_guess(message: Message) -> bool:
    """Whether a file goes along as it is, so that what the message takes is a guess."""
    if message.role is Role.USER:
        for part in message.parts:
            if part.kind is PartKind.FILE and not is_sent_as_text(part):
                return True
    return False


def file_tokens(part: Part) -> int:
    """About what a file takes that goes as it is: its text where that was read, else by its size. The server
    reads files in its own way, and adds pictures of the pages of a PDF."""
    size = part.data.size if isinstance(part.data, Attachment) else 0
    return approximate(part.text) or -(-size // BYTES_PER_TOKEN)


def _attached(model: str, message: Message) -> Iterator[int]:
    # Only what the user attached is sent; a picture that the model made is not.
    if message.role is Role.USER:
        for part in message.parts:
            if part.kind is PartKind.IMAGE and isinstance(part.data, Attachment):
                yield image_tokens(model, part.data.width, part.data.height, part.data.detail)
            elif part.kind is PartKind.FILE and not is_sent_as_text(part):
                yield file_tokens(part)


def request_tokens(messages: int, system_tokens: int = 0, tools: int = 0) -> int:
    """What a request takes.

    ``messages`` are those of :func:`message_tokens` and ``tools`` those of :func:`tools_tokens`, added up;
    ``system_tokens`` are those of the text of the system prompt, 0 without one.
    """
    return messages + (frame_tokens() + system_tokens if system_tokens else 0) + tools + FRAME


# Functions


def tools_texts(tools: Sequence[Mapping[str, Any]]) -> list[str]:
    """The texts of function definitions whose tokens, added up, :func:`tools_tokens` is told.

    ``tools`` are as either dialect sends them; those that are no functions have no published formula.
    """
    texts = []
    for function in _functions(tools):
        texts.append(f"{function.get('name', '')}:{_told(function)}")
        for name, schema in _properties(function).items():
            texts += map(str, schema.get("enum", ()))
            texts.append(f"{name}:{schema.get('type', '')}:{_told(schema)}")
    return texts


def tools_tokens(model: str, tools: Sequence[Mapping[str, Any]], text_tokens: int) -> int:
    """What function definitions take; ``text_tokens`` are those of :func:`tools_texts`, added up."""
    functions = _functions(tools)
    if not functions:
        return 0
    each = 10 if encoding_of(model)[0] == "cl100k_base" else 7
    total = text_tokens + 12 + each * len(functions)
    for properties in map(_properties, functions):
        total += 3 * bool(properties) + 3 * len(properties)
        total += sum(3 * len(schema["enum"]) - 3 for schema in properties.values() if "enum" in schema)
    return total


def _functions(tools: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The definitions: Chat Completions has them one level deeper than Responses."""
    return [tool.get("function", tool) for tool in tools if tool.get("type") == "function"]


def _properties(function: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    properties: Mapping[str, Mapping[str, Any]] = (function.get("parameters") or {}).get("properties") or {}
    return properties


def _told(schema: Mapping[str, Any]) -> str:
    return str(schema.get("description") or "").removesuffix(".")


# Images


@dataclass(frozen=True, slots=True)
class _Tiles:
    """An image is scaled down, and each square of 512 pixels that covers it takes ``tile`` tokens."""

    base: int
    tile: int

    def tokens(self, width: int, height: int, detail: str) -> int:
        if detail == "low":
            return self.base
        width, height = self.size(width, height, detail)
        return self.base + self.tile * math.ceil(width / 512) * math.ceil(height / 512)

    def size(self, width: int, height: int, detail: str) -> tuple[int, int]:
        if detail == "low":
            return _scaled(width, height, 512 / max(width, height))
        width, height = _scaled(width, height, 2048 / max(width, height))
        return _scaled(width, height, 768 / min(width, height))


Limit = tuple[int, int | None]
"""Pixels of the longer side, and the budget of patches, None for none."""


@dataclass(frozen=True, slots=True)
class _Patches:
    """Squares of 32 pixels cover an image; each takes ``percent`` hundredths of a token."""

    percent: int
    low: Limit
    high: Limit
    auto: Limit
    original: Limit | None = None
    """None where it is as ``auto``."""

    def tokens(self, width: int, height: int, detail: str) -> int:
        return -(-patches(width, height, *self._limit(detail)) * self.percent // 100)

    def size(self, width: int, height: int, detail: str) -> tuple[int, int]:
        return _within(width, height, *self._limit(detail))

    def _limit(self, detail: str) -> Limit:
        known = {"low": self.low, "high": self.high, "original": self.original or self.auto}
        return known.get(detail, self.auto)


def patches(width: int, height: int, side: int, budget: int | None) -> int:
    """How many patches of 32 × 32 pixels an image takes.

    It is scaled down to ``side`` pixels for its longer side, then to ``budget`` patches, None for any number.
    """
    width, height = _within(width, height, side, budget)
    return math.ceil(width / 32) * math.ceil(height / 32)


def _within(width: int, height: int, side: int, budget: int | None) -> tuple[int, int]:
    width, height = _scaled(width, height, side / max(width, height))
    if budget is None or math.ceil(width / 32) * math.ceil(height / 32) <= budget:
        return width, height
    shrink = math.sqrt(32 * 32 * budget / (width * height))
    across, down = width * shrink / 32, height * shrink / 32
    shrink *= min(math.floor(across) / across, math.floor(down) / down)
    # What the guide's formula makes a whole number of patches may be a hair more in floating point.
    return math.floor(width * shrink + 1e-6), math.floor(height * shrink + 1e-6)


def _scaled(width: int, height: int, factor: float) -> tuple[int, int]:
    """Both sides times ``factor``, rounded down; no image is enlarged."""
    if factor >= 1:
        return width, height
    return max(math.floor(width * factor + 1e-6), 1), max(math.floor(height * factor + 1e-6), 1)


def _same(percent: int, limit: Limit) -> _Patches:
    return _Patches(percent, limit, limit, limit)


_SMALL, _WIDE, _HIGH = (2048, 1536), (2048, 6144), (2048, 2500)
_IMAGES: tuple[tuple[str, _Tiles | _Patches], ...] = (
    (r"gpt-4\.1-nano", _same(246, _SMALL)),
    (r"gpt-4\.1-mini", _same(162, _WIDE)),
    (r"gpt-4o-mini", _Tiles(2833, 5667)),
    (r"gpt-5-nano", _same(150, _SMALL)),
    (r"gpt-5(\.1-codex|-codex)?-mini", _same(120, _SMALL)),
    (r"gpt-5\.[23]", _same(120, _WIDE)),
    (r"gpt-5\.4", _Patches(120, _WIDE, _HIGH, _HIGH, (6000, 10_000))),
    (r"gpt-5\.5", _Patches(120, (512, None), _HIGH, (6000, 10_000))),
    (r"gpt-(5\.[6-9]|[6-9])", _Patches(120, (512, None), _HIGH, (65_535, None))),
    (r"gpt-5", _Tiles(70, 140)),
    (r"o4-mini|codex-mini", _same(172, _SMALL)),
    (r"o[13]", _Tiles(75, 150)),
    (r"computer-use", _Tiles(65, 129)),
    (r"", _Tiles(85, 170)),
)
"""The first whose pattern a name begins with. Of models that the guide does not name, newer ones go by the
newest that it does, all others by gpt-4o."""


def image_tokens(model: str, width: int, height: int, detail: str = "auto") -> int:
    """What an image of ``width`` × ``height`` pixels takes, :data:`UNSEEN` where one of them is 0.

    ``detail`` is ``"low"``, ``"high"``, ``"original"`` or ``"auto"``, which is what holds without one.
    """
    if width <= 0 or height <= 0:
        width, height = UNSEEN
    return _rule(model).tokens(width, height, detail)


def read_size(model: str, width: int, height: int, detail: str = "auto") -> tuple[int, int]:
    """The pixels of an image of ``width`` × ``height`` that a model reads: it is scaled down to these by who
    serves the model, so that nothing is lost where it is sent no larger.

    What models of others read is not published: for them only the longer side has a bound.
    """
    rule = _rule(model)
    if rule is _IMAGES[-1][1] and not encoding_of(model)[1]:
        return _scaled(width, height, UNKNOWN_SIDE / max(width, height))
    return rule.size(width, height, detail)


def _rule(model: str) -> _Tiles | _Patches:
    name = _plain(model)
    return next(rule for pattern, rule in _IMAGES if re.match(pattern, name))
