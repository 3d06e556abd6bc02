"""Exports to read: those in tests/data/imports, archives, databases, and what is read of them."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import apsw

from desktop_chat.domain.archive import History, Skipped
from desktop_chat.domain.message import Message, Part, PartKind
from desktop_chat.importing import read
from desktop_chat.storage.foreign import foreign_rows

DATA = Path(__file__).resolve().parents[1] / "data" / "imports"


def histories(path: Path) -> list[History]:
    return [item for item in read(path, foreign_rows) if isinstance(item, History)]


def contents(path: Path) -> list[bytes]:
    """What is in the files that come with histories: they are read as they come."""
    found: list[bytes] = []
    for item in read(path, foreign_rows):
        if isinstance(item, History):
            found += [file.read() for file in item.files]
    return found


def skipped(path: Path) -> list[tuple[str, str]]:
    return [(item.where, item.why) for item in read(path, foreign_rows) if isinstance(item, Skipped)]


def history(path: Path) -> History:
    """The first of them."""
    return histories(path)[0]


def shape(history: History) -> list[tuple[int | None, str, str]]:
    """The messages in their order: the place of the parent, the role, and the text."""
    places = {message.id: place for place, message in enumerate(history.messages)}
    return [
        (places.get(message.parent_id or ""), message.role.value, message.text)
        for message in history.messages
    ]


def leaf(history: History) -> Message:
    return next(m for m in history.messages if m.id == history.conversation.active_leaf)


def of_kind(message: Message, kind: PartKind) -> list[Part]:
    return [part for part in message.parts if part.kind is kind]


def archive(path: Path, files: Mapping[str, bytes] | None = None) -> Path:
    """A ZIP archive of ``files``, or of the export of ChatGPT."""
    if files is None:
        files = {file.name: file.read_bytes() for file in (DATA / "chatgpt").iterdir()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def chatgpt_chat(number: int, texts: Iterable[str] = ("Hi", "Hello")) -> dict[str, Any]:
    """A chat as ChatGPT exports it: what was said in turns, one below the other."""
    mapping: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None, "children": []}}
    last = "root"
    for place, text in enumerate(texts):
        node = f"{number}-{place}"
        mapping[last]["children"].append(node)
        mapping[node] = {
            "id": node,
            "parent": last,
            "children": [],
            "message": {
                "id": node,
                "author": {"role": ("user", "assistant")[place % 2], "name": None, "metadata": {}},
                "create_time": 1_700_000_000.5 + number * 60 + place,
                "content": {"content_type": "text", "parts": [text]},
                "status": "finished_successfully",
                "weight": 1.0,
                "metadata": {"model_slug": "gpt-4o"},
                "recipient": "all",
            },
        }
        last = node
    return {
        "title": f"Chat {number}",
        "create_time": 1_700_000_000.0 + number * 60,
        "update_time": 1_700_000_030.0 + number * 60,
        "mapping": mapping,
        "current_node": last,
        "conversation_id": f"chat-{number}",
        "is_archived": False,
    }


def write_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


def pygpt_database(path: Path) -> Path:
    """As PyGPT 2.5 makes it, with two chats that stay and one that was deleted."""
    db = apsw.Connection(str(path))
    db.execute(
        "CREATE TABLE ctx_meta (id INTEGER PRIMARY KEY, uuid TEXT, external_id TEXT, created_ts INTEGER, "
        "updated_ts INTEGER, name TEXT, mode TEXT, model TEXT, last_mode TEXT, last_model TEXT, is_deleted "
        "INTEGER, is_important INTEGER, is_archived INTEGER, label INTEGER, group_id INTEGER);"
        "CREATE TABLE ctx_group (id INTEGER PRIMARY KEY, uuid TEXT, created_ts INTEGER, updated_ts INTEGER, "
        "name TEXT);"
        "CREATE TABLE ctx_item (id INTEGER PRIMARY KEY, meta_id INTEGER, input TEXT, output TEXT, input_ts "
        "INTEGER, output_ts INTEGER, model TEXT, cmds_json TEXT, results_json TEXT, urls_json TEXT, "
        "images_json TEXT, files_json TEXT, attachments_json TEXT, is_internal INTEGER);"
        "CREATE TABLE config (key TEXT, value TEXT);"
        "INSERT INTO config VALUES ('api_key', 'sk-not-to-be-read');"
        "INSERT INTO ctx_group VALUES (1, 'g', 1, 1, 'Garden/Trees');"
        "INSERT INTO ctx_meta VALUES (1, 'uuid-1', NULL, 1700000000, 1700000100, 'Oaks', 'chat', 'gpt-4', "
        "'chat', 'gpt-4o', 0, 1, 0, 2, 1);"
        "INSERT INTO ctx_meta VALUES (2, 'uuid-2', NULL, 1700000200, 1700000300, 'Gone', 'chat', 'gpt-4', "
        "'chat', 'gpt-4o', 1, 0, 0, 0, NULL);"
        "INSERT INTO ctx_meta VALUES (3, 'uuid-3', NULL, 1700000400, 1700000500, NULL, 'chat', 'gpt-4', "
        "'chat', 'gpt-4o', 0, 0, 1, 0, NULL);"
    )
    rows: list[tuple[object, ...]] = [
        (
            *(1, 1, "How old do oaks get?", "Hundreds of years.", 1700000000, 1700000005, "gpt-4o"),
            '[{"cmd": "web_search", "params": {"query": "oak age"}}]',
            '[{"result": "1,000 years"}]',
            '["https://example.com/oaks", "file:///etc/passwd"]',
            '["C:/pictures/oak.png"]',
            *(None, '{"a": {"name": "leaf.jpg"}}', 0),
        ),
        (2, 2, "Deleted", "Deleted", 1700000200, 1700000205, *[None] * 7, 0),
        (4, 3, "And birches?", None, 1700000450, None, *[None] * 6, "not json", 0),
        (3, 1, "a tool's result", "Younger.", 1700000050, 1700000055, *[None] * 7, 1),
    ]
    db.executemany(f"INSERT INTO ctx_item VALUES ({', '.join('?' * 14)})", rows)
    db.close()
    return path
