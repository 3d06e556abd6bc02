"""Exports that are broken, odd, or made to do harm: what can be read is read, the rest is told."""

import json
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_chat.importing import read, records, source
from desktop_chat.storage.foreign import foreign_rows
from tests.importing.exports import (
    DATA,
    archive,
    chatgpt_chat,
    contents,
    histories,
    history,
    leaf,
    pygpt_database,
    shape,
    skipped,
    write_json,
)


def titles(path: Path) -> list[str]:
    return [each.conversation.title for each in histories(path)]


def written(path: Path, *records: str) -> Path:
    path.write_text("[" + ",\n".join(records) + "]", "utf-8")
    return path


def chat(number: int) -> str:
    return json.dumps(chatgpt_chat(number))


@pytest.mark.parametrize(
    "broken",
    [
        '{"mapping": {"a": tru}}',
        '{"mapping": {"a": "\\q"}}',
        '{"title": "no comma" "mapping": {}}',
        "[" * 1_000_000 + "]" * 1_000_000,
        '{"n": ' + "1" * 10_000 + "}",
        '{"title": "a [ in a text", x: [1, 2]}',
        '{"a": [[[{"b": [,]}]]]}',
    ],
)
def test_a_broken_record_costs_itself_alone(tmp_path: Path, broken: str) -> None:
    path = written(tmp_path / "conversations.json", chat(1), broken, chat(2))
    assert titles(path) == ["Chat 1", "Chat 2"]
    ((where, why),) = skipped(path)
    assert where == "conversations.json, record 2"
    assert why.startswith("It cannot be read: ")


def test_of_a_file_that_was_cut_short_what_was_whole_is_kept(tmp_path: Path) -> None:
    whole = written(tmp_path / "conversations.json", chat(1), chat(2), chat(3)).read_bytes()
    path = tmp_path / "cut.json"
    path.write_bytes(whole[: len(whole) - 300])
    assert titles(path) == ["Chat 1", "Chat 2"]
    assert skipped(path) == [("cut.json, record 3", "The file ends in the middle of it.")]


@given(st.data())
def test_wherever_a_file_is_cut_nothing_is_raised(tmp_path_factory: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["claude.json", "open-webui.json", "chatbox.json", "librechat.json"]))
    whole = (DATA / name).read_bytes()
    path = tmp_path_factory.mktemp("cut") / name
    place = data.draw(st.integers(0, len(whole) - 1))
    noise = data.draw(st.binary(max_size=3))
    path.write_bytes(whole[:place] + noise + whole[place + data.draw(st.integers(0, 3)) :])
    list(read(path, foreign_rows))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every value within a value: what it is in, and where."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += [(value, key), *places(inner)]
    return found


@given(st.data())
def test_whatever_stands_in_place_of_a_value_nothing_is_raised(
    tmp_path_factory: Any, data: st.DataObject
) -> None:
    names = [
        "claude.json",
        "open-webui.json",
        "chatbox.json",
        "librechat.json",
        "chatgpt/conversations-000.json",
    ]
    value = json.loads((DATA / data.draw(st.sampled_from(names))).read_text("utf-8"))
    for _ in range(data.draw(st.integers(1, 4))):
        within, key = data.draw(st.sampled_from(places(value)))
        within[key] = data.draw(json_values)
    path = write_json(tmp_path_factory.mktemp("odd") / "odd.json", value)
    for item in read(path, foreign_rows):
        for each in shape(item) if hasattr(item, "messages") else ():
            each[2].encode()


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    data = json.dumps([chatgpt_chat(1)]).encode()
    names = [
        "../conversations.json",
        "/etc/conversations.json",
        "C:\\conversations.json",
        "a\\..\\..\\b.json",
    ]
    path = home / "export.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            info = zipfile.ZipInfo()
            info.filename = name
            made.writestr(info, data)
        made.writestr("../../file-AbCdEfGh12345678.png", b"x")
    assert len(histories(path)) == len(names)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["export.zip", "home"]


