"""What a request takes in tokens beyond the texts in it, by the formulas that OpenAI published."""

from collections.abc import Mapping, Sequence
from typing import Any

from desktop_chat.domain.message import Message

FRAME = 3
"""Tokens of every request: the answer is begun with ``<|start|>assistant<|message|>``."""
PER_MESSAGE = 4
"""Tokens of every message: three that set it apart, and its role."""
PER_NAME = 1


def encoding_of(model: str) -> tuple[str, bool]:
    """The encoding of a model, and whether it is known to be the model's: else counts are approximate."""
    raise NotImplementedError


def approximate(text: str) -> int:
    """About as many tokens as ``text`` takes: 4 characters each, at least 1 for a text."""
    return (len(text) + 3) // 4


def message_tokens(model: str, message: Message, text_tokens: int) -> int:
    """What ``message`` takes in a request: ``text_tokens`` of its text, its frame and its images."""
    raise NotImplementedError


def request_tokens(messages: int, system_tokens: int = 0, tools: int = 0) -> int:
    """What a request takes: ``messages`` as :func:`message_tokens` tells them added up, the text of the
    system prompt (0 for none) and the ``tools`` as :func:`tools_tokens` tells them."""
    return messages + (PER_MESSAGE + system_tokens if system_tokens else 0) + tools + FRAME


def image_tokens(model: str, width: int, height: int, detail: str = "auto") -> int:
    """What an image of ``width`` × ``height`` pixels takes. ``detail`` is low, high or auto."""
    raise NotImplementedError


def tools_texts(tools: Sequence[Mapping[str, Any]]) -> list[str]:
    """The texts of function definitions whose tokens :func:`tools_tokens` is told."""
    raise NotImplementedError


def tools_tokens(model: str, tools: Sequence[Mapping[str, Any]], text_tokens: int) -> int:
    """What function definitions take; ``text_tokens`` are those of :func:`tools_texts`, added up."""
    raise NotImplementedError
