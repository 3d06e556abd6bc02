"""Domain values as rows of the database, and back."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from desktop_chat.domain.context import ContextSettings, Strategy, Summary
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import ChatError, error_from_json
from desktop_chat.domain.events import Delta, PartCame
from desktop_chat.domain.message import (
    STREAMED,
    Attachment,
    CallStatus,
    Citation,
    Message,
    Part,
    PartData,
    PartKind,
    ReasoningItem,
    Role,
    State,
    ToolCall,
    Unknown,
)
from desktop_chat.domain.money import LARGEST, from_picodollars, to_picodollars
from desktop_chat.domain.parameters import Parameters, parameters_from_json, parameters_to_json
from desktop_chat.domain.titles import title_key
from desktop_chat.domain.usage import Timing, Usage
from desktop_chat.storage.database import Row


class CachedAnswer(NamedTuple):
    """An answer that was given before."""

    parts: list[Part]
    model: str | None
    finish_reason: str | None


TAGS = (
    "(SELECT json_group_array(tag.id) FROM conversation_tag JOIN tag ON tag.seq = tag_seq "
    "WHERE conversation_seq = conversation.seq)"
)
"""The ids of a conversation's tags, as JSON."""

CONVERSATION_COLUMNS = (
    "id, title, title_source, endpoint_id, model, parameters, active_leaf, created_at, used_at, sequence, "
    f"pinned, context, seq, folder_id, archived, unread, deleted_at, origin, {TAGS}"
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
    "cache_write_tokens",
    "first_token",
    "duration",
    "error",
    "cost",
    "is_estimated",
    "is_cached",
)
"""The columns of a message that change while its answer is written."""

# A call of the enumeration takes five times as long, and ten thousand messages are read at once.
_ROLES = {role.value: role for role in Role}
_STATES = {state.value: state for state in State}
_STREAMED = {kind.value: kind for kind in STREAMED}
_KINDS = {kind.value: kind for kind in PartKind if kind is not PartKind.UNKNOWN}
_STRATEGIES = {strategy.value: strategy for strategy in Strategy}
_CALL_STATUSES = {status.value: status for status in CallStatus}
_REASONING = tuple(field.name for field in fields(ReasoningItem))
_WHOLE = "whole "
"""Before the kind of what came whole, where others of the kind are streamed: reasoning for its server."""
_DEFAULTS = asdict(Attachment(""))
_OF_A_PART = tuple(name for name in _DEFAULTS if name not in ("hash", "media_type", "size"))
"""What differs between two uses of the same file."""

PART_COLUMNS = "kind, text, seconds, attachment_hash, part.name, data, attachment.media_type, attachment.size"
"""What :func:`part_from` reads, of ``part LEFT JOIN attachment``."""


def conversation_from(row: Row) -> Conversation:
    """The conversation of a row of ``CONVERSATION_COLUMNS``, which are in the order of its fields. One whose
    settings are damaged has the defaults: a list must not break for it."""
    conversation = Conversation(*row)
    conversation.parameters = parameters_from_json(_settings(row[5]))
    conversation.pinned = bool(conversation.pinned)
    conversation.context = _context_from(_settings(row[11]))
    conversation.archived, conversation.unread = bool(conversation.archived), bool(conversation.unread)
    conversation.tags = tuple(json.loads(row[18]))
    return conversation


def _settings(written: str) -> dict[str, Any]:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


ACTIVE_LEAF = 6
"""The place of the active leaf in :func:`conversation_values`."""


def conversation_values(conversation: Conversation) -> Row:
    """What a turn, or a change of what is set in a conversation, stores of it; its id comes last."""
    return (
        conversation.title,
        title_key(conversation.title),
        conversation.title_source,
        conversation.endpoint_id,
        conversation.model,
        parameters_json(conversation.parameters),
        conversation.active_leaf,
        context_json(conversation.context),
        conversation.id,
    )


def parameters_json(parameters: Parameters) -> str:
    """Only what is set, so that a parameter added later has its default in old conversations."""
    return to_json(parameters_to_json(parameters))


