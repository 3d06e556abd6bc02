"""Our own format: nothing is lost on the way, its schema tells the truth, and old files are read."""

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_chat.domain.archive import Entries, History, Library, Skipped
from desktop_chat.domain.conversation import Conversation
from desktop_chat.domain.interchange import (
    VERSION,
    dumped,
    entry_from_json,
    history_from_json,
    history_to_json,
)
from desktop_chat.domain.ledger import LedgerEntry
from desktop_chat.domain.message import Message, Part, PartKind, Role, State, Unknown
from desktop_chat.exporting import Format, Packing, Plan
from desktop_chat.importing import read as imported
from desktop_chat.paths import resources
from tests.exporting.samples import HASHES, LEDGER, LIBRARY, loaded, plain, said, tides, written

SCHEMA = json.loads((resources() / "export" / "desktop-chat-1.schema.json").read_text("utf-8"))
RELEASED = Path(__file__).parent / "desktop-chat-1.json"
"""A file as version 1 wrote it. It never changes."""


def closed(schema: Any) -> Any:
    """The schema, in which nothing may be that it does not name: what is written has to be described."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(part) for name, part in schema.items()}
    is_branch = "kind" in made.get("properties", {}) and "required" not in made
    if made.get("type") == "object" and "properties" in made and not is_branch:
        made["additionalProperties"] = False
    return made


def check(document: Any) -> None:
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(document)


def no_rows(path: Path, table: str) -> Iterator[dict[str, Any]]:
    raise AssertionError("there is no database")


def back(path: Path) -> tuple[list[History], list[Library], list[LedgerEntry], list[Skipped]]:
    items = []
    for item in imported(path, no_rows):
        items.append(item)
        if isinstance(item, History):
            for file in item.files:
                assert file.read() == HASHES[file.key]
    return (
        [item for item in items if isinstance(item, History)],
        [item for item in items if isinstance(item, Library)],
        [entry for item in items if isinstance(item, Entries) for entry in item.entries],
        [item for item in items if isinstance(item, Skipped)],
    )


def values(histories: Iterable[History]) -> list[object]:
    """What can be compared of histories: errors are only equal to themselves, and files are on their way."""
    return [
        (
            replace(history, files=(), notes=(), messages=[]),
            [
                replace(message, error=message.error and message.error.to_json())  # type: ignore[arg-type]
                for message in history.messages
            ],
        )
        for history in histories
    ]


@pytest.mark.parametrize("packing", Packing)
def test_nothing_is_lost(tmp_path: Path, packing: Packing) -> None:
    path = tmp_path / "all"
    histories = [tides(), plain(1), plain(2)]
    histories[2].conversation.deleted_at = 1_790_000_300.5
    report = written(histories, Plan(Format.JSON, path, packing), library=LIBRARY, ledger=LEDGER)
    assert report.chats == 3
    found, libraries, ledger, skipped = back(path)
    assert skipped == []
    assert values(found) == values(histories)
    assert [replace(library, files=()) for library in libraries] == [LIBRARY]
    assert tuple(ledger) == LEDGER
    files = {file.key for history in found for file in history.files}
    assert files == (set() if packing is Packing.FILE else HASHES.keys())


def test_its_schema_describes_all_that_is_written(tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    written([tides(), plain(1)], Plan(Format.JSON, tmp_path / "a"), library=LIBRARY, ledger=LEDGER)
    check(loaded(tmp_path / "a"))
    written([], Plan(Format.JSON, tmp_path / "b"))
    check(loaded(tmp_path / "b"))


def test_its_schema_names_every_attribute() -> None:
    for kind, name in ((Conversation, "chat"), (Message, "message"), (LedgerEntry, "entry"), (Part, "part")):
        described = set(SCHEMA["$defs"][name]["properties"])
        local = {Conversation: {"seq"}, LedgerEntry: {"chat"}}.get(kind, set())
        assert {field.name for field in fields(kind)} - local <= described


def test_a_file_of_the_first_version_is_read_as_ever() -> None:
    check(loaded(RELEASED))
    found, libraries, ledger, skipped = back(RELEASED)
    assert skipped == []
    assert values(found) == values([tides(), plain(1)])
    assert [replace(library, files=()) for library in libraries] == [LIBRARY]
    assert tuple(ledger) == LEDGER


def test_a_very_long_chat_is_several_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_chat.exporting.own.LONGEST", 600)
    history = tides()
    assert written([history, plain(1)], Plan(Format.JSON, tmp_path / "a.json")).chats == 2
    check(loaded(tmp_path / "a.json"))
    found, _, _, skipped = back(tmp_path / "a.json")
    assert skipped == []
    parts = [each for each in found if each.conversation.id == "sea"]
    assert len(parts) > 2
    whole = replace(
        parts[0],
        messages=[message for part in parts for message in part.messages],
        trashed={id: at for part in parts for id, at in part.trashed.items()},
    )
    assert values([whole, found[-1]]) == values([history, plain(1)])
    assert [part.drafts for part in parts[1:]] == [{}] * (len(parts) - 1)


def test_an_answer_that_was_being_written_has_broken_off() -> None:
    history = plain(1)
    history.messages[1].state = State.STREAMING
    found = history_from_json(history_to_json(history))
    assert found.messages[1].state is State.INTERRUPTED


def test_what_a_later_version_adds_is_kept_or_left_out() -> None:
    told = history_to_json(plain(1))
    told["mood"] = "fine"
    told["messages"][0]["parts"].append({"kind": "hologram", "text": "3D", "data": {"depth": 3}})
    found = history_from_json(told)
    assert found.messages[0].parts[1] == Part(
        PartKind.UNKNOWN, "3D", data=Unknown("hologram", None, '{"depth":3}')
    )


def test_a_file_of_a_later_format_is_refused_once(tmp_path: Path) -> None:
    written([plain(1), plain(2)], Plan(Format.JSON, tmp_path / "a.json"), ledger=LEDGER)
    document = loaded(tmp_path / "a.json")
    document["version"] = VERSION + 1
    (tmp_path / "a.json").write_text(json.dumps(document))
    found, _, ledger, skipped = back(tmp_path / "a.json")
    assert (found, ledger) == ([], [])
    assert [skip.why for skip in skipped] == ["A newer version of Desktop Chat wrote it."]


def test_a_broken_chat_costs_itself_alone(tmp_path: Path) -> None:
    written([plain(1), plain(2), plain(3)], Plan(Format.JSON, tmp_path / "a.json"), ledger=LEDGER)
    document = loaded(tmp_path / "a.json")
    document["chats"][1]["messages"][0]["role"] = "ghost"
    document["ledger"][0]["attempt"] = "first"
    (tmp_path / "a.json").write_text(json.dumps(document))
    found, _, ledger, skipped = back(tmp_path / "a.json")
    assert [history.conversation.id for history in found] == ["p1", "p3"]
    assert tuple(ledger) == LEDGER[1:]
    assert [skip.why for skip in skipped] == [
        "It was left out: role: ghost is none of system, user, assistant.",
        "It was left out: attempt: first is not a whole number.",
    ]


def test_attachments_in_an_archive_are_found_by_their_hash_alone(tmp_path: Path) -> None:
    written([tides()], Plan(Format.JSON, tmp_path / "a.zip", Packing.ZIP))
    told = json.loads(zipfile.ZipFile(tmp_path / "a.zip").read("chats.json"))
    told["chats"][0]["messages"][0]["parts"][1]["data"]["hash"] = "../../secret"
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("chats.json", json.dumps(told))
        archive.writestr("secret", "secret")
        archive.writestr("../secret", "secret")
    found, _, _, _ = back(tmp_path / "b.zip")
    assert found[0].files == ()


ODD = [
    {},
    [],
    None,
    {"id": 1, "messages": []},
    {"id": "", "messages": []},
    {"id": "a", "messages": {}},
    {"id": "a", "messages": [None]},
    {"id": "a", "messages": [{"id": "m", "role": "user"}, {"id": "m", "role": "user"}]},
    {"id": "a", "messages": [{"id": "m", "role": "user", "created_at": True}]},
    {"id": "a", "messages": [{"id": "m", "role": "user", "cost": "NaN"}]},
    {"id": "a", "messages": [{"id": "m", "role": "user", "usage": {"input": 1.5}}]},
    {"id": "a", "messages": [{"id": "m", "role": "user", "error": {"kind": "X", "status": {}}}]},
    {"id": "a", "messages": [{"id": "m", "role": "user", "parts": [{"kind": "image"}]}]},
    {"id": "a", "messages": [{"id": "m", "role": "user", "parts": [{"kind": "text", "data": {}}]}]},
    {"id": "a", "messages": [], "tags": [{"id": "t"}]},
    {"id": "a", "messages": [], "folder_path": [1]},
    {"id": "a", "messages": [], "drafts": [{"text": "x"}]},
    {"id": "a", "messages": [], "context": {"strategy": "magic"}},
]


@pytest.mark.parametrize("value", ODD, ids=str)
def test_what_cannot_be_a_chat_is_said_in_words(value: object) -> None:
    with pytest.raises(ValueError):
        history_from_json(value)


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_no_value_breaks_the_reader(value: object) -> None:
    for reader in (history_from_json, entry_from_json):
        with pytest.raises(ValueError):
            reader(value)
        with pytest.raises(ValueError):
            reader(
                {"id": "a", "messages": value, "role": value, "timing": value, "attempt": value, "tags": 1}
            )


@given(
    st.text(),
    st.floats(0, 1e11),
    st.decimals(0, 1_000_000, places=12),
    st.integers(0, 10**9),
)
def test_values_come_back_as_they_were(words: str, time: float, cost: Decimal, count: int) -> None:
    history = plain(1, words)
    history.messages.append(said("x", "q1", Role.ASSISTANT, words, cost=cost))
    history.messages[-1].created_at = time
    history.conversation.order = count
    assert history_from_json(json.loads(dumped(history_to_json(history)))) == history


def test_numbers_that_json_does_not_have_become_null() -> None:
    assert dumped({"a": [float("nan"), 1.5], "b": float("inf")}) == '{"a":[null,1.5],"b":null}'
