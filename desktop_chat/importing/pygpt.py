"""PyGPT's database (``db.sqlite``), and the JSON files of its versions before 2.1.

They are described by github.com/szczyglis-dev/py-gpt: src/pygpt_net/migrations and
provider/core/ctx/db_sqlite (tables ``ctx_meta``, ``ctx_item`` and ``ctx_group``), and
provider/core/ctx/json_file.py (an index, ``context.json``, and for each chat ``context/<id>.json``). A row
is a turn: what was asked (``input``) and what was answered (``output``).
"""

import json
from collections.abc import Callable, Iterator
from json.decoder import JSONDecodeError
from pathlib import Path, PurePosixPath
from typing import Any

from desktop_chat.domain.archive import History, Skipped
from desktop_chat.domain.listing import COLORS, Tag
from desktop_chat.domain.message import Citation, Part, PartKind, Role
from desktop_chat.importing.formats import Format
from desktop_chat.importing.records import Record
from desktop_chat.importing.shaping import Chat, Odd, made_id, missing, name_of, objects, plain, tool
from desktop_chat.importing.source import Source, Unreadable

Rows = Callable[[Path, str, str], Iterator[dict[str, Any]]]
"""Reads the rows of a table of a database, sorted by a column, in little memory. Raises ``ValueError`` where
there is none, and ``OSError``."""

_INDEX = "context.json"


def is_turn(value: object) -> bool:
    """Whether a record is a turn of a JSON file of an older version."""
    return isinstance(value, dict) and "input" in value and "output" in value and "input_timestamp" in value


def of_turns(name: str, turns: list[dict[str, Any]], source: Source) -> History:
    """A file of turns, as one chat. Raises :class:`Odd`."""
    chat_id = PurePosixPath(name).stem
    chat = Chat("pygpt", chat_id, _titles(name, source).get(chat_id, ""))
    _add_turns(chat, ({**turn, "id": number} for number, turn in enumerate(turns)), None)
    return chat.history()


def database(source: Source, rows: Rows, told: Callable[[int, int], None]) -> Iterator[History | Skipped]:
    """The chats of PyGPT's database, one after the other."""
    name = source.names[0]
    path = source.place(name)
    assert path is not None
    try:
        groups = {row.get("id"): name_of(row.get("name")) for row in _optional(rows, path, "ctx_group")}
        metas = {row.get("id"): row for row in rows(path, "ctx_meta", "id")}
    except (ValueError, OSError) as error:
        yield Skipped(name, f"It is no database of PyGPT, or it is damaged: {error}.")
        return
    done: set[object] = set()
    for number, (meta_id, items) in enumerate(_grouped(rows(path, "ctx_item", "meta_id"))):
        told(number, len(metas))
        meta = metas.get(meta_id)
        where = f"{name}, chat {plain(meta_id)}"
        done.add(meta_id)
        if isinstance(items, str):
            yield Skipped(where, items)
            return
        if meta is None:
            meta = {"id": meta_id}
        if meta.get("is_deleted") in (1, "1", True):
            continue
        try:
            yield _history(meta, items, groups)
        except Odd as error:
            yield Skipped(where, f"It was left out: {error}.")
    told(len(metas), len(metas))


def _no_record(record: Record) -> bool:
    """The index of the JSON files: what it says is read with each of them."""
    return isinstance(record.value, dict) and "__meta__" in record.value and "items" in record.value


def _nothing(record: Record, source: Source) -> Iterator[History]:
    yield from ()


FORMAT = Format("PyGPT", _no_record, _nothing)