def context_json(context: ContextSettings) -> str:
    """Only what differs from the default, which may change in a later version."""
    default = ContextSettings()
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    changed = {name: value for name, value in values.items() if value != getattr(default, name)}
    for name in changed.keys() & {"pinned", "left_out"}:
        changed[name] = sorted(changed[name])
    if context.summary is not None:
        changed["summary"] = asdict(context.summary)
    return to_json(changed)


def _context_from(values: dict[str, Any]) -> ContextSettings:
    """What :func:`context_json` wrote; what this version does not know has its default."""
    known: dict[str, Any] = {}
    for name, value in values.items():
        match name, value:
            case "strategy", str() if value in _STRATEGIES:
                known[name] = _STRATEGIES[value]
            case (("budget" | "turns"), int()):
                known[name] = value
            case (("pinned" | "left_out"), list()):
                known[name] = frozenset(map(str, value))
            case "summary", {"text": str(text), "until": str(until), **rest}:
                known[name] = Summary(text, until, str(rest.get("model", "")))
    return ContextSettings(**known)


def message_from(row: Sequence[Any], parts: dict[int, list[Part]]) -> Message:
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
        read,
        written,
        cached,
        reasoning,
        cache_write,
        first_token,
        duration,
        error,
        cost,
        is_estimated,
        is_cached,
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
        usage_from(read, written, cached, reasoning, cache_write),
        None if duration is None else Timing(first_token, duration),
        error_from(error),
        None if cost is None else from_picodollars(cost),
        is_estimated == 1,
        is_cached == 1,
    )


def message_values(message: Message) -> Row:
    """``id``, ``parent_id``, ``role``, ``created_at`` and the values of ``ANSWER_COLUMNS``."""
    head = (message.id, message.parent_id, message.role.value, message.created_at)
    return (*head, *answer_values(message))


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
        cost_value(message.cost),
        message.is_estimated,
        message.is_cached,
    )


def cost_value(cost: Decimal | None) -> int | None:
    """Picodollars, from nothing to a million dollars."""
    return None if cost is None else to_picodollars(max(Decimal(0), min(cost, LARGEST)))


def usage_values(usage: Usage | None) -> Row:
    """Input, output, cached, reasoning and written tokens, as they are in ``Usage``."""
    if usage is None:
        return (None,) * 5
    return (usage.input, usage.output, usage.cached, usage.reasoning, usage.cache_write)


def usage_from(
    read: int | None, written: int, cached: int, reasoning: int, cache_write: int | None
) -> Usage | None:
    """The usage of a row of ``usage_values``. The first schema did not have ``cache_write``."""
    return None if read is None else Usage(read, written, cached, reasoning, cache_write or 0)


def error_json(error: ChatError | None) -> str | None:
    """The error for a column that is NULL where there is none."""
    return None if error is None else to_json(error.to_json())


def error_from(written: str | None) -> ChatError | None:
    """What :func:`error_json` wrote."""
    return None if written is None else error_from_json(json.loads(written))


