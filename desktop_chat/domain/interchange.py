"""Our own format: conversations, folders, tags and the ledger as JSON, and back.

``resources/export/desktop-chat-1.schema.json`` describes it as a JSON Schema. A value of the domain is an
object with a member for each attribute that has not its default; times are Unix times in seconds, amounts
decimal numbers of US dollars as texts. What a version adds has a default, so that ``VERSION`` grows only
where the meaning of what is there already changes.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from desktop_chat.domain.archive import History, Library
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.errors import KINDS, ChatError
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.listing import Folder, Tag
from desktop_chat.domain.message import (
    Attachment,
    Citation,
    Draft,
    Message,
    Part,
    PartData,
    PartKind,
    ReasoningItem,
    State,
    ToolCall,
    Unknown,
)
from desktop_chat.domain.parameters import Parameters, parameters_from_json, parameters_to_json

FORMAT, VERSION = "desktop-chat", 1

Json = dict[str, Any]
"""A JSON object as Python's ``json`` reads it."""

_T = TypeVar("_T")
_LARGEST = 2**63 - 1
_DATA: dict[PartKind, type[PartData]] = {
    PartKind.CITATION: Citation,
    PartKind.TOOL_CALL: ToolCall,
    PartKind.IMAGE: Attachment,
    PartKind.FILE: Attachment,
    PartKind.REASONING: ReasoningItem,
    PartKind.UNKNOWN: Unknown,
}
_KINDS = {kind.value: kind for kind in PartKind}
_LOCAL = {Conversation: {"seq", "tags"}, LedgerEntry: {"chat"}}
"""What says nothing elsewhere, or is told with the history."""


def history_to_json(history: History) -> Json:
    """One member of ``chats``."""
    told = _object(history.conversation)
    if history.folder:
        told["folder_path"] = list(history.folder)
    if history.tags:
        told["tags"] = [_object(tag) for tag in history.tags]
    if history.drafts:
        told["drafts"] = drafts_to_json(history.drafts)
    messages = told["messages"] = []
    for message in history.messages:
        messages.append(_object(message))
        if message.id in history.trashed:
            messages[-1]["deleted_at"] = history.trashed[message.id]
    return told


def history_from_json(values: object) -> History:
    """What :func:`history_to_json` made. An answer that was being written is one that broke off. The parents
    of messages may be in an earlier record where ``continues`` says that it goes on with one.

    Raises ``ValueError`` with a plain sentence where it cannot be one.
    """
    told = _mapping(values, "a chat")
    tags = tuple(_made(Tag, tag) for tag in _list(told, "tags"))
    conversation = _made(Conversation, {name: told[name] for name in told.keys() - {"tags"}})
    conversation.tags = tuple(tag.id for tag in tags)
    messages, trashed, known = [], {}, set()
    for each in _list(told, "messages"):
        message = _made(Message, each)
        if message.id in known:
            raise ValueError(f"two of its messages have the id {message.id[:80]}")
        if message.parent_id not in known and told.get("continues") is not True:
            message.parent_id = None
        if message.state is State.STREAMING:
            message.state = State.INTERRUPTED
        if each.get("deleted_at") is not None:
            trashed[message.id] = _number(each["deleted_at"])
        known.add(message.id)
        messages.append(message)
    path = _list(told, "folder_path")
    if not all(isinstance(name, str) for name in path):
        raise ValueError("its folder_path is not a list of names")
    drafts = drafts_from_json(_list(told, "drafts"))
    return History(conversation, messages, tuple(path), tags, trashed=trashed, drafts=drafts)


def drafts_to_json(drafts: Mapping[str, Draft]) -> list[Json]:
    return [{"key": key, **_object(draft)} for key, draft in drafts.items()]


def drafts_from_json(values: object) -> dict[str, Draft]:
    """Raises ``ValueError``."""
    found = {}
    for value in values if isinstance(values, list) else ():
        key = _mapping(value, "a draft").get("key")
        if not isinstance(key, str) or not key:
            raise ValueError("a draft has no key")
        found[key] = _made(Draft, value)
    return found


def library_to_json(library: Library) -> Json:
    """The members ``folders``, ``tags`` and ``drafts`` of a file."""
    return {
        "folders": [_object(folder) for folder in library.folders],
        "tags": [_object(tag) for tag in library.tags],
        "drafts": drafts_to_json(library.drafts),
    }


def folder_from_json(value: object) -> Folder:
    """Raises ``ValueError``, as do the next two."""
    return _made(Folder, value)


def tag_from_json(value: object) -> Tag:
    return _made(Tag, value)


def entry_from_json(value: object) -> LedgerEntry:
    """One member of ``ledger``, which :func:`entry_to_json` made."""
    return _made(LedgerEntry, value)


def entry_to_json(entry: LedgerEntry) -> Json:
    return _object(entry)