def with_a_picture(pointer: str) -> list[dict[str, Any]]:
    value = chatgpt_chat(1)
    value["mapping"]["1-0"]["message"]["content"] = {
        "content_type": "multimodal_text",
        "parts": [{"content_type": "image_asset_pointer", "asset_pointer": pointer}, "Look"],
    }
    return [value]


@pytest.mark.parametrize(
    "pointer",
    ["/etc/passwd", "file:///etc/passwd", "../secret.txt", "secret.txt", "sediment://../secret.txt"],
)
def test_a_pointer_reaches_only_what_is_of_the_export(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret", "utf-8")
    write_json(folder / "conversations.json", with_a_picture(pointer))
    assert contents(folder) == []
    assert shape(history(folder))[0][2] == "[image: not in the export]\n\nLook"


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "file-Secret0000000001.png"
    secret.write_bytes(b"secret")
    folder = tmp_path / "export"
    folder.mkdir()
    write_json(folder / "conversations.json", with_a_picture("file-service://file-Secret0000000001"))
    try:
        (folder / secret.name).symlink_to(secret)
    except OSError:
        pytest.skip("this system makes no links")
    link = zipfile.ZipInfo(secret.name)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as made:
        made.write(folder / "conversations.json", "conversations.json")
        made.writestr(link, str(secret))
    assert contents(folder) == contents(packed) == []


def test_a_file_beside_a_single_file_is_not_taken(tmp_path: Path) -> None:
    """Whoever sends somebody a chat does not get at what else is in that folder."""
    (tmp_path / "file-Secret0000000001.png").write_bytes(b"secret")
    path = write_json(tmp_path / "chat.json", with_a_picture("file-service://file-Secret0000000001"))
    assert contents(path) == []


def test_a_bomb_is_left_where_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LEAST", 1_000_000)
    path = tmp_path / "bomb.zip"
    data = f"[{chat(1)},{' ' * 20_000_000}{chat(2)}]".encode()
    archive(path, {"conversations.json": data})
    assert titles(path) == ["Chat 1"]
    assert skipped(path) == [
        ("conversations.json", "It unpacks to far more than an export of its size does.")
    ]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_can_only_be_unpacked_whole_stays_packed(tmp_path: Path, method: int) -> None:
    """A kilobyte of it unpacks to gigabytes at the first read."""
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("conversations.json", json.dumps([chatgpt_chat(1)]))
    assert skipped(path) == [("conversations.json", "It is packed in a way that exports are not.")]


def test_an_archive_in_an_archive_stays_closed(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip").read_bytes()
    path = archive(tmp_path / "outer.zip", {"conversations.zip": inner})
    assert histories(path) == []


def test_an_archive_that_claims_a_huge_list(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip")
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x05\x06") + 12, 3_000_000_000)
    path.write_bytes(data)
    assert skipped(path) == [("export.zip", "The archive has too many files.")]


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_damaged_archive(tmp_path: Path, place: int) -> None:
    path = archive(tmp_path / "export.zip")
    data = bytearray(path.read_bytes())
    at = len(data) * place // 100
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    list(read(path, foreign_rows))


def test_a_protected_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip", {"conversations.json": b"[]"})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    path.write_bytes(data)
    assert skipped(path) == [("conversations.json", "It is protected by a password.")]


def test_odd_characters_and_numbers(tmp_path: Path) -> None:
    value = chatgpt_chat(1, ["half \ud800 of one, NUL \0", "fine"])
    value["title"] = "\u202e<b>evil</b>\n\x07\u200b " + "x" * 500
    value["create_time"] = float("inf")
    value["update_time"] = -5
    value["mapping"]["1-1"]["message"]["create_time"] = 1e300
    path = write_json(tmp_path / "conversations.json", [value])
    read_ = history(path)
    assert read_.conversation.title.startswith("<b>evil</b> xxx")
    assert len(read_.conversation.title) == 80
    assert read_.messages[0].text == "half \ufffd of one, NUL \ufffd"
    assert 0 < read_.conversation.created_at < 4e9


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_numbers_that_are_larger_than_any(tmp_path: Path, number: int) -> None:
    value = chatgpt_chat(1)
    value["create_time"] = value["mapping"]["1-0"]["message"]["create_time"] = number
    assert titles(write_json(tmp_path / "conversations.json", [value])) == ["Chat 1"]
    own = {"format": "desktop-chat", "version": 1, "chats": [{"id": "c", "created_at": number}]}
    ((_, why),) = skipped(write_json(tmp_path / "own.json", own))
    assert why == "It was left out: created_at: it is not finite."


def test_ids_that_come_twice(tmp_path: Path) -> None:
    value = json.loads((DATA / "claude.json").read_text("utf-8"))
    value[0]["chat_messages"].append({**value[0]["chat_messages"][0], "text": "again"})
    read_ = history(write_json(tmp_path / "conversations.json", value))
    assert len(read_.messages) == 4
    assert "1 × a message with the id of another, left out" in read_.notes


def test_a_circle_is_cut(tmp_path: Path) -> None:
    value = json.loads((DATA / "open-webui.json").read_text("utf-8"))
    value[0]["chat"]["history"]["messages"]["n1"]["parentId"] = "n4"
    read_ = history(write_json(tmp_path / "chats.json", value))
    assert [parent for parent, _, _ in shape(read_)] == [None, 0, 0, 2]
    assert "1 × a message that followed itself, cut off" in read_.notes


def test_a_chat_that_follows_itself_in_chatgpts_export(tmp_path: Path) -> None:
    value = chatgpt_chat(1, ["a", "b", "c", "d"])
    value["mapping"]["1-0"]["parent"] = "1-3"
    read_ = history(write_json(tmp_path / "conversations.json", [value]))
    assert sorted(text for _, _, text in shape(read_)) == ["a", "b", "c", "d"]


def test_a_long_chat_needs_no_recursion(tmp_path: Path) -> None:
    value = chatgpt_chat(1, (str(place) for place in range(20_000)))
    # From the end, so that each is met before its parent.
    value["mapping"] = dict(reversed(value["mapping"].items()))
    read_ = history(write_json(tmp_path / "conversations.json", [value]))
    assert (len(read_.messages), leaf(read_).text) == (20_000, "19999")


def test_a_record_that_is_too_large_is_stepped_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LARGEST", 3_000_000)
    big = chatgpt_chat(2, ["x" * 5_000_000])
    path = written(tmp_path / "conversations.json", chat(1), json.dumps(big), chat(3))
    assert titles(path) == ["Chat 1", "Chat 3"]
    assert skipped(path) == [("conversations.json, record 2", "It cannot be read: it is larger than 3 MB.")]


def test_a_record_of_more_values_than_fit_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_VALUES", 1_100_000)
    dense = f'{{"mapping": [{"[]," * 800_000}[]]}}'
    path = written(tmp_path / "conversations.json", chat(1), dense, chat(3))
    assert titles(path) == ["Chat 1", "Chat 3"]
    assert skipped(path) == [("conversations.json, record 2", "It cannot be read: it has too many values.")]


def test_a_record_that_takes_four_bytes_a_character(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "WIDEST", 6_000_000)
    big = json.dumps(chatgpt_chat(2, ["\U0001f30a" + "x" * 2_500_000]), ensure_ascii=False)
    path = written(tmp_path / "conversations.json", chat(1), big, chat(3))
    assert titles(path) == ["Chat 1", "Chat 3"]
    assert skipped(path) == [("conversations.json, record 2", "It cannot be read: it is larger than 48 MB.")]


def test_a_database_that_is_damaged(tmp_path: Path) -> None:
    path = pygpt_database(tmp_path / "db.sqlite")
    data = path.read_bytes()
    for start in range(0, len(data), 1000):
        path.write_bytes(data[:start] + b"\xff" * 700 + data[start + 700 :])
        list(read(path, foreign_rows))
        path.write_bytes(data[:start])
        list(read(path, foreign_rows))


def test_pipes_and_devices_hold_nothing_up(tmp_path: Path) -> None:
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes in folders")
    os.mkfifo(tmp_path / "conversations.json")
    assert skipped(tmp_path / "conversations.json") == [
        ("conversations.json", "It is a device or a pipe, not a file.")
    ]
    assert histories(tmp_path) == []