def _history(meta: dict[str, Any], items: list[dict[str, Any]], groups: dict[Any, str]) -> History:
    chat = Chat("pygpt", meta.get("uuid") or meta.get("id"), meta.get("name"))
    chat.conversation.pinned = meta.get("is_important") in (1, "1", True)
    chat.conversation.archived = meta.get("is_archived") in (1, "1", True)
    if group := groups.get(meta.get("group_id")):
        chat.folder = (group,)
    label = meta.get("label")
    if isinstance(label, int) and 0 < label <= len(COLORS):
        name = f"PyGPT {COLORS[label - 1]}"
        chat.tags = (Tag(made_id("pygpt", "label", label), name, COLORS[label - 1]),)
    items.sort(key=lambda item: item["id"] if isinstance(item.get("id"), int) else 0)
    _add_turns(chat, items, meta.get("last_model") or meta.get("model"))
    return chat.history(created=meta.get("created_ts"), used=meta.get("updated_ts"))


def _add_turns(chat: Chat, turns: Any, model: object) -> None:
    last: object = None
    for turn in turns:
        asked, answered = plain(turn.get("input")), plain(turn.get("output"))
        if turn.get("is_internal") in (1, "1", True):
            chat.note("an internal step, left out")
            asked = ""
        attached = [missing(name) for name in _names(turn.get("attachments_json"))]
        if asked or attached:
            node = f"{turn['id']}:input"
            parts = [*attached, *([Part(PartKind.TEXT, asked)] if asked else [])]
            chat.add(
                node, last, Role.USER, parts, created=turn.get("input_ts") or turn.get("input_timestamp")
            )
            last = node
        parts = list(_answer(turn, answered))
        if parts:
            node = f"{turn['id']}:output"
            created = turn.get("output_ts") or turn.get("output_timestamp")
            chat.add(node, last, Role.ASSISTANT, parts, created=created, model=turn.get("model") or model)
            last = node


def _answer(turn: dict[str, Any], text: str) -> Iterator[Part]:
    for number, call in enumerate(objects(_loaded(turn.get("cmds_json")))):
        results = _loaded(turn.get("results_json"))
        result = results[number] if isinstance(results, list) and number < len(results) else ""
        yield tool(f"{turn['id']}:{number}", call.get("cmd"), call.get("params") or call, result)
    if text:
        yield Part(PartKind.TEXT, text)
    for name in _names(turn.get("images_json")):
        yield missing(name, "image")
    urls = _loaded(turn.get("urls_json"))
    for url in urls if isinstance(urls, list) else ():
        if isinstance(url, str) and url.startswith(("http://", "https://")):
            yield Part(PartKind.CITATION, name=plain(url)[:300], data=Citation(plain(url)))


def _names(value: object) -> Iterator[str]:
    """The names of files: the database has where they are on that computer, which is not looked at."""
    found = _loaded(value)
    items = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    for item in items:
        name = name_of(item.get("name") or item.get("path") if isinstance(item, dict) else item)
        if name:
            yield name


def _loaded(value: object) -> Any:
    if not isinstance(value, str) or len(value) > 10_000_000:
        return None
    try:
        return json.loads(value)
    except (JSONDecodeError, RecursionError, ValueError):
        return None


def _titles(name: str, source: Source) -> dict[str, str]:
    """What the index says that chats are called."""
    index = (PurePosixPath(name).parent.parent / _INDEX).as_posix()
    file = source.file(index)
    if file is None:
        return {}
    try:
        items = json.loads(file.read()).get("items")
    except (ValueError, OSError, AttributeError, RecursionError):
        return {}
    found = items if isinstance(items, dict) else {}
    return {key: plain(meta.get("name")) for key, meta in found.items() if isinstance(meta, dict)}


def _optional(rows: Rows, path: Path, table: str) -> Iterator[dict[str, Any]]:
    try:
        yield from rows(path, table, "id")
    except ValueError:
        return


def _grouped(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[object, list[dict[str, Any]] | str]]:
    """Rows that follow each other with the same ``meta_id``; why in the end, where they cannot be read on."""
    meta_id: object = None
    items: list[dict[str, Any]] = []
    try:
        for row in rows:
            if items and row.get("meta_id") != meta_id:
                yield meta_id, items
                items = []
            meta_id = row.get("meta_id")
            items.append(row)
    except (ValueError, OSError, Unreadable) as error:
        yield meta_id, f"The rest cannot be read: {error}."
        return
    if items:
        yield meta_id, items