def dumped(value: object) -> str:
    """JSON that every reader takes: infinities, which are no JSON, become null."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {name: _finite(member) for name, member in value.items()}
        case list() | tuple():
            return [_finite(member) for member in value]
        case float() if not math.isfinite(value):
            return None
    return value


# Writing


def _object(value: Any) -> Json:
    found = {}
    for each in _spec(type(value)):
        attribute = getattr(value, each.name)
        if attribute != each.default or each.is_needed:
            found[each.name] = _told(attribute)
    return found


def _told(value: Any) -> Any:
    match value:
        case None | bool() | float():
            return value
        case Enum():
            return value.value
        case str() | int():
            return value
        case Decimal():
            return format(value.normalize(), "f")
        case Parameters():
            return parameters_to_json(value)
        case ChatError():
            return value.to_json()
        case tuple() | list():
            return [_told(member) for member in value]
        case frozenset():
            return sorted(value)
    return _object(value)


# Reading

_Take = Callable[[Any], Any]


class _Attribute(NamedTuple):
    name: str
    take: _Take
    default: Any
    is_needed: bool


_SPECS: dict[type, tuple[_Attribute, ...]] = {}


def _spec(kind: type) -> tuple[_Attribute, ...]:
    """The attributes that stand in the file, each with what makes its value of JSON, or raises
    ``ValueError``."""
    if (known := _SPECS.get(kind)) is not None:
        return known
    hints = get_type_hints(kind)
    found = []
    for each in fields(kind):
        if each.name in _LOCAL.get(kind, ()):
            continue
        default = each.default if each.default_factory is MISSING else each.default_factory()
        take = _part_data if each.name == "data" and kind is Part else _taker(hints[each.name])
        found.append(_Attribute(each.name, take, default, default is MISSING))
    return _SPECS.setdefault(kind, tuple(found))


def _made(kind: type[_T], value: object) -> _T:
    told = _mapping(value, f"a {kind.__name__.lower()}")
    found = {}
    for each in _spec(kind):
        if each.name in told:
            try:
                found[each.name] = each.take(told[each.name])
            except ValueError as error:
                raise ValueError(f"{each.name}: {error}") from error
        elif each.is_needed:
            raise ValueError(f"{each.name} is missing")
    if kind is Part:
        return _part(told, found)  # type: ignore[return-value]
    if found.get("id") == "":
        raise ValueError("its id is empty")
    return kind(**found)


def _part(told: Mapping[str, Any], found: Json) -> Part:
    """A part whose kind and data fit each other; what this version does not know is kept as ``UNKNOWN``."""
    kind, data = found["kind"], told.get("data")
    wanted = _DATA.get(kind) if kind is not None else None
    if kind is None:
        found["kind"] = PartKind.UNKNOWN
        found["data"] = Unknown(str(told["kind"]), None, None if data is None else dumped(data))
    elif wanted is not None and (data is not None or kind is not PartKind.REASONING):
        found["data"] = _made(wanted, data)
    elif data is not None:
        raise ValueError(f"data: a part of kind {kind.value} has none")
    return Part(**found)


def _part_data(value: Any) -> Any:
    """What it is depends on the kind of the part: :func:`_part` makes it."""
    return value


def _taker(hint: Any) -> _Take:
    if hint is PartKind:
        return _kind
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (_taker(each) for each in arguments if each is not NoneType)
        return lambda value: None if value is None else inner(value)
    if origin in (tuple, list, frozenset):
        inner = _taker(arguments[0])
        return lambda value: origin(inner(each) for each in _is(value, list, "a list"))
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = {member.value: member for member in hint}
        return lambda value: _member(value, members)
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: _made(hint, value)
    raise TypeError(f"nothing takes {hint}")


def _is(value: Any, kind: type | UnionType, words: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{str(value)[:80]} is not {words}")
    return value


def _integer(value: Any) -> int:
    return max(-_LARGEST, min(int(_is(value, int, "a whole number")), _LARGEST))


def _number(value: Any) -> float:
    try:
        found = float(_is(value, int | float | Decimal, "a number"))
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ValueError("it is not finite")
    return found


def _amount(value: Any) -> Decimal:
    try:
        found = Decimal(_is(value, str, "an amount"))
    except InvalidOperation:
        raise ValueError(f"{value[:80]} is not an amount") from None
    if not found.is_finite():
        raise ValueError("it is not finite")
    return found


def _kind(value: Any) -> PartKind | None:
    """None for one of a later version."""
    found = _is(value, str, "a kind")
    return _KINDS.get(found)


def _member(value: Any, members: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or value not in members:
        raise ValueError(f"{str(value)[:80]} is none of {', '.join(members)}")
    return members[value]


def _error(value: Any) -> ChatError:
    told = _mapping(value, "an error")
    plain = _made(ChatError, told)
    kind = KINDS.get(str(told.get("kind")), ChatError)
    return kind(**{each.name: getattr(plain, each.name) for each in fields(ChatError)})


_SIMPLE: dict[Any, _Take] = {
    str: lambda value: _is(value, str, "a text"),
    bool: lambda value: _is(value, bool, "true or false"),
    int: _integer,
    float: _number,
    Decimal: _amount,
    Parameters: lambda value: parameters_from_json(_mapping(value, "an object")),
    ChatError: _error,
}


def _mapping(value: object, words: str) -> Json:
    if not isinstance(value, dict):
        raise ValueError(f"{str(value)[:80]} is not {words}")
    return value


def _list(values: Json, name: str) -> list[Any]:
    found: list[Any] = _is(values.get(name, []), list, "a list")
    return found