def to_json(value: dict[str, Any] | list[Row]) -> str:
    r"""JSON in which a lone surrogate is itself, not a ``\ud800`` that would survive to the next reading."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def part_from(
    kind: str,
    text: str,
    seconds: float | None,
    attachment: str | None = None,
    name: str | None = None,
    data: str | None = None,
    media_type: str | None = None,
    size: int | None = None,
) -> Part:
    """The part of a row of ``PART_COLUMNS``; what this version does not know is kept as ``UNKNOWN``."""
    if data is None and (streamed := _STREAMED.get(kind)) is not None:
        return Part(streamed, text, seconds)
    known = _KINDS.get(kind)
    try:
        values = json.loads(data or "{}")
        match known:
            case PartKind.CITATION if data:
                found: PartData = _citation(values)
            case PartKind.TOOL_CALL:
                found = _tool_call(values)
            case PartKind.REASONING:
                found = ReasoningItem(*(str(values[name]) for name in _REASONING))
            case PartKind.IMAGE | PartKind.FILE if attachment or values.get("url"):
                found = _attachment(attachment, media_type, size, values)
            case _:
                known = None
    except (ValueError, KeyError, AttributeError, RecursionError):
        known = None
    if known is None:
        return Part(PartKind.UNKNOWN, text, seconds, name or "", Unknown(kind, attachment, data))
    return Part(known, text, seconds, name or "", found)


def _attachment(
    hash: str | None, media_type: str | None, size: int | None, values: dict[str, Any]
) -> Attachment:
    """``media_type`` and ``size`` are of the table of attachments, which one without a hash is not in."""
    return Attachment(
        hash or "",
        media_type or str(values.get("media_type", "")),
        size or _number(values.get("size")) or 0,
        _number(values.get("width")) or 0,
        _number(values.get("height")) or 0,
        str(values.get("detail", "auto")),
        str(values.get("url", "")),
        values.get("as_text") is True,
    )


def _citation(values: dict[str, Any]) -> Citation:
    return Citation(str(values.get("url", "")), _number(values.get("start")), _number(values.get("end")))


def _tool_call(values: dict[str, Any]) -> ToolCall:
    texts = (str(values.get(name, "")) for name in ("arguments", "result"))
    return ToolCall(str(values["id"]), str(values["kind"]), _CALL_STATUSES[values["status"]], *texts)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _stored(part: Part) -> tuple[str, str | None, str | None]:
    """Kind, hash of the attachment and data, as they are stored."""
    match part.data:
        case Unknown(kind, attachment, data):
            return kind, attachment, data
        case Citation() | ToolCall():
            set_values = {name: value for name, value in asdict(part.data).items() if value not in (None, "")}
            return part.kind.value, None, to_json(set_values)
        case ReasoningItem():
            return part.kind.value, None, to_json(asdict(part.data))
        case Attachment():
            values = asdict(part.data)
            named = values if not part.data.hash else {name: values[name] for name in _OF_A_PART}
            changed = {name: value for name, value in named.items() if value != _DEFAULTS[name]}
            return part.kind.value, part.data.hash or None, to_json(changed)
    return part.kind.value, None, None


def delta_row(delta: Delta | PartCame) -> tuple[str, str]:
    """``kind, text`` of what came; the text of a part that came whole is JSON."""
    if isinstance(delta, Delta):
        return delta.kind.value, delta.text
    kind, _attachment, data = _stored(delta.part)
    values = {"text": delta.part.text, "name": delta.part.name, "seconds": delta.part.seconds, "data": data}
    return (_WHOLE + kind if kind in _STREAMED else kind), to_json(values)


def _part_from_delta(kind: str, text: str) -> Part:
    kind = kind.removeprefix(_WHOLE)
    try:
        values = json.loads(text)
        return part_from(
            kind, values["text"], values["seconds"], None, values["name"] or None, values["data"]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return Part(PartKind.UNKNOWN, text, data=Unknown(kind))


def fold(parts: Sequence[Part], deltas: Iterable[tuple[str, str]]) -> list[Part]:
    """The parts of a message with what was streamed behind them, as ``Message`` would add it."""
    message = Message("", None, Role.ASSISTANT, list(parts))
    for kind, run in groupby(deltas, key=lambda delta: delta[0]):
        if (streamed := _STREAMED.get(kind)) is not None:
            message.append(streamed, "".join(text for _, text in run))
        else:
            for _, text in run:
                message.put(_part_from_delta(kind, text))
    return message.parts


def part_rows(parts: Iterable[Part]) -> Iterator[Row]:
    """``position, kind, text, seconds, name, data, attachment_hash, media_type, size`` of each part."""
    for position, part in enumerate(parts):
        kind, attachment, data = _stored(part)
        file: Row = (None, None)
        if isinstance(part.data, Attachment) and attachment:
            file = part.data.media_type, part.data.size
        yield position, kind, part.text, part.seconds, part.name or None, data, attachment, *file


def parts_json(parts: Iterable[Part]) -> str:
    """Parts that belong to no stored message, in one text."""
    return to_json(list(part_rows(parts)))


def parts_from_json(text: str) -> list[Part]:
    """What :func:`parts_json` wrote."""
    return [
        part_from(kind, words, seconds, attachment, name, data, media_type, size)
        for _, kind, words, seconds, name, data, attachment, media_type, size in json.loads(text)
    ]
