"""Domain values as rows of the database, and back."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from itertools import groupby
from typing import Any

from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import ChatError, error_from_json
from desktop_chat.domain.message import Message, Part, PartKind, Role, State
from desktop_chat.domain.request import Parameters
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage.database import Row

CONVERSATION_COLUMNS = (
    "id, title, title_source, endpoint_id, model, parameters, active_leaf, "
    "created_at, used_at, sequence, pinned"
)

ANSWER_COLUMNS = (
    "state",
    "model",
    "finish_reason",
    "request_id",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "first_token",
    "duration",
    "error",
)
"""The columns of a message that change while its answer is written."""

# A call of the enumeration takes five times as long, and ten thousand messages are read at once.
_ROLES = {role.value: role for role in Role}
_STATES = {state.value: state for state in State}
PART_KINDS = {kind.value: kind for kind in PartKind}

_PARAMETERS = frozenset(field.name for field in fields(Parameters))


def conversation_from(row: Row) -> Conversation:
    """The conversation of a row of ``CONVERSATION_COLUMNS``, which are in the order of its fields."""
    conversation = Conversation(*row)
    values = {name: value for name, value in dict(json.loads(row[5])).items() if name in _PARAMETERS}
    conversation.parameters = Parameters(**values)
    conversation.pinned = bool(conversation.pinned)
    return conversation


def parameters_json(parameters: Parameters) -> str:
    """Only what is set, so that a parameter added later has its default in old conversations."""
    return to_json({name: value for name, value in asdict(parameters).items() if value not in (None, "")})


def message_from(row: Row, parts: dict[int, list[Part]]) -> Message:
    """The message of a row of ``id, parent_id, role, created_at``, ``ANSWER_COLUMNS`` and ``seq``.

    ``parts`` are those of each message by its ``seq``.
    """
    (
        message_id,
        parent_id,
        role,
        created_at,
        state,
        model,
        finish_reason,
        request_id,
        *tokens,
        first_token,
        duration,
        error,
        seq,
    ) = row
    return Message(
        message_id,
        parent_id,
        _ROLES[role],
        parts.get(seq) or [],
        _STATES[state],
        created_at,
        model,
        finish_reason,
        request_id,
        None if tokens[0] is None else Usage(*tokens),
        None if duration is None else Timing(first_token, duration),
        None if error is None else error_from_json(json.loads(error)),
    )


def answer_values(message: Message) -> Row:
    """The values of ``ANSWER_COLUMNS``."""
    return (
        message.state.value,
        message.model,
        message.finish_reason,
        message.request_id,
        *usage_values(message.usage),
        *((message.timing.first_token, message.timing.duration) if message.timing else (None, None)),
        error_json(message.error),
    )


def usage_values(usage: Usage | None) -> Row:
    """Input, output, cached and reasoning tokens."""
    return (usage.input, usage.output, usage.cached, usage.reasoning) if usage else (None,) * 4


def error_json(error: ChatError | None) -> str | None:
    """The error for a column that is NULL where there is none."""
    return None if error is None else to_json(error.to_json())


def to_json(value: dict[str, Any]) -> str:
    r"""JSON in which a lone surrogate is itself, not a ``\ud800`` that would survive to the next reading."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fold(parts: Sequence[Part], deltas: Iterable[tuple[PartKind, str]]) -> list[Part]:
    """The parts of a message with its streamed text behind them, as ``Message.append`` would add it."""
    message = Message("", None, Role.ASSISTANT, list(parts))
    for kind, run in groupby(deltas, key=lambda delta: delta[0]):
        message.append(kind, "".join(text for _, text in run))
    return message.parts


def part_rows(parts: Iterable[Part]) -> Iterator[Row]:
    """``position, kind, text, seconds`` of each part."""
    for position, part in enumerate(parts):
        yield position, part.kind.value, part.text, part.seconds
